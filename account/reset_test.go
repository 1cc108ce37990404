package account_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"rollcall/account"
	"rollcall/fault"
	"rollcall/internal/housetest"
	"rollcall/models"
)

func TestReset(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.add(h.team, models.RoleMember, good)
		a, _ := h.withTotp(m)
		in, err := h.Code(h.here(), h.second(m), h.code(a, 0))
		h.must(err)
		h.must(h.AskReset(h.here(), m.User.Email))
		older := h.link("password_reset")
		h.must(h.AskReset(h.here(), m.User.Email))
		token := h.link("password_reset")
		n, _ := h.told.Last("password_reset")
		if n.Recipient != m.User.Email || !n.Private {
			t.Errorf("told %+v", n)
		}
		_, err = h.ResetLink(h.here(), older)
		ended(t, "an older link", err, fault.LinkUsed)
		ended(t, "an older link used", h.Reset(h.here(), older, other), fault.LinkUsed)
		for range 3 { // a scanner reads it
			email, err := h.ResetLink(h.here(), token)
			if err != nil || email != m.User.Email {
				t.Fatal(email, err)
			}
		}
		ended(t, "an easy one", h.Reset(h.here(), token, "passwordpassword"), fault.PasswordUnusable)
		ended(t, "a made-up link", h.Reset(h.here(), token[:len(token)-2]+"AA", other), fault.Missing)
		replica := h.replica()
		ends := together(t,
			func() error { return h.Reset(h.here(), token, other) },
			func() error { return replica.Reset(h.here(), token, "eight candles over sand") },
			func() error { return replica.Reset(h.here(), token, "nine wagons in the snow") },
		)
		if ends[""] != 1 || ends[fault.LinkUsed] != 2 {
			t.Fatalf("%v", ends)
		}
		if h.alive(in.Session) {
			t.Error("the session lives on")
		}
		_, err = h.Password(h.here(), m.User.Email, good, "/")
		ended(t, "the old password", err, fault.NotSignedIn)
		// The second factor is asked for as ever.
		for _, password := range []string{other, "eight candles over sand", "nine wagons in the snow"} {
			if p, err := h.Password(h.here(), m.User.Email, password, "/"); err == nil && p.Stage != account.StageFactor {
				t.Errorf("%+v", p)
			}
		}
	})
}

// Whoever asks learns nothing: not by the answer, and no mail goes out for
// strangers and people who cannot use it.
func TestAskingForAReset(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		gone := h.add(h.team, models.RoleMember, good)
		_, err := h.roster.Deactivate(h.operator(), gone.ID, "left")
		h.must(err)
		robot, err := h.roster.Add(h.operator(), h.robot())
		h.must(err)
		before := len(h.told.Kinds())
		for _, email := range []string{"nobody@acme.test", gone.User.Email, robot.User.Email, "", "x"} {
			ended(t, email, h.AskReset(h.here(), email), "")
		}
		if got := h.told.Kinds()[before:]; len(got) != 0 {
			t.Errorf("told %v", got)
		}
		// Known and unknown addresses are slowed alike.
		m := h.add(h.team, models.RoleMember, good)
		for _, email := range []string{m.User.Email, "stranger@acme.test"} {
			for range 3 {
				ended(t, email, h.AskReset(h.from("198.51.100.9"), email), "")
			}
			ended(t, email, h.AskReset(h.from("198.51.100.9"), email), fault.RateLimited)
		}
	})
}

// Whether somebody has the address plays no part in what the answer waits for: it
// is the same statements, and the rest comes after it.
func TestAskingCostsTheSame(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m, managed := h.add(h.team, models.RoleMember, good), h.add(h.team, models.RoleMember, "")
		h.state(h.team, models.SsoEnabled)
		h.managed(managed)
		before := len(h.told.Kinds())
		var later []func() error
		h.Background = func(ctx context.Context, _ string, run func(context.Context) error) {
			later = append(later, func() error { return run(ctx) })
		}
		var want int64
		for i, email := range []string{m.User.Email, managed.User.Email, "nobody@acme.test", "not an address", "", strings.Repeat("x", 300) + "@acme.test"} {
			ctx, n := models.CountStatements(h.from("203.0.113.5"))
			h.must(h.AskReset(ctx, email))
			if got := n.Load(); i == 0 {
				want = got
			} else if got != want {
				t.Errorf("%.30q: %d statements, others %d", email, got, want)
			}
		}
		if n := len(h.told.Kinds()) - before; n != 0 || h.count(&models.PasswordAsk{}, "1 = 1") != 6 {
			t.Errorf("before the answer %d were written", n)
		}
		for _, run := range later {
			h.must(run())
		}
		if got := h.told.Kinds()[before:]; len(got) != 2 || got[0] != "password_reset" || got[1] != "sign_in_elsewhere" {
			t.Errorf("told %v", got)
		}
		if n := h.count(&models.PasswordAsk{}, "1 = 1"); n != 0 {
			t.Errorf("%d wishes are left", n)
		}
	})
}

