package graph

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// request builds one with headers given as "Name: value".
func request(method, target, body string, headers ...string) *http.Request {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Add(name, value)
	}
	return r
}

func get(query string, more ...string) string {
	return "/graphql?query=" + url.QueryEscape(query) + strings.Join(more, "")
}

const (
	asJSON  = "Content-Type: application/json"
	modern  = "Accept: application/graphql-response+json"
	old     = "Accept: application/json"
	asked   = "X-Rollcall-Request: 1"
	typical = `{"query":"{__typename}"}`
)

// What GraphQL over HTTP says about methods, media types and parameters. Where
// old is 0 the status is the same for both media types of the answer.
func TestTransport(t *testing.T) {
	h := quiet(&stub{})
	for _, c := range []struct {
		name    string
		request func(accept string) *http.Request
		status  int
		old     int
		code    Code
	}{
		{"POST", post1(typical), 200, 0, ""},
		{"POST in UTF-8", post1(typical, "Content-Type: application/json; charset=UTF-8"), 200, 0, ""},
		{"POST in Latin 1", post1(typical, "Content-Type: application/json; charset=latin1"), 415, 0, CodeUnsupportedType},
		{"POST without a type", post1(typical, "Content-Type: "), 415, 0, CodeUnsupportedType},
		{"POST of a form", post1("query=%7B__typename%7D", "Content-Type: application/x-www-form-urlencoded"), 415, 0, CodeUnsupportedType},
		{"POST of text", post1(typical, "Content-Type: text/plain"), 415, 0, CodeUnsupportedType},
		{"POST of multipart", post1(typical, "Content-Type: multipart/form-data; boundary=x"), 403, 0, CodePreflight},
		{"POST of GraphQL", post1("{__typename}", "Content-Type: application/graphql"), 415, 0, CodeUnsupportedType},
		{"POST compressed", post1(typical, asJSON, "Content-Encoding: gzip"), 415, 0, CodeUnsupportedType},
		{"POST of nothing", post1(""), 400, 0, CodeBadRequest},
		{"POST of nonsense", post1("NONSENSE"), 400, 0, CodeBadRequest},
		{"POST of half an object", post1(`{"query":`), 400, 0, CodeBadRequest},
		{"POST of two objects", post1(typical + typical), 400, 0, CodeBadRequest},
		{"POST of null", post1("null"), 400, 0, CodeBadRequest},
		{"POST of a batch", post1("[" + typical + "," + typical + "]"), 400, 0, CodeBadRequest},
		{"no query", post1(`{"qeury":"{__typename}"}`), 400, 0, CodeBadRequest},
		{"Query in capitals", post1(`{"Query":"{__typename}"}`), 400, 0, CodeBadRequest},
		{"query null", post1(`{"query":null}`), 400, 0, CodeBadRequest},
		{"query a number", post1(`{"query":1}`), 400, 0, CodeBadRequest},
		{"query an object", post1(`{"query":{}}`), 400, 0, CodeBadRequest},
		{"operationName a number", post1(`{"query":"{__typename}","operationName":0}`), 400, 0, CodeBadRequest},
		{"operationName null", post1(`{"query":"{__typename}","operationName":null}`), 200, 0, ""},
		{"operationName", post1(`{"query":"query A {__typename} query B {__typename}","operationName":"B"}`), 200, 0, ""},
		{"operationName unknown", post1(`{"query":"query A {__typename}","operationName":"B"}`), 400, 200, CodeValidationFailed},
		{"operationName missing", post1(`{"query":"query A {__typename} query B {__typename}"}`), 400, 200, CodeValidationFailed},
		{"variables a list", post1(`{"query":"{__typename}","variables":[7]}`), 400, 0, CodeBadRequest},
		{"variables a string", post1(`{"query":"{__typename}","variables":"{}"}`), 400, 0, CodeBadRequest},
		{"variables null", post1(`{"query":"{__typename}","variables":null}`), 200, 0, ""},
		{"extensions a list", post1(`{"query":"{__typename}","extensions":[]}`), 400, 0, CodeBadRequest},
		{"extensions", post1(`{"query":"{__typename}","extensions":{"a":1}}`), 200, 0, ""},
		{"other properties", post1(`{"query":"{__typename}","more":[]}`), 200, 0, ""},
		{"no document", post1(`{"query":"{"}`), 400, 200, CodeParseFailed},
		{"an empty document", post1(`{"query":""}`), 400, 200, CodeValidationFailed},
		{"only a fragment", post1(`{"query":"fragment F on Query {__typename}"}`), 400, 200, CodeValidationFailed},
		{"an unknown field", post1(`{"query":"{nothing}"}`), 400, 200, CodeValidationFailed},
		{"a subscription", post1(`{"query":"subscription {a}"}`), 400, 200, CodeValidationFailed},
		{"@defer", post1(`{"query":"{... @defer {__typename}}"}`), 400, 200, CodeValidationFailed},
		{"a variable missing", post1(`{"query":"query($s: String!) {team(slug: $s) {id}}"}`), 400, 200, CodeBadUserInput},
		{"a variable of the wrong type", post1(`{"query":"query($s: String!) {team(slug: $s) {id}}","variables":{"s":1}}`), 400, 200, CodeBadUserInput},
		{"an unknown input field", post1(`{"query":"mutation($i: UpdateMembershipInput!) {updateMembership(input: $i) {clientMutationId}}","variables":{"i":{"x":1}}}`), 400, 200, CodeBadUserInput},
		{"more than 256 KiB", post1(`{"query":"{__typename}","x":"` + strings.Repeat("x", maxRequest) + `"}`), 413, 0, CodeRequestTooLarge},

		{"GET", get1(get("{__typename}"), asked), 200, 0, ""},
		{"GET as JSON", get1(get("{__typename}"), asJSON), 200, 0, ""},
		{"GET with a key", get1(get("{__typename}"), "Authorization: Bearer x"), 200, 0, ""},
		{"GET with Apollo's header", get1(get("{__typename}"), "Apollo-Require-Preflight: true"), 200, 0, ""},
		{"a plain GET", get1(get("{__typename}")), 403, 0, CodePreflight},
		{"GET as a form", get1(get("{__typename}"), "Content-Type: application/x-www-form-urlencoded"), 403, 0, CodePreflight},
		{"GET as text", get1(get("{__typename}"), "Content-Type: text/plain; application/json"), 403, 0, CodePreflight},
		{"GET of a mutation", get1(get("mutation {__typename}"), asked), 405, 0, CodeMethodNotAllowed},
		{"GET of one of two", get1(get("mutation M {__typename} query Q {__typename}", "&operationName=Q"), asked), 200, 0, ""},
		{"GET of the other of two", get1(get("mutation M {__typename} query Q {__typename}", "&operationName=M"), asked), 405, 0, CodeMethodNotAllowed},
		{"GET with an empty operationName", get1(get("{__typename}", "&operationName="), asked), 200, 0, ""},
		{"GET with variables", get1(get("query($s: String!) {team(slug: $s) {slug}}", "&variables="+url.QueryEscape(`{"s":"acme"}`)), asked), 200, 0, ""},
		{"GET with a list of variables", get1(get("{__typename}", "&variables=[1]"), asked), 400, 0, CodeBadRequest},
		{"GET with two objects of variables", get1(get("{__typename}", "&variables=%7B%7D%7B%7D"), asked), 400, 0, CodeBadRequest},
		{"GET with bad extensions", get1(get("{__typename}", "&extensions=x"), asked), 400, 0, CodeBadRequest},
		{"GET of nothing", get1("/graphql", asked), 400, 0, CodeBadRequest},
		{"GET of two queries", get1(get("{__typename}", "&query=%7Ba%7D"), asked), 400, 0, CodeBadRequest},
		{"GET of a bad URL", get1("/graphql?query=%zz", asked), 400, 0, CodeBadRequest},
		{"GET that is too long", get1(get("{__typename}#"+strings.Repeat("x", maxRequest)), asked), 413, 0, CodeRequestTooLarge},

		{"PUT", other(http.MethodPut), 405, 0, CodeMethodNotAllowed},
		{"DELETE", other(http.MethodDelete), 405, 0, CodeMethodNotAllowed},
		{"OPTIONS", other(http.MethodOptions), 405, 0, CodeMethodNotAllowed},
		{"HEAD", other(http.MethodHead), 405, 0, CodeMethodNotAllowed},
	} {
		for _, accept := range []string{modern, old} {
			t.Run(c.name+" "+accept, func(t *testing.T) {
				want := c.status
				if accept == old && c.old != 0 {
					want = c.old
				}
				got := serve(t, h, known(t.Context()), c.request(accept))
				if got.status != want || got.code() != string(c.code) {
					t.Fatalf("%d %s, not %d %s", got.status, got.text, want, c.code)
				}
				checkForm(t, got, strings.TrimPrefix(accept, "Accept: "), c.code)
			})
		}
	}
}

