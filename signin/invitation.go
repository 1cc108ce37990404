package signin

import (
	"net/http"

	"rollcall/fault"
	"rollcall/invite"
)

// invitationPage is what the page of an invitation shows.
type invitationPage struct {
	State   string // one of the states below
	Email   string
	Team    string
	Inviter string // address of the person who invited, "" for an operator
	Role    string
	Token   string // for the form
	Problem string // why the person cannot come in
}

// The states of the page.
const (
	invitedAsk     = "ask"
	invitedUsed    = "used"
	invitedExpired = "expired"
	invitedOther   = "other" // somebody else is signed in
	invitedUnknown = "unknown"
	invitedRefused = "refused"
)

// invitation is the page of the link in an invitation's mail. Mail scanners
// follow links, so looking at it accepts nothing; its button does. The link
// proves a mailbox and is no sign-in: it opens no session.
func (h *handler) invitation(w http.ResponseWriter, r *http.Request) {
	token := r.URL.Query().Get("t")
	if len(token) > maxToken {
		token = ""
	}
	about, err := h.Invitations.Look(r.Context(), token)
	h.showInvitation(w, r, about, token, err)
}

// accept puts the person on the team and sends them on: to set a password, to
// the team's identity provider, or to sign in.
func (h *handler) accept(w http.ResponseWriter, r *http.Request) {
	values, code := readValues(w, r)
	token := values.Get("t")
	if code != "" || len(values["t"]) != 1 || len(token) > maxToken {
		h.showInvitation(w, r, invite.About{}, "", fault.New(fault.Missing, "There is no such invitation."))
		return
	}
	in, err := h.Invitations.Accept(r.Context(), token)
	if err != nil {
		h.showInvitation(w, r, in.About, "", err)
		return
	}
	redirect(w, in.NextURL)
}

// showInvitation shows what an invitation is about, or why it is no use.
func (h *handler) showInvitation(w http.ResponseWriter, r *http.Request, about invite.About, token string, err error) {
	i := about.Invitation
	v, status := invitationPage{State: invitedAsk, Email: i.Email, Team: about.Team.Name, Inviter: i.Inviter(), Role: roleNames[i.Role], Token: token}, http.StatusOK
	switch code := fault.CodeOf(err); {
	case err == nil:
	case code == fault.Forbidden:
		v, status = invitationPage{State: invitedOther}, http.StatusForbidden
	case code == fault.LinkUsed:
		v.State, status = invitedUsed, http.StatusGone
	case code == fault.LinkExpired:
		v.State, status = invitedExpired, http.StatusGone
	case fault.KindOf(err) == fault.NotFound:
		v.State, status = invitedUnknown, http.StatusNotFound
	case fault.KindOf(err) == fault.Conflict:
		v.State, status = invitedRefused, http.StatusForbidden
		if f, ok := fault.As(err); ok {
			v.Problem = f.Message
		}
	default:
		h.broken(w, r, err)
		return
	}
	h.show(w, r, status, invitedPage, page{Invitation: &v})
}
