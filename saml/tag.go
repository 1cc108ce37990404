package saml

import (
	"math/bits"
	"strings"
)

// Reading tags: the part of parser that knows about elements, attributes and
// namespaces.

func (p *parser) endTag() error {
	p.pos += 2
	if p.open == nil || !strings.HasPrefix(p.doc[p.pos:], p.open.name) {
		return malformed("an end tag is out of place or cannot be read")
	}
	p.pos += len(p.open.name)
	p.space()
	if p.pos >= len(p.doc) || p.doc[p.pos] != '>' {
		return malformed("an end tag is out of place or cannot be read")
	}
	p.pos++
	p.settle()
	p.leave()
	return nil
}

func (p *parser) leave() {
	p.bindings = p.bindings[:len(p.bindings)-len(p.open.decls)]
	p.depth--
	p.closed = p.depth == 0
	p.open = p.open.parent
}

func (p *parser) startTag() error {
	if p.closed {
		return malformed("there is something after the root element")
	}
	p.pos++
	n, colon := nameLength(p.doc[p.pos:])
	if n == 0 {
		return malformed("a tag has no proper name")
	}
	if err := p.node(); err != nil {
		return err
	}
	if p.elements++; p.elements > p.limits.Elements {
		return tooLarge("the document has more than %d elements", p.limits.Elements)
	}
	if p.depth >= p.limits.Depth {
		return malformed("elements are nested deeper than %d", p.limits.Depth)
	}
	el := p.element()
	el.name, el.colon = p.doc[p.pos:p.pos+n], colon
	p.pos += n
	if p.open != nil {
		p.settle()
		p.open.append(el)
	} else {
		p.root = el
	}
	p.open = el
	p.depth++
	if err := p.attributes(el); err != nil {
		return err
	}
	p.bindings = append(p.bindings, el.decls...)
	if len(p.bindings) > p.limits.Namespaces {
		return malformed("more than %d namespace declarations are in force at one place", p.limits.Namespaces)
	}
	if err := p.resolve(el); err != nil {
		return err
	}
	if p.pos < len(p.doc) && p.doc[p.pos] == '/' {
		p.pos++
		defer p.leave()
	}
	if p.pos >= len(p.doc) || p.doc[p.pos] != '>' {
		return malformed("a tag does not end")
	}
	p.pos++
	return nil
}

// node counts an element, an attribute or a declaration.
func (p *parser) node() error {
	if p.nodes++; p.nodes > p.limits.Nodes {
		return tooLarge("the document has more than %d elements and attributes", p.limits.Nodes)
	}
	return nil
}

// element hands out elements from blocks, which costs less than one by one.
func (p *parser) element() *element {
	if len(p.spare) == 0 {
		p.spare = make([]element, min(max(16, p.nodes), 512))
	}
	el := &p.spare[0]
	p.spare = p.spare[1:]
	return el
}

// pool collects what one tag has, then hands it out as a slice cut from a
// block, which costs less than one slice for each tag.
type pool[T any] struct{ tag, block []T }

func (p *pool[T]) cut() []T {
	n := len(p.tag)
	if n == 0 {
		return nil
	}
	if len(p.block) < n {
		p.block = make([]T, max(n, 128))
	}
	out := p.block[:n:n]
	p.block = p.block[n:]
	copy(out, p.tag)
	p.tag = p.tag[:0]
	return out
}

// attributes reads up to the end of the tag.
func (p *parser) attributes(el *element) error {
	var seen uint64 // a sieve over hashes of the names
	for {
		spaced := p.space()
		if p.pos >= len(p.doc) {
			return malformed("a tag does not end")
		}
		if c := p.doc[p.pos]; c == '>' || c == '/' {
			el.attrs, el.decls = p.attrs.cut(), p.decls.cut()
			return nil
		}
		n, colon := nameLength(p.doc[p.pos:])
		if n == 0 || !spaced {
			return malformed("an attribute cannot be read")
		}
		name := p.doc[p.pos : p.pos+n]
		p.pos += n
		value, err := p.value()
		if err != nil {
			return err
		}
		if len(p.attrs.tag)+len(p.decls.tag) == p.limits.Attributes {
			return malformed("an element has more than %d attributes", p.limits.Attributes)
		}
		if err := p.node(); err != nil {
			return err
		}
		bit := sieve(name)
		if seen&bit != 0 && p.taken(name) {
			return malformed("an element has the attribute %s twice", bounded(name))
		}
		seen |= bit
		if prefix, is := namespaceName(name); is {
			if err := declarable(prefix, value); err != nil {
				return err
			}
			p.decls.tag = append(p.decls.tag, binding{prefix, value})
			continue
		}
		if value, err = unescaped(flattened(value)); err != nil {
			return err
		}
		p.attrs.tag = append(p.attrs.tag, xmlAttr{name: name, colon: colon, value: value})
	}
}

