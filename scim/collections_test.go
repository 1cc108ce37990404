package scim_test

import (
	"strings"
	"testing"
)

// The order in which Microsoft's public collection of requests asks, with its
// names in capitals, its addresses that are none and those that two people share.
func TestMicrosoftCollection(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme.with("Content-Type", "application/json")
		const core, ent = `"urn:ietf:params:scim:schemas:core:2.0:User"`, `"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"`
		c.do("GET", "/users", "").want(200, "").has(0, "totalResults")
		c.do("GET", "/Groups", "").want(200, "").has(0, "totalResults")
		c.do("GET", "/ResourceTypes", "").want(200, "").has("/Users", "Resources", 0, "endpoint")
		c.do("GET", "/ServiceProviderConfig", "").want(200, "")
		if a := c.do("GET", "/Schemas", "").want(200, ""); !strings.Contains(a.text, "User Account") || strings.Contains(a.text, "null") {
			t.Errorf("schemas: %s", a.text)
		}
		person := func(name, email, more string) string {
			return `{"UserName":"` + name + `","Active":true,"DisplayName":"BobIsAmazing","schemas":[` + ent + `,` + core + `],"externalId":"` + name + `-x",
				"name":{"formatted":"Ryan Leenay","familyName":"Leenay","givenName":"Ryan"},"emails":[{"Primary":true,"type":"work","value":"` + email + `"},
				{"Primary":false,"type":"home","value":"testinghome@bob.com"}]` + more + `}`
		}
		one := c.do("POST", "/Users", person("UserName123", "testing@bob.com", "")).want(201, "").has("testinghome@bob.com", "emails", 1, "value").id()
		two := c.do("POST", "/Users", person("UserName222", "testing@bob2.com", `,`+ent+`:{"Department":"bob","Manager":{"Value":"SuzzyQ"}}`)).want(201, "").
			has("bob", strings.Trim(ent, `"`), "department").has("SuzzyQ", strings.Trim(ent, `"`), "manager", "value").id()
		c.do("GET", "/Users?attributes=userName,emails", "").want(200, "").has(one, "Resources", 0, "id")
		c.do("GET", `/Users?filter=DisplayName+eq+%22BobIsAmazing%22`, "").want(200, "").has(2, "totalResults")
		c.patch(one, `[{"op":"replace","path":"userName","value":"ryan3"}]`).want(200, "").has("ryan3", "userName")
		c.do("PUT", "/Users/"+two, person("UserNameReplace2", "testing@bobREPLACE.com", `,"id":"`+two+`"`)).want(200, "").has("Ryan Leenay", "name", "formatted")
		c.do("DELETE", "/Users/"+one, "").want(204, "")
		c.do("DELETE", "/Users/"+two, "").want(204, "")

		// Addresses that are none, or two people's.
		odd := c.do("POST", "/Users", person("UserName111", "emailName357", "")).want(201, "").id()
		three := c.do("POST", "/Users", person("UserName333", "testing@bob2.com", "")).want(201, "").id()
		four := c.do("POST", "/Users", person("UserName444", "testing@bob2.com", "")).want(201, "").id()
		c.do("GET", "/Users?attributes="+escape(`emails[value eq "emailName357"]`), "").want(200, "").has("emailName357", "Resources", 0, "emails", 0, "value")
		c.do("DELETE", "/Users/"+odd, "").want(204, "")
		g1 := c.group("Group1DisplayName")
		g2 := c.do("POST", "/Groups", `{"displayName":"GroupDisplayName2","members":[{"value":"`+three+`","display":"VP"}]}`).want(201, "").has("VP", "members", 0, "display").id()
		c.do("PUT", "/Groups/"+g2, `{"id":"`+g2+`","displayName":"putName","members":[{"value":"`+three+`","display":"VP"},{"value":"`+four+`","display":"SenorVP"}]}`).want(200, "").has(four, "members", 1, "value")
		add := `[{"name":"addMember","op":"add","path":"members","value":[{"displayName":"new User","value":"` + four + `"}]}]`
		c.patchGroup(g1, add).want(204, "")
		c.patchGroup(g1, `[{"op":"remove","path":"members[value eq \"`+four+`\"]"}]`).want(204, "")
		c.patchGroup(g1, add).want(204, "")
		c.do("GET", "/Groups/"+g1, "").want(200, "").has("new User", "members", 0, "display")
		c.patchGroup(g1, `[{"op":"remove","path":"members"}]`).want(204, "")
		c.holds(g1)
		for _, path := range []string{"/Users/" + three, "/Users/" + four, "/Groups/" + g1, "/Groups/" + g2} {
			c.do("DELETE", path, "").want(204, "")
		}
		c.do("GET", "", "").want(200, "").has(0, "totalResults")
	})
}

// JumpCloud's rehearsal, PingOne's disabled people and Auth0's whole profiles.
func TestGroupClients(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		user := c.do("POST", "/Users", `{"userName":"jc@acme.test","emails":[{"value":"jc@acme.test","type":"work","primary":true}],"active":true,"phoneNumbers":[{"type":"work","value":"+1 (415) 123-4567"}]}`).
			want(201, "").has("+1 (415) 123-4567", "phoneNumbers", 0, "value").id()
		group := c.group("JumpCloud test group")
		c.patchGroup(group, `[{"op":"replace","value":{"displayName":"JumpCloud renamed"}}]`).want(204, "")
		c.patchGroup(group, `[{"op":"add","path":"members","value":[{"value":"`+user+`"}]}]`).want(204, "")
		c.holds(group, user)
		c.do("DELETE", "/Groups/"+group, "").want(204, "")
		c.do("GET", "/Users?filter="+escape(`emails Eq "JC@acme.test"`), "").want(200, "").has(user, "Resources", 0, "id")
		c.do("PUT", "/Users/"+user, `{"userName":"jc@acme.test","active":false,"emails":[{"value":"jc@acme.test","type":"work","primary":true}]}`).want(200, "").has(false, "active").has(nil, "phoneNumbers")
		c.do("DELETE", "/Users/"+user, "").want(204, "")
	})
}
