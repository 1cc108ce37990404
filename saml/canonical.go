package saml

import (
	"errors"
	"slices"
	"strings"
)

// Canonical XML: the one way to write an element so that two machines that
// mean the same digest the same bytes. There are never comments in it.

// Canonicalizations (XML Signature 1.1, section 6.5).
const (
	c14nExclusive   = "http://www.w3.org/2001/10/xml-exc-c14n#"
	c14nInclusive   = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
	c14nInclusive11 = "http://www.w3.org/2006/12/xml-c14n11"

	// withComments is put after one of them for the form that keeps comments.
	withComments     = "WithComments"
	withCommentsHash = "#" + withComments
)

// canonicalization is a method with its parameter.
type canonicalization struct {
	// inclusive is Canonical XML 1.0 (RFC 3076) or 1.1; otherwise it is
	// Exclusive XML Canonicalization 1.0 (RFC 3741).
	inclusive bool
	// second is Canonical XML 1.1, which differs in what the outermost element
	// takes over from the elements around.
	second bool
	// comments is the form that keeps comments. What is signed by its id has
	// none (XML Signature, section 4.4.3.3), but not every implementation knows;
	// so the form is taken for elements in which there is none to keep.
	comments bool
	// prefixes are the exclusive form's PrefixList: namespaces that it writes
	// like the inclusive one. "" stands for the default namespace.
	prefixes []string
}

// errCanonical is a canonical form that is longer than its limit.
var errCanonical = errors.New("the canonical form is too long")

var (
	// errRemark is a comment where a form that keeps comments is asked for.
	errRemark = errors.New("a comment stands in what is signed with comments")
	// errBase is an xml:base that would have to be joined with another one.
	errBase = errors.New("an xml:base stands around what is signed")
)

// of writes el in canonical form without the child skip, which is the
// enveloped-signature transform (XML Signature, section 6.6.4).
func (c canonicalization) of(el, skip *element, limit int) ([]byte, error) {
	if c.comments && remarked(el) {
		return nil, errRemark
	}
	if c.second && based(el) {
		return nil, errBase
	}
	w := &canonicalWriter{method: c, skip: skip, limit: limit, scope: inForce(el.parent)}
	w.out = make([]byte, 0, min(limit, w.estimate(el)+declarations))
	w.element(el, true)
	if len(w.out) > limit {
		return nil, errCanonical
	}
	return w.out, nil
}

// canonicalWriter writes one canonical form.
type canonicalWriter struct {
	method canonicalization
	skip   *element
	limit  int
	out    []byte

	scope    []binding // in force, innermost last
	rendered []binding // written on the elements around, innermost last
	wanted   []binding // to be written on the present element
	sorted   []*xmlAttr
}

// declarations is about how many bytes the declarations of an honest message take.
const declarations = 4 << 10

// estimate is the length of the canonical form but for the declarations and
// for what is written as an escape in short texts.
func (w *canonicalWriter) estimate(el *element) int {
	n := 2*len(el.name) + 5 + inText.length(el.text)
	for i := range el.attrs {
		n += len(el.attrs[i].name) + inValue.length(el.attrs[i].value) + 4
	}
	for c := el.first; c != nil; c = c.next {
		n += w.estimate(c) + inText.length(c.tail)
	}
	return n
}

func (w *canonicalWriter) element(el *element, apex bool) {
	if len(w.out) > w.limit {
		return
	}
	if cap(w.out)-len(w.out) < declarations/4 { // by doubling, for the sum of all copies
		w.out = slices.Grow(w.out, min(len(w.out), w.limit)+declarations)
	}
	scope, rendered := len(w.scope), len(w.rendered)
	w.scope = append(w.scope, el.decls...)
	w.out = append(append(w.out, '<'), el.name...)
	w.namespaces(el, apex)
	w.attributes(el, apex)
	w.out = append(w.out, '>')
	w.out = inText.append(w.out, el.text, w.limit)
	for c := el.first; c != nil; c = c.next {
		if c != w.skip {
			w.element(c, false)
		}
		w.out = inText.append(w.out, c.tail, w.limit)
	}
	w.out = append(append(append(w.out, "</"...), el.name...), '>')
	w.scope, w.rendered = w.scope[:scope], w.rendered[:rendered]
}

