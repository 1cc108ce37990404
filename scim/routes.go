package scim

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"

	"rollcall/access"
	"rollcall/models"
)

// Options are what the door needs.
type Options struct {
	Roster      Roster
	Credentials Credentials
	BaseURL     string // of the installation, for absolute locations
	Log         *slog.Logger
}

type handler struct {
	roster      Roster
	credentials Credentials
	base        string
	log         *slog.Logger
}

// NewHandler makes the door; it is mounted at /scim/ and reads the whole path.
func NewHandler(o Options) http.Handler { return o.handler() }

// Refuse answers a request that middleware in front of the door turns away, as
// the door itself would. A Retry-After that is set already stays.
func (o Options) Refuse(w http.ResponseWriter, r *http.Request, err error) {
	o.handler().refuse(w, r, err)
}

func (o Options) handler() *handler {
	return &handler{roster: o.Roster, credentials: o.Credentials, base: strings.TrimRight(o.BaseURL, "/"), log: o.Log}
}

// call is one authenticated request.
type call struct {
	w    http.ResponseWriter
	r    *http.Request
	team models.Team
	id   string // the last segment of paths that end in one
	base string // of the team's door: {BaseURL}/scim/{team}/v2
}

// reply is what a verb answers. A nil body goes with 204.
type reply struct {
	status   int
	location string
	body     any
}

type verb func(*handler, call) (reply, error)

// endpoints is everything that the door answers. A path ending in "/" takes an id.
var endpoints = map[string]map[string]verb{
	"Users": {
		http.MethodGet:  (*handler).listUsers,
		http.MethodPost: (*handler).createUser,
	},
	"Users/": {
		http.MethodGet:    (*handler).getUser,
		http.MethodPut:    (*handler).replaceUser,
		http.MethodPatch:  (*handler).patchUser,
		http.MethodDelete: (*handler).deleteUser,
	},
	// Groups are not kept, and none is what the list holds: clients that probe
	// it while an admin sets them up (Okta, Entra) take an error for a broken
	// server. Nothing else pretends: ResourceTypes has no Group and POST is 405.
	"Groups":                {http.MethodGet: (*handler).listGroups},
	"ServiceProviderConfig": {http.MethodGet: (*handler).getConfig},
	"ResourceTypes":         {http.MethodGet: (*handler).listResourceTypes},
	"ResourceTypes/":        {http.MethodGet: (*handler).getResourceType},
	"Schemas":               {http.MethodGet: (*handler).listSchemas},
	"Schemas/":              {http.MethodGet: (*handler).getSchema},
}

// unsupported are endpoints of RFC 7644 sections 3.4.3, 3.7 and 3.11 that are
// optional; 501 is the status that the RFC gives for them.
var unsupported = map[string]bool{
	"Me": true, "Bulk": true, ".search": true, "Users/.search": true, "Groups/.search": true,
}

// methods is the order of the Allow header.
var methods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

// ServeHTTP answers everything under /scim/.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	slug, rest, ok := split(r.URL.Path)
	if !ok {
		h.refuse(w, r, notFound())
		return
	}
	actor, team, err := h.authenticate(r, slug)
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	r = r.WithContext(access.With(r.Context(), actor))
	run, id, err := route(r.Method, rest)
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	answer, err := run(h, call{w: w, r: r, team: team, id: id, base: h.base + "/scim/" + team.Slug + "/v2"})
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	h.write(w, r, answer)
}

// split takes /scim/{team}/v2/{rest...} apart. Empty segments are passed over:
// base URLs are pasted with and without a slash at the end.
func split(path string) (slug string, rest []string, ok bool) {
	var parts []string
	for _, p := range strings.Split(path, "/") {
		if p != "" {
			parts = append(parts, p)
		}
	}
	if len(parts) < 3 || parts[0] != "scim" || parts[2] != "v2" {
		return "", nil, false
	}
	return parts[1], parts[3:], true
}

// route finds the verb for a method and the path behind the team's door.
func route(method string, rest []string) (verb, string, error) {
	if unsupported[strings.Join(rest, "/")] {
		return nil, "", &problem{status: http.StatusNotImplemented, detail: "This server does not offer the endpoint."}
	}
	var key, id string
	switch len(rest) {
	case 1:
		key = rest[0]
	case 2:
		key, id = rest[0]+"/", rest[1]
	}
	byMethod, ok := endpoints[key]
	if !ok {
		return nil, "", notFound()
	}
	asked := method
	if asked == http.MethodHead {
		asked = http.MethodGet
	}
	if run, ok := byMethod[asked]; ok {
		return run, id, nil
	}
	var allow []string
	for _, m := range methods {
		if byMethod[m] != nil || m == http.MethodHead && byMethod[http.MethodGet] != nil {
			allow = append(allow, m)
		}
	}
	return nil, "", methodNotAllowed("The endpoint does not take this method.", allow)
}

// write sends an answer in the type that the client asked for.
func (h *handler) write(w http.ResponseWriter, r *http.Request, a reply) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	if a.location != "" {
		header.Set("Location", a.location)
	}
	if a.body == nil {
		w.WriteHeader(a.status)
		return
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(a.body); err != nil {
		h.log.ErrorContext(r.Context(), "SCIM answer cannot be written", "error", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	header.Set("Content-Type", answerType(r.Header.Values("Accept"))+"; charset=utf-8")
	w.WriteHeader(a.status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(text.Bytes()) // a client that is gone needs no answer
	}
}
