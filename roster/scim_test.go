package roster_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"rollcall/fault"
	"rollcall/models"
	"rollcall/roster"
	"rollcall/sso"
)

func TestProvision(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.change(h.team, sso.SettingsChange{DefaultRole: ptr(models.RoleViewer)})
		m := h.provision(roster.ScimUser{UserName: "Ada", Email: " Ada@Acme.test ", ExternalID: ptr("00u1"), Name: "Ada L", GivenName: "Ada", FamilyName: "Lovelace", Active: true})
		same(t, "membership", []any{m.TeamID, m.Role, m.RoleSource, m.Status, m.Source, m.ScimManaged, m.UserName, m.UserNameKey, *m.ExternalID, m.LastSeenAt, m.DeactivatedAt, m.Revision},
			[]any{h.team.ID, "VIEWER", "DEFAULT", "ACTIVE", "SCIM", true, "Ada", "ada", "00u1", nil, nil, 1})
		u := m.User
		same(t, "account", []any{u.Email, u.Name, u.GivenName, u.FamilyName, u.Kind, u.Origin, *u.ManagedByTeamID, u.VerifiedAt}, []any{"Ada@Acme.test", "Ada L", "Ada", "Lovelace", "PERSON", "SCIM", h.team.ID, h.clock.Now()})
		stored, err := h.ScimMember(h.scim(), h.team.ID, m.ID)
		h.must(err)
		stored.User, err = h.User(h.operator(), stored.UserID)
		h.must(err)
		same(t, "stored", present(stored).Email+stored.UserName+*stored.ExternalID, "Ada@Acme.testAda00u1")
		events := h.told(m.ID)
		same(t, "events", []any{actions(events), events[0].ActorKind, *events[0].ActorID, detail(events[0], "source"), detail(events[0], "role"), detail(events[0], "status")},
			[]any{[]string{"membership.provisioned"}, "SCIM_TOKEN", "01900000-0000-7000-8000-000000000004", "SCIM", "VIEWER", "ACTIVE"})
		out := wanted("inactive@acme.test")
		out.Active = false
		off := h.provision(out)
		same(t, "inactive", []any{off.Status, *off.DeactivatedAt}, []any{"DEACTIVATED", h.clock.Now()})
	})
}

// Who is there already is not made again, however their name is written, and
// the answer says whose it is.
func TestProvisionConflicts(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		other, idp := h.found("other")
		theirs, err := h.SignIn(h.request(), h.judged(other, idp, named("theirs@other.test")))
		h.must(err)
		elsewhere := h.add(other, models.KindPerson, models.RoleMember)
		robot, jit := h.add(h.team, models.KindIntegration, models.RoleMember), h.jit()
		lone := h.direct(models.RoleMember)
		h.must(first(h.Remove(h.operator(), lone.ID)))
		straße := h.provision(roster.ScimUser{UserName: "Straße", Email: "jürgen@bücher.test", Active: true})
		for _, c := range []struct {
			name, userName, email string
			want                  fault.Code
			field                 string
			id                    models.ID
		}{
			{"the same userName", "Straße", "new@acme.test", fault.Taken, "userName", straße.ID},
			{"in capitals", "STRASSE", "new@acme.test", fault.Taken, "userName", straße.ID},
			{"in full width", "ｓｔｒａｓｓｅ", "new@acme.test", fault.Taken, "userName", straße.ID},
			{"with spaces", " Straße ", "new@acme.test", fault.Taken, "userName", straße.ID},
			{"a direct member's userName", h.root.UserName, "new@acme.test", fault.Taken, "userName", h.root.ID},
			{"a direct member's address", "new", h.root.User.Email, fault.AccountConflict, "email", ""},
			{"one who came by sign-in", jit.User.Email, jit.User.Email, fault.Taken, "userName", jit.ID},
			{"the address of one who came by sign-in", "new", jit.User.Email, fault.Taken, "email", ""},
			{"a robot's name", robot.UserName, "new@acme.test", fault.Taken, "userName", robot.ID},
			{"a robot's address", "new", robot.User.Email, fault.AccountConflict, "email", ""},
			{"another team's person", "new", theirs.User.Email, fault.AccountConflict, "email", ""},
			{"a direct account of another team", "new", elsewhere.User.Email, fault.AccountConflict, "email", ""},
			{"a direct account of no team", "new", lone.User.Email, fault.AccountConflict, "email", ""},
		} {
			before := h.people()
			_, err := h.ProvisionScim(h.scim(), h.team.ID, roster.ScimUser{UserName: c.userName, Email: c.email, Active: true})
			ended(t, c.name, err, c.want)
			same(t, c.name+": rows", h.people(), before)
			if f, ok := fault.As(err); ok {
				same(t, c.name+": field", f.Field, []string{c.field})
				if c.id != "" && !strings.Contains(f.Message, string(c.id)) {
					t.Errorf("%s: whose it is is not told: %s", c.name, f.Message)
				}
				if strings.Contains(f.Message, string(theirs.ID)) || strings.Contains(f.Message, other.Slug) {
					t.Errorf("%s: another team is told of: %s", c.name, f.Message)
				}
			}
		}
		// userName is the team's, externalId is nobody's to own.
		h.must(first(h.ProvisionScim(h.operator(), other.ID, roster.ScimUser{UserName: "Straße", Email: "a@other.test", Active: true})))
		for i := range 2 {
			h.provision(roster.ScimUser{UserName: fmt.Sprint("twin", i), Email: fmt.Sprintf("twin%d@acme.test", i), ExternalID: ptr("same"), Active: true})
		}
	})
}

