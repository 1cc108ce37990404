package signin

import (
	"encoding/hex"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"
	"github.com/pquerna/otp/totp"

	"rollcall/internal/housetest"
	"rollcall/models"
	"rollcall/roster"
)

const (
	goodPassword  = "mauve otter rinses nine"
	otherPassword = "seven lamps under water"
)

// own is somebody of a team with a password of their own, which they set by
// the link in the mail.
func (h *house) own(team models.Team, role models.Role, email string) roster.Member {
	h.Helper()
	m, err := h.roster.Add(h.operator(), roster.NewMember{TeamID: team.ID, Kind: models.KindPerson, Role: role, Person: roster.Person{Email: email}})
	h.must(err)
	b := h.browser()
	if w := b.post("/password", url.Values{"email": {email}}, here); w.Code != http.StatusOK {
		h.Fatalf("%d\n%s", w.Code, w.Body)
	}
	token := h.resetToken("password_reset")
	if w := b.get("/password?t=" + token); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), html.EscapeString(email)) {
		h.Fatalf("%d\n%s", w.Code, w.Body)
	}
	if w := b.post("/password", url.Values{"t": {token}, "password": {goodPassword}}, here); w.Code != http.StatusOK || len(b.cookies) != 0 {
		h.Fatalf("%d %v\n%s", w.Code, b.cookies, w.Body)
	}
	return m
}

// resetToken is the token in the newest mail of a kind.
func (h *house) resetToken(kind string) string {
	h.Helper()
	n, ok := h.told.Last(kind)
	if !ok || n.LinkID == nil {
		h.Fatalf("no mail %s with a link among %v", kind, h.told.Kinds())
	}
	var row models.OneTimeLink
	h.must(h.db.Read(h.Context()).Where("id = ?", *n.LinkID).Take(&row).Error)
	address, err := h.credentials.LinkURL(base, row)
	h.must(err)
	return strings.TrimPrefix(address, base+"/password?t=")
}

// state puts a team's single sign-on into a state.
func (h *house) state(team models.Team, s models.SsoState) {
	h.Helper()
	housetest.Update(h, h.db, &models.SsoSettings{}, map[string]any{"state": s}, "team_id = ?", team.ID)
}

func credentials(email string) url.Values {
	return url.Values{"email": {email}, "password": {goodPassword}, "return_to": {"/account"}}
}

// enter signs in by password and says where the browser is sent.
func (b *browser) enter(email string) string {
	b.h.Helper()
	w := b.post("/signin/password", credentials(email), here)
	if w.Code != http.StatusSeeOther {
		b.h.Fatalf("%d\n%s", w.Code, w.Body)
	}
	return strings.TrimPrefix(w.Header().Get("Location"), base)
}

func (b *browser) cookie(name string) string {
	if c := b.cookies["__Host-"+name]; c != nil {
		return c.Value
	}
	return ""
}

func TestPasswordByThePages(t *testing.T) {
	eachHouse(t, func(h *house) {
		globex := h.newTeam("globex", "Globex", models.PlanFree)
		h.own(globex, models.RoleMember, "grace@globex.test")
		b := h.browser()
		if w := b.get("/signin?return_to=/account"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `name="return_to" value="/account"`) {
			h.Fatalf("%d\n%s", w.Code, w.Body)
		}
		w := b.post("/signin", url.Values{"email": {" grace@globex.test "}, "return_to": {"/account"}}, here)
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `value="grace@globex.test"`) || !strings.Contains(w.Body.String(), `action="/signin/password"`) {
			h.Fatalf("%d\n%s", w.Code, w.Body)
		}
		if to := b.enter("grace@globex.test"); to != "/account" {
			h.Errorf("sent to %s", to)
		}
		first := b.session()
		b.signedInAs("grace@globex.test")
		w = b.get("/account")
		for _, want := range []string{"Your account", "Change the password", "Add an authenticator app", "This one"} {
			if !strings.Contains(w.Body.String(), want) {
				h.Errorf("the account lacks %q:\n%s", want, w.Body)
			}
		}
		wellMade(h.TB, "account", hiddenInput.ReplaceAllString(w.Body.String(), ""))
		// A new secret for every sign-in, and what was there before is over.
		b.enter("grace@globex.test")
		if b.session() == first || h.alive(first) || !h.alive(b.session()) {
			h.Error("the session did not change")
		}
		// A planted cookie is not adopted.
		planted := h.browser()
		planted.cookies["__Host-rollcall_session"] = &http.Cookie{Name: "__Host-rollcall_session", Value: b.session()}
		planted.cookies["__Host-rollcall_step"] = &http.Cookie{Name: "__Host-rollcall_step", Value: "planted"}
		mine := b.session()
		planted.enter("grace@globex.test")
		if planted.session() == mine || planted.cookie(stepName) != "" {
			h.Error("a planted cookie was adopted")
		}
		if w := planted.post("/signout", nil, here); w.Code != http.StatusSeeOther || planted.session() != "" {
			h.Errorf("sign-out: %d", w.Code)
		}
		h.log.MustNotHold(h.TB, goodPassword, mine, first)
	})
}

