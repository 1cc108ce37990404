package roster_test

import (
	"crypto/rand"
	"encoding/hex"
	"testing"
	"time"

	"rollcall/access"
	"rollcall/fault"
	"rollcall/internal/idptest"
	"rollcall/models"
	"rollcall/roster"
	"rollcall/sso"
)

// turnedAway fails the test unless the person is refused with the code, nobody
// is made, no session is opened and the attempt says so.
func (h *house) turnedAway(what string, p idptest.Person, code fault.Code) {
	h.Helper()
	before := h.people()
	in, err := h.signIn(p)
	ended(h, what, err, code)
	if err == nil {
		return
	}
	same(h, what+": rows", h.people(), before)
	same(h, what+": answer", []any{in.ID, in.SessionSecret, in.Session.ID}, []any{"", "", ""})
	var row models.LoginAttempt
	h.must(h.db.Read(h.Context()).Where("id = ?", in.AttemptID).Take(&row).Error)
	same(h, what+": attempt", []any{row.Outcome, row.Code, row.MembershipID == nil}, []any{"REFUSED", code, true})
}

// people counts what a sign-in could make.
func (h *house) people() (n [4]int64) {
	h.Helper()
	for i, row := range []any{&models.User{}, &models.Membership{}, &models.ExternalIdentity{}, &models.Session{}} {
		n[i] = h.count(row, "1 = 1")
	}
	return n
}

// Somebody whom nobody knew is made on the spot.
func TestFirstSignIn(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		in, err := h.signIn(who("00u1", "Ada@Acme.test"))
		h.must(err)
		m, u := in.Membership, in.User
		same(t, "account", []any{u.Email, u.EmailKey, u.GivenName, u.FamilyName, u.Name, u.Kind, u.Origin, *u.ManagedByTeamID, u.VerifiedAt},
			[]any{"Ada@Acme.test", "ada@acme.test", "Ada", "Lovelace", "Ada Lovelace", "PERSON", "SSO", h.team.ID, nil})
		same(t, "membership", []any{m.TeamID, m.UserID, m.Role, m.RoleSource, m.Status, m.Source, m.ScimManaged, m.UserName, m.ExternalID, m.LastSeenAt, m.Revision},
			[]any{h.team.ID, u.ID, "MEMBER", "DEFAULT", "ACTIVE", "JIT", false, "Ada@Acme.test", nil, h.clock.Now(), 1})
		stored, _ := h.find(m.ID)
		same(t, "stored", stored.UserID, m.UserID)
		var x models.ExternalIdentity
		h.must(h.db.Read(h.Context()).Where("membership_id = ?", m.ID).Take(&x).Error)
		same(t, "identity", []any{x.TeamID, x.Issuer, x.NameID, x.LastLoginAt}, []any{h.team.ID, h.idp.EntityID, "00u1", h.clock.Now()})

		a, err := h.store.AuthenticateSession(h.Context(), in.SessionSecret)
		h.must(err)
		same(t, "session's person", a, access.Actor{Kind: access.Person, TeamID: h.team.ID, UserID: u.ID, MembershipID: m.ID, Role: models.RoleMember, CredentialID: in.Session.ID, Label: u.Email, Unverified: true})
		same(t, "session", []any{in.Session.NameID, in.Session.IP, in.Session.ExpiresAt.Sub(h.clock.Now()), in.Session.IdleExpiresAt.Sub(h.clock.Now()), in.ReturnTo},
			[]any{"00u1", "192.0.2.7", 24 * time.Hour, 8 * time.Hour, "/welcome"})
		var attempt models.LoginAttempt
		h.must(h.db.Read(h.Context()).Where("id = ?", in.AttemptID).Take(&attempt).Error)
		same(t, "attempt", []any{attempt.Outcome, *attempt.MembershipID}, []any{"SUCCEEDED", m.ID})

		// The account is the identity provider's doing, the session the person's.
		made, opened := h.told(m.ID), h.told(in.Session.ID)
		same(t, "made", []any{actions(made), made[0].ActorKind, made[0].ActorLabel, made[0].TargetLabel, detail(made[0], "source"), detail(made[0], "role"), made[0].RequestID},
			[]any{[]string{"membership.provisioned"}, "SYSTEM", h.idp.EntityID, "Ada@Acme.test", "JIT", "MEMBER", "req-1"})
		same(t, "opened", []any{actions(opened), opened[0].ActorKind, *opened[0].ActorID, detail(opened[0], "identityProvider")}, []any{[]string{"session.opened"}, "PERSON", u.ID, h.idp.EntityID})
	})
}

