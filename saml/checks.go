package saml

import (
	"strings"
	"unicode"

	"rollcall/fault"
)

// Step 6: what a genuine message must say to be meant for us, here and now.

// response checks what the Response says outside its assertion. When only the
// assertion is signed these values are anybody's, so they can refuse a sign-in
// but never allow one.
func (v *validation) response(r response) {
	v.equal(fault.ResponseMalformed, "response_version", "2.0", r.version)
	switch {
	case r.destination == "" && v.signedResponse == nil:
		v.skip("destination", "absent; required only on a signed Response")
	default:
		v.address(fault.DestinationMismatch, "destination", v.e.SP.ACSURL, r.destination)
	}
	if r.issuer == "" {
		v.skip("response_issuer", "absent; the assertion's counts")
	} else {
		v.equal(fault.IssuerMismatch, "response_issuer", v.e.Provider.EntityID, r.issuer)
	}
}

// head checks the assertion's head.
func (v *validation) head(st statement) {
	v.equal(fault.AssertionInvalid, "assertion_version", "2.0", st.version)
	v.equal(fault.IssuerMismatch, "assertion_issuer", v.e.Provider.EntityID, st.issuer)
	if st.issuerFormat != "" && st.issuerFormat != formatEntity {
		v.fail(fault.IssuerMismatch, "issuer_format", formatEntity, st.issuerFormat, "the issuer is not given as an entity id")
	}
}

// confirmation looks for a bearer confirmation that satisfies (SAML profiles,
// section 4.1.4.2) and returns it. When none does, the record shows the one
// that comes closest.
func (v *validation) confirmation(r response, st statement) confirmation {
	var best *sheet
	bestFailures := 0
	for _, c := range st.confirmations {
		if c.method != methodBearer {
			continue
		}
		s := &sheet{trusted: v.trusted}
		v.bearer(s, r, c)
		failures := s.failures()
		if failures == 0 {
			v.checks = append(v.checks, s.checks...)
			return c
		}
		if best == nil || failures < bestFailures {
			best, bestFailures = s, failures
		}
	}
	if best == nil {
		v.fail(fault.AssertionInvalid, "subject_confirmation", methodBearer, "", "the assertion has no bearer confirmation")
		return confirmation{}
	}
	v.checks = append(v.checks, best.checks...)
	return confirmation{}
}

// bearer checks one confirmation on its own sheet.
func (v *validation) bearer(s *sheet, r response, c confirmation) {
	s.pass("subject_confirmation", methodBearer, c.method)
	s.address(fault.RecipientMismatch, "recipient", v.e.SP.ACSURL, c.recipient)
	v.answers(s, r, c)
	if c.notOnOrAfter == "" {
		s.fail(fault.AssertionInvalid, "confirmation_not_on_or_after", "a time", "", "the bearer confirmation has no NotOnOrAfter")
	}
	s.within("confirmation", c.notBefore, c.notOnOrAfter, v.e.Now, v.e.skew())
}

// answers binds the message to the request that this browser made. Only the
// confirmation's value is sure to be signed, so it decides; the Response's own
// must not contradict it.
func (v *validation) answers(s *sheet, r response, c confirmation) {
	const check = "in_response_to"
	switch {
	case c.inResponseTo == "" && r.inResponseTo != "":
		s.fail(fault.RequestMismatch, check, v.e.RequestID, "", "the Response answers a request and its assertion does not say so")
	case c.inResponseTo == "" && !v.e.AllowUnsolicited:
		s.fail(fault.IdpInitiatedDisabled, check, v.e.RequestID, "", "the sign-in started at the identity provider, which this team does not allow")
	case c.inResponseTo == "":
		s.pass(check, "", "")
	case r.inResponseTo != "" && r.inResponseTo != c.inResponseTo:
		s.fail(fault.RequestMismatch, check, c.inResponseTo, r.inResponseTo, "the Response and its assertion answer different requests")
	case v.e.RequestID == "":
		s.fail(fault.RequestUnknown, check, "a pending request", c.inResponseTo, "no request with this id is pending")
	default:
		s.equal(fault.RequestMismatch, check, v.e.RequestID, c.inResponseTo)
	}
}

// conditions checks validity, audience and that no condition is left unjudged
// (SAML core, section 2.5.1).
func (v *validation) conditions(st statement) {
	c := st.conditions
	if c == nil {
		v.fail(fault.AssertionInvalid, "conditions", "1", "0", "the assertion has no Conditions, so it is not restricted to us")
		return
	}
	v.within("conditions", c.notBefore, c.notOnOrAfter, v.e.Now, v.e.skew())
	if len(c.audiences) == 0 {
		v.fail(fault.AudienceMismatch, "audience", v.e.SP.EntityID, "", "the assertion is not restricted to an audience")
	}
	for _, names := range c.audiences { // all restrictions hold, any name within one
		found := false
		for _, name := range names {
			found = found || name == v.e.SP.EntityID
		}
		if found {
			v.pass("audience", v.e.SP.EntityID, v.e.SP.EntityID)
		} else {
			actual := strings.Join(names, " ")
			v.fail(fault.AudienceMismatch, "audience", v.e.SP.EntityID, actual, "the audience is %s and must be %s", bounded(actual), bounded(v.e.SP.EntityID))
		}
	}
	if len(c.unknown) > 0 {
		v.fail(fault.AssertionInvalid, "conditions", "known conditions", strings.Join(c.unknown, " "), "the assertion depends on the condition %s, which cannot be judged", bounded(c.unknown[0]))
	}
}

// maxNameID is the longest NameID, in bytes. SAML core, section 8.3.7, gives
// 256 characters to a persistent one.
const maxNameID = 1024

// person checks that the assertion names somebody whom we can know again.
func (v *validation) person(st statement) {
	switch {
	case st.name.value == "":
		v.fail(fault.NameIDMissing, "name_id", "present", "", "the assertion has no NameID or an empty one")
	case len(st.name.value) > maxNameID || strings.ContainsFunc(st.name.value, unicode.IsControl):
		v.fail(fault.AssertionInvalid, "name_id", "present", masked(st.name.value), "the NameID is longer than %d bytes or holds control characters", maxNameID)
	default:
		v.pass("name_id", "present", masked(st.name.value))
	}
	address, under := st.email(v.e.Provider.Attributes)
	// A random NameID is nobody's e-mail address. One that is - crewjam's
	// samlidp labels its stable ids like that - is the same at every sign-in.
	if st.name.format == FormatTransient && (address == "" || !strings.EqualFold(st.name.value, address)) {
		v.fail(fault.NameIDTransient, "name_id_format", "stable", st.name.format, "the NameID is transient: it would be a new person at every sign-in")
	} else {
		v.pass("name_id_format", "stable", st.name.format)
	}
	wanted := strings.Join(candidates(v.e.Provider.Attributes.Email, emailNames), " ")
	switch {
	case address == "":
		v.fail(fault.EmailMissing, "email", wanted, st.attributeNames(), "no attribute holds an e-mail address; these came: %s", bounded(st.attributeNames()))
	case !looksLikeAddress(address):
		v.fail(fault.EmailInvalid, "email", wanted, under, "the value of %s is not an e-mail address", bounded(under))
	default:
		v.pass("email", wanted, under)
	}
}

func (st *statement) attributeNames() string {
	names := []string{}
	for _, a := range st.attributes {
		names = append(names, a.name)
		if len(names) == 20 {
			break
		}
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, " ")
}
