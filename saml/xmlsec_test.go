package saml_test

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/beevik/etree"

	"rollcall/saml"
)

// xmlsec is the other implementation of XML Signature and XML Encryption, in C
// on libxml2 and OpenSSL, under SimpleSAMLphp, pysaml2, Lasso and many others.
type xmlsec struct {
	testing.TB
	dir string
}

func newXMLSec(t testing.TB) xmlsec {
	t.Helper()
	if _, err := exec.LookPath("xmlsec1"); err != nil {
		const how = "xmlsec1 is not installed (Debian package xmlsec1): our signatures and encryption were NOT compared with another implementation"
		if os.Getenv("CI") == "true" {
			t.Fatal(how)
		}
		t.Skip(how)
	}
	return xmlsec{t, t.TempDir()}
}

func (x xmlsec) file(name string, content []byte) string {
	x.Helper()
	path := filepath.Join(x.dir, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		x.Fatal(err)
	}
	return path
}

func (x xmlsec) run(args ...string) ([]byte, error) {
	var out, problems bytes.Buffer
	cmd := exec.Command("xmlsec1", args...)
	cmd.Stdout, cmd.Stderr = &out, &problems
	err := cmd.Run()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, problems.String())
	}
	return out.Bytes(), err
}

// verify verifies the first Signature in doc, whose signed element is called
// name in the given namespace.
func (x xmlsec) verify(doc []byte, namespace, name string, cert *x509.Certificate) error {
	x.Helper()
	key := x.file("cert.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}))
	_, err := x.run("--verify", "--id-attr:ID", namespace+":"+name, "--pubkey-cert-pem", key, x.file("doc.xml", doc))
	return err
}

const (
	nsProtocol  = "urn:oasis:names:tc:SAML:2.0:protocol"
	nsAssertion = "urn:oasis:names:tc:SAML:2.0:assertion"
	nsMetadata  = "urn:oasis:names:tc:SAML:2.0:metadata"
)

// What we sign, xmlsec1 verifies, and notices when it was changed.
func TestXMLSecVerifiesOurs(t *testing.T) {
	x := newXMLSec(t)
	sp := signing()
	metadata, err := sp.SignedMetadata()
	if err != nil {
		t.Fatal(err)
	}
	posted := func(f saml.Form, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return []byte(unpacked(t, f.Fields[0].Value))
	}
	wish := saml.AuthnRequest{
		ID: requestID, IssueInstant: instant, Sign: true, ForceAuthn: true, ProviderName: `Acme & "Söhne" <x>`, LoginHint: "ada@acme.test",
		Context: &saml.AuthnContext{Classes: []string{saml.ClassRefedsMFA}, Comparison: saml.Minimum},
	}
	logout := saml.LogoutRequest{ID: "_l", IssueInstant: instant, NotOnOrAfter: instant, NameID: "a<&>\"'\t\nb", SessionIndexes: []string{"1", "2"}}
	for name, c := range map[string]struct {
		doc                []byte
		namespace, element string
	}{
		"metadata":       {metadata, nsMetadata, "EntityDescriptor"},
		"AuthnRequest":   {posted(sp.PostRequest("https://idp.example/sso?a=b&c=d", wish)), nsProtocol, "AuthnRequest"},
		"LogoutRequest":  {posted(sp.LogoutRequestForm("https://idp.example/slo", logout)), nsProtocol, "LogoutRequest"},
		"LogoutResponse": {posted(sp.LogoutResponseForm("https://idp.example/slo", saml.LogoutResponse{ID: "_r", IssueInstant: instant})), nsProtocol, "LogoutResponse"},
	} {
		if err := x.verify(c.doc, c.namespace, c.element, sp.SigningKeys[0].Certificate); err != nil {
			t.Errorf("%s: %v\n%s", name, err, c.doc)
		}
		changed := bytes.Replace(c.doc, []byte("rollcall.example"), []byte("rollcall.evil"), 1)
		if err := x.verify(changed, c.namespace, c.element, sp.SigningKeys[0].Certificate); err == nil {
			t.Errorf("%s: verified after a change", name)
		}
		if err := x.verify(c.doc, c.namespace, c.element, sp.SigningKeys[1].Certificate); err == nil {
			t.Errorf("%s: verified with another key", name)
		}
	}
}

// The query signature, checked by OpenSSL's rules rather than by ours.
func TestQuerySignature(t *testing.T) {
	sp := signing()
	address, err := sp.RedirectRequest("https://idp.example/sso?idpid=1", saml.AuthnRequest{ID: requestID, IssueInstant: instant, RelayState: "r/1 2", Sign: true})
	if err != nil {
		t.Fatal(err)
	}
	_, query, _ := strings.Cut(address, "idpid=1&")
	signed, value, ok := strings.Cut(query, "&Signature=")
	if !ok || !strings.HasPrefix(signed, "SAMLRequest=") || !strings.Contains(signed, "&RelayState=r%2F1+2&SigAlg=http%3A%2F%2Fwww.w3.org%2F2001%2F04%2Fxmldsig-more%23rsa-sha256") {
		t.Fatalf("query %s", query)
	}
	plain, err := url.QueryUnescape(value)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := base64.StdEncoding.DecodeString(plain)
	if err != nil {
		t.Fatal(err)
	}
	if err := sp.SigningKeys[0].Certificate.CheckSignature(x509.SHA256WithRSA, []byte(signed), raw); err != nil {
		t.Error(err)
	}
	if _, doc := request(t, address); strings.Contains(doc, "Signature") {
		t.Error("an XML signature travels in an address")
	}
}

// template is a Signature for xmlsec1 to fill in.
const template = `<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="%[2]s"/>
  <ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-%[3]s"/>
  <ds:Reference URI="#%[1]s"><ds:Transforms>
    <ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>
    <ds:Transform Algorithm="%[2]s">%[4]s</ds:Transform></ds:Transforms>
    <ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#%[3]s"/><ds:DigestValue/></ds:Reference></ds:SignedInfo><ds:SignatureValue/></ds:Signature>`

// oddities are things that a serializer may write in many ways and that
// canonicalization has to make one: line ends, escapes, CDATA, comments where
// they are allowed, white space in tags and values, attributes out of order,
// namespaces that come, go and change.
const oddities = `<saml:AttributeStatement
   xmlns:z="urn:z"  xmlns:b="urn:b" xmlns="urn:default" >` + "\r\n\t" + `<saml:Attribute	Name='grou&quot;ps'
   z:odd = "2" b:odd='1' xml:lang="en" FriendlyName="line&#10;tab&#9;ret&#13;quote&quot;&lt;&gt;&amp;" >
<saml:AttributeValue xmlns:x="urn:x1"><x:v  >&lt;&#x41;&amp;]] &gt;</x:v><v xmlns=""><w xmlns="urn:w"><v xmlns=""/></w></v><x:v xmlns:x="urn:x2" x:a="1"/></saml:AttributeValue><saml:AttributeValue
>a<![CDATA[<b>&amp;]]>c&#13;ü&#x1F600;</saml:AttributeValue><saml:AttributeValue/><saml:AttributeValue   ></saml:AttributeValue  ></saml:Attribute><!-- a comment --></saml:AttributeStatement>`

// What xmlsec1 signs, we verify: with the canonicalization that libxml2 does.
func TestXMLSecSigns(t *testing.T) {
	x := newXMLSec(t)
	idp := newIDP(t)
	der, err := x509.MarshalPKCS8PrivateKey(idp.Key)
	if err != nil {
		t.Fatal(err)
	}
	key := x.file("key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	r := good()
	r.Unsigned = true
	plain := strings.Replace(unpacked(t, respond(t, idp, r)), "</saml:Assertion>", oddities+"</saml:Assertion>", 1)
	// An attribute and a namespace on the outermost element that matter for the
	// inclusive method only.
	plain = strings.Replace(plain, "<samlp:Response ", `<samlp:Response xml:lang="de" xml:space="preserve" xml:id="outermost" xmlns:outer="urn:outer" `, 1)
	const (
		exclusive   = "http://www.w3.org/2001/10/xml-exc-c14n#"
		inclusive   = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
		inclusive11 = "http://www.w3.org/2006/12/xml-c14n11"
		prefixes    = `<ec:InclusiveNamespaces xmlns:ec="http://www.w3.org/2001/10/xml-exc-c14n#" PrefixList="xs outer #default z"/>`
	)
	signed := 0
	for _, method := range [][2]string{
		{exclusive, ""}, {exclusive, prefixes}, {inclusive, ""}, {inclusive11, ""},
		{exclusive + "WithComments", ""}, {inclusive + "#WithComments", ""}, {inclusive11 + "#WithComments", ""},
	} {
		plain := plain
		if strings.HasSuffix(method[0], "WithComments") {
			plain = strings.Replace(plain, "<!-- a comment -->", "", 1)
		}
		for _, hash := range []string{"sha256", "sha512"} {
			for _, element := range []string{"Assertion", "Response"} {
				doc := etree.NewDocument()
				if err := doc.ReadFromString(plain); err != nil {
					t.Fatal(err)
				}
				id := doc.FindElement("//"+element).SelectAttrValue("ID", "")
				namespace := map[string]string{"Assertion": nsAssertion, "Response": nsProtocol}[element]
				sig := fmt.Sprintf(template, id, method[0], hash, method[1])
				issuer := "<saml:Issuer>" + idp.EntityID + "</saml:Issuer>"
				n := strings.Index(plain, issuer) + len(issuer)
				if element == "Assertion" {
					n = strings.LastIndex(plain, issuer) + len(issuer)
				}
				out, err := x.run("--sign", "--id-attr:ID", namespace+":"+element, "--privkey-pem", key, x.file("template.xml", []byte(plain[:n]+sig+plain[n:])))
				if err != nil {
					t.Fatal(err)
				}
				e := expecting(idp)
				e.Provider.AllowInclusiveC14N = !strings.HasPrefix(method[0], exclusive)
				a := accept(t, packed(string(out)), e)
				want := []string{"<A&]] >", "a<b>&amp;c\rü\U0001F600", "", ""}
				if got := a.Values("grou\"ps"); a.NameID != "ada@acme.test" || strings.Join(got, "|") != strings.Join(want, "|") {
					t.Errorf("%s, %s, %s: read %q", element, method[0], hash, got)
				}
				refuse(t, packed(strings.Replace(string(out), "]] &gt;", "]]  &gt;", 1)), e, "signature_invalid")
				if !strings.HasPrefix(method[0], exclusive) {
					refuse(t, packed(string(out)), expecting(idp), "signature_invalid")
				}
				if strings.HasSuffix(method[0], "WithComments") {
					refuse(t, packed(strings.Replace(string(out), "<saml:Subject>", "<saml:Subject><!-- kept by some -->", 1)), e, "signature_invalid")
				}
				signed++
			}
		}
	}
	if signed != 28 {
		t.Errorf("%d messages", signed)
	}
}

// What xmlsec1 encrypts, we decrypt.
func TestXMLSecEncrypts(t *testing.T) {
	x := newXMLSec(t)
	idp := newIDP(t)
	message := unpacked(t, respond(t, idp, good()))
	from, to := strings.Index(message, "<saml:Assertion"), strings.Index(message, "</saml:Assertion>")+len("</saml:Assertion>")
	for _, cipher := range []string{"http://www.w3.org/2009/xmlenc11#aes128-gcm", "http://www.w3.org/2009/xmlenc11#aes256-gcm", "http://www.w3.org/2001/04/xmlenc#aes128-cbc", "http://www.w3.org/2001/04/xmlenc#aes256-cbc"} {
		for _, digest := range []string{"", `<ds:DigestMethod Algorithm="http://www.w3.org/2000/09/xmldsig#sha1"/>`} {
			data := x.encrypt(message[from:to], cipher, digest)
			e := decrypting(idp)
			e.Provider.AllowCBC = true
			if a := accept(t, packed(message[:from]+"<saml:EncryptedAssertion>"+data+"</saml:EncryptedAssertion>"+message[to:]), e); a.NameID != "ada@acme.test" || a.DecryptionKeyID != "key-now" {
				t.Errorf("%s: read %+v", cipher, a)
			}
		}
	}
}

// encrypt makes an EncryptedData out of an element that stands by itself.
func (x xmlsec) encrypt(element, cipher, digest string) string {
	x.Helper()
	cert := x.file("sp.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ourKeys()[0].Certificate.Raw}))
	bits := "128"
	if strings.Contains(cipher, "256") {
		bits = "256"
	}
	out, err := x.run("--encrypt", "--pubkey-cert-pem", cert, "--session-key", "aes-"+bits, "--xml-data", x.file("assertion.xml", []byte(element)),
		x.file("template.xml", fmt.Appendf(nil, `<xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#" Type="http://www.w3.org/2001/04/xmlenc#Element">
<xenc:EncryptionMethod Algorithm="%s"/><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><xenc:EncryptedKey>
<xenc:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p">%s</xenc:EncryptionMethod><xenc:CipherData><xenc:CipherValue/></xenc:CipherData>
</xenc:EncryptedKey></ds:KeyInfo><xenc:CipherData><xenc:CipherValue/></xenc:CipherData></xenc:EncryptedData>`, cipher, digest)))
	if err != nil {
		x.Fatalf("%v\n%s", err, element)
	}
	_, data, _ := strings.Cut(string(out), "?>")
	return data
}

// signing is acme with two signing keys, the present and the next one.
func signing() saml.ServiceProvider {
	sp := acme
	sp.LogoutURL = "https://rollcall.example/saml/acme/logout"
	sp.SigningKeys = slices.Clone(ourKeys())
	return sp
}