// What a page says and sets is the same for everybody who has not proved who they are.
func TestPagesTellStrangersNothing(t *testing.T) {
	eachHouse(t, func(h *house) {
		globex := h.newTeam("globex", "Globex", models.PlanFree)
		h.own(globex, models.RoleMember, "grace@globex.test")
		without, err := h.roster.Add(h.operator(), roster.NewMember{TeamID: globex.ID, Kind: models.KindPerson, Role: models.RoleMember, Person: roster.Person{Email: "alan@globex.test"}})
		h.must(err)
		h.browser().signIn() // ada, who is under single sign-on
		var seen [4]string
		for i, email := range []string{"grace@globex.test", without.User.Email, "ada@acme.test", "nobody@globex.test"} {
			b := h.browser()
			pages := [4]*httptest.ResponseRecorder{
				b.post("/signin", url.Values{"email": {email}}, here),
				b.post("/signin/password", url.Values{"email": {email}, "password": {"wrong wrong wrong"}}, here),
				b.post("/password", url.Values{"email": {email}}, here),
				b.get("/signin/factor"),
			}
			for j, w := range pages {
				var names []string
				for _, c := range w.Result().Cookies() {
					names = append(names, c.Name, c.Value)
				}
				told := strings.Join(names, " ") + w.Header().Get("Location") + http.StatusText(w.Code) + strings.ReplaceAll(w.Body.String(), email, "EMAIL")
				if i > 0 && told != seen[j] {
					h.Errorf("%s is told on page %d:\n%s\nothers:\n%s", email, j, told, seen[j])
				}
				seen[j] = told
			}
		}
	})
}

