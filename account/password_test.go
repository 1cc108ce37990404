package account_test

import (
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"rollcall/account"
	"rollcall/fault"
	"rollcall/models"
)

func TestPasswordOpensASession(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.add(h.team, models.RoleMember, good)
		p, err := h.Password(h.here(), "  "+strings.ToUpper(m.User.Email), good, "/back")
		ended(t, "sign-in", err, "")
		if p.Stage != account.StageDone || !h.alive(p.Session) || p.ReturnTo != "/back" || p.Step != "" {
			t.Fatalf("%+v", p)
		}
		var row models.Session
		h.must(h.db.Read(t.Context()).Where("user_id = ?", m.UserID).Take(&row).Error)
		if row.Method != models.SessionPassword || row.MfaEvidence != "" || row.IdentityProviderID != nil || row.ExpiresAt.Sub(row.CreatedAt) != 24*time.Hour || row.IdleExpiresAt.Sub(row.CreatedAt) != 8*time.Hour {
			t.Errorf("session %+v", row)
		}
		if again := h.signIn(m, good); again.Session == p.Session {
			t.Error("two sign-ins share a secret")
		}
		if n := h.count(&models.AuditEvent{}, "action = ? AND team_id = ?", "session.opened", h.team.ID); n != 2 {
			t.Errorf("%d events", n)
		}
	})
}

// Nobody learns who has an account: what is said is the same and so is the work,
// one hashing for each guess.
func TestStrangersLearnNothing(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		known := h.add(h.team, models.RoleMember, good)
		without := h.add(h.team, models.RoleMember, "")
		sso := h.add(h.team, models.RoleMember, "")
		h.state(h.team, models.SsoEnforced)
		h.managed(sso)
		gone := h.add(h.team, models.RoleMember, good)
		_, err := h.roster.Deactivate(h.operator(), gone.ID, "left")
		h.must(err)
		var said string
		for i, email := range []string{known.User.Email, without.User.Email, sso.User.Email, gone.User.Email, "nobody@acme.test", "", "not an address", strings.Repeat("x", 300) + "@a.test"} {
			before := h.Hashings()
			_, err := h.Password(h.from("198.51.100.1"), email, "wrong wrong wrong", "/")
			ended(t, email, err, fault.NotSignedIn)
			if i > 0 && err.Error() != said {
				t.Errorf("%q is told %q, others %q", email, err, said)
			}
			said = err.Error()
			if n := h.Hashings() - before; n != 1 {
				t.Errorf("%q costs %d hashings", email, n)
			}
		}
		// The other verb, for people who prove themselves anew.
		for _, user := range []models.ID{known.UserID, without.UserID, "", "0192b0a8-0000-7000-8000-000000000000"} {
			before := h.Hashings()
			ended(t, string(user), h.CheckPassword(h.from("198.51.100.2"), user, "wrong wrong wrong"), fault.NotSignedIn)
			if n := h.Hashings() - before; n != 1 {
				t.Errorf("%q costs %d hashings", user, n)
			}
		}
		ended(t, "the right one", h.CheckPassword(h.from("198.51.100.2"), known.UserID, good), "")
	})
}

// Unknown addresses are slowed down as known ones are, on whichever replica.
func TestGuessingIsSlowedOverReplicas(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.add(h.team, models.RoleMember, good)
		replicas := []*account.Service{h.Service, h.replica()}
		for _, email := range []string{m.User.Email, "nobody@acme.test"} {
			ends := together(t, times(24, func(i int) error {
				_, err := replicas[i%2].Password(h.from("203.0.113."+string(rune('1'+i%9))), email, "wrong wrong wrong", "/")
				return err
			})...)
			if ends[fault.NotSignedIn] != 5 || ends[fault.RateLimited] != 19 {
				t.Errorf("%s: %v", email, ends)
			}
		}
		// The right password waits as well, from anywhere, and then it works.
		_, err := h.Password(h.from("192.0.2.99"), m.User.Email, good, "/")
		ended(t, "too soon", err, fault.RateLimited)
		h.clock.Advance(time.Second)
		_, err = h.Password(h.here(), m.User.Email, "wrong wrong wrong", "/")
		ended(t, "one more", err, fault.NotSignedIn)
		h.clock.Advance(time.Second)
		_, err = h.Password(h.here(), m.User.Email, good, "/")
		ended(t, "the wait doubles", err, fault.RateLimited)
		h.clock.Advance(time.Second)
		h.signIn(m, good)
		// What went before is forgotten.
		for range 5 {
			_, err = h.Password(h.here(), m.User.Email, "wrong wrong wrong", "/")
			ended(t, "after a success", err, fault.NotSignedIn)
		}
	})
}

func TestTheWaitHasAnEnd(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.add(h.team, models.RoleMember, good)
		guesses := 0
		for end := h.clock.Now().Add(24 * time.Hour); h.clock.Now().Before(end); h.clock.Advance(time.Minute) {
			_, err := h.Password(h.here(), m.User.Email, "wrong wrong wrong", "/")
			if !fault.Is(err, fault.RateLimited) {
				guesses++
			}
		}
		if guesses > 120 {
			t.Errorf("%d guesses within a day", guesses)
		}
		h.clock.Advance(15 * time.Minute)
		h.signIn(m, good)
	})
}