// checkForm is what every answer has in common.
func checkForm(t *testing.T, got reply, mediaType string, code Code) {
	t.Helper()
	for name, want := range map[string]string{
		"Content-Type": mediaType + "; charset=utf-8", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
		"Content-Length": fmt.Sprint(len(got.text)),
	} {
		if got.header.Get(name) != want {
			t.Errorf("%s is %q, not %q", name, got.header.Get(name), want)
		}
	}
	if hasData := strings.Contains(got.text, `"data"`); hasData != (code == "") {
		t.Errorf("data with code %q: %s", code, got.text)
	}
	for _, e := range got.body.Errors {
		if e.Extensions["requestId"] != "req-1" || e.Message == "" || e.Path != nil {
			t.Errorf("an error without request id or message, or with a path: %+v", e)
		}
	}
	if allow := got.header.Get("Allow"); (got.status == http.StatusMethodNotAllowed) != (allow != "") {
		t.Errorf("status %d with Allow %q", got.status, allow)
	}
}

func post1(body string, headers ...string) func(string) *http.Request {
	if len(headers) == 0 {
		headers = []string{asJSON}
	}
	return func(accept string) *http.Request {
		return request(http.MethodPost, "/graphql", body, append(headers, accept)...)
	}
}

func get1(target string, headers ...string) func(string) *http.Request {
	return func(accept string) *http.Request {
		return request(http.MethodGet, target, "", append(headers, accept)...)
	}
}