// sieve gives equal names the same one of 64 bits.
func sieve(name string) uint64 {
	h := uint32(len(name))
	for i := range len(name) {
		h = bits.RotateLeft32(h, 5) ^ uint32(name[i])
	}
	return 1 << (h * 0x9e3779b1 >> 26)
}

// taken reports whether the present tag has an attribute or a declaration of
// this name.
func (p *parser) taken(name string) bool {
	for i := range p.attrs.tag {
		if p.attrs.tag[i].name == name {
			return true
		}
	}
	prefix, is := namespaceName(name)
	for _, d := range p.decls.tag {
		if is && d.prefix == prefix {
			return true
		}
	}
	return false
}

// value reads ="..." after an attribute's name.
func (p *parser) value() (string, error) {
	p.space()
	if p.pos >= len(p.doc) || p.doc[p.pos] != '=' {
		return "", malformed("an attribute has no value")
	}
	p.pos++
	p.space()
	if p.pos >= len(p.doc) || p.doc[p.pos] != '"' && p.doc[p.pos] != '\'' {
		return "", malformed("an attribute's value has no quotes")
	}
	quote := p.doc[p.pos]
	p.pos++
	end := strings.IndexByte(p.doc[p.pos:], quote)
	if end < 0 {
		return "", malformed("an attribute's value does not end")
	}
	value := p.doc[p.pos : p.pos+end]
	if strings.IndexByte(value, '<') >= 0 {
		return "", malformed("an attribute's value holds a tag")
	}
	p.pos += end + 1
	return value, nil
}

func (p *parser) space() bool {
	from := p.pos
	for p.pos < len(p.doc) && isSpace(p.doc[p.pos]) {
		p.pos++
	}
	return p.pos > from
}

// resolve finds the namespaces of an element and its attributes, and refuses
// two attributes with the same expanded name (Namespaces in XML, section 6.3).
func (p *parser) resolve(el *element) error {
	var ok bool
	if up := el.parent; up != nil && len(el.decls) == 0 && up.prefix() == el.prefix() {
		el.space = up.space
	} else if el.space, ok = lookup(p.bindings, el.prefix()); !ok {
		return malformed("an element has an undeclared namespace prefix")
	}
	var seen uint64 // a sieve over hashes of the local names
	for i := range el.attrs {
		a := &el.attrs[i]
		if a.colon == 0 {
			continue
		}
		if a.space, ok = lookup(p.bindings, a.prefix()); !ok {
			return malformed("an attribute has an undeclared namespace prefix")
		}
		bit := sieve(a.local())
		if seen&bit != 0 && repeats(el.attrs[:i], a) {
			return malformed("an element has the attribute %s twice", bounded(a.local()))
		}
		seen |= bit
	}
	return nil
}

// repeats reports whether one of the attributes has a's expanded name.
func repeats(attrs []xmlAttr, a *xmlAttr) bool {
	for i := range attrs {
		if b := &attrs[i]; b.colon > 0 && b.space == a.space && b.local() == a.local() {
			return true
		}
	}
	return false
}

// lookup finds what a prefix stands for.
func lookup(bindings []binding, prefix string) (uri string, ok bool) {
	for i := len(bindings) - 1; i >= 0; i-- {
		if bindings[i].prefix == prefix {
			return bindings[i].uri, true
		}
	}
	switch prefix {
	case "":
		return "", true
	case "xml":
		return nsXML, true
	}
	return "", false
}
