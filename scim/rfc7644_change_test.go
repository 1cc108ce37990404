package scim_test

import (
	"strings"
	"testing"
)

func init() {
	demands = append(demands, demandsOfWriting...)
	for _, p := range patches {
		d := demand{section: p.section, method: "PATCH", path: p.path, body: patchURN + p.operations + "}", status: 200, want: p.want}
		if scimType, refused := strings.CutPrefix(p.want, "!"); refused {
			d.status, d.want = 400, `scimType="`+scimType+`"`
		}
		demands = append(demands, d)
	}
}

var demandsOfWriting = []demand{
	// Section 3.3: creating.
	{"7644 3.3", "POST", "/Users", "", `{"schemas":["` + userURN + `"],"userName":"x@acme.test","id":"mine","groups":[{"value":"{team}"}],"meta":{"version":"W/\"7\"","location":"https://x.test/"}}`, 201, `groups- active=true meta/version="W/\"1\"" #Etag="W/\"1\""`},
	{"7644 3.3", "POST", "/Users?excludedAttributes=title,meta", "", `{"userName":"x@acme.test","title":"T"}`, 201, `title- meta- userName! #Location!`},
	{"7644 3.3", "POST", "/Users?attributes=title&excludedAttributes=meta", "", `{"userName":"x@acme.test"}`, 400, `scimType="invalidValue"`},
	{"7644 3.3", "POST", "/Users", "", `{"userName":null}`, 400, `scimType="invalidValue"`},
	{"7644 3.3", "POST", "/Users", "", `{"userName":"  "}`, 400, `scimType="invalidValue"`},
	{"7644 3.3", "POST", "/Users", "", `{"userName":["x"]}`, 400, `scimType="invalidValue"`},
	{"7644 3.3", "POST", "/Users", "", `{"userName":"x@acme.test","emails":"x@acme.test"}`, 400, `scimType="invalidValue"`},
	{"7644 3.3", "POST", "/Users", "", `{"userName":"x@acme.test"}{}`, 400, `scimType="invalidSyntax"`},
	{"7644 3.3", "POST", "/Users", "", `null`, 400, `scimType="invalidSyntax"`},
	{"7644 3.3", "POST", "/Groups", "", `{"schemas":["` + urnOfGroup + `"],"displayName":"G","members":[{"value":"{bob}"},{"value":"{ada}"},{"value":"{bob}"}]}`, 201, `members/1! members/2- #Location! #Etag!`},
	{"7644 3.3", "POST", "/Groups", "", `{"displayName":"G","members":[{"display":"x"}]}`, 400, `scimType="invalidValue"`},

	// Section 3.5.1: replacing.
	{"7644 3.5.1", "PUT", "/Users/{ada}", "", `{"userName":"ADA@acme.test","active":true}`, 200, `userName="ADA@acme.test" emails- name- title- active=true groups/0!`},
	{"7644 3.5.1", "PUT", "/Users/{ada}", "", `{"userName":null}`, 400, `scimType="invalidValue"`},
	{"7644 3.5.1", "PUT", "/Users/nobody", "", `{"userName":"x@acme.test"}`, 404, ``},
	{"7644 3.5.1", "PUT", "/Users/{team}", "", `{"userName":"x@acme.test"}`, 404, ``},
	{"7644 3.5.1", "PUT", "/Users/{ada}?attributes=title&excludedAttributes=meta", "", `{"userName":"x@acme.test"}`, 400, `scimType="invalidValue"`},
	{"7644 3.5.1", "PUT", "/Groups/{team}", "", `{"displayName":"TEAM","id":"other","members":[]}`, 200, `id="{team}" displayName="TEAM" members/0- externalId-`},
	{"7644 3.5.1", "PUT", "/Groups/{team}", "", `{"displayName":"Team","members":[{"value":"{ada}","type":"Group"}]}`, 400, `scimType="invalidValue"`},
	{"7644 3.5.1", "PUT", "/Groups/nobody", "", `{"displayName":"x"}`, 404, ``},

	// Section 3.5.2: the message of a PATCH.
	{"7644 3.5.2", "PATCH", "/Users/{ada}", "", `{"Operations":[{"op":"add","path":"title","value":"x"}]}`, 200, `title="x"`},
	{"7644 3.5.2", "PATCH", "/Users/{ada}", "", `{"schemas":["` + userURN + `"],"Operations":[{"op":"add","path":"title","value":"x"}]}`, 400, `scimType="invalidSyntax"`},
	{"7644 3.5.2", "PATCH", "/Groups/{team}", "", `{"schemas":["` + urnOfGroup + `"],"Operations":[{"op":"replace","path":"displayName","value":"x"}]}`, 400, `scimType="invalidSyntax"`},
	{"7644 3.5.2", "PATCH", "/Users/{ada}", "", `{"SCHEMAS":["URN:ietf:params:scim:api:messages:2.0:patchop"],"operations":[{"OP":"Add","Path":"TITLE","Value":"x"}]}`, 200, `title="x"`},
	{"7644 3.5.2", "PATCH", "/Users/{ada}", "", patchURN + `["x"]}`, 400, `scimType="invalidSyntax"`},
	{"7644 3.5.2", "PATCH", "/Users/{ada}", "", `{`, 400, `scimType="invalidSyntax"`},
	{"7644 3.5.2", "PATCH", "/Users/{ada}?attributes=title&excludedAttributes=meta", "", patchURN + `[{"op":"add","path":"title","value":"x"}]}`, 400, `scimType="invalidValue"`},
	{"7644 3.5.2", "PATCH", "/Users/{ada}?excludedAttributes=emails", "", patchURN + `[{"op":"add","path":"title","value":"x"}]}`, 200, `title="x" emails- name!`},

	// Section 3.6: deleting.
	{"7644 3.6", "DELETE", "/Users/nobody", "", "", 404, `status="404"`},
	{"7644 3.6", "DELETE", "/Groups/{ada}", "", "", 404, ``},

	// Section 3.14: versions on writing.
	{"7644 3.14", "PUT", "/Users/{bob}", `If-Match: W/"0", "1"`, `{"userName":"bob@acme.test","title":"T"}`, 200, `title="T" #Etag="W/\"2\"" meta/version="W/\"2\""`},
	{"7644 3.14", "PATCH", "/Users/{bob}", `If-Match: W/"1"`, patchURN + `[{"op":"add","path":"title","value":"T"}]}`, 200, `#Etag="W/\"2\""`},
	{"7644 3.14", "PATCH", "/Users/{bob}", `If-Match: ,`, patchURN + `[{"op":"add","path":"title","value":"T"}]}`, 412, `status="412"`},
	{"7644 3.14", "PUT", "/Users/{bob}", `If-Match: bare`, `{"userName":"bob@acme.test"}`, 412, ``},
	{"7644 3.14", "DELETE", "/Groups/{team}", `If-Match: W/"99"`, "", 412, ``},
	{"7644 3.14", "DELETE", "/Users/{bob}", `If-Match: W/"1"`, "", 204, ``},
	{"7644 3.14", "PUT", "/Users/nobody", `If-Match: *`, `{"userName":"x@acme.test"}`, 404, ``},
}

