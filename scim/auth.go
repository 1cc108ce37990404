package scim

import (
	"context"
	"net/http"
	"strings"

	"rollcall/access"
	"rollcall/fault"
	"rollcall/models"
)

// Credentials is what the door asks of the room of credentials.
type Credentials interface {
	AuthenticateScim(ctx context.Context, token string) (access.Actor, error)
}

// unauthorized is the one answer to every credential that does not open the
// team of the path, whatever the reason: no token, an unknown one, an API key,
// another team's, a team that does not exist.
func unauthorized() *problem {
	return &problem{status: http.StatusUnauthorized, detail: "Send a live SCIM token of this team as a bearer token."}
}

// authenticate turns the bearer token (RFC 6750 section 2.1) into an Actor.
// The path's slug is compared with the slug of the token's own team and is
// never looked up, so that not even the time it takes tells whether another
// team exists.
func (h *handler) authenticate(r *http.Request, slug string) (access.Actor, models.Team, error) {
	token, ok := bearer(r.Header.Values("Authorization"))
	if !ok {
		return access.Actor{}, models.Team{}, unauthorized()
	}
	actor, err := h.credentials.AuthenticateScim(r.Context(), token)
	if err != nil {
		return actor, models.Team{}, err
	}
	if actor.Kind != access.Scim {
		return actor, models.Team{}, unauthorized()
	}
	team, err := h.roster.Team(access.With(r.Context(), actor), actor.TeamID)
	switch {
	case fault.KindOf(err) == fault.NotFound:
		return actor, team, unauthorized() // removed a moment ago
	case err != nil:
		return actor, team, err
	case team.ID != actor.TeamID || team.Slug != slug:
		return actor, team, unauthorized()
	case !team.SsoAllowed():
		return actor, team, fault.New(fault.PlanRequired, "Provisioning needs the plan TEAM or ENTERPRISE; the team's is %s.", team.Plan)
	}
	return actor, team, nil
}

// bearer reads the one Authorization header; two of them are no credential.
func bearer(values []string) (token string, ok bool) {
	if len(values) != 1 {
		return "", false
	}
	scheme, token, ok := strings.Cut(values[0], " ")
	token = strings.TrimSpace(token)
	return token, ok && strings.EqualFold(scheme, "Bearer") && token != ""
}