func TestRoutingByDomain(t *testing.T) {
	eachHouse(t, func(h *house) {
		now := h.clock.Now()
		id, err := models.NewID()
		h.must(err)
		housetest.Insert(h, h.db, &models.Domain{ID: id, TeamID: h.team.ID, Name: "acme.test", Challenge: "x", Held: true, VerifiedAt: &now, NextAt: now, AddedBy: "x", CreatedAt: now})
		ask := func(email string) *httptest.ResponseRecorder {
			return h.browser().post("/signin", url.Values{"email": {email}, "return_to": {"/account"}}, here)
		}
		for _, email := range []string{"ada@acme.test", "nobody@acme.test", "NOBODY@ACME.TEST", "nobody@acme.test."} {
			w := ask(email)
			want := base + "/saml/acme/init?" + url.Values{"login_hint": {email}, "return_to": {"/account"}}.Encode()
			if w.Code != http.StatusSeeOther || w.Header().Get("Location") != want {
				h.Errorf("%s: %d to %s", email, w.Code, w.Header().Get("Location"))
			}
		}
		// Whatever somebody writes for a domain with letters of its own, it is that one;
		// what only looks like it is another.
		housetest.Update(h, h.db, &models.Domain{}, map[string]any{"name": "xn--bcher-kva.test"}, "id = ?", id)
		for email, routed := range map[string]bool{
			"ada@bücher.test": true, "ADA@BÜCHER.TEST": true, "ada@bu\u0308cher.test": true, "ada@xn--bcher-kva.test": true, "ada@ｂücher.test": true,
			"ada@bucher.test": false, "ada@b\u03cbcher.test": false, "ada@bü\u0441her.test": false, "ada@bücher.test.evil.test": false,
		} {
			if w := ask(email); (w.Code == http.StatusSeeOther) != routed {
				h.Errorf("%q: %d", email, w.Code)
			}
		}
		housetest.Update(h, h.db, &models.Domain{}, map[string]any{"name": "acme.test"}, "id = ?", id)
		for _, email := range []string{"ada@sub.acme.test", "ada@xacme.test", "ada@acme.test.evil.test", "a@b@evil.test", "ada@ac\u0301me.test"} {
			if w := ask(email); w.Code != http.StatusOK {
				h.Errorf("%s: %d to %s", email, w.Code, w.Header().Get("Location"))
			}
		}
		for _, bad := range []string{"", "ada", "@acme.test", "ada@", "ada @acme.test", strings.Repeat("x", 250) + "@acme.test"} {
			if w := ask(bad); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), `id="email-error"`) {
				h.Errorf("%q: %d", bad, w.Code)
			}
		}
		// Lost, or switched off: then it leads nowhere.
		housetest.Update(h, h.db, &models.Domain{}, map[string]any{"held": false}, "id = ?", id)
		if w := ask("ada@acme.test"); w.Code != http.StatusOK {
			h.Errorf("lost: %d", w.Code)
		}
		housetest.Update(h, h.db, &models.Domain{}, map[string]any{"held": true}, "id = ?", id)
		h.state(h.team, models.SsoDisabled)
		if w := ask("ada@acme.test"); w.Code != http.StatusOK {
			h.Errorf("switched off: %d", w.Code)
		}
	})
}

var (
	keyText     = regexp.MustCompile(`<pre class="secret">([A-Z2-7 ]+)</pre>`)
	codeText    = regexp.MustCompile(`<li>([0-9a-z-]{19})</li>`)
	passkeyText = regexp.MustCompile(`data-passkey="([^"]+)"`)
	hiddenID    = regexp.MustCompile(`name="id" value="([^"]+)"`)
)

func (h *house) codeOf(body string) string {
	h.Helper()
	m := keyText.FindStringSubmatch(body)
	if m == nil {
		h.Fatalf("there is no key:\n%s", body)
	}
	code, err := totp.GenerateCode(strings.ReplaceAll(m[1], " ", ""), h.clock.Now())
	h.must(err)
	return code
}

