package resolvers

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"rollcall/graph"
	"rollcall/internal/housetest"
	"rollcall/models"
)

var update = flag.Bool("update", false, "write the golden files anew")

// walk is every field of every type, reached from a root through acme's objects.
type walk struct {
	schema *ast.Schema
	rows   []step
}

// step is a field and a document that asks for it and nothing else.
type step struct{ field, document string }

// fieldsOf are the fields of a type that the contract itself declares.
func fieldsOf(def *ast.Definition) (out []*ast.FieldDefinition) {
	for _, f := range def.Fields {
		if !strings.HasPrefix(f.Name, "__") {
			out = append(out, f)
		}
	}
	return out
}

// selection is what has to stand behind a field so that it can be asked for.
func (w *walk) selection(f *ast.FieldDefinition) string {
	if w.schema.Types[f.Type.Name()].IsCompositeType() {
		return f.Name + " { __typename }"
	}
	return f.Name
}

// add asks for every field of a type through a document with a hole, and goes on
// to the types that are no nodes and are reached from here alone.
func (w *walk) add(typ, through string, seen map[string]bool) {
	seen[typ] = true
	def := w.schema.Types[typ]
	for _, f := range fieldsOf(def) {
		w.rows = append(w.rows, step{typ + "." + f.Name, fmt.Sprintf(through, w.selection(f))})
		next := w.schema.Types[f.Type.Name()]
		if next.Kind == ast.Object && !slices.Contains(next.Interfaces, "Node") && !seen[next.Name] {
			w.add(next.Name, fmt.Sprintf(through, f.Name+" { %s }"), seen)
		}
	}
}

// newWalk plans the whole way: the roots with acme's names, and every node.
func newWalk(e estate) *walk {
	w := &walk{schema: graph.NewExecutableSchema(graph.Config{}).Schema()}
	seen := map[string]bool{}
	roots := map[string]string{
		"team":               `team(slug: "acme") { __typename }`,
		"node":               fmt.Sprintf(`node(id: %q) { __typename }`, e.team),
		"enforcementPreview": fmt.Sprintf(`enforcementPreview(teamId: %q) { __typename }`, e.team),

		"nodes": fmt.Sprintf(`nodes(ids: [%q]) { __typename }`, e.team),
	}
	for _, f := range fieldsOf(w.schema.Query) {
		text, special := roots[f.Name]
		if !special {
			text = w.selection(f)
		}
		w.rows = append(w.rows, step{"Query." + f.Name, "{ " + text + " }"})
	}
	// Presets are no team's; the type that they share with identity providers is
	// reached through those.
	seen["AttributeMapping"] = true
	w.add("IdentityProviderPreset", `{ identityProviderPresets { %s } }`, seen)
	delete(seen, "AttributeMapping")
	for _, typ := range slices.Sorted(maps.Keys(e.nodes)) {
		w.add(typ, fmt.Sprintf(`{ node(id: %q) { ... on %s { %%s } } }`, e.nodes[typ], typ), seen)
	}
	w.add("EnforcementPreview", fmt.Sprintf(`{ enforcementPreview(teamId: %q) { %%s } }`, e.team), seen)
	w.add("Viewer", `{ viewer { %s } }`, seen)
	w.add("SystemInfo", `{ system { %s } }`, seen)
	w.add("RateLimit", `{ rateLimit { %s } }`, seen)
	w.add("TeamConnection", `{ teams { %s } }`, seen)
	slices.SortFunc(w.rows, func(a, b step) int { return strings.Compare(a.field, b.field) })
	for name, def := range w.schema.Types {
		payload := strings.HasSuffix(name, "Payload") || strings.HasPrefix(name, "RoleRule") || name == "MetadataPreview" || name == "CertificatePreview" || name == "UserError"
		root := name == "Query" || name == "Mutation" || name == "Subscription"
		if def.Kind == ast.Object && !seen[name] && !payload && !root && !strings.HasPrefix(name, "__") {
			w.rows = append(w.rows, step{name + ": NOT REACHED", ""})
		}
	}
	return w
}

