package saml

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// Limits bound a message before any XML library sees it. A field that is 0
// has the value of DefaultLimits.
type Limits struct {
	Bytes      int // size of the document
	Depth      int // elements inside each other
	Elements   int
	Attributes int // of one element, namespace declarations included
	// Namespaces is the number of declarations in force at one place. The XML
	// libraries copy them for every element, so it is this number times the
	// elements that costs; NamespaceWork bounds that product.
	//
	// There is no bound on declarations over the whole document: Java products
	// repeat two of them on every attribute value, harmlessly.
	Namespaces    int
	NamespaceWork int
	Kinds         int // different tags and comments
}

// DefaultLimits let through a person in some 1,500 groups.
var DefaultLimits = Limits{
	Bytes: 256 << 10, Depth: 40, Elements: 20_000, Attributes: 40, Namespaces: 40, NamespaceWork: 200_000, Kinds: 1000,
}

func (l Limits) orDefault() Limits {
	for _, f := range []struct {
		have *int
		dflt int
	}{
		{&l.Bytes, DefaultLimits.Bytes}, {&l.Depth, DefaultLimits.Depth},
		{&l.Elements, DefaultLimits.Elements}, {&l.Attributes, DefaultLimits.Attributes},
		{&l.Namespaces, DefaultLimits.Namespaces}, {&l.NamespaceWork, DefaultLimits.NamespaceWork},
		{&l.Kinds, DefaultLimits.Kinds},
	} {
		if *f.have <= 0 {
			*f.have = f.dflt
		}
	}
	return l
}

// scanError is a document that step 1 refuses.
type scanError struct {
	tooLarge bool // a size or count is over its limit; otherwise the document is malformed
	text     string
}

func (e *scanError) Error() string { return e.text }

func malformed(format string, args ...any) error {
	return &scanError{text: fmt.Sprintf(format, args...)}
}

func tooLarge(format string, args ...any) error {
	return &scanError{tooLarge: true, text: fmt.Sprintf(format, args...)}
}

// scanner is one linear pass over a document. It accepts a subset of XML 1.0
// in UTF-8 - no document type, no processing instruction inside - and refuses
// whatever it is not sure of, so that a document that passes means the same to
// every parser.
type scanner struct {
	doc    []byte
	pos    int
	limits Limits

	declared []int // number of declarations on each open element
	inForce  int   // sum of declared
	elements int
	work     int
	closed   bool // the root element has ended
	names    [][]byte
}

// scan checks doc against the limits in time linear in its length.
func scan(doc []byte, limits Limits) error {
	if len(doc) > limits.Bytes {
		return tooLarge("the document has %d bytes; the limit is %d", len(doc), limits.Bytes)
	}
	if !utf8.Valid(doc) {
		return malformed("the document is not UTF-8")
	}
	s := &scanner{doc: doc, limits: limits}
	if err := s.declaration(); err != nil {
		return err
	}
	for s.pos < len(s.doc) {
		if err := s.token(); err != nil {
			return err
		}
	}
	switch {
	case len(s.declared) > 0:
		return malformed("the document ends inside an element")
	case !s.closed:
		return malformed("the document has no root element")
	}
	return nil
}

// declaration reads <?xml ...?>, which may only stand first and may only
// announce UTF-8.
func (s *scanner) declaration() error {
	if !bytes.HasPrefix(s.doc, []byte("<?xml")) || len(s.doc) < 6 || !isSpace(s.doc[5]) {
		return nil
	}
	end := bytes.Index(s.doc, []byte("?>"))
	if end < 0 || end > 200 {
		return malformed("the XML declaration does not end")
	}
	rest := bytes.TrimSpace(s.doc[5:end])
	s.pos = end + 2
	for len(rest) > 0 {
		name, after, ok := bytes.Cut(rest, []byte("="))
		after = bytes.TrimLeft(after, " \t\r\n")
		if !ok || len(after) < 2 || after[0] != '"' && after[0] != '\'' {
			return malformed("the XML declaration cannot be read")
		}
		value, left, ok := bytes.Cut(after[1:], after[:1])
		if !ok {
			return malformed("the XML declaration cannot be read")
		}
		switch string(bytes.TrimSpace(name)) {
		case "version":
			if string(value) != "1.0" {
				return malformed("the XML version is not 1.0")
			}
		case "encoding":
			if !bytes.EqualFold(value, []byte("utf-8")) {
				return malformed("the declared encoding is not UTF-8")
			}
		case "standalone":
		default:
			return malformed("the XML declaration cannot be read")
		}
		rest = bytes.TrimLeft(left, " \t\r\n")
	}
	return nil
}

