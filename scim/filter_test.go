package scim

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// show writes a parsed filter so that it can be compared and parsed again.
func show(e expr) string {
	switch e := e.(type) {
	case comparison:
		if e.op == opPresent {
			return showPath(e.path) + " pr"
		}
		literal, err := json.Marshal(e.value)
		if err != nil {
			panic(err)
		}
		return fmt.Sprintf("%s %s %s", showPath(e.path), e.op, literal)
	case allOf:
		return "(" + showAll(e.terms, " and ") + ")"
	case anyOf:
		return "(" + showAll(e.terms, " or ") + ")"
	case noneOf:
		return "not (" + show(e.term) + ")"
	case selection:
		text := fmt.Sprintf("%s[%s]", showPath(e.path), show(e.filter))
		if e.then != nil {
			text += "." + show(*e.then)
		}
		return text
	default:
		return fmt.Sprintf("?%T", e)
	}
}

func showAll(terms []expr, word string) string {
	var parts []string
	for _, t := range terms {
		parts = append(parts, show(t))
	}
	return strings.Join(parts, word)
}

func showPath(p attrPath) string {
	text := p.name
	if p.uri != "" {
		text = p.uri + ":" + text
	}
	if p.sub != "" {
		text += "." + p.sub
	}
	return text
}

func TestParseFilter(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`userName eq "ada"`, `userName eq "ada"`},
		{`  USERNAME   Eq "ada"  `, `USERNAME eq "ada"`},
		{`userName eq "a\"b\\c\u00fc"`, `userName eq "a\"b\\cü"`},
		{`title pr`, `title pr`},
		{`title PR and userName Sw "J"`, `(title pr and userName sw "J")`},
		{`a eq 1 or b eq 2 and c eq 3`, `(a eq 1 or (b eq 2 and c eq 3))`},
		{`a eq 1 and b eq 2 or c eq 3`, `((a eq 1 and b eq 2) or c eq 3)`},
		{`(a eq 1 or b eq 2) and c eq 3`, `((a eq 1 or b eq 2) and c eq 3)`},
		{`a eq 1 AND b eq 2 And c eq 3`, `(a eq 1 and b eq 2 and c eq 3)`},
		{`not (a eq 1)`, `not (a eq 1)`},
		{`NOT(a eq 1) and b pr`, `(not (a eq 1) and b pr)`},
		{`not pr`, `not pr`},
		{`and eq "x"`, `and eq "x"`},
		{`not not (a pr)`, ``},
		{`a eq true`, `a eq true`},
		{`a eq False`, `a eq false`},
		{`a eq null`, `a eq null`},
		{`a eq -1.5e3`, `a eq -1.5e3`},
		{`name.familyName co "O'Malley"`, `name.familyName co "O'Malley"`},
		{`urn:ietf:params:scim:schemas:core:2.0:User:userName sw "J"`, `urn:ietf:params:scim:schemas:core:2.0:User:userName sw "J"`},
		{`urn:x:2.0:User:manager.value eq "1"`, `urn:x:2.0:User:manager.value eq "1"`},
		{`meta.lastModified gt "2011-05-13T04:42:34Z"`, `meta.lastModified gt "2011-05-13T04:42:34Z"`},
		{`emails[type eq "work" and value co "@x"]`, `emails[(type eq "work" and value co "@x")]`},
		{`emails[ (type eq "work") or not (value pr) ]`, `emails[(type eq "work" or not (value pr))]`},
		{`emails[((type eq "a" or type eq "b") and primary eq true)] and a pr`, `(emails[((type eq "a" or type eq "b") and primary eq true)] and a pr)`},
		{`emails[type eq "work"].value eq "x"`, `emails[type eq "work"].value eq "x"`},
		{`emails[type eq "work"].value pr or a pr`, `(emails[type eq "work"].value pr or a pr)`},
		{`members.$ref eq "x"`, `members.$ref eq "x"`},
		{`a-b_c1 ge 3`, `a-b_c1 ge 3`},
		{`(((a pr)))`, `a pr`},
		{"a\teq\t\"x\"", `a eq "x"`},
		{`a eq "and" and b eq "or"`, `(a eq "and" and b eq "or")`},
		// Strings without quotes, as Microsoft's collection and documentation have them.
		{`a eq x`, `a eq "x"`},
		{`name.FamilyName eq Employee and (emails.Value co example.com or emails.Value co example.org)`,
			`(name.FamilyName eq "Employee" and (emails.Value co "example.com" or emails.Value co "example.org"))`},
		{`userName sw O`, `userName sw "O"`},
		{`externalId eq jyoung`, `externalId eq "jyoung"`},
		{`meta.Created gt 2015-10-10T14:38:21.8617979-07:00`, `meta.Created gt "2015-10-10T14:38:21.8617979-07:00"`},
		{`id eq 54D382A4-2050-4C03-94D1-E769F1D15682 and manager eq 2819c223`, `(id eq "54D382A4-2050-4C03-94D1-E769F1D15682" and manager eq "2819c223")`},
		{`emails[type eq work].value eq a@b.test`, `emails[type eq "work"].value eq "a@b.test"`},
		{`urn:ietf:params:scim:schemas:extension:enterprise:2.0:User.manager eq "1"`, `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager eq "1"`},
		{`URN:ietf:params:scim:schemas:core:2.0:User.name.familyName pr`, `URN:ietf:params:scim:schemas:core:2.0:User:name.familyName pr`},

		{``, ``}, {`   `, ``}, {`a`, ``}, {`a eq`, ``}, {`a eq 'x'`, ``}, {`a eq x y`, ``}, {`a eq x"y"`, ``}, {`a eq and`, ``}, {`a eq or b pr`, ``}, {`a eq eq`, ``}, {`a eq 12`, `a eq 12`}, {`a eq 012`, ``},
		{`userName eq x`, ``}, {`urn:ietf:params:scim:schemas:core:2.0:User:userName eq x`, ``}, {`a eq -x`, ``}, {`a eq x;y`, ``}, {`a eq x,y`, ``}, {`a eq "x`, ``}, {`a eq "x\`, ``},
		{`a is "x"`, ``}, {`eq "x"`, ``}, {`a eq "x" b eq "y"`, ``}, {`a eq "x" and`, ``}, {`and a pr`, ``}, {`a pr or or b pr`, ``},
		{`(a pr`, ``}, {`a pr)`, ``}, {`()`, ``}, {`not ()`, ``}, {`a[b pr`, ``}, {`a[]`, ``}, {`a[b[c pr]]`, ``}, {`a.b[c pr]`, ``},
		{`a[b pr].c`, ``}, {`a[b pr].c.d eq 1`, ``}, {`a[b pr]. pr`, ``}, {`a[b pr].u:c eq 1`, ``}, {`1a pr`, ``}, {`a. pr`, ``}, {`.a pr`, ``}, {`a.b.c pr`, ``},
		{`:a pr`, ``}, {`a: pr`, ``}, {`$ pr`, ``}, {`a eq 01`, ``}, {`a eq --1`, ``}, {`a eq {}`, ``}, {`a eq []`, ``},
		{`a pr; drop table`, ``}, {"a eq \"\x01\"", ``}, {"a eq \"\\u0000\"", ``}, {"a\x00 pr", ``}, {"a eq \"\xff\"", ``}, {`ä pr`, ``},
	} {
		e, err := parseFilter(c.in)
		if c.want == "" {
			if err == nil {
				t.Errorf("%q is read as %s", c.in, show(e))
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", c.in, err)
			continue
		}
		if got := show(e); got != c.want {
			t.Errorf("%q is read as %s", c.in, got)
		}
	}
}

// A message tells where and what, and nothing of the text.
func TestFilterMessages(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`userName is "secret"`, `400 invalidFilter: The filter cannot be read at character 10: expected one of eq, ne, co, sw, ew, gt, ge, lt, le, pr.`},
		{`userName eq secret`, `400 invalidFilter: The filter cannot be read at character 13: expected a string in double quotes, a number, true, false or null.`},
		{`a eq "ü" secret`, `400 invalidFilter: The filter cannot be read at character 10: expected "and", "or" or the end.`},
		{`(a pr secret`, `400 invalidFilter: The filter cannot be read at character 7: expected "and", "or" or ")".`},
		{`=secret`, `400 invalidFilter: The filter cannot be read at character 1: expected an attribute.`},
	} {
		_, err := parseFilter(c.in)
		if err == nil || err.Error() != c.want {
			t.Errorf("%q: %v", c.in, err)
		}
	}
}

func TestFilterLimits(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("(", n) + "a pr" + strings.Repeat(")", n) }
	nots := func(n int) string { return strings.Repeat("not (", n) + "a pr" + strings.Repeat(")", n) }
	terms := func(n int) string { return strings.Repeat("a pr or ", n-1) + "a pr" }
	long := func(n int) string { return `a eq "` + strings.Repeat("x", n-7) + `"` }
	for _, ok := range []string{deep(maxFilterDepth), nots(maxFilterDepth), terms(maxFilterTerms), long(maxFilterBytes)} {
		if _, err := parseFilter(ok); err != nil {
			t.Errorf("%.20s...: %v", ok, err)
		}
	}
	for _, over := range []string{
		deep(maxFilterDepth + 1), nots(maxFilterDepth + 1), terms(maxFilterTerms + 1), long(maxFilterBytes + 1),
		deep(100_000), nots(100_000), strings.Repeat("(", 100_000), strings.Repeat("a[", 8000), terms(100_000),
	} {
		// The fastest of a few: something else may have the processor for a second.
		fastest := time.Hour
		for try := 0; try < 5 && fastest > time.Second; try++ {
			began := time.Now()
			if _, err := parseFilter(over); err == nil || !strings.Contains(err.Error(), typeInvalidFilter) {
				t.Errorf("%.20s...: %v", over, err)
			}
			fastest = min(fastest, time.Since(began))
		}
		if fastest > time.Second {
			t.Errorf("%.20s... took %v", over, fastest)
		}
	}
}
