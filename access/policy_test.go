package access_test

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"

	"rollcall/access"
	"rollcall/fault"
	"rollcall/models"
)

const (
	acme  models.ID = "01900000-0000-7000-8000-00000000000a"
	other models.ID = "01900000-0000-7000-8000-00000000000b"
)

// rules is the policy once more, in the words of the product: which members
// have a permission on their own team, by which scope a key has it, and whether
// a provisioning client has it. Operators and the system have all of them, on
// all teams; everybody else has none on any other team.
var rules = map[access.Permission]struct {
	roles string // of ADMIN, MEMBER and VIEWER the first letters
	scope models.Scope
	scim  bool
}{
	access.TeamsCreate:      {},
	access.TeamsRead:        {},
	access.SsoSkipTest:      {},
	access.TeamRead:         {"AMV", models.ScopeTeamRead, true},
	access.TeamWrite:        {"A", models.ScopeTeamWrite, false},
	access.MembersRead:      {"AMV", models.ScopeMembershipRead, true},
	access.MembersWrite:     {"A", models.ScopeMembershipWrite, true},
	access.MembersProvision: {"", "", true},
	access.MembersInvite:    {"A", models.ScopeMembershipWrite, false},
	access.SsoRead:          {"A", models.ScopeSsoRead, false},
	access.SsoWrite:         {"A", models.ScopeSsoWrite, false},
	access.KeysOwn:          {"AMV", models.ScopeKeyWrite, false},
	access.KeysWrite:        {"A", models.ScopeKeyWrite, false},
	access.TokensRW:         {"A", models.ScopeSsoWrite, false},
	access.AuditRead:        {"A", models.ScopeAuditRead, false},
}

// covers says which scopes are enough where one is needed.
var covers = map[models.Scope][]models.Scope{
	models.ScopeTeamRead:        {models.ScopeTeamRead, models.ScopeTeamWrite},
	models.ScopeTeamWrite:       {models.ScopeTeamWrite},
	models.ScopeMembershipRead:  {models.ScopeMembershipRead, models.ScopeMembershipWrite},
	models.ScopeMembershipWrite: {models.ScopeMembershipWrite},
	models.ScopeSsoRead:         {models.ScopeSsoRead, models.ScopeSsoWrite},
	models.ScopeSsoWrite:        {models.ScopeSsoWrite},
	models.ScopeKeyWrite:        {models.ScopeKeyWrite},
	models.ScopeAuditRead:       {models.ScopeAuditRead},
}

var roles = []models.Role{models.RoleAdmin, models.RoleMember, models.RoleViewer}

// A permission that the test does not know would be tested by nobody.
func TestRulesAreComplete(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "policy.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var declared []string
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Values) == 1 {
			if typ, ok := spec.Type.(*ast.Ident); ok && typ.Name == "Permission" {
				text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				declared = append(declared, text)
			}
		}
		return true
	})
	var known []string
	for p := range rules {
		known = append(known, string(p))
	}
	slices.Sort(declared)
	slices.Sort(known)
	if !slices.Equal(declared, known) {
		t.Errorf("policy.go declares %v\nand the test knows %v", declared, known)
	}
	for _, s := range models.Scopes {
		if len(covers[s]) == 0 {
			t.Errorf("the test does not know the scope %s", s)
		}
	}
}

// try asks for a permission by both ways and fails the test when they differ.
func try(t *testing.T, a access.Actor, p access.Permission, team models.ID) error {
	t.Helper()
	err := access.Require(access.With(t.Context(), a), p, team)
	if a.Can(p, team) != (err == nil) {
		t.Errorf("%s %s, %s: Can answers %v and Require %v", a.Kind, a.Role, p, a.Can(p, team), err)
	}
	return err
}

// expect fails the test unless the answer is yes, or the fault of that code.
func expect(t *testing.T, what string, err error, allowed bool, otherwise fault.Code) {
	t.Helper()
	if allowed && err != nil || !allowed && !fault.Is(err, otherwise) {
		t.Errorf("%s: %v, want allowed %v or else %s", what, err, allowed, otherwise)
	}
}

func TestPeople(t *testing.T) {
	for p, rule := range rules {
		for _, role := range roles {
			a := access.Actor{Kind: access.Person, TeamID: acme, Role: role}
			what := string(role) + " " + string(p)
			expect(t, what, try(t, a, p, acme), strings.Contains(rule.roles, string(role[:1])), fault.Forbidden)
			expect(t, what+" elsewhere", try(t, a, p, other), false, fault.Missing)
			expect(t, what+" on no team", try(t, a, p, ""), false, fault.Forbidden)
		}
		// Somebody without a role, and somebody with one that there is not.
		for _, role := range []models.Role{"", "OWNER"} {
			expect(t, "no role "+string(p), try(t, access.Actor{Kind: access.Person, TeamID: acme, Role: role}, p, acme), false, fault.Forbidden)
		}
	}
}

