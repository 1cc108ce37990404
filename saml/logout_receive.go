package saml

import (
	"bytes"
	"time"

	"rollcall/fault"
)

// LogoutMessage is a logout request or response that is within bounds and has
// the right shape. Nothing in it is verified.
type LogoutMessage struct {
	root   *element
	query  *query     // of one that came by redirect
	outer  *signature // of one that was posted
	state  string
	limits Limits
	checks []Check
}

// logoutLimits bound logout messages. They are small, whoever sends them.
var logoutLimits = Limits{Bytes: maxInflated, Nodes: 2000}.orDefault()

// maxSessions is how many sessions a logout request may name.
const maxSessions = 500

// ReceiveLogoutQuery reads a logout message out of an address's raw query,
// which must be as it came over the wire.
func ReceiveLogoutQuery(rawQuery string) (*LogoutMessage, *Refusal) {
	s := &sheet{}
	q, ok := readQuery(s, rawQuery)
	if !ok {
		return nil, s.refusal()
	}
	return receiveLogout(s, &LogoutMessage{query: &q, state: q.relayState}, q.doc, q.field)
}

// ReceiveLogoutForm reads the value of the field SAMLRequest or SAMLResponse
// of a POSTed form; the one that the form does not have is "".
func ReceiveLogoutForm(samlRequest, samlResponse, relayState string) (*LogoutMessage, *Refusal) {
	s := &sheet{}
	field, value := fieldRequest, samlRequest
	if samlRequest == "" {
		field, value = fieldResponse, samlResponse
	} else if samlResponse != "" {
		s.fail(fault.LogoutInvalid, "form", "", "", "the form has both SAMLRequest and SAMLResponse")
		return nil, s.refusal()
	}
	doc, ok := decode(s, field, value, logoutLimits.Bytes)
	if !ok {
		return nil, s.refusal()
	}
	return receiveLogout(s, &LogoutMessage{state: relayState}, doc, field)
}

// receiveLogout is the part that both ways in share.
func receiveLogout(s *sheet, m *LogoutMessage, doc []byte, field string) (*LogoutMessage, *Refusal) {
	m.limits = logoutLimits
	m.root = s.parsed(parse(bytes.TrimPrefix(doc, []byte("\xef\xbb\xbf")), m.limits))
	if m.root != nil {
		m.shape(s, field)
	}
	if r := s.refusal(); r != nil {
		return nil, r
	}
	m.checks = s.checks
	return m, nil
}

// shape asks for a logout message with at most one of everything that says who
// is meant.
func (m *LogoutMessage) shape(s *sheet, field string) {
	tag := "LogoutRequest"
	if field == fieldResponse {
		tag = "LogoutResponse"
	}
	if !is(m.root, nsProtocol, tag) {
		s.fail(fault.LogoutInvalid, "message", tag, m.root.tag(), "the %s is a %s, not a SAML 2.0 %s", field, bounded(m.root.tag()), tag)
		return
	}
	c := &census{root: m.root, ids: &idSet{}}
	c.walk(m.root, false)
	if c.assertions+c.responses > 0 {
		s.fail(fault.LogoutInvalid, "structure", "no assertion", "", "a logout message holds no assertion and no Response")
		return
	}
	status := child(m.root, nsProtocol, "Status")
	names := len(children(m.root, nsAssertion, "NameID")) + len(children(m.root, nsAssertion, "EncryptedID")) + len(children(m.root, nsAssertion, "BaseID"))
	switch {
	case !c.judged(s), !identified(s, m.root), !single(s, m.root, rule{nsAssertion, "Issuer"}, rule{nsProtocol, "Status"}), !single(s, status, rule{nsProtocol, "StatusCode"}):
		return
	case m.IsRequest() && names != 1:
		s.fail(fault.LogoutInvalid, "structure", "1 name", itoa(names), "the request names %d people and not one", names)
		return
	case m.IsRequest() && len(children(m.root, nsProtocol, "SessionIndex")) > maxSessions:
		s.fail(fault.LogoutInvalid, "structure", "at most "+itoa(maxSessions), "more", "the request names more than %d sessions", maxSessions)
		return
	case !m.IsRequest() && child(status, nsProtocol, "StatusCode") == nil:
		s.fail(fault.LogoutInvalid, "structure", "1 StatusCode", "0", "the LogoutResponse has no status")
		return
	}
	s.pass("structure", "", "")
	if m.query == nil {
		var ok bool
		if m.outer, ok = signed(s, m.root); ok {
			s.pass("signature_form", "", "")
		}
	}
}

