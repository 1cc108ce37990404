package invite_test

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/credential"
	"rollcall/fault"
	"rollcall/internal/housetest"
	"rollcall/invite"
	"rollcall/models"
	"rollcall/roster"
)

const (
	base = "https://rollcall.test"
	day  = 24 * time.Hour
)

// house is the room on a real database, with a team and its admin.
type house struct {
	*testing.T
	*invite.Service
	db    *models.DB
	clock *housetest.Clock
	team  models.Team
	admin roster.Member
	mu    sync.Mutex
	told  []models.Notice
}

func eachHouse(t *testing.T, fn func(t *testing.T, h *house)) {
	t.Helper()
	t.Parallel()
	housetest.EachSource(t, func(t *testing.T, src models.Source) {
		clock := housetest.NewClock()
		db := housetest.Open(t, src, clock.Now)
		h := &house{T: t, db: db, clock: clock}
		store := &credential.Store{DB: db, Now: clock.Now, LinkKey: []byte(strings.Repeat("l", 32))}
		people := &roster.Service{DB: db, Now: clock.Now, TombstoneKey: []byte(strings.Repeat("k", 32)), Credentials: store}
		h.Service = &invite.Service{DB: db, Now: clock.Now, BaseURL: base, Roster: people, Credentials: store, Announce: func(_ *gorm.DB, n models.Notice) error {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.told = append(h.told, n)
			return nil
		}}
		h.team = h.found("acme")
		h.admin = h.add(h.team, "root@acme.test", models.RoleAdmin)
		fn(t, h)
	})
}

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

func (h *house) op() context.Context { return housetest.AsOperator(h.Context()) }

func (h *house) as(m roster.Member) context.Context {
	return housetest.AsMember(h.Context(), m.Membership, m.User)
}

func (h *house) found(slug string) models.Team {
	h.Helper()
	team, err := h.Roster.CreateTeam(h.op(), roster.NewTeam{Slug: slug, Name: slug, Plan: models.PlanEnterprise})
	h.must(err)
	return team
}

func (h *house) add(team models.Team, address string, role models.Role) roster.Member {
	h.Helper()
	m, err := h.Roster.Add(h.op(), roster.NewMember{TeamID: team.ID, Kind: models.KindPerson, Role: role, Person: roster.Person{Email: address}})
	h.must(err)
	return m
}

// invite invites one person and returns the token in their mail.
func (h *house) invite(address string, role models.Role) (models.Invitation, string) {
	h.Helper()
	rows, err := h.Create(h.as(h.admin), h.team.ID, []invite.New{{Email: address, Role: role}})
	h.must(err)
	return rows[0], h.token(rows[0].ID)
}

// token is that of an invitation's newest link.
func (h *house) token(invitation models.ID) string {
	h.Helper()
	var row models.OneTimeLink
	h.must(h.db.Read(h.Context()).Where("subject_id = ?", invitation).Order("id DESC").Take(&row).Error)
	address, err := h.Credentials.LinkURL("", row)
	h.must(err)
	return strings.TrimPrefix(address, "/invitation?t=")
}

func (h *house) count(row any, where string, args ...any) (n int64) {
	h.Helper()
	h.must(h.db.Read(h.Context()).Model(row).Where(where, args...).Count(&n).Error)
	return n
}

func (h *house) settings(columns map[string]any) {
	h.Helper()
	h.must(h.db.Read(h.Context()).Model(&models.SsoSettings{}).Where("team_id = ?", h.team.ID).Updates(columns).Error)
}

func ended(t testing.TB, what string, err error, code fault.Code) {
	t.Helper()
	if code == "" && err != nil || code != "" && !fault.Is(err, code) {
		t.Errorf("%s: got %v, want %q", what, err, code)
	}
}

func same(t testing.TB, what string, got, want any) {
	t.Helper()
	if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
		t.Errorf("%s: got %s, want %s", what, g, w)
	}
}

func first[A any](_ A, err error) error { return err }

