package scim_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestCore5To7Discovery(t *testing.T) {
	eachStage(t, func(s *stage) { s.try(discoveryRows) })
}

var discoveryRows = []demand{
	{"5", "GET", "/ServiceProviderConfig", "", "", 200, `schemas/0="urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig" schemas/1- patch/supported=true bulk/supported=true bulk/maxOperations=1000 bulk/maxPayloadSize=1048576 ` +
		`filter/supported=true filter/maxResults=200 changePassword/supported=false sort/supported=true etag/supported=true meta/resourceType="ServiceProviderConfig" meta/location="{base}/ServiceProviderConfig" id- externalId-`},
	{"5", "GET", "/ServiceProviderConfig", "", "", 200, `authenticationSchemes/0/type="oauthbearertoken" authenticationSchemes/0/name! authenticationSchemes/0/description! authenticationSchemes/0/specUri! authenticationSchemes/0/primary=true authenticationSchemes/1-`},
	{"6", "GET", "/ResourceTypes", "", "", 200, `totalResults=2 itemsPerPage=2 startIndex=1 Resources/0/id="User" Resources/1/id="Group" Resources/2- Resources/0/schemas/0="urn:ietf:params:scim:schemas:core:2.0:ResourceType"`},
	{"6", "GET", "/ResourceTypes/User", "", "", 200, `id="User" name="User" description! endpoint="/Users" schema="` + userURN + `" schemaExtensions/0/schema="` + entURN + `" schemaExtensions/0/required=false schemaExtensions/1- meta/resourceType="ResourceType" meta/location="{base}/ResourceTypes/User"`},
	{"6", "GET", "/ResourceTypes/Group", "", "", 200, `id="Group" name="Group" description! endpoint="/Groups" schema="` + groupURN + `" schemaExtensions- meta/location="{base}/ResourceTypes/Group"`},
	{"6", "GET", "/ResourceTypes/Robot", "", "", 404, ``},
	{"7", "GET", "/Schemas", "", "", 200, `totalResults=6 itemsPerPage=6 startIndex=1 Resources/6- Resources/0/id="` + userURN + `" Resources/1/id="` + entURN + `" Resources/2/id="` + groupURN + `"`},
	{"7", "GET", "/Schemas/" + userURN, "", "", 200, `id="` + userURN + `" name="User" description! attributes/0/name="userName" schemas/0="urn:ietf:params:scim:schemas:core:2.0:Schema" meta/resourceType="Schema" meta/location="{base}/Schemas/` + userURN + `"`},
	{"7", "GET", "/Schemas/" + groupURN, "", "", 200, `id="` + groupURN + `" name="Group" attributes/0/name="displayName"`},
	{"7", "GET", "/Schemas/" + entURN, "", "", 200, `id="` + entURN + `" name="EnterpriseUser" attributes/0/name="employeeNumber"`},
	{"7", "GET", "/Schemas/urn:none", "", "", 404, ``},
	{"8.7.2", "GET", "/Schemas/urn:ietf:params:scim:schemas:core:2.0:Schema", "", "", 200, `name="Schema" meta/location="{base}/Schemas/urn:ietf:params:scim:schemas:core:2.0:Schema"`},
}

// rfcSchemas are the resource schemas of section 8.7.1, with the characteristics
// that differ from the defaults of section 2.2.
const rfcSchemas = `
User.userName string required server
User.name complex
User.name.{formatted,familyName,givenName,middleName,honorificPrefix,honorificSuffix} string
User.{displayName,nickName,title,userType,preferredLanguage,locale,timezone} string
User.profileUrl reference ->external
User.active boolean
User.password string writeOnly never
User.{emails,phoneNumbers,ims,photos,addresses,entitlements,roles,x509Certificates} complex many
User.{emails,phoneNumbers,ims,entitlements,roles}.value string
User.photos.value reference ->external
User.x509Certificates.value binary
User.{emails,phoneNumbers,ims,photos,entitlements,roles,x509Certificates}.display string
User.{emails,phoneNumbers,ims,photos,entitlements,roles,x509Certificates}.primary boolean
User.{entitlements,roles,x509Certificates}.type string
User.emails.type string =work,home,other
User.phoneNumbers.type string =work,home,mobile,fax,pager,other
User.ims.type string =aim,gtalk,icq,xmpp,msn,skype,qq,yahoo
User.photos.type string =photo,thumbnail
User.addresses.{formatted,streetAddress,locality,region,postalCode,country} string
User.addresses.type string =work,home,other
User.groups complex many readOnly
User.groups.{value,display} string readOnly
User.groups.$ref reference readOnly ->User,Group
User.groups.type string readOnly =direct,indirect
EnterpriseUser.{employeeNumber,costCenter,organization,division,department} string
EnterpriseUser.manager complex
EnterpriseUser.manager.value string
EnterpriseUser.manager.$ref reference ->User
EnterpriseUser.manager.displayName string readOnly
Group.displayName string
Group.members complex many
Group.members.value string immutable
Group.members.$ref reference immutable ->User,Group
Group.members.type string immutable =User,Group
`