// A key may do what its member may, as far as its scopes go.
func TestKeys(t *testing.T) {
	for p, rule := range rules {
		for _, role := range roles {
			for _, scope := range append(slices.Clone(models.Scopes), "") {
				a := access.Actor{Kind: access.Key, TeamID: acme, Role: role}
				if scope != "" {
					a.Scopes = []models.Scope{scope}
				}
				what := string(role) + " key for " + string(scope) + " " + string(p)
				allowed := strings.Contains(rule.roles, string(role[:1])) && slices.Contains(covers[rule.scope], scope)
				err := try(t, a, p, acme)
				expect(t, what, err, allowed, fault.Forbidden)
				expect(t, what+" elsewhere", try(t, a, p, other), false, fault.Missing)
				expect(t, what+" on no team", try(t, a, p, ""), false, fault.Forbidden)
				if f, _ := fault.As(err); f != nil && strings.Contains(f.Message, "scope .") {
					t.Errorf("%s: asks for a scope without a name: %q", what, f.Message)
				}
			}
		}
		if rule.scope == "" {
			continue
		}
		err := try(t, access.Actor{Kind: access.Key, TeamID: acme, Role: models.RoleAdmin}, p, acme)
		if f, _ := fault.As(err); f == nil || !strings.Contains(f.Message, string(rule.scope)) {
			t.Errorf("%s: the answer to a key does not name the scope %s: %v", p, rule.scope, err)
		}
		all := access.Actor{Kind: access.Key, TeamID: acme, Role: models.RoleAdmin, Scopes: models.Scopes}
		expect(t, "key with every scope "+string(p), try(t, all, p, acme), rule.roles != "", fault.Forbidden)
	}
}

func TestScim(t *testing.T) {
	for p, rule := range rules {
		a := access.Actor{Kind: access.Scim, TeamID: acme}
		expect(t, "SCIM "+string(p), try(t, a, p, acme), rule.scim, fault.Forbidden)
		expect(t, "SCIM elsewhere "+string(p), try(t, a, p, other), false, fault.Missing)
		// A role or scopes that a token should never have give it nothing.
		a.Role, a.Scopes = models.RoleAdmin, models.Scopes
		expect(t, "SCIM with a role "+string(p), try(t, a, p, acme), rule.scim, fault.Forbidden)
	}
}

func TestOperatorsAndSystem(t *testing.T) {
	for p := range rules {
		for _, kind := range []access.Kind{access.Operator, access.System} {
			for _, team := range []models.ID{acme, other, ""} {
				expect(t, string(kind)+" "+string(p), try(t, access.Actor{Kind: kind}, p, team), true, "")
			}
		}
	}
}

func TestAnonymous(t *testing.T) {
	for p := range rules {
		for _, team := range []models.ID{acme, ""} {
			expect(t, "anonymous "+string(p), access.Require(context.Background(), p, team), false, fault.NotSignedIn)
			// Facts without a kind prove nothing.
			a := access.Actor{TeamID: acme, Role: models.RoleAdmin, Scopes: models.Scopes}
			expect(t, "no kind "+string(p), try(t, a, p, team), false, fault.NotSignedIn)
			a.Kind = "ROOT"
			if a.Can(p, team) {
				t.Errorf("a kind that there is not has %s", p)
			}
		}
	}
}

// What the policy does not name is denied to everybody of a team.
func TestUnknownPermission(t *testing.T) {
	for _, kind := range []access.Kind{access.Person, access.Key, access.Scim} {
		a := access.Actor{Kind: kind, TeamID: acme, Role: models.RoleAdmin, Scopes: models.Scopes}
		expect(t, string(kind), try(t, a, "nonsense", acme), false, fault.Forbidden)
	}
}

// A caller without a team must not be taken for one of the team without an id.
func TestNoTeamIsNoTeam(t *testing.T) {
	for p := range rules {
		for _, kind := range []access.Kind{access.Person, access.Key, access.Scim} {
			a := access.Actor{Kind: kind, Role: models.RoleAdmin, Scopes: models.Scopes}
			expect(t, string(kind)+" "+string(p), try(t, a, p, ""), false, fault.Forbidden)
			expect(t, string(kind)+" "+string(p), try(t, a, p, acme), false, fault.Missing)
		}
	}
}

// Whoever has not confirmed their address may do nothing, in whatever role, and
// is told why on their own team only.
func TestUnverified(t *testing.T) {
	for p := range rules {
		for _, role := range roles {
			a := access.Actor{Kind: access.Person, TeamID: acme, Role: role, Unverified: true}
			what := "unverified " + string(role) + " " + string(p)
			expect(t, what, try(t, a, p, acme), false, fault.EmailUnverified)
			expect(t, what+" elsewhere", try(t, a, p, other), false, fault.Missing)
			expect(t, what+" on no team", try(t, a, p, ""), false, fault.Forbidden)
		}
	}
}
