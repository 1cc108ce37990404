package saml_test

import (
	"crypto/tls"
	"crypto/x509"
	"strings"
	"testing"

	"github.com/beevik/etree"
	saml2 "github.com/russellhaering/gosaml2"
	dsig "github.com/russellhaering/goxmldsig"

	"rollcall/internal/idptest"
	"rollcall/saml"
)

// gosaml reads a message with gosaml2, set up as its documentation says, but
// for the deprecated field: with what replaces it, it decrypts nothing.
func gosaml(idp *idptest.IDP, message string) (*saml2.AssertionInfo, error) {
	sp := &saml2.SAMLServiceProvider{
		IdentityProviderIssuer:      idp.EntityID,
		AssertionConsumerServiceURL: acme.ACSURL,
		AudienceURI:                 acme.EntityID,
		IDPCertificateStore:         &dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{idp.Certificate}},
		Clock:                       dsig.NewFakeClockAt(instant),
		AllowMissingAttributes:      true,
		SPKeyStore:                  dsig.TLSCertKeyStore(tls.Certificate{Certificate: [][]byte{ourKeys()[0].Certificate.Raw}, PrivateKey: ourKeys()[0].Private}),
	}
	return sp.RetrieveAssertionInfo(message)
}

// Where both accept, both must read the same person.
func TestSecondOpinion(t *testing.T) {
	idp := newIDP(t)
	both := 0
	for name, edit := range map[string]func(*idptest.Response){
		"assertion":              func(r *idptest.Response) {},
		"response":               func(r *idptest.Response) { r.SignAssertion, r.SignResponse = false, true },
		"both":                   func(r *idptest.Response) { r.SignResponse = true },
		"no KeyInfo":             func(r *idptest.Response) { r.Signing.KeyInfo = idptest.KeyInfoNone },
		"PrefixList":             func(r *idptest.Response) { r.Signing.PrefixList = "xs" },
		"signature last":         func(r *idptest.Response) { r.Signing.Last = true },
		"attributes":             func(r *idptest.Response) { r.Attributes = []idptest.Attribute{at("groups", "a", "b")} },
		"encrypted":              func(r *idptest.Response) { r.Encrypt = sealed().Encrypt },
		"encrypted, 128 bits":    func(r *idptest.Response) { r.Encrypt = sealed().Encrypt; r.Encrypt.Content = "aes128-gcm" },
		"encrypted, CBC":         func(r *idptest.Response) { r.Encrypt = sealed().Encrypt; r.Encrypt.Content = "aes256-cbc" },
		"encrypted, key beside":  func(r *idptest.Response) { r.Encrypt = sealed().Encrypt; r.Encrypt.Beside = true },
		"encrypted, both signed": func(r *idptest.Response) { r.Encrypt, r.SignResponse = sealed().Encrypt, true },
		"CDATA": func(r *idptest.Response) {
			r.After = func(doc *etree.Element) { doc.FindElement("//saml:NameID").SetCData("ada@acme.test") }
		},
	} {
		r := good()
		edit(&r)
		message := respond(t, idp, r)
		info, err := gosaml(idp, message)
		if err != nil {
			t.Errorf("%s: gosaml2 refuses: %v", name, err)
			continue
		}
		e := decrypting(idp)
		e.Provider.AllowCBC = true
		a := accept(t, message, e)
		if a.NameID != info.NameID || len(a.Values("groups")) != len(info.Values.GetAll("groups")) {
			t.Errorf("%s: we read %q, gosaml2 reads %q", name, a.NameID, info.NameID)
		}
		both++
	}
	if both == 0 {
		t.Error("they never agreed")
	}
}

