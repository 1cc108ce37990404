package scim

// operator is a comparison of RFC 7644 section 3.4.2.2, table 3.
type operator string

const (
	opEqual          operator = "eq"
	opNotEqual       operator = "ne"
	opContains       operator = "co"
	opStartsWith     operator = "sw"
	opEndsWith       operator = "ew"
	opGreater        operator = "gt"
	opGreaterOrEqual operator = "ge"
	opLess           operator = "lt"
	opLessOrEqual    operator = "le"
	opPresent        operator = "pr"
)

var operators = map[string]operator{
	"eq": opEqual, "ne": opNotEqual, "co": opContains, "sw": opStartsWith, "ew": opEndsWith,
	"gt": opGreater, "ge": opGreaterOrEqual, "lt": opLess, "le": opLessOrEqual, "pr": opPresent,
}

// expr is a node of a parsed filter.
type expr interface{ isExpr() }

type (
	// comparison is `userName eq "x"`. value is a string, json.Number, bool or
	// nil; opPresent has none.
	comparison struct {
		path  attrPath
		op    operator
		value any
	}
	// allOf and anyOf join two or more filters with "and" and "or".
	allOf struct{ terms []expr }
	anyOf struct{ terms []expr }
	// noneOf is `not (...)`.
	noneOf struct{ term expr }
	// selection is `emails[type eq "work"]`. Some clients compare a
	// sub-attribute of what it selects, `emails[...].value eq "x"`; then is that
	// comparison, nil otherwise.
	selection struct {
		path   attrPath
		filter expr
		then   *comparison
	}
)

func (comparison) isExpr() {}
func (allOf) isExpr()      {}
func (anyOf) isExpr()      {}
func (noneOf) isExpr()     {}
func (selection) isExpr()  {}

// parseFilter reads the grammar of RFC 7644 section 3.4.2.2, figure 1, with a
// comparison after a value path, nested groups, surplus spaces and strings
// without quotes besides.
func parseFilter(text string) (expr, error) {
	p := &parser{text: text, scimType: typeInvalidFilter, what: "filter"}
	if err := p.check(); err != nil {
		return nil, err
	}
	e, err := p.anyOf(false)
	if err != nil {
		return nil, err
	}
	p.space()
	if !p.done() {
		return nil, p.fail("expected \"and\", \"or\" or the end")
	}
	return e, nil
}

// anyOf reads terms joined by "or", which binds weaker than "and". inside is
// true between brackets, where value paths are not allowed.
func (p *parser) anyOf(inside bool) (expr, error) {
	terms, err := p.joined("or", func() (expr, error) { return p.allOf(inside) })
	if err != nil || len(terms) == 1 {
		return first(terms), err
	}
	return anyOf{terms}, nil
}

func (p *parser) allOf(inside bool) (expr, error) {
	terms, err := p.joined("and", func() (expr, error) { return p.term(inside) })
	if err != nil || len(terms) == 1 {
		return first(terms), err
	}
	return allOf{terms}, nil
}

func first(terms []expr) expr {
	if len(terms) == 0 {
		return nil
	}
	return terms[0]
}

func (p *parser) joined(word string, read func() (expr, error)) ([]expr, error) {
	var terms []expr
	for {
		e, err := read()
		if err != nil {
			return nil, err
		}
		terms = append(terms, e)
		if !p.keyword(word) {
			return terms, nil
		}
	}
}

// term reads one comparison, value path or group.
func (p *parser) term(inside bool) (expr, error) {
	p.space()
	if p.next('(') {
		return p.group(inside)
	}
	start := p.pos
	word := p.word()
	if lower(word) == "not" {
		after := p.pos
		if p.space(); p.next('(') {
			e, err := p.group(inside)
			if err != nil {
				return nil, err
			}
			return noneOf{e}, nil
		}
		p.pos = after
	}
	path, ok := parseAttrPath(word)
	if !ok {
		p.pos = start
		return nil, p.fail("expected an attribute")
	}
	if !p.next('[') {
		return p.comparison(path)
	}
	if inside || path.sub != "" {
		return nil, p.fail("a value path is not allowed here")
	}
	return p.selection(path)
}

// group reads the rest of a parenthesis.
func (p *parser) group(inside bool) (expr, error) {
	return p.enclosed(')', inside)
}

// enclosed reads a filter and the bracket that ends it.
func (p *parser) enclosed(end byte, inside bool) (expr, error) {
	if p.depth == maxFilterDepth {
		return nil, bad(p.scimType, "The %s is nested deeper than %d.", p.what, maxFilterDepth)
	}
	p.depth++
	e, err := p.anyOf(inside)
	if err != nil {
		return nil, err
	}
	p.depth--
	p.space()
	if !p.next(end) {
		return nil, p.fail("expected \"and\", \"or\" or \"" + string(end) + "\"")
	}
	return e, nil
}

// selection reads the rest of a value path and a comparison behind it.
func (p *parser) selection(path attrPath) (expr, error) {
	filter, err := p.enclosed(']', true)
	if err != nil {
		return nil, err
	}
	s := selection{path: path, filter: filter}
	if p.next('.') {
		sub, ok := parseAttrPath(p.word())
		if !ok || sub.uri != "" || sub.sub != "" {
			return nil, p.fail("expected a sub-attribute")
		}
		then, err := p.comparison(sub)
		if err != nil {
			return nil, err
		}
		s.then = &then
	}
	return s, nil
}

// comparison reads an operator and its value.
func (p *parser) comparison(path attrPath) (comparison, error) {
	if p.terms++; p.terms > maxFilterTerms {
		return comparison{}, bad(p.scimType, "The %s has more than %d terms.", p.what, maxFilterTerms)
	}
	c := comparison{path: path}
	p.space()
	start := p.pos
	op, ok := operators[lower(p.word())]
	if !ok {
		p.pos = start
		return c, p.fail("expected one of eq, ne, co, sw, ew, gt, ge, lt, le, pr")
	}
	c.op = op
	if op == opPresent {
		return c, nil
	}
	p.space()
	start = p.pos
	if c.value, ok = p.literal(); ok {
		return c, nil
	}
	// Not of userName: clients ask for it before they make somebody, and what is
	// guessed there can make somebody twice.
	if p.pos = start; p.what == "filter" && !(op == opEqual && lower(path.name) == "username") {
		if word, ok := p.bareWord(); ok {
			c.value, p.bare = word, true
			return c, nil
		}
		p.pos = start
	}
	return c, p.fail("expected a string in double quotes, a number, true, false or null")
}

// lacksQuotes reports whether a filter that can be read has a string without quotes.
func lacksQuotes(filter string) bool {
	p := &parser{text: filter, scimType: typeInvalidFilter, what: "filter"}
	if p.check() != nil {
		return false
	}
	_, err := p.anyOf(false)
	return err == nil && p.bare
}
