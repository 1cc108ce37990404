package signin

import (
	"errors"
	"net/http"

	"rollcall/access"
	"rollcall/fault"
	"rollcall/roster"
)

// maxToken is the longest token that is looked at, in bytes.
const maxToken = 200

// verifyPage is what the page of a link to confirm an address shows.
type verifyPage struct {
	State    string // one of the states below
	Email    string
	Team     string
	Init     string // where the team's sign-in starts
	Token    string // for the form
	SignedIn bool   // whether the one whom it is about is here, and can have another mail
}

// The states of the page.
const (
	verifyAsk     = "ask"
	verifyDone    = "done"
	verifyUsed    = "used"
	verifyExpired = "expired"
	verifyOther   = "other" // somebody else is signed in
	verifyUnknown = "unknown"
	verifySent    = "sent"
	verifyLimited = "limited"
)

// verify is the page of a link to confirm an address. Mail scanners follow
// links, so looking at it confirms nothing; its button does. The link proves a
// mailbox and is no sign-in: it opens no session.
func (h *handler) verify(w http.ResponseWriter, r *http.Request) {
	token := r.URL.Query().Get("t")
	if len(token) > maxToken {
		token = ""
	}
	about, err := h.Roster.Confirmation(r.Context(), token)
	h.showVerify(w, r, verifyAsk, about, token, err)
}

func (h *handler) verifyPost(w http.ResponseWriter, r *http.Request) {
	values, code := readValues(w, r)
	token := values.Get("t")
	if code != "" || len(values["t"]) != 1 || len(token) > maxToken {
		h.showVerify(w, r, verifyAsk, roster.Confirmation{}, "", fault.New(fault.Missing, "There is no such link."))
		return
	}
	about, err := h.Roster.ConfirmEmail(r.Context(), token)
	h.showVerify(w, r, verifyDone, about, "", err)
}

// showVerify shows how a look at a link or its use ended.
func (h *handler) showVerify(w http.ResponseWriter, r *http.Request, state string, about roster.Confirmation, token string, err error) {
	who := access.From(r.Context())
	v := verifyPage{State: state, Email: about.Email, Team: about.TeamName, Token: token, SignedIn: who.Kind == access.Person && who.Unverified}
	if about.TeamSlug != "" {
		v.Init = initPath(about.TeamSlug)
	}
	status := http.StatusOK
	switch code := fault.CodeOf(err); {
	case err == nil:
	case code == fault.Forbidden:
		// Whose link it is, is nobody else's business.
		v.State, v.Email, v.Team, status = verifyOther, "", "", http.StatusForbidden
	case about.Confirmed && (code == fault.LinkUsed || code == fault.LinkExpired):
		v.State = verifyDone
	case code == fault.LinkUsed:
		v.State, status = verifyUsed, http.StatusGone
	case code == fault.LinkExpired:
		v.State, status = verifyExpired, http.StatusGone
	case fault.KindOf(err) == fault.NotFound:
		v.State, status = verifyUnknown, http.StatusNotFound
	default:
		h.broken(w, r, err)
		return
	}
	h.show(w, r, status, verifyingPage, page{Verify: &v})
}

// broken tells of a failure of ours outside of a sign-in.
func (h *handler) broken(w http.ResponseWriter, r *http.Request, err error) {
	h.Log.ErrorContext(r.Context(), "a page failed", "code", fault.CodeOf(err), "error", err)
	h.show(w, r, http.StatusInternalServerError, failurePage, page{Sentence: ours.sentence, At: h.now()})
}

// resend sends the person of the session another link.
func (h *handler) resend(w http.ResponseWriter, r *http.Request) {
	who := access.From(r.Context())
	if who.Kind != access.Person {
		h.see(w, afterSignIn)
		return
	}
	v, status := verifyPage{State: verifySent, Email: who.Label, SignedIn: true}, http.StatusOK
	err := h.Roster.ResendConfirmation(r.Context())
	switch {
	case err == nil && !who.Unverified:
		h.see(w, afterSignIn)
		return
	case fault.KindOf(err) == fault.Limited:
		v.State, status = verifyLimited, http.StatusTooManyRequests
		w.Header().Set("Retry-After", "3600")
	case err != nil:
		h.broken(w, r, err)
		return
	}
	h.show(w, r, status, verifyingPage, page{Verify: &v})
}

// awaiting is the page of somebody who is signed in and has to confirm their
// address before the session opens anything.
func (h *handler) awaiting(w http.ResponseWriter, r *http.Request) {
	team, err := h.Roster.OwnTeam(r.Context())
	if err != nil {
		h.broken(w, r, errors.Join(errors.New("the team of a session cannot be read"), err))
		return
	}
	h.show(w, r, http.StatusOK, awaitingPage, page{Person: access.From(r.Context()).Label, Team: team.Name})
}
