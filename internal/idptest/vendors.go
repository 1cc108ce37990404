package idptest

import (
	"crypto"
	"strings"
	"time"

	"github.com/beevik/etree"

	"rollcall/fault"
	"rollcall/saml"
)

// Vendor is one product with one way to set it up: "default" is what a new
// application has there, "recommended" is what our guide leads to.
//
// The shapes follow samples of the products' messages where one was seen and
// their documentation where none was; Sample says which. They stand for what
// differs between products - prefixes, ids, what is signed and how, the form
// of the NameID, attribute names, lifetimes - and not for their contents.
type Vendor struct {
	Name, Settings   string
	EntityID, SSOURL string // of an example tenant
	Sample           bool
	// Want is how a sign-in ends: "" is well.
	Want fault.Code
	// Encryption is how the product encrypts when a team asks for it; nil when
	// it cannot or nothing is known.
	Encryption *Encryption
	shape      func(r *Response, p Person)
}

// New makes an identity provider that is this product.
func (v Vendor) New(now func() time.Time) (*IDP, error) { return New(v.EntityID, v.SSOURL, now) }

// About describes what the product sends about a person to a service provider.
func (v Vendor) About(p Person, sp saml.ServiceProvider, inResponseTo string) Response {
	r := Response{ACSURL: sp.ACSURL, Audience: sp.EntityID, InResponseTo: inResponseTo, NameID: p.Email}
	v.shape(&r, p)
	return r
}

// Attribute names that the products of Microsoft and Auth0 share.
const (
	xmlsoap   = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
	microsoft = "http://schemas.microsoft.com/identity/claims/"
	methods   = "http://schemas.microsoft.com/claims/authnmethodsreferences"
	opaqueID  = "8e0d2a4e-3c55-4b8e-9d6b-0f6f0c1d2e3f"
)

var (
	java    = Style{Protocol: "saml2p", Assertion: "saml2"}
	windows = Style{Protocol: "samlp", Assertion: "-"}
)

