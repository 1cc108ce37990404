package scim_test

import "testing"

// What Okta's public test of a server asks, in its order.
func TestOktaSpecification(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme.with("User-Agent", "OKTA SCIM Integration").with("Accept", "application/scim+json; charset=utf-8").with("Content-Type", "application/json")
		body := func(name, email string) string {
			return `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"` + name + `","name":{"givenName":"Ada","familyName":"King"},
				"emails":[{"primary":true,"value":"` + email + `","type":"work"}],"displayName":"Ada King","active":true}`
		}
		seed := c.do("POST", "/Users", body("seed@acme.test", "seed@acme.test")).want(201, "").id()
		c.do("GET", "/Users?count=1&startIndex=1", "").want(200, "").has(1, "itemsPerPage").has(1, "startIndex").has(1, "totalResults").
			has("King", "Resources", 0, "name", "familyName").has(true, "Resources", 0, "active").has("seed@acme.test", "Resources", 0, "emails", 0, "value")
		c.do("GET", "/Users/"+seed, "").want(200, "").has("Ada", "name", "givenName")
		c.do("GET", `/Users?filter=userName%20eq%20%22nobody%22`, "").want(200, "").has(0, "totalResults")
		c.do("GET", "/Users/010101001010101011001010101011", "").want(404, "")
		made := c.do("POST", "/Users", body("new@acme.test", "mail@acme.test")).want(201, "").has(true, "active").has("new@acme.test", "userName")
		c.do("GET", "/Users/"+made.id(), "").want(200, "").has("King", "name", "familyName")
		c.do("POST", "/Users", body("new@acme.test", "new@acme.test")).want(409, "uniqueness")
		c.do("GET", `/Users?filter=userName+eq+%22NEW@ACME.TEST%22`, "").want(200, "").has(1, "totalResults")
		c.do("GET", "/Groups", "").want(200, "").has(0, "totalResults")
		c.with("Authorization", "non-token").do("GET", "/Users", "").want(401, "").has("401", "status")
		c.do("GET", "/Users/00919288221112222", "").want(404, "").has("404", "status")
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
