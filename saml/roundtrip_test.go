package saml

import (
	"fmt"
	"strings"
	"testing"

	validator "github.com/mattermost/xml-roundtrip-validator"
)

func TestRoundTrips(t *testing.T) {
	for name, c := range map[string]struct {
		doc  string
		good bool
	}{
		"plain":                  {`<a b="c">t<d/></a>`, true},
		"escapes and returns":    {"<a b='&lt;&#13;'>&amp;\r\n<![CDATA[<x>]]>&#13;</a>", true},
		"prefixes":               {`<a:b xmlns:a="urn:a" a:c="d"><a:b/></a:b>`, true},
		"comments":               {`<a><!-- b --></a>`, true},
		"two colons":             {`<a::b/>`, false},
		"attribute, two colons":  {`<a b::c="d"/>`, false},
		"the second time counts": {`<a><b/><b/><b::c/></a>`, false},
	} {
		if err := roundTrips([]byte(c.doc), 100); (err == nil) != c.good {
			t.Errorf("%s: %v", name, err)
		}
		if err := validator.Validate(strings.NewReader(c.doc)); (err == nil) != c.good {
			t.Errorf("%s: the validator itself says %v", name, err)
		}
	}
	many := "<a>"
	for i := range 20 {
		many += fmt.Sprintf("<b%d/>&amp;<c>&lt;</c>", i)
	}
	many += "</a>"
	if err := roundTrips([]byte(many), 24); err != nil {
		t.Errorf("24 different tags: %v", err)
	}
	if err := roundTrips([]byte(many), 23); err == nil {
		t.Error("24 different tags within a limit of 23")
	}
}

// Asking once about equal tokens must not accept more than asking about all.
func FuzzRoundTrips(f *testing.F) {
	for _, seed := range []string{`<a b="c">&amp;<d/><!-- e --></a>`, `<a::b/>`, `<a :b=""/>`, "<a>\r&#13;</a>"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, doc string) {
		if scan([]byte(doc), DefaultLimits) != nil || roundTrips([]byte(doc), 1000) != nil {
			return
		}
		if err := validator.Validate(strings.NewReader(doc)); err != nil {
			t.Fatalf("the validator itself says %v about %q", err, doc)
		}
	})
}
