package scim

import (
	"bytes"
	"encoding/json"
	"strconv"
	"unicode/utf8"
)

// Bounds of a body: how deep objects and arrays lie in each other, and how many
// members one object has. Names are compared in pairs here and there, which must
// not become work without end.
const (
	maxDepth   = 32
	maxMembers = 1000
)

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
	if halfPair(raw) {
		return nil, bad(typeInvalidSyntax, "The body holds one half of a surrogate pair, which is no character.")
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
		name, _ := token.(string)
		if seen[lower(name)] {
			return nil, bad(typeInvalidSyntax, "An object has the same attribute twice; case makes no difference.")
		}
		seen[lower(name)] = true
		if len(o) == maxMembers {
			return nil, bad(typeInvalidValue, "An object has more than %d members.", maxMembers)
		}
		v, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		o = append(o, member{name: name, value: v})
	}
	_, err := d.json.Token()
	return o, err
}

// halfPair reports whether valid JSON escapes one half of a surrogate pair
// without the other. encoding/json would put another character in its place, and
// two different names would become one (RFC 8259 section 8.2).
func halfPair(raw []byte) bool {
	half := func(at int, from, to uint64) bool {
		if at+6 > len(raw) || raw[at] != '\\' || raw[at+1] != 'u' {
			return false
		}
		unit, err := strconv.ParseUint(string(raw[at+2:at+6]), 16, 16)
		return err == nil && unit >= from && unit <= to
	}
	for i := bytes.IndexByte(raw, '\\'); i >= 0 && i < len(raw); i++ {
		switch {
		case raw[i] != '\\':
		case half(i, 0xd800, 0xdbff) && half(i+6, 0xdc00, 0xdfff):
			i += 11
		case half(i, 0xd800, 0xdfff):
			return true
		default:
			i++ // what is escaped
		}
	}
	return false
}
