package scim_test

import "testing"

func TestCore4Groups(t *testing.T) {
	eachStage(t, func(s *stage) { s.try(groupRows) })
}

var groupRows = []demand{
	{"4.2", "POST", "/Groups", "", `{"schemas":["` + groupURN + `"]}`, 400, `scimType="invalidValue"`},
	{"4.2", "POST", "/Groups", "", `{"displayName":""}`, 400, `scimType="invalidValue"`},
	{"4.2", "POST", "/Groups", "", `{"displayName":null}`, 400, `scimType="invalidValue"`},
	{"4.2", "POST", "/Groups", "", `{"displayName":1}`, 400, `scimType="invalidValue"`},
	{"4.2", "POST", "/Groups", "", `{"displayName":["x"]}`, 400, `scimType="invalidValue"`},
	{"4.2", "POST", "/Groups", "", `{"displayName":"{new}","externalId":7}`, 400, `scimType="invalidValue"`},
	{"4.2", "PUT", "/Groups/{crew}", "", `{"members":[]}`, 400, `scimType="invalidValue"`},
	{"4.2", "PATCH", "/Groups/{crew}", "", patchURN + `[{"op":"remove","path":"displayName"}]}`, 400, `scimType="mutability"`},
	{"4.2", "PATCH", "/Groups/{crew}", "", patchURN + `[{"op":"replace","path":"displayName","value":""}]}`, 400, `scimType="invalidValue"`},

	// Members: a value, an absolute $ref, the type User, and what they are called.
	{"4.2", "POST", "/Groups", "", `{"displayName":"{new}","externalId":"G","members":[{"value":"{ada}","$ref":"../Users/{ada}","type":"User","display":"Ada"},{"value":"{bob}"},{"value":"{ada}"}]}`, 201,
		`externalId="G" members/0/value="{ada}" members/0/$ref="{base}/Users/{ada}" members/0/type="User" members/0/display="Ada" members/1/value="{bob}" members/1/type="User" members/1/display- members/2- #Location! #Etag!`},
	{"4.2", "GET", "/Groups/{crew}", "", "", 200, `displayName! externalId="c" members/0/value="{ada}" members/0/$ref="{base}/Users/{ada}" members/0/type="User" members/0/display="Ada" members/1-`},
	{"4.2", "GET", "/Groups/{crew}?attributes=members.value", "", "", 200, `members/0/value="{ada}" members/0/type- displayName- id="{crew}"`},
	{"4.2", "GET", "/Groups/{crew}?attributes=members.$ref,displayName", "", "", 200, `members/0/$ref! members/0/value- displayName!`},
	{"4.2", "GET", "/Groups/{crew}?excludedAttributes=members.display", "", "", 200, `members/0/value! members/0/display- displayName!`},
	{"4.2", "GET", "/Groups/{crew}?excludedAttributes=members", "", "", 200, `members- displayName!`},
	{"4.2", "POST", "/Groups", "", `{"displayName":"{new}","members":[]}`, 201, `members=[]`},
	{"4.2", "POST", "/Groups", "", `{"displayName":"{new}","members":null}`, 201, `members=[]`},
	{"4.2", "POST", "/Groups", "", `{"displayName":"{new}","members":[null]}`, 201, `members=[]`},
	{"4.2", "POST", "/Groups", "", `{"displayName":"{new}","members":{"value":"{bob}"}}`, 201, `members/0/value="{bob}"`},
	{"4.2", "POST", "/Groups", "", `{"displayName":"{new}","members":1}`, 400, `scimType="invalidValue"`},
	{"4.2", "POST", "/Groups", "", `{"displayName":"{new}","members":[1]}`, 400, `scimType="invalidValue"`},
	{"4.2", "POST", "/Groups", "", `{"displayName":"{new}","members":[[]]}`, 400, `scimType="invalidValue"`},
	{"4.2", "POST", "/Groups", "", `{"displayName":"{new}","members":[{"type":"User"}]}`, 400, `scimType="invalidValue"`},
	{"4.2", "POST", "/Groups", "", `{"displayName":"{new}","members":[{"value":7}]}`, 400, `scimType="invalidValue"`},
	{"4.2", "POST", "/Groups", "", `{"displayName":"{new}","members":[{"value":"{bob}","display":7}]}`, 400, `scimType="invalidValue"`},
	{"4.2", "POST", "/Groups", "", `{"displayName":"{new}","members":[{"value":"{bob}","type":true}]}`, 400, `scimType="invalidValue"`},
	{"4.2", "POST", "/Groups", "", `{"displayName":"{new}","members":[{"value":"nobody"}]}`, 400, `scimType="invalidValue"`},
	{"4.2", "POST", "/Groups", "", `{"displayName":"{new}","members":[{"value":"00000000-0000-7000-8000-000000000000"}]}`, 400, `scimType="invalidValue"`},
	{"4.2", "POST", "/Groups", "", `{"displayName":"{new}","members":[{"value":"{crew}"}]}`, 400, `scimType="invalidValue"`},
	{"4.2", "POST", "/Groups", "", `{"displayName":"{new}","members":[{"value":"{crew}","type":"Group"}]}`, 400, `scimType="invalidValue"`},

	// What members.value says is immutable: members come and go as a whole.
	{"4.2", "PATCH", "/Groups/{crew}", "", patchURN + `[{"op":"replace","path":"members[value eq \"{ada}\"].value","value":"{bob}"}]}`, 400, `scimType="mutability"`},
	{"4.2", "PATCH", "/Groups/{crew}", "", patchURN + `[{"op":"replace","path":"members[value eq \"{ada}\"].type","value":"Group"}]}`, 400, `scimType="mutability"`},
	{"4.2", "PATCH", "/Groups/{crew}", "", patchURN + `[{"op":"add","path":"members[value eq \"{ada}\"].$ref","value":"x"}]}`, 400, `scimType="mutability"`},
	{"4.2", "PATCH", "/Groups/{crew}", "", patchURN + `[{"op":"remove","path":"members[value eq \"{ada}\"].value"}]}`, 400, `scimType="mutability"`},
	{"4.2", "PATCH", "/Groups/{crew}", "", patchURN + `[{"op":"replace","path":"members.value","value":"{bob}"}]}`, 400, `scimType="mutability"`},
	{"4.2", "PATCH", "/Groups/{crew}?attributes=members", "", patchURN + `[{"op":"replace","path":"members[value eq \"{ada}\"].display","value":"A"}]}`, 200, `members/0/display="A" members/0/value="{ada}"`},

	// 4.1.2: the group shows at its people, and goes with it.
	{"4.1.2", "GET", `/Users?filter=groups.value eq "{crew}"`, "", "", 200, `totalResults=1 Resources/0/id="{ada}" Resources/0/groups/0/value!`},

	// 8.4: the RFC's group, of people of ours.
	{"8.4", "POST", "/Groups", "", `{"schemas":["` + groupURN + `"],"id":"e9e30dba-f08f-4109-8486-d5c6a331660a","displayName":"Tour Guides","members":[
		{"value":"{ada}","$ref":"https://example.com/v2/Users/2819c223-7f76-453a-919d-413861904646","display":"Babs Jensen"},{"value":"{bob}","$ref":"https://example.com/v2/Users/902c246b-6245-4190-8e05-00816be7344a","display":"Mandy Pepperidge"}],
		"meta":{"resourceType":"Group","created":"2010-01-23T04:56:22Z","lastModified":"2011-05-13T04:42:34Z","version":"W\/\"3694e05e9dff592\"","location":"https://example.com/v2/Groups/e9e30dba-f08f-4109-8486-d5c6a331660a"}}`, 201,
		`displayName="Tour_Guides" members/0/value="{ada}" members/0/display="Babs_Jensen" members/0/$ref="{base}/Users/{ada}" members/1/display="Mandy_Pepperidge" members/2-`},
	{"8.4", "POST", "/Groups", "", `{"displayName":"TOUR GUIDES"}`, 409, `scimType="uniqueness"`},
}

