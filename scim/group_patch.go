package scim

import (
	"net/http"
	"slices"

	"rollcall/models"
	"rollcall/roster"
)

// patchGroup is PATCH /Groups/{id}. Operations become steps that add and take
// away members one by one: the list itself is never read for it. The answer has
// no body unless the client names attributes, because groups are large.
func (h *handler) patchGroup(c call) (reply, error) {
	if _, err := h.readGroup(c, true); err != nil {
		return reply{}, err
	}
	body, err := c.body()
	if err != nil {
		return reply{}, err
	}
	ops, err := readPatch(body)
	if err != nil {
		return reply{}, err
	}
	row, err := h.changeGroup(c, func(g models.Group) ([]roster.GroupChange, error) { return h.groupPatch(c, g, ops) })
	if err != nil {
		return reply{}, err
	}
	asked, err := parameters(c.r.URL)
	if err != nil {
		return reply{}, err
	}
	if asked.Has("attributes") || asked.Has("excludedAttributes") {
		return h.groupAgain(c, http.StatusOK, row)
	}
	return reply{status: http.StatusNoContent, location: c.location(groupType, row.ID), version: groupVersion(row)}, nil
}

// groupPatch turns operations into steps. Of what no schema describes the new
// text is worked out here, for the text as it was read.
func (h *handler) groupPatch(c call, g models.Group, ops []operation) ([]roster.GroupChange, error) {
	foreign, err := stored(groupType, g.Document)
	if err != nil {
		return nil, err
	}
	c.looked = &lookedAt{}
	steps := make([]roster.GroupChange, 0, len(ops))
	for _, o := range ops {
		more, err := h.groupSteps(c, foreign, o)
		if err != nil {
			return nil, err
		}
		steps = append(steps, more...)
	}
	text, err := groupState{foreign: foreign}.document()
	if err == nil && text != g.Document {
		steps = append(steps, roster.GroupChange{Document: &roster.DocumentChange{From: &g.Document, To: text}})
	}
	return steps, err
}

// groupSteps is what an operation does; what it does to foreign attributes it
// does at once.
func (h *handler) groupSteps(c call, foreign document, o operation) ([]roster.GroupChange, error) {
	if o.path == nil {
		values, ok := o.value.(object)
		if !ok {
			return nil, bad(typeInvalidValue, "An operation without a path needs an object as its value.")
		}
		return h.assignGroup(c, foreign, o.op, values)
	}
	t := foreign.resolve(groupType, o.path.attr, o.value)
	switch {
	case t.foreign():
		return nil, foreign.apply(groupType, o)
	case t.attr == nil, t.sub != nil && t.sub.kind == kindForeign:
		return nil, notKept(groupType, o.path.attr)
	case t.attr.readOnly:
		if text, _ := o.value.(string); t.attr.name == "id" && o.op != opRemove && text == c.id {
			return nil, nil
		}
		return nil, bad(typeMutability, "%s is read-only.", t.attr.name)
	case t.attr.name == "members":
		return h.memberSteps(c, o, t)
	case o.path.filter != nil:
		return nil, bad(typeInvalidPath, "%s is not multi-valued, so it takes no filter.", t.attr.name)
	case o.op == opRemove && t.attr.required:
		return nil, bad(typeMutability, "%s is required and cannot be removed.", t.attr.name)
	case o.op == opRemove:
		o.value = nil
	}
	var g groupState
	if err := g.set(t.attr, o.value); err != nil {
		return nil, err
	}
	return g.steps(o.op), nil
}

// assignGroup is an operation without a path. Keys may be paths; the group's id
// beside them, which some clients send, is passed over.
func (h *handler) assignGroup(c call, foreign document, op string, values object) ([]roster.GroupChange, error) {
	var steps []roster.GroupChange
	for _, m := range values {
		if nested, ok := m.value.(object); ok && lower(m.name) == lower(urnGroup) {
			more, err := h.assignGroup(c, foreign, op, nested)
			if err != nil {
				return nil, err
			}
			steps = append(steps, more...)
			continue
		}
		path, err := parsePath(m.name)
		if err != nil {
			continue
		}
		t := foreign.resolve(groupType, path.attr, m.value)
		if err := sameID(t, m.value, c.id); err != nil {
			return nil, err
		}
		if !t.found() || t.attr != nil && t.attr.readOnly {
			continue
		}
		more, err := h.groupSteps(c, foreign, operation{op: op, path: &path, value: m.value, given: true})
		if err != nil {
			return nil, err
		}
		steps = append(steps, more...)
	}
	return steps, nil
}

// steps turns a state into the change that an add or replace makes.
func (g groupState) steps(op string) []roster.GroupChange {
	if g.members != nil && op == opAdd {
		return []roster.GroupChange{{Add: *g.members}}
	}
	if op == opAdd && (g.displayName != nil && *g.displayName == "" || g.externalID != nil && *g.externalID == nil) {
		return nil // to add nothing changes nothing
	}
	return []roster.GroupChange{{DisplayName: g.displayName, ExternalID: g.externalID, Members: g.members}}
}

