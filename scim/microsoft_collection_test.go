package scim_test

import (
	"maps"
	"strings"
	"testing"

	"rollcall/models"
)

// step is one call of a conversation with a client.
type step struct {
	what   string // and the name of the id that later steps mean by {what}
	method string
	path   string // as a person types it: blanks and quotes are encoded
	body   string
	status int
	want   string // see meets
}

// play has a client say its part of a conversation, and returns the ids that came up.
func (c client) play(t *testing.T, known map[string]string, steps []step) map[string]string {
	t.Helper()
	ids := maps.Clone(known)
	if ids == nil {
		ids = map[string]string{}
	}
	for _, s := range steps {
		var pairs []string
		for name, id := range ids {
			pairs = append(pairs, "{"+name+"}", id)
		}
		fill := strings.NewReplacer(pairs...).Replace
		path := strings.NewReplacer(" ", "%20", `"`, "%22").Replace(fill(s.path))
		a := c.do(s.method, path, fill(s.body))
		a.meets(t, demand{section: s.what, method: s.method, path: path, body: fill(s.body), status: s.status, want: fill(s.want)})
		if id, ok := a.body["id"].(string); ok && s.method == "POST" && a.status == 201 {
			ids[s.what] = id
		}
	}
	return ids
}

// newman is how Microsoft's public collection of requests reaches a server.
func (h *house) newman() client {
	return h.acme.with("Content-Type", "application/json").with("Accept", "*/*").with("User-Agent", "PostmanRuntime/7.43.0")
}

// capitalPrimary is a person as the collection sends them: "Primary" in capitals
// and an order of its own.
func capitalPrimary(userName, display, work, more string) string {
	return `{"userName":"` + userName + `","active":true,"displayName":"` + display + `","schemas":["` + entURN + `","` + userURN + `"],"externalId":"x-` + userName + `",
		"name":{"formatted":"` + display + ` King","familyName":"King","givenName":"` + display + `"},
		"emails":[{"Primary":true,"type":"work","value":"` + work + `"},{"Primary":false,"type":"home","value":"home@acme.test"}]` + more + `}`
}

// fullOfNulls is a person as the collection's second half sends them: two mails
// of one type, meta of another server, nulls everywhere and one externalId for all.
func fullOfNulls(userName, active, family, more string) string {
	name := ""
	if userName != "" {
		name = `"userName":"` + userName + `",`
	}
	return `{` + name + `"active":` + active + `,"displayName":"Grace","addresses":[
		{"country":"FR","formatted":"1 Rue\nParis","locality":"Paris","postalCode":"75001","region":"IDF","streetAddress":"1 Rue","type":"work","primary":false},
		{"country":null,"formatted":"2 Row\nLondon","locality":null,"postalCode":null,"region":null,"streetAddress":null,"type":"other","primary":false}],
		"emails":[{"type":"work","primary":true,"value":"grace@else.test"},{"type":"work","primary":false,"value":"grace@acme.test"}],
		"meta":{"created":"2019-09-18T18:15:26.5788954+00:00","lastModified":"2019-09-18T18:15:26.5788976+00:00","resourceType":"User"},
		"name":{"formatted":"Grace ` + family + `","familyName":"` + family + `","givenName":"Grace","honorificPrefix":null,"honorificSuffix":null},
		"phoneNumbers":[{"type":"fax","primary":false,"value":"1-2"},{"type":"mobile","primary":false,"value":"3-4"},{"type":"work","primary":true,"value":"5-6"}],
		"preferredLanguage":"fr","roles":[],"title":"Admiral","externalId":"one for all","schemas":["` + userURN + `"]` + more + `}`
}

const germany = `,"id":"{first}","addresses":[{"country":"Germany","formatted":"3 Weg\nBerlin","type":"work","primary":false},{"country":"IE","locality":null,"type":"other","primary":false}]`

// Microsoft's public collection, request by request and assertion by assertion,
// with other people.
func TestMicrosoftCollection(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.newman()
		c.play(t, nil, collectionEndpoints)
		if a := c.do("GET", "/Schemas", ""); strings.Contains(a.text, "null") {
			t.Errorf("null among the schemas: %s", a.text)
		}
		c.play(t, nil, collectionPeople)
		c.play(t, nil, collectionGroups)
		c.play(t, nil, collectionAttributes)
		ids := c.play(t, nil, collectionMess)
		if read := c.do("GET", "/Users/"+ids["first"], ""); strings.Contains(read.text, "Addresses") {
			t.Errorf("a misspelled attribute is spelled anew: %s", read.text)
		}
		ids = c.play(t, ids, collectionMessOfGroups)
		for _, who := range []string{"first", "emp1", "emp2", "emp3", "enterprise"} {
			c.do("DELETE", "/Users/"+ids[who], "").want(204, "")
		}
		c.do("DELETE", "/Groups/"+ids["crew"], "").want(204, "")
		for _, path := range []string{"/Users?attributes=userName", "/Groups"} {
			if left, ok := c.do("GET", path, "").want(200, "").at("Resources").([]any); !ok || len(left) != 0 {
				t.Errorf("%s: %v is left", path, left)
			}
		}
	})
}

