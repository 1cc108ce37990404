package scim

import "strings"

// matches evaluates the filter of a value path on one value of the
// multi-valued attribute a (RFC 7644 section 3.5.2).
func matches(e expr, a *attribute, value document) bool {
	switch e := e.(type) {
	case allOf:
		for _, t := range e.terms {
			if !matches(t, a, value) {
				return false
			}
		}
		return true
	case anyOf:
		for _, t := range e.terms {
			if matches(t, a, value) {
				return true
			}
		}
		return false
	case noneOf:
		return !matches(e.term, a, value)
	case comparison:
		return compare(e, a, value)
	default:
		return false // a value path inside a value path, which the parser refuses
	}
}

func compare(c comparison, a *attribute, value document) bool {
	sub := find(a.sub, c.path.name)
	if sub == nil || c.path.sub != "" || c.path.uri != "" {
		return false
	}
	have := value[sub.name]
	if have == nil && c.value != nil && sub.name == "primary" {
		have = false // where nothing is said (RFC 7643 section 2.4)
	}
	switch c.op {
	case opPresent:
		return have != nil
	case opEqual:
		return equal(sub, have, c.value)
	case opNotEqual:
		return !equal(sub, have, c.value)
	}
	x, ok := have.(string)
	y, isText := c.value.(string)
	if !ok || !isText {
		return false // only text is ordered or has parts
	}
	if !sub.exact {
		x, y = strings.ToLower(x), strings.ToLower(y)
	}
	return compareText(c.op, x, y)
}

// equal is sameLiteral for a sub-attribute, whose capitals may count.
func equal(sub *attribute, have, literal any) bool {
	if _, isText := literal.(string); isText && sub.exact {
		return have == literal
	}
	return sameLiteral(have, literal)
}

// compareText compares two texts to the letter.
func compareText(op operator, x, y string) bool {
	switch op {
	case opEqual:
		return x == y
	case opContains:
		return strings.Contains(x, y)
	case opStartsWith:
		return strings.HasPrefix(x, y)
	case opEndsWith:
		return strings.HasSuffix(x, y)
	case opGreater:
		return x > y
	case opGreaterOrEqual:
		return x >= y
	case opLess:
		return x < y
	default:
		return x <= y
	}
}

// sameLiteral compares a sub-attribute's value with a literal of a filter. A
// boolean equals the string that some clients send for it; text is compared
// without regard to case.
func sameLiteral(have, literal any) bool {
	switch l := literal.(type) {
	case nil:
		return have == nil
	case bool:
		return have == l
	case string:
		if b, ok := have.(bool); ok {
			return b && lower(l) == "true" || !b && lower(l) == "false"
		}
		s, ok := have.(string)
		return ok && strings.EqualFold(s, l)
	default:
		return false // no sub-attribute is a number
	}
}

// wanted is the element that a filter of the one form `attr eq literal`
// describes, nil for every other form. Clients expect that an assignment to an
// element that does not exist creates it.
func wanted(e expr, a *attribute) document {
	c, ok := e.(comparison)
	if !ok || c.op != opEqual || c.path.sub != "" || c.path.uri != "" {
		return nil
	}
	sub := find(a.sub, c.path.name)
	if sub == nil || c.value == nil {
		return nil
	}
	v, err := clean(sub, sub.name, c.value)
	if err != nil || v == nil {
		return nil
	}
	return document{sub.name: v}
}
