package scim_test

import "strconv"

func init() {
	for _, q := range asked {
		d := demand{section: "7644 3.4.2.2", method: "GET", path: q.path + "?filter=" + q.filter, status: 200}
		switch q.who {
		case "refused":
			d.status, d.want = 400, `scimType="invalidFilter"`
		default:
			who := map[string][]string{"ada": {"{ada}"}, "bob": {"{bob}"}, "both": {"{ada}", "{bob}"}, "team": {"{team}"}, "ada and team": {"{ada}", "{team}"}, "all": {"{ada}", "{bob}", "{team}"}, "nobody": {}}[q.who]
			d.want = "totalResults=" + strconv.Itoa(len(who))
			for i, id := range who {
				d.want += " Resources/" + strconv.Itoa(i) + `/id="` + id + `"`
			}
		}
		demands = append(demands, d)
	}
}

// asked is filters and whom they find among those of demands: every operator with
// every type of attribute, and what has to be refused.
var asked = []struct{ path, filter, who string }{
	// Strings, without regard to case.
	{"/Users", `userName sw ""`, "both"},
	{"/Users", `title eq "COUNTESS"`, "ada"},
	{"/Users", `title ne "countess"`, "bob"},
	{"/Users", `title gt "a"`, "ada"},
	{"/Users", `title le "z"`, "ada"},
	{"/Users", `userName gt "b"`, "bob"},
	{"/Users", `userName lt "b"`, "ada"},
	{"/Users", `userName EW ".TEST"`, "both"},
	{"/Users", `name.honorificSuffix eq "ii"`, "ada"},
	{"/Users", `NAME.FamilyName co "in"`, "ada"},
	{"/Users", `userName eq "\u0041da@acme.test"`, "ada"},
	// To the letter.
	{"/Users", `externalId sw "Ext"`, "ada"},
	{"/Users", `externalId sw "ext"`, "nobody"},
	{"/Users", `externalId ne "Ext-1"`, "bob"},
	{"/Users", `id ne "{ada}"`, "bob"},
	{"/Users", `id pr`, "both"},
	{"/Users", `id eq "nobody"`, "nobody"},
	{"/Groups", `externalId eq "G1"`, "nobody"},
	{"/Users", `meta.resourceType eq "user"`, "nobody"},
	// Booleans have no order and no parts.
	{"/Users", `active ne true`, "nobody"},
	{"/Users", `active eq "TRUE"`, "both"},
	{"/Users", `active pr`, "both"},
	{"/Users", `active ge true`, "refused"},
	{"/Users", `active lt false`, "refused"},
	{"/Users", `active le true`, "refused"},
	{"/Users", `active co "t"`, "refused"},
	{"/Users", `active eq 1`, "refused"},
	{"/Users", `emails.primary gt true`, "refused"},
	// Neither have certificates an order.
	{"/Users", `x509Certificates.value eq "MIIDQzCCAqygAwIBAgICEAAwDQYJKoZIhvcNAQEFBQAw"`, "ada"},
	{"/Users", `x509Certificates.value eq "miidqzCCAqygAwIBAgICEAAwDQYJKoZIhvcNAQEFBQAw"`, "nobody"},
	{"/Users", `x509Certificates pr`, "ada"},
	{"/Users", `x509Certificates gt "M"`, "refused"},
	{"/Users", `x509Certificates.value ge "M"`, "refused"},
	{"/Users", `x509Certificates[value lt "M"]`, "refused"},
	{"/Users", `not (x509Certificates.value le "M")`, "refused"},
	// References.
	{"/Users", `profileUrl eq "https://example.com/ada"`, "ada"},
	{"/Users", `profileUrl gt "https://example.com/a"`, "ada"},
	{"/Users", `photos.value sw "https://"`, "ada"},
	{"/Groups", `members.$ref eq "https://rollcall.example/scim/{slug}/v2/Users/{ada}"`, "team"},
	{"/Groups", `members.$ref pr`, "team"},
	{"/Groups", `members.$ref co "Users"`, "refused"},
	{"/Users", `groups[$ref sw "https"]`, "refused"},
	// Dates, as instants.
	{"/Users", `meta.created gt "2011-05-13T04:42:34+02:00"`, "both"},
	{"/Users", `meta.created gt "2011-05-13T04:42:34.123456Z"`, "both"},
	{"/Users", `meta.created gt "2011-05-13T04:42:34"`, "both"},
	{"/Users", `meta.lastModified lt "2011-05-13T04:42:34Z"`, "nobody"},
	{"/Users", `meta.created ne "2011-05-13T04:42:34Z"`, "both"},
	{"/Users", `meta.created pr and meta.lastModified pr and meta.version pr and meta.location pr and meta pr`, "both"},
	{"/Users", `meta.created sw "2011"`, "refused"},
	{"/Users", `meta.created gt 7`, "refused"},
	// Nothing is null, and so is an empty list (RFC 7643 section 2.5).
	{"/Users", `nickName eq null`, "bob"},
	{"/Users", `nickName ne null`, "ada"},
	{"/Users", `emails eq null`, "bob"},
	{"/Users", `emails.value ne null`, "ada"},
	{"/Users", `addresses eq null`, "bob"},
	{"/Users", `name ne null`, "ada"},
	{"/Users", entURN + `:manager eq null`, "bob"},
	{"/Users", `userName eq null`, "nobody"},
	{"/Users", `entitlements pr`, "ada"},
	{"/Groups", `members eq null`, "nobody"},
	{"", `userName eq null`, "team"},
	// Lists: the value is meant, and one element is enough.
	{"/Users", `emails eq "ADA@home.test"`, "ada"},
	{"/Users", `emails.type eq "home" and emails.primary eq true`, "ada"},
	{"/Users", `emails[type eq "home" and primary eq true]`, "nobody"},
	{"/Users", `emails[(type eq "home" or type eq "other") and value co "@home"]`, "ada"},
	{"/Users", `emails[not (type eq "work")]`, "ada"},
	{"/Users", `emails[type ne "work"]`, "ada"},
	{"/Users", `emails[display pr]`, "nobody"},
	{"/Users", `emails[type eq "home" and primary eq false]`, "ada"},
	{"/Users", `emails[type eq "work" and primary ne true]`, "nobody"},
	{"/Users", `photos.primary eq false`, "ada"},
	{"/Users", `emails[type eq "work"].value eq "ada@home.test"`, "nobody"},
	{"/Users", `not (emails[type eq "work"])`, "bob"},
	{"/Users", userURN + `:emails[type eq "work"]`, "ada"},
	{"/Users", `addresses[locality sw "LON" and primary eq true]`, "ada"},
	{"/Users", `phoneNumbers eq "tel:+44-1"`, "ada"},
	{"/Users", `roles[value eq "r1" and primary eq "True"]`, "ada"},
	// Who is in what.
	{"/Users", `groups eq "{team}"`, "ada"},
	{"/Users", `groups[value eq "{team}" and type eq "direct"]`, "ada"},
	{"/Users", `groups[type ne "direct"]`, "nobody"},
	{"/Users", `groups.type sw "dir"`, "ada"},
	{"/Users", `not (groups pr)`, "bob"},
	{"/Users", `groups[value ne "{team}"]`, "nobody"},
	{"/Users", `groups.value pr`, "ada"},
	{"/Groups", `members[value co "-"]`, "team"},
	{"/Groups", `members.value sw "zz"`, "nobody"},
	{"/Groups", `members[value ne "{bob}"]`, "team"},
	{"/Groups", `members.value ne "{ada}"`, "nobody"},
	{"/Groups", `members[type eq "User" and not (value eq "{bob}")]`, "team"},
	{"/Groups", `members[type co "se"]`, "team"},
	{"/Groups", `not (members pr)`, "nobody"},
	{"/Groups", urnOfGroup + `:displayName sw "te"`, "team"},
	// Schemas.
	{"/Users", `schemas eq "` + userURN + `"`, "both"},
	{"/Users", `schemas ne "` + entURN + `"`, "bob"},
	{"/Users", `schemas co "enterprise"`, "ada"},
	{"/Users", `schemas sw "urn:ietf:params:scim:schemas:core"`, "both"},
	{"/Users", `schemas eq "urn:none"`, "nobody"},
	{"/Users", `schemas pr`, "both"},
	{"/Users", `schemas eq 7`, "refused"},
	{"", `schemas eq "` + urnOfGroup + `"`, "team"},
	// URNs, in any case.
	{"/Users", `URN:IETF:PARAMS:SCIM:SCHEMAS:CORE:2.0:USER:userName eq "ada@acme.test"`, "ada"},
	{"/Users", userURN + `:name.familyName eq "king"`, "ada"},
	{"/Users", entURN + ` pr`, "ada"},
	{"/Users", `not (` + entURN + `:department pr)`, "bob"},
	{"/Users", entURN + `:bogus eq "x"`, "refused"},
	{"/Users", `urn:x:y:userName eq "x"`, "refused"},
	// and before or, not before both; groups.
	{"/Users", `userName eq "bob@acme.test" or title pr and title eq "none"`, "bob"},
	{"/Users", `not (userName eq "bob@acme.test") and active eq true`, "ada"},
	{"/Users", `not(not (title pr))`, "ada"},
	{"/Users", `((title pr)) OR ((userName sw "b"))`, "both"},
	// The root takes what a type has not for what has no value.
	{"", `id pr`, "all"},
	{"", `not (userName pr)`, "team"},
	{"", `title pr or members pr`, "ada and team"},
	{"", `bogus pr`, "refused"},
	// What cannot be read.
	{"/Users", ``, "refused"},
	{"/Users", `userName`, "refused"},
	{"/Users", `userName eq ada@`, "refused"},
	{"/Users", `eq "x"`, "refused"},
	{"/Users", `userName eq "x" and`, "refused"},
	{"/Users", `or userName eq "x"`, "refused"},
	{"/Users", `userName eq "x")`, "refused"},
	{"/Users", `userName eq "x" userName eq "y"`, "refused"},
	{"/Users", `not userName eq "x"`, "refused"},
	{"/Users", `userName eq "x`, "refused"},
	{"/Users", `userName eq 'x'`, "refused"},
	{"/Users", `userName == "x"`, "refused"},
	{"/Users", `userName pr "x"`, "refused"},
	{"/Users", `1name eq "x"`, "refused"},
	{"/Users", `name..x eq "y"`, "refused"},
	{"/Users", `emails[]`, "refused"},
	{"/Users", `emails[type eq "work"`, "refused"},
	{"/Users", `emails[type eq "work"]]`, "refused"},
	{"/Users", `emails[type eq "work" and ims[type pr]]`, "refused"},
	// What is not there, or cannot be compared like that.
	{"/Users", `bogus pr`, "refused"},
	{"/Users", `name.bogus eq "x"`, "refused"},
	{"/Users", `emails.bogus eq "x"`, "refused"},
	{"/Users", `emails[bogus eq "x"]`, "refused"},
	{"/Users", `userName.value eq "x"`, "refused"},
	{"/Users", `userName[value eq "x"]`, "refused"},
	{"/Users", `name[givenName eq "x"]`, "refused"},
	{"/Users", `name eq "x"`, "refused"},
	{"/Users", `addresses co "x"`, "refused"},
	{"/Users", `password pr`, "refused"},
	{"/Users", `userName eq true`, "refused"},
	{"/Groups", `userName eq "x"`, "refused"},
	{"/Groups", `members.bogus eq "x"`, "refused"},
}

const urnOfGroup = "urn:ietf:params:scim:schemas:core:2.0:Group"
