package scim

import (
	"net/http"
	"strings"
	"unicode/utf8"

	"rollcall/roster"
)

// listBody is a ListResponse (RFC 7644 section 3.4.2, RFC 9865 section 2).
type listBody struct {
	Schemas      []string `json:"schemas"`
	TotalResults int      `json:"totalResults"`
	StartIndex   int      `json:"startIndex,omitempty"`
	ItemsPerPage int      `json:"itemsPerPage"`
	NextCursor   string   `json:"nextCursor,omitempty"`
	Resources    []any    `json:"Resources"` // never null
}

func list(start, total int, resources []any) reply {
	return reply{status: http.StatusOK, body: listBody{
		Schemas: []string{urnList}, TotalResults: total, StartIndex: start, ItemsPerPage: len(resources), Resources: resources,
	}}
}

// listUsers is GET /Users (RFC 7644 section 3.4.2).
func (h *handler) listUsers(c call) (reply, error) {
	q, err := readQuery(c)
	if err != nil {
		return reply{}, err
	}
	return h.answerQuery(c, q, userType)
}

// listGroups is GET /Groups.
func (h *handler) listGroups(c call) (reply, error) {
	q, err := readQuery(c)
	if err != nil {
		return reply{}, err
	}
	return h.answerQuery(c, q, groupType)
}

// found is a page of one type.
type found struct {
	resources []any
	total     int
	next      roster.ScimPlace // what the next page begins behind; none is the last page
}

// lookUp asks the roster for a page of one type.
func (h *handler) lookUp(c call, t *resourceType, show projection, ask roster.ScimQuery) (found, error) {
	f := found{resources: []any{}}
	if t == groupType {
		ask.Bare = show.excludes("members")
		rows, total, next, err := h.roster.ScimGroups(c.r.Context(), c.team.ID, ask)
		for _, g := range rows {
			d, err := c.groupDocument(g)
			if err != nil {
				return f, err
			}
			f.resources = append(f.resources, show.of(t, d))
		}
		f.total, f.next = total, next
		return f, err
	}
	rows, total, next, err := h.roster.ScimMembers(c.r.Context(), c.team.ID, ask)
	if err != nil {
		return f, err
	}
	for _, m := range rows {
		shown, err := c.shown(m, show)
		if err != nil {
			return f, err
		}
		f.resources = append(f.resources, shown)
	}
	f.total, f.next = total, next
	return f, nil
}

// answerQuery answers a query over one type.
func (h *handler) answerQuery(c call, q query, t *resourceType) (reply, error) {
	ask := roster.ScimQuery{Start: q.start, Limit: q.count}
	var err error
	if q.filter != nil {
		if ask.Filter, err = compileFilter(t, q.filter); err != nil {
			return reply{}, err
		}
		if t == userType {
			ask.NameID = calledBy(q.filter)
		}
	}
	if ask.Sort, err = q.sort(t, false); err != nil {
		return reply{}, err
	}
	if q.byCursor {
		ask.Cursor = true
		after, err := h.readCursor(c, q, t)
		if err != nil {
			return reply{}, err
		}
		ask.After = after.ScimPlace
	}
	f, err := h.lookUp(c, t, q.show(t), ask)
	if err != nil {
		return reply{}, err
	}
	answer := listBody{Schemas: []string{urnList}, TotalResults: f.total, ItemsPerPage: len(f.resources), Resources: f.resources}
	switch {
	case !q.byCursor:
		answer.StartIndex = q.start
	case f.next.Seq > 0:
		answer.NextCursor = h.cursorAt(c, q, t, mark{ScimPlace: f.next})
	}
	return reply{status: http.StatusOK, body: answer}, nil
}

// calledBy is the name that a look-up asks for and nothing else: the form in which
// clients match before they create somebody. "" for any other filter.
func calledBy(e expr) string {
	c, ok := e.(comparison)
	if !ok || c.op != opEqual {
		return ""
	}
	t := userType.resolve(c.path)
	if t.ext != nil || t.sub != nil || t.attr == nil || t.attr.name != "userName" && t.attr.name != "externalId" {
		return ""
	}
	name, _ := c.value.(string)
	if !utf8.ValidString(name) || strings.ContainsRune(name, 0) {
		return ""
	}
	return name
}

