package roster_test

import (
	"testing"
	"time"

	"rollcall/fault"
	"rollcall/internal/housetest"
	"rollcall/models"
	"rollcall/roster"
)

// What is as the client wants it is not written again, not read more than
// needed and told nobody, also of people whom the client may not change.
func TestUpdateOfNothing(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		full := h.provision(roster.ScimUser{UserName: "Ada", Email: "Ada@acme.test", ExternalID: ptr("00u1"), Name: "Ada L", GivenName: "Ada", FamilyName: "Lovelace", Active: true})
		off := h.jit()
		_, err := h.Deactivate(h.operator(), off.ID, "left")
		h.must(err)
		off.Status = models.StatusDeactivated
		for name, m := range map[string]roster.Member{"SCIM": full, "JIT": h.jit(), "deactivated": off, "direct": h.direct(models.RoleMember), "direct admin": h.root} {
			h.clock.Advance(time.Hour)
			h.untouched(name, func() {
				ctx, statements := models.CountStatements(h.scim())
				got, err := h.UpdateScim(ctx, h.team.ID, m.ID, present(m))
				h.must(err)
				same(t, name, []any{got.ID, got.Revision, got.ScimManaged}, []any{m.ID, got.Revision, m.ScimManaged})
				if n := statements.Load(); n > 6 {
					t.Errorf("%s: %d statements", name, n)
				}
			})
		}
		// The direct admin's names are out of reach all the same.
		in := present(h.root)
		in.ExternalID = ptr("00u9")
		h.untouched("a direct admin's externalId", func() { ended(t, "direct admin", first(h.push(h.root, in)), fault.BreakGlass) })
	})
}

func TestUpdateProfile(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.provision(wanted("ada@acme.test"))
		in := roster.ScimUser{UserName: "Ada", Email: "Ada@new.test", ExternalID: ptr("00u1"), Name: "Ada L", GivenName: "Ada", FamilyName: "Lovelace", Active: true}
		h.clock.Advance(time.Hour)
		got, err := h.push(m, in)
		h.must(err)
		stored, err := h.ScimMember(h.scim(), h.team.ID, m.ID)
		h.must(err)
		stored.User, err = h.User(h.operator(), stored.UserID)
		h.must(err)
		stored.UserNameKey = got.UserNameKey // not among what is read for clients
		for where, x := range map[string]roster.Member{"answer": got, "stored": stored} {
			same(t, where, []any{x.UserName, x.UserNameKey, *x.ExternalID, x.User.Email, x.User.EmailKey, x.User.Name, x.User.GivenName, x.User.FamilyName, x.Revision, x.UpdatedAt.UTC(), x.User.UpdatedAt.UTC()},
				[]any{"Ada", "ada", "00u1", "Ada@new.test", "ada@new.test", "Ada L", "Ada", "Lovelace", 2, h.clock.Now(), h.clock.Now()})
		}
		events := h.told(m.ID)
		same(t, "event", []any{actions(events), events[1].Details[:6], detail(events[1], "email")}, []any{[]string{"membership.provisioned", "membership.profile_changed"}, []models.AuditDetail{
			{Name: "changed", Value: "userName"}, {Name: "changed", Value: "externalId"}, {Name: "changed", Value: "email"}, {Name: "changed", Value: "name"}, {Name: "changed", Value: "givenName"}, {Name: "changed", Value: "familyName"},
		}, "ada@acme.test -> Ada@new.test"})
		// One change is told as one, and an externalId can be taken away.
		in.ExternalID = nil
		got, err = h.push(m, in)
		h.must(err)
		events = h.told(m.ID)
		same(t, "without an externalId", []any{got.ExternalID, events[2].Details}, []any{nil, []models.AuditDetail{{Name: "changed", Value: "externalId"}}})
		// The address that she left is free.
		h.provision(wanted("ada@acme.test"))
		// One's own names in other letters are no conflict.
		in.UserName, in.Email = "ADA", "ADA@NEW.TEST"
		got, err = h.push(m, in)
		h.must(err)
		same(t, "in capitals", []any{got.UserName, got.User.Email, got.User.EmailKey}, []any{"ADA", "ADA@NEW.TEST", "ada@new.test"})
	})
}

