package scim

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// ada is what the door knows of a member before a PATCH.
func ada() document {
	return document{
		"schemas": []string{urnUser}, "id": "1", "userName": "ada", "externalId": "x1", "displayName": "Ada", "active": true,
		"name":   document{"givenName": "Ada", "familyName": "King"},
		"emails": []document{{"value": "ada@acme.test", "type": "work", "primary": true}},
		"meta":   document{"resourceType": "User"},
	}
}

// patched applies Operations and returns what changed, or the error's scimType.
func patched(t *testing.T, d document, operations string) (document, string) {
	t.Helper()
	body, err := decodeObject([]byte(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":` + operations + `}`))
	if err != nil {
		t.Fatalf("%s: %v", operations, err)
	}
	ops, err := readPatch(body)
	if err == nil {
		err = d.patch(userType, ops)
	}
	if err == nil {
		return d, ""
	}
	p, ok := err.(*problem)
	if !ok || p.status != 400 {
		t.Fatalf("%s: %v", operations, err)
	}
	return nil, p.scimType
}

func text(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// keys are the attributes of the table below, for short expectations.
func changes(t *testing.T, before, after document) string {
	t.Helper()
	var out []string
	for _, name := range []string{"id", "userName", "externalId", "displayName", "active", "name", "emails", "addresses", urnEnterprise, "meta"} {
		if a, b := text(t, before[name]), text(t, after[name]); a != b {
			out = append(out, name+"="+b)
		}
	}
	for name := range after {
		if find(userAttributes, name) == nil && name != "schemas" && name != urnEnterprise {
			out = append(out, "unknown "+name)
		}
	}
	return strings.Join(out, " ")
}

func TestPatch(t *testing.T) {
	const work = `{"primary":true,"type":"work","value":"ada@acme.test"}`
	for _, c := range []struct{ ops, want string }{
		// Without a path.
		{`[{"op":"replace","value":{"active":false}}]`, `active=false`},
		{`[{"op":"Replace","value":{"active":"False"}}]`, `active=false`},
		{`[{"op":"ADD","value":{"displayName":"A","name":{"familyName":"Byron"}}}]`, `displayName="A" name={"familyName":"Byron","givenName":"Ada"}`},
		{`[{"op":"replace","value":{"name.givenName":"Augusta","urn:ietf:params:scim:schemas:core:2.0:User:displayName":"G"}}]`,
			`displayName="G" name={"familyName":"King","givenName":"Augusta"}`},
		{`[{"op":"replace","value":{"urn:ietf:params:scim:schemas:core:2.0:User":{"displayName":"G"}}}]`, `displayName="G"`},
		{`[{"op":"replace","value":{"emails[type eq \"work\"].value":"new@acme.test"}}]`, `emails=[{"primary":true,"type":"work","value":"new@acme.test"}]`},
		{`[{"op":"replace","value":{"meta":{"x":1},"groups":[],"schemas":["x"],"password":"p","urn:x":{"a":1},"a b":1,"DISPLAYNAME":"B"}}]`, `displayName="B"`},
		{`[{"op":"replace","path":"","value":{"displayName":"B"}}]`, `displayName="B"`},
		{`[{"op":"replace","path":null,"value":{"displayName":null}}]`, `displayName=null`},
		{`[{"op":"replace","value":{}}]`, ``},
		{`[{"op":"add","value":{"displayName":null,"emails":[]}}]`, ``},

		// With a path.
		{`[{"op":"Replace","path":"active","value":"False"}]`, `active=false`},
		{`[{"op":"replace","path":"ACTIVE","value":false}]`, `active=false`},
		{`[{"op":"replace","path":"urn:ietf:params:scim:schemas:core:2.0:User:active","value":"fAlSe"}]`, `active=false`},
		{`[{"op":"add","path":"name.givenName","value":"Augusta"}]`, `name={"familyName":"King","givenName":"Augusta"}`},
		{`[{"op":"replace","path":"name","value":{"givenName":"Augusta"}}]`, `name={"familyName":"King","givenName":"Augusta"}`},
		{`[{"op":"replace","path":"name","value":null}]`, `name=null`},
		{`[{"op":"replace","path":"name","value":{"honorificPrefix":"Dr"}}]`, `name={"familyName":"King","givenName":"Ada","honorificPrefix":"Dr"}`},
		{`[{"op":"replace","path":"name","value":{"givenName":null,"honorificPrefix":"Dr"}}]`, `name={"familyName":"King","honorificPrefix":"Dr"}`},
		{`[{"op":"replace","path":"name","value":{}}]`, ``},
		{`[{"op":"add","path":"name","value":{"honorificPrefix":"Dr"}}]`, `name={"familyName":"King","givenName":"Ada","honorificPrefix":"Dr"}`},
		{`[{"op":"remove","path":"name.givenName"}]`, `name={"familyName":"King"}`},
		{`[{"op":"remove","path":"name.givenName"},{"op":"remove","path":"name.familyName"}]`, `name=null`},
		{`[{"op":"remove","path":"name"},{"op":"add","path":"name.familyName","value":"Byron"}]`, `name={"familyName":"Byron"}`},
		{`[{"op":"remove","path":"displayName"}]`, `displayName=null`},
		{`[{"op":"remove","path":"displayName"},{"op":"remove","path":"displayName"}]`, `displayName=null`},
		{`[{"op":"remove","path":"active"}]`, `active=null`},
		{`[{"op":"remove","path":"externalId"}]`, `externalId=null`},
		{`[{"op":"replace","path":"externalId","value":""}]`, `externalId=null`},
		{`[{"op":"add","path":"displayName","value":null}]`, ``},
		{`[{"op":"add","path":"name.givenName","value":null}]`, ``},
		{`[{"op":"replace","path":"id","value":"1"}]`, ``},
		{`[{"op":"replace","path":"nickName","value":5}]`, `!invalidValue`},
		{`[{"op":"replace","path":"password","value":"x"}]`, ``},
		{`[{"op":"replace","path":"userPassword","value":"x"}]`, ``},
		{`[{"op":"remove","path":"title"}]`, ``},
		{`[{"op":"replace","path":"name.middleName","value":"x"}]`, `name={"familyName":"King","givenName":"Ada","middleName":"x"}`},
		{`[{"op":"Add","path":"addresses[type eq \"work\"].locality","value":"Oslo"}]`, `addresses=[{"locality":"Oslo","type":"work"}]`},
		{`[{"op":"Add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager","value":"26118915"}]`, urnEnterprise + `={"manager":{"value":"26118915"}}`},
		{`[{"op":"Add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value","value":"M"},{"op":"remove","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager"}]`, ``},
		{`[{"op":"Add","value":{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"R","Manager":"7"}}}]`, urnEnterprise + `={"department":"R","manager":{"value":"7"}}`},
		{`[{"op":"Add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User","value":{"department":"R"}},{"op":"remove","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"}]`, ``},
		{`[{"op":"replace","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User","value":"R"}]`, `!invalidValue`},
		{`[{"op":"replace","path":"groups","value":[]}]`, `!mutability`},
		{`[{"op":"Add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:userName","value":"x"}]`, urnEnterprise + `={"userName":"x"}`},

		// Multi-valued.
		{`[{"op":"replace","path":"emails[type eq \"work\"].value","value":"n@acme.test"}]`, `emails=[{"primary":true,"type":"work","value":"n@acme.test"}]`},
		{`[{"op":"Replace","path":"emails[primary eq \"True\"].value","value":"n@acme.test"}]`, `emails=[{"primary":true,"type":"work","value":"n@acme.test"}]`},
		{`[{"op":"add","path":"emails[type eq \"home\"].value","value":"h@x.test"}]`, `emails=[` + work + `,{"type":"home","value":"h@x.test"}]`},
		{`[{"op":"replace","path":"emails[type eq \"home\"]","value":{"value":"h@x.test"}}]`, `!noTarget`},
		{`[{"op":"add","path":"emails[type eq \"home\"]","value":{"value":"h@x.test"}}]`, `!noTarget`},
		{`[{"op":"replace","path":"emails[type eq \"home\"]","value":null}]`, ``},
		{`[{"op":"replace","path":"emails[type eq \"home\"].value","value":null}]`, ``},
		{`[{"op":"replace","path":"emails[type eq \"work\"]","value":{"value":"n@x.test"}}]`, `emails=[{"value":"n@x.test"}]`},
		{`[{"op":"add","path":"emails[type eq \"work\"]","value":{"value":"n@x.test"}}]`, `emails=[{"primary":true,"type":"work","value":"n@x.test"}]`},
		{`[{"op":"replace","path":"emails[type eq \"work\"]","value":null}]`, `emails=null`},
		{`[{"op":"add","path":"emails[type eq \"work\"]","value":null}]`, ``},
		{`[{"op":"replace","path":"emails[value co \"@\" and not (type eq \"home\")].type","value":"other"}]`, `emails=[{"primary":true,"type":"other","value":"ada@acme.test"}]`},
		{`[{"op":"replace","path":"emails.value","value":"n@x.test"}]`, `emails=[{"primary":true,"type":"work","value":"n@x.test"}]`},
		{`[{"op":"remove","path":"emails"},{"op":"add","path":"emails.value","value":"n@x.test"}]`, `emails=[{"value":"n@x.test"}]`},
		{`[{"op":"add","path":"emails","value":{"value":"ADA@acme.test","type":"Work","primary":true}}]`, ``},
		{`[{"op":"add","path":"emails","value":[{"value":"b@x.test"},null]}]`, `emails=[` + work + `,{"value":"b@x.test"}]`},
		{`[{"op":"add","path":"emails","value":[{"value":"b@x.test","primary":"true"}]}]`,
			`emails=[{"primary":false,"type":"work","value":"ada@acme.test"},{"primary":true,"value":"b@x.test"}]`},
		{`[{"op":"replace","path":"emails","value":[{"value":"b@x.test","display":"B","own":1}]}]`, `emails=[{"display":"B","own":1,"value":"b@x.test"}]`},
		{`[{"op":"replace","path":"emails","value":[]}]`, `emails=null`},
		{`[{"op":"remove","path":"emails[type eq \"work\"]"}]`, `emails=null`},
		{`[{"op":"remove","path":"emails[type eq \"home\"]"}]`, ``},
		{`[{"op":"remove","path":"emails[type ne \"home\"].primary"}]`, `emails=[{"type":"work","value":"ada@acme.test"}]`},
		{`[{"op":"remove","path":"emails","value":[{"value":"other@x.test"}]}]`, ``},
		{`[{"op":"Remove","path":"emails","value":[{"value":"ada@acme.test"}]}]`, `emails=null`},
		{`[{"op":"add","path":"emails","value":[{"value":"b@x.test"}]},{"op":"replace","path":"emails[value eq \"b@x.test\"].primary","value":true}]`,
			`emails=[{"primary":false,"type":"work","value":"ada@acme.test"},{"primary":true,"value":"b@x.test"}]`},

		{`[{"op":"remove","path":"emails.value"}]`, `emails=[{"primary":true,"type":"work"}]`},
		{`[{"op":"remove","path":"emails"},{"op":"add","path":"emails[type eq \"work\"].value","value":"n@x.test"},{"op":"remove","path":"emails.type"},{"op":"remove","path":"emails.value"}]`, `emails=null`},
		{`[{"op":"replace","path":"emails[type eq \"home\"]","value":{"secret":"x"}}]`, ``},
		{`[{"op":"add","path":"emails[type eq \"home\"]","value":{"secret":"x"}}]`, ``},
		{`[{"op":"replace","path":"emails[type eq \"work\"]","value":{"secret":"x"}}]`, ``},
		{`[{"op":"replace","path":"emails[type eq \"work\"]","value":{}}]`, ``},
		{`[{"op":"replace","path":"emails[type eq 5].value","value":"x"}]`, `!invalidFilter`},
		{`[{"op":"replace","path":"emails[type eq \"home\"]","value":"x"}]`, `!invalidValue`},
		{`[{"op":"remove","path":"emails","value":["x"]}]`, `!invalidValue`},
		{`[{"op":"replace","value":{"urn:ietf:params:scim:schemas:core:2.0:User":{"active":"x"}}}]`, `!invalidValue`},

		// Refused.
		{`[{"op":"remove","path":"userName"}]`, `!mutability`},
		{`[{"op":"replace","path":"userName","value":null}]`, `!invalidValue`},
		{`[{"op":"replace","value":{"userName":null}}]`, `!invalidValue`},
		{`[{"op":"replace","path":"userName","value":5}]`, `!invalidValue`},
		{`[{"op":"replace","path":"id","value":"2"}]`, `!mutability`},
		{`[{"op":"remove","path":"id"}]`, `!mutability`},
		{`[{"op":"replace","path":"meta.created","value":"2020-01-01T00:00:00Z"}]`, `!mutability`},
		{`[{"op":"remove"}]`, `!noTarget`},
		{`[{"op":"replace","path":"active"}]`, `!invalidValue`},
		{`[{"op":"replace","path":"active","value":"no"}]`, `!invalidValue`},
		{`[{"op":"replace","path":"active","value":0}]`, `!invalidValue`},
		{`[{"op":"replace","value":{"active":"maybe"}}]`, `!invalidValue`},
		{`[{"op":"replace","value":false}]`, `!invalidValue`},
		{`[{"op":"replace","value":null}]`, `!invalidValue`},
		{`[{"op":"replace","path":"name","value":"Ada"}]`, `!invalidValue`},
		{`[{"op":"replace","path":"displayName","value":["a"]}]`, `!invalidValue`},
		{`[{"op":"replace","path":"name","value":{"givenName":["a"]}}]`, `!invalidValue`},
		{`[{"op":"replace","path":"name","value":[{"givenName":"a"}]}]`, `!invalidValue`},
		{`[{"op":"replace","path":"displayName","value":"a\u0000b"}]`, `!invalidValue`},
		{`[{"op":"replace","path":"emails","value":"a@x.test"}]`, `!invalidValue`},
		{`[{"op":"replace","path":"emails","value":["a@x.test"]}]`, `!invalidValue`},
		{`[{"op":"replace","path":"emails","value":[{"value":1}]}]`, `!invalidValue`},
		{`[{"op":"replace","path":"emails","value":[{"primary":true},{"primary":"True"}]}]`, `!invalidValue`},
		{`[{"op":"add","path":"emails","value":[{"value":"b@x.test"},{"value":"c@x.test"}]},{"op":"replace","path":"emails[value ew \"x.test\"].primary","value":true}]`, `!invalidValue`},
		{`[{"op":"replace","path":"emails[type eq \"home\" or type eq \"other\"].value","value":"x"}]`, `!noTarget`},
		{`[{"op":"replace","path":"emails[type sw \"h\"].value","value":"x"}]`, `!noTarget`},
		{`[{"op":"replace","path":"emails[bogus eq \"h\"].value","value":"x"}]`, `!invalidFilter`},
		{`[{"op":"replace","path":"userName[type eq \"x\"]","value":"x"}]`, `!invalidPath`},
		{`[{"op":"replace","path":"name[givenName eq \"x\"].familyName","value":"x"}]`, `!invalidPath`},
		{`[{"op":"replace","path":"emails[type eq","value":"x"}]`, `!invalidPath`},
		{`[{"op":"replace","path":7,"value":"x"}]`, `!invalidPath`},
		{`[{"op":"move","path":"active","value":true}]`, `!invalidSyntax`},
		{`[{"path":"active","value":true}]`, `!invalidSyntax`},
		{`[{"op":7}]`, `!invalidSyntax`},
		{`[7]`, `!invalidSyntax`},
		{`[]`, `!invalidSyntax`},
		{`{}`, `!invalidSyntax`},
		{`null`, `!invalidSyntax`},
	} {
		after, refused := patched(t, ada(), c.ops)
		got := "!" + refused
		if refused == "" {
			got = changes(t, ada(), after)
		}
		if got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.ops, got, c.want)
		}
	}
}

// Operations see what earlier ones did.
func TestPatchInOrder(t *testing.T) {
	after, refused := patched(t, ada(), `[
		{"op":"replace","path":"displayName","value":"one"},
		{"op":"remove","path":"displayName"},
		{"op":"add","path":"displayName","value":"two"},
		{"op":"replace","value":{"emails":[{"value":"b@x.test","type":"work"}],"emails[type eq \"work\"].value":"c@x.test"}}]`)
	if want := `displayName="two" emails=[{"type":"work","value":"c@x.test"}]`; refused != "" || changes(t, ada(), after) != want {
		t.Errorf("%s %s", refused, changes(t, ada(), after))
	}
}

func TestPatchLimits(t *testing.T) {
	op := `{"op":"add","path":"emails","value":{"value":"%d@x.test"}}`
	var ops []string
	for i := range maxValues {
		ops = append(ops, fmt.Sprintf(op, i))
	}
	if _, refused := patched(t, ada(), "["+strings.Join(ops[1:], ",")+"]"); refused != "" {
		t.Errorf("as many values as allowed: %s", refused)
	}
	if _, refused := patched(t, ada(), "["+strings.Join(ops, ",")+"]"); refused != typeInvalidValue {
		t.Errorf("too many values: %s", refused)
	}
	many := "[" + strings.Repeat(`{"value":"a"},`, maxValues) + `{"value":"a"}]`
	if _, refused := patched(t, ada(), `[{"op":"replace","path":"emails","value":`+many+`}]`); refused != typeInvalidValue {
		t.Errorf("too many values at once: %s", refused)
	}
	same := `{"op":"replace","path":"active","value":true}`
	if _, refused := patched(t, ada(), "["+strings.Repeat(same+",", maxOperations-1)+same+"]"); refused != "" {
		t.Errorf("as many operations as allowed: %s", refused)
	}
	if _, refused := patched(t, ada(), "["+strings.Repeat(same+",", maxOperations)+same+"]"); refused != typeInvalidValue {
		t.Errorf("too many operations: %s", refused)
	}
	long := strings.Repeat("ü", maxText)
	if _, refused := patched(t, ada(), `[{"op":"replace","path":"displayName","value":"`+long+`"}]`); refused != "" {
		t.Errorf("as long as allowed: %s", refused)
	}
	if _, refused := patched(t, ada(), `[{"op":"replace","path":"displayName","value":"`+long+`x"}]`); refused != typeInvalidValue {
		t.Errorf("too long: %s", refused)
	}
}
