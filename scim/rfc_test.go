package scim_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
)

// demand is one thing that a standard asks of a server, tried from outside.
type demand struct {
	section string // of an RFC
	method  string
	path    string // {ada}, {bob} and {team} are ids of what is there
	header  string // one more, as "Name: value"
	body    string
	status  int
	want    string // see meets
}

// meets checks "path=JSON", "path!" for there, "path-" for not there; a path
// that begins with # is a header. Several are separated by blanks.
func (a answer) meets(t *testing.T, d demand) {
	t.Helper()
	if a.status != d.status {
		t.Errorf("%s: %s %s %s: %d, must be %d\n%s", d.section, d.method, d.path, d.body, a.status, d.status, a.text)
		return
	}
	for _, w := range strings.Fields(d.want) {
		path, value, equal := strings.Cut(w, "=")
		var steps []any
		mark := byte('=')
		if !equal {
			mark, path = w[len(w)-1], w[:len(w)-1]
		}
		for _, s := range strings.Split(path, "/") {
			if n, err := strconv.Atoi(s); err == nil {
				steps = append(steps, n)
			} else {
				steps = append(steps, s)
			}
		}
		got := a.at(steps...)
		if name, ok := strings.CutPrefix(path, "#"); ok {
			if got = nil; a.header.Get(name) != "" {
				got = a.header.Get(name)
			}
		}
		raw, _ := json.Marshal(got)
		if mark == '!' && got == nil || mark == '-' && got != nil || mark == '=' && strings.ReplaceAll(string(raw), " ", "_") != value {
			t.Errorf("%s: %s %s %s: %s is %s\n%s", d.section, d.method, d.path, d.body, w, raw, a.text)
		}
	}
}

const (
	patchURN = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":`
	bulkURN  = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],`
)

// Each demand finds the same people: ada with all sorts of attributes, bob, and
// a group that ada is in.
func TestDemandsOfTheStandards(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		var ids map[string]string
		for _, d := range demands {
			c := h.acme
			if ids == nil {
				ids = furnish(c)
			}
			for name, id := range ids {
				d.path, d.body, d.want = strings.ReplaceAll(d.path, name, id), strings.ReplaceAll(d.body, name, id), strings.ReplaceAll(d.want, name, id)
			}
			if name, value, ok := strings.Cut(d.header, ": "); ok {
				c = c.with(name, value)
			}
			path, filter, ok := strings.Cut(d.path, "?filter=")
			if ok {
				filter, rest, more := strings.Cut(filter, "&")
				path += "?filter=" + escape(filter)
				if more {
					path += "&" + rest
				}
			}
			c.do(d.method, path, d.body).meets(t, d)
			if d.method != "GET" {
				ids = nil // may be others by now
			}
		}
	})
}

// furnish leaves on a team those whom the demands speak of, and nobody else.
func furnish(c client) map[string]string {
	for _, kind := range []string{"/Users", "/Groups"} {
		left, _ := c.do("GET", kind+"?attributes=id", "").at("Resources").([]any)
		for _, r := range left {
			c.do("DELETE", kind+"/"+r.(map[string]any)["id"].(string), "").want(204, "")
		}
	}
	ids := map[string]string{"{slug}": c.team.Slug}
	ids["{ada}"] = c.do("POST", "/Users", adaInFull).want(201, "").id()
	ids["{bob}"] = c.create("bob@acme.test")
	ids["{team}"] = c.do("POST", "/Groups", `{"displayName":"Team","externalId":"g1","members":[{"value":"`+ids["{ada}"]+`"}]}`).want(201, "").id()
	return ids
}

const adaInFull = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
	"userName":"Ada@acme.test","externalId":"Ext-1","name":{"formatted":"Ada King","familyName":"King","givenName":"Ada","middleName":"M","honorificPrefix":"Ms.","honorificSuffix":"II"},
	"displayName":"Ada King","nickName":"Ada","profileUrl":"https://example.com/ada","title":"Countess","userType":"Employee","preferredLanguage":"en-GB","locale":"en-GB","timezone":"Europe/London","active":true,
	"password":"t1meMa$heen","emails":[{"value":"ada@acme.test","type":"work","primary":true},{"value":"ada@home.test","type":"home"}],
	"phoneNumbers":[{"value":"tel:+44-1","type":"work"}],"ims":[{"value":"ada","type":"xmpp"}],"photos":[{"value":"https://example.com/ada.png","type":"photo"}],
	"addresses":[{"type":"work","streetAddress":"1 Row","locality":"London","postalCode":"W1","country":"GB","formatted":"1 Row\nLondon","primary":true}],
	"entitlements":[{"value":"e1"}],"roles":[{"value":"r1","primary":true}],"x509Certificates":[{"value":"MIIDQzCCAqygAwIBAgICEAAwDQYJKoZIhvcNAQEFBQAw"}],
	"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"employeeNumber":"7","costCenter":"c","organization":"o","division":"d","department":"Mathematics","manager":{"value":"26118915","displayName":"John"}}}`

