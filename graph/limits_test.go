package graph

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
)

// dashboard is what a team page asks for in one go.
const dashboard = `query($after: String) { team(slug: "acme") { id plan memberships(first: 50, after: $after) { totalCount pageInfo { hasNextPage endCursor }
  nodes { id role status source roleSource user { id email name } externalIdentity { nameId } } }
  ssoSettings { state defaultRole loginUrl serviceProvider { entityId acsUrl loginUrl metadataUrl }
    identityProviders { id entityId ssoUrl certificates { id fingerprintSha256 notAfter state lastUsedAt } } } } }`

// introspectionQuery is the one that tools send.
const introspectionQuery = `query IntrospectionQuery { __schema { description queryType { name kind } mutationType { name kind } subscriptionType { name kind }
  types { ...FullType } directives { name description isRepeatable locations args(includeDeprecated: true) { ...InputValue } } } }
fragment FullType on __Type { kind name description specifiedByURL
  fields(includeDeprecated: true) { name description args(includeDeprecated: true) { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason }
  inputFields(includeDeprecated: true) { ...InputValue } interfaces { ...TypeRef }
  enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason } possibleTypes { ...TypeRef } }
fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue isDeprecated deprecationReason }
fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name
  ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } } }`

// everyNode asks for the same fields of every type, as an explorer does.
func everyNode() string {
	var b strings.Builder
	b.WriteString(`{ node(id: "x") { __typename id `)
	for _, name := range []string{"Team", "User", "Membership", "ExternalIdentity", "Session", "SsoSettings", "IdentityProvider", "Certificate", "ApiKey", "ScimToken"} {
		fmt.Fprintf(&b, "... on %s { id createdAt } ", name)
	}
	return b.String() + "} }"
}

func nested(levels int) string {
	return strings.Repeat("{a", levels) + strings.Repeat("}", levels)
}

