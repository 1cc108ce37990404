package saml

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	small := Limits{Bytes: 2000, Depth: 3, Elements: 5, Attributes: 3, Namespaces: 4}
	for _, c := range []struct {
		name, doc string
		want      string // part of the error; "" accepts
	}{
		{"plain", `<a/>`, ""},
		{"everything allowed", "<?xml version='1.0' encoding=\"UTF-8\" standalone='yes' ?>\n<!-- c --><?pi x?>\n<a b='1'\n c = \"2>\"><b:c xmlns:b='urn:x'>t &amp; <![CDATA[<x>]]></b:c ><!-- - --></a>\n<!-- end -->\n", ""},
		{"default namespace taken back", `<a xmlns="urn:x"><b xmlns=""/></a>`, ""},
		{"bare declaration", `<?xml version="1.0"?><a/>`, ""},

		{"empty", ``, "no root"},
		{"white space", ` `, "no root"},
		{"text", `hello`, "outside the root"},
		{"text after", `<a/>x`, "outside the root"},
		{"second root", `<a/><b/>`, "after the root"},
		{"unclosed", `<a><b></b>`, "ends inside"},
		{"closed twice", `<a/></a>`, "out of place"},
		{"half a tag", `<a`, "does not end"},
		{"half an attribute", `<a b`, "no value"},
		{"half a value", `<a b="`, "does not end"},
		{"no quotes", `<a b=c>`, "no quotes"},
		{"no space between attributes", `<a b="1"c="2"/>`, "cannot be read"},
		{"tag in a value", `<a b="<c>"/>`, "holds a tag"},
		{"slash in the middle", `<a / >`, "does not end"},
		{"no name", `< a/>`, "no proper name"},
		{"leading colon", `<:a/>`, "no proper name"},
		{"two colons", `<a:b:c/>`, "no proper name"},
		{"trailing colon", `<a:/>`, "no proper name"},
		{"empty prefix declared", `<a xmlns:="urn:x"/>`, "cannot be read"},
		{"digit first", `<1a/>`, "no proper name"},

		{"document type", `<!DOCTYPE a><a/>`, "document type"},
		{"document type after a comment", `<!-- --><!doctype a [<!ENTITY x "y">]><a/>`, "document type"},
		{"entity inside", `<a><!ENTITY x "y"></a>`, "document type"},
		{"instruction inside", `<a><?x y?></a>`, "processing instruction"},
		{"instruction after", `<a/><?x y?>`, "processing instruction"},
		{"late declaration", ` <?xml version="1.0"?><a/>`, "processing instruction"},
		{"instruction without end", `<?x <a/>`, "processing instruction"},
		{"instruction of one mark", ` <?><a/>`, "does not end"},
		{"instruction without a name", ` <??><a/>`, "no proper name"},
		{"CDATA outside", `<![CDATA[x]]><a/>`, "CDATA"},
		{"CDATA without end", `<a><![CDATA[x]]</a>`, "CDATA"},
		{"comment without end", `<a><!-- </a>`, "comment"},
		{"double dash in a comment", `<a><!-- -- --></a>`, "comment"},
		{"comment ends at once", `<a><!--></a>`, "comment"},

		{"UTF-16 announced", `<?xml version="1.0" encoding="UTF-16"?><a/>`, "not UTF-8"},
		{"UTF-7 announced", `<?xml version="1.0" encoding='utf-7'?><a/>`, "not UTF-8"},
		{"version 1.1", `<?xml version="1.1"?><a/>`, "version"},
		{"odd declaration", `<?xml version="1.0" colour="red"?><a/>`, "cannot be read"},
		{"declaration without quotes", `<?xml version=1.0?><a/>`, "cannot be read"},
		{"declaration without end", `<?xml version="1.0"`, "does not end"},
		{"not UTF-8", "<a>\xff</a>", "not UTF-8"},
		{"UTF-16", "\xfe\xff\x00<\x00a\x00/\x00>", "not UTF-8"},

		{"duplicate attribute", `<a b="1" b="2"/>`, "twice"},
		{"duplicate namespace", `<a xmlns:x="urn:1" xmlns:x="urn:2"/>`, "twice"},
		{"relative namespace", `<a xmlns:x="1"/>`, "absolute"},
		{"relative namespace with a path", `<a xmlns="../x:y"/>`, "absolute"},
		{"empty prefix namespace", `<a xmlns:x=""/>`, "without a namespace"},
		{"escaped namespace", `<a xmlns="urn:&#120;"/>`, "escape"},
		{"xml redefined", `<a xmlns:xml="urn:x"/>`, "reserved"},
		{"xml under another name", `<a xmlns:x="http://www.w3.org/XML/1998/namespace"/>`, "reserved"},
		{"xmlns redefined", `<a xmlns:xmlns="urn:x"/>`, "reserved"},

		{"too deep", `<a><a><a><a/></a></a></a>`, "deeper than 3"},
		{"deep enough", `<a><a><a/></a></a>`, ""},
		{"too many elements", `<a><a/><a/><a/><a/><a/></a>`, "more than 5 elements"},
		{"too many attributes", `<a b="" c="" d="" e=""/>`, "more than 3 attributes"},
		{"too many namespaces in force", `<a xmlns:b="urn:x" xmlns:c="urn:x" xmlns:d="urn:x"><a xmlns:b="urn:x" xmlns:c="urn:x"/></a>`, "more than 4 namespace"},
		{"as many one after the other", `<a><a xmlns:b="urn:x" xmlns:c="urn:x"/><a xmlns:b="urn:x" xmlns:c="urn:x"/><a xmlns:b="urn:x" xmlns:c="urn:x"/></a>`, ""},
		{"too many bytes", `<a>` + strings.Repeat(" ", 2000) + `</a>`, "limit is 2000"},
	} {
		_, err := parse([]byte(c.doc), small)
		if c.want == "" && err != nil || c.want != "" && !strings.Contains(fmt.Sprint(err), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

func TestLimitsDefault(t *testing.T) {
	if got := (Limits{}).orDefault(); got != DefaultLimits {
		t.Errorf("%+v", got)
	}
	if got := (Limits{Bytes: 1, Depth: -1}).orDefault(); got.Bytes != 1 || got.Depth != DefaultLimits.Depth {
		t.Errorf("%+v", got)
	}
}

// recount does with encoding/xml what scan does by hand.
func recount(doc []byte) (elements, depth int, err error) {
	d := xml.NewDecoder(bytes.NewReader(doc))
	open := 0
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return elements, depth, nil
		}
		if err != nil {
			return elements, depth, err
		}
		switch token.(type) {
		case xml.StartElement:
			elements++
			open++
			depth = max(depth, open)
		case xml.EndElement:
			open--
		case xml.Directive:
			return 0, 0, errors.New("a directive passed")
		}
	}
}

