package account_test

import (
	"testing"
	"time"

	"gorm.io/gorm"

	"rollcall/account"
	"rollcall/credential"
	"rollcall/fault"
	"rollcall/models"
)

func TestChangingThePassword(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.add(h.team, models.RoleMember, good)
		mine, theirs := h.signIn(m, good).Session, h.signIn(m, good).Session
		ctx := h.as(mine)
		ended(t, "no proof", h.ChangePassword(ctx, account.Proof{}, other), fault.NotSignedIn)
		ended(t, "a wrong proof", h.ChangePassword(ctx, account.Proof{Password: other}, other), fault.NotSignedIn)
		ended(t, "an easy one", h.ChangePassword(ctx, account.Proof{Password: good}, "password1234"), fault.PasswordUnusable)
		ended(t, "nobody", h.ChangePassword(h.here(), account.Proof{Password: good}, other), fault.NotSignedIn)
		ended(t, "an operator", h.ChangePassword(h.operator(), account.Proof{Password: good}, other), fault.NotSignedIn)
		ended(t, "a change", h.ChangePassword(ctx, account.Proof{Password: good}, other), "")
		if !h.alive(mine) || h.alive(theirs) {
			t.Errorf("mine %v, theirs %v", h.alive(mine), h.alive(theirs))
		}
		_, err := h.Password(h.here(), m.User.Email, good, "/")
		ended(t, "the old one", err, fault.NotSignedIn)
		h.signIn(m, other)
		if n, ok := h.told.Last("password_changed"); !ok || n.Recipient != m.User.Email || !n.Private {
			t.Errorf("told %+v", n)
		}
		if n := h.count(&models.AuditEvent{}, "action = ? AND team_id = ? AND target_id = ?", "account.password_set", h.team.ID, m.ID); n != 2 {
			t.Errorf("%d events", n)
		}
	})
}

func TestFactorsOfOnesOwn(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m, somebody := h.add(h.team, models.RoleMember, good), h.add(h.team, models.RoleMember, good)
		stale := h.signIn(m, good).Session
		a, _ := h.withTotp(m)
		if h.alive(stale) {
			t.Error("a session from before the factor lives on")
		}
		in, err := h.Code(h.here(), h.second(m), h.code(a, 0))
		h.must(err)
		ctx := h.as(in.Session)
		o, err := h.Overview(ctx)
		h.must(err)
		factor := o.Factors[0]
		if !o.Editable || o.Password == nil || o.Backup != 10 || factor.Name != "phone" || len(o.Sessions) != 2 {
			t.Errorf("%+v", o)
		}
		ended(t, "a name", h.RenameFactor(ctx, factor.ID, " my\x00 phone \u202e"), "")
		o, err = h.Overview(ctx)
		h.must(err)
		if o.Factors[0].Name != "my phone" {
			t.Errorf("named %q", o.Factors[0].Name)
		}
		// Somebody else's are not there.
		strange := h.as(h.signIn(somebody, good).Session)
		ended(t, "their name", h.RenameFactor(strange, factor.ID, "x"), fault.Missing)
		ended(t, "their factor", h.RemoveFactor(strange, account.Proof{Password: good}, factor.ID), fault.Missing)
		key, err := h.AddTotp(strange, account.Proof{Password: good}, "x")
		h.must(err)
		_, err = h.ConfirmTotp(ctx, key.Factor.ID, h.code(h.appOf(key), 0))
		ended(t, "their new one", err, fault.LinkExpired)
		_, err = h.TotpKey(ctx, key.Factor.ID)
		ended(t, "their new key", err, fault.LinkExpired)
		// Removing takes a proof, of either kind.
		ended(t, "no proof", h.RemoveFactor(ctx, account.Proof{}, factor.ID), fault.NotSignedIn)
		ended(t, "a wrong code", h.RemoveFactor(ctx, account.Proof{Code: "000000"}, factor.ID), fault.NotSignedIn)
		h.clock.Advance(time.Minute)
		ended(t, "a code", h.RemoveFactor(ctx, account.Proof{Code: h.code(a, 0)}, factor.ID), "")
		if n := h.count(&models.BackupCode{}, "user_id = ?", m.UserID); n != 0 {
			t.Errorf("%d backup codes are left", n)
		}
		if _, ok := h.told.Last("factor_removed"); !ok {
			t.Errorf("told %v", h.told.Kinds())
		}
		h.signIn(m, good)
	})
}

