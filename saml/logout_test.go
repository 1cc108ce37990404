package saml_test

import (
	"crypto"
	"encoding/base64"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"

	"rollcall/internal/idptest"
	"rollcall/saml"
)

// ways are the two in which a logout message comes.
var ways = map[string]func(t testing.TB, idp *idptest.IDP, l idptest.Logout) (*saml.LogoutMessage, *saml.Refusal){
	"address": func(t testing.TB, idp *idptest.IDP, l idptest.Logout) (*saml.LogoutMessage, *saml.Refusal) {
		query, err := idp.LogoutQuery(l)
		if err != nil {
			t.Fatal(err)
		}
		return saml.ReceiveLogoutQuery(query)
	},
	"form": func(t testing.TB, idp *idptest.IDP, l idptest.Logout) (*saml.LogoutMessage, *saml.Refusal) {
		value, err := idp.LogoutForm(l)
		if err != nil {
			t.Fatal(err)
		}
		if l.Answer {
			return saml.ReceiveLogoutForm("", value, l.RelayState)
		}
		return saml.ReceiveLogoutForm(value, "", l.RelayState)
	},
}

func leaving(idp *idptest.IDP) saml.LogoutExpectation {
	e := expecting(idp)
	sp := e.SP
	sp.LogoutURL = "https://rollcall.example/saml/acme/logout"
	return saml.LogoutExpectation{SP: sp, Provider: e.Provider, Now: instant, RequestID: requestID}
}

func goodLogout(idp *idptest.IDP) idptest.Logout {
	return idptest.Logout{
		Destination: leaving(idp).SP.LogoutURL, NameID: "ada@acme.test", NameIDFormat: saml.FormatEmailAddress,
		Sessions: []string{"_s1", "_s2"}, RelayState: "r/1 2&3", InResponseTo: requestID,
	}
}

func TestLogoutRequest(t *testing.T) {
	idp := newIDP(t)
	for way, receive := range ways {
		m, refusal := receive(t, idp, goodLogout(idp))
		if refusal != nil {
			t.Fatal(refusal)
		}
		if !m.IsRequest() || m.Issuer() != idp.EntityID || m.RelayState() != "r/1 2&3" {
			t.Errorf("%s: %v from %s with %q", way, m.IsRequest(), m.Issuer(), m.RelayState())
		}
		got, report := m.Request(leaving(idp))
		if got == nil {
			t.Fatalf("%s: %v", way, report.Refusal)
		}
		want := &saml.LogoutRequest{
			ID: got.ID, IssueInstant: instant, NotOnOrAfter: instant.Add(5 * time.Minute), NameID: "ada@acme.test", NameIDFormat: saml.FormatEmailAddress,
			SessionIndexes: []string{"_s1", "_s2"}, RelayState: "r/1 2&3", Issuer: idp.EntityID, CertificateID: "cert-1",
		}
		if !reflect.DeepEqual(got, want) || got.ID == "" {
			t.Errorf("%s: read %+v", way, got)
		}
		for _, c := range report.Checks {
			if strings.Contains(c.Actual, "ada@") || c.Status == saml.Fail {
				t.Errorf("%s: check %+v", way, c)
			}
		}
		// It is no answer.
		if answer, report := m.Response(leaving(idp)); answer != nil || report.Refusal == nil {
			t.Errorf("%s: taken as an answer", way)
		}
	}
}

func TestLogoutResponse(t *testing.T) {
	idp := newIDP(t)
	for way, receive := range ways {
		for _, c := range []struct {
			edit    func(*idptest.Logout)
			status  string
			partial bool
		}{
			{func(*idptest.Logout) {}, "", false},
			{func(l *idptest.Logout) { l.Partial = true }, "", true},
			{func(l *idptest.Logout) { l.Status = "urn:oasis:names:tc:SAML:2.0:status:RequestDenied" }, "urn:oasis:names:tc:SAML:2.0:status:RequestDenied", false},
		} {
			l := goodLogout(idp)
			l.Answer = true
			c.edit(&l)
			m, refusal := receive(t, idp, l)
			if refusal != nil {
				t.Fatal(refusal)
			}
			got, report := m.Response(leaving(idp))
			if got == nil || m.InResponseTo() != requestID {
				t.Fatalf("%s: %v", way, report.Refusal)
			}
			if got.Status != c.status || got.PartialLogout != c.partial || got.InResponseTo != requestID || got.Issuer != idp.EntityID || got.CertificateID != "cert-1" {
				t.Errorf("%s: read %+v", way, got)
			}
			if request, report := m.Request(leaving(idp)); request != nil || report.Refusal == nil {
				t.Errorf("%s: taken as a request", way)
			}
		}
	}
}

