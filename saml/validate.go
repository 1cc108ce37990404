package saml

import (
	"slices"
	"time"

	"rollcall/fault"
)

// validation is one run of steps 3 to 8 over a message.
type validation struct {
	*sheet
	m *Message
	e Expectation

	assertion *element   // where it stands in the message, or as it was decrypted
	inner     *signature // on it
	key       Key        // that decrypted it

	signedResponse, signedAssertion *verified
	// identity is where the person is read from: verified bytes, or nil.
	identity *verified
	evidence string // of a second factor
	seen     Seen
}

// Validate judges the message against what the team expects. The assertion is
// nil unless every check passed; the report has every check in either case.
//
// Checks go on after a failure, so that an admin can mend several things in one
// round; the refusal is the first failure in the order of the pipeline.
func (m *Message) Validate(e Expectation) (*Assertion, *Report) {
	v := &validation{sheet: &sheet{checks: append([]Check(nil), m.checks...)}, m: m, e: e, assertion: m.assertion, inner: m.inner}
	v.settings()
	v.status()
	v.presence()
	v.signatures()

	resp := readResponse(m.root)
	if v.signedResponse != nil {
		resp = readResponse(v.signedResponse.el)
	}
	source := v.assertion
	if v.identity != nil {
		source = v.identity.el
	}
	st := readAssertion(source)
	v.encryptedName(&st)
	v.note(resp, st)

	v.trusted = v.signedResponse != nil
	v.response(resp)
	var used confirmation
	if source != nil {
		v.trusted = v.identity != nil
		v.head(st)
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
	live := v.e.Provider.live(v.e.Now)
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
	v.fail(declined(r), "status", statusSuccess, actual, "%s", message)
}

// declined is the code for a status that is not success. Two of them say that
// a request of ours asked for what the provider does not have.
func declined(r response) fault.Code {
	for _, status := range []string{r.subStatus, r.status} {
		switch status {
		case statusNameIDPolicy:
			return fault.IdpNameIDPolicy
		case statusNoAuthnContext:
			return fault.IdpNoAuthnContext
		}
	}
	return fault.IdpDeclined
}

// presence asks for an assertion, and for one that is encrypted or not as was
// agreed.
func (v *validation) presence() {
	switch {
	case v.m.assertion == nil && v.m.encrypted == nil:
		v.fail(fault.AssertionMissing, "assertion_present", "1", "0", "the Response has no assertion")
	case v.m.encrypted != nil && len(v.e.SP.DecryptionKeys) == 0:
		v.fail(fault.EncryptionUnexpected, "encryption", "not encrypted", "encrypted", "the assertion is encrypted, which is not enabled")
	case v.m.encrypted == nil && v.e.Provider.WantEncrypted:
		v.fail(fault.EncryptionRequired, "encryption", "encrypted", "not encrypted", "the settings ask for encrypted assertions and this one is not")
	default:
		v.pass("assertion_present", "1", "1")
	}
}

// signatures is steps 4 and 5. Every signature that is there must verify, at
// least one must be, and the person is read from the innermost verified
// element. The outer signature comes first: a ciphertext that the provider did
// not sign as it stands is decrypted only if the message claims no signature
// around it.
func (v *validation) signatures() {
	before := v.failures()
	v.outerSignature()
	if v.m.encrypted != nil {
		if v.failures() > 0 {
			v.skip("decryption", "the message is refused already")
		} else {
			v.decrypt()
		}
	}
	if v.assertion != nil && !v.innerSignature() {
		v.fail(fault.SignatureInvalid, "response_signature", "", "", "the signed Response does not hold the assertion")
	}
	if v.failures() > before {
		// A bad signature beside a good one makes nothing here trustworthy.
		v.identity, v.signedResponse, v.signedAssertion = nil, nil, nil
	}
}

func (v *validation) outerSignature() {
	const check = "response_signature"
	if v.m.outer == nil {
		v.unsigned(check, v.e.Provider.WantResponseSigned)
		return
	}
	v.signedResponse = v.judged(check, v.m.outer, v.e.Provider.check(v.m.root, v.m.outer, false, v.e.Now, v.m.limits))
}

// decrypt reads the ciphertext from verified bytes if there are any.
func (v *validation) decrypt() {
	const check = "decryption"
	place := v.m.encrypted
	if v.signedResponse != nil {
		place = child(v.signedResponse.el, nsAssertion, "EncryptedAssertion")
	}
	c, err := readCiphertext(place, v.e.Provider.AllowCBC)
	if err != nil {
		v.fail(fault.DecryptionFailed, check, "decryptable", "", "the encryption of the assertion cannot be accepted: %v", err)
		return
	}
	root, key, err := c.open(v.e.SP.DecryptionKeys, v.e.SP.EntityID, "Assertion", v.m.limits)
	if err != nil {
		v.fail(fault.DecryptionFailed, check, "decryptable", c.cipher.name, "%v", err)
		return
	}
	v.pass(check, "decryptable", c.cipher.name)
	v.seen.Encryption = c.cipher.name
	if sig, ok := fragment(v.sheet, root, v.m.ids.branch()); ok {
		v.assertion, v.inner, v.key = root, sig, key
	}
}

// innerSignature finds the assertion in verified bytes, or verifies its own
// signature, or both. It reports whether a signed Response holds it.
func (v *validation) innerSignature() bool {
	const check = "assertion_signature"
	at, sig := v.assertion, v.inner
	if outer := v.signedResponse; outer != nil {
		if v.m.encrypted == nil {
			at = child(outer.el, nsAssertion, "Assertion")
			if at == nil || attr(at, "ID") != attr(v.assertion, "ID") {
				return false
			}
		}
		v.identity = &verified{at, outer.certificate}
	}
	if sig == nil {
		v.unsigned(check, v.e.Provider.WantAssertionsSigned)
		if v.m.outer == nil {
			v.fail(fault.SignatureMissing, "signature", "response or assertion signed", "none", "neither the Response nor the assertion is signed")
		}
		return true
	}
	within := v.signedResponse != nil
	result := verdict{}
	if at != v.assertion {
		// The assertion's own signature is checked where the outer one vouches
		// for it. Canonicalization may have dropped a namespace there that the
		// inner signature names in its PrefixList; then the message as it
		// arrived is tried, and read from where it is vouched for.
		if again, err := signatureOf(at); err == nil && again != nil {
			result = v.e.Provider.check(at, again, within, v.e.Now, v.m.limits)
		}
	}
	if result.good == nil {
		result = v.e.Provider.check(v.assertion, sig, within, v.e.Now, v.m.limits)
	}
	v.signedAssertion = v.judged(check, sig, result)
	switch {
	case v.signedAssertion == nil:
	case within:
		v.identity.certificate = v.signedAssertion.certificate
	default:
		v.identity = v.signedAssertion
	}
	return true
}

// unsigned records that a signature is not there.
func (v *validation) unsigned(check string, wanted bool) {
	if wanted {
		v.fail(fault.SignatureMissing, check, "signed", "not signed", "the settings ask for this signature and it is absent")
	} else {
		v.skip(check, "not signed")
	}
}

// signature records one signature. It returns nil when the signature is bad.
func (s *sheet) signature(check, method string, result verdict) *verified {
	if result.good == nil {
		s.fail(result.code, check, "verified by a trusted certificate", method, "%s", result.message)
		return nil
	}
	trusted := s.trusted
	s.trusted = true
	s.pass(check, "verified by a trusted certificate", method+", "+Fingerprint(result.good.certificate.X509))
	s.trusted = trusted
	return result.good
}

// judged does so for a Response's or an assertion's.
func (v *validation) judged(check string, sig *signature, result verdict) *verified {
	v.seen.SignatureAlgorithms = append(v.seen.SignatureAlgorithms, bounded(sig.info.method))
	for _, c := range sig.shown {
		v.seen.KeyInfoFingerprints = noted(v.seen.KeyInfoFingerprints, Fingerprint(c))
	}
	return v.signature(check, sig.info.method, result)
}

// encryptedName replaces an EncryptedID by the NameID in it. Only one that a
// verified assertion holds is decrypted.
func (v *validation) encryptedName(st *statement) {
	if st.encryptedAttributes > 0 {
		v.fail(fault.EncryptionUnexpected, "encryption", "no encrypted attributes", itoa(st.encryptedAttributes), "attributes are encrypted one by one; encrypt the whole assertion")
	}
	if st.encryptedID == nil || st.name.value != "" {
		return
	}
	switch {
	case len(v.e.SP.DecryptionKeys) == 0:
		v.fail(fault.EncryptionUnexpected, "encryption", "not encrypted", "encrypted", "the NameID is encrypted, which is not enabled")
	case v.identity == nil:
		v.skip("name_id_decryption", "no verified assertion")
	default:
		st.name = v.decryptedName("name_id_decryption", st.encryptedID, v.e.SP, v.e.Provider, v.m.limits)
	}
}

// decryptedName decrypts an EncryptedID.
func (s *sheet) decryptedName(check string, el *element, sp ServiceProvider, p Provider, limits Limits) nameID {
	c, err := readCiphertext(el, p.AllowCBC)
	if err != nil {
		s.fail(fault.DecryptionFailed, check, "decryptable", "", "the encryption of the NameID cannot be accepted: %v", err)
		return nameID{}
	}
	root, _, err := c.open(sp.DecryptionKeys, sp.EntityID, "NameID", limits)
	switch {
	case err != nil:
		s.fail(fault.DecryptionFailed, check, "decryptable", c.cipher.name, "%v", err)
	case root.first != nil || root.remark:
		s.fail(fault.AssertionInvalid, check, "a NameID", "", "the encrypted NameID holds more than a name")
	default:
		s.pass(check, "decryptable", c.cipher.name)
		return readNameID(root)
	}
	return nameID{}
}

// note keeps what the record shows of the message.
func (v *validation) note(r response, st statement) {
	v.seen.Issuer = bounded(st.issuer)
	if st.issuer == "" {
		v.seen.Issuer = bounded(r.issuer)
	}
	v.seen.Destination, v.seen.InResponseTo = bounded(r.destination), bounded(r.inResponseTo)
	v.seen.AssertionID = bounded(st.id)
	v.seen.timed(st)
	for _, status := range []string{r.status, r.subStatus} {
		v.seen.Status = noted(v.seen.Status, status)
	}
	address, _ := st.email(v.e.Provider.Attributes)
	v.seen.EmailMasked = masked(address)
	v.seen.NameIDFormat, v.seen.NameIDMasked = bounded(st.name.format), masked(st.name.value)
	v.seen.AttributeNames = map[string]int{}
	for _, a := range st.attributes {
		if _, known := v.seen.AttributeNames[bounded(a.name)]; known || len(v.seen.AttributeNames) < 50 {
			v.seen.AttributeNames[bounded(a.name)] += len(a.values)
		}
	}
	for _, class := range st.classes() {
		v.seen.AuthnContextClasses = noted(v.seen.AuthnContextClasses, class)
	}
	if st.conditions != nil {
		for _, names := range st.conditions.audiences {
			for _, name := range names {
				v.seen.Audiences = noted(v.seen.Audiences, name)
			}
		}
	}
	for _, c := range st.confirmations {
		v.seen.Recipients = noted(v.seen.Recipients, c.recipient)
	}
	if v.m.outer != nil {
		v.seen.Signed = append(v.seen.Signed, "response")
	}
	if v.inner != nil {
		v.seen.Signed = append(v.seen.Signed, "assertion")
	}
}

// timed keeps the times of an assertion.
func (s *Seen) timed(st statement) {
	s.IssueInstant, _ = instant(st.issueInstant)
	if c := st.conditions; c != nil {
		s.NotBefore, _ = instant(c.notBefore)
		s.NotOnOrAfter, _ = instant(c.notOnOrAfter)
	}
	for _, c := range st.confirmations {
		if end, _ := instant(c.notOnOrAfter); c.method == methodBearer && end.After(s.ConfirmableUntil) {
			s.ConfirmableUntil = end
		}
	}
	for _, a := range st.authn {
		if s.AuthnInstant.IsZero() {
			s.AuthnInstant, _ = instant(a.instant)
		}
		if s.SessionNotOnOrAfter.IsZero() {
			s.SessionNotOnOrAfter, _ = instant(a.sessionNotOnOrAfter)
		}
	}
}

// noted adds one of the first few things that a message says of a kind.
func noted(list []string, value string) []string {
	if value = bounded(value); value == "" || len(list) == 10 || slices.Contains(list, value) {
		return list
	}
	return append(list, value)
}

// result makes the Assertion; every check has passed.
func (v *validation) result(st statement, used confirmation) *Assertion {
	a := &Assertion{
		ID: st.id, Issuer: st.issuer, NameID: st.name.value, NameIDFormat: st.name.format,
		NameQualifier: st.name.qualifier, SPNameQualifier: st.name.spQualifier,
		InResponseTo:  used.inResponseTo,
		Attributes:    map[string][]string{},
		friendly:      map[string][]string{},
		CertificateID: v.identity.certificate.ID, SignedResponse: v.signedResponse != nil, SignedAssertion: v.signedAssertion != nil,
		SignedSHA1:          v.m.outer.weak() || v.inner.weak(),
		AuthnContextClasses: st.classes(), MFAEvidence: v.evidence, DecryptionKeyID: v.key.ID,
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
