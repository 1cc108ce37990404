package saml_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"

	"rollcall/internal/idptest"
	"rollcall/saml"
)

// strangers are two more certificates that a team may trust at the same time.
func strangers(t testing.TB) []saml.Certificate {
	t.Helper()
	var out []saml.Certificate
	for n := range 2 {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, saml.Certificate{ID: fmt.Sprintf("stranger-%d", n), X509: selfSigned(t, key, instant.Add(-time.Hour), instant.AddDate(1, 0, 0))})
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return append(out, saml.Certificate{ID: "stranger-rsa", X509: selfSigned(t, rsaKey, instant.Add(-time.Hour), instant.AddDate(1, 0, 0))})
}

func selfSigned(t testing.TB, key crypto.Signer, from, until time.Time) *x509.Certificate {
	t.Helper()
	c, err := idptest.SelfSigned(key, from, until)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Every way in which a real product writes a good response, each under one
// trusted certificate and under three of which the last one signs.
func TestGoodShapes(t *testing.T) {
	idp := newIDP(t)
	others := strangers(t)
	shapes := map[string]func(*idptest.Response){
		"plain":            func(*idptest.Response) {},
		"no KeyInfo":       func(r *idptest.Response) { r.Signing.KeyInfo = idptest.KeyInfoNone },
		"KeyName only":     func(r *idptest.Response) { r.Signing.KeyInfo = idptest.KeyInfoKeyName },
		"KeyValue only":    func(r *idptest.Response) { r.Signing.KeyInfo = idptest.KeyInfoKeyValue },
		"chain, leaf last": func(r *idptest.Response) { r.Signing.Shown = []*x509.Certificate{others[2].X509, idp.Certificate} },
		"another shown":    func(r *idptest.Response) { r.Signing.Shown = []*x509.Certificate{others[0].X509} },
		"SHA-384":          func(r *idptest.Response) { r.Signing.Hash = crypto.SHA384 },
		"SHA-512":          func(r *idptest.Response) { r.Signing.Hash = crypto.SHA512 },
		"signature last":   func(r *idptest.Response) { r.Signing.Last = true },
		"PrefixList":       func(r *idptest.Response) { r.Signing.PrefixList = "xs" },
		"folded values":    func(r *idptest.Response) { r.Signing.Fold = true },
		"indented base64":  func(r *idptest.Response) { r.Indent = 6 },
		"odd ids":          func(r *idptest.Response) { r.IDPrefix = "a.b-c" },
		"no issuer":        func(r *idptest.Response) { r.OmitIssuer = true },
		"stable id called transient": func(r *idptest.Response) {
			r.NameIDFormat = saml.FormatTransient
			r.Attributes = []idptest.Attribute{{Name: "email", Values: []string{"ada@acme.test"}}}
		},
		"white space": func(r *idptest.Response) {
			r.Before = func(doc *etree.Element) { doc.IndentWithSettings(&etree.IndentSettings{Spaces: 2}) }
		},
		"namespaces on the Response": func(r *idptest.Response) {
			r.Before = func(doc *etree.Element) {
				a := doc.SelectElement("saml:Assertion")
				for _, name := range []string{"xmlns:saml", "xmlns:xs", "xmlns:xsi"} {
					if old := a.RemoveAttr(name); old != nil {
						doc.CreateAttr(name, old.Value)
					}
				}
			}
		},
		"PrefixList inside only": func(r *idptest.Response) { // the outer c14n drops what the inner one names
			r.Signing.PrefixList, r.Outer = "xs", &idptest.Signing{}
			r.Before = func(doc *etree.Element) {
				doc.SelectElement("saml:Assertion").RemoveAttr("xmlns:xs")
				doc.CreateAttr("xmlns:xs", "http://www.w3.org/2001/XMLSchema")
			}
		},
		"2,000 groups": func(r *idptest.Response) { r.Attributes = twoThousand() },
		"2,000 groups, signature last": func(r *idptest.Response) {
			r.Attributes, r.Signing.Last = twoThousand(), true
		},
		"2,000 attributes": func(r *idptest.Response) {
			for _, v := range twoThousand()[0].Values {
				r.Attributes = append(r.Attributes, at("groups", v))
			}
		},
		"certificates and key": func(r *idptest.Response) { r.Signing.KeyInfo = idptest.KeyInfoBoth },
		"other prefixes": func(r *idptest.Response) {
			r.Style, r.Signing.Prefix = idptest.Style{Protocol: "ns0", Assertion: "ns1"}, "ns2"
		},
		"default namespaces": func(r *idptest.Response) { r.Style, r.Signing.Prefix = idptest.Style{Assertion: "-"}, "-" },
		"CDATA": func(r *idptest.Response) { // no different from text, to every reader
			r.After = func(doc *etree.Element) { doc.FindElement("//saml:NameID").SetCData("ada@acme.test") }
		},
		"comments between elements": func(r *idptest.Response) {
			r.After = func(doc *etree.Element) { doc.FindElement("//saml:Subject").CreateComment(" signed on host 7 ") }
		},
		"escapes": func(r *idptest.Response) {
			r.Attributes = []idptest.Attribute{at("odd", "<a & 'b' \"c\">\t]]>", "\u00fc\U0001F600\n")}
		},
	}
	for name, shape := range shapes {
		for form, set := range forms {
			t.Run(name+"/"+form, func(t *testing.T) {
				r := good()
				set(&r)
				shape(&r)
				message := respond(t, idp, r)
				for _, e := range []saml.Expectation{expecting(idp), rollover(expecting(idp), others)} {
					a := accept(t, message, e)
					if a.NameID != "ada@acme.test" || a.Email != "ada@acme.test" || a.CertificateID != "cert-1" || a.SessionIndex != "_s1" {
						t.Errorf("read %+v", a)
					}
					if a.SignedResponse != r.SignResponse || a.SignedAssertion != r.SignAssertion {
						t.Errorf("signed: response %v, assertion %v", a.SignedResponse, a.SignedAssertion)
					}
					if strings.HasPrefix(name, "2,000") && len(a.Values("groups")) != 2000 {
						t.Errorf("%d groups", len(a.Values("groups")))
					}
				}
			})
		}
	}
}

func twoThousand() []idptest.Attribute {
	groups := idptest.Attribute{Name: "groups"}
	for n := range 2000 {
		groups.Values = append(groups.Values, fmt.Sprintf("group %d", n))
	}
	return []idptest.Attribute{groups}
}

// What stands before the document is not part of it.
func TestProlog(t *testing.T) {
	idp := newIDP(t)
	doc := unpacked(t, respond(t, idp, good()))
	for _, prolog := range []string{"", "\ufeff", `<?xml version="1.0"?>`, "\ufeff" + `<?xml version='1.0' encoding='utf-8' standalone='no'?>` + "\r\n<!-- made by hand -->\n", " \n"} {
		accept(t, packed(prolog+doc), expecting(idp))
		accept(t, packed(prolog+doc+"\n<!-- the end -->\n"), expecting(idp))
	}
}

// rollover puts the strangers before the provider's own certificate.
func rollover(e saml.Expectation, others []saml.Certificate) saml.Expectation {
	e.Provider.Certificates = append(append([]saml.Certificate{}, others...), e.Provider.Certificates...)
	return e
}

func TestECDSA(t *testing.T) {
	for _, curve := range []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		idp := newIDP(t)
		idp.Key, idp.Certificate = key, selfSigned(t, key, instant.Add(-time.Hour), instant.Add(time.Hour))
		for _, hash := range []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512} {
			for _, der := range []bool{false, true} {
				r := good()
				r.SignResponse, r.Signing.Hash, r.Signing.DER = true, hash, der
				accept(t, respond(t, idp, r), rollover(expecting(idp), strangers(t)))
			}
		}
		r := good()
		r.Signing.Hash = crypto.SHA1
		refuse(t, respond(t, idp, r), expecting(idp), "signature_algorithm_weak")
		r = good()
		r.After = func(doc *etree.Element) { doc.FindElement("//saml:NameID").SetText("x@acme.test") }
		refuse(t, respond(t, idp, r), expecting(idp), "signature_invalid")
	}
}

