package scim_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"strings"
	"testing"
)

func TestCore4Users(t *testing.T) {
	eachStage(t, func(s *stage) { s.try(userRows) })
}

var userRows = []demand{
	// 4.1.1: singular attributes.
	{"4.1.1", "POST", "/Users", "", `{"displayName":"X"}`, 400, `scimType="invalidValue"`},
	{"4.1.1", "POST", "/Users", "", `{"userName":""}`, 400, `scimType="invalidValue"`},
	{"4.1.1", "POST", "/Users", "", `{"userName":null}`, 400, `scimType="invalidValue"`},
	{"4.1.1", "POST", "/Users", "", `{"userName":"Ada@ACME.test"}`, 409, `scimType="uniqueness" detail!`},
	{"4.1.1", "PUT", "/Users/{made}", "", `{"userName":"BOB@acme.test"}`, 409, `scimType="uniqueness"`},
	{"4.1.1", "PUT", "/Users/{made}", "", `{"displayName":"no name"}`, 400, `scimType="invalidValue"`},
	{"4.1.1", "PATCH", "/Users/{made}", "", patchURN + `[{"op":"replace","path":"userName","value":""}]}`, 400, `scimType="invalidValue"`},
	{"4.1.1", "PATCH", "/Users/{made}", "", patchURN + `[{"op":"remove","path":"userName"}]}`, 400, `scimType="mutability"`},
	{"4.1.1", "PUT", "/Users/{made}", "", `{"userName":"{new}"}`, 200, `userName="{new}"`},
	{"4.1.1", "POST", "/Users", "", newUser(`,"password":"t1meMa$heen"`), 201, `password-`},
	{"4.1.1", "PATCH", "/Users/{made}", "", patchURN + `[{"op":"replace","path":"password","value":"t1meMa$heen"}]}`, 200, `password-`},
	{"4.1.1", "PATCH", "/Users/{made}", "", patchURN + `[{"op":"remove","path":"password"}]}`, 200, `password-`},
	{"4.1.1", "PUT", "/Users/{made}", "", `{"userName":"{new}","password":"t1meMa$heen"}`, 200, `password-`},
	{"4.1.1", "GET", "/Users/{ada}?attributes=password", "", "", 200, `password- id! userName-`},
	{"4.1.1", "GET", "/Users?filter=password pr", "", "", 400, `scimType="invalidFilter"`},
	{"4.1.1", "GET", `/Users?filter=password eq "t1meMa$heen"`, "", "", 400, `scimType="invalidFilter"`},
	{"4.1.1", "POST", "/Users/.search", "", `{"filter":"password sw \"t\""}`, 400, `scimType="invalidFilter"`},
	{"4.1.1", "GET", "/Users?sortBy=password", "", "", 400, `scimType="invalidValue"`},

	// 4.1.2: multi-valued attributes. Numbers are kept as they are dialled, in
	// every form, and types as they are spelled.
	{"4.1.2", "POST", "/Users", "", newUser(`,"phoneNumbers":[{"value":"tel:+1-201-555-0123"},{"value":"+1_201_555_0123","type":"fax"},{"value":"tel:7042;phone-context=example.com","type":"pager"}]`), 201,
		`phoneNumbers/0/value="tel:+1-201-555-0123" phoneNumbers/1/value="+1_201_555_0123" phoneNumbers/2/value="tel:7042;phone-context=example.com"`},
	{"4.1.2", "POST", "/Users", "", newUser(`,"ims":[{"value":"a","type":"icq"},{"value":"b","type":"Matrix"}]`), 201, `ims/0/type="icq" ims/1/type="Matrix"`},
	{"4.1.2", "POST", "/Users", "", newUser(`,"addresses":[{"formatted":"1_Row\nLondon","type":"work"},{"country":"GB","primary":true}]`), 201, `addresses/0/formatted="1_Row\nLondon" addresses/1/country="GB" addresses/1/primary=true`},
	{"4.1.2", "POST", "/Users", "", newUser(`,"emails":[{"value":"not_an_address"}]`), 201, `emails/0/value="not_an_address"`},
	{"4.1.2", "POST", "/Users", "", newUser(`,"emails":[{"type":"work"}]`), 201, `emails/0/type="work"`},
	{"4.1.2", "POST", "/Users", "", newUser(`,"entitlements":[{"value":"e","display":"E","type":"t","primary":true}],"roles":[{"value":"r","display":"R","type":"t","primary":true}]`), 201,
		`entitlements/0/display="E" entitlements/0/type="t" entitlements/0/primary=true roles/0/display="R" roles/0/primary=true`},
	{"4.1.2", "POST", "/Users", "", newUser(`,"groups":[{"value":"x","display":"X"}]`), 201, `groups-`},
	{"4.1.2", "PUT", "/Users/{made}", "", `{"userName":"{new}","groups":[{"value":"x"}]}`, 200, `groups-`},
	{"4.1.2", "PATCH", "/Users/{made}", "", patchURN + `[{"op":"add","path":"groups","value":[{"value":"x"}]}]}`, 400, `scimType="mutability"`},
	{"4.1.2", "PATCH", "/Users/{made}", "", patchURN + `[{"op":"remove","path":"groups"}]}`, 400, `scimType="mutability"`},
	{"4.1.2", "PATCH", "/Users/{made}", "", patchURN + `[{"op":"replace","path":"groups[value eq \"x\"].display","value":"x"}]}`, 400, `scimType="mutability"`},
	{"4.1.2", "PATCH", "/Users/{made}", "", patchURN + `[{"op":"replace","value":{"groups":[{"value":"x"}],"title":"T"}}]}`, 200, `groups- title="T"`},

	// 4.3: the manager, in the forms that clients have for it.
	{"4.3", "POST", "/Users", "", newUser(`,"` + entURN + `":{"manager":{"value":"{bob}","$ref":"../Users/{bob}","displayName":"Forged"}}`), 201, entURN + `/manager/value="{bob}" ` + entURN + `/manager/$ref="../Users/{bob}" ` + entURN + `/manager/displayName-`},
	{"4.3", "POST", "/Users", "", newUser(`,"` + entURN + `":{"manager":"{bob}"}`), 201, entURN + `/manager/value="{bob}"`},
	{"4.3", "POST", "/Users", "", newUser(`,"` + entURN + `":{"manager":[{"value":"{bob}"}]}`), 201, entURN + `/manager/value="{bob}"`},
	{"4.3", "POST", "/Users", "", newUser(`,"` + entURN + `":{"manager":[{"value":"{bob}"},{"value":"{ada}"}]}`), 400, `scimType="invalidValue"`},
	{"4.3", "POST", "/Users", "", newUser(`,"` + entURN + `":{"manager":[7]}`), 400, `scimType="invalidValue"`},
	{"4.3", "POST", "/Users", "", newUser(`,"` + entURN + `":{"manager":""}`), 201, entURN + `-`},
	{"4.3", "PATCH", "/Users/{made}", "", patchURN + `[{"op":"Add","path":"` + entURN + `:manager","value":[{"$ref":"../Users/{bob}","value":"{bob}"}]}]}`, 200, entURN + `/manager/value="{bob}" ` + entURN + `/manager/$ref="../Users/{bob}"`},
	{"4.3", "PATCH", "/Users/{made}", "", patchURN + `[{"op":"add","path":"` + entURN + `:manager.displayName","value":"x"}]}`, 400, `scimType="mutability"`},
	{"4.3", "PATCH", "/Users/{made}", "", patchURN + `[{"op":"remove","path":"` + entURN + `:manager.displayName"}]}`, 400, `scimType="mutability"`},
	{"4.3", "POST", "/Users", "", newUser(`,"` + entURN + `":{"manager":{"value":"Boss-1"}}`), 201, entURN + `/manager/value="Boss-1"`},
	{"4.3", "GET", "/Users?filter=" + entURN + `:manager.value eq "Boss-1"`, "", "", 200, `totalResults=1`},
	{"4.3", "GET", "/Users?filter=" + entURN + `:manager.value eq "boss-1"`, "", "", 200, `totalResults=0`},
}

