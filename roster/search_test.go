package roster_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"rollcall/access"
	"rollcall/fault"
	"rollcall/internal/housetest"
	"rollcall/models"
	"rollcall/roster"
)

// crowd puts people on the team whose names and addresses share beginnings.
func (h *house) crowd() []roster.Member {
	h.Helper()
	var out []roster.Member
	for i, p := range []roster.Person{
		{Email: "ada@acme.test", Name: "Ada Lovelace", GivenName: "Ada", FamilyName: "Lovelace"},
		{Email: "adam@acme.test", Name: "Adam Lovell", GivenName: "Adam", FamilyName: "Lovell"},
		{Email: "zed@acme.test", Name: "Lova Ådahl", GivenName: "Lova", FamilyName: "Ådahl"},
		{Email: "LOVE@acme.test"},
		{Email: "x@acme.test", Name: "ﬁnn_100%", GivenName: "STRASSE", FamilyName: "straße"},
		{Email: "y@acme.test", Name: "田中", FamilyName: "田"},
		{Email: "adb@acme.test", Name: "Ada", GivenName: "Ada", FamilyName: "Ada"},
		{Email: "adc@acme.test", Name: "Ada", GivenName: "Ada", FamilyName: "Ada"},
		{Email: "add@acme.test", Name: "Ada", GivenName: "Ada", FamilyName: "Ada"},
	} {
		kind := models.KindPerson
		if i == 3 {
			kind = models.KindIntegration
		}
		m, err := h.Add(h.operator(), roster.NewMember{TeamID: h.team.ID, Kind: kind, Role: models.RoleMember, Person: p})
		h.must(err)
		out = append(out, m)
	}
	return out
}

// expected is whom a search finds, and by what, worked out without a database.
func expected(crowd []roster.Member, text string) (out []string) {
	type hit struct {
		by string
		id models.ID
	}
	var hits []hit
	for _, m := range crowd {
		names := []string{m.UserNameKey}
		if m.User.Kind == models.KindPerson {
			names = append(names, m.User.EmailKey, models.Fold(m.User.Name), models.Fold(m.User.GivenName), models.Fold(m.User.FamilyName))
		}
		names = slices.DeleteFunc(names, func(n string) bool { return !strings.HasPrefix(n, models.Fold(text)) })
		if len(names) > 0 {
			hits = append(hits, hit{slices.Min(names), m.ID})
		}
	}
	slices.SortFunc(hits, func(a, b hit) int {
		return cmp.Or(strings.Compare(a.by, b.by), strings.Compare(string(a.id), string(b.id)))
	})
	for _, x := range hits {
		out = append(out, fmt.Sprint(x.by, " ", x.id))
	}
	return out
}

func byWhat(rows []roster.Found) (out []string) {
	for _, f := range rows {
		out = append(out, fmt.Sprint(f.By, " ", f.ID))
	}
	return out
}

// Whoever begins with the text is found once, by what comes first, in pages of
// any size and in both directions, and counted.
func TestSearch(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		crowd := append(h.crowd(), h.root)
		stranger, _ := h.found("globex")
		h.must(first(h.Add(h.operator(), roster.NewMember{TeamID: stranger.ID, Kind: models.KindPerson, Role: models.RoleMember, Person: roster.Person{Email: "ada@globex.test", Name: "Ada"}})))
		ctx := h.as(h.root)
		for _, text := range []string{"ada", "ADA", " a", "ad", "lov", "love", "lovelace", "å", "ådahl", "fin", "finn_", "finn_1", "strasse", "STRAẞE", "田", "田中", "%", "_", "nobody", "ada lo", "\U0010FFFD"} {
			want := expected(crowd, text)
			f := roster.MemberFilter{Search: text}
			if !models.Printable(models.Fold(text)) {
				ended(t, text, first(h.SearchMembers(ctx, h.team.ID, f, models.Window{Limit: 5})), fault.InvalidValue)
				continue
			}
			n, err := h.CountMembers(ctx, h.team.ID, f)
			h.must(err)
			same(t, text+": count", n, len(want))
			for _, limit := range []int{1, 2, 3, 50} {
				same(t, fmt.Sprintf("%s by %d", text, limit), h.pages(ctx, f, limit, false), want)
				same(t, fmt.Sprintf("%s back by %d", text, limit), h.pages(ctx, f, limit, true), want)
			}
		}
	})
}

