package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sort"
	"strings"
	"testing"

	"rollcall/internal/housetest"
	"rollcall/models"
)

// scene is a person who was let in and holds a session and an API key.
type scene struct {
	*house
	ada        *browser
	membership string // global id
	key        string
	scimID     string
	scimBase   string
	scimSecret string
}

func newScene(t *testing.T, h *house, idp *foreign) scene {
	t.Helper()
	team, secret, base := setUp(h, "acme", newBrowser(t).get(idp.url+"/metadata").body)
	idp.meet(t, h, "acme", "ada", "ada@acme.test")
	s := scene{house: h, ada: newBrowser(t), scimBase: base, scimSecret: secret}
	if done := idp.signIn(h, s.ada, "acme", "ada"); done.StatusCode != http.StatusSeeOther {
		t.Fatalf("signing in: %d %s", done.StatusCode, done.body)
	}
	members := h.query(newBrowser(t), h.operator, `query { team(slug: "acme") { memberships(first: 1) { nodes { id } } } }`, nil)
	nodes, _ := at(members.Data, "team", "memberships", "nodes").([]any)
	if len(nodes) != 1 {
		t.Fatalf("the members are %v", members)
	}
	s.membership = textAt(nodes[0], "id")
	s.key = textAt(h.mutate(`mutation($team: ID!, $member: ID!) { createApiKey(input: {teamId: $team, membershipId: $member, name: "ci", scopes: [TEAM_READ]}) { secret userErrors { code field message } } }`,
		map[string]any{"team": team, "member": s.membership}), "secret")
	id, err := models.ParseGlobal(models.PrefixMembership, s.membership)
	if err != nil {
		t.Fatal(err)
	}
	s.scimID = string(id)
	return s
}

func (s scene) scim(method, body string, want int) {
	s.t.Helper()
	got := newBrowser(s.t).send(method, s.scimBase+"/Users/"+s.scimID, "application/scim+json", body, "Authorization", "Bearer "+s.scimSecret)
	if got.StatusCode != want {
		s.t.Fatalf("SCIM %s: %d %s", method, got.StatusCode, got.body)
	}
}

// ways are the doors through which a person can be put out, by what becomes of
// them.
var ways = map[string]map[string]func(s scene){
	"removed": {
		"GraphQL": func(s scene) {
			s.mutate(`mutation($id: ID!) { removeMembership(input: {membershipId: $id}) { deletedMembershipId userErrors { code field message } } }`, map[string]any{"id": s.membership})
		},
		"SCIM DELETE": func(s scene) { s.scim(http.MethodDelete, "", http.StatusNoContent) },
	},
	"deactivated": {
		"GraphQL": func(s scene) {
			s.mutate(`mutation($id: ID!) { deactivateMembership(input: {membershipId: $id}) { membership { status } userErrors { code field message } } }`, map[string]any{"id": s.membership})
		},
		"SCIM PATCH": func(s scene) {
			s.scim(http.MethodPatch, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"Replace","path":"active","value":"False"}]}`, http.StatusOK)
		},
		"SCIM PUT": func(s scene) {
			mine := newBrowser(s.t).send(http.MethodGet, s.scimBase+"/Users/"+s.scimID, "", "", "Authorization", "Bearer "+s.scimSecret)
			var user map[string]any
			if err := json.Unmarshal([]byte(mine.body), &user); err != nil {
				s.t.Fatal(err)
			}
			user["active"] = false
			body, err := json.Marshal(user)
			if err != nil {
				s.t.Fatal(err)
			}
			s.scim(http.MethodPut, string(body), http.StatusOK)
		},
	},
}

// Whichever door a person is put out through, the rows and the history are the
// same afterwards, and so is what their credentials are worth: nothing.
func TestEveryDoorLeavesTheSame(t *testing.T) {
	idp := newForeign(t)
	idp.IDP.SignatureMethod = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
	for outcome, doors := range ways {
		left := map[string]string{}
		for name, put := range doors {
			housetest.EachSource(t, func(t *testing.T, src models.Source) {
				s := newScene(t, boot(t, src), idp)
				put(s)
				if by := s.query(newBrowser(t), s.key, viewerQuery, nil); by.status != http.StatusUnauthorized {
					t.Errorf("%s by %s: the key is answered %d", outcome, name, by.status)
				}
				if who := s.query(s.ada, "", viewerQuery, nil); who.Data["viewer"] != nil {
					t.Errorf("%s by %s: the session shows %v", outcome, name, who.Data)
				}
				left[name+" on "+string(src.Dialect)] = s.remains()
			})
		}
		var first, firstName string
		for name, rows := range left {
			if first == "" {
				first, firstName = rows, name
			}
			if rows != first {
				t.Errorf("%s leaves\n%s\nbut %s leaves\n%s", firstName, first, name, rows)
			}
		}
		if !strings.Contains(first, "membership."+outcome) {
			t.Errorf("no event tells that the person was %s:\n%s", outcome, first)
		}
	}
}

// remains is everything in the database that does not differ from one run to
// another: no ids, times, hashes and addresses, and not who asked.
func (s scene) remains() string {
	s.t.Helper()
	var out []string
	for _, q := range []string{
		`SELECT 'membership', role, role_source, status, source, scim_managed, user_name, revision, deactivated_reason FROM memberships`,
		`SELECT 'user', kind, origin, email, name, managed_by_team_id IS NOT NULL FROM users`,
		`SELECT 'identity', name_id, name_id_format FROM external_identities`,
		`SELECT 'tombstone', kind FROM tombstones`,
		`SELECT 'session', revoked_at IS NOT NULL, revoked_reason FROM sessions`,
		`SELECT 'key', name, revoked_at IS NOT NULL, revoked_reason FROM api_keys WHERE NOT operator`,
		`SELECT 'event', action, target_kind, target_label, CAST(details AS text) FROM audit_events WHERE action LIKE 'membership.%'`,
	} {
		rows, err := s.rooms.DB.Read(s.t.Context()).Raw(q).Rows()
		if err != nil {
			s.t.Fatal(err)
		}
		names, err := rows.Columns()
		if err != nil {
			s.t.Fatal(err)
		}
		for rows.Next() {
			cells := make([]any, len(names))
			for i := range cells {
				cells[i] = new(any)
			}
			if err := rows.Scan(cells...); err != nil {
				s.t.Fatal(err)
			}
			out = append(out, line(cells))
		}
		if err := rows.Close(); err != nil {
			s.t.Fatal(err)
		}
	}
	sort.Strings(out)
	return strings.Join(out, "\n")
}

// line writes a row alike for both databases.
func line(cells []any) string {
	texts := make([]string, len(cells))
	for i, c := range cells {
		v := *c.(*any)
		if raw, ok := v.([]byte); ok {
			v = string(raw)
		}
		text := fmt.Sprint(v)
		switch text {
		case "true":
			text = "1"
		case "false":
			text = "0"
		}
		// jsonb has spaces of its own.
		texts[i] = strings.NewReplacer(`": "`, `":"`, `", "`, `","`, `}, {`, `},{`).Replace(text)
	}
	return strings.Join(texts, " | ")
}