// fullUser has everything that sections 8.2 and 8.3 show, of a person of ours.
const fullUser = `{
	"id":"2819c223-7f76-453a-919d-413861904646","externalId":"701984","userName":"bjensen@example.com",
	"name":{"formatted":"Ms. Barbara J Jensen, III","familyName":"Jensen","givenName":"Barbara","middleName":"Jane","honorificPrefix":"Ms.","honorificSuffix":"III"},
	"displayName":"Babs Jensen","nickName":"Babs","profileUrl":"https://login.example.com/bjensen",
	"emails":[{"value":"bjensen@example.com","type":"work","primary":true},{"value":"babs@jensen.org","type":"home"}],
	"addresses":[{"type":"work","streetAddress":"100 Universal City Plaza","locality":"Hollywood","region":"CA","postalCode":"91608","country":"USA","formatted":"100 Universal City Plaza\nHollywood, CA 91608 USA","primary":true},
		{"type":"home","streetAddress":"456 Hollywood Blvd","locality":"Hollywood","region":"CA","postalCode":"91608","country":"USA","formatted":"456 Hollywood Blvd\nHollywood, CA 91608 USA"}],
	"phoneNumbers":[{"value":"555-555-5555","type":"work"},{"value":"555-555-4444","type":"mobile"}],"ims":[{"value":"someaimhandle","type":"aim"}],
	"photos":[{"value":"https://photos.example.com/profilephoto/72930000000Ccne/F","type":"photo"},{"value":"https://photos.example.com/profilephoto/72930000000Ccne/T","type":"thumbnail"}],
	"userType":"Employee","title":"Tour Guide","preferredLanguage":"en-US","locale":"en-US","timezone":"America/Los_Angeles","active":true,"password":"t1meMa$heen",
	"groups":[{"value":"e9e30dba-f08f-4109-8486-d5c6a331660a","$ref":"https://example.com/v2/Groups/e9e30dba-f08f-4109-8486-d5c6a331660a","display":"Tour Guides"}],
	"x509Certificates":[{"value":"MIIDQzCCAqygAwIBAgICEAAwDQYJKoZIhvcNAQEFBQAwTjELMAkGA1UEBhMCVVMxEzARBgNVBAgMCkNhbGlmb3JuaWE="}],
	"meta":{"resourceType":"User","created":"2010-01-23T04:56:22Z","lastModified":"2011-05-13T04:42:34Z","version":"W\/\"a330bc54f0671c9\"","location":"https://example.com/v2/Users/2819c223-7f76-453a-919d-413861904646"}`

