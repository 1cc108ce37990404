package idptest

import "github.com/beevik/etree"

// Style is which prefixes a product writes. The zero value is samlp and saml.
type Style struct {
	Protocol string // in place of samlp
	// Assertion stands in place of saml; "-" means that assertions are in the
	// default namespace.
	Assertion string
}

// apply renames the elements of a Response.
func (s Style) apply(resp *etree.Element) {
	renamed(resp, "samlp", s.Protocol)
	renamed(resp, "saml", s.Assertion)
}

// renamed changes a prefix in el and below: the names and the declarations. ""
// changes nothing and "-" takes the prefix away.
func renamed(el *etree.Element, from, to string) {
	if to == "" || to == from {
		return
	}
	uri := ""
	var walk func(el *etree.Element, declared bool)
	walk = func(el *etree.Element, declared bool) {
		for i := range el.Attr {
			if a := &el.Attr[i]; a.Space == "xmlns" && a.Key == from {
				uri = a.Value
				if to != "-" {
					a.Key = to
				}
			}
		}
		if to == "-" {
			el.RemoveAttr("xmlns:" + from)
		}
		declared = declared || to == "-" && el.SelectAttr("xmlns") != nil
		switch {
		case el.Space != from:
		case to == "-":
			el.Space = ""
			if !declared {
				el.CreateAttr("xmlns", uri)
				declared = true
			}
		default:
			el.Space = to
		}
		for _, c := range el.ChildElements() {
			walk(c, declared)
		}
	}
	walk(el, false)
}
