package saml

import (
	"time"

	"github.com/beevik/etree"

	"rollcall/fault"
)

// validation is one run of steps 3 to 8 over a message.
type validation struct {
	*sheet
	m *Message
	e Expectation

	signedResponse, signedAssertion *verified
	// identity is where the person is read from: verified bytes, or nil.
	identity *verified
	seen     Seen
}

// Validate judges the message against what the team expects. The assertion is
// nil unless every check passed; the report has every check in either case.
//
// Checks go on after a failure, so that an admin can mend several things in one
// round; the refusal is the first failure in the order of the pipeline.
func (m *Message) Validate(e Expectation) (*Assertion, *Report) {
	v := &validation{sheet: &sheet{checks: append([]Check(nil), m.checks...)}, m: m, e: e}
	v.settings()
	v.status()
	v.encryption()
	v.signatures()

	resp := readResponse(m.root)
	if v.signedResponse != nil {
		resp = readResponse(v.signedResponse.el)
	}
	source := m.assertion
	if v.identity != nil {
		source = v.identity.el
	}
	st := readAssertion(source)
	v.note(resp, st)

	v.trusted = v.signedResponse != nil
	v.response(resp)
	var used confirmation
	if source != nil {
		v.trusted = v.identity != nil
		v.assertion(st)
		used = v.confirmation(resp, st)
		v.conditions(st)
		v.authentication(st)
		v.person(st)
	}

	report := &Report{Checks: v.checks, Refusal: v.refusal(), Seen: v.seen}
	if report.Refusal != nil || v.identity == nil {
		return nil, report
	}
	return v.result(st, used), report
}

// settings refuses before anything is compared with an empty string: without a
// certificate or a name to compare with, nobody can be let in.
func (v *validation) settings() {
	live := 0
	for _, c := range v.e.Provider.Certificates {
		if c.liveAt(v.e.Now) {
			live++
		}
	}
	switch {
	case v.e.Provider.EntityID == "" || v.e.SP.EntityID == "" || v.e.SP.ACSURL == "":
		v.fail(fault.SsoNotEnabled, "settings", "", "", "the identity provider's entity id or our own addresses are not set")
	case live == 0:
		v.fail(fault.CertificateMissing, "certificates", "at least 1", "0", "no certificate of the identity provider is valid at %s", stamp(v.e.Now))
	default:
		v.pass("certificates", "at least 1", itoa(live))
	}
}

// status is step 3. A provider that declines sends no assertion and often no
// signature, so its reason is all that the record can have.
func (v *validation) status() {
	r := readResponse(v.m.root)
	if r.status == statusSuccess {
		v.pass("status", statusSuccess, r.status)
		return
	}
	actual := r.status
	if r.subStatus != "" {
		actual += " / " + r.subStatus
	}
	message := "the identity provider answered " + bounded(actual)
	if r.statusMessage != "" {
		message += ": " + bounded(r.statusMessage)
	}
	v.fail(fault.IdpDeclined, "status", statusSuccess, actual, "%s", message)
}

// encryption is step 5 as far as there are no keys to decrypt with.
func (v *validation) encryption() {
	switch {
	case v.m.encrypted, readAssertion(v.m.assertion).encryptedIDs > 0:
		v.fail(fault.EncryptionUnexpected, "encryption", "not encrypted", "encrypted", "the assertion or its subject is encrypted, which is not enabled")
	case v.m.assertion == nil:
		v.fail(fault.AssertionMissing, "assertion_present", "1", "0", "the Response has no assertion")
	default:
		v.pass("assertion_present", "1", "1")
	}
}

// signatures is step 4. Every signature that is there must verify, at least
// one must be, and the person is read from the innermost verified element.
func (v *validation) signatures() {
	before := v.failures()
	outer := v.verify("response_signature", v.e.Provider.WantResponseSigned, v.m.root)
	v.signedResponse = outer
	if v.m.assertion == nil {
		return
	}
	// The assertion's own signature is checked where the outer one vouches for
	// it. Canonicalization may have dropped a namespace there that the inner
	// signature names in its PrefixList; then the message as it arrived is
	// tried. It has only this one assertion, and again only the bytes that the
	// verification returns are read.
	places := []*etree.Element{v.m.assertion}
	if outer != nil {
		inner := children(outer.el, nsAssertion, "Assertion")
		if len(inner) != 1 || attr(inner[0], "ID") != attr(v.m.assertion, "ID") {
			v.fail(fault.SignatureInvalid, "response_signature", "", "", "the signed Response does not hold the assertion")
			return
		}
		places = []*etree.Element{inner[0], v.m.assertion}
		v.identity = &verified{inner[0], outer.certificate}
	}
	v.signedAssertion = v.verify("assertion_signature", v.e.Provider.WantAssertionsSigned, places...)
	if v.signedAssertion != nil {
		v.identity = v.signedAssertion
	}
	if child(v.m.root, nsSignature, "Signature") == nil && child(v.m.assertion, nsSignature, "Signature") == nil {
		v.fail(fault.SignatureMissing, "signature", "response or assertion signed", "none", "neither the Response nor the assertion is signed")
	}
	if v.failures() > before {
		// A bad signature beside a good one makes nothing here trustworthy.
		v.identity, v.signedResponse, v.signedAssertion = nil, nil, nil
	}
}

