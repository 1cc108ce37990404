package signin

import (
	"context"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"time"

	"rollcall/access"
	"rollcall/account"
	"rollcall/credential"
	"rollcall/fault"
	"rollcall/invite"
	"rollcall/models"
	"rollcall/roster"
	"rollcall/sso"
)

// Options are what the door needs.
type Options struct {
	SSO         *sso.Service
	Roster      *roster.Service
	Invitations *invite.Service
	Credentials *credential.Store
	Account     *account.Service
	BaseURL     string // of the installation, without a slash at its end
	Log         *slog.Logger
}

// handler serves every page of the room.
type handler struct {
	Options
	jar jar
}

// NewHandler serves the pages. It expects the context's Actor and Request to be
// set by the caller's middleware, and everything under paths that it does not
// know to be answered with a page that says so.
//
// The caller's guard against cross-site posts must let the assertion consumer
// service and the logout service through: those posts come from the identity
// provider's site, and their own guards are the flow cookie and the signature.
// Every other post here is for the same site.
func NewHandler(o Options) http.Handler {
	h := newDoor(o)
	own := func(serve http.HandlerFunc) http.HandlerFunc { return h.only(http.MethodPost, h.confirmed(serve)) }
	mux := http.NewServeMux()
	for pattern, serve := range map[string]http.HandlerFunc{
		"/{$}":                  h.only(http.MethodGet, h.home),
		"/signin":               h.both(h.signin, h.address),
		"/signin/password":      h.both(h.passwordForm, h.password),
		"/signin/passkey":       h.only(http.MethodPost, h.passkey),
		"/signin/factor":        h.both(h.factor, h.code),
		"/signin/enrol":         h.both(h.enrol, h.enrolled),
		"/signin/team":          h.both(h.pick, h.picked),
		"/signin/switch":        h.only(http.MethodPost, h.switchTeam),
		"/password":             h.both(h.reset, h.setPassword),
		"/account":              h.only(http.MethodGet, h.confirmed(h.me)),
		"/account/password":     own(h.change("password", "password", h.changePassword)),
		"/account/rename":       own(h.change("rename", "renamed", h.renameFactor)),
		"/account/remove":       own(h.change("remove", "removed", h.removeFactor)),
		"/account/end":          own(h.change("end", "ended", h.endSession)),
		"/account/totp":         own(h.addTotp),
		"/account/totp/confirm": own(h.confirmTotp),
		"/account/passkey":      own(h.addPasskey),
		"/account/passkey/keep": own(h.keepPasskey),
		"/account/codes":        own(h.newCodes),
		"/signout":              h.only(http.MethodPost, h.signout),
		"/verify":               h.both(h.verify, h.verifyPost),
		"/invitation":           h.both(h.invitation, h.accept),
		"/verify/resend":        h.only(http.MethodPost, h.resend),
		"/test":                 h.both(h.test, h.beginTest),
		"/recovery":             h.both(h.recovery, h.recoveryCode),
		"/saml/{team}":          h.only(http.MethodGet, h.team(h.landing)),
		"/saml/{team}/init":     h.only(http.MethodGet, h.team(h.begin)),
		"/saml/{team}/finalize": h.team(h.acs),
		"/saml/{team}/logout":   h.team(h.logout),
		"/saml/{team}/metadata": h.only(http.MethodGet, h.team(h.metadata)),
		"/upgrade":              h.both(h.upgrade, h.answerUpgrade),
		"/assets/" + stylesheet: h.only(http.MethodGet, serveStyle),
		"/assets/passkey.js":    h.only(http.MethodGet, servePasskeys),
		"/":                     h.nothing,
	} {
		mux.HandleFunc(pattern, serve)
	}
	return mux
}

func newDoor(o Options) *handler {
	return &handler{Options: o, jar: jar{secure: strings.HasPrefix(o.BaseURL, "https://")}}
}

// only turns other methods away with a page. The mux's own answer to them
// would be the page for unknown paths, because that pattern takes them all.
func (h *handler) only(method string, serve http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method == method || method == http.MethodGet && r.Method == http.MethodHead {
			serve(w, r)
			return
		}
		w.Header().Set("Allow", method)
		h.show(w, r, http.StatusMethodNotAllowed, failurePage, page{Sentence: wrongMethod})
	}
}

// both is a page that is read by GET and posted to.
func (h *handler) both(get, post http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodGet, http.MethodHead:
			get(w, r)
		case http.MethodPost:
			post(w, r)
		default:
			w.Header().Set("Allow", "GET, POST")
			h.show(w, r, http.StatusMethodNotAllowed, failurePage, page{Sentence: wrongMethod})
		}
	}
}

// slugForm is what a team's address looks like; anything else is not worth a
// question to the database.
var slugForm = regexp.MustCompile(`^[a-z0-9-]{3,40}$`)

// team hands the slug of the path on. Whoever is signed in already, the rooms
// behind are asked in nobody's name: a sign-in proves who comes.
func (h *handler) team(serve func(w http.ResponseWriter, r *http.Request, slug string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		slug := r.PathValue("team")
		if !slugForm.MatchString(slug) {
			h.nothing(w, r)
			return
		}
		serve(w, r, slug)
	}
}

// nobody is the request's context with an anonymous Actor.
func nobody(r *http.Request) context.Context {
	return access.With(r.Context(), access.Actor{})
}

func (h *handler) now() time.Time { return models.Stamp(h.SSO.Now()) }

// home is the installation's bare address.
func (h *handler) home(w http.ResponseWriter, _ *http.Request) { h.see(w, "/signin") }

// nothing answers for addresses behind which there is nothing.
func (h *handler) nothing(w http.ResponseWriter, r *http.Request) {
	h.fail(w, r, "", "", fault.New(fault.TeamNotFound, "There is no such page."))
}

// see sends the browser to a path of this installation by GET. The whole
// address stands there, so that no reading of the path can lead elsewhere.
func (h *handler) see(w http.ResponseWriter, path string) { redirect(w, h.BaseURL+path) }

func redirect(w http.ResponseWriter, address string) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("Location", address)
	w.WriteHeader(http.StatusSeeOther)
}