func TestInclusiveC14NByChoice(t *testing.T) {
	idp := newIDP(t)
	for _, form := range []struct{ assertion, response bool }{{true, false}, {false, true}} {
		r := good()
		r.SignAssertion, r.SignResponse, r.Signing.Inclusive = form.assertion, form.response, true
		e := expecting(idp)
		refuse(t, respond(t, idp, r), e, "signature_invalid")
		e.Provider.AllowInclusiveC14N = true
		accept(t, respond(t, idp, r), e)
		// Without a canonicalization among the transforms it is the inclusive one.
		r.Signing.ChangeInfo = func(info *etree.Element) {
			list := info.FindElement("ds:Reference/ds:Transforms")
			list.RemoveChild(list.ChildElements()[1])
		}
		accept(t, respond(t, idp, r), e)
		e.Provider.AllowInclusiveC14N = false
		refuse(t, respond(t, idp, r), e, "signature_invalid")
	}
}

func TestCertificateDates(t *testing.T) {
	idp := newIDP(t)
	live := idp.Certificate
	other := strangers(t)[0]
	for _, c := range []struct {
		name        string
		from, until time.Time
		beside      bool // another, live certificate is trusted too
		want        string
	}{
		{"expired and alone", instant.AddDate(-1, 0, 0), instant.Add(-time.Second), false, "certificate_missing"},
		{"expired beside a live one", instant.AddDate(-1, 0, 0), instant.Add(-time.Second), true, "certificate_expired"},
		{"not yet valid", instant.Add(time.Second), instant.AddDate(1, 0, 0), true, "certificate_not_yet_valid"},
		{"first second", instant, instant.AddDate(1, 0, 0), true, ""},
		{"last second", instant.AddDate(-1, 0, 0), instant, true, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			idp.Certificate = selfSigned(t, idp.Key, c.from, c.until)
			e := expecting(idp)
			if c.beside {
				e.Provider.Certificates = append(e.Provider.Certificates, other)
			}
			if c.want == "" {
				accept(t, respond(t, idp, good()), e)
				return
			}
			refuse(t, respond(t, idp, good()), e, c.want)
			r := good()
			r.Signing.KeyInfo, r.SignResponse = idptest.KeyInfoNone, true
			refuse(t, respond(t, idp, r), e, c.want)
		})
	}
	// The same key under a renewed certificate verifies, whichever is shown.
	e := expecting(idp)
	e.Provider.Certificates = []saml.Certificate{{ID: "renewed", X509: live}}
	if a := accept(t, respond(t, idp, good()), e); a.CertificateID != "renewed" {
		t.Errorf("verified by %q", a.CertificateID)
	}
}

