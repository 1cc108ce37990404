package server_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crewjam/saml/samlidp"
	"rollcall/internal/idptest"
	"rollcall/models"
)

// foreign is crewjam's samlidp, an identity provider that nobody here wrote.
type foreign struct {
	*samlidp.Server
	url string
	// keys is held for reading while it answers, and for writing to give it
	// another key.
	keys sync.RWMutex
}

const foreignPassword = "correct horse"

func newForeign(t *testing.T) *foreign {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := idptest.SelfSigned(key, time.Now().Add(-time.Hour), time.Now().AddDate(1, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	f := &foreign{}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.keys.RLock()
		defer f.keys.RUnlock()
		f.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	address, err := url.Parse(front.URL)
	if err != nil {
		t.Fatal(err)
	}
	f.url = front.URL
	f.Server, err = samlidp.New(samlidp.Options{
		URL: *address, Key: key, Certificate: cert, Store: &samlidp.MemoryStore{}, Logger: log.New(io.Discard, "", 0),
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// set up the other side: one person and the team as its service provider.
func (f *foreign) meet(t *testing.T, h *house, slug, user, email string) {
	t.Helper()
	b := newBrowser(t)
	metadata := b.get(h.url + "/saml/" + slug + "/metadata")
	if metadata.StatusCode != http.StatusOK {
		t.Fatalf("our metadata: %d %s", metadata.StatusCode, metadata.body)
	}
	person, err := json.Marshal(map[string]string{
		"password": foreignPassword, "email": email, "given_name": "Ada", "surname": "Lovelace", "common_name": "Ada Lovelace",
	})
	if err != nil {
		t.Fatal(err)
	}
	for address, body := range map[string]string{
		"/services/" + slug: metadata.body,
		"/users/" + user:    string(person),
	} {
		if got := b.send(http.MethodPut, f.url+address, "", body); got.StatusCode/100 != 2 {
			t.Fatalf("PUT %s: %d %s", address, got.StatusCode, got.body)
		}
	}
}

var hidden = regexp.MustCompile(`name="(\w+)" value="([^"]*)"`)

// fields are the hidden inputs of a form.
func fields(page string) url.Values {
	out := url.Values{}
	for _, m := range hidden.FindAllStringSubmatch(page, -1) {
		out.Set(m[1], html.UnescapeString(m[2]))
	}
	return out
}

// signIn walks a browser through the identity provider and returns the answer
// of the assertion consumer service.
func (f *foreign) signIn(h *house, b *browser, slug, user string) answer {
	h.t.Helper()
	began := b.get(h.url + "/saml/" + slug + "/init?return_to=/signin")
	if began.StatusCode != http.StatusSeeOther || !strings.HasPrefix(began.Header.Get("Location"), f.url+"/sso?") {
		h.t.Fatalf("init: %d to %q: %s", began.StatusCode, began.Header.Get("Location"), began.body)
	}
	posted := fields(b.get(began.Header.Get("Location")).body)
	if posted.Get("SAMLResponse") == "" { // it asks once for the password and then knows the browser
		posted.Set("user", user)
		posted.Set("password", foreignPassword)
		posted = fields(b.post(f.url+"/sso", posted).body)
	}
	if posted.Get("SAMLResponse") == "" {
		h.t.Fatal("the identity provider sent no response")
	}
	return b.post(h.url+"/saml/"+slug+"/finalize", posted)
}

// setUp does what an operator and an admin do, through the API alone.
func setUp(h *house, slug, metadata string) (team, scimSecret, scimBase string) {
	h.t.Helper()
	created := h.mutate(`mutation($slug: String!) { createTeam(input: {slug: $slug, name: "Acme", plan: ENTERPRISE}) { team { id slug } userErrors { code field message } } }`,
		map[string]any{"slug": slug})
	team = textAt(created, "team", "id")
	h.mutate(`mutation($team: ID!, $xml: String!) { importMetadata(input: {teamId: $team, xml: $xml}) { identityProvider { id entityId certificates { id } } userErrors { code field message } } }`,
		map[string]any{"team": team, "xml": metadata})
	h.mutate(`mutation($team: ID!) { enableSso(input: {teamId: $team, skipLoginTest: true}) { ssoSettings { state loginUrl } userErrors { code field message } } }`,
		map[string]any{"team": team})
	token := h.mutate(`mutation($team: ID!) { createScimToken(input: {teamId: $team, name: "okta"}) { scimToken { id prefix } secret baseUrl userErrors { code field message } } }`,
		map[string]any{"team": team})
	return team, textAt(token, "secret"), textAt(token, "baseUrl")
}

const viewerQuery = `query { viewer { user { id email } session { team { slug } nameId } } }`

// The main job on real input, from an empty database to a person who was let
// in by one identity provider and put out by it.
func TestFromCreateTeamToARefusedKey(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		idp := newForeign(t)
		team, scimSecret, scimBase := setUp(h, "acme", newBrowser(t).get(idp.url+"/metadata").body)
		idp.meet(t, h, "acme", "ada", "ada@acme.test")

		// Its default is RSA-SHA1, which lets nobody in.
		ada := newBrowser(t)
		refused := idp.signIn(h, ada, "acme", "ada")
		if refused.StatusCode != http.StatusBadRequest || !strings.Contains(refused.body, "try_") {
			t.Fatalf("SHA-1 was answered %d: %s", refused.StatusCode, refused.body)
		}
		var attempt models.LoginAttempt
		if err := h.rooms.DB.Read(t.Context()).Order("id DESC").Take(&attempt).Error; err != nil || attempt.Code != "signature_algorithm_weak" {
			t.Fatalf("the attempt says %q (%v)", attempt.Code, err)
		}
		if who := h.query(ada, "", viewerQuery, nil); who.Data["viewer"] != nil {
			t.Fatalf("somebody is signed in: %v", who.Data)
		}

		idp.IDP.SignatureMethod = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
		done := idp.signIn(h, ada, "acme", "ada")
		if done.StatusCode != http.StatusSeeOther || done.Header.Get("Location") != h.url+"/signin" {
			t.Fatalf("signing in: %d to %q: %s", done.StatusCode, done.Header.Get("Location"), done.body)
		}
		who := h.query(ada, "", viewerQuery, nil)
		if textAt(who.Data, "viewer", "user", "email") != "ada@acme.test" || textAt(who.Data, "viewer", "session", "team", "slug") != "acme" {
			t.Fatalf("the viewer is %v", who.Data)
		}
		if page := ada.get(h.url + "/signin"); !strings.Contains(page.body, "ada@acme.test") {
			t.Errorf("the page does not say who is signed in: %s", page.body)
		}

		members := h.query(newBrowser(t), h.operator, `query { team(slug: "acme") { memberships(first: 50) { totalCount nodes { id role status source user { email } } } } }`, nil)
		nodes, _ := at(members.Data, "team", "memberships", "nodes").([]any)
		if len(nodes) != 1 || textAt(nodes[0], "role") != "MEMBER" || textAt(nodes[0], "source") != "JIT" {
			t.Fatalf("the members are %v", members.Data)
		}
		key := textAt(h.mutate(`mutation($team: ID!, $member: ID!) { createApiKey(input: {teamId: $team, membershipId: $member, name: "ci", scopes: [TEAM_READ]}) { apiKey { id prefix expiresAt } secret userErrors { code field message } } }`,
			map[string]any{"team": team, "member": textAt(nodes[0], "id")}), "secret")
		if by := h.query(newBrowser(t), key, `query { viewer { user { email } } team(slug: "acme") { slug } }`, nil); textAt(by.Data, "team", "slug") != "acme" {
			t.Fatalf("the key shows %v %v", by.Data, by.Errors)
		}

		removeByScim(t, scimBase, scimSecret, "ada@acme.test")

		// The very next request with any of the credentials is refused.
		if by := h.query(newBrowser(t), key, viewerQuery, nil); by.status != http.StatusUnauthorized || len(by.Errors) != 1 || by.Errors[0].Extensions["code"] != "UNAUTHENTICATED" {
			t.Errorf("the key is answered %d %v %v", by.status, by.Data, by.Errors)
		}
		if who := h.query(ada, "", viewerQuery, nil); who.Data["viewer"] != nil {
			t.Errorf("the session still shows %v", who.Data)
		}
		// And signing in again does not bring her back.
		if again := idp.signIn(h, newBrowser(t), "acme", "ada"); again.StatusCode != http.StatusForbidden {
			t.Errorf("she came back: %d %s", again.StatusCode, again.body)
		}
		noSecrets(t, h, key, scimSecret, h.operator)
	})
}

// removeByScim does what an identity provider does: looks the person up and
// deletes them.
func removeByScim(t *testing.T, base, secret, userName string) {
	t.Helper()
	b := newBrowser(t)
	found := b.send(http.MethodGet, base+"/Users?"+url.Values{"filter": {fmt.Sprintf("userName eq %q", userName)}}.Encode(), "", "", "Authorization", "Bearer "+secret)
	var list struct {
		TotalResults int
		Resources    []struct{ ID string }
	}
	if err := json.Unmarshal([]byte(found.body), &list); err != nil || list.TotalResults != 1 || len(list.Resources) != 1 {
		t.Fatalf("%d %s (%v)", found.StatusCode, found.body, err)
	}
	address := base + "/Users/" + list.Resources[0].ID
	if gone := b.send(http.MethodDelete, address, "", "", "Authorization", "Bearer "+secret); gone.StatusCode != http.StatusNoContent {
		t.Fatalf("DELETE: %d %s", gone.StatusCode, gone.body)
	}
	if gone := b.send(http.MethodGet, address, "", "", "Authorization", "Bearer "+secret); gone.StatusCode != http.StatusNotFound {
		t.Fatalf("GET afterwards: %d %s", gone.StatusCode, gone.body)
	}
}

// noSecrets looks for secrets, assertions and stacks in the log.
func noSecrets(t *testing.T, h *house, secrets ...string) {
	t.Helper()
	said := h.heard.String()
	if said == "" {
		t.Error("nothing was logged, so there was nothing to look at")
	}
	for _, s := range append(secrets, "SAMLResponse", "saml:Assertion", "goroutine ", "rollcall_session") {
		if strings.Contains(said, s) {
			t.Errorf("the log holds %.12s…", s)
		}
	}
}