func TestLogoutRefuses(t *testing.T) {
	idp := newIDP(t)
	stranger, err := idptest.New(idp.EntityID, idp.SSOURL, clock)
	if err != nil {
		t.Fatal(err)
	}
	before := func(f func(el *etree.Element)) func(*idptest.Logout) {
		return func(l *idptest.Logout) { l.Before = f }
	}
	for _, c := range []struct {
		name     string
		edit     func(*idptest.Logout)
		expect   func(*saml.LogoutExpectation)
		want     string
		formOnly bool
	}{
		{name: "unsigned", edit: func(l *idptest.Logout) { l.Unsigned = true }, want: "signature_missing"},
		{name: "another key", edit: func(l *idptest.Logout) { l.Signing.Key = stranger.Key }, want: "signature_invalid"},
		{name: "SHA-1", edit: func(l *idptest.Logout) { l.Signing.Hash = crypto.SHA1 }, want: "signature_algorithm_weak"},
		{name: "SHA-1 by exception", edit: func(l *idptest.Logout) { l.Signing.Hash = crypto.SHA1 }, expect: func(e *saml.LogoutExpectation) { e.Provider.AllowSHA1Until = instant.Add(1) }},
		{name: "tampered", edit: func(l *idptest.Logout) {
			l.After = func(el *etree.Element) { el.SelectElement("saml:NameID").SetText("eve@acme.test") }
		}, want: "signature_invalid", formOnly: true},
		{name: "another issuer", edit: func(l *idptest.Logout) { l.Issuer = "https://other.example" }, want: "issuer_mismatch"},
		{name: "another place", edit: func(l *idptest.Logout) { l.Destination += "/" }, want: "destination_mismatch"},
		{name: "no place", edit: before(func(el *etree.Element) { el.RemoveAttr("Destination") }), want: "destination_mismatch"},
		{name: "over", edit: func(l *idptest.Logout) { l.Age = 5*time.Minute + 90*time.Second }, want: "logout_invalid"},
		{name: "just not over", edit: func(l *idptest.Logout) { l.Age = 5*time.Minute + 89*time.Second }},
		{name: "over, no skew", edit: func(l *idptest.Logout) { l.Age = 5 * time.Minute }, expect: func(e *saml.LogoutExpectation) { e.Skew = -1 }, want: "logout_invalid"},
		{name: "old and without end", edit: func(l *idptest.Logout) { l.Age, l.NoEnd = 10*time.Minute, true }, want: "logout_invalid"},
		{name: "without end", edit: func(l *idptest.Logout) { l.Age, l.NoEnd = 4*time.Minute, true }},
		{name: "of the future", edit: func(l *idptest.Logout) { l.Age = -10 * time.Minute }, want: "logout_invalid"},
		{name: "of no time", edit: before(func(el *etree.Element) { el.RemoveAttr("IssueInstant") }), want: "logout_invalid"},
		{name: "end without zone", edit: before(func(el *etree.Element) { el.CreateAttr("NotOnOrAfter", "2026-03-14T15:15:00") }), want: "logout_invalid"},
		{name: "version", edit: before(func(el *etree.Element) { el.CreateAttr("Version", "1.1") }), want: "logout_invalid"},
		{name: "nobody", edit: func(l *idptest.Logout) { l.NameID = " " }, want: "nameid_missing"},
		{name: "two people", edit: before(func(el *etree.Element) { el.AddChild(el.SelectElement("saml:NameID").Copy()) }), want: "logout_invalid"},
		{name: "no person", edit: before(func(el *etree.Element) { el.RemoveChild(el.SelectElement("saml:NameID")) }), want: "logout_invalid"},
		{name: "two issuers", edit: before(func(el *etree.Element) { el.AddChild(el.SelectElement("saml:Issuer").Copy()) }), want: "response_malformed"},
		{name: "no id", edit: func(l *idptest.Logout) {
			l.Unsigned = true
			l.Before = func(el *etree.Element) { el.RemoveAttr("ID") }
		}, want: "response_malformed"},
		{name: "comment", edit: before(func(el *etree.Element) { el.SelectElement("saml:NameID").CreateComment("x") }), want: "response_malformed"},
		{name: "an assertion inside", edit: before(func(el *etree.Element) { el.CreateElement("saml:Assertion") }), want: "logout_invalid"},
		{name: "many sessions", edit: func(l *idptest.Logout) { l.Sessions = strings.Fields(strings.Repeat("x ", 501)) }, want: "logout_invalid"},
		{name: "encrypted name, no key", edit: func(l *idptest.Logout) { l.Encrypt = &idptest.Encryption{To: ourKeys()[0].Certificate} }, want: "encryption_unexpected"},
		{name: "encrypted name", edit: func(l *idptest.Logout) { l.Encrypt = &idptest.Encryption{To: ourKeys()[0].Certificate} }, expect: func(e *saml.LogoutExpectation) { e.SP.DecryptionKeys = ourKeys() }},
		{name: "encrypted name of strangers", edit: func(l *idptest.Logout) {
			l.Encrypt = &idptest.Encryption{To: ourKeys()[0].Certificate}
			l.Signing.Key = stranger.Key
		}, expect: func(e *saml.LogoutExpectation) { e.SP.DecryptionKeys = ourKeys() }, want: "signature_invalid"},
		{name: "no certificate", expect: func(e *saml.LogoutExpectation) { e.Provider.Certificates = nil }, want: "certificate_missing"},
		{name: "no address of ours", expect: func(e *saml.LogoutExpectation) { e.SP.LogoutURL = "" }, want: "sso_not_enabled"},
		{name: "no provider", expect: func(e *saml.LogoutExpectation) { e.Provider.EntityID = "" }, want: "sso_not_enabled"},
		{name: "the second of three certificates", expect: func(e *saml.LogoutExpectation) {
			e.Provider.Certificates = append(strangers(t)[:2], e.Provider.Certificates...)
		}},
	} {
		for way, receive := range ways {
			if c.formOnly && way != "form" {
				continue
			}
			l := goodLogout(idp)
			if c.edit != nil {
				c.edit(&l)
			}
			e := leaving(idp)
			if c.expect != nil {
				c.expect(&e)
			}
			m, refusal := receive(t, idp, l)
			var got *saml.LogoutRequest
			if refusal == nil {
				var report *saml.Report
				got, report = m.Request(e)
				refusal = report.Refusal
			}
			switch {
			case c.want == "" && (got == nil || got.NameID != "ada@acme.test"):
				t.Errorf("%s, %s: %v", c.name, way, refusal)
			case c.want != "" && (got != nil || refusal == nil || string(refusal.Code) != c.want):
				t.Errorf("%s, %s: %v, %v", c.name, way, got, refusal)
			}
		}
	}
}

