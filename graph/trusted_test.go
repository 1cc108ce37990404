package graph

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"rollcall/access"
	"rollcall/internal/housetest"
	"rollcall/models"
)

// Where documents are written down, sessions and nobody send those and no
// others, in whatever form; scripts with a key send what they like.
func TestTrustedDocuments(t *testing.T) {
	const good, other = "query Who { viewer { kind } }", "{ viewer { user { email } } }"
	for name, manifest := range map[string]string{
		"codegen": fmt.Sprintf(`{"who":%q}`, good),
		"hashes":  fmt.Sprintf(`{%q:%q}`, hashOf(good), good),
		"apollo":  fmt.Sprintf(`{"format":"apollo-persisted-query-manifest","version":1,"operations":[{"id":"who","name":"Who","type":"query","body":%q}]}`, good),
	} {
		trusted, err := ReadTrusted([]byte(manifest))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		h := NewHandler(Options{Resolvers: &stub{}, Log: slog.New(slog.DiscardHandler), Trusted: trusted})
		person := housetest.AsMember(nobody(t.Context()), models.Membership{ID: "m", TeamID: "t"}, models.User{ID: "u"})
		key := housetest.AsKey(nobody(t.Context()), models.Membership{ID: "m", TeamID: "t"}, models.User{ID: "u"}, models.ScopeTeamRead)
		hash := `{"extensions":{"persistedQuery":{"version":1,"sha256Hash":%q}}}`
		for _, c := range []struct {
			what, body string
			open       bool
		}{
			{"its text", fmt.Sprintf(`{"query":%q}`, good), true},
			{"its hash", fmt.Sprintf(hash, hashOf(good)), true},
			{"its id", `{"documentId":"who"}`, name != "hashes"},
			{"the hash as an id", fmt.Sprintf(`{"documentId":%q}`, hashOf(good)), true},
			{"another text", fmt.Sprintf(`{"query":%q}`, other), false},
			{"another text and a trusted id", fmt.Sprintf(`{"documentId":"who","query":%q}`, other), false},
			{"another text and its hash", fmt.Sprintf(`{"query":%q,"extensions":{"persistedQuery":{"version":1,"sha256Hash":%q}}}`, other, hashOf(other)), false},
			{"a hash that a key has taught", fmt.Sprintf(hash, hashOf(other)), false},
			{"a space more", fmt.Sprintf(`{"query":%q}`, good+" "), false},
			{"the schema", `{"query":"{ __schema { types { name } } }"}`, false},
			{"no text", `{"query":""}`, false},
			{"an id that is none", `{"documentId":7}`, false},
		} {
			taught := serve(t, h, key, request(http.MethodPost, "/graphql", fmt.Sprintf(`{"query":%q,"extensions":{"persistedQuery":{"version":1,"sha256Hash":%q}}}`, other, hashOf(other)), asJSON, modern))
			if taught.status != 200 {
				t.Fatalf("a key: %d %s", taught.status, taught.text)
			}
			for who, ctx := range map[string]struct{ open bool }{"person": {true}, "nobody": {false}} {
				caller := person
				if !ctx.open {
					caller = nobody(t.Context())
				}
				got := serve(t, h, caller, request(http.MethodPost, "/graphql", c.body, asJSON, modern))
				if (got.status == 200) != c.open {
					t.Errorf("%s: %s sends %s: %d %s", name, who, c.what, got.status, got.text)
				}
				if strings.Contains(got.text, "ada@") {
					t.Errorf("%s: %s sends %s and reads %s", name, who, c.what, got.text)
				}
			}
		}
		if got := post(t, h, known(t.Context()), other); got.status != 200 {
			t.Errorf("an operator: %s", got.text)
		}
		if got := serve(t, h, access.With(nobody(t.Context()), access.Actor{Kind: access.Scim}), request(http.MethodPost, "/graphql", fmt.Sprintf(`{"query":%q}`, good), asJSON, modern)); got.status == 200 {
			t.Errorf("a SCIM token: %s", got.text)
		}
	}
}

// A manifest that would not do is refused at the start.
func TestBadManifests(t *testing.T) {
	for name, manifest := range map[string]string{
		"no JSON": `{"a"`, "empty": `{}`, "a list": `[]`, "null": `null`, "not valid": `{"a":"{ nothing { here } }"}`, "no document": `{"a":"{"}`,
		"another version": `{"format":"apollo-persisted-query-manifest","version":2,"operations":[]}`,
		"no operations":   `{"format":"apollo-persisted-query-manifest","version":1}`,
		"too deep":        `{"a":"{ viewer ` + strings.Repeat("{ viewer ", 30) + strings.Repeat("}", 31) + `"}`,
		"another's hash":  fmt.Sprintf(`{%q:"{ viewer { kind } }","b":"{ __typename }"}`, hashOf("{ __typename }")),
	} {
		if got, err := ReadTrusted([]byte(manifest)); err == nil || got != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
