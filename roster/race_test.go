package roster_test

import (
	"fmt"
	"testing"

	"rollcall/fault"
	"rollcall/models"
	"rollcall/roster"
	"rollcall/sso"
)

// Two admins act on each other at the same moment: fifty times they remove each
// other, then every pair of ways. One of them is left, always.
func TestTwoAdmins(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		deeds := []func(by, on roster.Member) error{
			func(by, on roster.Member) error { return first(h.Remove(h.as(by), on.ID)) },
			func(by, on roster.Member) error { return first(h.Deactivate(h.as(by), on.ID, "")) },
			func(by, on roster.Member) error {
				return first(h.ChangeRole(h.as(by), on.ID, models.RoleMember, nil))
			},
		}
		for round := range 68 {
			team := h.newTeam(fmt.Sprint("team", round), models.PlanTeam)
			a, b := h.add(team, models.KindPerson, models.RoleAdmin), h.add(team, models.KindPerson, models.RoleAdmin)
			one, two := deeds[0], deeds[0]
			if pair := round - 50; pair >= 0 {
				one, two = deeds[pair%3], deeds[pair/3%3]
			}
			ends := together(t, func() error { return one(a, b) }, func() error { return two(b, a) })
			if ends[""] != 1 || ends[fault.LastAdmin] != 1 {
				t.Fatalf("round %d: %v", round, ends)
			}
			if n := h.count(&models.Membership{}, "team_id = ? AND role = 'ADMIN' AND status = 'ACTIVE'", team.ID); n != 1 {
				t.Fatalf("round %d: %d admins are left", round, n)
			}
		}
	})
}

// While single sign-on is on, one direct admin is left, though others whom the
// provider brought would keep the team governed.
func TestTwoDirectAdmins(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		brought := h.jit()
		var err error
		brought.Membership, err = h.ChangeRole(h.operator(), brought.ID, models.RoleAdmin, nil)
		h.must(err)
		for round := range 15 {
			a, b := h.root, h.direct(models.RoleAdmin)
			ends := together(t,
				func() error { return first(h.Remove(h.as(brought), a.ID)) },
				func() error { return first(h.Deactivate(h.as(brought), b.ID, "")) },
				func() error { return first(h.ChangeRole(h.as(brought), b.ID, models.RoleViewer, nil)) },
			)
			left := h.count(&models.Membership{}, "team_id = ? AND role = 'ADMIN' AND status = 'ACTIVE' AND source = 'DIRECT'", h.team.ID)
			if left != 1 || ends[fault.BreakGlass] == 0 {
				t.Fatalf("round %d: %d direct admins are left, %v", round, left, ends)
			}
			if _, there := h.find(a.ID); !there {
				h.root = b
			} else {
				h.must(first(h.Remove(h.operator(), b.ID)))
			}
		}
	})
}

// Somebody new who presses the button twice is one person.
func TestFirstSignInTwice(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		for round := range 8 {
			address := h.address()
			announced := round%2 == 1
			if announced {
				h.provision(wanted(address))
			}
			logins := make([]sso.Login, 4)
			for i := range logins {
				logins[i] = h.judged(h.team, h.idp, named(address))
			}
			members := make([]models.ID, len(logins))
			ends := together(t, times(len(logins), func(i int) error {
				in, err := h.SignIn(h.request(), logins[i])
				members[i] = in.ID
				return err
			})...)
			same(t, "ends", ends, map[fault.Code]int{"": len(logins)})
			for _, id := range members {
				same(t, "who", id, members[0])
			}
			same(t, "accounts, identities, sessions, events", []int64{
				h.count(&models.User{}, "email_key = ?", address), h.count(&models.ExternalIdentity{}, "name_id = ?", address),
				h.count(&models.Session{}, "membership_id = ? AND revoked_at IS NULL", members[0]),
				h.count(&models.AuditEvent{}, "target_id = ? AND action = 'membership.provisioned'", members[0]),
				h.count(&models.AuditEvent{}, "target_id = ? AND action = 'membership.identity_linked'", members[0]),
			}, []int64{1, 1, 4, 1, map[bool]int64{true: 1}[announced]})
		}
	})
}

