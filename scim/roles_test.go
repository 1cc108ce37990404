package scim_test

import (
	"fmt"
	"sync"
	"testing"

	"rollcall/fault"
	"rollcall/internal/housetest"
	"rollcall/models"
	"rollcall/roster"
)

// role is a member's role and where it comes from.
func (c client) role(id string) string {
	c.h.t.Helper()
	m, err := c.h.roster.Membership(c.h.operator(), models.ID(id))
	if err != nil {
		c.h.t.Fatal(err)
	}
	return string(m.Role) + " " + string(m.RoleSource)
}

// Roles follow groups: the strongest counts, who leaves the last one goes back
// to the default, a role by hand stays, and what is not said changes nothing.
func TestRolesFollowGroups(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		root := c.add("root@acme.test", models.RoleAdmin)
		ada, bob, eve := c.create("ada@acme.test"), c.create("bob@acme.test"), c.create("eve@acme.test")
		admins, viewers := c.group("Admins", ada), c.group("Viewers", ada, bob, string(root.ID))
		set := func(group string, role models.Role) {
			t.Helper()
			if _, err := h.roster.SetGroupRoleMapping(h.operator(), models.ID(group), role); err != nil {
				t.Fatal(err)
			}
		}
		expect := func(want ...string) {
			t.Helper()
			for i, id := range []string{ada, bob, eve, string(root.ID)} {
				if got := c.role(id); got != want[i] {
					t.Errorf("person %d is %s, must be %s", i, got, want[i])
				}
			}
		}
		expect("MEMBER DEFAULT", "MEMBER DEFAULT", "MEMBER DEFAULT", "ADMIN MANUAL")
		set(viewers, models.RoleViewer)
		expect("VIEWER GROUP", "VIEWER GROUP", "MEMBER DEFAULT", "ADMIN MANUAL")
		set(admins, models.RoleAdmin)
		expect("ADMIN GROUP", "VIEWER GROUP", "MEMBER DEFAULT", "ADMIN MANUAL")
		c.patchGroup(admins, `[{"op":"add","path":"members","value":[{"value":"`+eve+`"}]}]`).want(204, "")
		expect("ADMIN GROUP", "VIEWER GROUP", "ADMIN GROUP", "ADMIN MANUAL")
		// Absent never means revoke.
		c.patchGroup(admins, `[{"op":"replace","value":{"displayName":"Chiefs"}}]`).want(204, "")
		c.do("PUT", "/Groups/"+admins, `{"displayName":"Admins"}`).want(200, "")
		c.do("PUT", "/Users/"+ada, `{"userName":"ada@acme.test"}`).want(200, "")
		c.do("PUT", "/Users/"+ada, `{"userName":"ada@acme.test","groups":[]}`).want(200, "")
		expect("ADMIN GROUP", "VIEWER GROUP", "ADMIN GROUP", "ADMIN MANUAL")
		c.patchGroup(admins, `[{"op":"remove","path":"members[value eq \"`+ada+`\"]"}]`).want(204, "")
		expect("VIEWER GROUP", "VIEWER GROUP", "ADMIN GROUP", "ADMIN MANUAL")
		if _, err := h.roster.ChangeRole(h.operator(), models.ID(bob), models.RoleMember, nil); err != nil {
			t.Fatal(err)
		}
		c.patchGroup(viewers, `[{"op":"replace","path":"members","value":[`+values([]string{bob, string(root.ID)})+`]}]`).want(204, "")
		expect("MEMBER DEFAULT", "MEMBER MANUAL", "ADMIN GROUP", "ADMIN MANUAL")
		c.do("DELETE", "/Groups/"+admins, "").want(204, "")
		expect("MEMBER DEFAULT", "MEMBER MANUAL", "MEMBER DEFAULT", "ADMIN MANUAL")
		if err := h.roster.RemoveGroupRoleMapping(h.operator(), models.ID(viewers)); err != nil {
			t.Fatal(err)
		}
		// Out and in again: the role of before.
		c.patchGroup(viewers, `[{"op":"add","path":"members","value":[{"value":"`+ada+`"}]}]`).want(204, "")
		set(viewers, models.RoleAdmin)
		c.patch(ada, `[{"op":"replace","path":"active","value":false}]`).want(200, "")
		c.patch(ada, `[{"op":"replace","path":"active","value":true}]`).want(200, "")
		expect("ADMIN GROUP", "MEMBER MANUAL", "MEMBER DEFAULT", "ADMIN MANUAL")
	})
}