const fullExtension = `"` + entURN + `":{"employeeNumber":"701984","costCenter":"4130","organization":"Universal Studios","division":"Theme Park","department":"Tour Operations",
	"manager":{"value":"26118915-6090-4610-87e4-49d8ca9f808d","$ref":"../Users/26118915-6090-4610-87e4-49d8ca9f808d","displayName":"John Smith"}}`

// Sections 8.1 to 8.3: what the RFC shows is taken as it stands, and every way of
// reading it shows the same: all that was sent but what the server alone says.
func TestCore8Users(t *testing.T) {
	for what, sent := range map[string]string{
		"8.1 minimal":    `{"schemas":["` + userURN + `"],"id":"2819c223-7f76-453a-919d-413861904646","userName":"bjensen@example.com","meta":{"resourceType":"User","created":"2010-01-23T04:56:22Z","lastModified":"2011-05-13T04:42:34Z","version":"W\/\"3694e05e9dff590\"","location":"https://example.com/v2/Users/2819c223-7f76-453a-919d-413861904646"}}`,
		"8.2 full":       fullUser + `,"schemas":["` + userURN + `"]}`,
		"8.3 enterprise": fullUser + `,"schemas":["` + userURN + `","` + entURN + `"],` + fullExtension + `}`,
	} {
		t.Run(what, func(t *testing.T) {
			eachStage(t, func(s *stage) {
				var want map[string]any
				if err := json.Unmarshal([]byte(sent), &want); err != nil {
					t.Fatal(err)
				}
				if ext, ok := want[entURN].(map[string]any); ok {
					delete(ext["manager"].(map[string]any), "displayName")
				}
				for _, name := range []string{"id", "meta", "groups", "password"} {
					delete(want, name)
				}
				want["active"] = true
				made := s.do("POST", "/Users", sent).want(201, "")
				s.shows(made, want)
				at := "/Users/" + made.id()
				if made.header.Get("Location") != made.at("meta", "location") || made.id() == "2819c223-7f76-453a-919d-413861904646" {
					s.t.Errorf("Location %s, id %s, meta %v", made.header.Get("Location"), made.id(), made.at("meta"))
				}
				read := s.do("GET", at, "").want(200, "")
				put := s.do("PUT", at, sent).want(200, "")
				own := s.do("PUT", at, read.text).want(200, "")
				listed := s.do("GET", "/Users?filter="+escape(`userName eq "bjensen@example.com"`), "").want(200, "")
				searched := s.do("POST", "/.search", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],"filter":"userName eq \"bjensen@example.com\""}`).want(200, "")
				patched := s.patch(made.id(), `[{"op":"replace","value":`+strings.Replace(sent, `"id":"2819c223-7f76-453a-919d-413861904646",`, "", 1)+`}]`).want(200, "")
				for _, a := range []answer{read, put, own, patched} {
					a.equal("the same again", made.body)
				}
				for _, a := range []answer{listed, searched} {
					a.equal("found once", 1, "totalResults")
					a.equal("the same in a list", made.body, "Resources", 0)
				}
				s.inParts(read)
				h := s.h
				h.log.MustNotHold(s.t, "t1meMa$heen")
			})
		})
	}
}

// shows fails the test unless the answer is this and id and meta.
func (s *stage) shows(a answer, want map[string]any) {
	s.t.Helper()
	got := maps.Clone(a.body)
	delete(got, "id")
	delete(got, "meta")
	if !reflect.DeepEqual(got, want) {
		s.t.Errorf("%#v, must be %#v", got, want)
	}
}

// inParts takes every attribute away, puts it back, and puts it back again: the
// last time nothing changes, neither the version nor the time of the last change.
func (s *stage) inParts(a answer) {
	s.t.Helper()
	at := "/Users/" + a.id()
	try := func(path string, value any, where ...any) {
		s.t.Helper()
		text := asJSON(s.t, value)
		gone := s.patch(a.id(), `[{"op":"remove","path":"`+path+`"}]`).want(200, "")
		gone.equal("removed", nil, where...)
		s.patch(a.id(), `[{"op":"add","path":"`+path+`","value":`+text+`}]`).want(200, "").equal("added", value, where...)
		last := s.patch(a.id(), `[{"op":"replace","path":"`+path+`","value":`+text+`}]`).want(200, "")
		last.equal("replaced", value, where...)
		again := s.patch(a.id(), `[{"op":"replace","value":{"`+path+`":`+text+`}}]`).want(200, "")
		again.equal("replaced without a path", value, where...)
		again.equal("the last change", last.at("meta"), "meta")
	}
	for name, value := range a.body {
		switch name {
		case "id", "meta", "schemas", "userName", "active":
			continue
		case entURN:
			for n, v := range value.(map[string]any) {
				try(entURN+":"+n, v, entURN, n)
			}
		case "name":
			for n, v := range value.(map[string]any) {
				try("name."+n, v, "name", n)
			}
		}
		try(name, value, name)
	}
	s.do("GET", at, "").want(200, "").equal("userName stands", a.at("userName"), "userName")
}
