package saml_test

import (
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"

	"rollcall/internal/idptest"
	"rollcall/saml"
)

func TestForceAuthn(t *testing.T) {
	idp := newIDP(t)
	for _, c := range []struct {
		name   string
		at     time.Duration // of the authentication, from the request on
		second time.Duration // of another AuthnStatement; 0 is none
		edit   func(*saml.Expectation)
		want   string
	}{
		{"after the request", time.Second, 0, nil, ""},
		{"within the skew", -90 * time.Second, 0, nil, ""},
		{"before it", -91 * time.Second, 0, nil, "authn_not_fresh"},
		{"before it, no skew", -time.Second, 0, func(e *saml.Expectation) { e.Skew = -1 }, "authn_not_fresh"},
		{"before it and again after", -time.Hour, time.Second, nil, ""},
		{"long before it and before", -time.Hour, -30 * time.Minute, nil, "authn_not_fresh"},
		{"before it, not asked", -time.Hour, 0, func(e *saml.Expectation) { e.ForceAuthn = false }, ""},
		{"nobody knows when it was asked", time.Second, 0, func(e *saml.Expectation) { e.RequestedAt = time.Time{} }, "authn_not_fresh"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := good()
			r.Before = func(doc *etree.Element) {
				a := doc.FindElement("//saml:AuthnStatement")
				a.CreateAttr("AuthnInstant", instant.Add(c.at).Format(time.RFC3339))
				if c.second != 0 {
					more := a.Copy()
					more.CreateAttr("AuthnInstant", instant.Add(c.second).Format(time.RFC3339))
					a.Parent().AddChild(more)
				}
			}
			e := expecting(idp)
			e.ForceAuthn, e.RequestedAt = true, instant
			if c.edit != nil {
				c.edit(&e)
			}
			if c.want == "" {
				accept(t, respond(t, idp, r), e)
			} else {
				refuse(t, respond(t, idp, r), e, c.want)
			}
		})
	}
	// A sign-in that began at the provider answers no request of ours.
	r := good()
	r.InResponseTo = ""
	e := expecting(idp)
	e.RequestID, e.AllowUnsolicited, e.ForceAuthn = "", true, true
	accept(t, respond(t, idp, r), e)
}

func TestAuthnContext(t *testing.T) {
	const classes = "urn:oasis:names:tc:SAML:2.0:ac:classes:"
	idp := newIDP(t)
	for _, c := range []struct {
		name   string
		wanted []string
		how    saml.Comparison
		came   []string
		good   bool
	}{
		{"the same", []string{saml.ClassPassword}, "", []string{saml.ClassPassword}, true},
		{"one of several", []string{"urn:x", saml.ClassPassword}, saml.Exact, []string{saml.ClassPassword}, true},
		{"another", []string{saml.ClassRefedsMFA}, saml.Exact, []string{saml.ClassPassword}, false},
		{"several came", []string{saml.ClassRefedsMFA}, saml.Exact, []string{saml.ClassPassword, saml.ClassRefedsMFA}, true},
		{"none came", []string{saml.ClassPassword}, saml.Exact, []string{}, false},
		{"nothing is wanted", nil, saml.Exact, []string{saml.ClassPassword}, false},
		{"stronger by name only", []string{saml.ClassPassword}, saml.Exact, []string{saml.ClassPassword + "2"}, false},
		{"at least", []string{saml.ClassPassword}, saml.Minimum, []string{classes + "X509"}, true},
		{"at least, and equal", []string{saml.ClassPassword}, saml.Minimum, []string{saml.ClassPassword}, true},
		{"at least, and weaker", []string{saml.ClassPassword}, saml.Minimum, []string{classes + "Password"}, false},
		{"at least the weakest of two", []string{saml.ClassRefedsMFA, saml.ClassPassword}, saml.Minimum, []string{saml.ClassPassword}, true},
		{"at least, and unknown", []string{saml.ClassPassword}, saml.Minimum, []string{"urn:super-strong"}, false},
		{"at least something unknown", []string{"urn:x"}, saml.Minimum, []string{saml.ClassRefedsMFA}, false},
		{"better", []string{saml.ClassPassword}, saml.Better, []string{saml.ClassRefedsMFA}, true},
		{"better, and equal", []string{saml.ClassPassword}, saml.Better, []string{saml.ClassPassword}, false},
		{"at most", []string{saml.ClassPassword}, saml.Maximum, []string{classes + "Password"}, true},
		{"at most, and stronger", []string{saml.ClassPassword}, saml.Maximum, []string{saml.ClassRefedsMFA}, false},
		{"unknown comparison", []string{saml.ClassPassword}, "roughly", []string{saml.ClassPassword}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := good()
			r.Classes = c.came
			e := expecting(idp)
			e.Context = &saml.AuthnContext{Classes: c.wanted, Comparison: c.how}
			if c.good {
				accept(t, respond(t, idp, r), e)
				return
			}
			if refusal := refuse(t, respond(t, idp, r), e, "authn_context_mismatch"); refusal.Check != "authn_context" {
				t.Errorf("check %s", refusal.Check)
			}
		})
	}
}

