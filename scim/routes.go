package scim

import (
	"bytes"
	"crypto/cipher"
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"rollcall/access"
	"rollcall/models"
	"rollcall/roster"
)

// Options are what the door needs.
type Options struct {
	Roster      Roster
	Credentials Credentials
	BaseURL     string // of the installation, for absolute locations
	Log         *slog.Logger
	Now         func() time.Time
	Calls       CallLog     // nil keeps no record of calls
	Cursors     cipher.AEAD // seals cursors; servers of one installation have the same
}

type handler struct {
	roster      Roster
	credentials Credentials
	base        string
	log         *slog.Logger
	now         func() time.Time
	calls       CallLog
	cursors     cipher.AEAD
}

// NewHandler makes the door; it is mounted at /scim/ and reads the whole path.
func NewHandler(o Options) http.Handler { return o.handler() }

// Refuse answers a request that middleware in front of the door turns away, as
// the door itself would. A Retry-After that is set already stays.
func (o Options) Refuse(w http.ResponseWriter, r *http.Request, err error) {
	o.handler().refuse(w, r, err)
}

func (o Options) handler() *handler {
	return &handler{
		roster: o.Roster, credentials: o.Credentials, base: strings.TrimRight(o.BaseURL, "/"), log: o.Log, now: o.Now, calls: o.Calls, cursors: o.Cursors,
	}
}

// call is one authenticated request, or one operation of a bulk request.
type call struct {
	r     *http.Request
	now   func() time.Time
	team  models.Team
	id    string  // the last segment of paths that end in one
	base  string  // of the team's door: {BaseURL}/scim/{team}/v2
	limit int64   // of the body, in bytes
	read  *object // the body, once it was read or when it came in another one
	dry   bool    // whether nothing is kept of what it does

	looked *lookedAt // of the PATCH of a group
}

// body is the request's body as a JSON tree.
func (c call) body() (object, error) {
	if *c.read == nil {
		o, err := readBody(c.r, c.limit)
		if err != nil {
			return nil, err
		}
		*c.read = o
	}
	return *c.read, nil
}

// reply is what a verb answers. A nil body goes with 204 and 304.
type reply struct {
	status   int
	location string
	version  string    // the ETag
	id       models.ID // of a resource that was made or changed, for bulk
	body     any
}

type verb func(*handler, call) (reply, error)

// endpoints is everything that the door answers. A path ending in "/" takes an id.
var endpoints map[string]map[string]verb

func init() {
	// Not in the declaration: bulk runs the other verbs by this very table.
	endpoints = map[string]map[string]verb{
		"": {http.MethodGet: (*handler).listAll},
		"users": {
			http.MethodGet:  (*handler).listUsers,
			http.MethodPost: (*handler).createUser,
		},
		"users/": {
			http.MethodGet:    (*handler).getUser,
			http.MethodPut:    (*handler).replaceUser,
			http.MethodPatch:  (*handler).patchUser,
			http.MethodDelete: (*handler).deleteUser,
		},
		"groups": {
			http.MethodGet:  (*handler).listGroups,
			http.MethodPost: (*handler).createGroup,
		},
		"groups/": {
			http.MethodGet:    (*handler).getGroup,
			http.MethodPut:    (*handler).replaceGroup,
			http.MethodPatch:  (*handler).patchGroup,
			http.MethodDelete: (*handler).deleteGroup,
		},
		".search":               {http.MethodPost: (*handler).searchAll},
		"users/.search":         {http.MethodPost: (*handler).searchUsers},
		"groups/.search":        {http.MethodPost: (*handler).searchGroups},
		"bulk":                  {http.MethodPost: (*handler).bulk},
		"serviceproviderconfig": {http.MethodGet: (*handler).getConfig},
		"resourcetypes":         {http.MethodGet: (*handler).listResourceTypes},
		"resourcetypes/":        {http.MethodGet: (*handler).getResourceType},
		"schemas":               {http.MethodGet: (*handler).listSchemas},
		"schemas/":              {http.MethodGet: (*handler).getSchema},
	}
}

// methods is the order of the Allow header.
var methods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

// ServeHTTP answers everything under /scim/.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := h.now()
	slug, rest, ok := split(r.URL.Path)
	if !ok {
		h.refuse(w, r, notFound())
		return
	}
	if open(r, slug, rest) {
		answer, err := h.getConfig(call{r: r, base: h.door(slug)})
		if err != nil {
			h.refuse(w, r, err)
			return
		}
		h.write(w, r, answer)
		return
	}
	actor, team, settings, err := h.authenticate(r, slug)
	if err != nil {
		if settings.ID != "" { // somebody of the team: its admins see it
			h.note(r, record{began: began, actor: actor, rest: rest, err: err})
		}
		h.refuse(w, r, err)
		return
	}
	ctx := access.With(r.Context(), actor)
	if settings.DryRun {
		ctx = roster.AsDryRun(ctx)
	}
	r = r.WithContext(ctx)
	body := new(object)
	c := call{r: r, now: h.now, team: team, base: h.door(team.Slug), limit: maxBody, read: body, dry: settings.DryRun}
	answer, err := h.run(c, r.Method, rest)
	h.note(r, record{began: began, actor: actor, rest: rest, body: *body, status: answer.status, err: err, dry: settings.DryRun})
	if settings.DryRun {
		w.Header().Set("X-Rollcall-Dry-Run", "true")
	}
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	h.write(w, r, answer)
}