func together(t *testing.T, runs ...func() error) map[fault.Code]int {
	t.Helper()
	ends := map[fault.Code]int{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	start := make(chan struct{})
	for _, run := range runs {
		wg.Go(func() {
			<-start
			err := run()
			mu.Lock()
			defer mu.Unlock()
			if _, ok := fault.As(err); err != nil && !ok {
				t.Error(err)
			}
			if err == nil {
				ends[""]++
			} else {
				ends[fault.CodeOf(err)]++
			}
		})
	}
	close(start)
	wg.Wait()
	return ends
}

// Somebody new is led to a password, on a membership with the role that was
// meant, and no session is opened.
func TestAcceptNew(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		i, token := h.invite(" New@Example.com ", models.RoleViewer)
		same(t, "mail", []any{len(h.told), h.told[0].Kind, h.told[0].Recipient, h.told[0].Facts["actor"], h.told[0].Facts["role"]},
			[]any{1, "invitation", "New@Example.com", "root@acme.test", "VIEWER"})
		for range 3 {
			about, err := h.Look(h.Context(), token)
			h.must(err)
			same(t, "about", []any{about.Team.Slug, about.Invitation.InvitedBy, about.Invitation.State}, []any{"acme", "root@acme.test", "PENDING"})
		}
		in, err := h.Accept(h.Context(), token)
		h.must(err)
		same(t, "member", []any{in.Member.Role, in.Member.RoleSource, in.Member.Source, in.Member.Status, in.Member.User.Origin, in.Member.User.EmailVerified(), in.Member.Direct(in.Member.User)},
			[]any{"VIEWER", "INVITATION", "INVITATION", "ACTIVE", "DIRECT", true, true})
		same(t, "invitation", []any{in.Invitation.State, *in.Invitation.MembershipID, *in.Invitation.DecidedAt}, []any{"ACCEPTED", in.Member.ID, h.clock.Now()})
		if !strings.HasPrefix(in.NextURL, base+"/password?t=") {
			t.Errorf("next: %s", in.NextURL)
		}
		next, err := url.Parse(in.NextURL)
		h.must(err)
		link, err := h.Credentials.Link(h.Context(), models.LinkSetPassword, next.Query().Get("t"))
		h.must(err)
		same(t, "link", []any{*link.UserID, link.Email}, []any{in.Member.UserID, "New@Example.com"})
		same(t, "sessions", h.count(&models.Session{}, "1 = 1"), 0)
		ended(t, "again", first(h.Accept(h.Context(), token)), fault.LinkUsed)
		ended(t, "a look", first(h.Look(h.Context(), token)), fault.LinkUsed)
		var actions []string
		h.must(h.db.Read(h.Context()).Model(&models.AuditEvent{}).Where("target_id = ?", i.ID).Order("id").Pluck("action", &actions).Error)
		same(t, "history", actions, []string{audit.InvitationCreated, audit.InvitationAccepted})
	})
}

// Somebody with an account keeps it, its password and its other team.
func TestAcceptKnown(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		globex := h.found("globex")
		known := h.add(globex, "known@example.com", models.RoleAdmin)
		stranger := h.add(globex, "stranger@example.com", models.RoleAdmin)
		_, token := h.invite("KNOWN@example.com", models.RoleMember)
		ended(t, "somebody else is signed in", first(h.Look(h.as(stranger), token)), fault.Forbidden)
		ended(t, "and accepts", first(h.Accept(h.as(stranger), token)), fault.Forbidden)
		in, err := h.Accept(h.as(known), token)
		h.must(err)
		same(t, "member", []any{in.Member.UserID, in.Member.TeamID, in.NextURL, h.count(&models.OneTimeLink{}, "purpose = ?", models.LinkSetPassword)},
			[]any{known.UserID, h.team.ID, base + "/signin", 0})
		ended(t, "invited again", first(h.Create(h.as(h.admin), h.team.ID, []invite.New{{Email: "known@EXAMPLE.com", Role: models.RoleMember}})), fault.Taken)
		// Of an account that another team's identity provider manages nothing is given.
		scim := housetest.AsScim(h.Context(), globex.ID)
		h.must(first(h.Roster.ProvisionScim(scim, globex.ID, roster.ScimUser{UserName: "m@example.com", Email: "m@example.com", Active: true})))
		_, token = h.invite("m@example.com", models.RoleMember)
		ended(t, "managed elsewhere", first(h.Accept(h.Context(), token)), fault.AccountConflict)
		h.must(first(h.Look(h.Context(), token))) // nothing was used up
	})
}