// IsRequest tells a LogoutRequest from a LogoutResponse.
func (m *LogoutMessage) IsRequest() bool { return m.root.tag() == "LogoutRequest" }

// Issuer is the entity id that the message claims to come from, to find the
// provider by.
func (m *LogoutMessage) Issuer() string { return text(child(m.root, nsAssertion, "Issuer")) }

// InResponseTo is the request that a LogoutResponse claims to answer.
func (m *LogoutMessage) InResponseTo() string { return attr(m.root, "InResponseTo") }

// RelayState is what came beside the message, as it came.
func (m *LogoutMessage) RelayState() string { return m.state }

// LogoutExpectation is what the receiving team knows when a logout message
// arrives. Its fields are as of Expectation.
type LogoutExpectation struct {
	SP       ServiceProvider
	Provider Provider
	Now      time.Time
	Skew     time.Duration
	// RequestID is the logout request that we sent and that a response must
	// answer.
	RequestID string
}

const (
	// logoutLife is how old a message without NotOnOrAfter may be.
	logoutLife = 5 * time.Minute
	// logoutLongest is how old any message may be, whatever its NotOnOrAfter: for
	// longer the ids of used ones are not remembered.
	logoutLongest = 24 * time.Hour
)

// Request judges a LogoutRequest. Like a sign-in, it is nil unless every check
// passed; a signature is always needed.
func (m *LogoutMessage) Request(e LogoutExpectation) (*LogoutRequest, *Report) {
	s, root, cert := m.validate(e, true)
	out := &LogoutRequest{
		ID: attr(root, "ID"), Issuer: text(child(root, nsAssertion, "Issuer")), CertificateID: cert.ID,
		Reason: attr(root, "Reason"), RelayState: m.state,
	}
	out.IssueInstant, _ = instant(attr(root, "IssueInstant"))
	out.NotOnOrAfter, _ = instant(attr(root, "NotOnOrAfter"))
	name := readNameID(child(root, nsAssertion, "NameID"))
	if encrypted := child(root, nsAssertion, "EncryptedID"); encrypted != nil {
		switch {
		case len(e.SP.DecryptionKeys) == 0:
			s.fail(fault.EncryptionUnexpected, "encryption", "not encrypted", "encrypted", "the NameID is encrypted, which is not enabled")
		case cert.X509 == nil:
			s.skip("name_id_decryption", "no verified request")
		default:
			name = s.decryptedName("name_id_decryption", encrypted, e.SP, e.Provider, m.limits)
		}
	}
	if name.value == "" {
		s.fail(fault.NameIDMissing, "name_id", "present", "", "the request names nobody")
	} else {
		s.pass("name_id", "present", masked(name.value))
	}
	out.NameID, out.NameIDFormat, out.NameQualifier, out.SPNameQualifier = name.value, name.format, name.qualifier, name.spQualifier
	for _, i := range children(root, nsProtocol, "SessionIndex") {
		if index := text(i); index != "" {
			out.SessionIndexes = append(out.SessionIndexes, index)
		}
	}
	report := m.report(s, root, name)
	if report.Refusal != nil {
		return nil, report
	}
	return out, report
}

// Response judges a LogoutResponse. One that says no is returned like one that
// says yes, with its Status.
func (m *LogoutMessage) Response(e LogoutExpectation) (*LogoutResponse, *Report) {
	s, root, cert := m.validate(e, false)
	if e.RequestID == "" {
		s.fail(fault.RequestUnknown, "in_response_to", "a pending request", attr(root, "InResponseTo"), "no logout request with this id is pending")
	} else {
		s.equal(fault.RequestMismatch, "in_response_to", e.RequestID, attr(root, "InResponseTo"))
	}
	r := readResponse(root)
	out := &LogoutResponse{
		ID: r.id, InResponseTo: r.inResponseTo, Issuer: r.issuer, CertificateID: cert.ID,
		PartialLogout: r.subStatus == statusPartialLogout, StatusMessage: bounded(r.statusMessage), RelayState: m.state,
	}
	out.IssueInstant, _ = instant(attr(root, "IssueInstant"))
	if r.status != statusSuccess && !out.PartialLogout {
		if out.Status = r.status; r.subStatus != "" {
			out.Status = r.subStatus
		}
	}
	report := m.report(s, root, nameID{})
	if report.Refusal != nil {
		return nil, report
	}
	return out, report
}

