package signin

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"html/template"
	"net/http"
	"time"

	"rollcall/access"
	"rollcall/saml"
)

//go:embed pages/*.html
var pageFiles embed.FS

//go:embed assets/style.css
var style []byte

//go:embed assets/passkey.js
var passkeyScript []byte

const stylesheet = "style.css"

// styleTag changes with the style sheet, so that browsers fetch it once.
var styleTag = func() string {
	sum := sha256.Sum256(style)
	return `"` + hex.EncodeToString(sum[:8]) + `"`
}()

// The pages. Each fills the blocks title and content of layout.html.
var (
	askPage      = parsePage("ask")
	signedInPage = parsePage("signedin")
	teamPage     = parsePage("team")
	failurePage  = parsePage("failure")

	onwardPage    = parsePage("onward")
	signedOutPage = parsePage("signedout")

	passwordPage    = parsePage("password")
	factorPage      = parsePage("factor")
	enrolPage       = parsePage("enrol")
	teamsPage       = parsePage("teams")
	elsewherePage   = parsePage("elsewhere")
	codesPage       = parsePage("codes")
	resetPage       = parsePage("reset")
	choosePage      = parsePage("choose")
	accountTemplate = parsePage("account")
	totpPage        = parsePage("totp")
	newKeyPage      = parsePage("newkey")
	verifyingPage   = parsePage("verify")
	awaitingPage    = parsePage("awaiting")
	invitedPage     = parsePage("invitation")
	testingPage     = parsePage("test")
	recoveryPage    = parsePage("recovery")
	upgradePage     = parsePage("upgrade")
)

// parsePage reads a page that is compiled in; that it can be read is tested. The
// page says its name in data-page, by which the browser run knows which pages
// it has seen.
func parsePage(name string) *template.Template {
	t := template.Must(template.ParseFS(pageFiles, "pages/layout.html", "pages/"+name+".html"))
	return template.Must(t.New("page").Parse(name))
}

// page is what the pages show. Nothing in it is what a request said.
type page struct {
	Team, Person string
	Slug         string // of the team
	Init         string // where a sign-in starts, "" for no link
	Again        string // what the link to Init says, "" for "Start again"
	Wrong        bool   // the team's name cannot be one
	Sentence     string // what went wrong
	Attempt      string // the attempt's id
	Request      string // the request's id, when there is no attempt
	At           time.Time
	Role         string   // of Person on Team
	Own          *ownPage // people's own ways in

	// Form goes to the identity provider, by the script that Nonce names.
	Form    *saml.Form
	Leaving bool
	Nonce   string

	Verify     *verifyPage
	Invitation *invitationPage
	Test       *testPage
	Recovery   *recoveryForm
	Upgrade    *upgradeForm
}

// What pages may load: their own style. Nothing may frame them, and no script
// runs, theirs or anybody's, but for the one line of the page with a nonce.
const policy = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action "

// show renders a page. The request's id stands in for an attempt's on pages
// that name a time.
func (h *handler) show(w http.ResponseWriter, r *http.Request, status int, t *template.Template, p page) {
	if p.Own != nil && p.Own.Passkey != "" && p.Nonce == "" {
		p.Nonce = rand.Text()
	}
	if p.Attempt == "" && !p.At.IsZero() {
		p.Request = access.RequestFrom(r.Context()).ID
	}
	var body bytes.Buffer
	if err := t.ExecuteTemplate(&body, "layout.html", p); err != nil {
		h.Log.ErrorContext(r.Context(), "a page cannot be rendered", "error", err)
		http.Error(w, ours.sentence, http.StatusInternalServerError)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	rules := policy + h.formTargets(t)
	if p.Nonce != "" {
		rules += "; script-src 'nonce-" + p.Nonce + "'"
	}
	header.Set("Content-Security-Policy", rules)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cache-Control", "no-store")
	header.Set("Referrer-Policy", referrerPolicy(t))
	w.WriteHeader(status)
	// Headers are out; who hangs up now is nobody's failure.
	_, _ = w.Write(body.Bytes())
}

// formTargets is where a page's forms may lead. Chromium holds every redirect
// after a form against this list, so forms that end at some identity provider
// have to allow any: the one that asks who comes, the one that asks for the
// team, the one that signs out, the ones after which a sign-in or a test login begins, and the one that carries a message. No other
// page has a form that leaves.
func (h *handler) formTargets(t *template.Template) string {
	switch {
	case t != askPage && !signsOut(t) && t != teamsPage && t != onwardPage && t != testingPage && t != upgradePage:
		return "'self'"
	case h.jar.secure:
		return "'self' https:"
	default:
		return "'self' https: http:"
	}
}

// signsOut reports whether a page has the form that signs out.
func signsOut(t *template.Template) bool {
	return t == signedInPage || t == accountTemplate || t == verifyingPage || t == awaitingPage || t == invitedPage
}

// referrerPolicy keeps our addresses from other sites. Pages with a form for
// our own tell them: under no-referrer the post's Origin would be "null", which
// guards against cross-site posts refuse in older browsers.
func referrerPolicy(t *template.Template) string {
	switch t {
	case teamPage, failurePage, onwardPage, signedOutPage:
		return "no-referrer"
	default:
		return "same-origin"
	}
}

// servePasskeys serves the script of the pages that ask for a passkey.
func servePasskeys(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Type", "text/javascript; charset=utf-8")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cache-Control", "no-cache")
	http.ServeContent(w, r, "passkey.js", time.Time{}, bytes.NewReader(passkeyScript))
}

// serveStyle serves the one style sheet.
func serveStyle(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Type", "text/css; charset=utf-8")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("ETag", styleTag)
	header.Set("Cache-Control", "no-cache")
	http.ServeContent(w, r, stylesheet, time.Time{}, bytes.NewReader(style))
}
