package saml

import (
	"errors"
	"slices"
	"strings"
)

// Canonical XML: the one way to write an element so that two machines that
// mean the same digest the same bytes. Comments are always left out.

// Canonicalizations (XML Signature, section 6.5).
const (
	c14nExclusive = "http://www.w3.org/2001/10/xml-exc-c14n#"
	c14nInclusive = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
)

// canonicalization is a method with its parameter.
type canonicalization struct {
	// inclusive is Canonical XML 1.0 (RFC 3076); otherwise it is Exclusive XML
	// Canonicalization 1.0 (RFC 3741).
	inclusive bool
	// prefixes are the exclusive form's PrefixList: namespaces that it writes
	// like the inclusive one. "" stands for the default namespace.
	prefixes []string
}

// errCanonical is a canonical form that is longer than its limit.
var errCanonical = errors.New("the canonical form is too long")

// of writes el in canonical form without the child skip, which is the
// enveloped-signature transform (XML Signature, section 6.6.4).
func (c canonicalization) of(el, skip *element, limit int) ([]byte, error) {
	w := &canonicalWriter{method: c, skip: skip, limit: limit, scope: inForce(el.parent)}
	w.out = make([]byte, 0, min(limit, w.estimate(el)))
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

// estimate is a first guess at the length of the canonical form.
func (w *canonicalWriter) estimate(el *element) int {
	n := 2*len(el.name) + 5 + len(el.text) + len(el.text)/16 + 16
	for i := range el.attrs {
		n += len(el.attrs[i].name) + len(el.attrs[i].value) + 4
	}
	for c := range el.all() {
		n += w.estimate(c) + len(c.tail)
	}
	return n
}

func (w *canonicalWriter) element(el *element, apex bool) {
	if len(w.out) > w.limit {
		return
	}
	scope, rendered := len(w.scope), len(w.rendered)
	w.scope = append(w.scope, el.decls...)
	w.out = append(append(w.out, '<'), el.name...)
	w.namespaces(el, apex)
	w.attributes(el, apex)
	w.out = append(w.out, '>')
	w.out = inText.append(w.out, el.text, w.limit)
	for c := range el.all() {
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
			w.want(last)
		}
		for i := range el.attrs {
			if a := &el.attrs[i]; a.colon > 0 && a.prefix() != last {
				last = a.prefix()
				w.want(last)
			}
		}
	}
	declared := el.decls
	if apex {
		declared = w.scope // what was declared further out counts as declared here
	}
	for _, d := range declared {
		if w.method.inclusive || slices.Contains(w.method.prefixes, d.prefix) {
			w.want(d.prefix)
		}
	}
	slices.SortFunc(w.wanted, func(a, b binding) int { return strings.Compare(a.prefix, b.prefix) })
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
func (w *canonicalWriter) want(prefix string) {
	uri, _ := lookup(w.scope, prefix)
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
	slices.SortFunc(w.sorted, func(a, b *xmlAttr) int {
		if n := strings.Compare(a.space, b.space); n != 0 {
			return n
		}
		return strings.Compare(a.local(), b.local())
	})
	for _, a := range w.sorted {
		w.out = append(append(append(w.out, ' '), a.name...), `="`...)
		w.out = append(inValue.append(w.out, a.value, w.limit), '"')
	}
}

// inherited adds the xml: attributes of the elements around the apex, which
// the inclusive method takes along.
func (w *canonicalWriter) inherited(el *element) {
	for up := el.parent; up != nil; up = up.parent {
		for i := range up.attrs {
			a := &up.attrs[i]
			if a.space == nsXML && !slices.ContainsFunc(w.sorted, func(b *xmlAttr) bool { return b.name == a.name }) {
				w.sorted = append(w.sorted, a)
			}
		}
	}
}

// escapes say what stands for a byte that may not stand for itself.
type escapes [256]string

// The two kinds of escapes (RFC 3076, section 2.3).
var (
	inText  = escapes{'&': "&amp;", '<': "&lt;", '>': "&gt;", '\r': "&#xD;"}
	inValue = escapes{'&': "&amp;", '<': "&lt;", '"': "&quot;", '\t': "&#x9;", '\n': "&#xA;", '\r': "&#xD;"}
)

// append writes s, and stops soon after limit is passed.
func (e *escapes) append(out []byte, s string, limit int) []byte {
	from := 0
	for i := range len(s) {
		if escape := e[s[i]]; escape != "" {
			out = append(append(out, s[from:i]...), escape...)
			from = i + 1
			if len(out) > limit {
				return out
			}
		}
	}
	return append(out, s[from:]...)
}
