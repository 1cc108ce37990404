package scim

import (
	"reflect"
	"strings"
	"unicode/utf8"
)

// Bounds of what is kept.
const (
	maxText   = 4 << 10  // characters of one string
	maxBinary = 64 << 10 // characters of one certificate
	maxValues = 100      // elements of a multi-valued attribute
)

// document is a resource as SCIM sees it, by the canonical names of schema.go.
// Values are string, bool, document for a complex attribute, []document for a
// multi-valued one and foreign for what is not in schema.go. What is unassigned is not there: null, [] and "" mean the
// same as absence (RFC 7643 section 2.5).
type document map[string]any

func (d document) text(name string) string {
	s, _ := d[name].(string)
	return s
}

func (d document) flag(name string) bool {
	b, _ := d[name].(bool)
	return b
}

func (d document) complex(name string) document {
	c, _ := d[name].(document)
	return c
}

func (d document) list(name string) []document {
	l, _ := d[name].([]document)
	return l
}

// readResource turns the body of a POST or PUT into a document.
func readResource(body object) (document, error) {
	if err := checkSchemas(body); err != nil {
		return nil, err
	}
	d := document{}
	if err := d.assign(userType, opReplace, body); err != nil {
		return nil, err
	}
	if strings.TrimSpace(d.text("userName")) == "" {
		return nil, bad(typeInvalidValue, "userName is required.")
	}
	return d, nil
}

// checkSchemas accepts any list of URNs, and none: version 1.1 and extensions
// occur in bodies that are otherwise fine.
func checkSchemas(body object) error {
	v, _ := body.get("schemas")
	list, ok := v.([]any)
	if !ok && v != nil {
		return bad(typeInvalidValue, "schemas must be a list of strings.")
	}
	for _, urn := range list {
		if _, ok := urn.(string); !ok {
			return bad(typeInvalidValue, "schemas must be a list of strings.")
		}
	}
	return nil
}

// clean checks a value against its attribute's type and brings it into the
// form of a document; nil means unassigned. Unknown sub-attributes are foreign.
func clean(a *attribute, label string, v any) (any, error) {
	switch {
	case v == nil:
		return nil, nil
	case a.kind == kindForeign:
		return cleanForeign(label, v)
	case a.many:
		return cleanList(a, label, v)
	case a.kind == kindComplex:
		return cleanComplex(a, label, v)
	case a.kind == kindBoolean:
		return cleanBoolean(label, v)
	default:
		if a.kind == kindBinary {
			return cleanBinary(label, v)
		}
		return cleanText(label, v, maxText)
	}
}

// cleanBinary takes base64 in either alphabet, with and without padding and line
// breaks (RFC 7643 section 2.3.6).
func cleanBinary(label string, v any) (any, error) {
	text, err := cleanText(label, v, maxBinary)
	s, _ := text.(string)
	if err == nil && strings.Trim(s, base64Characters) != "" {
		err = bad(typeInvalidValue, "%s must be base64.", label)
	}
	return text, err
}

const base64Characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_= \r\n"

func cleanText(label string, v any, limit int) (any, error) {
	s, ok := v.(string)
	switch {
	case !ok:
		return nil, bad(typeInvalidValue, "%s must be a string.", label)
	case strings.ContainsRune(s, 0):
		return nil, bad(typeInvalidValue, "%s holds a NUL character.", label)
	case utf8.RuneCountInString(s) > limit:
		return nil, bad(typeInvalidValue, "%s is longer than %d characters.", label, limit)
	case s == "":
		return nil, nil
	}
	return s, nil
}

// cleanBoolean takes the strings that some clients send for booleans.
func cleanBoolean(label string, v any) (any, error) {
	switch b := v.(type) {
	case bool:
		return b, nil
	case string:
		switch lower(strings.TrimSpace(b)) {
		case "true":
			return true, nil
		case "false":
			return false, nil
		}
	}
	return nil, bad(typeInvalidValue, "%s must be true or false.", label)
}

func cleanComplex(a *attribute, label string, v any) (any, error) {
	o, ok := a.whole(v)
	if !ok {
		return nil, bad(typeInvalidValue, "%s must be an object.", label)
	}
	c := document{}
	for _, m := range o {
		sub := find(a.sub, m.name)
		if sub == nil && foreignName(m.name) {
			sub = foreignAttribute(m.name)
		}
		if sub == nil || sub.readOnly {
			continue
		}
		value, err := clean(sub, label+"."+sub.name, m.value)
		if err != nil {
			return nil, err
		}
		if value != nil {
			c[sub.name] = value
		}
	}
	if len(c) == 0 {
		return nil, nil
	}
	return c, nil
}

// whole is a value of a complex attribute as the object that it stands for. An
// id alone stands for a manager, and Microsoft's documentation has a list of one.
func (a *attribute) whole(v any) (object, bool) {
	if a.bare {
		if list, ok := v.([]any); ok && len(list) == 1 {
			v = list[0]
		}
		if text, ok := v.(string); ok {
			return object{{name: "value", value: text}}, true
		}
	}
	o, ok := v.(object)
	return o, ok
}

// cleanList takes a single object for a list of one.
func cleanList(a *attribute, label string, v any) (any, error) {
	if o, ok := v.(object); ok {
		v = []any{o}
	}
	in, ok := v.([]any)
	if !ok {
		return nil, bad(typeInvalidValue, "%s must be a list of objects.", label)
	}
	if len(in) > maxValues {
		return nil, tooManyValues(label)
	}
	var list []document
	primaries := 0
	for _, item := range in {
		if item == nil {
			continue
		}
		one, err := cleanComplex(a, label, item)
		if err != nil {
			return nil, err
		}
		if c, ok := one.(document); ok && !again(list, c) {
			list = append(list, c)
			if c.flag("primary") {
				primaries++
			}
		}
	}
	switch {
	case primaries > 1:
		return nil, bad(typeInvalidValue, "Only one of %s can be primary.", label)
	case len(list) == 0:
		return nil, nil
	}
	return list, nil
}

// again reports whether a list has an element already, to the letter (RFC 7643
// section 2.4 wants no pair of type and value twice).
func again(list []document, el document) bool {
	if _, ok := el["value"].(string); !ok {
		return false
	}
	for _, have := range list {
		if len(have) == len(el) && reflect.DeepEqual(have, el) {
			return true
		}
	}
	return false
}

func tooManyValues(label string) error {
	return bad(typeInvalidValue, "%s has more than %d values.", label, maxValues)
}