// hostile are values of which none may reach the database or upset it.
func hostile() map[string]struct {
	in    roster.ScimUser
	want  fault.Code
	field string
} {
	type row = struct {
		in    roster.ScimUser
		want  fault.Code
		field string
	}
	user := func(f func(*roster.ScimUser)) roster.ScimUser {
		in := wanted("good@acme.test")
		f(&in)
		return in
	}
	return map[string]row{
		"no userName":          {user(func(in *roster.ScimUser) { in.UserName = "" }), fault.Required, "userName"},
		"blank userName":       {user(func(in *roster.ScimUser) { in.UserName = "  " }), fault.InvalidValue, "userName"},
		"long userName":        {user(func(in *roster.ScimUser) { in.UserName = strings.Repeat("a", 255) }), fault.InvalidValue, "userName"},
		"zero byte":            {user(func(in *roster.ScimUser) { in.UserName = "a\x00" }), fault.InvalidValue, "userName"},
		"not UTF-8":            {user(func(in *roster.ScimUser) { in.UserName = "a\xff" }), fault.InvalidValue, "userName"},
		"line break":           {user(func(in *roster.ScimUser) { in.UserName = "a\nb" }), fault.InvalidValue, "userName"},
		"invisible":            {user(func(in *roster.ScimUser) { in.UserName = "a\u200bb" }), fault.InvalidValue, "userName"},
		"empty externalId":     {user(func(in *roster.ScimUser) { in.ExternalID = ptr("") }), fault.InvalidValue, "externalId"},
		"long externalId":      {user(func(in *roster.ScimUser) { in.ExternalID = ptr(strings.Repeat("e", 255)) }), fault.InvalidValue, "externalId"},
		"odd externalId":       {user(func(in *roster.ScimUser) { in.ExternalID = ptr("e\x00") }), fault.InvalidValue, "externalId"},
		"externalId, no UTF-8": {user(func(in *roster.ScimUser) { in.ExternalID = ptr("e\xff") }), fault.InvalidValue, "externalId"},
		"no address at all":    {user(func(in *roster.ScimUser) { in.Email = "ada" }), fault.InvalidValue, "email"},
		"two addresses":        {user(func(in *roster.ScimUser) { in.Email = "a@acme.test,b@acme.test" }), fault.InvalidValue, "email"},
		"address and name":     {user(func(in *roster.ScimUser) { in.Email = "Ada <a@acme.test>" }), fault.InvalidValue, "email"},
		"long address":         {user(func(in *roster.ScimUser) { in.Email = strings.Repeat("a", 250) + "@a.test" }), fault.InvalidValue, "email"},
		"odd address":          {user(func(in *roster.ScimUser) { in.Email = "a\x00@acme.test" }), fault.InvalidValue, "email"},
	}
}

