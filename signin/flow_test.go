package signin

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"rollcall/access"
	"rollcall/fault"
	"rollcall/internal/housetest"
	"rollcall/internal/idptest"
	"rollcall/models"
)

func TestSignInFromHere(t *testing.T) {
	eachHouse(t, func(h *house) {
		b := h.browser()
		if page := b.get("/saml/acme"); page.Code != http.StatusOK || !strings.Contains(page.Body.String(), `<a class="button" href="/saml/acme/init">`) {
			h.Fatalf("the team's page: %d\n%s", page.Code, page.Body)
		}
		b.signedInAs("")
		response := h.respond(h.about(b.begin("/saml/acme/init?return_to=/graphql%3Fquery%3Dx")))
		w := b.answer(response)
		if got := w.Header().Get("Location"); w.Code != http.StatusSeeOther || got != base+"/graphql?query=x" || w.Header().Get("Cache-Control") != "no-store" {
			h.Errorf("%d to %q, %v", w.Code, got, w.Header())
		}
		var session *http.Cookie
		for _, c := range w.Result().Cookies() {
			if c.Name == "__Host-rollcall_session" {
				session = c
			}
		}
		if session == nil || !session.HttpOnly || !session.Secure || session.SameSite != http.SameSiteLaxMode || session.Path != "/" || session.Domain != "" || session.MaxAge != 0 {
			h.Fatalf("session cookie %+v", session)
		}
		b.signedInAs("ada@acme.test")
		rows := h.attempts()
		if len(rows) != 1 || rows[0].Outcome != models.AttemptSucceeded || rows[0].IP != "192.0.2.0/24" || rows[0].RequestID != "req-1" || rows[0].IdpInitiated {
			h.Errorf("attempts %+v", rows)
		}
		h.log.MustNotHold(h.TB, session.Value, b.cookies["__Host-rollcall_flow"].Value, response[:100])
	})
}

func TestWithoutAWayBackPeopleLandOnTheSignInPage(t *testing.T) {
	eachHouse(t, func(h *house) {
		for _, path := range []string{"/saml/acme/init", "/saml/acme/init?return_to=//evil.example", "/saml/acme/init?return_to=https://evil.example"} {
			b := h.browser()
			id := b.begin(path)
			var kept models.LoginRequest
			h.must(h.db.Read(h.Context()).Where("id = ?", id).Take(&kept).Error)
			if w := b.answer(h.respond(h.about(id))); w.Header().Get("Location") != base+"/signin" || kept.ReturnTo != "/signin" {
				h.Errorf("%s: %d to %q, kept %q", path, w.Code, w.Header().Get("Location"), kept.ReturnTo)
			}
		}
	})
}

// RelayState says nothing when the sign-in started here.
func TestRelayStateDoesNotOverrideTheRequest(t *testing.T) {
	eachHouse(t, func(h *house) {
		b := h.browser()
		w := b.answer(h.respond(h.about(b.begin("/saml/acme/init?return_to=/a"))), "/b")
		if got := w.Header().Get("Location"); got != base+"/a" {
			h.Errorf("%d to %q", w.Code, got)
		}
	})
}

func TestSignInFromTheIdentityProvider(t *testing.T) {
	eachHouse(t, func(h *house) {
		b := h.browser()
		off := b.answer(h.respond(h.about("")), "/graphql")
		if off.Code != http.StatusForbidden || h.lastCode() != string(fault.IdpInitiatedDisabled) || b.session() != "" || !strings.Contains(off.Body.String(), `href="/saml/acme/init">Start again`) {
			h.Fatalf("switched off: %d %s\n%s", off.Code, h.lastCode(), off.Body)
		}
		h.allowIdpInitiated(true)
		for relay, want := range map[string]string{
			"/graphql": "/graphql", "": "/signin", "https://evil.example/": "/signin", "//evil.example": "/signin", `/\evil.example`: "/signin",
			"/%5Cevil.example": "/signin", "javascript:alert(1)": "/signin", "/saml/acme/init": "/signin", "state-of-theirs": "/signin",
		} {
			b := h.browser()
			w := b.answer(h.respond(h.about("")), relay)
			if got := w.Header().Get("Location"); w.Code != http.StatusSeeOther || got != base+want || b.session() == "" {
				h.Errorf("RelayState %q: %d to %q", relay, w.Code, got)
			}
		}
		// Without a RelayState at all, as Entra ID does it.
		if w := h.browser().answer(h.respond(h.about(""))); w.Header().Get("Location") != base+"/signin" {
			h.Errorf("no RelayState: %d to %q", w.Code, w.Header().Get("Location"))
		}
	})
}

