package credential_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"rollcall/credential"
	"rollcall/fault"
	"rollcall/internal/housetest"
	"rollcall/models"
	"rollcall/roster"
)

// Who may make and revoke whose keys.
func TestWhoseKeys(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		admin, member, viewer, robot := h.direct(models.RoleAdmin), h.direct(models.RoleMember), h.direct(models.RoleViewer), h.add(h.team, models.KindIntegration, models.RoleViewer)
		other := h.found("other", models.PlanTeam)
		stranger := h.add(other, models.KindPerson, models.RoleAdmin)
		read, keys := models.ScopeTeamRead, models.ScopeKeyWrite
		for _, c := range []struct {
			name string
			ctx  context.Context
			of   roster.Member
			want fault.Code
		}{
			{"nobody", h.Context(), member, fault.NotSignedIn},
			{"a member for themselves", as(h, member), member, ""},
			{"a viewer for themselves", as(h, viewer), viewer, ""},
			{"a member for another one", as(h, member), viewer, fault.Forbidden},
			{"a member for an admin", as(h, member), admin, fault.Forbidden},
			{"a member for a robot", as(h, member), robot, fault.Forbidden},
			{"an admin for another member", as(h, admin), member, ""},
			{"an admin for a robot", as(h, admin), robot, ""},
			{"an operator", h.operator(), member, ""},
			{"the system", housetest.AsSystem(h.Context()), member, ""},
			{"the provisioning client", housetest.AsScim(h.Context(), h.team.ID), member, fault.Forbidden},
			{"the provisioning client of another team", housetest.AsScim(h.Context(), other.ID), member, fault.Missing},
			{"an admin of another team", as(h, stranger), member, fault.Missing},
			{"an admin for another team", as(h, admin), stranger, fault.Missing},
			{"a member's key", with(h, member, read, keys), member, ""},
			{"a member's key for another one", with(h, member, read, keys), viewer, fault.Forbidden},
			{"a member's key without the scope", with(h, member, read), member, fault.Forbidden},
			{"a key without scopes", with(h, member), member, fault.Forbidden},
			{"an admin's key for another one", with(h, admin, read, keys), member, ""},
			{"an admin's key without the scope", with(h, admin, models.ScopeTeamWrite, models.ScopeMembershipWrite, models.ScopeSsoWrite), member, fault.Forbidden},
			{"a key of another team", with(h, stranger, read, keys), member, fault.Missing},
		} {
			in := credential.NewAPIKey{TeamID: c.of.TeamID, MembershipID: c.of.ID, Name: "ci", Scopes: []models.Scope{read}}
			before := h.count(&models.APIKey{}, "1 = 1")
			row, secret, err := h.store.CreateAPIKey(c.ctx, in)
			if c.want != "" {
				refused(t, c.name+" makes", err, c.want)
				same(t, c.name+": secret of a key that is not there", secret, "")
				same(t, c.name+": keys", h.count(&models.APIKey{}, "1 = 1"), before)
			} else if err != nil || secret == "" {
				t.Errorf("%s makes: %v", c.name, err)
			}
			// Revoking is the same right.
			if row, _ = h.key(c.of); row.ID == "" {
				t.Fatal("no key to revoke")
			}
			revoked, err := h.store.RevokeAPIKey(c.ctx, row.ID)
			live := h.count(&models.APIKey{}, "id = ? AND revoked_at IS NULL", row.ID)
			if c.want != "" {
				refused(t, c.name+" revokes", err, c.want)
				same(t, c.name+": live keys", live, 1)
			} else if err != nil || live != 0 || revoked.RevokedAt == nil {
				t.Errorf("%s revokes: %v, %d live", c.name, err, live)
			}
			// And reading.
			_, err = h.store.APIKey(c.ctx, row.ID)
			if c.want == "" && err != nil {
				t.Errorf("%s reads: %v", c.name, err)
			} else if c.want != "" {
				refused(t, c.name+" reads", err, c.want)
			}
		}
	})
}

