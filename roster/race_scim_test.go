package roster_test

import (
	"fmt"
	"testing"

	"rollcall/fault"
	"rollcall/internal/housetest"
	"rollcall/internal/idptest"
	"rollcall/models"
	"rollcall/roster"
	"rollcall/saml"
)

// A client that creates the same person sixteen times at once has created one
// and is told of fifteen conflicts, whichever name collides.
func TestProvisionAtOnce(t *testing.T) {
	const n = 16
	eachHouse(t, func(t *testing.T, h *house) {
		for name, in := range map[string]func(i int) roster.ScimUser{
			"the same": func(int) roster.ScimUser { return wanted("ada@acme.test") },
			"the userName": func(i int) roster.ScimUser {
				return roster.ScimUser{UserName: "eve", Email: fmt.Sprintf("eve%d@acme.test", i), Active: true}
			},
			"in two scripts": func(i int) roster.ScimUser {
				return wanted([]string{"grace@acme.test", "GRACE@ACME.TEST", "ｇrace@acme.test"}[i%3])
			},
		} {
			before := h.people()
			ends := together(t, times(n, func(i int) error { return first(h.ProvisionScim(h.scim(), h.team.ID, in(i))) })...)
			same(t, name, ends, map[fault.Code]int{"": 1, fault.Taken: n - 1})
			after := h.people()
			same(t, name+": accounts and members", []int64{after[0] - before[0], after[1] - before[1]}, []int64{1, 1})
		}
		// People may share an address: the account of one of them has it.
		ends := together(t, times(n, func(i int) error {
			return first(h.ProvisionScim(h.scim(), h.team.ID, roster.ScimUser{UserName: fmt.Sprint("bob", i), Email: "bob@acme.test", Active: true}))
		})...)
		same(t, "one address", ends, map[fault.Code]int{"": n})
		same(t, "accounts with the address", h.count(&models.User{}, "email_key = 'bob@acme.test'"), int64(1))
		// Different people do not stand in each other's way.
		ends = together(t, times(n, func(i int) error {
			return first(h.ProvisionScim(h.scim(), h.team.ID, wanted(fmt.Sprintf("new%d@acme.test", i))))
		})...)
		same(t, "different people", ends, map[fault.Code]int{"": n})
	})
}

// Two teams want the same address at once: one has it.
func TestTwoTeamsWantOnePerson(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		other, idp := h.found("other")
		for round := range 12 {
			address := h.address()
			here, there := h.judged(h.team, h.idp, named(address)), h.judged(other, idp, named(address))
			runs := []func() error{
				func() error { return first(h.ProvisionScim(h.scim(), h.team.ID, wanted(address))) },
				func() error {
					return first(h.ProvisionScim(housetest.AsScim(h.Context(), other.ID), other.ID, wanted(address)))
				},
			}
			if round%3 > 0 {
				runs[0] = func() error { return first(h.SignIn(h.request(), here)) }
			}
			if round%3 > 1 {
				runs[1] = func() error { return first(h.SignIn(h.request(), there)) }
			}
			ends := together(t, runs...)
			if ends[""] != 1 || ends[fault.AccountConflict]+ends[fault.LoginAccountConflict] != 1 {
				t.Fatalf("round %d: %v", round, ends)
			}
			same(t, "accounts and members", []int64{h.count(&models.User{}, "email_key = ?", address), h.count(&models.Membership{}, "user_name_key = ?", address)}, []int64{1, 1})
		}
	})
}

// Provisioning and the first sign-in of the same person meet: they are one
// person, and nobody sees an error of ours.
func TestProvisionAgainstSignIn(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		for range 10 {
			address := h.address()
			login := h.judged(h.team, h.idp, named(address))
			ends := together(t,
				func() error { return first(h.ProvisionScim(h.scim(), h.team.ID, wanted(address))) },
				func() error { return first(h.SignIn(h.request(), login)) },
			)
			if ends[""]+ends[fault.Taken] != 2 || ends[""] == 0 {
				t.Fatalf("%v", ends)
			}
			same(t, "accounts and members", []int64{h.count(&models.User{}, "email_key = ?", address), h.count(&models.Membership{}, "user_name_key = ?", address)}, []int64{1, 1})
		}
	})
}

// A person is removed and created again at once, as by two connectors. Either
// the creation came too early, or there is somebody new.
func TestProvisionAgainstRemoval(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		for round := range 20 {
			address := h.address()
			m := h.provision(wanted(address))
			ends := together(t,
				func() error { return first(h.Remove(h.scim(), m.ID)) },
				func() error { return first(h.ProvisionScim(h.scim(), h.team.ID, wanted(address))) },
			)
			if ends[""]+ends[fault.Taken] != 2 || ends[""] == 0 {
				t.Fatalf("round %d: %v", round, ends)
			}
			_, there := h.find(m.ID)
			same(t, "the old one, and all", []any{there, h.count(&models.Membership{}, "user_name_key = ?", address)}, []any{false, ends[""] - 1})
			same(t, "accounts", h.count(&models.User{}, "email_key = ?", address), ends[""]-1)
		}
	})
}

