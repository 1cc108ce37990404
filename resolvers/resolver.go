// Package resolvers answers the GraphQL contract of schema/. Each
// *.resolvers.go file belongs to the SDL file of its name; gqlgen writes the
// signatures and keeps the bodies. A resolver translates the input, calls one
// verb of a domain room and wraps what it answers; rules and rows are the
// room's. Helpers live in the other files, because gqlgen throws out whatever
// else it finds in a *.resolvers.go.
//
//	errors.go     a fault into a user error or a top-level error
//	arguments.go  ids and optional values
//	options.go    the finer points of an identity provider
//	presets.go    what is known about products
//	values.go     values of rows into those of the contract
//	batch.go      look-ups of one page in one statement
//	expected.go   what a page announces to the batches
//	related.go    what hangs on an object
//	lists.go      connections with their filters and orders; provisioning_lists.go, invitations.go
//	pages.go      a window of rows into a page
//	events.go     who did what to whom
//	follow.go     the history as it happens
//	nodes.go      any object by its id
package resolvers

import (
	"log/slog"
	"net/http"
	"time"

	"rollcall/account"
	"rollcall/audit"
	"rollcall/credential"
	"rollcall/domain"
	"rollcall/graph"
	"rollcall/invite"
	"rollcall/jobs"
	"rollcall/roster"
	"rollcall/sso"
)

//go:generate go tool gqlgen generate

// Resolver is the root of all resolvers.
type Resolver struct {
	Roster      *roster.Service
	SSO         *sso.Service
	Credentials *credential.Store
	Account     *account.Service
	Domains     *domain.Service
	Invitations *invite.Service
	Audit       *audit.Reader
	Jobs        *jobs.Service // nil shows operators nothing of the work
	Now         func() time.Time
	Log         *slog.Logger
	Version     string // of the server
	Database    string // its kind
	RateLimit   bool   // whether callers have a budget
	// Stopping ends streams when it is closed. Nil never is.
	Stopping <-chan struct{}
	// Tick says when streams look for news; nil is every second.
	Tick func() (<-chan time.Time, func())
	// News gives streams a channel that wakes them, and lets go of it. Nil wakes
	// none of them; they look every second.
	News func() (woken <-chan struct{}, letGo func())
	// Trusted are the documents that people's sessions may send; nil is any.
	Trusted *graph.Trusted
}

// Handler is the GraphQL endpoint with everything that belongs to it.
func Handler(r *Resolver) http.Handler {
	return graph.NewHandler(graph.Options{Resolvers: r, Log: r.Log, Now: r.Now, Batches: r.withBatches, RateLimit: r.RateLimit, Trusted: r.Trusted})
}