// The settings of the moment decide the role of somebody new and the length of
// everybody's session.
func TestSettingsAtSignIn(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		early, err := h.signIn(who("early", "early@acme.test"))
		h.must(err)
		h.change(h.team, sso.SettingsChange{DefaultRole: ptr(models.RoleViewer), SessionHours: ptr(2), SessionIdleMinutes: ptr(10)})
		late, err := h.signIn(who("late", "late@acme.test"))
		h.must(err)
		same(t, "role of somebody new", []any{late.Role, late.RoleSource}, []any{"VIEWER", "DEFAULT"})
		same(t, "session", []time.Duration{late.Session.ExpiresAt.Sub(h.clock.Now()), late.Session.IdleExpiresAt.Sub(h.clock.Now())}, []time.Duration{2 * time.Hour, 10 * time.Minute})
		again, err := h.signIn(who("early", "early@acme.test"))
		h.must(err)
		same(t, "role of somebody who was there", again.Role, early.Role)
	})
}

// Whoever signed in before is known by issuer and NameID, whatever else the
// assertion says.
func TestKnownIdentity(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		in, err := h.signIn(who("00u1", "ada@acme.test"))
		h.must(err)
		_, err = h.ChangeRole(h.as(h.root), in.ID, models.RoleViewer, nil)
		h.must(err)
		other := h.direct(models.RoleAdmin)
		h.clock.Advance(time.Hour)
		for name, p := range map[string]idptest.Person{
			"the same":            who("00u1", "ada@acme.test"),
			"in capitals":         who("00u1", "ADA@acme.test"),
			"an admin's address":  who("00u1", other.User.Email),
			"a stranger's format": {NameID: "00u1", Email: "ada@acme.test"},
		} {
			before := h.people()
			again, err := h.signIn(p)
			h.must(err)
			before[3]++
			same(t, name+": rows", h.people(), before)
			same(t, name, []any{again.ID, again.UserID, again.User.Email, again.Role}, []any{in.ID, in.UserID, "ada@acme.test", "VIEWER"})
		}
		row, _ := h.find(in.ID)
		same(t, "seen", row.LastSeenAt.UTC(), h.clock.Now())
		same(t, "last login", h.count(&models.ExternalIdentity{}, "membership_id = ? AND last_login_at = ?", in.ID, h.clock.Now()), 1)
		same(t, "revision", row.Revision, 2) // a sign-in is no change
		// NameIDs are compared to the letter.
		h.turnedAway("another NameID in capitals", who("00U1", "ada@acme.test"), fault.NameIDChanged)
		h.turnedAway("another NameID", who("00u2", "ada@acme.test"), fault.NameIDChanged)
	})
}

