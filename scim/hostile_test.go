package scim_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"rollcall/models"
	"rollcall/roster"
	"rollcall/scim"
)

// Whatever a client puts into names, paths, filters and places of ids, nobody's
// values are on record.
func TestCallsTellNothing(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		const sesam = "Sesam"
		c := h.acme
		id := c.create("ada@acme.test")
		patch := func(operation string) { c.patch(id, "["+operation+"]") }
		c.do("GET", `/Users?filter=userName+eq+%22`+sesam+`%22`, "")
		c.do("GET", `/Users?filter=userName+eq+`+sesam, "")
		c.do("GET", "/Users/"+sesam, "")
		c.do("DELETE", "/Users/"+sesam+"@acme.test", "")
		c.do("GET", "/Groups/"+sesam+"/x", "")
		c.do("GET", "/"+sesam+"@acme.test", "")
		c.do("POST", "/Users/.search", `{"filter":"userName eq \"`+sesam+`\"","sortBy":"`+sesam+`"}`)
		c.do("POST", "/Users", `{"userName":"`+sesam+`","active":"`+sesam+`"}`)
		c.do("POST", "/Users", `{"userName":"`+sesam+`","emails":[{"value":"x@acme.test","type":"`+sesam+`","primary":"`+sesam+`"}],"schemas":["`+sesam+`"]}`)
		c.do("POST", "/Users", `{"userName":"eve@acme.test","`+sesam+`@acme.test":1,"op":"`+sesam+`","method":"`+sesam+`","bulkId":"`+sesam+`"}`)
		c.do("POST", "/Users", `{"userName":"`+sesam)
		patch(`{"op":"` + sesam + `","path":"title","value":"x"}`)
		patch(`{"op":"replace","path":"emails[value eq '` + sesam + `'].value","value":"x"}`)
		patch(`{"op":"replace","path":"emails[value eq \"a\\\"` + sesam + `\"].value","value":"x"}`)
		patch(`{"op":"replace","path":"emails[` + sesam + ` eq ` + sesam + `].value","value":"x"}`)
		patch(`{"op":"replace","path":"` + sesam + ` x","value":"x"}`)
		patch(`{"op":"replace","value":{"emails[value eq \"` + sesam + `\"].type":"work","type":"` + sesam + `","resourceType":"` + sesam + `"}}`)
		c.bulk(`"Operations":[{"method":"PATCH","path":"/Users/` + sesam + `","data":{}},{"method":"DELETE","path":"/Users/bulkId:` + sesam + `"},{"method":"POST","bulkId":"` + sesam + `","path":"/` + sesam + ` x","data":{}}]`)
		c.do("POST", "/Groups", `{"displayName":"`+sesam+`","members":[{"value":"`+id+`","display":"`+sesam+`","type":"`+sesam+`","$ref":"`+sesam+`"}]}`)
		rows := c.calls()
		if len(rows) < 19 {
			t.Errorf("%d calls are on record", len(rows))
		}
		for _, r := range rows {
			if all := r.Body + r.Resource + r.Detail + fmt.Sprint(r.Quirks); strings.Contains(strings.ToLower(all), "sesam") {
				t.Errorf("%s %s: %s %s %v", r.Method, r.Resource, r.Detail, r.Body, r.Quirks)
			}
		}
		h.log.MustNotHold(t, sesam)
	})
}

// What was tolerated in the operations of a bulk request is on record, and a search
// is not taken for somebody with odd attributes.
func TestQuirksOfBulk(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		id := c.create("ada@acme.test")
		c.bulk(`"Operations":[{"method":"PATCH","path":"/Users/`+id+`","data":{"Operations":[{"op":"Replace","path":"active","value":"False"}]}},
			{"method":"POST","bulkId":"1","path":"/Groups","data":{"displayName":"Ops","shoe":"7"}}]`).want(200, "")
		c.do("POST", "/.search", `{"filter":"userName eq \"x\"","count":1}`).want(200, "")
		rows := c.calls()
		if want := []string{"operation in capitals", "string boolean", "unknown attribute"}; !slices.Equal(rows[1].Quirks, want) {
			t.Errorf("bulk: %q, not %q", rows[1].Quirks, want)
		}
		if len(rows[0].Quirks) > 0 {
			t.Errorf("a search: %q", rows[0].Quirks)
		}
	})
}