// deliberate are the differences, and why each of them is there.
var deliberate = map[string]struct{ ours, why string }{
	"User.externalId":              {"string exact", "Microsoft's check for its gallery misses what is mapped and not described"},
	"Group.externalId":             {"string exact", "Microsoft's check for its gallery misses what is mapped and not described"},
	"User.profileUrl":              {"reference exact ->external", "section 2.3.7: a reference is case-exact"},
	"User.photos.value":            {"reference exact ->external", "section 2.3.7"},
	"User.x509Certificates.value":  {"binary exact", "section 2.3.6: a binary is case-exact"},
	"User.addresses.primary":       {"boolean", "section 2.4 gives it to every multi-valued attribute, and section 8.2 shows it"},
	"User.groups.value":            {"string exact readOnly", "an id is case-exact (section 3.1)"},
	"User.groups.$ref":             {"reference exact readOnly ->Group", "erratum 8471"},
	"User.groups.type":             {"string readOnly =direct", "groups hold no groups here"},
	"EnterpriseUser.manager.value": {"string exact", "erratum 8472"},
	"EnterpriseUser.manager.$ref":  {"reference exact ->User", "section 2.3.7"},
	"Group.displayName":            {"string required server", "section 4.2 and erratum 5368; clients look groups up by their names"},
	"Group.members.value":          {"string exact immutable", "an id is case-exact"},
	"Group.members.$ref":           {"reference exact immutable ->User", "groups hold no groups here"},
	"Group.members.type":           {"string immutable =User", "groups hold no groups here"},
	"Group.members.display":        {"string exact", "section 8.4 shows it, erratum 6011 wants it"},
}

// Section 8.7.1: our schemas are the RFC's, but where this file says why not.
func TestCore8Schemas(t *testing.T) {
	want := map[string]string{}
	for _, line := range strings.Split(strings.TrimSpace(rfcSchemas), "\n") {
		names, rest, _ := strings.Cut(line, " ")
		for _, name := range expanded(names) {
			want[name] = rest
		}
	}
	for name, d := range deliberate {
		if want[name] == d.ours {
			t.Errorf("%s is as in the RFC", name)
		}
		want[name] = d.ours
	}
	eachStage(t, func(s *stage) {
		got := map[string]string{}
		list, _ := s.do("GET", "/Schemas", "").want(200, "").at("Resources").([]any)
		for _, x := range list[:3] {
			schema := x.(map[string]any)
			characteristicsOf(schema["name"].(string), schema["attributes"].([]any), got)
		}
		for name := range got {
			if got[name] != want[name] {
				s.t.Errorf("%s is %q, must be %q", name, got[name], want[name])
			}
		}
		for name := range want {
			if got[name] == "" {
				s.t.Errorf("%s is not described", name)
			}
		}
	})
}

// expanded writes a name with {a,b} in it once for each.
func expanded(name string) []string {
	before, rest, ok := strings.Cut(name, "{")
	if !ok {
		return []string{name}
	}
	inner, after, _ := strings.Cut(rest, "}")
	var out []string
	for _, part := range strings.Split(inner, ",") {
		out = append(out, expanded(before+part+after)...)
	}
	return out
}

