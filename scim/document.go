package scim

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"
)

// Bounds of what is kept.
const (
	maxText   = 4 << 10  // characters of one string
	maxBinary = 64 << 10 // characters of one certificate
	maxValues = 100      // elements of a multi-valued attribute
	maxParts  = 60       // sub-attributes of one value, foreign ones included
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

// checkNew refuses to make a resource out of a body whose schemas, if it tells
// any, name none of that type (RFC 7643 section 3). The URNs of version 1.1 stand
// for every type. What is there already is not held to it: a PUT may shut
// somebody out.
func checkNew(body object, t *resourceType) error {
	v, _ := body.get("schemas")
	list, _ := v.([]any)
	for _, item := range list {
		urn, _ := item.(string)
		if lower(urn) == lower(t.urn) || t.extension(urn) != nil || strings.HasPrefix(lower(urn), "urn:scim:schemas:") {
			return nil
		}
	}
	if len(list) == 0 {
		return nil
	}
	return bad(typeInvalidSyntax, "schemas must hold %s.", t.urn)
}

// checkMessage refuses a message that says that it is another one (RFC 7644
// sections 3.4.3, 3.5.2 and 3.7). One that says nothing passes: authentik renames
// groups like that.
func checkMessage(body object, urn string) error {
	if err := checkSchemas(body); err != nil {
		return err
	}
	v, _ := body.get("schemas")
	list, _ := v.([]any)
	for _, item := range list {
		if text, _ := item.(string); lower(text) == lower(urn) {
			return nil
		}
	}
	if len(list) == 0 {
		return nil
	}
	return bad(typeInvalidSyntax, "schemas must hold %s.", urn)
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

// cleanBinary takes base64, which may lack its padding (RFC 7643 section 2.3.6)
// and have line breaks. The alphabet is the standard one, as of every attribute
// whose definition does not name the other.
func cleanBinary(label string, v any) (any, error) {
	text, err := cleanText(label, v, maxBinary)
	if s, _ := text.(string); err == nil && !isBase64(s) {
		err = bad(typeInvalidValue, "%s must be base64.", label)
	}
	return text, err
}

func isBase64(s string) bool {
	s = strings.NewReplacer("\r", "", "\n", "").Replace(s)
	encoding := base64.StdEncoding
	if len(s)%4 != 0 {
		encoding = base64.RawStdEncoding
	}
	_, err := encoding.DecodeString(s)
	return err == nil
}

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
	o, ok := asObject(a, v)
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
	return c, c.checkParts(label)
}

// checkParts refuses a value with more parts than anybody needs.
func (d document) checkParts(label string) error {
	if len(d) > maxParts {
		return bad(typeInvalidValue, "%s has more than %d parts.", label, maxParts)
	}
	return nil
}

// asObject is the value of a complex attribute, or of one element. Of a bare
// attribute it may be the text of "value" alone, or stand in a list: Entra ID
// sends managers in each of these forms.
func asObject(a *attribute, v any) (object, bool) {
	if list, ok := v.([]any); ok && a.bare && len(list) == 1 {
		v = list[0]
	}
	if text, ok := v.(string); ok && a.bare {
		return object{{name: "value", value: text}}, true
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
	for _, item := range in {
		if item == nil {
			continue
		}
		one, err := cleanComplex(a, label, item)
		if err != nil {
			return nil, err
		}
		c, ok := one.(document)
		if !ok {
			continue
		}
		i := twin(list, c)
		if i < 0 {
			list = append(list, c)
			continue
		}
		if list[i].flag("primary") {
			c["primary"] = true
		}
		list[i] = merged(list[i], c)
		if err := list[i].checkParts(label); err != nil {
			return nil, err
		}
	}
	primaries := 0
	for _, el := range list {
		if el.flag("primary") {
			primaries++
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

// twin is the index of the element of a list that has the same value and type as
// el, to the letter; -1 for none. RFC 7643 section 2.4 wants no such pair twice.
func twin(list []document, el document) int {
	value, kind := el.text("value"), el.text("type")
	for i, have := range list {
		if value != "" && have.text("value") == value && have.text("type") == kind {
			return i
		}
	}
	return -1
}

func tooManyValues(label string) error { return tooMany(label, maxValues) }

func tooMany(label string, most int) error {
	return bad(typeInvalidValue, "%s has more than %d values.", label, most)
}
