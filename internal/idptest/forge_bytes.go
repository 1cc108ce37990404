package idptest

import (
	"encoding/base64"
	"fmt"
	"html"
	"strings"
	"unicode/utf16"

	"github.com/beevik/etree"

	"rollcall/fault"
)

// bytesForgeries change the text of a good message, so that readers might
// differ in what they see.
var bytesForgeries = []Forgery{
	// Document types and entities.
	rewritten("Doctype", fault.ResponseMalformed, before(`<!DOCTYPE r [<!ENTITY e "x">]>`)),
	rewritten("DoctypeExternal", fault.ResponseMalformed, before(`<!DOCTYPE r SYSTEM "https://evil.example/r.dtd">`)),
	rewritten("DoctypeParameterEntity", fault.ResponseMalformed, before(`<!DOCTYPE r [<!ENTITY % p SYSTEM "https://evil.example/p"> %p;]>`)),
	rewritten("DoctypeInSmallLetters", fault.ResponseMalformed, before(`<!doctype r>`)),
	rewritten("EntityInNameID", fault.ResponseMalformed, func(s string) string {
		return `<!DOCTYPE r [<!ENTITY e "` + Mallory + `">]>` + inNameID(s, "&e;")
	}),
	rewritten("FileEntity", fault.ResponseMalformed, func(s string) string {
		return `<!DOCTYPE r [<!ENTITY e SYSTEM "file:///etc/hostname">]>` + inNameID(s, "&e;")
	}),
	rewritten("UndeclaredEntity", fault.ResponseMalformed, func(s string) string { return inNameID(s, "&nbsp;") }),
	rewritten("NullReference", fault.ResponseMalformed, func(s string) string { return inNameID(s, "&#0;") }),
	rewritten("SurrogateReference", fault.ResponseMalformed, func(s string) string { return inNameID(s, "&#xD800;") }),
	rewritten("HugeReference", fault.ResponseMalformed, func(s string) string { return inNameID(s, "&#x110000;") }),
	rewritten("BareAmpersand", fault.ResponseMalformed, func(s string) string { return inNameID(s, "& ") }),

	// Comments and processing instructions, also where the signature still
	// holds because it never saw them.
	rewritten("ProcessingInstruction", fault.ResponseMalformed, func(s string) string { return inNameID(s, "<?x y?>") }),
	rewritten("ProcessingInstructionAtTheEnd", fault.ResponseMalformed, func(s string) string { return s + "<?x y?>" }),
	rewritten("Declaration", fault.ResponseMalformed, func(s string) string { return inNameID(s, "<!ELEMENT x ANY>") }),
	rewritten("CommentInNameID", fault.ResponseMalformed, func(s string) string { return inNameID(s, "<!---->.evil.example") }),
	edited("CommentCutsNameID", fault.ResponseMalformed, func(_ *IDP, r *Response) {
		name := r.NameID
		r.NameID += ".evil.example" // their own, honestly signed
		r.After = func(doc *etree.Element) {
			el := nameID(doc)
			el.SetText(name)
			el.CreateComment("")
			el.CreateText(".evil.example")
		}
	}),
	edited("CommentCutsAudience", fault.ResponseMalformed, func(_ *IDP, r *Response) {
		r.After = func(doc *etree.Element) {
			path(doc, "saml:Assertion", "saml:Conditions", "saml:AudienceRestriction", "saml:Audience").CreateComment("x")
		}
	}),
	edited("CommentCutsIssuer", fault.ResponseMalformed, func(_ *IDP, r *Response) {
		r.After = func(doc *etree.Element) { path(doc, "saml:Assertion", "saml:Issuer").CreateComment("x") }
	}),
	edited("CommentCutsAttribute", fault.ResponseMalformed, func(_ *IDP, r *Response) {
		r.Attributes = append(r.Attributes[:len(r.Attributes):len(r.Attributes)], Attribute{Name: "email", Values: []string{"ada@acme.test"}})
		r.After = func(doc *etree.Element) { doc.FindElement("//saml:AttributeValue").CreateComment("x") }
	}),
	rewritten("CommentUnclosed", fault.ResponseMalformed, func(s string) string { return inNameID(s, "<!-- ") }),
	rewritten("CommentWithDashes", fault.ResponseMalformed, func(s string) string { return s + "<!-- -- -->" }),
	rewritten("CDATAUnclosed", fault.ResponseMalformed, func(s string) string { return inNameID(s, "<![CDATA[") }),
	rewritten("CDATAEndAlone", fault.ResponseMalformed, func(s string) string { return inNameID(s, "]]>") }),
	rewritten("CDATAOutside", fault.ResponseMalformed, func(s string) string { return s + "<![CDATA[x]]>" }),

	// Encodings.
	rewritten("UTF7", fault.ResponseMalformed, before(`<?xml version="1.0" encoding="utf-7"?>`)),
	rewritten("Latin1", fault.ResponseMalformed, before(`<?xml version="1.0" encoding="ISO-8859-1"?>`)),
	rewritten("UTF16Declared", fault.ResponseMalformed, before(`<?xml version="1.0" encoding="UTF-16"?>`)),
	rewritten("EBCDICDeclared", fault.ResponseMalformed, before(`<?xml version="1.0" encoding="IBM037"?>`)),
	rewritten("UTF16", fault.ResponseMalformed, func(s string) string { return wide("\ufeff"+s, false) }),
	rewritten("UTF16WithoutMark", fault.ResponseMalformed, func(s string) string { return wide(s, true) }),
	rewritten("XML11", fault.ResponseMalformed, before(`<?xml version="1.1"?>`)),
	rewritten("TwoByteOrderMarks", fault.ResponseMalformed, before("\ufeff\ufeff")),
	rewritten("NotUTF8", fault.ResponseMalformed, func(s string) string { return inNameID(s, "\xff") }),
	rewritten("OverlongUTF8", fault.ResponseMalformed, func(s string) string { return inNameID(s, "\xc0\xbc") }),
	rewritten("ControlCharacter", fault.ResponseMalformed, func(s string) string { return inNameID(s, "\x01") }),
	rewritten("NullCharacter", fault.ResponseMalformed, func(s string) string { return s + "\x00" }),
	rewritten("NoCharacter", fault.ResponseMalformed, func(s string) string { return inNameID(s, "\uffff") }),

	// Names, namespaces and ids.
	rewritten("DuplicateAttribute", fault.ResponseMalformed, replaced(" Version=", ` Version="2.0" Version=`)),
	rewritten("DuplicateAttributeByNamespace", fault.ResponseMalformed, replaced("<saml:Subject>", `<saml:Subject xmlns:a="urn:x" xmlns:b="urn:x" a:c="1" b:c="2">`)),
	rewritten("DuplicateNamespace", fault.ResponseMalformed, replaced("<saml:Subject>", `<saml:Subject xmlns:a="urn:x" xmlns:a="urn:y">`)),
	rewritten("RelativeNamespace", fault.ResponseMalformed, replaced("<saml:Subject>", `<saml:Subject xmlns:ns="1">`)),
	rewritten("RelativeDefaultNamespace", fault.ResponseMalformed, replaced("<saml:Subject>", `<saml:Subject xmlns="../x">`)),
	rewritten("EmptyPrefixedNamespace", fault.ResponseMalformed, replaced("<saml:Subject>", `<saml:Subject xmlns:ns="">`)),
	rewritten("XMLPrefixRedefined", fault.ResponseMalformed, replaced("<saml:Subject>", `<saml:Subject xmlns:xml="urn:x">`)),
	rewritten("UnboundPrefix", fault.ResponseMalformed, replaced("<saml:Subject>", `<saml:Subject evil:x="1">`)),
	rewritten("ColonPrefix", fault.ResponseMalformed, replaced("<saml:Subject>", "<saml::Subject>")),
	rewritten("NoPrefixButColon", fault.ResponseMalformed, replaced("<saml:Subject>", `<saml:Subject :x="1">`)),
	rewritten("NotClosedAlike", fault.ResponseMalformed, replaced("</saml:NameID>", "</saml:Subject>")),
	rewritten("TagInAttribute", fault.ResponseMalformed, replaced("<saml:Subject>", `<saml:Subject x="<y>">`)),
	edited("DuplicateID", fault.ResponseMalformed, func(_ *IDP, r *Response) {
		r.Before = func(doc *etree.Element) { path(doc, "saml:Assertion").CreateAttr("ID", doc.SelectAttrValue("ID", "")) }
	}),
	edited("DuplicateXMLID", fault.ResponseMalformed, func(_ *IDP, r *Response) {
		r.Before = func(doc *etree.Element) {
			path(doc, "samlp:Status").CreateAttr("xml:id", path(doc, "saml:Assertion").SelectAttrValue("ID", ""))
		}
	}),
	edited("DuplicateSmallID", fault.ResponseMalformed, func(_ *IDP, r *Response) {
		r.After = func(doc *etree.Element) {
			eachSigned(doc, func(el, sig *etree.Element) { sig.CreateAttr("Id", el.SelectAttrValue("ID", "")) })
		}
	}),
	edited("NoID", fault.ResponseMalformed, func(_ *IDP, r *Response) {
		r.After = func(doc *etree.Element) { path(doc, "saml:Assertion").RemoveAttr("ID") }
	}),

	// What surrounds the document.
	rewritten("TrailingData", fault.ResponseMalformed, func(s string) string { return s + s }),
	rewritten("TrailingText", fault.ResponseMalformed, func(s string) string { return s + "x" }),
	rewritten("LeadingText", fault.ResponseMalformed, before("x")),
	rewritten("Unfinished", fault.ResponseMalformed, func(s string) string { return s[:len(s)-3] }),
	rewritten("NotXML", fault.ResponseMalformed, func(string) string { return "SAML is a nice idea" }),
	rewritten("HTML", fault.ResponseMalformed, func(string) string { return "<html><body>Gateway timeout</body></html>" }),
	rewritten("JSON", fault.ResponseMalformed, func(string) string { return `{"nameId":"` + Mallory + `"}` }),
	rewritten("Deflated", fault.ResponseMalformed, func(s string) string { return string(Deflate([]byte(s))) }),
	rewritten("EncodedTwice", fault.ResponseMalformed, func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }),
	forged("NotBase64", fault.ResponseMalformed, func(*IDP, Response) (string, error) { return "%%%", nil }),
	forged("Empty", fault.ResponseMalformed, func(*IDP, Response) (string, error) { return "", nil }),
}

