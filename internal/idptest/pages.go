package idptest

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"strings"

	"rollcall/saml"
)

// maxRequest is the largest AuthnRequest, packed or unpacked, in bytes.
const maxRequest = 64 << 10

// Handler serves the provider's pages under the paths of SSOURL:
//
//	GET  {SSO}?SAMLRequest=…&RelayState=…   choose a person
//	POST {SSO}/login                        SAMLRequest, RelayState, nameid -> a form
//	                                        that posts SAMLResponse to the ACS
//	GET  {SSO}/style.css, /metadata
//
// Without SAMLRequest the sign-in starts here and goes to the first service
// provider. The pages need no script, so curl can do what a browser does:
//
//	curl --data-urlencode SAMLRequest=… -d RelayState=… -d nameid=ada@acme.test {SSO}/login
func (i *IDP) Handler() http.Handler {
	base := "/sso"
	if u, err := url.Parse(i.SSOURL); err == nil && strings.Trim(u.Path, "/") != "" {
		base = "/" + strings.Trim(u.Path, "/")
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+base, func(w http.ResponseWriter, r *http.Request) { i.choose(w, r, base) })
	mux.HandleFunc("POST "+base+"/login", func(w http.ResponseWriter, r *http.Request) { i.login(w, r, base) })
	mux.HandleFunc("GET "+base+"/style.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		_, _ = io.WriteString(w, style)
	})
	mux.HandleFunc("GET /metadata", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/samlmetadata+xml")
		_, _ = w.Write(i.Metadata())
	})
	return mux
}

const style = `:root { color-scheme: light dark; --paper: #fff; --ink: #1b1f24; --quiet: #424a53; --line: #57606a; --button: #f6f8fa; --accent: #0550ae }
@media (prefers-color-scheme: dark) { :root { --paper: #101317; --ink: #e9ecef; --quiet: #b3bcc7; --line: #8a95a3; --button: #1a1e24; --accent: #a9c8ff } }
body { font: 1.1rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 3rem auto; padding: 0 1rem; color: var(--ink); background: var(--paper); overflow-wrap: anywhere }
button { font: inherit; width: 100%; text-align: left; padding: .8rem 1rem; margin: .3rem 0; border: 2px solid var(--line); border-radius: .4rem; background: var(--button); color: inherit; cursor: pointer }
button:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
small { display: block; color: var(--quiet) }
`

var pages = template.Must(template.New("page").Parse(`{{define "head"}}<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Title}}</title><link rel="stylesheet" href="{{.Base}}/style.css"></head>
<body><main>
<h1>{{.Title}}</h1>
{{end}}{{define "choose"}}{{template "head" .}}
<p>This is the test identity provider. It asks for no password: choose who you are, and {{.SP.EntityID}} will be told so.</p>
{{range .People}}<form method="post" action="{{$.Base}}/login">
<input type="hidden" name="SAMLRequest" value="{{$.Request}}">
<input type="hidden" name="RelayState" value="{{$.RelayState}}">
<input type="hidden" name="nameid" value="{{.NameID}}">
<button type="submit">{{.FirstName}} {{.LastName}}<small>{{.Email}}</small></button>
</form>
{{else}}<p>There is nobody to choose from.</p>
{{end}}</main></body></html>
{{end}}{{define "continue"}}{{template "head" .}}
<p>You are {{.Person.Email}}. Continue to {{.SP.ACSURL}}.</p>
<form method="post" action="{{.SP.ACSURL}}">
<input type="hidden" name="SAMLResponse" value="{{.Response}}">
<input type="hidden" name="RelayState" value="{{.RelayState}}">
<button type="submit">Continue</button>
</form>
</main></body></html>
{{end}}{{define "error"}}{{template "head" .}}
<p>{{.Problem}}</p>
</main></body></html>
{{end}}`))

// page is what the templates show.
type page struct {
	Title, Base         string
	SP                  saml.ServiceProvider
	People              []Person
	Person              Person
	Request, RelayState string
	Response            string
	Problem             string
}

func (i *IDP) choose(w http.ResponseWriter, r *http.Request, base string) {
	packed := r.URL.Query().Get("SAMLRequest")
	sp, _, err := i.asked(packed)
	if err != nil {
		i.problem(w, base, err)
		return
	}
	i.show(w, http.StatusOK, "choose", page{
		Title: "Sign in", Base: base, SP: sp, People: i.People,
		Request: packed, RelayState: r.URL.Query().Get("RelayState"),
	})
}

