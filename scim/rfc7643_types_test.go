package scim_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
)

const (
	groupURN = "urn:ietf:params:scim:schemas:core:2.0:Group"
	otherURN = "urn:example:params:scim:schemas:extension:2.0:User"
)

func newUser(more string) string {
	return `{"schemas":["` + userURN + `"],"userName":"{new}"` + more + `}`
}

func TestCore2AttributesAndTypes(t *testing.T) {
	eachStage(t, func(s *stage) { s.try(typeRows) })
}

var typeRows = []demand{
	// 2.1: names are compared without regard to capitals, in bodies, paths and queries.
	{"2.1", "POST", "/Users", "", `{"SCHEMAS":["` + userURN + `"],"USERNAME":"{new}","NaMe":{"GIVENNAME":"A","familyname":"B"},"EMAILS":[{"VALUE":"{new}","TYPE":"work","PRIMARY":true}],"ACTIVE":false}`, 201,
		`userName="{new}" name/givenName="A" name/familyName="B" emails/0/value="{new}" emails/0/type="work" emails/0/primary=true active=false NaMe-`},
	{"2.1", "POST", "/Groups", "", `{"DISPLAYNAME":"{new}","MEMBERS":[{"VALUE":"{bob}","DISPLAY":"Bob"}]}`, 201, `displayName="{new}" members/0/value="{bob}" members/0/display="Bob"`},
	{"2.1", "PUT", "/Users/{made}", "", `{"USERNAME":"{new}","TITLE":"T"}`, 200, `title="T" userName="{new}"`},
	{"2.1", "PATCH", "/Users/{made}", "", patchURN + `[{"op":"add","path":"NAME.GivenNAME","value":"G"}]}`, 200, `name/givenName="G"`},
	{"2.1", "PATCH", "/Users/{made}", "", patchURN + `[{"op":"add","value":{"NICKname":"N"}}]}`, 200, `nickName="N"`},
	{"2.1", "GET", "/Users/{ada}?attributes=NICKNAME,name.FAMILYNAME", "", "", 200, `nickName="Ada" name/familyName="King" name/givenName- title-`},
	{"2.1", "GET", `/Users?filter=USERNAME eq "ada@acme.test"`, "", "", 200, `totalResults=1`},
	{"2.1", "POST", "/Users", "", newUser(`,"` + strings.ToUpper(entURN[4:]) + `":1,"` + "urn:" + strings.ToUpper(entURN[4:]) + `":{"DEPARTMENT":"D"}`), 201, entURN + `/department="D" schemas/1="` + entURN + `" schemas/2-`},
	{"2.1", "POST", "/Users", "", `{"` + userURN + `:userName":"{new}"}`, 201, `userName="{new}"`},
	{"2.1", "POST", "/Users", "", newUser(`,"username":"other@acme.test"`), 400, `scimType="invalidSyntax"`},
	{"2.1", "POST", "/Users", "", newUser(`,"title":"a","title":"a"`), 400, `scimType="invalidSyntax"`},

	// 2.2: what is case-exact and what is not.
	{"2.2", "GET", `/Users?filter=externalId eq "ext-1"`, "", "", 200, `totalResults=0`},
	{"2.2", "GET", `/Users?filter=externalId eq "Ext-1"`, "", "", 200, `totalResults=1`},
	{"2.2", "GET", `/Users?filter=nickName eq "ADA"`, "", "", 200, `totalResults=1`},
	{"2.2", "GET", `/Users?filter=profileUrl eq "https://example.com/ADA"`, "", "", 200, `totalResults=0`},
	{"2.2", "GET", `/Users?filter=photos.value eq "https://example.com/ADA.png"`, "", "", 200, `totalResults=0`},
	{"2.2", "GET", `/Users?filter=photos.value eq "https://example.com/ada.png"`, "", "", 200, `totalResults=1`},
	{"2.2", "POST", "/Users", "", `{"userName":"BOB@ACME.TEST"}`, 409, `scimType="uniqueness"`},

	// 2.3.2: booleans, and the strings that clients send for them.
	{"2.3.2", "POST", "/Users", "", newUser(`,"active":"False"`), 201, `active=false`},
	{"2.3.2", "POST", "/Users", "", newUser(`,"active":"true"`), 201, `active=true`},
	{"2.3.2", "POST", "/Users", "", newUser(`,"active":null`), 201, `active=true`},
	{"2.3.2", "POST", "/Users", "", newUser(`,"emails":[{"value":"{new}","primary":"True"}]`), 201, `emails/0/primary=true`},
	{"2.3.2", "POST", "/Users", "", newUser(`,"emails":[{"value":"{new}","primary":"maybe"}]`), 400, `scimType="invalidValue"`},
	{"2.3.2", "POST", "/Users", "", newUser(`,"emails":[{"value":"{new}","primary":1}]`), 400, `scimType="invalidValue"`},

	// 2.3.7: references are kept as they were sent, absolute or relative.
	{"2.3.7", "POST", "/Users", "", newUser(`,"profileUrl":"../Users/7","photos":[{"value":"urn:uuid:1"},{"value":"/p?a=b#c","type":"thumbnail"},{"value":"HTTPS://a.test/%41"}]`), 201,
		`profileUrl="../Users/7" photos/0/value="urn:uuid:1" photos/1/value="/p?a=b#c" photos/2/value="HTTPS://a.test/%41"`},

	// 2.4: multi-valued attributes.
	{"2.4", "POST", "/Users", "", newUser(`,"phoneNumbers":[{"value":"1","type":"work"},{"value":"1","type":"home"}]`), 201, `phoneNumbers/0/type="work" phoneNumbers/1/type="home"`},
	{"2.4", "POST", "/Users", "", newUser(`,"phoneNumbers":[{"value":"1","type":"work"},{"value":"1","type":"work"}]`), 201, `phoneNumbers/0/value="1" phoneNumbers/1-`},
	{"2.4", "POST", "/Users", "", newUser(`,"phoneNumbers":[{"value":"1","type":"work","display":"a"},{"value":"2"},{"value":"1","type":"work","display":"b","primary":true}]`), 201,
		`phoneNumbers/0/value="1" phoneNumbers/0/display="b" phoneNumbers/0/primary=true phoneNumbers/1/value="2" phoneNumbers/2-`},
	{"2.4", "POST", "/Users", "", newUser(`,"roles":[{"value":"r","primary":true},{"value":"r","primary":false}]`), 201, `roles/0/primary=true roles/1-`},
	{"2.4", "POST", "/Users", "", newUser(`,"phoneNumbers":[{"value":"1","type":"WORK"},{"value":"2","type":"satellite"}]`), 201, `phoneNumbers/0/type="WORK" phoneNumbers/1/type="satellite"`},
	{"2.4", "POST", "/Users", "", newUser(`,"roles":{"value":"r"}`), 201, `roles/0/value="r"`},
	{"2.4", "PATCH", "/Users/{ada}", "", patchURN + `[{"op":"add","path":"ims","value":[{"value":"ada","type":"xmpp","primary":true}]}]}`, 200, `ims/0/primary=true ims/1-`},
	{"2.4", "PATCH", "/Users/{ada}", "", patchURN + `[{"op":"add","path":"roles","value":[{"value":"r2","primary":true}]}]}`, 200, `roles/0/primary=false roles/1/primary=true`},
	{"2.4", "PATCH", "/Users/{ada}", "", patchURN + `[{"op":"replace","path":"roles[value eq \"r1\"].primary","value":true}]}`, 200, `roles/0/primary=true roles/1/primary=false`},

	// 2.5: null and the empty list are no value.
	{"2.5", "POST", "/Users", "", newUser(`,"nickName":null,"name":null,"emails":[],"roles":null,"photos":[{}],"addresses":[{"type":null}],"` + entURN + `":{"manager":null,"department":null}`), 201,
		`nickName- name- emails- roles- photos- addresses- ` + entURN + `- schemas/1-`},
	{"2.5", "PUT", "/Users/{made}", "", `{"userName":"{new}","emails":[],"title":null,"externalId":null}`, 200, `emails- title- externalId-`},
	{"2.5", "PATCH", "/Users/{ada}", "", patchURN + `[{"op":"replace","path":"ims","value":[]},{"op":"replace","path":"userType","value":null}]}`, 200, `ims- userType-`},
	{"2.5", "GET", `/Users?filter=not (userType pr) and userName eq "ada@acme.test"`, "", "", 200, `totalResults=1`},
}

