package scim_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// The example calls of Microsoft's page on provisioning by SCIM, and those of its
// pages on attributes, roles and the flag in the tenant URL, with other people.

const customURN = "urn:ietf:params:scim:schemas:extension:CustomExtensionName:2.0:User"

// entra is how the provisioning service reaches a server.
func (h *house) entra() client { return h.acme.with("User-Agent", "") }

// ops writes operations in Entra's manner: capitals, one path each.
func ops(operations ...string) string { return patchURN + "[" + strings.Join(operations, ",") + "]}" }

func op(name, path, value string) string {
	out := `{"op":"` + name + `","path":"` + strings.ReplaceAll(path, `"`, `\"`) + `"`
	if value != "" {
		out += `,"value":` + value
	}
	return out + "}"
}

func TestEntraPeople(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.entra()
		ids := c.play(t, nil, entraPeople)
		// The same fields as in the page's answers, and those that the RFC adds.
		c.do("GET", "/Users/"+ids["ada"], "").want(404, "")
		made := c.do("POST", "/Users", `{"schemas":["`+userURN+`","`+entURN+`"],"externalId":"e-3","userName":"bob","active":true,"emails":[{"primary":true,"type":"work","value":"bob@acme.test"}],
			"meta":{"resourceType":"User"},"name":{"formatted":"Bob King","familyName":"King","givenName":"Bob"},"roles":[]}`).want(201, "")
		fields := slices.Sorted(maps.Keys(made.body))
		if want := []string{"active", "emails", "externalId", "id", "meta", "name", "schemas", "userName"}; !slices.Equal(fields, want) {
			t.Errorf("the answer has %v, must have %v", fields, want)
		}
		meta, _ := made.body["meta"].(map[string]any)
		if got := slices.Sorted(maps.Keys(meta)); !slices.Equal(got, []string{"created", "lastModified", "location", "resourceType", "version"}) {
			t.Errorf("meta has %v", got)
		}
		list := c.do("GET", "/Users?filter=userName+eq+%22bob%22", "").want(200, "")
		if got := slices.Sorted(maps.Keys(list.body)); !slices.Equal(got, []string{"Resources", "itemsPerPage", "schemas", "startIndex", "totalResults"}) {
			t.Errorf("a list has %v", got)
		}
	})
}

var entraPeople = []step{
	{"test connection", "GET", `/Users?filter=userName+eq+"5b2a0d3e-8c3f-4c39-8b1a-2f0f3a6f1f11"`, "", 200,
		`totalResults=0 Resources=[] startIndex=1 schemas/0="urn:ietf:params:scim:api:messages:2.0:ListResponse"`},
	{"match", "GET", "/Users?filter=externalId eq e-1", "", 200, `totalResults=0 Resources=[]`},
	// The URN lacks a colon in the page's example, and nulls stand for what is not known.
	{"ada", "POST", "/Users", `{"schemas":["` + userURN + `","urn:ietf:params:scim:schemas:extension:enterprise:2.0User"],"externalId":"e-1","userName":"ada@acme.test","active":true,"addresses":null,
		"displayName":"Ada King","emails":[{"type":"work","value":"ada@Acme.test","primary":true}],"meta":{"resourceType":"User"},"name":{"familyName":"King","givenName":"Ada"},
		"phoneNumbers":null,"preferredLanguage":null,"title":null,"department":null,"manager":null}`, 201,
		`schemas=["` + userURN + `"] externalId="e-1" active=true emails/0/value="ada@Acme.test" emails/0/primary=true meta/resourceType="User" department- manager- title- addresses-`},
	{"match", "GET", "/Users?filter=externalId eq e-1", "", 200, `totalResults=1 Resources/0/id="{ada}" itemsPerPage=1`},
	{"read", "GET", "/Users/{ada}", "", 200, `id="{ada}" name/givenName="Ada"`},
	{"read nobody", "GET", "/Users/5171a35d82074e068ce2", "", 404, `status="404" schemas/0="urn:ietf:params:scim:api:messages:2.0:Error" detail!`},
	{"several values", "PATCH", "/Users/{ada}", ops(op("Replace", `emails[type eq "work"].value`, `"new@acme.test"`), op("Replace", "name.familyName", `"Lovelace"`)), 200,
		`emails/0/value="new@acme.test" emails/0/primary=true emails/1- name/familyName="Lovelace" name/givenName="Ada"`},
	{"one value", "PATCH", "/Users/{ada}", ops(op("Replace", "userName", `"ada.l@acme.test"`)), 200, `userName="ada.l@acme.test" emails/0/value="new@acme.test"`},
	{"soft delete", "PATCH", "/Users/{ada}", `{"Operations":[{"op":"Replace","path":"active","value":"False"}],"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"]}`, 200, `active=false`},
	{"still there", "GET", `/Users?filter=userName+eq+"ADA.L%40acme.test"`, "", 200, `totalResults=1 Resources/0/active=false`},
	{"restore", "PATCH", "/Users/{ada}", ops(op("Replace", "active", `"True"`)), 200, `active=true`},
	{"soft delete with the flag", "PATCH", "/Users/{ada}", ops(op("replace", "active", "false")), 200, `active=false`},
	{"a profile of somebody shut out", "PATCH", "/Users/{ada}", ops(op("Add", "nickName", `"Ada"`)), 200, `active=false nickName="Ada"`},
	{"hard delete", "DELETE", "/Users/{ada}", "", 204, ""},
	{"gone", "DELETE", "/Users/{ada}", "", 404, `status="404"`},
	{"gone", "GET", `/Users?filter=userName+eq+"ada.l%40acme.test"`, "", 200, `totalResults=0`},
	{"again", "POST", "/Users", `{"schemas":["` + userURN + `"],"externalId":"e-1","userName":"ada.l@acme.test","active":true}`, 201, `active=true id!`},
}

