package roster

import (
	"strings"

	"rollcall/models"
)

// element asks for one element that passes the filter inside of a value path.
func (c *compiler) element(e ScimElement) {
	switch {
	case e.Attr == "groups":
		c.q.add("m.id IN (SELECT x.membership_id FROM group_members x JOIN team_groups y ON y.id = x.group_id WHERE x.team_id = ? AND ", c.team)
		c.inside(e.Filter, c.groupPart)
	case e.Attr == "members" && c.kind == models.ResourceGroup:
		c.q.add("g.id IN (SELECT x.group_id FROM group_members x WHERE x.team_id = ? AND ", c.team)
		c.inside(e.Filter, c.memberPart)
	default:
		c.q.add("m.id IN (SELECT e.membership_id FROM scim_values e WHERE e.team_id = ? AND e.attr = ? AND ", c.team, e.Attr)
		c.inside(e.Filter, func(t ScimTest) { c.elementPart(e.Attr, t) })
	}
	c.q.add(")")
}

// inside writes the filter of a value path, whose tests part writes.
func (c *compiler) inside(f ScimFilter, part func(ScimTest)) {
	join := func(with, none string, parts []ScimFilter) {
		if len(parts) == 0 {
			c.q.add(none)
			return
		}
		c.q.add("(")
		for i, p := range parts {
			if i > 0 {
				c.q.add(with)
			}
			c.inside(p, part)
		}
		c.q.add(")")
	}
	switch f := f.(type) {
	case ScimAll:
		join(" AND ", "1 = 1", f)
	case ScimAny:
		join(" OR ", "1 = 0", f)
	case ScimNot:
		c.q.add("NOT (")
		c.inside(f.Filter, part)
		c.q.add(")")
	case ScimTest:
		if f.Op == ScimNe {
			f.Op = ScimEq
			c.q.add("NOT (")
			part(f)
			c.q.add(")")
			return
		}
		part(f)
	case ScimConst:
		c.write(f)
	default:
		c.q.add("1 = 0") // a value path inside of one, which nobody parses
	}
}

// elementPart tests a sub-attribute of the element e.
func (c *compiler) elementPart(attr string, t ScimTest) {
	switch t.Attr {
	case "value":
		c.valueOf("e.value_key", t)
	case "type":
		c.valueOf("e.type_key", t)
	case "primary":
		want, ok := t.Value.(bool)
		switch {
		case t.Op == ScimPr, ok && t.Op == ScimEq && want:
			c.q.add("e.is_primary")
		case ok && t.Op == ScimEq:
			c.q.add("NOT e.is_primary")
		default:
			c.q.add("1 = 0")
		}
	default:
		c.q.add("(e.membership_id, e.item) IN (SELECT v.membership_id, v.item FROM scim_values v WHERE v.team_id = ? AND v.attr = ? AND ",
			c.team, attr+"."+t.Attr)
		c.valueOf("v.value_key", t)
		c.q.add(")")
	}
}

// groupPart tests an element of a person's groups.
func (c *compiler) groupPart(t ScimTest) {
	switch t.Attr {
	case "value", "$ref":
		c.reference("x.group_id", t)
	case "display":
		c.valueOf("y.display_name_key", t)
	case "type":
		c.constant("direct", t)
	default:
		c.q.add("1 = 0")
	}
}

// memberPart tests an element of a group's members.
func (c *compiler) memberPart(t ScimTest) {
	switch t.Attr {
	case "value", "$ref":
		c.reference("x.membership_id", t)
	case "display":
		c.valueOf("x.display", t)
	case "type":
		c.constant("user", t)
	default:
		c.q.add("1 = 0")
	}
}

// reference compares an id, or an address that ends in one. An address is only
// ever equal, or there.
func (c *compiler) reference(column string, t ScimTest) {
	text, _ := t.Value.(string)
	if t.Attr == "$ref" {
		text = text[strings.LastIndexByte(text, '/')+1:]
	}
	id, err := models.ParseID(text)
	switch {
	case t.Op == ScimPr:
		c.q.add("1 = 1")
	case t.Op == ScimEq && err == nil:
		c.q.add(column+" = ?", id)
	case t.Op != ScimEq && t.Attr == "value":
		c.valueOf("CAST("+column+" AS text)", t)
	default:
		c.q.add("1 = 0")
	}
}

// constant compares a value that every element has.
func (c *compiler) constant(value string, t ScimTest) {
	text, _ := t.Value.(string)
	order := strings.Compare(value, text)
	holds := map[ScimOp]bool{
		ScimPr: true, ScimEq: order == 0, ScimGt: order > 0, ScimGe: order >= 0, ScimLt: order < 0, ScimLe: order <= 0,
		ScimCo: strings.Contains(value, text), ScimSw: strings.HasPrefix(value, text), ScimEw: strings.HasSuffix(value, text),
	}
	if holds[t.Op] {
		c.q.add("1 = 1")
		return
	}
	c.q.add("1 = 0")
}
