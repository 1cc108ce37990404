package scim

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// maxDepth bounds how deep objects and arrays of a body lie in each other.
const maxDepth = 32

// maxMembers bounds how many members an object has. Names are compared with each
// other, without regard to case.
const maxMembers = 1000

// object is a JSON object with its members in the order they came. Values are
// string, bool, json.Number, nil, object or []any.
type object []member

type member struct {
	name  string
	value any
}

// get finds a member by its name in any case (RFC 7643 section 2.1).
func (o object) get(name string) (any, bool) {
	for _, m := range o {
		if lower(m.name) == lower(name) {
			return m.value, true
		}
	}
	return nil, false
}

// decodeObject reads a body that must be one JSON object in UTF-8 and nothing
// after it. Two names that SCIM takes for the same attribute are refused, so
// that nobody in between can have read another value than we do.
func decodeObject(raw []byte) (object, error) {
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(raw) {
		return nil, bad(typeInvalidSyntax, "The body is not UTF-8.")
	}
	if !json.Valid(raw) {
		return nil, bad(typeInvalidSyntax, "The body is not valid JSON.")
	}
	d := &decoder{json: json.NewDecoder(bytes.NewReader(raw))}
	d.json.UseNumber()
	v, err := d.value(0)
	if err != nil {
		return nil, err
	}
	o, ok := v.(object)
	if !ok {
		return nil, bad(typeInvalidSyntax, "The body is not a JSON object.")
	}
	return o, nil
}

// decoder builds the tree of a document that is known to be valid.
type decoder struct{ json *json.Decoder }

func (d *decoder) value(depth int) (any, error) {
	token, err := d.json.Token()
	if err != nil {
		return nil, err
	}
	delim, ok := token.(json.Delim)
	if !ok {
		return token, nil
	}
	if depth == maxDepth {
		return nil, bad(typeInvalidSyntax, "The body is nested deeper than %d.", maxDepth)
	}
	if delim == '[' {
		return d.array(depth)
	}
	return d.object(depth)
}

func (d *decoder) array(depth int) (any, error) {
	list := []any{}
	for d.json.More() {
		v, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	_, err := d.json.Token()
	return list, err
}

func (d *decoder) object(depth int) (any, error) {
	o, seen := object{}, map[string]bool{}
	for d.json.More() {
		token, err := d.json.Token()
		if err != nil {
			return nil, err
		}
		if len(o) == maxMembers {
			return nil, bad(typeInvalidSyntax, "An object has more than %d members.", maxMembers)
		}
		name, _ := token.(string)
		if seen[lower(name)] {
			return nil, bad(typeInvalidSyntax, "An object has the same attribute twice; case makes no difference.")
		}
		seen[lower(name)] = true
		v, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		o = append(o, member{name: name, value: v})
	}
	_, err := d.json.Token()
	return o, err
}