func TestEntraAttributes(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) { h.entra().play(t, nil, entraAttributes) })
}

// What administrators map beside the usual: values of a type that nobody has
// yet, the enterprise extension and one of their own, whose URN Entra does not list.
var entraAttributes = []step{
	{"ada", "POST", "/Users", `{"schemas":["` + userURN + `"],"userName":"ada","active":"True","` + customURN + `":{"tag":"701984","floor":7,"remote":true},"` + entURN + `":{"department":null,"manager":null}}`, 201,
		`active=true schemas=["` + userURN + `","` + customURN + `"] ` + customURN + `/tag="701984" ` + customURN + `/floor=7 ` + customURN + `/remote=true ` + entURN + `-`},
	{"values", "PATCH", "/Users/{ada}", ops(
		op("Add", `emails[type eq "work"].value`, `"ada@acme.test"`), op("Add", `emails[type eq "other"].value`, `"o@acme.test"`),
		op("Add", `phoneNumbers[type eq "mobile"].value`, `"+1 (425) 555-0100"`), op("Add", `phoneNumbers[type eq "work"].value`, `"2"`), op("Add", `phoneNumbers[type eq "fax"].value`, `"3"`),
		op("Add", `addresses[type eq "work"].formatted`, `"1 Row\nLondon"`), op("Add", `addresses[type eq "work"].country`, `"GB"`), op("Add", `addresses[type eq "other"].formatted`, `"2 Row"`)), 200,
		`emails/0/value="ada@acme.test" emails/0/type="work" emails/1/type="other" phoneNumbers/0/value="+1_(425)_555-0100" phoneNumbers/0/type="mobile" phoneNumbers/2/value="3" addresses/0/formatted="1_Row\nLondon" addresses/0/country="GB" addresses/1/type="other"`},
	{"extensions", "PATCH", "/Users/{ada}", ops(op("Add", entURN+":employeeNumber", `"17"`), op("Replace", entURN+":department", `"Looms"`),
		op("Replace", customURN+":tag", `"x"`), op("Add", customURN+":floor", "9"), op("Add", customURN+":remote", "false"), op("Add", customURN+":desk", `"2"`)), 200,
		entURN + `/employeeNumber="17" ` + entURN + `/department="Looms" ` + customURN + `/tag="x" ` + customURN + `/floor=9 ` + customURN + `/remote=false ` + customURN + `/desk="2"`},
	{"with the flag", "PATCH", "/Users/{ada}?aadOptscim062020", ops(op("replace", `emails[type eq "work"].value`, `"flag@acme.test"`),
		`{"op":"replace","value":{"displayName":"Ada K.","name.givenName":"Ada","name.familyName":"King","`+entURN+`:employeeNumber":"18","`+customURN+`:tag":"y","`+customURN+`:floor":10}}`), 200,
		`emails/0/value="flag@acme.test" displayName="Ada_K." name/familyName="King" ` + entURN + `/employeeNumber="18" ` + entURN + `/department="Looms" ` + customURN + `/tag="y" ` + customURN + `/floor=10`},
	{"a dot behind the URN", "PATCH", "/Users/{ada}", ops(op("Replace", entURN+".department", `"Engines"`), op("Add", userURN+".nickName", `"A"`)), 200,
		entURN + `/department="Engines" nickName="A" schemas/3-`},
	{"removals", "PATCH", "/Users/{ada}", ops(op("Remove", "nickName", ""), op("Remove", "title", ""), op("Remove", "name.middleName", ""), op("Remove", `phoneNumbers[type eq "fax"]`, ""),
		op("Remove", `phoneNumbers[type eq "pager"].value`, ""), op("Remove", `addresses[type eq "other"].formatted`, ""), op("Remove", entURN+":department", ""), op("Remove", customURN+":floor", ""), op("Remove", customURN+":remote", "")), 200,
		`nickName- phoneNumbers/2- ` + entURN + `/department- ` + entURN + `/employeeNumber="18" ` + customURN + `/floor- ` + customURN + `/remote- ` + customURN + `/tag="y"`},
	{"chosen", "GET", "/Users/{ada}?attributes=" + customURN + ":tag", "", 200, customURN + `/tag="y" ` + customURN + `/desk- userName-`},
	{"the last of them", "PATCH", "/Users/{ada}", ops(op("Remove", customURN+":tag", ""), op("Remove", customURN+":desk", ""), op("Remove", entURN+":employeeNumber", "")), 200, `schemas=["` + userURN + `"]`},
}

