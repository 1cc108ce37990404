package roster_test

import (
	"testing"

	"rollcall/fault"
	"rollcall/internal/idptest"
	"rollcall/models"
	"rollcall/roster"
)

// Somebody who was removed is kept out by everything that they could be known
// by again: each identity, the address, and the names that provisioning gave,
// by which it would let them in.
func TestOutStaysOut(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		remove := func(m roster.Member) {
			t.Helper()
			h.must(first(h.Remove(h.operator(), m.ID)))
		}
		in, err := h.signIn(who("00u1", "Ada@acme.test"))
		h.must(err)
		remove(in.Member)
		for name, p := range map[string]idptest.Person{
			"the same person":                who("00u1", "Ada@acme.test"),
			"the identity, another address":  who("00u1", "other@acme.test"),
			"the address, another identity":  who("00u9", "ada@acme.test"),
			"the address in other letters":   who("00u9", "ＡDA@ACME.TEST"),
			"the address as the NameID":      named("ada@acme.test"),
			"the identity, somebody's names": who("00u1", h.root.User.Email),
		} {
			h.turnedAway(name, p, fault.UserRemoved)
		}
		// Provisioned, and never signed in: the address that sign-in asserts may be
		// another one than the address that provisioning knew.
		never := h.provision(roster.ScimUser{UserName: "grace_ext", Email: "grace@home.test", ExternalID: ptr("00u2"), Active: true})
		remove(never)
		h.turnedAway("by externalId", who("00u2", "grace@acme.test"), fault.UserRemoved)
		h.turnedAway("by userName", who("Grace_EXT", "grace@acme.test"), fault.UserRemoved)
		h.turnedAway("by address", who("00u9", "grace@home.test"), fault.UserRemoved)
		// After a change of address the old userName is a name as before.
		moved := h.provision(wanted("eve@acme.test"))
		change := present(moved)
		change.Email = "eve@new.test"
		_, err = h.push(moved, change)
		h.must(err)
		remove(moved)
		h.turnedAway("by the userName of before", named("eve@acme.test"), fault.UserRemoved)
		h.turnedAway("by the new address", named("eve@new.test"), fault.UserRemoved)
		// By every provider that they came by.
		two := h.provision(wanted("two@acme.test"))
		h.must(first(h.signIn(named("two@acme.test"))))
		next := h.newIDP("next")
		h.trust(h.team, next)
		h.must(first(h.SignIn(h.request(), h.judged(h.team, next, named("two@acme.test")))))
		remove(two)
		_, err = h.SignIn(h.request(), h.judged(h.team, next, named("two@acme.test")))
		ended(t, "by the second provider", err, fault.UserRemoved)
		// Others of the same name elsewhere have nothing to do with it.
		other, idp := h.found("other")
		h.must(first(h.SignIn(h.request(), h.judged(other, idp, who("00u1", "ada@acme.test")))))
		h.turnedAway("removed here, present there", who("00u1", "ada@acme.test"), fault.UserRemoved)
		h.must(first(h.signIn(who("00u3", "nobody.special@acme.test"))))
		// The stones give nothing away.
		var stones []models.Tombstone
		h.must(h.db.Read(h.Context()).Where("team_id = ?", h.team.ID).Find(&stones).Error)
		for _, s := range stones {
			if len(s.Hash) != 32 {
				t.Errorf("a stone of %d bytes", len(s.Hash))
			}
		}
		blind := *h.Service
		blind.TombstoneKey = []byte("another key of thirty-two bytes!")
		if _, err := blind.SignIn(h.request(), h.judged(h.team, h.idp, who("00u2", "grace@acme.test"))); err != nil {
			t.Errorf("the stones do not depend on the key: %v", err)
		}
	})
}

// Somebody who was shut out stays out, by identity and by address, until they
// are let in again; then they are who they were, without what they held.
func TestDeactivatedStaysOut(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		in, err := h.signIn(who("00u1", "ada@acme.test"))
		h.must(err)
		_, err = h.ChangeRole(h.operator(), in.ID, models.RoleViewer, nil)
		h.must(err)
		secrets := h.credentials(in.Member)
		same(t, "live", h.live(secrets), 2)
		h.must(first(h.Deactivate(h.operator(), in.ID, "left")))
		same(t, "live afterwards", h.live(secrets), 0)
		h.turnedAway("by identity", who("00u1", "ada@acme.test"), fault.UserDeactivated)
		h.turnedAway("by identity, with another address", who("00u1", "other@acme.test"), fault.UserDeactivated)
		h.turnedAway("by address", who("00u9", "ADA@acme.test"), fault.UserDeactivated)
		h.must(first(h.Reactivate(h.operator(), in.ID)))
		same(t, "live after the return", h.live(secrets), 0)
		again, err := h.signIn(who("00u1", "ada@acme.test"))
		h.must(err)
		same(t, "who", []any{again.ID, again.Role}, []any{in.ID, "VIEWER"})
		same(t, "live after the next sign-in", h.live(secrets), 0)
	})
}