func TestSecondTab(t *testing.T) {
	eachHouse(t, func(h *house) {
		b := h.browser()
		first, second := b.begin("/saml/acme/init?return_to=/first"), b.begin("/saml/acme/init?return_to=/second")
		if first == second {
			h.Fatal("two tabs share a request")
		}
		for id, want := range map[string]string{first: "/first", second: "/second"} {
			if w := b.answer(h.respond(h.about(id))); w.Header().Get("Location") != base+want {
				h.Errorf("%d to %q, want %s", w.Code, w.Header().Get("Location"), want)
			}
		}
	})
}

// refusedWith checks a refusal: the attempt's code, the page, and that nobody
// came in.
func (b *browser) refusedWith(w *httptest.ResponseRecorder, code fault.Code, before string) {
	b.h.Helper()
	n := noticeOf(fault.New(code, "x"))
	body := w.Body.String()
	if w.Code != n.status || !strings.Contains(body, escaped(n.sentence)) || b.h.lastCode() != string(code) {
		b.h.Errorf("%s: %d, attempt %q\n%s", code, w.Code, b.h.lastCode(), body)
	}
	rows := b.h.attempts()
	if id := rows[len(rows)-1].GlobalID(); !strings.Contains(body, id) {
		b.h.Errorf("%s: the page does not name the attempt %s", code, id)
	}
	if strings.Contains(body, string(code)) || b.session() != before {
		b.h.Errorf("%s: the page tells, or the session changed\n%s", code, body)
	}
}

// escaped is a sentence as html/template writes it.
func escaped(s string) string { return strings.ReplaceAll(s, "'", "&#39;") }

func TestAnswerOfAnotherBrowser(t *testing.T) {
	eachHouse(t, func(h *house) {
		attacker, victim, bare := h.browser(), h.browser(), h.browser()
		victim.begin("/saml/acme/init")
		response := h.respond(h.about(attacker.begin("/saml/acme/init")))
		victim.refusedWith(victim.answer(response), fault.RequestMismatch, "")
		bare.refusedWith(bare.answer(response), fault.RequestMismatch, "")
		// The attempts above did not use it up.
		if w := attacker.answer(response); w.Code != http.StatusSeeOther {
			h.Errorf("its own browser: %d\n%s", w.Code, w.Body)
		}
	})
}

func TestReplay(t *testing.T) {
	eachHouse(t, func(h *house) {
		b := h.browser()
		response := h.respond(h.about(b.begin("/saml/acme/init")))
		if w := b.answer(response); w.Code != http.StatusSeeOther {
			h.Fatalf("%d\n%s", w.Code, w.Body)
		}
		b.refusedWith(b.answer(response), fault.RequestUnknown, b.session())

		h.allowIdpInitiated(true)
		response = h.respond(h.about(""))
		if w := h.browser().answer(response); w.Code != http.StatusSeeOther {
			h.Fatalf("%d\n%s", w.Code, w.Body)
		}
		thief := h.browser()
		thief.refusedWith(thief.answer(response), fault.AssertionReplayed, "")
		if n := h.sessions(); n != 2 {
			h.Errorf("%d sessions", n)
		}
	})
}

func TestRequestThatIsTooOld(t *testing.T) {
	eachHouse(t, func(h *house) {
		b := h.browser()
		id := b.begin("/saml/acme/init")
		h.clock.Advance(11 * time.Minute)
		w := b.answer(h.respond(h.about(id)))
		b.refusedWith(w, fault.RequestExpired, "")
		// The one button of the page leads in.
		if !strings.Contains(w.Body.String(), `href="/saml/acme/init">Start again`) {
			h.Errorf("no way on:\n%s", w.Body)
		}
		b.signIn()
	})
}