// Where the team's identity provider says who comes in, that is where people go.
func TestAcceptUnderSso(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		provider := base + "/saml/acme/init"
		h.settings(map[string]any{"state": models.SsoEnabled})
		accept := func(address string, role models.Role) string {
			_, token := h.invite(address, role)
			in, err := h.Accept(h.Context(), token)
			h.must(err)
			return strings.SplitN(in.NextURL, "?", 2)[0]
		}
		same(t, "enabled", accept("a@example.com", models.RoleMember), base+"/password")
		id, err := models.NewID()
		h.must(err)
		h.must(h.db.Read(h.Context()).Create(&models.Domain{ID: id, TeamID: h.team.ID, Name: "acme.example", Challenge: "x", Held: true, NextAt: h.clock.Now(), CreatedAt: h.clock.Now()}).Error)
		same(t, "its domain", accept("b@acme.example", models.RoleMember), provider)
		h.settings(map[string]any{"state": models.SsoEnforced})
		same(t, "enforced", accept("c@example.com", models.RoleMember), provider)
		same(t, "enforced admin", accept("d@example.com", models.RoleAdmin), base+"/password")
	})
}

// All of a list or nothing, with the place of the mistake.
func TestCreate(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		list := func(addresses ...string) (out []invite.New) {
			for _, a := range addresses {
				out = append(out, invite.New{Email: a, Role: models.RoleMember})
			}
			return out
		}
		h.invite("open@example.com", models.RoleMember)
		for _, c := range []struct {
			what  string
			in    []invite.New
			code  fault.Code
			field string
		}{
			{"nobody", nil, fault.InvalidValue, "[invitations]"},
			{"no address", list("a@example.com", "nonsense"), fault.InvalidValue, "[invitations 1 email]"},
			{"twice", list("a@example.com", "b@example.com", "A@example.com"), fault.Taken, "[invitations 2 email]"},
			{"a member", list("a@example.com", "ROOT@acme.test"), fault.Taken, "[invitations 1 email]"},
			{"invited", list("a@example.com", "b@example.com", "open@example.com"), fault.Taken, "[invitations 2 email]"},
			{"a role", []invite.New{{Email: "a@example.com", Role: "OWNER"}}, fault.InvalidValue, "[invitations 0 role]"},
		} {
			err := first(h.Create(h.as(h.admin), h.team.ID, c.in))
			ended(t, c.what, err, c.code)
			if f, ok := fault.As(err); ok {
				same(t, c.what, f.Field, c.field)
			}
		}
		var many []string
		for i := range 101 {
			many = append(many, fmt.Sprintf("p%d@example.com", i))
		}
		ended(t, "too many at once", first(h.Create(h.as(h.admin), h.team.ID, list(many...))), fault.InvalidValue)
		same(t, "nobody was", []any{h.count(&models.Invitation{}, "1 = 1"), len(h.told)}, []any{1, 1})
		rows, err := h.Create(h.as(h.admin), h.team.ID, list(many[:100]...))
		h.must(err)
		same(t, "in order", []any{len(rows), rows[0].Email, rows[99].Email}, []any{100, "p0@example.com", "p99@example.com"})
		for day := range 3 {
			var more []string
			for i := range 100 {
				more = append(more, fmt.Sprintf("d%dp%d@example.com", day, i))
			}
			h.must(first(h.Create(h.as(h.admin), h.team.ID, list(more...))))
		}
		ended(t, "a day's number", first(h.Create(h.as(h.admin), h.team.ID, list(func() (more []string) {
			for i := range 100 {
				more = append(more, fmt.Sprintf("z%d@example.com", i))
			}
			return more
		}()...))), fault.LimitReached)
		h.clock.Advance(8 * day) // and those whose time is over can be invited anew
		h.must(first(h.Create(h.as(h.admin), h.team.ID, list("open@example.com"))))
	})
}

