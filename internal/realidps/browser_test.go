//go:build realidps

package realidps

import (
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// browser keeps cookies, follows redirects one by one and submits forms. It
// goes nowhere but to this machine.
type browser struct {
	t *testing.T
	c *http.Client
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t, &http.Client{
		Jar: jar, Timeout: 2 * time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// page is an answer that has been read.
type page struct {
	url    *url.URL
	status int
	header http.Header
	body   string
}

// location is where a page sends the browser, "" if nowhere.
func (p page) location() string {
	if p.status/100 != 3 {
		return ""
	}
	to, err := p.url.Parse(p.header.Get("Location"))
	if err != nil {
		return ""
	}
	return to.String()
}

func (b *browser) send(method, address, contentType, body string, headers ...string) page {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	if req.URL.Hostname() != "127.0.0.1" {
		b.t.Fatalf("%s is not on this machine", address)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := b.c.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return page{req.URL, res.StatusCode, res.Header, string(text)}
}

func (b *browser) get(address string) page { return b.send(http.MethodGet, address, "", "") }

func (b *browser) submit(f form) page {
	b.t.Helper()
	return b.send(http.MethodPost, f.action, "application/x-www-form-urlencoded", f.fields.Encode())
}

// form is what a page asks to be posted.
type form struct {
	action string
	fields url.Values
}

var (
	formTag   = regexp.MustCompile(`(?is)<form\b[^>]*>`)
	inputTag  = regexp.MustCompile(`(?is)<input\b[^>]*>`)
	attribute = regexp.MustCompile(`(?is)\b([a-z-]+)\s*=\s*"([^"]*)"`)
)

func attributes(tag string) map[string]string {
	out := map[string]string{}
	for _, m := range attribute.FindAllStringSubmatch(tag, -1) {
		out[strings.ToLower(m[1])] = html.UnescapeString(m[2])
	}
	return out
}

// form is the page's form that has the field.
func (p page) form(field string) (form, bool) {
	starts := formTag.FindAllStringIndex(p.body, -1)
	for i, at := range starts {
		end := len(p.body)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		action, err := p.url.Parse(attributes(p.body[at[0]:at[1]])["action"])
		if err != nil {
			continue
		}
		f := form{action.String(), url.Values{}}
		for _, tag := range inputTag.FindAllString(p.body[at[1]:end], -1) {
			if a := attributes(tag); a["name"] != "" {
				f.fields.Set(a["name"], a["value"])
			}
		}
		if f.fields.Has(field) {
			return f, true
		}
	}
	return form{}, false
}

// walk goes where the pages lead, logs in where it is asked to, and stops at
// the form with the identity provider's response. Samlidp leads nowhere after
// its login; then the person opens the address again.
func (b *browser) walk(address string, who service) form {
	b.t.Helper()
	p, loggedIn := b.get(address), false
	for range 20 {
		response, answered := p.form("SAMLResponse")
		login, asks := p.form("password")
		request, posts := p.form("SAMLRequest")
		switch {
		case p.location() != "":
			p = b.get(p.location())
		case answered:
			return response
		case asks:
			p, loggedIn = b.submit(login.filledIn(who)), true
		case posts:
			checkPostedRequest(b.t, request, who)
			p = b.submit(request)
		case loggedIn && p.status == http.StatusOK:
			p, loggedIn = b.get(address), false
		default:
			b.t.Fatalf("%s: nothing to go on with, but %d %.2000s", p.url, p.status, p.body)
		}
	}
	b.t.Fatalf("no response after twenty pages; the last one is %s", p.url)
	return form{}
}

// follow goes where redirects and forms with messages lead, and logs in nowhere.
func (b *browser) follow(address string) page {
	b.t.Helper()
	return b.from(b.get(address))
}

// from goes on from a page to wherever redirects and forms without questions
// lead.
func (b *browser) from(p page) page {
	b.t.Helper()
	for range 20 {
		request, asks := p.form("SAMLRequest")
		response, answers := p.form("SAMLResponse")
		_, login := p.form("password")
		switch {
		case p.location() != "":
			p = b.get(p.location())
		case login:
			return p
		case asks:
			p = b.submit(request)
		case answers:
			p = b.submit(response)
		default:
			return p
		}
	}
	b.t.Fatalf("no end after twenty pages; the last one is %s", p.url)
	return page{}
}

// filledIn is a login form with the person's name and password.
func (f form) filledIn(who service) form {
	for _, name := range []string{"user", "username"} {
		if f.fields.Has(name) {
			f.fields.Set(name, who.User)
		}
	}
	f.fields.Set("password", who.Password)
	return f
}
