package idptest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"strings"
	"time"

	"github.com/beevik/etree"

	"rollcall/fault"
	"rollcall/saml"
)

// Mallory is who the forgeries try to sign in.
const Mallory = "mallory@evil.example"

// Forgery is a way to make a message that must be refused.
type Forgery struct {
	Name string
	Want fault.Code
	make func(i *IDP, r Response) (string, error)
}

// Forgeries are all of them; walk them in tests of every door that takes
// responses. The Response given to Forge must be one that would be accepted.
var Forgeries = append(append(append([]Forgery{}, wrappings...), bytesForgeries...), []Forgery{
	// Signatures.
	edited("Unsigned", fault.SignatureMissing, func(i *IDP, r *Response) { r.Unsigned, r.NameID = true, Mallory }),
	edited("Tampered", fault.SignatureInvalid, func(i *IDP, r *Response) {
		r.After = func(doc *etree.Element) { path(doc, "saml:Assertion", "saml:Subject", "saml:NameID").SetText(Mallory) }
	}),
	edited("AddedAttribute", fault.SignatureInvalid, func(i *IDP, r *Response) {
		r.After = func(doc *etree.Element) {
			at := path(doc, "saml:Assertion").CreateElement("saml:AttributeStatement").CreateElement("saml:Attribute")
			at.CreateAttr("Name", "role")
			at.CreateElement("saml:AttributeValue").SetText("admin")
		}
	}),
	withStranger("UnknownKey", fault.SignatureUnknownCert, func(r *Response, key *rsa.PrivateKey, cert *x509.Certificate) {
		r.Signing.Key, r.Signing.Shown = key, []*x509.Certificate{cert}
	}),
	withStranger("KeyInfoSubstitution", fault.SignatureInvalid, func(r *Response, key *rsa.PrivateKey, cert *x509.Certificate) {
		r.Signing.Key = key // the genuine certificate is shown
	}),
	withStranger("KeyInfoBothCertificates", fault.SignatureInvalid, func(r *Response, key *rsa.PrivateKey, cert *x509.Certificate) {
		r.Signing.Key, r.Signing.Shown = key, append([]*x509.Certificate{cert}, r.Signing.Shown...)
	}),
	withStranger("KeyValueSubstitution", fault.SignatureInvalid, func(r *Response, key *rsa.PrivateKey, cert *x509.Certificate) {
		r.Signing.Key, r.Signing.KeyInfo = key, KeyInfoKeyValue
	}),
	withStranger("UnknownKeyNoKeyInfo", fault.SignatureInvalid, func(r *Response, key *rsa.PrivateKey, cert *x509.Certificate) {
		r.Signing.Key, r.Signing.KeyInfo = key, KeyInfoNone
	}),
	edited("SHA1", fault.SignatureWeak, func(i *IDP, r *Response) { r.Signing.Hash = crypto.SHA1 }),
	edited("SHA1Digest", fault.SignatureWeak, func(i *IDP, r *Response) {
		r.Signing.ChangeInfo = func(info *etree.Element) {
			path(info, "ds:Reference", "ds:DigestMethod").CreateAttr("Algorithm", nsSignature+"sha1")
		}
	}),
	edited("HMAC", fault.SignatureWeak, func(i *IDP, r *Response) {
		r.Signing.ChangeInfo = func(info *etree.Element) {
			path(info, "ds:SignatureMethod").CreateAttr("Algorithm", nsSignature+"hmac-sha1")
		}
	}),
	edited("DecoySignature", fault.SignatureInvalid, func(i *IDP, r *Response) {
		r.Signing.ChangeAfter = func(sig *etree.Element) {
			sig.CreateElement("ds:Object").CreateElement("ds:SignatureProperties")
		}
	}),
	edited("SecondSignature", fault.SignatureInvalid, func(i *IDP, r *Response) {
		r.After = func(doc *etree.Element) {
			for _, el := range []*etree.Element{doc, path(doc, "saml:Assertion")} {
				if sig := path(el, "ds:Signature"); sig != nil {
					el.AddChild(sig.Copy())
				}
			}
		}
	}),
	edited("SecondSignedInfo", fault.SignatureInvalid, func(i *IDP, r *Response) {
		r.Signing.ChangeAfter = func(sig *etree.Element) { sig.AddChild(path(sig, "ds:SignedInfo").Copy()) }
	}),
	edited("SecondReference", fault.SignatureInvalid, func(i *IDP, r *Response) {
		r.Signing.ChangeInfo = func(info *etree.Element) { info.AddChild(path(info, "ds:Reference").Copy()) }
	}),
	edited("SecondDigestValue", fault.SignatureInvalid, func(i *IDP, r *Response) {
		r.Signing.ChangeInfo = func(info *etree.Element) {
			path(info, "ds:Reference").AddChild(path(info, "ds:Reference", "ds:DigestValue").Copy())
		}
	}),
	edited("EmptyReference", fault.SignatureInvalid, func(i *IDP, r *Response) {
		r.Signing.ChangeInfo = func(info *etree.Element) { path(info, "ds:Reference").CreateAttr("URI", "") }
	}),
	edited("OddReference", fault.SignatureInvalid, func(i *IDP, r *Response) {
		r.Signing.ChangeInfo = func(info *etree.Element) {
			ref := path(info, "ds:Reference")
			ref.CreateAttr("URI", "?"+strings.TrimPrefix(ref.SelectAttrValue("URI", ""), "#"))
		}
	}),
	edited("ForeignTransform", fault.SignatureInvalid, func(i *IDP, r *Response) {
		r.Signing.ChangeInfo = func(info *etree.Element) {
			path(info, "ds:Reference", "ds:Transforms").CreateElement("ds:Transform").CreateAttr("Algorithm", "http://www.w3.org/TR/1999/REC-xslt-19991116")
		}
	}),
	edited("InclusiveC14N", fault.SignatureInvalid, func(i *IDP, r *Response) { r.Signing.Inclusive = true }),
	edited("CommentInDigestValue", fault.ResponseMalformed, func(i *IDP, r *Response) {
		r.Signing.ChangeInfo = func(info *etree.Element) { path(info, "ds:Reference", "ds:DigestValue").CreateComment("x") }
	}),

	// Place, time and purpose.
	changed("WrongAudience", fault.AudienceMismatch, func(a *etree.Element) {
		path(a, "saml:Conditions", "saml:AudienceRestriction", "saml:Audience").SetText("https://other.example/saml/other")
	}),
	changed("NoAudience", fault.AudienceMismatch, func(a *etree.Element) {
		drop(a, "saml:Conditions", "saml:AudienceRestriction")
	}),
	changed("EmptyAudience", fault.AudienceMismatch, func(a *etree.Element) {
		path(a, "saml:Conditions", "saml:AudienceRestriction", "saml:Audience").SetText("")
	}),
	changed("SecondRestriction", fault.AudienceMismatch, func(a *etree.Element) {
		path(a, "saml:Conditions").CreateElement("saml:AudienceRestriction").CreateElement("saml:Audience").SetText("https://other.example")
	}),
	changed("WrongRecipient", fault.RecipientMismatch, func(a *etree.Element) {
		path(a, "saml:Subject", "saml:SubjectConfirmation", "saml:SubjectConfirmationData").CreateAttr("Recipient", "https://other.example/finalize")
	}),
	changed("NoRecipient", fault.RecipientMismatch, func(a *etree.Element) {
		path(a, "saml:Subject", "saml:SubjectConfirmation", "saml:SubjectConfirmationData").RemoveAttr("Recipient")
	}),
	edited("WrongDestination", fault.DestinationMismatch, func(i *IDP, r *Response) {
		r.Before = func(doc *etree.Element) { doc.CreateAttr("Destination", "https://other.example/finalize") }
	}),
	edited("SignedWithoutDestination", fault.DestinationMismatch, func(i *IDP, r *Response) { r.OmitDest, r.SignResponse = true, true }),
	edited("WrongIssuer", fault.IssuerMismatch, func(i *IDP, r *Response) { r.Issuer = "https://other.example/idp" }),
	edited("Expired", fault.AssertionExpired, func(i *IDP, r *Response) { r.Age = 30 * time.Minute }),
	edited("NotYetValid", fault.AssertionNotYetValid, func(i *IDP, r *Response) { r.Age = -30 * time.Minute }),
	changed("TimeWithoutZone", fault.AssertionInvalid, func(a *etree.Element) {
		c := path(a, "saml:Conditions")
		c.CreateAttr("NotOnOrAfter", strings.TrimSuffix(c.SelectAttrValue("NotOnOrAfter", ""), "Z"))
	}),
	changed("NoConditions", fault.AssertionInvalid, func(a *etree.Element) { drop(a, "saml:Conditions") }),
	changed("UnknownCondition", fault.AssertionInvalid, func(a *etree.Element) {
		path(a, "saml:Conditions").CreateElement("saml:Condition").CreateAttr("Type", "only on Sundays")
	}),
	changed("HolderOfKey", fault.AssertionInvalid, func(a *etree.Element) {
		path(a, "saml:Subject", "saml:SubjectConfirmation").CreateAttr("Method", "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key")
	}),
	changed("NoConfirmationEnd", fault.AssertionInvalid, func(a *etree.Element) {
		path(a, "saml:Subject", "saml:SubjectConfirmation", "saml:SubjectConfirmationData").RemoveAttr("NotOnOrAfter")
	}),
	changed("NoAuthnStatement", fault.AssertionInvalid, func(a *etree.Element) { drop(a, "saml:AuthnStatement") }),
	changed("WrongVersion", fault.AssertionInvalid, func(a *etree.Element) { a.CreateAttr("Version", "1.1") }),

	// Status and person.
	edited("StatusFailure", fault.IdpDeclined, func(i *IDP, r *Response) {
		r.Status, r.StatusMessage, r.Unsigned = "urn:oasis:names:tc:SAML:2.0:status:RequestDenied", "The person is not assigned to the application.", true
	}),
	changed("EmptyNameID", fault.NameIDMissing, func(a *etree.Element) { path(a, "saml:Subject", "saml:NameID").SetText("  ") }),
	changed("NoNameID", fault.NameIDMissing, func(a *etree.Element) { drop(a, "saml:Subject", "saml:NameID") }),
	edited("Transient", fault.NameIDTransient, func(i *IDP, r *Response) {
		r.NameID, r.NameIDFormat = "_f00dfeed", saml.FormatTransient
		r.Attributes = []Attribute{{Name: "email", Values: []string{Mallory}}}
	}),
	edited("NoEmail", fault.EmailMissing, func(i *IDP, r *Response) {
		r.NameID, r.NameIDFormat, r.Attributes = "00u1", saml.FormatPersistent, nil
	}),
	edited("BadEmail", fault.EmailInvalid, func(i *IDP, r *Response) {
		r.Attributes = []Attribute{{Name: "email", Values: []string{"ada@acme.test>, <x@evil.example"}}}
	}),
	changed("TwoNameIDs", fault.ResponseMalformed, func(a *etree.Element) {
		path(a, "saml:Subject").CreateElement("saml:NameID").SetText(Mallory)
	}),
	edited("NoAssertion", fault.AssertionMissing, func(i *IDP, r *Response) {
		r.After = func(doc *etree.Element) { drop(doc, "saml:Assertion") }
		r.SignAssertion, r.SignResponse = true, false
	}),
	edited("Encrypted", fault.EncryptionUnexpected, func(i *IDP, r *Response) {
		r.After = func(doc *etree.Element) {
			drop(doc, "saml:Assertion")
			data := doc.CreateElement("saml:EncryptedAssertion").CreateElement("xenc:EncryptedData")
			data.CreateAttr("xmlns:xenc", "http://www.w3.org/2001/04/xmlenc#")
		}
		r.SignAssertion, r.SignResponse = true, false
	}),
}...)