// Somebody whom the team's own provisioning announced is joined by the names
// that provisioning gave, and never by the address alone.
func TestAnnounced(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		byID := h.provision(roster.ScimUser{UserName: "one@acme.test", Email: "one@acme.test", ExternalID: ptr("00u1"), Active: true})
		byName := h.provision(wanted("Two@Acme.test"))
		élise := h.provision(roster.ScimUser{UserName: "Élise", Email: "three@acme.test", Active: true})
		for _, c := range []struct {
			name string
			p    idptest.Person
			want roster.Member
		}{
			{"by externalId", who("00u1", "whatever@acme.test"), byID},
			{"by userName", named("two@acme.test"), byName},
			{"by userName, in Unicode", who("éLISE", "nobody@acme.test"), élise},
		} {
			in, err := h.signIn(c.p)
			h.must(err)
			same(t, c.name, []any{in.ID, in.User.Email, in.Source, *in.LastSeenAt}, []any{c.want.ID, c.want.User.Email, "SCIM", h.clock.Now()})
			events := h.told(in.ID)
			same(t, c.name+": events", []any{actions(events), events[1].ActorKind, events[1].ActorLabel}, []any{[]string{"membership.provisioned", "membership.identity_linked"}, "SYSTEM", h.idp.EntityID})
			again, err := h.signIn(c.p)
			h.must(err)
			same(t, c.name+", again", []any{again.ID, len(h.told(in.ID))}, []any{in.ID, 2})
		}
		// externalIds are exact, and belong to one person.
		h.turnedAway("externalId in capitals", who("00U1", "one@acme.test"), fault.NameIDChanged)
		h.turnedAway("a NameID that is nobody's name, with a member's address", who("00u9", "two@acme.test"), fault.NameIDChanged)
		// Once linked under a NameID, a member is not linked under another one.
		changed := present(byID)
		changed.ExternalID = ptr("00u1-new")
		_, err := h.push(byID, changed)
		h.must(err)
		h.turnedAway("a changed externalId", who("00u1-new", "one@acme.test"), fault.NameIDChanged)
		// Two members by one name: neither.
		h.provision(roster.ScimUser{UserName: "four@acme.test", Email: "four@acme.test", ExternalID: ptr("five@acme.test"), Active: true})
		h.provision(wanted("five@acme.test"))
		h.turnedAway("two members", named("five@acme.test"), fault.LoginAccountConflict)
		// Announced but shut out.
		out := wanted("six@acme.test")
		out.Active = false
		h.provision(out)
		h.turnedAway("announced as inactive", named("six@acme.test"), fault.UserDeactivated)
		// Another team's client announces nobody here.
		other, _ := h.found("other")
		_, err = h.ProvisionScim(h.operator(), other.ID, roster.ScimUser{UserName: "seven", Email: "seven@other.test", ExternalID: ptr("00u7"), Active: true})
		h.must(err)
		in, err := h.signIn(who("00u7", "seven@acme.test"))
		h.must(err)
		same(t, "made here", []any{in.Source, in.TeamID}, []any{"JIT", h.team.ID})
		h.turnedAway("the other team's person", who("00u8", "seven@other.test"), fault.LoginAccountConflict)
	})
}

// A team that moves to another provider keeps its people: provisioning's names
// join the new identity to the old member.
func TestSecondProvider(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.provision(wanted("ada@acme.test"))
		h.must(first(h.signIn(named("ada@acme.test"))))
		next := h.newIDP("next")
		h.trust(h.team, next)
		in, err := h.SignIn(h.request(), h.judged(h.team, next, named("ada@acme.test")))
		h.must(err)
		same(t, "the same member", in.ID, m.ID)
		same(t, "identities", h.count(&models.ExternalIdentity{}, "membership_id = ?", m.ID), 2)
		// Somebody who only ever came by the old one is not taken over by it.
		old := h.jit()
		_, err = h.SignIn(h.request(), h.judged(h.team, next, named(old.User.Email)))
		ended(t, "not announced", err, fault.LoginAccountConflict)
	})
}

// An account that the team does not manage is nobody's to take by its address.
func TestAccountsAreNotTaken(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		other, idp := h.found("other")
		elsewhere := h.add(other, models.KindPerson, models.RoleMember)
		managed, err := h.SignIn(h.request(), h.judged(other, idp, named("managed@other.test")))
		h.must(err)
		robot := h.add(h.team, models.KindIntegration, models.RoleMember)
		left := h.direct(models.RoleMember)
		h.must(first(h.Remove(h.operator(), left.ID)))
		member := h.direct(models.RoleMember)
		off := h.direct(models.RoleMember)
		h.must(first(h.Deactivate(h.operator(), off.ID, "")))
		for _, c := range []struct {
			name, address string
			want          fault.Code
		}{
			{"the direct admin's", h.root.User.Email, fault.UpgradeRequired},
			{"a direct member's", member.User.Email, fault.UpgradeRequired},
			{"a deactivated direct member's", off.User.Email, fault.UserDeactivated},
			{"a robot's", robot.User.Email, fault.LoginAccountConflict},
			{"a direct account's on another team", elsewhere.User.Email, fault.UpgradeRequired},
			{"that of another team's person", managed.User.Email, fault.LoginAccountConflict},
			{"a removed direct member's", left.User.Email, fault.UserRemoved},
		} {
			h.turnedAway(c.name, named(c.address), c.want)
			h.turnedAway(c.name+", by another NameID", who("00u1", c.address), c.want)
		}
		// Nor by an address that only looks different.
		h.update(&models.User{}, member.UserID, map[string]any{"email": "Jürgen@acme.test", "email_key": models.Fold("Jürgen@acme.test")})
		for address, want := range map[string]fault.Code{
			"jürgen@acme.test": fault.UpgradeRequired, "JÜRGEN@ACME.TEST": fault.UpgradeRequired,
			"ju\u0308rgen@acme.test": fault.LoginAccountConflict, "ｊürgen@acme.test": fault.LoginAccountConflict,
		} {
			h.turnedAway(address, who("00u1", address), want)
		}
	})
}

