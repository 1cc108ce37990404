package scim_test

import (
	"slices"
	"strconv"
	"testing"
)

// Clients whose source is open, as it writes requests.

const (
	coreUser  = `"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"]`
	coreGroup = `"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"]`
)

// authentik asks what the server can do, takes over what it finds taken, and
// patches groups without saying that it is a PATCH.
func TestAuthentik(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme.with("Accept", "application/scim+json").with("User-Agent", "goauthentik.io/2026.8")
		c.do("GET", "/ServiceProviderConfig", "").want(200, "").has(true, "patch", "supported").has(1000, "bulk", "maxOperations").has("oauthbearertoken", "authenticationSchemes", 0, "type")
		person := func(name, more string) string {
			return `{` + coreUser + `,"active":true,"emails":[{"primary":true,"type":"other","value":"ada@acme.test"}],"externalId":"7d1f","displayName":"` + name + `",
				"name":{"familyName":"King","formatted":"` + name + `","givenName":"Ada"},"userName":"ada"` + more + `}`
		}
		id := c.do("POST", "/Users", person("Ada King", "")).want(201, "").id()
		c.do("POST", "/Users", person("Ada King", "")).want(409, "uniqueness")
		c.do("GET", "/Users?filter=userName+eq+%22ada%22", "").want(200, "").has(id, "Resources", 0, "id")
		c.do("PUT", "/Users/"+id, person("Ada Lovelace", `,"id":"`+id+`"`)).want(200, "").has("Ada Lovelace", "displayName")

		group := c.do("POST", "/Groups", `{`+coreGroup+`,"externalId":"g-1","displayName":"Engines"}`).want(201, "").id()
		c.do("POST", "/Groups", `{`+coreGroup+`,"externalId":"g-1","displayName":"Engines"}`).want(409, "uniqueness")
		c.do("GET", "/Groups?filter=displayName+eq+%22Engines%22", "").want(200, "").has(group, "Resources", 0, "id")
		c.do("PATCH", "/Groups/"+group, `{"Operations":[{"op":"replace","value":{`+coreGroup+`,"id":"`+group+`","externalId":"g-2","displayName":"Notes"}}]}`).want(204, "")
		if calls := c.calls(); !slices.Contains(calls[0].Quirks, "message without schemas") || slices.Contains(calls[1].Quirks, "message without schemas") {
			t.Errorf("quirks: %q, %q", calls[0].Quirks, calls[1].Quirks)
		}
		c.do("GET", "/Groups/"+group, "").want(200, "").has("Notes", "displayName").has("g-2", "externalId")
		for range 2 {
			c.patchGroup(group, `[{"op":"add","path":"members","value":[{"value":"`+id+`"}]}]`).want(204, "")
			c.holds(group, id)
		}
		for _, remove := range []string{`[{"op":"remove","path":"members","value":[{"value":"` + id + `"}]}]`, `[{"op":"remove","path":"members[value eq \"` + id + `\"]","value":null}]`} {
			c.patchGroup(group, `[{"op":"add","path":"members","value":[{"value":"`+id+`"}]}]`).want(204, "")
			c.patchGroup(group, remove).want(204, "")
			c.patchGroup(group, remove).want(204, "")
			c.holds(group)
		}
		// It reads everything that is there by the number of what it has seen.
		for i := range 3 {
			c.create("person-" + strconv.Itoa(i))
		}
		seen := 0
		for total := 1; seen < total; {
			page := c.do("GET", "/Users?startIndex="+strconv.Itoa(seen+1), "").want(200, "")
			n, _ := page.at("totalResults").(float64)
			list, _ := page.at("Resources").([]any)
			if total, seen = int(n), seen+len(list); len(list) == 0 {
				t.Fatal(page.text)
			}
		}
		if seen != 4 {
			t.Errorf("%d people", seen)
		}
		c.do("DELETE", "/Groups/"+group, "").want(204, "")
		c.do("DELETE", "/Users/"+id, "").want(204, "")
	})
}