func TestEntraManager(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.entra()
		ids := map[string]string{"ada": c.create("ada@acme.test"), "boss": c.create("boss@acme.test"), "chief": c.create("chief@acme.test")}
		c.play(t, ids, entraManager)
	})
}

const managerValue, managerRef = entURN + "/manager/value", entURN + "/manager/$ref"

var entraManager = []step{
	{"nobody yet", "GET", "/Users?filter=id eq {ada} and manager eq {boss}&attributes=id", "", 200, `totalResults=0`},
	{"as the page has it", "PATCH", "/Users/{ada}", ops(op("Add", "manager", `[{"$ref":"http://acme.test/Users/{boss}","value":"{boss}"}]`)), 200, managerValue + `="{boss}" ` + managerRef + `! manager-`},
	{"is it so", "GET", "/Users?filter=id eq {ada} and manager eq {boss}&attributes=id", "", 200, `totalResults=1 Resources/0/id="{ada}" Resources/0/userName-`},
	{"is it so", "GET", `/Users?filter=manager eq "{boss}" and id eq "{ada}"`, "", 200, `totalResults=1`},
	{"is it so", "GET", "/Users?filter=" + entURN + `:manager eq "{boss}"`, "", 200, `totalResults=1`},
	{"is it so", "GET", "/Users?filter=" + entURN + `.manager eq "{boss}"`, "", 200, `totalResults=1`},
	{"is it so", "GET", "/Users?filter=" + entURN + `:manager.value eq "{chief}"`, "", 200, `totalResults=0`},
	{"another, as an id", "PATCH", "/Users/{ada}", ops(op("Replace", entURN+":manager", `"{chief}"`)), 200, managerValue + `="{chief}" ` + managerRef + `-`},
	{"another, as an object", "PATCH", "/Users/{ada}", ops(op("Replace", entURN+":manager", `{"$ref":"../Users/{boss}","value":"{boss}"}`)), 200, managerValue + `="{boss}" ` + managerRef + `="../Users/{boss}"`},
	{"another, by its part", "PATCH", "/Users/{ada}", ops(op("Replace", entURN+":manager.value", `"{chief}"`)), 200, managerValue + `="{chief}" ` + managerRef + `-`},
	{"another, behind a dot", "PATCH", "/Users/{ada}", ops(op("replace", entURN+".manager", `"{boss}"`)), 200, managerValue + `="{boss}" schemas/2-`},
	{"empty", "PATCH", "/Users/{ada}", ops(op("replace", entURN+":manager", `""`)), 200, entURN + `-`},
	{"another, as a key", "PATCH", "/Users/{ada}", ops(`{"op":"replace","value":{"` + entURN + `:manager":"{chief}"}}`), 200, managerValue + `="{chief}"`},
	{"nobody, with a value", "PATCH", "/Users/{ada}", ops(op("Remove", entURN+":manager", `"{chief}"`)), 200, entURN + `-`},
	{"again", "PATCH", "/Users/{ada}", ops(op("Add", entURN+":manager", `"{boss}"`)), 200, managerValue + `="{boss}"`},
	{"nobody", "PATCH", "/Users/{ada}", ops(op("Remove", "manager", "")), 200, entURN + `-`},
	{"two are none", "PATCH", "/Users/{ada}", ops(op("Add", "manager", `[{"value":"{boss}"},{"value":"{chief}"}]`)), 400, `scimType="invalidValue"`},
}

