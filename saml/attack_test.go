package saml_test

import (
	"crypto"
	"crypto/x509"
	"strings"
	"testing"

	"rollcall/internal/idptest"
	"rollcall/saml"
)

// Every forgery must be refused for its own reason, whichever parts the
// genuine message would have signed.
func TestForgeries(t *testing.T) {
	idp := newIDP(t)
	for form, set := range forms {
		r := good()
		set(&r)
		accept(t, respond(t, idp, r), expecting(idp)) // the premise: unforged it would pass
		for _, f := range idptest.Forgeries {
			t.Run(form+"/"+f.Name, func(t *testing.T) {
				forged, err := idp.Forge(f, r)
				if err != nil {
					t.Fatal(err)
				}
				refusal := refuse(t, forged, expecting(idp), string(f.Want))
				if refusal.Message == "" || refusal.Check == "" || len(refusal.Checks) == 0 {
					t.Errorf("the refusal does not explain itself: %+v", refusal)
				}
				for _, c := range refusal.Checks {
					if strings.Contains(c.Actual+c.Expected, "mallory") {
						t.Errorf("check %s shows a whole NameID: %+v", c.Name, c)
					}
				}
			})
		}
	}
}

// A door that takes unsolicited messages must not take more forgeries.
func TestForgeriesUnsolicited(t *testing.T) {
	idp := newIDP(t)
	for _, f := range idptest.Forgeries {
		r := good()
		r.InResponseTo = ""
		forged, err := idp.Forge(f, r)
		if err != nil {
			t.Fatal(err)
		}
		e := expecting(idp)
		e.RequestID, e.AllowUnsolicited = "", true
		if a, refusal := judge(forged, e); a != nil || refusal == nil || refusal.Code != f.Want {
			t.Errorf("%s: %v, %v", f.Name, a, refusal)
		}
	}
}

func TestRequestBinding(t *testing.T) {
	idp := newIDP(t)
	for _, c := range []struct {
		name             string
		message, pending string
		unsolicited      bool
		want             string
	}{
		{"answers the pending request", requestID, requestID, false, ""},
		{"answers another request", "_other", requestID, false, "request_mismatch"},
		{"answers another request, unsolicited allowed", "_other", requestID, true, "request_mismatch"},
		{"answers a request that nobody made", requestID, "", false, "request_unknown"},
		{"answers a request that nobody made, unsolicited allowed", requestID, "", true, "request_unknown"},
		{"unsolicited", "", "", false, "idp_initiated_disabled"},
		{"unsolicited while a request is pending", "", requestID, false, "idp_initiated_disabled"},
		{"unsolicited and allowed", "", "", true, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := good()
			r.InResponseTo = c.message
			e := expecting(idp)
			e.RequestID, e.AllowUnsolicited = c.pending, c.unsolicited
			if c.want == "" {
				if a := accept(t, respond(t, idp, r), e); a.InResponseTo != c.message {
					t.Errorf("InResponseTo is %q", a.InResponseTo)
				}
			} else {
				refuse(t, respond(t, idp, r), e, c.want)
			}
		})
	}
}

// A stolen unsolicited assertion must not be dressed up as the answer to a
// request by writing InResponseTo on the unsigned Response.
func TestInResponseToOnlyOnResponse(t *testing.T) {
	idp := newIDP(t)
	r := good()
	r.InResponseTo = ""
	doc := strings.Replace(unpacked(t, respond(t, idp, r)), ` Version="2.0"`, ` Version="2.0" InResponseTo="`+requestID+`"`, 1)
	refuse(t, packed(doc), expecting(idp), "request_mismatch")

	// Nor may the Response contradict the confirmation.
	doc = strings.Replace(unpacked(t, respond(t, idp, good())), `InResponseTo="`+requestID+`"`, `InResponseTo="_other"`, 1)
	refuse(t, packed(doc), expecting(idp), "request_mismatch")
}

