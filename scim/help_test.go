package scim_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"rollcall/access"
	"rollcall/credential"
	"rollcall/internal/housetest"
	"rollcall/models"
	"rollcall/roster"
	"rollcall/scim"
)

const baseURL = "https://rollcall.example"

// house is two teams behind a real door on a real database.
type house struct {
	t           *testing.T
	db          *models.DB
	clock       *housetest.Clock
	roster      *roster.Service
	credentials *credential.Store
	door        http.Handler
	calls       *scim.Buffer
	log         *housetest.Log
	acme        client // Okta, say
	globex      client
}

// client is a provisioning client of one team.
type client struct {
	h      *house
	team   models.Team
	token  string
	secret models.ScimToken
	header map[string]string
}

func eachHouse(t *testing.T, fn func(t *testing.T, h *house)) {
	t.Helper()
	housetest.EachDatabase(t, func(t *testing.T, db *models.DB) {
		clock := housetest.NewClock()
		log, lines := housetest.NewLog()
		h := &house{
			t: t, db: db, clock: clock, log: lines,
			roster:      &roster.Service{DB: db, Now: clock.Now, TombstoneKey: []byte("a key for tests")},
			credentials: &credential.Store{DB: db, Now: clock.Now},
		}
		h.calls = &scim.Buffer{Keeper: h.roster, Log: log}
		h.door = scim.NewHandler(scim.Options{Roster: h.roster, Credentials: h.credentials, Cursors: sealing, BaseURL: baseURL + "/", Log: log, Now: clock.Now, Calls: h.calls})
		h.acme = h.client("acme")
		h.globex = h.client("globex")
		fn(t, h)
	})
}

func (h *house) operator() context.Context { return housetest.AsOperator(h.t.Context()) }

// client makes a team with a token.
func (h *house) client(slug string) client {
	h.t.Helper()
	team, err := h.roster.CreateTeam(h.operator(), roster.NewTeam{Slug: slug, Name: strings.ToUpper(slug), Plan: models.PlanEnterprise})
	if err != nil {
		h.t.Fatal(err)
	}
	token, secret, err := h.credentials.CreateScimToken(h.operator(), credential.NewScimToken{TeamID: team.ID, Name: slug + " IdP"})
	if err != nil {
		h.t.Fatal(err)
	}
	return client{h: h, team: team, token: secret, secret: token}
}

// add puts somebody on a team by hand.
func (c client) add(email string, role models.Role) roster.Member {
	c.h.t.Helper()
	m, err := c.h.roster.Add(c.h.operator(), roster.NewMember{
		TeamID: c.team.ID, Kind: models.KindPerson, Role: role, Person: roster.Person{Email: email, Name: "By Hand"},
	})
	if err != nil {
		c.h.t.Fatal(err)
	}
	return m
}

// with returns the client with one more header.
func (c client) with(name, value string) client {
	header := map[string]string{name: value}
	for k, v := range c.header {
		header[k] = v
	}
	c.header = header
	return c
}

// answer is what the door said.
type answer struct {
	t      *testing.T
	status int
	header http.Header
	text   string
	body   map[string]any
}

// do sends a request to the team's own door; path starts behind /v2.
func (c client) do(method, path, body string) answer {
	c.h.t.Helper()
	r := httptest.NewRequestWithContext(c.h.t.Context(), method, "/scim/"+c.team.Slug+"/v2"+path, strings.NewReader(body))
	if body == "" {
		r.Body = http.NoBody
		r.ContentLength = 0
	} else {
		r.Header.Set("Content-Type", "application/scim+json")
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	for k, v := range c.header {
		if v == "" {
			r.Header.Del(k)
			continue
		}
		r.Header.Set(k, v)
	}
	return c.h.send(r)
}

// send runs a request and checks what is true of every answer.
func (h *house) send(r *http.Request) answer {
	h.t.Helper()
	r = r.WithContext(access.WithRequest(r.Context(), access.Request{ID: "req-1", IP: "127.0.0.1"}))
	w := httptest.NewRecorder()
	h.door.ServeHTTP(w, r)
	a := answer{t: h.t, status: w.Code, header: w.Header(), text: w.Body.String()}
	if a.status == http.StatusNoContent || a.status == http.StatusNotModified || r.Method == http.MethodHead {
		if a.text != "" {
			h.t.Errorf("%s %s: a body where none belongs: %s", r.Method, r.URL.Path, a.text)
		}
		return a
	}
	if err := json.Unmarshal([]byte(a.text), &a.body); err != nil {
		h.t.Fatalf("%s %s: %d is not a JSON object: %v\n%s", r.Method, r.URL.Path, a.status, err, a.text)
	}
	if a.status >= 400 {
		a.checkError()
	}
	return a
}

// checkError checks the form of RFC 7644 section 3.12.
func (a answer) checkError() {
	a.t.Helper()
	schemas, _ := a.body["schemas"].([]any)
	status, _ := a.body["status"].(string)
	detail, _ := a.body["detail"].(string)
	if len(schemas) != 1 || schemas[0] != "urn:ietf:params:scim:api:messages:2.0:Error" || detail == "" ||
		status != strconv.Itoa(a.status) || len(a.body) > 4 {
		a.t.Errorf("not a SCIM error: %s", a.text)
	}
}

// want fails the test unless the answer has the status and, for an error, the scimType.
func (a answer) want(status int, scimType string) answer {
	a.t.Helper()
	got, _ := a.body["scimType"].(string)
	if a.status != status || status >= 400 && got != scimType {
		a.t.Fatalf("%d %s, must be %d %s\n%s", a.status, got, status, scimType, a.text)
	}
	return a
}

// at reads a value by a path of names and indexes; nil when there is none.
func (a answer) at(path ...any) any {
	var v any = a.body
	for _, step := range path {
		switch s := step.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[s]
		case int:
			l, _ := v.([]any)
			if s >= len(l) {
				return nil
			}
			v = l[s]
		}
	}
	return v
}

// has fails the test unless the value at the path is this one.
func (a answer) has(want any, path ...any) answer {
	a.t.Helper()
	if n, ok := want.(int); ok {
		want = float64(n)
	}
	if got := a.at(path...); got != want {
		a.t.Errorf("%v is %#v, must be %#v\n%s", path, got, want, a.text)
	}
	return a
}

func (a answer) id() string {
	a.t.Helper()
	id, _ := a.body["id"].(string)
	if id == "" {
		a.t.Fatalf("no id: %s", a.text)
	}
	return id
}

// create makes a user whose userName is an address and returns the id.
func (c client) create(userName string) string {
	c.h.t.Helper()
	return c.do("POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"`+userName+`"}`).want(201, "").id()
}

const patchOp = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":`

// patch sends Operations.
func (c client) patch(id, operations string) answer {
	c.h.t.Helper()
	return c.do("PATCH", "/Users/"+id, patchOp+operations+`}`)
}

// escape writes a filter for a query string.
func escape(filter string) string { return url.QueryEscape(filter) }

// account is a member with the account that clients do not see.
func (h *house) account(c client, id string) (roster.Member, error) {
	m, err := h.roster.ScimMember(h.operator(), c.team.ID, models.ID(id))
	if err == nil {
		m.User, err = h.roster.User(h.operator(), m.UserID)
	}
	return m, err
}