// answerAll answers a query over all types (RFC 7644 section 3.4.2.1): first
// people, then groups, and sorted within them.
func (h *handler) answerAll(c call, q query) (reply, error) {
	types := []*resourceType{userType, groupType}
	asks := make([]roster.ScimQuery, len(types))
	unknown := map[attrPath]int{} // in how many types there is no such attribute
	for i, t := range types {
		asks[i] = roster.ScimQuery{}
		if q.filter != nil {
			compiler := newCompiler(t)
			f, err := compiler.compile(q.filter)
			if err != nil {
				return reply{}, err
			}
			asks[i].Filter = f
			for path := range compiler.unknown {
				unknown[path]++
			}
		}
		var err error
		if asks[i].Sort, err = q.sort(t, true); err != nil {
			return reply{}, err
		}
	}
	for _, n := range unknown {
		if n == len(types) {
			return reply{}, bad(typeInvalidFilter, "The filter names an attribute that no resource has.")
		}
	}
	if q.byCursor {
		return h.answerAllByCursor(c, q, types, asks)
	}
	resources, total := []any{}, 0
	for i, t := range types {
		asks[i].Start, asks[i].Limit = max(1, q.start-total), q.count-len(resources)
		f, err := h.lookUp(c, t, q.show(t), asks[i])
		if err != nil {
			return reply{}, err
		}
		resources = append(resources, f.resources...)
		total += f.total
	}
	return list(q.start, total, resources), nil
}

// anyType is what a cursor over all types belongs to.
var anyType = &resourceType{name: "*"}

// answerAllByCursor is answerAll by cursor: the page goes on with the next type
// where one ends.
func (h *handler) answerAllByCursor(c call, q query, types []*resourceType, asks []roster.ScimQuery) (reply, error) {
	after, err := h.readCursor(c, q, anyType)
	if err != nil {
		return reply{}, err
	}
	answer := listBody{Schemas: []string{urnList}, Resources: []any{}}
	full := false // from here on resources are only counted
	for i, t := range types {
		asks[i].Cursor = true
		if i >= after.of && !full {
			asks[i].Limit = q.count - len(answer.Resources)
		}
		if i == after.of {
			asks[i].After = after.ScimPlace
		}
		f, err := h.lookUp(c, t, q.show(t), asks[i])
		if err != nil {
			return reply{}, err
		}
		answer.TotalResults += f.total
		answer.Resources = append(answer.Resources, f.resources...)
		switch {
		case i < after.of:
		case full && answer.NextCursor == "" && f.total > 0:
			answer.NextCursor = h.cursorAt(c, q, anyType, mark{of: i})
		case !full && f.next.Seq > 0:
			answer.NextCursor, full = h.cursorAt(c, q, anyType, mark{i, f.next}), true
		default:
			full = full || len(answer.Resources) >= q.count
		}
	}
	answer.ItemsPerPage = len(answer.Resources)
	return reply{status: http.StatusOK, body: answer}, nil
}

// listAll is GET on the team's base URL.
func (h *handler) listAll(c call) (reply, error) {
	q, err := readQuery(c)
	if err != nil {
		return reply{}, err
	}
	return h.answerAll(c, q)
}

// sort resolves sortBy. Of a multi-valued attribute the primary value counts,
// or the first.
func (q query) sort(t *resourceType, other bool) (*roster.ScimSort, error) {
	if q.sortBy == "" {
		return nil, nil
	}
	path, ok := parseAttrPath(q.sortBy)
	to := t.resolve(path)
	switch {
	case !ok || to.attr == nil && !other || to.attr != nil && (to.attr.writeOnly || to.attr.name == "groups" || to.attr.name == "members"):
		return nil, bad(typeInvalidValue, "sortBy names no attribute that can be sorted by.")
	case to.attr == nil:
		return nil, nil
	case to.attr.bare && to.sub == nil:
		to.sub = find(to.attr.sub, "value")
	case to.attr.many && (to.sub == nil || to.sub.name == "value"):
		if to.sub == nil && find(to.attr.sub, "value") == nil {
			return nil, bad(typeInvalidValue, "sortBy must name a part of %s.", to.label())
		}
		return &roster.ScimSort{Attr: name(to), Desc: q.descending}, nil
	case to.attr.kind == kindComplex && to.sub == nil:
		return nil, bad(typeInvalidValue, "sortBy must name a part of %s.", to.label())
	}
	by := name(to)
	if to.sub != nil {
		by += "." + lower(to.sub.name)
	}
	if strings.HasPrefix(by, "meta.") && to.sub.kind != kindTime {
		return nil, nil // the same for all, or as good as
	}
	desc := q.descending
	if by == "active" {
		desc = !desc // the roster sorts by the status, whose first is "active"; false comes before true
	}
	return &roster.ScimSort{Attr: by, Desc: desc}, nil
}
