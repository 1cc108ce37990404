package scim

import (
	"net/http"
	"strings"

	"rollcall/fault"
	"rollcall/models"
	"rollcall/roster"
)

// maxGroupBody bounds the body of a group, which may name fifty thousand people.
const maxGroupBody = 8 << 20

// groupState is what a body says about a group; what it does not name is nil.
type groupState struct {
	displayName *string
	externalID  **string
	members     *[]roster.GroupRef
	foreign     document // what no schema describes
}

// readGroup reads the body of a POST or PUT. Attributes that are not kept, and
// those that are read-only, are passed over.
func readGroup(body object) (groupState, error) {
	g := groupState{foreign: document{}}
	err := g.read(body)
	return g, err
}

func (g *groupState) read(body object) error {
	for _, m := range body {
		if nested, ok := m.value.(object); ok && lower(m.name) == lower(urnGroup) {
			if err := g.read(nested); err != nil {
				return err
			}
			continue
		}
		path, err := parsePath(m.name)
		if err != nil {
			continue
		}
		t := g.foreign.resolve(groupType, path.attr, m.value)
		switch {
		case t.foreign():
			err = g.foreign.apply(groupType, operation{op: opReplace, path: &path, value: m.value, given: true})
		case t.attr == nil, t.sub != nil, t.attr.readOnly, path.filter != nil:
		default:
			err = g.set(t.attr, m.value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// foreign reports whether a path of a group named something that no schema
// describes.
func (t target) foreign() bool { return t.ext != nil || t.attr != nil && t.attr.kind == kindForeign }

// document is the text in which foreign attributes of a group are kept, "" for none.
func (g groupState) document() (string, error) {
	if len(g.foreign) == 0 {
		return "", nil
	}
	if err := checkForeign(g.foreign); err != nil {
		return "", err
	}
	return g.foreign.kept()
}

// set reads the value of one attribute.
func (g *groupState) set(a *attribute, value any) error {
	if a.name == "members" {
		refs, err := readMembers(value)
		g.members = &refs
		return err
	}
	cleaned, err := clean(a, a.name, value)
	if err != nil {
		return err
	}
	text, _ := cleaned.(string)
	switch a.name {
	case "displayName":
		g.displayName = &text
	case "externalId":
		var id *string
		if text != "" {
			id = &text
		}
		g.externalID = &id
	}
	return nil
}

// readMembers reads a list of members, or a single one. Only their ids count;
// what the client calls them is kept.
func readMembers(value any) ([]roster.GroupRef, error) {
	switch v := value.(type) {
	case nil:
		return []roster.GroupRef{}, nil
	case object, string:
		value = []any{v}
	}
	list, ok := value.([]any)
	if !ok {
		return nil, bad(typeInvalidValue, "members must be a list of objects.")
	}
	refs := make([]roster.GroupRef, 0, len(list))
	for _, item := range list {
		if item == nil {
			continue
		}
		ref, err := readMember(item)
		if err != nil {
			return nil, err
		}
		refs = append(refs, ref)
	}
	return refs, nil
}

func readMember(item any) (roster.GroupRef, error) {
	if id, ok := item.(string); ok {
		return roster.GroupRef{ID: models.ID(id)}, nil
	}
	o, ok := item.(object)
	if !ok {
		return roster.GroupRef{}, bad(typeInvalidValue, "members must be a list of objects.")
	}
	v, _ := o.get("value")
	id, ok := v.(string)
	if !ok || id == "" {
		return roster.GroupRef{}, bad(typeInvalidValue, "members.value must be the id of a user.")
	}
	for _, name := range []string{"type", "$ref"} {
		v, _ := o.get(name)
		text, err := cleanText("members."+name, v, maxText)
		if v != nil && err != nil {
			return roster.GroupRef{}, err
		}
		if kind, _ := text.(string); name == "type" && lower(kind) == "group" {
			return roster.GroupRef{}, bad(typeInvalidValue, "A group cannot be a member of a group; assign its people.")
		}
	}
	ref := roster.GroupRef{ID: models.ID(id)}
	for _, name := range []string{"display", "displayName"} {
		if v, _ := o.get(name); v != nil && ref.Display == "" {
			text, err := cleanText("members.display", v, maxText)
			if err != nil {
				return ref, err
			}
			ref.Display, _ = text.(string)
		}
	}
	return ref, nil
}

func (g groupState) externalIDOrNil() *string {
	if g.externalID == nil {
		return nil
	}
	return *g.externalID
}

// group reads the whole group that the request brings.
func (c call) group() (groupState, error) {
	body, err := c.body()
	if err != nil {
		return groupState{}, err
	}
	if err := checkSchemas(body); err != nil {
		return groupState{}, err
	}
	return readGroup(body)
}

// createGroup is POST /Groups.
func (h *handler) createGroup(c call) (reply, error) {
	g, err := c.group()
	if err == nil {
		err = checkNew(*c.read, groupType)
	}
	if err != nil {
		return reply{}, err
	}
	in := roster.NewGroup{DisplayName: value(g.displayName), ExternalID: g.externalIDOrNil()}
	if in.Document, err = g.document(); err != nil {
		return reply{}, err
	}
	if g.members != nil {
		in.Members = *g.members
	}
	row, err := h.roster.CreateGroup(c.r.Context(), c.team.ID, in)
	if err != nil {
		return reply{}, err
	}
	return h.group(c, http.StatusCreated, row, in.Members)
}

// getGroup is GET /Groups/{id}.
func (h *handler) getGroup(c call) (reply, error) {
	show, err := c.show(groupType)
	if err != nil {
		return reply{}, err
	}
	g, err := h.readGroup(c, show.excludes("members"))
	if err != nil {
		return reply{}, err
	}
	version := groupVersion(g.Group)
	if err := c.readable(version); err != nil {
		return reply{}, err
	}
	if c.unchanged(version) {
		return reply{status: http.StatusNotModified, version: version}, nil
	}
	return c.groupReply(http.StatusOK, g, show)
}

// groupReply answers with what the client wants to see of a group.
func (c call) groupReply(status int, g roster.GroupWithMembers, show projection) (reply, error) {
	d, err := c.groupDocument(g)
	return reply{
		status: status, location: c.location(groupType, g.ID), version: groupVersion(g.Group), body: show.of(groupType, d), id: g.ID,
	}, err
}

func (h *handler) readGroup(c call, bare bool) (roster.GroupWithMembers, error) {
	id, err := models.ParseID(c.id)
	if err != nil {
		return roster.GroupWithMembers{}, err
	}
	return h.roster.ScimGroup(c.r.Context(), c.team.ID, id, bare)
}

// replaceGroup is PUT /Groups/{id}. Members that are not mentioned stay: absent
// is unknown, not none (RFC 7644 section 3.5.1 leaves that to the server).
func (h *handler) replaceGroup(c call) (reply, error) {
	if _, err := h.readGroup(c, true); err != nil {
		return reply{}, err
	}
	g, err := c.group()
	if err != nil {
		return reply{}, err
	}
	if strings.TrimSpace(value(g.displayName)) == "" {
		return reply{}, bad(typeInvalidValue, "displayName is required.")
	}
	external := g.externalIDOrNil()
	step := roster.GroupChange{DisplayName: g.displayName, ExternalID: &external, Members: g.members, Document: &roster.DocumentChange{}}
	if step.Document.To, err = g.document(); err != nil {
		return reply{}, err
	}
	row, err := h.changeGroup(c, func(models.Group) ([]roster.GroupChange, error) { return []roster.GroupChange{step}, nil })
	if err != nil {
		return reply{}, err
	}
	if g.members != nil {
		return h.group(c, http.StatusOK, row, *g.members)
	}
	return h.groupAgain(c, http.StatusOK, row)
}

// changeGroup carries out a change, bound to a version if the client asked so.
func (h *handler) changeGroup(c call, steps func(models.Group) ([]roster.GroupChange, error)) (models.Group, error) {
	for try := 1; ; try++ {
		g, err := h.readGroup(c, true)
		if err != nil {
			return g.Group, err
		}
		revision := 0
		if err := c.allowed(groupVersion(g.Group)); err != nil {
			return g.Group, err
		}
		if c.conditional() {
			revision = g.Revision
		}
		todo, err := steps(g.Group)
		if err != nil {
			return g.Group, err
		}
		row, err := h.roster.ChangeGroup(c.r.Context(), c.team.ID, g.ID, todo, revision)
		if err == nil || !fault.Is(err, fault.StaleRevision) || try == attempts {
			return row, err
		}
	}
}

// deleteGroup is DELETE /Groups/{id}.
func (h *handler) deleteGroup(c call) (reply, error) {
	for try := 1; ; try++ {
		g, err := h.readGroup(c, true)
		if err == nil {
			err = c.allowed(groupVersion(g.Group))
		}
		if err != nil {
			return reply{}, err
		}
		revision := 0
		if c.conditional() {
			revision = g.Revision
		}
		err = h.roster.DeleteGroup(c.r.Context(), c.team.ID, g.ID, revision)
		if err == nil {
			return reply{status: http.StatusNoContent}, nil
		}
		if !fault.Is(err, fault.StaleRevision) || try == attempts {
			return reply{}, err
		}
	}
}

// group answers with a group whose members the client has just named.
func (h *handler) group(c call, status int, row models.Group, refs []roster.GroupRef) (reply, error) {
	seen := make(map[models.ID]bool, len(refs))
	g := roster.GroupWithMembers{Group: row}
	for _, r := range refs {
		if !seen[r.ID] {
			seen[r.ID] = true
			g.Members = append(g.Members, r)
		}
	}
	show, err := c.show(groupType)
	if err != nil {
		return reply{}, err
	}
	return c.groupReply(status, g, show)
}

// groupAgain answers with a group as it is stored.
func (h *handler) groupAgain(c call, status int, row models.Group) (reply, error) {
	show, err := c.show(groupType)
	if err != nil {
		return reply{}, err
	}
	g := roster.GroupWithMembers{Group: row}
	if !show.excludes("members") {
		if g, err = h.readGroup(c, false); err != nil {
			return reply{}, err
		}
		if c.dry { // only the members are still those that they will be
			g.Group = row
		}
	}
	return c.groupReply(status, g, show)
}

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
