package scim_test

import (
	"net/url"
	"strings"
	"testing"
)

// What identity providers really send, call by call.

// byName is the look-up with which every provider starts.
func (c client) byName(userName string) answer {
	c.h.t.Helper()
	return c.do("GET", "/Users?filter="+url.QueryEscape(`userName eq "`+userName+`"`)+"&startIndex=1&count=100", "")
}

func (h *house) okta() client {
	return h.acme.with("Accept", "application/scim+json").with("Content-Type", "application/scim+json; charset=utf-8").with("User-Agent", "Okta SCIM Client 1.0.0")
}

const oktaNew = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada@acme.test","name":{"givenName":"Ada","familyName":"King"},
	"emails":[{"primary":true,"value":"ada@acme.test","type":"work"}],"displayName":"Ada King","locale":"en-US","externalId":"00ujl29u0le5T6Aj10h7",
	"groups":[],"password":"1mz050nq","active":true}`

// An application of Okta's catalogue patches.
func TestOktaCatalogue(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.okta()
		c.do("GET", "/Users?startIndex=1&count=2", "").want(200, "").has(0, "totalResults")
		c.do("GET", "/Groups?startIndex=1&count=100", "").want(200, "").has(0, "totalResults")
		c.byName("ada@acme.test").want(200, "").has(0, "totalResults")
		made := c.do("POST", "/Users", oktaNew).want(201, "")
		if strings.Contains(made.text, "1mz050nq") || strings.Contains(made.text, "password") {
			t.Errorf("a password comes back: %s", made.text)
		}
		c.do("POST", "/Users", oktaNew).want(409, "uniqueness")
		c.byName("ada@acme.test").want(200, "").has(made.id(), "Resources", 0, "id")
		c.do("GET", "/Users/"+made.id(), "").want(200, "").has("00ujl29u0le5T6Aj10h7", "externalId")
		c.patch(made.id(), `[{"op":"replace","value":{"password":"7elq3bo2"}}]`).want(200, "")
		c.patch(made.id(), `[{"op":"replace","value":{"active":false}}]`).want(200, "").has(false, "active")
		c.patch(made.id(), `[{"op":"replace","value":{"active":false}}]`).want(200, "").has(false, "active")
		c.byName("ada@acme.test").want(200, "").has(false, "Resources", 0, "active")
		c.patch(made.id(), `[{"op":"replace","value":{"active":true}}]`).want(200, "").has(true, "active")
		h.log.MustNotHold(t, "1mz050nq", "7elq3bo2", "ada@acme.test", c.token)
	})
}

// An application made in Okta's wizard reads, changes and puts all of it back.
func TestOktaWizard(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.okta()
		id := c.do("POST", "/Users", oktaNew).want(201, "").id()
		for _, x := range []struct{ from, to, name string }{
			{`"givenName":"Ada"`, `"givenName":"Augusta"`, "profile"},
			{`"active":true`, `"active":false,"groups":[],"password":"zz"`, "deactivate"},
			{`"active":false`, `"active":true`, "reactivate"},
		} {
			read := c.do("GET", "/Users/"+id, "").want(200, "").text
			if !strings.Contains(read, x.from) {
				t.Fatalf("%s: read %s", x.name, read)
			}
			put := c.do("PUT", "/Users/"+id, strings.Replace(read, x.from, x.to, 1)).want(200, "")
			if want := strings.Split(x.to, ",")[0]; !strings.Contains(put.text, want) {
				t.Errorf("%s: answered %s", x.name, put.text)
			}
		}
		c.do("GET", "/Users/"+id, "").want(200, "").has("Augusta", "name", "givenName").has("00ujl29u0le5T6Aj10h7", "externalId").has(true, "active")
	})
}

const entraNew = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
	"externalId":"0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef","userName":"ada@acme.onmicrosoft.test","active":true,"displayName":"Ada King",
	"emails":[{"primary":true,"type":"work","value":"ada@acme.test"}],"meta":{"resourceType":"User"},
	"name":{"formatted":"Ada King","familyName":"King","givenName":"Ada"},"roles":[],
	"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"Engines","manager":"26118915"}}`