func TestUpdateConflicts(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		other, idp := h.found("other")
		theirs, err := h.SignIn(h.request(), h.judged(other, idp, named("theirs@other.test")))
		h.must(err)
		m, second, robot := h.provision(wanted("ada@acme.test")), h.provision(wanted("eve@acme.test")), h.add(h.team, models.KindIntegration, models.RoleMember)
		for _, c := range []struct {
			name, userName, email string
			want                  fault.Code
			field                 string
		}{
			{"a member's userName", "EVE@acme.test", "ada@acme.test", fault.Taken, "userName"},
			{"a robot's userName", robot.UserName, "ada@acme.test", fault.Taken, "userName"},
			{"the direct admin's address", "ada@acme.test", h.root.User.Email, fault.AccountConflict, "email"},
			{"another team's address", "ada@acme.test", theirs.User.Email, fault.AccountConflict, "email"},
		} {
			h.untouched(c.name, func() {
				// Also when the person is to be shut out with it: all or nothing.
				for _, active := range []bool{true, false} {
					_, err := h.push(m, roster.ScimUser{UserName: c.userName, Email: c.email, Active: active})
					ended(t, c.name, err, c.want)
					if f, ok := fault.As(err); ok {
						same(t, c.name+": field", f.Field, []string{c.field})
					}
				}
			})
		}
		h.untouched("what is not there", func() {
			ended(t, "unknown", first(h.UpdateScim(h.scim(), h.team.ID, newID(t), wanted("x@acme.test"))), fault.Missing)
			ended(t, "a robot", first(h.push(robot, wanted(robot.User.Email))), fault.Missing)
			ended(t, "another team's", first(h.UpdateScim(h.scim(), h.team.ID, theirs.ID, wanted("theirs@other.test"))), fault.Missing)
			ended(t, "another team's, by its own name", first(h.UpdateScim(h.scim(), other.ID, theirs.ID, wanted("theirs@other.test"))), fault.Missing)
		})
		h.must(first(h.Remove(h.scim(), second.ID)))
		ended(t, "removed", first(h.push(second, wanted("eve@acme.test"))), fault.Missing)
	})
}

// A member who came by signing in is taken over by the team's provisioning with
// the first change that it sends. Nobody else is.
func TestAdoption(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		jit := h.jit()
		in := present(jit)
		in.ExternalID = ptr("00u1")
		got, err := h.push(jit, in)
		h.must(err)
		same(t, "adopted", []any{got.ScimManaged, got.Source, got.Role, got.User.Origin}, []any{true, "JIT", "MEMBER", "SSO"})
		// By the name that provisioning gave, the next provider is joined.
		next := h.newIDP("next")
		h.trust(h.team, next)
		again, err := h.SignIn(h.request(), h.judged(h.team, next, who("00u1", "x@acme.test")))
		h.must(err)
		same(t, "joined", again.ID, jit.ID)

		// A direct member keeps their account: names of provisioning's own yes, the
		// address no, and single sign-on does not get in by them.
		direct := h.direct(models.RoleMember)
		in = present(direct)
		in.UserName, in.ExternalID, in.Name = "grace", ptr("00u2"), "Grace H"
		got, err = h.push(direct, in)
		h.must(err)
		same(t, "direct", []any{got.ScimManaged, got.UserName, *got.ExternalID, got.User.Name, got.User.ManagedByTeamID}, []any{false, "grace", "00u2", "", nil})
		in.Email = "stolen@acme.test"
		h.untouched("a direct member's address", func() { ended(t, "address", first(h.push(direct, in)), fault.AccountConflict) })
		h.turnedAway("a direct member, by externalId", who("00u2", direct.User.Email), fault.UpgradeRequired)
		h.turnedAway("a direct member, by userName", who("grace", direct.User.Email), fault.UpgradeRequired)
		// Nor a member whose account the team has let go of.
		free := h.provision(roster.ScimUser{UserName: "free", Email: "free@acme.test", ExternalID: ptr("00u3"), Active: true})
		h.update(&models.User{}, free.UserID, map[string]any{"managed_by_team_id": nil})
		h.turnedAway("an account that was let go of", who("00u3", "free@acme.test"), fault.LoginAccountConflict)
		// Their address in other letters is the same address.
		in.Email = "PERSON" + direct.User.Email[len("person"):]
		got, err = h.push(direct, in)
		if err != nil || got.User.Email != direct.User.Email {
			t.Errorf("in capitals: %s, %v", got.User.Email, err)
		}
	})
}