func numbered(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// doubling spreads each fragment twice in the one before: 2^levels fields in a
// kilobyte of text.
func doubling(levels int) string {
	var b strings.Builder
	b.WriteString("{ a { ...F0 } } ")
	for i := range levels {
		fmt.Fprintf(&b, "fragment F%d on T { ...F%d ...F%d } ", i, i+1, i+1)
	}
	fmt.Fprintf(&b, "fragment F%d on T { b }", levels)
	return b.String()
}

func TestLimits(t *testing.T) {
	for _, c := range []struct {
		name, document string
		code           Code
		says           string
	}{
		{"dashboard", dashboard, "", ""},
		{"introspection", introspectionQuery, "", ""},
		{"one field of every type", everyNode(), "", ""},
		{"12 levels", nested(12), "", ""},
		{"13 levels", nested(13), CodeDocumentTooDeep, "12 fields"},
		{"13 levels by fragments", "{a{...F}} fragment F on T " + nested(12), CodeDocumentTooDeep, "12 fields"},
		{"13 levels of ofType", "{a" + strings.Repeat("{ofType", 13) + "{b}" + strings.Repeat("}", 14), "", ""},
		{"10 root fields", "{" + numbered(10, "f%d ") + "}", "", ""},
		{"11 root fields", "{" + numbered(11, "f%d ") + "}", CodeDocumentTooLarge, "10 root fields"},
		{"11 root fields by a fragment", "{a ...F} fragment F on T {" + numbered(10, "f%d ") + "}", CodeDocumentTooLarge, "10 root fields"},
		{"5 root mutations", "mutation {" + numbered(5, "f%d ") + "}", "", ""},
		{"6 root mutations", "mutation {" + numbered(6, "f%d ") + "}", CodeDocumentTooLarge, "5 root mutations"},
		{"300 fields", "{a{" + numbered(300, "f%d ") + "}}", "", ""},
		{"301 fields", "{a{" + numbered(301, "f%d ") + "}}", CodeDocumentTooLarge, "300 fields in one selection"},
		{"301 fields by two spreads", "{a{f ...F ...G}} fragment F on T {" + numbered(150, "f%d ") + "} fragment G on T {" + numbered(150, "g%d ") + "}", CodeDocumentTooLarge, "300 fields in one selection"},
		{"15 aliases", "{a{" + numbered(15, "x%d: f ") + "}}", "", ""},
		{"16 aliases", "{a{" + numbered(16, "x%d: f ") + "}}", CodeDocumentTooLarge, "15 aliases"},
		{"16 aliases by spreading twice", "{a{b{...F} c{...F}}} fragment F on T {" + numbered(8, "x%d: f ") + "}", CodeDocumentTooLarge, "15 aliases"},
		{"one field 5 times", "{a{" + strings.Repeat("f ", 5) + "}}", "", ""},
		{"one field 6 times", "{a{" + strings.Repeat("f ", 6) + "}}", CodeDocumentTooLarge, "same name"},
		{"one field 6 times by two fragments", "{a{...F ...G}} fragment F on T {f f f} fragment G on T {f f f}", CodeDocumentTooLarge, "same name"},
		{"one field 6 times by merging", "{a{f f f} a{f f f}}", CodeDocumentTooLarge, "same name"},
		{"one key 6 times by aliases", "{a{x:f x:g x:h x:i x:j x:k}}", CodeDocumentTooLarge, "same name"},
		{"one field 26 times under 26 types", "{a{" + numbered(26, "... on T%d {f} ") + "}}", CodeDocumentTooLarge, "same name"},
		{"20 directives", "{a{" + numbered(20, "f%d @x ") + "}}", "", ""},
		{"21 directives", "{a{" + numbered(21, "f%d @x ") + "}}", CodeDocumentTooLarge, "20 directives"},
		{"3 directives at one place", "{a @x @y @z}", "", ""},
		{"4 directives at one place", "{a @w @x @y @z}", CodeDocumentTooLarge, "3 directives at one place"},
		{"4 directives on a spread", "{a{...F @w @x @y @z}} fragment F on T {b}", CodeDocumentTooLarge, "3 directives at one place"},
		{"4 directives on a variable", "query($v: Int @w @x @y @z) {a}", CodeDocumentTooLarge, "3 directives at one place"},
		{"50 variables", "query(" + numbered(50, "$v%d: Int ") + ") {a}", "", ""},
		{"51 variables", "query(" + numbered(51, "$v%d: Int ") + ") {a}", CodeDocumentTooLarge, "50 variables"},
		{"10 operations", numbered(10, "query Q%d {a} "), "", ""},
		{"11 operations", numbered(11, "query Q%d {a} "), CodeDocumentTooLarge, "10 operations"},
		{"101 fragments", "{a{" + numbered(101, "...F%d ") + "}} " + numbered(101, "fragment F%d on T {b%[1]d} "), CodeDocumentTooLarge, "100 fragments"},
		{"many fields in all", "{" + numbered(9, "a%d{...F}") + "} fragment F on T {" + numbered(9, "b%d{...G}") + "} fragment G on T {" + numbered(70, "c%d ") + "}", CodeDocumentTooLarge, "5000 fields"},
		{"many fields in several operations", numbered(10, "query Q%d {a{...F} b{...F}} ") + "fragment F on T {" + numbered(280, "c%d ") + "}", CodeDocumentTooLarge, "5000 fields"},
		{"doubling", doubling(24), CodeDocumentTooLarge, "300 fields in one selection"},
		{"a fragment that spreads itself", "{a{...F}} fragment F on T {b{...F}}", CodeValidationFailed, "itself"},
		{"fragments that spread each other", "{a{...F}} fragment F on T {...G} fragment G on T {...F}", CodeValidationFailed, "itself"},
		{"two fragments of one name", "{a{...F}} fragment F on T {b} fragment F on T {c}", CodeValidationFailed, "only one"},
		{"a fragment that nobody spreads", "{a} fragment F on T {b}", CodeValidationFailed, "never used"},
		{"an unknown fragment", "{a{...F}}", "", ""}, // validation says so
	} {
		t.Run(c.name, func(t *testing.T) {
			doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: c.document}, DefaultLimits.Tokens)
			if err != nil {
				t.Fatal(err)
			}
			no := DefaultLimits.check(doc)
			switch {
			case no == nil && c.code != "":
				t.Errorf("accepted, not %s", c.code)
			case no != nil && (no.code != c.code || !strings.Contains(no.errors[0].Message, c.says)):
				t.Errorf("%s %q, not %s", no.code, no.errors[0].Message, c.code)
			}
		})
	}
}

