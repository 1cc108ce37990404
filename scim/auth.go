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
// team exists. Settings that have no id belong to nobody who proved anything.
func (h *handler) authenticate(r *http.Request, slug string) (actor access.Actor, team models.Team, settings models.ProvisioningSettings, err error) {
	none := models.ProvisioningSettings{}
	token, ok := bearer(r.Header.Values("Authorization"))
	if !ok {
		return actor, team, none, unauthorized()
	}
	if actor, err = h.credentials.AuthenticateScim(r.Context(), token); err != nil {
		return actor, team, none, err
	}
	if actor.Kind != access.Scim {
		return actor, team, none, unauthorized()
	}
	team, settings, err = h.roster.Provisioning(access.With(r.Context(), actor), actor.TeamID)
	switch {
	case fault.KindOf(err) == fault.NotFound && err != nil:
		return actor, team, none, unauthorized() // removed a moment ago
	case err != nil:
		return actor, team, none, err
	case team.ID != actor.TeamID || team.Slug != slug:
		return actor, team, none, unauthorized()
	case !team.SsoAllowed():
		err = fault.New(fault.PlanRequired, "Provisioning needs the plan TEAM or ENTERPRISE; the team's is %s.", team.Plan)
	case !settings.ScimEnabled:
		err = fault.New(fault.Forbidden, "Provisioning is switched off for this team.")
	}
	return actor, team, settings, err
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