// namespaces writes the declarations that the method asks for and that no
// element around has written with the same value.
func (w *canonicalWriter) namespaces(el *element, apex bool) {
	w.wanted = w.wanted[:0]
	if !w.method.inclusive {
		// What the element around has written, and nothing has changed since,
		// need not be looked up.
		last := el.prefix()
		if apex || len(el.decls) > 0 || el.parent.prefix() != last {
			w.want(last, el.space)
		}
		for i := range el.attrs {
			if a := &el.attrs[i]; a.colon > 0 && a.prefix() != last {
				last = a.prefix()
				w.want(last, a.space)
			}
		}
	}
	declared := el.decls
	if apex {
		declared = w.scope // what was declared further out counts as declared here
	}
	for _, d := range declared {
		if w.method.inclusive || slices.Contains(w.method.prefixes, d.prefix) {
			uri, _ := lookup(w.scope, d.prefix)
			w.want(d.prefix, uri)
		}
	}
	if len(w.wanted) > 1 {
		slices.SortFunc(w.wanted, func(a, b binding) int { return strings.Compare(a.prefix, b.prefix) })
	}
	for _, b := range w.wanted {
		w.out = append(w.out, " xmlns"...)
		if b.prefix != "" {
			w.out = append(append(w.out, ':'), b.prefix...)
		}
		w.out = append(inValue.append(append(w.out, `="`...), b.uri, w.limit), '"')
	}
	w.rendered = append(w.rendered, w.wanted...)
}

// want notes that the present element needs the prefix, unless it is declared
// around with the same meaning already.
func (w *canonicalWriter) want(prefix, uri string) {
	if have, _ := lookup(w.rendered, prefix); have == uri || prefix == "xml" {
		return
	}
	for _, b := range w.wanted {
		if b.prefix == prefix {
			return
		}
	}
	w.wanted = append(w.wanted, binding{prefix, uri})
}

// attributes writes the attributes by namespace, then by name.
func (w *canonicalWriter) attributes(el *element, apex bool) {
	w.sorted = w.sorted[:0]
	for i := range el.attrs {
		w.sorted = append(w.sorted, &el.attrs[i])
	}
	if apex && w.method.inclusive {
		w.inherited(el)
	}
	if len(w.sorted) > 1 {
		slices.SortFunc(w.sorted, inOrder)
	}
	for _, a := range w.sorted {
		w.out = append(append(append(w.out, ' '), a.name...), `="`...)
		w.out = append(inValue.append(w.out, a.value, w.limit), '"')
	}
}

// inOrder is the order of attributes: by namespace, then by name.
func inOrder(a, b *xmlAttr) int {
	if n := strings.Compare(a.space, b.space); n != 0 {
		return n
	}
	return strings.Compare(a.local(), b.local())
}

// remarked reports whether a comment stands in el, however deep.
func remarked(el *element) bool {
	for c := el.first; c != nil; c = c.next {
		if remarked(c) {
			return true
		}
	}
	return el.remark
}

// based reports whether an element around el has an xml:base. Version 1.1 joins
// it with the element's own by rules that implementations differ in; no message
// of SAML has one.
func based(el *element) bool {
	for up := el.parent; up != nil; up = up.parent {
		for i := range up.attrs {
			if a := &up.attrs[i]; a.space == nsXML && a.local() == "base" {
				return true
			}
		}
	}
	return false
}

// inherited adds the xml: attributes of the elements around the apex, which
// the inclusive method takes along; version 1.1 leaves ids where they are
// (Canonical XML 1.1, section 2.4).
func (w *canonicalWriter) inherited(el *element) {
	for up := el.parent; up != nil; up = up.parent {
		for i := range up.attrs {
			a := &up.attrs[i]
			if w.method.second && a.local() != "lang" && a.local() != "space" {
				continue
			}
			if a.space == nsXML && !slices.ContainsFunc(w.sorted, func(b *xmlAttr) bool { return b.name == a.name }) {
				w.sorted = append(w.sorted, a)
			}
		}
	}
}

// escapes say what stands for a byte that may not stand for itself.
type escapes struct {
	bytes string // those bytes
	table [256]string
}

// The two kinds of escapes (RFC 3076, section 2.3).
var (
	inText  = newEscapes("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#xD;")
	inValue = newEscapes("&", "&amp;", "<", "&lt;", `"`, "&quot;", "\t", "&#x9;", "\n", "&#xA;", "\r", "&#xD;")
)

func newEscapes(pairs ...string) *escapes {
	e := &escapes{}
	for i := 0; i < len(pairs); i += 2 {
		e.bytes += pairs[i]
		e.table[pairs[i][0]] = pairs[i+1]
	}
	return e
}

// longText is from which length on it pays to look for each byte in turn, many
// at a time.
const longText = 64

// length is how long s will be with its escapes; of a short text they are not
// counted.
func (e *escapes) length(s string) int {
	n := len(s)
	if n < longText {
		return n
	}
	for i := range len(e.bytes) {
		n += strings.Count(s, e.bytes[i:i+1]) * (len(e.table[e.bytes[i]]) - 1)
	}
	return n
}

// append writes s, and stops soon after limit is passed.
func (e *escapes) append(out []byte, s string, limit int) []byte {
	if len(s) >= longText && e.length(s) == len(s) {
		return append(out, s...)
	}
	from := 0
	for i := range len(s) {
		if escape := e.table[s[i]]; escape != "" {
			out = append(append(out, s[from:i]...), escape...)
			from = i + 1
			if len(out) > limit {
				return out
			}
		}
	}
	return append(out, s[from:]...)
}