// bombs are messages that are to cost as much as possible.
var bombs = []Forgery{
	rewritten("Oversized", fault.ResponseTooLarge, replaced("</samlp:Response>", strings.Repeat(" ", 600<<10)+"</samlp:Response>")),
	rewritten("TooManyElements", fault.ResponseTooLarge, replaced("</samlp:Response>", strings.Repeat("<a/>", 20_001)+"</samlp:Response>")),
	rewritten("TooDeep", fault.ResponseMalformed, replaced("</samlp:Response>", strings.Repeat("<a>", 900)+strings.Repeat("</a>", 900)+"</samlp:Response>")),
	rewritten("TooManyAttributes", fault.ResponseMalformed, replaced("<saml:Subject>", "<saml:Subject"+numbered(` a%d=""`, 1000)+">")),
	rewritten("TooManyNamespaces", fault.ResponseMalformed, func(s string) string {
		deep := ""
		for range 30 {
			deep += "<a" + numbered(` xmlns:n%d="urn:x"`, 30) + ">"
		}
		return strings.Replace(s, "</samlp:Response>", deep+strings.Repeat("</a>", 30)+"</samlp:Response>", 1)
	}),
	rewritten("EntityBomb", fault.ResponseMalformed, func(s string) string {
		return `<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>` + inNameID(s, "&c;")
	}),
	// One long namespace, to be repeated on each of many elements when they are
	// canonicalized.
	tampered("NamespaceAmplification", fault.SignatureInvalid, func(doc *etree.Element) {
		a := path(doc, "saml:Assertion")
		a.CreateAttr("xmlns:long", "urn:"+strings.Repeat("x", 50_000))
		list := a.CreateElement("saml:AttributeStatement")
		for range 4500 {
			list.CreateElement("long:a")
		}
	}),
	tampered("ManySignatures", fault.SignatureInvalid, func(doc *etree.Element) {
		eachSigned(doc, func(el, sig *etree.Element) {
			for range 60 {
				el.AddChild(sig.Copy())
			}
		})
	}),
	tampered("ManyIDs", fault.ResponseMalformed, func(doc *etree.Element) {
		extensions := etree.NewElement("samlp:Extensions")
		for n := range 2000 {
			extensions.CreateElement("a").CreateAttr("ID", fmt.Sprintf("_%d", n))
		}
		doc.InsertChildAt(1, extensions)
	}),
	signedAs("ManyTransforms", fault.SignatureInvalid, func(info *etree.Element) {
		for range 500 {
			transform(nsExclusive)(info)
		}
	}),
	signedAs("ManyReferences", fault.SignatureInvalid, func(info *etree.Element) {
		ref := path(info, "ds:Reference")
		for range 200 {
			info.AddChild(ref.Copy())
		}
	}),
	signedAs("LongPrefixList", fault.SignatureInvalid, func(info *etree.Element) {
		attrs(path(info, "ds:Reference", "ds:Transforms").ChildElements()[1].CreateElement("ec:InclusiveNamespaces"),
			"xmlns:ec", nsExclusive, "PrefixList", numbered("p%d ", 5000))
	}),
	resigned("LongSignatureValue", fault.SignatureInvalid, signatureValue(strings.Repeat("AAAA", 20_000))),
}