// Over the forgeries the two may differ in what they accept, never in whom.
func TestSecondOpinionOnForgeries(t *testing.T) {
	idp := newIDP(t)
	theirs := 0
	try := func(f idptest.Forgery, r idptest.Response) {
		forged, err := idp.Forge(f, r)
		if err != nil {
			t.Fatal(err)
		}
		e := decrypting(idp)
		e.Provider.AllowCBC, e.Provider.AllowInclusiveC14N, e.Provider.AllowSHA1Until = true, true, instant.AddDate(1, 0, 0)
		a, _ := judge(forged, e)
		if len(forged) > 100_000 {
			return // gosaml2 would take long
		}
		info, err := gosaml(idp, forged)
		if err == nil {
			theirs++
		}
		if a != nil && err == nil && a.NameID != info.NameID {
			t.Errorf("%s: we read %q, gosaml2 reads %q", f.Name, a.NameID, info.NameID)
		}
		if a != nil && strings.Contains(a.NameID+a.Email, "evil") {
			t.Errorf("%s: signs in %q", f.Name, a.NameID)
		}
	}
	for _, set := range forms {
		for _, f := range idptest.Forgeries {
			r := good()
			set(&r)
			try(f, r)
		}
		for _, f := range idptest.EncryptedForgeries {
			for _, cipher := range []string{"aes256-gcm", "aes256-cbc"} {
				r := sealed()
				set(&r)
				r.Encrypt.Content = cipher
				try(f, r)
			}
		}
	}
	t.Logf("gosaml2 alone accepts %d of them", theirs)
}

// naive are two readers that signature wrapping was made for: somewhere in the
// document there is a Signature over something, so the NameID counts - the
// shallowest for one of them, the first for the other.
func naive(t *testing.T, idp *idptest.IDP, message string) (shallowest, first string) {
	t.Helper()
	doc := etree.NewDocument()
	if err := doc.ReadFromString(unpacked(t, message)); err != nil {
		return "", ""
	}
	context := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{idp.Certificate}})
	context.Clock = dsig.NewFakeClockAt(instant)
	for _, el := range append(doc.FindElements("//saml:Assertion"), doc.FindElements("//samlp:Response")...) {
		alone := el.Copy()
		// A detached Signature is put back, as a reader does that looks it up
		// by its reference.
		for _, sig := range doc.FindElements("//ds:Signature") {
			if ref := sig.FindElement("ds:SignedInfo/ds:Reference"); ref != nil && ref.SelectAttrValue("URI", "") == "#"+el.SelectAttrValue("ID", "-") && alone.FindElement("ds:Signature") == nil {
				bare := sig.Copy()
				for _, inner := range append(bare.SelectElements("saml:Assertion"), append(bare.SelectElements("samlp:Response"), bare.SelectElements("ds:Object")...)...) {
					bare.RemoveChild(inner)
				}
				alone.AddChild(bare)
			}
		}
		if _, err := context.Validate(alone); err == nil {
			return doc.FindElement("//saml:NameID").Text(), firstNameID(doc.Root())
		}
	}
	return "", ""
}

// firstNameID is the first in the order of the document.
func firstNameID(el *etree.Element) string {
	if el.FullTag() == "saml:NameID" {
		return el.Text()
	}
	for _, c := range el.ChildElements() {
		if name := firstNameID(c); name != "" {
			return name
		}
	}
	return ""
}

// The wrappings are real: each signs Mallory in at a naive reader. A forgery
// that fools nobody would prove nothing about us.
func TestWrappingsFoolTheNaive(t *testing.T) {
	idp := newIDP(t)
	fooled := map[string]bool{}
	for _, f := range idptest.Forgeries {
		if !strings.HasPrefix(f.Name, "XSW") {
			continue
		}
		forged, err := idp.Forge(f, good())
		if err != nil {
			t.Fatal(err)
		}
		shallowest, first := naive(t, idp, forged)
		fooled[f.Name] = shallowest == idptest.Mallory || first == idptest.Mallory
		refuse(t, forged, expecting(idp), "multiple_assertions")
	}
	for name, was := range fooled {
		if !was {
			t.Errorf("%s fools no naive reader", name)
		}
	}
	if len(fooled) != 8 {
		t.Errorf("%d wrappings", len(fooled))
	}
}

// The other classic: a reader that takes the key out of the message.
func TestOwnKeyFoolsTheTrusting(t *testing.T) {
	idp := newIDP(t)
	stranger, err := idptest.New(idp.EntityID, idp.SSOURL, clock)
	if err != nil {
		t.Fatal(err)
	}
	r := good()
	r.NameID = idptest.Mallory
	message := respond(t, stranger, r)
	m, refusal := saml.Receive(message, saml.Limits{})
	if refusal != nil {
		t.Fatal(refusal)
	}
	trusting := expecting(stranger) // certificates as the message shows them
	if a, _ := m.Validate(trusting); a == nil || a.NameID != idptest.Mallory {
		t.Error("premise: the message is flawless but for its key")
	}
	refuse(t, message, expecting(idp), "signature_unknown_certificate")
}