// verify records one signature. It returns nil when there is none or it is bad.
func (v *validation) verify(check string, wanted bool, places ...*etree.Element) *verified {
	sig, err := signatureOf(v.m.root)
	if check == "assertion_signature" {
		sig, err = signatureOf(v.m.assertion)
	}
	if err != nil || sig == nil {
		if wanted {
			v.fail(fault.SignatureMissing, check, "signed", "not signed", "the settings ask for this signature and it is absent")
		} else {
			v.skip(check, "not signed")
		}
		return nil
	}
	v.seen.SignatureAlgorithms = append(v.seen.SignatureAlgorithms, bounded(sig.method))
	for _, c := range sig.certificates {
		v.seen.KeyInfoFingerprints = append(v.seen.KeyInfoFingerprints, Fingerprint(c))
	}
	result := verify(places, v.e.Provider, v.e.Now)
	if result.good == nil {
		v.fail(result.code, check, "verified by a trusted certificate", sig.method, "%s", result.message)
		return nil
	}
	v.trusted = true
	v.pass(check, "verified by a trusted certificate", sig.method+", "+Fingerprint(result.good.certificate.X509))
	v.trusted = false
	return result.good
}

// note keeps what the record shows of the message.
func (v *validation) note(r response, st statement) {
	v.seen.Issuer = bounded(st.issuer)
	if st.issuer == "" {
		v.seen.Issuer = bounded(r.issuer)
	}
	v.seen.Destination, v.seen.InResponseTo = bounded(r.destination), bounded(r.inResponseTo)
	v.seen.AssertionID = bounded(st.id)
	v.seen.NameIDFormat, v.seen.NameIDMasked = bounded(st.nameIDFormat), masked(st.nameID)
	v.seen.AttributeNames = map[string]int{}
	for _, a := range st.attributes {
		if _, known := v.seen.AttributeNames[bounded(a.name)]; known || len(v.seen.AttributeNames) < 50 {
			v.seen.AttributeNames[bounded(a.name)] += len(a.values)
		}
	}
	for _, a := range st.authn {
		for _, c := range a.classes {
			if len(v.seen.AuthnContextClasses) < 10 {
				v.seen.AuthnContextClasses = append(v.seen.AuthnContextClasses, bounded(c))
			}
		}
	}
}

// result makes the Assertion; every check has passed.
func (v *validation) result(st statement, used confirmation) *Assertion {
	a := &Assertion{
		ID: st.id, Issuer: st.issuer, NameID: st.nameID, NameIDFormat: st.nameIDFormat,
		InResponseTo:  used.inResponseTo,
		Attributes:    map[string][]string{},
		friendly:      map[string][]string{},
		CertificateID: v.identity.certificate.ID, SignedResponse: v.signedResponse != nil, SignedAssertion: v.signedAssertion != nil,
	}
	for _, at := range st.attributes {
		a.Attributes[at.name] = append(a.Attributes[at.name], at.values...)
		if at.friendlyName != "" {
			a.friendly[at.friendlyName] = append(a.friendly[at.friendlyName], at.values...)
		}
	}
	a.Email, _ = st.email(v.e.Provider.Attributes)
	a.FirstName, a.LastName, a.DisplayName = st.names(v.e.Provider.Attributes)
	for i, n := range st.authn {
		if i == 0 {
			a.SessionIndex = n.sessionIndex
			a.AuthnInstant, _ = instant(n.instant)
		}
		a.AuthnContextClasses = append(a.AuthnContextClasses, n.classes...)
		if end, problem := instant(n.sessionNotOnOrAfter); problem == "" && (a.SessionNotOnOrAfter.IsZero() || end.Before(a.SessionNotOnOrAfter)) {
			a.SessionNotOnOrAfter = end
		}
	}
	a.NotOnOrAfter = v.forgettable(st)
	return a
}

// forgettable is the first instant at which no confirmation of the assertion
// can be satisfied any more.
func (v *validation) forgettable(st statement) time.Time {
	var latest time.Time
	for _, c := range st.confirmations {
		if end, problem := instant(c.notOnOrAfter); problem == "" && end.After(latest) {
			latest = end
		}
	}
	return latest.Add(v.e.skew())
}