// A server that ends right after its answer leaves the wish behind, and others see
// to it: once, however many do.
func TestAskingIsDurable(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.add(h.team, models.RoleMember, good)
		before := len(h.told.Kinds())
		h.Background = func(context.Context, string, func(context.Context) error) {} // the end
		for range 2 {
			h.must(h.AskReset(h.here(), m.User.Email))
		}
		h.must(h.AskReset(h.here(), "nobody@acme.test"))
		replicas := []*account.Service{h.replica(), h.replica(), h.replica()}
		ends := together(t, times(3, func(i int) error { return replicas[i].AnswerAsks(housetest.AsSystem(t.Context())) })...)
		if ends[""] != 3 || len(h.told.Kinds()) != before+2 || h.count(&models.PasswordAsk{}, "1 = 1") != 0 {
			t.Errorf("ends %v, told %v", ends, h.told.Kinds())
		}
		ended(t, "the link", h.Reset(h.here(), h.link("password_reset"), other), "")
		// What nobody saw to in a day is nobody's wish any more.
		h.must(h.AskReset(h.here(), m.User.Email))
		h.clock.Advance(25 * time.Hour)
		before = len(h.told.Kinds())
		h.must(replicas[0].AnswerAsks(housetest.AsSystem(t.Context())))
		if len(h.told.Kinds()) != before || h.count(&models.PasswordAsk{}, "1 = 1") != 0 {
			t.Errorf("told %v", h.told.Kinds()[before:])
		}
	})
}

// One link, tried by several at once, sets one password.
func TestOneLinkAtOnce(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.add(h.team, models.RoleMember, "")
		h.must(h.AskReset(h.here(), m.User.Email))
		token := h.link("password_reset")
		passwords := []string{good, other, "quiet lanterns drift east", "nine copper walnuts hum"}
		ends := together(t, times(4, func(i int) error { return h.Reset(h.here(), token, passwords[i]) })...)
		if ends[""] != 1 || ends[fault.LinkUsed] != 3 {
			t.Errorf("ends %v", ends)
		}
	})
}

// What a person's teams are called is no password of theirs, by whatever way they
// choose it.
func TestTeamsAreNoPasswords(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		flange := h.found("flangeworks")
		housetest.Update(t, h.db, &models.Team{}, map[string]any{"name": "Zebulon Ltd"}, "id = ?", flange.ID)
		m := h.join(flange, models.RoleMember, "person@elsewhere.test", "")
		housetest.Update(t, h.db, &models.User{}, map[string]any{"name": "Wilhelmina Quux"}, "id = ?", m.UserID)
		h.must(h.AskReset(h.here(), m.User.Email))
		token := h.link("password_reset")
		for _, bad := range []string{"flangeworks!", "Zebulon ltd 1", "wilhelmina 1"} {
			ended(t, "by the link: "+bad, h.Reset(h.here(), token, bad), fault.PasswordUnusable)
		}
		ended(t, "a good one", h.Reset(h.here(), token, good), "")
		ctx := h.as(h.signIn(m, good).Session)
		for _, bad := range []string{"flangeworks!", "Zebulon ltd 1", "wilhelmina 1"} {
			ended(t, "on the page: "+bad, h.ChangePassword(ctx, account.Proof{Password: good}, bad), fault.PasswordUnusable)
		}
	})
}

