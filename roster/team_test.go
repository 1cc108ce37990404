package roster_test

import (
	"fmt"
	"strings"
	"testing"

	"rollcall/fault"
	"rollcall/models"
	"rollcall/roster"
)

func TestCreateTeam(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team, err := h.CreateTeam(h.operator(), roster.NewTeam{Slug: "new-team-1", Name: "  New Team ", Plan: models.PlanTeam})
		h.must(err)
		stored, err := h.TeamBySlug(h.operator(), "new-team-1")
		h.must(err)
		same(t, "stored", stored, team)
		same(t, "values", []any{team.Name, team.Plan, team.Revision}, []any{"New Team", "TEAM", 1})
		settings, err := h.sso.Settings(h.operator(), team.ID)
		h.must(err)
		same(t, "settings", []any{settings.State, settings.DefaultRole}, []any{"DRAFT", "MEMBER"})
		events := h.told(team.ID)
		same(t, "events", []any{actions(events), events[0].TargetLabel, detail(events[0], "plan")}, []any{[]string{"team.created"}, "new-team-1", "TEAM"})
		before := h.count(&models.Team{}, "1 = 1")
		for _, c := range []struct {
			slug, name string
			want       fault.Code
			field      string
		}{
			{"", "x", fault.InvalidValue, "slug"}, {"ab", "x", fault.InvalidValue, "slug"}, {strings.Repeat("a", 41), "x", fault.InvalidValue, "slug"},
			{"Acme", "x", fault.InvalidValue, "slug"}, {"a_b", "x", fault.InvalidValue, "slug"}, {"-ab", "x", fault.InvalidValue, "slug"}, {"ab-", "x", fault.InvalidValue, "slug"},
			{"a b", "x", fault.InvalidValue, "slug"}, {"a.b", "x", fault.InvalidValue, "slug"}, {"a/b", "x", fault.InvalidValue, "slug"}, {"äcme", "x", fault.InvalidValue, "slug"},
			{"acme\n", "x", fault.InvalidValue, "slug"}, {"acme\x00", "x", fault.InvalidValue, "slug"},
			{"good", " \t", fault.Required, "name"}, {"good", strings.Repeat("ü", 101), fault.InvalidValue, "name"}, {"good", "a\x00b", fault.InvalidValue, "name"},
			{"good", "a\nb", fault.InvalidValue, "name"}, {"good", "\xff", fault.InvalidValue, "name"},
			{"acme", "x", fault.Taken, "slug"},
		} {
			_, err := h.CreateTeam(h.operator(), roster.NewTeam{Slug: c.slug, Name: c.name, Plan: models.PlanFree})
			ended(t, fmt.Sprintf("%q %q", c.slug, c.name), err, c.want)
			if f, ok := fault.As(err); ok {
				same(t, c.slug+": field", f.Field, []string{c.field})
			}
		}
		same(t, "teams", h.count(&models.Team{}, "1 = 1"), before)
		for _, slug := range []string{"abc", strings.Repeat("a", 40), "1-2", "a--b"} {
			ended(t, slug, first(h.CreateTeam(h.operator(), roster.NewTeam{Slug: slug, Name: "x", Plan: models.PlanFree})), "")
		}
		ends := together(t, times(6, func(int) error {
			return first(h.CreateTeam(h.operator(), roster.NewTeam{Slug: "at-once", Name: "x", Plan: models.PlanFree}))
		})...)
		same(t, "at once", ends, map[fault.Code]int{"": 1, fault.Taken: 5})
		same(t, "settings of all", h.count(&models.SsoSettings{}, "1 = 1"), h.count(&models.Team{}, "1 = 1"))
	})
}

// What is no slug names no team, whatever the database thinks of it.
func TestOddSlugs(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		for _, slug := range []string{"", "nobody", "ACME", "acme ", "acme\x00", "\xff", "acme' OR 1=1 --", strings.Repeat("a", 1<<16)} {
			ended(t, fmt.Sprintf("%.20q", slug), first(h.TeamBySlug(h.operator(), slug)), fault.Missing)
		}
		ended(t, "unknown id", first(h.Team(h.operator(), newID(t))), fault.Missing)
	})
}

