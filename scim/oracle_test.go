package scim

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	oracle "github.com/scim2/filter-parser/v2"
)

// grammar makes random filters of RFC 7644 figure 1. It leaves out what the
// oracle is known to get wrong: escapes in strings, groups and more than two
// terms inside value paths, a comparison after a value path, surplus spaces.
type grammar struct{ *rand.Rand }

func (g grammar) pick(from ...string) string { return from[g.IntN(len(from))] }

// cased spells a keyword in any case.
func (g grammar) cased(word string) string {
	return g.pick(word, strings.ToUpper(word), strings.ToUpper(word[:1])+word[1:])
}

func (g grammar) filter(depth int) string {
	switch n := g.IntN(10); {
	case depth == 0 || n < 4:
		return g.comparison()
	case n < 5:
		return g.path(false) + "[" + g.inside() + "]"
	case n < 6:
		return g.cased("not") + " (" + g.filter(depth-1) + ")"
	case n < 7:
		return "(" + g.filter(depth-1) + ")"
	default:
		return g.filter(depth-1) + " " + g.cased(g.pick("and", "or")) + " " + g.filter(depth-1)
	}
}

func (g grammar) inside() string {
	switch g.IntN(3) {
	case 0:
		return g.comparison()
	case 1:
		return g.cased("not") + " (" + g.comparison() + ")"
	default:
		return g.comparison() + " " + g.cased(g.pick("and", "or")) + " " + g.comparison()
	}
}

func (g grammar) comparison() string {
	path := g.path(true)
	if g.IntN(6) == 0 {
		return path + " " + g.cased("pr")
	}
	return path + " " + g.cased(g.pick("eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le")) + " " + g.literal()
}

func (g grammar) path(sub bool) string {
	path := g.pick("userName", "a", "emails", "x-y_z9", "nota", "orange", "andy", "title", "pr")
	if sub && g.IntN(3) == 0 {
		path += "." + g.pick("value", "type", "familyName")
	}
	if g.IntN(5) == 0 {
		path = g.pick("urn:ietf:params:scim:schemas:core:2.0:User:", "urn:x:", "urn:a.b:1.10:Z:") + path
	}
	return path
}

func (g grammar) literal() string {
	switch g.IntN(6) {
	case 0:
		return g.pick("true", "false", "null")
	case 1:
		return strconv.Itoa(g.IntN(2000) - 1000)
	case 2:
		return g.pick("1.5", "-0.25", "2.75e2")
	default:
		return `"` + g.pick("", "ada", "a b", " and ", "x] or (y", "2011-05-13T04:42:34Z", "ü@ß.test", "O'Malley", "not (") + `"`
	}
}

// translate brings the oracle's tree into our form.
func translate(e oracle.Expression) (expr, error) {
	switch e := e.(type) {
	case *oracle.AttributeExpression:
		c := comparison{path: translatePath(e.AttributePath), op: operator(strings.ToLower(string(e.Operator))), value: e.CompareValue}
		return c, nil
	case *oracle.NotExpression:
		t, err := translate(e.Expression)
		return noneOf{t}, err
	case *oracle.ValuePath:
		t, err := translate(e.ValueFilter)
		return selection{path: translatePath(e.AttributePath), filter: t}, err
	case *oracle.LogicalExpression:
		left, err := translate(e.Left)
		if err != nil {
			return nil, err
		}
		right, err := translate(e.Right)
		if strings.EqualFold(string(e.Operator), "and") {
			return allOf{[]expr{left, right}}, err
		}
		return anyOf{[]expr{left, right}}, err
	default:
		return nil, fmt.Errorf("the oracle has a %T", e)
	}
}

func translatePath(p oracle.AttributePath) attrPath {
	return attrPath{uri: p.URI(), name: p.AttributeName, sub: p.SubAttributeName()}
}

// flat writes a tree without the parentheses that associativity makes
// meaningless, and with numbers by their value.
func flat(e expr) string {
	switch e := e.(type) {
	case comparison:
		if n, ok := e.value.(json.Number); ok {
			f, _ := n.Float64()
			e.value = f
		}
		if n, ok := e.value.(int); ok {
			e.value = float64(n)
		}
		return show(e)
	case noneOf:
		return "not(" + flat(e.term) + ")"
	case selection:
		return showPath(e.path) + "[" + flat(e.filter) + "]"
	case allOf:
		return "(" + strings.Join(flatten(e, true), " and ") + ")"
	case anyOf:
		return "(" + strings.Join(flatten(e, false), " or ") + ")"
	default:
		return fmt.Sprintf("?%T", e)
	}
}

func flatten(e expr, and bool) []string {
	var terms []expr
	switch e := e.(type) {
	case allOf:
		if and {
			terms = e.terms
		}
	case anyOf:
		if !and {
			terms = e.terms
		}
	}
	if terms == nil {
		return []string{flat(e)}
	}
	var out []string
	for _, t := range terms {
		out = append(out, flatten(t, and)...)
	}
	return out
}

// Both parsers read the same out of every filter of the plain grammar.
func TestFilterAgainstOracle(t *testing.T) {
	g := grammar{rand.New(rand.NewPCG(7644, 7643))}
	for range 3000 {
		text := g.filter(4)
		theirs, err := oracle.ParseFilter([]byte(text))
		if err != nil {
			t.Fatalf("the oracle refuses %q: %v", text, err)
		}
		want, err := translate(theirs)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		got, err := parseFilter(text)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if flat(got) != flat(want) {
			t.Fatalf("%q\n ours %s\ntheirs %s", text, flat(got), flat(want))
		}
	}
}

// Paths as well.
func TestPathAgainstOracle(t *testing.T) {
	g := grammar{rand.New(rand.NewPCG(7643, 7644))}
	for range 1000 {
		text := g.path(true)
		if g.IntN(2) == 0 {
			text = g.path(false) + "[" + g.inside() + "]"
			if g.IntN(2) == 0 {
				text += "." + g.pick("value", "type", "x-1")
			}
		}
		theirs, err := oracle.ParsePath([]byte(text))
		if err != nil {
			t.Fatalf("the oracle refuses %q: %v", text, err)
		}
		got, err := parsePath(text)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		attr := translatePath(theirs.AttributePath)
		var filter, want string
		if theirs.ValueExpression != nil {
			attr.sub = theirs.SubAttributeName()
			e, err := translate(theirs.ValueExpression)
			if err != nil {
				t.Fatalf("%q: %v", text, err)
			}
			want = flat(e)
		}
		if got.filter != nil {
			filter = flat(got.filter)
		}
		if got.attr != attr || filter != want {
			t.Fatalf("%q\n ours %v %s\ntheirs %v %s", text, got.attr, filter, attr, want)
		}
	}
}
