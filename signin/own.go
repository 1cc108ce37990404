package signin

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"rollcall/account"
	"rollcall/fault"
)

// maxOwnForm is the longest form of the pages for people's own ways in, in
// bytes: a passkey's attestation is the longest thing that is typed or pressed.
const maxOwnForm = 32 << 10

// stepName is the cookie of an unfinished sign-in. It is Strict: no other site
// has a reason to lead anybody into the middle of one.
const (
	stepName    = "rollcall_step"
	passkeyName = "rollcall_passkey"
	stepLife    = 10 * time.Minute
)

func (j jar) setStep(w http.ResponseWriter, name, secret string) {
	j.set(w, name, secret, stepLife, http.SameSiteStrictMode)
}

func (j jar) clearStep(w http.ResponseWriter, name string) {
	j.set(w, name, "", -1, http.SameSiteStrictMode)
}

// ownPage is what the pages of people's own ways in show.
type ownPage struct {
	Email    string
	ReturnTo string
	Problem  string // what was wrong with the form, "" for nothing
	Field    string // that Problem is about
	Passkey  string // options for the browser, "" for no passkey
	Teams    []teamWay
	Totp     bool
	Key      account.Totp
	Codes    []string
	Token    string
	Sent     bool
	Done     bool
	Account  *accountPage
}

// teamWay is a team in a picker.
type teamWay struct {
	Name, Slug string
	Own        bool
	Here       bool   // the one that the session is of
	Init       string // where its single sign-on starts
}

// form reads what was posted, within its bounds. Without one the answer has
// been given.
func (h *handler) form(w http.ResponseWriter, r *http.Request) (url.Values, bool) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		h.say(w, r, http.StatusBadRequest, "This form could not be read.")
		return nil, false
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxOwnForm))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		h.say(w, r, http.StatusRequestEntityTooLarge, "This form is too long.")
		return nil, false
	}
	var values url.Values
	if err == nil {
		values, err = url.ParseQuery(string(body))
	}
	if err != nil {
		h.say(w, r, http.StatusBadRequest, "This form could not be read.")
		return nil, false
	}
	return values, true
}

// say answers with a sentence and the way back to the start.
func (h *handler) say(w http.ResponseWriter, r *http.Request, status int, sentence string) {
	h.show(w, r, status, failurePage, page{Sentence: sentence, Init: "/signin"})
}

// problem answers a fault that no form can show.
func (h *handler) problem(w http.ResponseWriter, r *http.Request, err error) {
	f, ok := fault.As(err)
	if !ok || f.Kind == fault.Internal {
		h.Log.ErrorContext(r.Context(), "a page of people's own ways in failed", "error", err)
		h.show(w, r, http.StatusInternalServerError, failurePage, page{Sentence: ours.sentence, At: h.now()})
		return
	}
	h.waits(w, err)
	h.say(w, r, statusOf(f.Kind), f.Message)
}

// waits says after how many seconds whoever is too quick may try again.
func (h *handler) waits(w http.ResponseWriter, err error) {
	if fault.KindOf(err) != fault.Limited || w.Header().Get("Retry-After") != "" {
		return
	}
	seconds := 5
	if f, ok := fault.As(err); ok {
		for _, word := range strings.Fields(f.Message) {
			if n, err := strconv.Atoi(word); err == nil {
				seconds = n
			}
		}
	}
	w.Header().Set("Retry-After", strconv.Itoa(seconds))
}

// again shows a form once more with what was wrong, if that is something that
// the person can mend in it.
func (h *handler) again(w http.ResponseWriter, r *http.Request, err error, show func(status int, problem string)) {
	f, ok := fault.As(err)
	if !ok || f.Kind == fault.Internal || f.Code == fault.LinkExpired || f.Code == fault.LinkUsed || f.Kind == fault.NotFound {
		h.problem(w, r, err)
		return
	}
	h.waits(w, err)
	h.Log.InfoContext(r.Context(), "a form was refused", "path", r.URL.Path, "code", f.Code)
	show(statusOf(f.Kind), f.Message)
}

// proceed sends the browser on to whatever a sign-in waits for. Every step has a
// secret of its own, and the session has a new one.
func (h *handler) proceed(w http.ResponseWriter, r *http.Request, p account.Progress) {
	h.jar.clearStep(w, passkeyName)
	if p.Step == "" {
		h.jar.clearStep(w, stepName)
	} else {
		h.jar.setStep(w, stepName, p.Step)
	}
	switch p.Stage {
	case account.StageFactor, account.StageEnrol, account.StageTeam:
		h.see(w, "/signin/"+string(p.Stage))
	case account.StageDone:
		h.replace(w, r, p.Session)
		if len(p.Codes) > 0 {
			h.show(w, r, http.StatusOK, codesPage, page{Own: &ownPage{Codes: p.Codes, ReturnTo: returnPath(p.ReturnTo)}})
			return
		}
		h.see(w, returnPath(p.ReturnTo))
	default:
		if p.Team.Slug != "" {
			h.see(w, initFor(p.Team.Slug, p.Email, p.ReturnTo))
			return
		}
		h.show(w, r, http.StatusOK, elsewherePage, page{Own: &ownPage{Teams: teamWays(p.Ways, p.Email, p.ReturnTo), Email: p.Email}})
	}
}

// initFor is where a team's single sign-on starts for somebody.
func initFor(slug, email, returnTo string) string {
	q := url.Values{}
	if email != "" {
		q.Set("login_hint", email)
	}
	if back := returnPath(returnTo); back != afterSignIn {
		q.Set("return_to", back)
	}
	if len(q) == 0 {
		return initPath(slug)
	}
	return initPath(slug) + "?" + q.Encode()
}

func teamWays(ways account.Ways, email, returnTo string) []teamWay {
	out := make([]teamWay, len(ways))
	for i, w := range ways {
		out[i] = teamWay{Name: w.Team.Name, Slug: w.Team.Slug, Own: w.Own, Init: initFor(w.Team.Slug, email, returnTo)}
	}
	return out
}