func TestRequestNobodyMade(t *testing.T) {
	eachHouse(t, func(h *house) {
		b := h.browser()
		b.begin("/saml/acme/init")
		b.refusedWith(b.answer(h.respond(h.about("_0123456789abcdef"))), fault.RequestUnknown, "")
	})
}

// TestTenantsDoNotMix posts what one team's identity provider signed at the
// door of another.
func TestTenantsDoNotMix(t *testing.T) {
	eachHouse(t, func(h *house) {
		other, idp := h.found("globex", "Globex")
		acme, globex := h.sso.ServiceProvider("acme"), h.sso.ServiceProvider(other.Slug)
		for _, initiated := range []bool{false, true} {
			h.allowIdpInitiated(initiated)
			b := h.browser()
			id := ""
			if !initiated {
				id = b.begin("/saml/acme/init")
			}
			for name, c := range map[string]struct {
				r    idptest.Response
				want fault.Code
			}{
				"their assertion for us": {idp.About(ada, acme, id), fault.SignatureUnknownCert},
				"their own assertion":    {idp.About(ada, globex, id), fault.SignatureUnknownCert},
				"in our issuer's name":   {inNameOf(idp.About(ada, acme, id), h.idp.EntityID), fault.SignatureUnknownCert},
			} {
				response, err := idp.Respond(c.r)
				h.must(err)
				w := b.answer(response)
				if w.Code == http.StatusSeeOther || b.session() != "" || h.lastCode() == "" {
					h.Errorf("%s lets in", name)
				}
				if got := fault.Code(h.lastCode()); got != c.want {
					h.Errorf("%s: attempt %q, want %q", name, got, c.want)
				}
			}
		}
		// Nor does acme's request serve to sign in at globex.
		b := h.browser()
		response, err := idp.Respond(idp.About(ada, globex, b.begin("/saml/acme/init")))
		h.must(err)
		w := b.post("/saml/globex/finalize", url.Values{"SAMLResponse": {response}}, elsewhere)
		if w.Code != http.StatusBadRequest || b.session() != "" {
			h.Errorf("acme's request at globex: %d\n%s", w.Code, w.Body)
		}
		if n := h.sessions(); n != 0 {
			h.Errorf("%d sessions", n)
		}
	})
}

func inNameOf(r idptest.Response, issuer string) idptest.Response {
	r.Issuer = issuer
	return r
}

func TestPeopleWhoAreOut(t *testing.T) {
	eachHouse(t, func(h *house) {
		h.browser().signIn()
		op := housetest.AsOperator(h.Context())
		var m models.Membership
		h.must(h.db.Read(h.Context()).Where("team_id = ? AND user_name_key = ?", h.team.ID, "ada@acme.test").Take(&m).Error)
		_, err := h.roster.Deactivate(op, m.ID, "")
		h.must(err)
		b := h.browser()
		w := b.answer(h.respond(h.about(b.begin("/saml/acme/init"))))
		b.refusedWith(w, fault.UserDeactivated, "")
		if strings.Contains(w.Body.String(), "Start again") {
			h.Error("the page of somebody who is deactivated invites them to try again")
		}
		_, err = h.roster.Remove(op, m.ID)
		h.must(err)
		b.refusedWith(b.answer(h.respond(h.about(b.begin("/saml/acme/init")))), fault.UserRemoved, "")
	})
}