// Section 2.3: a value of another type is refused, whichever attribute it is for.
func TestCore2WrongTypes(t *testing.T) {
	eachStage(t, func(s *stage) {
		refused := func(attributes map[string]any) {
			t.Helper()
			if a := s.post(attributes); a.status != 400 || a.at("scimType") != "invalidValue" {
				s.t.Errorf("2.3: %v: %d %s", attributes, a.status, a.text)
			}
		}
		for _, name := range []string{"userName", "externalId", "displayName", "nickName", "profileUrl", "title", "userType", "preferredLanguage", "locale", "timezone"} {
			for _, wrong := range []any{1, 1.5, true, []string{"x"}, map[string]any{"a": 1}} {
				refused(map[string]any{name: wrong})
			}
		}
		for _, wrong := range []any{"", "yes", "null", 0, 1, []bool{true}, map[string]any{}} {
			refused(map[string]any{"active": wrong})
		}
		for _, name := range []string{"employeeNumber", "costCenter", "organization", "division", "department"} {
			for _, wrong := range []any{1, true, []string{"x"}, map[string]any{"a": 1}} {
				refused(map[string]any{entURN: map[string]any{name: wrong}})
			}
		}
		for _, wrong := range []any{"x", 1, true, []int{1}} {
			refused(map[string]any{"name": wrong})
			refused(map[string]any{entURN: wrong})
		}
		for _, name := range []string{"emails", "phoneNumbers", "ims", "photos", "addresses", "entitlements", "roles", "x509Certificates"} {
			for _, wrong := range []any{"x", 1, true, []any{1}, []any{"x"}, []any{[]any{}}} {
				refused(map[string]any{name: wrong})
			}
			if name != "addresses" { // of which "value" is no part
				refused(map[string]any{name: []any{map[string]any{"value": 1}}})
			}
			refused(map[string]any{name: []any{map[string]any{"type": 1}}})
			two := []any{map[string]any{"value": "AAAA", "primary": true}, map[string]any{"value": "BBBB", "primary": true}}
			refused(map[string]any{name: two})
			many := make([]any, 101)
			for i := range many {
				many[i] = map[string]any{"display": fmt.Sprint(i), "formatted": fmt.Sprint(i)}
			}
			refused(map[string]any{name: many})
		}
	})
}