// characteristicsOf writes each attribute as rfcSchemas does.
func characteristicsOf(prefix string, attributes []any, out map[string]string) {
	for _, x := range attributes {
		a := x.(map[string]any)
		words := []string{a["type"].(string)}
		for _, flag := range []struct{ name, word string }{{"required", "required"}, {"caseExact", "exact"}, {"multiValued", "many"}} {
			if a[flag.name] == true {
				words = append(words, flag.word)
			}
		}
		for name, usual := range map[string]string{"mutability": "readWrite", "returned": "default", "uniqueness": "none"} {
			if a[name] != usual {
				words = append(words, fmt.Sprint(a[name]))
			}
		}
		slices.SortFunc(words[1:], func(p, q string) int { return order(p) - order(q) })
		for name, mark := range map[string]string{"canonicalValues": "=", "referenceTypes": "->"} {
			if values, ok := a[name].([]any); ok {
				words = append(words, mark+strings.Trim(strings.ReplaceAll(fmt.Sprint(values), " ", ","), "[]"))
			}
		}
		path := prefix + "." + a["name"].(string)
		out[path] = strings.Join(words, " ")
		if sub, ok := a["subAttributes"].([]any); ok {
			characteristicsOf(path, sub, out)
		}
	}
}

func order(word string) int {
	return slices.Index([]string{"required", "exact", "many", "readOnly", "immutable", "writeOnly", "never", "server"}, word)
}

// Section 7 and 8.7.2: what the discovery endpoints answer is what the schemas of
// their resources say, member by member and type by type.
func TestCore8Discovery(t *testing.T) {
	eachStage(t, func(s *stage) {
		list, _ := s.do("GET", "/Schemas", "").want(200, "").at("Resources").([]any)
		schemas := map[string][]any{}
		for _, x := range list {
			schema := x.(map[string]any)
			schemas[schema["name"].(string)] = schema["attributes"].([]any)
		}
		s.fits("config", schemas["ServiceProviderConfig"], s.do("GET", "/ServiceProviderConfig", "").body)
		for _, name := range []string{"User", "Group"} {
			s.fits(name, schemas["ResourceType"], s.do("GET", "/ResourceTypes/"+name, "").body)
		}
		for _, x := range list {
			schema := x.(map[string]any)
			if schema["name"] == "Schema" { // which alone may have a part with parts (section 7)
				schema = maps.Clone(schema)
				schema["attributes"] = withoutParts(schema["attributes"].([]any))
			}
			s.fits(schema["id"].(string), schemas["Schema"], schema)
		}
		if len(schemas) != 6 {
			s.t.Errorf("%d schemas", len(schemas))
		}
	})
}

// withoutParts is a list of attributes without parts that are called subAttributes.
func withoutParts(attributes []any) []any {
	var out []any
	for _, x := range attributes {
		a := maps.Clone(x.(map[string]any))
		if sub, ok := a["subAttributes"].([]any); ok {
			a["subAttributes"] = slices.DeleteFunc(slices.Clone(sub), func(x any) bool { return x.(map[string]any)["name"] == "subAttributes" })
		}
		out = append(out, a)
	}
	return out
}

// fits checks an object against the attributes that describe it.
func (s *stage) fits(at string, described []any, o map[string]any) {
	s.t.Helper()
	known := map[string]bool{"schemas": true, "meta": true}
	for _, x := range described {
		a := x.(map[string]any)
		name := a["name"].(string)
		known[name] = true
		v, there := o[name]
		if !there {
			if a["required"] == true {
				s.t.Errorf("%s: %s is not there and required", at, name)
			}
			continue
		}
		values := []any{v}
		if a["multiValued"] == true {
			values, _ = v.([]any)
			if len(values) == 0 {
				s.t.Errorf("%s: %s is %v, must be a list", at, name, v)
			}
		}
		for _, v := range values {
			ok := false
			switch v := v.(type) {
			case string:
				ok = a["type"] == "string" || a["type"] == "reference"
				if canonical, some := a["canonicalValues"].([]any); some && !slices.Contains(canonical, any(v)) {
					s.t.Errorf("%s: %s is %q, usual are %v", at, name, v, canonical)
				}
			case bool:
				ok = a["type"] == "boolean"
			case float64:
				ok = a["type"] == "integer" && v == float64(int(v))
			case map[string]any:
				if ok = a["type"] == "complex"; ok {
					sub, _ := a["subAttributes"].([]any)
					s.fits(at+"."+name, sub, v)
				}
			}
			if !ok {
				s.t.Errorf("%s: %s is %v, must be of type %v", at, name, v, a["type"])
			}
		}
	}
	for name := range o {
		if !known[name] {
			s.t.Errorf("%s: %s is not described", at, name)
		}
	}
}
