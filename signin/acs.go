package signin

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"rollcall/fault"
)

// maxForm is the longest form that is read, in bytes: the largest document that
// package saml takes, as base64 with line ends, with its + and / escaped.
const maxForm = 1200 << 10

// acs is the team's assertion consumer service: it takes the form that the
// identity provider had the browser post (SAML bindings, section 3.5).
func (h *handler) acs(w http.ResponseWriter, r *http.Request, slug string) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		h.turnDown(w, r, slug, fault.ResponseWrongBinding)
		return
	}
	form, code := readForm(w, r)
	if code != "" {
		h.turnDown(w, r, slug, code)
		return
	}
	// 1. Is it genuine, and an answer to this browser's question?
	login, attempt, err := h.SSO.Judge(nobody(r), slug, form.response, form.back, h.jar.read(r, flowName))
	if login.Test() != "" {
		h.tested(w, r, login, attempt, err)
		return
	}
	if err != nil {
		h.fail(w, r, slug, attempt, err)
		return
	}
	// 2. Who is that on the team, and may they come in?
	in, err := h.Roster.SignIn(nobody(r), login)
	if in.Upgrade != nil {
		h.askOwner(w, *in.Upgrade)
		return
	}
	if err != nil {
		h.fail(w, r, slug, in.AttemptID, err)
		return
	}
	// 3. A new secret for every sign-in.
	h.replace(w, r, in.SessionSecret)
	h.see(w, returnPath(in.ReturnTo))
}

// turnDown refuses what never became a message, and records that.
func (h *handler) turnDown(w http.ResponseWriter, r *http.Request, slug string, code fault.Code) {
	attempt, err := h.SSO.Refuse(nobody(r), slug, code)
	if err == nil {
		// A team that nobody can sign in to looks like none.
		_, err = h.SSO.Landing(nobody(r), slug)
	}
	if err == nil {
		err = fault.New(code, "%s", code.Meaning())
	}
	h.fail(w, r, slug, attempt, err)
}

// posted is the part of the form that counts.
type posted struct{ response, back string }

// readForm reads the one SAMLResponse and the RelayState, if there is one. The
// code says why it did not.
func readForm(w http.ResponseWriter, r *http.Request) (posted, fault.Code) {
	values, code := readValues(w, r)
	if code == "" && (len(values["SAMLResponse"]) != 1 || len(values["RelayState"]) > 1) {
		code = fault.ResponseMalformed
	}
	if code != "" {
		return posted{}, code
	}
	return posted{values.Get("SAMLResponse"), returnPath(values.Get("RelayState"))}, ""
}

// readValues reads a posted form within its bounds.
func readValues(w http.ResponseWriter, r *http.Request) (url.Values, fault.Code) {
	if r.ContentLength > maxForm {
		return nil, fault.ResponseTooLarge
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, fault.ResponseMalformed
	}
	var body strings.Builder
	body.Grow(int(max(r.ContentLength, 0)))
	_, err = io.Copy(&body, http.MaxBytesReader(w, r.Body, maxForm))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, fault.ResponseTooLarge
	case err != nil:
		return nil, fault.ResponseMalformed
	}
	values, err := url.ParseQuery(body.String())
	if err != nil {
		return nil, fault.ResponseMalformed
	}
	return values, ""
}
