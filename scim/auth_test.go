package scim_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"rollcall/access"
	"rollcall/credential"
	"rollcall/fault"
	"rollcall/internal/housetest"
	"rollcall/models"
	"rollcall/roster"
	"rollcall/scim"
)

// Whatever is wrong with a credential, the answer is the same to the letter; only
// that a token was there at all is told (RFC 6750 section 3).
func TestUnauthorized(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		hers := h.globex.create("ada@globex.test")
		m := c.add("dev@acme.test", models.RoleAdmin)
		_, apiKey, err := h.credentials.CreateAPIKey(h.operator(), credential.NewAPIKey{
			TeamID: c.team.ID, MembershipID: m.ID, Name: "ci", Scopes: []models.Scope{models.ScopeMembershipWrite},
		})
		if err != nil {
			t.Fatal(err)
		}
		_, operatorKey, err := h.credentials.CreateOperatorKey(housetest.AsSystem(t.Context()), "root")
		if err != nil {
			t.Fatal(err)
		}
		soon := h.clock.Now().Add(time.Minute)
		short, expired, err := h.credentials.CreateScimToken(h.operator(), credential.NewScimToken{TeamID: c.team.ID, Name: "short", ExpiresAt: &soon})
		if err != nil {
			t.Fatal(err)
		}
		h.clock.Set(*short.ExpiresAt)
		dead, revoked, err := h.credentials.CreateScimToken(h.operator(), credential.NewScimToken{TeamID: c.team.ID, Name: "dead"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.credentials.RevokeScimToken(h.operator(), dead.ID); err != nil {
			t.Fatal(err)
		}

		const ask, wrong = `Bearer realm="rollcall"`, `Bearer realm="rollcall", error="invalid_token"`
		var first answer
		for i, x := range []struct {
			name, team string
			header     map[string][]string
			challenge  string
		}{
			{"nothing", "acme", nil, ask},
			{"nothing, no such team", "nobody", nil, ask},
			{"an API key", "acme", map[string][]string{"Authorization": {"Bearer " + apiKey}}, wrong},
			{"an operator key", "acme", map[string][]string{"Authorization": {"Bearer " + operatorKey}}, wrong},
			{"a cookie", "acme", map[string][]string{"Cookie": {"__Host-rollcall=" + c.token}}, ask},
			{"another team's token", "acme", map[string][]string{"Authorization": {"Bearer " + h.globex.token}}, wrong},
			{"a token for no such team", "nobody", map[string][]string{"Authorization": {"Bearer " + c.token}}, wrong},
			{"a slug in capitals", "ACME", map[string][]string{"Authorization": {"Bearer " + c.token}}, wrong},
			{"a revoked token", "acme", map[string][]string{"Authorization": {"Bearer " + revoked}}, wrong},
			{"an expired token", "acme", map[string][]string{"Authorization": {"Bearer " + expired}}, wrong},
			{"a typo", "acme", map[string][]string{"Authorization": {"Bearer " + c.token + "x"}}, wrong},
			{"another scheme", "acme", map[string][]string{"Authorization": {"Basic " + c.token}}, ask},
			{"no scheme", "acme", map[string][]string{"Authorization": {c.token}}, ask},
			{"an empty token", "acme", map[string][]string{"Authorization": {"Bearer "}}, ask},
			{"two tokens", "acme", map[string][]string{"Authorization": {"Bearer " + c.token, "Bearer " + c.token}}, ask},
		} {
			for _, path := range []string{"/Users", "/Users/" + hers, "/Groups", "/Me", "/nonsense", ""} {
				r := httptest.NewRequestWithContext(t.Context(), "GET", "/scim/"+x.team+"/v2"+path, nil)
				for k, v := range x.header {
					r.Header[k] = v
				}
				a := h.send(r)
				if i == 0 && first.text == "" {
					first = a.want(401, "")
				}
				challenge := a.header.Get("WWW-Authenticate")
				a.header.Del("WWW-Authenticate")
				first.header.Del("WWW-Authenticate")
				if a.status != 401 || a.text != first.text || fmt.Sprint(a.header) != fmt.Sprint(first.header) || challenge != x.challenge {
					t.Errorf("%s: %d %q %v %s", x.name, a.status, challenge, a.header, a.text)
				}
			}
		}
		for _, header := range []string{"bearer " + c.token, "BEARER   " + c.token + " "} {
			c.with("Authorization", header).do("GET", "/Users", "").want(200, "")
		}
		h.log.MustNotHold(t, c.token, apiKey, operatorKey, revoked, expired)
	})
}

// A token of one team reaches nobody of another by their id.
func TestOtherTeamsPeople(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		hers := h.globex.create("ada@globex.test")
		before := h.globex.do("GET", "/Users/"+hers, "").want(200, "").text
		for _, a := range []answer{
			h.acme.do("GET", "/Users/"+hers, ""),
			h.acme.do("PUT", "/Users/"+hers, `{"userName":"ada@globex.test","active":false}`),
			h.acme.patch(hers, `[{"op":"replace","value":{"active":false}}]`),
			h.acme.do("DELETE", "/Users/"+hers, ""),
		} {
			a.want(404, "")
			if missing := h.acme.do("GET", "/Users/01900000-0000-7000-8000-00000000dead", "").want(404, ""); a.text != missing.text {
				t.Errorf("%s is not %s", a.text, missing.text)
			}
		}
		if after := h.globex.do("GET", "/Users/"+hers, "").want(200, "").text; after != before {
			t.Errorf("changed to %s", after)
		}
		// Nor is an account gained by its address.
		h.acme.do("POST", "/Users", `{"userName":"ada@globex.test"}`).want(409, "uniqueness")
		own := h.acme.create("own@acme.test")
		h.acme.patch(own, `[{"op":"replace","path":"emails[type eq \"work\"].value","value":"ada@globex.test"}]`).want(409, "uniqueness")
	})
}