// An admin of a team that enforces walks through every step there is.
func TestEveryStepByThePages(t *testing.T) {
	eachHouse(t, func(h *house) {
		globex := h.newTeam("globex", "Globex", models.PlanFree)
		h.own(h.team, models.RoleAdmin, "root@acme.test")
		_, err := h.roster.Add(h.operator(), roster.NewMember{TeamID: globex.ID, Kind: models.KindPerson, Role: models.RoleMember, Person: roster.Person{Email: "root@acme.test"}})
		h.must(err)
		h.state(h.team, models.SsoEnforced)
		b := h.browser()
		if to := b.enter("root@acme.test"); to != "/signin/team" {
			h.Fatalf("sent to %s", to)
		}
		first := b.cookie(stepName)
		c := b.cookies["__Host-rollcall_step"]
		if !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.MaxAge != 600 {
			h.Errorf("cookie %+v", c)
		}
		if w := b.get("/signin/team"); !strings.Contains(w.Body.String(), `value="acme"`) || !strings.Contains(w.Body.String(), `value="globex"`) {
			h.Fatalf("%d\n%s", w.Code, w.Body)
		}
		// Later addresses do not let anybody skip a step, and another browser has no step.
		for _, path := range []string{"/signin/factor", "/signin/enrol"} {
			if w := b.get(path); w.Code == http.StatusOK {
				h.Errorf("%s: %d", path, w.Code)
			}
			if w := b.post(path, url.Values{"code": {"000000"}}, here); b.session() != "" || w.Code == http.StatusOK || w.Code == http.StatusSeeOther {
				h.Errorf("%s: %d", path, w.Code)
			}
		}
		if w := h.browser().post("/signin/team", url.Values{"team": {"globex"}}, here); w.Code == http.StatusSeeOther {
			h.Errorf("another browser: %d", w.Code)
		}
		// From another site's page the cookie does not come along.
		if w := b.post("/signin/team", url.Values{"team": {"globex"}}, elsewhere); w.Code == http.StatusSeeOther {
			h.Errorf("another site: %d", w.Code)
		}
		w := b.post("/signin/team", url.Values{"team": {"acme"}}, here)
		if to := w.Header().Get("Location"); to != base+"/signin/enrol" || b.session() != "" {
			h.Fatalf("%d to %s", w.Code, to)
		}
		if b.cookie(stepName) == first {
			h.Error("the step's secret is the same")
		}
		w = b.get("/signin/enrol")
		if !strings.Contains(w.Body.String(), `<div class="qr" role="img"`) || !strings.Contains(w.Header().Get("Content-Security-Policy"), "script-src 'nonce-") {
			h.Fatalf("%v\n%s", w.Header(), w.Body)
		}
		if w := b.post("/signin/enrol", url.Values{"code": {"12"}}, here); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), `id="code-error"`) {
			h.Errorf("a wrong code: %d\n%s", w.Code, w.Body)
		}
		key := w.Body.String()
		w = b.post("/signin/enrol", url.Values{"code": {h.codeOf(key)}}, here)
		codes := codeText.FindAllStringSubmatch(w.Body.String(), -1)
		if len(codes) != 10 || b.session() == "" || b.cookie(stepName) != "" || !strings.Contains(w.Body.String(), `href="/account"`) {
			h.Fatalf("%d %v\n%s", w.Code, b.cookies, w.Body)
		}
		b.signedInAs("root@acme.test")

		// The next time it is asked for before the team is.
		h.clock.Advance(time.Minute)
		again := h.browser()
		if to := again.enter("root@acme.test"); to != "/signin/factor" {
			h.Fatalf("sent to %s", to)
		}
		if w := again.get("/signin/factor"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "root@acme.test") {
			h.Fatalf("%d\n%s", w.Code, w.Body)
		}
		if w := again.post("/signin/factor", url.Values{"code": {"nonsense"}}, here); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), `id="code-error"`) {
			h.Errorf("%d\n%s", w.Code, w.Body)
		}
		w = again.post("/signin/factor", url.Values{"code": {codes[0][1]}}, here)
		if to := w.Header().Get("Location"); to != base+"/signin/team" {
			h.Fatalf("%d to %s\n%s", w.Code, to, w.Body)
		}
		w = again.post("/signin/team", url.Values{"team": {"globex"}}, here)
		if to := w.Header().Get("Location"); to != base+"/account" || again.session() == "" {
			h.Fatalf("%d to %s", w.Code, to)
		}
		// And on to the other team from there.
		before := again.session()
		if w := again.get("/signin"); !strings.Contains(w.Body.String(), `action="/signin/switch"`) || !strings.Contains(w.Body.String(), `value="acme"`) {
			h.Errorf("%s", w.Body)
		}
		w = again.post("/signin/switch", url.Values{"team": {"acme"}}, here)
		if w.Code != http.StatusSeeOther || again.session() == before || h.alive(before) {
			h.Errorf("%d\n%s", w.Code, w.Body)
		}
	})
}