// Forge makes a message of the given kind out of r, which describes a good one.
func (i *IDP) Forge(kind Forgery, r Response) (string, error) { return kind.make(i, r) }

// edited is a forgery that the description of the Response can express.
func edited(name string, want fault.Code, edit func(*IDP, *Response)) Forgery {
	return Forgery{name, want, func(i *IDP, r Response) (string, error) {
		edit(i, &r)
		return i.Respond(r)
	}}
}

// changed is a forgery by the identity provider itself, or by a customer of
// the same one: the assertion is changed before it is signed.
func changed(name string, want fault.Code, change func(assertion *etree.Element)) Forgery {
	return edited(name, want, func(_ *IDP, r *Response) {
		r.Before = func(doc *etree.Element) { change(path(doc, "saml:Assertion")) }
	})
}

// withStranger is a forgery that somebody signs with a key of their own.
func withStranger(name string, want fault.Code, edit func(*Response, *rsa.PrivateKey, *x509.Certificate)) Forgery {
	return Forgery{name, want, func(i *IDP, r Response) (string, error) {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return "", err
		}
		cert, err := SelfSigned(key, i.Now().Add(-time.Hour), i.Now().AddDate(1, 0, 0))
		if err != nil {
			return "", err
		}
		r.NameID, r.Signing.Shown = Mallory, []*x509.Certificate{i.Certificate}
		edit(&r, key, cert)
		return i.Respond(r)
	}}
}

