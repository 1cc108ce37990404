// Package idptest is a small SAML 2.0 identity provider. It signs and encrypts
// like the real ones, in every form that they use - Vendors has nine products
// as they are set up by default and as our guides have it - and it mis-signs
// like the attacks of the last twenty years; tests walk the lists Forgeries
// and EncryptedForgeries and see each refused.
//
// It also serves the web pages of `rollcall demo`: choose a person, press
// Continue, be signed in. It authenticates nobody and must never be reachable
// by strangers.
package idptest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"html"
	"math/big"
	"strings"
	"time"

	"rollcall/saml"
)

// Names out of the specifications.
const (
	nsProtocol  = "urn:oasis:names:tc:SAML:2.0:protocol"
	nsAssertion = "urn:oasis:names:tc:SAML:2.0:assertion"
	nsSignature = "http://www.w3.org/2000/09/xmldsig#"
	nsExclusive = "http://www.w3.org/2001/10/xml-exc-c14n#"
)

// IDP is an identity provider. Change the fields before its first use only.
type IDP struct {
	EntityID    string
	SSOURL      string // absolute; the pages of Handler live under its path
	Key         crypto.Signer
	Certificate *x509.Certificate
	// Extra certificates are published in the metadata after Certificate.
	Extra []*x509.Certificate
	Now   func() time.Time

	// People are offered by the pages of Handler.
	People []Person
	// ServiceProviders are who the pages of Handler send people to; nothing is
	// ever posted anywhere else.
	ServiceProviders []saml.ServiceProvider
}

// Person is somebody whom the pages can vouch for.
type Person struct {
	NameID, NameIDFormat       string // the format may be ""
	Email, FirstName, LastName string
}

// New makes an identity provider with a fresh RSA-2048 key and a certificate
// that is valid from an hour before now to a year after.
func New(entityID, ssoURL string, now func() time.Time) (*IDP, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	return withKey(entityID, ssoURL, now, key)
}

// NewECDSA is New with a P-256 key.
func NewECDSA(entityID, ssoURL string, now func() time.Time) (*IDP, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	return withKey(entityID, ssoURL, now, key)
}

func withKey(entityID, ssoURL string, now func() time.Time, key crypto.Signer) (*IDP, error) {
	cert, err := SelfSigned(key, now().Add(-time.Hour), now().AddDate(1, 0, 0))
	if err != nil {
		return nil, err
	}
	return &IDP{EntityID: entityID, SSOURL: ssoURL, Key: key, Certificate: cert, Now: now}, nil
}

// SelfSigned makes a certificate for key, valid between the two instants.
func SelfSigned(key crypto.Signer, from, until time.Time) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "Test identity provider"},
		NotBefore: from, NotAfter: until, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// CertificatePEM is the signing certificate as PEM.
func (i *IDP) CertificatePEM() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.Certificate.Raw}))
}

// Metadata is the provider's EntityDescriptor.
func (i *IDP) Metadata() []byte {
	var keys strings.Builder
	for _, c := range append([]*x509.Certificate{i.Certificate}, i.Extra...) {
		fmt.Fprintf(&keys, `
    <md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="%s"><ds:X509Data><ds:X509Certificate>%s</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`,
			nsSignature, base64.StdEncoding.EncodeToString(c.Raw))
	}
	return fmt.Appendf(nil, `<?xml version="1.0" encoding="UTF-8"?>
<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="%s">
  <md:IDPSSODescriptor WantAuthnRequestsSigned="false" protocolSupportEnumeration="%s">%s
    <md:NameIDFormat>%s</md:NameIDFormat>
    <md:SingleSignOnService Binding="%s" Location="%s"/>
  </md:IDPSSODescriptor>
</md:EntityDescriptor>
`, html.EscapeString(i.EntityID), nsProtocol, keys.String(), saml.FormatEmailAddress, saml.BindingRedirect, html.EscapeString(i.SSOURL))
}

// newID returns a fresh xs:ID.
func newID() (string, error) {
	var b [16]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", err
	}
	return "_" + hex.EncodeToString(b[:]), nil
}