func TestSecondFactor(t *testing.T) {
	idp := newIDP(t)
	amr := func(values ...string) []idptest.Attribute { return []idptest.Attribute{at("amr", values...)} }
	for _, c := range []struct {
		name       string
		attributes []idptest.Attribute
		classes    []string
		evidence   string
	}{
		{"one of several values", amr("pwd", "mfa", "swk"), nil, "amr = mfa"},
		{"the attribute twice", append(amr("pwd"), at("AMR", "mfa")), nil, "AMR = mfa"},
		{"by friendly name", []idptest.Attribute{{Name: "urn:x", FriendlyName: "amr", Values: []string{"mfa"}}}, nil, "urn:x = mfa"},
		{"a class", nil, []string{saml.ClassPassword, saml.ClassRefedsMFA}, "AuthnContextClassRef = " + saml.ClassRefedsMFA},
		{"only a password", amr("pwd"), nil, ""},
		{"nothing", nil, nil, ""},
		{"an empty value", amr(""), nil, ""},
		{"not exactly the value", amr("MFA", "mfa-soon", "pwd,mfa"), nil, ""},
		{"the value elsewhere", []idptest.Attribute{at("groups", "mfa")}, nil, ""},
		{"a class elsewhere", amr(saml.ClassRefedsMFA), nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := good()
			r.Attributes, r.Classes = c.attributes, c.classes
			message := respond(t, idp, r)
			rule := saml.DefaultMFA()
			e := expecting(idp)
			e.MFA = &rule
			if c.evidence != "" {
				if a := accept(t, message, e); a.MFAEvidence != c.evidence {
					t.Errorf("evidence %q", a.MFAEvidence)
				}
			} else {
				refusal := refuse(t, message, e, "mfa_evidence_missing")
				if len(c.attributes) > 0 && !strings.Contains(refusal.Message, c.attributes[0].Name) {
					t.Errorf("message %q", refusal.Message)
				}
			}
			// Looked for and not demanded: recorded, never refused.
			rule.Required = false
			if a := accept(t, message, e); a.MFAEvidence != c.evidence {
				t.Errorf("not demanded: evidence %q", a.MFAEvidence)
			}
			// Not looked for.
			e.MFA = nil
			if a := accept(t, message, e); a.MFAEvidence != "" {
				t.Errorf("not looked for: evidence %q", a.MFAEvidence)
			}
			// A rule that counts nothing is met by nobody.
			e.MFA = &saml.MFARule{Required: true}
			refuse(t, message, e, "mfa_evidence_missing")
		})
	}
}

// Evidence counts in bytes that were signed and nowhere else.
func TestSecondFactorIsSigned(t *testing.T) {
	idp := newIDP(t)
	rule := saml.DefaultMFA()
	e := expecting(idp)
	e.MFA = &rule
	r := good()
	r.After = func(doc *etree.Element) {
		list := doc.FindElement("//saml:Assertion").CreateElement("saml:AttributeStatement").CreateElement("saml:Attribute")
		list.CreateAttr("Name", "amr")
		list.CreateElement("saml:AttributeValue").SetText("mfa")
	}
	refuse(t, respond(t, idp, r), e, "signature_invalid")
}
