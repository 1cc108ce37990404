package server_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"rollcall/internal/housetest"
	"rollcall/internal/idptest"
	"rollcall/models"
	"rollcall/roster"
	"rollcall/server"
)

const chosen = "mauve otter rinses nine"

// typed runs a command of the program on a house's database to its end.
type typed struct {
	t    *testing.T
	path string
	env  []string
}

func atCommandLine(t *testing.T, path string, h *house, src models.Source) typed {
	t.Helper()
	database := src.DSN
	if src.Dialect == models.SQLite {
		database = "sqlite:" + src.DSN
	}
	return typed{t, path, append(os.Environ(), "ROLLCALL_DATABASE_URL="+database, "ROLLCALL_BASE_URL="+h.url)}
}

func (c typed) run(args ...string) (out, log string, code int) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), time.Minute)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, c.path, args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = c.env, &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		c.t.Fatal(err)
	}
	return stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()
}

// refused fails the test unless the command ends with nothing on standard output
// and one line that says why.
func (c typed) refused(why string, args ...string) {
	c.t.Helper()
	out, log, code := c.run(args...)
	if code == 0 || out != "" || !strings.Contains(log, why) {
		c.t.Errorf("%v: code %d, output %q, want %s: %s", args, code, out, why, log)
	}
}

// setPassword follows a link as the browser of whoever has it does.
func setPassword(h *house, link, password string) answer {
	h.t.Helper()
	u, err := url.Parse(link)
	if err != nil || !strings.HasPrefix(link, h.url+"/password?t=") {
		h.t.Fatalf("the link is %q", link)
	}
	b := newBrowser(h.t)
	if page := b.get(link); page.StatusCode != http.StatusOK {
		h.t.Fatalf("the link's page: %d %s", page.StatusCode, page.body)
	}
	return b.send(http.MethodPost, h.url+"/password", "application/x-www-form-urlencoded",
		url.Values{"t": {u.Query().Get("t")}, "password": {password}}.Encode(), "Origin", h.url)
}

// enter signs a browser in by a password.
func enter(h *house, email, password string) (*browser, answer) {
	h.t.Helper()
	b := newBrowser(h.t)
	return b, b.send(http.MethodPost, h.url+"/signin/password", "application/x-www-form-urlencoded",
		url.Values{"email": {email}, "password": {password}}.Encode(), "Origin", h.url)
}