// open reports whether a request may be answered to anybody. What the server can
// do and how to prove oneself is the same for every team, whether it exists or
// not, and RFC 7643 section 5 wants it readable before there is a token.
func open(r *http.Request, slug string, rest []string) bool {
	return len(r.Header.Values("Authorization")) == 0 && (r.Method == http.MethodGet || r.Method == http.MethodHead) &&
		len(rest) == 1 && lower(rest[0]) == "serviceproviderconfig" && strings.Trim(slug, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// door is the address of a team's door.
func (h *handler) door(slug string) string { return h.base + "/scim/" + slug + "/v2" }

// run finds the verb and runs it.
func (h *handler) run(c call, method string, rest []string) (reply, error) {
	run, id, err := route(method, rest)
	if err != nil {
		return reply{}, err
	}
	// Before anything is carried out, although some need it only for their answer.
	if _, err := parameters(c.r.URL); err != nil {
		return reply{}, err
	}
	if slices.Contains([]string{http.MethodPost, http.MethodPut, http.MethodPatch}, method) {
		// Nothing is changed for an answer that could not be given.
		if _, err := c.show(userType); err != nil {
			return reply{}, err
		}
	}
	if len(rest) > 0 && lower(rest[0]) == "groups" {
		c.limit = maxGroupBody
	}
	c.id = id
	return run(h, c)
}

// split takes /scim/{team}/v2/{rest...} apart. Empty segments are passed over:
// base URLs are pasted with and without a slash at the end. Without a version the
// latest is meant (RFC 7644 section 3.13), which is the only one.
func split(path string) (slug string, rest []string, ok bool) {
	var parts []string
	for _, p := range strings.Split(path, "/") {
		if p != "" {
			parts = append(parts, p)
		}
	}
	if len(parts) < 2 || parts[0] != "scim" {
		return "", nil, false
	}
	slug, rest = parts[1], parts[2:]
	if len(rest) > 0 && rest[0] == "v2" {
		rest = rest[1:]
	}
	return slug, rest, true
}

// isVersion reports whether a segment of a path asks for a version of SCIM.
func isVersion(segment string) bool {
	digits, ok := strings.CutPrefix(lower(segment), "v")
	return ok && digits != "" && strings.Trim(digits, "0123456789.") == ""
}

// route finds the verb for a method and the path behind the team's door. The
// names of endpoints are taken in any case.
func route(method string, rest []string) (verb, string, error) {
	if len(rest) > 0 && isVersion(rest[0]) {
		return nil, "", bad(typeInvalidVers, "This server speaks version 2 of SCIM: v2.")
	}
	var key, id string
	switch len(rest) {
	case 0:
	case 1:
		key = lower(rest[0])
	case 2:
		if key, id = lower(rest[0])+"/", rest[1]; id == ".search" {
			key, id = key+id, ""
		}
	default:
		return nil, "", notFound()
	}
	if key == "me" {
		// RFC 7644 section 3.11: a token is no person, so there is nobody to show.
		return nil, "", &problem{status: http.StatusNotImplemented, detail: "A SCIM token stands for no person, so there is no /Me."}
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
	if a.version != "" {
		header.Set("ETag", a.version)
	}
	if a.body == nil {
		w.WriteHeader(a.status)
		return
	}
	var text bytes.Buffer
	text.Grow(lengthOf(a.body))
	if err := encode(&text, a.body); err != nil {
		h.log.ErrorContext(r.Context(), "SCIM answer cannot be written", "error", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	if a.location != "" { // RFC 7643 section 3.1: the same as meta.location
		header.Set("Content-Location", a.location)
	}
	header.Set("Content-Type", answerType(r.Header.Values("Accept"))+"; charset=utf-8")
	w.WriteHeader(a.status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(text.Bytes()) // a client that is gone needs no answer
	}
}

// lengthOf is about how many bytes an answer's body takes.
func lengthOf(body any) int {
	n := 256
	switch b := body.(type) {
	case json.RawMessage:
		n += len(b)
	case listBody:
		for _, r := range b.Resources {
			if raw, ok := r.(json.RawMessage); ok {
				n += len(raw) + 2
			}
		}
	}
	return n
}

// encode writes an answer's body. Resources that are JSON already are copied:
// the encoder would read every one of a page again.
func encode(into *bytes.Buffer, body any) error {
	enc := json.NewEncoder(into)
	enc.SetEscapeHTML(false)
	switch b := body.(type) {
	case json.RawMessage:
		into.Write(b)
		into.WriteByte('\n')
		return nil
	case listBody:
		resources := b.Resources
		b.Resources = []any{}
		if err := enc.Encode(b); err != nil {
			return err
		}
		into.Truncate(into.Len() - len("]}\n")) // Resources comes last and is empty
		for i, r := range resources {
			if i > 0 {
				into.WriteByte(',')
			}
			if err := encode(into, r); err != nil {
				return err
			}
			into.Truncate(into.Len() - 1)
		}
		into.WriteString("]}\n")
		return nil
	}
	return enc.Encode(body)
}