// Vendors are the nine products of the presets in both settings.
var Vendors = []Vendor{
	{Name: "auth0", Settings: "default", EntityID: "urn:acme.eu.auth0.com", SSOURL: "https://acme.eu.auth0.com/samlp/abc123",
		Want: fault.SignatureWeak, shape: func(r *Response, p Person) {
			auth0(r, p)
			r.Signing.Hash = crypto.SHA1
		}},
	{Name: "auth0", Settings: "recommended", EntityID: "urn:acme.eu.auth0.com", SSOURL: "https://acme.eu.auth0.com/samlp/abc123",
		Encryption: &Encryption{}, shape: func(r *Response, p Person) {
			auth0(r, p)
			r.SignResponse, r.NameIDFormat = true, saml.FormatPersistent
		}},
	{Name: "entra", Settings: "default", Sample: true, EntityID: "https://sts.windows.net/0a1b2c3d-0000-4000-8000-0123456789ab/",
		SSOURL:     "https://login.microsoftonline.com/0a1b2c3d-0000-4000-8000-0123456789ab/saml2",
		Encryption: &Encryption{Content: "aes256-cbc", Show: true}, shape: entra},
	{Name: "entra", Settings: "recommended", EntityID: "https://sts.windows.net/0a1b2c3d-0000-4000-8000-0123456789ab/",
		SSOURL:     "https://login.microsoftonline.com/0a1b2c3d-0000-4000-8000-0123456789ab/saml2",
		Encryption: &Encryption{Content: "aes256-cbc", Show: true}, shape: func(r *Response, p Person) {
			entra(r, p)
			r.SignAssertion, r.SignResponse = true, true
			r.NameID, r.NameIDFormat = opaqueID, saml.FormatPersistent
		}},
	{Name: "google", Settings: "default", Sample: true, EntityID: "https://accounts.google.com/o/saml2?idpid=C01abc234",
		SSOURL: "https://accounts.google.com/o/saml2/idp?idpid=C01abc234", shape: google},
	{Name: "google", Settings: "recommended", EntityID: "https://accounts.google.com/o/saml2?idpid=C01abc234",
		SSOURL: "https://accounts.google.com/o/saml2/idp?idpid=C01abc234", shape: func(r *Response, p Person) {
			google(r, p)
			r.SignResponse, r.NameIDFormat, r.Attributes = true, saml.FormatEmailAddress, plain(p)
		}},
	{Name: "okta", Settings: "default", Sample: true, EntityID: "http://www.okta.com/exk1abcDEF2ghiJKL3d5",
		SSOURL:     "https://acme.okta.com/app/acme_rollcall_1/exk1abcDEF2ghiJKL3d5/sso/saml",
		Encryption: &Encryption{Content: "aes256-cbc", Beside: true}, shape: okta},
	{Name: "okta", Settings: "recommended", EntityID: "http://www.okta.com/exk1abcDEF2ghiJKL3d5",
		SSOURL:     "https://acme.okta.com/app/acme_rollcall_1/exk1abcDEF2ghiJKL3d5/sso/saml",
		Encryption: &Encryption{Beside: true}, shape: func(r *Response, p Person) {
			okta(r, p)
			r.NameID, r.NameIDFormat = "00u1abcdEFGhijKLm5d7", saml.FormatPersistent
			r.Attributes = append(plain(p), Attribute{Name: "amr", Values: []string{"pwd", "mfa", "swk"}})
		}},
	{Name: "onelogin", Settings: "default", EntityID: "https://app.onelogin.com/saml/metadata/0c1d2e3f-1111-4222-8333-444455556666",
		SSOURL: "https://acme.onelogin.com/trust/saml2/http-post/sso/0c1d2e3f-1111-4222-8333-444455556666",
		Want:   fault.SignatureWeak, shape: func(r *Response, p Person) {
			onelogin(r)
			r.Signing.Hash = crypto.SHA1
		}},
	{Name: "onelogin", Settings: "recommended", EntityID: "https://app.onelogin.com/saml/metadata/0c1d2e3f-1111-4222-8333-444455556666",
		SSOURL:     "https://acme.onelogin.com/trust/saml2/http-post/sso/0c1d2e3f-1111-4222-8333-444455556666",
		Encryption: &Encryption{Content: "aes256-cbc"}, shape: func(r *Response, p Person) {
			onelogin(r)
			r.SignAssertion, r.SignResponse, r.Attributes = true, true, plain(p)
		}},
	{Name: "pingfederate", Settings: "default", EntityID: "https://sso.acme.test:9031", SSOURL: "https://sso.acme.test:9031/idp/SSO.saml2",
		Encryption: &Encryption{Content: "aes128-cbc", NoDigest: true}, shape: func(r *Response, p Person) {
			pingFederate(r, p)
			r.OmitDest, r.Signing.KeyInfo = true, KeyInfoNone
		}},
	{Name: "pingfederate", Settings: "recommended", EntityID: "https://sso.acme.test:9031", SSOURL: "https://sso.acme.test:9031/idp/SSO.saml2",
		Encryption: &Encryption{NoDigest: true}, shape: func(r *Response, p Person) {
			pingFederate(r, p)
			r.SignAssertion, r.SignResponse = true, true
		}},
	{Name: "pingone", Settings: "default", Sample: true, EntityID: "https://auth.pingone.eu/1d2e3f40-2222-4333-8444-555566667777",
		SSOURL: "https://auth.pingone.eu/1d2e3f40-2222-4333-8444-555566667777/saml20/idp/sso",
		Want:   fault.EmailMissing, shape: func(r *Response, p Person) {
			pingOne(r)
			r.NameID = opaqueID
			r.Attributes = []Attribute{{Name: "saml_subject", Values: []string{opaqueID}}}
		}},
	{Name: "pingone", Settings: "recommended", EntityID: "https://auth.pingone.eu/1d2e3f40-2222-4333-8444-555566667777",
		SSOURL:     "https://auth.pingone.eu/1d2e3f40-2222-4333-8444-555566667777/saml20/idp/sso",
		Encryption: &Encryption{Content: "aes256-cbc"}, shape: func(r *Response, p Person) {
			pingOne(r)
			r.SignAssertion, r.SignResponse = true, true
			r.Attributes = append(plain(p), Attribute{Name: "saml_subject", Values: []string{p.Email}})
		}},
	{Name: "salesforce", Settings: "default", EntityID: "https://acme.my.salesforce.com", SSOURL: "https://acme.my.salesforce.com/idp/endpoint/HttpRedirect",
		shape: salesforce},
	{Name: "salesforce", Settings: "recommended", EntityID: "https://acme.my.salesforce.com", SSOURL: "https://acme.my.salesforce.com/idp/endpoint/HttpRedirect",
		Encryption: &Encryption{Content: "aes256-cbc"}, shape: func(r *Response, p Person) {
			salesforce(r, p)
			r.NameID, r.NameIDFormat, r.Attributes = "ada.federation.id", saml.FormatPersistent, append(r.Attributes, plain(p)...)
		}},
	{Name: "adfs", Settings: "default", EntityID: "http://adfs.acme.test/adfs/services/trust", SSOURL: "https://adfs.acme.test/adfs/ls/",
		Want: fault.IdpNameIDPolicy, shape: func(r *Response, p Person) {
			r.Style, r.Unsigned = windows, true
			r.Status, r.StatusMessage = "urn:oasis:names:tc:SAML:2.0:status:InvalidNameIDPolicy", ""
		}},
	{Name: "adfs", Settings: "recommended", EntityID: "http://adfs.acme.test/adfs/services/trust", SSOURL: "https://adfs.acme.test/adfs/ls/",
		Encryption: &Encryption{Content: "aes256-cbc", Show: true}, shape: adfs},
}