func TestOneAddressTriesManyAccounts(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		judged := 0
		for i := range 80 {
			// Another address of the same subscriber for every guess.
			_, err := h.Password(h.from("2001:db8:1:2::"+string(rune('a'+i%6))), "person"+strings.Repeat("x", i)+"@acme.test", "wrong wrong wrong", "/")
			if fault.Is(err, fault.NotSignedIn) {
				judged++
			}
		}
		if judged != 50 {
			t.Errorf("%d guesses were judged", judged)
		}
		m := h.add(h.team, models.RoleMember, good)
		h.signIn(m, good) // from elsewhere
	})
}

func TestHugePasswordCostsNothing(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.add(h.team, models.RoleMember, good)
		before := h.Hashings()
		huge := strings.Repeat("x", 1<<20)
		_, err := h.Password(h.here(), m.User.Email, huge, "/")
		ended(t, "guess", err, fault.NotSignedIn)
		_, err = h.Prepare(h.here(), huge)
		ended(t, "choice", err, fault.PasswordUnusable)
		if n := h.Hashings() - before; n != 0 {
			t.Errorf("%d hashings", n)
		}
	})
}

// A flood of guesses is turned away, and what is let in is worked off.
func TestFloodOfHashings(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.Service.Params = account.Params{MemoryKiB: 8 << 10, Passes: 2}
		ends := together(t, times(300, func(i int) error {
			_, err := h.Prepare(t.Context(), good)
			return err
		})...)
		if ends[""] == 0 || ends[""]+ends[fault.RateLimited] != 300 || ends[fault.RateLimited] == 0 {
			t.Errorf("%v", ends)
		}
	})
}

func TestHashesGrow(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.add(h.team, models.RoleMember, good)
		kept := func() string {
			var row models.Password
			h.must(h.db.Read(t.Context()).Where("user_id = ?", m.UserID).Take(&row).Error)
			return row.Hash
		}
		before := kept()
		h.signIn(m, good)
		if kept() != before {
			t.Error("made anew without need")
		}
		h.Service.Params = account.Params{MemoryKiB: 128, Passes: 2}
		_, err := h.Password(h.here(), m.User.Email, "wrong wrong wrong", "/")
		ended(t, "wrong", err, fault.NotSignedIn)
		if kept() != before {
			t.Error("made anew by a wrong password")
		}
		h.signIn(m, good)
		if after := kept(); !strings.HasPrefix(after, "$argon2id$v=19$m=128,t=2,p=1$") {
			t.Error(after)
		}
		h.signIn(m, good)
	})
}

// Two keyboards may write one letter in two ways.
func TestPasswordsAreNormalised(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.add(h.team, models.RoleMember, "caf\u00e9 otter rinses nine")
		h.signIn(m, "cafe\u0301 otter rinses nine")
	})
}

func TestWhoeverLeftDoesNotComeIn(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.add(h.team, models.RoleMember, good)
		_, err := h.roster.Deactivate(h.operator(), m.ID, "left")
		h.must(err)
		p, err := h.Password(h.here(), m.User.Email, good, "/")
		if err != nil || p.Stage != account.StageElsewhere || len(p.Ways) != 0 || p.Session != "" || p.Step != "" {
			t.Errorf("deactivated: %+v, %v", p, err)
		}
		_, err = h.roster.Remove(h.operator(), m.ID)
		h.must(err)
		p, err = h.Password(h.here(), m.User.Email, good, "/")
		if p.Session != "" || p.Step != "" {
			t.Errorf("removed: %+v, %v", p, err)
		}
	})
}

func TestUnderSingleSignOnNothingOfOnesOwnWorks(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.add(h.team, models.RoleMember, good)
		app, codes := h.withTotp(m)
		d := h.withPasskeyAndTotp(m, app)
		h.must(h.AskReset(h.here(), m.User.Email))
		token := h.link("password_reset")
		h.state(h.team, models.SsoEnabled)
		h.managed(m)
		p, err := h.Password(h.here(), m.User.Email, good, "/")
		if err != nil || p.Stage != account.StageElsewhere || len(p.Ways) != 1 || p.Ways[0].Team.Slug != "acme" || p.Session != "" || p.Step != "" {
			t.Errorf("password: %+v, %v", p, err)
		}
		options, sealed, err := h.BeginPasskey()
		h.must(err)
		if p, err := h.Passkey(h.here(), sealed, d.answer(t, options), "/"); err != nil || p.Stage != account.StageElsewhere || p.Session != "" || p.Step != "" {
			t.Errorf("passkey: %+v, %v", p, err)
		}
		ended(t, "reset", h.Reset(h.here(), token, other), fault.Forbidden)
		h.must(h.AskReset(h.here(), m.User.Email))
		if _, ok := h.told.Last("sign_in_elsewhere"); !ok {
			t.Errorf("told %v", h.told.Kinds())
		}
		_ = codes
		// What drops it takes all of it, and tells whether there was any.
		var had bool
		h.must(h.db.InTx(t.Context(), func(tx *gorm.DB) (err error) { had, err = h.DropPassword(tx, m.UserID); return err }))
		if !had || h.count(&models.SecondFactor{}, "user_id = ?", m.UserID)+h.count(&models.BackupCode{}, "user_id = ?", m.UserID)+h.count(&models.Password{}, "user_id = ?", m.UserID) != 0 {
			t.Error("something is left")
		}
		_, err = h.Password(h.here(), m.User.Email, good, "/")
		ended(t, "dropped", err, fault.NotSignedIn)
	})
}