// A dry run of a bulk request whose operations refer to each other answers what the
// request would have been answered, and a renamed group shows its new name.
func TestDryRunOfWhatIsNotThere(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		group := c.group("Ops")
		before := c.do("GET", "", "").text
		on := true
		if _, err := h.roster.UpdateProvisioning(h.operator(), c.team.ID, roster.ProvisioningChange{DryRun: &on}); err != nil {
			t.Fatal(err)
		}
		a := c.bulk(`"Operations":[
			{"method":"POST","path":"/Groups","bulkId":"g","data":{"displayName":"All","members":[{"value":"bulkId:b"},{"value":"bulkId:a"}]}},
			{"method":"POST","path":"/Users","bulkId":"a","data":{"userName":"ada@acme.test"}},
			{"method":"POST","path":"/Users","bulkId":"b","data":{"userName":"bob@acme.test","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"manager":{"value":"bulkId:a"}}}},
			{"method":"PATCH","path":"/Groups/`+group+`","data":{"Operations":[{"op":"add","path":"members","value":[{"value":"bulkId:a"}]}]}},
			{"method":"POST","path":"/Groups","bulkId":"x","data":{"displayName":"X","members":[{"value":"bulkId:nobody"}]}}]`).want(200, "")
		for i, want := range []string{"201", "201", "201", "204", "409"} {
			a.has(want, "Operations", i, "status")
		}
		c.do("PUT", "/Groups/"+group, `{"displayName":"Dev"}`).want(200, "").has("Dev", "displayName").has(`W/"2"`, "meta", "version")
		if after := c.do("GET", "", "").text; after != before {
			t.Errorf("changed from %s to %s", before, after)
		}
	})
}

// A query string that cannot be read is refused before anything is done, and a
// parameter in capitals is the parameter.
func TestParametersFirst(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		id := c.create("ada@acme.test")
		group := c.group("Ops", id)
		before := c.do("GET", "", "").text
		for _, query := range []string{"?attributes=%zz", "?a=1;filter=b", "?filter=a&filter=b", "?count=1&COUNT=2"} {
			c.do("POST", "/Users"+query, `{"userName":"bob@acme.test"}`).want(400, "invalidSyntax")
			c.do("PATCH", "/Users/"+id+query, `{"Operations":[{"op":"replace","value":{"active":false}}]}`).want(400, "invalidSyntax")
			c.do("DELETE", "/Users/"+id+query, "").want(400, "invalidSyntax")
			c.do("PATCH", "/Groups/"+group+query, `{"Operations":[{"op":"remove","path":"members"}]}`).want(400, "invalidSyntax")
			c.do("GET", "/Users"+query, "").want(400, "invalidSyntax")
			c.do("GET", "/Users/"+id+query, "").want(400, "invalidSyntax")
		}
		if after := c.do("GET", "", "").text; after != before {
			t.Errorf("changed from %s to %s", before, after)
		}
		c.do("GET", "/Users?FILTER=userName+eq+%22nobody%22", "").want(200, "").has(0.0, "totalResults")
		c.do("GET", "/Users?Count=0", "").want(200, "").has(0.0, "itemsPerPage")
		c.do("PATCH", "/Groups/"+group+"?Attributes=displayName", `{"Operations":[{"op":"replace","value":{"displayName":"Dev"}}]}`).want(200, "").has("Dev", "displayName").has(nil, "members")
		c.do("GET", "/Users/"+id+"?attributes=userName&attributes=active&shoe=1&shoe=2", "").want(200, "").has(true, "active").has("ada@acme.test", "userName").has(nil, "meta")
	})
}

