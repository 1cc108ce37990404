package signin

import (
	"net/http"
	"strings"

	"rollcall/access"
)

// signin says who is signed in, or asks for the team. With a team in the query
// it is the form's target and sends the browser on to that team's sign-in.
func (h *handler) signin(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Has("team") {
		h.toTeam(w, r, r.URL.Query().Get("team"))
		return
	}
	who := access.From(r.Context())
	if who.Kind != access.Person {
		h.show(w, r, http.StatusOK, askPage, page{})
		return
	}
	if who.Unverified {
		h.awaiting(w, r)
		return
	}
	team, err := h.Roster.Team(r.Context(), who.TeamID)
	if err != nil {
		h.fail(w, r, "", "", err)
		return
	}
	h.show(w, r, http.StatusOK, signedInPage, page{Person: who.Label, Team: team.Name})
}

// toTeam takes the name as people write it. Whether there is such a team is
// said by its own address, and by nothing before.
func (h *handler) toTeam(w http.ResponseWriter, r *http.Request, name string) {
	slug := strings.ToLower(strings.TrimSpace(name))
	if !slugForm.MatchString(slug) {
		h.show(w, r, http.StatusBadRequest, askPage, page{Wrong: true})
		return
	}
	h.see(w, initPath(slug))
}