// bytesForgeries change the text of a good message.
var bytesForgeries = []Forgery{
	rewritten("Doctype", fault.ResponseMalformed, func(s string) string { return `<!DOCTYPE r [<!ENTITY e "x">]>` + s }),
	rewritten("ProcessingInstruction", fault.ResponseMalformed, func(s string) string {
		return strings.Replace(s, "</saml:NameID>", "<?x y?></saml:NameID>", 1)
	}),
	rewritten("CommentInNameID", fault.ResponseMalformed, func(s string) string {
		return strings.Replace(s, "</saml:NameID>", "<!---->.evil.example</saml:NameID>", 1)
	}),
	rewritten("DuplicateAttribute", fault.ResponseMalformed, func(s string) string {
		return strings.Replace(s, " Version=", ` Version="2.0" Version=`, 1)
	}),
	rewritten("TrailingData", fault.ResponseMalformed, func(s string) string { return s + s }),
	rewritten("RelativeNamespace", fault.ResponseMalformed, func(s string) string {
		return strings.Replace(s, "<saml:Subject>", `<saml:Subject xmlns:ns="1">`, 1)
	}),
	rewritten("UTF7", fault.ResponseMalformed, func(s string) string { return `<?xml version="1.0" encoding="utf-7"?>` + s }),
	rewritten("ColonPrefix", fault.ResponseMalformed, func(s string) string {
		return strings.Replace(s, "<saml:Subject>", "<saml::Subject>", 1)
	}),
	rewritten("NotXML", fault.ResponseMalformed, func(string) string { return "SAML is a nice idea" }),
	rewritten("LogoutResponse", fault.ResponseMalformed, func(s string) string {
		return strings.ReplaceAll(s, "samlp:Response", "samlp:LogoutResponse")
	}),
	rewritten("Oversized", fault.ResponseTooLarge, func(s string) string {
		return strings.Replace(s, "</samlp:Response>", strings.Repeat(" ", 300<<10)+"</samlp:Response>", 1)
	}),
	rewritten("TooManyElements", fault.ResponseTooLarge, func(s string) string {
		return strings.Replace(s, "</samlp:Response>", strings.Repeat("<a/>", 20_001)+"</samlp:Response>", 1)
	}),
	rewritten("TooDeep", fault.ResponseMalformed, func(s string) string {
		return strings.Replace(s, "</samlp:Response>", strings.Repeat("<a>", 900)+strings.Repeat("</a>", 900)+"</samlp:Response>", 1)
	}),
	{"NotBase64", fault.ResponseMalformed, func(*IDP, Response) (string, error) { return "%%%", nil }},
	{"Empty", fault.ResponseMalformed, func(*IDP, Response) (string, error) { return "", nil }},
}

func rewritten(name string, want fault.Code, rewrite func(string) string) Forgery {
	return Forgery{name, want, func(i *IDP, r Response) (string, error) {
		packed, err := i.Respond(r)
		if err != nil {
			return "", err
		}
		raw, err := base64.StdEncoding.DecodeString(packed)
		if err != nil {
			return "", err
		}
		return base64.StdEncoding.EncodeToString([]byte(rewrite(string(raw)))), nil
	}}
}

// path follows child names from el; nil when one is missing.
func path(el *etree.Element, names ...string) *etree.Element {
	for _, n := range names {
		if el == nil {
			return nil
		}
		el = el.SelectElement(n)
	}
	return el
}

// drop takes the element at the path out.
func drop(el *etree.Element, names ...string) {
	if found := path(el, names...); found != nil {
		found.Parent().RemoveChild(found)
	}
}
