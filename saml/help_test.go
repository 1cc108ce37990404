package saml_test

import (
	"encoding/base64"
	"testing"
	"time"

	"rollcall/internal/idptest"
	"rollcall/saml"
)

// The scene of nearly every test: one team, one identity provider, one person
// who answers one request at one instant.
const requestID = "_1f2e3d4c"

var (
	instant = time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC)
	acme    = saml.ServiceProvider{
		EntityID:    "https://rollcall.example/saml/acme",
		LoginURL:    "https://rollcall.example/saml/acme/init",
		ACSURL:      "https://rollcall.example/saml/acme/finalize",
		MetadataURL: "https://rollcall.example/saml/acme/metadata",
	}
)

func clock() time.Time { return instant }

// newIDP makes the provider; its key is made once, because that is slow.
var sharedIDP *idptest.IDP

func newIDP(t testing.TB) *idptest.IDP {
	t.Helper()
	if sharedIDP == nil {
		idp, err := idptest.New("https://idp.example/entity", "https://idp.example/sso", clock)
		if err != nil {
			t.Fatal(err)
		}
		sharedIDP = idp
	}
	dup := *sharedIDP
	return &dup
}

// good describes the response that every test starts from.
func good() idptest.Response {
	return idptest.Response{
		ACSURL: acme.ACSURL, Audience: acme.EntityID, InResponseTo: requestID,
		NameID: "ada@acme.test", NameIDFormat: saml.FormatEmailAddress, SessionIndex: "_s1",
		SignAssertion: true,
	}
}

// expecting is what acme expects from the provider.
func expecting(idp *idptest.IDP) saml.Expectation {
	return saml.Expectation{
		SP: acme,
		Provider: saml.Provider{
			EntityID:     idp.EntityID,
			Certificates: []saml.Certificate{{ID: "cert-1", X509: idp.Certificate}},
		},
		Now: instant, RequestID: requestID,
	}
}

// respond makes a message out of a description.
func respond(t testing.TB, idp *idptest.IDP, r idptest.Response) string {
	t.Helper()
	packed, err := idp.Respond(r)
	if err != nil {
		t.Fatal(err)
	}
	return packed
}

// judge runs Receive and Validate; a refusal by either is returned alike.
func judge(packed string, e saml.Expectation) (*saml.Assertion, *saml.Refusal) {
	m, refusal := saml.Receive(packed, saml.Limits{})
	if refusal != nil {
		return nil, refusal
	}
	a, report := m.Validate(e)
	return a, report.Refusal
}

// accept fails the test unless the message signs somebody in.
func accept(t testing.TB, packed string, e saml.Expectation) *saml.Assertion {
	t.Helper()
	a, refusal := judge(packed, e)
	if refusal != nil {
		t.Fatalf("refused: %v\n%+v", refusal, refusal.Checks)
	}
	if a == nil {
		t.Fatal("no refusal and no assertion")
	}
	return a
}

// refuse fails the test unless the message is refused with this code.
func refuse(t testing.TB, packed string, e saml.Expectation, code string) *saml.Refusal {
	t.Helper()
	a, refusal := judge(packed, e)
	if a != nil {
		t.Fatalf("accepted as %q, must be %s", a.NameID, code)
	}
	if refusal == nil || string(refusal.Code) != code {
		t.Fatalf("refused with %v, must be %s", refusal, code)
	}
	return refusal
}

// unpacked is the document inside a message.
func unpacked(t testing.TB, packed string) string {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(packed)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// packed is unpacked the other way round.
func packed(doc string) string { return base64.StdEncoding.EncodeToString([]byte(doc)) }
