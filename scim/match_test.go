package scim

import "testing"

func TestMatches(t *testing.T) {
	emails := find(userAttributes, "emails")
	work := document{"value": "Ada@Acme.test", "type": "work", "primary": true}
	bare := document{"value": "b@x.test"}
	for _, c := range []struct {
		filter     string
		work, bare bool
	}{
		{`type eq "WORK"`, true, false},
		{`TYPE eq "work"`, true, false},
		{`type ne "work"`, false, true},
		{`type pr`, true, false},
		{`type eq null`, false, true},
		{`type ne null`, true, false},
		{`value co "ACME"`, true, false},
		{`value sw "ada@"`, true, false},
		{`value ew ".TEST"`, true, true},
		{`value gt "b"`, false, true},
		{`value ge "ada@acme.test"`, true, true},
		{`value lt "b"`, true, false},
		{`value le "b@x.test"`, true, true},
		{`type gt "a"`, true, false},
		{`primary eq true`, true, false},
		{`primary eq "True"`, true, false},
		{`primary eq "false"`, false, true},
		{`primary eq false`, false, true},
		{`primary ne false`, true, false},
		{`primary pr`, true, false},
		{`primary eq null`, false, true},
		{`primary ne true`, false, true},
		{`primary gt true`, false, false},
		{`primary co "t"`, false, false},
		{`value eq 5`, false, false},
		{`value gt 5`, false, false},
		{`bogus pr`, false, false},
		{`bogus eq null`, false, false},
		{`not (bogus pr)`, true, true},
		{`type.sub eq "work"`, false, false},
		{`urn:x:type eq "work"`, false, false},
		{`type eq "work" and primary eq true`, true, false},
		{`type eq "work" and primary eq false`, false, false},
		{`type eq "work" or value sw "b"`, true, true},
		{`type eq "home" or value sw "b"`, false, true},
		{`not (type eq "work")`, false, true},
	} {
		p, err := parsePath("emails[" + c.filter + "]")
		if err != nil {
			t.Errorf("%s: %v", c.filter, err)
			continue
		}
		if a, b := matches(p.filter, emails, work), matches(p.filter, emails, bare); a != c.work || b != c.bare {
			t.Errorf("%s: %v and %v", c.filter, a, b)
		}
	}
}
