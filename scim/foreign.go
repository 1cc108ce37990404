package scim

import (
	"encoding/json"
	"maps"
	"strings"
)

// Attributes that no RFC describes are kept as they were sent and returned under
// the same names, and that is all: no column, no rule, no filter and no role
// reads them. They live beside the known ones in a document, as foreign values,
// so that a name can be either known or foreign and never both.

// kindForeign is the type of an attribute that is not in schema.go. Its value
// may be anything that JSON can say.
const kindForeign kind = "foreign"

// Bounds of what is kept of them.
const (
	maxForeign      = 32 << 10 // bytes of JSON, of one resource together
	maxForeignDepth = 10
	maxForeignName  = 256 // bytes
	maxForeignList  = 1000
	maxNames        = 500 // of them and of extensions, in a resource or in an extension
)

// foreign is a value of which nothing is known: a map[string]any, []any, string,
// json.Number or bool.
type foreign struct{ value any }

// MarshalJSON writes the value alone. Numbers keep their digits.
func (f foreign) MarshalJSON() ([]byte, error) { return json.Marshal(f.value) }

// foreignName reports whether something of this name may be kept. What could
// hold a secret is passed over like "password" itself.
func foreignName(name string) bool {
	if len(name) > maxForeignName || !attrName(name) {
		return false
	}
	name = lower(name)
	switch name {
	case "schemas", "id", "meta":
		return false // of every resource, never of an extension
	}
	for _, word := range []string{"password", "passwd", "passphrase", "secret"} {
		if strings.Contains(name, word) {
			return false
		}
	}
	return true
}

// foreignURN reports whether an extension of this name may be kept: not one of
// SCIM's own schemas and messages, which mean something else.
func foreignURN(urn string) bool {
	l := lower(urn)
	if !strings.HasPrefix(urn, "urn:") && !strings.HasPrefix(urn, "URN:") || strings.Count(urn, ":") < 2 || len(urn) > maxForeignName || strings.Trim(l, urnCharacters) != "" {
		return false
	}
	return !strings.HasPrefix(l, "urn:ietf:params:scim:schemas:core:") && !strings.HasPrefix(l, "urn:ietf:params:scim:api:") && l != lower(urnEnterprise)
}

// urnCharacters are those that need no escape in JSON or in a path (RFC 8141
// section 2 allows more, which no schema uses).
const urnCharacters = "abcdefghijklmnopqrstuvwxyz0123456789:.-_/"

// spelled is the name under which d has the attribute already, in any case, or
// the name as it was sent.
func (d document) spelled(name string) string {
	if _, ok := d[name]; ok {
		return name
	}
	for have := range d {
		if len(have) == len(name) && strings.EqualFold(have, name) && lower(have) == lower(name) {
			return have
		}
	}
	return name
}

// foreignAttribute describes an attribute that was not known before it came.
func foreignAttribute(name string) *attribute { return &attribute{name: name, kind: kindForeign} }

// resolve is resourceType.resolve for a resource that may have foreign
// attributes. value helps where a URN could be an extension's or an attribute's.
func (d document) resolve(r *resourceType, p attrPath, value any) target {
	t := r.resolve(p)
	if t.found() {
		return t
	}
	if p.uri == "" || lower(p.uri) == lower(r.urn) {
		if attr := find(r.attributes, p.name); attr != nil {
			return target{attr: attr, sub: foreignSub(p.sub)}.complete(p)
		}
		return foreignTarget(nil, d, p)
	}
	if ext := r.extensionIn(p.uri); ext != nil {
		if attr := find(ext.attributes, p.name); attr != nil {
			return target{ext: ext, attr: attr, sub: foreignSub(p.sub)}.complete(p)
		}
		return foreignTarget(ext, d.complex(ext.urn), p)
	}
	whole := p.uri + ":" + p.name
	_, isWhole := d[d.spelled(whole)]
	_, isExtension := d[d.spelled(p.uri)]
	_, isObject := value.(object)
	switch {
	case p.sub == "" && foreignURN(whole) && (isWhole || !isExtension && (isObject || endsInVersion(p.uri))):
		return target{ext: &extension{urn: d.spelled(whole), name: "The extension"}}
	case foreignURN(p.uri):
		ext := &extension{urn: d.spelled(p.uri), name: "The extension"}
		return foreignTarget(ext, d.complex(ext.urn), p)
	}
	return target{}
}

// complete is the target, or none if a sub-attribute that was asked for cannot be kept.
func (t target) complete(p attrPath) target {
	if p.sub != "" && (t.sub == nil || t.attr.kind != kindComplex || t.attr.readOnly) {
		return target{}
	}
	return t
}

func foreignSub(name string) *attribute {
	if !foreignName(name) {
		return nil
	}
	return foreignAttribute(name)
}

