package scim_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"rollcall/models"
)

// What a write costs is statements more than anything else. These are the numbers
// that docs/performance.md tells of, on a database whose changes are joined into
// one statement where they can be and on one where each is made by itself. A
// number that grows has to be argued for.
func TestWritesAreFewStatements(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		count := func(method, path, body string, status int) int64 {
			t.Helper()
			ctx, statements := models.CountStatements(t.Context())
			r := httptest.NewRequestWithContext(ctx, method, "/scim/acme/v2"+path, strings.NewReader(body))
			r.Header.Set("Authorization", "Bearer "+h.acme.token)
			r.Header.Set("Content-Type", "application/scim+json")
			if got := h.send(r); got.status != status {
				t.Fatalf("%s %s: %d %s", method, path, got.status, got.text)
			}
			return statements.Load()
		}
		h.acme.do("GET", "/Users", "").want(200, "") // notes the token's use
		made := h.acme.do("POST", "/Users", `{"userName":"cleo@acme.test","externalId":"c1","emails":[{"value":"cleo@acme.test","primary":true}]}`).want(201, "")
		path := "/Users/" + made.body["id"].(string)
		active := func(value string) string {
			return patchOp + `[{"op":"replace","path":"active","value":` + value + `}]}`
		}
		for _, c := range []struct {
			name, method, path, body string
			status                   int
			joined, single           int64
		}{
			{"create", "POST", "/Users", `{"userName":"dora@acme.test","externalId":"d1","displayName":"Dora","emails":[{"value":"dora@acme.test","type":"work","primary":true}]}`, 201, 6, 12},
			{"deactivate", "PATCH", path, active("false"), 200, 8, 10},
			{"deactivate again", "PATCH", path, active("false"), 200, 6, 6},
			{"reactivate", "PATCH", path, active("true"), 200, 7, 8},
			{"delete", "DELETE", path, "", 204, 9, 17},
		} {
			most := c.single
			if h.db.Dialect() == models.Postgres {
				most = c.joined
			}
			if got := count(c.method, c.path, c.body, c.status); got > most {
				t.Errorf("%s: %d statements, more than %d", c.name, got, most)
			} else if got < most {
				t.Errorf("%s: %d statements, write that down in place of %d", c.name, got, most)
			}
		}
	})
}
