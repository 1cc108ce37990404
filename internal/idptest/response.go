package idptest

import (
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"strings"
	"time"

	"github.com/beevik/etree"

	"rollcall/saml"
)

// Response describes a Response. The fields of the first group say whom it is
// about and for whom; the zero value of every other field is the usual good
// message with a signed assertion.
type Response struct {
	ACSURL       string // Destination and Recipient
	Audience     string // the service provider's entity id
	InResponseTo string // "" for a sign-in that starts at the provider
	NameID       string
	NameIDFormat string // "" leaves the attribute out
	SessionIndex string
	Attributes   []Attribute

	SignResponse  bool
	SignAssertion bool // also when SignResponse is false and Unsigned is not set
	Unsigned      bool

	// Signing is how both signatures are made, unless Outer says otherwise for
	// the Response's.
	Signing Signing
	Outer   *Signing

	Issuer        string        // "" is the provider's own
	OmitIssuer    bool          // leave the Response's Issuer out
	OmitDest      bool          // leave Destination out
	Age           time.Duration // shifts all times into the past
	Lifetime      time.Duration // 5 minutes when 0
	Status        string        // a status code other than Success: no assertion
	StatusMessage string
	IDPrefix      string // put before the random ids, as some products do

	Classes []string // authentication context classes; nil is PasswordProtectedTransport
	Style   Style    // which prefixes are written

	// Encrypt has the assertion encrypted after it is signed and before the
	// Response is.
	Encrypt *Encryption
	// EncryptName has the NameID encrypted before anything is signed.
	EncryptName *Encryption

	// Before changes the message before anything is signed, Sealed the signed
	// assertion before it is encrypted, After the finished message. Before sees
	// the prefixes samlp, saml and ds, whatever the Style.
	Before, Sealed, After func(el *etree.Element)
	// Indent folds and indents the base64 by this many spaces.
	Indent int
}

// Attribute is an Attribute with its values.
type Attribute struct {
	Name, FriendlyName string
	Values             []string
}

// Signing is a way to make a signature.
type Signing struct {
	Key         crypto.Signer       // nil is the provider's own
	KeyInfo     KeyInfo             // what is said about the key
	Prefix      string              // of the Signature's elements: "" is ds, "-" none at all
	Shown       []*x509.Certificate // for KeyInfoCertificates; nil is the provider's own
	Hash        crypto.Hash         // 0 is SHA-256
	PrefixList  string              // of the exclusive canonicalization
	Inclusive   bool                // Canonical XML 1.0 instead of the exclusive form
	Last        bool                // the Signature stands last and not after Issuer
	DER         bool                // an ECDSA value in ASN.1, as some products wrongly send
	Fold        bool                // values folded at 76 characters and indented
	ChangeInfo  func(signedInfo *etree.Element)
	ChangeAfter func(signature *etree.Element)
}

// KeyInfo is what a signature says about its key.
type KeyInfo int

// The kinds of KeyInfo.
const (
	KeyInfoCertificates KeyInfo = iota
	KeyInfoNone
	KeyInfoKeyName
	KeyInfoKeyValue
	KeyInfoBoth // certificates and the bare key
)

// Respond makes the base64 of a Response, as a browser would POST it.
func (i *IDP) Respond(r Response) (string, error) {
	doc, err := i.document(r)
	if err != nil {
		return "", err
	}
	return encode(doc, r.Indent)
}

// document builds and signs.
func (i *IDP) document(r Response) (*etree.Element, error) {
	resp, err := i.build(r)
	if err != nil {
		return nil, err
	}
	if r.Before != nil {
		r.Before(resp)
	}
	r.Style.apply(resp)
	if assertion := path(resp, "saml:Assertion"); assertion != nil {
		if err := i.seal(assertion, r); err != nil {
			return nil, err
		}
	}
	if r.SignResponse && !r.Unsigned {
		how := r.Signing
		if r.Outer != nil {
			how = *r.Outer
		}
		if err := i.sign(resp, how); err != nil {
			return nil, err
		}
	}
	if r.After != nil {
		r.After(resp)
	}
	return resp, nil
}

// seal signs and encrypts the assertion as r says.
func (i *IDP) seal(assertion *etree.Element, r Response) error {
	if r.EncryptName != nil {
		if err := r.EncryptName.hide(path(assertion, "saml:Subject", "saml:NameID"), "EncryptedID"); err != nil {
			return err
		}
	}
	if !r.Unsigned && (r.SignAssertion || !r.SignResponse) {
		if err := i.sign(assertion, r.Signing); err != nil {
			return err
		}
	}
	if r.Sealed != nil {
		r.Sealed(assertion)
	}
	if r.Encrypt == nil {
		return nil
	}
	return r.Encrypt.hide(assertion, "EncryptedAssertion")
}

