package scim_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestRoutes(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		id := c.create("ada@acme.test")
		for _, x := range []struct {
			method, path string
			status       int
			allow        string
		}{
			{"GET", "/Users/", 200, ""},
			{"GET", "//Users", 200, ""},
			{"GET", "/Users/" + id + "/", 200, ""},
			{"HEAD", "/Users/" + id, 200, ""},
			{"HEAD", "/Users", 200, ""},
			{"GET", "/ServiceProviderConfig/", 200, ""},
			{"GET", "/ResourceTypes", 200, ""},
			{"GET", "/ResourceTypes/User", 200, ""},
			{"GET", "/Schemas", 200, ""},
			{"GET", "/Schemas/urn:ietf:params:scim:schemas:core:2.0:user", 200, ""},

			{"GET", "", 200, ""},
			{"GET", "/", 200, ""},
			{"GET", "/users", 200, ""},
			{"GET", "/ResourceTypes/Group", 200, ""},
			{"GET", "/Schemas/urn:ietf:params:scim:schemas:core:2.0:Group", 200, ""},
			{"GET", "/Schemas/urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", 200, ""},
			{"GET", "/Users/" + id + "/emails", 404, ""},
			{"GET", "/Users/" + strings.ToUpper(id), 404, ""},
			{"GET", "/Users/1", 404, ""},
			{"GET", "/Users/%00", 404, ""},
			{"GET", "/Users/..%2f..%2fglobex", 404, ""},
			{"GET", "/ResourceTypes/Robot", 404, ""},
			{"GET", "/Schemas/urn:ietf:params:scim:schemas:core:2.0:Robot", 404, ""},
			{"GET", "/Users/Users/Users", 404, ""},

			{"PUT", "/Users", 405, "GET, HEAD, POST"},
			{"DELETE", "/Users", 405, "GET, HEAD, POST"},
			{"POST", "/Users/" + id, 405, "GET, HEAD, PUT, PATCH, DELETE"},
			{"OPTIONS", "/Users/" + id, 405, "GET, HEAD, PUT, PATCH, DELETE"},
			{"POST", "/ServiceProviderConfig", 405, "GET, HEAD"},
			{"DELETE", "/Schemas", 405, "GET, HEAD"},
			{"PUT", "/ResourceTypes/User", 405, "GET, HEAD"},

			{"GET", "/Me", 501, ""},
			{"POST", "/Me", 501, ""},
			{"POST", "/Bulk", 400, ""},
			{"GET", "/Bulk", 405, "POST"},
			{"GET", "/.search", 405, "POST"},
			{"PUT", "/Users/.search", 405, "POST"},
			{"DELETE", "", 405, "GET, HEAD"},
			{"PUT", "/Groups", 405, "GET, HEAD, POST"},

			{"GET", "/ServiceProviderConfig?filter=a+pr", 403, ""},
			{"GET", "/ResourceTypes?filter=a+pr", 403, ""},
			{"GET", "/Schemas?filter=a+pr", 403, ""},
		} {
			a := c.do(x.method, x.path, "")
			if a.status != x.status || a.header.Get("Allow") != x.allow {
				t.Errorf("%s %s: %d, Allow %q: %s", x.method, x.path, a.status, a.header.Get("Allow"), a.text)
			}
			if a.header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s %s may be cached", x.method, x.path)
			}
		}
		for _, path := range []string{"/scim", "/scim/", "/other/acme/v2/Users"} {
			h.send(httptest.NewRequestWithContext(t.Context(), "GET", path, nil)).want(404, "")
		}
	})
}

func TestContentTypes(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		const scimJSON, plainJSON = "application/scim+json; charset=utf-8", "application/json; charset=utf-8"
		for accept, want := range map[string]string{"": scimJSON, "application/scim+json": scimJSON, "application/json": plainJSON, "*/*": scimJSON, "text/html": scimJSON} {
			for _, path := range []string{"/Users", "/Users/1", "/ServiceProviderConfig", "/nonsense"} {
				if got := c.with("Accept", accept).do("GET", path, "").header.Get("Content-Type"); got != want {
					t.Errorf("%s for %q is %q", path, accept, got)
				}
			}
		}
		for media, status := range map[string]int{
			"": 201, "application/json": 201, "application/scim+json": 201, "application/json; charset=utf-8": 201,
			"application/x-www-form-urlencoded": 201, "text/plain;charset=UTF-8": 201, // what curl -d and fetch fill in
			"text/plain": 415, "text/plain; charset=utf-8": 415, "multipart/form-data": 415, "application/json; charset=utf-16": 415, "application/xml": 415,
		} {
			a := c.with("Content-Type", media).do("POST", "/Users", `{"userName":"x@acme.test"}`)
			if a.status != status {
				t.Errorf("%q: %d %s", media, a.status, a.text)
			}
			if a.status == 201 {
				c.do("DELETE", "/Users/"+a.id(), "").want(204, "")
			}
		}
		c.with("Content-Encoding", "gzip").do("POST", "/Users", `{"userName":"x@acme.test"}`).want(415, "")
		c.with("Content-Type", "application/x-www-form-urlencoded").do("POST", "/Users", `userName=x%40acme.test`).want(415, "")
		c.with("Content-Type", "text/plain;charset=UTF-8").do("POST", "/Users", `["x@acme.test"]`).want(415, "")
		c.with("User-Agent", "").do("GET", "/Users", "").want(200, "")
	})
}

