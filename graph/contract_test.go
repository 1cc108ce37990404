package graph

import (
	"bytes"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"

	"rollcall/fault"
	"rollcall/graph/model"
	"rollcall/schema"
)

var update = flag.Bool("update", false, "write the golden files anew")

// published is the contract as schema/ has it.
func published(t *testing.T) *ast.Schema {
	t.Helper()
	sdl, err := schema.SDL()
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := gqlparser.LoadSchema(&ast.Source{Name: "schema", Input: sdl})
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func format(s *ast.Schema) []byte {
	var b bytes.Buffer
	formatter.NewFormatter(&b, formatter.WithIndent("  ")).FormatSchema(s)
	return b.Bytes()
}

// The golden file shows in a review what a change does to the contract.
func TestGoldenContract(t *testing.T) {
	const path = "../docs/schema.graphql"
	got := format(published(t))
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the contract has changed; see what by: go test ./graph -run Golden -update && git diff docs/schema.graphql")
	}
}

// What runs is what is published: somebody who changed schema/ has generated anew.
func TestGeneratedContractIsFresh(t *testing.T) {
	w := httptest.NewRecorder()
	PublishedHandler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/schema.graphql", nil))
	if file, err := os.ReadFile("../docs/schema.graphql"); err != nil || w.Code != 200 || !bytes.Equal(file, w.Body.Bytes()) {
		t.Errorf("what is served is not docs/schema.graphql: %v", err)
	}
	if !bytes.Equal(format(NewExecutableSchema(Config{}).Schema()), format(published(t))) {
		t.Error("graph/ was not generated from schema/ as it is now; run scripts/generate")
	}
}

