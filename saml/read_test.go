package saml_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/beevik/etree"

	"rollcall/internal/idptest"
	"rollcall/saml"
)

func at(name string, values ...string) idptest.Attribute {
	return idptest.Attribute{Name: name, Values: values}
}

func TestEmail(t *testing.T) {
	const claims = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
	idp := newIDP(t)
	for _, c := range []struct {
		name               string
		nameID, format     string
		attributes         []idptest.Attribute
		mapped             []string
		want, refusal, saw string
	}{
		{name: "NameID is said to be an address", nameID: "ada@acme.test", format: saml.FormatEmailAddress, want: "ada@acme.test"},
		{name: "Google, Okta: unspecified and no attributes", nameID: "ada@acme.test", format: saml.FormatUnspecified, want: "ada@acme.test"},
		{name: "no format at all", nameID: "ada@acme.test", want: "ada@acme.test"},
		{name: "persistent is never an address", nameID: "ada@acme.test", format: saml.FormatPersistent, refusal: "email_missing"},
		{name: "PingOne: a UUID and no attribute", nameID: "8e0d2a4e-3c55", refusal: "email_missing"},
		{name: "Entra, AD FS, Auth0 claim", nameID: "x", attributes: []idptest.Attribute{at(claims+"emailaddress", "ada@acme.test")}, want: "ada@acme.test"},
		{name: "a guest's NameID loses to the claim", nameID: "ada_home.test#EXT#@acme.test", format: saml.FormatEmailAddress, attributes: []idptest.Attribute{at(claims+"emailaddress", "ada@home.test")}, want: "ada@home.test"},
		{name: "OID", nameID: "x", attributes: []idptest.Attribute{at("urn:oid:0.9.2342.19200300.100.1.3", "ada@acme.test")}, want: "ada@acme.test"},
		{name: "case of the name", nameID: "x", attributes: []idptest.Attribute{at("Email", "ada@acme.test")}, want: "ada@acme.test"},
		{name: "friendly name", nameID: "x", attributes: []idptest.Attribute{{Name: "urn:x", FriendlyName: "mail", Values: []string{"ada@acme.test"}}}, want: "ada@acme.test"},
		{name: "OneLogin", nameID: "x", attributes: []idptest.Attribute{at("User.email", "ada@acme.test")}, want: "ada@acme.test"},
		{name: "first value that is not empty", nameID: "x", attributes: []idptest.Attribute{at("mail", "", " ", "ada@acme.test", "second@acme.test")}, want: "ada@acme.test"},
		{name: "an empty attribute falls back", nameID: "ada@acme.test", attributes: []idptest.Attribute{at("email", "")}, want: "ada@acme.test"},
		{name: "white space around it", nameID: "x", attributes: []idptest.Attribute{at("email", "\n  ada@acme.test\n ")}, want: "ada@acme.test"},
		{name: "own mapping", nameID: "x", attributes: []idptest.Attribute{at("email", "wrong@acme.test"), at("workMail", "ada@acme.test")}, mapped: []string{"workmail"}, want: "ada@acme.test"},
		{name: "own mapping, order", nameID: "x", attributes: []idptest.Attribute{at("b", "b@acme.test"), at("a", "a@acme.test")}, mapped: []string{"a", "b"}, want: "a@acme.test"},
		{name: "own mapping misses", nameID: "x", attributes: []idptest.Attribute{at("email", "ada@acme.test")}, mapped: []string{"workMail"}, refusal: "email_missing", saw: "email"},
		{name: "not an address", nameID: "x", attributes: []idptest.Attribute{at("email", "n/a")}, refusal: "email_invalid"},
		{name: "header injection", nameID: "x", attributes: []idptest.Attribute{at("email", "ada@acme.test\u2028Bcc:x")}, refusal: "email_invalid"},
		{name: "two at signs", nameID: "x", attributes: []idptest.Attribute{at("email", "ada@acme.test@evil.example")}, refusal: "email_invalid"},
		{name: "NameID said to be an address and is none", nameID: "ada", format: saml.FormatEmailAddress, refusal: "email_invalid"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := good()
			r.NameID, r.NameIDFormat, r.Attributes = c.nameID, c.format, c.attributes
			e := expecting(idp)
			e.Provider.Attributes.Email = c.mapped
			if c.refusal == "" {
				if a := accept(t, respond(t, idp, r), e); a.Email != c.want || a.NameID != c.nameID {
					t.Errorf("email %q, NameID %q", a.Email, a.NameID)
				}
				return
			}
			refusal := refuse(t, respond(t, idp, r), e, c.refusal)
			if !strings.Contains(refusal.Message, c.saw) {
				t.Errorf("message %q does not name %q", refusal.Message, c.saw)
			}
			for _, check := range refusal.Checks {
				if strings.Contains(check.Actual+check.Message, "@acme.test") && check.Name != "name_id" {
					t.Errorf("check %s shows a value: %+v", check.Name, check)
				}
			}
		})
	}
}