func foreignTarget(ext *extension, in document, p attrPath) target {
	if !foreignName(p.name) || p.sub != "" && !foreignName(p.sub) {
		return target{}
	}
	t := target{ext: ext, attr: foreignAttribute(in.spelled(p.name))}
	if p.sub != "" {
		t.sub = foreignAttribute(p.sub)
	}
	return t
}

// endsInVersion reports whether a URN's last part is a version such as 2.0; what
// follows it names a resource, as in urn:example:2.0:User.
func endsInVersion(urn string) bool {
	last := urn[strings.LastIndexByte(urn, ':')+1:]
	return last != "" && strings.Trim(last, "0123456789.") == ""
}

// cleanForeign brings a value into the form of a document; nil is unassigned.
func cleanForeign(label string, v any) (any, error) {
	tree, err := plainTree(label, v, 0)
	if err != nil || tree == nil {
		return nil, err
	}
	if list, ok := tree.([]any); ok && len(list) == 0 {
		return nil, nil // RFC 7643 section 2.5
	}
	return foreign{tree}, nil
}

// plainTree copies a body's tree without names that could hold a secret.
func plainTree(label string, v any, depth int) (any, error) {
	if depth > maxForeignDepth {
		return nil, bad(typeInvalidValue, "%s is nested deeper than %d.", label, maxForeignDepth)
	}
	switch v := v.(type) {
	case string:
		if strings.ContainsRune(v, 0) {
			return nil, bad(typeInvalidValue, "%s holds a NUL character.", label)
		}
		return v, nil
	case object:
		out := make(map[string]any, len(v))
		for _, m := range v {
			if m.value == nil || !safeKey(m.name) {
				continue
			}
			value, err := plainTree(label, m.value, depth+1)
			if err != nil {
				return nil, err
			}
			out[m.name] = value
		}
		return out, nil
	case []any:
		if len(v) > maxForeignList {
			return nil, tooMany(label, maxForeignList)
		}
		out := make([]any, 0, len(v))
		for _, item := range v {
			value, err := plainTree(label, item, depth+1)
			if err != nil {
				return nil, err
			}
			out = append(out, value)
		}
		return out, nil
	}
	return v, nil // json.Number, bool, null in a list
}

// safeKey reports whether a name inside of a foreign value is kept.
func safeKey(name string) bool {
	if len(name) > maxForeignName || strings.ContainsRune(name, 0) {
		return false
	}
	return !attrName(name) || foreignName(name) || lower(name) == "id" || lower(name) == "schemas" || lower(name) == "meta"
}

// checkForeign refuses a document with more than may be kept.
func checkForeign(d document) error {
	if foreignSize(d) > maxForeign {
		return bad(typeInvalidValue, "Attributes that no schema describes may have %d bytes together.", maxForeign)
	}
	return nil
}

// foreignSize is how many bytes the foreign values of a document take, and the
// URNs of its foreign extensions.
func foreignSize(d document) int {
	size := 0
	for name, value := range d {
		switch v := value.(type) {
		case foreign:
			text, _ := json.Marshal(v) // a tree that came out of JSON goes into it
			size += len(name) + len(text)
		case document:
			size += foreignSize(v)
		case []document:
			for _, el := range v {
				size += foreignSize(el)
			}
		}
	}
	return size
}

// applyForeign carries out an operation on a foreign attribute of d.
func (d document) applyForeign(o operation, attr, sub *attribute) error {
	var have any
	if f, ok := d[attr.name].(foreign); ok {
		have = f.value
	}
	value, err := cleanForeign(attr.name, o.value)
	if err != nil {
		return err
	}
	if _, known := d[attr.name]; !known && d.full() {
		return tooManyNames()
	}
	c := foreignChange{op: o.op, name: attr.name}
	if f, ok := value.(foreign); ok {
		c.value = f.value
	}
	if sub != nil {
		c.sub = sub.name
	}
	if o.path != nil {
		c.filter = o.path.filter
	}
	next, err := c.of(have)
	if err != nil {
		return err
	}
	if list, ok := next.([]any); next == nil || ok && len(list) == 0 {
		delete(d, attr.name)
		return nil
	}
	d[attr.name] = foreign{next}
	return nil
}

// full reports whether d has as many foreign attributes and extensions as it may.
func (d document) full() bool {
	n := 0
	for name, value := range d {
		if _, ok := value.(foreign); ok || strings.Contains(name, ":") {
			n++
		}
	}
	return n >= maxNames
}

func tooManyNames() error {
	return bad(typeInvalidValue, "There are more than %d attributes that no schema describes.", maxNames)
}

// foreignChange is an operation on a foreign value.
type foreignChange struct {
	op, name, sub string
	filter        expr
	value         any
}