// own are the types of the contract without those of the language.
func own(s *ast.Schema) []*ast.Definition {
	var out []*ast.Definition
	for _, def := range s.Types {
		if !def.BuiltIn && !strings.HasPrefix(def.Name, "__") {
			out = append(out, def)
		}
	}
	slices.SortFunc(out, func(a, b *ast.Definition) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func TestEverythingIsDescribed(t *testing.T) {
	s := published(t)
	described := func(what, text string) {
		if len(strings.Fields(text)) == 0 || !strings.HasSuffix(strings.TrimSpace(text), ".") {
			t.Errorf("%s is described by %q", what, text)
		}
	}
	for _, def := range own(s) {
		described(def.Name, def.Description)
		for _, f := range def.Fields {
			if strings.HasPrefix(f.Name, "__") {
				continue
			}
			described(def.Name+"."+f.Name, f.Description)
			for _, a := range f.Arguments {
				described(def.Name+"."+f.Name+"."+a.Name, a.Description)
			}
		}
		for _, v := range def.EnumValues {
			described(def.Name+"."+v.Name, v.Description)
		}
		if def.Kind == ast.Scalar && def.Directives.ForName("specifiedBy") == nil {
			t.Errorf("the scalar %s does not say what specifies it", def.Name)
		}
	}
	auth := s.Directives["auth"]
	described("@auth", auth.Description)
	for _, a := range auth.Arguments {
		described("@auth."+a.Name, a.Description)
	}
}

// allowed are the names with a word for secrets in them. Autobinding puts a
// column one line of SDL away from the outside; this list is the second look.
var allowed = map[string]bool{
	"CreateApiKeyPayload.secret": true, "RotateApiKeyPayload.secret": true, "CreateScimTokenPayload.secret": true, // shown once
	"AcceptInvitationInput.token":         true, // goes in and never out
	"DeleteTeamPayload.endedScimTokens":   true,
	"EnforcementPreview.uselessPasswords": true, // people, by name
	"CreateScimTokenPayload.scimToken":    true, "RevokeScimTokenPayload.scimToken": true,
	"RevokeScimTokenInput.scimTokenId": true, "Team.scimTokens": true, "TeamPermissions.writeScimTokens": true,
	"Mutation.rotateScimToken": true, "RotateScimTokenPayload.secret": true, // shown once
	"RotateScimTokenPayload.scimToken": true, "RotateScimTokenInput.scimTokenId": true,
	"Mutation.sendPasswordReset": true, // mails a link
	"Mutation.createScimToken":   true, "Mutation.revokeScimToken": true,
}

func TestNoFieldLooksLikeASecret(t *testing.T) {
	suspect := regexp.MustCompile(`(?i)secret|hash|token|password|\bder\b`)
	found := map[string]bool{}
	for _, def := range own(published(t)) {
		for _, f := range def.Fields {
			if name := def.Name + "." + f.Name; suspect.MatchString(f.Name) {
				found[name] = true
				if !allowed[name] {
					t.Errorf("%s looks like a secret", name)
				}
			}
		}
	}
	for name := range allowed {
		if !found[name] {
			t.Errorf("%s is allowed and does not exist", name)
		}
	}
}

// Every mutation has one input and a typed payload of one form.
func TestFormOfMutations(t *testing.T) {
	s := published(t)
	for _, f := range s.Mutation.Fields {
		capital := strings.ToUpper(f.Name[:1]) + f.Name[1:]
		if len(f.Arguments) != 1 || f.Arguments[0].Name != "input" || f.Arguments[0].Type.String() != capital+"Input!" || f.Type.String() != capital+"Payload!" {
			t.Errorf("%s has another form", f.Name)
			continue
		}
		payload, input := s.Types[capital+"Payload"], s.Types[capital+"Input"]
		if e := payload.Fields.ForName("userErrors"); e == nil || e.Type.String() != "[UserError!]!" {
			t.Errorf("%s has no userErrors", payload.Name)
		}
		for _, def := range []*ast.Definition{payload, input} {
			if id := def.Fields.ForName("clientMutationId"); id == nil || id.Type.String() != "String" {
				t.Errorf("%s has no clientMutationId", def.Name)
			}
		}
		for _, p := range payload.Fields {
			if p.Type.NonNull && p.Name != "userErrors" && p.Type.Elem == nil {
				t.Errorf("%s.%s has to be null when there are user errors", payload.Name, p.Name)
			}
		}
	}
}

// Connections, edges and nodes have the form that Relay expects.
func TestFormOfConnections(t *testing.T) {
	s := published(t)
	for _, def := range own(s) {
		name, isConnection := strings.CutSuffix(def.Name, "Connection")
		if isConnection {
			for field, typ := range map[string]string{"edges": "[" + name + "Edge!]!", "nodes": "[" + name + "!]!", "pageInfo": "PageInfo!", "totalCount": "Int!"} {
				if f := def.Fields.ForName(field); f == nil || f.Type.String() != typ {
					t.Errorf("%s.%s is not a %s", def.Name, field, typ)
				}
			}
			edge := s.Types[name+"Edge"]
			if len(edge.Fields) != 2 || edge.Fields.ForName("cursor").Type.String() != "String!" || edge.Fields.ForName("node").Type.String() != name+"!" {
				t.Errorf("%s has another form", edge.Name)
			}
		}
		for _, f := range def.Fields {
			if strings.HasSuffix(f.Type.Name(), "Connection") && (f.Arguments.ForName("first") == nil || f.Arguments.ForName("after") == nil) {
				t.Errorf("%s.%s cannot be paged", def.Name, f.Name)
			}
		}
		if id := def.Fields.ForName("id"); def.Kind == ast.Object && id != nil && !slices.Contains(def.Interfaces, "Node") {
			t.Errorf("%s has an id and is no Node", def.Name)
		}
	}
}

// The codes of user errors are those of the table that a client can mend, each
// with the table's own words.
func TestUserErrorCodesAreTheTables(t *testing.T) {
	enum := published(t).Types["UserErrorCode"]
	words := map[fault.Code]string{}
	for _, v := range enum.EnumValues {
		words[fault.Code(v.Name)] = strings.Join(strings.Fields(v.Description), " ")
	}
	for _, e := range fault.Table {
		api := string(e.Code) == strings.ToUpper(string(e.Code))
		mendable := e.Kind == fault.Invalid || e.Kind == fault.NotFound || e.Kind == fault.Conflict || e.Kind == fault.Precondition
		text, there := words[e.Code]
		switch {
		case api && mendable != there:
			t.Errorf("%s of kind %s: in the schema %v", e.Code, e.Kind, there)
		case there && text != e.Meaning+" "+e.Advice:
			t.Errorf("%s is described by %q, in the table by %q", e.Code, text, e.Meaning+" "+e.Advice)
		}
		if model.UserErrorCode(e.Code).IsValid() != there {
			t.Errorf("%s: the generated enum differs", e.Code)
		}
		delete(words, e.Code)
	}
	for code := range words {
		t.Errorf("%s is not in the table of codes", code)
	}
}