func TestHostileValues(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.provision(wanted("ada@acme.test"))
		before := h.people()
		for name, c := range hostile() {
			for verb, err := range map[string]error{
				"create": first(h.ProvisionScim(h.scim(), h.team.ID, c.in)),
				"update": first(h.push(m, c.in)),
			} {
				ended(t, name+", "+verb, err, c.want)
				if f, ok := fault.As(err); ok {
					same(t, name+", "+verb+": field", f.Field, []string{c.field})
				}
			}
		}
		same(t, "rows", h.people(), before)
		// The longest and oddest that are allowed fit into every index.
		for i, name := range []string{strings.Repeat("a", 254), strings.Repeat("ﷺ", 84), strings.Repeat("\u0390", 127), strings.Repeat("𝔞", 63)} {
			in := roster.ScimUser{UserName: name, Email: fmt.Sprintf("long%d@acme.test", i), ExternalID: ptr(strings.Repeat("e", 254)), Name: strings.Repeat("ü", 200), Active: true}
			m := h.provision(in)
			rows, total, _, err := h.ScimMembers(h.scim(), h.team.ID, roster.ScimQuery{Filter: roster.ScimTest{Attr: "username", Op: roster.ScimEq, Value: models.Fold(name)}, Limit: 10})
			if err != nil || total != 1 || rows[0].ID != m.ID {
				t.Errorf("%.10q: %d found, error %v", name, total, err)
			}
		}
	})
}

// On a plan without provisioning nobody is made; who is there can be removed.
func TestProvisionPlan(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.provision(wanted("ada@acme.test"))
		h.update(&models.Team{}, h.team.ID, map[string]any{"plan": models.PlanFree})
		ended(t, "create", first(h.ProvisionScim(h.scim(), h.team.ID, wanted("eve@acme.test"))), fault.PlanRequired)
		ended(t, "update", first(h.push(m, wanted("eve@acme.test"))), fault.PlanRequired)
		ended(t, "read", first(h.ScimMember(h.scim(), h.team.ID, m.ID)), "")
		ended(t, "remove", first(h.Remove(h.scim(), m.ID)), "")
	})
}

