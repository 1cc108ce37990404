package roster

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"rollcall/models"
)

// sqlText is a piece of SQL with its arguments.
type sqlText struct {
	text string
	args []any
}

func (q *sqlText) add(text string, args ...any) {
	q.text += text
	q.args = append(q.args, args...)
}

// compiler turns filters on one kind of resource into SQL. Multi-valued
// attributes become `id IN (SELECT ...)` on an index, never a subquery that is
// run for each row.
type compiler struct {
	dialect models.Dialect
	team    models.ID
	kind    models.ResourceKind
	q       sqlText
}

// exactly makes PostgreSQL compare by code points, as the index does and SQLite always.
func (c *compiler) exactly(column string) string {
	if c.dialect == models.Postgres {
		return column + ` COLLATE "C"`
	}
	return column
}

// text writes a comparison of a text column that is not null.
func (c *compiler) text(column string, op ScimOp, value string) {
	if !utf8.ValidString(value) || strings.ContainsRune(value, 0) {
		c.q.add("1 = 0") // nobody is called that, and PostgreSQL could not even compare it
		return
	}
	instr, last := "instr(%s, ?) > 0", "substr(%s, -?) = ?"
	if c.dialect == models.Postgres {
		instr, last = "strpos(%s, ?) > 0", "right(%s, ?) = ?"
	}
	switch op {
	case ScimEq:
		c.q.add(column+" = ?", value)
	case ScimCo:
		c.q.add(fmt.Sprintf(instr, column), value)
	case ScimEw:
		c.q.add(fmt.Sprintf(last, column), utf8.RuneCountInString(value), value)
	case ScimSw:
		column = c.exactly(column)
		c.q.add(column+" >= ?", value)
		if end, ok := after1(value); ok {
			c.q.add(" AND "+column+" < ?", end)
		}
	default:
		c.q.add(c.exactly(column)+" "+sign(op)+" ?", value)
	}
}

// after1 is the first text that no longer begins with s; there is none when s
// consists of the last code point.
func after1(s string) (string, bool) {
	for s != "" {
		r, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
		switch {
		case r == utf8.MaxRune:
			continue
		case r == 0xd7ff:
			r = 0xe000 // over the surrogates, which are no characters
		default:
			r++
		}
		return s + string(r), true
	}
	return "", false
}

func sign(op ScimOp) string {
	return map[ScimOp]string{ScimEq: "=", ScimGt: ">", ScimGe: ">=", ScimLt: "<", ScimLe: "<="}[op]
}

// shown is how exact the times are that clients see.
const shown = time.Millisecond

// at writes a comparison of a time as clients see it, cut to milliseconds.
func (c *compiler) at(column string, op ScimOp, value time.Time) {
	value = value.UTC()
	from := value.Truncate(shown)
	next := from.Add(shown)
	whole := value.Equal(from)
	switch op {
	case ScimEq:
		if !whole {
			c.q.add("1 = 0")
			return
		}
		c.q.add("("+column+" >= ? AND "+column+" < ?)", from, next)
	case ScimGt:
		c.q.add(column+" >= ?", next)
	case ScimGe:
		if !whole {
			from = next
		}
		c.q.add(column+" >= ?", from)
	case ScimLt:
		if !whole {
			from = next
		}
		c.q.add(column+" < ?", from)
	case ScimLe:
		c.q.add(column+" < ?", next)
	default:
		c.q.add("1 = 0")
	}
}

func (c *compiler) write(f ScimFilter) {
	switch f := f.(type) {
	case ScimAll:
		c.join(" AND ", "1 = 1", f)
	case ScimAny:
		c.join(" OR ", "1 = 0", f)
	case ScimNot:
		c.q.add("NOT (")
		c.write(f.Filter)
		c.q.add(")")
	case ScimConst:
		c.q.add(map[ScimConst]string{true: "1 = 1", false: "1 = 0"}[f])
	case ScimElement:
		c.element(f)
	case ScimTest:
		if f.Op == ScimNe {
			f.Op = ScimEq
			c.write(ScimNot{f})
			return
		}
		c.test(f)
	}
}