// A key gives on no more than it has itself, whoever it is made for.
func TestScopesAreASubset(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		admin := h.direct(models.RoleAdmin)
		type scopes = []models.Scope
		for _, c := range []struct {
			name        string
			has, wanted scopes
			want        fault.Code
		}{
			{"the same", scopes{models.ScopeKeyWrite, models.ScopeTeamRead}, scopes{models.ScopeKeyWrite, models.ScopeTeamRead}, ""},
			{"one more", scopes{models.ScopeKeyWrite, models.ScopeTeamRead}, scopes{models.ScopeTeamRead, models.ScopeSsoRead}, fault.Forbidden},
			{"reading for writing", scopes{models.ScopeKeyWrite, models.ScopeTeamRead}, scopes{models.ScopeTeamWrite}, fault.Forbidden},
			{"what writing includes", scopes{models.ScopeKeyWrite, models.ScopeSsoWrite}, scopes{models.ScopeSsoRead}, ""},
			{"everything", scopes{models.ScopeKeyWrite}, models.Scopes, fault.Forbidden},
			{"none", models.Scopes, nil, fault.Required},
			{"unknown", models.Scopes, scopes{"ROOT"}, fault.InvalidValue},
			{"unknown and not had", scopes{models.ScopeKeyWrite}, scopes{"key_write"}, fault.InvalidValue},
			{"twice", models.Scopes, scopes{models.ScopeTeamRead, models.ScopeTeamRead}, fault.InvalidValue},
		} {
			_, _, err := h.store.CreateAPIKey(with(h, admin, c.has...), credential.NewAPIKey{TeamID: h.team.ID, MembershipID: admin.ID, Name: "ci", Scopes: c.wanted})
			if c.want == "" && err != nil {
				t.Errorf("%s: %v", c.name, err)
			} else if c.want != "" {
				refused(t, c.name, err, c.want)
			}
		}
		// A session is not limited by scopes, a role always is: the viewer's key
		// for writing writes nothing.
		viewer := h.direct(models.RoleViewer)
		_, secret := h.key(viewer, models.Scopes...)
		a, err := h.store.Authenticate(h.Context(), secret)
		h.must(err)
		if a.Can("members.write", h.team.ID) || a.Can("sso.write", h.team.ID) || !a.Can("team.read", h.team.ID) {
			t.Error("a viewer's key can more or less than a viewer")
		}
	})
}

func TestKeyInput(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.direct(models.RoleAdmin)
		gone := h.direct(models.RoleMember)
		_, err := h.roster.Deactivate(h.operator(), gone.ID, "")
		h.must(err)
		other := h.found("other", models.PlanTeam)
		make := func(team, member models.ID, name string) (models.APIKey, error) {
			row, _, err := h.store.CreateAPIKey(h.operator(), credential.NewAPIKey{TeamID: team, MembershipID: member, Name: name, Scopes: models.Scopes})
			return row, err
		}
		for _, c := range []struct {
			name, given string
			team, of    models.ID
			want        fault.Code
			field       string
		}{
			{"no name", "", h.team.ID, m.ID, fault.Required, "name"},
			{"blank name", " \t ", h.team.ID, m.ID, fault.Required, "name"},
			{"long name", strings.Repeat("ü", 101), h.team.ID, m.ID, fault.InvalidValue, "name"},
			{"line break", "a\nb", h.team.ID, m.ID, fault.InvalidValue, "name"},
			{"zero byte", "a\x00b", h.team.ID, m.ID, fault.InvalidValue, "name"},
			{"right to left override", "a\u202eb", h.team.ID, m.ID, fault.InvalidValue, "name"},
			{"not UTF-8", "a\xff", h.team.ID, m.ID, fault.InvalidValue, "name"},
			{"unknown member", "ci", h.team.ID, newID(t), fault.Missing, "membershipId"},
			{"member of another team", "ci", other.ID, m.ID, fault.Missing, "membershipId"},
			{"deactivated", "ci", h.team.ID, gone.ID, fault.Clash, "membershipId"},
		} {
			_, err := make(c.team, c.of, c.given)
			refused(t, c.name, err, c.want)
			if f, ok := fault.As(err); ok {
				same(t, c.name+": field", f.Field, []string{c.field})
			}
		}
		row, err := make(h.team.ID, m.ID, "  "+strings.Repeat("ü", 100)+"\n")
		h.must(err)
		same(t, "trimmed name", row.Name, strings.Repeat("ü", 100))
		same(t, "created by", row.CreatedBy, "operator key")
	})
}

