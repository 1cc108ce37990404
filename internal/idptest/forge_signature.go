package idptest

import (
	"crypto"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"strings"

	"github.com/beevik/etree"

	"rollcall/fault"
)

// signatureForgeries play with the Signature: some are signed by the provider
// in a way that must not be accepted, some were changed afterwards.
var signatureForgeries = []Forgery{
	edited("Unsigned", fault.SignatureMissing, func(_ *IDP, r *Response) { r.Unsigned, r.NameID = true, Mallory }),
	tampered("Tampered", fault.SignatureInvalid, func(doc *etree.Element) { nameID(doc).SetText(Mallory) }),
	tampered("TamperedByCDATA", fault.SignatureInvalid, func(doc *etree.Element) { nameID(doc).SetCData(Mallory) }),
	tampered("TamperedAttribute", fault.SignatureInvalid, func(doc *etree.Element) { nameID(doc).CreateAttr("Format", "urn:x") }),
	tampered("AddedAttribute", fault.SignatureInvalid, func(doc *etree.Element) {
		at := path(doc, "saml:Assertion").CreateElement("saml:AttributeStatement").CreateElement("saml:Attribute")
		at.CreateAttr("Name", "role")
		at.CreateElement("saml:AttributeValue").SetText("admin")
	}),
	tampered("AddedNamespace", fault.SignatureInvalid, func(doc *etree.Element) {
		name := etree.NewElement("saml:NameID")
		name.CreateAttr("xmlns:saml", "urn:evil")
		name.SetText(Mallory)
		path(doc, "saml:Assertion", "saml:Subject").InsertChildAt(0, name)
	}),
	tampered("XInclude", fault.SignatureInvalid, func(doc *etree.Element) {
		name := nameID(doc)
		name.SetText("")
		attrs(name.CreateElement("xi:include"), "xmlns:xi", "http://www.w3.org/2001/XInclude", "href", "https://evil.example/name.txt", "parse", "text")
	}),

	edited("SHA1", fault.SignatureWeak, func(_ *IDP, r *Response) { r.Signing.Hash = crypto.SHA1 }),
	signedAs("SHA1Digest", fault.SignatureWeak, digestMethod(nsSignature+"sha1")),
	signedAs("MD5Digest", fault.SignatureWeak, digestMethod("http://www.w3.org/2001/04/xmldsig-more#md5")),
	signedAs("SHA224Digest", fault.SignatureWeak, digestMethod("http://www.w3.org/2001/04/xmldsig-more#sha224")),
	signedAs("NoDigestMethod", fault.SignatureWeak, digestMethod("")),
	signedAs("DigestMethodWithParameters", fault.SignatureInvalid, func(info *etree.Element) {
		path(info, "ds:Reference", "ds:DigestMethod").CreateElement("ds:HMACOutputLength").SetText("0")
	}),
	signedAs("HMAC", fault.SignatureWeak, signatureMethod(nsSignature+"hmac-sha1")),
	signedAs("HMACSHA256", fault.SignatureWeak, signatureMethod("http://www.w3.org/2001/04/xmldsig-more#hmac-sha256")),
	signedAs("RSAMD5", fault.SignatureWeak, signatureMethod("http://www.w3.org/2001/04/xmldsig-more#rsa-md5")),
	signedAs("DSA", fault.SignatureWeak, signatureMethod(nsSignature+"dsa-sha1")),
	signedAs("PSS", fault.SignatureInvalid, signatureMethod("http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1")),
	signedAs("NoSignatureMethod", fault.SignatureWeak, signatureMethod("")),
	signedAs("AnotherHash", fault.SignatureInvalid, signatureMethod("http://www.w3.org/2001/04/xmldsig-more#rsa-sha512")),
	signedAs("AnotherKindOfKey", fault.SignatureInvalid, signatureMethod("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256")),
	signedAs("HMACOutputLength", fault.SignatureInvalid, func(info *etree.Element) {
		path(info, "ds:SignatureMethod").CreateElement("ds:HMACOutputLength").SetText("0")
	}),

	resigned("DecoySignature", fault.SignatureInvalid, func(sig *etree.Element) {
		sig.CreateElement("ds:Object").CreateElement("ds:SignatureProperties")
	}),
	resigned("Manifest", fault.SignatureInvalid, func(sig *etree.Element) { sig.CreateElement("ds:Object").CreateElement("ds:Manifest") }),
	tampered("SecondSignature", fault.SignatureInvalid, func(doc *etree.Element) {
		eachSigned(doc, func(el, sig *etree.Element) { el.AddChild(sig.Copy()) })
	}),
	tampered("SecondSignatureBefore", fault.SignatureInvalid, func(doc *etree.Element) {
		eachSigned(doc, func(el, sig *etree.Element) {
			other := sig.Copy()
			path(other, "ds:SignedInfo", "ds:Reference").CreateAttr("URI", "#_other")
			el.InsertChildAt(1, other)
		})
	}),
	tampered("SignatureOnTheOther", fault.SignatureInvalid, func(doc *etree.Element) {
		a := path(doc, "saml:Assertion")
		inner, outer := path(a, "ds:Signature"), path(doc, "ds:Signature")
		if inner != nil {
			doc.AddChild(inner)
		}
		if outer != nil {
			a.AddChild(outer)
		}
	}),
	tampered("SignatureOfAnotherNamespace", fault.SignatureMissing, func(doc *etree.Element) {
		eachSigned(doc, func(_, sig *etree.Element) { sig.CreateAttr("xmlns:ds", "urn:evil") })
	}),
	tampered("SignatureInExtensions", fault.ResponseMalformed, displaced(func(doc *etree.Element) *etree.Element {
		extensions := etree.NewElement("samlp:Extensions")
		doc.InsertChildAt(1, extensions)
		return extensions
	})),
	tampered("SignatureInStatus", fault.ResponseMalformed, displaced(func(doc *etree.Element) *etree.Element { return path(doc, "samlp:Status") })),
	tampered("SignatureInSubject", fault.ResponseMalformed, displaced(func(doc *etree.Element) *etree.Element {
		return path(doc, "saml:Assertion", "saml:Subject")
	})),
	tampered("SignatureInAttribute", fault.ResponseMalformed, displaced(func(doc *etree.Element) *etree.Element {
		return path(doc, "saml:Assertion").CreateElement("saml:AttributeStatement").CreateElement("saml:Attribute")
	})),
	tampered("SignatureInSignature", fault.ResponseMalformed, func(doc *etree.Element) {
		eachSigned(doc, func(_, sig *etree.Element) { path(sig, "ds:KeyInfo").AddChild(sig.Copy()) })
	}),

	resigned("SecondSignedInfo", fault.SignatureInvalid, again("ds:SignedInfo")),
	resigned("SecondSignatureValue", fault.SignatureInvalid, again("ds:SignatureValue")),
	resigned("SecondKeyInfo", fault.SignatureInvalid, again("ds:KeyInfo")),
	resigned("SignedInfoOfAnotherNamespace", fault.SignatureInvalid, func(sig *etree.Element) {
		evil := path(sig, "ds:SignedInfo").Copy()
		evil.CreateAttr("xmlns:ds", "urn:evil")
		sig.InsertChildAt(0, evil)
	}),
	resigned("NoSignatureValue", fault.SignatureInvalid, func(sig *etree.Element) { drop(sig, "ds:SignatureValue") }),
	resigned("EmptySignatureValue", fault.SignatureInvalid, signatureValue(" \n ")),
	resigned("OddSignatureValue", fault.SignatureInvalid, signatureValue("*not base64*")),
	resigned("ZeroSignatureValue", fault.SignatureInvalid, signatureValue(base64.StdEncoding.EncodeToString(make([]byte, 256)))),
	resigned("ShortSignatureValue", fault.SignatureInvalid, signatureValue("AAAA")),
	resigned("CommentInSignatureValue", fault.ResponseMalformed, func(sig *etree.Element) { path(sig, "ds:SignatureValue").CreateComment("x") }),
	resigned("CommentInSignature", fault.ResponseMalformed, func(sig *etree.Element) { sig.CreateComment("x") }),
	resigned("CommentInSignedInfo", fault.ResponseMalformed, func(sig *etree.Element) { path(sig, "ds:SignedInfo").CreateComment("x") }),
	signedAs("CommentInDigestValue", fault.ResponseMalformed, func(info *etree.Element) { path(info, "ds:Reference", "ds:DigestValue").CreateComment("x") }),

	signedAs("NoReference", fault.SignatureInvalid, func(info *etree.Element) { drop(info, "ds:Reference") }),
	signedAs("SecondReference", fault.SignatureInvalid, func(info *etree.Element) { info.AddChild(path(info, "ds:Reference").Copy()) }),
	signedAs("ReferenceToAnother", fault.SignatureInvalid, reference("#_other")),
	signedAs("EmptyReference", fault.SignatureInvalid, reference("")),
	signedAs("XPointerReference", fault.SignatureInvalid, reference("#xpointer(/)")),
	signedAs("ExternalReference", fault.SignatureInvalid, reference("https://evil.example/document.xml")),
	signedAs("FileReference", fault.SignatureInvalid, reference("file:///etc/hostname")),
	signedAs("OddReference", fault.SignatureInvalid, func(info *etree.Element) {
		ref := path(info, "ds:Reference")
		ref.CreateAttr("URI", "?"+strings.TrimPrefix(ref.SelectAttrValue("URI", ""), "#"))
	}),
	signedAs("XPointerIDReference", fault.SignatureInvalid, func(info *etree.Element) {
		ref := path(info, "ds:Reference")
		ref.CreateAttr("URI", "#xpointer(id('"+strings.TrimPrefix(ref.SelectAttrValue("URI", ""), "#")+"'))")
	}),
	signedAs("NoReferenceURI", fault.SignatureInvalid, func(info *etree.Element) { path(info, "ds:Reference").RemoveAttr("URI") }),

	signedAs("SecondDigestValue", fault.SignatureInvalid, func(info *etree.Element) {
		path(info, "ds:Reference").AddChild(path(info, "ds:Reference", "ds:DigestValue").Copy())
	}),
	signedAs("EmptyDigestValue", fault.SignatureInvalid, digestValue("")),
	signedAs("ShortDigestValue", fault.SignatureInvalid, digestValue("AAAA")),
	signedAs("DigestOfNothing", fault.SignatureInvalid, digestValue("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")),
	signedAs("ChildInDigestValue", fault.SignatureInvalid, func(info *etree.Element) {
		path(info, "ds:Reference", "ds:DigestValue").CreateElement("ds:DigestValue").SetText("AAAA")
	}),

	signedAs("NoTransforms", fault.SignatureInvalid, func(info *etree.Element) { drop(info, "ds:Reference", "ds:Transforms") }),
	signedAs("SecondTransforms", fault.SignatureInvalid, func(info *etree.Element) {
		path(info, "ds:Reference").InsertChildAt(0, path(info, "ds:Reference", "ds:Transforms").Copy())
	}),
	signedAs("ForeignTransform", fault.SignatureInvalid, transform("http://www.w3.org/TR/1999/REC-xslt-19991116")),
	signedAs("SecondEnvelopedTransform", fault.SignatureInvalid, transform(nsSignature+"enveloped-signature")),
	signedAs("XPathTransform", fault.SignatureInvalid, onlyTransforms("http://www.w3.org/TR/1999/REC-xpath-19991116")),
	signedAs("XPathFilterTransform", fault.SignatureInvalid, onlyTransforms("http://www.w3.org/2002/06/xmldsig-filter2")),
	signedAs("Base64Transform", fault.SignatureInvalid, onlyTransforms(nsSignature+"base64")),
	signedAs("DecryptionTransform", fault.SignatureInvalid, onlyTransforms("http://www.w3.org/2002/07/decrypt#XML")),
	signedAs("TransformsInReverse", fault.SignatureInvalid, onlyTransforms(nsExclusive, nsSignature+"enveloped-signature")),
	signedAs("NotEnveloped", fault.SignatureInvalid, onlyTransforms(nsExclusive)),
	signedAs("NoCanonicalization", fault.SignatureInvalid, onlyTransforms(nsSignature+"enveloped-signature")),
	edited("CommentWithComments", fault.SignatureInvalid, func(_ *IDP, r *Response) {
		r.Before = func(resp *etree.Element) {
			resp.CreateComment("kept by some")
			if assertion := path(resp, "saml:Assertion"); assertion != nil {
				assertion.CreateComment("kept by some")
			}
		}
		r.Signing.ChangeInfo = onlyTransforms(nsSignature+"enveloped-signature", nsExclusive+"WithComments")
	}),
	signedAs("C14N11", fault.SignatureInvalid, onlyTransforms(nsSignature+"enveloped-signature", "http://www.w3.org/2006/12/xml-c14n11")),
	signedAs("SignedInfoNotCanonical", fault.SignatureInvalid, func(info *etree.Element) {
		path(info, "ds:CanonicalizationMethod").CreateAttr("Algorithm", "")
	}),
	signedAs("OddTransformParameter", fault.SignatureInvalid, func(info *etree.Element) {
		path(info, "ds:Reference", "ds:Transforms").ChildElements()[1].CreateElement("ds:XPath").SetText("self::node()")
	}),
	edited("InclusiveC14N", fault.SignatureInvalid, func(_ *IDP, r *Response) { r.Signing.Inclusive = true }),
}

