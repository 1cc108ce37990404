package graph

import "testing"

func TestNegotiate(t *testing.T) {
	for _, c := range []struct {
		accept string
		want   string // empty when nothing is acceptable
	}{
		{"", plainJSON},
		{"*/*", plainJSON},
		{"application/*", plainJSON},
		{"application/json", plainJSON},
		{"application/json; charset=utf-8", plainJSON},
		{"application/graphql-response+json", graphqlJSON},
		{"application/graphql-response+json; charset=utf-8", graphqlJSON},
		{"APPLICATION/GRAPHQL-RESPONSE+JSON;Charset=UTF-8", graphqlJSON},
		{"application/graphql-response+json, application/json;q=0.9", graphqlJSON},
		{"application/json;q=0.9, application/graphql-response+json", graphqlJSON},
		{"application/json, application/graphql-response+json", plainJSON},
		{"application/graphql-response+json, application/json", graphqlJSON},
		{"application/graphql-response+json;q=0.5, application/json", plainJSON},
		{"application/graphql-response+json, */*;q=0.1", graphqlJSON},
		{"*/*, application/graphql-response+json;q=0", plainJSON},
		{"application/json;q=0, */*", graphqlJSON},
		{"text/html, application/xhtml+xml, */*;q=0.8", plainJSON},
		{"text/html", ""},
		{"application/graphql-response+json;q=0", ""},
		{"application/json; charset=latin1", ""},
		{"application/json;q=2", ""},
		{"application/json;q=x", ""},
		{",,;", ""},
	} {
		got, ok := negotiate([]string{c.accept})
		if ok != (c.want != "") || ok && got != c.want {
			t.Errorf("%q chooses %q, %v; want %q", c.accept, got, ok, c.want)
		}
	}
	if got, _ := negotiate([]string{"text/html", "application/graphql-response+json"}); got != graphqlJSON {
		t.Errorf("two header lines choose %q", got)
	}
}