func TestSignOut(t *testing.T) {
	eachHouse(t, func(h *house) {
		b := h.browser()
		b.signIn()
		secret := b.session()
		if w := b.get("/signout"); w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != http.MethodPost || !h.alive(secret) {
			h.Errorf("GET: %d", w.Code)
		}
		w := b.post("/signout", nil, here)
		if w.Code != http.StatusSeeOther || w.Header().Get("Location") != base+"/signin" || b.session() != "" || len(b.cookies) != 0 {
			h.Errorf("%d to %q, cookies left: %v", w.Code, w.Header().Get("Location"), b.cookies)
		}
		if h.alive(secret) {
			h.Error("a copy of the cookie still opens the team")
		}
		b.signedInAs("")
		// Once more, as after the Back button.
		if w := b.post("/signout", nil, here); w.Code != http.StatusSeeOther {
			h.Errorf("again: %d", w.Code)
		}
	})
}

// TestSessionFixation signs in over a session that the browser had before.
func TestSessionFixation(t *testing.T) {
	eachHouse(t, func(h *house) {
		b := h.browser()
		b.signIn()
		first := b.session()
		id := b.begin("/saml/acme/init")
		// From the same site, as on one machine, the old cookie comes along.
		form := url.Values{"SAMLResponse": {h.respond(h.about(id))}}
		if w := b.post("/saml/acme/finalize", form, here); w.Code != http.StatusSeeOther {
			h.Fatalf("%d\n%s", w.Code, w.Body)
		}
		second := b.session()
		if second == first || h.alive(first) || !h.alive(second) {
			h.Error("the old session lives on, or the new one does not")
		}
		// From another site it does not, but the right to end it does.
		b.signIn()
		if third := b.session(); third == second || h.alive(second) || !h.alive(third) {
			h.Error("the old session lives on after a post of another site, or the new one does not")
		}
		if n := h.sessions(); n != 1 {
			h.Errorf("%d sessions are open, of one browser", n)
		}
		// A sign-in that is refused ends nothing, and the right opens nothing.
		kept := b.session()
		if w := b.answer(h.respond(h.about("_unknown"))); w.Code == http.StatusSeeOther || !h.alive(kept) {
			h.Errorf("%d, alive: %v", w.Code, h.alive(kept))
		}
		if h.alive(b.cookies["__Host-rollcall_ending"].Value) {
			h.Error("the right to end a session opens it")
		}
		// A cookie that somebody planted is replaced.
		planted := h.browser()
		planted.cookies["__Host-rollcall_session"] = &http.Cookie{Name: "__Host-rollcall_session", Value: "rcb_planted"}
		planted.signIn()
		if got := planted.session(); got == "rcb_planted" || !h.alive(got) {
			h.Errorf("session %q", got)
		}
	})
}

// TestStrangersKeysAreNotPeople calls with an API key's Actor in the context.
func TestStrangersKeysAreNotPeople(t *testing.T) {
	eachHouse(t, func(h *house) {
		for _, kind := range []access.Kind{access.Key, access.Operator, access.Scim} {
			door := NewHandler(Options{SSO: h.sso, Roster: h.roster, Credentials: h.credentials, Account: h.account, BaseURL: base, Log: housetest.Logger(h.TB)})
			r := httptest.NewRequest(http.MethodGet, "/signin", nil)
			w := httptest.NewRecorder()
			door.ServeHTTP(w, r.WithContext(access.With(h.Context(), access.Actor{Kind: kind, TeamID: h.team.ID, Label: "ci"})))
			if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `name="team"`) {
				h.Errorf("%s: %d\n%s", kind, w.Code, w.Body)
			}
		}
	})
}

// TestPlainHTTP is the door on loopback, where browsers know neither Secure
// cookies nor SameSite=None.
func TestPlainHTTP(t *testing.T) {
	housetest.EachDatabase(t, func(t *testing.T, db *models.DB) {
		h := newHouse(t, db, "http://127.0.0.1:8080")
		b := h.browser()
		first := b.begin("/saml/acme/init")
		b.begin("/saml/acme/init")
		w := b.answer(h.respond(h.about(first)))
		if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "http://127.0.0.1:8080/signin" {
			t.Fatalf("%d to %q\n%s", w.Code, w.Header().Get("Location"), w.Body)
		}
		if c := b.cookies["rollcall_session"]; c == nil || c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode {
			t.Errorf("session cookie %+v", c)
		}
		b.signedInAs("ada@acme.test")
	})
}
