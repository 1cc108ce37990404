package saml_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	crand "crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/rand"
	"strings"
	"testing"
	"time"

	"rollcall/saml"
)

// The responses below are all legal and all different: built as text, without
// idptest, and signed by xmlsec1. Whatever a product may write in another way
// than ours does is drawn by lot, from a fixed seed.

// variety draws.
type variety struct {
	*rand.Rand
	protocol, assertion, signature string // prefixes, with the colon
	gap                            string // white space between elements
	signer                         signer
	encrypted                      bool
	comments                       int // how many remarks there are
}

// signer is a key of some kind with its certificate.
type signer struct {
	method string // the signature algorithm without the hash
	file   string
	cert   *x509.Certificate
}

// signers are keys of all kinds that a certificate may have.
func signers(x xmlsec) []signer {
	x.Helper()
	var out []signer
	add := func(method string, key crypto.Signer, err error) {
		x.Helper()
		if err != nil {
			x.Fatal(err)
		}
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			x.Fatal(err)
		}
		file := x.file(fmt.Sprintf("key%d.pem", len(out)), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
		out = append(out, signer{method, file, selfSigned(x, key, instant.Add(-time.Hour), instant.AddDate(1, 0, 0))})
	}
	for _, bits := range []int{2048, 3072, 4096} {
		key, err := rsa.GenerateKey(crand.Reader, bits)
		add("rsa", key, err)
	}
	for _, curve := range []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		key, err := ecdsa.GenerateKey(curve, crand.Reader)
		add("ecdsa", key, err)
	}
	return out
}

func (v *variety) pick(of ...string) string { return of[v.Intn(len(of))] }
func (v *variety) maybe(s string) string    { return v.pick(s, "") }

// attrs writes attributes in any order.
func (v *variety) attrs(list ...string) string {
	v.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	out := ""
	for _, a := range list {
		if a != "" {
			out += v.pick(" ", "  ", "\n   ") + a
		}
	}
	return out
}

// list puts elements after each other, with white space and remarks.
func (v *variety) list(elements ...string) string {
	out := v.gap
	for _, e := range elements {
		if e == "" {
			continue
		}
		out += e + v.gap
		if v.Intn(12) == 0 {
			v.comments++
			out += "<!-- a remark with <tags> & more -->" + v.gap
		}
	}
	return out
}

// time writes an instant in one of the forms of xs:dateTime.
func (v *variety) time(t time.Time) string {
	switch v.Intn(7) {
	case 0:
		return t.In(time.FixedZone("", 2*3600)).Format("2006-01-02T15:04:05.000-07:00")
	case 1:
		return t.In(time.FixedZone("", -19800)).Format("2006-01-02T15:04:05-07:00")
	case 2:
		return t.Format("2006-01-02T15:04:05.0000000Z")
	case 3:
		return t.Format("2006-01-02T15:04:05.000000000000Z")
	case 4:
		return t.Format("2006-01-02T15:04:05+00:00")
	case 5:
		return t.Format("2006-01-02T15:04:05.000Z")
	}
	return t.Format("2006-01-02T15:04:05Z")
}

// issuer is the Issuer of either element.
func (v *variety) issuer(name string) string {
	return "<" + v.assertion + "Issuer" + v.declared() + v.maybe(` Format="urn:oasis:names:tc:SAML:2.0:nameid-format:entity"`) + ">" + v.maybe("\n ") + name + v.maybe("\n ") + "</" + v.assertion + "Issuer>"
}

// declared declares the namespace of assertions where that is needed.
func (v *variety) declared() string {
	if v.assertion == "" {
		return ` xmlns="` + nsAssertion + `"`
	}
	return ""
}