var collectionEndpoints = []step{
	{"users in lower case", "GET", "/users", "", 200, `totalResults=0`},
	{"groups", "GET", "/Groups", "", 200, `totalResults=0`},
	{"types", "GET", "/ResourceTypes", "", 200, `Resources/0/endpoint="/Users"`},
	{"config", "GET", "/ServiceProviderConfig", "", 200, `patch/supported=true`},
	{"schemas", "GET", "/Schemas", "", 200, `Resources/0/description="User_Account"`},
}

var collectionPeople = []step{
	{"ada", "POST", "/Users", capitalPrimary("ada1", "Ada", "ada@acme.test", ""), 201, `id! emails/0/primary=true`},
	{"bob", "POST", "/Users", capitalPrimary("bob1", "Bob", "bob@acme.test", `,"`+entURN+`":{"Department":"Looms","Manager":{"Value":"Somebody"}}`), 201,
		entURN + `/department="Looms" ` + entURN + `/manager/value="Somebody"`},
	{"read", "GET", "/Users/{ada}", "", 200, `id="{ada}"`},
	{"read", "GET", "/Users/{bob}", "", 200, `id="{bob}"`},
	{"some attributes", "GET", "/Users?attributes=userName,emails", "", 200, `Resources/0/id="{ada}" Resources/0/emails! Resources/0/displayName-`},
	{"a slash, a name in capitals", "GET", `/Users/?filter=DisplayName+eq+"Ada"`, "", 200, `Resources/0/id="{ada}" totalResults=1`},
	{"another name", "PATCH", "/Users/{ada}", patchURN + `[{"op":"replace","path":"userName","value":"ada2"}]}`, 200, `userName="ada2"`},
	{"read", "GET", "/Users/{ada}", "", 200, `id="{ada}" userName="ada2"`},
	{"replace", "PUT", "/Users/{bob}", capitalPrimary("bob2", "Robert", "bob@Acme.test", `,"id":"{bob}"`), 200, `id="{bob}" userName="bob2"`},
	{"read", "GET", "/Users/{bob}", "", 200, `name/formatted="Robert_King"`},
	{"away", "DELETE", "/Users/{ada}", "", 204, ""},
	{"away", "DELETE", "/Users/{bob}", "", 204, ""},
}

const addByDisplayName = patchURN + `[{"name":"addMember","op":"add","path":"members","value":[{"displayName":"the new one","value":"{dan}"}]}]}`

