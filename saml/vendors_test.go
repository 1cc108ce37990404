package saml_test

import (
	"crypto/rand"
	"crypto/rsa"
	"strings"
	"testing"
	"time"

	"rollcall/fault"
	"rollcall/internal/idptest"
	"rollcall/saml"
)

var ada = idptest.Person{Email: "ada@acme.test", FirstName: "Ada", LastName: "Lovelace"}

// Every product of the presets, as it is set up by default and as our guide
// has it, in answer to a request and without one, under one trusted
// certificate and under three, in the clear and encrypted.
func TestVendors(t *testing.T) {
	others := strangers(t)[:2]
	for _, v := range idptest.Vendors {
		t.Run(v.Name+"/"+v.Settings, func(t *testing.T) {
			idp := newIDP(t)
			idp.EntityID, idp.SSOURL = v.EntityID, v.SSOURL
			for _, request := range []string{requestID, ""} {
				e := expecting(idp)
				e.AllowUnsolicited, e.RequestID = true, request
				r := v.About(ada, acme, request)
				message := respond(t, idp, r)
				if v.Want != "" {
					refuse(t, message, e, string(v.Want))
					continue
				}
				readsAda(t, r, accept(t, message, e))
				readsAda(t, r, accept(t, message, rollover(e, others)))
				if v.Encryption == nil {
					continue
				}
				how := *v.Encryption
				how.To = ourKeys()[0].Certificate
				r.Encrypt = &how
				e.SP.DecryptionKeys = ourKeys()
				e.Provider.AllowCBC = strings.HasSuffix(how.Content, "cbc")
				readsAda(t, r, accept(t, respond(t, idp, r), e))
			}
		})
	}
}

func readsAda(t *testing.T, r idptest.Response, a *saml.Assertion) {
	t.Helper()
	if a.Email != "ada@acme.test" || a.NameID != r.NameID || a.NameIDFormat != r.NameIDFormat || a.SessionIndex != r.SessionIndex {
		t.Errorf("read %+v", a)
	}
	if len(r.Attributes) > 4 && (a.FirstName != "Ada" || a.LastName != "Lovelace" || a.DisplayName != "Ada Lovelace") {
		t.Errorf("read the names %q %q %q", a.FirstName, a.LastName, a.DisplayName)
	}
}

// Two products sign with SHA-1 until they are told otherwise. A team may let
// them for a while, and sees afterwards that it did.
func TestSHA1Exception(t *testing.T) {
	tried := 0
	for _, v := range idptest.Vendors {
		if v.Want != fault.SignatureWeak {
			continue
		}
		tried++
		idp := newIDP(t)
		idp.EntityID = v.EntityID
		message := respond(t, idp, v.About(ada, acme, requestID))
		e := expecting(idp)
		for _, c := range []struct {
			until time.Time
			want  string
		}{
			{time.Time{}, "signature_algorithm_weak"},
			{instant, "signature_algorithm_weak"},
			{instant.Add(time.Second), ""},
		} {
			e.Provider.AllowSHA1Until = c.until
			if c.want != "" {
				refuse(t, message, e, c.want)
			} else if a := accept(t, message, e); a.Email != "ada@acme.test" || !a.SignedSHA1 {
				t.Errorf("%s: read %+v", v.Name, a)
			}
		}
		// The exception is for SHA-1 and for nothing else.
		r := v.About(ada, acme, requestID)
		for _, name := range []string{"Tampered", "RSAMD5", "MD5Digest", "HMAC", "DSA", "UnknownKey", "InclusiveC14N"} {
			f := forgery(t, name)
			forged, err := idp.Forge(f, r)
			if err != nil {
				t.Fatal(err)
			}
			refuse(t, forged, e, string(f.Want))
		}
	}
	if tried != 2 {
		t.Errorf("%d products", tried)
	}
	idp := newIDP(t)
	if a := accept(t, respond(t, idp, good()), expecting(idp)); a.SignedSHA1 {
		t.Error("SHA-256 is called SHA-1")
	}
}

// What presets say about a second factor is what the products send.
func TestVendorsSecondFactor(t *testing.T) {
	proves := map[string]bool{"entra/default": true, "entra/recommended": true, "okta/recommended": true, "adfs/recommended": true}
	rule := saml.DefaultMFA()
	for _, v := range idptest.Vendors {
		if v.Want != "" {
			continue
		}
		idp := newIDP(t)
		idp.EntityID = v.EntityID
		e := expecting(idp)
		e.MFA = &rule
		message := respond(t, idp, v.About(ada, acme, requestID))
		if name := v.Name + "/" + v.Settings; proves[name] {
			if a := accept(t, message, e); a.MFAEvidence == "" {
				t.Errorf("%s: no evidence", name)
			}
		} else {
			refuse(t, message, e, "mfa_evidence_missing")
		}
	}
}

// A weak key does not verify, whoever put its certificate into the database.
func TestWeakKey(t *testing.T) {
	idp := newIDP(t)
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	idp.Key, idp.Certificate = weak, selfSigned(t, weak, instant, instant.AddDate(1, 0, 0))
	refuse(t, respond(t, idp, good()), expecting(idp), "certificate_missing")
	refuse(t, respond(t, idp, good()), rollover(expecting(idp), strangers(t)), "signature_algorithm_weak")
}
