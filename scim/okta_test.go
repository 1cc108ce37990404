package scim_test

import (
	"net/url"
	"strings"
	"testing"

	"rollcall/models"
	"rollcall/roster"
)

// Okta publishes a test of the protocol and one of a person's life, which have to
// pass before an integration is listed. They are replayed here call by call, in
// our own words, with every header that they send.

// firsts are the people who may be a team's first ones when the test comes. It
// asks for both names and the address of whoever that is.
var firsts = map[string]func(c client){
	"made by a client": func(c client) {
		c.do("POST", "/Users", `{"userName":"first@acme.test","name":{"givenName":"Grace","familyName":"Hopper"},
			"emails":[{"value":"first@acme.test","type":"work","primary":true}]}`).want(201, "")
	},
	"an admin made by hand":   func(c client) { c.add("first@acme.test", models.RoleAdmin) },
	"an admin without a name": func(c client) { c.named(models.RoleAdmin, roster.Person{Email: "first@acme.test"}) },
	"signed in with one name": func(c client) {
		c.named(models.RoleMember, roster.Person{Email: "first@acme.test", GivenName: "Grace"})
	},
	"signed in with a NameID": func(c client) { c.signedIn("first", "first@acme.test") },
}

// named puts somebody on a team of whom this much is known.
func (c client) named(role models.Role, p roster.Person) {
	c.h.t.Helper()
	if _, err := c.h.roster.Add(c.h.operator(), roster.NewMember{TeamID: c.team.ID, Kind: models.KindPerson, Role: role, Person: p}); err != nil {
		c.h.t.Fatal(err)
	}
}

// complete is what the test asks of a person.
func complete(t *testing.T, a answer, at ...any) {
	t.Helper()
	for _, path := range [][]any{{"id"}, {"userName"}, {"name", "givenName"}, {"name", "familyName"}, {"emails", 0, "value"}} {
		if text, _ := a.at(append(append([]any{}, at...), path...)...).(string); text == "" {
			t.Errorf("%v is empty: %s", path, a.text)
		}
	}
	a.has(true, append(append([]any{}, at...), "active")...)
}

func holds(t *testing.T, a answer, urn string) {
	t.Helper()
	list, _ := a.at("schemas").([]any)
	for _, x := range list {
		if x == urn {
			return
		}
	}
	t.Errorf("schemas of %s", a.text)
}

const messages = "urn:ietf:params:scim:api:messages:2.0:"

func TestOktaSpecification(t *testing.T) {
	for name, first := range firsts {
		t.Run(name, func(t *testing.T) {
			eachHouse(t, func(t *testing.T, h *house) {
				first(h.acme)
				oktaSpecification(t, h)
			})
		})
	}
}

