package graph

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"rollcall/access"
	"rollcall/internal/housetest"
	"rollcall/models"
)

// selectionFor writes a valid use of a root field: values for its arguments and
// something to select.
func selectionFor(contract *ast.Schema, f *ast.FieldDefinition) string {
	var args []string
	for _, a := range f.Arguments {
		if a.Type.NonNull && a.DefaultValue == nil {
			args = append(args, a.Name+": "+valueFor(contract, a.Type))
		}
	}
	text := f.Name
	if len(args) > 0 {
		text += "(" + strings.Join(args, ", ") + ")"
	}
	if contract.Types[f.Type.Name()].IsCompositeType() {
		text += " { __typename }"
	}
	return text
}

func valueFor(contract *ast.Schema, typ *ast.Type) string {
	if typ.Elem != nil {
		return "[" + valueFor(contract, typ.Elem) + "]"
	}
	def := contract.Types[typ.NamedType]
	switch def.Kind {
	case ast.Enum:
		return def.EnumValues[0].Name
	case ast.InputObject:
		var fields []string
		for _, f := range def.Fields {
			if f.Type.NonNull {
				fields = append(fields, f.Name+": "+valueFor(contract, f.Type))
			}
		}
		return "{" + strings.Join(fields, ", ") + "}"
	default:
		if typ.NamedType == "URL" {
			return `"https://idp.example.com/x"`
		}
		return `"x"`
	}
}

// Whoever has no credential reaches viewer and what a link in a mail is enough
// for, and nothing else; a new root field
// is denied until somebody writes it down in public.
func TestNobodyReachesAnything(t *testing.T) {
	h := quiet(&stub{})
	contract := h.schema
	for operation, root := range map[string]*ast.Definition{"query": contract.Query, "mutation": contract.Mutation} {
		for _, f := range root.Fields {
			if strings.HasPrefix(f.Name, "__") || f.Name == "acceptInvitation" {
				continue
			}
			for form, document := range map[string]string{
				"plain":           fmt.Sprintf("%s { %s }", operation, selectionFor(contract, f)),
				"aliased":         fmt.Sprintf("%s { viewer: %s }", operation, selectionFor(contract, f)),
				"inline fragment": fmt.Sprintf("%s { ... on %s { %s } }", operation, root.Name, selectionFor(contract, f)),
				"fragment":        fmt.Sprintf("%s { ...F } fragment F on %s { %s }", operation, root.Name, selectionFor(contract, f)),
				"beside viewer":   fmt.Sprintf("%s { __typename %s }", operation, selectionFor(contract, f)),
			} {
				got := post(t, h, nobody(t.Context()), document)
				switch {
				case f.Name == "viewer" && operation == "query":
					if got.status != 200 || !strings.Contains(got.text, `"viewer":null`) && form == "plain" {
						t.Errorf("%s: %d %s", document, got.status, got.text)
					}
				case got.status != http.StatusUnauthorized || got.code() != string(CodeUnauthenticated) || got.header.Get("WWW-Authenticate") == "":
					t.Errorf("%s: %d %s", document, got.status, got.text)
				case strings.Contains(got.text, `"data"`):
					t.Errorf("%s was executed: %s", document, got.text)
				}
			}
		}
	}
	if got := post(t, h, nobody(t.Context()), "mutation { __typename }"); got.status != 200 {
		t.Errorf("__typename: %s", got.text)
	}
}

// Somebody who has to confirm their address sees who they are, in whatever role,
// and nothing beside it in any form.
func TestUnverifiedReachViewer(t *testing.T) {
	h := quiet(&stub{})
	contract := h.schema
	ctx := access.With(nobody(t.Context()), access.Actor{Kind: access.Person, TeamID: "t", UserID: "u", MembershipID: "m", Role: "ADMIN", Unverified: true})
	for operation, root := range map[string]*ast.Definition{"query": contract.Query, "mutation": contract.Mutation} {
		for _, f := range root.Fields {
			if strings.HasPrefix(f.Name, "__") {
				continue
			}
			for _, document := range []string{
				fmt.Sprintf("%s { %s }", operation, selectionFor(contract, f)),
				fmt.Sprintf("%s { viewer: %s }", operation, selectionFor(contract, f)),
				fmt.Sprintf("%s { __typename ...F } fragment F on %s { %s }", operation, root.Name, selectionFor(contract, f)),
			} {
				got := post(t, h, ctx, document)
				if open := f.Name == "viewer"; open && got.status != 200 || !open && (got.status != http.StatusForbidden || got.code() != "EMAIL_UNVERIFIED") {
					t.Errorf("%s: %d %s", document, got.status, got.text)
				}
			}
		}
	}
}

// Subscriptions pass the same place: none is public.
func TestNoPublicSubscription(t *testing.T) {
	if n := len(public[ast.Subscription]); n != 0 {
		t.Errorf("%d subscriptions are public", n)
	}
	for operation, fields := range public {
		for name := range fields {
			if name != "viewer" && name != "__typename" && name != "acceptInvitation" {
				t.Errorf("%s.%s is public", operation, name)
			}
		}
	}
}

func TestOtherCredentialsDoNotOpenThisDoor(t *testing.T) {
	h := quiet(&stub{})
	for _, kind := range []access.Kind{access.Scim, access.System, "SOMETHING_NEW"} {
		ctx := access.With(nobody(t.Context()), access.Actor{Kind: kind, TeamID: "t"})
		for _, document := range []string{"{ viewer { kind } }", "{ __typename }", `mutation { updateMembership(input: {membershipId: "x", role: ADMIN}) { clientMutationId } }`} {
			if got := post(t, h, ctx, document); got.status != http.StatusForbidden || got.code() != string(CodeForbidden) {
				t.Errorf("%s %s: %d %s", kind, document, got.status, got.text)
			}
		}
	}
}