// Entra sends capitalised operations, one path each, and booleans as strings.
func TestEntra(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme.with("User-Agent", "")
		c.byName("5b2a0d3e-8c3f-4c39-8b1a-2f0f3a6f1f11").want(200, "").has(0, "totalResults").has(nil, "Resources", 0)
		c.do("GET", `/Users?filter=externalId%20eq%20%22nobody%22`, "").want(200, "").has(0, "totalResults")
		c.do("GET", `/Groups?excludedAttributes=members&filter=displayName+eq+"nobody"`, "").want(200, "").has(0, "totalResults")
		id := c.do("POST", "/Users", entraNew).want(201, "").has("Ada King", "displayName").has("ada@acme.test", "emails", 0, "value").id()
		c.patch(id, `[
			{"op":"Replace","path":"displayName","value":"Ada Lovelace"},
			{"op":"Replace","path":"name.familyName","value":"Lovelace"},
			{"op":"Replace","path":"name.formatted","value":"Ada Lovelace"},
			{"op":"Add","path":"emails[type eq \"work\"].value","value":"lovelace@acme.test"},
			{"op":"Add","path":"addresses[type eq \"work\"].locality","value":"London"},
			{"op":"Replace","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department","value":"Notes"},
			{"op":"Add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager","value":"26118916"},
			{"op":"Add","path":"roles[primary eq \"True\"].value","value":"x"}]`).want(200, "").
			has("Ada Lovelace", "displayName").has("Lovelace", "name", "familyName").has("Ada", "name", "givenName").has("lovelace@acme.test", "emails", 0, "value")
		c.patch(id, `[{"op":"Replace","path":"active","value":"False"}]`).want(200, "").has(false, "active")
		c.do("GET", "/Users/"+id, "").want(200, "").has(false, "active")
		c.byName("ADA@acme.onmicrosoft.test").want(200, "").has(1, "totalResults").has(false, "Resources", 0, "active")
		c.patch(id, `[{"op":"Replace","path":"active","value":"True"}]`).want(200, "").has(true, "active")
		// With the tenant URL's flag: booleans, and one operation without a path.
		flagged := c.do("PATCH", "/Users/"+id+"?aadOptscim062020", patchOp+`[{"op":"replace","value":{"displayName":"A. L.","name.givenName":"Augusta",
			"emails[type eq \"work\"].value":"al@acme.test","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber":"7"}},
			{"op":"replace","path":"active","value":false}]}`)
		flagged.want(200, "").has("A. L.", "displayName").has("Augusta", "name", "givenName").has("al@acme.test", "emails", 0, "value").has(false, "active")
		c.do("DELETE", "/Users/"+id, "").want(204, "")
		c.do("DELETE", "/Users/"+id, "").want(404, "")
		c.do("GET", "/Users/"+id, "").want(404, "")
	})
}

// OneLogin speaks application/json and uses a template that admins edit.
func TestOneLogin(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme.with("Accept", "application/json").with("Content-Type", "application/json")
		json := func(a answer) answer {
			t.Helper()
			if got := a.header.Get("Content-Type"); a.status != 204 && !strings.HasPrefix(got, "application/json") {
				t.Errorf("answered in %q", got)
			}
			return a
		}
		json(c.byName("n0b0dy").want(200, "").has(0, "totalResults"))
		id := json(c.do("POST", "/Users", `{"schemas":["urn:scim:schemas:core:1.0"],"userName":"ada@acme.test","name":{"givenName":"Ada","familyName":"King","formatted":"Ada King"},
			"emails":[{"value":"ada@acme.test","type":"work","primary":true}],"phoneNumbers":[{"value":"","type":"work"}],"department":"","custom":null}`).want(201, "")).id()
		json(c.do("GET", "/Users/"+id, "").want(200, ""))
		json(c.do("PUT", "/Users/"+id, `{"schemas":["urn:scim:schemas:core:1.0"],"id":"`+id+`","userName":"ada@acme.test","name":{"givenName":"Ada","familyName":"Lovelace"},
			"emails":[{"value":"ada@acme.test","type":"work","primary":true}],"active":true}`).want(200, "").has("Lovelace", "name", "familyName"))
		json(c.do("GET", "/Groups", "").want(200, "").has(0, "totalResults"))
		json(c.patch(id, `[{"op":"replace","path":"active","value":false}]`).want(200, "").has(false, "active"))
		json(c.do("DELETE", "/Users/"+id, "").want(204, ""))
		json(c.byName("ada@acme.test").want(200, "").has(0, "totalResults"))
	})
}

