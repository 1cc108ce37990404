package scim

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"rollcall/models"
	"rollcall/roster"
)

// Page sizes (RFC 7644 section 3.4.2.4).
const (
	defaultCount = 100
	maxCount     = 200
)

// listBody is a ListResponse (RFC 7644 section 3.4.2).
type listBody struct {
	Schemas      []string `json:"schemas"`
	TotalResults int      `json:"totalResults"`
	StartIndex   int      `json:"startIndex"`
	ItemsPerPage int      `json:"itemsPerPage"`
	Resources    []any    `json:"Resources"` // never null
}

func list(start, total int, resources []any) reply {
	return reply{status: http.StatusOK, body: listBody{
		Schemas: []string{urnList}, TotalResults: total, StartIndex: start, ItemsPerPage: len(resources), Resources: resources,
	}}
}

// listUsers is GET /Users (RFC 7644 section 3.4.2).
func (h *handler) listUsers(c call) (reply, error) {
	q, err := readQuery(c.r.URL)
	if err != nil {
		return reply{}, err
	}
	show, err := readProjection(c.r.URL)
	if err != nil {
		return reply{}, err
	}
	var wanted condition
	if q.filter != nil {
		if wanted, err = compileFilter(q.filter); err != nil {
			return reply{}, err
		}
	}
	rows, total, err := h.find(c, wanted, q)
	if err != nil {
		return reply{}, err
	}
	resources := make([]any, 0, len(rows))
	for _, m := range rows {
		resources = append(resources, show.of(c.document(m)))
	}
	return list(q.start, total, resources), nil
}

// find asks the roster for one page.
func (h *handler) find(c call, wanted condition, q query) ([]roster.Member, int, error) {
	ask := roster.ScimQuery{UserName: wanted.userName, ExternalID: wanted.externalID, Offset: q.start - 1, Limit: q.count}
	if wanted.id != nil {
		id, err := models.ParseID(*wanted.id)
		if err != nil {
			return nil, 0, nil // not an id of ours, so nobody has it
		}
		ask.ID = &id
	}
	if wanted.impossible {
		return nil, 0, nil
	}
	return h.roster.ScimMembers(c.r.Context(), c.team.ID, ask)
}

// listGroups answers every well-formed query with no groups.
func (h *handler) listGroups(c call) (reply, error) {
	q, err := readQuery(c.r.URL)
	if err != nil {
		return reply{}, err
	}
	return list(q.start, 0, []any{}), nil
}

// query is what a list was asked for.
type query struct {
	filter expr // nil when there is none
	start  int  // counted from 1
	count  int
}

// readQuery reads the parameters of a list. A query string that cannot be read
// is an error: to pass over a filter would answer with everybody.
func readQuery(u *url.URL) (query, error) {
	values, err := parameters(u)
	if err != nil {
		return query{}, err
	}
	q := query{start: 1, count: defaultCount}
	if values.Has("filter") {
		if q.filter, err = parseFilter(values.Get("filter")); err != nil {
			return query{}, err
		}
	}
	if values.Has("startIndex") {
		if q.start, err = integer("startIndex", values.Get("startIndex")); err != nil {
			return query{}, err
		}
		q.start = max(q.start, 1)
	}
	if values.Has("count") {
		if q.count, err = integer("count", values.Get("count")); err != nil {
			return query{}, err
		}
		q.count = min(max(q.count, 0), maxCount)
	}
	return q, nil
}

func parameters(u *url.URL) (url.Values, error) {
	values, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, bad(typeInvalidSyntax, "The query string is not properly encoded.")
	}
	return values, nil
}

// integer reads a whole number of any length; the far ones mean "the furthest".
func integer(name, text string) (int, error) {
	digits := strings.TrimLeft(text, "+-")
	if digits == "" || len(text)-len(digits) > 1 || strings.Trim(digits, "0123456789") != "" {
		return 0, bad(typeInvalidValue, "%s must be a whole number.", name)
	}
	n, _ := strconv.ParseInt(text, 10, 32) // out of range: the nearest in range
	return int(n), nil
}
