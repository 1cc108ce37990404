package saml_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
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
	for _, forgery := range idptest.Forgeries {
		forged, err := idp.Forge(forgery, good())
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
	f.Fuzz(func(t *testing.T, doc []byte) {
		e := expecting(idp)
		e.AllowUnsolicited = true
		a, refusal := judge(packed(string(doc)), e)
		if (a == nil) == (refusal == nil) {
			t.Fatalf("assertion %v, refusal %v", a, refusal)
		}
		if a != nil && (a.NameID != "ada@acme.test" || a.Email != "ada@acme.test" || a.Issuer != idp.EntityID || !a.SignedAssertion && !a.SignedResponse) {
			t.Fatalf("signed in %+v", a)
		}
	})
}