func TestEntraRoles(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.entra().play(t, nil, []step{
			{"single", "POST", "/Users", `{"schemas":["` + userURN + `"],"userName":"ada","roles":[{"primary":true,"type":"WindowsAzureActiveDirectoryRole","value":"Admin"}]}`, 201, `roles/0/primary=true roles/0/value="Admin"`},
			{"single", "PATCH", "/Users/{single}", ops(op("Replace", `roles[primary eq "True"].value`, `"Reader"`), op("Add", `roles[primary eq "True"].display`, `"Reads"`), op("Add", `roles[primary eq "True"].type`, `"x"`)), 200,
				`roles/0/value="Reader" roles/0/display="Reads" roles/0/type="x" roles/0/primary=true roles/1-`},
			{"added as text", "PATCH", "/Users/{single}", ops(op("Add", "roles", `[{"value":"{\"id\":\"1\",\"value\":\"25\",\"displayName\":\"Writes\"}"}]`)), 200, `roles/1/value="{\"id\":\"1\",\"value\":\"25\",\"displayName\":\"Writes\"}"`},
			{"complex", "POST", "/Users", `{"schemas":["` + userURN + `"],"userName":"bob","roles":[{"primary":false,"type":"W","displayName":"Admin","value":"Admin"},{"primary":false,"type":"W","displayName":"User","value":"User"}]}`, 201,
				`roles/0/displayName="Admin" roles/1/value="User" roles/1/primary=false`},
			{"assertive", "PATCH", "/Users/{complex}", ops(op("replace", "roles", `[{"primary":"False","type":"W","display":"User","value":"User"},{"primary":"False","type":"W","display":"Test","value":"Test"}]`)), 200,
				`roles/0/value="User" roles/1/value="Test" roles/1/primary=false roles/2-`},
			{"a role that nobody has", "PATCH", "/Users/{complex}", ops(op("Add", `roles[primary eq "True"].value`, `"First"`)), 200, `roles/2/value="First" roles/2/primary=true`},
			{"by role", "GET", `/Users?filter=roles[primary eq "True"].value eq "First"`, "", 200, `totalResults=1 Resources/0/id="{complex}"`},
			{"none", "PATCH", "/Users/{complex}", ops(op("Remove", "roles", "")), 200, `roles-`},
		})
	})
}