// keyForgeries offer a key to whoever takes keys from messages.
var keyForgeries = []Forgery{
	withStranger("UnknownKey", fault.SignatureUnknownCert, func(r *Response, key *rsa.PrivateKey, cert *x509.Certificate) {
		r.Signing.Key, r.Signing.Shown = key, []*x509.Certificate{cert}
	}),
	withStranger("KeyInfoSubstitution", fault.SignatureInvalid, func(r *Response, key *rsa.PrivateKey, _ *x509.Certificate) {
		r.Signing.Key = key // the genuine certificate is shown
	}),
	withStranger("KeyInfoBothCertificates", fault.SignatureInvalid, func(r *Response, key *rsa.PrivateKey, cert *x509.Certificate) {
		r.Signing.Key, r.Signing.Shown = key, append([]*x509.Certificate{cert}, r.Signing.Shown...)
	}),
	withStranger("KeyInfoBothCertificatesReversed", fault.SignatureInvalid, func(r *Response, key *rsa.PrivateKey, cert *x509.Certificate) {
		r.Signing.Key, r.Signing.Shown = key, append(r.Signing.Shown, cert)
	}),
	withStranger("KeyValueSubstitution", fault.SignatureInvalid, func(r *Response, key *rsa.PrivateKey, _ *x509.Certificate) {
		r.Signing.Key, r.Signing.KeyInfo = key, KeyInfoKeyValue
	}),
	withStranger("KeyValueBesideCertificate", fault.SignatureInvalid, func(r *Response, key *rsa.PrivateKey, _ *x509.Certificate) {
		r.Signing.Key, r.Signing.KeyInfo = key, KeyInfoBoth
	}),
	withStranger("UnknownKeyNoKeyInfo", fault.SignatureInvalid, func(r *Response, key *rsa.PrivateKey, _ *x509.Certificate) {
		r.Signing.Key, r.Signing.KeyInfo = key, KeyInfoNone
	}),
	withStranger("UnknownKeyByName", fault.SignatureInvalid, func(r *Response, key *rsa.PrivateKey, _ *x509.Certificate) {
		r.Signing.Key, r.Signing.KeyInfo = key, KeyInfoKeyName
	}),
	strangersKeyInfo("KeyInfoRetrieval", func(info *etree.Element, _ *x509.Certificate) {
		attrs(info.CreateElement("ds:RetrievalMethod"), "URI", "https://evil.example/key.xml", "Type", nsSignature+"X509Data")
	}),
	strangersKeyInfo("KeyInfoReference", func(info *etree.Element, _ *x509.Certificate) {
		attrs(info.CreateElement("dsig11:KeyInfoReference"), "xmlns:dsig11", "http://www.w3.org/2009/xmldsig11#", "URI", "#_key")
	}),
	strangersKeyInfo("KeyInfoDER", func(info *etree.Element, cert *x509.Certificate) {
		el := info.CreateElement("dsig11:DEREncodedKeyValue")
		el.CreateAttr("xmlns:dsig11", "http://www.w3.org/2009/xmldsig11#")
		el.SetText(base64.StdEncoding.EncodeToString(cert.RawSubjectPublicKeyInfo))
	}),
	strangersKeyInfo("KeyInfoIssuerSerial", func(info *etree.Element, cert *x509.Certificate) {
		serial := info.CreateElement("ds:X509Data").CreateElement("ds:X509IssuerSerial")
		serial.CreateElement("ds:X509IssuerName").SetText(cert.Issuer.String())
		serial.CreateElement("ds:X509SerialNumber").SetText(cert.SerialNumber.String())
	}),
	strangersKeyInfo("KeyInfoEmpty", func(*etree.Element, *x509.Certificate) {}),
	strangersKeyInfo("KeyInfoNotACertificate", func(info *etree.Element, _ *x509.Certificate) {
		info.CreateElement("ds:X509Data").CreateElement("ds:X509Certificate").SetText("AAAA")
	}),
	// The public key as the secret of an HMAC: who mixes both kinds up is lost.
	signedAs("HMACWithCertificate", fault.SignatureWeak, signatureMethod("http://www.w3.org/2001/04/xmldsig-more#hmac-sha256")).then(func(i *IDP, r *Response) {
		r.NameID = Mallory
		r.Signing.ChangeAfter = func(sig *etree.Element) {
			mac := hmac.New(sha256.New, i.Certificate.Raw)
			mac.Write([]byte("SignedInfo"))
			path(sig, "ds:SignatureValue").SetText(base64.StdEncoding.EncodeToString(mac.Sum(nil)))
		}
	}),
}