// pages reads all pages, from the end for backwards.
func (h *house) pages(ctx context.Context, f roster.MemberFilter, limit int, backwards bool) (out []string) {
	h.Helper()
	w := models.Window{Limit: limit, Last: backwards}
	for range 200 {
		page, err := h.SearchMembers(ctx, h.team.ID, f, w)
		h.must(err)
		if backwards {
			out, w.Before = append(byWhat(page.Rows), out...), &page.Edge
		} else {
			out, w.After = append(out, byWhat(page.Rows)...), &page.Edge
		}
		if !page.More {
			return out
		}
	}
	h.Fatal("the pages do not end")
	return nil
}

// The other filters narrow a search, and a search is for whoever may read members.
func TestSearchNarrowed(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		crowd := h.crowd()
		_, err := h.Deactivate(h.as(h.root), crowd[1].ID, "left")
		h.must(err)
		active, direct := models.StatusActive, false
		for what, c := range map[string]struct {
			filter roster.MemberFilter
			left   []roster.Member
		}{
			"active":  {roster.MemberFilter{Status: &active}, slices.Delete(slices.Clone(crowd), 1, 2)},
			"direct":  {roster.MemberFilter{UnderSso: &direct}, crowd},
			"admins":  {roster.MemberFilter{Roles: []models.Role{models.RoleAdmin}}, nil},
			"by name": {roster.MemberFilter{UserNamePrefix: "adb"}, crowd[6:7]},
			"scim":    {roster.MemberFilter{Sources: []models.MembershipSource{models.SourceScim}}, nil},
		} {
			c.filter.Search = "ad"
			same(t, what, h.pages(h.as(h.root), c.filter, 2, false), expected(c.left, "ad"))
			n, err := h.CountMembers(h.as(h.root), h.team.ID, c.filter)
			h.must(err)
			same(t, what+": count", n, len(expected(c.left, "ad")))
		}
		w, f := models.Window{Limit: 5}, roster.MemberFilter{Search: "ada"}
		ended(t, "another team", first(h.SearchMembers(h.as(h.root), newID(t), f, w)), fault.Missing)
		ended(t, "a key without the scope", first(h.SearchMembers(h.with(h.root, models.ScopeSsoRead), h.team.ID, f, w)), fault.Forbidden)
		ended(t, "nobody", first(h.SearchMembers(access.With(h.Context(), access.Actor{}), h.team.ID, f, w)), fault.NotSignedIn)
		for _, text := range []string{" ", strings.Repeat("x", 201), "a\x00b", "a\nb"} {
			ended(t, fmt.Sprintf("%q", text), first(h.SearchMembers(h.as(h.root), h.team.ID, roster.MemberFilter{Search: text}, w)), fault.InvalidValue)
		}
	})
}

// A page of a search is two statements, however long it is.
func TestSearchIsTwoStatements(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.crowd()
		ctx, statements := models.CountStatements(h.as(h.root))
		for _, limit := range []int{1, 5} {
			before := statements.Load()
			_, err := h.SearchMembers(ctx, h.team.ID, roster.MemberFilter{Search: "a"}, models.Window{Limit: limit})
			h.must(err)
			same(t, "statements", statements.Load()-before, 2)
		}
	})
}