// template is a Signature for xmlsec1 to fill in.
func (v *variety) template(id string, cert *x509.Certificate) string {
	s := v.signature
	el := func(name, attrs, content string) string {
		if content == "" && v.Intn(2) == 0 {
			return "<" + s + name + attrs + "/>"
		}
		return "<" + s + name + attrs + ">" + content + "</" + s + name + ">"
	}
	prefixes := v.maybe(`<ec:InclusiveNamespaces xmlns:ec="http://www.w3.org/2001/10/xml-exc-c14n#" PrefixList="` + v.pick("xs", "#default xs saml", "xsi xs ds p") + `"/>`)
	exclusive := "http://www.w3.org/2001/10/xml-exc-c14n#"
	if v.comments == 0 {
		exclusive += v.maybe("WithComments")
	}
	c14n := ` Algorithm="` + exclusive + `"`
	digest := v.pick("http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2001/04/xmldsig-more#sha384", "http://www.w3.org/2001/04/xmlenc#sha512")
	method := "http://www.w3.org/2001/04/xmldsig-more#" + v.signer.method + "-" + v.pick("sha256", "sha384", "sha512")
	info := el("SignedInfo", v.maybe(` Id="si-`+id+`"`), v.list(
		el("CanonicalizationMethod", c14n, v.maybe(prefixes)),
		el("SignatureMethod", ` Algorithm="`+method+`"`, ""),
		el("Reference", v.attrs(`URI="#`+id+`"`, v.maybe(`Id="r-`+id+`"`)), v.gap+
			el("Transforms", "", v.gap+el("Transform", ` Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"`, "")+v.gap+el("Transform", c14n, prefixes)+v.gap)+v.gap+
			el("DigestMethod", ` Algorithm="`+digest+`"`, "")+v.gap+el("DigestValue", "", "")+v.gap)))
	// Comments have no place in a Signature.
	for {
		before, after, found := strings.Cut(info, "<!--")
		if !found {
			break
		}
		_, after, _ = strings.Cut(after, "-->")
		info = before + after
	}
	shown := el("X509Certificate", "", base64.StdEncoding.EncodeToString(cert.Raw))
	key := v.pick("", el("KeyName", "", "idp"), el("X509Data", "", v.gap+shown+v.gap), el("KeyName", "", "idp")+el("X509Data", "", shown),
		el("X509Data", "", el("X509SubjectName", "", "CN=idp")+shown), el("X509Data", "", shown)+el("X509Data", "", shown),
		`<o:SecurityTokenReference xmlns:o="urn:o"><o:Reference URI="#x"/></o:SecurityTokenReference>`)
	if key != "" {
		key = el("KeyInfo", v.maybe(` Id="k-`+id+`"`), v.gap+key+v.gap)
	}
	declaration := ` xmlns="` + nsSignatureName + `"`
	if s != "" {
		declaration = ` xmlns:` + strings.TrimSuffix(s, ":") + `="` + nsSignatureName + `"`
	}
	return "<" + s + "Signature" + v.attrs(strings.TrimSpace(declaration), v.maybe(`Id="s-`+id+`"`)) + ">" + v.gap + info + v.gap + el("SignatureValue", v.maybe(` Id="v-`+id+`"`), "") + v.gap + key + v.gap + "</" + s + "Signature>"
}

const nsSignatureName = "http://www.w3.org/2000/09/xmldsig#"