var collectionGroups = []step{
	{"empty", "POST", "/Groups", `{"externalId":"g-1","schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Empty","members":[]}`, 201, `id! members=[]`},
	{"cleo", "POST", "/Users", capitalPrimary("cleo", "Cleo", "bob@acme.test", ""), 201, ""},
	{"dan", "POST", "/Users", capitalPrimary("dan", "Dan", "bob@acme.test", ""), 201, ""},
	{"full", "POST", "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"externalId":"g-2","displayName":"Full","members":[{"value":"{cleo}","display":"VP"}]}`, 201, `members/0/value="{cleo}"`},
	{"list", "GET", "/Groups", "", 200, `totalResults=2 itemsPerPage=2 startIndex=1`},
	{"third", "POST", "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"externalId":"g-3","displayName":"Third","members":[]}`, 201, ""},
	{"replace", "PUT", "/Groups/{third}", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"id":"{third}","displayName":"Put","members":[{"value":"{cleo}","display":"VP"},{"value":"{dan}","display":"CEO"}]}`, 200,
		`displayName="Put" externalId- members/1/value="{dan}"`},
	{"read", "GET", "/Groups/{third}", "", 200, `id="{third}" members/0/value="{cleo}"`},
	{"add", "PATCH", "/Groups/{empty}", addByDisplayName, 204, ""},
	{"remove", "PATCH", "/Groups/{empty}", patchURN + `[{"op":"remove","path":"members[value eq \"{dan}\"]"}]}`, 204, ""},
	{"add again", "PATCH", "/Groups/{empty}", addByDisplayName, 204, ""},
	{"read", "GET", "/Groups/{empty}", "", 200, `id="{empty}" members/0/value="{dan}" members/0/display="the_new_one"`},
	{"remove all", "PATCH", "/Groups/{empty}", patchURN + `[{"op":"remove","path":"members"}]}`, 204, ""},
	{"read", "GET", "/Groups/{empty}", "", 200, `id="{empty}" members=[]`},
	{"away", "DELETE", "/Users/{cleo}", "", 204, ""},
	{"away", "DELETE", "/Users/{dan}", "", 204, ""},
	{"away", "DELETE", "/Groups/{empty}", "", 204, ""},
	{"away", "DELETE", "/Groups/{full}", "", 204, ""},
	{"away", "DELETE", "/Groups/{third}", "", 204, ""},
}

// A value path among the attributes that are asked for, and a mail that is no address.
var collectionAttributes = []step{
	{"ada", "POST", "/Users", capitalPrimary("ada3", "Ada", "noAddress357", ""), 201, `emails/0/value="noAddress357"`},
	{"bob", "POST", "/Users", capitalPrimary("bob3", "Bob", "bob@acme.test", ""), 201, ""},
	{"by type", "GET", `/Users?attributes=emails%5Btype+eq+"work"%5D`, "", 200, `Resources/0/emails/0/value="noAddress357" Resources/0/userName-`},
	{"by value", "GET", `/Users?attributes=emails%5Bvalue+eq+"noAddress357"%5D`, "", 200, `Resources/0/emails/0/value="noAddress357"`},
	{"away", "DELETE", "/Users/{ada}", "", 204, ""},
	{"away", "DELETE", "/Users/{bob}", "", 204, ""},
}

var collectionMess = []step{
	{"first", "POST", "/Users", fullOfNulls("OMara", "true", "OMara", ""), 201, `userName="OMara" active=true addresses/1/country- roles- emails/1/value="grace@acme.test"`},
	{"emp1", "POST", "/Users", fullOfNulls("emp1", `"True"`, "Hopper", ""), 201, `active=true`},
	{"list", "GET", "/Users", "", 200, `totalResults=2 Resources/0/userName="OMara"`},
	{"emp2", "POST", "/Users", fullOfNulls("emp2", "true", "Hopper", ""), 201, ""},
	{"emp3", "POST", "/Users", fullOfNulls("emp3", "true", "Hopper", ""), 201, ""},
	{"nobody", "POST", "/Users", fullOfNulls("", "true", "Hopper", ""), 400, `scimType="invalidValue" detail!`},
	{"no JSON", "POST", "/Users", "{\r\n  \"acve\": tre,\r\n  \"adadresses\": [ { \"country\": null,\r\n   les\": [],\r\n  \"schemas\": [\"" + userURN + "\"]\r\n}", 400, `scimType="invalidSyntax" detail!`},
	{"twice", "POST", "/Users", fullOfNulls("emp3", "true", "Hopper", ""), 409, `scimType="uniqueness" detail!`},
	{"and again", "POST", "/Users", fullOfNulls("emp3", "true", "Hopper", ""), 409, `scimType="uniqueness" detail!`},
	{"replaced by nobody", "PUT", "/Users/{first}", fullOfNulls("", "false", "OMara", `,"userame":"OMara","id":"{first}"`), 400, `scimType="invalidValue"`},
	{"misspelled", "PUT", "/Users/{first}", `{"id":"{first}","userName":"OMara","active":false,"adreses":[{"country":"Germany","locality":null}],"displayName":"Grace","externalId":"one for all","schemas":["` + userURN + `"]}`, 200, `addresses- active=false`},
	{"enterprise", "POST", "/Users", fullOfNulls("enterprise", "true", "Hopper", `,"`+entURN+`":{"Department":"some department"}`), 201, entURN + `/department="some_department"`},
	{"another name", "PATCH", "/Users/{first}", patchURN + `[{"op":"Replace","path":"userName","value":"another"}]}`, 204, ""},
	{"shut out", "PATCH", "/Users/{first}", patchURN + `[{"op":"Replace","path":"active","value":false}]}`, 204, `#ETag! #Location!`},
	{"read", "GET", "/Users/{first}", "", 200, `userName="another" active=false`},
	{"replace", "PUT", "/Users/{first}", `{"userName":"OMara","active":false,"displayName":"Grace","name":{"familyName":"OMara"},"emails":[{"type":"work","primary":true,"value":"grace@acme.test"}],"schemas":["` + userURN + `"]` + germany + `}`, 200,
		`userName="OMara" active=false addresses/0/country="Germany"`},
	{"a page", "GET", "/Users?startIndex=1&count=2", "", 200, `totalResults=5 itemsPerPage=2 startIndex=1 Resources/1! Resources/2-`},
	{"some attributes", "GET", "/Users?attributes=userName,emails", "", 200, `totalResults=5`},
	{"twice", "POST", "/Users", fullOfNulls("emp3", "true", "Hopper", ""), 409, `detail!`},
	{"no quotes", "GET", "/Users?filter=name.FamilyName eq Hopper and (emails.Value co acme.test or emails.Value co acme.example)", "", 200, `totalResults=4`},
	{"no quotes", "GET", "/Users?filter=userName sw O", "", 200, `totalResults=1 Resources/0/id="{first}"`},
	{"no quotes", "GET", "/Users?filter=meta.Created gt 2015-10-10T14:38:21.8617979-07:00", "", 200, `totalResults=5`},
}

