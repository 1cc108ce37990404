package saml

import (
	"slices"

	"rollcall/fault"
)

// Step 2. Signature wrapping works by putting a second Response, Assertion or
// Signature where one reader looks and another does not. A message that has
// exactly one of each, in its place, leaves nothing to choose from.

// census counts a whole document in one walk.
type census struct {
	root       *element // the Response or the logout message; nil for a decrypted part
	main       *element // the assertion, where that is known before
	responses  int
	assertions int // encrypted ones included, in whatever namespace
	misplaced  *element
	signatures []*element // every Signature
	ids        *idSet
	problem    string // first structural problem that is not about counts
}

func (c *census) note(problem string) {
	if c.problem == "" {
		c.problem = problem
	}
}

// maxIDs is how many elements of a message may have an id. SAML gives one to
// the Response and the assertion, encryption to its keys; products add a few.
const maxIDs = 100

// idSet holds the ids of a message and of what was decrypted out of it.
type idSet struct {
	all  []string
	twin string // first id that came twice
	many bool
}

func (s *idSet) add(id string) {
	switch {
	case len(s.all) == maxIDs:
		s.many = true
		return
	case slices.Contains(s.all, id) && s.twin == "":
		s.twin = id
	}
	s.all = append(s.all, id)
}

// branch returns a copy that can grow by itself.
func (s *idSet) branch() *idSet {
	dup := *s
	dup.all = slices.Clip(s.all)
	return &dup
}

func (c *census) walk(el *element, inSignature bool) {
	for i := range el.attrs {
		if a := &el.attrs[i]; a.name == "ID" || a.name == "Id" || a.space == nsXML && a.local() == "id" {
			c.ids.add(trim(a.value))
		}
	}
	tag := el.tag()
	// One parser may join what stands around a comment and another cut it.
	if el.remark && (inSignature || is(el, nsSignature, "Signature") || worded(el)) {
		c.note("a comment stands inside a value or a Signature")
	}
	switch tag {
	case "Response":
		c.responses++
	case "Assertion", "EncryptedAssertion":
		c.assertions++
		if el != c.main && (el.parent != c.root || c.root == nil || el.space != nsAssertion) {
			c.misplaced = el
		}
	case "Signature":
		if el.space == nsSignature {
			inSignature = true
			c.signatures = append(c.signatures, el)
			if p := el.parent; p != c.root && p != c.main && (p.parent != c.root || p.tag() != "Assertion") {
				c.note("a Signature stands where SAML has none")
			}
		}
	}
	for k := el.first; k != nil; k = k.next {
		c.walk(k, inSignature)
	}
}

// judged records what the census found wrong and reports whether it was all
// right.
func (c *census) judged(s *sheet) bool {
	switch {
	case c.assertions > 1:
		s.fail(fault.MultipleAssertions, "assertion", "1", itoa(c.assertions), "the message holds %d assertions", c.assertions)
	case c.responses > 1:
		s.fail(fault.ResponseMalformed, "response", "1", itoa(c.responses), "the message holds %d Response elements", c.responses)
	case c.misplaced != nil:
		s.fail(fault.ResponseMalformed, "assertion", "a SAML 2.0 assertion inside the Response", "", "the assertion does not stand directly inside the Response")
	case c.ids.twin != "":
		s.fail(fault.ResponseMalformed, "ids", "unique", c.ids.twin, "two elements have the same id")
	case c.ids.many:
		s.fail(fault.ResponseMalformed, "ids", "at most "+itoa(maxIDs), "more", "more than %d elements have an id", maxIDs)
	case c.problem != "":
		s.fail(fault.ResponseMalformed, "structure", "", "", "%s", c.problem)
	default:
		return true
	}
	return false
}

// shape judges the document and finds its assertion.
func (m *Message) shape(s *sheet) {
	if !is(m.root, nsProtocol, "Response") {
		s.fail(fault.ResponseMalformed, "response", "Response", m.root.tag(), "the message is a %s, not a SAML 2.0 Response", bounded(m.root.tag()))
		return
	}
	c := &census{root: m.root, ids: m.ids}
	c.walk(m.root, false)
	if !c.judged(s) {
		return
	}
	s.pass("response", "Response", "Response")
	if c.assertions == 1 {
		m.assertion = child(m.root, nsAssertion, "Assertion")
		m.encrypted = child(m.root, nsAssertion, "EncryptedAssertion")
	}
	status := child(m.root, nsProtocol, "Status")
	if !single(s, m.root, rule{nsAssertion, "Issuer"}, rule{nsProtocol, "Status"}) || !single(s, status, rule{nsProtocol, "StatusCode"}) {
		return
	}
	if child(status, nsProtocol, "StatusCode") == nil {
		s.fail(fault.ResponseMalformed, "structure", "1 StatusCode", "0", "the Response has no status")
		return
	}
	if !identified(s, m.root) || m.assertion != nil && !wellFormed(s, m.assertion) {
		return
	}
	s.pass("structure", "", "")
	var ok bool
	if m.outer, ok = signed(s, m.root); !ok {
		return
	}
	if m.inner, ok = signed(s, m.assertion); !ok {
		return
	}
	s.pass("signature_form", "", "")
}

// fragment judges an assertion that was decrypted, as if it had stood in its
// place from the start.
func fragment(s *sheet, assertion *element, ids *idSet) (*signature, bool) {
	c := &census{main: assertion, ids: ids}
	c.walk(assertion, false)
	if !c.judged(s) || !wellFormed(s, assertion) {
		return nil, false
	}
	return signed(s, assertion)
}

// rule names an element that may come once at the most.
type rule struct{ space, tag string }

// single asks for at most one of the elements whose repetition would let two
// readers see two different people. Missing ones are judged in step 6, where
// the reason can be told better.
func single(s *sheet, parent *element, rules ...rule) bool {
	for _, r := range rules {
		if n := len(children(parent, r.space, r.tag)); n > 1 {
			s.fail(fault.ResponseMalformed, "structure", "at most 1 "+r.tag, itoa(n), "there are %d %s elements where SAML has one", n, r.tag)
			return false
		}
	}
	return true
}

// wellFormed asks the same of an assertion.
func wellFormed(s *sheet, assertion *element) bool {
	subject := child(assertion, nsAssertion, "Subject")
	if !single(s, assertion, rule{nsAssertion, "Issuer"}, rule{nsAssertion, "Subject"}, rule{nsAssertion, "Conditions"}) || !identified(s, assertion) {
		return false
	}
	names := 0
	for c := range subject.all() {
		if is(c, nsAssertion, "NameID") || is(c, nsAssertion, "EncryptedID") || is(c, nsAssertion, "BaseID") {
			if names++; names > 1 {
				s.fail(fault.ResponseMalformed, "structure", "1 name", itoa(names), "the Subject names somebody in two ways")
				return false
			}
		}
		if is(c, nsAssertion, "SubjectConfirmation") && !single(s, c, rule{nsAssertion, "SubjectConfirmationData"}) {
			return false
		}
	}
	return true
}

func identified(s *sheet, el *element) bool {
	if attr(el, "ID") != "" {
		return true
	}
	s.fail(fault.ResponseMalformed, "ids", "an ID", "", "the %s has no ID", el.tag())
	return false
}

// signed asks for at most one Signature on el, in the one form that verify.go
// deals with. el may be nil.
func signed(s *sheet, el *element) (*signature, bool) {
	sig, err := signatureOf(el)
	if err != nil {
		s.fail(fault.SignatureInvalid, "signature_form", "", "", "the signature of the %s cannot be accepted: %v", el.tag(), err)
		return nil, false
	}
	return sig, true
}