// memberSteps is an operation on members.
func (h *handler) memberSteps(c call, o operation, t target) ([]roster.GroupChange, error) {
	if t.sub != nil && (t.sub.name != "display" || o.path.filter == nil) {
		return nil, bad(typeMutability, "members.%s cannot change; add or remove the member.", t.sub.name)
	}
	if t.sub != nil {
		return h.callMembers(c, o, t.sub)
	}
	if o.path.filter == nil {
		if o.op == opAdd && noID(o.value) {
			return nil, nil
		}
		refs, err := readMembers(o.value)
		switch {
		case err != nil:
			return nil, err
		case o.op == opRemove && o.value == nil:
			return []roster.GroupChange{{Members: &[]roster.GroupRef{}}}, nil
		case o.op == opRemove: // a list of values takes those away only
			return []roster.GroupChange{{Remove: idsOf(refs)}}, nil
		}
		return groupState{members: &refs}.steps(o.op), nil
	}
	return h.selectedSteps(c, o)
}

// selectedSteps is an operation on whole members that a filter selects. A value
// may say what they are called; who they are cannot change.
func (h *handler) selectedSteps(c call, o operation) ([]roster.GroupChange, error) {
	removing := o.op == opRemove || o.value == nil
	named, err := h.selected(c, o.path.filter, o.op == opReplace && !removing)
	if err != nil {
		return nil, err
	}
	if removing {
		return []roster.GroupChange{{Remove: named}}, nil
	}
	if len(named) == 0 {
		return nil, noSuchMember()
	}
	refs, err := readMembers(o.value)
	if err != nil {
		return nil, err
	}
	var step roster.GroupChange
	for _, ref := range refs {
		if !slices.Contains(named, ref.ID) {
			return nil, bad(typeMutability, "members.value cannot change; add or remove the member.")
		}
		if o.op == opReplace {
			step.Call = append(step.Call, ref)
		} else {
			step.Add = append(step.Add, ref)
		}
	}
	return []roster.GroupChange{step}, nil
}

// noID reports whether a text stands where members belong that is nobody's id by
// its form, such as the "string id 1" of Microsoft's collection. Nobody is added
// for it. What could be an id and is nobody's is refused.
func noID(value any) bool {
	text, ok := value.(string)
	_, err := models.ParseID(text)
	return ok && err != nil
}

func noSuchMember() error { return bad(typeNoTarget, "No value of members matches the filter.") }

// callMembers is an operation on what members are called.
func (h *handler) callMembers(c call, o operation, display *attribute) ([]roster.GroupChange, error) {
	text := ""
	if o.op != opRemove {
		cleaned, err := clean(display, "members.display", o.value)
		if err != nil {
			return nil, err
		}
		text, _ = cleaned.(string)
	}
	ids, err := h.selected(c, o.path.filter, false)
	if err != nil {
		return nil, err
	}
	if len(ids) == 0 && o.op != opRemove {
		return nil, noSuchMember()
	}
	var step roster.GroupChange
	for _, id := range ids {
		step.Call = append(step.Call, roster.GroupRef{ID: id, Display: text})
	}
	return []roster.GroupChange{step}, nil
}

func idsOf(refs []roster.GroupRef) []models.ID {
	ids := make([]models.ID, len(refs))
	for i, r := range refs {
		ids[i] = r.ID
	}
	return ids
}

// maxLooks is how many filters of one PATCH may be about something else than ids.
// Each is held against every member.
const maxLooks = 20

// lookedAt is a group whose members a PATCH looks at. They are read once: no step
// is carried out before all are understood.
type lookedAt struct {
	read  *roster.GroupWithMembers
	times int
}

func (l *lookedAt) group(h *handler, c call) (roster.GroupWithMembers, error) {
	if l.times++; l.times > maxLooks {
		return roster.GroupWithMembers{}, bad(typeTooMany, "More than %d filters are about something else than the ids of members.", maxLooks)
	}
	if l.read == nil {
		g, err := h.readGroup(c, false)
		if err != nil {
			return g, err
		}
		l.read = &g
	}
	return *l.read, nil
}

// selected lists the members that a filter selects. The usual filter names
// their ids; for any other, or where they have to be members already, the members
// are looked at.
func (h *handler) selected(c call, e expr, present bool) ([]models.ID, error) {
	members := find(groupType.attributes, "members")
	if _, err := inside(members, e); err != nil {
		return nil, err
	}
	if ids, ok := named(e); ok && !present {
		return ids, nil
	}
	g, err := c.looked.group(h, c)
	if err != nil {
		return nil, err
	}
	var ids []models.ID
	for _, m := range g.Members {
		el := document{"value": string(m.ID), "type": "User"}
		if m.Display != "" {
			el["display"] = m.Display
		}
		if matches(e, members, el) {
			ids = append(ids, m.ID)
		}
	}
	return ids, nil
}

// named reads `value eq "x"`, also several of them joined by or.
func named(e expr) ([]models.ID, bool) {
	switch e := e.(type) {
	case comparison:
		text, ok := e.value.(string)
		if !ok || e.op != opEqual || lower(e.path.name) != "value" || e.path.sub != "" || e.path.uri != "" {
			return nil, false
		}
		return []models.ID{models.ID(text)}, true
	case anyOf:
		var ids []models.ID
		for _, t := range e.terms {
			more, ok := named(t)
			if !ok {
				return nil, false
			}
			ids = append(ids, more...)
		}
		return ids, true
	}
	return nil, false
}
