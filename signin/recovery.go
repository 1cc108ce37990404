package signin

import (
	"net/http"
	"strings"

	"rollcall/fault"
)

// recoveryForm is what the page for recovery codes shows. Of what was typed the
// team comes back, when it can be one.
type recoveryForm struct {
	Team    string
	Problem string
}

// recovery asks for one of the team's recovery codes.
func (h *handler) recovery(w http.ResponseWriter, r *http.Request) {
	f := recoveryForm{Team: typedTeam(r.URL.Query().Get("team"))}
	h.show(w, r, http.StatusOK, recoveryPage, page{Recovery: &f})
}

// typedTeam is a team's name as somebody typed it, "" for what cannot be one.
func typedTeam(name string) string {
	slug := strings.ToLower(strings.TrimSpace(name))
	if !slugForm.MatchString(slug) {
		return ""
	}
	return slug
}

// recoveryCode lets an admin in by one.
func (h *handler) recoveryCode(w http.ResponseWriter, r *http.Request) {
	values, code := readValues(w, r)
	if code != "" {
		h.show(w, r, http.StatusBadRequest, recoveryPage, page{Recovery: &recoveryForm{Problem: recoveryWrong}})
		return
	}
	f := recoveryForm{Team: typedTeam(values.Get("team"))}
	secret, err := h.SSO.Recover(nobody(r), values.Get("team"), values.Get("email"), values.Get("code"))
	switch fault.KindOf(err) {
	case fault.Unauthenticated:
		f.Problem = recoveryWrong
		h.show(w, r, http.StatusForbidden, recoveryPage, page{Recovery: &f})
		return
	case fault.Limited:
		f.Problem = "Too many attempts came from your address; please wait a minute."
		w.Header().Set("Retry-After", "60")
		h.show(w, r, http.StatusTooManyRequests, recoveryPage, page{Recovery: &f})
		return
	}
	if err != nil {
		h.broken(w, r, err)
		return
	}
	h.replace(w, r, secret)
	h.see(w, afterSignIn)
}

const recoveryWrong = "The team, the address or the code is not right. A code works once."