func (c *compiler) join(with, none string, parts []ScimFilter) {
	if len(parts) == 0 {
		c.q.add(none)
		return
	}
	c.q.add("(")
	for i, p := range parts {
		if i > 0 {
			c.q.add(with)
		}
		c.write(p)
	}
	c.q.add(")")
}

// column is where an attribute that has a column of its own stands.
type column struct {
	name     string
	nullable bool
}

var userColumns = map[string]column{
	"id": {"m.id", false}, "username": {"m.user_name_key", false}, "externalid": {"m.external_id", true},
	"meta.created": {"m.created_at", false}, "meta.lastmodified": {"m.updated_at", false},
}

var groupColumns = map[string]column{
	"id": {"g.id", false}, "displayname": {"g.display_name_key", false}, "externalid": {"g.external_id", true},
	"meta.created": {"g.created_at", false}, "meta.lastmodified": {"g.updated_at", false},
}

func (c *compiler) columns() map[string]column {
	if c.kind == models.ResourceGroup {
		return groupColumns
	}
	return userColumns
}

func (c *compiler) test(t ScimTest) {
	col, ok := c.columns()[t.Attr]
	switch {
	case ok:
		c.columnTest(col, t)
	case t.Attr == "active":
		c.activeTest(t)
	case t.Attr == "groups", t.Attr == "members":
		c.element(ScimElement{Attr: t.Attr, Filter: ScimTest{Attr: "value", Op: t.Op, Value: t.Value}})
	case c.kind == models.ResourceGroup:
		c.q.add("1 = 0")
	default:
		c.valueTest(t)
	}
}

func (c *compiler) columnTest(col column, t ScimTest) {
	switch {
	case t.Op == ScimPr && col.nullable:
		c.q.add(col.name + " IS NOT NULL")
		return
	case t.Op == ScimPr:
		c.q.add("1 = 1")
		return
	}
	if at, ok := t.Value.(time.Time); ok {
		c.at(col.name, t.Op, at)
		return
	}
	text, ok := t.Value.(string)
	name := col.name
	if t.Attr == "id" {
		id, err := models.ParseID(text)
		if t.Op == ScimEq {
			if err != nil {
				c.q.add("1 = 0")
				return
			}
			c.q.add(name+" = ?", id)
			return
		}
		name = "CAST(" + name + " AS text)"
	}
	switch {
	case !ok:
		c.q.add("1 = 0")
	case col.nullable:
		c.q.add("(" + name + " IS NOT NULL AND ")
		c.text(name, t.Op, text)
		c.q.add(")")
	default:
		c.q.add("(")
		c.text(name, t.Op, text)
		c.q.add(")")
	}
}

func (c *compiler) activeTest(t ScimTest) {
	want, ok := t.Value.(bool)
	switch {
	case t.Op == ScimPr:
		c.q.add("1 = 1")
	case t.Op != ScimEq || !ok:
		c.q.add("1 = 0")
	case want:
		c.q.add("m.status = ?", active.status)
	default:
		c.q.add("m.status = ?", inactive.status)
	}
}

// valueTest asks the table of values.
func (c *compiler) valueTest(t ScimTest) {
	c.q.add("m.id IN (SELECT v.membership_id FROM scim_values v WHERE v.team_id = ? AND v.attr = ? AND ", c.team, t.Attr)
	c.valueOf("v.value_key", t)
	c.q.add(")")
}

func (c *compiler) valueOf(column string, t ScimTest) {
	switch v := t.Value.(type) {
	case string:
		if v == "" && t.Op == ScimEq {
			c.q.add("1 = 0") // what is empty is not kept
			return
		}
		c.q.add("(" + column + " <> '' AND ")
		c.text(column, t.Op, v)
		c.q.add(")")
	case bool:
		c.text(column, t.Op, map[bool]string{true: "true", false: "false"}[v])
	default:
		if t.Op == ScimPr {
			c.q.add(column + " <> ''")
			return
		}
		c.q.add("1 = 0")
	}
}
