package saml

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf8"
)

// parser reads a document in one linear pass, within limits, into the tree
// that every later step looks at. It accepts a subset of XML 1.0 in UTF-8 - no
// document type, no processing instruction inside, names in ASCII - and
// refuses whatever it is not sure of, so that a document that passes means the
// same to every parser.
//
// There is no second parser in this room: what is digested for a signature is
// written from the same tree that the person is read from, so no two readers
// can see two different messages (CVE-2025-25291 and its kin).
type parser struct {
	doc    string
	pos    int
	limits Limits

	root, open *element
	depth      int
	nodes      int // elements, attributes and declarations
	elements   int
	closed     bool // the root element has ended

	bindings []binding // declarations in force, innermost last
	spare    []element // not handed out yet
	attrs    pool[xmlAttr]
	decls    pool[binding]
	piece    string // the text since the last tag, as long as it is one piece
	joined   []byte // the same, once it is several
}

// binding is a namespace declaration.
type binding struct{ prefix, uri string }

// parse reads a document that is within limits. Its errors are scanErrors.
func parse(doc []byte, limits Limits) (*element, error) { return parseWithin(doc, nil, limits) }

// parseWithin reads a document that will stand inside another one, where
// outer's declarations are in force. outer becomes the parent of the root,
// which does not become a child of outer.
func parseWithin(doc []byte, outer *element, limits Limits) (*element, error) {
	if len(doc) > limits.Bytes {
		return nil, tooLarge("the document has %d bytes; the limit is %d", len(doc), limits.Bytes)
	}
	if err := characters(doc); err != nil {
		return nil, err
	}
	p := &parser{doc: string(doc), limits: limits, bindings: inForce(outer)}
	if err := p.declaration(); err != nil {
		return nil, err
	}
	for p.pos < len(p.doc) {
		if err := p.token(); err != nil {
			return nil, err
		}
	}
	switch {
	case p.open != nil:
		return nil, malformed("the document ends inside an element")
	case p.root == nil:
		return nil, malformed("the document has no root element")
	}
	p.root.parent = outer
	return p.root, nil
}

// characters refuses what is not UTF-8 and the characters that XML does not
// have (XML 1.0, section 2.2).
func characters(doc []byte) error {
	if !utf8.Valid(doc) {
		return malformed("the document is not UTF-8")
	}
	if controlled(doc) {
		return malformed("the document holds a control character")
	}
	if bytes.Contains(doc, []byte("\ufffe")) || bytes.Contains(doc, []byte("\uffff")) {
		return malformed("the document holds a character that XML does not have")
	}
	return nil
}

// controlled reports whether one of the bytes is a control character that is no
// white space. It looks at eight bytes at a time.
func controlled(doc []byte) bool {
	const each, high = 0x0101010101010101, 0x8080808080808080
	for ; len(doc) >= 8; doc = doc[8:] {
		v := binary.LittleEndian.Uint64(doc)
		// A byte below a blank leaves its highest bit set and did not have it.
		if (v-' '*each)&^v&high != 0 && control(doc[:8]) {
			return true
		}
	}
	return control(doc)
}

func control(some []byte) bool {
	for _, c := range some {
		if c < ' ' && !isSpace(c) {
			return true
		}
	}
	return false
}

