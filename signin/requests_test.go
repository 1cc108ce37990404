package signin

import (
	"crypto"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"

	"rollcall/fault"
	"rollcall/internal/idptest"
	"rollcall/models"
	"rollcall/saml"
	"rollcall/sso"
)

var (
	scriptNonce = regexp.MustCompile(`script-src 'nonce-([A-Za-z0-9]{20,})'`)
	pageScript  = regexp.MustCompile(`<script nonce="([^"]*)">`)
)

// A provider that takes requests by POST gets a page whose form posts itself;
// without script its button does.
func TestRequestByPost(t *testing.T) {
	eachHouse(t, func(h *house) {
		h.configure(sso.ProviderChange{ProviderOptions: sso.ProviderOptions{SsoBinding: ptr(models.BindingPost), SignAuthnRequests: ptr(true)}})
		b := h.browser()
		id, w := b.ask("acme", "return_to=/graphql")
		body, rules := w.Body.String(), w.Header().Get("Content-Security-Policy")
		header, tag := scriptNonce.FindStringSubmatch(rules), pageScript.FindAllStringSubmatch(body, -1)
		if w.Code != http.StatusOK || header == nil || len(tag) != 1 || header[1] != tag[0][1] || strings.Count(body, "<script") != 1 || strings.Contains(rules, "unsafe") {
			h.Fatalf("%d %s\n%s", w.Code, rules, body)
		}
		if !strings.Contains(body, `<form method="post" action="`+h.idp.SSOURL+`">`) || !strings.Contains(body, `<button type="submit">Continue</button>`) {
			h.Errorf("no form with a button:\n%s", body)
		}
		if _, again := b.ask("acme"); strings.Contains(again.Body.String(), header[1]) {
			h.Error("a nonce is used twice")
		}
		fields := hiddenField.FindAllStringSubmatch(body, -1)
		if len(fields) != 1 || fields[0][1] != "SAMLRequest" || !strings.Contains(decode64(h, fields[0][2]), "<ds:Signature") {
			h.Errorf("fields %v", fields)
		}
		if back := b.bring("acme", h.respond(h.about(id))); back.Header().Get("Location") != base+"/graphql" {
			h.Errorf("%d to %q", back.Code, back.Header().Get("Location"))
		}
	})
}

// By redirect the signature is over the query, and the hint goes along only to
// providers that take one.
func TestRequestByRedirect(t *testing.T) {
	eachHouse(t, func(h *house) {
		query := func(ask string) url.Values {
			h.Helper()
			b := h.browser()
			_, w := b.ask("acme", ask)
			u, err := url.Parse(w.Header().Get("Location"))
			h.must(err)
			return u.Query()
		}
		if q := query("login_hint=ada@acme.test"); q.Get("login_hint") != "" || q.Get("Signature") != "" || strings.Contains(inflate(h, q.Get("SAMLRequest")), "ada@") {
			h.Errorf("unasked: %v", q)
		}
		plain := inflate(h, query("")["SAMLRequest"][0])
		for _, never := range []string{"Format=", "RequestedAuthnContext", "ForceAuthn", "IsPassive"} {
			if strings.Contains(plain, never) {
				h.Errorf("the usual request has %s: %s", never, plain)
			}
		}
		h.configure(sso.ProviderChange{ProviderOptions: sso.ProviderOptions{
			SignAuthnRequests: ptr(true), ForceAuthn: ptr(true), LoginHintParameter: ptr("login_hint"), NameIDFormat: ptr(saml.FormatPersistent),
			AuthnContextClasses: &[]string{saml.ClassRefedsMFA}, AuthnContextComparison: ptr(models.CompareMinimum),
		}})
		q := query("login_hint=ada@acme.test")
		doc := inflate(h, q.Get("SAMLRequest"))
		if q.Get("login_hint") != "ada@acme.test" || q.Get("Signature") == "" || q.Get("SigAlg") == "" {
			h.Errorf("asked: %v", q)
		}
		for _, wanted := range []string{`ForceAuthn="true"`, saml.FormatPersistent, saml.ClassRefedsMFA, `Comparison="minimum"`} {
			if !strings.Contains(doc, wanted) {
				h.Errorf("the request lacks %s: %s", wanted, doc)
			}
		}
		if q := query("login_hint=" + strings.Repeat("a", 300)); q.Has("login_hint") {
			h.Error("a hint without end goes along")
		}
		if sp := h.published("acme"); !sp.SignRequests || len(sp.SigningKeys) != 1 {
			h.Error("the metadata does not say that requests are signed")
		}
	})
}