// A team may take only people who were announced.
func TestJitOff(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		known, err := h.signIn(who("00u1", "known@acme.test"))
		h.must(err)
		h.change(h.team, sso.SettingsChange{JitEnabled: ptr(false)})
		h.turnedAway("a stranger", who("00u2", "stranger@acme.test"), fault.JitDisabled)
		again, err := h.signIn(who("00u1", "known@acme.test"))
		h.must(err)
		same(t, "somebody known", again.ID, known.ID)
		m := h.provision(wanted("new@acme.test"))
		announced, err := h.signIn(named("new@acme.test"))
		h.must(err)
		same(t, "somebody announced", announced.ID, m.ID)
	})
}

// Addresses and names that cannot be stored are refused and not mended.
func TestUnusablePeople(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		for _, p := range []idptest.Person{{NameID: "00u1", Email: "o'brien@acme.test"}, {NameID: "00u2", Email: "jürgen@bücher.test", FirstName: "Jür\u0308gen", LastName: "\u200fעברית"}} {
			if _, err := h.signIn(p); err != nil {
				t.Errorf("%s: %v", p.Email, err)
			}
		}
		l := h.judged(h.team, h.idp, who("00u3", "x@acme.test"))
		l.Assertion.Email = "x@acme.test\x00" // what package saml would have to let through
		_, err := h.SignIn(h.request(), l)
		ended(t, "a zero byte", err, fault.EmailInvalid)
	})
}

// A refused sign-in spends its assertion like a good one.
func TestRefusalSpends(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.change(h.team, sso.SettingsChange{JitEnabled: ptr(false)})
		login := h.judged(h.team, h.idp, who("00u1", "ada@acme.test"))
		ended(t, "first", first(h.SignIn(h.request(), login)), fault.JitDisabled)
		h.change(h.team, sso.SettingsChange{JitEnabled: ptr(true)})
		in, err := h.SignIn(h.request(), login)
		ended(t, "the same again", err, fault.AssertionReplayed)
		same(t, "attempts", []any{in.AttemptID != "", h.count(&models.LoginAttempt{}, "1 = 1")}, []any{true, 2})
		h.must(first(h.signIn(who("00u1", "ada@acme.test"))))
	})
}

// The longest issuer and the longest NameID that may come still fit into the
// index that knows people by them.
func TestLongestNames(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		random := func(n int) string {
			t.Helper()
			text := make([]byte, n/2)
			if _, err := rand.Read(text); err != nil {
				t.Fatal(err)
			}
			return hex.EncodeToString(text)
		}
		idp := h.newIDP("long")
		idp.EntityID = "https://" + random(1024-8)
		h.trust(h.team, idp)
		p := who(random(1024), "long@acme.test")
		in, err := h.SignIn(h.request(), h.judged(h.team, idp, p))
		h.must(err)
		again, err := h.SignIn(h.request(), h.judged(h.team, idp, p))
		h.must(err)
		same(t, "who", again.ID, in.ID)
		h.must(first(h.Remove(h.operator(), in.ID)))
		_, err = h.SignIn(h.request(), h.judged(h.team, idp, p))
		ended(t, "removed", err, fault.UserRemoved)
	})
}
