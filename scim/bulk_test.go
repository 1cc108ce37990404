package scim_test

import (
	"strings"
	"testing"
)

func (c client) bulk(rest string) answer {
	c.h.t.Helper()
	return c.do("POST", "/Bulk", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],`+rest+`}`)
}

func TestBulk(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		const ent = `"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"`
		// The group refers to people who come later; two people manage each other.
		a := c.bulk(`"Operations":[
			{"method":"POST","path":"/Groups","bulkId":"g","data":{"displayName":"Ops","members":[{"type":"User","value":"bulkId:a"},{"value":"bulkId:b"}]}},
			{"method":"post","path":"/Users","bulkId":"a","data":{"userName":"ada@acme.test",`+ent+`:{"manager":{"value":"bulkId:b"}}}},
			{"method":"POST","path":"Users/","bulkId":"b","data":{"userName":"bob@acme.test",`+ent+`:{"manager":{"value":"bulkId:a"}}}},
			{"method":"POST","path":"/Users","bulkId":"c","data":{"userName":"ada@acme.test"}},
			{"method":"PATCH","path":"/Users/bulkId:b","data":{"Operations":[{"op":"replace","path":"title","value":"x"}]}}]`).want(200, "").
			has("urn:ietf:params:scim:api:messages:2.0:BulkResponse", "schemas", 0)
		for i, status := range []string{"201", "201", "201", "409", "200"} {
			a.has(status, "Operations", i, "status")
		}
		a.has("g", "Operations", 0, "bulkId").has("POST", "Operations", 0, "method").has("uniqueness", "Operations", 3, "response", "scimType").has("409", "Operations", 3, "response", "status")
		id := func(i int) string {
			location, _ := a.at("Operations", i, "location").(string)
			version, _ := a.at("Operations", i, "version").(string)
			if !strings.HasPrefix(location, baseURL+"/scim/acme/v2/") || version == "" {
				t.Errorf("operation %d: %s %s", i, location, version)
			}
			return location[strings.LastIndex(location, "/")+1:]
		}
		ada, bob := id(1), id(2)
		c.holds(id(0), ada, bob)
		manager := func(user, want string) {
			t.Helper()
			c.do("GET", "/Users/"+user, "").has(want, strings.Trim(ent, `"`), "manager", "value")
		}
		manager(ada, bob)
		manager(bob, ada)
		c.do("GET", "/Users/"+bob, "").has("x", "title")
		version := c.do("GET", "/Users/"+bob, "").header.Get("ETag")
		a = c.bulk(`"failOnErrors":2,"Operations":[
			{"method":"DELETE","path":"/Users/`+ada+`","version":"W/\"0\""},
			{"method":"DELETE","path":"/Users/`+bob+`","version":`+asJSONText(version)+`},
			{"method":"DELETE","path":"/Users/`+bob+`"},
			{"method":"DELETE","path":"/Users/`+ada+`"}]`).want(200, "")
		for i, status := range []any{"412", "204", "404", nil} {
			a.has(status, "Operations", i, "status")
		}
		c.do("GET", "/Users/"+ada, "").want(200, "")
		// What refers to nothing fails alone; a person who manages themselves is a circle of one.
		a = c.bulk(`"Operations":[
			{"method":"POST","path":"/Groups","bulkId":"x","data":{"displayName":"X","members":[{"value":"bulkId:nobody"}]}},
			{"method":"POST","path":"/Users","bulkId":"self","data":{"userName":"self@acme.test",`+ent+`:{"manager":"bulkId:self"}}},
			{"method":"POST","path":"/Users","data":{"userName":"x"}},
			{"method":"GET","path":"/Users"},
			{"method":"POST","path":"/Bulk","bulkId":"z","data":{}},
			{"method":"PUT","path":"/Users/bulkId:nobody","data":{"userName":"x"}},
			{"method":"POST","path":"/Users","bulkId":"y"}]`).want(200, "")
		for i, status := range []string{"409", "201", "400", "400", "400", "404", "400"} {
			a.has(status, "Operations", i, "status")
		}
		manager(id(1), id(1))
		for _, body := range []string{`"Operations":[]`, `"Operations":7`, `"Operations":[7]`, `"x":1`} {
			c.bulk(body).want(400, "invalidSyntax")
		}
		c.bulk(`"failOnErrors":"x","Operations":[{"method":"DELETE","path":"/Users/1"}]`).want(400, "invalidValue")
	})
}