// build lays the message out, unsigned.
func (i *IDP) build(r Response) (*etree.Element, error) {
	id, err := newID()
	if err != nil {
		return nil, err
	}
	now := i.Now().Add(-r.Age).UTC()
	issuer := r.Issuer
	if issuer == "" {
		issuer = i.EntityID
	}
	doc := etree.NewDocument()
	resp := doc.CreateElement("samlp:Response")
	attrs(resp, "xmlns:samlp", nsProtocol, "xmlns:saml", nsAssertion, "ID", r.IDPrefix+id, "Version", "2.0", "IssueInstant", stamp(now))
	if !r.OmitDest {
		resp.CreateAttr("Destination", r.ACSURL)
	}
	if r.InResponseTo != "" {
		resp.CreateAttr("InResponseTo", r.InResponseTo)
	}
	if !r.OmitIssuer {
		resp.CreateElement("saml:Issuer").SetText(issuer)
	}
	status := resp.CreateElement("samlp:Status")
	code := status.CreateElement("samlp:StatusCode")
	if r.Status != "" {
		code.CreateAttr("Value", "urn:oasis:names:tc:SAML:2.0:status:Responder")
		code.CreateElement("samlp:StatusCode").CreateAttr("Value", r.Status)
		status.CreateElement("samlp:StatusMessage").SetText(r.StatusMessage)
		return resp, nil
	}
	code.CreateAttr("Value", "urn:oasis:names:tc:SAML:2.0:status:Success")
	return resp, i.assertion(resp, r, issuer, now)
}

func (i *IDP) assertion(resp *etree.Element, r Response, issuer string, now time.Time) error {
	id, err := newID()
	if err != nil {
		return err
	}
	life := r.Lifetime
	if life == 0 {
		life = 5 * time.Minute
	}
	from, until := stamp(now.Add(-time.Minute)), stamp(now.Add(life))
	a := resp.CreateElement("saml:Assertion")
	attrs(a, "xmlns:saml", nsAssertion, "xmlns:xs", "http://www.w3.org/2001/XMLSchema", "xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance",
		"ID", r.IDPrefix+id, "Version", "2.0", "IssueInstant", stamp(now))
	a.CreateElement("saml:Issuer").SetText(issuer)

	subject := a.CreateElement("saml:Subject")
	name := subject.CreateElement("saml:NameID")
	name.SetText(r.NameID)
	if r.NameIDFormat != "" {
		name.CreateAttr("Format", r.NameIDFormat)
	}
	confirmation := subject.CreateElement("saml:SubjectConfirmation")
	confirmation.CreateAttr("Method", "urn:oasis:names:tc:SAML:2.0:cm:bearer")
	data := confirmation.CreateElement("saml:SubjectConfirmationData")
	attrs(data, "NotOnOrAfter", until, "Recipient", r.ACSURL)
	if r.InResponseTo != "" {
		data.CreateAttr("InResponseTo", r.InResponseTo)
	}

	conditions := a.CreateElement("saml:Conditions")
	attrs(conditions, "NotBefore", from, "NotOnOrAfter", until)
	conditions.CreateElement("saml:AudienceRestriction").CreateElement("saml:Audience").SetText(r.Audience)

	authn := a.CreateElement("saml:AuthnStatement")
	authn.CreateAttr("AuthnInstant", stamp(now))
	if r.SessionIndex != "" {
		authn.CreateAttr("SessionIndex", r.SessionIndex)
	}
	classes := r.Classes
	if classes == nil {
		classes = []string{saml.ClassPassword}
	}
	for _, class := range classes {
		authn.CreateElement("saml:AuthnContext").CreateElement("saml:AuthnContextClassRef").SetText(class)
	}

	if len(r.Attributes) == 0 {
		return nil
	}
	list := a.CreateElement("saml:AttributeStatement")
	for _, at := range r.Attributes {
		el := list.CreateElement("saml:Attribute")
		el.CreateAttr("Name", at.Name)
		if at.FriendlyName != "" {
			el.CreateAttr("FriendlyName", at.FriendlyName)
		}
		for _, v := range at.Values {
			value := el.CreateElement("saml:AttributeValue")
			value.CreateAttr("xsi:type", "xs:string")
			value.SetText(v)
		}
	}
	return nil
}

func attrs(el *etree.Element, pairs ...string) {
	for n := 0; n < len(pairs); n += 2 {
		el.CreateAttr(pairs[n], pairs[n+1])
	}
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// encode serializes a document for the POST binding.
func encode(root *etree.Element, indent int) (string, error) {
	doc := etree.NewDocument()
	doc.SetRoot(root.Copy())
	raw, err := doc.WriteToBytes()
	if err != nil {
		return "", err
	}
	return strings.ReplaceAll(fold(base64.StdEncoding.EncodeToString(raw), indent), "\n", "\r\n"), nil
}

// fold breaks lines at 76 characters and indents them; with 0 it does nothing.
func fold(s string, indent int) string {
	if indent == 0 {
		return s
	}
	pad := "\n" + strings.Repeat(" ", indent)
	var b strings.Builder
	for len(s) > 76 {
		b.WriteString(pad + s[:76])
		s = s[76:]
	}
	return b.String() + pad + s + "\n"
}