func TestPlan(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		id := c.create("ada@acme.test")
		if err := h.db.Read(t.Context()).Exec("UPDATE teams SET plan = 'FREE' WHERE id = ?", c.team.ID).Error; err != nil {
			t.Fatal(err)
		}
		for _, a := range []answer{
			c.do("GET", "/Users", ""), c.do("GET", "/ServiceProviderConfig", ""), c.do("POST", "/Users", `{"userName":"b@acme.test"}`), c.do("DELETE", "/Users/"+id, ""),
		} {
			a.want(403, "")
			if detail, _ := a.at("detail").(string); !strings.HasPrefix(detail, "PLAN_REQUIRED: ") || !strings.Contains(detail, "FREE") {
				t.Errorf("detail is %q", detail)
			}
		}
		// To another team's token the plan is no business.
		if a := (client{h: h, team: c.team, token: h.globex.token}).do("GET", "/Users", ""); a.status != 401 {
			t.Errorf("%d %s", a.status, a.text)
		}
	})
}

// broken is a roster and a store of credentials that fail on demand.
type broken struct {
	*roster.Service
	err error
}

func (b *broken) ScimMembers(context.Context, models.ID, roster.ScimQuery) ([]roster.Member, int, roster.ScimPlace, error) {
	return nil, 0, roster.ScimPlace{}, b.err
}

type fixedStore struct {
	actor access.Actor
	err   error
}

func (s fixedStore) AuthenticateScim(context.Context, string) (access.Actor, error) {
	return s.actor, s.err
}

// A failure of ours says nothing to the client and everything to the log.
func TestFailures(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		b := &broken{Service: h.roster}
		log, lines := housetest.NewLog()
		h.door = scim.NewHandler(scim.Options{Roster: b, Credentials: h.credentials, Cursors: sealing, BaseURL: baseURL, Log: log, Now: h.clock.Now})
		b.err = errors.New("pq: password authentication failed for swordfish")
		a := h.acme.do("GET", `/Users?filter=userName+eq+"ada"`, "").want(500, "").has("internal error", "detail")
		if strings.Contains(a.text, "swordfish") {
			t.Errorf("answered %s", a.text)
		}
		for _, want := range []string{"swordfish", "req-1", "GET"} {
			if !strings.Contains(lines.String(), want) {
				t.Errorf("the log does not hold %q: %s", want, lines)
			}
		}
		lines.MustNotHold(t, h.acme.token, "ada")

		b.err = fault.New(fault.RateLimited, "Slow down.")
		if a := h.acme.do("GET", "/Users", "").want(429, ""); a.header.Get("Retry-After") != "5" {
			t.Errorf("Retry-After is %q", a.header.Get("Retry-After"))
		}

		// Middleware that knows how long to wait says so itself.
		w := httptest.NewRecorder()
		w.Header().Set("Retry-After", "17")
		scim.Options{Log: log, Now: h.clock.Now}.Refuse(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/scim/acme/v2/Users", nil), b.err)
		if w.Code != 429 || w.Header().Get("Retry-After") != "17" || !strings.Contains(w.Body.String(), `"status":"429"`) {
			t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
		}

		h.door = scim.NewHandler(scim.Options{Roster: b, Credentials: fixedStore{err: errors.New("no database")}, Cursors: sealing, BaseURL: baseURL, Log: log, Now: h.clock.Now})
		if a := h.acme.do("GET", "/Users", "").want(500, ""); a.header.Get("WWW-Authenticate") != "" {
			t.Error("a failure of ours is sold as the client's")
		}

		// Whoever else a credential may stand for, here it opens nothing.
		for _, kind := range []access.Kind{access.Person, access.Key, access.Operator, access.System, access.Anonymous} {
			store := fixedStore{actor: access.Actor{Kind: kind, TeamID: h.acme.team.ID, Role: models.RoleAdmin}}
			h.door = scim.NewHandler(scim.Options{Roster: h.roster, Credentials: store, Cursors: sealing, BaseURL: baseURL, Log: log, Now: h.clock.Now})
			h.acme.do("GET", "/Users", "").want(401, "")
		}

		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		h.door = scim.NewHandler(scim.Options{Roster: b, Credentials: fixedStore{err: ctx.Err()}, Cursors: sealing, BaseURL: baseURL, Log: log, Now: h.clock.Now})
		before := lines.String()
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/scim/acme/v2/Users", nil)
		r.Header.Set("Authorization", "Bearer x")
		h.send(r).want(500, "")
		if lines.String() != before {
			t.Error("a client that went away is logged as a failure")
		}
	})
}
