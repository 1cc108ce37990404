package saml

import (
	"fmt"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	small := Limits{Bytes: 2000, Depth: 3, Nodes: 8, Elements: 8, Attributes: 3, Namespaces: 4}
	for _, c := range []struct {
		name, doc string
		want      string // part of the error; "" accepts
	}{
		{"plain", `<a/>`, ""},
		{"everything allowed", "<?xml version='1.0' encoding=\"UTF-8\" standalone='yes' ?>\n<!-- c --><?pi x?>\n<a b='1'\n c = \"2>\"><b:c xmlns:b='urn:x'>t &amp; <![CDATA[<x>]]></b:c ><!-- - --></a>\n<!-- end -->\n", ""},
		{"default namespace taken back", `<a xmlns="urn:x"><b xmlns=""/></a>`, ""},
		{"bare declaration", `<?xml version="1.0"?><a/>`, ""},

		{"escapes", `<a b="&lt;&gt;&amp;&quot;&apos;&#65;&#x41;">&#9;&#10;&#13;&#x10FFFF;</a>`, ""},
		{"white space in tags", "<a\tb\n=\r'1' ></a \n>", ""},
		{"prefix xml", `<a xml:lang="en" xml:space="preserve"/>`, ""},
		{"xml declared as itself", `<a xmlns:xml="http://www.w3.org/XML/1998/namespace"/>`, ""},
		{"name that begins like the open one", `<a><ab></ab></a>`, ""},

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
		{"letters beyond ASCII", `<é/>`, "no proper name"},
		{"closed by a longer name", `<a></ab>`, "out of place"},
		{"closed by a shorter name", `<ab></a>`, "out of place"},
		{"closed crosswise", `<a><b></a></b>`, "out of place"},
		{"undeclared prefix", `<a:b/>`, "undeclared"},
		{"undeclared prefix of an attribute", `<a b:c="1"/>`, "undeclared"},
		{"prefix out of scope", `<a><b xmlns:x="urn:x"/><x:c/></a>`, "undeclared"},
		{"prefix xmlns", `<xmlns:a/>`, "undeclared"},
		{"the same attribute by two prefixes", `<a xmlns:b="urn:x" b:d="1" b:e="2" b:d="2"/>`, "more than 3"},

		{"unknown entity", `<a>&nbsp;</a>`, "entity"},
		{"unknown entity in a value", `<a b="&nbsp;"/>`, "entity"},
		{"entity in capitals", `<a>&LT;</a>`, "entity"},
		{"bare ampersand", `<a>a & b</a>`, "entity"},
		{"ampersand at the end", `<a>&</a>`, "entity"},
		{"entity without end", `<a>&amp</a>`, "entity"},
		{"reference to nothing", `<a>&#;</a>`, "entity"},
		{"reference without digits", `<a>&#x;</a>`, "entity"},
		{"reference in capitals", `<a>&#X41;</a>`, "entity"},
		{"reference with a sign", `<a>&#+65;</a>`, "entity"},
		{"reference with underscores", `<a>&#6_5;</a>`, "entity"},
		{"reference to a null", `<a>&#0;</a>`, "entity"},
		{"reference to a control character", `<a>&#x1F;</a>`, "entity"},
		{"reference to a surrogate", `<a>&#xDFFF;</a>`, "entity"},
		{"reference to no character", `<a>&#xFFFE;</a>`, "entity"},
		{"reference beyond Unicode", `<a>&#x110000;</a>`, "entity"},
		{"reference beyond numbers", `<a>&#99999999999;</a>`, "entity"},
		{"control character", "<a>\x01</a>", "control character"},
		{"no character", "<a>\uffff</a>", "does not have"},
		{"end of CDATA alone", `<a>]]></a>`, "did not begin"},

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
		{"declaration without version", `<?xml encoding="utf-8"?><a/>`, "cannot be read"},
		{"declaration in another order", `<?xml version="1.0" standalone="yes" encoding="utf-8"?><a/>`, "cannot be read"},
		{"declaration with two versions", `<?xml version="1.0" version="1.0"?><a/>`, "cannot be read"},
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
		{"too many elements", `<a><a/><a/><a/><a/><a/><a/><a/><a/></a>`, "more than 8 elements"},
		{"too many attributes in all", `<a b="" c=""><a b="" c=""/><a b="" c=""/></a>`, "more than 8 elements"},
		{"too many declarations in all", `<a xmlns="urn:x"><a xmlns="urn:x"/><a xmlns="urn:x"/><a xmlns="urn:x"/><a xmlns="urn:x"/></a>`, "more than 8 elements"},
		{"too many attributes", `<a b="" c="" d="" e=""/>`, "more than 3 attributes"},
		{"too many namespaces in force", `<a xmlns:b="urn:x" xmlns:c="urn:x" xmlns:d="urn:x"><a xmlns:b="urn:x" xmlns:c="urn:x"/></a>`, "more than 4 namespace"},
		{"as many one after the other", `<a><a xmlns:b="urn:x" xmlns:c="urn:x" xmlns:d="urn:x"/><a xmlns:b="urn:x" xmlns:c="urn:x"/></a>`, ""},
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

// One name in two namespaces is two attributes, two prefixes of one namespace
// are the same attribute.
func TestAttributesOfOneName(t *testing.T) {
	if _, err := parse([]byte(`<a xmlns:b="urn:x" xmlns:c="urn:y" d="0" b:d="1" c:d="2"/>`), DefaultLimits); err != nil {
		t.Error(err)
	}
	if _, err := parse([]byte(`<a xmlns:b="urn:x" xmlns:c="urn:x" b:d="1" c:d="2"/>`), DefaultLimits); err == nil {
		t.Error("the same attribute twice")
	}
}

// Text is one, whatever it is written in.
func TestText(t *testing.T) {
	root, err := parse([]byte("<a v=\" x\ty\r\nz&#10; \">\r\n b<!-- c -->d<![CDATA[<e>\r&amp;]]>&#x66;<g>h</g> i<!-- j --> k</a>"), DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	if root.text != "\n bd<e>\n&amp;f" || root.first.tail != " i k" || text(root) != "bd<e>\n&amp;f i k" || deepText(root) != "bd<e>\n&amp;fh i k" || !root.remark || root.first.remark {
		t.Errorf("text %q, tail %q", root.text, root.first.tail)
	}
	if v := root.attrs[0].value; v != " x y z\n " {
		t.Errorf("value %q", v)
	}
	// Many pieces are put together once and not one by one.
	many := "<a>" + strings.Repeat("x<!---->", 30_000) + "</a>"
	if root, err = parse([]byte(many), DefaultLimits); err != nil || root.text != strings.Repeat("x", 30_000) {
		t.Errorf("%d bytes, %v", len(root.text), err)
	}
}