var collectionMessOfGroups = []step{
	{"crew", "POST", "/Groups", `{"displayName":"Crew","externalId":"g-9","schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"]}`, 201, `members=[]`},
	{"nobody", "PATCH", "/Groups/{crew}", `{"id":"{crew}","Operations":[{"op":"add","path":"members","value":"nobody 1"}],"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"]}`, 204, ""},
	{"nobody", "PATCH", "/Groups/{crew}", `{"id":"{crew}","Operations":[{"op":"add","path":"members","value":"nobody 2"}],"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"]}`, 204, ""},
	{"read", "GET", "/Groups/{crew}", "", 200, `displayName="Crew" members=[]`},
	{"without members", "GET", "/Groups/{crew}?excludedAttributes=members", "", 200, `displayName="Crew" members-`},
	{"replace", "PUT", "/Groups/{crew}", `{"id":"{crew}","displayName":"Other crew","externalId":"g-10","schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"]}`, 200, `displayName="Other_crew" externalId="g-10"`},
}

// Only the whole manner of the samples gets no answer to a PATCH of a user.
func TestPatchLikeTheSamples(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		id := h.acme.create("ada@acme.test")
		plain := h.acme.with("Content-Type", "application/json; charset=utf-8")
		const capitals, small = `[{"op":"Replace","path":"title","value":"x"}]`, `[{"op":"Replace","path":"title","value":"x"},{"op":"replace","path":"title","value":"y"}]`
		plain.patch(id, capitals).want(204, "")
		plain.with("Accept", "*/*").patch(id, capitals).want(204, "")
		for name, a := range map[string]answer{
			"an operation in small letters": plain.patch(id, small),
			"SCIM's type":                   h.acme.patch(id, capitals),
			"asks for SCIM":                 plain.with("Accept", "application/scim+json").patch(id, capitals),
			"asks for JSON":                 plain.with("Accept", "application/json, */*").patch(id, capitals),
			"asks for attributes":           plain.do("PATCH", "/Users/"+id+"?attributes=title", patchOp+capitals+`}`),
			"asks for no attributes":        plain.do("PATCH", "/Users/"+id+"?excludedAttributes=emails", patchOp+capitals+`}`),
		} {
			if a.status != 200 || a.at("title") == nil {
				t.Errorf("%s: %d %s", name, a.status, a.text)
			}
		}
		plain.patch(id, `[{"op":"Replace","path":"id","value":"x"}]`).want(400, "mutability")
		plain.do("POST", "/Bulk", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[{"method":"PATCH","path":"/Users/`+id+`","data":`+patchOp+capitals+`}}]}`).
			want(200, "").has("200", "Operations", 0, "status")
	})
}

// What could be somebody's id and is nobody's is refused still, and the admins
// see what was passed over.
func TestMembersWithoutID(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		ada := c.create("ada@acme.test")
		group := c.group("Crew", ada)
		c.patchGroup(group, `[{"op":"add","path":"members","value":"string id 1"}]`).want(204, "")
		c.patchGroup(group, `[{"op":"remove","path":"members","value":"string id 1"}]`).want(204, "")
		c.holds(group, ada)
		for _, refused := range []string{
			`[{"op":"add","path":"members","value":"01900000-0000-7000-8000-00000000dead"}]`, `[{"op":"add","path":"members","value":[{"value":"string id 1"}]}]`,
			`[{"op":"add","path":"members","value":["string id 1"]}]`, `[{"op":"replace","path":"members","value":"string id 1"}]`,
		} {
			c.patchGroup(group, refused).want(400, "invalidValue")
		}
		c.holds(group, ada)
		c.do("GET", "/Users?filter=displayName+sw+A", "").want(200, "")
		c.do("GET", "/Users?filter=userName+eq+ada@acme.test", "").want(400, "invalidFilter")
		c.do("POST", "/Users/.search", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],"filter":"displayName sw A"}`).want(200, "")
		found := map[string]int{}
		for _, row := range c.calls() {
			for _, q := range row.Quirks {
				found[q]++
			}
		}
		if found["member that is no id"] == 0 || found["string without quotes"] != 2 {
			t.Errorf("seen: %v", found)
		}
		var rows []models.GroupMember
		if err := h.db.Read(t.Context()).Find(&rows).Error; err != nil || len(rows) != 1 {
			t.Errorf("%d members, error %v", len(rows), err)
		}
	})
}