// A document that passes must not hold more than scan has counted: what
// encoding/xml sees has to be within the limits too.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{`<a/>`, `<?xml version="1.0"?><!--x--><a b='c' d:e="f">t<![CDATA[<g>]]><h/></a>`, `<a><!DOCTYPE b></a>`, `<a b=">"/>`, `<a xmlns="urn:x"/>`, ` <?>`} {
		f.Add([]byte(seed))
	}
	limits := Limits{Bytes: 1000, Depth: 4, Elements: 8, Attributes: 4, Namespaces: 4}
	f.Fuzz(func(t *testing.T, doc []byte) {
		if _, err := parse(doc, limits); err != nil {
			return
		}
		elements, depth, err := recount(doc)
		if err != nil {
			if strings.Contains(err.Error(), "directive") {
				t.Fatal(err)
			}
			return // the parser refuses more than the scan, which is its right
		}
		if elements > limits.Elements || depth > limits.Depth {
			t.Fatalf("%d elements, depth %d in %q", elements, depth, doc)
		}
	})
}

// hostile are the worst known documents within the size limit.
func hostile() map[string]string {
	nested := func(depth, declarations int) string {
		var b strings.Builder
		for i := range depth {
			b.WriteString("<a")
			for j := range declarations {
				fmt.Fprintf(&b, ` xmlns:p%d_%d="urn:x"`, i, j)
			}
			b.WriteString(">")
		}
		return b.String() + strings.Repeat("</a>", depth)
	}
	return map[string]string{
		"nested xmlns, 900 x 10":   nested(900, 10),
		"nested xmlns, 100 x 39":   nested(100, 39),
		"nested xmlns, in bounds":  nested(39, 1),
		"deep":                     strings.Repeat("<a>", 30_000) + strings.Repeat("</a>", 30_000),
		"elements":                 "<a>" + strings.Repeat("<a/>", 60_000) + "</a>",
		"attributes":               "<a" + strings.Repeat(` b="c"`, 40_000) + "/>",
		"distinct attributes":      "<a" + distinct(30_000) + "/>",
		"comments":                 "<a>" + strings.Repeat("<!---->", 37_000) + "</a>",
		"unclosed comments":        "<a>" + strings.Repeat("<!--", 60_000),
		"unclosed CDATA":           "<a>" + strings.Repeat("<![CDATA[", 25_000),
		"unclosed instructions":    strings.Repeat("<?x ", 60_000),
		"entities":                 "<a>" + strings.Repeat("&amp;", 50_000) + "</a>",
		"namespaces over elements": "<a" + strings.Repeat(" ", 1) + `xmlns:b="urn:x">` + strings.Repeat("<a/>", 60_000) + "</a>",
	}
}

func distinct(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, ` a%d=""`, i)
	}
	return b.String()
}

// No message costs more than a moment, whoever sends it.
func TestHostileIsCheap(t *testing.T) {
	for name, doc := range hostile() {
		start := time.Now()
		if _, err := parse([]byte(doc), DefaultLimits); err == nil && !strings.Contains(name, "in bounds") && name != "comments" && name != "entities" {
			t.Errorf("%s passes", name)
		}
		if took := time.Since(start); took > 250*time.Millisecond {
			t.Errorf("%s took %v", name, took)
		}
	}
}

func BenchmarkHostile(b *testing.B) {
	for name, doc := range hostile() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(doc)))
			for b.Loop() {
				_, _ = parse([]byte(doc), DefaultLimits)
			}
		})
	}
}
