package saml

import (
	"encoding/xml"
	"time"
)

// Single logout (SAML profiles, section 4.4): a request names a person and
// their sessions, a response answers it. Both travel in both directions.

// LogoutRequest asks to end sessions.
type LogoutRequest struct {
	ID           string
	IssueInstant time.Time
	NotOnOrAfter time.Time // zero leaves it out
	// The person, exactly as the assertion named them.
	NameID, NameIDFormat           string
	NameQualifier, SPNameQualifier string
	// SessionIndexes are the sessions; none stands for all of the person's.
	SessionIndexes []string
	Reason         string
	RelayState     string

	// Issuer and CertificateID are filled in on requests that came: who sent
	// it, and which certificate verified it.
	Issuer, CertificateID string
}

// LogoutResponse answers a LogoutRequest.
type LogoutResponse struct {
	ID           string
	IssueInstant time.Time
	InResponseTo string
	// Status is "" for success. PartialLogout is success with sessions left
	// elsewhere.
	Status, StatusMessage string
	PartialLogout         bool
	RelayState            string

	Issuer, CertificateID string // as of LogoutRequest
}

// The elements of both (SAML core, section 3.7).
type (
	logoutHead struct {
		XMLNSP       string `xml:"xmlns:samlp,attr"`
		XMLNSA       string `xml:"xmlns:saml,attr"`
		ID           string `xml:"ID,attr"`
		Version      string `xml:"Version,attr"`
		IssueInstant string `xml:"IssueInstant,attr"`
		Destination  string `xml:"Destination,attr"`
	}
	logoutRequest struct {
		XMLName xml.Name `xml:"samlp:LogoutRequest"`
		logoutHead
		NotOnOrAfter string        `xml:"NotOnOrAfter,attr,omitempty"`
		Reason       string        `xml:"Reason,attr,omitempty"`
		Issuer       string        `xml:"saml:Issuer"`
		NameID       nameIDElement `xml:"saml:NameID"`
		Sessions     []string      `xml:"samlp:SessionIndex"`
	}
	logoutResponse struct {
		XMLName xml.Name `xml:"samlp:LogoutResponse"`
		logoutHead
		InResponseTo string     `xml:"InResponseTo,attr,omitempty"`
		Issuer       string     `xml:"saml:Issuer"`
		Code         statusCode `xml:"samlp:Status>samlp:StatusCode"`
		Message      string     `xml:"samlp:Status>samlp:StatusMessage,omitempty"`
	}
	statusCode struct {
		Value string      `xml:"Value,attr"`
		Inner *statusCode `xml:"samlp:StatusCode"`
	}
)

func newLogoutHead(id, destination string, at time.Time) logoutHead {
	return logoutHead{XMLNSP: nsProtocol, XMLNSA: nsAssertion, ID: id, Version: "2.0", IssueInstant: stamp(at), Destination: destination}
}

func (sp ServiceProvider) logoutRequest(address string, r LogoutRequest) (outgoing, error) {
	out := logoutRequest{
		logoutHead: newLogoutHead(r.ID, address, r.IssueInstant), Reason: r.Reason, Issuer: sp.EntityID,
		NameID:   nameIDElement{Format: r.NameIDFormat, NameQualifier: r.NameQualifier, SPNameQualifier: r.SPNameQualifier, Value: r.NameID},
		Sessions: r.SessionIndexes,
	}
	if !r.NotOnOrAfter.IsZero() {
		out.NotOnOrAfter = stamp(r.NotOnOrAfter)
	}
	doc, err := xml.Marshal(out)
	return outgoing{address, address, fieldRequest, doc, r.RelayState, true}, err
}

func (sp ServiceProvider) logoutResponse(address string, r LogoutResponse) (outgoing, error) {
	out := logoutResponse{
		logoutHead: newLogoutHead(r.ID, address, r.IssueInstant), InResponseTo: r.InResponseTo, Issuer: sp.EntityID,
		Code: statusCode{Value: statusSuccess}, Message: r.StatusMessage,
	}
	switch {
	case r.Status != "":
		out.Code = statusCode{statusResponder, &statusCode{Value: r.Status}}
	case r.PartialLogout:
		out.Code.Inner = &statusCode{Value: statusPartialLogout}
	}
	doc, err := xml.Marshal(out)
	return outgoing{address, address, fieldResponse, doc, r.RelayState, true}, err
}

// LogoutRequestURL sends a logout request by HTTP-Redirect, signed: it returns
// where the browser has to go. Errors are as of RedirectRequest.
func (sp ServiceProvider) LogoutRequestURL(address string, r LogoutRequest) (string, error) {
	o, err := sp.logoutRequest(address, r)
	if err != nil {
		return "", err
	}
	return sp.redirect(o)
}

// LogoutRequestForm does the same by HTTP-POST.
func (sp ServiceProvider) LogoutRequestForm(address string, r LogoutRequest) (Form, error) {
	o, err := sp.logoutRequest(address, r)
	if err != nil {
		return Form{}, err
	}
	return sp.form(o)
}

// LogoutResponseURL answers a logout request by HTTP-Redirect, signed.
func (sp ServiceProvider) LogoutResponseURL(address string, r LogoutResponse) (string, error) {
	o, err := sp.logoutResponse(address, r)
	if err != nil {
		return "", err
	}
	return sp.redirect(o)
}

// LogoutResponseForm does the same by HTTP-POST.
func (sp ServiceProvider) LogoutResponseForm(address string, r LogoutResponse) (Form, error) {
	o, err := sp.logoutResponse(address, r)
	if err != nil {
		return Form{}, err
	}
	return sp.form(o)
}