func TestTokenLimit(t *testing.T) {
	h := quiet(&stub{})
	for _, c := range []struct {
		n    int
		code string
	}{{3990, string(CodeDocumentTooLarge)}, {4100, string(CodeDocumentTooLarge)}, {10, ""}} {
		document := "{viewer{kind" + strings.Repeat(" #\n", 1) + "}} #" + strings.Repeat("x ", c.n)
		if got := post(t, h, known(t.Context()), document); got.code() != "" {
			t.Errorf("a long comment: %s", got.text)
		}
		document = "{viewer{" + numbered(c.n, "f%d ") + "}}"
		if got := post(t, h, known(t.Context()), document); c.code != "" && got.code() != c.code {
			t.Errorf("%d names: %s", c.n, got.text)
		}
	}
	got := post(t, h, known(t.Context()), "{viewer{kind}} "+strings.Repeat("fragment F on T {a} ", 700))
	if got.code() != string(CodeDocumentTooLarge) || !strings.Contains(got.text, "tokens") {
		t.Errorf("4,900 tokens: %s", got.text)
	}
}

// The worst documents that pass must not keep anybody busy: each of the shapes
// that the limits are made for, as large as the limits let it be. The bound is
// far above what they take, and far below what each took without the limits.
func TestAcceptedDocumentsAreCheap(t *testing.T) {
	h := quiet(&stub{})
	pages := strings.Repeat("memberships{nodes{team{", 3) + "id" + strings.Repeat("}}}", 3)
	for name, document := range map[string]string{
		"unknown fields":  "{viewer{" + numbered(300, "fiel%d ") + "}}",
		"long names":      "{viewer{" + strings.Repeat("x", 250_000) + "}}",
		"long type name":  "{viewer{... on " + strings.Repeat("x", 250_000) + "{id}}}",
		"shorter names":   "{viewer{... on " + strings.Repeat("x", 16_000) + "{id}}}",
		"long strings":    `{team(slug: "` + strings.Repeat("x", 250_000) + `"){id}}`,
		"repeated fields": `{team(slug: "a"){` + strings.Repeat("id slug name plan revision createdAt updatedAt "+pages+" ", 5) + "}}",
		"many types":      `{node(id: "x"){` + strings.Repeat(numbered(2, "... on Node {id} ... on Team {name slug plan} ... on User {email kind} ... on ApiKey {prefix} ... on ScimToken {prefix} "), 1) + "}}",
		"many fragments":  "{viewer{user{" + numbered(100, "...F%d ") + "}}} " + numbered(100, "fragment F%d on User {x%[1]d y%[1]d z%[1]d} "),
		"spread widely":   "{" + numbered(8, "a%d{...F}") + "} fragment F on Team {" + numbered(8, "b%d{...G}") + "} fragment G on Team {" + numbered(70, "c%d ") + "}",
		"deep values":     "{node(id: " + strings.Repeat("[", 900) + strings.Repeat("]", 900) + "){id}}",
		"wide values":     "{nodes(ids: [" + strings.Repeat(`"x" `, 3900) + "]){id}}",
	} {
		t.Run(name, func(t *testing.T) {
			// The fastest of a few: something else may have the processor for a second.
			fastest := time.Hour
			for try := 0; try < 5 && fastest > time.Second; try++ {
				start := time.Now()
				post(t, h, known(t.Context()), document)
				fastest = min(fastest, time.Since(start))
			}
			if fastest > time.Second {
				t.Errorf("it took %v", fastest)
			} else {
				t.Log(fastest)
			}
		})
	}
}

func FuzzDocument(f *testing.F) {
	for _, seed := range []string{dashboard, introspectionQuery, everyNode(), nested(14), doubling(5), "mutation {a @x}", "{a{...F}} fragment F on T {...F}"} {
		f.Add(seed)
	}
	contract := quiet(&stub{}).schema
	f.Fuzz(func(t *testing.T, text string) {
		doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: text}, DefaultLimits.Tokens)
		if err != nil || DefaultLimits.check(doc) != nil {
			return
		}
		// What passes can be walked along every spread in bounded time.
		fields := 0
		for _, op := range doc.Operations {
			fields += walk(doc, op.SelectionSet, 0)
		}
		if fields > DefaultLimits.Expanded {
			t.Fatalf("%d fields passed", fields)
		}
		validator.ValidateWithRules(contract, doc, newRules(false))
	})
}

// walk counts fields without remembering anything.
func walk(doc *ast.QueryDocument, set ast.SelectionSet, depth int) (n int) {
	for _, sel := range set {
		switch sel := sel.(type) {
		case *ast.Field:
			n += 1 + walk(doc, sel.SelectionSet, depth+1)
		case *ast.InlineFragment:
			n += walk(doc, sel.SelectionSet, depth)
		case *ast.FragmentSpread:
			if f := doc.Fragments.ForName(sel.Name); f != nil {
				n += walk(doc, f.SelectionSet, depth)
			}
		}
	}
	return n
}
