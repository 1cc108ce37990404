package idptest

import (
	"github.com/beevik/etree"

	"rollcall/fault"
)

// The eight signature wrappings of Somorovsky and others, "On Breaking SAML"
// (2012): a genuine signed part stays somewhere in the document, so that its
// signature verifies, and a forged part stands where the receiver reads.

// wrappings all carry two assertions, which is how they are refused.
var wrappings = []Forgery{
	wrapping("XSW1", true, func(evil, good *etree.Element) { // the genuine Response inside the forged one's Signature
		sig := path(good, "ds:Signature")
		good.RemoveChild(sig)
		evil.InsertChildAt(1, sig)
		sig.AddChild(good)
	}),
	wrapping("XSW2", true, func(evil, good *etree.Element) { // the genuine Response beside a detached Signature
		sig := path(good, "ds:Signature")
		good.RemoveChild(sig)
		evil.InsertChildAt(1, good)
		evil.InsertChildAt(2, sig)
	}),
	wrapping("XSW3", false, func(evil, good *etree.Element) { // a forged Assertion before the genuine one
		evil.InsertChildAt(path(evil, "saml:Assertion").Index()+1, path(good, "saml:Assertion"))
	}),
	wrapping("XSW4", false, func(evil, good *etree.Element) { // the genuine Assertion inside the forged one
		path(evil, "saml:Assertion").AddChild(path(good, "saml:Assertion"))
	}),
	wrapping("XSW5", false, func(evil, good *etree.Element) { // the Signature on the forged one, the genuine one at the end
		original := path(good, "saml:Assertion")
		sig := path(original, "ds:Signature")
		original.RemoveChild(sig)
		path(evil, "saml:Assertion").InsertChildAt(1, sig)
		evil.AddChild(original)
	}),
	wrapping("XSW6", false, func(evil, good *etree.Element) { // the same, the genuine one inside the Signature
		original := path(good, "saml:Assertion")
		sig := path(original, "ds:Signature")
		original.RemoveChild(sig)
		sig.AddChild(original)
		path(evil, "saml:Assertion").InsertChildAt(1, sig)
	}),
	wrapping("XSW7", false, func(evil, good *etree.Element) { // the forged one in Extensions, the genuine one in place
		extensions := etree.NewElement("samlp:Extensions")
		extensions.AddChild(path(evil, "saml:Assertion"))
		evil.InsertChildAt(1, extensions)
		evil.AddChild(path(good, "saml:Assertion"))
	}),
	wrapping("XSW8", false, func(evil, good *etree.Element) { // the genuine one in an Object of the Signature
		original := path(good, "saml:Assertion")
		sig := path(original, "ds:Signature")
		original.RemoveChild(sig)
		sig.CreateElement("ds:Object").AddChild(original)
		path(evil, "saml:Assertion").InsertChildAt(1, sig)
	}),
	wrapping("TwoAssertions", false, func(evil, good *etree.Element) { // a forged one after the genuine one
		forged := path(evil, "saml:Assertion")
		evil.InsertChildAt(forged.Index(), path(good, "saml:Assertion"))
	}),
	wrapping("EncryptedBeside", false, func(evil, good *etree.Element) { // a second one under wraps
		evil.CreateElement("saml:EncryptedAssertion").AddChild(path(good, "saml:Assertion"))
	}),
}

