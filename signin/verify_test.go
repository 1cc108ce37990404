package signin

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"rollcall/access"
	"rollcall/invite"
	"rollcall/models"
)

// mailed is the address in the newest mail with a link of a purpose, as a path.
func (h *house) mailed(purpose models.LinkPurpose) string {
	h.Helper()
	var row models.OneTimeLink
	h.must(h.db.Read(h.Context()).Where("purpose = ?", purpose).Order("id DESC").Take(&row).Error)
	address, err := h.credentials.LinkURL("", row)
	h.must(err)
	return address
}

// says checks the status of a page and that a text stands in it.
func (h *house) says(what string, w *httptest.ResponseRecorder, status int, text string) {
	h.Helper()
	if w.Code != status || !strings.Contains(w.Body.String(), text) {
		h.Errorf("%s: %d\n%s", what, w.Code, w.Body)
	}
	if w.Header().Get("Cache-Control") != "no-store" || strings.Contains(w.Header().Get("Content-Security-Policy"), "unsafe") {
		h.Errorf("%s: %v", what, w.Header())
	}
}

func token(address string) url.Values {
	_, t, _ := strings.Cut(address, "?t=")
	return url.Values{"t": {t}}
}

func (h *house) confirmed() bool {
	h.Helper()
	var u models.User
	h.must(h.db.Read(h.Context()).Where("email_key = ?", "ada@acme.test").Take(&u).Error)
	return u.EmailVerified()
}

// A newcomer's way: signed in, told what to do, confirmed by the button and not
// by a scanner that follows the link.
func TestVerifyPage(t *testing.T) {
	eachHouse(t, func(h *house) {
		h.confirming(h.team, true)
		b := h.browser()
		b.signIn()
		h.says("signed in", b.get("/signin"), http.StatusOK, "One step is left")
		h.says("expects", b.post("/verify/resend", nil, here), http.StatusOK, "on its way to <strong>ada@acme.test")
		address := h.mailed(models.LinkVerifyEmail)
		stranger := h.browser()
		for range 3 {
			h.says("a scanner looks", stranger.get(address), http.StatusOK, "Confirm this address")
		}
		head := stranger.do(httptest.NewRequest(http.MethodHead, address, nil), here)
		if head.Code != http.StatusOK || h.confirmed() {
			t.Errorf("HEAD: %d, confirmed %v", head.Code, h.confirmed())
		}
		h.says("PUT", stranger.do(httptest.NewRequest(http.MethodPut, address, nil), here), http.StatusMethodNotAllowed, wrongMethod)
		h.says("no token", stranger.post("/verify", nil, here), http.StatusNotFound, "not one of ours")
		h.says("two tokens", stranger.post("/verify", url.Values{"t": {"a", "b"}}, here), http.StatusNotFound, "not one of ours")
		h.says("a token in the address alone", stranger.post(address, nil, here), http.StatusNotFound, "not one of ours")
		h.says("a long one", stranger.get("/verify?t="+strings.Repeat("A", 5000)), http.StatusNotFound, "not one of ours")
		if h.confirmed() {
			t.Fatal("confirmed by looking")
		}
		w := stranger.post("/verify", token(address), here)
		h.says("another browser", w, http.StatusOK, "is confirmed")
		if stranger.session() != "" || len(w.Result().Cookies()) > 0 || !h.confirmed() {
			t.Errorf("the link opened a session: %v", w.Result().Cookies())
		}
		b.signedInAs("ada@acme.test")
		h.says("once more", b.get(address), http.StatusOK, "is confirmed")
		if w := b.post("/verify/resend", nil, here); w.Code != http.StatusSeeOther {
			t.Errorf("resend for a confirmed address: %d", w.Code)
		}
		if w := h.browser().post("/verify/resend", nil, here); w.Code != http.StatusSeeOther {
			t.Errorf("resend by nobody: %d", w.Code)
		}
	})
}

// Until then the account's page and its forms lead back to what is to be done.
func TestAccountNeedsAConfirmedAddress(t *testing.T) {
	eachHouse(t, func(h *house) {
		h.confirming(h.team, true)
		b := h.browser()
		b.signIn()
		for _, path := range []string{"", "/password", "/rename", "/remove", "/end", "/totp", "/totp/confirm", "/passkey", "/passkey/keep", "/codes"} {
			w := b.get("/account")
			if path != "" {
				w = b.post("/account"+path, url.Values{"id": {"x"}}, here)
			}
			if w.Code != http.StatusSeeOther || w.Header().Get("Location") != base+"/signin" {
				t.Errorf("/account%s: %d to %s\n%s", path, w.Code, w.Header().Get("Location"), w.Body)
			}
		}
		if w := b.post("/verify", token(h.mailed(models.LinkVerifyEmail)), here); w.Code != http.StatusOK {
			t.Fatalf("%d\n%s", w.Code, w.Body)
		}
		h.says("confirmed", b.get("/account"), http.StatusOK, "Your account")
	})
}