// token reads one piece of markup or the text before the next one.
func (s *scanner) token() error {
	rest := s.doc[s.pos:]
	if rest[0] != '<' {
		return s.text(rest)
	}
	switch {
	case bytes.HasPrefix(rest, []byte("<!--")):
		return s.comment(rest)
	case bytes.HasPrefix(rest, []byte("<![CDATA[")):
		end := bytes.Index(rest, []byte("]]>"))
		if len(s.declared) == 0 || end < 0 {
			return malformed("a CDATA section is out of place or does not end")
		}
		s.pos += end + 3
		return nil
	case bytes.HasPrefix(rest, []byte("<!")):
		return malformed("the document has a document type or another declaration")
	case bytes.HasPrefix(rest, []byte("<?")):
		return s.instruction(rest)
	case bytes.HasPrefix(rest, []byte("</")):
		return s.endTag()
	}
	return s.startTag()
}

func (s *scanner) text(rest []byte) error {
	end := bytes.IndexByte(rest, '<')
	if end < 0 {
		end = len(rest)
	}
	if len(s.declared) == 0 && len(bytes.TrimLeft(rest[:end], " \t\r\n")) > 0 {
		return malformed("there is text outside the root element")
	}
	s.pos += end
	return nil
}

func (s *scanner) comment(rest []byte) error {
	end := bytes.Index(rest[4:], []byte("--"))
	if end < 0 || end+6 >= len(rest) || rest[4+end+2] != '>' {
		return malformed("a comment does not end")
	}
	s.pos += 4 + end + 3
	return nil
}

// instruction lets processing instructions pass in the prolog only.
func (s *scanner) instruction(rest []byte) error {
	target, _, ok := bytes.Cut(rest[2:], []byte("?>"))
	if !ok || len(s.declared) > 0 || s.closed || s.pos == 0 {
		return malformed("a processing instruction is out of place or does not end")
	}
	s.pos += 2 + len(target) + 2
	if i := bytes.IndexAny(target, " \t\r\n"); i >= 0 {
		target = target[:i]
	}
	if n := nameLength(target); n == 0 || n != len(target) || bytes.EqualFold(target, []byte("xml")) {
		return malformed("a processing instruction has no proper name")
	}
	return nil
}

func (s *scanner) endTag() error {
	s.pos += 2
	n := nameLength(s.doc[s.pos:])
	s.pos += n
	s.space()
	if n == 0 || len(s.declared) == 0 || s.pos >= len(s.doc) || s.doc[s.pos] != '>' {
		return malformed("an end tag is out of place or cannot be read")
	}
	s.pos++
	s.leave()
	return nil
}

func (s *scanner) leave() {
	last := len(s.declared) - 1
	s.inForce -= s.declared[last]
	s.declared = s.declared[:last]
	s.closed = last == 0
}

func (s *scanner) startTag() error {
	if s.closed {
		return malformed("there is something after the root element")
	}
	s.pos++
	n := nameLength(s.doc[s.pos:])
	if n == 0 {
		return malformed("a tag has no proper name")
	}
	s.pos += n
	if s.elements++; s.elements > s.limits.Elements {
		return tooLarge("the document has more than %d elements", s.limits.Elements)
	}
	if len(s.declared) >= s.limits.Depth {
		return malformed("elements are nested deeper than %d", s.limits.Depth)
	}
	declarations, err := s.attributes()
	if err != nil {
		return err
	}
	s.declared = append(s.declared, declarations)
	s.inForce += declarations
	if s.inForce > s.limits.Namespaces {
		return malformed("more than %d namespace declarations are in force at one place", s.limits.Namespaces)
	}
	if s.work += s.inForce; s.work > s.limits.NamespaceWork {
		return tooLarge("too many elements lie under too many namespace declarations")
	}
	if s.pos < len(s.doc) && s.doc[s.pos] == '/' {
		s.pos++
		defer s.leave()
	}
	if s.pos >= len(s.doc) || s.doc[s.pos] != '>' {
		return malformed("a tag does not end")
	}
	s.pos++
	return nil
}