// A body that says in advance that it is too large is not asked for; one that comes
// all the same is read to its end. The charset's other spelling is one.
func TestBodySaidInAdvance(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		for path, size := range map[string]int64{"/Users": 1<<20 + 1, "/Bulk": 1<<20 + 1, "/Groups": 8<<20 + 1} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/scim/acme/v2"+path, neverRead{t})
			r.ContentLength = size
			r.Header.Set("Authorization", "Bearer "+h.acme.token)
			r.Header.Set("Expect", "100-continue")
			h.send(r).want(413, "")
			body := strings.NewReader(strings.Repeat("a", 9<<20))
			r = httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/scim/acme/v2"+path, body)
			r.Header.Set("Authorization", "Bearer "+h.acme.token)
			h.send(r).want(413, "")
			if body.Len() > 0 {
				t.Errorf("%s: %d bytes were left", path, body.Len())
			}
		}
		h.acme.with("Content-Type", "application/json; charset=UTF8").do("POST", "/Users", `{"userName":"ada@acme.test"}`).want(201, "")
		for _, charset := range []string{"utf-16", "iso-8859-1", `""`} {
			h.acme.with("Content-Type", "application/json; charset="+charset).do("POST", "/Users", `{"userName":"bob@acme.test"}`).want(415, "")
		}
	})
}

type neverRead struct{ t *testing.T }

func (b neverRead) Read([]byte) (int, error) {
	b.t.Error("the body was read")
	return 0, http.ErrBodyReadAfterClose
}

// Who looks at the calls sees those that have just been made in this process.
func TestCallsAtOnce(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.roster.CallsWaiting = h.calls.Flush
		h.acme.create("ada@acme.test")
		rows, _, err := h.roster.ScimCalls(h.operator(), h.acme.team.ID, models.Window{Limit: 10, Desc: true})
		if err != nil || len(rows) != 1 {
			t.Errorf("%d calls, error %v", len(rows), err)
		}
		h.acme.do("GET", "/Users/nobody", "").want(404, "")
		if n, err := h.roster.CountScimCalls(h.operator(), h.acme.team.ID); err != nil || n != 2 {
			t.Errorf("%d calls, error %v", n, err)
		}
		h.acme.do("GET", "/Users?filter=x", "").want(400, "invalidFilter")
		if health, err := h.roster.ScimHealth(h.operator(), h.acme.team.ID); err != nil || health.Calls != 3 || health.Failed != 1 {
			t.Errorf("%+v, error %v", health, err)
		}
	})
}

// The calls of a team that was deleted before they were written keep nobody else's
// from being written.
func TestCallsOfADeletedTeam(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.acme.create("ada@acme.test")
		h.globex.create("bob@globex.test")
		if _, err := h.roster.DeleteTeam(h.operator(), h.acme.team.ID, "acme"); err != nil {
			t.Fatal(err)
		}
		if rows := h.globex.calls(); len(rows) != 1 {
			t.Errorf("%d calls are on record", len(rows))
		}
		h.globex.do("GET", "/Users", "").want(200, "")
		if rows := h.globex.calls(); len(rows) != 2 {
			t.Errorf("%d calls are on record", len(rows))
		}
	})
}

// A method may be any word; no more of it is kept than of those that there are.
func TestCallsWithLongMethods(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.acme.do(strings.Repeat("A", 60_000), "/Users", "").want(405, "")
		if rows := h.acme.calls(); len(rows[0].Method) > 30 {
			t.Errorf("%d bytes of the method are kept", len(rows[0].Method))
		}
	})
}

// Filters over members by what they are called read the group once, and there are
// only so many of them in one request: each is held against every member.
func TestLooksAtMembers(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		group := c.group("Ops", c.create("ada@acme.test"))
		reads := 0
		c.h.door = scim.NewHandler(scim.Options{
			Roster: &counting{Service: h.roster, whole: &reads}, Credentials: h.credentials, Cursors: sealing, BaseURL: baseURL, Log: slog.New(slog.DiscardHandler), Now: h.clock.Now,
		})
		looks := func(n int) string {
			return "[" + strings.TrimSuffix(strings.Repeat(`{"op":"remove","path":"members[display co \"zz\"]"},`, n), ",") + "]"
		}
		c.patchGroup(group, looks(20)).want(204, "")
		if reads != 1 {
			t.Errorf("the members were read %d times", reads)
		}
		c.patchGroup(group, looks(21)).want(400, "tooMany")
	})
}

// counting counts how often a group is read with its members.
type counting struct {
	*roster.Service
	whole *int
}

func (c *counting) ScimGroup(ctx context.Context, team, id models.ID, bare bool) (roster.GroupWithMembers, error) {
	if !bare {
		*c.whole++
	}
	return c.Service.ScimGroup(ctx, team, id, bare)
}
