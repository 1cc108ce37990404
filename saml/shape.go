package saml

import (
	"strings"

	"github.com/beevik/etree"

	"rollcall/fault"
)

// Step 2. Signature wrapping works by putting a second Response, Assertion or
// Signature where one reader looks and another does not. A message that has
// exactly one of each, in its place, leaves nothing to choose from.

// census counts a whole document in one walk.
type census struct {
	root       *etree.Element
	responses  int
	assertions int // encrypted ones included, in whatever namespace
	misplaced  *etree.Element
	signatures map[*etree.Element]int // by parent
	ids        map[string]bool
	problem    string // first structural problem that is not about counts
	twin       string // first id that came twice
}

// scope is a chain of namespace declarations, innermost first.
type scope struct {
	prefix, uri string
	outer       *scope
}

func (sc *scope) lookup(prefix string) (uri string, ok bool) {
	for ; sc != nil; sc = sc.outer {
		if sc.prefix == prefix {
			return sc.uri, true
		}
	}
	switch prefix {
	case "":
		return "", true
	case "xml":
		return nsXML, true
	case "xmlns":
		return nsXMLNS, true
	}
	return "", false
}

func (c *census) note(problem string) {
	if c.problem == "" {
		c.problem = problem
	}
}

func (c *census) walk(el *etree.Element, sc *scope, inSignature bool) {
	for _, a := range el.Attr {
		if p, ok := declares(a); ok {
			sc = &scope{p, a.Value, sc}
		}
	}
	space, ok := sc.lookup(el.Space)
	if !ok {
		c.note("an element has an undeclared namespace prefix")
	}
	c.attributes(el, sc)
	c.content(el, inSignature)
	switch {
	case el.Tag == "Response":
		c.responses++
	case el.Tag == "Assertion" || el.Tag == "EncryptedAssertion":
		c.assertions++
		if el.Parent() != c.root || space != nsAssertion {
			c.misplaced = el
		}
	case el.Tag == "Signature" && space == nsSignature:
		inSignature = true
		c.signatures[el.Parent()]++
		if p := el.Parent(); p != c.root && (p.Parent() != c.root || p.Tag != "Assertion") {
			c.note("a Signature stands where SAML has none")
		}
	}
	for k := range el.ChildElementsSeq() {
		c.walk(k, sc, inSignature)
	}
}

// attributes looks for equal expanded names and repeated ids.
func (c *census) attributes(el *etree.Element, sc *scope) {
	for i, a := range el.Attr {
		if _, ok := declares(a); ok {
			continue
		}
		uri := ""
		if a.Space != "" {
			var ok bool
			if uri, ok = sc.lookup(a.Space); !ok {
				c.note("an attribute has an undeclared namespace prefix")
			}
			for _, b := range el.Attr[:i] {
				if b.Space == "" || b.Space == "xmlns" || b.Key != a.Key {
					continue
				}
				if other, _ := sc.lookup(b.Space); other == uri {
					c.note("an element has the same attribute twice")
				}
			}
		}
		if a.Space == "" && (a.Key == "ID" || a.Key == "Id") || uri == nsXML && a.Key == "id" {
			if c.ids[a.Value] && c.twin == "" {
				c.twin = a.Value
			}
			c.ids[a.Value] = true
		}
	}
}

// content refuses comments beside text, where one parser may join and another
// cut, and any comment inside a Signature.
func (c *census) content(el *etree.Element, inSignature bool) {
	comment, words := false, false
	for _, t := range el.Child {
		switch t := t.(type) {
		case *etree.Comment:
			comment = true
		case *etree.CharData:
			words = words || strings.TrimSpace(t.Data) != ""
		}
	}
	if comment && (words || inSignature || is(el, nsSignature, "Signature")) {
		c.note("a comment stands inside a value or a Signature")
	}
}

// shape judges the document and finds its assertion.
func (m *Message) shape(s *sheet) {
	if !is(m.root, nsProtocol, "Response") {
		s.fail(fault.ResponseMalformed, "response", "Response", m.root.Tag, "the message is a %s, not a SAML 2.0 Response", bounded(m.root.Tag))
		return
	}
	c := &census{root: m.root, signatures: map[*etree.Element]int{}, ids: map[string]bool{}}
	c.walk(m.root, nil, false)
	switch {
	case c.assertions > 1:
		s.fail(fault.MultipleAssertions, "assertion", "1", itoa(c.assertions), "the message holds %d assertions", c.assertions)
	case c.responses > 1:
		s.fail(fault.ResponseMalformed, "response", "1", itoa(c.responses), "the message holds %d Response elements", c.responses)
	case c.misplaced != nil:
		s.fail(fault.ResponseMalformed, "assertion", "a SAML 2.0 assertion inside the Response", "", "the assertion does not stand directly inside the Response")
	case c.twin != "":
		s.fail(fault.ResponseMalformed, "ids", "unique", c.twin, "two elements have the same id")
	case c.problem != "":
		s.fail(fault.ResponseMalformed, "structure", "", "", "%s", c.problem)
	}
	if s.refusal() != nil {
		return
	}
	s.pass("response", "Response", "Response")
	if c.assertions == 1 {
		m.assertion = child(m.root, nsAssertion, "Assertion")
		m.encrypted = m.assertion == nil
	}
	m.single(s)
	m.signatures(s, c)
}

// single asks for exactly one of the elements whose repetition would let two
// readers see two different people. Missing ones are judged in step 6, where
// the reason can be told better.
func (m *Message) single(s *sheet) {
	status := child(m.root, nsProtocol, "Status")
	subject := child(m.assertion, nsAssertion, "Subject")
	for _, rule := range []struct {
		parent     *etree.Element
		space, tag string
	}{
		{m.root, nsAssertion, "Issuer"}, {m.root, nsProtocol, "Status"}, {status, nsProtocol, "StatusCode"},
		{m.assertion, nsAssertion, "Issuer"}, {m.assertion, nsAssertion, "Subject"}, {m.assertion, nsAssertion, "Conditions"},
		{subject, nsAssertion, "NameID"}, {subject, nsAssertion, "EncryptedID"}, {subject, nsAssertion, "BaseID"},
	} {
		if n := len(children(rule.parent, rule.space, rule.tag)); n > 1 {
			s.fail(fault.ResponseMalformed, "structure", "at most 1 "+rule.tag, itoa(n), "there are %d %s elements where SAML has one", n, rule.tag)
			return
		}
	}
	for _, el := range []*etree.Element{m.root, m.assertion} {
		if el != nil && attr(el, "ID") == "" {
			s.fail(fault.ResponseMalformed, "ids", "an ID", "", "the %s has no ID", el.Tag)
			return
		}
	}
	if status == nil || child(status, nsProtocol, "StatusCode") == nil {
		s.fail(fault.ResponseMalformed, "structure", "1 StatusCode", "0", "the Response has no status")
		return
	}
	s.pass("structure", "", "")
}

// signatures asks for at most one Signature each on the Response and on the
// assertion, in the one form that verify.go deals with.
func (m *Message) signatures(s *sheet, c *census) {
	for _, el := range []*etree.Element{m.root, m.assertion} {
		if el == nil || c.signatures[el] == 0 {
			continue
		}
		if n := c.signatures[el]; n > 1 {
			s.fail(fault.SignatureInvalid, "signature_form", "1", itoa(n), "the %s has %d signatures", el.Tag, n)
			return
		}
		if _, err := signatureOf(el); err != nil {
			s.fail(fault.SignatureInvalid, "signature_form", "", "", "the signature of the %s cannot be accepted: %v", el.Tag, err)
			return
		}
	}
	s.pass("signature_form", "", "")
}
