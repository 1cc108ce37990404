package signin

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"rollcall/fault"
	"rollcall/internal/idptest"
	"rollcall/models"
	"rollcall/saml"
)

// TestEveryForgeryIsRefused posts the whole list of forgeries to the assertion
// consumer service, in answer to a request and without one. The attempt's
// record says what was wrong; the page looks alike for all that a person can do
// nothing about.
func TestEveryForgeryIsRefused(t *testing.T) {
	eachHouse(t, func(h *house) {
		h.allowIdpInitiated(true)
		alike := map[string]string{} // sentence -> page
		for i, forgery := range idptest.Forgeries {
			if i%10 == 0 {
				h.clock.Advance(time.Minute) // more in a minute are counted and not kept
			}
			for _, initiated := range []bool{false, true} {
				b, id := h.browser(), ""
				if !initiated {
					id = b.begin("/saml/acme/init")
				}
				message, err := h.idp.Forge(forgery, h.about(id))
				h.must(err)
				w := b.answer(message, "/graphql")
				b.refusedWith(w, forgery.Want, "")
				n := noticeOf(fault.New(forgery.Want, "x"))
				if first, seen := alike[n.sentence]; !seen {
					alike[n.sentence] = uniform(w)
				} else if uniform(w) != first {
					h.Errorf("%s: the page differs from others:\n%s", forgery.Name, w.Body)
				}
				if len(message) > 100 {
					h.log.MustNotHold(h.TB, message[:100])
				}
			}
		}
		var people int64
		h.must(h.db.Read(h.Context()).Model(&models.User{}).Count(&people).Error)
		if n := h.sessions(); n != 0 || people != 0 {
			h.Errorf("%d sessions and %d people after forgeries only", n, people)
		}
		if len(alike) > 3 { // refused, declined, no e-mail address
			h.Errorf("%d different pages", len(alike))
		}
	})
}

func TestGetOnTheACS(t *testing.T) {
	eachHouse(t, func(h *house) {
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut} {
			b := h.browser()
			w := b.do(httptest.NewRequest(method, "/saml/acme/finalize?SAMLResponse=x", nil), here)
			if w.Header().Get("Allow") != http.MethodPost {
				h.Errorf("%s: Allow %q", method, w.Header().Get("Allow"))
			}
			b.refusedWith(w, fault.ResponseWrongBinding, "")
		}
	})
}

func TestFormsThatAreNone(t *testing.T) {
	eachHouse(t, func(h *house) {
		b := h.browser()
		good := url.QueryEscape(h.respond(h.about(b.begin("/saml/acme/init"))))
		for _, c := range []struct {
			name, kind, body string
			want             fault.Code
		}{
			{"no type", "", "SAMLResponse=" + good, fault.ResponseMalformed},
			{"JSON", "application/json", "SAMLResponse=" + good, fault.ResponseMalformed},
			{"multipart", "multipart/form-data; boundary=x", "SAMLResponse=" + good, fault.ResponseMalformed},
			{"text", "text/plain", "SAMLResponse=" + good, fault.ResponseMalformed},
			{"empty", form, "", fault.ResponseMalformed},
			{"no response", form, "RelayState=x", fault.ResponseMalformed},
			{"two responses", form, "SAMLResponse=" + good + "&SAMLResponse=" + good, fault.ResponseMalformed},
			{"two states", form, "SAMLResponse=" + good + "&RelayState=a&RelayState=b", fault.ResponseMalformed},
			{"bad escape", form, "SAMLResponse=%zz", fault.ResponseMalformed},
			{"too large", form, "SAMLResponse=" + strings.Repeat("A", maxForm), fault.ResponseTooLarge},
			{"too large beside it", form, "SAMLResponse=" + good + "&x=" + strings.Repeat("A", maxForm), fault.ResponseTooLarge},
			{"large document", form, "SAMLResponse=" + strings.Repeat("A", 800<<10), fault.ResponseTooLarge},
		} {
			for _, sized := range []bool{true, false} {
				var body io.Reader = bytes.NewReader([]byte(c.body))
				if !sized {
					body = io.MultiReader(body) // a length that nobody declared
				}
				r := httptest.NewRequest(http.MethodPost, "/saml/acme/finalize", body)
				if c.kind != "" {
					r.Header.Set("Content-Type", c.kind)
				}
				h.Log(c.name)
				b.refusedWith(b.do(r, elsewhere), c.want, "")
			}
		}
		// The type may have parameters; the query counts for nothing.
		r := httptest.NewRequest(http.MethodPost, "/saml/acme/finalize?SAMLResponse=x&SAMLResponse=y", strings.NewReader("SAMLResponse="+good))
		r.Header.Set("Content-Type", form+"; charset=UTF-8")
		if w := b.do(r, elsewhere); w.Code != http.StatusSeeOther {
			h.Errorf("a good one: %d\n%s", w.Code, w.Body)
		}
	})
}

