package housetest

import (
	"context"

	"rollcall/access"
	"rollcall/models"
)

// The credentials behind the contexts of this file. They are the same in every
// run, so that the audit events of two runs can be compared.
const (
	OperatorKeyID models.ID = "01900000-0000-7000-8000-000000000001"
	SessionID     models.ID = "01900000-0000-7000-8000-000000000002"
	MemberKeyID   models.ID = "01900000-0000-7000-8000-000000000003"
	ScimTokenID   models.ID = "01900000-0000-7000-8000-000000000004"
)

// AsSystem is a context in which the server itself acts.
func AsSystem(ctx context.Context) context.Context {
	return access.With(ctx, access.Actor{Kind: access.System, Label: "system"})
}

// AsOperator is a context with an operator's API key.
func AsOperator(ctx context.Context) context.Context {
	return access.With(ctx, access.Actor{Kind: access.Operator, CredentialID: OperatorKeyID, Label: "operator key"})
}

// AsMember is a context with the browser session of a member.
func AsMember(ctx context.Context, m models.Membership, u models.User) context.Context {
	return access.With(ctx, member(access.Person, SessionID, m, u))
}

// AsKey is a context with a member's API key of the given scopes.
func AsKey(ctx context.Context, m models.Membership, u models.User, scopes ...models.Scope) context.Context {
	a := member(access.Key, MemberKeyID, m, u)
	a.Scopes = scopes
	return access.With(ctx, a)
}

// AsScim is a context with a SCIM token of the team.
func AsScim(ctx context.Context, team models.ID) context.Context {
	return access.With(ctx, access.Actor{Kind: access.Scim, TeamID: team, CredentialID: ScimTokenID, Label: "SCIM token"})
}

func member(kind access.Kind, credential models.ID, m models.Membership, u models.User) access.Actor {
	return access.Actor{
		Kind: kind, TeamID: m.TeamID, UserID: u.ID, MembershipID: m.ID, Role: m.Role,
		CredentialID: credential, Label: u.Email,
	}
}