func TestPasskeysByThePages(t *testing.T) {
	eachHouse(t, func(h *house) {
		globex := h.newTeam("globex", "Globex", models.PlanFree)
		m := h.own(globex, models.RoleMember, "grace@globex.test")
		b := h.browser()
		b.enter("grace@globex.test")
		w := b.post("/account/passkey", url.Values{"name": {"laptop"}}, here)
		if w.Code != http.StatusForbidden {
			h.Fatalf("without a proof: %d", w.Code)
		}
		w = b.post("/account/passkey", url.Values{"name": {"laptop"}, "proof": {goodPassword}}, here)
		rp := virtualwebauthn.RelyingParty{ID: "rollcall.test", Name: "Rollcall", Origin: base}
		options := func(w *httptest.ResponseRecorder) string {
			found := passkeyText.FindStringSubmatch(w.Body.String())
			if found == nil {
				h.Fatalf("no options: %d\n%s", w.Code, w.Body)
			}
			return html.UnescapeString(found[1])
		}
		making, err := virtualwebauthn.ParseAttestationOptions(options(w))
		h.must(err)
		device := virtualwebauthn.NewAuthenticatorWithOptions(virtualwebauthn.AuthenticatorOptions{UserHandle: rawID(m.UserID)})
		key := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
		for len(key.Key.AttestationData()) != 77 { // the authenticator leaves out zeros that a number begins with
			key = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
		}
		w = b.post("/account/passkey/keep", url.Values{"answer": {virtualwebauthn.CreateAttestationResponse(rp, device, key, *making)}}, here)
		if len(codeText.FindAllString(w.Body.String(), -1)) != 10 {
			h.Fatalf("%d\n%s", w.Code, w.Body)
		}
		stranger := h.browser()
		w = stranger.get("/signin?return_to=/account")
		asked, err := virtualwebauthn.ParseAssertionOptions(options(w))
		h.must(err)
		if c := stranger.cookies["__Host-rollcall_passkey"]; c == nil || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode {
			h.Errorf("cookie %+v", c)
		}
		key.Counter++
		answer := url.Values{"answer": {virtualwebauthn.CreateAssertionResponse(rp, device, key, *asked)}, "return_to": {"//evil.test"}}
		if w := h.browser().post("/signin/passkey", answer, here); w.Code == http.StatusSeeOther {
			h.Error("another browser used the answer")
		}
		w = stranger.post("/signin/passkey", answer, here)
		if to := w.Header().Get("Location"); w.Code != http.StatusSeeOther || to != base+"/signin" || stranger.session() == "" {
			h.Errorf("%d to %s\n%s", w.Code, to, w.Body)
		}
		stranger.signedInAs("grace@globex.test")
	})
}

func TestAccountByThePages(t *testing.T) {
	eachHouse(t, func(h *house) {
		globex := h.newTeam("globex", "Globex", models.PlanFree)
		h.own(globex, models.RoleMember, "grace@globex.test")
		b, elsewhereToo := h.browser(), h.browser()
		b.enter("grace@globex.test")
		elsewhereToo.enter("grace@globex.test")
		w := b.post("/account/totp", url.Values{"name": {"phone"}, "proof": {goodPassword}}, here)
		id := hiddenID.FindStringSubmatch(w.Body.String())
		if id == nil {
			h.Fatalf("%d\n%s", w.Code, w.Body)
		}
		page := w.Body.String()
		if w := b.post("/account/totp/confirm", url.Values{"id": {id[1]}, "code": {"000"}}, here); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), `id="code-error"`) {
			h.Errorf("%d\n%s", w.Code, w.Body)
		}
		w = b.post("/account/totp/confirm", url.Values{"id": {id[1]}, "code": {h.codeOf(page)}}, here)
		if len(codeText.FindAllString(w.Body.String(), -1)) != 10 || h.alive(elsewhereToo.session()) {
			h.Fatalf("%d\n%s", w.Code, w.Body)
		}
		if w := b.post("/account/rename", url.Values{"id": {id[1]}, "name": {"my <phone>"}}, here); w.Header().Get("Location") != base+"/account?done=renamed" {
			h.Errorf("%d", w.Code)
		}
		if w := b.get("/account?done=renamed"); !strings.Contains(w.Body.String(), "my &lt;phone&gt;") || !strings.Contains(w.Body.String(), "has its new name") {
			h.Errorf("%s", w.Body)
		}
		if w := b.get("/account?done=%3Cscript%3E"); strings.Contains(w.Body.String(), "script>") {
			h.Errorf("%s", w.Body)
		}
		if w := b.post("/account/remove", url.Values{"id": {id[1]}}, here); w.Code != http.StatusForbidden {
			h.Errorf("without a proof: %d", w.Code)
		}
		if w := b.post("/account/codes", url.Values{"proof": {goodPassword}}, here); len(codeText.FindAllString(w.Body.String(), -1)) != 10 {
			h.Errorf("%d", w.Code)
		}
		if w := b.post("/account/password", url.Values{"proof": {goodPassword}, "password": {otherPassword}}, here); w.Header().Get("Location") != base+"/account?done=password" {
			h.Errorf("%d\n%s", w.Code, w.Body)
		}
		if w := b.post("/account/remove", url.Values{"id": {id[1]}, "proof": {otherPassword}}, here); w.Header().Get("Location") != base+"/account?done=removed" {
			h.Errorf("%d\n%s", w.Code, w.Body)
		}
		// Nobody without a session, and nothing by GET.
		for _, path := range []string{"/account/password", "/account/remove", "/account/rename", "/account/totp", "/account/totp/confirm", "/account/passkey", "/account/passkey/keep", "/account/codes", "/account/end", "/signin/switch"} {
			if w := h.browser().post(path, url.Values{"id": {id[1]}, "proof": {otherPassword}, "password": {goodPassword}}, here); w.Code < 400 && w.Header().Get("Location") != base+"/signin?return_to=/account" {
				h.Errorf("%s for nobody: %d", path, w.Code)
			}
			if w := b.post(path, url.Values{"id": {id[1]}, "proof": {otherPassword}, "password": {goodPassword}, "team": {"acme"}}, elsewhere); w.Code < 400 && w.Header().Get("Location") != base+"/signin?return_to=/account" {
				h.Errorf("%s from another site: %d", path, w.Code)
			}
			if w := b.get(path); w.Code != http.StatusMethodNotAllowed {
				h.Errorf("GET %s: %d", path, w.Code)
			}
		}
		if w := h.browser().get("/account"); w.Header().Get("Location") != base+"/signin?return_to=/account" {
			h.Errorf("%d", w.Code)
		}
	})
}