// Who deactivated a member stands beside when and why, and goes when they return.
func TestDeactivatedBy(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.direct(models.RoleMember)
		out, err := h.Deactivate(h.as(h.root), m.ID, "left")
		h.must(err)
		row, _ := h.find(m.ID)
		same(t, "who", []string{out.DeactivatedBy, row.DeactivatedBy}, []string{h.root.User.Email, h.root.User.Email})
		h.must(first(h.Reactivate(h.as(h.root), m.ID)))
		row, _ = h.find(m.ID)
		same(t, "who, of an active member", row.DeactivatedBy, "")
		in := wanted(h.address())
		in.Active = false
		p, err := h.ProvisionScim(h.scim(), h.team.ID, in)
		h.must(err)
		row, _ = h.find(p.ID)
		same(t, "by a provisioning client", row.DeactivatedBy, access.From(housetest.AsScim(h.Context(), h.team.ID)).Label)
	})
}

// name gives the people of seed their profiles: everybody's address and two of
// their names begin with "user".
func (h *house) name() {
	h.Helper()
	for _, statement := range []string{`INSERT INTO scim_values (membership_id, attr, item, team_id, value_key, type_key, is_primary)
		SELECT m.id, a.attr, 0, m.team_id, CASE a.attr WHEN 'emails' THEN u.email_key WHEN 'displayname' THEN lower(u.name)
			WHEN 'name.givenname' THEN lower(u.given_name) ELSE lower(u.family_name) END, '', false
		FROM memberships m JOIN users u ON u.id = m.user_id JOIN (SELECT 'emails' AS attr UNION SELECT 'displayname'
			UNION SELECT 'name.givenname' UNION SELECT 'name.familyname') a ON true
		WHERE u.name <> ''`, "ANALYZE"} {
		h.must(h.db.Read(h.Context()).Exec(statement).Error)
	}
}

// Where thousands share a name, and all of their others were found by it, pages
// are short and none is missing or comes twice.
func TestSearchOfMany(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		const many = 2_100
		h.seed(many)
		h.name()
		for _, backwards := range []bool{false, true} {
			found := h.pages(h.operator(), roster.MemberFilter{Search: "user"}, 100, backwards)
			slices.Sort(found)
			same(t, "everybody once", len(slices.Compact(found)), many)
			same(t, "nobody twice", len(found), many)
		}
		same(t, "nobody", len(h.pages(h.operator(), roster.MemberFilter{Search: "user", Roles: []models.Role{models.RoleAdmin}}, 100, false)), 0)
	})
}

// What a page of a search costs: of few and of all, the first page and one far
// on. Everybody's address and two names begin with "user".
func BenchmarkSearch(b *testing.B) {
	for name, open := range map[string]func(testing.TB) *models.DB{"sqlite": housetest.SQLite, "postgres": housetest.Postgres} {
		for _, members := range []int{1_000, 100_000} {
			h := furnish(b, open(b), housetest.NewClock())
			h.seed(members)
			h.name()
			all := roster.MemberFilter{Search: "user"}
			page, err := h.SearchMembers(h.operator(), h.team.ID, all, models.Window{Limit: 100})
			h.must(err)
			far := models.Mark{Key: "user" + fmt.Sprint(members*3/4) + "@acme.test", ID: page.Rows[0].ID}
			for what, c := range map[string]struct {
				f roster.MemberFilter
				w models.Window
			}{
				"one":      {roster.MemberFilter{Search: fmt.Sprintf("user %d", members/2)}, models.Window{Limit: 50}},
				"all":      {all, models.Window{Limit: 50}},
				"all-far":  {all, models.Window{Limit: 50, After: &far}},
				"all-last": {all, models.Window{Limit: 50, Last: true}},
			} {
				b.Run(fmt.Sprintf("%s/%d/%s", name, members, what), func(b *testing.B) {
					measured(b, h.operator(), func(ctx context.Context, _ int) error {
						return first(h.SearchMembers(ctx, h.team.ID, c.f, c.w))
					})
				})
			}
			b.Run(fmt.Sprintf("%s/%d/count-all", name, members), func(b *testing.B) {
				measured(b, h.operator(), func(ctx context.Context, _ int) error { return first(h.CountMembers(ctx, h.team.ID, all)) })
			})
		}
	}
}