// How long a key may live depends on who its member is.
func TestKeyLife(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		const day = 24 * time.Hour
		robot, direct, new := h.add(h.team, models.KindIntegration, models.RoleMember), h.direct(models.RoleMember), h.provisioned()
		recent, stale, busy := h.provisioned(), h.provisioned(), h.provisioned()
		now := h.clock.Now()
		h.signedIn(recent, "recent", now.Add(-7*time.Hour-59*time.Minute))
		h.signedIn(stale, "stale", now.Add(-8*time.Hour))
		h.signedIn(busy, "old", now.Add(-30*day))
		h.signedIn(busy, "current", now.Add(-time.Hour))
		h.signedIn(busy, "older", now.Add(-60*day))
		in := func(d time.Duration) *time.Time { at := now.Add(d); return &at }
		for _, c := range []struct {
			name         string
			of           roster.Member
			wanted, ends *time.Time
			want         fault.Code
		}{
			{"a robot's, unlimited", robot, nil, nil, ""},
			{"a robot's, ten years", robot, in(3650 * day), in(3650 * day), ""},
			{"a robot's, past", robot, in(-time.Second), nil, fault.InvalidValue},
			{"a direct member's, usual", direct, nil, in(90 * day), ""},
			{"a direct member's, longest", direct, in(366 * day), in(366 * day), ""},
			{"a direct member's, too long", direct, in(366*day + time.Microsecond), nil, fault.InvalidValue},
			{"a direct member's, short", direct, in(time.Minute), in(time.Minute), ""},
			{"a direct member's, now", direct, in(0), nil, fault.InvalidValue},
			{"of somebody who never signed in", new, nil, nil, fault.SsoLoginRequired},
			{"of somebody who never signed in, short", new, in(time.Minute), nil, fault.SsoLoginRequired},
			{"of somebody who signed in today", recent, nil, in(time.Minute), ""},
			{"of somebody who signed in today, shorter", recent, in(time.Second), in(time.Second), ""},
			{"of somebody who signed in today, longer", recent, in(61 * time.Second), nil, fault.InvalidValue},
			{"of somebody who signed in eight hours ago", stale, nil, nil, fault.SsoLoginRequired},
			{"of somebody with several identities", busy, nil, in(7 * time.Hour), ""},
			{"of somebody with several identities, longer", busy, in(8 * time.Hour), nil, fault.InvalidValue},
		} {
			// The rule is the same whoever asks.
			for _, ctx := range []context.Context{as(h, c.of), h.operator()} {
				row, _, err := h.store.CreateAPIKey(ctx, credential.NewAPIKey{
					TeamID: h.team.ID, MembershipID: c.of.ID, Name: "ci", Scopes: models.Scopes, ExpiresAt: c.wanted,
				})
				if c.want != "" {
					refused(t, c.name, err, c.want)
					continue
				}
				if err != nil {
					t.Errorf("%s: %v", c.name, err)
					continue
				}
				same(t, c.name, until(row.ExpiresAt), until(c.ends))
			}
		}
		// The last sign-in counts and not the making of the key: it ends on time.
		row, secret, err := h.store.CreateAPIKey(as(h, recent), credential.NewAPIKey{TeamID: h.team.ID, MembershipID: recent.ID, Name: "ci", Scopes: models.Scopes})
		h.must(err)
		h.clock.Set(row.ExpiresAt.Add(-time.Microsecond))
		if _, err := h.store.Authenticate(h.Context(), secret); err != nil {
			t.Errorf("before its end: %v", err)
		}
		h.clock.Set(*row.ExpiresAt)
		_, err = h.store.Authenticate(h.Context(), secret)
		refused(t, "at its end", err, fault.NotSignedIn)
		// A new sign-in does not bring the old key back.
		h.signedIn(recent, "again", h.clock.Now())
		_, err = h.store.Authenticate(h.Context(), secret)
		refused(t, "after a new sign-in", err, fault.NotSignedIn)
	})
}

func until(at *time.Time) string {
	if at == nil {
		return "never"
	}
	return at.UTC().String()
}

