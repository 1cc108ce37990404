package roster_test

import (
	"fmt"
	"testing"

	"gorm.io/gorm"

	"rollcall/fault"
	"rollcall/internal/idptest"
	"rollcall/models"
	"rollcall/roster"
)

// proved gives the house's team a domain.
func (h *house) proved(name string) {
	h.Helper()
	h.must(h.db.InTx(h.Context(), func(tx *gorm.DB) error {
		return tx.Create(&models.Domain{ID: newID(h), TeamID: h.team.ID, Name: name, Challenge: "x", Held: true, NextAt: h.clock.Now(), CreatedAt: h.clock.Now()}).Error
	}))
}

// open are the conflicts of a member that nobody settled.
func (h *house) open(m models.ID) (rows []models.IdentityConflict) {
	h.Helper()
	h.must(h.db.Read(h.Context()).Where("membership_id = ? AND resolution = 'OPEN'", m).Order("id").Find(&rows).Error)
	return rows
}

// A known person by another NameID of the same provider is refused, and an admin
// decides whether it is the same person.
func TestNameIDChange(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.proved("acme.test") // not even the team's own domain settles it
		m, err := h.signIn(who("00u1", "ada@acme.test"))
		h.must(err)
		secrets := h.credentials(m.Member)
		for range 2 {
			h.turnedAway("another NameID", who("00u2", "Ada@acme.test"), fault.NameIDChanged)
		}
		found := h.open(m.ID)
		same(t, "one conflict", []any{len(found), found[0].Kind, found[0].NameID, found[0].Email, found[0].Times}, []any{1, "NAMEID_CHANGED", "00u2", "Ada@acme.test", 2})
		var attempt models.LoginAttempt
		h.must(h.db.Read(t.Context()).Where("code = 'nameid_changed'").Order("id DESC").Limit(1).Find(&attempt).Error)
		same(t, "the attempt names it", *attempt.ConflictID, found[0].ID)

		member := h.direct(models.RoleMember)
		other, _ := h.found("other")
		stranger := h.add(other, models.KindPerson, models.RoleAdmin)
		ended(t, "by a member", first(h.Relink(h.as(member), found[0].ID)), fault.Forbidden)
		ended(t, "by another team's admin", first(h.Relink(h.as(stranger), found[0].ID)), fault.Missing)
		ended(t, "dismissed by another team's admin", first(h.DismissConflict(h.as(stranger), found[0].ID)), fault.Missing)
		list, _, err := h.Conflicts(h.as(h.root), h.team.ID, roster.ConflictFilter{Open: ptr(true)}, models.Window{Limit: 10})
		h.must(err)
		same(t, "listed", len(list), 1)
		_, _, err = h.Conflicts(h.as(member), h.team.ID, roster.ConflictFilter{}, models.Window{Limit: 10})
		ended(t, "listed for a member", err, fault.Forbidden)

		done, err := h.Relink(h.as(h.root), found[0].ID)
		h.must(err)
		same(t, "what ended", []any{done.Receipt.Sessions, done.Receipt.APIKeys, h.live(secrets), done.Conflict.Resolution}, []any{2, 1, 0, "RELINKED"})
		ended(t, "twice", first(h.Relink(h.as(h.root), found[0].ID)), fault.Clash)
		again, err := h.signIn(who("00u2", "ada@acme.test"))
		h.must(err)
		same(t, "the same member", again.ID, m.ID)
		h.turnedAway("the old NameID", who("00u1", "ada@acme.test"), fault.NameIDChanged)
		dismissed, err := h.DismissConflict(h.as(h.root), h.open(m.ID)[0].ID)
		h.must(err)
		same(t, "dismissed", []any{dismissed.Resolution, dismissed.ResolvedBy, len(h.open(m.ID))}, []any{"DISMISSED", h.root.User.Email, 0})
		same(t, "the member", h.count(&models.ExternalIdentity{}, "membership_id = ?", m.ID), 1)
		events := actions(h.told(m.ID))
		same(t, "events", events[len(events)-2:], []string{"membership.identity_relinked", "identity_conflict.dismissed"})
	})
}

// Somebody whom provisioning announced comes by an opaque NameID: only a domain
// that the team proved makes the address enough.
func TestJoinByAddress(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.provision(wanted("ada@acme.test"))
		h.turnedAway("no domain", who("opaque-1", "ada@acme.test"), fault.LoginAccountConflict)
		same(t, "for an admin", []any{h.open(m.ID)[0].Kind, h.open(m.ID)[0].NameID}, []any{"IDENTITY_UNKNOWN", "opaque-1"})
		// Another team may hold it: that proves nothing here.
		other, idp := h.found("other")
		h.provision(wanted("bob@globex.test"))
		h.must(h.db.InTx(t.Context(), func(tx *gorm.DB) error {
			return tx.Create(&models.Domain{ID: newID(t), TeamID: other.ID, Name: "globex.test", Held: true, NextAt: h.clock.Now(), CreatedAt: h.clock.Now()}).Error
		}))
		h.turnedAway("another team's domain", who("opaque-2", "bob@globex.test"), fault.LoginAccountConflict)
		in, err := h.SignIn(h.request(), h.judged(other, idp, who("opaque-2", "bob@globex.test")))
		ended(t, "the domain's team, whose account it is not", err, fault.LoginAccountConflict)
		same(t, "nobody is asked", in.Upgrade == nil, true)

		h.proved("acme.test")
		for i, look := range []string{"ada@ACME.test.evil.test", "ada@sub.acme.test", "ａda@acme.test", "ada@acme.tesｔ"} {
			if got, err := h.signIn(who(fmt.Sprint("look-", i), look)); err == nil && got.ID == m.ID {
				t.Errorf("%s is taken for the member", look)
			}
		}
		h.turnedAway("letters that look alike", who("opaque-3", "\u212Aate@acme.test"), "") // nobody yet: made
		h.provision(wanted("kim@acme.test"))
		h.turnedAway("the sign of kelvin", who("opaque-4", "\u212Aim@acme.test"), fault.LoginAccountConflict)
		got, err := h.signIn(who("opaque-1", "ADA@acme.test"))
		ended(t, "capitals", err, "")
		if err == nil {
			same(t, "the announced member", []any{got.ID, got.User.Email}, []any{m.ID, "ada@acme.test"})
		}
		// Out stays out, whatever the domain.
		out := h.provision(wanted("out@acme.test"))
		h.must(first(h.Deactivate(h.operator(), out.ID, "")))
		h.turnedAway("deactivated", who("opaque-5", "out@acme.test"), fault.UserDeactivated)
		gone := h.provision(wanted("gone@acme.test"))
		h.must(first(h.Remove(h.operator(), gone.ID)))
		h.turnedAway("removed", who("opaque-6", "gone@acme.test"), fault.UserRemoved)
		// A direct account in the domain is its owner's all the same.
		direct := h.direct(models.RoleMember)
		h.turnedAway("a direct account", who("opaque-7", direct.User.Email), fault.UpgradeRequired)
	})
}