// A group reads the same wherever it is shown, and shows at each of its members.
func TestCore4GroupsOfPeople(t *testing.T) {
	eachStage(t, func(s *stage) {
		made := s.do("POST", "/Groups", `{"displayName":"Crew","externalId":"x","members":[{"value":"`+s.ada+`","display":"Ada"},{"value":"`+s.bob+`"}]}`).want(201, "")
		at := "/Groups/" + made.id()
		s.do("GET", at, "").want(200, "").equal("read", made.body)
		s.do("PUT", at, made.text).want(200, "").equal("put as it is", made.body)
		s.do("GET", "/Groups?filter="+escape(`displayName eq "CREW"`), "").want(200, "").equal("listed", made.body, "Resources", 0)
		s.do("POST", "/.search", `{"filter":"displayName eq \"crew\""}`).want(200, "").equal("searched", made.body, "Resources", 0)
		s.do("PATCH", at+"?excludedAttributes=none", patchURN+`[{"op":"replace","value":`+made.text+`}]}`).want(200, "").equal("patched as it is", made.body)
		want := map[string]any{"value": made.id(), "$ref": made.at("meta", "location"), "display": "Crew", "type": "direct"}
		for _, id := range []string{s.ada, s.bob} {
			s.do("GET", "/Users/"+id, "").want(200, "").equal("the group at its member", []any{want}, "groups")
			s.do("GET", "/Users?filter="+escape(`id eq "`+id+`"`), "").want(200, "").equal("the group at its member in a list", []any{want}, "Resources", 0, "groups")
			s.do("GET", "/Users/"+id+"?attributes=groups.display", "").want(200, "").equal("a part of it", []any{map[string]any{"display": "Crew"}}, "groups")
		}
		s.do("DELETE", at, "").want(204, "")
		s.do("GET", "/Users/"+s.bob, "").want(200, "").has(nil, "groups")
	})
}