// Fifty live keys a member, also when they are asked for at once.
func TestKeyLimit(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.direct(models.RoleAdmin)
		first, _ := h.key(m)
		for range 48 {
			h.key(m)
		}
		in := credential.NewAPIKey{TeamID: h.team.ID, MembershipID: m.ID, Name: "ci", Scopes: models.Scopes}
		race := func() map[fault.Code]int {
			return together(t, 8, func() error { return second(h.store.CreateAPIKey(h.operator(), in)) })
		}
		same(t, "one short of the limit", race(), map[fault.Code]int{"": 1, fault.LimitReached: 7})
		// Keys that are over do not count, those of others never did.
		h.key(h.direct(models.RoleMember))
		_, err := h.store.RevokeAPIKey(h.operator(), first.ID)
		h.must(err)
		same(t, "after a revocation", race(), map[fault.Code]int{"": 1, fault.LimitReached: 7})
		h.clock.Advance(91 * 24 * time.Hour)
		same(t, "after the others ended", race(), map[fault.Code]int{"": 8})
	})
}

func TestRevokeKeyTwice(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.direct(models.RoleMember)
		key, _ := h.key(m)
		first, err := h.store.RevokeAPIKey(as(h, m), key.ID)
		h.must(err)
		same(t, "first", first.RevokedReason+" "+until(first.RevokedAt), "revoked "+until(&housetest.Start))
		h.clock.Advance(time.Hour)
		again, err := h.store.RevokeAPIKey(h.operator(), key.ID)
		h.must(err)
		same(t, "second", until(again.RevokedAt), until(first.RevokedAt))
		same(t, "events", h.events(key.ID), []string{"api_key.created", "api_key.revoked"})
		_, err = h.store.RevokeAPIKey(h.operator(), newID(t))
		refused(t, "unknown", err, fault.Missing)
		// Nobody's to see: the operators' keys.
		op, _, err := h.store.CreateOperatorKey(h.operator(), "ops")
		h.must(err)
		admin := h.direct(models.RoleAdmin)
		for name, ctx := range map[string]context.Context{
			"an admin": as(h, admin), "nobody": h.Context(), "an admin's key": with(h, admin, models.Scopes...), "a client": housetest.AsScim(h.Context(), h.team.ID),
		} {
			_, err := h.store.RevokeAPIKey(ctx, op.ID)
			refused(t, name+" revokes an operator's key", err, fault.Missing)
			_, err = h.store.APIKey(ctx, op.ID)
			refused(t, name+" reads an operator's key", err, fault.Missing)
		}
		_, err = h.store.RevokeAPIKey(h.operator(), op.ID)
		h.must(err)
	})
}

// Only operators and the command line make operators' keys.
func TestOperatorKey(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		admin := h.direct(models.RoleAdmin)
		for name, ctx := range map[string]context.Context{
			"an admin": as(h, admin), "an admin's key": with(h, admin, models.Scopes...), "a client": housetest.AsScim(h.Context(), h.team.ID),
		} {
			_, _, err := h.store.CreateOperatorKey(ctx, "mine")
			refused(t, name, err, fault.Forbidden)
		}
		_, _, err := h.store.CreateOperatorKey(h.Context(), "mine")
		refused(t, "nobody", err, fault.NotSignedIn)
		_, _, err = h.store.CreateOperatorKey(h.operator(), " ")
		refused(t, "no name", err, fault.Required)
		same(t, "operator keys", h.count(&models.APIKey{}, "operator = ?", true), 0)
		row, _, err := h.store.CreateOperatorKey(housetest.AsSystem(h.Context()), "cli")
		h.must(err)
		same(t, "events", h.events(row.ID), []string{"api_key.created"})
		same(t, "events of a team", h.count(&models.AuditEvent{}, "target_id = ? AND team_id IS NOT NULL", row.ID), 0)
	})
}

// Everybody reads the key that they came with, whatever its scopes.
func TestOwnKey(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.direct(models.RoleViewer)
		key, _ := h.key(m)
		ctx := with(h, m)
		h.update(&models.APIKey{}, key.ID, map[string]any{"id": housetest.MemberKeyID})
		if _, err := h.store.APIKey(ctx, housetest.MemberKeyID); err != nil {
			t.Error(err)
		}
		_, err := h.store.APIKey(h.Context(), housetest.MemberKeyID)
		refused(t, "nobody", err, fault.NotSignedIn)
		_, err = h.store.APIKey(h.operator(), newID(t))
		refused(t, "unknown", err, fault.Missing)
	})
}
