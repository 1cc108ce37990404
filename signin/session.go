package signin

import (
	"net/http"

	"rollcall/access"
	"rollcall/credential"
	"rollcall/models"
)

// replace gives the browser the session of a new sign-in and ends the one that it
// had, which is worth nothing from now on, whoever put it there. The session's
// own cookie does not come along on a post of the identity provider's site,
// because it is Lax; the right to end it does.
func (h *handler) replace(w http.ResponseWriter, r *http.Request, secret string) {
	ending := h.jar.read(r, endingName)
	if before := h.jar.read(r, sessionName); before != "" {
		ending = credential.EndingOf(before)
	}
	if err := h.Credentials.CloseReplaced(nobody(r), ending); err != nil {
		h.Log.WarnContext(r.Context(), "the session that a sign-in replaced stays open", "error", err)
	}
	h.jar.setSession(w, secret)
}

// signin says who is signed in, or asks who wants to. With a team in the query
// it is a form's target and sends the browser on to that team's sign-in.
func (h *handler) signin(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Has("team") {
		h.toTeam(w, r, r.URL.Query().Get("team"))
		return
	}
	who := access.From(r.Context())
	if who.Kind != access.Person {
		h.ask(w, r, http.StatusOK, page{})
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
	mine, err := h.Account.Overview(r.Context())
	if err != nil {
		h.problem(w, r, err)
		return
	}
	p := page{Person: who.Label, Team: team.Name, Own: &ownPage{Email: who.Label}, Role: roleNames[who.Role]}
	for _, way := range teamWays(mine.Ways, who.Label, "") {
		if way.Slug != team.Slug {
			p.Own.Teams = append(p.Own.Teams, way)
		}
	}
	h.show(w, r, http.StatusOK, signedInPage, p)
}

// roleNames are the roles as people read them.
var roleNames = map[models.Role]string{models.RoleAdmin: "admin", models.RoleMember: "member", models.RoleViewer: "viewer"}

// toTeam takes the name as people write it. Whether there is such a team is
// said by its own address, and by nothing before.
func (h *handler) toTeam(w http.ResponseWriter, r *http.Request, name string) {
	slug := typedTeam(name)
	if slug == "" {
		h.ask(w, r, http.StatusBadRequest, page{Wrong: true})
		return
	}
	h.see(w, initPath(slug))
}