// The last resort of whoever runs the installation, typed at its command line
// beside the server that runs: an admin who gets in, and enforcement taken back.
func TestLastResort(t *testing.T) {
	path := program(t)
	idp, err := idptest.New("https://idp.example/entity", "https://idp.example/sso", time.Now)
	if err != nil {
		t.Fatal(err)
	}
	housetest.EachSource(t, func(t *testing.T, src models.Source) {
		h := boot(t, src)
		c := atCommandLine(t, path, h, src)
		setUp(h, "acme", string(idp.Metadata()))
		team, err := h.rooms.Roster.TeamBySlug(server.AsSystem(t.Context()), "acme")
		if err != nil {
			t.Fatal(err)
		}

		// 1. Somebody new gets in by the printed link, which works once.
		out, _, code := c.run("users", "create-admin", "--team", "acme", "--email", "root@acme.test", "--name", "Root")
		link := strings.TrimSuffix(out, "\n")
		if code != 0 || strings.ContainsAny(link, "\n ") {
			t.Fatalf("code %d, output %q", code, out)
		}
		if done := setPassword(h, link, chosen); done.StatusCode != http.StatusOK {
			t.Fatalf("setting the password: %d %s", done.StatusCode, done.body)
		}
		if again := newBrowser(t).get(link); again.StatusCode != http.StatusGone {
			t.Errorf("the link works twice: %d", again.StatusCode)
		}
		root, done := enter(h, "root@acme.test", chosen)
		if done.StatusCode != http.StatusSeeOther {
			t.Fatalf("signing in: %d %s", done.StatusCode, done.body)
		}
		who := h.query(root, "", `query { viewer { user { name } membership { role source underSso } } }`, nil)
		if textAt(who.Data, "viewer", "membership", "role") != "ADMIN" || textAt(who.Data, "viewer", "user", "name") != "Root" || textAt(who.Data, "viewer", "membership", "source") != "DIRECT" {
			t.Errorf("the viewer is %v", who.Data)
		}

		// 2. A member is raised; the link is mailed when that was asked for.
		grace := seedMember(h, team.GlobalID())
		out, _, code = c.run("users", "create-admin", "--team", "acme", "--email", "GRACE@acme.test", "--mail")
		if code != 0 || strings.Contains(out, "http") || !strings.Contains(out, "grace@acme.test") {
			t.Errorf("code %d, output %q", code, out)
		}
		seen := h.query(newBrowser(t), h.operator, `query($id: ID!) { node(id: $id) { ... on Membership { role roleSource } } }`, map[string]any{"id": grace})
		if textAt(seen.Data, "node", "role") != "ADMIN" || textAt(seen.Data, "node", "roleSource") != "MANUAL" {
			t.Errorf("she is %v", seen.Data)
		}
		var mails int64
		if err := h.rooms.DB.Read(t.Context()).Model(&models.Notice{}).Where("kind = ? AND recipient = ?", "set_password", "grace@acme.test").Count(&mails).Error; err != nil || mails != 1 {
			t.Errorf("%d mails (%v)", mails, err)
		}

		// 3. What the rules refuse is refused here too, and changes nothing.
		put(h, team, "managed@acme.test", models.KindPerson, map[string]any{"sso_linked_at": time.Now()})
		put(h, team, "out@acme.test", models.KindPerson, map[string]any{"status": models.StatusDeactivated})
		put(h, team, "robot@acme.test", models.KindIntegration, nil)
		for email, code := range map[string]string{
			"managed@acme.test": "MANAGED_BY_IDP", "out@acme.test": "CONFLICT", "robot@acme.test": "ACCOUNT_CONFLICT", "no address": "INVALID",
		} {
			c.refused(code, "users", "create-admin", "--team", "acme", "--email", email)
		}
		c.refused("NOT_FOUND", "users", "create-admin", "--team", "nobodys", "--email", "root@acme.test")
		c.refused("NOT_FOUND", "sso", "relax", "nobodys")
		c.refused("expected", "sso", "relax")

		// 4. Enforcement is taken back, and the admins are told.
		c.refusedUnlessEnforced(h, team)
		out, _, code = c.run("sso", "relax", "acme")
		if code != 0 || out != "Single sign-on of acme is ENABLED.\n" {
			t.Errorf("code %d, output %q", code, out)
		}
		if err := h.rooms.DB.Read(t.Context()).Model(&models.Notice{}).Where("team_id = ? AND kind = ?", team.ID, "sso_relaxed").Count(&mails).Error; err != nil || mails != 1 {
			t.Errorf("%d mails about it (%v)", mails, err)
		}
		history := h.query(newBrowser(t), h.operator, `query { team(slug: "acme") { auditEvents(first: 100) { nodes { action actorKind } } } }`, nil)
		did := map[string]string{}
		events, _ := at(history.Data, "team", "auditEvents", "nodes").([]any)
		for _, e := range events {
			if textAt(e, "actorKind") == "SYSTEM" {
				did[textAt(e, "action")] = "SYSTEM"
			}
		}
		for _, action := range []string{"sso.relaxed", "membership.provisioned", "membership.role_changed", "account.password_reset_sent"} {
			if did[action] == "" {
				t.Errorf("the history has no %s by the system: %v", action, did)
			}
		}
	})
}

// refusedUnlessEnforced tries to relax a team that enforces nothing, in the state
// that it may be in, and then has it enforce.
func (c typed) refusedUnlessEnforced(h *house, team models.Team) {
	c.t.Helper()
	housetest.Update(c.t, h.rooms.DB, &models.SsoSettings{}, map[string]any{"state": models.SsoDisabled}, "team_id = ?", team.ID)
	c.refused("CONFLICT", "sso", "relax", team.Slug)
	housetest.Update(c.t, h.rooms.DB, &models.SsoSettings{}, map[string]any{"state": models.SsoEnforced, "enforced_at": time.Now()}, "team_id = ?", team.ID)
}

// put adds a member and changes columns of the membership past the domain.
func put(h *house, team models.Team, email string, kind models.UserKind, columns map[string]any) {
	h.t.Helper()
	m, err := h.rooms.Roster.Add(server.AsSystem(h.t.Context()), roster.NewMember{TeamID: team.ID, Kind: kind, Role: models.RoleMember, Person: roster.Person{Email: email}})
	if err != nil {
		h.t.Fatal(err)
	}
	if columns != nil {
		housetest.Update(h.t, h.rooms.DB, &models.Membership{}, columns, "id = ?", m.ID)
	}
}
