package account_test

import (
	"strings"
	"testing"
	"time"

	"rollcall/account"
	"rollcall/fault"
	"rollcall/models"
	"rollcall/roster"
)

// second is the step of a sign-in that waits for the second factor.
func (h *house) second(m roster.Member) string {
	h.Helper()
	p, err := h.Password(h.here(), m.User.Email, good, "/")
	h.must(err)
	if p.Stage != account.StageFactor || p.Session != "" || p.Step == "" {
		h.Fatalf("%+v", p)
	}
	return p.Step
}

// withPasskeyAndTotp adds a passkey to an account that has an app.
func (h *house) withPasskeyAndTotp(m roster.Member, a app) *device {
	h.Helper()
	h.clock.Advance(time.Minute)
	in, err := h.Code(h.here(), h.second(m), h.code(a, 0))
	h.must(err)
	ctx, d := h.as(in.Session), newDevice(m)
	options, step, err := h.AddPasskey(ctx, account.Proof{Password: good}, "laptop")
	h.must(err)
	_, err = h.KeepPasskey(ctx, step, d.make(h, options))
	h.must(err)
	return d
}

func TestTotp(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.add(h.team, models.RoleMember, good)
		a, codes := h.withTotp(m)
		if len(codes) != 10 {
			t.Fatalf("codes %v", codes)
		}
		// The secret is sealed.
		var row models.SecondFactor
		h.must(h.db.Read(t.Context()).Where("user_id = ?", m.UserID).Take(&row).Error)
		if len(row.SealedSecret) < 40 || strings.Contains(string(row.SealedSecret), a.secret) || row.ConfirmedAt == nil {
			t.Errorf("%+v", row)
		}
		step := h.second(m)
		for _, bad := range []string{"", "000000x", "12345", "abcdef", h.code(a, 61*time.Second), h.code(a, -2*time.Minute), strings.Repeat("1", 100_000)} {
			_, err := h.Code(h.here(), step, bad)
			if !fault.Is(err, fault.NotSignedIn) && !fault.Is(err, fault.RateLimited) {
				t.Errorf("%.20q: %v", bad, err)
			}
			h.clock.Advance(time.Second)
		}
		h.clock.Advance(time.Minute)
		step = h.second(m)
		p, err := h.Code(h.here(), step, " "+h.code(a, 0)[:3]+" "+h.code(a, 0)[3:])
		ended(t, "the present code", err, "")
		if p.Stage != account.StageDone || !h.alive(p.Session) || p.Step != "" {
			t.Fatalf("%+v", p)
		}
		if n := h.count(&models.Session{}, "mfa_evidence = ? AND method = ?", "totp", models.SessionPassword); n != 1 {
			t.Errorf("%d sessions with evidence", n)
		}
		// Neither the step nor the code works again, nor a code of before.
		_, err = h.Code(h.here(), step, h.code(a, 30*time.Second))
		ended(t, "the same step", err, fault.LinkExpired)
		_, err = h.Code(h.here(), h.second(m), h.code(a, 0))
		ended(t, "the same code", err, fault.NotSignedIn)
		_, err = h.Code(h.here(), h.second(m), h.code(a, -30*time.Second))
		ended(t, "the code before", err, fault.NotSignedIn)
		p, err = h.Code(h.here(), h.second(m), h.code(a, 30*time.Second))
		ended(t, "a clock that is ahead", err, "")
	})
}

func TestOneCodeTwiceAtOnce(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.add(h.team, models.RoleMember, good)
		a, codes := h.withTotp(m)
		replica := h.replica()
		for _, code := range []string{h.code(a, 0), codes[0]} {
			first, second := h.second(m), h.second(m)
			ends := together(t,
				func() error { _, err := h.Code(h.here(), first, code); return err },
				func() error { _, err := replica.Code(h.here(), second, code); return err },
				func() error { _, err := replica.Code(h.here(), first, code); return err },
			)
			if ends[""] != 1 {
				t.Errorf("%v", ends)
			}
		}
	})
}

