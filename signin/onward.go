package signin

import (
	"crypto/rand"
	"net/http"

	"rollcall/sso"
)

// send gives the browser a message of ours to carry to the identity provider:
// by a redirect or, when that takes posts only, by a page with a form. The form
// posts itself by the one script that the page's policy names; without script
// the person presses its button.
func (h *handler) send(w http.ResponseWriter, r *http.Request, to sso.Onward, leaving bool) {
	if to.Form == nil {
		redirect(w, to.RedirectURL)
		return
	}
	h.show(w, r, http.StatusOK, onwardPage, page{Form: to.Form, Leaving: leaving, Nonce: rand.Text()})
}
