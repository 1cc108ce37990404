package signin

import (
	"net/http"

	"rollcall/access"
	"rollcall/fault"
)

// recoveryForm is what the page for recovery codes shows. Of what was typed the
// team comes back, when it can be one.
type recoveryForm struct {
	Team    string
	Problem string
}

// recovery lets an admin in by one of the team's recovery codes.
func (h *handler) recovery(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		f := recoveryForm{Team: r.URL.Query().Get("team")}
		if !slugForm.MatchString(f.Team) {
			f.Team = ""
		}
		h.show(w, r, http.StatusOK, recoveryPage, page{Recovery: &f})
		return
	}
	values, code := readValues(w, r)
	if code != "" {
		h.show(w, r, http.StatusBadRequest, recoveryPage, page{Recovery: &recoveryForm{Problem: recoveryWrong}})
		return
	}
	f := recoveryForm{Team: values.Get("team")}
	if !slugForm.MatchString(f.Team) {
		f.Team = ""
	}
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
	if access.From(r.Context()).Kind == access.Person {
		if err := h.Credentials.CloseSession(r.Context()); err != nil {
			h.Log.WarnContext(r.Context(), "the session that a recovery code replaced stays open", "error", err)
		}
	}
	h.jar.setSession(w, secret)
	h.see(w, afterSignIn)
}

const recoveryWrong = "The team, the address or the code is not right. A code works once."