// What was asked for is checked when the answer comes.
func TestWhatWasAskedForIsChecked(t *testing.T) {
	eachHouse(t, func(h *house) {
		h.configure(sso.ProviderChange{ProviderOptions: sso.ProviderOptions{ForceAuthn: ptr(true)}})
		try := func(what string, want fault.Code, change func(r *idptest.Response)) models.LoginAttempt {
			h.Helper()
			b := h.browser()
			id, _ := b.ask("acme")
			r := h.about(id)
			change(&r)
			b.bring("acme", h.respond(r))
			row := h.lastOf(h.team)
			is(h.TB, what, row.Code, string(want))
			return row
		}
		instant := func(age time.Duration) func(r *idptest.Response) {
			return func(r *idptest.Response) {
				r.Before = func(doc *etree.Element) {
					doc.FindElement("//saml:AuthnStatement").CreateAttr("AuthnInstant", h.clock.Now().Add(-age).UTC().Format(time.RFC3339))
				}
			}
		}
		try("authenticated anew", "", instant(0))
		try("authenticated an hour ago", fault.AuthnNotFresh, instant(time.Hour))
		h.configure(sso.ProviderChange{ProviderOptions: sso.ProviderOptions{ForceAuthn: ptr(false), AuthnContextClasses: &[]string{saml.ClassRefedsMFA}}})
		try("the wrong context", fault.AuthnContextMismatch, func(*idptest.Response) {})
		try("the context", "", func(r *idptest.Response) { r.Classes = []string{saml.ClassRefedsMFA} })
	})
}

// The team says how far clocks may be apart.
func TestClockSkew(t *testing.T) {
	eachHouse(t, func(h *house) {
		for seconds, fine := range map[int]time.Duration{90: 89 * time.Second, 180: 179 * time.Second, 0: 0} {
			h.settings(h.team, sso.SettingsChange{ClockSkewSeconds: ptr(seconds)})
			for over, want := range map[time.Duration]fault.Code{fine: "", fine + 2*time.Second: fault.AssertionExpired} {
				if seconds == 0 && want == "" {
					over = -time.Second
				}
				b := h.browser()
				id, _ := b.ask("acme")
				r := h.about(id)
				r.Age = 5*time.Minute + over
				b.bring("acme", h.respond(r))
				is(h.TB, "skew "+(time.Duration(seconds)*time.Second).String()+", late by "+over.String(), h.lastCode(), string(want))
			}
		}
	})
}

// SHA-1 passes by an exception alone, which ends by itself.
func TestSHA1Exception(t *testing.T) {
	eachHouse(t, func(h *house) {
		try := func(what string, want fault.Code) models.LoginAttempt {
			h.Helper()
			b := h.browser()
			id, _ := b.ask("acme")
			r := h.about(id)
			r.Signing.Hash = crypto.SHA1
			b.bring("acme", h.respond(r))
			row := h.lastOf(h.team)
			is(h.TB, what, row.Code, string(want))
			return row
		}
		try("without it", fault.SignatureWeak)
		h.configure(sso.ProviderChange{ProviderOptions: sso.ProviderOptions{AllowSha1Until: later(h, 24*time.Hour)}})
		if row := try("with it", ""); !row.Message.SignedSha1 {
			h.Error("the attempt does not say that it passed by the exception")
		}
		h.clock.Advance(25 * time.Hour)
		try("after its end", fault.SignatureWeak)
	})
}