// While single sign-on is off everybody may have a password, and gets one by mail:
// by asking for it, or because an admin sends it. It opens nothing once it is on again.
func TestPasswordsWhileSwitchedOff(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		admin, m := h.add(h.team, models.RoleAdmin, good), h.add(h.team, models.RoleMember, "")
		h.state(h.team, models.SsoEnabled)
		h.managed(m)
		ctx := h.as(h.signIn(admin, good).Session)
		_, _, err := h.SendReset(ctx, m.ID)
		ended(t, "while it is on", err, fault.ManagedByIDP)
		for _, off := range []models.SsoState{models.SsoDisabled, models.SsoDraft} {
			h.state(h.team, off)
			facts, err := h.FactsByMembership(ctx, []models.ID{m.ID})
			h.must(err)
			if _, ok := facts[m.ID]; !ok {
				t.Errorf("%s: the admin is not told how far the member is", off)
			}
			_, _, err = h.SendReset(ctx, m.ID)
			ended(t, string(off)+": an admin sends it", err, "")
			h.clock.Advance(24 * time.Hour)
			ctx = h.as(h.signIn(admin, good).Session)
		}
		h.must(h.AskReset(h.here(), m.User.Email))
		ended(t, "by asking", h.Reset(h.here(), h.link("password_reset"), other), "")
		h.signIn(m, other)
		h.state(h.team, models.SsoEnabled)
		if p, err := h.Password(h.here(), m.User.Email, other, "/"); err != nil || p.Stage != account.StageElsewhere {
			t.Errorf("on again: %+v, %v", p, err)
		}
	})
}

func TestFirstPassword(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.add(h.team, models.RoleAdmin, "")
		housetest.Update(t, h.db, &models.User{}, map[string]any{"verified_at": nil}, "id = ?", m.UserID)
		h.must(h.db.InTx(t.Context(), func(tx *gorm.DB) error { return h.InviteToSetPassword(t.Context(), tx, m.User, m.Membership) }))
		token := h.link("set_password")
		h.clock.Advance(6 * 24 * time.Hour)
		ended(t, "set", h.Reset(h.here(), token, good), "")
		h.signIn(m, good)
		if n := h.count(&models.User{}, "id = ? AND verified_at IS NOT NULL", m.UserID); n != 1 {
			t.Error("the mail proved nothing")
		}
		// A link for an address that the account does not have any more.
		h.must(h.AskReset(h.here(), m.User.Email))
		token = h.link("password_reset")
		housetest.Update(t, h.db, &models.User{}, map[string]any{"email": "new@acme.test", "email_key": "new@acme.test"}, "id = ?", m.UserID)
		ended(t, "another address by now", h.Reset(h.here(), token, other), fault.LinkUsed)
		h.must(h.AskReset(h.here(), "new@acme.test"))
		token = h.link("password_reset")
		h.clock.Advance(time.Hour)
		ended(t, "too late", h.Reset(h.here(), token, other), fault.LinkExpired)
	})
}

func TestAdminsSendResets(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		admin, m := h.add(h.team, models.RoleAdmin, good), h.add(h.team, models.RoleMember, "")
		ctx := h.as(h.signIn(admin, good).Session)
		_, _, err := h.SendReset(ctx, m.ID)
		ended(t, "an admin", err, "")
		ended(t, "the link", h.Reset(h.here(), h.link("set_password"), good), "")
		_, _, err = h.SendReset(h.as(h.signIn(m, good).Session), admin.ID)
		ended(t, "a member", err, fault.Forbidden)
		stranger := h.add(h.found("globex"), models.RoleAdmin, good)
		_, _, err = h.SendReset(h.as(h.signIn(stranger, good).Session), m.ID)
		ended(t, "another team's admin", err, fault.Missing)
		h.state(h.team, models.SsoEnabled)
		h.managed(m)
		_, _, err = h.SendReset(ctx, m.ID)
		ended(t, "somebody under single sign-on", err, fault.ManagedByIDP)
		robot, err := h.roster.Add(h.operator(), h.robot())
		h.must(err)
		_, _, err = h.SendReset(ctx, robot.ID)
		ended(t, "an integration", err, fault.ManagedByIDP)
	})
}

func TestPrune(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.add(h.team, models.RoleMember, good)
		h.withTotp(m)
		h.second(m)
		h.must(h.AskReset(h.here(), m.User.Email))
		_, err := h.Password(h.here(), "nobody@acme.test", "wrong wrong wrong", "/")
		ended(t, "a guess", err, fault.NotSignedIn)
		h.must(h.Prune(t.Context()))
		if h.count(&models.SigninStep{}, "1 = 1") == 0 || h.count(&models.GuessCounter{}, "1 = 1") == 0 || h.count(&models.OneTimeLink{}, "1 = 1") == 0 {
			t.Error("what counts was pruned")
		}
		h.clock.Advance(40 * 24 * time.Hour)
		h.must(h.Prune(t.Context()))
		if n := h.count(&models.SigninStep{}, "1 = 1") + h.count(&models.GuessCounter{}, "1 = 1") + h.count(&models.OneTimeLink{}, "1 = 1"); n != 0 {
			t.Errorf("%d rows are left", n)
		}
	})
}
