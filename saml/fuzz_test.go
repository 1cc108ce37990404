package saml_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"strings"
	"testing"
	"time"

	"rollcall/internal/idptest"
	"rollcall/saml"
)

// fixedIDP has the same key in every process, so that a seed signed in one is
// good in the other. The key is a toy, written out for all to see.
func fixedIDP(f *testing.F) *idptest.IDP {
	f.Helper()
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), bytes.Repeat([]byte{7}, 32))
	if err != nil {
		f.Fatal(err)
	}
	return &idptest.IDP{
		EntityID: "https://idp.example/entity", SSOURL: "https://idp.example/sso", Now: clock,
		Key: key, Certificate: selfSigned(f, key, instant.Add(-time.Hour), instant.AddDate(1, 0, 0)),
	}
}

// seeds are the good shapes and every forgery, as documents.
func seeds(f *testing.F, idp *idptest.IDP) {
	for _, set := range []func(*idptest.Response){
		func(r *idptest.Response) {},
		func(r *idptest.Response) { r.SignResponse = true },
		func(r *idptest.Response) { r.SignAssertion, r.SignResponse = false, true },
		func(r *idptest.Response) { r.InResponseTo = "" },
	} {
		r := good()
		set(&r)
		f.Add([]byte(unpacked(f, respond(f, idp, r))))
	}
	for _, forgery := range append(idptest.Forgeries[:len(idptest.Forgeries):len(idptest.Forgeries)], idptest.EncryptedForgeries...) {
		forged, err := idp.Forge(forgery, sealed())
		if err != nil {
			f.Fatal(err)
		}
		if len(forged) < 20_000 && forgery.Name != "NotBase64" {
			f.Add([]byte(unpacked(f, forged)))
		}
	}
}

// Receive must answer every text with a message or a reason, never both.
func FuzzReceive(f *testing.F) {
	seeds(f, fixedIDP(f))
	f.Fuzz(func(t *testing.T, doc []byte) {
		for _, value := range []string{string(doc), packed(string(doc))} {
			m, refusal := saml.Receive(value, saml.Limits{})
			if (m == nil) == (refusal == nil) {
				t.Fatalf("message %v, refusal %v", m, refusal)
			}
			if m != nil {
				_, _ = m.Issuer(), m.InResponseTo()
			}
		}
	})
}

// Whatever is done to a genuine message, nobody but the person it was made
// about can come out of it, and only with a signature.
func FuzzValidate(f *testing.F) {
	idp := fixedIDP(f)
	seeds(f, idp)
	f.Fuzz(func(t *testing.T, doc []byte) { onlyAda(t, idp, packed(string(doc))) })
}

// onlyAda judges a message, everything allowed that a team can allow.
func onlyAda(t *testing.T, idp *idptest.IDP, message string) {
	t.Helper()
	e := decrypting(idp)
	e.AllowUnsolicited, e.Provider.AllowCBC, e.Provider.AllowInclusiveC14N, e.Provider.AllowSHA1Until = true, true, true, instant.AddDate(1, 0, 0)
	a, refusal := judge(message, e)
	if (a == nil) == (refusal == nil) {
		t.Fatalf("assertion %v, refusal %v", a, refusal)
	}
	if a != nil && (a.NameID != "ada@acme.test" || a.Email != "ada@acme.test" || a.Issuer != idp.EntityID || !a.SignedAssertion && !a.SignedResponse) {
		t.Fatalf("signed in %+v", a)
	}
}