func TestNothingToTrust(t *testing.T) {
	idp := newIDP(t)
	message := respond(t, idp, good())
	for _, c := range []struct {
		name string
		edit func(*saml.Expectation)
		want string
	}{
		{"no certificate", func(e *saml.Expectation) { e.Provider.Certificates = nil }, "certificate_missing"},
		{"nil certificate", func(e *saml.Expectation) { e.Provider.Certificates[0].X509 = nil }, "certificate_missing"},
		{"no entity id", func(e *saml.Expectation) { e.Provider.EntityID = "" }, "sso_not_enabled"},
		{"no audience of ours", func(e *saml.Expectation) { e.SP.EntityID = "" }, "sso_not_enabled"},
		{"no address of ours", func(e *saml.Expectation) { e.SP.ACSURL = "" }, "sso_not_enabled"},
		{"other entity id", func(e *saml.Expectation) { e.Provider.EntityID += "/" }, "issuer_mismatch"},
		{"other audience", func(e *saml.Expectation) { e.SP.EntityID += "/" }, "audience_mismatch"},
		{"response must be signed", func(e *saml.Expectation) { e.Provider.WantResponseSigned = true }, "signature_missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := expecting(idp)
			c.edit(&e)
			refuse(t, message, e, c.want)
		})
	}
	r := good()
	r.SignAssertion, r.SignResponse = false, true
	e := expecting(idp)
	e.Provider.WantAssertionsSigned = true
	refuse(t, respond(t, idp, r), e, "signature_missing")
}

// One good signature does not excuse a bad one beside it.
func TestOneOfTwoSignaturesBad(t *testing.T) {
	idp := newIDP(t)
	stranger, err := idptest.New("https://idp.example/entity", "https://idp.example/sso", clock)
	if err != nil {
		t.Fatal(err)
	}
	r := good()
	r.SignResponse = true
	for _, c := range []struct {
		inner, outer idptest.Signing
		want         string
	}{
		{idptest.Signing{Key: stranger.Key}, idptest.Signing{}, "signature_invalid"},
		{idptest.Signing{}, idptest.Signing{Key: stranger.Key}, "signature_invalid"},
		{idptest.Signing{Key: stranger.Key, Shown: []*x509.Certificate{stranger.Certificate}}, idptest.Signing{}, "signature_unknown_certificate"},
		{idptest.Signing{}, idptest.Signing{Hash: crypto.SHA1}, "signature_algorithm_weak"},
		{idptest.Signing{Hash: crypto.SHA1}, idptest.Signing{}, "signature_algorithm_weak"},
		{idptest.Signing{}, idptest.Signing{KeyInfo: idptest.KeyInfoNone}, ""},
	} {
		r.Signing, r.Outer = c.inner, &c.outer
		if c.want == "" {
			accept(t, respond(t, idp, r), expecting(idp))
			continue
		}
		refusal := refuse(t, respond(t, idp, r), expecting(idp), c.want)
		for _, check := range refusal.Checks {
			if check.Name == "audience" && check.Trusted {
				t.Error("what a half-signed message says is called trusted")
			}
		}
	}
}

// All wrongs come out in one round, and nothing unverified is called trusted.
func TestChecksGoOn(t *testing.T) {
	idp := newIDP(t)
	r := good()
	r.Audience, r.ACSURL = "https://other.example", "https://other.example/finalize"
	for _, unsigned := range []bool{false, true} {
		r.Unsigned = unsigned
		_, refusal := judge(respond(t, idp, r), expecting(idp))
		want := map[string]bool{"audience": false, "recipient": false, "destination": false}
		for _, c := range refusal.Checks {
			if _, ok := want[c.Name]; ok && c.Status == saml.Fail {
				want[c.Name] = true
			}
			if c.Trusted && (unsigned || c.Name == "destination") {
				t.Errorf("%s is called trusted", c.Name)
			}
			if c.Name == "audience" && c.Trusted == unsigned {
				t.Errorf("audience trusted: %v", c.Trusted)
			}
		}
		for name, failed := range want {
			if !failed {
				t.Errorf("unsigned %v: no failed check %s in %+v", unsigned, name, refusal.Checks)
			}
		}
		if unsigned && refusal.Code != "signature_missing" {
			t.Errorf("the first failure is %s", refusal.Code)
		}
	}
}
