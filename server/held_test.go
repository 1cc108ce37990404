package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"testing"

	"rollcall/access"
	"rollcall/credential"
	"rollcall/fault"
	"rollcall/internal/housetest"
	"rollcall/models"
	"rollcall/roster"
	"rollcall/sso/fetch"
)

// eve is an admin beside another one, with a key for everything.
type eve struct {
	roster.Member
	key string
}

func (h *house) hireEve(team models.ID) eve {
	h.t.Helper()
	ctx := housetest.AsOperator(h.t.Context())
	var out eve
	for _, address := range []string{"mallory@acme.test", "eve@acme.test"} {
		m, err := h.rooms.Roster.Add(ctx, roster.NewMember{TeamID: team, Kind: models.KindPerson, Role: models.RoleAdmin, Person: roster.Person{Email: address}})
		if err != nil {
			h.t.Fatal(err)
		}
		out.Member = m
	}
	_, secret, err := h.rooms.Credentials.CreateAPIKey(ctx, credential.NewAPIKey{TeamID: team, MembershipID: out.ID, Name: "ci", Scopes: models.Scopes})
	if err != nil {
		h.t.Fatal(err)
	}
	out.key = secret
	return out
}

func (h *house) fire(e eve) {
	h.t.Helper()
	if _, err := h.rooms.Roster.Remove(housetest.AsOperator(h.t.Context()), e.ID); err != nil {
		h.t.Fatal(err)
	}
}

// held sends a request whose body is kept back until the server waits for it
// and meanwhile has been called.
func held(t *testing.T, method, address, body string, meanwhile func(), headers ...string) answer {
	t.Helper()
	r, w := io.Pipe()
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got100Continue: func() {
		go func() {
			meanwhile()
			_, _ = io.WriteString(w, body)
			_ = w.Close()
		}()
	}})
	req, err := http.NewRequestWithContext(ctx, method, address, r)
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = int64(len(body))
	req.Header.Set("Expect", "100-continue")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return newBrowser(t).do(req)
}

