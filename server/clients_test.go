//go:build clients

package server_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"rollcall/models"
)

// clients is the folder in which scripts/check-schema has what npm installed and
// the compiled example.
func clients(t *testing.T) string {
	t.Helper()
	folder := os.Getenv("ROLLCALL_CLIENTS")
	if folder == "" {
		t.Fatal("run this by scripts/check-schema")
	}
	return folder
}

// The example in TypeScript does what its first lines say, like those in bash and Go.
func TestTypeScriptExample(t *testing.T) {
	program := filepath.Join(clients(t), "built", "rollcall.js")
	eachHouse(t, func(t *testing.T, h *house) { h.examples(t, "node", program) })
}

// The GraphQL-over-HTTP audit of the graphql-http package finds nothing at any
// level, neither with a key nor without.
func TestHTTPAudit(t *testing.T) {
	audit := filepath.Join(clients(t), "audit.mjs")
	h := boot(t, models.Source{Dialect: models.SQLite, DSN: filepath.Join(t.TempDir(), "rollcall.db")})
	for _, arguments := range [][]string{{h.url + "/graphql", h.operator}, {h.url + "/graphql"}} {
		out, err := exec.CommandContext(t.Context(), "node", append([]string{audit}, arguments...)...).CombinedOutput()
		if err != nil {
			t.Errorf("%v: %s", err, out)
		}
		t.Logf("%s", out)
	}
}

// Only what was announced may go: a field, an argument, a type or a value that is
// taken away breaks the contract, and so does one that is demanded; additions and
// the end of what was deprecated do not.
func TestBreakingChanges(t *testing.T) {
	const before = `type Query { team(slug: String!): Team old: Int @deprecated(reason: "Use team; ends in 1.2.") }
		type Team { id: ID! name: String plan: Plan! } enum Plan { FREE TEAM } input In { a: Int }
		type Mutation { make(input: In!): Team }`
	write := func(name, text string) string { return file(t, name, []byte(text)) }
	for _, c := range []struct {
		name, old, new string
		breaks         bool
	}{
		{"nothing", "", "", false},
		{"a new field", "name: String", "name: String more: Int", false},
		{"a new argument", "team(slug: String!)", "team(slug: String!, more: Int)", false},
		{"a new value", "FREE TEAM", "FREE TEAM MORE", false},
		{"a deprecated field goes", `old: Int @deprecated(reason: "Use team; ends in 1.2.")`, "", false},
		{"a field goes", "name: String", "", true},
		{"a value goes", "FREE TEAM", "FREE", true},
		{"an argument goes", "team(slug: String!)", "team", true},
		{"an argument is demanded", "team(slug: String!)", "team(slug: String!, more: Int!)", true},
		{"an input field is demanded", "a: Int", "a: Int!", true},
		{"an input field goes", "a: Int", "b: Int", true},
		{"a type changes", "name: String", "name: Int", true},
		{"a value may be missing", "plan: Plan!", "plan: Plan", true},
		{"a mutation goes", "make(input: In!): Team", "other(input: In!): Team", true},
	} {
		after := strings.Replace(before, c.old, c.new, 1)
		out, err := exec.CommandContext(t.Context(), "node", filepath.Join(clients(t), "breaking.mjs"), write("before.graphql", before), write("after.graphql", after)).CombinedOutput()
		if (err != nil) != c.breaks {
			t.Errorf("%s: %v %s", c.name, err, out)
		}
	}
}