// strangersKeyInfo is signed by a stranger and says in its own way which key.
func strangersKeyInfo(name string, say func(info *etree.Element, cert *x509.Certificate)) Forgery {
	return withStranger(name, fault.SignatureInvalid, func(r *Response, key *rsa.PrivateKey, cert *x509.Certificate) {
		r.Signing.Key, r.Signing.KeyInfo = key, KeyInfoNone
		r.Signing.ChangeAfter = func(sig *etree.Element) { say(sig.CreateElement("ds:KeyInfo"), cert) }
	})
}

// then edits the description further before the forgery is made.
func (f Forgery) then(edit func(*IDP, *Response)) Forgery {
	first := f.make
	f.make = func(i *IDP, r Response) (string, error) {
		edit(i, &r)
		return first(i, r)
	}
	return f
}

func nameID(doc *etree.Element) *etree.Element {
	return path(doc, "saml:Assertion", "saml:Subject", "saml:NameID")
}

// eachSigned calls do for the Response and the assertion if they are signed.
func eachSigned(doc *etree.Element, do func(el, sig *etree.Element)) {
	for _, el := range []*etree.Element{doc, path(doc, "saml:Assertion")} {
		if sig := path(el, "ds:Signature"); sig != nil {
			do(el, sig)
		}
	}
}

