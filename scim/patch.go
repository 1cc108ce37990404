package scim

import "strings"

// Bounds of one PATCH: its operations, and the attributes that the values of all
// of them name.
const (
	maxOperations = 1000
	maxAssigned   = 2000
)

// The operations of RFC 7644 section 3.5.2.
const (
	opAdd     = "add"
	opReplace = "replace"
	opRemove  = "remove"
)

// operation is one element of "Operations".
type operation struct {
	op    string
	path  *patchPath // nil when there is none
	value any
	given bool // whether there was a value, null included
}

// readPatch reads the body of a PATCH. Nothing is applied until all of it is
// understood.
func readPatch(body object) ([]operation, error) {
	if err := checkMessage(body, urnPatch); err != nil {
		return nil, err
	}
	v, _ := body.get("Operations")
	list, ok := v.([]any)
	switch {
	case !ok || len(list) == 0:
		return nil, bad(typeInvalidSyntax, "Operations must be a list with at least one operation.")
	case len(list) > maxOperations:
		return nil, bad(typeInvalidValue, "Operations has more than %d elements.", maxOperations)
	}
	ops := make([]operation, 0, len(list))
	assigned := 0
	for _, item := range list {
		o, ok := item.(object)
		if !ok {
			return nil, bad(typeInvalidSyntax, "An operation must be an object.")
		}
		op, err := readOperation(o)
		if err != nil {
			return nil, err
		}
		if assigned += assignments(op.value); assigned > maxAssigned {
			return nil, bad(typeInvalidValue, "The operations name more than %d attributes.", maxAssigned)
		}
		ops = append(ops, op)
	}
	return ops, nil
}

// assignments counts the attributes that a value names, and the parts of those
// that are objects. Elements of lists have bounds of their own.
func assignments(value any) int {
	o, _ := value.(object)
	n := len(o)
	for _, m := range o {
		inner, _ := m.value.(object)
		n += len(inner)
	}
	return n
}

func readOperation(o object) (operation, error) {
	var out operation
	v, _ := o.get("op")
	word, _ := v.(string)
	switch out.op = lower(word); out.op {
	case opAdd, opReplace, opRemove:
	default:
		return out, bad(typeInvalidSyntax, "op must be add, replace or remove.")
	}
	out.value, out.given = o.get("value")
	v, _ = o.get("path")
	switch path, ok := v.(string); {
	case v == nil, ok && strings.TrimSpace(path) == "":
	case !ok:
		return out, bad(typeInvalidPath, "path must be a string.")
	default:
		parsed, err := parsePath(path)
		if err != nil {
			return out, err
		}
		out.path = &parsed
	}
	switch {
	case out.op == opRemove && out.path == nil:
		return out, bad(typeNoTarget, "remove needs a path.")
	case out.op != opRemove && !out.given:
		return out, bad(typeInvalidValue, "%s needs a value.", out.op)
	}
	return out, nil
}

// patch applies the operations in order. After an error d is half changed and
// must be thrown away.
func (d document) patch(r *resourceType, ops []operation) error {
	for _, o := range ops {
		if o.path == nil {
			values, ok := o.value.(object)
			if !ok {
				return bad(typeInvalidValue, "An operation without a path needs an object as its value.")
			}
			if err := d.assign(r, o.op, values); err != nil {
				return err
			}
			continue
		}
		if _, foreign := d[d.spelled(o.path.attr.name)]; !foreign {
			o.path = &patchPath{attr: r.qualified(o.path.attr), filter: o.path.filter}
		}
		if err := d.apply(r, o); err != nil {
			return err
		}
	}
	return nil
}