const form = "application/x-www-form-urlencoded"

// TestFormAtTheLimit holds the form's limit against the document's: the largest
// document that package saml takes has to fit, escaped and folded.
func TestFormAtTheLimit(t *testing.T) {
	eachHouse(t, func(h *house) {
		b := h.browser()
		r := h.about(b.begin("/saml/acme/init"))
		filler := strings.Repeat("group ", 41_500)
		r.Attributes, r.Indent = append(r.Attributes, idptest.Attribute{Name: "x", Values: []string{filler}}), 30
		r.Signing.Fold = true
		response := h.respond(r)
		if n := len("SAMLResponse=" + url.QueryEscape(response)); n < 480_000 || n > maxForm {
			h.Fatalf("the form has %d bytes, so it shows nothing", n)
		}
		if w := b.answer(response); w.Code != http.StatusSeeOther {
			h.Errorf("%d\n%s", w.Code, w.Body)
		}
	})
}

// TestTeamsThatNobodyCanSignInTo look like teams that are not there.
func TestTeamsThatNobodyCanSignInTo(t *testing.T) {
	eachHouse(t, func(h *house) {
		h.newTeam("free", "Free", models.PlanFree)
		h.newTeam("draft", "Draft", models.PlanTeam)
		want := h.browser().get("/no/such/page").Body.String()
		response := url.Values{"SAMLResponse": {h.respond(h.about(""))}}
		for _, slug := range []string{"free", "draft", "unknown", "x", "ACME", "acme%00", "acme%2F..", strings.Repeat("a", 41), "%3Cscript%3E", "a_b"} {
			b := h.browser()
			for name, w := range map[string]*httptest.ResponseRecorder{
				"page":    b.get("/saml/" + slug),
				"init":    b.get("/saml/" + slug + "/init"),
				"ACS":     b.post("/saml/"+slug+"/finalize", response, elsewhere),
				"GET ACS": b.get("/saml/" + slug + "/finalize"),
				"no form": b.do(httptest.NewRequest(http.MethodPost, "/saml/"+slug+"/finalize", nil), elsewhere),
			} {
				if w.Code != http.StatusNotFound || w.Body.String() != want {
					h.Errorf("%s of %s: %d\n%s", name, slug, w.Code, w.Body)
				}
			}
			if len(b.cookies) != 0 {
				h.Errorf("%s sets cookies: %v", slug, b.cookies)
			}
		}
	})
}

func TestMetadata(t *testing.T) {
	eachHouse(t, func(h *house) {
		w := h.browser().get("/saml/acme/metadata")
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/samlmetadata+xml" || w.Header().Get("X-Content-Type-Options") != "nosniff" {
			h.Errorf("%d %v", w.Code, w.Header())
		}
		want, err := saml.ServiceProvider{EntityID: base + "/saml/acme", ACSURL: base + "/saml/acme/finalize", LogoutURL: base + "/saml/acme/logout"}.Metadata()
		if err != nil || w.Body.String() != string(want) {
			h.Errorf("error %v\n%s", err, w.Body)
		}
		// Known before anything is set up, but not off the plan.
		h.newTeam("draft", "Draft", models.PlanTeam)
		h.newTeam("free", "Free", models.PlanFree)
		for slug, code := range map[string]int{"draft": 200, "free": 404, "unknown": 404} {
			if w := h.browser().get("/saml/" + slug + "/metadata"); w.Code != code {
				h.Errorf("%s: %d", slug, w.Code)
			}
		}
	})
}

func TestAskingForTheTeam(t *testing.T) {
	eachHouse(t, func(h *house) {
		b := h.browser()
		for team, want := range map[string]string{
			"acme": "/saml/acme/init", "+ACME%20": "/saml/acme/init", "not-there": "/saml/not-there/init",
		} {
			if w := b.get("/signin?team=" + team); w.Code != http.StatusSeeOther || w.Header().Get("Location") != base+want {
				h.Errorf("%q: %d to %q", team, w.Code, w.Header().Get("Location"))
			}
		}
		for _, team := range []string{"", "a", "..%2F..", "%2F%2Fevil.example", "evil.example", "%22%3E%3Cscript%3E", strings.Repeat("a", 41), "a%0d%0ab"} {
			w := b.get("/signin?team=" + team)
			if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), `role="alert"`) || strings.Contains(w.Body.String(), "evil") {
				h.Errorf("%q: %d\n%s", team, w.Code, w.Body)
			}
		}
		if w := b.get("/"); w.Code != http.StatusSeeOther || w.Header().Get("Location") != base+"/signin" {
			h.Errorf("/: %d to %q", w.Code, w.Header().Get("Location"))
		}
	})
}

