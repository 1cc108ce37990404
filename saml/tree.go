package saml

import (
	"strings"

	"github.com/beevik/etree"
)

// is reports whether el has this expanded name.
func is(el *etree.Element, space, tag string) bool {
	return el != nil && el.Tag == tag && el.NamespaceURI() == space
}

// children returns the child elements of el with this expanded name.
func children(el *etree.Element, space, tag string) []*etree.Element {
	var found []*etree.Element
	if el == nil {
		return nil
	}
	for c := range el.ChildElementsSeq() {
		if is(c, space, tag) {
			found = append(found, c)
		}
	}
	return found
}

// child returns the first such child, or nil.
func child(el *etree.Element, space, tag string) *etree.Element {
	if el == nil {
		return nil
	}
	for c := range el.ChildElementsSeq() {
		if is(c, space, tag) {
			return c
		}
	}
	return nil
}

// attr returns the value of an attribute without a prefix, trimmed.
func attr(el *etree.Element, name string) string {
	if el == nil {
		return ""
	}
	for _, a := range el.Attr {
		if a.Space == "" && a.Key == name {
			return strings.TrimSpace(a.Value)
		}
	}
	return ""
}

// text joins all character data directly inside el and trims it. etree's own
// Text stops at the first comment, which is how names get cut short.
func text(el *etree.Element) string {
	if el == nil {
		return ""
	}
	var b strings.Builder
	for _, t := range el.Child {
		if c, ok := t.(*etree.CharData); ok {
			b.WriteString(c.Data)
		}
	}
	return strings.TrimSpace(b.String())
}

// deepText joins the character data of el and everything inside it.
func deepText(el *etree.Element) string {
	var b strings.Builder
	var walk func(*etree.Element)
	walk = func(el *etree.Element) {
		for _, t := range el.Child {
			switch t := t.(type) {
			case *etree.CharData:
				b.WriteString(t.Data)
			case *etree.Element:
				walk(t)
			}
		}
	}
	walk(el)
	return strings.TrimSpace(b.String())
}

// isolated returns a copy of el that stands alone: every namespace in force
// where el stood is declared on the copy. Exclusive canonicalization writes
// the same bytes for both, and inclusive canonicalization needs exactly this.
func isolated(el *etree.Element) *etree.Element {
	dup := el.Copy()
	have := map[string]bool{}
	for _, a := range dup.Attr {
		if p, ok := declares(a); ok {
			have[p] = true
		}
	}
	for up := el.Parent(); up != nil; up = up.Parent() {
		for _, a := range up.Attr {
			p, ok := declares(a)
			if !ok || have[p] {
				continue
			}
			have[p] = true
			if a.Value != "" {
				dup.Attr = append(dup.Attr, etree.Attr{Space: a.Space, Key: a.Key, Value: a.Value})
			}
		}
	}
	return dup
}

// declares returns the prefix that a declares, "" for the default namespace.
func declares(a etree.Attr) (prefix string, ok bool) {
	switch {
	case a.Space == "xmlns":
		return a.Key, true
	case a.Space == "" && a.Key == "xmlns":
		return "", true
	}
	return "", false
}