// assign adds or replaces every attribute of values. Its keys may be names,
// dotted names, URNs or value paths; what is not kept or read-only is passed over.
func (d document) assign(r *resourceType, op string, values object) error {
	for _, m := range values {
		if nested, ok := m.value.(object); ok && lower(m.name) == lower(r.urn) {
			if err := d.assign(r, op, nested); err != nil {
				return err
			}
			continue
		}
		path, err := parsePath(m.name)
		if err != nil {
			continue
		}
		t := d.resolve(r, path.attr, m.value)
		if err := sameID(t, m.value, d.text("id")); err != nil {
			return err
		}
		if !t.found() || t.attr != nil && t.attr.readOnly {
			continue
		}
		if err := d.apply(r, operation{op: op, path: &path, value: m.value, given: true}); err != nil {
			return err
		}
	}
	return nil
}

// sameID refuses a value without a path that is meant for another resource. id is
// "" where there is no resource yet. Other read-only attributes are passed over.
func sameID(t target, value any, id string) error {
	if t.attr != nil && t.attr.name == "id" && id != "" && value != nil && value != id {
		return bad(typeMutability, "id is read-only.")
	}
	return nil
}

// apply carries out one operation that has a path.
func (d document) apply(r *resourceType, o operation) error {
	t := d.resolve(r, o.path.attr, o.value)
	switch {
	case !t.found():
		return notKept(r, o.path.attr)
	case o.path.filter != nil && t.attr == nil:
		return bad(typeInvalidPath, "%s is not multi-valued, so it takes no filter.", t.ext.name)
	case t.ext == nil:
		return d.applyTo(o, t.attr, t.sub)
	}
	inner := d.complex(t.ext.urn)
	if inner == nil {
		if d.full() {
			return tooManyNames()
		}
		inner = document{}
	}
	var err error
	if t.attr != nil {
		err = inner.applyTo(o, t.attr, t.sub)
	} else {
		inner, err = applyExtension(o, t.ext, inner)
	}
	if err != nil {
		return err
	}
	if len(inner) == 0 {
		delete(d, t.ext.urn)
		return nil
	}
	d[t.ext.urn] = inner
	return nil
}

// notKept is what becomes of an operation on a path of nothing that is kept: it is
// passed over, unless the path goes into an attribute that has no inside.
func notKept(r *resourceType, p attrPath) error {
	if p.sub != "" && r.resolve(attrPath{uri: p.uri, name: p.name}).attr != nil {
		return bad(typeInvalidPath, "%s has no sub-attribute %s.", p.name, p.sub)
	}
	return nil
}

// applyExtension works on an extension as a whole. Its attributes that are not
// named stay, as those of a complex attribute do.
func applyExtension(o operation, ext *extension, inner document) (document, error) {
	if o.op == opRemove || o.value == nil {
		if o.op == opAdd {
			return inner, nil
		}
		return document{}, nil
	}
	values, ok := o.value.(object)
	if !ok {
		return nil, bad(typeInvalidValue, "%s must be an object.", ext.name)
	}
	for _, m := range values {
		path, ok := parseAttrPath(m.name)
		attr := find(ext.attributes, path.name)
		if attr == nil && foreignName(path.name) {
			attr = foreignAttribute(inner.spelled(path.name))
		}
		if !ok || path.uri != "" || attr == nil {
			continue
		}
		var sub *attribute
		if path.sub != "" {
			if sub = find(attr.sub, path.sub); sub == nil {
				sub = foreignSub(path.sub)
			}
			if sub == nil || attr.kind != kindComplex && attr.kind != kindForeign {
				continue
			}
		}
		err := inner.applyTo(operation{op: o.op, path: &patchPath{attr: path}, value: m.value, given: true}, attr, sub)
		if err != nil {
			return nil, err
		}
	}
	return inner, nil
}

