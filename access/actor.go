// Package access answers two questions for every room: who is asking, and may
// they. The Actor and the facts about the request travel in the context; the
// rules stand in one table, policy.go, that all doors share.
package access

import (
	"context"

	"rollcall/models"
)

// Kind says what sort of caller an Actor is. The names appear in audit events.
type Kind string

// The kinds of caller. The zero Actor is anonymous.
const (
	Anonymous Kind = ""
	System    Kind = "SYSTEM"     // the server itself or somebody at its command line
	Operator  Kind = "OPERATOR"   // an operator API key: every team
	Person    Kind = "PERSON"     // a browser session of a member
	Key       Kind = "API_KEY"    // a member's API key
	Scim      Kind = "SCIM_TOKEN" // a provisioning client of one team
)

// Actor is who is behind a request. Everything but Kind is empty for anonymous
// callers; TeamID is empty for callers that belong to no team.
type Actor struct {
	Kind         Kind
	TeamID       models.ID // the one team that the credential opens
	UserID       models.ID
	MembershipID models.ID
	Role         models.Role    // of the membership, as it is now
	CredentialID models.ID      // the session, API key or SCIM token
	Scopes       []models.Scope // of an API key; sessions have none and need none
	Label        string         // for audit events: an e-mail address, a key's name
	// Unverified is for the session of somebody who has not confirmed their e-mail
	// address and whose team wants that first: it opens nothing.
	Unverified bool
}

// Known reports whether the caller proved who they are.
func (a Actor) Known() bool { return a.Kind != Anonymous }

// Request is what rooms may know about the request they serve.
type Request struct {
	ID        string // also in the answer's X-Request-Id and in the log
	IP        string // of the client, behind trusted proxies
	UserAgent string
}

type (
	actorKey   struct{}
	requestKey struct{}
)

// With returns a context that acts for a.
func With(ctx context.Context, a Actor) context.Context { return context.WithValue(ctx, actorKey{}, a) }

// From returns the context's Actor, anonymous when there is none.
func From(ctx context.Context) Actor {
	a, _ := ctx.Value(actorKey{}).(Actor)
	return a
}

// WithRequest returns a context that carries r.
func WithRequest(ctx context.Context, r Request) context.Context {
	return context.WithValue(ctx, requestKey{}, r)
}

// RequestFrom returns the context's Request, empty outside of one.
func RequestFrom(ctx context.Context) Request {
	r, _ := ctx.Value(requestKey{}).(Request)
	return r
}
