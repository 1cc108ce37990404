package credential

import "rollcall/models"

// ways are the columns of live that decide which credentials may be used while
// single sign-on is on, of a membership m, their user u and their team's settings c.
const ways = `m.source, m.scim_managed, m.sso_linked_at, m.sso_bypass, u.kind AS user_kind, u.managed_by_team_id AS managed_by, c.state`

// whose are the rows that models.Membership.OwnLogin is asked with.
func (r live) whose() (models.Membership, models.User) {
	m := models.Membership{Source: r.Source, ScimManaged: r.ScimManaged, SsoLinkedAt: r.SsoLinkedAt, SsoBypass: r.SsoBypass}
	if r.TeamID != nil {
		m.TeamID = *r.TeamID
	}
	if r.Role != nil {
		m.Role = *r.Role
	}
	return m, models.User{Kind: r.UserKind, ManagedByTeamID: r.ManagedBy}
}

// sessionStands reports whether a session may be used in the present state of
// single sign-on: one that the identity provider vouched for always, one that a
// recovery code opened for as long as its member is an admin, and any other one
// of members who may come in without the identity provider.
func (r live) sessionStands() bool {
	m, u := r.whose()
	switch r.Method {
	case models.SessionSaml:
		return true
	case models.SessionRecoveryCode:
		return m.Role == models.RoleAdmin
	default:
		return m.OwnLogin(u, r.State)
	}
}

// keyStands reports whether an API key may be used in the present state. Keys of
// members with an account of their own rest while single sign-on is enforced for
// them, and work again afterwards. Those of people under single sign-on have a
// sign-in behind them and a short life for that.
func (r live) keyStands() bool {
	m, u := r.whose()
	return !m.Direct(u) || m.OwnLogin(u, r.State)
}