// plain are the attributes of the set-up guides.
func plain(p Person) []Attribute {
	return []Attribute{
		{Name: "email", Values: []string{p.Email}}, {Name: "firstName", Values: []string{p.FirstName}}, {Name: "lastName", Values: []string{p.LastName}},
	}
}

func auth0(r *Response, p Person) {
	r.NameID, r.NameIDFormat, r.SessionIndex = "auth0|5f7c8ec7c33c6c004bbafe82", saml.FormatUnspecified, "_Zn3q0uD8k"
	r.Lifetime, r.Classes = time.Hour, []string{saml.ClassUnspecified}
	r.Attributes = []Attribute{
		{Name: xmlsoap + "nameidentifier", Values: []string{r.NameID}}, {Name: xmlsoap + "emailaddress", Values: []string{p.Email}},
		{Name: xmlsoap + "name", Values: []string{p.Email}}, {Name: xmlsoap + "givenname", Values: []string{p.FirstName}},
		{Name: xmlsoap + "surname", Values: []string{p.LastName}}, {Name: xmlsoap + "upn", Values: []string{p.Email}},
		{Name: "http://schemas.auth0.com/identities/default/provider", Values: []string{"auth0"}},
		{Name: "http://schemas.auth0.com/email_verified", Values: []string{"true"}},
	}
	r.Before = func(doc *etree.Element) {
		c := path(doc, "saml:Assertion", "saml:Conditions")
		c.CreateAttr("NotBefore", doc.SelectAttrValue("IssueInstant", "")) // the window starts now
	}
}

func entra(r *Response, p Person) {
	r.Style, r.Signing.Prefix, r.NameIDFormat, r.SessionIndex = windows, "-", saml.FormatEmailAddress, "_"+opaqueID
	r.Lifetime, r.Classes = time.Hour, []string{"urn:oasis:names:tc:SAML:2.0:ac:classes:Password"}
	r.Attributes = []Attribute{
		{Name: microsoft + "tenantid", Values: []string{"0a1b2c3d-0000-4000-8000-0123456789ab"}}, {Name: microsoft + "objectidentifier", Values: []string{opaqueID}},
		{Name: microsoft + "displayname", Values: []string{p.FirstName + " " + p.LastName}},
		{Name: microsoft + "identityprovider", Values: []string{"https://sts.windows.net/0a1b2c3d-0000-4000-8000-0123456789ab/"}},
		{Name: methods, Values: []string{"http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password", saml.ClassEntraMFA}},
		{Name: xmlsoap + "givenname", Values: []string{p.FirstName}}, {Name: xmlsoap + "surname", Values: []string{p.LastName}},
		{Name: xmlsoap + "emailaddress", Values: []string{p.Email}}, {Name: xmlsoap + "name", Values: []string{p.Email}},
	}
	r.Before = untyped
}

// untyped takes xsi:type and the namespaces for it away.
func untyped(doc *etree.Element) {
	a := path(doc, "saml:Assertion")
	a.RemoveAttr("xmlns:xs")
	a.RemoveAttr("xmlns:xsi")
	for _, v := range a.FindElements("//saml:AttributeValue") {
		v.RemoveAttr("xsi:type")
	}
}

func google(r *Response, _ Person) {
	r.Style, r.NameIDFormat, r.SessionIndex, r.Classes = java, saml.FormatUnspecified, "_1", []string{saml.ClassUnspecified}
	r.Before = func(doc *etree.Element) {
		doc.RemoveAttr("xmlns:saml") // declared where it is used
		path(doc, "saml:Issuer").CreateAttr("xmlns:saml", nsAssertion)
		path(doc, "saml:Assertion").RemoveAttr("xmlns:xs")
		path(doc, "saml:Assertion").RemoveAttr("xmlns:xsi")
		for _, v := range doc.FindElements("//saml:AttributeValue") {
			attrs(v, "xmlns:xs", "http://www.w3.org/2001/XMLSchema", "xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance", "xsi:type", "xs:anyType")
		}
	}
}

