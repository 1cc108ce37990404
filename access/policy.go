package access

import (
	"context"
	"slices"

	"rollcall/fault"
	"rollcall/models"
)

// Permission is one thing that can be done with a team or the installation.
type Permission string

// Permissions. Those of the installation are for operators only and are asked
// with an empty team.
const (
	TeamsCreate Permission = "teams.create"
	TeamsRead   Permission = "teams.read" // all teams
	SsoSkipTest Permission = "sso.skip_test"
	TeamRead    Permission = "team.read"
	// TeamWrite is to change the team's name; its plan is for operators.
	TeamWrite   Permission = "team.write"
	MembersRead Permission = "members.read"
	// MembersWrite is to change the role or status of members or remove them.
	MembersWrite Permission = "members.write"
	// MembersProvision is to create members and to bring removed ones back.
	MembersProvision Permission = "members.provision"
	// MembersInvite is to invite people and to see who is invited.
	MembersInvite Permission = "members.invite"
	SsoRead       Permission = "sso.read"
	SsoWrite      Permission = "sso.write"
	// KeysOwn is to have API keys of one's own, KeysWrite to deal with everybody's.
	KeysOwn   Permission = "keys.own"
	KeysWrite Permission = "keys.write"
	TokensRW  Permission = "tokens.write"
	AuditRead Permission = "audit.read"
)

// rule says who has a permission besides operators and the system, which have
// all of them.
type rule struct {
	roles []models.Role // of a member of the team
	scope models.Scope  // that a member's API key needs besides the role
	scim  bool          // whether the team's provisioning clients have it
}

var everyone = []models.Role{models.RoleAdmin, models.RoleMember, models.RoleViewer}

// policy is the whole of the rules; what is not in it is denied.
var policy = map[Permission]rule{
	TeamRead:         {roles: everyone, scope: models.ScopeTeamRead, scim: true},
	TeamWrite:        {roles: admins, scope: models.ScopeTeamWrite},
	MembersRead:      {roles: everyone, scope: models.ScopeMembershipRead, scim: true},
	MembersWrite:     {roles: admins, scope: models.ScopeMembershipWrite, scim: true},
	MembersProvision: {roles: nil, scim: true},
	MembersInvite:    {roles: admins, scope: models.ScopeMembershipWrite},
	SsoRead:          {roles: admins, scope: models.ScopeSsoRead},
	SsoWrite:         {roles: admins, scope: models.ScopeSsoWrite},
	KeysOwn:          {roles: everyone, scope: models.ScopeKeyWrite},
	KeysWrite:        {roles: admins, scope: models.ScopeKeyWrite},
	TokensRW:         {roles: admins, scope: models.ScopeSsoWrite},
	AuditRead:        {roles: admins, scope: models.ScopeAuditRead},
}

var admins = []models.Role{models.RoleAdmin}

// includes says which scopes bring another one along.
var includes = map[models.Scope]models.Scope{
	models.ScopeTeamRead:       models.ScopeTeamWrite,
	models.ScopeMembershipRead: models.ScopeMembershipWrite,
	models.ScopeSsoRead:        models.ScopeSsoWrite,
}

// Can reports whether the actor has the permission on the team. It is false
// for every team but the actor's own, whatever the permission.
func (a Actor) Can(p Permission, team models.ID) bool {
	switch a.Kind {
	case System, Operator:
		return true
	case Person, Key, Scim:
	default:
		return false
	}
	r, ok := policy[p]
	if !ok || team == "" || a.TeamID != team || a.Unverified {
		return false
	}
	switch a.Kind {
	case Scim:
		return r.scim
	case Key:
		return slices.Contains(r.roles, a.Role) && a.HasScope(r.scope)
	default:
		return slices.Contains(r.roles, a.Role)
	}
}

// HasScope reports whether a member's API key may be used for s. Every other
// caller is not limited by scopes.
func (a Actor) HasScope(s models.Scope) bool {
	if a.Kind != Key {
		return true
	}
	return slices.Contains(a.Scopes, s) || includes[s] != "" && slices.Contains(a.Scopes, includes[s])
}

// Require returns a fault unless the context's actor has the permission on the
// team: UNAUTHENTICATED for anonymous callers, NOT_FOUND when the team is not
// theirs to know of, EMAIL_UNVERIFIED when they have to confirm their address
// before anything else, FORBIDDEN otherwise.
func Require(ctx context.Context, p Permission, team models.ID) error {
	a := From(ctx)
	switch {
	case a.Can(p, team):
		return nil
	case !a.Known():
		return fault.New(fault.NotSignedIn, "Sign in or send an API key.")
	case team != "" && a.TeamID != team:
		return fault.New(fault.Missing, "There is no such object.")
	case a.Unverified && team != "":
		return Unconfirmed()
	case a.Kind == Key && policy[p].scope != "" && !a.HasScope(policy[p].scope):
		return fault.New(fault.Forbidden, "The API key needs the scope %s.", policy[p].scope)
	default:
		return fault.New(fault.Forbidden, "You may not do this on the team.")
	}
}

// Unconfirmed is the fault for somebody who has to confirm their e-mail address
// before anything else.
func Unconfirmed() *fault.Error {
	return fault.New(fault.EmailUnverified, "Confirm your e-mail address first: follow the link in the mail, or have it sent once more on the sign-in page.")
}