// Section 2.3.6: what cannot be decoded is no binary.
func TestCore2Binary(t *testing.T) {
	eachStage(t, func(s *stage) {
		for value, status := range map[string]int{
			base64.StdEncoding.EncodeToString([]byte("\x00\x01 certificate \xff")): 201,
			"SGVsbG8=": 201, "SGVsbG8": 201, "TUlJ\r\nRA==": 201, "+/+/": 201, "SGVsbG9=": 201,
			"a": 400, "====": 400, "=SGV": 400, "SG=VsbG8": 400, "SGVsbG8===": 400, "SGVsbG8*": 400, "-12.1": 400, "not base64": 400, "not-base64": 400, "-_-_": 400,
		} {
			a := s.post(map[string]any{"x509Certificates": []any{map[string]any{"value": value}}})
			if a.status != status {
				s.t.Errorf("2.3.6: %q: %d, must be %d", value, a.status, status)
			}
			if a.status == 201 {
				a.equal("2.3.6", value, "x509Certificates", 0, "value")
			}
		}
	})
}

// Sections 2.3.3 to 2.3.5, in an extension that no RFC describes: numbers keep
// their digits, dates their form.
func TestCore2ExtensionValues(t *testing.T) {
	eachStage(t, func(s *stage) {
		for _, text := range []string{
			`1`, `-1`, `0`, `1.10`, `-0.25`, `1E3`, `123456789012345678901234567890`, `true`, `false`, `"2011-08-01T18:29:49.793Z"`, `"2008-01-23T04:56:22+02:00"`,
			`"text"`, `["a","b"]`, `[1,2.50]`, `{"a":{"b":1}}`, `[{"a":1}]`,
		} {
			made := s.do("POST", "/Users", strings.ReplaceAll(newUser(`,"`+otherURN+`":{"v":`+text+`}`), "{new}", s.name())).want(201, "")
			made.equal("schemas", []string{userURN, otherURN}, "schemas")
			read := s.do("GET", "/Users/"+made.id(), "").want(200, "")
			for _, a := range []answer{made, read} {
				if !strings.Contains(a.text, `"v":`+text) {
					s.t.Errorf("2.3: %s came back otherwise: %s", text, a.text)
				}
			}
		}
	})
}