func TestBackupCodes(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m, somebody := h.add(h.team, models.RoleMember, good), h.add(h.team, models.RoleMember, good)
		_, codes := h.withTotp(m)
		_, theirs := h.withTotp(somebody)
		if n := h.count(&models.BackupCode{}, "user_id = ?", m.UserID); n != 10 {
			t.Fatalf("%d codes", n)
		}
		p, err := h.Code(h.here(), h.second(m), strings.ToUpper(codes[3]))
		ended(t, "a code", err, "")
		if n, ok := h.told.Last("backup_code_used"); !ok || n.Facts["left"] != "9" || !n.Private || n.Recipient != m.User.Email {
			t.Errorf("told %+v", n)
		}
		_, err = h.Code(h.here(), h.second(m), codes[3])
		ended(t, "once more", err, fault.NotSignedIn)
		_, err = h.Code(h.here(), h.second(m), theirs[0])
		ended(t, "somebody else's", err, fault.NotSignedIn)
		// New ones need a proof and end the old ones.
		ctx := h.as(p.Session)
		_, err = h.NewBackupCodes(ctx, account.Proof{})
		ended(t, "no proof", err, fault.NotSignedIn)
		fresh, err := h.NewBackupCodes(ctx, account.Proof{Password: good})
		ended(t, "new ones", err, "")
		_, err = h.Code(h.here(), h.second(m), codes[4])
		ended(t, "an old one", err, fault.NotSignedIn)
		_, err = h.Code(h.here(), h.second(m), fresh[4])
		ended(t, "a new one", err, "")
	})
}

func TestGuessingCodesIsSlowed(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.add(h.team, models.RoleMember, good)
		a, _ := h.withTotp(m)
		steps := make([]string, 4)
		for i := range steps {
			steps[i] = h.second(m)
		}
		replica := h.replica()
		ends := together(t, times(24, func(i int) error {
			service := h.Service
			if i%2 == 0 {
				service = replica
			}
			_, err := service.Code(h.from("203.0.113."+string(rune('1'+i%9))), steps[i%4], "000000")
			return err
		})...)
		if ends[fault.NotSignedIn] != 5 || ends[fault.RateLimited] != 19 {
			t.Errorf("%v", ends)
		}
		// The password again does not make it begin anew.
		_, err := h.Code(h.here(), h.second(m), h.code(a, 0))
		ended(t, "at once", err, fault.RateLimited)
		h.clock.Advance(time.Second)
		_, err = h.Code(h.here(), h.second(m), h.code(a, 0))
		ended(t, "after the wait", err, "")
	})
}

// A step is good at its own stage only, for a while, and with its own secret.
func TestStepsCannotBeSkipped(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.add(h.team, models.RoleAdmin, good)
		a, _ := h.withTotp(m)
		h.join(h.found("globex"), models.RoleMember, m.User.Email, "")
		step := h.second(m)
		_, err := h.Choose(h.here(), step, "acme")
		ended(t, "the team before the factor", err, fault.LinkExpired)
		_, err = h.EnrolCode(h.here(), step, h.code(a, 0))
		ended(t, "a new factor before the old", err, fault.LinkExpired)
		_, err = h.EnrolPasskey(h.here(), step, "{}")
		ended(t, "a new passkey before the old factor", err, fault.LinkExpired)
		_, err = h.Look(h.here(), step, account.StageTeam)
		ended(t, "looking ahead", err, fault.LinkExpired)
		for _, secret := range []string{"", "x", step + "x", strings.ToUpper(step)} {
			_, err = h.Code(h.here(), secret, h.code(a, 0))
			ended(t, "another secret", err, fault.LinkExpired)
		}
		p, err := h.Code(h.here(), step, h.code(a, 0))
		h.must(err)
		if p.Stage != account.StageTeam || p.Step == step || p.Session != "" || len(p.Ways) != 2 {
			t.Fatalf("%+v", p)
		}
		bad, err := h.Choose(h.here(), p.Step, "nowhere")
		if err != nil || bad.Stage != account.StageTeam || bad.Session != "" || bad.Step == p.Step {
			t.Fatalf("a team that is not theirs: %+v, %v", bad, err)
		}
		_, err = h.Choose(h.here(), p.Step, "acme")
		ended(t, "a used step", err, fault.LinkExpired)
		ends := together(t, times(4, func(int) error { _, err := h.Choose(h.here(), bad.Step, "acme"); return err })...)
		if ends[""] != 1 || ends[fault.LinkExpired] != 3 {
			t.Errorf("four at once: %v", ends)
		}
		late := h.second(m)
		h.clock.Advance(10 * time.Minute)
		_, err = h.Code(h.here(), late, h.code(a, 0))
		ended(t, "too late", err, fault.LinkExpired)
		// The password that changed takes the unfinished sign-ins along.
		open := h.second(m)
		h.password(m, other)
		_, err = h.Code(h.here(), open, h.code(a, 0))
		ended(t, "after the password changed", err, fault.LinkExpired)
	})
}