// Evidence of a second factor is noted at every sign-in, and asked for by teams
// that want it.
func TestSecondFactor(t *testing.T) {
	eachHouse(t, func(h *house) {
		try := func(what string, want fault.Code, evidence string, change func(r *idptest.Response)) {
			h.Helper()
			b := h.browser()
			id, _ := b.ask("acme")
			r := h.about(id)
			change(&r)
			w := b.bring("acme", h.respond(r))
			row := h.lastOf(h.team)
			is(h.TB, what, row.Code, string(want))
			is(h.TB, what+": evidence", row.MfaEvidence, evidence)
			if want != "" {
				if !strings.Contains(w.Body.String(), "second factor") || w.Code != http.StatusForbidden {
					h.Errorf("%s: %d %s", what, w.Code, w.Body)
				}
				return
			}
			var kept models.Session
			h.must(h.db.Read(h.Context()).Order("id DESC").Take(&kept).Error)
			is(h.TB, what+": kept with the session", kept.MfaEvidence, evidence)
		}
		amr := func(name string, values ...string) func(r *idptest.Response) {
			return func(r *idptest.Response) {
				r.Attributes = append(r.Attributes, idptest.Attribute{Name: name, Values: values})
			}
		}
		none := func(*idptest.Response) {}
		try("nobody asks, nothing comes", "", "", none)
		try("nobody asks, and it comes", "", "amr = mfa", amr("amr", "pwd", "mfa"))
		h.settings(h.team, sso.SettingsChange{RequireMfa: ptr(true)})
		try("absent", fault.MfaEvidenceMissing, "", none)
		try("another value", fault.MfaEvidenceMissing, "", amr("amr", "pwd"))
		try("an attribute", "", "amr = mfa", amr("amr", "pwd", "mfa"))
		try("a class", "", "AuthnContextClassRef = "+saml.ClassRefedsMFA, func(r *idptest.Response) { r.Classes = []string{saml.ClassRefedsMFA} })
		h.configure(sso.ProviderChange{ProviderOptions: sso.ProviderOptions{MfaRule: &models.MfaRule{Attributes: []string{"strength"}, Values: []string{"two"}}}})
		try("the usual one under a rule of its own", fault.MfaEvidenceMissing, "", amr("amr", "mfa"))
		try("the rule's own", "", "strength = two", amr("strength", "two"))
		h.settings(h.team, sso.SettingsChange{RequireMfa: ptr(false)})
		h.configure(sso.ProviderChange{ProviderOptions: sso.ProviderOptions{MfaRule: &models.MfaRule{Required: true}}})
		try("asked for by the provider's rule", fault.MfaEvidenceMissing, "", none)
	})
}

// The end that the provider wishes for our session counts only when asked for.
func TestSessionEnd(t *testing.T) {
	eachHouse(t, func(h *house) {
		for _, honoured := range []bool{false, true} {
			h.settings(h.team, sso.SettingsChange{HonourSessionEnd: &honoured})
			b := h.browser()
			id, _ := b.ask("acme")
			r := h.about(id)
			r.Before = func(doc *etree.Element) {
				doc.FindElement("//saml:AuthnStatement").CreateAttr("SessionNotOnOrAfter", h.clock.Now().Add(time.Hour).UTC().Format(time.RFC3339))
			}
			b.bring("acme", h.respond(r))
			h.clock.Advance(time.Hour + time.Minute)
			if alive := h.alive(b.session()); alive == honoured {
				h.Errorf("honoured %v: alive after the hour: %v", honoured, alive)
			}
		}
	})
}

// An address alone never gives an account away: not one of another team, and
// not one that somebody made by hand on this one.
func TestNoTakeoverByAddress(t *testing.T) {
	eachHouse(t, func(h *house) {
		other := h.newTeam("other", "Other", models.PlanEnterprise)
		for team, email := range map[*models.Team]string{&other: "owner@other.test", &h.team: "root@acme.test"} {
			h.direct(*team, email)
			for _, written := range []string{email, strings.ToUpper(email), " " + email} {
				b := h.browser()
				id, _ := b.ask("acme")
				r := h.about(id)
				r.NameID, r.NameIDFormat = "someone-else", saml.FormatPersistent
				r.Attributes = []idptest.Attribute{{Name: "email", Values: []string{written}}}
				b.bring("acme", h.respond(r))
				is(h.TB, written, h.lastCode(), string(fault.UpgradeRequired)) // its owner is asked
				is(h.TB, written+": session", b.session(), "")
			}
		}
	})
}

// Whoever posts a flood of messages that nobody trusted had signed gets one row
// that counts them; the pages stay alike and name it.
func TestFloodIsCounted(t *testing.T) {
	eachHouse(t, func(h *house) {
		const posts = 50
		pages := map[string]int{}
		for range posts {
			pages[uniform(h.browser().answer("bm90IFNBTUw="))]++
		}
		if len(pages) != 1 {
			h.Errorf("%d different pages", len(pages))
		}
		rows := h.attempts()
		total, counters := 0, 0
		for _, row := range rows {
			total += row.Repeated
			if row.FloodMinute != nil {
				counters++
			}
		}
		if total != posts || counters != 1 || len(rows) > 40 {
			h.Errorf("%d rows, %d of them count, and stand for %d attempts", len(rows), counters, total)
		}
		b := h.browser()
		b.signIn() // who comes with a good answer is kept, flood or not
		if row := h.lastOf(h.team); row.Outcome != models.AttemptSucceeded {
			h.Errorf("the sign-in amid the flood: %+v", row)
		}
		h.clock.Advance(time.Minute)
		h.browser().answer("bm90IFNBTUw=")
		if row := h.lastOf(h.team); row.FloodMinute != nil || row.Repeated != 1 {
			h.Error("the next minute begins with the flood's row")
		}
	})
}
