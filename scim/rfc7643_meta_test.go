package scim_test

import (
	"regexp"
	"testing"
	"time"
)

func TestCore3Resources(t *testing.T) {
	eachStage(t, func(s *stage) { s.try(resourceRows) })
}

var resourceRows = []demand{
	// 3: schemas. What comes is taken for what it is; what goes out lists what is there.
	{"3", "GET", "/Users/{ada}", "", "", 200, `schemas/0="` + userURN + `" schemas/1="` + entURN + `" schemas/2-`},
	{"3", "GET", "/Users/{bob}", "", "", 200, `schemas/0="` + userURN + `" schemas/1-`},
	{"3", "GET", "/Groups/{crew}", "", "", 200, `schemas/0="` + groupURN + `" schemas/1-`},
	{"3", "GET", "/Users/{bob}?attributes=userName", "", "", 200, `schemas/0="` + userURN + `" id="{bob}" active-`},
	{"3", "GET", "/Users/{bob}?excludedAttributes=schemas,id", "", "", 200, `schemas/0="` + userURN + `" id="{bob}"`},
	{"3", "POST", "/Users", "", `{"schemas":["` + userURN + `","urn:x:y:z","` + userURN + `"],"userName":"{new}"}`, 201, `schemas/0="` + userURN + `" schemas/1-`},
	{"3", "POST", "/Users", "", `{"schemas":["urn:scim:schemas:core:1.0"],"userName":"{new}"}`, 201, `schemas/0="` + userURN + `" schemas/1-`},
	{"3", "POST", "/Users", "", `{"schemas":["` + entURN + `"],"userName":"{new}"}`, 201, `schemas/0="` + userURN + `" schemas/1-`},
	{"3", "POST", "/Users", "", `{"schemas":["` + groupURN + `"],"userName":"{new}"}`, 400, `scimType="invalidSyntax"`},
	{"3", "POST", "/Users", "", `{"schemas":["urn:x:y:z"],"userName":"{new}"}`, 400, `scimType="invalidSyntax"`},
	{"3", "POST", "/Groups", "", `{"schemas":["` + userURN + `"],"displayName":"{new}"}`, 400, `scimType="invalidSyntax"`},
	{"3", "POST", "/Groups", "", `{"schemas":["urn:scim:schemas:core:1.0"],"displayName":"{new}"}`, 201, `schemas/0="` + groupURN + `"`},
	{"3", "PUT", "/Users/{bob}", "", `{"schemas":["urn:x:y:z"],"userName":"bob@acme.test"}`, 200, `schemas/0="` + userURN + `" schemas/1-`},
	{"3", "POST", "/Users", "", `{"schemas":[],"userName":"{new}"}`, 201, `schemas/0="` + userURN + `"`},
	{"3", "POST", "/Users", "", `{"userName":"{new}"}`, 201, `schemas/0="` + userURN + `"`},
	{"3", "POST", "/Users", "", `{"schemas":"` + userURN + `","userName":"{new}"}`, 400, `scimType="invalidValue"`},
	{"3", "POST", "/Users", "", `{"schemas":[1],"userName":"{new}"}`, 400, `scimType="invalidValue"`},
	{"3", "POST", "/Groups", "", `{"schemas":{},"displayName":"{new}"}`, 400, `scimType="invalidValue"`},

	// 3.3: an extension is listed if, and only if, something of it is there.
	{"3.3", "POST", "/Users", "", newUser(`,"` + entURN + `":{"department":"D"}`), 201, `schemas/1="` + entURN + `" ` + entURN + `/department="D"`},
	{"3.3", "POST", "/Users", "", `{"schemas":["` + userURN + `","` + entURN + `"],"userName":"{new}"}`, 201, `schemas/1- ` + entURN + `-`},
	{"3.3", "POST", "/Users", "", newUser(`,"` + entURN + `":{}`), 201, `schemas/1- ` + entURN + `-`},
	{"3.3", "PATCH", "/Users/{made}", "", patchURN + `[{"op":"add","path":"` + entURN + `:department","value":"D"}]}`, 200, `schemas/1="` + entURN + `"`},
	{"3.3", "PATCH", "/Users/{made}", "", patchURN + `[{"op":"add","path":"` + entURN + `","value":{"department":"D","costCenter":"C"}},{"op":"remove","path":"` + entURN + `:costCenter"}]}`, 200, entURN + `/department="D" ` + entURN + `/costCenter-`},
	{"3.3", "PATCH", "/Users/{made}", "", patchURN + `[{"op":"add","path":"` + entURN + `:department","value":"D"},{"op":"remove","path":"` + entURN + `:department"}]}`, 200, `schemas/1- ` + entURN + `-`},
	{"3.3", "PATCH", "/Users/{made}", "", patchURN + `[{"op":"add","path":"` + entURN + `:department","value":"D"},{"op":"remove","path":"` + entURN + `"}]}`, 200, `schemas/1- ` + entURN + `-`},
	{"3.3", "PUT", "/Users/{made}", "", `{"userName":"{new}","` + otherURN + `":{"a":1}}`, 200, `schemas/1="` + otherURN + `" ` + otherURN + `/a=1`},

	// 3.1: id and externalId.
	{"3.1", "POST", "/Users", "", newUser(`,"id":"{bob}","meta":{"resourceType":"Robot","created":"2001-01-01T00:00:00Z","location":"x","version":"y"}`), 201, `id! meta/resourceType="User" meta/location! meta/version! meta/created! meta/lastModified!`},
	{"3.1", "PUT", "/Users/{made}", "", `{"userName":"{new}","id":"{bob}"}`, 200, `id="{made}" meta/location="{base}/Users/{made}"`},
	{"3.1", "PATCH", "/Users/{made}", "", patchURN + `[{"op":"replace","path":"id","value":"x"}]}`, 400, `scimType="mutability"`},
	{"3.1", "PATCH", "/Users/{made}", "", patchURN + `[{"op":"remove","path":"id"}]}`, 400, `scimType="mutability"`},
	{"3.1", "PATCH", "/Groups/{crew}", "", patchURN + `[{"op":"replace","path":"id","value":"x"}]}`, 400, `scimType="mutability"`},
	{"3.1", "PATCH", "/Users/{made}", "", patchURN + `[{"op":"add","path":"meta","value":{"created":"2001-01-01T00:00:00Z"}}]}`, 400, `scimType="mutability"`},
	{"3.1", "PATCH", "/Users/{made}", "", patchURN + `[{"op":"remove","path":"meta.lastModified"}]}`, 400, `scimType="mutability"`},
	{"3.1", "GET", "/Users/bulkId:x", "", "", 404, ``},
	{"3.1", "POST", "/Users", "", newUser(`,"externalId":"same"`), 201, `externalId="same"`},
	{"3.1", "POST", "/Users", "", newUser(`,"externalId":"same"`), 201, `externalId="same"`},
	{"3.1", "PATCH", "/Users/{made}", "", patchURN + `[{"op":"add","path":"externalId","value":"X"},{"op":"remove","path":"externalId"}]}`, 200, `externalId-`},
	{"3.1", "GET", "/Users/{ada}", "", "", 200, `meta/resourceType="User" meta/location="{base}/Users/{ada}" #Content-Location="{base}/Users/{ada}"`},
	{"3.1", "GET", "/Groups/{crew}", "", "", 200, `externalId="c" meta/resourceType="Group" meta/location="{base}/Groups/{crew}" #Content-Location="{base}/Groups/{crew}"`},
	{"3.1", "GET", "/Users/{ada}?attributes=meta.location", "", "", 200, `meta/location! meta/created- meta/version- userName-`},
	{"3.1", "GET", "/Users/{ada}?excludedAttributes=meta", "", "", 200, `meta- userName! #Etag!`},
	{"3.1", "GET", `/Users?filter=meta.resourceType eq "User" and userName eq "bob@acme.test"`, "", "", 200, `totalResults=1`},
	{"3.1", "GET", `/Users?filter=meta.created ge "2011-05-13T04:42:34Z" and userName eq "bob@acme.test"`, "", "", 200, `totalResults=1`},
	{"3.1", "GET", `/Users?filter=meta.lastModified lt "2001-01-01T00:00:00.5-08:00"`, "", "", 200, `totalResults=0`},
	{"3.1", "GET", `/Users?filter=meta.created gt "yesterday"`, "", "", 400, `scimType="invalidFilter"`},
	{"3.1", "GET", `/Users?filter=meta.created gt 5`, "", "", 400, `scimType="invalidFilter"`},
}

