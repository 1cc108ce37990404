package sso_test

import (
	"testing"
	"time"

	"gorm.io/gorm"

	"rollcall/fault"
	"rollcall/models"
	"rollcall/saml"
	"rollcall/sso"
)

// use does with a login what the roster does, for somebody who may come in: one
// transaction that spends it and records the attempt, a refusal too.
func (h *house) use(login sso.Login) (who models.ID, attempt models.ID, err error) {
	var reason error
	err = h.db.InTx(h.request(), func(tx *gorm.DB) error {
		l := login
		reason = l.Consume(tx, h.clock.Now())
		if _, ok := fault.As(reason); reason != nil && !ok {
			return reason
		}
		who = login.Team.ID
		var err error
		attempt, err = l.Record(h.request(), tx, h.sso, who, reason)
		return err
	})
	if err == nil {
		err = reason
	}
	return who, attempt, err
}

// failures are the names of an attempt's failed checks.
func failures(row models.LoginAttempt) (names []string) {
	for _, c := range row.Checks {
		if c.Status == string(saml.Fail) {
			names = append(names, c.Name)
		}
	}
	return names
}

func TestUsedOnce(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team, idp := h.found("acme")
		_, cert := h.ofTeam(team)
		packed := h.respond(idp, h.about(idp, team, h.begin(team)))
		login, double := h.accepted(team, packed), h.accepted(team, packed)
		who, attempt, err := h.use(login)
		h.must(err)
		row := h.attempt(attempt)
		same(t, "attempt", []any{row.Outcome, *row.CertificateID, *row.MembershipID, *row.IdentityProviderID, failures(row)}, []any{"SUCCEEDED", cert.ID, who, login.Provider.ID, []string(nil)})
		var seen models.SeenAssertion
		h.must(h.db.Read(h.Context()).Take(&seen).Error)
		if string(seen.AssertionHash) == login.Assertion.ID || len(seen.AssertionHash) != 32 {
			t.Error("the assertion's id is kept as it is")
		}
		same(t, "remembered until", seen.ExpiresAt, h.clock.Now().Add(5*time.Minute+saml.DefaultSkew))

		// Judged before it was used, used after: too late.
		_, attempt, err = h.use(double)
		ended(t, "again", err, fault.AssertionReplayed)
		row = h.attempt(attempt)
		same(t, "second attempt", []any{row.Outcome, row.Code, failures(row)}, []any{"REFUSED", "assertion_replayed", []string{"replay"}})
		// Judged after it was used: the request is gone.
		_, _, err = h.judge(team, packed)
		ended(t, "posted again", err, fault.RequestUnknown)

		// Another assertion for the same request.
		id := h.begin(team)
		one, two := h.accepted(team, h.respond(idp, h.about(idp, team, id))), h.accepted(team, h.respond(idp, h.about(idp, team, id)))
		_, _, err = h.use(one)
		h.must(err)
		_, attempt, err = h.use(two)
		ended(t, "a second answer", err, fault.RequestUnknown)
		row = h.attempt(attempt)
		same(t, "its attempt", []any{row.Code, failures(row)}, []any{"request_unknown", []string{"replay"}})
	})
}

// A transaction that fails spends nothing.
func TestUndone(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team, idp := h.found("acme")
		login := h.accepted(team, h.respond(idp, h.about(idp, team, h.begin(team))))
		err := h.db.InTx(h.Context(), func(tx *gorm.DB) error {
			l := login
			if err := l.Consume(tx, h.clock.Now()); err != nil {
				return err
			}
			return fault.New(fault.LastAdmin, "no")
		})
		ended(t, "undone", err, fault.LastAdmin)
		_, _, err = h.use(login)
		ended(t, "afterwards", err, "")
	})
}