// response writes a Response with the places SIGN-R and SIGN-A for signatures.
func (v *variety) response(idp string) string {
	a, p := v.assertion, v.protocol
	until, from := instant.Add(5*time.Minute), instant.Add(-5*time.Minute)
	typed := func(typ, value string) string {
		if v.Intn(4) == 0 { // with other prefixes, the schema's being the default one
			return "<z:AttributeValue" + v.attrs(`xmlns:z="`+nsAssertion+`"`, `xmlns:i="http://www.w3.org/2001/XMLSchema-instance"`, `xmlns="http://www.w3.org/2001/XMLSchema"`, `i:type="`+strings.TrimPrefix(typ, "xs:")+`"`) + ">" + value + "</z:AttributeValue>"
		}
		return "<" + a + `AttributeValue xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"` + v.attrs(`xsi:type="`+typ+`"`, v.maybe(`xml:lang="en"`)) + ">" + value + "</" + a + "AttributeValue>"
	}
	attribute := func(name string, values ...string) string {
		return "<" + a + "Attribute" + v.attrs(`Name="`+name+`"`, v.maybe(`NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:`+v.pick("basic", "uri", "unspecified")+`"`), v.maybe(`FriendlyName="`+name+`-friend"`), v.maybe(`xmlns:x500="urn:oasis:names:tc:SAML:2.0:profiles:attribute:X500" x500:Encoding="LDAP"`)) + ">" + v.list(values...) + "</" + a + "Attribute>"
	}
	plain := func(value string) string { return "<" + a + "AttributeValue>" + value + "</" + a + "AttributeValue>" }
	attributes := []string{
		attribute(v.pick("email", "EMail", "urn:oid:0.9.2342.19200300.100.1.3", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"), v.pick(plain("ada@acme&#46;test")+plain("second@acme.test"), typed("xs:string", " ada@acme.test\n"), typed("xs:string", "ada@acme.test"), plain("ada@acme.test"), typed("xs:anyType", "<![CDATA[ada@acme.test]]>"), typed("xs:string", "ada&#64;acme.test"))),
		attribute("groups", v.list(typed("xs:string", "R&amp;D"), plain("&#x1F600; ü"), plain("a\tb")), "<"+a+`AttributeValue xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="`+v.pick("true", "1")+`"/>`),
		v.maybe(attribute("empty")), v.maybe(attribute("blank", plain(""), "<"+a+"AttributeValue/>")),
		v.maybe(attribute("urn:oid:1.3.6.1.4.1.5923.1.1.1.10", plain("<"+a+`NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent" NameQualifier="q">opaque</`+a+"NameID>"))),
		v.maybe(attribute("age", typed("xs:integer", "42"), typed("xs:boolean", "true"), typed("xs:dateTime", "2026-01-01T00:00:00Z"))),
		v.maybe(attribute("structure", plain(`<x:a xmlns:x="urn:x" x:b="c"><x:d/>text</x:a>`))),
	}
	v.Shuffle(len(attributes), func(i, j int) { attributes[i], attributes[j] = attributes[j], attributes[i] })
	statement := func(list []string) string {
		return "<" + a + "AttributeStatement>" + v.list(list...) + "</" + a + "AttributeStatement>"
	}
	var statements []string
	if n := v.Intn(len(attributes)); v.Intn(2) == 0 && n > 0 {
		statements = []string{statement(attributes[:n]), statement(attributes[n:])}
	} else {
		statements = []string{statement(attributes)}
	}
	data := func(end time.Time, to string) string {
		return "<" + a + "SubjectConfirmationData" + v.attrs(`NotOnOrAfter="`+v.time(end)+`"`, `Recipient="`+to+`"`, `InResponseTo="`+requestID+`"`, v.maybe(`Address="192.0.2.1"`), v.maybe(`xmlns:o="urn:o" o:more="1"`)) + "/>"
	}
	holder := "<" + a + `SubjectConfirmationData xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:t="` + nsAssertion + `" xsi:type="t:KeyInfoConfirmationDataType"><k:KeyInfo xmlns:k="` + nsSignatureName + `"><k:KeyName>x</k:KeyName></k:KeyInfo></` + a + "SubjectConfirmationData>"
	confirmation := func(method, inside string) string {
		return "<" + a + `SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:` + method + `">` + v.gap + inside + v.gap + "</" + a + "SubjectConfirmation>"
	}
	confirmations := []string{
		confirmation("bearer", v.maybe("<"+a+"NameID>proxy</"+a+"NameID>"+v.gap)+data(until, acme.ACSURL)), v.maybe(confirmation("sender-vouches", "")), v.maybe(confirmation("holder-of-key", holder)),
		v.maybe(confirmation("bearer", data(from, acme.ACSURL))), v.maybe(confirmation("bearer", data(until, "https://other.test/acs"))),
	}
	v.Shuffle(len(confirmations), func(i, j int) { confirmations[i], confirmations[j] = confirmations[j], confirmations[i] })
	audience := func(s string) string { return "<" + a + "Audience>" + s + "</" + a + "Audience>" }
	restriction := func(list ...string) string {
		v.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		return "<" + a + "AudienceRestriction>" + v.list(list...) + "</" + a + "AudienceRestriction>"
	}
	conditions := "<" + a + "Conditions" + v.attrs(v.maybe(`NotBefore="`+v.time(from)+`"`), v.maybe(`NotOnOrAfter="`+v.time(until)+`"`)) + ">" +
		v.list(restriction(audience(acme.EntityID), v.maybe(audience("https://other.test")), v.maybe(audience("urn:another"))), v.maybe(restriction(audience(acme.EntityID))),
			v.maybe("<"+a+"OneTimeUse/>"), v.maybe("<"+a+`ProxyRestriction Count="0"><`+a+"Audience>urn:next</"+a+"Audience></"+a+"ProxyRestriction>")) + "</" + a + "Conditions>"
	context := v.pick("<"+a+"AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</"+a+"AuthnContextClassRef>", "<"+a+"AuthnContextDeclRef>urn:decl</"+a+"AuthnContextDeclRef>",
		"<"+a+"AuthnContextClassRef>urn:c</"+a+"AuthnContextClassRef>"+v.gap+"<"+a+"AuthnContextDecl><d:x xmlns:d=\"urn:d\"/></"+a+"AuthnContextDecl>")
	authn := "<" + a + "AuthnStatement" + v.attrs(`AuthnInstant="`+v.time(from)+`"`, v.maybe(`SessionIndex="_s"`), v.maybe(`SessionNotOnOrAfter="`+v.time(instant.Add(time.Hour))+`"`)) + ">" +
		v.list(v.maybe("<"+a+`SubjectLocality Address="192.0.2.7" DNSName="pc"/>`), "<"+a+"AuthnContext>"+v.gap+context+v.gap+v.maybe("<"+a+"AuthenticatingAuthority>https://up.test</"+a+"AuthenticatingAuthority>")+"</"+a+"AuthnContext>") + "</" + a + "AuthnStatement>"
	decision := "<" + a + `AuthzDecisionStatement Resource="urn:r" Decision="Permit"><` + a + `Action Namespace="urn:ns">read</` + a + "Action></" + a + "AuthzDecisionStatement>"
	body := append([]string{authn, v.maybe(authn), v.maybe(decision)}, statements...)
	v.Shuffle(len(body), func(i, j int) { body[i], body[j] = body[j], body[i] })
	name := "<" + a + "NameID" + v.attrs(v.pick("", `Format="`+saml.FormatEmailAddress+`"`, `Format="`+saml.FormatPersistent+`"`, `Format="`+saml.FormatUnspecified+`"`, `Format="urn:x:custom"`), v.maybe(`NameQualifier="`+idp+`"`), v.maybe(`SPNameQualifier="`+acme.EntityID+`"`), v.maybe(`SPProvidedID="77"`)) + ">" +
		v.pick("ada@acme.test", "\n  ada@acme.test\n ", "ada&#x40;acme.test", "<![CDATA[ada@acme.test]]>") + "</" + a + "NameID>"
	subject := "<" + a + "Subject>" + v.list(append([]string{name}, confirmations...)...) + "</" + a + "Subject>"
	own := v.maybe(`xmlns:xs="http://www.w3.org/2001/XMLSchema"`)
	switch {
	case a == "":
		own += ` xmlns="` + nsAssertion + `"`
	case v.encrypted: // so that it stands by itself
		own += ` xmlns:` + strings.TrimSuffix(a, ":") + `="` + nsAssertion + `"`
	}
	assertion := "<" + a + "Assertion" + v.attrs(own, `ID="_a.1-b"`, `Version="2.0"`, `IssueInstant="`+v.time(instant)+`"`) + ">" + v.gap + v.issuer(idp) + v.gap + "SIGN-A" +
		v.list(append([]string{subject, conditions, v.maybe("<" + a + "Advice><" + a + "AssertionIDRef>_x</" + a + "AssertionIDRef></" + a + "Advice>")}, body...)...) + "</" + a + "Assertion>"
	declarations := `xmlns:` + strings.TrimSuffix(p, ":") + `="` + nsProtocol + `"`
	if p == "" {
		declarations = `xmlns="` + nsProtocol + `"`
	}
	if a != "" {
		declarations += ` xmlns:` + strings.TrimSuffix(a, ":") + `="` + nsAssertion + `"`
	}
	status := "<" + p + "Status>" + v.gap + "<" + p + `StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/>` + v.maybe("<"+p+"StatusMessage>Fine &amp; good</"+p+"StatusMessage>") + v.maybe("<"+p+`StatusDetail><x:y xmlns:x="urn:x"/></`+p+"StatusDetail>") + "</" + p + "Status>"
	return "<" + p + "Response" + v.attrs(declarations, `ID="id.7-x"`, `Version="2.0"`, `IssueInstant="`+v.time(instant)+`"`, `Destination="`+acme.ACSURL+`"`, v.maybe(`Consent="urn:oasis:names:tc:SAML:2.0:consent:`+v.pick("unspecified", "obtained")+`"`), `InResponseTo="`+requestID+`"`) + ">" +
		v.gap + v.issuer(idp) + v.gap + "SIGN-R" + v.gap + v.maybe("<"+p+`Extensions><x:e xmlns:x="urn:x" a="b"/></`+p+"Extensions>"+v.gap) + status + v.gap + assertion + v.gap + "</" + p + "Response>"
}

// dressed changes a signed document in ways that no canonicalization sees.
func (v *variety) dressed(doc string) string {
	if _, after, found := strings.Cut(doc, "?>"); found {
		doc = strings.TrimSpace(after)
	}
	if v.Intn(3) == 0 {
		doc = strings.ReplaceAll(doc, "\n", "\r\n")
	}
	return v.pick("", "\ufeff") + v.pick("", `<?xml version="1.0" encoding="UTF-8"?>`, "<?xml version='1.0' encoding='utf-8' standalone='no' ?>\n", `<?xml version="1.0"?>`+"<!-- made by hand --><?style sheet?>\n") +
		doc + v.maybe("\n") + v.maybe("<!-- the end -->")
}

func TestVariety(t *testing.T) {
	x, idp := newXMLSec(t), newIDP(t)
	keys := signers(x)
	for seed := range varieties {
		v := &variety{Rand: rand.New(rand.NewSource(int64(seed)))}
		v.protocol, v.assertion, v.signature = v.pick("samlp:", "saml2p:", "", "p:"), v.pick("saml:", "saml2:", "", "a-b.c:"), v.pick("ds:", "", "dsig:")
		v.gap = v.pick("", "\n  ", " ", "\n\n\t")
		v.signer, v.encrypted = keys[v.Intn(len(keys))], v.Intn(3) == 0
		sign := func(doc, path string) string {
			out, err := x.run("--sign", "--id-attr:ID", nsProtocol+":Response", "--id-attr:ID", nsAssertion+":Assertion", "--privkey-pem", v.signer.file, "--node-xpath", path, x.file("in.xml", []byte(doc)))
			if err != nil {
				t.Fatalf("%v\n%s", err, doc)
			}
			return string(out)
		}
		doc := v.response(idp.EntityID)
		form := v.Intn(3)
		if form != 1 {
			doc = sign(strings.Replace(doc, "SIGN-A", v.template("_a.1-b", v.signer.cert), 1), "//*[local-name()='Assertion']/*[local-name()='Signature']")
		}
		doc = strings.Replace(doc, "SIGN-A", "", 1)
		if v.encrypted {
			doc = v.sealed(x, doc)
		}
		if form != 0 {
			doc = sign(strings.Replace(doc, "SIGN-R", v.template("id.7-x", v.signer.cert), 1), "/*/*[local-name()='Signature']")
		}
		doc = v.dressed(strings.Replace(doc, "SIGN-R", "", 1))
		idp.Certificate = v.signer.cert
		expected := decrypting(idp)
		expected.Provider.AllowCBC = true
		a, refusal := judge(packed(doc), expected)
		if refusal != nil {
			t.Errorf("seed %d: %v\n%s", seed, refusal, doc)
			continue
		}
		person := whole(a)
		if a.NameID != "ada@acme.test" || a.Email != "ada@acme.test" || fmt.Sprintf("%q", a.Values("groups")) != `["R&D" "😀 ü" "a\tb"]` {
			t.Errorf("seed %d: read %s", seed, person)
		}
		if info, err := gosaml(idp, packed(doc)); err == nil && info.NameID != a.NameID {
			t.Errorf("seed %d: gosaml2 reads %q", seed, info.NameID)
		}
		// Whatever is changed, nobody else comes out.
		for range 40 {
			changed := v.changed(doc)
			if b, _ := judge(packed(changed), expected); b != nil && whole(b) != person {
				t.Errorf("seed %d: read %s and not %s out of\n%s", seed, whole(b), person, changed)
			}
		}
	}
}

// sealed encrypts the assertion where it stands.
func (v *variety) sealed(x xmlsec, doc string) string {
	from := strings.Index(doc, "<"+v.assertion+"Assertion")
	to := strings.Index(doc, "</"+v.assertion+"Assertion>") + len("</"+v.assertion+"Assertion>")
	cipher := v.pick("http://www.w3.org/2009/xmlenc11#aes", "http://www.w3.org/2001/04/xmlenc#aes") + v.pick("128", "256")
	if strings.Contains(cipher, "xmlenc11") {
		cipher += "-gcm"
	} else {
		cipher += "-cbc"
	}
	data := x.encrypt(doc[from:to], cipher, v.maybe(`<ds:DigestMethod Algorithm="http://www.w3.org/2000/09/xmldsig#sha1"/>`))
	around := "<" + v.assertion + "EncryptedAssertion" + v.declared() + ">" + v.gap
	return doc[:from] + around + data + v.gap + "</" + v.assertion + "EncryptedAssertion>" + doc[to:]
}

// whole is all that an assertion says about a person.
func whole(a *saml.Assertion) string {
	return fmt.Sprintf("%q %q %q %q %v %q %v", a.ID, a.NameID, a.NameIDFormat, a.Email, a.Attributes, a.SessionIndex, a.AuthnContextClasses)
}

// changed is a document with one change.
func (v *variety) changed(doc string) string {
	at := v.Intn(len(doc))
	end := min(len(doc), at+1+v.Intn(60))
	switch v.Intn(5) {
	case 0:
		return doc[:at] + string(rune(' '+v.Intn(95))) + doc[at+1:]
	case 1:
		return doc[:at] + doc[end:]
	case 2:
		return doc[:end] + doc[at:end] + doc[end:]
	case 3:
		return doc[:at] + v.pick("<!-- x -->", "<![CDATA[x]]>", "&amp;", " ", "\n", "<x/>", "x") + doc[at:]
	}
	// One element for another one.
	from := strings.LastIndexByte(doc[:at+1], '<')
	to := strings.LastIndexByte(doc[:end], '<')
	if from < 0 || to <= from {
		return doc[:at] + doc[end:]
	}
	return doc[:from] + doc[to:end] + doc[from:to] + doc[end:]
}

// varieties is how many responses are drawn.
const varieties = 40
