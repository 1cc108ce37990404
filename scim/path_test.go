package scim

import (
	"strings"
	"testing"
)

func showPatchPath(p patchPath) string {
	if p.filter == nil {
		return showPath(p.attr)
	}
	sub := p.attr.sub
	p.attr.sub = ""
	text := showPath(p.attr) + "[" + show(p.filter) + "]"
	if sub != "" {
		text += "." + sub
	}
	return text
}

func TestParsePath(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`userName`, `userName`},
		{` userName `, `userName`},
		{`name.givenName`, `name.givenName`},
		{`urn:ietf:params:scim:schemas:core:2.0:User:name.givenName`, `urn:ietf:params:scim:schemas:core:2.0:User:name.givenName`},
		{`urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager`, `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager`},
		{`emails[type eq "work"]`, `emails[type eq "work"]`},
		{`emails[type Eq "work"].value`, `emails[type eq "work"].value`},
		{`addresses[type eq "work" and primary eq true].locality`, `addresses[(type eq "work" and primary eq true)].locality`},
		{`roles[primary eq "True"].value`, `roles[primary eq "True"].value`},
		{`members[value eq "2819c223-7f76-453a-919d-413861904646"]`, `members[value eq "2819c223-7f76-453a-919d-413861904646"]`},
		{`emails[not (type pr) or (value co "]")].value`, `emails[(not (type pr) or value co "]")].value`},

		{``, ``}, {` `, ``}, {`.`, ``}, {`a.`, ``}, {`a.b.c`, ``}, {`a b`, ``}, {`a[`, ``}, {`a[]`, ``}, {`a[b pr`, ``}, {`a[b pr].`, ``},
		{`a[b pr]c`, ``}, {`a[b pr].c.d`, ``}, {`a[b pr].c d`, ``}, {`a.b[c pr]`, ``}, {`a[b[c pr]]`, ``}, {`a eq "x"`, ``}, {`(a)`, ``}, {`"a"`, ``},
		{`a[b pr] `, `a[b pr]`}, {"a\x00", ``}, {"\xff", ``}, {strings.Repeat("a", maxFilterBytes+1), ``},
		{`a[` + strings.Repeat("(", 100_000), ``},
		{`a[` + strings.Repeat("(", maxFilterDepth) + `b pr` + strings.Repeat(")", maxFilterDepth) + `]`, ``},
	} {
		p, err := parsePath(c.in)
		switch {
		case c.want == "" && (err == nil || !strings.Contains(err.Error(), typeInvalidPath)):
			t.Errorf("%.60q is read as %s, error %v", c.in, showPatchPath(p), err)
		case c.want != "" && err != nil:
			t.Errorf("%q: %v", c.in, err)
		case c.want != "" && showPatchPath(p) != c.want:
			t.Errorf("%q is read as %s", c.in, showPatchPath(p))
		}
	}
}

func TestResolve(t *testing.T) {
	for _, c := range []struct{ in, attr, sub string }{
		{"userName", "userName", ""},
		{"USERNAME", "userName", ""},
		{"Name.GIVENNAME", "name", "givenName"},
		{urnUser + ":emails.value", "emails", "value"},
		{strings.ToUpper(urnUser) + ":active", "active", ""},
		{"u\u017ferName", "", ""}, // Unicode would fold the long s
		{"name.middleName", "name", "middleName"},
		{"name.nickName", "", ""},
		{"userName.value", "", ""},
		{"members", "", ""},
		{"$ref", "", ""},
		{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:userName", "", ""},
		{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:Department", "department", ""},
		{"URN:ietf:params:scim:schemas:extension:enterprise:2.0:user:manager.DISPLAYNAME", "manager", "displayName"},
		{"urn:ietf:params:scim:schemas:core:2.0:Group:displayName", "", ""},
	} {
		path, _ := parseAttrPath(c.in)
		to := userType.resolve(path)
		attr, sub := to.attr, to.sub
		gotAttr, gotSub := "", ""
		if attr != nil {
			gotAttr = attr.name
		}
		if sub != nil {
			gotSub = sub.name
		}
		if gotAttr != c.attr || gotSub != c.sub {
			t.Errorf("%q is %q and %q", c.in, gotAttr, gotSub)
		}
	}
}
