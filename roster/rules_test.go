package roster_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"rollcall/fault"
	"rollcall/internal/idptest"
	"rollcall/models"
	"rollcall/roster"
)

var noRevision *int

// rules sets the team's rules.
func (h *house) rules(rules ...roster.NewRule) {
	h.Helper()
	h.must(first(h.SetRoleRules(h.as(h.root), h.team.ID, rules, noRevision)))
}

// saying signs somebody in of whom the identity provider says something.
func (h *house) saying(nameID string, claims map[string][]string) roster.SignIn {
	h.Helper()
	about := h.idp.About(who(nameID, nameID+"@acme.test"), h.sso.ServiceProvider(h.team.Slug), "")
	for name, values := range claims {
		about.Attributes = append(about.Attributes, idptest.Attribute{Name: name, Values: values})
	}
	packed, err := h.idp.Respond(about)
	h.must(err)
	login, _, err := h.sso.Judge(h.request(), h.team.Slug, packed, "/", browser)
	h.must(err)
	in, err := h.SignIn(h.request(), login)
	h.must(err)
	return in
}

var (
	opsAdmin  = roster.NewRule{Kind: models.RuleGroup, Attribute: "groups", Value: "ops", Role: models.RoleAdmin}
	allViewer = roster.NewRule{Kind: models.RuleGroup, Attribute: "groups", Value: "all", Role: models.RoleViewer}
	legal     = roster.NewRule{Kind: models.RuleAttribute, Attribute: "department", Value: "Legal", Role: models.RoleViewer}
)

func (h *house) roleOf(id models.ID) string {
	m, _ := h.find(id)
	return string(m.Role) + " " + string(m.RoleSource)
}

// What a sign-in says of somebody gives the role; what it does not say takes
// nothing away.
func TestRolesByRule(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		told := h.withAccounts()
		h.rules(opsAdmin, allViewer, legal)
		in := h.saying("ada", map[string][]string{"groups": {"all", "ops"}})
		same(t, "made by the first rule that holds", h.roleOf(in.ID), "ADMIN GROUP")
		same(t, "admins are told", []any{len(*told), (*told)[0].Kind, (*told)[0].Facts["change.ada@acme.test"]}, []any{1, "role_raised", "ADMIN"})
		for _, c := range []struct {
			name   string
			claims map[string][]string
			want   string
		}{
			{"nothing is said", nil, "ADMIN GROUP"},
			{"of groups nothing is said", map[string][]string{"department": {"Legal"}}, "ADMIN GROUP"},
			{"another group", map[string][]string{"groups": {"all"}}, "VIEWER GROUP"},
			{"none that counts, and no department", map[string][]string{"groups": {"x"}}, "VIEWER GROUP"},
			{"none that counts", map[string][]string{"groups": {"x"}, "department": {"x"}}, "MEMBER DEFAULT"},
			{"capitals are another value", map[string][]string{"groups": {"OPS"}, "department": {"legal"}}, "MEMBER DEFAULT"},
			{"a department", map[string][]string{"department": {"Legal"}}, "VIEWER ATTRIBUTE"},
			{"an empty list is none", map[string][]string{"groups": {}, "department": {""}}, "MEMBER DEFAULT"},
			{"back", map[string][]string{"groups": {"ops"}}, "ADMIN GROUP"},
		} {
			again := h.saying("ada", c.claims)
			same(t, c.name, []any{h.roleOf(in.ID), again.Role}, []any{c.want, strings.Fields(c.want)[0]})
		}
		same(t, "told again", len(*told), 2)
		// A decision about one person is stronger.
		h.must(first(h.ChangeRole(h.as(h.root), in.ID, models.RoleViewer, nil)))
		h.saying("ada", map[string][]string{"groups": {"ops"}})
		same(t, "by hand", h.roleOf(in.ID), "VIEWER MANUAL")
		// Rules that are gone gave what they gave until the next sign-in.
		other := h.saying("bob", map[string][]string{"groups": {"all"}})
		h.rules()
		same(t, "until then", h.roleOf(other.ID), "VIEWER GROUP")
		h.saying("bob", map[string][]string{"groups": {"all"}})
		same(t, "without rules", h.roleOf(other.ID), "MEMBER DEFAULT")
	})
}