// patches is operations and what they leave; "!" and a scimType is a refusal.
var patches = []struct{ section, path, operations, want string }{
	// Section 3.5.2.1: add.
	{"7644 3.5.2.1", "/Users/{ada}", `[{"op":"add","path":"name.middleName","value":"B"}]`, `name/middleName="B" name/givenName="Ada"`},
	{"7644 3.5.2.1", "/Users/{ada}", `[{"op":"add","path":"emails","value":{"value":"c@x.test","type":"other"}}]`, `emails/2/value="c@x.test"`},
	{"7644 3.5.2.1", "/Users/{ada}", `[{"op":"add","path":"addresses[type eq \"work\"].region","value":"R"}]`, `addresses/0/region="R" addresses/0/locality="London"`},
	{"7644 3.5.2.1", "/Users/{ada}", `[{"op":"add","path":"` + entURN + `","value":{"division":"D"}}]`, entURN + `/division="D" ` + entURN + `/costCenter="c"`},
	{"7644 3.5.2.1", "/Users/{bob}", `[{"op":"add","value":{"` + entURN + `":{"department":"D"}}}]`, entURN + `/department="D" schemas/1="` + entURN + `"`},
	{"7644 3.5.2.1", "/Users/{bob}", `[{"op":"add","path":"` + entURN + `:manager","value":{"value":"m"}}]`, entURN + `/manager/value="m"`},
	{"7644 3.5.2.1", "/Users/{bob}", `[{"op":"add","path":"title","value":null}]`, `title- meta/version="W/\"1\""`},
	{"7644 3.5.2.1", "/Users/{ada}", `[{"op":"add","path":"emails[type eq \"pager\"]","value":{"value":"c@x.test"}}]`, `!noTarget`},
	{"7644 3.5.2.1", "/Users/{ada}", `[{"op":"add"}]`, `!invalidValue`},
	{"7644 3.5.2.1", "/Users/{ada}", `[{"op":"add","value":"x"}]`, `!invalidValue`},
	{"7644 3.5.2.1", "/Users/{ada}", `[{"op":"add","path":"emails","value":"x"}]`, `!invalidValue`},
	{"7644 3.5.2.1", "/Users/{ada}", `[{"op":"add","path":"x509Certificates","value":[{"value":"!"}]}]`, `!invalidValue`},

	// Section 3.5.2.2: remove.
	{"7644 3.5.2.2", "/Users/{ada}", `[{"op":"remove","path":"name"}]`, `name-`},
	{"7644 3.5.2.2", "/Users/{ada}", `[{"op":"remove","path":"emails[type pr]"}]`, `emails-`},
	{"7644 3.5.2.2", "/Users/{ada}", `[{"op":"remove","path":"emails[type eq \"work\" and primary eq true]"}]`, `emails/0/type="home" emails/1-`},
	{"7643 2.4", "/Users/{ada}", `[{"op":"remove","path":"emails[primary eq false]"}]`, `emails/0/type="work" emails/1-`},
	{"7643 2.4", "/Users/{ada}", `[{"op":"remove","path":"emails[primary ne true]"}]`, `emails/0/type="work" emails/1-`},
	{"7644 3.5.2.2", "/Users/{ada}", `[{"op":"remove","path":"emails.type"}]`, `emails/0/type- emails/1/type- emails/1/value!`},
	{"7644 3.5.2.2", "/Users/{ada}", `[{"op":"remove","path":"` + entURN + `"}]`, entURN + `- schemas/1-`},
	{"7644 3.5.2.2", "/Users/{ada}", `[{"op":"remove","path":"` + entURN + `:department"}]`, entURN + `/department- ` + entURN + `/division!`},
	{"7644 3.5.2.2", "/Users/{bob}", `[{"op":"remove","path":"photos"}]`, `meta/version="W/\"1\""`},
	{"7644 3.5.2.2", "/Users/{ada}", `[{"op":"remove","path":"id"}]`, `!mutability`},
	{"7644 3.5.2.2", "/Users/{ada}", `[{"op":"remove","path":"meta"}]`, `!mutability`},
	{"7644 3.5.2.2", "/Users/{ada}", `[{"op":"remove","path":"groups"}]`, `!mutability`},
	{"7644 3.5.2.2", "/Users/{ada}", `[{"op":"remove","path":"emails[bogus eq \"x\"]"}]`, `!invalidFilter`},
	{"7644 3.5.2.2", "/Users/{ada}", `[{"op":"remove","path":"emails[primary gt true]"}]`, `!invalidFilter`},
	{"7644 3.5.2.2", "/Users/{ada}", `[{"op":"remove","path":"x509Certificates[value eq \"miidqzcca\"]"}]`, `x509Certificates/0!`},

	// Section 3.5.2.3: replace.
	{"7644 3.5.2.3", "/Users/{ada}", `[{"op":"replace","path":"emails[type eq \"home\"].primary","value":true}]`, `emails/0/primary=false emails/1/primary=true`},
	{"7644 3.5.2.3", "/Users/{ada}", `[{"op":"replace","path":"emails[type eq \"work\" and value co \"acme\"].display","value":"D"}]`, `emails/0/display="D" emails/1/display-`},
	{"7644 3.5.2.3", "/Users/{ada}", `[{"op":"replace","path":"emails[type pr].display","value":"D"}]`, `emails/0/display="D" emails/1/display="D"`},
	{"7644 3.5.2.3", "/Users/{ada}", `[{"op":"replace","path":"emails","value":[{"value":"c@x.test"}]}]`, `emails/0/value="c@x.test" emails/1-`},
	{"7644 3.5.2.3", "/Users/{ada}", `[{"op":"replace","path":"title","value":null}]`, `title-`},
	{"7644 3.5.2.3", "/Users/{ada}", `[{"op":"replace","path":"emails","value":[]}]`, `emails-`},
	{"7644 3.5.2.3", "/Users/{ada}", `[{"op":"replace","value":{"schemas":["urn:x:y"],"id":"{ada}","title":"T"}}]`, `title="T" schemas/1="` + entURN + `" schemas/2-`},
	{"7644 3.5.2.3", "/Users/{ada}", `[{"op":"replace","value":{"` + entURN + `":{"department":"D"}}}]`, entURN + `/department="D" ` + entURN + `/division="d"`},
	{"7644 3.5.2.3", "/Users/{ada}", `[{"op":"replace","path":"` + userURN + `:emails[type eq \"work\"].value","value":"c@x.test"}]`, `emails/0/value="c@x.test"`},
	{"7644 3.5.2.3", "/Users/{bob}", `[{"op":"replace","path":"` + entURN + `:department","value":null}]`, `schemas/1- meta/version="W/\"1\""`},
	{"7644 3.5.2.3", "/Users/{ada}", `[{"op":"replace","path":"title","value":"1"},{"op":"add","path":"title","value":"2"},{"op":"remove","path":"nickName"}]`, `title="2" nickName-`},
	{"7644 3.5.2.3", "/Users/{ada}", `[{"op":"replace","path":"addresses[type eq \"home\"]","value":{"locality":"x"}}]`, `!noTarget`},
	{"7644 3.5.2.3", "/Users/{ada}", `[{"op":"replace","path":"emails[not (type pr)].value","value":"x"}]`, `!noTarget`},
	{"7644 3.5.2.3", "/Users/{ada}", `[{"op":"replace","path":"emails[value sw \"zz\"].type","value":"x"}]`, `!noTarget`},
	{"7644 3.5.2.3", "/Users/{ada}", `[{"op":"replace","path":"emails[type eq \"work\"]","value":"x"}]`, `!invalidValue`},
	{"7644 3.5.2.3", "/Users/{ada}", `[{"op":"replace","path":"emails","value":[{"value":"a","primary":true},{"value":"b","primary":true}]}]`, `!invalidValue`},
	{"7644 3.5.2.3", "/Users/{ada}", `[{"op":"replace","path":"title","value":{"a":1}}]`, `!invalidValue`},
	{"7644 3.5.2.3", "/Users/{ada}", `[{"op":"replace","path":"userName","value":null}]`, `!invalidValue`},
	{"7644 3.5.2.3", "/Users/{ada}", `[{"op":"replace","value":{"id":"other","title":"x"}}]`, `!mutability`},
	{"7644 3.5.2.3", "/Users/{ada}", `[{"op":"replace","path":"groups[value eq \"{team}\"].display","value":"x"}]`, `!mutability`},

	// Section 3.5.2: paths (figure 7).
	{"7644 3.5.2", "/Users/{ada}", `[{"op":"replace","path":"1bad","value":"x"}]`, `!invalidPath`},
	{"7644 3.5.2", "/Users/{ada}", `[{"op":"replace","path":"na me","value":"x"}]`, `!invalidPath`},
	{"7644 3.5.2", "/Users/{ada}", `[{"op":"replace","path":"name..givenName","value":"x"}]`, `!invalidPath`},
	{"7644 3.5.2", "/Users/{ada}", `[{"op":"replace","path":"name.givenName.x","value":"x"}]`, `!invalidPath`},
	{"7644 3.5.2", "/Users/{ada}", `[{"op":"replace","path":"emails]","value":"x"}]`, `!invalidPath`},
	{"7644 3.5.2", "/Users/{ada}", `[{"op":"replace","path":"emails[].value","value":"x"}]`, `!invalidPath`},
	{"7644 3.5.2", "/Users/{ada}", `[{"op":"replace","path":"emails.value[type eq \"work\"]","value":"x"}]`, `!invalidPath`},
	{"7644 3.5.2", "/Users/{ada}", `[{"op":"replace","path":"emails[type eq \"work\"].value.x","value":"x"}]`, `!invalidPath`},
	{"7644 3.5.2", "/Users/{ada}", `[{"op":7,"path":"title","value":"x"}]`, `!invalidSyntax`},
	{"7644 3.5.2", "/Users/{ada}", `[{"path":"title","value":"x"}]`, `!invalidSyntax`},

	// Members of groups.
	{"7644 3.5.2.1", "/Groups/{team}?attributes=members", `[{"op":"add","value":{"members":[{"value":"{bob}"}]}}]`, `members/1! members/2-`},
	{"7644 3.5.2.1", "/Groups/{team}?attributes=members", `[{"op":"add","path":"members[value eq \"{bob}\"]","value":{"value":"{bob}"}}]`, `members/1! members/2-`},
	{"7644 3.5.2.1", "/Groups/{team}", `[{"op":"add","path":"members","value":[{"value":7}]}]`, `!invalidValue`},
	{"7644 3.5.2.1", "/Groups/{team}", `[{"op":"add","path":"members","value":[{"display":"x"}]}]`, `!invalidValue`},
	{"7644 3.5.2.2", "/Groups/{team}?attributes=members", `[{"op":"remove","path":"MEMBERS[VALUE EQ \"{ada}\" or value eq \"{bob}\"]"}]`, `members/0-`},
	{"7644 3.5.2.2", "/Groups/{team}?attributes=members", `[{"op":"remove","path":"members[type eq \"User\"]"}]`, `members/0-`},
	{"7644 3.5.2.2", "/Groups/{team}?attributes=members", `[{"op":"remove","path":"members[value eq \"{bob}\"]"}]`, `members/0/value="{ada}"`},
	{"7644 3.5.2.2", "/Groups/{team}", `[{"op":"remove"}]`, `!noTarget`},
	{"7644 3.5.2.2", "/Groups/{team}", `[{"op":"remove","path":"members.value"}]`, `!mutability`},
	{"7644 3.5.2.2", "/Groups/{team}", `[{"op":"remove","path":"members[value eq \"{ada}\"].type"}]`, `!mutability`},
	{"7644 3.5.2.2", "/Groups/{team}", `[{"op":"remove","path":"members[bogus eq \"x\"]"}]`, `!invalidFilter`},
	{"7644 3.5.2.2", "/Groups/{team}", `[{"op":"remove","path":"members[value eq \"x\""}]`, `!invalidPath`},
	{"7644 3.5.2.3", "/Groups/{team}?attributes=members", `[{"op":"replace","path":"members[value eq \"{ada}\"]","value":{"value":"{ada}","display":"D"}}]`, `members/0/display="D" members/1-`},
	{"7644 3.5.2.3", "/Groups/{team}?attributes=members", `[{"op":"replace","path":"members","value":[]}]`, `members/0-`},
	{"7644 3.5.2.3", "/Groups/{team}", `[{"op":"replace","path":"members[value eq \"{ada}\"]","value":{"value":"{bob}"}}]`, `!mutability`},
	{"7644 3.5.2.3", "/Groups/{team}", `[{"op":"replace","path":"members[value eq \"{ada}\"].type","value":"Group"}]`, `!mutability`},
	{"7644 3.5.2.3", "/Groups/{team}", `[{"op":"replace","path":"members[value eq \"{bob}\"]","value":{"value":"{bob}"}}]`, `!noTarget`},
	{"7644 3.5.2.3", "/Groups/{team}", `[{"op":"replace","value":{"id":"other","displayName":"x"}}]`, `!mutability`},
	{"7644 3.5.2.3", "/Groups/{team}", `[{"op":"replace","path":"displayName","value":""}]`, `!invalidValue`},
	{"7644 3.5.2.3", "/Groups/{team}?attributes=displayName", `[{"op":"replace","value":{"id":"{team}","displayName":"Crew"}}]`, `displayName="Crew"`},
}

