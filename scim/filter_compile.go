package scim

import "rollcall/models"

// condition is a filter that the roster can answer from an index: each of its
// parts, where there is one, must hold.
type condition struct {
	impossible               bool // it contradicts itself
	id, userName, externalID *string
}

// compileFilter turns a parsed filter into a condition. What cannot be pushed
// down is refused and not tried by reading the whole team.
func compileFilter(e expr) (condition, error) {
	var c condition
	return c, c.add(e)
}

func unsupportedFilter() error {
	return bad(typeInvalidFilter,
		"Only id, userName and externalId can be compared, by eq with a string; comparisons can be joined by and.")
}

func (c *condition) add(e expr) error {
	switch e := e.(type) {
	case allOf:
		for _, t := range e.terms {
			if err := c.add(t); err != nil {
				return err
			}
		}
		return nil
	case comparison:
		attr, _ := resolve(e.path)
		text, isText := e.value.(string)
		if attr == nil || e.op != opEqual || !isText {
			return unsupportedFilter()
		}
		switch attr.name {
		case "id":
			c.require(&c.id, text, exact)
		case "userName":
			c.require(&c.userName, text, models.Fold)
		case "externalId":
			c.require(&c.externalID, text, exact)
		default:
			return unsupportedFilter()
		}
		return nil
	default:
		return unsupportedFilter()
	}
}

// exact is the comparison of values that are case-exact (RFC 7643 section 3.1).
func exact(s string) string { return s }

func (c *condition) require(part **string, value string, form func(string) string) {
	if *part != nil && form(**part) != form(value) {
		c.impossible = true
	}
	*part = &value
}