// validate makes the checks that both kinds share. root is what to read: the
// verified bytes, or the message as it came when it is refused anyhow.
func (m *LogoutMessage) validate(e LogoutExpectation, request bool) (s *sheet, root *element, cert Certificate) {
	s = &sheet{checks: append([]Check(nil), m.checks...)}
	root = m.root
	if m.IsRequest() != request {
		s.fail(fault.LogoutInvalid, "message", "", m.root.tag(), "a %s came where the other kind of message is due", m.root.tag())
	}
	live := e.Provider.live(e.Now)
	switch {
	case e.Provider.EntityID == "" || e.SP.EntityID == "" || e.SP.LogoutURL == "":
		s.fail(fault.SsoNotEnabled, "settings", "", "", "the identity provider's entity id or our own addresses are not set")
	case live == 0:
		s.fail(fault.CertificateMissing, "certificates", "at least 1", "0", "no certificate of the identity provider is valid at %s", stamp(e.Now))
	default:
		s.pass("certificates", "at least 1", itoa(live))
	}
	if good := m.verified(s, e); good != nil {
		root, cert, s.trusted = good.el, good.certificate, true
	}
	s.equal(fault.LogoutInvalid, "version", "2.0", attr(root, "Version"))
	s.equal(fault.IssuerMismatch, "issuer", e.Provider.EntityID, text(child(root, nsAssertion, "Issuer")))
	s.address(fault.DestinationMismatch, "destination", e.SP.LogoutURL, attr(root, "Destination"))
	s.recent(root, e.Now, allowance(e.Skew))
	return s, root, cert
}

// verified verifies the one signature that the binding has.
func (m *LogoutMessage) verified(s *sheet, e LogoutExpectation) *verified {
	const check = "signature"
	switch {
	case m.query != nil && len(m.query.signature) > 0:
		cert, bad := e.Provider.checkQuery(*m.query, e.Now)
		if cert.X509 != nil {
			bad.good = &verified{m.root, cert}
		}
		return s.signature(check, m.query.algorithm, bad)
	case m.outer != nil:
		return s.signature(check, m.outer.info.method, e.Provider.check(m.root, m.outer, false, e.Now, m.limits))
	}
	s.fail(fault.SignatureMissing, check, "signed", "not signed", "a logout message must be signed")
	return nil
}

// recent refuses messages that are kept for later.
func (s *sheet) recent(root *element, now time.Time, skew time.Duration) {
	end := attr(root, "NotOnOrAfter")
	issued, problem := instant(attr(root, "IssueInstant"))
	clock := "now " + stamp(now) + " ± " + skew.String()
	switch {
	case problem != "":
		s.fail(fault.LogoutInvalid, "issue_instant", clock, attr(root, "IssueInstant"), "%s", problem)
	case issued.After(now.Add(skew)):
		s.fail(fault.LogoutInvalid, "issue_instant", clock, stamp(issued), "the message was made in the future; the clocks differ")
	case end == "" && issued.Before(now.Add(-logoutLife-skew)):
		s.fail(fault.LogoutInvalid, "issue_instant", clock, stamp(issued), "the message is older than %s", logoutLife)
	case issued.Before(now.Add(-logoutLongest - skew)):
		s.fail(fault.LogoutInvalid, "issue_instant", clock, stamp(issued), "the message is older than %s", logoutLongest)
	default:
		s.pass("issue_instant", clock, stamp(issued))
	}
	if end == "" {
		return
	}
	until, problem := instant(end)
	switch {
	case problem != "":
		s.fail(fault.LogoutInvalid, "not_on_or_after", clock, end, "%s", problem)
	case !now.Add(-skew).Before(until):
		s.fail(fault.LogoutInvalid, "not_on_or_after", clock, end, "the message could be used until %s", stamp(until))
	default:
		s.pass("not_on_or_after", clock, end)
	}
}

// report closes the record.
func (m *LogoutMessage) report(s *sheet, root *element, name nameID) *Report {
	return &Report{Checks: s.checks, Refusal: s.refusal(), Seen: Seen{
		Issuer: bounded(text(child(root, nsAssertion, "Issuer"))), Destination: bounded(attr(root, "Destination")),
		InResponseTo: bounded(attr(root, "InResponseTo")), NameIDFormat: bounded(name.format), NameIDMasked: masked(name.value),
	}}
}
