package server

import (
	"net/http"
	"strings"

	"rollcall/audit"
	"rollcall/config"
	"rollcall/fault"
	"rollcall/graph"
	"rollcall/resolvers"
	"rollcall/scim"
	"rollcall/signin"
)

// door is a handler and the way in which its clients are told no.
type door struct {
	http.Handler
	refuse func(w http.ResponseWriter, r *http.Request, err error)
}

// Handler is the whole server: the doors, and the middleware in front of them.
func (r *Rooms) Handler() http.Handler {
	api := door{resolvers.Handler(&resolvers.Resolver{
		Roster: r.Roster, SSO: r.SSO, Credentials: r.Credentials, Account: r.Account, Domains: r.Domains, Invitations: r.Invitations, Audit: &audit.Reader{DB: r.DB}, Jobs: r.Jobs, Now: r.Now, Log: r.Log,
		Version: config.Version(), Database: string(r.DB.Dialect()), RateLimit: r.Config.RateLimit, Stopping: r.Stopping,
		News: r.DB.Follow, Trusted: r.Trusted,
	}), graph.Refuse}
	wire := scim.Options{Roster: r.Roster, Credentials: r.Credentials, BaseURL: r.Config.BaseURL, Log: r.Log, Now: r.Now, Calls: r.Calls, Cursors: r.Cursors}
	provisioning := door{scim.NewHandler(wire), wire.Refuse}
	pages := signin.Options{SSO: r.SSO, Roster: r.Roster, Credentials: r.Credentials, Account: r.Account, Invitations: r.Invitations, BaseURL: r.Config.BaseURL, Log: r.Log}
	people := door{signin.NewHandler(pages), pages.Refuse}

	limit := newLimits(r.Config.RateLimit, r.Now)
	mux := http.NewServeMux()
	for pattern, h := range map[string]http.Handler{
		"/graphql":            r.chain(api, limit.perAddress(apiRate), r.sameSite(), whole, r.authenticate()),
		"/":                   r.chain(people, limit.perAddress(peopleRate), limit.perTeam(teamRate, toldRate, pages.Busy), r.sameSite(), whole, r.authenticate()),
		"GET /schema.graphql": graph.PublishedHandler(),
		"GET /healthz":        http.HandlerFunc(r.healthy),
		"GET /readyz":         http.HandlerFunc(r.ready),
	} {
		mux.Handle(pattern, h)
	}
	if r.Explorer {
		mux.Handle("GET /graphiql/", explore())
	}
	if r.Config.MetricsAddr == "" {
		numbers := door{r.guardedMetrics(), func(w http.ResponseWriter, _ *http.Request, _ error) {
			plain(w, http.StatusTooManyRequests, "too many requests\n")
		}}
		mux.Handle("GET /metrics", r.chain(numbers, limit.perAddress(apiRate)))
	}
	// Provisioning does not pass the mux: an admin who pastes a base URL with a
	// slash at its end makes a client ask for /v2//Users, and the mux would answer
	// a redirect that no provisioning client follows.
	scimDoor := r.chain(provisioning, limit.perToken(scimRate, guessRate), whole)
	return r.describe(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if strings.HasPrefix(req.URL.Path, "/scim/") {
			scimDoor.ServeHTTP(w, req)
			return
		}
		mux.ServeHTTP(w, req)
	}))
}

// step is one piece of middleware. It calls next or has the door refuse.
type step func(d door, next http.Handler) http.Handler

// chain puts steps in front of a door, the first one outermost, and what
// catches panics in front of all of them.
func (r *Rooms) chain(d door, steps ...step) http.Handler {
	h := d.Handler
	for i := len(steps) - 1; i >= 0; i-- {
		h = steps[i](d, h)
	}
	return r.recoverPanics(d, h)
}

// tooMany is what a client that asks too often is told.
func tooMany() error { return fault.New(fault.RateLimited, "Too many requests; please wait.") }