const (
	userURN = "urn:ietf:params:scim:schemas:core:2.0:User"
	entURN  = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
)

var demands = []demand{
	// RFC 7644 section 3.1 to 3.3: creating.
	{"7644 3.1", "POST", "/Users", "Content-Type: text/plain", `{"userName":"x@acme.test"}`, 415, ``},
	{"7644 3.1", "GET", "/Users/{ada}", "Accept: application/json", "", 200, `#Content-Type="application/json;_charset=utf-8"`},
	{"7644 3.1", "GET", "/Users/{ada}", "", "", 200, `#Content-Type="application/scim+json;_charset=utf-8"`},
	{"7644 2", "GET", "/Users", "Authorization: Bearer rcs_x", "", 401, `#Www-Authenticate!`},
	{"7644 3.2", "DELETE", "/Users", "", "", 405, `#Allow!`},
	{"7644 3.2", "GET", "/Nothing", "", "", 404, ``},
	{"7644 3.2", "PUT", "/Users", "", `{}`, 405, `#Allow="GET,_HEAD,_POST"`},
	{"7644 3.2", "POST", "/Users/{ada}", "", `{}`, 405, `#Allow="GET,_HEAD,_PUT,_PATCH,_DELETE"`},
	{"7644 3.2", "PATCH", "/Groups", "", `{}`, 405, `#Allow="GET,_HEAD,_POST"`},
	{"7644 3.2", "PUT", "/Users/.search", "", `{}`, 405, `#Allow="POST"`},
	{"7644 3.2", "OPTIONS", "/Users", "", "", 405, `#Allow="GET,_HEAD,_POST"`},
	{"7644 3.2", "GET", "/Users/{ada}/more", "", "", 404, ``},
	{"7644 3.1", "GET", "/Users/{ada}", "Accept: text/html", "", 200, `#Content-Type="application/scim+json;_charset=utf-8"`},
	{"7644 3.1", "POST", "/Users", "Content-Type: application/json; charset=utf-8", `{"userName":"x@acme.test"}`, 201, `#Content-Type="application/scim+json;_charset=utf-8"`},
	{"7644 3.1", "POST", "/Users", "Content-Type: application/json; charset=latin1", `{"userName":"x@acme.test"}`, 415, ``},
	{"7644 3.3", "POST", "/Users", "", `{"userName":"x@acme.test"}`, 201, `#Location! #Etag! meta/version!`},
	{"7644 3.3", "POST", "/Users", "", `{"userName":`, 400, `scimType="invalidSyntax"`},
	{"7644 3.3", "POST", "/Users", "", `[]`, 400, `scimType="invalidSyntax"`},
	{"7644 3.3", "POST", "/Users", "", `{"userName":7}`, 400, `scimType="invalidValue"`},
	{"7644 3.3", "POST", "/Users", "", `{"userName":"x@acme.test","active":"maybe"}`, 400, `scimType="invalidValue"`},
	{"7644 3.3", "POST", "/Groups", "", `{"displayName":"TEAM"}`, 409, `scimType="uniqueness"`},

	// RFC 7644 section 3.4: reading.
	{"7644 3.4.1", "GET", "/Users/nobody", "", "", 404, `status="404"`},
	{"7644 3.4.1", "GET", "/Users/{team}", "", "", 404, ``},
	{"7644 3.4.2", "GET", `/Users?filter=userName eq "nobody"`, "", "", 200, `totalResults=0 schemas/0="urn:ietf:params:scim:api:messages:2.0:ListResponse" Resources/0-`},
	{"7644 3.4.2", "GET", "/Users", "", "", 200, `totalResults=2 itemsPerPage=2 startIndex=1 Resources/1/userName="bob@acme.test"`},
	{"7644 3.4.2.1", "GET", "/", "", "", 200, `totalResults=3`},
	{"7644 3.4.2.1", "GET", `/?filter=displayName eq "Team"`, "", "", 200, `totalResults=1 Resources/0/id="{team}"`},
	{"7644 3.4.2.1", "GET", `/?filter=userName pr and meta.resourceType eq "User"`, "", "", 200, `totalResults=2`},
	{"7644 3.4.2.2", "GET", `/Users?filter=userName Eq "ada@acme.test"`, "", "", 200, `totalResults=1`},
	{"7644 3.4.2.2", "GET", `/Users?filter=userName ne "ada@acme.test"`, "", "", 200, `totalResults=1 Resources/0/id="{bob}"`},
	{"7644 3.4.2.2", "GET", `/Users?filter=name.familyName co "IN"`, "", "", 200, `totalResults=1`},
	{"7644 3.4.2.2", "GET", `/Users?filter=userName sw "BO"`, "", "", 200, `totalResults=1`},
	{"7644 3.4.2.2", "GET", `/Users?filter=userName ew "acme.test"`, "", "", 200, `totalResults=2`},
	{"7644 3.4.2.2", "GET", `/Users?filter=title pr`, "", "", 200, `totalResults=1`},
	{"7644 3.4.2.2", "GET", `/Users?filter=not (title pr)`, "", "", 200, `totalResults=1 Resources/0/id="{bob}"`},
	{"7644 3.4.2.2", "GET", `/Users?filter=title pr and userType eq "Employee" or userName eq "bob@acme.test"`, "", "", 200, `totalResults=2`},
	{"7644 3.4.2.2", "GET", `/Users?filter=title pr and (userType eq "Intern" or userName eq "bob@acme.test")`, "", "", 200, `totalResults=0`},
	{"7644 3.4.2.2", "GET", `/Users?filter=meta.lastModified gt "2011-05-13T04:42:34Z"`, "", "", 200, `totalResults=2`},
	{"7644 3.4.2.2", "GET", `/Users?filter=meta.created lt "2011-05-13T04:42:34Z"`, "", "", 200, `totalResults=0`},
	{"7644 3.4.2.2", "GET", `/Users?filter=schemas eq "` + entURN + `"`, "", "", 200, `totalResults=1`},
	{"7644 3.4.2.2", "GET", `/Users?filter=` + userURN + `:userName eq "ada@acme.test"`, "", "", 200, `totalResults=1`},
	{"7644 3.4.2.2", "GET", `/Users?filter=` + entURN + `:department eq "mathematics"`, "", "", 200, `totalResults=1`},
	{"7644 3.4.2.2", "GET", `/Users?filter=` + entURN + `:manager.value eq "26118915"`, "", "", 200, `totalResults=1`},
	{"7644 3.4.2.2", "GET", `/Users?filter=emails[type eq "work" and value co "@acme.test"]`, "", "", 200, `totalResults=1`},
	{"7644 3.4.2.2", "GET", `/Users?filter=emails[type eq "home" and value co "@acme.test"] or ims[type eq "xmpp"]`, "", "", 200, `totalResults=1`},
	{"7644 3.4.2.2", "GET", `/Users?filter=userType ne "Employee" and not (emails co "example.com" or emails.value co "example.org")`, "", "", 200, `totalResults=1`},
	{"7644 3.4.2.2", "GET", `/Users?filter=emails co "home.test"`, "", "", 200, `totalResults=1`},
	{"7644 3.4.2.2", "GET", `/Users?filter=active eq true`, "", "", 200, `totalResults=2`},
	{"7644 3.4.2.2", "GET", `/Users?filter=active gt true`, "", "", 400, `scimType="invalidFilter"`},
	{"7644 3.4.2.2", "GET", `/Users?filter=userName zz "x"`, "", "", 400, `scimType="invalidFilter"`},
	{"7644 3.4.2.2", "GET", `/Users?filter=userName eq`, "", "", 400, `scimType="invalidFilter"`},
	{"7644 3.4.2.2", "GET", `/Users?filter=(userName eq "x"`, "", "", 400, `scimType="invalidFilter"`},
	{"7644 3.4.2.2", "GET", `/Users?filter=nothing eq "x"`, "", "", 400, `scimType="invalidFilter"`},
	{"7644 3.4.2.2", "GET", `/Users?filter=groups.value eq "{team}"`, "", "", 200, `totalResults=1`},
	{"7644 3.4.2.2", "GET", `/Groups?filter=members.value eq "{ada}"`, "", "", 200, `totalResults=1`},
	{"7644 3.4.2.2", "GET", `/Groups?filter=members[value eq "{bob}"]`, "", "", 200, `totalResults=0`},
	{"7644 3.4.2.2", "GET", `/Users?filter=userName EQ "ada@acme.test" AND NOT (active EQ false)`, "", "", 200, `totalResults=1`},
	{"7644 3.4.2.2", "GET", `/Users?filter=id eq "{ada}"`, "", "", 200, `totalResults=1 Resources/0/id="{ada}"`},
	{"7644 3.4.2.2", "GET", `/Users?filter=name pr and emails pr`, "", "", 200, `totalResults=1`},
	{"7644 3.4.2.2", "GET", `/Users?filter=title eq null`, "", "", 200, `totalResults=1 Resources/0/id="{bob}"`},
	{"7644 3.4.2.2", "GET", `/Users?filter=userName ge "b" and userName le "c"`, "", "", 200, `totalResults=1 Resources/0/id="{bob}"`},
	{"7644 3.4.2.2", "GET", `/Users?filter=userName eq 7`, "", "", 400, `scimType="invalidFilter"`},
	{"7644 3.4.2.2", "GET", `/Users?filter=password eq "x"`, "", "", 400, `scimType="invalidFilter"`},
	{"7644 3.4.2.2", "GET", `/Users?filter=meta.created ge "2011-05-13T04:42:34Z" and meta.created lt "2999-01-01T00:00:00+02:00"`, "", "", 200, `totalResults=2`},
	{"7644 3.4.2.2", "GET", `/Users?filter=meta.created eq "yesterday"`, "", "", 400, `scimType="invalidFilter"`},
	{"7644 3.4.2.2", "GET", `/Users?filter=addresses[type eq "work" and country eq "gb"] and not (addresses.country eq "us")`, "", "", 200, `totalResults=1`},
	{"7644 3.4.2.2", "GET", `/Users?filter=groups[display eq "team"]`, "", "", 200, `totalResults=1`},
	{"7644 3.4.2.2", "GET", `/Groups?filter=externalId eq "g1" and displayName co "EA"`, "", "", 200, `totalResults=1`},
	{"7644 3.4.2.2", "GET", `/Groups?filter=id eq "{team}" and members eq "{ada}"`, "", "", 200, `totalResults=1`},
	{"7644 3.4.2.2", "GET", `/Groups?filter=members.$ref eq "https://x.test/Users/x" or members.type eq "User"`, "", "", 200, `totalResults=1`},
	{"7644 3.4.2.3", "GET", "/Users?sortOrder=sideways&sortBy=userName", "", "", 400, `scimType="invalidValue"`},
	{"7644 3.4.2.3", "GET", "/Users?sortBy=title", "", "", 200, `Resources/0/id="{ada}" Resources/1/id="{bob}"`},
	{"7644 3.4.2.3", "GET", "/Users?sortBy=title&sortOrder=descending", "", "", 200, `Resources/0/id="{bob}" Resources/1/id="{ada}"`},
	{"7644 3.4.2.3", "GET", "/Groups?sortBy=displayName", "", "", 200, `totalResults=1`},
	{"7644 3.4.2.4", "GET", "/Users?count=x", "", "", 400, `scimType="invalidValue"`},
	{"7644 3.4.2.4", "GET", "/Users?startIndex=-5", "", "", 200, `startIndex=1 totalResults=2`},
	{"7644 3.4.2.3", "GET", "/Users?sortBy=userName&sortOrder=descending", "", "", 200, `Resources/0/id="{bob}" Resources/1/id="{ada}"`},
	{"7644 3.4.2.3", "GET", "/Users?sortBy=name.familyName", "", "", 200, `Resources/0/id="{ada}"`},
	{"7644 3.4.2.3", "GET", "/Users?sortBy=name.familyName&sortOrder=descending", "", "", 200, `Resources/0/id="{bob}"`},
	{"7644 3.4.2.3", "GET", "/Users?sortBy=emails", "", "", 200, `totalResults=2`},
	{"7644 3.4.2.4", "GET", "/Users?startIndex=2&count=1", "", "", 200, `totalResults=2 itemsPerPage=1 startIndex=2 Resources/0/id="{bob}"`},
	{"7644 3.4.2.4", "GET", "/Users?startIndex=0&count=1", "", "", 200, `startIndex=1 Resources/0/id="{ada}"`},
	{"7644 3.4.2.4", "GET", "/Users?count=0", "", "", 200, `totalResults=2 itemsPerPage=0`},
	{"7644 3.4.2.4", "GET", "/Users?count=-3", "", "", 200, `totalResults=2 itemsPerPage=0`},
	{"7644 3.4.2.4", "GET", "/Users?startIndex=99", "", "", 200, `totalResults=2 itemsPerPage=0`},
	{"7644 3.4.2.5", "GET", "/Users?attributes=userName", "", "", 200, `Resources/0/userName! Resources/0/id! Resources/0/displayName- Resources/0/schemas!`},
	{"7644 3.4.2.5", "GET", "/Users?excludedAttributes=id,emails,name.familyName", "", "", 200, `Resources/0/id! Resources/0/emails- Resources/0/name/givenName="Ada" Resources/0/name/familyName-`},
	{"7644 3.4.3", "POST", "/Users/.search", "", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],"attributes":["displayName","userName"],"filter":"displayName sw \"ada\"","startIndex":1,"count":10}`, 200, `totalResults=1 Resources/0/userName! Resources/0/name-`},
	{"7644 3.4.3", "POST", "/.search", "", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],"filter":"displayName pr","count":1}`, 200, `totalResults=2 itemsPerPage=1`},
	{"7644 3.4.3", "POST", "/Groups/.search", "", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],"excludedAttributes":["members"]}`, 200, `totalResults=1 Resources/0/members-`},
}