// What was refused has changed nothing, also where an operation in front of it
// could be carried out (RFC 7644 section 3.5.2).
func TestRefusedPatchesChangeNothing(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		ids := furnish(c)
		refused := 0
		for _, p := range patches {
			if _, bad := strings.CutPrefix(p.want, "!"); !bad {
				continue
			}
			path := "/Users/" + ids["{ada}"]
			first := `[{"op":"replace","path":"displayName","value":"Changed"},{"op":"remove","path":"emails"},`
			if strings.HasPrefix(p.path, "/Groups") {
				path, first = "/Groups/"+ids["{team}"], `[{"op":"replace","path":"displayName","value":"Changed"},{"op":"remove","path":"members"},`
			}
			before := c.do("GET", path, "").want(200, "").text
			operations := p.operations
			for name, id := range ids {
				operations = strings.ReplaceAll(operations, name, id)
			}
			if a := c.do("PATCH", path, patchURN+first+operations[1:]+"}"); a.status != 400 {
				t.Errorf("%s: %d %s", operations, a.status, a.text)
			}
			if after := c.do("GET", path, "").want(200, "").text; after != before {
				t.Fatalf("%s changed\n%s to\n%s", operations, before, after)
			}
			refused++
		}
		if refused < 40 {
			t.Errorf("%d refusals were tried", refused)
		}
	})
}
