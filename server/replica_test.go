package server_test

import (
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
		for _, way := range []string{"DELETE", "PATCH"} {
			name := strings.ToLower(way)
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
			body := map[string]string{"PATCH": `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"Replace","path":"active","value":"False"}]}`}[way]
			done := newBrowser(t).send(way, base+"/Users/"+id, "application/scim+json", body, "Authorization", "Bearer "+secret)
			if done.StatusCode/100 != 2 {
				t.Fatalf("%s: %d %s", way, done.StatusCode, done.body)
			}
			for _, replica := range []*house{other, h} {
				if seen := replica.query(person, "", who, nil); seen.Data["viewer"] != nil {
					t.Errorf("after %s the session opens %s: %v", way, replica.url, seen.Data)
				}
				if seen := replica.query(newBrowser(t), key, who, nil); seen.Data["viewer"] != nil {
					t.Errorf("after %s the key opens %s: %v", way, replica.url, seen.Data)
				}
			}
		}
	})
}

func between(s, before, after string) string {
	_, s, _ = strings.Cut(s, before)
	s, _, _ = strings.Cut(s, after)
	return s
}
