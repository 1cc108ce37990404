package scim

import (
	"net/http"
	"slices"
	"strings"
)

// Quirks that are tolerated. Their names are shown to admins.
const (
	quirkOpCase       = "operation in capitals"
	quirkBoolean      = "string boolean"
	quirkRemoveList   = "remove with value list"
	quirkDottedKey    = "path as key"
	quirkManager      = "manager as string"
	quirkUnknownURN   = "unknown schema URN"
	quirkUnknown      = "unknown attribute"
	quirkOwnID        = "id in value"
	quirkPassword     = "password sent"
	quirkSingle       = "single value for a list"
	quirkList         = "list for a single value"
	quirkNoSchemas    = "message without schemas"
	quirkNoType       = "no content type"
	quirkFilledType   = "content type of the client's library"
	quirkPath         = "surplus slash"
	quirkEndpointCase = "endpoint in other case"
	quirkNoQuotes     = "string without quotes"
	quirkNobody       = "member that is no id"
)

// quirks lists what a request did that another server might refuse.
func quirks(r *http.Request, rest []string, body object) []string {
	found := map[string]bool{}
	if strings.HasSuffix(r.URL.Path, "/") || strings.Contains(r.URL.Path, "//") {
		found[quirkPath] = true
	}
	if len(rest) > 0 && (lower(rest[0]) == "users" && rest[0] != "Users" || lower(rest[0]) == "groups" && rest[0] != "Groups") {
		found[quirkEndpointCase] = true
	}
	filter := ""
	if r.Method == http.MethodGet && strings.Contains(r.URL.RawQuery, "filter=") {
		filter = r.URL.Query().Get("filter")
	}
	if body != nil {
		switch sent := r.Header.Get("Content-Type"); {
		case sent == "":
			found[quirkNoType] = true
		case slices.Contains(filledIn, sent):
			found[quirkFilledType] = true
		}
	}
	if _, says := body.get("schemas"); !says && r.Method == http.MethodPatch && body != nil { // as authentik writes a group's new name
		found[quirkNoSchemas] = true
	}
	switch {
	case len(rest) > 0 && lower(rest[0]) == "bulk":
		for _, o := range elements(body, "Operations") {
			if op := readBulkOperation(o); op.err == nil {
				bodyQuirks(op.method, op.rest, op.data, found)
			}
		}
	case len(rest) > 0 && rest[len(rest)-1] == ".search":
		v, _ := body.get("filter")
		filter, _ = v.(string)
	default:
		bodyQuirks(r.Method, rest, body, found)
	}
	if filter != "" && lacksQuotes(filter) {
		found[quirkNoQuotes] = true
	}
	out := []string{}
	for q := range found {
		out = append(out, q)
	}
	slices.Sort(out)
	return out
}

// bodyQuirks adds those of a body, which for bulk is that of one operation.
func bodyQuirks(method string, rest []string, body object, found map[string]bool) {
	t := userType
	if len(rest) > 0 && lower(rest[0]) == "groups" {
		t = groupType
	}
	switch method {
	case http.MethodPatch:
		for _, o := range elements(body, "Operations") {
			operationQuirks(t, o, found)
		}
	case http.MethodPost, http.MethodPut:
		valueQuirks(t, body, found)
	}
}

// elements are the objects in a list of a body.
func elements(body object, name string) []object {
	v, _ := body.get(name)
	items, _ := v.([]any)
	var out []object
	for _, item := range items {
		if o, ok := item.(object); ok {
			out = append(out, o)
		}
	}
	return out
}

func operationQuirks(t *resourceType, o object, found map[string]bool) {
	v, _ := o.get("op")
	op, _ := v.(string)
	if op != lower(op) {
		found[quirkOpCase] = true
	}
	value, _ := o.get("value")
	v, _ = o.get("path")
	text, _ := v.(string)
	if text == "" {
		if values, ok := value.(object); ok {
			for _, m := range values {
				if strings.ContainsAny(m.name, ".[:") && lower(m.name) != lower(t.urn) {
					found[quirkDottedKey] = true
				}
				if lower(m.name) == "id" {
					found[quirkOwnID] = true
				}
			}
			valueQuirks(t, values, found)
		}
		return
	}
	path, err := parsePath(text)
	if err != nil {
		return
	}
	to := t.resolve(path.attr)
	switch _, isList := value.([]any); {
	case isList && lower(op) == opRemove:
		found[quirkRemoveList] = true
	case isList && path.filter != nil:
		found[quirkList] = true
	}
	if to.attr != nil && to.attr.name == "members" && noID(value) {
		found[quirkNobody] = true
	}
	attributeQuirks(to, value, found)
}

func valueQuirks(t *resourceType, values object, found map[string]bool) {
	for _, m := range values {
		if lower(m.name) == "schemas" {
			schemaQuirks(t, m.value, found)
			continue
		}
		if nested, ok := m.value.(object); ok && lower(m.name) == lower(t.urn) {
			valueQuirks(t, nested, found)
			continue
		}
		path, err := parsePath(m.name)
		if err != nil {
			found[quirkUnknown] = true
			continue
		}
		to := t.resolve(path.attr)
		if nested, ok := m.value.(object); ok && to.ext != nil && to.attr == nil {
			for _, x := range nested {
				attributeQuirks(target{ext: to.ext, attr: find(to.ext.attributes, x.name)}, x.value, found)
			}
			continue
		}
		attributeQuirks(to, m.value, found)
	}
}

func schemaQuirks(t *resourceType, v any, found map[string]bool) {
	list, _ := v.([]any)
	for _, item := range list {
		urn, _ := item.(string)
		known := lower(urn) == lower(t.urn)
		for _, e := range t.extensions {
			known = known || lower(urn) == lower(e.urn)
		}
		if !known && !strings.Contains(lower(urn), ":messages:") {
			found[quirkUnknownURN] = true
		}
	}
}

func attributeQuirks(to target, value any, found map[string]bool) {
	a := to.attr
	if to.sub != nil {
		a = to.sub
	}
	switch {
	case a == nil && to.ext == nil:
		found[quirkUnknown] = true
		return
	case a == nil:
		return
	case a.writeOnly:
		found[quirkPassword] = true
	}
	switch v := value.(type) {
	case string:
		if a.kind == kindBoolean {
			found[quirkBoolean] = true
		}
		if a.bare {
			found[quirkManager] = true
		}
		if a.many {
			found[quirkSingle] = true
		}
	case object:
		if a.many {
			found[quirkSingle] = true
		}
		for _, m := range v {
			if sub := find(a.sub, m.name); sub != nil {
				attributeQuirks(target{attr: sub}, m.value, found)
			}
		}
	case []any:
		for _, item := range v {
			if o, ok := item.(object); ok {
				for _, m := range o {
					if sub := find(a.sub, m.name); sub != nil {
						attributeQuirks(target{attr: sub}, m.value, found)
					}
				}
			}
		}
	}
}
