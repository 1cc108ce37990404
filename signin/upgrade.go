package signin

import (
	"net/http"
	"net/url"
	"strings"

	"rollcall/fault"
	"rollcall/models"
	"rollcall/roster"
)

// upgradeName is the cookie of a browser that was asked whether an account is to
// go under single sign-on. Its secret is new for every question, so whatever a
// browser had before cannot answer it.
const upgradeName = "rollcall_upgrade"

// upgradeForm is the question as the page shows it.
type upgradeForm struct {
	roster.UpgradeAsked
	Token             string // of a mailed link
	Error, CodeError  string // what was wrong with a password or a code
	Notice            string // what was wrong with something else
	Declined, Offered bool   // the answer was no; there is something to answer
	Sentence          string // instead of the question
}

// askOwner sends a browser whose sign-in met an account of somebody's own to the
// question.
func (h *handler) askOwner(w http.ResponseWriter, t roster.UpgradeTicket) {
	h.jar.set(w, upgradeName, models.Global(models.PrefixSsoUpgrade, t.ID)+"."+t.Secret, t.ExpiresAt.Sub(h.now()), http.SameSiteLaxMode)
	h.see(w, "/upgrade")
}

// ticket is the question that a browser was asked, if any.
func (h *handler) ticket(r *http.Request) (roster.UpgradeTicket, bool) {
	id, secret, ok := strings.Cut(h.jar.read(r, upgradeName), ".")
	row, err := models.ParseGlobal(models.PrefixSsoUpgrade, id)
	return roster.UpgradeTicket{ID: row, Secret: secret}, ok && err == nil
}

const (
	elsewhereAsked = "This page belongs to the browser in which you signed in through your team's identity provider. Nothing was changed. Go back to that browser, or start again from your team's sign-in."
	answeredBefore = "This was answered already, took too long, or another sign-in took its place. Start again from your team's sign-in."
)

// upgrade shows the question. That changes nothing: mail scanners open links too.
func (h *handler) upgrade(w http.ResponseWriter, r *http.Request) {
	h.showUpgrade(w, r, http.StatusOK, upgradeForm{Token: r.URL.Query().Get("t")})
}

// showUpgrade reads the question again for every showing of it.
func (h *handler) showUpgrade(w http.ResponseWriter, r *http.Request, status int, f upgradeForm) {
	t, ok := h.ticket(r)
	if !ok {
		h.closedUpgrade(w, r, http.StatusBadRequest, elsewhereAsked)
		return
	}
	asked, err := h.Roster.Upgrade(r.Context(), t, f.Token)
	switch fault.CodeOf(err) {
	case fault.Missing, fault.LinkUsed, fault.LinkExpired:
		// The question stands; the link does not.
		f.Token, f.Notice, status = "", "This link does not work any more. Have another one sent, or prove in another way that the account is yours.", http.StatusBadRequest
		asked, err = h.Roster.Upgrade(r.Context(), t, "")
	}
	switch {
	case fault.Is(err, fault.RequestUnknown), fault.Is(err, fault.RequestExpired):
		h.closedUpgrade(w, r, http.StatusBadRequest, answeredBefore)
		return
	case err != nil:
		h.failUpgrade(w, r, err)
		return
	}
	f.UpgradeAsked, f.Offered = asked, true
	h.show(w, r, status, upgradePage, page{Team: asked.Team.Name, Person: asked.Email, Upgrade: &f})
}

func (h *handler) closedUpgrade(w http.ResponseWriter, r *http.Request, status int, sentence string) {
	h.show(w, r, status, upgradePage, page{Upgrade: &upgradeForm{Sentence: sentence}})
}

// failUpgrade is for what is about no sign-in: there is no attempt to look up.
func (h *handler) failUpgrade(w http.ResponseWriter, r *http.Request, err error) {
	n := noticeOf(err)
	if n.status == http.StatusInternalServerError {
		h.Log.ErrorContext(r.Context(), "an upgrade failed", "code", fault.CodeOf(err), "error", err)
	}
	h.show(w, r, n.status, failurePage, page{Sentence: n.sentence, At: h.now()})
}

// answerUpgrade takes yes, no, and the wish for a mail. The version in the form
// can be computed by nobody who has not the cookie, and names one question.
func (h *handler) answerUpgrade(w http.ResponseWriter, r *http.Request) {
	values, code := readValues(w, r)
	if code != "" {
		h.closedUpgrade(w, r, statusOf(code.Kind()), "This form could not be read.")
		return
	}
	t, ok := h.ticket(r)
	if !ok {
		h.closedUpgrade(w, r, http.StatusBadRequest, elsewhereAsked)
		return
	}
	f := upgradeForm{Token: values.Get("t")}
	switch values.Get("answer") {
	case "yes":
		team, back, err := h.Roster.AgreeToUpgrade(r.Context(), t, values.Get("v"), roster.UpgradeProof{
			Password: values.Get("password"), Code: strings.ReplaceAll(values.Get("code"), " ", ""), Token: f.Token,
		})
		if err != nil {
			h.refusedUpgrade(w, r, f, err)
			return
		}
		h.jar.set(w, upgradeName, "", -1, http.SameSiteLaxMode)
		h.see(w, initPath(team.Slug)+"?return_to="+url.QueryEscape(returnPath(back)))
	case "no":
		team, err := h.Roster.DeclineUpgrade(r.Context(), t, values.Get("v"))
		if err != nil {
			h.refusedUpgrade(w, r, f, err)
			return
		}
		h.jar.set(w, upgradeName, "", -1, http.SameSiteLaxMode)
		h.show(w, r, http.StatusOK, upgradePage, page{Team: team.Name, Upgrade: &upgradeForm{Declined: true}})
	case "mail":
		if err := h.Roster.MailUpgradeLink(r.Context(), t, values.Get("v")); err != nil {
			h.refusedUpgrade(w, r, f, err)
			return
		}
		h.see(w, "/upgrade")
	default:
		h.closedUpgrade(w, r, http.StatusBadRequest, "This form could not be read.")
	}
}

// refusedUpgrade shows the question once more, with what was wrong.
func (h *handler) refusedUpgrade(w http.ResponseWriter, r *http.Request, f upgradeForm, err error) {
	status := statusOf(fault.KindOf(err))
	switch fault.CodeOf(err) {
	case fault.RequestUnknown, fault.RequestExpired:
		h.closedUpgrade(w, r, http.StatusBadRequest, answeredBefore)
		return
	case fault.NotSignedIn:
		f.Error = "That did not prove that the account is yours. Check what you typed."
	case fault.SecondFactorRequired:
		f.CodeError = "This account has a second factor. Enter the code of your authenticator app as well."
	case fault.RateLimited:
		f.Notice = "That was tried too often, or a mail was sent a moment ago. Please wait a minute."
	case fault.Missing, fault.LinkUsed, fault.LinkExpired:
		f.Token, f.Notice = "", "This link does not work any more. Have another one sent, or prove in another way that the account is yours."
	case fault.BreakGlass:
		f.Notice = "You are the team's last admin who can sign in without the identity provider, so this account has to stay as it is."
	case fault.UserDeactivated, fault.UserRemoved, fault.JitDisabled, fault.DomainNotAllowed, fault.LoginAccountConflict, fault.SsoNotEnabled:
		n := noticeOf(err)
		h.closedUpgrade(w, r, n.status, n.sentence)
		return
	default:
		h.failUpgrade(w, r, err)
		return
	}
	h.showUpgrade(w, r, status, f)
}
