package scim

import (
	"rollcall/models"
	"rollcall/roster"
)

// filterCompiler turns a parsed filter into one that the roster asks the
// database. What is not understood is refused and never answered with everybody.
type filterCompiler struct {
	of *resourceType
	// unknown are the attributes that are none of this type. A query over several
	// types takes them for those without a value (RFC 7644 section 3.4.2.1).
	unknown map[attrPath]bool
}

// compileFilter compiles for one type.
func compileFilter(t *resourceType, e expr) (roster.ScimFilter, error) {
	c := newCompiler(t)
	f, err := c.compile(e)
	if err == nil && len(c.unknown) > 0 {
		err = bad(typeInvalidFilter, "The filter names an attribute that a %s does not have.", t.name)
	}
	return f, err
}

func newCompiler(t *resourceType) *filterCompiler {
	return &filterCompiler{of: t, unknown: map[attrPath]bool{}}
}

func (c *filterCompiler) compile(e expr) (roster.ScimFilter, error) {
	switch e := e.(type) {
	case allOf:
		parts, err := c.each(e.terms)
		return roster.ScimAll(parts), err
	case anyOf:
		parts, err := c.each(e.terms)
		return roster.ScimAny(parts), err
	case noneOf:
		f, err := c.compile(e.term)
		return roster.ScimNot{Filter: f}, err
	case selection:
		return c.selection(e)
	case comparison:
		return c.comparison(e)
	}
	return nil, bad(typeInvalidFilter, "The filter cannot be carried out.")
}

func (c *filterCompiler) each(terms []expr) ([]roster.ScimFilter, error) {
	parts := make([]roster.ScimFilter, 0, len(terms))
	for _, t := range terms {
		f, err := c.compile(t)
		if err != nil {
			return nil, err
		}
		parts = append(parts, f)
	}
	return parts, nil
}

// nothing stands for a comparison with an attribute that does not exist.
func (c *filterCompiler) nothing(path attrPath, op operator) (roster.ScimFilter, error) {
	c.unknown[attrPath{uri: lower(path.uri), name: lower(path.name), sub: lower(path.sub)}] = true
	return roster.ScimConst(op == opNotEqual), nil
}

// name is what the roster calls an attribute.
func name(t target) string {
	out := lower(t.attr.name)
	if t.ext != nil {
		out = t.ext.short + "." + out
	}
	return out
}

func (c *filterCompiler) comparison(e comparison) (roster.ScimFilter, error) {
	if lower(e.path.name) == "schemas" && e.path.sub == "" {
		return c.schemas(e)
	}
	e.path = c.of.qualified(e.path)
	if e.value == nil && (e.op == opEqual || e.op == opNotEqual) {
		return c.null(e)
	}
	t := c.of.resolve(e.path)
	switch {
	case t.attr == nil && t.ext != nil && e.op == opPresent:
		return present(*t.ext), nil
	case t.attr == nil:
		return c.nothing(e.path, e.op)
	case t.attr.writeOnly:
		return nil, bad(typeInvalidFilter, "%s cannot be searched for.", t.attr.name)
	case t.attr.name == "meta":
		return c.meta(e, t)
	case t.attr.many:
		return c.many(e, t)
	case t.attr.kind == kindComplex && t.sub == nil && t.attr.bare:
		t.sub = find(t.attr.sub, "value")
	case t.attr.kind == kindComplex && t.sub == nil && e.op == opPresent:
		var any roster.ScimAny
		for _, sub := range t.attr.sub {
			any = append(any, roster.ScimTest{Attr: name(t) + "." + lower(sub.name), Op: roster.ScimPr})
		}
		return any, nil
	case t.attr.kind == kindComplex && t.sub == nil:
		return nil, bad(typeInvalidFilter, "%s has parts; compare one of them.", t.label())
	}
	if t.sub != nil {
		return test(name(t)+"."+lower(t.sub.name), t.sub, e)
	}
	return test(name(t), t.attr, e)
}

// null compares with null: nothing is there, or something is (RFC 7643 section 2.5).
func (c *filterCompiler) null(e comparison) (roster.ScimFilter, error) {
	f, err := c.comparison(comparison{path: e.path, op: opPresent})
	if err == nil && e.op == opEqual {
		f = roster.ScimNot{Filter: f}
	}
	return f, err
}

// many compares with every element of a multi-valued attribute; one that fits
// is enough. Without a sub-attribute the value is meant.
func (c *filterCompiler) many(e comparison, t target) (roster.ScimFilter, error) {
	sub := t.sub
	if sub == nil {
		sub = find(t.attr.sub, "value")
	}
	switch {
	case t.sub == nil && e.op == opPresent:
		return roster.ScimElement{Attr: name(t), Filter: roster.ScimConst(true)}, nil
	case sub == nil:
		return nil, bad(typeInvalidFilter, "%s has parts; compare one of them.", t.label())
	}
	// An element that differs does not make the whole differ.
	negated := e.op == opNotEqual
	if negated {
		e.op = opEqual
	}
	inner, err := test(lower(sub.name), sub, e)
	var f roster.ScimFilter = roster.ScimElement{Attr: name(t), Filter: inner}
	if negated {
		f = roster.ScimNot{Filter: f}
	}
	return f, err
}

// selection compiles a value path and what is compared behind it.
func (c *filterCompiler) selection(e selection) (roster.ScimFilter, error) {
	t := c.of.resolve(e.path)
	switch {
	case t.attr == nil:
		return c.nothing(e.path, opEqual)
	case !t.attr.many:
		return nil, bad(typeInvalidFilter, "%s is not multi-valued, so it takes no filter.", t.attr.name)
	}
	inner, err := inside(t.attr, e.filter)
	if err != nil {
		return nil, err
	}
	if e.then != nil {
		then, err := inside(t.attr, *e.then)
		if err != nil {
			return nil, err
		}
		inner = roster.ScimAll{inner, then}
	}
	return roster.ScimElement{Attr: name(t), Filter: inner}, nil
}

