package saml

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"

	"rollcall/fault"
)

// Message is a Response that is within bounds and has the right shape. Nothing
// in it is verified.
type Message struct {
	root      *element
	assertion *element // nil when there is none or it is encrypted
	encrypted *element // the EncryptedAssertion, or nil
	outer     *signature
	inner     *signature // of assertion
	limits    Limits
	ids       *idSet
	checks    []Check
}

// Receive reads the SAMLResponse value of a POSTed form (SAML bindings,
// section 3.5.4): white space is allowed in the base64, compression is not.
// Its cost is linear in the length of the value.
func Receive(samlResponse string, limits Limits) (*Message, *Refusal) {
	limits = limits.orDefault()
	s := &sheet{}
	root := unpack(s, "SAMLResponse", samlResponse, limits)
	if r := s.refusal(); r != nil {
		return nil, r
	}
	m := &Message{root: root, limits: limits.of(len(samlResponse) / 4 * 3), ids: &idSet{}}
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

// unpack is step 1: decode once, then read within bounds. It returns nil after
// recording a failure. field is the name of the form's field.
func unpack(s *sheet, field, value string, limits Limits) *element {
	doc, ok := decode(s, field, value, limits.Bytes)
	if !ok {
		return nil
	}
	return s.parsed(parse(bytes.TrimPrefix(doc, []byte("\xef\xbb\xbf")), limits))
}

// parsed records how reading a document ended.
func (s *sheet) parsed(root *element, err error) *element {
	var bad *scanError
	switch {
	case err == nil:
		s.pass("xml", "", "")
	case errors.As(err, &bad) && bad.tooLarge:
		s.fail(fault.ResponseTooLarge, "size", "", "", "%v", err)
	default:
		s.fail(fault.ResponseMalformed, "xml", "", "", "%v", err)
	}
	return root
}

// decode undoes the base64. The size is judged before anything is allocated.
func decode(s *sheet, field, value string, limit int) ([]byte, bool) {
	if len(value) > 2*limit {
		s.fail(fault.ResponseTooLarge, "size", "", "", "the form value is longer than %d characters", 2*limit)
		return nil, false
	}
	packed := solid(value)
	if packed == "" {
		s.fail(fault.ResponseMalformed, "base64", "", "", "there is no %s", field)
		return nil, false
	}
	if base64.RawStdEncoding.DecodedLen(len(packed)) > limit+2 {
		s.fail(fault.ResponseTooLarge, "size", "", "", "the document is larger than %d bytes", limit)
		return nil, false
	}
	doc, err := fromBase64(packed)
	if err != nil {
		s.fail(fault.ResponseMalformed, "base64", "", "", "the %s is not base64", field)
		return nil, false
	}
	s.pass("base64", "", "")
	return doc, true
}

// solid returns s without white space and without padding.
func solid(s string) string {
	if strings.ContainsAny(s, space) {
		out := make([]byte, 0, len(s))
		for i := range len(s) {
			if !isSpace(s[i]) {
				out = append(out, s[i])
			}
		}
		s = string(out)
	}
	return strings.TrimRight(s, "=")
}

// fromBase64 decodes what solid left.
func fromBase64(packed string) ([]byte, error) { return base64.RawStdEncoding.DecodeString(packed) }

// unspaced decodes base64 that may be folded and indented.
func unspaced(s string) ([]byte, error) { return fromBase64(solid(s)) }