// The script of pages that ask for a passkey has a nonce of its own every time.
var (
	nonceText  = regexp.MustCompile(`'nonce-[A-Z2-7]{26}'`)
	scriptText = regexp.MustCompile(`<script nonce="[A-Z2-7]{26}" src="/assets/passkey.js"></script>`)
)

// TestPagesAreShut checks the headers of every kind of page.
func TestPagesAreShut(t *testing.T) {
	eachHouse(t, func(h *house) {
		in := h.browser()
		in.signIn()
		b := h.browser()
		for name, c := range map[string]struct {
			w                *httptest.ResponseRecorder
			forms, referrers string
		}{
			"ask":       {b.get("/signin"), "'self' https:; script-src 'nonce-N'", "same-origin"},
			"account":   {in.get("/account"), "'self' https:", "same-origin"},
			"password":  {b.get("/signin/password"), "'self'", "same-origin"},
			"reset":     {b.get("/password"), "'self'", "same-origin"},
			"signed in": {in.get("/signin"), "'self' https:", "same-origin"},
			"team":      {b.get("/saml/acme"), "'self'", "no-referrer"},
			"nowhere":   {b.get("/nowhere"), "'self'", "no-referrer"},
			"method":    {b.post("/saml/acme", nil, here), "'self'", "no-referrer"},
			"refused":   {b.answer("x"), "'self'", "no-referrer"},
		} {
			for header, want := range map[string]string{
				"Content-Type":            "text/html; charset=utf-8",
				"Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action " + c.forms,
				"X-Content-Type-Options":  "nosniff",
				"Cache-Control":           "no-store",
				"Referrer-Policy":         c.referrers,
			} {
				if got := nonceText.ReplaceAllString(c.w.Header().Get(header), "'nonce-N'"); got != want {
					h.Errorf("%s: %s is %q, want %q", name, header, got, want)
				}
			}
			body := scriptText.ReplaceAllString(c.w.Body.String(), "")
			wellMade(h.TB, name, hiddenInput.ReplaceAllString(body, ""))
		}
		if w := b.post("/saml/acme", nil, here); w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != http.MethodGet {
			h.Errorf("POST /saml/acme: %d, Allow %q", w.Code, w.Header().Get("Allow"))
		}
	})
}

func TestPagesRepeatNothing(t *testing.T) {
	eachHouse(t, func(h *house) {
		const marker = "swordfish"
		b := h.browser()
		for _, path := range []string{"/" + marker, "/saml/" + marker + "/" + marker, "/saml/acme/finalize?" + marker, "/signin?team=" + marker + "%21", "/saml/acme?" + marker, "/assets/" + marker} {
			if w := b.get(path); strings.Contains(w.Body.String(), marker) {
				h.Errorf("%s:\n%s", path, w.Body)
			}
		}
		r := h.about(b.begin("/saml/acme/init?return_to=/" + marker))
		r.Issuer, r.NameID = "https://"+marker+".test", marker
		if w := b.answer(h.respond(r), marker); strings.Contains(w.Body.String(), marker) {
			h.Errorf("%d\n%s", w.Code, w.Body)
		}
		h.log.MustNotHold(h.TB, marker)
	})
}

// TestFailureOfOurs takes the database away.
func TestFailureOfOurs(t *testing.T) {
	eachHouse(t, func(h *house) {
		in := h.browser()
		in.signIn()
		response := h.respond(h.about(in.begin("/saml/acme/init")))
		h.must(h.db.Read(h.Context()).Exec("DROP TABLE login_attempts").Error)
		w := in.answer("x")
		body := w.Body.String()
		if w.Code != http.StatusInternalServerError || !strings.Contains(body, ours.sentence) || !strings.Contains(body, "<dd>req-1</dd>") || strings.Contains(body, "login_attempts") {
			h.Errorf("%d\n%s", w.Code, body)
		}
		if !strings.Contains(h.log.String(), "login_attempts") {
			h.Errorf("the log does not say why:\n%s", h.log)
		}
		h.log.MustNotHold(h.TB, response[:100])
	})
}