func (i *IDP) login(w http.ResponseWriter, r *http.Request, base string) {
	r.Body = http.MaxBytesReader(w, r.Body, 2*maxRequest)
	if err := r.ParseForm(); err != nil {
		i.problem(w, base, errors.New("the form cannot be read"))
		return
	}
	sp, id, err := i.asked(r.PostForm.Get("SAMLRequest"))
	if err != nil {
		i.problem(w, base, err)
		return
	}
	who, ok := i.person(r.PostForm.Get("nameid"))
	if !ok {
		i.problem(w, base, errors.New("nobody here has this nameid"))
		return
	}
	response, err := i.Respond(i.About(who, sp, id))
	if err != nil {
		i.problem(w, base, errors.New("the response cannot be signed"))
		return
	}
	i.show(w, http.StatusOK, "continue", page{
		Title: "Continue", Base: base, SP: sp, Person: who, Response: response, RelayState: r.PostForm.Get("RelayState"),
	})
}

// About describes the usual good Response about a person for sp.
func (i *IDP) About(p Person, sp saml.ServiceProvider, inResponseTo string) Response {
	r := Response{
		ACSURL: sp.ACSURL, Audience: sp.EntityID, InResponseTo: inResponseTo,
		NameID: p.NameID, NameIDFormat: p.NameIDFormat, SignResponse: true, SignAssertion: true,
	}
	for _, at := range []Attribute{{Name: "email", Values: []string{p.Email}}, {Name: "firstName", Values: []string{p.FirstName}}, {Name: "lastName", Values: []string{p.LastName}}} {
		if at.Values[0] != "" {
			r.Attributes = append(r.Attributes, at)
		}
	}
	return r
}

func (i *IDP) person(nameID string) (Person, bool) {
	for _, p := range i.People {
		if p.NameID == nameID {
			return p, true
		}
	}
	return Person{}, false
}

// asked reads an AuthnRequest and finds the service provider that may have
// sent it. It verifies nothing, which is all right because the answer only
// ever goes to the ACS URL that it was configured with.
func (i *IDP) asked(packed string) (sp saml.ServiceProvider, id string, err error) {
	if packed == "" {
		if len(i.ServiceProviders) == 0 {
			return sp, "", errors.New("no service provider is known")
		}
		return i.ServiceProviders[0], "", nil
	}
	raw, err := base64.StdEncoding.DecodeString(packed)
	if err != nil || len(packed) > maxRequest {
		return sp, "", errors.New("the SAMLRequest is not base64")
	}
	doc, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(raw)), maxRequest))
	if err != nil {
		return sp, "", errors.New("the SAMLRequest is not deflated")
	}
	var request struct {
		XMLName xml.Name `xml:"urn:oasis:names:tc:SAML:2.0:protocol AuthnRequest"`
		ID      string   `xml:"ID,attr"`
		ACSURL  string   `xml:"AssertionConsumerServiceURL,attr"`
		Issuer  string   `xml:"urn:oasis:names:tc:SAML:2.0:assertion Issuer"`
	}
	if err := xml.Unmarshal(doc, &request); err != nil || request.ID == "" {
		return sp, "", errors.New("the SAMLRequest is not an AuthnRequest")
	}
	for _, known := range i.ServiceProviders {
		if known.EntityID == strings.TrimSpace(request.Issuer) && (request.ACSURL == "" || request.ACSURL == known.ACSURL) {
			return known, request.ID, nil
		}
	}
	return sp, "", errors.New("the AuthnRequest comes from a service provider that is not known here")
}

func (i *IDP) problem(w http.ResponseWriter, base string, err error) {
	i.show(w, http.StatusBadRequest, "error", page{Title: "This does not work", Base: base, Problem: err.Error()})
}

// show renders a page that may load its own style, post here and to the known
// service providers, and nothing else.
func (i *IDP) show(w http.ResponseWriter, status int, name string, p page) {
	targets := []string{"'self'"}
	for _, sp := range i.ServiceProviders {
		if u, err := url.Parse(sp.ACSURL); err == nil {
			targets = append(targets, u.Scheme+"://"+u.Host)
		}
	}
	var body bytes.Buffer
	if err := pages.ExecuteTemplate(&body, name, p); err != nil {
		http.Error(w, "the page cannot be shown", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action "+strings.Join(targets, " "))
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes())
}
