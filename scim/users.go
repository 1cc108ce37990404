package scim

import (
	"context"
	"mime"
	"net/http"

	"rollcall/fault"
	"rollcall/models"
	"rollcall/roster"
)

// Roster is what the door asks of the roster.
type Roster interface {
	Provisioning(ctx context.Context, team models.ID) (models.Team, models.ProvisioningSettings, error)
	ProvisionScim(ctx context.Context, team models.ID, in roster.ScimUser) (roster.Member, error)
	UpdateScim(ctx context.Context, team, id models.ID, in roster.ScimUser) (roster.Member, error)
	RemoveScim(ctx context.Context, team, id models.ID, revision int) error
	ScimMember(ctx context.Context, team, id models.ID) (roster.Member, error)
	ScimMembers(ctx context.Context, team models.ID, q roster.ScimQuery) (rows []roster.Member, total int, next roster.ScimPlace, err error)

	CreateGroup(ctx context.Context, team models.ID, in roster.NewGroup) (models.Group, error)
	ChangeGroup(ctx context.Context, team, id models.ID, steps []roster.GroupChange, revision int) (models.Group, error)
	DeleteGroup(ctx context.Context, team, id models.ID, revision int) error
	ScimGroup(ctx context.Context, team, id models.ID, bare bool) (roster.GroupWithMembers, error)
	ScimGroups(ctx context.Context, team models.ID, q roster.ScimQuery) (rows []roster.GroupWithMembers, total int, next roster.ScimPlace, err error)
}

// createUser is POST /Users (RFC 7644 section 3.3).
func (h *handler) createUser(c call) (reply, error) {
	body, err := c.body()
	if err != nil {
		return reply{}, err
	}
	d, err := readResource(body)
	if err == nil {
		err = checkNew(body, userType)
	}
	if err != nil {
		return reply{}, err
	}
	in, err := d.scimUser(nil)
	if err != nil {
		return reply{}, err
	}
	m, err := h.roster.ProvisionScim(c.r.Context(), c.team.ID, in)
	if err != nil {
		return reply{}, err
	}
	return c.user(http.StatusCreated, m)
}

// getUser is GET /Users/{id} (RFC 7644 section 3.4.1).
func (h *handler) getUser(c call) (reply, error) {
	m, err := h.member(c)
	if err != nil {
		return reply{}, err
	}
	version := userVersion(m)
	if err := c.readable(version); err != nil {
		return reply{}, err
	}
	if c.unchanged(version) {
		return reply{status: http.StatusNotModified, version: version}, nil
	}
	return c.user(http.StatusOK, m)
}

// replaceUser is PUT /Users/{id} (RFC 7644 section 3.5.1).
func (h *handler) replaceUser(c call) (reply, error) {
	return h.update(c, func(body object) (change, error) {
		d, err := readResource(body)
		return func(document) (document, error) { return d, nil }, err
	})
}

// patchUser is PATCH /Users/{id} (RFC 7644 section 3.5.2): all operations or
// none, on a copy in memory.
func (h *handler) patchUser(c call) (reply, error) {
	answer, err := h.update(c, func(body object) (change, error) {
		ops, err := readPatch(body)
		return func(d document) (document, error) { return d, d.patch(userType, ops) }, err
	})
	if err == nil && c.likeSamples() {
		answer.status, answer.body = http.StatusNoContent, nil
	}
	return answer, err
}

// likeSamples reports whether a PATCH is written like Microsoft's samples: plain
// JSON, operations in capitals and no word about the answer. Their reference
// server answers it by 204, and their collection of requests insists on that;
// RFC 7644 section 3.5.2 leaves the choice.
func (c call) likeSamples() bool {
	header, query := c.r.Header, c.r.URL.Query()
	media, _, _ := mime.ParseMediaType(header.Get("Content-Type"))
	accept := header.Values("Accept")
	if c.r.Method != http.MethodPatch || media != mediaJSON || weigh(accept, mediaJSON).named || weigh(accept, mediaScim).named ||
		query.Has("attributes") || query.Has("excludedAttributes") {
		return false
	}
	operations, _ := (*c.read).get("Operations")
	list, _ := operations.([]any)
	for _, item := range list {
		o, _ := item.(object)
		v, _ := o.get("op")
		if op, _ := v.(string); op == lower(op) {
			return false
		}
	}
	return true
}

// change makes a resource's new state out of the present one.
type change func(document) (document, error)

// attempts bounds how often a change is made anew because somebody else
// changed the resource in between.
const attempts = 10

// update reads a change from the body and carries it out on the member as
// they are when it is written: a push of a profile that crosses a deactivation
// must not undo it.
func (h *handler) update(c call, read func(object) (change, error)) (reply, error) {
	current, err := h.member(c)
	if err != nil {
		return reply{}, err
	}
	body, err := c.body()
	if err != nil {
		return reply{}, err
	}
	apply, err := read(body)
	if err != nil {
		return reply{}, err
	}
	for try := 1; ; try++ {
		m, err := h.tryUpdate(c, current, apply)
		if err == nil {
			return c.user(http.StatusOK, m)
		}
		if !fault.Is(err, fault.StaleRevision) || try == attempts {
			return reply{}, err
		}
		if current, err = h.member(c); err != nil {
			return reply{}, err
		}
	}
}

// tryUpdate applies a change to a member as they were read.
func (h *handler) tryUpdate(c call, current roster.Member, apply change) (roster.Member, error) {
	if err := c.allowed(userVersion(current)); err != nil {
		return roster.Member{}, err
	}
	d, err := c.document(current)
	if err != nil {
		return roster.Member{}, err
	}
	if d, err = apply(d); err != nil {
		return roster.Member{}, err
	}
	in, err := d.scimUser(&current)
	if err != nil {
		return roster.Member{}, err
	}
	in.Revision = current.Revision
	return h.roster.UpdateScim(c.r.Context(), c.team.ID, current.ID, in)
}

// deleteUser is DELETE /Users/{id} (RFC 7644 section 3.6).
func (h *handler) deleteUser(c call) (reply, error) {
	id, err := models.ParseID(c.id)
	if err != nil {
		return reply{}, err
	}
	for try := 1; ; try++ {
		revision := 0
		if c.conditional() {
			m, err := h.member(c)
			if err == nil {
				err = c.allowed(userVersion(m))
			}
			if err != nil {
				return reply{}, err
			}
			revision = m.Revision
		}
		err := h.roster.RemoveScim(c.r.Context(), c.team.ID, id, revision)
		if err == nil {
			return reply{status: http.StatusNoContent}, nil
		}
		if !fault.Is(err, fault.StaleRevision) || try == attempts {
			return reply{}, err
		}
	}
}

// member finds the member that the path names on the caller's team.
func (h *handler) member(c call) (roster.Member, error) {
	id, err := models.ParseID(c.id)
	if err != nil {
		return roster.Member{}, err
	}
	return h.roster.ScimMember(c.r.Context(), c.team.ID, id)
}

// show is what the client wants to see of the answer.
func (c call) show(t *resourceType) (projection, error) {
	values, err := parameters(c.r.URL)
	if err != nil {
		return projection{}, err
	}
	only, without := words(values["attributes"]), words(values["excludedAttributes"])
	return projection{only: targets(t, only), without: targets(t, without)}, exclusive(only, without)
}

// user answers with a resource.
func (c call) user(status int, m roster.Member) (reply, error) {
	show, err := c.show(userType)
	if err != nil {
		return reply{}, err
	}
	body, err := c.shown(m, show)
	return reply{status: status, location: c.location(userType, m.ID), version: userVersion(m), body: body, id: m.ID}, err
}
