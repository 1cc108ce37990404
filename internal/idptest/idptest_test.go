package idptest

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"

	"rollcall/saml"
)

var (
	now  = time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC)
	acme = saml.ServiceProvider{
		EntityID: "https://rollcall.example/saml/acme", ACSURL: "https://rollcall.example/saml/acme/finalize",
	}
)

func provider(t *testing.T) *IDP {
	t.Helper()
	idp, err := NewECDSA("https://idp.example/entity", "https://idp.example/idp/sso", func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	idp.ServiceProviders = []saml.ServiceProvider{acme}
	idp.People = []Person{
		{NameID: "ada@acme.test", NameIDFormat: saml.FormatEmailAddress, Email: "ada@acme.test", FirstName: "Ada", LastName: `<b>"Lovelace"`},
		{NameID: "grace", Email: "grace@acme.test", FirstName: "Grace"},
	}
	return idp
}

func visit(t *testing.T, idp *IDP, method, target string, form url.Values) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(form.Encode()))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	w := httptest.NewRecorder()
	idp.Handler().ServeHTTP(w, r)
	return w
}

// hidden reads a hidden input out of a page.
func hidden(t *testing.T, page, name string) string {
	t.Helper()
	m := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("no input %s in\n%s", name, page)
	}
	return html.UnescapeString(m[1])
}

// The whole way of a browser: our request, their pages, our judgement.
func TestPages(t *testing.T) {
	idp := provider(t)
	address, err := acme.AuthnRequestURL(idp.SSOURL, "_request1", "r-42", now)
	if err != nil {
		t.Fatal(err)
	}
	w := visit(t, idp, "GET", address, nil)
	body := w.Body.String()
	if w.Code != 200 || strings.Count(body, "<form") != 2 || !strings.Contains(body, "Ada &lt;b&gt;") || strings.Contains(body, "<script") {
		t.Fatalf("%d\n%s", w.Code, body)
	}
	csp := w.Header().Get("Content-Security-Policy")
	if !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "form-action 'self' https://rollcall.example") || strings.Contains(csp, "unsafe") {
		t.Errorf("CSP %s", csp)
	}

	form := url.Values{"SAMLRequest": {hidden(t, body, "SAMLRequest")}, "RelayState": {hidden(t, body, "RelayState")}, "nameid": {"ada@acme.test"}}
	w = visit(t, idp, "POST", "/idp/sso/login", form)
	body = w.Body.String()
	if w.Code != 200 || !strings.Contains(body, `action="`+acme.ACSURL+`"`) || hidden(t, body, "RelayState") != "r-42" {
		t.Fatalf("%d\n%s", w.Code, body)
	}
	a, refusal := judge(idp, hidden(t, body, "SAMLResponse"), "_request1")
	if refusal != nil || a.NameID != "ada@acme.test" || a.FirstName != "Ada" || a.LastName != `<b>"Lovelace"` || !a.SignedAssertion || !a.SignedResponse {
		t.Errorf("%+v, %v", a, refusal)
	}

	// Starting here.
	w = visit(t, idp, "POST", "/idp/sso/login", url.Values{"nameid": {"grace"}})
	if a, refusal = judge(idp, hidden(t, w.Body.String(), "SAMLResponse"), ""); refusal != nil || a.Email != "grace@acme.test" {
		t.Errorf("%+v, %v", a, refusal)
	}
	for path, kind := range map[string]string{"/metadata": "application/samlmetadata+xml", "/idp/sso/style.css": "text/css; charset=utf-8"} {
		if w := visit(t, idp, "GET", path, nil); w.Code != 200 || w.Header().Get("Content-Type") != kind {
			t.Errorf("%s: %d %s", path, w.Code, w.Header().Get("Content-Type"))
		}
	}
}

func judge(idp *IDP, response, request string) (*saml.Assertion, *saml.Refusal) {
	m, refusal := saml.Receive(response, saml.Limits{})
	if refusal != nil {
		return nil, refusal
	}
	a, report := m.Validate(saml.Expectation{
		SP: acme, Now: now, RequestID: request, AllowUnsolicited: true,
		Provider: saml.Provider{EntityID: idp.EntityID, Certificates: []saml.Certificate{{ID: "1", X509: idp.Certificate}}},
	})
	return a, report.Refusal
}