// verdict is what a caller got: v a value, 0 null, - no parent to ask, F
// forbidden, U not signed in.
func verdict(got reply) byte {
	switch got.code() {
	case "FORBIDDEN":
		return 'F'
	case "UNAUTHENTICATED":
		return 'U'
	case "":
	default:
		return '!'
	}
	var v any = got.data
	for {
		switch x := v.(type) {
		case nil:
			return '0'
		case map[string]any:
			if len(x) == 0 {
				return 'v' // an object of another type: nothing was asked of it
			}
			for _, inner := range x {
				if v = inner; v == nil && x["viewer"] == nil && (hasKey(x, "node") || hasKey(x, "viewer")) {
					return '-'
				}
			}
		case []any:
			if len(x) == 0 {
				return 'v'
			}
			v = x[0]
		default:
			return 'v'
		}
	}
}

func hasKey(m map[string]any, k string) bool { _, ok := m[k]; return ok }

// walkers are the callers, in the order of the table's columns.
func (d *desk) walkers(t *testing.T) (names []string, contexts []context.Context) {
	add := func(name string, ctx context.Context) { names, contexts = append(names, name), append(contexts, ctx) }
	add("operator", operator(t))
	add("admin", as(t, d.acme.admin))
	add("member itself", as(t, d.acme.member))
	add("viewer", as(t, d.acme.viewer))
	add("admin's key with every scope", withKey(t, d.acme.admin, allScopes...))
	add("viewer's key with every scope", withKey(t, d.acme.viewer, allScopes...))
	add("admin's key without scopes", withKey(t, d.acme.admin))
	add("other team's admin", as(t, d.globex.admin))
	add("other team's key with every scope", withKey(t, d.globex.admin, allScopes...))
	add("SCIM token", housetest.AsScim(request(t), d.acme.team.ID))
	add("anonymous", request(t))
	return names, contexts
}

// personal are the roots through which everybody sees what is their own.
var personal = []string{"Viewer.", "SystemInfo.", "IdentityProviderPreset.", "Preset", "RateLimit.", "Query.", "TeamConnection.", "TeamEdge."}

// The table says who gets what of every field there is. A new field is a new
// line in it, to be read in the review; what no line may say is below.
func TestWalk(t *testing.T) {
	const path = "testdata/walk.txt"
	eachDesk(t, func(t *testing.T, d *desk) {
		e := d.estate(t)
		w := newWalk(e)
		names, callers := d.walkers(t)
		var table bytes.Buffer
		fmt.Fprintln(&table, "# v a value, 0 null, - no parent to ask, F forbidden, U not signed in. The columns are:")
		for i, name := range names {
			fmt.Fprintf(&table, "# %d %s\n", i+1, name)
		}
		for _, s := range w.rows {
			if s.document == "" {
				t.Errorf("%s", s.field)
				continue
			}
			var line []byte
			for i, ctx := range callers {
				got := d.ask(t, ctx, s.document)
				c := verdict(got)
				line = append(line, c)
				d.judge(t, s, names[i], c, got)
			}
			fmt.Fprintf(&table, "%-45s %s\n", s.field, line)
		}
		if *update && d.db.Dialect() == models.SQLite {
			if err := os.WriteFile(path, table.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(want, table.Bytes()) {
			t.Errorf("who gets what has changed; see it by: go test ./resolvers -run Walk -update && git diff resolvers/testdata\n%s", table.String())
		}
	})
}

// judge holds a line to what must be so whatever the table says.
func (d *desk) judge(t *testing.T, s step, caller string, c byte, got reply) {
	t.Helper()
	own := false
	for _, p := range personal {
		own = own || strings.HasPrefix(s.field, p)
	}
	bad := false
	switch {
	case c == '!':
		bad = true
	case caller == "anonymous":
		bad = c == 'v'
	case caller == "SCIM token":
		bad = c != 'F'
	case strings.HasPrefix(caller, "other team's"):
		bad = c == 'v' && !own || strings.Contains(got.text, "acme")
	case caller == "admin's key without scopes":
		bad = c == 'v' && !strings.HasPrefix(s.field, "Viewer.") && s.field != "Query.viewer" && !strings.HasPrefix(s.field, "RateLimit.") && s.field != "Query.rateLimit"
	case caller == "operator":
		bad = c == 'F' || c == 'U' || c == '-'
	}
	if bad {
		t.Errorf("%s, %s: %c %s", s.field, caller, c, got.text)
	}
}
