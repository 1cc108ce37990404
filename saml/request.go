package saml

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/xml"
	"net/url"
	"time"
)

// NewRequestID returns an id that nobody can guess and that is an xs:ID, which
// may not start with a digit.
func NewRequestID() (string, error) {
	var b [20]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", err
	}
	return "_" + hex.EncodeToString(b[:]), nil
}

// AuthnRequest is a request to sign somebody in. Only ID and IssueInstant are
// needed.
//
// By default it asks for no NameID format and no authentication context: Entra
// ID changes the NameID on one, Okta and AD FS refuse the sign-in on the other
// unless it equals their own setting. It is never passive.
type AuthnRequest struct {
	ID           string
	IssueInstant time.Time
	RelayState   string // at most 80 bytes
	Sign         bool   // with the first signing key
	ForceAuthn   bool   // authenticate the person anew
	NameIDFormat string
	Context      *AuthnContext
	ProviderName string // what the provider may call us before its people
	// LoginHint is whom the person says to be, as yet unproved. It travels in
	// the query parameter HintParameter ("login_hint", "LoginHint" or
	// "username", as the provider has it) or, without one, as the Subject.
	LoginHint, HintParameter string
}

// The elements of an AuthnRequest (SAML core, section 3.4.1).
type (
	authnRequest struct {
		XMLName         xml.Name          `xml:"samlp:AuthnRequest"`
		XMLNSP          string            `xml:"xmlns:samlp,attr"`
		XMLNSA          string            `xml:"xmlns:saml,attr"`
		ID              string            `xml:"ID,attr"`
		Version         string            `xml:"Version,attr"`
		IssueInstant    string            `xml:"IssueInstant,attr"`
		Destination     string            `xml:"Destination,attr"`
		ForceAuthn      bool              `xml:"ForceAuthn,attr,omitempty"`
		ProtocolBinding string            `xml:"ProtocolBinding,attr"`
		ACSURL          string            `xml:"AssertionConsumerServiceURL,attr"`
		ProviderName    string            `xml:"ProviderName,attr,omitempty"`
		Issuer          string            `xml:"saml:Issuer"`
		Subject         *nameIDElement    `xml:"saml:Subject>saml:NameID"`
		NameIDPolicy    nameIDPolicy      `xml:"samlp:NameIDPolicy"`
		Context         *requestedContext `xml:"samlp:RequestedAuthnContext"`
	}
	nameIDPolicy struct {
		Format      string `xml:"Format,attr,omitempty"`
		AllowCreate bool   `xml:"AllowCreate,attr"`
	}
	nameIDElement struct {
		Format          string `xml:"Format,attr,omitempty"`
		NameQualifier   string `xml:"NameQualifier,attr,omitempty"`
		SPNameQualifier string `xml:"SPNameQualifier,attr,omitempty"`
		Value           string `xml:",chardata"`
	}
	requestedContext struct {
		Comparison Comparison `xml:"Comparison,attr,omitempty"`
		Classes    []string   `xml:"saml:AuthnContextClassRef"`
	}
)

func (sp ServiceProvider) authnRequest(ssoURL string, r AuthnRequest) ([]byte, error) {
	out := authnRequest{
		XMLNSP: nsProtocol, XMLNSA: nsAssertion,
		ID: r.ID, Version: "2.0", IssueInstant: stamp(r.IssueInstant),
		Destination: ssoURL, ForceAuthn: r.ForceAuthn, ProtocolBinding: bindingPOST, ACSURL: sp.ACSURL, ProviderName: r.ProviderName,
		Issuer: sp.EntityID, NameIDPolicy: nameIDPolicy{Format: r.NameIDFormat, AllowCreate: true},
	}
	if r.LoginHint != "" && r.HintParameter == "" {
		out.Subject = &nameIDElement{Value: r.LoginHint}
		if looksLikeAddress(r.LoginHint) {
			out.Subject.Format = FormatEmailAddress
		}
	}
	if r.Context != nil && len(r.Context.Classes) > 0 {
		out.Context = &requestedContext{r.Context.Comparison, r.Context.Classes}
	}
	return xml.Marshal(out)
}

// hinted adds the login hint to an address when it goes there.
func (r AuthnRequest) hinted(address string) string {
	if r.LoginHint == "" || r.HintParameter == "" {
		return address
	}
	return joinQuery(address, url.QueryEscape(r.HintParameter)+"="+url.QueryEscape(r.LoginHint))
}

// RedirectRequest returns where to send a browser so that it signs in: the
// provider's address with an AuthnRequest in the HTTP-Redirect binding (SAML
// bindings, section 3.4). A query that ssoURL already has is kept, because
// some providers know their customers by it. An address that CheckLocation
// refuses and a RelayState over 80 bytes are faults.
func (sp ServiceProvider) RedirectRequest(ssoURL string, r AuthnRequest) (string, error) {
	doc, err := sp.authnRequest(ssoURL, r)
	if err != nil {
		return "", err
	}
	return sp.redirect(outgoing{ssoURL, r.hinted(ssoURL), fieldRequest, doc, r.RelayState, r.Sign})
}

// PostRequest is RedirectRequest for the HTTP-POST binding (SAML bindings,
// section 3.5): the form that the browser has to send.
func (sp ServiceProvider) PostRequest(ssoURL string, r AuthnRequest) (Form, error) {
	doc, err := sp.authnRequest(ssoURL, r)
	if err != nil {
		return Form{}, err
	}
	return sp.form(outgoing{ssoURL, r.hinted(ssoURL), fieldRequest, doc, r.RelayState, r.Sign})
}

// AuthnRequestURL is RedirectRequest for a request without any wish.
func (sp ServiceProvider) AuthnRequestURL(ssoURL, id, relayState string, issueInstant time.Time) (string, error) {
	return sp.RedirectRequest(ssoURL, AuthnRequest{ID: id, IssueInstant: issueInstant, RelayState: relayState})
}