// The last admin stays, whatever a group says; the push is refused as a whole.
func TestGroupsKeepTheLastAdmin(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		ada, bob := c.create("ada@acme.test"), c.create("bob@acme.test")
		admins := c.group("Admins", ada)
		if _, err := h.roster.SetGroupRoleMapping(h.operator(), models.ID(admins), models.RoleAdmin); err != nil {
			t.Fatal(err)
		}
		for _, a := range []answer{
			c.patchGroup(admins, `[{"op":"replace","path":"displayName","value":"x"},{"op":"remove","path":"members"}]`),
			c.patchGroup(admins, `[{"op":"add","path":"members","value":[{"value":"`+bob+`"}]},{"op":"replace","path":"members","value":[]}]`),
			c.do("DELETE", "/Groups/"+admins, ""),
			c.do("PUT", "/Groups/"+admins, `{"displayName":"Admins","members":[]}`),
			c.patch(ada, `[{"op":"replace","path":"active","value":false}]`),
			c.do("DELETE", "/Users/"+ada, ""),
		} {
			a.want(403, "")
		}
		c.do("GET", "/Groups/"+admins, "").want(200, "").has("Admins", "displayName").has(ada, "members", 0, "value").has(nil, "members", 1)
		c.patchGroup(admins, `[{"op":"replace","path":"members","value":[{"value":"`+bob+`"}]}]`).want(204, "")
		if c.role(ada) != "MEMBER DEFAULT" || c.role(bob) != "ADMIN GROUP" {
			t.Errorf("%s and %s", c.role(ada), c.role(bob))
		}
	})
}

// A mapping that is set while people are pushed into the group misses nobody,
// and removals and deactivations that cross pushes leave nothing behind.
func TestMappingMeetsPushes(t *testing.T) {
	const n = 16
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		c.add("root@acme.test", models.RoleAdmin)
		var ids []string
		for i := range n {
			ids = append(ids, c.create(fmt.Sprintf("u%d@acme.test", i)))
		}
		group := c.group("Viewers", ids[0])
		var wg sync.WaitGroup
		for _, id := range ids[1:] {
			wg.Go(func() {
				if a := c.patchGroup(group, `[{"op":"add","path":"members","value":[{"value":"`+id+`"}]}]`); a.status != 204 {
					t.Errorf("push: %d %s", a.status, a.text)
				}
			})
		}
		wg.Go(func() {
			if _, err := h.roster.SetGroupRoleMapping(h.operator(), models.ID(group), models.RoleViewer); err != nil {
				t.Error(err)
			}
		})
		wg.Wait()
		c.holds(group, ids...)
		for _, id := range ids {
			if got := c.role(id); got != "VIEWER GROUP" {
				t.Errorf("%s is %s", id, got)
			}
		}
		// Half of them go while the list is pushed again and again.
		for i, id := range ids {
			if i%2 == 0 {
				wg.Go(func() { c.do("DELETE", "/Users/"+id, "").want(204, "") })
				continue
			}
			wg.Go(func() {
				c.patchGroup(group, `[{"op":"remove","path":"members[value eq \"`+id+`\"]"},{"op":"add","path":"members","value":[{"value":"`+id+`"}]}]`).want(204, "")
			})
		}
		wg.Wait()
		var left []string
		for i, id := range ids {
			if i%2 == 1 {
				left = append(left, id)
			}
		}
		c.holds(group, left...)
	})
}

// Only the team's provisioning client and operators write groups; only admins
// say what follows from them.
func TestWhoWritesGroups(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		admin, member := c.add("root@acme.test", models.RoleAdmin), c.add("mel@acme.test", models.RoleMember)
		group := models.ID(c.group("Ops"))
		asAdmin, asMember := housetest.AsMember(t.Context(), admin.Membership, admin.User), housetest.AsMember(t.Context(), member.Membership, member.User)
		scimOf, scimOther := housetest.AsScim(t.Context(), c.team.ID), housetest.AsScim(t.Context(), h.globex.team.ID)
		for name, x := range map[string]struct {
			err  error
			want fault.Code
		}{
			"an admin makes one":         {second(h.roster.CreateGroup(asAdmin, c.team.ID, roster.NewGroup{DisplayName: "x"})), fault.Forbidden},
			"a member changes one":       {second(h.roster.ChangeGroup(asMember, c.team.ID, group, nil, 0)), fault.Forbidden},
			"another team's client":      {second(h.roster.ChangeGroup(scimOther, c.team.ID, group, nil, 0)), fault.Missing},
			"another team's client ends": {h.roster.DeleteGroup(scimOther, h.globex.team.ID, group, 0), fault.Missing},
			"a client maps":              {second(h.roster.SetGroupRoleMapping(scimOf, group, models.RoleAdmin)), fault.Forbidden},
			"a member maps":              {second(h.roster.SetGroupRoleMapping(asMember, group, models.RoleAdmin)), fault.Forbidden},
			"another team's admin maps":  {second(h.roster.SetGroupRoleMapping(scimOther, group, models.RoleAdmin)), fault.Missing},
			"a member looks at calls":    {third(h.roster.ScimCalls(asMember, c.team.ID, models.Window{Limit: 1})), fault.Forbidden},
			"a client switches itself":   {second(h.roster.UpdateProvisioning(scimOf, c.team.ID, roster.ProvisioningChange{})), fault.Forbidden},
			"nobody reads":               {second(h.roster.Group(t.Context(), group)), fault.NotSignedIn},
			"an admin maps":              {second(h.roster.SetGroupRoleMapping(asAdmin, group, models.RoleViewer)), ""},
			"a member reads":             {second(h.roster.Group(asMember, group)), ""},
		} {
			if x.want == "" && x.err != nil || x.want != "" && !fault.Is(x.err, x.want) {
				t.Errorf("%s: %v", name, x.err)
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }

func third[T, U any](_ T, _ U, err error) error { return err }