// Pages are exact, in the order of creation, and see nothing twice.
func TestPages(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		all := []models.ID{h.root.ID}
		for range 6 {
			all = append(all, h.direct(models.RoleMember).ID)
		}
		h.add(h.newTeam("other", models.PlanTeam), models.KindPerson, models.RoleAdmin)
		for _, limit := range []int{1, 2, 3, 6, 7, 8, 100} {
			var got []models.ID
			w, more := models.Window{Limit: limit}, true
			for more {
				var rows []roster.Member
				var err error
				rows, more, err = h.ListMembers(h.as(h.root), h.team.ID, roster.MemberFilter{}, roster.ByJoining, w)
				h.must(err)
				if len(rows) > limit || more && len(rows) != limit {
					t.Fatalf("a page of %d has %d rows, more %v", limit, len(rows), more)
				}
				for _, m := range rows {
					got = append(got, m.ID)
					w.After = &models.Mark{ID: m.ID}
				}
			}
			same(t, fmt.Sprint("pages of ", limit), got, all)
		}
		n, err := h.CountMembers(h.as(h.root), h.team.ID, roster.MemberFilter{})
		h.must(err)
		same(t, "members", n, 7)

		h.newTeam("third", models.PlanFree)
		var slugs []string
		rows, more, err := h.ListTeams(h.operator(), models.Window{Limit: 2})
		h.must(err)
		same(t, "more teams", more, true)
		rest, more, err := h.ListTeams(h.operator(), models.Window{Limit: 2, After: &models.Mark{ID: rows[1].ID}})
		h.must(err)
		same(t, "no more teams", more, false)
		for _, team := range append(rows, rest...) {
			slugs = append(slugs, team.Slug)
		}
		same(t, "an operator's teams", slugs, []string{"acme", "other", "third"})
		rows, more, err = h.ListTeams(h.as(h.root), models.Window{Limit: 2})
		h.must(err)
		same(t, "an admin's teams", []any{len(rows), rows[0].ID, more}, []any{1, h.team.ID, false})
		all2, err := h.CountTeams(h.operator())
		h.must(err)
		own, err := h.CountTeams(h.as(h.root))
		h.must(err)
		same(t, "counts", []int{all2, own}, []int{3, 1})
		_, err = h.CountTeams(h.Context())
		ended(t, "nobody counts", err, fault.NotSignedIn)
	})
}

// Add uses the account that somebody has, and takes nobody from a team that
// manages them.
func TestAdd(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		other, idp := h.found("other")
		add := func(team models.Team, address string) (roster.Member, error) {
			return h.Add(h.operator(), roster.NewMember{TeamID: team.ID, Kind: models.KindPerson, Role: models.RoleAdmin, Person: roster.Person{Email: address, Name: "Grace"}})
		}
		one, err := add(h.team, " Grace@Acme.test ")
		h.must(err)
		same(t, "made", []any{one.User.Email, one.User.Name, one.User.Origin, one.User.ManagedByTeamID == nil, one.Source, one.Role, one.RoleSource, one.UserName},
			[]any{"Grace@Acme.test", "Grace", "DIRECT", true, "DIRECT", "ADMIN", "MANUAL", "Grace@Acme.test"})
		two, err := add(other, "gRACE@acme.TEST")
		h.must(err)
		same(t, "the same account", two.UserID, one.UserID)
		ended(t, "twice", first(add(other, "grace@acme.test")), fault.Taken)
		in, err := h.SignIn(h.request(), h.judged(other, idp, named("managed@other.test")))
		h.must(err)
		ended(t, "somebody else's", first(add(h.team, in.User.Email)), fault.AccountConflict)
		ended(t, "unknown team", first(add(models.Team{ID: newID(t)}, "x@acme.test")), fault.Missing)
		for _, address := range []string{"", "x", "@", "a@", "@b", "a@b@c", "a b@c.test", "a@c.test\x00", "a<b>@c.test", "a\n@c.test", "a@c.test, b@c.test", strings.Repeat("a", 250) + "@c.test"} {
			ended(t, fmt.Sprintf("%.20q", address), first(add(h.team, address)), fault.InvalidValue)
		}
		for _, address := range []string{"o'brien@acme.test", "a+b@acme.test", "jürgen@bücher.test", "x@localhost"} {
			ended(t, address, first(add(h.team, address)), "")
		}
	})
}