// declaration reads <?xml ...?>, which may only stand first and may only
// announce UTF-8.
func (p *parser) declaration() error {
	if !strings.HasPrefix(p.doc, "<?xml") || len(p.doc) < 6 || !isSpace(p.doc[5]) {
		return nil
	}
	end := strings.Index(p.doc, "?>")
	if end < 0 || end > 200 {
		return malformed("the XML declaration does not end")
	}
	rest := strings.Trim(p.doc[5:end], space)
	p.pos = end + 2
	for order := 0; rest != ""; {
		name, after, ok := strings.Cut(rest, "=")
		after = strings.TrimLeft(after, space)
		if !ok || len(after) < 2 || after[0] != '"' && after[0] != '\'' {
			return malformed("the XML declaration cannot be read")
		}
		value, left, ok := strings.Cut(after[1:], after[:1])
		if !ok {
			return malformed("the XML declaration cannot be read")
		}
		place := 0
		switch strings.Trim(name, space) {
		case "version":
			if place = 1; value != "1.0" {
				return malformed("the XML version is not 1.0")
			}
		case "encoding":
			if place = 2; !strings.EqualFold(value, "utf-8") {
				return malformed("the declared encoding is not UTF-8")
			}
		case "standalone":
			place = 3
		}
		if place <= order || order == 0 && place != 1 {
			return malformed("the XML declaration cannot be read")
		}
		order = place
		rest = strings.TrimLeft(left, space)
	}
	return nil
}

// token reads one piece of markup or the text before the next one.
func (p *parser) token() error {
	rest := p.doc[p.pos:]
	if rest[0] != '<' {
		return p.text(rest)
	}
	switch {
	case len(rest) > 1 && rest[1] == '/':
		return p.endTag()
	case strings.HasPrefix(rest, "<!--"):
		return p.comment(rest)
	case strings.HasPrefix(rest, "<![CDATA["):
		end := strings.Index(rest, "]]>")
		if p.open == nil || end < 0 {
			return malformed("a CDATA section is out of place or does not end")
		}
		p.pos += end + 3
		p.add(lineEnds(rest[len("<![CDATA["):end]))
		return nil
	case strings.HasPrefix(rest, "<!"):
		return malformed("the document has a document type or another declaration")
	case strings.HasPrefix(rest, "<?"):
		return p.instruction(rest)
	}
	return p.startTag()
}

func (p *parser) text(rest string) error {
	end := strings.IndexByte(rest, '<')
	if end < 0 {
		end = len(rest)
	}
	p.pos += end
	if p.open == nil {
		if strings.Trim(rest[:end], space) != "" {
			return malformed("there is text outside the root element")
		}
		return nil
	}
	if strings.IndexByte(rest[:end], ']') >= 0 && strings.Contains(rest[:end], "]]>") {
		return malformed("a CDATA section ends that did not begin")
	}
	text, err := unescaped(lineEnds(rest[:end]))
	if err != nil {
		return err
	}
	p.add(text)
	return nil
}

// add takes a piece of text of the open element. Pieces on both sides of a
// comment or a CDATA section are one text.
func (p *parser) add(piece string) {
	switch {
	case p.piece == "" && len(p.joined) == 0:
		p.piece = piece
		return
	case len(p.joined) == 0:
		p.joined = append(p.joined, p.piece...)
	}
	p.joined = append(p.joined, piece...)
}

// settle gives the text since the last tag its place in the tree.
func (p *parser) settle() {
	text := p.piece
	if len(p.joined) > 0 {
		text = string(p.joined)
	}
	p.piece, p.joined = "", p.joined[:0]
	switch {
	case text == "":
	case p.open.last == nil:
		p.open.text = text
	default:
		p.open.last.tail = text
	}
}

func (p *parser) comment(rest string) error {
	end := strings.Index(rest[4:], "--")
	if end < 0 || end+6 >= len(rest) || rest[4+end+2] != '>' {
		return malformed("a comment does not end")
	}
	p.pos += 4 + end + 3
	if p.open != nil {
		p.open.remark = true
	}
	return nil
}

// instruction lets processing instructions pass in the prolog only.
func (p *parser) instruction(rest string) error {
	target, _, ok := strings.Cut(rest[2:], "?>")
	if !ok || p.open != nil || p.closed || p.pos == 0 {
		return malformed("a processing instruction is out of place or does not end")
	}
	p.pos += 2 + len(target) + 2
	if i := strings.IndexAny(target, space); i >= 0 {
		target = target[:i]
	}
	if n, colon := nameLength(target); n == 0 || n != len(target) || colon > 0 || strings.EqualFold(target, "xml") {
		return malformed("a processing instruction has no proper name")
	}
	return nil
}