func before(prolog string) func(string) string { return func(s string) string { return prolog + s } }

func replaced(old, with string) func(string) string {
	return func(s string) string { return strings.Replace(s, old, with, 1) }
}

// inNameID puts something at the end of the NameID.
func inNameID(s, what string) string {
	return strings.Replace(s, "</saml:NameID>", what+"</saml:NameID>", 1)
}

func numbered(format string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// wide is UTF-16.
func wide(s string, little bool) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(s)) {
		if little {
			u = u<<8 | u>>8
		}
		b.WriteByte(byte(u >> 8))
		b.WriteByte(byte(u))
	}
	return b.String()
}

func rewritten(name string, want fault.Code, rewrite func(string) string) Forgery {
	return forged(name, want, func(i *IDP, r Response) (string, error) {
		r.Indent = 0
		packed, err := i.Respond(r)
		if err != nil {
			return "", err
		}
		raw, err := base64.StdEncoding.DecodeString(packed)
		if err != nil {
			return "", err
		}
		return base64.StdEncoding.EncodeToString([]byte(rewrite(string(raw)))), nil
	})
}

// foreignMessages are signed by the provider and are something else than a
// Response.
var foreignMessages = []Forgery{
	rewritten("RenamedToLogoutResponse", fault.ResponseMalformed, func(s string) string {
		return strings.ReplaceAll(s, "samlp:Response", "samlp:LogoutResponse")
	}),
	forged("LogoutRequest", fault.ResponseMalformed, func(i *IDP, r Response) (string, error) {
		return i.LogoutForm(Logout{Destination: r.ACSURL, NameID: r.NameID})
	}),
	forged("LogoutResponse", fault.ResponseMalformed, func(i *IDP, r Response) (string, error) {
		return i.LogoutForm(Logout{Destination: r.ACSURL, Answer: true, InResponseTo: r.InResponseTo})
	}),
	wrapped("BareAssertion", func(doc *etree.Element) *etree.Element { return standalone(path(doc, "saml:Assertion")) }),
	wrapped("ArtifactResponse", func(doc *etree.Element) *etree.Element { return around(doc, "samlp:ArtifactResponse", nsProtocol) }),
	wrapped("SOAPEnvelope", func(doc *etree.Element) *etree.Element {
		return around(around(doc, "soap:Body", "http://schemas.xmlsoap.org/soap/envelope/"), "soap:Envelope", "http://schemas.xmlsoap.org/soap/envelope/")
	}),
	wrapped("TokenResponse", func(doc *etree.Element) *etree.Element {
		return around(path(doc, "saml:Assertion"), "t:RequestSecurityTokenResponse", "http://schemas.xmlsoap.org/ws/2005/02/trust")
	}),
	wrapped("ResponseOfSAML1", func(doc *etree.Element) *etree.Element {
		doc.CreateAttr("xmlns:samlp", "urn:oasis:names:tc:SAML:1.0:protocol")
		return doc
	}),
	wrapped("ResponseOfNoNamespace", func(doc *etree.Element) *etree.Element {
		doc.Space = ""
		return doc
	}),
	wrapped("ResponseInSmallLetters", func(doc *etree.Element) *etree.Element {
		doc.Tag = "response"
		return doc
	}),
	forged("Metadata", fault.ResponseMalformed, func(i *IDP, _ Response) (string, error) {
		return base64.StdEncoding.EncodeToString(i.Metadata()), nil
	}),
	forged("AuthnRequest", fault.ResponseMalformed, func(i *IDP, r Response) (string, error) {
		return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, `<samlp:AuthnRequest xmlns:samlp="%s" ID="_a" Version="2.0" Destination="%s"/>`, nsProtocol, html.EscapeString(r.ACSURL))), nil
	}),
}

// wrapped is a genuine message made into something else.
func wrapped(name string, wrap func(doc *etree.Element) *etree.Element) Forgery {
	return forged(name, fault.ResponseMalformed, func(i *IDP, r Response) (string, error) {
		doc, err := i.document(r)
		if err != nil {
			return "", err
		}
		if path(doc, "saml:Assertion") == nil {
			return "", errShape
		}
		return encode(wrap(doc), 0)
	})
}

// around puts el into an element of its own.
func around(el *etree.Element, tag, space string) *etree.Element {
	outer := etree.NewElement(tag)
	prefix, _, _ := strings.Cut(tag, ":")
	attrs(outer, "xmlns:"+prefix, space, "ID", "_outer")
	outer.AddChild(standalone(el))
	return outer
}