func TestNames(t *testing.T) {
	const claims = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
	idp := newIDP(t)
	for _, c := range []struct {
		attributes           []idptest.Attribute
		mapping              saml.AttributeMapping
		first, last, display string
	}{
		{},
		{attributes: []idptest.Attribute{at("firstName", "Ada"), at("lastName", "Lovelace")}, first: "Ada", last: "Lovelace", display: "Ada Lovelace"},
		{attributes: []idptest.Attribute{at(claims+"givenname", "Ada"), at(claims+"surname", "Lovelace"), at(claims+"name", "ada@acme.test"),
			at("http://schemas.microsoft.com/identity/claims/displayname", "Countess")}, first: "Ada", last: "Lovelace", display: "Countess"},
		{attributes: []idptest.Attribute{at(claims+"givenname", "Ada"), at(claims+"name", "ada@acme.test")}, first: "Ada", display: "Ada"},
		{attributes: []idptest.Attribute{at("urn:oid:2.5.4.42", "Ada"), at("urn:oid:2.5.4.4", "Lovelace"), at("cn", "Ada L.")}, first: "Ada", last: "Lovelace", display: "Ada L."},
		{attributes: []idptest.Attribute{at("vorname", "Ada"), at("firstName", "no")}, mapping: saml.AttributeMapping{FirstName: []string{"Vorname"}}, first: "Ada", display: "Ada"},
		{attributes: []idptest.Attribute{at("displayName", "A\u202ed\ta"+strings.Repeat("x", 300))}, display: "Ada" + strings.Repeat("x", 197)},
	} {
		r := good()
		r.Attributes = c.attributes
		e := expecting(idp)
		e.Provider.Attributes = c.mapping
		a := accept(t, respond(t, idp, r), e)
		if a.FirstName != c.first || a.LastName != c.last || a.DisplayName != c.display {
			t.Errorf("%v: %q %q %q", c.attributes, a.FirstName, a.LastName, a.DisplayName)
		}
	}
}

// Every value of every attribute, over repeated attributes and statements.
func TestAttributes(t *testing.T) {
	idp := newIDP(t)
	r := good()
	r.Attributes = []idptest.Attribute{
		at("groups", "a", "b"), {Name: "urn:oid:1", FriendlyName: "role", Values: []string{"x"}}, at("groups", "c"), at("none"),
	}
	r.Before = func(doc *etree.Element) {
		list := doc.FindElement("//saml:AttributeStatement")
		more := list.Copy()
		list.Parent().AddChild(more)
		for _, v := range more.FindElements("saml:Attribute[@Name='urn:oid:1']/saml:AttributeValue") {
			v.SetText("")
			v.CreateElement("saml:NameID").SetText("nested")
		}
		null := list.FindElement("saml:Attribute[@Name='none']").CreateElement("saml:AttributeValue")
		null.CreateAttr("xsi:nil", "true")
	}
	a := accept(t, respond(t, idp, r), expecting(idp))
	for name, want := range map[string][]string{
		"groups":    {"a", "b", "c", "a", "b", "c"},
		"urn:oid:1": {"x", "nested"},
		"role":      {"x", "nested"},
		"absent":    nil,
	} {
		if got := a.Values(name); !reflect.DeepEqual(got, want) {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	if v, ok := a.Attributes["none"]; !ok || len(v) != 0 {
		t.Errorf("an attribute with a nil value: %q, %v", v, ok)
	}
}

func TestReport(t *testing.T) {
	idp := newIDP(t)
	r := good()
	r.SignResponse = true
	r.Attributes = []idptest.Attribute{at("groups", "secret-group", "b")}
	m, refusal := saml.Receive(respond(t, idp, r), saml.Limits{})
	if refusal != nil {
		t.Fatal(refusal)
	}
	if m.Issuer() != idp.EntityID || m.InResponseTo() != requestID {
		t.Errorf("issuer %q, answers %q", m.Issuer(), m.InResponseTo())
	}
	a, report := m.Validate(expecting(idp))
	if a == nil || report.Refusal != nil {
		t.Fatal(report.Refusal)
	}
	if a.AuthnInstant != instant || !reflect.DeepEqual(a.AuthnContextClasses, []string{"urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"}) {
		t.Errorf("authentication: %v %v", a.AuthnInstant, a.AuthnContextClasses)
	}
	s := report.Seen
	if s.NameIDMasked != "a***@acme.test" || s.AttributeNames["groups"] != 2 || s.KeyInfoFingerprints[0] != saml.Fingerprint(idp.Certificate) || s.AssertionID != a.ID || s.Issuer != idp.EntityID {
		t.Errorf("seen: %+v", s)
	}
	names := map[string]bool{}
	for _, c := range report.Checks {
		names[c.Name] = true
		if c.Status == saml.Fail || c.Code != "" || strings.Contains(c.Actual, "ada@") || strings.Contains(c.Actual, "secret") {
			t.Errorf("check %+v", c)
		}
	}
	for _, want := range []string{"xml", "response", "signature_form", "certificates", "status", "response_signature", "assertion_signature",
		"destination", "response_issuer", "assertion_issuer", "recipient", "in_response_to", "confirmation_not_on_or_after", "conditions_not_before", "audience", "authn_instant", "name_id", "email"} {
		if !names[want] {
			t.Errorf("no check %s", want)
		}
	}
	// Validating is repeatable: nothing of the message is used up or changed.
	if b, _ := m.Validate(expecting(idp)); !reflect.DeepEqual(a, b) {
		t.Errorf("the second time: %+v", b)
	}
}

func TestDeclinedSaysWhy(t *testing.T) {
	idp := newIDP(t)
	r := good()
	r.Status, r.StatusMessage, r.OmitIssuer = "urn:oasis:names:tc:SAML:2.0:status:InvalidNameIDPolicy", "MSIS7070\u0000 \u202e"+strings.Repeat("y", 500), false
	r.StatusMessage = strings.ReplaceAll(r.StatusMessage, "\u0000", "")
	refusal := refuse(t, respond(t, idp, r), expecting(idp), "idp_invalid_nameid_policy")
	if !strings.Contains(refusal.Message, "InvalidNameIDPolicy: MSIS7070") || len(refusal.Message) > 700 || strings.Contains(refusal.Message, "\u202e") {
		t.Errorf("message %q", refusal.Message)
	}
}