// Keycloak's plug-ins send a content type with everything, also where there is
// no content, relative addresses, and people of a group by PUT.
func TestKeycloak(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		for _, media := range []string{"application/scim+json", "application/json"} {
			c := h.acme.with("Accept", "application/scim+json, application/json").with("Content-Type", media)
			person := func(more string) string {
				return `{` + coreUser + `,"externalId":"3f1c","userName":"ada","displayName":"Ada King","emails":[{"value":"ada@acme.test","primary":true}],"active":true,"roles":[{"value":"editor"}]` + more + `}`
			}
			id := c.do("POST", "/Users", person("")).want(201, "").has("editor", "roles", 0, "value").id()
			put := c.do("PUT", "/Users/"+id, person(`,"id":"`+id+`","nickName":"Ada","meta":{"location":"Users/`+id+`"}`)).want(200, "").has("Ada", "nickName")
			put.has(baseURL+"/scim/acme/v2/Users/"+id, "meta", "location")
			group := c.do("POST", "/Groups", `{`+coreGroup+`,"externalId":"9a2b","displayName":"Engines","members":[{"value":"`+id+`","$ref":"Users/`+id+`"}]}`).want(201, "").id()
			c.holds(group, id)
			c.do("PUT", "/Groups/"+group, `{`+coreGroup+`,"id":"`+group+`","externalId":"9a2b","displayName":"Engines","members":[],"meta":{"location":"Groups/`+group+`"}}`).want(200, "")
			c.holds(group)
			c.do("GET", "/Users", "").want(200, "").has(1, "totalResults").has(1, "itemsPerPage").has(1, "startIndex")
			c.do("DELETE", "/Groups/"+group, "").want(204, "")
			c.do("DELETE", "/Users/"+id, "{}").want(204, "") // some client libraries send a body
			c.do("DELETE", "/Users/"+id, "").want(404, "")
		}
	})
}

// Amazon's ssosync, which carries Google's directory over, asks whether somebody
// is in a group by a filter.
func TestSsosync(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme.with("Accept", "").with("User-Agent", "Go-http-client/1.1")
		const person = coreUser + `,"userName":"ada@acme.test","name":{"familyName":"King","givenName":"Ada"},"displayName":"Ada King","active":true,
			"emails":[{"value":"ada@acme.test","type":"work","primary":true}],"addresses":[{"type":"work"}]`
		c.do("GET", "/Users?filter=userName+eq+%22ada%40acme.test%22", "").want(200, "").has(0, "totalResults")
		id := c.do("POST", "/Users", `{`+person+`}`).want(201, "").id()
		c.do("GET", "/Users?filter=userName+eq+%22ada%40acme.test%22", "").want(200, "").has(1, "totalResults").has("King", "Resources", 0, "name", "familyName")
		group := c.do("POST", "/Groups", `{`+coreGroup+`,"displayName":"all@acme.test","members":[]}`).want(201, "").id()
		inGroup := "/Groups?filter=id+eq+%22" + group + "%22+and+members+eq+%22" + id + "%22"
		c.do("GET", inGroup, "").want(200, "").has(0, "totalResults")
		c.patchGroup(group, `[{"op":"add","path":"members","value":[{"value":"`+id+`"}]}]`).want(204, "")
		c.do("GET", inGroup, "").want(200, "").has(1, "totalResults").has(group, "Resources", 0, "id")
		c.patchGroup(group, `[{"op":"remove","path":"members","value":[{"value":"`+id+`"}]}]`).want(204, "")
		c.do("GET", inGroup, "").want(200, "").has(0, "totalResults")
		c.do("PUT", "/Users/"+id, `{"id":"`+id+`",`+person+`}`).want(200, "")
		c.do("DELETE", "/Groups/"+group, "").want(204, "")
		c.do("DELETE", "/Users/"+id, "").want(204, "")
	})
}

