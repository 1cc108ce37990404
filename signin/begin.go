package signin

import "net/http"

// landing is a team's own address: the page to bookmark. The way on is a link
// and not a form, because browsers hold a form's every redirect against
// form-action, and this one leads to the identity provider.
func (h *handler) landing(w http.ResponseWriter, r *http.Request, slug string) {
	team, err := h.SSO.Landing(nobody(r), slug)
	if err != nil {
		h.fail(w, r, slug, "", err)
		return
	}
	h.show(w, r, http.StatusOK, teamPage, page{Team: team.Name, Slug: slug, Init: initPath(slug)})
}

// begin stores a request for this browser and sends it to the identity provider.
func (h *handler) begin(w http.ResponseWriter, r *http.Request, slug string) {
	flow, err := h.jar.flowOf(r)
	if err != nil {
		h.fail(w, r, slug, "", err)
		return
	}
	q := r.URL.Query()
	start, err := h.SSO.Begin(nobody(r), slug, flow.secret, returnPath(q.Get("return_to")), q.Get("login_hint"))
	if err != nil {
		h.fail(w, r, slug, "", err)
		return
	}
	h.jar.setFlow(w, flow)
	h.send(w, r, start.Onward, false)
}

// metadata is what an identity provider's admin feeds into it.
func (h *handler) metadata(w http.ResponseWriter, r *http.Request, slug string) {
	document, err := h.SSO.Metadata(nobody(r), slug)
	if err != nil {
		h.fail(w, r, slug, "", err)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "application/samlmetadata+xml")
	header.Set("Content-Disposition", `inline; filename="rollcall-`+slug+`.xml"`)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cache-Control", "no-cache")
	// Headers are out; who hangs up now is nobody's failure.
	_, _ = w.Write(document)
}

func initPath(slug string) string { return "/saml/" + slug + "/init" }