func TestPasskeyAlone(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m, somebody := h.add(h.team, models.RoleMember, good), h.add(h.team, models.RoleMember, good)
		d, theirs := h.withPasskey(m), h.withPasskey(somebody)
		ask := func() (string, string) {
			options, sealed, err := h.BeginPasskey()
			h.must(err)
			return options, sealed
		}
		options, sealed := ask()
		answer := d.answer(t, options)
		p, err := h.Passkey(h.here(), sealed, answer, "/back")
		ended(t, "a passkey", err, "")
		if p.Stage != account.StageDone || !h.alive(p.Session) || p.Email != m.User.Email || p.ReturnTo != "/back" {
			t.Fatalf("%+v", p)
		}
		if n := h.count(&models.Session{}, "user_id = ? AND method = ? AND mfa_evidence = ?", m.UserID, models.SessionPasskey, "passkey"); n != 1 {
			t.Errorf("%d sessions", n)
		}
		_, err = h.Passkey(h.here(), sealed, answer, "/")
		ended(t, "the same answer again", err, fault.LinkExpired)
		_, err = h.Passkey(h.here(), sealed, d.answer(t, options), "/")
		ended(t, "the same challenge again", err, fault.LinkExpired)

		options, sealed = ask()
		otherOptions, _ := ask()
		_, err = h.Passkey(h.here(), sealed, d.answer(t, otherOptions), "/")
		ended(t, "another browser's challenge", err, fault.NotSignedIn)
		for what, spoil := range map[string]func(d *device){
			"another origin":           func(d *device) { d.origin = "https://evil.test" },
			"a neighbour's origin":     func(d *device) { d.origin = "https://rollcall.test.evil.test" },
			"another port":             func(d *device) { d.origin = "https://rollcall.test:8443" },
			"another party":            func(d *device) { d.rp = "evil.test" },
			"nobody verified":          func(d *device) { d.Options.UserNotVerified = true },
			"nobody there":             func(d *device) { d.Options.UserNotPresent = true },
			"another user's handle":    func(d *device) { d.Options.UserHandle = handle(somebody.UserID) },
			"no handle":                func(d *device) { d.Options.UserHandle = nil },
			"a key of somebody else":   func(d *device) { d.key.Key = theirs.key.Key },
			"an unknown key":           func(d *device) { d.key = newDevice(m).key },
			"a counter that went back": func(d *device) { d.key.Counter = 0 },
		} {
			dup := *d
			spoil(&dup)
			_, err = h.Passkey(h.here(), sealed, dup.answer(t, options), "/")
			ended(t, what, err, fault.NotSignedIn)
		}
		for _, junk := range []string{"", "{}", "null", "[]", `{"id":"x"}`, strings.Repeat("{", 5000)} {
			_, err = h.Passkey(h.here(), sealed, junk, "/")
			ended(t, junk, err, fault.NotSignedIn)
		}
		for _, junk := range []string{"", "x", sealed[:len(sealed)-4], strings.ToUpper(sealed)} {
			_, err = h.Passkey(h.here(), junk, d.answer(t, options), "/")
			ended(t, "sealed "+junk, err, fault.LinkExpired)
		}
		h.clock.Advance(10 * time.Minute)
		_, err = h.Passkey(h.here(), sealed, d.answer(t, options), "/")
		ended(t, "too late", err, fault.LinkExpired)
	})
}