// SAP's and WSO2's clients, of whom each has a form of PATCH of its own, with what
// both take for granted that a server refuses.
func TestPatchesOfSapAndWso2(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		id := c.do("POST", "/Users", `{`+coreUser+`,"userName":"loginUser","name":{"givenName":"Ada","familyName":"King"},"userType":"developer",
			"emails":[{"value":"ada@acme.test","type":"work","primary":true},{"value":"ada@home.test","type":"home"}]}`).want(201, "").id()
		c.patch(id, `[{"op":"replace","path":"emails[type eq \"home\"]","value":[{"value":"king@home.test","type":"home","display":"new"}]}]`).want(200, "").
			has("king@home.test", "emails", 1, "value").has("ada@acme.test", "emails", 0, "value").has(nil, "emails", 2)
		if calls := c.calls(); !slices.Contains(calls[0].Quirks, "list for a single value") {
			t.Errorf("quirks: %q", calls[0].Quirks)
		}
		c.patch(id, `[{"op":"replace","path":"emails[type eq \"home\"]","value":[{"value":"a@home.test"},{"value":"b@home.test"}]}]`).want(400, "invalidValue")
		version := c.do("GET", "/Users/"+id, "").header.Get("ETag")
		again := c.patch(id, `[{"op":"add","path":"emails","value":[{"value":"ada@acme.test","type":"work","primary":true}]},{"op":"add","path":"userType","value":"developer"}]`).want(200, "")
		if again.header.Get("ETag") != version {
			t.Error("a new version for nothing")
		}
		c.patch(id, `[{"op":"remove","path":"emails[type eq \"work\" and value ew \"acme.test\"]"}]`).want(200, "").has("king@home.test", "emails", 0, "value").has(nil, "emails", 1)
		for _, x := range []struct{ operations, scimType string }{
			{`[{"op":"add","path":"emails","value":"ada@acme.test"}]`, "invalidValue"},
			{`[{"op":"replace","path":"userType","value":true}]`, "invalidValue"},
			{`[{"op":"replace","path":"userType","value":{"value":"x","type":"work"}}]`, "invalidValue"},
			{`[{"op":"remove","path":"groups","value":""}]`, "mutability"},
			{`[{"op":"add","path":"urn:ietf:params:scim:schemas:core:2.0:User:userName.userName","value":"x"}]`, "invalidPath"},
			{`[{"op":"replace","path":"title.text","value":"x"}]`, "invalidPath"},
			{`[{"op":"remove","path":"active.value"}]`, "invalidPath"},
			{`[{"op":"add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department.name","value":"x"}]`, "invalidPath"},
			{`[{"op":"add","path":"","value":10}]`, "invalidValue"},
			{`[{"op":"add","path":null,"value":10}]`, "invalidValue"},
			{`[{"op":"add","value":{"nickName":"a"}},{"op":"remove","path":"emails[type eq \"work\""}]`, "invalidPath"},
			{`[{"op":"remove","value":{"userType":"developer"}}]`, "noTarget"},
		} {
			if a := c.patch(id, x.operations); a.status != 400 || a.at("scimType") != x.scimType {
				t.Errorf("%s: %d %s", x.operations, a.status, a.text)
			}
		}
		c.do("GET", "/Users/"+id, "").want(200, "").has("developer", "userType").has(nil, "nickName")
		c.patch(id, `[{"op":"add","value":{"title.text":"x","nickName":"a"}}]`).want(200, "").has("a", "nickName").has(nil, "title") // a key is no path

		group := c.do("POST", "/Groups", `{`+coreGroup+`,"displayName":"Engines"}`).want(201, "").id()
		c.do("PATCH", "/Groups/"+group, patchOp+`[{"op":"add","value":{"members":[{"display":"loginUser","value":"`+id+`"}]}}]}`).want(204, "")
		c.holds(group, id)
		c.do("PATCH", "/Groups/"+group, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"operations":[{"op":"replace","path":"members","value":[]}]}`).want(204, "")
		c.holds(group)
		c.patchGroup(group, `[{"op":"replace","path":"displayName.displayName","value":"x"}]`).want(400, "invalidPath")
		c.do("POST", "/Users/.search", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],"attributes":["name.familyName","userName"],
			"filter":"userName sw \"login\"","domain":"PRIMARY","startIndex":1,"count":10}`).want(200, "").has("King", "Resources", 0, "name", "familyName").has(nil, "Resources", 0, "active")
	})
}