// Java products declare two namespaces on every value.
func TestNamespacesOnEveryValue(t *testing.T) {
	idp := newIDP(t)
	r := good()
	groups := idptest.Attribute{Name: "groups"}
	for n := range 800 {
		groups.Values = append(groups.Values, fmt.Sprintf("group %d", n))
	}
	r.Attributes = []idptest.Attribute{groups}
	r.Before = func(doc *etree.Element) {
		for _, v := range doc.FindElements("//saml:AttributeValue") {
			v.CreateAttr("xmlns:xs", "http://www.w3.org/2001/XMLSchema")
			v.CreateAttr("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance")
		}
	}
	if a := accept(t, respond(t, idp, r), expecting(idp)); len(a.Values("groups")) != 800 {
		t.Errorf("%d groups", len(a.Values("groups")))
	}
}

// Several bearer and other confirmations: one that satisfies is enough.
func TestSeveralConfirmations(t *testing.T) {
	idp := newIDP(t)
	for _, bad := range []struct{ attr, value string }{
		{"Recipient", "https://other.example"}, {"InResponseTo", "_other"}, {"NotOnOrAfter", "2026-03-14T14:00:00Z"},
	} {
		for _, first := range []bool{true, false} {
			r := good()
			r.Before = func(doc *etree.Element) {
				subject := doc.FindElement("//saml:Subject")
				extra := subject.SelectElement("saml:SubjectConfirmation").Copy()
				extra.SelectElement("saml:SubjectConfirmationData").CreateAttr(bad.attr, bad.value)
				vouches := extra.Copy()
				vouches.CreateAttr("Method", "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches")
				subject.AddChild(vouches)
				if first {
					subject.InsertChildAt(1, extra)
				} else {
					subject.AddChild(extra)
				}
			}
			accept(t, respond(t, idp, r), expecting(idp))
		}
	}
	// Two halves do not make a whole.
	r := good()
	r.Before = func(doc *etree.Element) {
		subject := doc.FindElement("//saml:Subject")
		one := subject.SelectElement("saml:SubjectConfirmation")
		two := one.Copy()
		one.SelectElement("saml:SubjectConfirmationData").CreateAttr("Recipient", "https://other.example")
		two.SelectElement("saml:SubjectConfirmationData").CreateAttr("InResponseTo", "_other")
		subject.AddChild(two)
	}
	refuse(t, respond(t, idp, r), expecting(idp), "recipient_mismatch")
}