func TestWho(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		i, _ := h.invite("a@example.com", models.RoleMember)
		other := h.found("globex")
		for what, c := range map[string]struct {
			actor access.Actor
			code  fault.Code
		}{
			"nobody":        {access.Actor{}, fault.NotSignedIn},
			"member":        {access.Actor{Kind: access.Person, TeamID: h.team.ID, Role: models.RoleMember}, fault.Forbidden},
			"SCIM":          {access.Actor{Kind: access.Scim, TeamID: h.team.ID}, fault.Forbidden},
			"unconfirmed":   {access.Actor{Kind: access.Person, TeamID: h.team.ID, Role: models.RoleAdmin, Unverified: true}, fault.EmailUnverified},
			"other admin":   {access.Actor{Kind: access.Person, TeamID: other.ID, Role: models.RoleAdmin}, fault.Missing},
			"a reading key": {access.Actor{Kind: access.Key, TeamID: h.team.ID, Role: models.RoleAdmin, Scopes: []models.Scope{models.ScopeMembershipRead}}, fault.Forbidden},
		} {
			ctx := access.With(h.Context(), c.actor)
			ended(t, what+" invites", first(h.Create(ctx, h.team.ID, []invite.New{{Email: "eve@example.com", Role: models.RoleAdmin}})), c.code)
			ended(t, what+" resends", first(h.Resend(ctx, i.ID)), c.code)
			ended(t, what+" revokes", first(h.Revoke(ctx, i.ID)), c.code)
			ended(t, what+" reads", first(h.Invitation(ctx, i.ID)), c.code)
			_, _, err := h.Invitations(ctx, h.team.ID, "", models.Window{Limit: 10})
			ended(t, what+" lists", err, c.code)
			ended(t, what+" counts", first(h.CountInvitations(ctx, h.team.ID, "")), c.code)
		}
		same(t, "nothing happened", []any{h.count(&models.Invitation{}, "1 = 1"), len(h.told)}, []any{1, 1})
	})
}

func TestResendAndRevoke(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		admin := h.as(h.admin)
		i, old := h.invite("a@example.com", models.RoleMember)
		h.clock.Advance(8 * day)
		ended(t, "late", first(h.Accept(h.Context(), old)), fault.LinkExpired)
		for n := range 4 {
			got, err := h.Resend(admin, i.ID)
			h.must(err)
			same(t, "resent", []any{got.SentCount, got.ExpiresAt.Sub(h.clock.Now())}, []any{n + 2, 7 * day})
		}
		ended(t, "too often", first(h.Resend(admin, i.ID)), fault.LimitReached)
		ended(t, "the link of before", first(h.Accept(h.Context(), old)), fault.LinkUsed)
		same(t, "one link", h.count(&models.OneTimeLink{}, "subject_id = ? AND revoked_at IS NULL", i.ID), 1)
		token := h.token(i.ID)
		h.must(first(h.Revoke(admin, i.ID)))
		h.must(first(h.Revoke(admin, i.ID)))
		ended(t, "revoked", first(h.Accept(h.Context(), token)), fault.LinkUsed)
		ended(t, "sent again", first(h.Resend(admin, i.ID)), fault.Clash)
		i, token = h.invite("a@example.com", models.RoleMember)
		h.must(first(h.Accept(h.Context(), token)))
		ended(t, "revoking an accepted one", first(h.Revoke(admin, i.ID)), fault.Clash)
		h.invite("pending@example.com", models.RoleMember)
		for status, want := range map[invite.Status]int{"": 3, invite.Pending: 1, invite.WasAccepted: 1, invite.Revoked: 1, invite.Expired: 0} {
			n, err := h.CountInvitations(admin, h.team.ID, status)
			h.must(err)
			rows, more, err := h.Invitations(admin, h.team.ID, status, models.Window{Limit: 2})
			h.must(err)
			same(t, string(status), []any{n, len(rows), more}, []any{want, min(want, 2), want > 2})
			for _, row := range rows {
				if status != "" && invite.StatusAt(row, h.clock.Now()) != status {
					t.Errorf("%+v among the %s", row, status)
				}
			}
		}
		h.clock.Advance(8 * day)
		n, err := h.CountInvitations(admin, h.team.ID, invite.Expired)
		h.must(err)
		same(t, "expired", n, 1)
	})
}