// @auth is on every root field but those that anybody may ask for.
func TestEveryRootFieldNamesItsScope(t *testing.T) {
	contract := quiet(&stub{}).schema
	free := map[string]bool{"viewer": true, "node": true, "nodes": true, "rateLimit": true, "acceptInvitation": true}
	for _, root := range []*ast.Definition{contract.Query, contract.Mutation, contract.Subscription} {
		for _, f := range root.Fields {
			if !strings.HasPrefix(f.Name, "__") && !free[f.Name] && f.Directives.ForName("auth") == nil {
				t.Errorf("%s.%s has no @auth", root.Name, f.Name)
			}
		}
	}
}

func TestScopesOfKeys(t *testing.T) {
	h := quiet(&stub{})
	m, u := models.Membership{ID: "m", TeamID: "t", UserID: "u", Role: models.RoleAdmin}, models.User{ID: "u"}
	for _, c := range []struct {
		document string
		scopes   []models.Scope
		code     Code
	}{
		{`{ team(slug: "a") { slug } }`, nil, CodeForbidden},
		{`{ team(slug: "a") { slug } }`, []models.Scope{models.ScopeMembershipRead, models.ScopeSsoWrite}, CodeForbidden},
		{`{ team(slug: "a") { slug } }`, []models.Scope{models.ScopeTeamRead}, ""},
		{`{ team(slug: "a") { slug } }`, []models.Scope{models.ScopeTeamWrite}, ""},
		{`mutation { updateMembership(input: {membershipId: "x", role: ADMIN}) { clientMutationId } }`, []models.Scope{models.ScopeMembershipRead}, CodeForbidden},
		{`mutation { updateMembership(input: {membershipId: "x", role: ADMIN}) { clientMutationId } }`, []models.Scope{models.ScopeMembershipWrite}, ""},
		{`{ viewer { kind } }`, nil, ""},
	} {
		got := post(t, h, housetest.AsKey(nobody(t.Context()), m, u, c.scopes...), c.document)
		if got.code() != string(c.code) {
			t.Errorf("%s with %v: %s", c.document, c.scopes, got.text)
		}
		if c.code != "" && !strings.Contains(got.text, "_") {
			t.Errorf("the scope is not named: %s", got.text)
		}
	}
}

func TestIntrospectionAndSuggestions(t *testing.T) {
	closed := quiet(&stub{})
	open := NewHandler(Options{Resolvers: &stub{}, Log: closed.log, AnonymousIntrospection: true})
	for _, document := range []string{
		introspectionQuery, `{ __type(name: "Team") { fields { name } } }`, `{ __type(name: "Team") { ... { description } } }`, `{ ... { __schema { description } } }`,
		`{ ...F } fragment F on Query { __schema { description } }`, `query A { viewer { kind } } query B { __schema { description } }`,
	} {
		operation := ""
		if strings.HasPrefix(document, "query A") {
			operation = "B"
		}
		body := fmt.Sprintf(`{"query":%q,"operationName":%q}`, document, operation)
		send := func(h *Handler, asOperator bool) reply {
			ctx := nobody(t.Context())
			if asOperator {
				ctx = known(t.Context())
			}
			return serve(t, h, ctx, request(http.MethodPost, "/graphql", body, asJSON, modern))
		}
		if got := send(closed, false); got.status != http.StatusForbidden || got.code() != string(CodeNoIntrospection) {
			t.Errorf("nobody: %s: %s", document, got.text)
		}
		if got := send(closed, true); got.status != 200 || got.code() != "" {
			t.Errorf("operator: %s: %s", document, got.text)
		}
		// The document is remembered now; that must not open it to others.
		if got := send(closed, false); got.code() != string(CodeNoIntrospection) {
			t.Errorf("nobody, after the operator: %s: %s", document, got.text)
		}
		if got := send(open, false); got.status != 200 || got.code() != "" {
			t.Errorf("nobody, where it is allowed: %s: %s", document, got.text)
		}
	}
	if got := post(t, closed, nobody(t.Context()), `query($n: String!) { __type(name: $n) { name } }`, map[string]any{"n": "Team"}); got.status != 200 || !strings.Contains(got.text, `{"name":"Team"}`) {
		t.Errorf("the name of a type: %s", got.text)
	}
	if got := post(t, closed, known(t.Context()), introspectionQuery); strings.Contains(got.text, `"defer"`) || !strings.Contains(got.text, "specifiedBy") {
		t.Error("introspection tells of @defer, or not of the directives that there are")
	}
	for _, document := range []string{
		`{ viewr { kind } }`, `{ viewer }`, `{ viewer { kindd } }`, `{ team(slg: "a") { id } }`, `{ viewer { ... on Viwer { kind } } }`,
		`mutation { createTeam(input: {slug: "a", name: "b", plan: TEAMS}) { team { id } } }`,
		`mutation { createTeam(input: {slugg: "a", name: "b", plan: TEAM}) { team { id } } }`,
		`query($x: Strin) { viewer { kind } }`, `{ viewer @skp(if: true) { kind } }`,
	} {
		if got := post(t, closed, nobody(t.Context()), document); strings.Contains(got.text, "Did you mean") || got.code() != string(CodeValidationFailed) {
			t.Errorf("nobody gets a suggestion: %s: %s", document, got.text)
		}
	}
	for _, document := range []string{`{ viewr { kind } }`, `{ viewer { kindd } }`, `{ team(slg: "a") { id } }`} {
		if got := post(t, closed, known(t.Context()), document); !strings.Contains(got.text, "Did you mean") {
			t.Errorf("the operator gets no suggestion: %s: %s", document, got.text)
		}
	}
}