func TestLargeBody(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		fits := `{"userName":"ada@acme.test","a b":"` + strings.Repeat("x", 1<<20-50) + `"}`
		c.do("POST", "/Users", fits).want(201, "")
		over := `{"userName":"bob@acme.test","ignored":"` + strings.Repeat("x", 1<<20) + `"}`
		c.do("POST", "/Users", over).want(413, "")
		r := httptest.NewRequestWithContext(t.Context(), "POST", "/scim/acme/v2/Users", io.MultiReader(strings.NewReader(over))) // no length
		r.ContentLength = -1
		r.Header.Set("Authorization", "Bearer "+c.token)
		h.send(r).want(413, "")
		c.do("GET", "/Users", "").has(1, "totalResults")
	})
}

// Over a real connection: HEAD has headers and no body, and what attackers send
// neither hangs the server nor kills it.
func TestAttacks(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		server := httptest.NewServer(h.door)
		defer server.Close()
		send := func(method, path, body string) (int, string) {
			t.Helper()
			r, err := http.NewRequestWithContext(t.Context(), method, server.URL+"/scim/acme/v2"+path, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+c.token)
			r.Header.Set("Content-Type", "application/scim+json")
			got, err := server.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = got.Body.Close() }()
			text, err := io.ReadAll(got.Body)
			if err != nil {
				t.Fatal(err)
			}
			return got.StatusCode, string(text)
		}
		id := c.create("ada@acme.test")
		if status, text := send("HEAD", "/Users/"+id, ""); status != 200 || text != "" {
			t.Errorf("HEAD: %d %q", status, text)
		}
		for name, x := range map[string]struct{ method, path, body, want string }{
			"parentheses":       {"GET", "/Users?filter=" + strings.Repeat("(", 100_000), "", "invalidFilter"},
			"nots":              {"GET", "/Users?filter=" + strings.Repeat("not+(", 20_000), "", "invalidFilter"},
			"ors":               {"GET", "/Users?filter=a+pr" + strings.Repeat("+or+a+pr", 10_000), "", "invalidFilter"},
			"many short ors":    {"GET", "/Users?filter=a+pr" + strings.Repeat("+or+a+pr", 900), "", "invalidFilter"},
			"deep arrays":       {"POST", "/Users", `{"userName":` + strings.Repeat("[", 400_000), "invalidSyntax"},
			"deep and complete": {"POST", "/Users", `{"x":` + strings.Repeat("[", 9_000) + strings.Repeat("]", 9_000) + `}`, "invalidSyntax"},
			"deep objects":      {"PATCH", "/Users/" + id, strings.Repeat(`{"Operations":`, 50_000), "invalidSyntax"},
			"a deep path":       {"PATCH", "/Users/" + id, patchOp + `[{"op":"add","path":"emails[` + strings.Repeat("(", 100_000) + `","value":1}]}`, "invalidPath"},
			"a deep key":        {"PATCH", "/Users/" + id, patchOp + `[{"op":"add","value":{"emails[` + strings.Repeat("(", 100_000) + `":1}}]}`, `"id"`},
			"many operations":   {"PATCH", "/Users/" + id, patchOp + `[` + strings.Repeat(`{"op":"add","path":"emails","value":[{"value":"a"}]},`, 10_000) + `{"op":"remove"}]}`, "invalidValue"},
			"many values":       {"PUT", "/Users/" + id, `{"userName":"ada@acme.test","emails":[` + strings.Repeat(`{"value":"a"},`, 50_000) + `{"value":"a"}]}`, "invalidValue"},
			"latin-1":           {"POST", "/Users", "{\"userName\":\"\xe4@acme.test\"}", "invalidSyntax"},
			"two documents":     {"POST", "/Users", `{"userName":"x@acme.test"}{"userName":"y@acme.test"}`, "invalidSyntax"},
			"same name twice":   {"PATCH", "/Users/" + id, patchOp + `[{"op":"replace","value":{"active":false,"Active":true}}]}`, "invalidSyntax"},
			"prototype":         {"PUT", "/Users/" + id, `{"__proto__":{"active":false},"constructor":1,"userName":"ada@acme.test"}`, `"active":true`},
			"markup":            {"PUT", "/Users/" + id, `{"userName":"ada@acme.test","displayName":"<script>&"}`, `"displayName":"<script>&"`},
		} {
			status, text := send(x.method, x.path, x.body)
			if status >= 500 || !strings.Contains(text, x.want) {
				t.Errorf("%s: %d %.200s", name, status, text)
			}
		}
		if status, text := send("GET", "/Users", ""); status != 200 || !strings.Contains(text, `"totalResults":1`) {
			t.Errorf("afterwards: %d %s", status, text)
		}
	})
}
