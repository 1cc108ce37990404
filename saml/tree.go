package saml

import (
	"iter"
	"strings"
)

// element is a parsed element. Text has no nodes of its own: what stands before
// the first child is the element's text, what follows an element's end tag is
// that element's tail. Comments leave nothing behind but the remark that there
// was one.
type element struct {
	parent, first, last, next *element

	name       string // as written, with the prefix
	space      string // the namespace
	text, tail string
	attrs      []xmlAttr
	decls      []binding // the namespaces that it declares
	colon      int32     // its place in name; 0 when there is no prefix
	remark     bool      // a comment stands directly inside
}

// xmlAttr is an attribute that declares no namespace.
type xmlAttr struct {
	name, space, value string
	colon              int32
}

func split(name string, colon int32) (prefix, local string) {
	if colon == 0 {
		return "", name
	}
	return name[:colon], name[colon+1:]
}

func (el *element) prefix() string { p, _ := split(el.name, el.colon); return p }
func (el *element) tag() string    { _, l := split(el.name, el.colon); return l }
func (a *xmlAttr) prefix() string  { p, _ := split(a.name, a.colon); return p }
func (a *xmlAttr) local() string   { _, l := split(a.name, a.colon); return l }

// append makes child the last one of el.
func (el *element) append(child *element) {
	child.parent = el
	if el.last == nil {
		el.first = child
	} else {
		el.last.next = child
	}
	el.last = child
}

// all yields the child elements.
func (el *element) all() iter.Seq[*element] {
	return func(yield func(*element) bool) {
		if el == nil {
			return
		}
		for c := el.first; c != nil; c = c.next {
			if !yield(c) {
				return
			}
		}
	}
}

// is reports whether el has this expanded name.
func is(el *element, space, tag string) bool {
	return el != nil && el.tag() == tag && el.space == space
}

// children returns the child elements of el with this expanded name.
func children(el *element, space, tag string) []*element {
	var found []*element
	for c := range el.all() {
		if is(c, space, tag) {
			found = append(found, c)
		}
	}
	return found
}

// child returns the first such child, or nil.
func child(el *element, space, tag string) *element {
	for c := range el.all() {
		if is(c, space, tag) {
			return c
		}
	}
	return nil
}

// trim takes XML's white space off both ends and no other: a name that ends in
// a no-break space is another name.
func trim(s string) string { return strings.Trim(s, space) }

// attr returns the value of an attribute without a prefix, trimmed.
func attr(el *element, name string) string {
	if el == nil {
		return ""
	}
	for _, a := range el.attrs {
		if a.name == name {
			return trim(a.value)
		}
	}
	return ""
}

// text joins all character data directly inside el and trims it. Readers that
// stop at the first comment or child are how names get cut short.
func text(el *element) string {
	if el == nil {
		return ""
	}
	if el.first == nil {
		return trim(el.text)
	}
	var b strings.Builder
	b.WriteString(el.text)
	for c := range el.all() {
		b.WriteString(c.tail)
	}
	return trim(b.String())
}

// deepText joins the character data of el and everything inside it.
func deepText(el *element) string {
	if el.first == nil {
		return trim(el.text)
	}
	var b strings.Builder
	var walk func(*element)
	walk = func(el *element) {
		b.WriteString(el.text)
		for c := range el.all() {
			walk(c)
			b.WriteString(c.tail)
		}
	}
	walk(el)
	return trim(b.String())
}

// worded reports whether there is text directly inside el.
func worded(el *element) bool {
	if trim(el.text) != "" {
		return true
	}
	for c := range el.all() {
		if trim(c.tail) != "" {
			return true
		}
	}
	return false
}

// inForce returns the declarations that hold inside el, outermost first.
func inForce(el *element) []binding {
	var chain []*element
	for ; el != nil; el = el.parent {
		chain = append(chain, el)
	}
	var all []binding
	for i := len(chain) - 1; i >= 0; i-- {
		all = append(all, chain[i].decls...)
	}
	return all
}