// Sixteen changes at once: of one person, all count and none is lost; to one
// name, one has it.
func TestUpdatesAtOnce(t *testing.T) {
	const n = 16
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.provision(wanted("ada@acme.test"))
		ends := together(t, times(n, func(i int) error {
			in := wanted("ada@acme.test")
			in.Name = fmt.Sprint("Ada ", i)
			return first(h.push(m, in))
		})...)
		same(t, "profiles", ends, map[fault.Code]int{"": n})
		row, _ := h.find(m.ID)
		same(t, "revision and events", []any{row.Revision, len(h.told(m.ID))}, []any{1 + n, 1 + n})

		secrets := h.credentials(h.known(m))
		ends = together(t, times(n, func(i int) error {
			in := present(m)
			in.Active = i%2 == 0
			in.Name = fmt.Sprint("Ada ", n-1)
			return first(h.push(m, in))
		})...)
		same(t, "on and off", ends, map[fault.Code]int{"": n})
		out := h.count(&models.AuditEvent{}, "target_id = ? AND action = 'membership.deactivated'", m.ID)
		in := h.count(&models.AuditEvent{}, "target_id = ? AND action = 'membership.reactivated'", m.ID)
		row, _ = h.find(m.ID)
		if out == 0 || h.live(secrets) != 0 || out-in != map[models.MembershipStatus]int64{models.StatusDeactivated: 1}[row.Status] {
			t.Errorf("%d times out, %d times in, now %s, %d live", out, in, row.Status, h.live(secrets))
		}

		people := make([]roster.Member, n)
		for i := range people {
			people[i] = h.provision(wanted(fmt.Sprintf("person-%d@acme.test", i)))
		}
		for name, c := range map[string]struct {
			in   func(roster.ScimUser) roster.ScimUser
			want []fault.Code
		}{
			"one userName": {func(in roster.ScimUser) roster.ScimUser { in.UserName = "Wanted"; return in }, []fault.Code{fault.Taken}},
		} {
			ends = together(t, times(n, func(i int) error { return first(h.push(people[i], c.in(present(people[i])))) })...)
			lost := 0
			for _, code := range c.want {
				lost += ends[code]
			}
			if ends[""] != 1 || lost != n-1 {
				t.Errorf("%s: %v", name, ends)
			}
		}
		ends = together(t, times(n, func(i int) error {
			in := present(people[i])
			in.UserName, in.Email = people[i].UserName, "wanted@acme.test"
			if p, ok := h.find(people[i].ID); ok {
				in.UserName = p.UserName
			}
			return first(h.push(people[i], in))
		})...)
		same(t, "one address", ends, map[fault.Code]int{"": n})
		same(t, "accounts with the address", h.count(&models.User{}, "email_key = 'wanted@acme.test'"), int64(1))
	})
}

// known notes a sign-in of somebody, so that they may have keys.
func (h *house) known(m roster.Member) roster.Member {
	h.Helper()
	h.must(first(h.signIn(named(m.UserName))))
	return m
}

// Updates against a removal: the member is gone, and no update brings back a
// part of them.
func TestUpdateAgainstRemoval(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		for round := range 12 {
			m := h.provision(wanted(h.address()))
			ends := together(t, append(times(4, func(i int) error {
				in := present(m)
				in.Name, in.Active = fmt.Sprint("Ada ", i), i%2 == 0
				return first(h.push(m, in))
			}), func() error { return first(h.Remove(h.scim(), m.ID)) })...)
			if ends[""]+ends[fault.Missing] != 5 || ends[""] == 0 {
				t.Fatalf("round %d: %v", round, ends)
			}
			_, there := h.find(m.ID)
			same(t, "there, account", []any{there, h.count(&models.User{}, "id = ?", m.UserID)}, []any{false, 0})
			events := h.told(m.ID)
			same(t, "last event", events[len(events)-1].Action, "membership.removed")
		}
	})
}

// Provisioning and the first sign-in of the same person meet, and each calls
// them by the name that the other knows, with an address of its own: they are one
// person still, or a removal would leave the other one in.
func TestProvisionAgainstSignInByNameAlone(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		for range 20 {
			name := "emp-" + h.address()
			login := h.judged(h.team, h.idp, idptest.Person{NameID: name, NameIDFormat: saml.FormatUnspecified, Email: h.address()})
			in := roster.ScimUser{UserName: name, Email: h.address(), Active: true}
			before := h.people()
			ends := together(t,
				func() error { return first(h.ProvisionScim(h.scim(), h.team.ID, in)) },
				func() error { return first(h.SignIn(h.request(), login)) },
			)
			if ends[""]+ends[fault.Taken]+ends[fault.LoginAccountConflict] != 2 || ends[""] == 0 {
				t.Fatalf("%v", ends)
			}
			same(t, "members", h.people()[1]-before[1], int64(1))
		}
	})
}