// Profile and shutting out are one change; afterwards nothing of the member's
// is alive, and a return brings nothing back.
func TestUpdateActive(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.provision(wanted("ada@acme.test"))
		h.must(first(h.signIn(named("ada@acme.test"))))
		secrets := h.credentials(m)
		in := wanted("ada@acme.test")
		in.Active, in.Name = false, "Ada"
		h.clock.Advance(time.Hour)
		got, err := h.push(m, in)
		h.must(err)
		same(t, "out", []any{got.Status, *got.DeactivatedAt, got.User.Name, h.live(secrets)}, []any{"DEACTIVATED", h.clock.Now(), "Ada", 0})
		events := h.told(m.ID)
		same(t, "events", actions(events)[2:], []string{"membership.profile_changed", "membership.deactivated"})
		same(t, "receipt", []string{detail(events[3], "sessionsRevoked"), detail(events[3], "apiKeysRevoked")}, []string{"2", "1"})
		in.Active = true
		got, err = h.push(m, in)
		h.must(err)
		same(t, "in again", []any{got.Status, got.DeactivatedAt, got.Role, h.live(secrets)}, []any{"ACTIVE", nil, "MEMBER", 0})
		same(t, "events of the return", actions(h.told(m.ID))[4:], []string{"membership.reactivated"})
		// Those who are out can be described anew without coming in.
		in.Active = false
		h.must(first(h.push(m, in)))
		in.Name = "Countess"
		got, err = h.push(m, in)
		h.must(err)
		same(t, "described", []any{got.Status, got.User.Name}, []any{"DEACTIVATED", "Countess"})
	})
}

// The state that a client worked out of an old one does not overwrite a newer.
func TestUpdateRevision(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.provision(wanted("ada@acme.test"))
		in := present(m)
		in.Revision, in.Name = m.Revision, "Ada"
		got, err := h.push(m, in)
		h.must(err)
		in.Name = "Eve"
		h.untouched("an old revision", func() { ended(t, "old", first(h.push(m, in)), fault.StaleRevision) })
		in.Name = "Ada"
		h.untouched("an old revision of what is already so", func() { ended(t, "the same", first(h.push(m, in)), "") })
		in.Name, in.Revision = "Eve", got.Revision
		h.must(first(h.push(m, in)))
	})
}

// Provisioning never reaches the people who are the way in without it.
func TestBreakGlassByScim(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		spare := h.direct(models.RoleAdmin)
		robot := h.add(h.team, models.KindIntegration, models.RoleMember)
		off := present(spare)
		off.Active = false
		h.untouched("provisioning", func() {
			ended(t, "a direct admin, active=false", first(h.push(spare, off)), fault.BreakGlass)
			ended(t, "a direct admin, DELETE", first(h.Remove(h.scim(), spare.ID)), fault.BreakGlass)
			ended(t, "a direct admin, deactivate", first(h.Deactivate(h.scim(), spare.ID, "")), fault.BreakGlass)
			ended(t, "a robot, DELETE", first(h.Remove(h.scim(), robot.ID)), fault.BreakGlass)
			ended(t, "a robot, deactivate", first(h.Deactivate(h.scim(), robot.ID, "")), fault.BreakGlass)
		})
		// Out of office they are out of reach as well.
		h.must(first(h.Deactivate(h.operator(), spare.ID, "")))
		on := present(spare)
		ended(t, "a deactivated direct admin", first(h.push(spare, on)), fault.BreakGlass)
		ended(t, "a deactivated direct admin, reactivate", first(h.Reactivate(h.scim(), spare.ID)), fault.BreakGlass)
		// A direct member who is no admin is the provider's to let go.
		member := h.direct(models.RoleMember)
		ended(t, "a direct member", first(h.Remove(h.scim(), member.ID)), "")
		// So is an admin whom it brought, but for the last one.
		admin := h.provision(wanted("admin@acme.test"))
		h.must(first(h.ChangeRole(h.operator(), admin.ID, models.RoleAdmin, nil)))
		gone := present(admin)
		gone.Active = false
		ended(t, "an admin whom it brought", first(h.push(admin, gone)), "")

		other, _ := h.found("other")
		client := housetest.AsScim(h.Context(), other.ID)
		only, err := h.ProvisionScim(client, other.ID, wanted("only@other.test"))
		h.must(err)
		h.must(first(h.ChangeRole(h.operator(), only.ID, models.RoleAdmin, nil)))
		gone = present(only)
		gone.Active = false
		ended(t, "the last admin, active=false", first(h.UpdateScim(client, other.ID, only.ID, gone)), fault.LastAdmin)
		ended(t, "the last admin, DELETE", first(h.Remove(client, only.ID)), fault.LastAdmin)
	})
}