// Provisioning brings a removed person back as somebody new: default role, no
// old credential, no old identity, and then single sign-on takes them again.
func TestScimBringsBack(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		in, err := h.signIn(who("00u1", "ada@acme.test"))
		h.must(err)
		_, err = h.ChangeRole(h.operator(), in.ID, models.RoleAdmin, nil)
		h.must(err)
		secrets := h.credentials(in.Member)
		h.must(first(h.Remove(h.scim(), in.ID)))
		h.turnedAway("before", who("00u1", "ada@acme.test"), fault.UserRemoved)
		back := h.provision(roster.ScimUser{UserName: "ada", Email: "Ada@acme.test", ExternalID: ptr("00u1"), Active: true})
		if back.ID == in.ID || back.UserID == in.UserID {
			t.Error("it is the old membership or account")
		}
		same(t, "role", []any{back.Role, back.RoleSource, back.Source}, []any{"MEMBER", "DEFAULT", "SCIM"})
		same(t, "live", h.live(secrets), 0)
		same(t, "stones", h.count(&models.Tombstone{}, "1 = 1"), 0)
		same(t, "old receipts", h.count(&models.APIKey{}, "membership_id = ? AND revoked_reason = 'removed'", in.ID), 1)
		again, err := h.signIn(who("00u1", "ada@acme.test"))
		h.must(err)
		same(t, "who", []any{again.ID, again.Role}, []any{back.ID, "MEMBER"})
		same(t, "live after the sign-in", h.live(secrets), 0)
	})
}

// Whichever name provisioning brings somebody back by lifts the stones of that
// removal, and of no other one.
func TestStonesAreLiftedTogether(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		gone := func(address, externalID string) {
			t.Helper()
			m := h.provision(roster.ScimUser{UserName: address, Email: address, ExternalID: &externalID, Active: true})
			h.must(first(h.signIn(who(externalID, address))))
			h.must(first(h.Remove(h.scim(), m.ID)))
		}
		for name, back := range map[string]roster.ScimUser{
			"by address":    {UserName: "new", Email: "ADA@acme.test", Active: true},
			"by userName":   {UserName: "ADA@acme.test", Email: "new@acme.test", Active: true},
			"by externalId": {UserName: "new", Email: "new@acme.test", ExternalID: ptr("00u1"), Active: true},
		} {
			gone("ada@acme.test", "00u1")
			gone("eve@acme.test", "00u2")
			h.provision(back)
			h.turnedAway(name+": somebody else", who("00u2", "eve@acme.test"), fault.UserRemoved)
			h.turnedAway(name+": somebody else's address", who("00u3", "eve@acme.test"), fault.UserRemoved)
			// Nothing of the returned person's is left that could lock them out.
			if _, err := h.signIn(who("00u1", "third@acme.test")); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			h.must(h.db.Read(h.Context()).Where("team_id = ? AND id <> ?", h.team.ID, h.root.ID).Delete(&models.Membership{}).Error)
			h.must(h.db.Read(h.Context()).Where("managed_by_team_id = ?", h.team.ID).Delete(&models.User{}).Error)
			h.must(h.db.Read(h.Context()).Where("1 = 1").Delete(&models.Tombstone{}).Error)
		}
		// An operator who adds them by hand brings them back as well.
		gone("ada@acme.test", "00u1")
		h.must(first(h.Add(h.operator(), roster.NewMember{TeamID: h.team.ID, Kind: models.KindPerson, Role: models.RoleMember, Person: roster.Person{Email: "ada@acme.test"}})))
		same(t, "stones", h.count(&models.Tombstone{}, "1 = 1"), 0)
		// Somebody who is provisioned twice is removed twice.
		gone("bob@acme.test", "00u4")
		gone("bob@acme.test", "00u5")
		for _, id := range []string{"00u4", "00u5"} {
			h.turnedAway("bob by "+id, who(id, "bob@acme.test"), fault.UserRemoved)
		}
	})
}

// A removal takes the account along only when the team's provider had made it
// and nobody else has it.
func TestAccountOfTheRemoved(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		other := h.newTeam("other", models.PlanTeam)
		jit, scim, direct := h.jit(), h.provision(wanted("scim@acme.test")), h.direct(models.RoleMember)
		shared := h.provision(wanted("shared@acme.test"))
		// What is stored decides, not how the account came to be on two teams.
		there, err := h.Add(h.operator(), roster.NewMember{TeamID: other.ID, Kind: models.KindPerson, Role: models.RoleAdmin, Person: roster.Person{Email: "there@other.test"}})
		h.must(err)
		h.update(&models.Membership{}, there.ID, map[string]any{"user_id": shared.UserID})
		secrets := h.credentials(roster.Member{Membership: models.Membership{ID: there.ID, TeamID: other.ID, UserID: shared.UserID}, User: shared.User})
		for _, c := range []struct {
			name string
			m    roster.Member
			left bool
		}{{"by sign-in", jit, false}, {"by provisioning", scim, false}, {"of their own", direct, true}, {"on another team too", shared, true}} {
			h.must(first(h.Remove(h.operator(), c.m.ID)))
			same(t, c.name+": account", h.count(&models.User{}, "id = ?", c.m.UserID) == 1, c.left)
			same(t, c.name+": manager", h.count(&models.User{}, "id = ? AND managed_by_team_id IS NOT NULL", c.m.UserID), 0)
			same(t, c.name+": identities", h.count(&models.ExternalIdentity{}, "membership_id = ?", c.m.ID), 0)
		}
		// The other team notices nothing.
		row, found := h.find(there.ID)
		same(t, "on the other team", []any{found, row.Status, row.Revision, h.live(secrets)}, []any{true, "ACTIVE", 1, 2})
		// And gives a managed account of this team away to nobody.
		h.turnedAway("the account that stayed", named("shared@acme.test"), fault.UserRemoved)
		_, err = h.ProvisionScim(h.scim(), h.team.ID, wanted("shared@acme.test"))
		ended(t, "provisioned again", err, fault.AccountConflict)
		ended(t, "removed twice", first(h.Remove(h.operator(), jit.ID)), fault.Missing)
	})
}