// A group that provisioning pushed is stronger than a rule, whoever comes first.
func TestRulesAndGroups(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.rules(legal)
		m := h.provision(wanted("ada@acme.test"))
		group, err := h.CreateGroup(h.scim(), h.team.ID, roster.NewGroup{DisplayName: "Ops"})
		h.must(err)
		h.must(first(h.SetGroupRoleMapping(h.as(h.root), group.ID, models.RoleAdmin)))
		says := map[string][]string{"department": {"Legal"}}
		signIn := func() string {
			about := h.idp.About(named("ada@acme.test"), h.sso.ServiceProvider(h.team.Slug), "")
			about.Attributes = append(about.Attributes, idptest.Attribute{Name: "department", Values: says["department"]})
			packed, err := h.idp.Respond(about)
			h.must(err)
			login, _, err := h.sso.Judge(h.request(), h.team.Slug, packed, "/", browser)
			h.must(err)
			h.must(first(h.SignIn(h.request(), login)))
			return h.roleOf(m.ID)
		}
		same(t, "by the rule", signIn(), "VIEWER ATTRIBUTE")
		h.must(first(h.ChangeGroup(h.scim(), h.team.ID, group.ID, []roster.GroupChange{{Add: []roster.GroupRef{{ID: m.ID}}}}, 0)))
		same(t, "by the group", h.roleOf(m.ID), "ADMIN GROUP")
		same(t, "and the rule does not undo it", signIn(), "ADMIN GROUP")
		h.must(first(h.ChangeGroup(h.scim(), h.team.ID, group.ID, []roster.GroupChange{{Remove: []models.ID{m.ID}}}, 0)))
		same(t, "out of the group", h.roleOf(m.ID), "MEMBER DEFAULT")
		same(t, "by the rule again", signIn(), "VIEWER ATTRIBUTE")
	})
}

// A rule never takes the last admin away, and the sign-in goes on.
func TestRulesKeepTheLastAdmin(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.rules(opsAdmin)
		a, b := h.saying("a", map[string][]string{"groups": {"ops"}}), h.saying("b", map[string][]string{"groups": {"ops"}})
		// The direct admin leaves the office; the two are all there is.
		h.update(&models.Membership{}, h.root.ID, map[string]any{"role": models.RoleMember})
		out := map[string][]string{"groups": {"x"}}
		logins := func(name string) func() error {
			about := h.idp.About(who(name, name+"@acme.test"), h.sso.ServiceProvider(h.team.Slug), "")
			about.Attributes = append(about.Attributes, idptest.Attribute{Name: "groups", Values: out["groups"]})
			packed, err := h.idp.Respond(about)
			h.must(err)
			login, _, err := h.sso.Judge(h.request(), h.team.Slug, packed, "/", browser)
			h.must(err)
			return func() error { return first(h.SignIn(h.request(), login)) }
		}
		for range 6 {
			ends := together(t, logins("a"), logins("b"))
			same(t, "both are in", ends[""], 2)
			same(t, "one admin is left", h.count(&models.Membership{}, "team_id = ? AND role = 'ADMIN'", h.team.ID), 1)
			kept := append(actions(h.told(a.ID)), actions(h.told(b.ID))...)
			if !slices.Contains(kept, "membership.role_kept") {
				t.Error("nobody is told that the rule was not followed")
			}
			h.update(&models.Membership{}, a.ID, map[string]any{"role": models.RoleAdmin, "role_source": models.RoleByGroup})
			h.update(&models.Membership{}, b.ID, map[string]any{"role": models.RoleAdmin, "role_source": models.RoleByGroup})
		}
	})
}

