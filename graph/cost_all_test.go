package graph

import (
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
)

// Every list of the contract costs what a page of its size costs, every count is
// paid for, and what is a plain list of objects is taken for a few.
func TestEveryListHasItsCost(t *testing.T) {
	es := priced{NewExecutableSchema(Config{Resolvers: &stub{}, Complexity: costs()})}
	const child = 7
	for _, def := range es.Schema().Types {
		if def.Kind != ast.Object || strings.HasPrefix(def.Name, "__") || strings.HasSuffix(def.Name, "Payload") {
			continue
		}
		for _, f := range def.Fields {
			of := es.Schema().Types[f.Type.Name()]
			ask := func(args map[string]any) int {
				cost, set := es.Complexity(t.Context(), def.Name, f.Name, child, args)
				if !set {
					return 1 + child
				}
				return cost
			}
			switch {
			case strings.HasPrefix(f.Name, "__"):
			case f.Arguments.ForName("first") != nil:
				for _, size := range []string{"first", "last"} {
					if cost := ask(map[string]any{size: int64(100)}); cost < 100*child {
						t.Errorf("%s.%s(%s: 100) costs %d", def.Name, f.Name, size, cost)
					}
				}
				if cost := ask(map[string]any{}); cost < defaultPage*child {
					t.Errorf("%s.%s costs %d", def.Name, f.Name, cost)
				}
			case strings.HasSuffix(def.Name, "Connection"): // their list has paid
				if f.Name == "totalCount" && ask(nil) != costCount {
					t.Errorf("%s.totalCount costs %d", def.Name, ask(nil))
				}
			case f.Type.Elem != nil && of.Kind == ast.Object && len(f.Arguments) == 0:
				if cost := ask(nil); cost < fewElements*child {
					t.Errorf("%s.%s costs %d", def.Name, f.Name, cost)
				}
			}
		}
	}
}