func TestPasskeysOfOnesOwn(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m, somebody := h.add(h.team, models.RoleMember, good), h.add(h.team, models.RoleMember, good)
		ctx, d := h.as(h.signIn(m, good).Session), newDevice(m)
		strange := h.as(h.signIn(somebody, good).Session)
		ask := func() (string, string) {
			options, step, err := h.AddPasskey(ctx, account.Proof{Password: good}, "")
			h.must(err)
			return options, step
		}
		_, _, err := h.AddPasskey(ctx, account.Proof{}, "x")
		ended(t, "no proof", err, fault.NotSignedIn)
		options, step := ask()
		_, err = h.KeepPasskey(strange, step, d.make(t, options))
		ended(t, "somebody else's step", err, fault.LinkExpired)
		for what, spoil := range map[string]func(d *device){
			"another origin":  func(d *device) { d.origin = "https://evil.test" },
			"another party":   func(d *device) { d.rp = "evil.test" },
			"nobody verified": func(d *device) { d.Options.UserNotVerified = true },
		} {
			dup := *d
			spoil(&dup)
			_, err = h.KeepPasskey(ctx, step, dup.make(t, options))
			ended(t, what, err, fault.NotSignedIn)
		}
		old := d.make(t, options)
		_, next := ask()
		_, err = h.KeepPasskey(ctx, next, old)
		ended(t, "another challenge", err, fault.NotSignedIn)
		codes, err := h.KeepPasskey(ctx, step, old)
		ended(t, "a passkey", err, "")
		if len(codes) != 10 {
			t.Errorf("codes %v", codes)
		}
		_, err = h.KeepPasskey(ctx, step, old)
		ended(t, "the same again", err, fault.LinkExpired)
		// One credential is of one account.
		theirs, step, err := h.AddPasskey(strange, account.Proof{Password: good}, "")
		h.must(err)
		dup := *d
		_, err = h.KeepPasskey(strange, step, dup.make(t, theirs))
		ended(t, "a credential of somebody else", err, fault.NotSignedIn)
	})
}

// An identity provider speaks for its own team: a session of its is no way to
// the person's other teams.
func TestProvidersSessionsChangeNothing(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.add(h.team, models.RoleMember, good)
		h.join(h.found("globex"), models.RoleAdmin, m.User.Email, "")
		var secret string
		h.must(h.db.InTx(t.Context(), func(tx *gorm.DB) (err error) {
			_, secret, err = h.store.OpenSession(h.here(), tx, credential.NewSession{
				Membership: m.Membership, Method: models.SessionSaml, IdentityProviderID: &h.team.ID, NameID: "x", Lifetime: time.Hour, Idle: time.Hour,
			})
			return err
		}))
		ctx := h.as(secret)
		o, err := h.Overview(ctx)
		if err != nil || o.Editable {
			t.Errorf("%+v, %v", o, err)
		}
		proof := account.Proof{Password: good}
		ended(t, "password", h.ChangePassword(ctx, proof, other), fault.Forbidden)
		_, err = h.AddTotp(ctx, proof, "x")
		ended(t, "app", err, fault.Forbidden)
		_, _, err = h.AddPasskey(ctx, proof, "x")
		ended(t, "passkey", err, fault.Forbidden)
		_, err = h.NewBackupCodes(ctx, proof)
		ended(t, "codes", err, fault.Forbidden)
		ended(t, "name", h.RenameFactor(ctx, m.ID, "x"), fault.Forbidden)
		p, err := h.Switch(ctx, "globex")
		if err != nil || p.Session != "" || p.Step != "" || p.Stage != account.StageElsewhere {
			t.Errorf("another team: %+v, %v", p, err)
		}
		if !h.alive(secret) {
			t.Error("the session ended")
		}
	})
}

func TestGoingOnToAnotherTeam(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.add(h.team, models.RoleMember, good)
		globex, strange := h.found("globex"), h.found("strange")
		there := h.join(globex, models.RoleAdmin, m.User.Email, "")
		p, err := h.Password(h.here(), m.User.Email, good, "/")
		h.must(err)
		p, err = h.Choose(h.here(), p.Step, "acme")
		h.must(err)
		h.clock.Advance(20 * time.Hour)
		_, err = h.store.AuthenticateSession(t.Context(), p.Session)
		ended(t, "idle", err, fault.NotSignedIn)
		p, err = h.Password(h.here(), m.User.Email, good, "/")
		h.must(err)
		p, err = h.Choose(h.here(), p.Step, "acme")
		h.must(err)
		ctx := h.as(p.Session)
		_, err = h.Switch(ctx, strange.Slug)
		ended(t, "a team that is not theirs", err, fault.Missing)
		h.clock.Advance(time.Hour)
		next, err := h.Switch(ctx, "globex")
		ended(t, "their own", err, "")
		if next.Stage != account.StageDone || !h.alive(next.Session) || h.alive(p.Session) {
			t.Fatalf("%+v", next)
		}
		var rows []models.Session
		h.must(h.db.Read(t.Context()).Where("revoked_at IS NULL AND team_id = ?", globex.ID).Find(&rows).Error)
		if len(rows) != 1 || rows[0].ExpiresAt.Sub(rows[0].CreatedAt) != 23*time.Hour {
			t.Errorf("%+v", rows)
		}
		// A team that enforces wants a factor that was shown.
		h.state(h.team, models.SsoEnforced)
		back, err := h.Switch(h.as(next.Session), "acme")
		if err != nil || back.Stage != account.StageElsewhere || back.Session != "" {
			t.Errorf("a member of an enforcing team: %+v, %v", back, err)
		}
		h.state(h.team, models.SsoDraft)
		p, err = h.Switch(h.as(next.Session), "acme")
		h.must(err)
		h.state(globex, models.SsoEnforced)
		_, err = h.Switch(h.as(p.Session), "globex")
		ended(t, "an admin without a factor", err, fault.SecondFactorRequired)
		_ = there
	})
}
