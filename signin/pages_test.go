package signin

import (
	"flag"
	"html/template"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"rollcall/access"
	"rollcall/models"
	"rollcall/saml"
	"rollcall/sso"
)

var update = flag.Bool("update", false, "write the golden files anew")

var at = time.Date(2026, 3, 2, 9, 4, 5, 0, time.UTC)

func TestGoldenPages(t *testing.T) {
	const attempt = "try_0688atrjkg5rl2a4h1m8c2o3vk"
	for _, c := range []struct {
		name string
		t    *template.Template
		p    page
	}{
		{"ask", askPage, page{Own: &ownPage{ReturnTo: "/signin"}}},
		{"ask-wrong", askPage, page{Wrong: true, Own: &ownPage{ReturnTo: "/signin"}}},
		{"signedin", signedInPage, page{Person: `ada"<b>@acme.test`, Team: "Acme & Söhne <script>"}},
		{"team", teamPage, page{Team: "Acme <Inc>", Init: "/saml/acme/init"}},
		{"link", failurePage, page{Sentence: "This link does not work.", Init: "/password", Again: "Have another link sent"}},
		{"elsewhere", elsewherePage, page{Own: &ownPage{Teams: []teamWay{{Name: "Acme <Inc>", Init: "/saml/acme/init?login_hint=ada%40acme.test"}}}}},
		{"elsewhere-several", elsewherePage, page{Own: &ownPage{Teams: []teamWay{{Name: "Acme", Init: "/saml/acme/init"}, {Name: "Globex", Init: "/saml/globex/init"}}}}},
		{"elsewhere-nowhere", elsewherePage, page{Own: &ownPage{}}},
		{"teams", teamsPage, page{Own: &ownPage{Email: "ada@acme.test", Teams: []teamWay{{Name: "Acme <Inc>", Slug: "acme"}, {Name: "Globex", Slug: "globex", Own: true}}}}},
		{"test-failed", testingPage, page{Test: &testPage{Effect: effects[sso.EffectRefused], Why: "Why.", Advice: "Advice.", Attempt: attempt,
			Bad:     []checkLine{{"Audience", models.AttemptCheck{Expected: "a<b", Actual: `"c"`, Hint: "Mend it."}}},
			Skipped: []checkLine{{"Signature of the response", models.AttemptCheck{Actual: "not signed"}}},
			Good:    []checkLine{{"XML", models.AttemptCheck{}}},
		}}},
		{"refused", failurePage, page{Sentence: refused.sentence, Init: "/saml/acme/init", Slug: "acme", Attempt: attempt, At: at}},
		{"removed", failurePage, page{Sentence: "You were removed from this team; please ask your team's admin.", Attempt: attempt, At: at}},
		{"failed", failurePage, page{Sentence: ours.sentence, At: at}},
		{"nowhere", failurePage, page{Sentence: nowhere.sentence}},
		{"signedout", signedOutPage, page{Sentence: "You are signed out here and at your identity provider."}},
		{"onward", onwardPage, page{Leaving: true, Nonce: "NONCE", Form: &saml.Form{
			Action: `https://idp.test/slo?a="b"&c=<d>`, Fields: []saml.FormField{{Name: "SAMLRequest", Value: "a+b/c=="}, {Name: "RelayState", Value: `"><script>`}},
		}}},
		{"awaiting", awaitingPage, page{Person: "ada@acme.test", Team: "Acme <Inc>"}},
		{"verify-ask", verifyingPage, page{Verify: &verifyPage{State: verifyAsk, Email: `"<b>@acme.test`, Team: "Acme <Inc>", Token: `T"OKEN`}}},
		{"verify-done", verifyingPage, page{Verify: &verifyPage{State: verifyDone, Email: "ada@acme.test", Team: "Acme", Init: "/saml/acme/init"}}},
		{"verify-used", verifyingPage, page{Verify: &verifyPage{State: verifyUsed, SignedIn: true}}},
		{"verify-expired", verifyingPage, page{Verify: &verifyPage{State: verifyExpired, Team: "Acme", Init: "/saml/acme/init"}}},
		{"verify-other", verifyingPage, page{Verify: &verifyPage{State: verifyOther}}},
		{"verify-unknown", verifyingPage, page{Verify: &verifyPage{State: verifyUnknown}}},
		{"verify-sent", verifyingPage, page{Verify: &verifyPage{State: verifySent, Email: "ada@acme.test", SignedIn: true}}},
		{"verify-limited", verifyingPage, page{Verify: &verifyPage{State: verifyLimited, SignedIn: true}}},
		{"invitation-ask", invitedPage, page{Invitation: &invitationPage{State: invitedAsk, Email: `"<b>@acme.test`, Team: "Acme <Inc>", Inviter: "root@acme.test", Role: "admin", Token: `T"OKEN`}}},
		{"invitation-operator", invitedPage, page{Invitation: &invitationPage{State: invitedAsk, Email: "ada@acme.test", Team: "Acme", Role: "member", Token: "TOKEN"}}},
		{"invitation-used", invitedPage, page{Invitation: &invitationPage{State: invitedUsed}}},
		{"invitation-expired", invitedPage, page{Invitation: &invitationPage{State: invitedExpired, Team: "Acme"}}},
		{"invitation-other", invitedPage, page{Invitation: &invitationPage{State: invitedOther}}},
		{"invitation-unknown", invitedPage, page{Invitation: &invitationPage{State: invitedUnknown}}},
		{"invitation-refused", invitedPage, page{Invitation: &invitationPage{State: invitedRefused, Problem: "You are on this team already."}}},
		{"onward-script", onwardPage, page{Nonce: "NONCE", Form: &saml.Form{Action: "javascript:alert(1)"}}},
	} {
		h := &handler{jar: jar{secure: true}, Options: Options{Log: slog.New(slog.DiscardHandler)}}
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		w := httptest.NewRecorder()
		h.show(w, r.WithContext(access.WithRequest(r.Context(), access.Request{ID: "req-1"})), http.StatusOK, c.t, c.p)
		golden := "testdata/" + c.name + ".html"
		if *update {
			if err := os.WriteFile(golden, w.Body.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil || w.Body.String() != string(want) {
			t.Errorf("%s differs (-update writes it), error %v:\n%s", golden, err, w.Body)
		}
		body := w.Body.String()
		if c.t == onwardPage {
			// The one page that leads elsewhere and has a script, which is this one.
			body = strings.Replace(body, `<script nonce="NONCE">document.forms[0].submit()</script>`, "", 1)
			body = strings.Replace(body, `action="https://idp.test/`, `action="`, 1)
		}
		body = hiddenInput.ReplaceAllString(body, "")
		wellMade(t, c.name, body)
	}
}

// hiddenInput needs no label.
var hiddenInput = regexp.MustCompile(`<input type="(?:hidden"[^>]*|text"[^>]* hidden)>`)

var (
	idRef  = regexp.MustCompile(`(?:for|aria-describedby)="([^"]+)"`)
	forbid = regexp.MustCompile(`(?i)<script|<iframe|<img|\sstyle=|\son[a-z]+=|javascript:|https?://|autofocus`)
)

// wellMade checks what every page owes to its readers and to the policy.
func wellMade(t testing.TB, name, html string) {
	t.Helper()
	for _, want := range []string{`<!doctype html>`, `<html lang="en">`, `<meta name="viewport" content="width=device-width, initial-scale=1">`, "<main", "</main>"} {
		if !strings.Contains(html, want) {
			t.Errorf("%s lacks %s", name, want)
		}
	}
	if n := strings.Count(html, "<h1>"); n != 1 {
		t.Errorf("%s has %d headings", name, n)
	}
	if bad := forbid.FindString(html); bad != "" {
		t.Errorf("%s holds %q", name, bad)
	}
	for _, m := range idRef.FindAllStringSubmatch(html, -1) {
		for _, id := range strings.Fields(m[1]) {
			if strings.Count(html, `id="`+id+`"`) != 1 {
				t.Errorf("%s refers to %q, which is not there once", name, id)
			}
		}
	}
	if strings.Count(html, "<input") != strings.Count(html, "<label for=") {
		t.Errorf("%s has an input without a label", name)
	}
}

// TestContrast computes the ratios of WCAG 2.2, section 1.4.3 and 1.4.11, out
// of the style sheet, for both colour schemes.
func TestContrast(t *testing.T) {
	light, dark, found := strings.Cut(string(style), "@media (prefers-color-scheme: dark)")
	if !found {
		t.Fatal("there is no dark scheme")
	}
	dark, _, _ = strings.Cut(dark, "* {")
	for scheme, css := range map[string]string{"light": light, "dark": dark} {
		colour := map[string]float64{}
		for _, m := range regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{6})`).FindAllStringSubmatch(css, -1) {
			colour[m[1]] = luminance(t, m[2])
		}
		for _, pair := range []struct {
			a, b string
			min  float64
		}{
			{"ink", "paper", 7}, {"quiet", "paper", 4.5}, {"alert", "paper", 4.5}, {"on-accent", "accent", 4.5},
			{"line", "paper", 3}, {"accent", "paper", 3}, // edges of controls, focus
			{"quiet", "ground", 4.5}, {"accent-strong", "paper", 4.5}, {"on-accent", "accent-strong", 4.5},
			{"ink", "info-soft", 7}, {"ink", "good-soft", 7}, {"ink", "warn-soft", 7}, {"ink", "alert-soft", 7}, {"ink", "code-soft", 7},
			{"good", "good-soft", 4.5}, {"warn", "warn-soft", 4.5}, {"alert", "alert-soft", 4.5}, {"quiet", "code-soft", 4.5},
			{"accent", "info-soft", 4.5}, {"accent", "good-soft", 4.5}, {"accent", "warn-soft", 4.5}, {"accent", "alert-soft", 4.5}, // links in notices
		} {
			a, okA := colour[pair.a]
			b, okB := colour[pair.b]
			if ratio := (max(a, b) + .05) / (min(a, b) + .05); !okA || !okB || ratio < pair.min {
				t.Errorf("%s: %s on %s has %.2f, wants %.1f", scheme, pair.a, pair.b, ratio, pair.min)
			}
		}
	}
	if !strings.Contains(string(style), ":focus-visible { outline: 3px solid var(--accent)") {
		t.Error("the focus cannot be seen")
	}
	if regexp.MustCompile(`url\(|@import|expression`).Match(style) {
		t.Error("the style sheet loads something")
	}
}

// luminance is the relative luminance of a colour in sRGB.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	var sum float64
	for i, weight := range []float64{.2126, .7152, .0722} {
		n, err := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(n) / 255
		if c <= .04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}

func TestStyleIsFetchedOnce(t *testing.T) {
	h := NewHandler(Options{BaseURL: "https://rollcall.test"})
	get := func(tag string) *httptest.ResponseRecorder {
		r, w := httptest.NewRequest(http.MethodGet, "/assets/style.css", nil), httptest.NewRecorder()
		r.Header.Set("If-None-Match", tag)
		h.ServeHTTP(w, r)
		return w
	}
	first := get("")
	if first.Code != http.StatusOK || first.Header().Get("Content-Type") != "text/css; charset=utf-8" || first.Body.String() != string(style) {
		t.Errorf("%d %v", first.Code, first.Header())
	}
	if again := get(first.Header().Get("ETag")); again.Code != http.StatusNotModified {
		t.Errorf("asked again: %d", again.Code)
	}
}