func oktaSpecification(t *testing.T, h *house) {
	c := h.acme.with("Accept", "application/scim+json").with("Accept-Charset", "utf-8").
		with("Content-Type", "application/scim+json; charset=utf-8").with("User-Agent", "OKTA SCIM Integration")

	// The three addresses that describe the server, which nobody may write to.
	config := c.do("GET", "/ServiceProviderConfig", "").want(200, "")
	holds(t, config, "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig")
	for _, path := range [][]any{
		{"patch", "supported"}, {"bulk", "supported"}, {"bulk", "maxOperations"}, {"bulk", "maxPayloadSize"}, {"filter", "supported"}, {"filter", "maxResults"},
		{"changePassword", "supported"}, {"sort", "supported"}, {"etag", "supported"}, {"authenticationSchemes", 0, "type"}, {"authenticationSchemes", 0, "description"},
	} {
		if config.at(path...) == nil {
			t.Errorf("no %v: %s", path, config.text)
		}
	}
	types := c.do("GET", "/ResourceTypes", "").want(200, "")
	schemas := c.do("GET", "/Schemas", "").want(200, "")
	holds(t, types, messages+"ListResponse")
	holds(t, schemas, messages+"ListResponse")
	for _, name := range []string{"name", "endpoint", "schema"} {
		if types.at("Resources", 0, name) == nil {
			t.Errorf("no %s: %s", name, types.text)
		}
	}
	if schemas.at("Resources", 0, "id") == nil || schemas.at("Resources", 0, "attributes", 0) == nil {
		t.Errorf("no attributes: %s", schemas.text)
	}
	for path, body := range map[string]string{"/ServiceProviderConfig": "test\r\n\r\n", "/ResourceTypes": "test", "/Schemas": "test"} {
		c.do("POST", path, body).want(405, "")
	}

	// Whoever is there, and who is not.
	list := c.do("GET", "/Users?count=1&startIndex=1", "").want(200, "").has(1, "itemsPerPage").has(1, "startIndex").has(1, "totalResults")
	holds(t, list, messages+"ListResponse")
	complete(t, list, "Resources", 0)
	id, _ := list.at("Resources", 0, "id").(string)
	one := c.do("GET", "/Users/"+id, "").want(200, "").has(id, "id")
	complete(t, one)
	const userName, address = "ada.king@atko.test", "ada@mail.atko.test"
	for _, nobody := range []string{"nobody@atko.test", address} {
		a := c.do("GET", "/Users?filter=userName%20eq%20%22"+nobody+"%22", "").want(200, "").has(0, "totalResults")
		holds(t, a, messages+"ListResponse")
	}
	for _, unknown := range []string{"010101001010101011001010101011", "00919288221112222", "nobody@atko.test"} {
		holds(t, c.do("GET", "/Users/"+unknown, "").want(404, ""), messages+"Error")
	}

	// A person, who is sent without a content type, and then once more.
	bare := h.acme.with("Accept", "application/scim+json; charset=utf-8").with("Content-Type", "")
	person := func(mail string) string {
		return `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"` + userName + `","name":{"givenName":"Ada","familyName":"King"},
			"emails":[{"primary":true,"value":"` + mail + `","type":"work"}],"displayName":"Ada King","active":true}`
	}
	made := bare.do("POST", "/Users", person(address)).want(201, "").has(true, "active").has("King", "name", "familyName").has("Ada", "name", "givenName").has(userName, "userName")
	holds(t, made, "urn:ietf:params:scim:schemas:core:2.0:User")
	c.do("GET", "/Users/"+made.id(), "").want(200, "").has(userName, "userName").has("King", "name", "familyName").has("Ada", "name", "givenName")
	bare.do("POST", "/Users", person(address)).want(409, "uniqueness")
	bare.do("POST", "/Users", person(userName)).want(409, "uniqueness") // newer editions
	// The old edition sends the bare name for a filter, the new one a filter in capitals.
	c.do("GET", "/Users?filter="+strings.ToUpper(userName), "").want(400, "invalidFilter")
	c.do("GET", "/Users?filter="+url.QueryEscape(`userName eq "`+strings.ToUpper(userName)+`"`), "").want(200, "").has(1, "totalResults").has(made.id(), "Resources", 0, "id")
	// It may not be asked before the token is looked at.
	holds(t, c.with("Authorization", "non-token").do("GET", "/Users?filter="+strings.ToUpper(userName), "").want(401, ""), messages+"Error")
	if a := c.do("GET", "/Groups", "").want(200, "").has(0, "totalResults"); a.at("Resources") == nil {
		t.Errorf("Resources is no list: %s", a.text)
	}
	h.acme.do("POST", "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Engines","members":[{"value":"`+made.id()+`"}]}`).want(201, "")
	c.do("GET", "/Groups", "").want(200, "").has(1, "totalResults").has("Engines", "Resources", 0, "displayName")
}

// The life of a person: made, looked up, renamed, let go, taken back, let go.
// Okta sends the renaming as PUT or, to applications of its catalogue, as PATCH.
func TestOktaLife(t *testing.T) {
	for _, way := range []string{"PUT", "PATCH"} {
		eachHouse(t, func(t *testing.T, h *house) {
			c := h.okta()
			const userName = "test.user@atko.test"
			c.byName(userName).want(200, "").has(0, "totalResults")
			id := c.do("POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"`+userName+`","name":{"givenName":"Test","familyName":"User"},
				"emails":[{"primary":true,"value":"`+userName+`","type":"work"}],"displayName":"Test User","title":"Tester","phoneNumbers":[{"value":"415.123.4567","type":"work"}],
				"locale":"en-US","externalId":"00u1","groups":[],"password":"N3ver-k3pt","active":true}`).want(201, "").id()
			c.byName(userName).want(200, "").has(1, "totalResults").has(id, "Resources", 0, "id").has("415.123.4567", "Resources", 0, "phoneNumbers", 0, "value")
			read := c.do("GET", "/Users/"+id, "").want(200, "").text
			renamed := strings.NewReplacer(`"givenName":"Test"`, `"givenName":"Testa"`).Replace(read)
			if way == "PATCH" {
				c.patch(id, `[{"op":"replace","value":{"name":{"givenName":"Testa"}}}]`).want(200, "")
			} else {
				c.do("PUT", "/Users/"+id, renamed).want(200, "")
			}
			c.do("GET", "/Users/"+id, "").want(200, "").has("Testa", "name", "givenName").has("User", "name", "familyName").has("Tester", "title")
			for _, active := range []bool{false, true, false} {
				word := map[bool]string{false: "false", true: "true"}[active]
				if way == "PATCH" {
					c.patch(id, `[{"op":"replace","value":{"active":`+word+`}}]`).want(200, "").has(active, "active")
				} else {
					state := strings.NewReplacer(`"active":true`, `"active":`+word).Replace(renamed)
					c.do("PUT", "/Users/"+id, state).want(200, "").has(active, "active")
				}
				c.byName(userName).want(200, "").has(active, "Resources", 0, "active").has("Testa", "Resources", 0, "name", "givenName")
			}
			h.log.MustNotHold(t, "N3ver-k3pt")
		})
	}
}