// attributes reads up to the end of the tag and returns how many namespaces it
// declares. The names of one tag are compared pairwise: there are few.
func (s *scanner) attributes() (declarations int, err error) {
	s.names = s.names[:0]
	for {
		spaced := s.space()
		if s.pos >= len(s.doc) {
			return 0, malformed("a tag does not end")
		}
		if c := s.doc[s.pos]; c == '>' || c == '/' {
			return declarations, nil
		}
		n := nameLength(s.doc[s.pos:])
		if n == 0 || !spaced {
			return 0, malformed("an attribute cannot be read")
		}
		name := s.doc[s.pos : s.pos+n]
		s.pos += n
		value, err := s.value()
		if err != nil {
			return 0, err
		}
		if len(s.names) == s.limits.Attributes {
			return 0, malformed("an element has more than %d attributes", s.limits.Attributes)
		}
		for _, other := range s.names {
			if bytes.Equal(name, other) {
				return 0, malformed("an element has the attribute %s twice", bounded(string(name)))
			}
		}
		s.names = append(s.names, name)
		if prefix, is := namespaceName(name); is {
			declarations++
			if err := declarable(prefix, value); err != nil {
				return 0, err
			}
		}
	}
}

// value reads ="..." after an attribute's name.
func (s *scanner) value() ([]byte, error) {
	s.space()
	if s.pos >= len(s.doc) || s.doc[s.pos] != '=' {
		return nil, malformed("an attribute has no value")
	}
	s.pos++
	s.space()
	if s.pos >= len(s.doc) || s.doc[s.pos] != '"' && s.doc[s.pos] != '\'' {
		return nil, malformed("an attribute's value has no quotes")
	}
	quote := s.doc[s.pos]
	s.pos++
	end := bytes.IndexByte(s.doc[s.pos:], quote)
	if end < 0 {
		return nil, malformed("an attribute's value does not end")
	}
	value := s.doc[s.pos : s.pos+end]
	if bytes.IndexByte(value, '<') >= 0 {
		return nil, malformed("an attribute's value holds a tag")
	}
	s.pos += end + 1
	return value, nil
}

func (s *scanner) space() bool {
	from := s.pos
	for s.pos < len(s.doc) && isSpace(s.doc[s.pos]) {
		s.pos++
	}
	return s.pos > from
}

// namespaceName returns the prefix that an attribute called name declares.
func namespaceName(name []byte) (prefix []byte, is bool) {
	if string(name) == "xmlns" {
		return nil, true
	}
	return bytes.CutPrefix(name, []byte("xmlns:"))
}

// declarable refuses namespaces that canonicalization treats oddly: relative
// ones make some implementations return nothing at all, which then has a
// well-known digest; reserved prefixes and escapes hide what is meant.
func declarable(prefix, uri []byte) error {
	switch {
	case string(prefix) == "xmlns", string(prefix) == "xml" && string(uri) != nsXML,
		string(prefix) != "xml" && string(uri) == nsXML, string(uri) == nsXMLNS:
		return malformed("a reserved namespace is declared")
	case len(uri) == 0 && len(prefix) > 0:
		return malformed("a namespace prefix is declared without a namespace")
	case len(uri) == 0:
		return nil
	}
	for i, c := range uri {
		switch {
		case c == ':' && i > 0:
			if bytes.ContainsAny(uri, "& \t\r\n") {
				return malformed("a namespace holds white space or an escape")
			}
			return nil
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', i > 0 && (c >= '0' && c <= '9' || c == '+' || c == '-' || c == '.'):
		default:
			return malformed("a namespace is not an absolute URI")
		}
	}
	return malformed("a namespace is not an absolute URI")
}

// nameLength is the length of the qualified name that b starts with: one or
// two parts with one colon between them. 0 means there is none.
func nameLength(b []byte) int {
	n := partLength(b)
	if n == 0 || n == len(b) || b[n] != ':' {
		return n
	}
	m := partLength(b[n+1:])
	if m == 0 || n+1+m < len(b) && b[n+1+m] == ':' {
		return 0
	}
	return n + 1 + m
}

func partLength(b []byte) int {
	for i, c := range b {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_', c >= utf8.RuneSelf:
		case i > 0 && (c >= '0' && c <= '9' || c == '-' || c == '.'):
		default:
			return i
		}
	}
	return len(b)
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }
