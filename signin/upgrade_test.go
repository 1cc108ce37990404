package signin

import (
	"html/template"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"rollcall/fault"
	"rollcall/internal/housetest"
	"rollcall/models"
	"rollcall/roster"
)

// upgradePages are the question in each of its states, for the golden files.
func upgradePages() map[string]page {
	asked := roster.UpgradeAsked{Team: models.Team{Name: "Acme <Inc>", Slug: "acme"}, Email: "ada@acme.test", Version: "VERSION"}
	with := func(change func(f *upgradeForm)) page {
		f := &upgradeForm{UpgradeAsked: asked, Offered: true}
		change(f)
		return page{Team: f.Team.Name, Person: f.Email, Upgrade: f}
	}
	return map[string]page{
		"upgrade":             with(func(f *upgradeForm) { f.Password = true }),
		"upgrade-code":        with(func(f *upgradeForm) { f.Password, f.Code, f.Error, f.CodeError = true, true, "Wrong.", "And this." }),
		"upgrade-mailed":      with(func(f *upgradeForm) { f.Mailed, f.Notice = true, "Please wait." }),
		"upgrade-linked":      with(func(f *upgradeForm) { f.Linked, f.Token, f.Code = true, `T"><b>`, true }),
		"upgrade-proved":      with(func(f *upgradeForm) { f.Proved, f.Enforced, f.UpgradeAsked.Declined = true, true, true }),
		"upgrade-passkey":     with(func(f *upgradeForm) { f.KeyOnly, f.Password = true, true }),
		"upgrade-last-direct": with(func(f *upgradeForm) { f.LastDirect = true }),
		"upgrade-declined":    {Team: "Acme <Inc>", Upgrade: &upgradeForm{Declined: true}},
		"upgrade-elsewhere":   {Upgrade: &upgradeForm{Sentence: elsewhereAsked}},
	}
}

func TestGoldenUpgradePages(t *testing.T) {
	for name, p := range upgradePages() {
		golden(t, name, upgradePage, p, func(body string) string { return hiddenInput.ReplaceAllString(body, "") })
	}
}

// owner is somebody with an account of their own and its password; the mails
// that are sent land in the list.
func (h *house) owner() *[]models.Notice {
	h.Helper()
	mails := &[]models.Notice{}
	h.credentials.LinkKey = []byte("0123456789abcdef0123456789abcdef")
	own := housetest.Accounts{DB: h.db}
	h.roster.Credentials, h.roster.Accounts, h.roster.Announce = h.credentials, own, housetest.Collect(mails)
	h.direct(h.team, "ada@acme.test")
	var u models.User
	h.must(h.db.Read(h.Context()).Where("email_key = 'ada@acme.test'").Take(&u).Error)
	h.must(own.GivePassword(h.Context(), u.ID))
	return mails
}

// meet signs ada in by the identity provider, which ends at the question.
func (b *browser) meet() {
	b.h.Helper()
	w := b.answer(b.h.respond(b.h.about(b.begin("/saml/acme/init?return_to=/graphql"))))
	cookie := b.cookies["__Host-rollcall_upgrade"]
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != base+"/upgrade" || b.session() != "" || cookie == nil {
		b.h.Fatalf("%d to %q, cookie %v\n%s", w.Code, w.Header().Get("Location"), cookie, w.Body)
	}
	if !cookie.HttpOnly || !cookie.Secure || cookie.SameSite != http.SameSiteLaxMode || cookie.MaxAge != 24*3600 {
		b.h.Errorf("the cookie is %+v", cookie)
	}
	is(b.h.TB, "attempt", b.h.lastCode(), string(fault.UpgradeRequired))
}

var versionField = regexp.MustCompile(`name="v" value="([^"]+)"`)

// form is what the question's form holds, with an answer.
func (b *browser) form(answer string, more ...string) url.Values {
	b.h.Helper()
	found := versionField.FindStringSubmatch(b.get("/upgrade").Body.String())
	if found == nil {
		b.h.Fatal("there is no question")
	}
	out := url.Values{"answer": {answer}, "v": {found[1]}}
	for i := 0; i < len(more); i += 2 {
		out.Set(more[i], more[i+1])
	}
	return out
}

func (b *browser) says(what string, w *httptest.ResponseRecorder, status int, words string) {
	b.h.Helper()
	if w.Code != status || !strings.Contains(w.Body.String(), words) {
		b.h.Errorf("%s: %d, want %d with %q\n%s", what, w.Code, status, words, w.Body)
	}
}

func (h *house) upgradeState() models.UpgradeState {
	h.Helper()
	var row models.SsoUpgrade
	h.must(h.db.Read(h.Context()).Take(&row).Error)
	return row.State
}

func TestUpgradeByPassword(t *testing.T) {
	eachHouse(t, func(h *house) {
		h.owner()
		b := h.browser()
		b.meet()
		for range 3 { // looking changes nothing
			b.says("the question", b.get("/upgrade"), http.StatusOK, "ada@acme.test")
		}
		b.says("no password", b.post("/upgrade", b.form("yes"), here), http.StatusForbidden, "did not prove")
		b.says("a wrong one", b.post("/upgrade", b.form("yes", "password", "x"), here), http.StatusForbidden, "did not prove")
		// Neither a form of another site nor one of another browser answers.
		good := b.form("yes", "password", housetest.OwnPassword)
		b.says("another site's form", b.post("/upgrade", good, elsewhere), http.StatusBadRequest, "Nothing was changed")
		b.says("another browser's form", h.browser().post("/upgrade", good, here), http.StatusBadRequest, "Nothing was changed")
		b.says("without the version", b.post("/upgrade", url.Values{"answer": {"yes"}, "password": {housetest.OwnPassword}}, here), http.StatusBadRequest, "another sign-in took its place")
		b.says("no answer", b.post("/upgrade", url.Values{"v": good["v"]}, here), http.StatusBadRequest, "could not be read")
		is(h.TB, "state", h.upgradeState(), models.UpgradeInProgress)
		w := b.post("/upgrade", good, here)
		if want := base + "/saml/acme/init?return_to=%2Fgraphql"; w.Code != http.StatusSeeOther || w.Header().Get("Location") != want {
			h.Fatalf("%d to %q\n%s", w.Code, w.Header().Get("Location"), w.Body)
		}
		w = b.answer(h.respond(h.about(b.begin("/saml/acme/init?return_to=%2Fgraphql"))))
		is(h.TB, "on to", w.Header().Get("Location"), base+"/graphql")
		b.signedInAs("ada@acme.test")
		b.says("the back button", b.get("/upgrade"), http.StatusBadRequest, "browser in which you signed in")
		h.log.MustNotHold(h.TB, housetest.OwnPassword, good.Get("v"))
	})
}

func TestUpgradeDeclined(t *testing.T) {
	eachHouse(t, func(h *house) {
		h.owner()
		b := h.browser()
		b.meet()
		no := b.form("no")
		stolen := *b.cookies["__Host-rollcall_upgrade"]
		b.says("no", b.post("/upgrade", no, here), http.StatusOK, "Your account stays your own")
		is(h.TB, "state", h.upgradeState(), models.UpgradeDeclined)
		b.cookies["__Host-rollcall_upgrade"] = &stolen
		b.says("again", b.post("/upgrade", no, here), http.StatusBadRequest, "answered already")
		delete(b.cookies, "__Host-rollcall_upgrade")
		b.meet()
		b.says("asked again", b.get("/upgrade"), http.StatusOK, "You declined this before")
	})
}

func TestUpgradeByLink(t *testing.T) {
	eachHouse(t, func(h *house) {
		mails := h.owner()
		b := h.browser()
		b.meet()
		is(h.TB, "mails that nobody asked for", len(*mails), 0)
		w := b.post("/upgrade", b.form("mail"), here)
		is(h.TB, "on to", w.Header().Get("Location"), base+"/upgrade")
		b.says("sent", b.get("/upgrade"), http.StatusOK, "on its way")
		b.says("again at once", b.post("/upgrade", b.form("mail"), here), http.StatusTooManyRequests, "wait a minute")
		link, err := h.credentials.LinkURL("", models.OneTimeLink{ID: *(*mails)[0].LinkID, Purpose: models.LinkUpgrade})
		h.must(err)
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodGet} { // a mail scanner
			b.h.browser().do(httptest.NewRequest(method, link, nil), here)
			b.do(httptest.NewRequest(method, link, nil), here)
		}
		b.says("in another browser", h.browser().get(link), http.StatusBadRequest, "Nothing was changed")
		b.says("a made-up link", b.get(link[:len(link)-4]+"AAAA"), http.StatusBadRequest, "does not work any more")
		b.says("in this one", b.get(link), http.StatusOK, "Use my team")
		token := strings.TrimPrefix(link, "/upgrade?t=")
		b.says("from another browser", h.browser().post("/upgrade", b.form("yes", "t", token), here), http.StatusBadRequest, "Nothing was changed")
		is(h.TB, "state", h.upgradeState(), models.UpgradeInProgress)
		is(h.TB, "agreed", b.post("/upgrade", b.form("yes", "t", token), here).Code, http.StatusSeeOther)
		is(h.TB, "state", h.upgradeState(), models.UpgradeLinked)
		h.log.MustNotHold(h.TB, token)
	})
}

// A link or a question that waited too long, and methods that are none.
func TestUpgradeTooLate(t *testing.T) {
	eachHouse(t, func(h *house) {
		h.owner()
		b := h.browser()
		b.meet()
		form := b.form("yes", "password", housetest.OwnPassword)
		h.clock.Advance(24 * time.Hour)
		b.says("a day later", b.post("/upgrade", form, here), http.StatusBadRequest, "took too long")
		b.says("a day later, looking", b.get("/upgrade"), http.StatusBadRequest, "took too long")
		b.says("another method", b.do(httptest.NewRequest(http.MethodPut, "/upgrade", nil), here), http.StatusMethodNotAllowed, "does not work that way")
		b.says("no browser of ours", h.browser().get("/upgrade"), http.StatusBadRequest, "start again")
	})
}

// golden compares a page with its file and checks what every page owes.
func golden(t *testing.T, name string, tmpl *template.Template, p page, strip func(string) string) {
	t.Helper()
	h := &handler{jar: jar{secure: true}, Options: Options{Log: slog.New(slog.DiscardHandler)}}
	w := httptest.NewRecorder()
	h.show(w, httptest.NewRequest(http.MethodGet, "/", nil), http.StatusOK, tmpl, p)
	file := "testdata/" + name + ".html"
	if *update {
		if err := os.WriteFile(file, w.Body.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || w.Body.String() != string(want) {
		t.Errorf("%s differs (-update writes it), error %v:\n%s", file, err, w.Body)
	}
	wellMade(t, name, strip(w.Body.String()))
}