// An admin joins by hand what nothing proves: but never somebody's own account.
func TestRelinkOfSomebodyAnnounced(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.provision(wanted("ada@acme.test"))
		h.turnedAway("opaque", who("opaque-1", "ada@acme.test"), fault.LoginAccountConflict)
		found := h.open(m.ID)
		h.update(&models.User{}, m.UserID, map[string]any{"managed_by_team_id": nil})
		ended(t, "let go of", first(h.Relink(h.as(h.root), found[0].ID)), fault.Clash)
		h.update(&models.User{}, m.UserID, map[string]any{"managed_by_team_id": h.team.ID})
		h.must(first(h.Relink(h.as(h.root), found[0].ID)))
		in, err := h.signIn(who("opaque-1", "ada@acme.test"))
		h.must(err)
		same(t, "joined", in.ID, m.ID)
		// An identity that is somebody's by now.
		b := h.provision(wanted("bob@acme.test"))
		h.turnedAway("bob", who("opaque-2", "bob@acme.test"), fault.LoginAccountConflict)
		conflict := h.open(b.ID)[0]
		h.must(first(h.signIn(who("opaque-2", "carol@acme.test"))))
		ended(t, "taken", first(h.Relink(h.as(h.root), conflict.ID)), fault.Clash)
	})
}

// The names by which guests and others without a mailbox of the team come.
func TestGuestsAndOpaqueNames(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		guest := idptest.Person{NameID: "ada_globex.test#EXT#@acme.onmicrosoft.com", Email: "ada@globex.test", FirstName: "Ada"}
		in, err := h.signIn(guest)
		h.must(err)
		same(t, "a guest", []any{in.User.Email, in.UserName}, []any{"ada@globex.test", "ada@globex.test"})
		again, err := h.signIn(guest)
		h.must(err)
		same(t, "again", again.ID, in.ID)
		// Another guest whose address folds to the first one's name is somebody else.
		other, err := h.signIn(idptest.Person{NameID: "ada_globex.test#EXT#@acme2.onmicrosoft.com", Email: "ada@globex2.test"})
		h.must(err)
		same(t, "two people", other.ID != in.ID, true)
		h.turnedAway("the guest's name in capitals", idptest.Person{NameID: "ADA_globex.test#EXT#@acme.onmicrosoft.com", Email: "ada@globex.test"}, fault.NameIDChanged)
		// By provisioning first: Entra's userName of a guest is that name.
		m := h.provision(roster.ScimUser{UserName: "bob_globex.test#EXT#@acme.onmicrosoft.com", Email: "bob@globex.test", Active: true})
		joined, err := h.signIn(idptest.Person{NameID: "bob_globex.test#ext#@acme.onmicrosoft.com", Email: "bob@globex.test"})
		h.must(err)
		same(t, "announced", joined.ID, m.ID)
	})
}

// Only domains that the team lets in, for whoever is new.
func TestAllowedDomains(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.must(h.db.InTx(t.Context(), func(tx *gorm.DB) error {
			return tx.Model(&models.SsoSettings{}).Where("team_id = ?", h.team.ID).Update("allowed_domains", `["acme.test"]`).Error
		}))
		h.turnedAway("another domain", who("00u1", "ada@evil.test"), fault.DomainNotAllowed)
		h.turnedAway("one that looks alike", who("00u1", "ada@\u0430cme.test"), fault.DomainNotAllowed)
		h.must(first(h.signIn(who("00u1", "ada@ACME.test"))))
		in, err := h.signIn(who("00u1", "ada@evil.test"))
		h.must(err)
		same(t, "a known person keeps coming", []any{in.User.Email, h.open(in.ID)[0].Kind}, []any{"ada@ACME.test", "EMAIL_NOT_ALLOWED"})
		elsewhere, _ := h.found("other")
		stranger := h.add(elsewhere, models.KindPerson, models.RoleMember)
		h.update(&models.User{}, stranger.UserID, map[string]any{"email": "s@evil.test", "email_key": "s@evil.test"})
		h.turnedAway("an account of its own", who("00u2", "s@evil.test"), fault.DomainNotAllowed)
	})
}