func (c foreignChange) of(have any) (any, error) {
	switch {
	case c.filter != nil:
		return c.selected(have)
	case c.sub != "":
		return c.member(have)
	case c.op == opRemove && c.value != nil:
		list, ok := have.([]any)
		if !ok {
			return nil, nil
		}
		unwanted, ok := c.value.([]any)
		if !ok {
			unwanted = []any{c.value}
		}
		gone := set(unwanted)
		var kept []any
		for _, el := range list {
			if !gone[jsonOf(el)] {
				kept = append(kept, el)
			}
		}
		return kept, nil
	case c.op == opRemove:
		return nil, nil
	case c.value == nil && c.op == opAdd:
		return have, nil
	}
	more, isMap := c.value.(map[string]any)
	if base, ok := have.(map[string]any); ok && isMap {
		return mergedTree(base, more)
	}
	list, isList := have.([]any)
	if !isList || c.op != opAdd {
		return c.value, nil
	}
	added, ok := c.value.([]any)
	if !ok {
		added = []any{c.value}
	}
	out, known := append([]any{}, list...), set(list)
	for _, el := range added {
		if text := jsonOf(el); !known[text] {
			known[text] = true
			out = append(out, el)
		}
	}
	if len(out) > maxForeignList {
		return nil, tooMany(c.name, maxForeignList)
	}
	return out, nil
}

// set is the texts of a list's elements.
func set(list []any) map[string]bool {
	out := make(map[string]bool, len(list))
	for _, el := range list {
		out[jsonOf(el)] = true
	}
	return out
}

// jsonOf is the JSON of a tree that came out of JSON, the same for the same tree.
func jsonOf(tree any) string {
	text, _ := json.Marshal(tree)
	return string(text)
}

// mergedTree is base with the members of over, whose names may be spelled in
// other capitals.
func mergedTree(base, over map[string]any) (map[string]any, error) {
	out := maps.Clone(base)
	for k, v := range over {
		out[memberOf(out, k)] = v
		if len(out) > maxMembers {
			return nil, tooManyNames()
		}
	}
	return out, nil
}

// memberOf is the name that an object has already, in any case, or the name itself.
func memberOf(o map[string]any, name string) string { return document(o).spelled(name) }

// member changes one member of an object, or of every object of a list.
func (c foreignChange) member(have any) (any, error) {
	switch h := have.(type) {
	case nil, map[string]any:
		out := map[string]any{}
		if base, ok := h.(map[string]any); ok {
			out = maps.Clone(base)
		}
		name := memberOf(out, c.sub)
		if c.op == opRemove || c.value == nil {
			delete(out, name)
		} else {
			out[name] = c.value
		}
		switch {
		case len(out) == 0:
			return nil, nil
		case len(out) > maxMembers:
			return nil, tooManyNames()
		}
		return out, nil
	case []any:
		out := make([]any, 0, len(h))
		for _, el := range h {
			if _, ok := el.(map[string]any); ok {
				var err error
				if el, err = c.member(el); err != nil {
					return nil, err
				}
			}
			if el != nil {
				out = append(out, el)
			}
		}
		return out, nil
	}
	if c.op == opRemove {
		return have, nil
	}
	return nil, bad(typeInvalidPath, "%s has no parts.", c.name)
}

// selected changes the elements that a filter selects.
func (c foreignChange) selected(have any) (any, error) {
	list, ok := have.([]any)
	if one, isMap := have.(map[string]any); isMap {
		list, ok = []any{one}, true
	}
	if have != nil && !ok {
		return nil, bad(typeInvalidPath, "%s is not multi-valued, so it takes no filter.", c.name)
	}
	inner := foreignChange{op: c.op, name: c.name, sub: c.sub, value: c.value}
	found := false
	out := make([]any, 0, len(list))
	for _, el := range list {
		o, ok := el.(map[string]any)
		if !ok || !matchesTree(c.filter, o) {
			out = append(out, el)
			continue
		}
		found = true
		switch {
		case c.op == opReplace && c.sub == "":
			el = c.value
		default:
			var err error
			if el, err = inner.of(el); err != nil {
				return nil, err
			}
		}
		if el != nil {
			out = append(out, el)
		}
	}
	switch {
	case found || c.op == opRemove:
		return out, nil
	case len(out) >= maxForeignList:
		return nil, tooMany(c.name, maxForeignList)
	}
	one, ok := c.filter.(comparison)
	if !ok || one.op != opEqual || one.value == nil || one.path.sub != "" || one.path.uri != "" || !foreignName(one.path.name) {
		return nil, bad(typeNoTarget, "No value of %s matches the filter.", c.name)
	}
	el, err := inner.of(map[string]any{one.path.name: one.value})
	return append(out, el), err
}

// matchesTree evaluates the filter of a value path on a foreign object.
func matchesTree(e expr, o map[string]any) bool {
	a, el := attribute{}, document{}
	for name, value := range o {
		a.sub = append(a.sub, attribute{name: name, kind: kindString})
		if n, ok := value.(json.Number); ok {
			value = n.String()
		}
		el[name] = value
	}
	return matches(e, &a, el)
}
