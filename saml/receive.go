package saml

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"

	"github.com/beevik/etree"

	"rollcall/fault"
)

// Message is a Response that is within bounds and has the right shape. Nothing
// in it is verified.
type Message struct {
	root      *etree.Element
	assertion *etree.Element // nil when there is none or it is encrypted
	encrypted bool
	checks    []Check
}

// Receive reads the SAMLResponse value of a POSTed form (SAML bindings,
// section 3.5.4): white space is allowed in the base64, compression is not.
// Its cost is linear in the length of the value.
func Receive(samlResponse string, limits Limits) (*Message, *Refusal) {
	limits = limits.orDefault()
	s := &sheet{}
	root := unpack(s, samlResponse, limits)
	if r := s.refusal(); r != nil {
		return nil, r
	}
	m := &Message{root: root}
	m.shape(s)
	if r := s.refusal(); r != nil {
		return nil, r
	}
	m.checks = s.checks
	return m, nil
}

// Issuer is the entity id that the message claims to come from: the
// Response's or, as a Response may leave it out, the assertion's. It serves
// to find the provider among the team's own; Validate compares it.
func (m *Message) Issuer() string {
	if issuer := text(child(m.root, nsAssertion, "Issuer")); issuer != "" {
		return issuer
	}
	return text(child(m.assertion, nsAssertion, "Issuer"))
}

// InResponseTo is the request that the message claims to answer, "" for a
// sign-in that started at the identity provider.
func (m *Message) InResponseTo() string {
	if id := attr(m.root, "InResponseTo"); id != "" {
		return id
	}
	for _, c := range readAssertion(m.assertion).confirmations {
		if c.inResponseTo != "" {
			return c.inResponseTo
		}
	}
	return ""
}

// unpack is step 1: decode once, look over the bytes, then parse. It returns
// nil after recording a failure.
func unpack(s *sheet, value string, limits Limits) *etree.Element {
	doc, ok := decode(s, value, limits.Bytes)
	if !ok {
		return nil
	}
	doc = bytes.TrimPrefix(doc, []byte("\xef\xbb\xbf"))
	root, err := parse(doc, limits)
	var bad *scanError
	switch {
	case err == nil:
		s.pass("xml", "", "")
		return root
	case !errors.As(err, &bad):
		s.fail(fault.ResponseMalformed, "xml", "", "", "the document is not well-formed XML that every parser reads alike")
	case bad.tooLarge:
		s.fail(fault.ResponseTooLarge, "size", "", "", "%v", bad)
	default:
		s.fail(fault.ResponseMalformed, "xml", "", "", "%v", bad)
	}
	return nil
}

// decode undoes the base64. The size is judged before anything is allocated.
func decode(s *sheet, value string, limit int) ([]byte, bool) {
	if len(value) > 2*limit {
		s.fail(fault.ResponseTooLarge, "size", "", "", "the form value is longer than %d characters", 2*limit)
		return nil, false
	}
	packed := strings.NewReplacer(" ", "", "\t", "", "\r", "", "\n", "").Replace(value)
	if packed == "" {
		s.fail(fault.ResponseMalformed, "base64", "", "", "there is no SAMLResponse")
		return nil, false
	}
	if base64.RawStdEncoding.DecodedLen(len(packed)) > limit+2 {
		s.fail(fault.ResponseTooLarge, "size", "", "", "the document is larger than %d bytes", limit)
		return nil, false
	}
	doc, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(packed, "="))
	if err != nil {
		s.fail(fault.ResponseMalformed, "base64", "", "", "the SAMLResponse is not base64")
		return nil, false
	}
	s.pass("base64", "", "")
	return doc, true
}

// parse builds the tree of a document that is within limits. The error is a
// scanError when it has words for the sender's admin.
func parse(doc []byte, limits Limits) (*etree.Element, error) {
	if err := scan(doc, limits); err != nil {
		return nil, err
	}
	if err := roundTrips(doc, limits.Kinds); err != nil {
		return nil, err
	}
	tree := etree.NewDocument()
	if err := tree.ReadFromBytes(doc); err != nil {
		return nil, err
	}
	if tree.Root() == nil {
		return nil, errors.New("no root element")
	}
	return tree.Root(), nil
}