func other(method string) func(string) *http.Request {
	return func(accept string) *http.Request {
		return request(method, "/graphql", typical, asJSON, asked, accept)
	}
}

func TestNotAcceptable(t *testing.T) {
	got := serve(t, quiet(&stub{}), known(t.Context()), request(http.MethodPost, "/graphql", typical, asJSON, "Accept: text/html"))
	if got.status != http.StatusNotAcceptable || got.code() != string(CodeNotAcceptable) {
		t.Errorf("%d %s", got.status, got.text)
	}
}

// Bodies may hold secrets: nothing of one comes back, and nothing is logged.
func TestMalformedBodiesAreNotRepeated(t *testing.T) {
	const secret = "rck_swordfish"
	h, heard := edge(&stub{})
	for _, body := range []string{
		secret, `{"query":"{__typename}","variables":"` + secret + `"}`, `{"query":["` + secret + `"]}`,
		`{"query":"{__typename}" ` + secret + `}`, `["` + secret + `"]`, `{"` + secret + `":1}`,
	} {
		if got := serve(t, h, known(t.Context()), request(http.MethodPost, "/graphql", body, asJSON)); strings.Contains(got.text, secret) || got.status != 400 {
			t.Errorf("%s is answered %d %s", body, got.status, got.text)
		}
	}
	if got := serve(t, h, known(t.Context()), request(http.MethodGet, "/graphql?query=%7B__typename%7D&variables="+secret, "", asked)); strings.Contains(got.text, secret) || got.status != 400 {
		t.Errorf("GET: %d %s", got.status, got.text)
	}
	heard.MustNotHold(t, secret)
}

// A body that ends before it should is a bad request.
func TestBrokenBody(t *testing.T) {
	r := request(http.MethodPost, "/graphql", "", asJSON)
	r.Body = &broken{}
	if got := serve(t, quiet(&stub{}), known(t.Context()), r); got.status != 400 || got.code() != string(CodeBadRequest) {
		t.Errorf("%d %s", got.status, got.text)
	}
}

type broken struct{}

func (*broken) Read([]byte) (int, error) { return 0, fmt.Errorf("connection reset by rck_secret") }
func (*broken) Close() error             { return nil }
