package scim

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"rollcall/roster"
)

// plan writes a compiled filter so that it can be compared.
func plan(f roster.ScimFilter) string {
	many := func(parts []roster.ScimFilter, word string) string {
		var out []string
		for _, p := range parts {
			out = append(out, plan(p))
		}
		return "(" + strings.Join(out, word) + ")"
	}
	switch f := f.(type) {
	case roster.ScimAll:
		return many(f, " & ")
	case roster.ScimAny:
		return many(f, " | ")
	case roster.ScimNot:
		return "!" + plan(f.Filter)
	case roster.ScimConst:
		return fmt.Sprint(bool(f))
	case roster.ScimElement:
		return f.Attr + "[" + plan(f.Filter) + "]"
	case roster.ScimTest:
		if at, ok := f.Value.(time.Time); ok {
			return fmt.Sprintf("%s %s %s", f.Attr, f.Op, at.Format(time.RFC3339))
		}
		return fmt.Sprintf("%s %s %v", f.Attr, f.Op, f.Value)
	}
	return fmt.Sprintf("?%T", f)
}

func TestCompileFilter(t *testing.T) {
	const ent = urnEnterprise
	for _, c := range []struct {
		of       *resourceType
		in, want string
	}{
		{userType, `userName eq "Ada"`, "username eq ada"},
		{userType, `USERNAME Eq "STRAẞE"`, "username eq strasse"},
		{userType, urnUser + `:userName sw "J"`, "username sw j"},
		{userType, `externalId eq "Ab"`, "externalid eq Ab"},
		{userType, `id eq "Ab"`, "id eq Ab"},
		{userType, `active eq "True"`, "active eq true"},
		{userType, `active ne false`, "active ne false"},
		{userType, `title eq null`, "!title pr <nil>"},
		{userType, `title ne null`, "title pr <nil>"},
		{userType, `title co " x "`, "title co  x "},
		{userType, `name.familyName gt "M"`, "name.familyname gt m"},
		{userType, `name pr`, "(name.formatted pr <nil> | name.familyname pr <nil> | name.givenname pr <nil> | name.middlename pr <nil> | name.honorificprefix pr <nil> | name.honorificsuffix pr <nil>)"},
		{userType, `emails eq "A@x.test"`, "emails[value eq a@x.test]"},
		{userType, `emails.value ne "a@x.test"`, "!emails[value eq a@x.test]"},
		{userType, `emails pr`, "emails[true]"},
		{userType, `emails.type eq "work"`, "emails[type eq work]"},
		{userType, `emails[type eq "work"].value eq "X@y.test"`, "emails[(type eq work & value eq x@y.test)]"},
		{userType, `emails[type eq "work" and not (value co "@x")]`, "emails[(type eq work & !value co @x)]"},
		{userType, `roles[primary eq "True"].value pr`, "roles[(primary eq true & value pr <nil>)]"},
		{userType, `addresses[locality sw "Os"]`, "addresses[locality sw os]"},
		{userType, `groups eq "1"`, "groups[value eq 1]"},
		{userType, ent + `:department eq "R"`, "enterprise.department eq r"},
		{userType, ent + `:manager eq "7"`, "enterprise.manager.value eq 7"},
		{userType, ent + `:manager.displayName co "A"`, "enterprise.manager.displayname co a"},
		{userType, `meta.lastModified gt "2026-01-02T03:04:05+01:00"`, "meta.lastmodified gt 2026-01-02T02:04:05Z"},
		{userType, `meta.created le "2026-01-02T03:04:05"`, "meta.created le 2026-01-02T03:04:05Z"},
		{userType, `meta.resourceType eq "User" or meta.resourceType eq "user"`, "(true | false)"},
		{userType, `schemas eq "` + urnUser + `"`, "(true)"},
		{userType, `schemas eq "urn:x"`, "(false)"},
		{userType, `a pr`, ""}, {userType, `userName eq 7`, ""}, {userType, `userName eq true`, ""}, {userType, `members eq "1"`, ""},
		{userType, `password eq "x"`, ""}, {userType, `password pr`, ""}, {userType, `active gt true`, ""}, {userType, `active eq "maybe"`, ""},
		{userType, `name eq "x"`, ""}, {userType, `userName[value eq "x"]`, ""}, {userType, `emails[bogus eq "x"]`, ""}, {userType, `addresses eq "x"`, ""},
		{userType, `meta.created co "2026"`, ""}, {userType, `meta.created gt "yesterday"`, ""}, {userType, `meta.location eq "x"`, ""},
		{userType, `urn:x:y:userName eq "a"`, ""}, {userType, `userName gt null`, ""}, {userType, `emails[type eq "a"].bogus eq "x"`, ""},
		{userType, `schemas co 7`, ""}, {userType, `x509Certificates.value gt "a"`, ""}, {groupType, `members.$ref co "a"`, ""}, {userType, `userName.x eq "a"`, ""},
		{groupType, `displayName eq "Ops"`, "displayname eq ops"},
		{groupType, `members eq "1"`, "members[value eq 1]"},
		{groupType, `id eq "2" and members.value eq "1"`, "(id eq 2 & members[value eq 1])"},
		{groupType, `members[value eq "1" or type eq "User"]`, "members[(value eq 1 | type eq user)]"},
		{groupType, `userName eq "a"`, ""},
	} {
		e, err := parseFilter(c.in)
		if err != nil {
			t.Errorf("%q: %v", c.in, err)
			continue
		}
		f, err := compileFilter(c.of, e)
		switch {
		case c.want == "" && (err == nil || !strings.Contains(err.Error(), typeInvalidFilter)):
			t.Errorf("%q: %v", c.in, err)
		case c.want != "" && err != nil:
			t.Errorf("%q: %v", c.in, err)
		case c.want != "" && plan(f) != c.want:
			t.Errorf("%q is %s", c.in, plan(f))
		}
	}
}