func TestVerifyLimits(t *testing.T) {
	eachHouse(t, func(h *house) {
		h.confirming(h.team, true)
		b := h.browser()
		b.signIn()
		first := h.mailed(models.LinkVerifyEmail)
		b.post("/verify/resend", nil, here)
		b.post("/verify/resend", nil, here)
		h.says("limited", b.post("/verify/resend", nil, here), http.StatusTooManyRequests, "Three mails were sent")
		h.says("an older link", b.get(first), http.StatusGone, "Send another mail")
		newest := h.mailed(models.LinkVerifyEmail)
		h.clock.Advance(25 * time.Hour)
		h.says("late", h.browser().post("/verify", token(newest), here), http.StatusGone, "has expired")
	})
}

// Whoever is signed in as somebody else is asked to sign out, and learns
// neither address nor team.
func TestVerifyOfSomebodyElse(t *testing.T) {
	eachHouse(t, func(h *house) {
		h.confirming(h.team, true)
		h.browser().signIn()
		address := h.mailed(models.LinkVerifyEmail)
		other := h.browser()
		eve := ada
		eve.NameID, eve.Email = "eve@acme.test", "eve@acme.test"
		w := other.answer(h.respond(h.idp.About(eve, h.sso.ServiceProvider("acme"), other.begin("/saml/acme/init"))))
		if w.Code != http.StatusSeeOther {
			t.Fatal(w.Body)
		}
		for what, w := range map[string]*httptest.ResponseRecorder{"look": other.get(address), "use": other.post("/verify", token(address), here)} {
			h.says(what, w, http.StatusForbidden, "for somebody else")
			if strings.Contains(w.Body.String(), "ada@acme.test") {
				t.Errorf("%s tells whose it is", what)
			}
		}
		if h.confirmed() {
			t.Error("confirmed")
		}
	})
}

// An invitation is accepted by its button, once, and leads to a password and to
// no session.
func TestInvitationPage(t *testing.T) {
	eachHouse(t, func(h *house) {
		ctx := access.With(h.Context(), access.Actor{Kind: access.Operator, Label: "ops"})
		invited := func(address string) models.Invitation {
			rows, err := h.invitations.Create(ctx, h.team.ID, []invite.New{{Email: address, Role: models.RoleViewer}})
			h.must(err)
			return rows[0]
		}
		invited("new@example.com")
		address := h.mailed(models.LinkInvitation)
		b := h.browser()
		for range 2 {
			h.says("look", b.get(address), http.StatusOK, "Join Acme")
		}
		w := b.post("/invitation", token(address), here)
		if next := w.Header().Get("Location"); w.Code != http.StatusSeeOther || !strings.HasPrefix(next, base+"/password?t=") || b.session() != "" {
			t.Errorf("accepted: %d to %q", w.Code, next)
		}
		h.says("again", b.post("/invitation", token(address), here), http.StatusGone, "accepted or withdrawn already")
		h.says("nonsense", b.get("/invitation?t=x"), http.StatusNotFound, "not one of ours")
		h.says("nothing", b.post("/invitation", nil, here), http.StatusNotFound, "not one of ours")

		i := invited("late@example.com")
		address = h.mailed(models.LinkInvitation)
		h.clock.Advance(8 * 24 * time.Hour)
		h.says("late", b.get(address), http.StatusGone, "has expired")
		h.must(func() error { _, err := h.invitations.Revoke(ctx, i.ID); return err }())
		h.says("revoked", b.get(address), http.StatusGone, "withdrawn already")

		invited("ada@acme.test")
		address = h.mailed(models.LinkInvitation)
		b.signIn() // just in time, before the invitation was accepted
		h.says("on the team", b.post("/invitation", token(address), here), http.StatusForbidden, "You are on this team already.")
		invited("else@example.com")
		address = h.mailed(models.LinkInvitation)
		for what, w := range map[string]*httptest.ResponseRecorder{"look": b.get(address), "accept": b.post("/invitation", token(address), here)} {
			h.says(what, w, http.StatusForbidden, "another address")
			if strings.Contains(w.Body.String(), "else@example.com") {
				t.Errorf("%s tells whose it is", what)
			}
		}
	})
}