// An id is never given again, and is compared to the letter.
func TestCore3Identity(t *testing.T) {
	eachStage(t, func(s *stage) {
		const body = `{"userName":"again@acme.test"}`
		first := s.do("POST", "/Users", body).want(201, "").id()
		s.do("DELETE", "/Users/"+first, "").want(204, "")
		second := s.do("POST", "/Users", body).want(201, "").id()
		if first == second {
			s.t.Errorf("the id %s was given again", first)
		}
		s.do("GET", "/Users/"+first, "").want(404, "")
		s.do("GET", "/Users/"+upper(second), "").want(404, "")
	})
}

func upper(id string) string {
	out := []byte(id)
	for i, c := range out {
		if c >= 'a' && c <= 'f' {
			out[i] = c - 'a' + 'A'
		}
	}
	return string(out)
}

// meta (section 3.1): created stands, lastModified and version move together and
// only with a change; every answer that shows a resource tells the same.
func TestCore3Meta(t *testing.T) {
	form := regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`)
	eachStage(t, func(s *stage) {
		for path, row := range map[string]struct{ made, other, patch, noPatch string }{
			"/Users": {
				`{"userName":"m@acme.test","title":"a","emails":[{"value":"m@acme.test"}]}`, `{"userName":"m@acme.test","title":"b","emails":[{"value":"m@acme.test"}]}`,
				`{"op":"replace","path":"title","value":"c"}`, `{"op":"add","path":"emails","value":[{"value":"m@acme.test"}]}`,
			},
			"/Groups": {
				`{"displayName":"M","externalId":"1","members":[{"value":"` + s.bob + `"}]}`, `{"displayName":"N","externalId":"1"}`,
				`{"op":"replace","path":"displayName","value":"O"}`, `{"op":"add","path":"members","value":[{"value":"` + s.bob + `"}]}`,
			},
		} {
			a := s.do("POST", path, row.made).want(201, "")
			at := path + "/" + a.id()
			meta := a.at("meta")
			for _, name := range []string{"created", "lastModified"} {
				if text, _ := a.at("meta", name).(string); !form.MatchString(text) {
					s.t.Errorf("%s: meta.%s is %q", path, name, text)
				}
			}
			a.equal("created is the first change", a.at("meta", "lastModified"), "meta", "created")
			told := func(a answer) {
				s.t.Helper()
				if a.header.Get("ETag") != a.at("meta", "version") {
					s.t.Errorf("%s: ETag %s, meta.version %s", path, a.header.Get("ETag"), a.at("meta", "version"))
				}
				read := s.do("GET", at, "").want(200, "")
				if read.header.Get("ETag") != a.header.Get("ETag") {
					s.t.Errorf("%s: ETag %s, read again %s", path, a.header.Get("ETag"), read.header.Get("ETag"))
				}
				read.equal(path+" is read as it was answered", a.at("meta"), "meta")
				s.do("GET", path+"?filter="+escape(`id eq "`+a.id()+`"`), "").want(200, "").equal(path+" is listed as it was answered", a.at("meta"), "Resources", 0, "meta")
			}
			told(a)
			s.h.clock.Advance(time.Minute)
			same := s.do("PUT", at, a.text).want(200, "")
			same.equal("a PUT of the same", meta, "meta")
			s.do("PATCH", at+"?attributes=meta", patchURN+"["+row.noPatch+"]}").want(200, "").equal("a PATCH of the same", meta, "meta")
			told(same)
			last := a.at("meta", "lastModified").(string)
			for _, change := range []func() answer{
				func() answer { return s.do("PUT", at, row.other).want(200, "") },
				func() answer {
					return s.do("PATCH", at+"?excludedAttributes=none", patchURN+"["+row.patch+"]}").want(200, "")
				},
			} {
				version := a.header.Get("ETag")
				s.h.clock.Advance(time.Minute)
				a = change()
				a.equal("created stands", meta.(map[string]any)["created"], "meta", "created")
				if now := a.at("meta", "lastModified").(string); now <= last || a.header.Get("ETag") == version {
					s.t.Errorf("%s: after a change lastModified is %s, was %s; ETag %s, was %s", path, now, last, a.header.Get("ETag"), version)
				}
				last = a.at("meta", "lastModified").(string)
				told(a)
			}
		}
	})
}