// A pushed group's life, as Okta's reference writes it: its name comes with every
// change of its people, who leave and come in one request.
func TestOktaPushedGroup(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.okta()
		ada, bob := c.create("ada@atko.test"), c.create("bob@atko.test")
		byName := "/Groups?filter=displayName%20eq%20%22Test%20SCIMv2%22&startIndex=1&count=100"
		c.do("GET", byName, "").want(200, "").has(0, "totalResults")
		id := c.do("POST", "/Groups", `{`+coreGroup+`,"displayName":"Test SCIMv2","members":[]}`).want(201, "").id()
		c.do("GET", byName, "").want(200, "").has(id, "Resources", 0, "id")
		c.patchGroup(id, `[{"op":"replace","value":{"id":"`+id+`","displayName":"Test SCIMv2"}}]`).want(204, "")
		member := func(id string) string { return `{"value":"` + id + `","display":"test.user@atko.test"}` }
		c.patchGroup(id, `[{"op":"add","path":"members","value":[`+member(ada)+`]}]`).want(204, "")
		c.patchGroup(id, `[{"op":"remove","path":"members[value eq \"`+ada+`\"]"},{"op":"add","path":"members","value":[`+member(bob)+`]}]`).want(204, "")
		c.holds(id, bob)
		c.do("GET", "/Groups/"+id, "").want(200, "").has("test.user@atko.test", "members", 0, "display")
		c.patchGroup(id, `[{"op":"replace","path":"members","value":[`+member(ada)+`,`+member(bob)+`]}]`).want(204, "")
		c.holds(id, ada, bob)
		c.patchGroup(id, `[{"op":"replace","path":"members","value":[]}]`).want(204, "") // "push now" of an empty group
		c.holds(id)
		// An application of the wizard puts all of it.
		c.do("PUT", "/Groups/"+id, `{`+coreGroup+`,"id":"`+id+`","displayName":"Test SCIMv20","members":[`+member(ada)+`],"meta":{"resourceType":"Group"}}`).want(200, "").has("Test SCIMv20", "displayName")
		c.holds(id, ada)
		c.do("PUT", "/Users/"+ada, `{`+coreUser+`,"id":"`+ada+`","userName":"ada@atko.test","name":{"givenName":"Ada","middleName":"","familyName":"King"},
			"emails":[{"primary":true,"value":"ada@atko.test","type":"work","display":"ada@atko.test"}],"active":false,"groups":[],"meta":{"resourceType":"User"}}`).want(200, "").has(id, "groups", 0, "value")
		c.holds(id, ada)
		c.do("DELETE", "/Groups/"+id, "").want(204, "")
		c.do("GET", byName, "").want(200, "").has(0, "totalResults")
	})
}