// Anybody can encrypt anything for us: what comes out of a ciphertext must be
// treated as what comes in the clear. The second argument plays with the
// encrypted bytes.
func FuzzDecrypt(f *testing.F) {
	idp := fixedIDP(f)
	doc := unpacked(f, respond(f, idp, good()))
	assertion := doc[strings.Index(doc, "<saml:Assertion") : strings.Index(doc, "</saml:Assertion>")+len("</saml:Assertion>")]
	for _, plain := range []string{assertion, assertion + assertion, "<x/>", "", "<saml:Assertion>", `<?xml version="1.0"?>` + assertion,
		strings.Replace(assertion, "ada@", "eve@", 1), strings.Replace(assertion, ` xmlns:saml="`+nsAssertion+`"`, "", 1)} {
		f.Add([]byte(plain), []byte{}, uint8(0))
		f.Add([]byte(plain), []byte{0, 0, 0, 1}, uint8(5))
	}
	f.Fuzz(func(t *testing.T, plain, mask []byte, cipher uint8) {
		r := sealed()
		r.Encrypt.Content = idptest.Ciphers[int(cipher)%len(idptest.Ciphers)]
		r.Encrypt.Plain = func([]byte) []byte { return plain }
		r.Encrypt.Cipher = func(b []byte) []byte {
			for i := range mask {
				if i < len(b) {
					b[len(b)-1-i] ^= mask[i]
				}
			}
			return b
		}
		message, err := idp.Respond(r)
		if err != nil {
			t.Fatal(err)
		}
		onlyAda(t, idp, message)
	})
}

// A logout message ends only the sessions of the person that the provider
// named, whatever a query string looks like.
func FuzzLogoutQuery(f *testing.F) {
	idp := fixedIDP(f)
	for _, l := range []idptest.Logout{goodLogout(idp), {Unsigned: true}, {Answer: true, InResponseTo: requestID}} {
		l.Destination, l.NameID = leaving(idp).SP.LogoutURL, "ada@acme.test"
		query, err := idp.LogoutQuery(l)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(query)
		f.Add(query + "&RelayState=x")
	}
	f.Add("SAMLRequest=%zz&SAMLRequest=")
	f.Fuzz(func(t *testing.T, query string) {
		m, refusal := saml.ReceiveLogoutQuery(query)
		onlyAdaLeaves(t, idp, m, refusal)
	})
}

func FuzzLogoutForm(f *testing.F) {
	idp := fixedIDP(f)
	for _, answer := range []bool{false, true} {
		l := goodLogout(idp)
		l.Answer = answer
		value, err := idp.LogoutForm(l)
		if err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(unpacked(f, value)), answer)
	}
	f.Fuzz(func(t *testing.T, doc []byte, answer bool) {
		request, response := packed(string(doc)), ""
		if answer {
			request, response = response, request
		}
		m, refusal := saml.ReceiveLogoutForm(request, response, "")
		onlyAdaLeaves(t, idp, m, refusal)
	})
}

func onlyAdaLeaves(t *testing.T, idp *idptest.IDP, m *saml.LogoutMessage, refusal *saml.Refusal) {
	t.Helper()
	if (m == nil) == (refusal == nil) {
		t.Fatalf("message %v, refusal %v", m, refusal)
	}
	if m == nil {
		return
	}
	_, _ = m.Issuer(), m.InResponseTo()
	if got, report := m.Request(leaving(idp)); (got == nil) == (report.Refusal == nil) || got != nil && (got.NameID != "ada@acme.test" || got.Issuer != idp.EntityID) {
		t.Fatalf("request %+v, refusal %v", got, report.Refusal)
	}
	if got, report := m.Response(leaving(idp)); (got == nil) == (report.Refusal == nil) || got != nil && got.InResponseTo != requestID {
		t.Fatalf("response %+v, refusal %v", got, report.Refusal)
	}
}

// What an admin pastes may be anything.
func FuzzParseMetadata(f *testing.F) {
	idp := fixedIDP(f)
	f.Add(string(idp.Metadata()))
	f.Add(group(entity("", redirectSSO), entity(`validUntil="2020-01-01"`, postSLO)))
	f.Add(idp.CertificatePEM())
	f.Fuzz(func(t *testing.T, text string) {
		md, err := saml.ParseMetadata([]byte(text), instant)
		if (md == nil) == (err == nil) {
			t.Fatalf("metadata %v, error %v", md, err)
		}
		if md != nil && (md.EntityID == "" || md.SSOURL == "" || len(md.Certificates) == 0 || saml.CheckLocation(md.SSOURL) != nil) {
			t.Fatalf("metadata %+v", md)
		}
		if cert, err := saml.ParseCertificate(text); (cert == nil) == (err == nil) {
			t.Fatalf("certificate %v, error %v", cert, err)
		}
		_, _ = saml.MetadataEntities([]byte(text))
	})
}