// Sixteen browsers, or one impatient one, post at the same moment.
func TestUsedOnceAtOnce(t *testing.T) {
	const n = 16
	eachHouse(t, func(t *testing.T, h *house) {
		team, idp := h.found("acme")
		h.must(first(h.sso.UpdateSettings(h.operator(), team.ID, sso.SettingsChange{IdpInitiatedEnabled: ptr(true)})))
		for _, c := range []struct {
			name       string
			asked, one bool // whether there is a request, and whether all post the same message
			want       map[fault.Code]int
		}{
			{"one message", true, true, map[fault.Code]int{"": 1, fault.AssertionReplayed: n - 1}},
			{"one message that nobody asked for", false, true, map[fault.Code]int{"": 1, fault.AssertionReplayed: n - 1}},
			{"many answers to one request", true, false, map[fault.Code]int{"": 1, fault.RequestUnknown: n - 1}},
			{"many messages that nobody asked for", false, false, map[fault.Code]int{"": n}},
		} {
			before, id := h.count(&models.LoginAttempt{}, "1 = 1"), ""
			if c.asked {
				id = h.begin(team)
			}
			packed := h.respond(idp, h.about(idp, team, id))
			logins := make([]sso.Login, n)
			for i := range logins { // all are judged before the first is used
				if !c.one {
					packed = h.respond(idp, h.about(idp, team, id))
				}
				logins[i] = h.accepted(team, packed)
			}
			ends := together(t, n, func(i int) error { _, _, err := h.use(logins[i]); return err })
			same(t, c.name, ends, c.want)
			same(t, c.name+": attempts", h.count(&models.LoginAttempt{}, "1 = 1")-before, n)
		}
	})
}

// The certificate's last use is exact to a minute and no point of contention:
// sign-ins that arrive together write it once.
func TestCertificateLastUse(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team, idp := h.found("acme")
		h.must(first(h.sso.UpdateSettings(h.operator(), team.ID, sso.SettingsChange{IdpInitiatedEnabled: ptr(true)})))
		lastUse := func() time.Duration {
			_, c := h.ofTeam(team)
			if c.LastUsedAt == nil {
				return -1
			}
			return c.LastUsedAt.Sub(h.clock.Now())
		}
		signIn := func() {
			t.Helper()
			_, _, err := h.use(h.accepted(team, h.respond(idp, h.about(idp, team, ""))))
			h.must(err)
		}
		same(t, "before", lastUse(), time.Duration(-1))
		signIn()
		same(t, "at the first sign-in", lastUse(), time.Duration(0))
		h.clock.Advance(time.Minute)
		signIn()
		same(t, "a minute later", lastUse(), -time.Minute)
		h.clock.Advance(time.Microsecond)
		signIn()
		same(t, "a moment later", lastUse(), time.Duration(0))
		h.clock.Advance(time.Hour)
		_, _, err := h.judge(team, h.respond(idp, h.about(idp, team, "_0123456789abcdef0123456789abcdef")))
		ended(t, "a refused one", err, fault.RequestUnknown)
		same(t, "after a refused one", lastUse(), -time.Hour)
		logins := make([]sso.Login, 8)
		for i := range logins {
			logins[i] = h.accepted(team, h.respond(idp, h.about(idp, team, "")))
		}
		ends := together(t, len(logins), func(i int) error {
			_, _, err := h.use(logins[i])
			return err
		})
		same(t, "at once", ends, map[fault.Code]int{"": len(logins)})
		same(t, "after them", lastUse(), time.Duration(0))
	})
}

// An identity provider that is deleted and made anew does not take the memory
// of its assertions along.
func TestUsedOnceByAProviderMadeAnew(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team, idp := h.found("acme")
		_, err := h.sso.UpdateSettings(h.operator(), team.ID, sso.SettingsChange{IdpInitiatedEnabled: ptr(true)})
		h.must(err)
		packed := h.respond(idp, h.about(idp, team, ""))
		_, _, err = h.use(h.accepted(team, packed))
		h.must(err)

		old, _ := h.ofTeam(team)
		_, err = h.sso.Disable(h.operator(), team.ID, "")
		h.must(err)
		_, err = h.sso.DeleteIdentityProvider(h.operator(), old.ID)
		h.must(err)
		_, err = h.sso.ImportMetadata(h.operator(), team.ID, string(idp.Metadata()))
		h.must(err)
		_, err = h.sso.Enable(h.operator(), team.ID, true)
		h.must(err)
		_, _, err = h.use(h.accepted(team, packed))
		ended(t, "the same assertion again", err, fault.AssertionReplayed)
	})
}