func TestSetRoleRules(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		admin := h.as(h.root)
		long := strings.Repeat("x", 1001)
		many := make([]roster.NewRule, 101)
		for i := range many {
			many[i] = roster.NewRule{Kind: models.RuleGroup, Attribute: "groups", Value: fmt.Sprint(i), Role: models.RoleMember}
		}
		for name, c := range map[string]struct {
			rules []roster.NewRule
			want  fault.Code
		}{
			"no attribute": {[]roster.NewRule{{Value: "x"}}, fault.Required}, "no value": {[]roster.NewRule{{Attribute: "x"}}, fault.Required},
			"a long value": {[]roster.NewRule{{Attribute: "x", Value: long}}, fault.InvalidValue}, "a long name": {[]roster.NewRule{{Attribute: long, Value: "x"}}, fault.InvalidValue},
			"control characters": {[]roster.NewRule{{Attribute: "x", Value: "a\nb"}}, fault.InvalidValue}, "twice": {[]roster.NewRule{opsAdmin, opsAdmin}, fault.InvalidValue},
			"too many": {many, fault.InvalidValue},
		} {
			ended(t, name, first(h.SetRoleRules(admin, h.team.ID, c.rules, nil)), c.want)
			_, err := h.PreviewRoleRules(admin, h.team.ID, c.rules, models.Window{Limit: 1})
			ended(t, name+", previewed", err, c.want)
		}
		member := h.direct(models.RoleMember)
		other, _ := h.found("other")
		stranger := h.add(other, models.KindPerson, models.RoleAdmin)
		for name, c := range map[string]struct {
			by   roster.Member
			want fault.Code
		}{"a member": {member, fault.Forbidden}, "another team's admin": {stranger, fault.Missing}} {
			ended(t, name, first(h.SetRoleRules(h.as(c.by), h.team.ID, nil, nil)), c.want)
			_, err := h.PreviewRoleRules(h.as(c.by), h.team.ID, nil, models.Window{Limit: 1})
			ended(t, name+" previews", err, c.want)
			ended(t, name+" reads", first(h.RoleRules(h.as(c.by), h.team.ID)), c.want)
		}
		settings, err := h.SetRoleRules(admin, h.team.ID, many[:100], nil)
		h.must(err)
		ended(t, "an old revision", first(h.SetRoleRules(admin, h.team.ID, nil, ptr(settings.Revision-1))), fault.StaleRevision)
		again, err := h.SetRoleRules(admin, h.team.ID, many[:100], &settings.Revision)
		h.must(err)
		same(t, "the same rules change nothing", again.Revision, settings.Revision)
		rows, err := h.RoleRules(admin, h.team.ID)
		h.must(err)
		same(t, "stored", []any{len(rows), rows[99].Position, rows[99].Value}, []any{100, 100, "99"})
		// Two who replace at once: one set is whole.
		together(t, times(6, func(i int) error {
			return first(h.SetRoleRules(admin, h.team.ID, many[i*10:i*10+10], nil))
		})...)
		rows, err = h.RoleRules(admin, h.team.ID)
		h.must(err)
		same(t, "one whole set", len(rows), 10)
	})
}

