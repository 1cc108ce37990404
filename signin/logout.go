package signin

import (
	"net/http"

	"rollcall/access"
	"rollcall/fault"
	"rollcall/models"
	"rollcall/sso"
)

// logout is the team's single logout service (SAML profiles, section 4.4): it
// takes requests of the identity provider and its answers to ours, in both
// bindings. A posted message comes from the identity provider's site, so the
// guard against cross-site posts lets it through; its own guard is the
// signature, which every message must have.
func (h *handler) logout(w http.ResponseWriter, r *http.Request, slug string) {
	var post *sso.LogoutPost
	switch r.Method {
	case http.MethodGet:
	case http.MethodPost:
		values, code := readValues(w, r)
		if code == "" && (len(values["SAMLRequest"]) > 1 || len(values["SAMLResponse"]) > 1 || len(values["RelayState"]) > 1) {
			code = fault.ResponseMalformed
		}
		if code != "" {
			attempt, err := h.SSO.RefuseLogout(nobody(r), slug, code)
			if err == nil {
				err = fault.New(code, "%s", code.Meaning())
			}
			h.failLogout(w, r, slug, attempt, err)
			return
		}
		post = &sso.LogoutPost{Request: values.Get("SAMLRequest"), Response: values.Get("SAMLResponse"), RelayState: values.Get("RelayState")}
	default:
		w.Header().Set("Allow", "GET, POST")
		h.show(w, r, http.StatusMethodNotAllowed, failurePage, page{Sentence: wrongMethod})
		return
	}
	out, attempt, err := h.SSO.Logout(nobody(r), slug, r.URL.RawQuery, post)
	if err != nil {
		h.failLogout(w, r, slug, attempt, err)
		return
	}
	h.forget(w, r, out.Ended)
	switch {
	case out.Answer != nil:
		h.send(w, r, *out.Answer, true)
	case out.Incomplete:
		h.show(w, r, http.StatusOK, signedOutPage, page{Sentence: "You are signed out here. Your identity provider could not end everything; close your browser to be sure."})
	default:
		h.show(w, r, http.StatusOK, signedOutPage, page{Sentence: "You are signed out here and at your identity provider."})
	}
}

// forget takes the cookie of a session that has ended away, when it came along.
func (h *handler) forget(w http.ResponseWriter, r *http.Request, ended []models.Session) {
	own := access.From(r.Context())
	for _, session := range ended {
		if own.Kind == access.Person && own.CredentialID == session.ID {
			h.jar.clear(w)
			return
		}
	}
}

// failLogout tells the same of every message that cannot be accepted.
func (h *handler) failLogout(w http.ResponseWriter, r *http.Request, slug string, attempt models.ID, err error) {
	n := noticeOf(err)
	if !n.unknown && n.status != http.StatusInternalServerError && n.status != http.StatusTooManyRequests {
		n = notice{sentence: "The sign-out message of your identity provider could not be accepted.", status: http.StatusBadRequest}
	}
	h.failAs(w, r, slug, attempt, err, n)
}

// signout ends the session, here and at once for every copy of its cookie. Then
// the browser goes to the identity provider to sign out there, if that takes
// part in single logout.
func (h *handler) signout(w http.ResponseWriter, r *http.Request) {
	who := access.From(r.Context())
	if who.Kind != access.Person {
		h.jar.clear(w)
		h.see(w, "/signin")
		return
	}
	session, err := h.Credentials.Session(r.Context(), who.CredentialID)
	if err == nil {
		err = h.Credentials.CloseSession(r.Context())
	}
	// A failure of ours leaves the cookie, so that the person can try again.
	if err != nil && fault.KindOf(err) != fault.Unauthenticated {
		h.fail(w, r, "", "", err)
		return
	}
	h.jar.clear(w)
	onward, err := h.SSO.BeginLogout(nobody(r), session)
	if err != nil {
		// The person is signed out here, which is what they asked for.
		h.Log.WarnContext(r.Context(), "the identity provider was not told of a sign-out", "error", err)
	}
	if err != nil || onward.Form == nil && onward.RedirectURL == "" {
		h.see(w, "/signin")
		return
	}
	h.send(w, r, onward, true)
}