// inside compiles the filter of a value path.
func inside(a *attribute, e expr) (roster.ScimFilter, error) {
	all := func(terms []expr) ([]roster.ScimFilter, error) {
		var parts []roster.ScimFilter
		for _, t := range terms {
			f, err := inside(a, t)
			if err != nil {
				return nil, err
			}
			parts = append(parts, f)
		}
		return parts, nil
	}
	switch e := e.(type) {
	case allOf:
		parts, err := all(e.terms)
		return roster.ScimAll(parts), err
	case anyOf:
		parts, err := all(e.terms)
		return roster.ScimAny(parts), err
	case noneOf:
		f, err := inside(a, e.term)
		return roster.ScimNot{Filter: f}, err
	case comparison:
		sub := find(a.sub, e.path.name)
		if sub == nil || e.path.sub != "" || e.path.uri != "" {
			return nil, bad(typeInvalidFilter, "%s has no such part.", a.name)
		}
		return test(lower(sub.name), sub, e)
	}
	return nil, bad(typeInvalidFilter, "A value path cannot hold another one.")
}

// present asks for anything of an extension.
func present(ext extension) roster.ScimFilter {
	var any roster.ScimAny
	for _, a := range ext.attributes {
		attr := ext.short + "." + lower(a.name)
		if a.kind == kindComplex {
			attr += ".value"
		}
		any = append(any, roster.ScimTest{Attr: attr, Op: roster.ScimPr})
	}
	return any
}

// schemas compares the URNs that a resource shows; one that fits is enough.
func (c *filterCompiler) schemas(e comparison) (roster.ScimFilter, error) {
	if e.op == opPresent {
		return roster.ScimConst(true), nil
	}
	text, isText := e.value.(string)
	if !isText {
		return nil, bad(typeInvalidFilter, "schemas is compared with a string in double quotes.")
	}
	op := e.op
	if op == opNotEqual {
		op = opEqual
	}
	shows := func(urn string) bool { return compareText(op, lower(urn), lower(text)) }
	any := roster.ScimAny{roster.ScimConst(shows(c.of.urn))}
	for _, ext := range c.of.extensions {
		if shows(ext.urn) {
			any = append(any, present(ext))
		}
	}
	if e.op == opNotEqual {
		return roster.ScimNot{Filter: any}, nil
	}
	return any, nil
}

func (c *filterCompiler) meta(e comparison, t target) (roster.ScimFilter, error) {
	switch {
	case t.sub == nil && e.op == opPresent:
		return roster.ScimConst(true), nil
	case t.sub != nil && t.sub.kind == kindTime:
		return test("meta."+lower(t.sub.name), t.sub, e)
	case t.sub != nil && t.sub.name == "resourceType":
		a := attribute{name: "meta", sub: []attribute{*t.sub}}
		e.path = attrPath{name: t.sub.name}
		return roster.ScimConst(compare(e, &a, document{t.sub.name: c.of.name})), nil
	case t.sub != nil && e.op == opPresent:
		return roster.ScimConst(true), nil
	}
	return nil, bad(typeInvalidFilter, "Of meta, created, lastModified and resourceType can be compared.")
}

// ordered reports whether an operator asks for an order.
func ordered(op operator) bool {
	return op == opGreater || op == opGreaterOrEqual || op == opLess || op == opLessOrEqual
}

// test compiles a comparison with a value of the attribute's type.
func test(attr string, a *attribute, e comparison) (roster.ScimFilter, error) {
	t := roster.ScimTest{Attr: attr, Op: roster.ScimOp(e.op)}
	switch {
	case e.op == opPresent:
		return t, nil
	case e.value == nil && e.op == opEqual:
		return roster.ScimNot{Filter: roster.ScimTest{Attr: attr, Op: roster.ScimPr}}, nil
	case e.value == nil && e.op == opNotEqual:
		return roster.ScimTest{Attr: attr, Op: roster.ScimPr}, nil
	case a.kind == kindBoolean:
		b, err := cleanBoolean(a.name, e.value)
		if err != nil || e.op != opEqual && e.op != opNotEqual {
			return nil, bad(typeInvalidFilter, "%s can be compared by eq and ne with true or false.", a.name)
		}
		t.Value = b
		return t, nil
	}
	text, ok := e.value.(string)
	switch {
	case !ok:
		return nil, bad(typeInvalidFilter, "%s is compared with a string in double quotes.", a.name)
	case a.kind == kindBinary && ordered(e.op):
		return nil, bad(typeInvalidFilter, "%s has no order: gt, ge, lt and le cannot be asked for.", a.name)
	case a.name == "$ref" && (a.immutable || a.readOnly) && e.op != opEqual && e.op != opNotEqual:
		return nil, bad(typeInvalidFilter, "$ref can be compared by eq and ne with an address, and by pr.")
	case a.kind == kindTime:
		at, ok := parseTime(text)
		if !ok || e.op == opContains || e.op == opStartsWith || e.op == opEndsWith {
			return nil, bad(typeInvalidFilter, "%s is compared with a date and time like 2026-01-31T12:00:00Z, by eq, ne, gt, ge, lt or le.", a.name)
		}
		t.Value = models.Stamp(at)
	case e.op == opContains || e.op == opStartsWith || e.op == opEndsWith:
		t.Value = partKey(a, text)
	default:
		t.Value = key(a, text)
	}
	return t, nil
}