func TestLogoutAnswersOurs(t *testing.T) {
	idp := newIDP(t)
	for _, c := range []struct{ answers, pending, want string }{
		{requestID, requestID, ""}, {"_other", requestID, "request_mismatch"}, {"", requestID, "request_mismatch"}, {requestID, "", "request_unknown"}, {"", "", "request_unknown"},
	} {
		for way, receive := range ways {
			l := goodLogout(idp)
			l.Answer, l.InResponseTo = true, c.answers
			e := leaving(idp)
			e.RequestID = c.pending
			m, refusal := receive(t, idp, l)
			if refusal != nil {
				t.Fatal(refusal)
			}
			got, report := m.Response(e)
			if c.want == "" && got == nil || c.want != "" && (got != nil || string(report.Refusal.Code) != c.want) {
				t.Errorf("%s: %+v: %v, %v", way, c, got, report.Refusal)
			}
		}
	}
}

// The signature is over the octets as they were sent, whatever they look like.
func TestLogoutQueryOctets(t *testing.T) {
	idp := newIDP(t)
	query, err := idp.LogoutQuery(goodLogout(idp))
	if err != nil {
		t.Fatal(err)
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	judge := func(query string) (*saml.LogoutRequest, *saml.Refusal) {
		m, refusal := saml.ReceiveLogoutQuery(query)
		if refusal != nil {
			return nil, refusal
		}
		got, report := m.Request(leaving(idp))
		return got, report.Refusal
	}
	// AD FS writes its escapes in small letters and signs them so.
	small := "SAMLRequest=" + lowerEscapes(url.QueryEscape(values.Get("SAMLRequest"))) + "&RelayState=a%2fb"
	small, err = idp.SignQuery(small, idptest.Signing{})
	if err != nil {
		t.Fatal(err)
	}
	order := strings.Split(query, "&")
	for name, c := range map[string]struct {
		query string
		good  bool
	}{
		"as sent":               {query, true},
		"small escapes":         {small, true},
		"another order":         {strings.Join([]string{order[3], order[1], order[0], order[2]}, "&"), true},
		"more around it":        {"idp=1&" + query + "&x=y", true},
		"encoding named":        {query + "&SAMLEncoding=urn%3Aoasis%3Anames%3Atc%3ASAML%3A2.0%3Abindings%3AURL-Encoding%3ADEFLATE", true},
		"escaped otherwise":     {strings.Replace(query, "RelayState=r%2F1+2", "RelayState=r%2F1%202", 1), false},
		"escaped in small":      {strings.Replace(query, "%2F1", "%2f1", 1), false},
		"another state":         {strings.Replace(query, "RelayState=r", "RelayState=s", 1), false},
		"no state":              {order[0] + "&" + order[2] + "&" + order[3], false},
		"state twice":           {query + "&RelayState=x", false},
		"request twice":         {query + "&" + order[0], false},
		"request and response":  {query + "&SAMLResponse=x", false},
		"signature twice":       {query + "&" + order[3], false},
		"algorithm twice":       {query + "&" + order[2], false},
		"no algorithm":          {order[0] + "&" + order[1] + "&" + order[3], false},
		"algorithm changed":     {strings.Replace(query, "rsa-sha256", "rsa-sha512", 1), false},
		"no signature":          {order[0] + "&" + order[1] + "&" + order[2], false},
		"empty signature":       {order[0] + "&" + order[1] + "&" + order[2] + "&Signature=", false},
		"odd signature":         {order[0] + "&" + order[1] + "&" + order[2] + "&Signature=%2A", false},
		"another encoding":      {query + "&SAMLEncoding=urn:x", false},
		"bad escape":            {strings.Replace(query, "RelayState=r", "RelayState=%zz", 1), false},
		"called a response":     {strings.Replace(query, "SAMLRequest", "SAMLResponse", 1), false},
		"name in small letters": {strings.Replace(query, "SAMLRequest", "samlrequest", 1), false},
		"nothing":               {"", false},
		"not deflated":          {"SAMLRequest=" + url.QueryEscape(packed("<x/>")), false},
		"not base64":            {"SAMLRequest=%2A", false},
		"too long":              {query + "&x=" + strings.Repeat("x", 33<<10), false},
	} {
		got, refusal := judge(c.query)
		if (got != nil) != c.good || (refusal == nil) != c.good {
			t.Errorf("%s: %+v, %v", name, got, refusal)
		}
	}
}

func lowerEscapes(s string) string {
	out := []byte(s)
	for i := range out {
		if out[i] == '%' {
			copy(out[i:i+3], strings.ToLower(string(out[i:i+3])))
		}
	}
	return string(out)
}

// A few bytes that inflate to megabytes are let go at once.
func TestInflateIsBounded(t *testing.T) {
	for name, c := range map[string]struct {
		doc    string
		suffix string
	}{
		"bomb":           {strings.Repeat(" ", 20<<20), ""},
		"ratio":          {strings.Repeat("a", 60<<10), ""},
		"trailing bytes": {"<samlp:LogoutRequest/>", "x"},
	} {
		value := base64.StdEncoding.EncodeToString(append(idptest.Deflate([]byte(c.doc)), c.suffix...))
		query := "SAMLRequest=" + url.QueryEscape(value)
		cost := allocated(func() {
			if m, refusal := saml.ReceiveLogoutQuery(query); m != nil || refusal == nil || !strings.Contains(refusal.Message, "inflated") {
				t.Errorf("%s: %v, %v", name, m, refusal)
			}
		})
		if cost > 1<<20 {
			t.Errorf("%s: %d bytes were allocated", name, cost)
		}
	}
}

func TestLogoutForms(t *testing.T) {
	idp := newIDP(t)
	value, err := idp.LogoutForm(goodLogout(idp))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ request, response string }{
		"nothing": {"", ""}, "both": {value, value}, "not base64": {"%", ""}, "in the wrong field": {"", value}, "not XML": {packed("x"), ""},
		"a sign-in": {respond(t, idp, good()), ""}, "too large": {strings.Repeat("A", 200<<10), ""},
	} {
		if m, refusal := saml.ReceiveLogoutForm(c.request, c.response, ""); m != nil || refusal == nil {
			t.Errorf("%s: %v, %v", name, m, refusal)
		}
	}
}