func document(t *testing.T, text string) string {
	t.Helper()
	body, err := json.Marshal(map[string]string{"query": text})
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func (h *house) plainTeam() (team models.ID, global string) {
	h.t.Helper()
	global = textAt(h.mutate(`mutation { createTeam(input: {slug: "acme", name: "Acme", plan: ENTERPRISE}) { team { id } userErrors { code } } }`, nil), "team", "id")
	team, err := models.ParseGlobal(models.PrefixTeam, global)
	if err != nil {
		h.t.Fatal(err)
	}
	return team, global
}

// A request that was begun before a removal and whose body was held back is not
// carried out after it.
func TestHeldBody(t *testing.T) {
	for name, text := range map[string]string{
		"mutation": `mutation { createScimToken(input: {teamId: "%s", name: "back door"}) { secret } }`,
		"query":    `query { node(id: "%s") { id } team(slug: "acme") { memberships(first: 5) { nodes { user { email } } } } }`,
	} {
		t.Run(name, func(t *testing.T) {
			eachHouse(t, func(t *testing.T, h *house) {
				team, global := h.plainTeam()
				e := h.hireEve(team)
				got := held(t, http.MethodPost, h.url+"/graphql", document(t, fmt.Sprintf(text, global)), func() { h.fire(e) },
					"Authorization", "Bearer "+e.key, "Content-Type", "application/json")
				if got.StatusCode != http.StatusUnauthorized || strings.Contains(got.body, "rcs_") || strings.Contains(got.body, "acme.test") {
					t.Errorf("after her removal she is answered %d %s", got.StatusCode, got.body)
				}
			})
		})
	}
}

// Nor is one of a provisioning client whose token was revoked meanwhile, be it
// to write or to read.
func TestHeldBodyOfProvisioning(t *testing.T) {
	for path, body := range map[string]string{
		"/Users":         `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"thief@acme.test","emails":[{"value":"thief@acme.test"}]}`,
		"/Users/.search": `{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"]}`,
	} {
		t.Run(path, func(t *testing.T) { heldProvisioning(t, path, body) })
	}
}

func heldProvisioning(t *testing.T, path, body string) {
	eachHouse(t, func(t *testing.T, h *house) {
		team, _ := h.plainTeam()
		ctx := housetest.AsOperator(t.Context())
		token, secret, err := h.rooms.Credentials.CreateScimToken(ctx, credential.NewScimToken{TeamID: team, Name: "okta"})
		if err != nil {
			t.Fatal(err)
		}
		got := held(t, http.MethodPost, h.url+"/scim/acme/v2"+path, body, func() {
			if _, err := h.rooms.Credentials.RevokeScimToken(ctx, token.ID); err != nil {
				t.Error(err)
			}
		}, "Authorization", "Bearer "+secret, "Content-Type", "application/scim+json")
		n, err := h.rooms.Roster.CountMembers(ctx, team, roster.MemberFilter{})
		if got.StatusCode != http.StatusUnauthorized || n != 0 || err != nil {
			t.Errorf("after the revocation it is answered %d %s; the team has %d members (%v)", got.StatusCode, got.body, n, err)
		}
	})
}

// letIn is the context of a request that came with the key.
func (h *house) letIn(key string) context.Context {
	h.t.Helper()
	actor, err := h.rooms.Credentials.Authenticate(h.t.Context(), key)
	if err != nil {
		h.t.Fatal(err)
	}
	return access.With(models.Guarded(h.t.Context(), h.rooms.Credentials.StillGood), actor)
}

// A host that answers slowly does not keep the door open for an admin who is
// removed, or put down to a smaller role, meanwhile.
func TestRemovedDuringAFetch(t *testing.T) {
	for name, x := range map[string]struct {
		end  func(h *house, e eve) error
		code fault.Code
	}{
		"removed": {func(h *house, e eve) error {
			_, err := h.rooms.Roster.Remove(housetest.AsOperator(h.t.Context()), e.ID)
			return err
		}, fault.NotSignedIn},
		"demoted": {func(h *house, e eve) error {
			_, err := h.rooms.Roster.ChangeRole(housetest.AsOperator(h.t.Context()), e.ID, models.RoleViewer, nil)
			return err
		}, fault.Forbidden},
	} {
		t.Run(name, func(t *testing.T) {
			eachHouse(t, func(t *testing.T, h *house) {
				metadata := newBrowser(t).get(newForeign(t).url + "/metadata").body
				team, _ := h.plainTeam()
				e := h.hireEve(team)
				h.rooms.SSO.Fetch = func(context.Context, string, string, string) (fetch.Document, error) {
					return fetch.Document{Body: []byte(metadata)}, x.end(h, e)
				}
				_, err := h.rooms.SSO.ImportMetadataURL(h.letIn(e.key), team, "https://idp.evil.example/metadata")
				if !fault.Is(err, x.code) {
					t.Errorf("the import ends with %v, want %s", err, x.code)
				}
				left, err := h.rooms.SSO.IdentityProviders(housetest.AsOperator(t.Context()), team)
				if err != nil || len(left) != 0 {
					t.Errorf("she left %d identity providers behind (%v)", len(left), err)
				}
			})
		})
	}
}

// Of the mutations of one request those that come after the caller's own end are
// not carried out.
func TestMutationsAfterOnesOwnRemoval(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team, global := h.plainTeam()
		e := h.hireEve(team)
		out := h.query(newBrowser(t), e.key, fmt.Sprintf(`mutation {
			removeMembership(input: {membershipId: %q}) { deletedMembershipId userErrors { code } }
			createScimToken(input: {teamId: %q, name: "back door"}) { secret userErrors { code } } }`, e.GlobalID(), global), nil)
		if n, err := h.rooms.Roster.CountMembers(housetest.AsOperator(t.Context()), team, roster.MemberFilter{}); err != nil || n != 1 {
			t.Fatalf("the team has %d members (%v): %+v", n, err, out)
		}
		tokens, err := h.rooms.Credentials.ScimTokens(housetest.AsOperator(t.Context()), team)
		if err != nil || len(tokens) != 0 || len(out.Errors) != 1 || out.Errors[0].Extensions["code"] != "UNAUTHENTICATED" {
			t.Errorf("she left %d SCIM tokens behind (%v): %+v", len(tokens), err, out)
		}
	})
}