// The same, when the provider changed the address between the two tabs: the
// NameID says who it is, and nobody is left over.
func TestFirstSignInWithTwoAddresses(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		for round := range 8 {
			nameID := fmt.Sprint("00u", round)
			logins := make([]sso.Login, 4)
			for i := range logins {
				logins[i] = h.judged(h.team, h.idp, who(nameID, h.address()))
			}
			before := h.people()
			ends := together(t, times(len(logins), func(i int) error { return first(h.SignIn(h.request(), logins[i])) })...)
			same(t, "ends", ends, map[fault.Code]int{"": len(logins)})
			after := h.people()
			same(t, "accounts, members, identities, sessions", []int64{after[0] - before[0], after[1] - before[1], after[2] - before[2], after[3] - before[3]}, []int64{1, 1, 1, 4})
		}
	})
}

// Somebody signs in, several times at once, while they are put out. Afterwards
// they are out and hold nothing, whoever was first.
func TestSignInAgainstTheEnd(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		late, early := 0, 0
		for round := range 24 {
			var m roster.Member
			nameID := fmt.Sprint("00u", round)
			p := who(nameID, h.address())
			if round%4 < 2 { // known by their identity, or only announced
				in, err := h.signIn(p)
				h.must(err)
				m = in.Member
			} else {
				m = h.provision(roster.ScimUser{UserName: p.Email, Email: p.Email, ExternalID: &nameID, Active: true})
			}
			end, code := func() error { return first(h.Remove(h.scim(), m.ID)) }, fault.UserRemoved
			if round%2 == 1 {
				end, code = func() error { return first(h.Deactivate(h.scim(), m.ID, "")) }, fault.UserDeactivated
			}
			logins := make([]sso.Login, 6)
			for i := range logins {
				logins[i] = h.judged(h.team, h.idp, p)
			}
			secrets := make([]string, len(logins))
			ends := together(t, append(times(len(logins), func(i int) error {
				in, err := h.SignIn(h.request(), logins[i])
				secrets[i] = in.SessionSecret
				return err
			}), end)...)
			if ends[""]+ends[code] != len(logins)+1 {
				t.Fatalf("round %d: %v", round, ends)
			}
			early, late = early+ends[""]-1, late+ends[code]
			same(t, "live sessions", h.count(&models.Session{}, "membership_id = ? AND revoked_at IS NULL", m.ID), 0)
			same(t, "live sessions of anybody else by that name", h.count(&models.Session{}, "name_id = ? AND revoked_at IS NULL", nameID), 0)
			for _, secret := range secrets {
				if _, err := h.store.AuthenticateSession(h.Context(), secret); secret != "" && err == nil {
					t.Fatalf("round %d: a session is alive", round)
				}
			}
			row, there := h.find(m.ID)
			if round%2 == 1 {
				same(t, "status", row.Status, "DEACTIVATED")
			} else {
				same(t, "there, under whatever id", []any{there, h.count(&models.User{}, "email_key = ?", p.Email), h.count(&models.Membership{}, "user_name_key = ?", p.Email)}, []any{false, 0, 0})
			}
			h.turnedAway("afterwards", p, code)
		}
		if early == 0 || late == 0 {
			t.Errorf("it was no race: %d sign-ins came in time and %d too late", early, late)
		}
	})
}

// A team's removal of a person against another team that wants them.
func TestRemovalAgainstAnotherTeam(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		other, idp := h.found("other")
		for round := range 18 {
			address := h.address()
			m := h.provision(wanted(address))
			login := h.judged(other, idp, named(address))
			want := []func() error{
				func() error {
					return first(h.Add(h.operator(), roster.NewMember{TeamID: other.ID, Kind: models.KindPerson, Role: models.RoleMember, Person: roster.Person{Email: address}}))
				},
				func() error { return first(h.ProvisionScim(h.operator(), other.ID, wanted(address))) },
				func() error { return first(h.SignIn(h.request(), login)) },
			}[round%3]
			ends := together(t, func() error { return first(h.Remove(h.operator(), m.ID)) }, want)
			got := h.count(&models.Membership{}, "team_id = ? AND user_name_key = ?", other.ID, address)
			conflicts := ends[fault.AccountConflict] + ends[fault.LoginAccountConflict]
			if ends[""]+conflicts != 2 || got != int64(ends[""]-1) {
				t.Fatalf("round %d: %v, %d memberships there", round, ends, got)
			}
			// The account is there for the other team or not at all.
			same(t, "accounts", h.count(&models.User{}, "email_key = ?", address), got)
			same(t, "of this team", h.count(&models.User{}, "email_key = ? AND managed_by_team_id = ?", address, h.team.ID), 0)
			if _, there := h.find(m.ID); there {
				t.Fatalf("round %d: still here", round)
			}
		}
	})
}