func TestPasskeyAsSecondFactor(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m, somebody := h.add(h.team, models.RoleMember, good), h.add(h.team, models.RoleMember, good)
		d, theirs := h.withPasskey(m), h.withPasskey(somebody)
		step := h.second(m)
		options := func(step string) string {
			w, err := h.Look(h.here(), step, account.StageFactor)
			h.must(err)
			return w.Passkey
		}
		asked := options(step)
		p, err := h.CodePasskey(h.here(), step, theirs.answer(t, asked))
		ended(t, "somebody else's", err, fault.NotSignedIn)
		if p.Stage != account.StageFactor || p.Step == step || p.Step == "" || p.Session != "" || options(p.Step) == asked {
			t.Fatalf("after a wrong one: %+v", p)
		}
		_, err = h.CodePasskey(h.here(), step, d.answer(t, asked))
		ended(t, "the old step", err, fault.LinkExpired)
		again, err := h.CodePasskey(h.here(), p.Step, d.answer(t, asked))
		ended(t, "the old challenge", err, fault.NotSignedIn)
		in, err := h.CodePasskey(h.here(), again.Step, d.answer(t, options(again.Step)))
		ended(t, "the right one", err, "")
		if in.Stage != account.StageDone || !h.alive(in.Session) {
			t.Errorf("%+v", in)
		}
		// The challenge of a second factor is none of a sign-in without a password.
		_, err = h.Passkey(h.here(), again.Step, d.answer(t, options(h.second(m))), "/")
		ended(t, "mixed up", err, fault.LinkExpired)
	})
}

func TestAdminsOfEnforcedTeamsNeedAFactor(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.add(h.team, models.RoleAdmin, good)
		h.state(h.team, models.SsoEnforced)
		begin := func() account.Progress {
			p, err := h.Password(h.here(), m.User.Email, good, "/back")
			h.must(err)
			if p.Stage != account.StageEnrol || p.Session != "" {
				t.Fatalf("%+v", p)
			}
			return p
		}
		stale := begin()
		p := begin()
		w, err := h.Look(h.here(), p.Step, account.StageEnrol)
		h.must(err)
		a := h.appOf(w.Key)
		_, err = h.Look(h.here(), stale.Step, account.StageEnrol)
		ended(t, "the key of an earlier one", err, fault.LinkExpired)
		_, err = h.EnrolCode(h.here(), p.Step, "000000")
		ended(t, "a wrong code", err, fault.NotSignedIn)
		_, err = h.Code(h.here(), p.Step, h.code(a, 0))
		ended(t, "a factor that does not count yet", err, fault.LinkExpired)
		in, err := h.EnrolCode(h.here(), p.Step, h.code(a, 0))
		ended(t, "the right code", err, "")
		if in.Stage != account.StageDone || !h.alive(in.Session) || len(in.Codes) != 10 || in.ReturnTo != "/back" {
			t.Fatalf("%+v", in)
		}
		// The last factor stays.
		ctx := h.as(in.Session)
		o, err := h.Overview(ctx)
		h.must(err)
		ended(t, "removing it", h.RemoveFactor(ctx, account.Proof{Password: good}, o.Factors[0].ID), fault.SecondFactorRequired)
		// A passkey does as well.
		n := h.add(h.team, models.RoleAdmin, good)
		p, err = h.Password(h.here(), n.User.Email, good, "/")
		h.must(err)
		w, err = h.Look(h.here(), p.Step, account.StageEnrol)
		h.must(err)
		in, err = h.EnrolPasskey(h.here(), p.Step, newDevice(n).make(t, w.Passkey))
		ended(t, "a passkey", err, "")
		if in.Stage != account.StageDone || !h.alive(in.Session) {
			t.Errorf("%+v", in)
		}
		// And for nobody else is single sign-on enforced away.
		member := h.add(h.team, models.RoleMember, good)
		p, err = h.Password(h.here(), member.User.Email, good, "/")
		if err != nil || p.Stage != account.StageElsewhere {
			t.Errorf("a member: %+v, %v", p, err)
		}
	})
}