// An old invitation brings back neither a removed nor a deactivated person; one
// that is newer than the removal does, as a new member.
func TestOldInvitations(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		_, old := h.invite("a@example.com", models.RoleAdmin)
		h.clock.Advance(time.Second)
		m := h.add(h.team, "a@example.com", models.RoleMember)
		h.must(first(h.Roster.Deactivate(h.op(), m.ID, "")))
		ended(t, "deactivated", first(h.Accept(h.Context(), old)), fault.Clash)
		var i models.Invitation
		h.must(h.db.Read(h.Context()).Where("email_key = ?", "a@example.com").Take(&i).Error)
		mails := len(h.told)
		ended(t, "sent again to somebody who is deactivated", first(h.Resend(h.as(h.admin), i.ID)), fault.Taken)
		h.must(first(h.Roster.Remove(h.op(), m.ID)))
		ended(t, "removed", first(h.Accept(h.Context(), old)), fault.Clash)
		same(t, "is out", h.count(&models.Membership{}, "team_id = ? AND user_id = ?", h.team.ID, m.UserID), 0)
		h.clock.Advance(time.Second)
		ended(t, "sent again", first(h.Resend(h.as(h.admin), i.ID)), fault.Clash)
		same(t, "mails of links that cannot be used", len(h.told)-mails, 0)
		ended(t, "asked anew beside it", first(h.Create(h.as(h.admin), h.team.ID, []invite.New{{Email: "a@example.com", Role: models.RoleMember}})), fault.Taken)
		h.must(first(h.Revoke(h.as(h.admin), i.ID)))
		_, fresh := h.invite("a@example.com", models.RoleMember)
		in, err := h.Accept(h.Context(), fresh)
		h.must(err)
		same(t, "a new one", []any{in.Member.Role, in.Member.ID != m.ID, in.Member.UserID == m.UserID}, []any{"MEMBER", true, true})
		same(t, "tombstones", h.count(&models.Tombstone{}, "team_id = ?", h.team.ID), 0)
	})
}

// Accepted twice at once, and accepted while it is revoked: one of the two.
func TestAtOnce(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		for n := range 4 {
			_, token := h.invite(fmt.Sprintf("twice%d@example.com", n), models.RoleMember)
			accept := func() error { return first(h.Accept(h.Context(), token)) }
			ends := together(t, accept, accept, accept)
			same(t, "accepted", []any{ends[""], ends[fault.LinkUsed]}, []any{1, 2})
			i, token := h.invite(fmt.Sprintf("race%d@example.com", n), models.RoleMember)
			ends = together(t, func() error { return first(h.Accept(h.Context(), token)) }, func() error { return first(h.Revoke(h.as(h.admin), i.ID)) })
			members := h.count(&models.Membership{}, "user_name_key = ?", i.EmailKey)
			if ends[""] != 1 || ends[fault.LinkUsed]+ends[fault.Clash] != 1 || members != int64(ends[fault.Clash]) {
				t.Errorf("accepted and revoked: %v, %d members", ends, members)
			}
			ends = together(t, func() error {
				return first(h.Create(h.as(h.admin), h.team.ID, []invite.New{{Email: fmt.Sprintf("same%d@example.com", n), Role: models.RoleMember}}))
			}, func() error {
				return first(h.Create(h.as(h.admin), h.team.ID, []invite.New{{Email: fmt.Sprintf("SAME%d@example.com", n), Role: models.RoleMember}}))
			})
			same(t, "invited", []any{ends[""], ends[fault.Taken]}, []any{1, 1})
		}
	})
}

func TestForged(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		_, token := h.invite("a@example.com", models.RoleMember)
		for _, forged := range []string{"", "x", token[:len(token)-2], token + "AA", strings.Repeat("A", len(token))} {
			ended(t, forged, first(h.Look(h.Context(), forged)), fault.Missing)
			ended(t, forged, first(h.Accept(h.Context(), forged)), fault.Missing)
		}
	})
}
