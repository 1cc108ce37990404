package graph

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"rollcall/fault"
)

// What the server turns away is answered in the form of this wire, with the
// status of its kind for clients of both media types.
func TestRefuse(t *testing.T) {
	for _, c := range []struct {
		err    error
		status int
		code   Code
	}{
		{fault.New(fault.NotSignedIn, "The credential is not valid."), http.StatusUnauthorized, CodeUnauthenticated},
		{fault.New(fault.Forbidden, "The request comes from a page of another site."), http.StatusForbidden, CodeForbidden},
		{fault.New(fault.RateLimited, "Too many."), http.StatusTooManyRequests, CodeRateLimited},
		{fault.New(fault.InvalidValue, "What?"), http.StatusBadRequest, CodeBadUserInput},
		{fault.New(fault.InternalError, "Something failed on our side."), http.StatusInternalServerError, CodeInternal},
		{errors.New("rck_swordfish"), http.StatusInternalServerError, CodeInternal},
	} {
		for _, accept := range []string{modern, old, "Accept: text/html"} {
			w := httptest.NewRecorder()
			Refuse(w, request(http.MethodPost, "/graphql", typical, asJSON, accept).WithContext(nobody(t.Context())), c.err)
			text := w.Body.String()
			if w.Code != c.status || !strings.Contains(text, `"code":"`+string(c.code)+`"`) || !strings.Contains(text, `"requestId":"req-1"`) {
				t.Errorf("%v, %s: %d %s", c.err, accept, w.Code, text)
			}
			if strings.Contains(text, "swordfish") || strings.Contains(text, `"data"`) || w.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("%v, %s: %s %v", c.err, accept, text, w.Header())
			}
			if challenge := w.Header().Get("WWW-Authenticate"); (c.status == http.StatusUnauthorized) != (challenge != "") {
				t.Errorf("%v: WWW-Authenticate is %q", c.err, challenge)
			}
		}
	}
}