// What we send is what the other side's reader - here our own - takes.
func TestOurLogoutMessages(t *testing.T) {
	sp := signing()
	idp := saml.Provider{EntityID: sp.EntityID, Certificates: []saml.Certificate{{ID: "ours", X509: sp.SigningKeys[0].Certificate}}}
	there := saml.LogoutExpectation{SP: saml.ServiceProvider{EntityID: "https://idp.example", LogoutURL: "https://idp.example/slo?a=b"}, Provider: idp, Now: instant, RequestID: "_theirs"}
	ask := saml.LogoutRequest{
		ID: "_ours", IssueInstant: instant, NotOnOrAfter: instant.Add(time.Minute), NameID: "ada <&> \"x\"", NameIDFormat: saml.FormatPersistent,
		NameQualifier: "https://idp.example", SPNameQualifier: sp.EntityID, SessionIndexes: []string{"_s1", "_s&2"}, Reason: "urn:x", RelayState: "r&1",
	}
	answer := saml.LogoutResponse{ID: "_answer", IssueInstant: instant, InResponseTo: "_theirs", RelayState: "r"}
	address := func(s string, err error) (*saml.LogoutMessage, *saml.Refusal) {
		if err != nil {
			t.Fatal(err)
		}
		_, query, _ := strings.Cut(s, "?a=b&")
		return saml.ReceiveLogoutQuery(query)
	}
	form := func(f saml.Form, err error) (*saml.LogoutMessage, *saml.Refusal) {
		if err != nil {
			t.Fatal(err)
		}
		fields := map[string]string{}
		for _, f := range f.Fields {
			fields[f.Name] = f.Value
		}
		return saml.ReceiveLogoutForm(fields["SAMLRequest"], fields["SAMLResponse"], fields["RelayState"])
	}
	const to = "https://idp.example/slo?a=b"
	for way, receive := range map[string]func() (*saml.LogoutMessage, *saml.Refusal){
		"address": func() (*saml.LogoutMessage, *saml.Refusal) { return address(sp.LogoutRequestURL(to, ask)) },
		"form":    func() (*saml.LogoutMessage, *saml.Refusal) { return form(sp.LogoutRequestForm(to, ask)) },
	} {
		m, refusal := receive()
		if refusal != nil {
			t.Fatal(refusal)
		}
		got, report := m.Request(there)
		want := ask
		want.Issuer, want.CertificateID = sp.EntityID, "ours"
		if got == nil || !reflect.DeepEqual(*got, want) {
			t.Errorf("%s: read %+v, %v", way, got, report.Refusal)
		}
	}
	partial, denied := answer, answer
	partial.PartialLogout, denied.Status, denied.StatusMessage = true, "urn:oasis:names:tc:SAML:2.0:status:RequestDenied", "no"
	for name, a := range map[string]saml.LogoutResponse{"success": answer, "partial": partial, "denied": denied} {
		for way, receive := range map[string]func() (*saml.LogoutMessage, *saml.Refusal){
			"address": func() (*saml.LogoutMessage, *saml.Refusal) { return address(sp.LogoutResponseURL(to, a)) },
			"form":    func() (*saml.LogoutMessage, *saml.Refusal) { return form(sp.LogoutResponseForm(to, a)) },
		} {
			m, refusal := receive()
			if refusal != nil {
				t.Fatal(refusal)
			}
			got, report := m.Response(there)
			want := a
			want.Issuer, want.CertificateID = sp.EntityID, "ours"
			if got == nil || !reflect.DeepEqual(*got, want) {
				t.Errorf("%s, %s: read %+v, %v", name, way, got, report.Refusal)
			}
		}
	}
	// Without a key nothing goes out.
	if s, err := acme.LogoutRequestURL(to, ask); err == nil || s != "" {
		t.Errorf("unsigned: %q", s)
	}
	if f, err := acme.LogoutResponseForm("javascript:x", answer); err == nil || f.Action != "" {
		t.Errorf("unsigned: %+v", f)
	}
}
