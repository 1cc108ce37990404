package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"rollcall/internal/housetest"
	"rollcall/models"
)

// What one process removes or shuts out the other refuses at once: the session
// and the API key of the person, on one PostgreSQL behind two servers.
func TestRemovalReachesTheOtherReplica(t *testing.T) {
	path := program(t)
	housetest.EachSource(t, func(t *testing.T, src models.Source) {
		if src.Dialect == models.SQLite {
			return // one process has the file
		}
		one, two := freeAddress(t), freeAddress(t)
		env := []string{"ROLLCALL_DATABASE_URL=" + src.DSN, "ROLLCALL_BASE_URL=http://" + one}
		first := start(t, path, one, env)
		start(t, path, two, env)
		h, other := &house{t: t, url: "http://" + one}, &house{t: t, url: "http://" + two}
		for line := range first.lines {
			if _, key, ok := strings.Cut(line, "once: "); ok {
				h.operator = key
				break
			}
		}
		idp := newForeign(t)
		idp.IDP.SignatureMethod = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
		team, secret, base := setUp(h, "acme", newBrowser(t).get(idp.url+"/metadata").body)
		const patch = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[%s]}`
		for name, way := range map[string]struct{ method, path, body string }{
			"delete":   {"DELETE", "/Users/{id}", ""},
			"patch":    {"PATCH", "/Users/{id}", fmt.Sprintf(patch, `{"op":"Replace","path":"active","value":"False"}`)},
			"pathless": {"PATCH", "/users/{id}/", fmt.Sprintf(patch, `{"op":"replace","value":{"urn:ietf:params:scim:schemas:core:2.0:User:active":"false"}}`)},
			"put":      {"PUT", "/Users/{id}", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"put@acme.test","active":false}`},
			"bulk": {"POST", "/Bulk", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[{"method":"PATCH","path":"/Users/{id}","data":` +
				fmt.Sprintf(patch, `{"op":"add","path":"Active","value":false}`) + `}]}`},
		} {
			address := name + "@acme.test"
			idp.meet(t, h, "acme", name, address)
			person := newBrowser(t)
			if done := idp.signIn(h, person, "acme", name); done.StatusCode != http.StatusSeeOther {
				t.Fatalf("signing in: %d %s", done.StatusCode, done.body)
			}
			found := newBrowser(t).send(http.MethodGet, base+"/Users?filter=userName%20eq%20%22"+address+"%22", "", "", "Authorization", "Bearer "+secret)
			id := between(found.body, `"id":"`, `"`)
			key := textAt(h.mutate(`mutation($team: ID!, $member: ID!) { createApiKey(input: {teamId: $team, membershipId: $member, name: "ci", scopes: [TEAM_READ]}) { secret userErrors { code field message } } }`,
				map[string]any{"team": team, "member": models.Global(models.PrefixMembership, models.ID(id))}), "secret")
			const who = `query { viewer { user { email } } }`
			for _, replica := range []*house{h, other} {
				if seen := replica.query(person, "", who, nil); textAt(seen.Data, "viewer", "user", "email") != address {
					t.Fatalf("the session does not open %s: %v", replica.url, seen)
				}
				if seen := replica.query(newBrowser(t), key, who, nil); textAt(seen.Data, "viewer", "user", "email") != address {
					t.Fatalf("the key does not open %s: %v", replica.url, seen)
				}
			}
			scim := func(method, path, body string) {
				t.Helper()
				done := newBrowser(t).send(method, base+strings.ReplaceAll(path, "{id}", id), "application/scim+json", strings.ReplaceAll(body, "{id}", id), "Authorization", "Bearer "+secret)
				if done.StatusCode/100 != 2 || strings.Contains(done.body, `"status":"4`) {
					t.Fatalf("%s: %d %s", method, done.StatusCode, done.body)
				}
			}
			shut := func(when string) {
				t.Helper()
				for _, replica := range []*house{other, h} {
					if seen := replica.query(person, "", who, nil); seen.Data["viewer"] != nil {
						t.Errorf("%s the session opens %s: %v", when, replica.url, seen.Data)
					}
					if seen := replica.query(newBrowser(t), key, who, nil); seen.Data["viewer"] != nil {
						t.Errorf("%s the key opens %s: %v", when, replica.url, seen.Data)
					}
				}
			}
			scim(way.method, way.path, way.body)
			shut("after " + name)
			if name != "delete" {
				scim("PATCH", "/Users/{id}", fmt.Sprintf(patch, `{"op":"replace","path":"active","value":true}`))
				shut("after " + name + " and back")
			}
		}
		// So does the token of the client itself, when an admin ends it.
		elsewhere := strings.Replace(base, h.url, other.url, 1)
		list := func() int {
			return newBrowser(t).send(http.MethodGet, elsewhere+"/Users", "", "", "Authorization", "Bearer "+secret).StatusCode
		}
		if status := list(); status != http.StatusOK {
			t.Fatalf("the token opens the other replica with %d", status)
		}
		tokens := h.query(newBrowser(t), h.operator, `query { team(slug: "acme") { scimTokens { id } } }`, nil).Data["team"].(map[string]any)["scimTokens"].([]any)
		for _, token := range tokens {
			h.mutate(`mutation($id: ID!) { revokeScimToken(input: {scimTokenId: $id}) { userErrors { code } } }`, map[string]any{"id": textAt(token.(map[string]any), "id")})
		}
		if status := list(); status != http.StatusUnauthorized {
			t.Errorf("the ended token is answered %d by the other replica", status)
		}
	})
}

func between(s, before, after string) string {
	_, s, _ = strings.Cut(s, before)
	s, _, _ = strings.Cut(s, after)
	return s
}