// placements put the genuine assertion wherever else SAML lets elements stand,
// where it still verifies, while a forged one stands in its place.
var placements = []Forgery{
	tucked("WrapInStatusMessage", func(evil *etree.Element) *etree.Element {
		return path(evil, "samlp:Status").CreateElement("samlp:StatusMessage")
	}),
	tucked("WrapInStatusDetail", func(evil *etree.Element) *etree.Element {
		return path(evil, "samlp:Status").CreateElement("samlp:StatusDetail")
	}),
	tucked("WrapInExtensions", func(evil *etree.Element) *etree.Element {
		extensions := etree.NewElement("samlp:Extensions")
		evil.InsertChildAt(1, extensions)
		return extensions
	}),
	tucked("WrapInIssuer", func(evil *etree.Element) *etree.Element { return path(evil, "saml:Assertion", "saml:Issuer") }),
	tucked("WrapInAdvice", func(evil *etree.Element) *etree.Element {
		return path(evil, "saml:Assertion").CreateElement("saml:Advice")
	}),
	tucked("WrapInSubject", func(evil *etree.Element) *etree.Element { return path(evil, "saml:Assertion", "saml:Subject") }),
	tucked("WrapInNameID", func(evil *etree.Element) *etree.Element {
		return path(evil, "saml:Assertion", "saml:Subject", "saml:NameID")
	}),
	tucked("WrapInConfirmationData", func(evil *etree.Element) *etree.Element {
		return path(evil, "saml:Assertion", "saml:Subject", "saml:SubjectConfirmation", "saml:SubjectConfirmationData")
	}),
	tucked("WrapInConditions", func(evil *etree.Element) *etree.Element { return path(evil, "saml:Assertion", "saml:Conditions") }),
	tucked("WrapInAuthnContext", func(evil *etree.Element) *etree.Element {
		return path(evil, "saml:Assertion", "saml:AuthnStatement", "saml:AuthnContext").CreateElement("saml:AuthnContextDecl")
	}),
	tucked("WrapInAttribute", func(evil *etree.Element) *etree.Element {
		return path(evil, "saml:Assertion").CreateElement("saml:AttributeStatement").CreateElement("saml:Attribute").CreateElement("saml:AttributeValue")
	}),
	tucked("WrapInForeignElement", func(evil *etree.Element) *etree.Element {
		el := evil.CreateElement("x:any")
		el.CreateAttr("xmlns:x", "urn:x")
		return el
	}),
	wrapping("WrapInKeyInfo", false, func(evil, good *etree.Element) {
		original := path(good, "saml:Assertion")
		sig := path(original, "ds:Signature")
		original.RemoveChild(sig)
		path(sig, "ds:KeyInfo").AddChild(original)
		path(evil, "saml:Assertion").InsertChildAt(1, sig)
	}),
	wrapping("WrapInSignatureProperties", false, func(evil, good *etree.Element) {
		original := path(good, "saml:Assertion")
		sig := path(original, "ds:Signature")
		original.RemoveChild(sig)
		sig.CreateElement("ds:Object").CreateElement("ds:SignatureProperties").CreateElement("ds:SignatureProperty").AddChild(original)
		path(evil, "saml:Assertion").InsertChildAt(1, sig)
	}),
	wrapping("ResponseInResponse", true, func(evil, good *etree.Element) { evil.AddChild(good) }),
	wrapping("ResponseInAttribute", true, func(evil, good *etree.Element) {
		path(evil, "saml:Assertion").CreateElement("saml:AttributeStatement").CreateElement("saml:Attribute").CreateElement("saml:AttributeValue").AddChild(good)
	}),
	wrapping("AssertionOfAnotherNamespace", false, func(evil, good *etree.Element) {
		forged := path(evil, "saml:Assertion")
		forged.CreateAttr("xmlns:saml", "urn:evil")
		evil.AddChild(path(good, "saml:Assertion"))
	}),
	wrapping("AssertionOfSAML1", false, func(evil, good *etree.Element) {
		forged := path(evil, "saml:Assertion")
		forged.CreateAttr("xmlns:saml", "urn:oasis:names:tc:SAML:1.0:assertion")
		evil.InsertChildAt(forged.Index(), path(good, "saml:Assertion"))
	}),
	wrapping("SameIDTwice", false, func(evil, good *etree.Element) {
		original := path(good, "saml:Assertion")
		path(evil, "saml:Assertion").CreateAttr("ID", original.SelectAttrValue("ID", ""))
		evil.AddChild(original)
	}),
}

// tucked is a wrapping that puts the genuine assertion into the element that
// place finds or makes in the forged document.
func tucked(name string, place func(evil *etree.Element) *etree.Element) Forgery {
	return wrapping(name, false, func(evil, good *etree.Element) { place(evil).AddChild(path(good, "saml:Assertion")) })
}

// wrapping builds a genuine document and an unsigned forged copy of it about
// Mallory with ids of its own, and lets arrange put them together in the
// forged one.
func wrapping(name string, wholeResponse bool, arrange func(evil, good *etree.Element)) Forgery {
	return forged(name, fault.MultipleAssertions, func(i *IDP, r Response) (string, error) {
		r.SignResponse, r.SignAssertion = wholeResponse, !wholeResponse
		good, err := i.document(r)
		if err != nil {
			return "", err
		}
		evil := good.Copy()
		for _, el := range []*etree.Element{evil, path(evil, "saml:Assertion")} {
			if el == nil {
				return "", errShape
			}
			drop(el, "ds:Signature")
			el.CreateAttr("ID", "_evil"+el.SelectAttrValue("ID", ""))
		}
		path(evil, "saml:Assertion", "saml:Subject", "saml:NameID").SetText(Mallory)
		arrange(evil, good)
		return encode(evil, 0)
	})
}