func TestPagesRefuse(t *testing.T) {
	idp := provider(t)
	request := func(sp saml.ServiceProvider) string {
		address, err := sp.AuthnRequestURL(idp.SSOURL, "_r", "", now)
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		return u.Query().Get("SAMLRequest")
	}
	elsewhere, stranger := acme, acme
	elsewhere.ACSURL, stranger.EntityID = "https://evil.example/acs", "https://evil.example"
	for name, packed := range map[string]string{
		"another ACS URL": request(elsewhere), "unknown service provider": request(stranger),
		"not base64": "%", "not deflated": "AAAA", "not XML": base64.StdEncoding.EncodeToString([]byte{1, 1, 0, 254, 255, 'x'}),
		"too large": strings.Repeat("A", 70<<10),
	} {
		w := visit(t, idp, "GET", "/idp/sso?SAMLRequest="+url.QueryEscape(packed), nil)
		if w.Code != http.StatusBadRequest || strings.Contains(w.Body.String(), "evil") {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		if w = visit(t, idp, "POST", "/idp/sso/login", url.Values{"SAMLRequest": {packed}, "nameid": {"grace"}}); w.Code != http.StatusBadRequest {
			t.Errorf("%s: login %d", name, w.Code)
		}
	}
	if w := visit(t, idp, "POST", "/idp/sso/login", url.Values{"nameid": {"nobody"}}); w.Code != http.StatusBadRequest {
		t.Errorf("nobody: %d", w.Code)
	}
	idp.ServiceProviders = nil
	if w := visit(t, idp, "GET", "/idp/sso", nil); w.Code != http.StatusBadRequest {
		t.Errorf("nowhere to go: %d", w.Code)
	}
	idp.People, idp.ServiceProviders = nil, []saml.ServiceProvider{acme}
	if w := visit(t, idp, "GET", "/idp/sso", nil); w.Code != 200 || !strings.Contains(w.Body.String(), "nobody to choose") {
		t.Errorf("nobody: %d", w.Code)
	}
}

func TestMetadataAndCertificate(t *testing.T) {
	idp := provider(t)
	next, err := SelfSigned(idp.Key, now, now.AddDate(2, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	idp.Extra = []*x509.Certificate{next}
	md, err := saml.ParseMetadata(idp.Metadata(), now)
	if err != nil || md.EntityID != idp.EntityID || md.SSOURL != idp.SSOURL || len(md.Certificates) != 2 {
		t.Errorf("%+v, %v", md, err)
	}
	block, _ := pem.Decode([]byte(idp.CertificatePEM()))
	if block == nil || block.Type != "CERTIFICATE" || string(block.Bytes) != string(idp.Certificate.Raw) {
		t.Error("the PEM is not the certificate")
	}
}

// Every forgery has its own name, a code of the table, and is not what the
// provider would have sent.
func TestForgeryTable(t *testing.T) {
	idp, err := New("https://idp.example/entity", "https://idp.example/sso", func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, f := range Forgeries {
		if seen[f.Name] || f.Want.Meaning() == "" {
			t.Errorf("%s, %s: twice, or a code that the table lacks", f.Name, f.Want)
		}
		seen[f.Name] = true
		r := Response{ACSURL: acme.ACSURL, Audience: acme.EntityID, NameID: "ada@acme.test", SignAssertion: true, SignResponse: true}
		forged, err := idp.Forge(f, r)
		if err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
		if a, refusal := judge(idp, forged, ""); a != nil || refusal == nil {
			t.Errorf("%s is accepted", f.Name)
		}
	}
	if len(seen) < 200 {
		t.Errorf("%d forgeries", len(seen))
	}
	if _, err := idp.Forge(wrappings[0], Response{Status: "urn:x"}); err == nil {
		t.Error("a wrapping without an assertion")
	}
}

// The knobs do what they say.
func TestResponseForms(t *testing.T) {
	idp := provider(t)
	base := Response{ACSURL: acme.ACSURL, Audience: acme.EntityID, NameID: "ada@acme.test"}
	for name, c := range map[string]struct {
		edit func(*Response)
		want map[string]int // path -> count
	}{
		"zero value": {func(*Response) {}, map[string]int{"/samlp:Response/saml:Assertion/ds:Signature": 1, "/samlp:Response/ds:Signature": 0, "//saml:AttributeStatement": 0}},
		"response":   {func(r *Response) { r.SignResponse = true }, map[string]int{"/samlp:Response/saml:Assertion/ds:Signature": 0, "/samlp:Response/ds:Signature": 1}},
		"both":       {func(r *Response) { r.SignResponse, r.SignAssertion = true, true }, map[string]int{"//ds:Signature": 2}},
		"unsigned":   {func(r *Response) { r.Unsigned, r.SignAssertion = true, true }, map[string]int{"//ds:Signature": 0}},
		"no KeyInfo": {func(r *Response) { r.Signing.KeyInfo = KeyInfoNone }, map[string]int{"//ds:KeyInfo": 0}},
		"KeyName":    {func(r *Response) { r.Signing.KeyInfo = KeyInfoKeyName }, map[string]int{"//ds:KeyName": 1, "//ds:X509Data": 0}},
		"attributes": {func(r *Response) {
			r.Attributes = []Attribute{{Name: "a", FriendlyName: "b", Values: []string{"1", "2"}}}
		}, map[string]int{"//saml:Attribute[@FriendlyName='b']/saml:AttributeValue": 2}},
		"no issuer":      {func(r *Response) { r.OmitIssuer = true }, map[string]int{"/samlp:Response/saml:Issuer": 0, "//saml:Assertion/saml:Issuer": 1}},
		"no destination": {func(r *Response) { r.OmitDest = true }, map[string]int{"/samlp:Response[@Destination]": 0}},
		"declined":       {func(r *Response) { r.Status = "urn:x" }, map[string]int{"//saml:Assertion": 0, "//samlp:StatusCode": 2}},
	} {
		r := base
		c.edit(&r)
		packed, err := idp.Respond(r)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := base64.StdEncoding.DecodeString(packed)
		if err != nil {
			t.Fatal(err)
		}
		doc := etree.NewDocument()
		if err := doc.ReadFromBytes(raw); err != nil {
			t.Fatal(err)
		}
		for path, n := range c.want {
			if got := len(doc.FindElements(path)); got != n {
				t.Errorf("%s: %d of %s, want %d", name, got, path, n)
			}
		}
	}
	r := base
	r.Indent = 4
	packed, err := idp.Respond(r)
	if err != nil || !strings.HasPrefix(packed, "\r\n    ") {
		t.Errorf("indented: %.20q, %v", packed, err)
	}
	if fold("abc", 0) != "abc" {
		t.Error("folded without being asked")
	}
}
