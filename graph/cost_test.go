package graph

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/complexity"
	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2"

	"rollcall/graph/model"
)

// costOf is what a document costs.
func costOf(t *testing.T, document string) int {
	t.Helper()
	es := priced{NewExecutableSchema(Config{Resolvers: &stub{}, Complexity: costs()})}
	doc, errs := gqlparser.LoadQueryWithRules(es.Schema(), document, newRules(false))
	if errs != nil {
		t.Fatal(errs)
	}
	return complexity.Calculate(t.Context(), es, doc.Operations[0], map[string]any{}, complexity.WithFixedScalarValue(0))
}

func TestCosts(t *testing.T) {
	for _, c := range []struct {
		document string
		cost     int
	}{
		{`{ viewer { kind } }`, 1},
		{`{ team(slug: "a") { id name } }`, 1},
		{`{ team(slug: "a") { memberships { nodes { id } } } }`, 1 + 2 + 20*1},
		{`{ team(slug: "a") { memberships(first: 50) { nodes { id user { id } } } } }`, 1 + 2 + 50*2},
		{`{ team(slug: "a") { memberships(first: 1) { totalCount } } }`, 1 + 2 + 10},
		{`{ team(slug: "a") { memberships(first: -5) { nodes { id } } } }`, 1 + 2 + 1},
		{`{ teams(first: 100) { nodes { memberships(first: 100) { nodes { id } } } } }`, 2 + 100*(1+2+100)},
		{`{ nodes(ids: ["a", "b", "c"]) { id ... on Membership { user { id } } } }`, 1 + 3*1},
		{dashboard, 1 + 2 + 50*(10+1+1+1+1) + 1 + 1 + 1 + 3*(1+3*0)},
	} {
		if got := costOf(t, c.document); got != c.cost {
			t.Errorf("%s costs %d, not %d", c.document, got, c.cost)
		}
	}
}

func TestCostLimit(t *testing.T) {
	h := quiet(&stub{viewer: func(context.Context) (*model.Viewer, error) { return nil, nil }})
	if got := post(t, h, known(t.Context()), dashboard); got.code() == string(CodeTooComplex) {
		t.Errorf("the dashboard: %s", got.text)
	}
	dear := `{ teams(first: 100) { nodes { memberships(first: 100) { nodes { user { id } } } } } }`
	if got := post(t, h, known(t.Context()), dear); got.status != 400 || got.code() != string(CodeTooComplex) || !strings.Contains(got.text, "5000") {
		t.Errorf("a hundred hundreds: %d %s", got.status, got.text)
	}
	if got := post(t, h, known(t.Context()), `query($n: Int) { teams(first: $n) { nodes { memberships(first: $n) { nodes { user { id } } } } } }`, map[string]any{"n": 100}); got.code() != string(CodeTooComplex) {
		t.Errorf("by variables: %s", got.text)
	}
	// Five mutations of everything stay affordable.
	var all strings.Builder
	for i := range 5 {
		fmt.Fprintf(&all, `m%d: updateMembership(input: {membershipId: "x", role: ADMIN}) { membership { user { id } } userErrors { code } } `, i)
	}
	if got := post(t, h, known(t.Context()), "mutation {"+all.String()+"}"); got.code() != "" {
		t.Errorf("five mutations: %s", got.text)
	}
}

// The limit of callers without a credential is lower, and mutations cost extra.
func TestCostLimitByCaller(t *testing.T) {
	es := priced{NewExecutableSchema(Config{Resolvers: &stub{}, Complexity: costs()})}
	limit := costLimit{es}
	for _, c := range []struct {
		document string
		ctx      context.Context
		refused  bool
	}{
		{`{ team(slug: "a") { memberships(first: 100) { nodes { id user { id } } } } }`, nobody(t.Context()), true},
		{`{ team(slug: "a") { memberships(first: 90) { nodes { id user { id } } } } }`, nobody(t.Context()), false},
		{`{ team(slug: "a") { memberships(first: 100) { nodes { id user { id } } } } }`, known(t.Context()), false},
		{"mutation {" + numbered(20, `m%d: revokeApiKey(input: {apiKeyId: "x"}) { clientMutationId } `) + "}", nobody(t.Context()), true},
		{"mutation {" + numbered(15, `m%d: revokeApiKey(input: {apiKeyId: "x"}) { clientMutationId } `) + "}", nobody(t.Context()), false},
	} {
		doc, errs := gqlparser.LoadQueryWithRules(es.Schema(), c.document, newRules(false))
		if errs != nil {
			t.Fatal(errs)
		}
		err := limit.MutateOperationContext(c.ctx, &graphql.OperationContext{Doc: doc, Operation: doc.Operations[0], Variables: map[string]any{}})
		if (err != nil) != c.refused {
			t.Errorf("%.80s: %v", c.document, err)
		}
	}
}

func TestSaturation(t *testing.T) {
	if saturate(1<<40, 1<<40) != saturated || saturate(-1, 5) != 0 || saturate(3, 4) != 12 || add(saturated, saturated) != saturated {
		t.Error("products or sums of costs overflow")
	}
}

func TestRootFields(t *testing.T) {
	doc, errs := gqlparser.LoadQueryWithRules(quiet(&stub{}).schema, `{ viewer { kind } ...F ... { t: team(slug: "a") { id } } } fragment F on Query { teams { totalCount } ...G } fragment G on Query { node(id: "x") { id } }`, newRules(false))
	if errs != nil {
		t.Fatal(errs)
	}
	if got := fmt.Sprint(rootFields(doc, doc.Operations[0].SelectionSet)); got != "[viewer teams node team]" {
		t.Error(got)
	}
}