// JumpCloud and PingOne create a person to see whether it works, and PingOne may
// create people who are not active yet.
func TestOthers(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		id := c.do("POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"test@acme.test","emails":[{"value":"test@acme.test","type":"work","primary":true}],"active":false}`).
			want(201, "").has(false, "active").id()
		c.do("PUT", "/Users/"+id, `{"userName":"test@acme.test","emails":[{"value":"test@acme.test","type":"work","primary":true}],"active":true}`).want(200, "").has(true, "active")
		c.do("GET", `/Users?filter=userName%20Eq%20%22test@acme.test%22`, "").want(200, "").has(1, "totalResults")
		c.do("DELETE", "/Users/"+id, "").want(204, "")
	})
}

// PingFederate's connector matches by userName, writes whole people, shuts out
// or deletes, and pushes groups by merge (PATCH) or overwrite (PUT).
func TestPingFederate(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme.with("Accept", "application/scim+json").with("User-Agent", "")
		const whole = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],"userName":"ada","externalId":"ada",
			"name":{"givenName":"Ada","familyName":"King"},"emails":[{"type":"work","value":"ada@acme.test","primary":true}],
			"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"Engines"},"active":true}`
		c.byName("ada").want(200, "").has(0, "totalResults")
		id := c.do("POST", "/Users", whole).want(201, "").id()
		c.do("GET", "/Users?filter="+url.QueryEscape(`emails eq "ada@acme.test"`), "").want(200, "").has(id, "Resources", 0, "id")
		c.do("PUT", "/Users/"+id, strings.Replace(whole, "Engines", "Looms", 1)).want(200, "").has("Looms", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", "department")
		c.do("PUT", "/Users/"+id, strings.Replace(whole, `"active":true`, `"active":false`, 1)).want(200, "").has(false, "active")
		c.patch(id, `[{"op":"replace","path":"active","value":true}]`).want(200, "").has(true, "active")

		c.do("GET", "/Groups?filter="+url.QueryEscape(`displayName eq "Crew"`), "").want(200, "").has(0, "totalResults")
		group := c.do("POST", "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Crew"}`).want(201, "").id()
		c.patchGroup(group, `[{"op":"add","path":"members","value":[{"value":"`+id+`"}]}]`).want(204, "")
		c.holds(group, id)
		c.patchGroup(group, `[{"op":"remove","path":"members[value eq \"`+id+`\"]"}]`).want(204, "")
		c.holds(group)
		c.do("PUT", "/Groups/"+group, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Crew","members":[{"value":"`+id+`"}]}`).want(200, "")
		c.holds(group, id)
		c.do("DELETE", "/Groups/"+group, "").want(204, "")
		c.do("DELETE", "/Users/"+id, "").want(204, "")
		c.do("DELETE", "/Users/"+id, "").want(404, "")
	})
}

// The calls that Auth0 offers for trying a SCIM server.
func TestAuth0(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme.with("Content-Type", "application/scim+json")
		id := c.do("POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],"externalId":"a-1","userName":"ada@acme.test",
			"name":{"formatted":"Ada King","familyName":"King","givenName":"Ada"},"nickName":"Ada","title":"Countess","active":true,
			"emails":[{"primary":true,"type":"work","value":"ada@acme.test"}],"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"manager":{"value":"m-1"}}}`).want(201, "").id()
		for _, filter := range []string{`userName eq "ada@acme.test"`, `externalId eq "a-1"`, `emails[type eq "work"].value eq "ada@acme.test"`, `emails.value eq "ada@acme.test"`} {
			c.do("GET", "/Users?filter="+url.QueryEscape(filter)+"&startIndex=1&count=10", "").want(200, "").has(id, "Resources", 0, "id")
		}
		c.do("GET", "/Users?startIndex=1&count=10", "").want(200, "").has(1, "itemsPerPage")
		c.patch(id, `[{"op":"replace","value":{"nickName":"Countess","name.familyName":"Lovelace"}},{"op":"add","path":"phoneNumbers","value":[{"type":"work","value":"1"}]}]`).
			want(200, "").has("Countess", "nickName").has("Lovelace", "name", "familyName").has("1", "phoneNumbers", 0, "value")
		c.patch(id, `[{"op":"replace","value":{"active":false}}]`).want(200, "").has(false, "active")
		c.do("DELETE", "/Users/"+id, "").want(204, "")
		c.do("GET", "/Users/"+id, "").want(404, "")
	})
}