func TestScimMembers(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		robot := h.add(h.team, models.KindIntegration, models.RoleMember)
		other, _ := h.found("other")
		h.must(first(h.ProvisionScim(h.operator(), other.ID, roster.ScimUser{UserName: "jürgen", Email: "j@other.test", ExternalID: ptr("E1"), Active: true})))
		all := []models.ID{h.root.ID}
		jürgen := h.provision(roster.ScimUser{UserName: "Jürgen", Email: "j@acme.test", ExternalID: ptr("E1"), Active: true})
		twin := h.provision(roster.ScimUser{UserName: "twin", Email: "t@acme.test", ExternalID: ptr("E1"), Active: false})
		all = append(all, jürgen.ID, twin.ID, h.jit().ID)
		find := func(q roster.ScimQuery) (ids []models.ID, total int) {
			t.Helper()
			rows, total, _, err := h.ScimMembers(h.scim(), h.team.ID, q)
			h.must(err)
			for _, m := range rows {
				ids = append(ids, m.ID)
				if m.Profile.MembershipID != m.ID || m.TeamID != h.team.ID || m.Profile.Document == "" {
					t.Errorf("%s comes with the profile of somebody else", m.UserName)
				}
			}
			return ids, total
		}
		for _, c := range []struct {
			name  string
			q     roster.ScimQuery
			want  []models.ID
			total int
		}{
			{"all", roster.ScimQuery{Limit: 100}, all, 4},
			{"none, for the number", roster.ScimQuery{}, nil, 4},
			{"a negative number", roster.ScimQuery{Limit: -1}, nil, 4},
			{"the middle", roster.ScimQuery{Start: 2, Limit: 2}, all[1:3], 4},
			{"the end", roster.ScimQuery{Start: 4, Limit: 5}, all[3:], 4},
			{"after the end", roster.ScimQuery{Start: 5, Limit: 5}, nil, 4},
			{"by userName", roster.ScimQuery{Filter: roster.ScimTest{Attr: "username", Op: roster.ScimEq, Value: models.Fold("Jürgen")}, Limit: 9}, all[1:2], 1},
			{"by userName in other letters", roster.ScimQuery{Filter: roster.ScimTest{Attr: "username", Op: roster.ScimEq, Value: models.Fold("JU\u0308RGEN")}, Limit: 9}, all[1:2], 1},
			{"by the userName of somebody direct", roster.ScimQuery{Filter: roster.ScimTest{Attr: "username", Op: roster.ScimEq, Value: models.Fold(h.root.UserName)}, Limit: 9}, all[:1], 1},
			{"by externalId", roster.ScimQuery{Filter: roster.ScimTest{Attr: "externalid", Op: roster.ScimEq, Value: "E1"}, Limit: 9}, all[1:3], 2},
			{"by externalId, second", roster.ScimQuery{Filter: roster.ScimTest{Attr: "externalid", Op: roster.ScimEq, Value: "E1"}, Start: 2, Limit: 9}, all[2:3], 2},
			{"by externalId in other letters", roster.ScimQuery{Filter: roster.ScimTest{Attr: "externalid", Op: roster.ScimEq, Value: "e1"}, Limit: 9}, nil, 0},
			{"by both", roster.ScimQuery{Filter: roster.ScimAll{roster.ScimTest{Attr: "username", Op: roster.ScimEq, Value: models.Fold("TWIN")}, roster.ScimTest{Attr: "externalid", Op: roster.ScimEq, Value: "E1"}}, Limit: 9}, all[2:3], 1},
			{"by both of two", roster.ScimQuery{Filter: roster.ScimAll{roster.ScimTest{Attr: "username", Op: roster.ScimEq, Value: models.Fold("twin")}, roster.ScimTest{Attr: "externalid", Op: roster.ScimEq, Value: "E2"}}, Limit: 9}, nil, 0},
			{"by id", roster.ScimQuery{Filter: roster.ScimTest{Attr: "id", Op: roster.ScimEq, Value: string(twin.ID)}, Limit: 9}, all[2:3], 1},
			{"by the id of a robot", roster.ScimQuery{Filter: roster.ScimTest{Attr: "id", Op: roster.ScimEq, Value: string(robot.ID)}, Limit: 9}, nil, 0},
			{"by the name of a robot", roster.ScimQuery{Filter: roster.ScimTest{Attr: "username", Op: roster.ScimEq, Value: models.Fold(robot.UserName)}, Limit: 9}, nil, 0},
			{"by nobody's name", roster.ScimQuery{Filter: roster.ScimTest{Attr: "username", Op: roster.ScimEq, Value: models.Fold("nobody")}, Limit: 9}, nil, 0},
			{"by an empty name", roster.ScimQuery{Filter: roster.ScimTest{Attr: "username", Op: roster.ScimEq, Value: models.Fold("")}, Limit: 9}, nil, 0},
			{"by a zero byte", roster.ScimQuery{Filter: roster.ScimTest{Attr: "username", Op: roster.ScimEq, Value: models.Fold("j\x00")}, Limit: 9}, nil, 0},
			{"by what is not UTF-8", roster.ScimQuery{Filter: roster.ScimTest{Attr: "username", Op: roster.ScimEq, Value: models.Fold("j\xff")}, Limit: 9}, nil, 0},
			{"by an externalId with a zero byte", roster.ScimQuery{Filter: roster.ScimTest{Attr: "externalid", Op: roster.ScimEq, Value: "E1\x00"}, Limit: 9}, nil, 0},
			{"by an externalId that is not UTF-8", roster.ScimQuery{Filter: roster.ScimTest{Attr: "externalid", Op: roster.ScimEq, Value: "\xff"}, Limit: 9}, nil, 0},
			{"by a quote", roster.ScimQuery{Filter: roster.ScimTest{Attr: "externalid", Op: roster.ScimEq, Value: "' OR '1'='1"}, Limit: 9}, nil, 0},
			{"by a wildcard", roster.ScimQuery{Filter: roster.ScimTest{Attr: "username", Op: roster.ScimEq, Value: models.Fold("%")}, Limit: 9}, nil, 0},
		} {
			ids, total := find(c.q)
			if !slices.Equal(ids, c.want) || total != c.total {
				t.Errorf("%s: %v of %d, want %v of %d", c.name, ids, total, c.want, c.total)
			}
		}
		ended(t, "a robot", first(h.ScimMember(h.scim(), h.team.ID, robot.ID)), fault.Missing)
		off, err := h.ScimMember(h.scim(), h.team.ID, twin.ID)
		h.must(err)
		same(t, "a deactivated one is there", off.Status, models.StatusDeactivated)
		// A page costs the same however long it is.
		for _, c := range []struct {
			q    roster.ScimQuery
			want int64
		}{
			{roster.ScimQuery{Limit: 100}, 2}, {roster.ScimQuery{Limit: 1}, 2}, {roster.ScimQuery{Start: 3, Limit: 1}, 4}, {roster.ScimQuery{}, 1},
			{roster.ScimQuery{Filter: roster.ScimTest{Attr: "username", Op: roster.ScimEq, Value: "twin"}, Limit: 9}, 1},
		} {
			ctx, statements := models.CountStatements(h.scim())
			_, _, _, err := h.ScimMembers(ctx, h.team.ID, c.q)
			h.must(err)
			same(t, "statements", statements.Load(), c.want)
		}
	})
}
