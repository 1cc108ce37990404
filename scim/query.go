package scim

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// Page sizes (RFC 7644 section 3.4.2.4).
const (
	defaultCount = 100
	maxCount     = 200
)

// query is what a list was asked for, by parameters or by the body of a .search.
type query struct {
	filterText          string
	filter              expr // nil when there is none
	sortBy              string
	descending          bool
	start               int // counted from 1
	count               int
	byCursor            bool
	cursor              string
	attributes, without []string
}

func (q query) show(t *resourceType) projection {
	return projection{only: targets(t, q.attributes), without: targets(t, q.without)}
}

// readQuery reads the parameters of a list. A query string that cannot be read
// is an error: to pass over a filter would answer with everybody.
func readQuery(c call) (query, error) {
	values, err := parameters(c.r.URL)
	if err != nil {
		return query{}, err
	}
	q := query{start: 1, count: defaultCount, sortBy: strings.TrimSpace(values.Get("sortBy")), cursor: values.Get("cursor"), byCursor: values.Has("cursor")}
	q.attributes, q.without = words(values["attributes"]), words(values["excludedAttributes"])
	if values.Has("filter") {
		if err := q.parse(values.Get("filter")); err != nil {
			return q, err
		}
	}
	if text := values.Get("startIndex"); text != "" {
		if q.start, err = integer(typeInvalidValue, "startIndex", text); err != nil {
			return q, err
		}
	}
	if text := values.Get("count"); text != "" {
		if q.count, err = integer(q.countType(), "count", text); err != nil {
			return q, err
		}
	}
	return q, q.finish(values.Get("sortOrder"))
}

func (q *query) parse(filter string) (err error) {
	q.filterText = filter
	q.filter, err = parseFilter(filter)
	return err
}

// countType is the error's type for a count that cannot be used (RFC 9865
// section 2.1).
func (q *query) countType() string {
	if q.byCursor {
		return typeInvalidCount
	}
	return typeInvalidValue
}

// finish brings numbers into their bounds.
func (q *query) finish(order string) error {
	switch lower(order) {
	case "", "ascending":
	case "descending":
		q.descending = true
	default:
		return bad(typeInvalidValue, "sortOrder must be ascending or descending.")
	}
	if q.byCursor && q.count < 1 { // a page without resources would have no place to go on from
		return bad(typeInvalidCount, "count must be 1 or more with a cursor.")
	}
	if err := exclusive(q.attributes, q.without); err != nil {
		return err
	}
	q.start = max(q.start, 1)
	q.count = min(max(q.count, 0), maxCount)
	return nil
}

// fromBody reads a search request (RFC 7644 section 3.4.3).
func (q *query) fromBody(body object) error {
	if err := checkMessage(body, urnSearch); err != nil {
		return err
	}
	q.start, q.count = 1, defaultCount
	var order string
	for name, into := range map[string]*string{"sortBy": &q.sortBy, "sortOrder": &order, "filter": &q.filterText, "cursor": &q.cursor} {
		v, given := body.get(name)
		text, ok := v.(string)
		if given && v != nil && !ok {
			return bad(typeInvalidValue, "%s must be a string.", name)
		}
		*into = text
		if name == "cursor" {
			q.byCursor = given && ok
		}
	}
	if _, given := body.get("filter"); given && q.filterText != "" {
		if err := q.parse(q.filterText); err != nil {
			return err
		}
	}
	for name, into := range map[string]*int{"startIndex": &q.start, "count": &q.count} {
		v, given := body.get(name)
		if !given || v == nil {
			continue
		}
		scimType := typeInvalidValue
		if name == "count" {
			scimType = q.countType()
		}
		n, err := integer(scimType, name, textOf(v))
		if err != nil {
			return err
		}
		*into = n
	}
	for name, into := range map[string]*[]string{"attributes": &q.attributes, "excludedAttributes": &q.without} {
		v, _ := body.get(name)
		switch v := v.(type) {
		case nil:
		case string:
			*into = words([]string{v})
		case []any:
			for _, item := range v {
				text, ok := item.(string)
				if !ok {
					return bad(typeInvalidValue, "%s must be a list of strings.", name)
				}
				*into = append(*into, words([]string{text})...)
			}
		default:
			return bad(typeInvalidValue, "%s must be a list of strings.", name)
		}
	}
	return q.finish(order)
}

// textOf is a JSON number, or a string that holds one, as text.
func textOf(v any) string {
	type stringer interface{ String() string }
	switch n := v.(type) {
	case string:
		return n
	case stringer:
		return n.String()
	}
	return ""
}

// words splits comma-separated lists.
func words(values []string) []string {
	var out []string
	for _, w := range strings.Split(strings.Join(values, ","), ",") {
		if w = strings.TrimSpace(w); w != "" {
			out = append(out, w)
		}
	}
	return out
}

var separating = regexp.MustCompile(`;[A-Za-z]+=`)

// parameterNames are the parameters that a request may have. Others are passed over.
var parameterNames = []string{"filter", "sortBy", "sortOrder", "startIndex", "count", "cursor", "attributes", "excludedAttributes"}

// parameters reads a query string. The names of parameters are taken in any case,
// like those of attributes: a filter that was passed over for a capital would
// answer with everybody. Lists of attributes may come in parts; of the others there
// is one each, so that nobody in between can have read another than we do.
// A semicolon may stand in a query as it is (RFC 3986 section 3.4), and many
// clients leave it so; net/url reads none. One that seems to separate parameters
// is refused: what follows may be a filter.
func parameters(u *url.URL) (url.Values, error) {
	sent, err := url.ParseQuery(strings.ReplaceAll(u.RawQuery, ";", "%3B"))
	if err != nil || separating.MatchString(u.RawQuery) {
		return nil, bad(typeInvalidSyntax, "The query string is not properly encoded.")
	}
	values := url.Values{}
	for name, v := range sent {
		for _, known := range parameterNames {
			if strings.EqualFold(name, known) {
				values[known] = append(values[known], v...)
			}
		}
	}
	for name, v := range values {
		if len(v) > 1 && name != "attributes" && name != "excludedAttributes" {
			return nil, bad(typeInvalidSyntax, "The parameter %s is there twice.", name)
		}
	}
	return values, nil
}

// integer reads a whole number of any length; the far ones mean "the furthest".
func integer(scimType, name, text string) (int, error) {
	digits := strings.TrimLeft(text, "+-")
	if digits == "" || len(text)-len(digits) > 1 || strings.Trim(digits, "0123456789") != "" {
		return 0, bad(scimType, "%s must be a whole number.", name)
	}
	n, _ := strconv.ParseInt(text, 10, 32) // out of range: the nearest in range
	return int(n), nil
}