// The preview says what the next sign-ins do: members, claims and rules at
// random, judged once in SQL and once by signing in.
func TestPreviewRoleRules(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.withAccounts()
		dice := rand.New(rand.NewPCG(1, 2))
		pick := func(of ...string) string { return of[dice.IntN(len(of))] }
		roles := []models.Role{models.RoleAdmin, models.RoleMember, models.RoleViewer}
		draw := func() (rules []roster.NewRule) {
			for _, i := range dice.Perm(6)[:dice.IntN(5)] {
				kind, name := models.RuleGroup, `gro"ups`
				if i > 2 {
					kind, name = models.RuleAttribute, "depart'ment"
				}
				rules = append(rules, roster.NewRule{Kind: kind, Attribute: name, Value: []string{"a", "b", `c"%_\`}[i%3], Role: roles[dice.IntN(3)]})
			}
			return rules
		}
		claims := func() map[string][]string {
			out := map[string][]string{}
			for _, name := range []string{`gro"ups`, "depart'ment"} {
				switch dice.IntN(3) {
				case 0:
					out[name] = []string{}
				case 1:
					out[name] = []string{pick("a", "b", `c"%_\`, "d"), pick("a", "x")}
				}
			}
			return out
		}
		said, ids := map[string]map[string][]string{}, map[string]models.ID{}
		for i := range 20 {
			name := fmt.Sprint("p", i)
			said[name] = claims()
			ids[name] = h.saying(name, said[name]).ID
		}
		h.must(first(h.ChangeRole(h.as(h.root), ids["p3"], models.RoleViewer, nil)))
		h.provision(wanted("never@acme.test"))
		for range 6 {
			rules := draw()
			before := map[models.ID]string{}
			for _, id := range ids {
				before[id] = h.roleOf(id)
			}
			preview, err := h.PreviewRoleRules(h.as(h.root), h.team.ID, rules, models.Window{Limit: 100})
			h.must(err)
			same(t, "unknown", preview.Unknown, 1)
			h.rules(rules...)
			wanted, moved := map[models.ID]string{}, 0
			for _, e := range preview.Effects {
				wanted[e.Membership.ID] = string(e.Role) + " " + string(e.Source)
				if e.Role != e.Membership.Role {
					moved++
				}
			}
			counted := 0
			for _, c := range preview.Changes {
				counted += c.Count
			}
			same(t, "counts", counted, moved)
			for name, id := range ids {
				h.saying(name, said[name])
				want, changes := wanted[id]
				if !changes {
					want = before[id]
				}
				if got := h.roleOf(id); got != want {
					text, _ := json.Marshal(rules)
					t.Errorf("%s was %s, said %v: is %s, was to be %s by %s", name, before[id], said[name], got, want, text)
				}
			}
		}
		// A page at a time.
		rules := []roster.NewRule{{Kind: models.RuleGroup, Attribute: "nobody", Value: "x", Role: models.RoleViewer}}
		_, err := h.PreviewRoleRules(h.as(h.root), h.team.ID, rules, models.Window{Limit: 2})
		h.must(err)
	})
}

// What is kept of an assertion is bounded, whole attributes at a time.
func TestClaimsAreBounded(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		kept := func() (row models.MemberClaims) {
			h.must(h.db.Read(t.Context()).Take(&row).Error)
			return row
		}
		groups := make([]string, 2_001)
		for i := range groups {
			groups[i] = fmt.Sprintf("group-%05d", i)
		}
		in := h.saying("ada", map[string][]string{"groups": groups, "department": {"Legal", "Legal"}})
		row := kept()
		_, whole := row.Claims["groups"]
		same(t, "too many values", []any{row.MembershipID, whole, row.Claims["department"]}, []any{in.ID, false, []string{"Legal"}})
		// The same again writes nothing.
		h.clock.Advance(day)
		h.saying("ada", map[string][]string{"groups": groups, "department": {"Legal"}})
		same(t, "unchanged", kept().UpdatedAt.Equal(row.UpdatedAt), true)
		h.saying("ada", map[string][]string{"department": {"Ops"}})
		same(t, "changed", []any{kept().Claims["department"], kept().UpdatedAt.UTC()}, []any{[]string{"Ops"}, h.clock.Now()})
		wide := map[string][]string{}
		for i := range 90 {
			wide[fmt.Sprint("attribute-", i)] = []string{strings.Repeat("é", 600)}
		}
		h.saying("ada", wide)
		text, err := json.Marshal(kept().Claims)
		h.must(err)
		if n := len(kept().Claims); n > 64 || n < 40 || len(text) > 64<<10 {
			t.Errorf("%d attributes in %d bytes are kept", n, len(text))
		}
		// They go with the member, and with the identity.
		identity := models.ExternalIdentity{}
		h.must(h.db.Read(t.Context()).Where("membership_id = ?", in.ID).Take(&identity).Error)
		h.must(first(h.Unlink(h.operator(), identity.ID)))
		same(t, "gone", h.count(&models.MemberClaims{}, "1 = 1"), 0)
	})
}