// displaced moves one genuine Signature elsewhere.
func displaced(to func(doc *etree.Element) *etree.Element) func(doc *etree.Element) {
	return func(doc *etree.Element) {
		var moved *etree.Element
		eachSigned(doc, func(_, sig *etree.Element) { moved = sig })
		to(doc).AddChild(moved)
	}
}

func again(name string) func(*etree.Element) {
	return func(el *etree.Element) { el.AddChild(path(el, name).Copy()) }
}

func digestMethod(algorithm string) func(*etree.Element) {
	return func(info *etree.Element) {
		path(info, "ds:Reference", "ds:DigestMethod").CreateAttr("Algorithm", algorithm)
	}
}

func digestValue(value string) func(*etree.Element) {
	return func(info *etree.Element) { path(info, "ds:Reference", "ds:DigestValue").SetText(value) }
}

func signatureMethod(algorithm string) func(*etree.Element) {
	return func(info *etree.Element) { path(info, "ds:SignatureMethod").CreateAttr("Algorithm", algorithm) }
}

func signatureValue(value string) func(*etree.Element) {
	return func(sig *etree.Element) { path(sig, "ds:SignatureValue").SetText(value) }
}

func reference(uri string) func(*etree.Element) {
	return func(info *etree.Element) { path(info, "ds:Reference").CreateAttr("URI", uri) }
}

// transform adds a Transform after the usual two.
func transform(algorithm string) func(*etree.Element) {
	return func(info *etree.Element) {
		path(info, "ds:Reference", "ds:Transforms").CreateElement("ds:Transform").CreateAttr("Algorithm", algorithm)
	}
}

// onlyTransforms has these Transforms and no others.
func onlyTransforms(algorithms ...string) func(*etree.Element) {
	return func(info *etree.Element) {
		list := path(info, "ds:Reference", "ds:Transforms")
		for _, t := range list.ChildElements() {
			list.RemoveChild(t)
		}
		for _, a := range algorithms {
			list.CreateElement("ds:Transform").CreateAttr("Algorithm", a)
		}
	}
}