func okta(r *Response, _ Person) {
	r.Style, r.NameIDFormat, r.SessionIndex = java, saml.FormatUnspecified, "id1719231852"
	r.SignAssertion, r.SignResponse, r.Signing.PrefixList, r.Signing.Fold = true, true, "xs", true
	r.IDPrefix = "id"
	r.Before = func(doc *etree.Element) {
		a := path(doc, "saml:Assertion")
		doc.CreateAttr("xmlns:xs", "http://www.w3.org/2001/XMLSchema")
		a.RemoveAttr("xmlns:xsi")
		for _, v := range doc.FindElements("//saml:AttributeValue") {
			attrs(v, "xmlns:xs", "http://www.w3.org/2001/XMLSchema", "xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance")
		}
		for _, issuer := range []*etree.Element{path(doc, "saml:Issuer"), path(a, "saml:Issuer")} {
			issuer.CreateAttr("Format", "urn:oasis:names:tc:SAML:2.0:nameid-format:entity")
		}
	}
}

func onelogin(r *Response) {
	r.NameIDFormat, r.SessionIndex, r.IDPrefix = saml.FormatEmailAddress, "_be9967abd904ddcae3c0eb4189adbe3f71e327cf93", "pfx"
	r.SignResponse, r.Lifetime = true, 3*time.Minute
	r.Before = func(doc *etree.Element) {
		a := path(doc, "saml:Assertion", "saml:AuthnStatement")
		at, err := time.Parse(time.RFC3339, a.SelectAttrValue("AuthnInstant", ""))
		if err == nil {
			a.CreateAttr("SessionNotOnOrAfter", stamp(at.Add(24*time.Hour)))
		}
	}
}

func pingFederate(r *Response, p Person) {
	r.NameIDFormat, r.IDPrefix, r.SessionIndex = saml.FormatUnspecified, "Gn.o-E", "Gn.o-E7vT"
	r.Attributes = append(plain(p), Attribute{Name: "groups", Values: []string{"staff", "engineering"}})
	for i := range r.Attributes {
		r.Attributes[i].FriendlyName = strings.ToUpper(r.Attributes[i].Name)
	}
	r.Before = func(doc *etree.Element) {
		a := path(doc, "saml:Assertion")
		a.RemoveAttr("xmlns:xs")
		a.RemoveAttr("xmlns:xsi")
		for _, v := range a.FindElements("//saml:AttributeValue") {
			attrs(v, "xmlns:xs", "http://www.w3.org/2001/XMLSchema", "xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance")
		}
	}
}

func pingOne(r *Response) {
	r.SessionIndex, r.Classes, r.Signing.KeyInfo = opaqueID, []string{saml.ClassUnspecified}, KeyInfoBoth
	r.Before = func(doc *etree.Element) {
		a := path(doc, "saml:Assertion")
		until := path(a, "saml:Conditions").SelectAttrValue("NotOnOrAfter", "")
		path(a, "saml:AuthnStatement").CreateAttr("SessionNotOnOrAfter", until)
	}
}

func salesforce(r *Response, p Person) {
	r.NameIDFormat, r.SignResponse, r.Classes = saml.FormatUnspecified, true, []string{saml.ClassUnspecified}
	r.NameID = strings.Replace(p.Email, "@", "@sf.", 1) // a user name that only looks like an address
	r.Attributes = []Attribute{
		{Name: "userId", Values: []string{"0055g00000ABCdeAAF"}}, {Name: "username", Values: []string{r.NameID}},
		{Name: "email", Values: []string{p.Email}}, {Name: "is_portal_user", Values: []string{"false"}},
	}
}

func adfs(r *Response, p Person) {
	r.Style, r.Signing.Prefix, r.SignAssertion, r.SignResponse = windows, "-", true, true
	r.NameIDFormat, r.SessionIndex, r.Lifetime = saml.FormatEmailAddress, "_"+opaqueID, time.Hour
	r.Attributes = []Attribute{
		{Name: xmlsoap + "emailaddress", Values: []string{p.Email}}, {Name: xmlsoap + "givenname", Values: []string{p.FirstName}},
		{Name: xmlsoap + "surname", Values: []string{p.LastName}}, {Name: methods, Values: []string{saml.ClassPassword, saml.ClassEntraMFA}},
	}
	r.Before = func(doc *etree.Element) {
		doc.CreateAttr("Consent", "urn:oasis:names:tc:SAML:2.0:consent:unspecified")
		untyped(doc)
		c := path(doc, "saml:Assertion", "saml:Conditions")
		c.CreateAttr("NotBefore", doc.SelectAttrValue("IssueInstant", "")) // NotBeforeSkew is 0
	}
}