func TestLongForms(t *testing.T) {
	eachHouse(t, func(h *house) {
		huge := strings.Repeat("x", 1<<20)
		before := h.account.Hashings()
		for _, path := range []string{"/signin", "/signin/password", "/signin/passkey", "/signin/factor", "/signin/enrol", "/signin/team", "/password"} {
			w := h.browser().post(path, url.Values{"email": {"a@b.test"}, "password": {huge}, "code": {huge}, "answer": {huge}, "t": {huge}}, here)
			if w.Code != http.StatusRequestEntityTooLarge {
				h.Errorf("%s: %d", path, w.Code)
			}
		}
		if n := h.account.Hashings() - before; n != 0 {
			h.Errorf("%d hashings", n)
		}
	})
}

func TestReturnPathsOfOwnSignIns(t *testing.T) {
	eachHouse(t, func(h *house) {
		h.own(h.newTeam("globex", "Globex", models.PlanFree), models.RoleMember, "grace@globex.test")
		for _, bad := range []string{"//evil.test", "https://evil.test", `/\evil.test`, "/%5Cevil.test", "javascript:alert(1)", "/signout"} {
			form := credentials("grace@globex.test")
			form.Set("return_to", bad)
			if w := h.browser().post("/signin/password", form, here); w.Header().Get("Location") != base+"/signin" {
				h.Errorf("%s leads to %s", bad, w.Header().Get("Location"))
			}
			if w := h.browser().get("/signin?return_to=" + url.QueryEscape(bad)); !strings.Contains(w.Body.String(), `name="return_to" value="/signin"`) {
				h.Errorf("%s is in the form", bad)
			}
		}
	})
}

func TestTooManyTriesAreTold(t *testing.T) {
	eachHouse(t, func(h *house) {
		b := h.browser()
		var w *httptest.ResponseRecorder
		for range 6 {
			w = b.post("/signin/password", url.Values{"email": {"nobody@globex.test"}, "password": {"wrong wrong wrong"}}, here)
		}
		if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "1" || !strings.Contains(w.Body.String(), "wait 1 seconds") {
			h.Errorf("%d %v\n%s", w.Code, w.Header(), w.Body)
		}
	})
}

// rawID is a user as authenticators know them.
func rawID(id models.ID) []byte {
	raw, err := hex.DecodeString(strings.ReplaceAll(string(id), "-", ""))
	if err != nil {
		panic(err)
	}
	return raw
}
