package scim_test

import "testing"

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
