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

// wrapping builds a genuine document and an unsigned forged copy of it about
// Mallory with ids of its own, and lets arrange put them together in the
// forged one.
func wrapping(name string, wholeResponse bool, arrange func(evil, good *etree.Element)) Forgery {
	return Forgery{name, fault.MultipleAssertions, func(i *IDP, r Response) (string, error) {
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
	}}
}