func TestEntraGroups(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.entra()
		ada, bob := c.create("ada@acme.test"), c.create("bob@acme.test")
		ids := c.play(t, map[string]string{"ada": ada, "bob": bob}, entraGroups)
		c.holds(ids["crew"], bob)
		c.play(t, ids, []step{
			{"none of a list", "PATCH", "/Groups/{crew}", ops(op("Remove", "members", `[]`)), 204, ""},
			{"is it so", "GET", `/Groups?filter=id eq "{crew}" and members eq "{bob}"&attributes=id`, "", 200, `totalResults=1`},
			{"all", "PATCH", "/Groups/{crew}", ops(op("Remove", "members", "")), 204, ""},
			{"nobody", "GET", "/Groups/{crew}", "", 200, `members=[] displayName="Flagged"`},
			{"away", "DELETE", "/Groups/{crew}", "", 204, ""},
			{"gone", "GET", "/Groups/{crew}?excludedAttributes=members", "", 404, `status="404"`},
			{"gone", "DELETE", "/Groups/{crew}", "", 404, ""},
			{"restored under its old name", "POST", "/Groups", `{"schemas":["` + groupURN + `"],"displayName":"Flagged","externalId":"g-2"}`, 201, `members=[]`},
		})
	})
}

var entraGroups = []step{
	{"match", "GET", `/Groups?excludedAttributes=members&filter=displayName eq "Crew"`, "", 200, `totalResults=0 Resources=[]`},
	{"crew", "POST", "/Groups", `{"schemas":["` + groupURN + `","http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],"externalId":"g-1","displayName":"Crew","meta":{"resourceType":"Group"}}`, 201,
		`schemas=["` + groupURN + `"] externalId="g-1" displayName="Crew" members=[] meta/resourceType="Group" meta/created! meta/lastModified!`},
	{"match", "GET", `/Groups?excludedAttributes=members&filter=displayName+eq+%22CREW%22`, "", 200, `totalResults=1 Resources/0/id="{crew}" Resources/0/externalId="g-1" Resources/0/members-`},
	{"match", "GET", `/Groups?excludedAttributes=members&filter=externalId eq "g-1"`, "", 200, `totalResults=1 Resources/0/members-`},
	{"read", "GET", "/Groups/{crew}?excludedAttributes=members", "", 200, `displayName="Crew" externalId="g-1" members-`},
	{"rename", "PATCH", "/Groups/{crew}", ops(op("Replace", "displayName", `"New crew"`), op("Replace", "externalId", `"g-2"`)), 204, ""},
	{"add", "PATCH", "/Groups/{crew}", ops(op("Add", "members", `[{"$ref":null,"value":"{ada}"}]`)), 204, ""},
	{"add several", "PATCH", "/Groups/{crew}", ops(op("Add", "members", `[{"$ref":null,"value":"{bob}"},{"$ref":null,"value":"{ada}"}]`)), 204, ""},
	{"is it so", "GET", `/Groups?filter=id eq "{crew}" and members eq "{bob}"`, "", 200, `totalResults=1 Resources/0/displayName="New_crew" Resources/0/externalId="g-2"`},
	{"is it so", "GET", "/Groups?filter=id eq {crew} and members eq {bob}&attributes=ID", "", 200, `totalResults=1 Resources/0/displayName-`},
	{"is it so", "GET", `/Groups?filter=id+eq+%22{crew}%22+and+members%5bvalue+eq+%22{ada}%22%5d`, "", 200, `totalResults=1`},
	{"remove by a list", "PATCH", "/Groups/{crew}", ops(op("Remove", "members", `[{"$ref":null,"value":"{ada}"}]`)), 204, ""},
	{"is it so", "GET", `/Groups?filter=id eq "{crew}" and members eq "{ada}"`, "", 200, `totalResults=0`},
	{"remove again", "PATCH", "/Groups/{crew}", ops(op("Remove", "members", `[{"value":"{ada}"}]`)), 204, ""},
	{"add with the flag", "PATCH", "/Groups/{crew}", ops(op("add", "members", `[{"value":"{ada}"}]`)), 204, ""},
	{"remove with the flag", "PATCH", "/Groups/{crew}", ops(op("remove", `members[value eq "{ada}"]`, "")), 204, ""},
	{"replace", "PATCH", "/Groups/{crew}", ops(op("Replace", "members", `[{"value":"{ada}"}]`)), 204, ""},
	{"replace", "PATCH", "/Groups/{crew}", ops(op("Replace", "members", `[{"value":"{bob}"}]`)), 204, ""},
	{"rename with the flag", "PATCH", "/Groups/{crew}", ops(`{"op":"replace","value":{"displayName":"Flagged","id":"{crew}"}}`), 204, ""},
}