// applyTo carries out an operation on an attribute of d, which is the resource
// itself or what it has of an extension.
func (d document) applyTo(o operation, attr, sub *attribute) error {
	switch {
	case attr.readOnly || sub != nil && sub.readOnly:
		if attr.name == "id" && o.op != opRemove && o.value == d["id"] {
			return nil
		}
		return bad(typeMutability, "%s is read-only.", attr.name)
	case attr.writeOnly:
		_, err := clean(attr, attr.name, o.value)
		return err // and that is all that becomes of it
	case attr.kind == kindForeign:
		return d.applyForeign(o, attr, sub)
	case o.path.filter != nil && !attr.many:
		return bad(typeInvalidPath, "%s is not multi-valued, so it takes no filter.", attr.name)
	case o.path.filter != nil:
		if _, err := inside(attr, o.path.filter); err != nil {
			return err
		}
		test := func(el document) bool { return matches(o.path.filter, attr, el) }
		var fresh document
		if sub != nil { // a part of an element may be assigned before there is one
			fresh = wanted(o.path.filter, attr)
		}
		return d.applySelected(o, attr, sub, test, fresh)
	case sub != nil && attr.many: // of every element, or of the first one to come
		return d.applySelected(o, attr, sub, func(document) bool { return true }, document{})
	case sub != nil:
		d.forget(attr, sub.name, o.value)
		return d.applySub(o, attr, sub)
	case o.op == opRemove:
		return d.remove(o, attr)
	case attr.kind == kindComplex && !attr.many && o.value != nil:
		return d.applySubs(o, attr)
	}
	value, err := clean(attr, attr.name, o.value)
	switch {
	case err != nil:
		return err
	case value == nil && o.op == opAdd:
		return nil
	case value == nil && attr.required:
		return bad(typeInvalidValue, "%s is required.", attr.name)
	case value == nil:
		delete(d, attr.name)
	case attr.many && o.op == opAdd:
		return d.append(attr, value.([]document))
	default:
		d[attr.name] = value
	}
	return nil
}

// applySubs adds or replaces the sub-attributes that are named. The others of a
// complex attribute stay (RFC 7644 section 3.5.2.3).
func (d document) applySubs(o operation, attr *attribute) error {
	values, ok := asObject(attr, o.value)
	if !ok {
		return bad(typeInvalidValue, "%s must be an object.", attr.name)
	}
	for _, m := range values {
		d.forget(attr, m.name, m.value)
	}
	for _, m := range values {
		sub := find(attr.sub, m.name)
		if sub == nil {
			sub = foreignSub(m.name)
		}
		if sub == nil || sub.readOnly {
			continue
		}
		if err := d.applySub(operation{op: o.op, value: m.value}, attr, sub); err != nil {
			return err
		}
	}
	return nil
}

// forget drops the address of a manager before another one's id comes.
func (d document) forget(attr *attribute, sub string, value any) {
	if have := d.complex(attr.name); attr.bare && lower(sub) == "value" && have["$ref"] != nil && have["value"] != value {
		have = merged(have, nil)
		delete(have, "$ref")
		d[attr.name] = have
	}
}

// merged is base with the sub-attributes of over.
func merged(base, over document) document {
	out := document{}
	for k, v := range base {
		out[k] = v
	}
	for k, v := range over {
		out[k] = v
	}
	return out
}

// applySub works on a sub-attribute of a single complex attribute.
func (d document) applySub(o operation, attr, sub *attribute) error {
	value, err := subValue(o, attr, sub)
	if err != nil || value == nil && o.op == opAdd {
		return err
	}
	c := merged(d.complex(attr.name), nil)
	put(c, sub, value)
	if len(c) == 0 {
		delete(d, attr.name)
		return nil
	}
	d[attr.name] = c
	return c.checkParts(attr.name)
}

// subValue is the cleaned value for a sub-attribute, nil to take it away.
func subValue(o operation, attr, sub *attribute) (any, error) {
	if o.op == opRemove {
		return nil, nil
	}
	return clean(sub, attr.name+"."+sub.name, o.value)
}

func put(c document, sub *attribute, value any) {
	name := sub.name
	if sub.kind == kindForeign {
		name = c.spelled(name)
	}
	if value == nil {
		delete(c, name)
		return
	}
	c[name] = value
}
