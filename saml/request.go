package saml

import (
	"bytes"
	"compress/flate"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"net/url"
	"strings"
	"time"

	"rollcall/fault"
)

// maxRelayState is the longest RelayState, in bytes (SAML bindings, section
// 3.4.3); identity providers cut or refuse longer ones.
const maxRelayState = 80

// NewRequestID returns an id that nobody can guess and that is an xs:ID, which
// may not start with a digit.
func NewRequestID() (string, error) {
	var b [20]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", err
	}
	return "_" + hex.EncodeToString(b[:]), nil
}

// The elements of an AuthnRequest (SAML core, section 3.4.1).
type (
	authnRequest struct {
		XMLName         xml.Name `xml:"samlp:AuthnRequest"`
		XMLNSP          string   `xml:"xmlns:samlp,attr"`
		XMLNSA          string   `xml:"xmlns:saml,attr"`
		ID              string   `xml:"ID,attr"`
		Version         string   `xml:"Version,attr"`
		IssueInstant    string   `xml:"IssueInstant,attr"`
		Destination     string   `xml:"Destination,attr"`
		ProtocolBinding string   `xml:"ProtocolBinding,attr"`
		ACSURL          string   `xml:"AssertionConsumerServiceURL,attr"`
		Issuer          string   `xml:"saml:Issuer"`
		NameIDPolicy    nameIDPolicy
	}
	nameIDPolicy struct {
		XMLName     xml.Name `xml:"samlp:NameIDPolicy"`
		AllowCreate bool     `xml:"AllowCreate,attr"`
	}
)

// authnRequest writes the request. It asks for no NameID format and no
// authentication context: Entra ID changes the NameID on one, Okta and AD FS
// refuse the sign-in on the other unless it equals their own setting.
func (sp ServiceProvider) authnRequest(ssoURL, id string, issueInstant time.Time) ([]byte, error) {
	return xml.Marshal(authnRequest{
		XMLNSP: nsProtocol, XMLNSA: nsAssertion,
		ID: id, Version: "2.0", IssueInstant: stamp(issueInstant),
		Destination: ssoURL, ProtocolBinding: bindingPOST, ACSURL: sp.ACSURL,
		Issuer: sp.EntityID, NameIDPolicy: nameIDPolicy{AllowCreate: true},
	})
}

// AuthnRequestURL returns where to send a browser so that it signs in: the
// provider's address with an AuthnRequest in the HTTP-Redirect binding (SAML
// bindings, section 3.4). A query that ssoURL already has is kept, because
// some providers know their customers by it. An address that CheckLocation
// refuses and a relayState over 80 bytes are faults.
func (sp ServiceProvider) AuthnRequestURL(ssoURL, id, relayState string, issueInstant time.Time) (string, error) {
	if err := CheckLocation(ssoURL); err != nil {
		return "", err
	}
	if len(relayState) > maxRelayState {
		return "", fault.New(fault.InvalidValue, "RelayState is longer than %d bytes", maxRelayState)
	}
	doc, err := sp.authnRequest(ssoURL, id, issueInstant)
	if err != nil {
		return "", err
	}
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestCompression)
	if err != nil {
		return "", err
	}
	if _, err := w.Write(doc); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	query := "SAMLRequest=" + url.QueryEscape(base64.StdEncoding.EncodeToString(packed.Bytes()))
	if relayState != "" {
		query += "&RelayState=" + url.QueryEscape(relayState)
	}
	return joinQuery(ssoURL, query), nil
}

func joinQuery(address, query string) string {
	switch {
	case !strings.Contains(address, "?"):
		return address + "?" + query
	case strings.HasSuffix(address, "?"), strings.HasSuffix(address, "&"):
		return address + query
	}
	return address + "&" + query
}