func TestTimes(t *testing.T) {
	idp := newIDP(t)
	// A response made at the scene's instant is valid from a minute before it
	// until five minutes after.
	for _, c := range []struct {
		at   time.Duration
		skew time.Duration
		want string
	}{
		{0, 0, ""},
		{-2*time.Minute - 30*time.Second, 0, ""},
		{-2*time.Minute - 31*time.Second, 0, "assertion_not_yet_valid"},
		{6*time.Minute + 29*time.Second, 0, ""},
		{6*time.Minute + 30*time.Second, 0, "assertion_expired"},
		{-time.Minute, -1, ""},
		{-time.Minute - time.Second, -1, "assertion_not_yet_valid"},
		{5*time.Minute - time.Second, -1, ""},
		{5 * time.Minute, -1, "assertion_expired"},
		{7*time.Minute + 59*time.Second, 3 * time.Minute, ""},
	} {
		e := expecting(idp)
		e.Now, e.Skew = instant.Add(c.at), c.skew
		if c.want != "" {
			refuse(t, respond(t, idp, good()), e, c.want)
			continue
		}
		a := accept(t, respond(t, idp, good()), e)
		skew := map[bool]time.Duration{true: saml.DefaultSkew, false: max(c.skew, 0)}[c.skew == 0]
		if want := instant.Add(5*time.Minute + skew); !a.NotOnOrAfter.Equal(want) {
			t.Errorf("at %v: to be remembered until %v, want %v", c.at, a.NotOnOrAfter, want)
		}
	}
	// Conditions without dates are allowed; the confirmation's end still holds.
	r := good()
	r.Before = func(doc *etree.Element) {
		c := doc.FindElement("//saml:Conditions")
		c.RemoveAttr("NotBefore")
		c.RemoveAttr("NotOnOrAfter")
	}
	e := expecting(idp)
	accept(t, respond(t, idp, r), e)
	e.Now = instant.Add(time.Hour)
	refuse(t, respond(t, idp, r), e, "assertion_expired")
	// Times with an offset or fractions are understood.
	r.Before = func(doc *etree.Element) {
		doc.FindElement("//saml:Conditions").CreateAttr("NotOnOrAfter", "2026-03-15T00:10:00.1234567+09:00")
	}
	accept(t, respond(t, idp, r), expecting(idp))
	// A session that the provider has ended already is none.
	r.Before = func(doc *etree.Element) {
		doc.FindElement("//saml:AuthnStatement").CreateAttr("SessionNotOnOrAfter", "2026-03-14T15:00:00Z")
	}
	refuse(t, respond(t, idp, r), expecting(idp), "assertion_expired")
	r.Before = func(doc *etree.Element) {
		doc.FindElement("//saml:AuthnStatement").CreateAttr("SessionNotOnOrAfter", "2026-03-14T15:30:00Z")
	}
	if a := accept(t, respond(t, idp, r), expecting(idp)); a.SessionNotOnOrAfter.Format(time.RFC3339) != "2026-03-14T15:30:00Z" {
		t.Errorf("session until %v", a.SessionNotOnOrAfter)
	}
	refusal := refuse(t, func() string {
		forged, err := idp.Forge(forgery(t, "TimeWithoutZone"), good())
		if err != nil {
			t.Fatal(err)
		}
		return forged
	}(), expecting(idp), "assertion_invalid")
	if !strings.Contains(refusal.Message, "no time zone") {
		t.Errorf("message: %s", refusal.Message)
	}
}

func forgery(t testing.TB, name string) idptest.Forgery {
	t.Helper()
	for _, f := range idptest.Forgeries {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("no forgery %s", name)
	return idptest.Forgery{}
}
