package graph

import (
	"fmt"

	"github.com/vektah/gqlparser/v2/ast"
)

// Limits bound what a document may look like. They are judged on the parsed
// document before it is validated: validation compares fields pair by pair and
// counting costs follows every spread, so both can be made to run for minutes
// by a document of a few kilobytes.
type Limits struct {
	Tokens            int // of the whole document
	Operations        int // in the document
	Fragments         int // in the document
	Variables         int // of one operation
	Directives        int // in the document
	DirectivesAtPlace int // at one place
	Depth             int // of fields; introspection's ofType does not count
	Selection         int // fields of one selection, spreads followed
	Expanded          int // fields of all operations, spreads followed
	Aliases           int // of one operation, spreads followed
	RootFields        int // of a query or subscription
	RootMutations     int // of a mutation
	SameKey           int // fields with one response key under one type, merged as in execution
	SameKeyAnyType    int // the same under all types together
}

// DefaultLimits let ordinary dashboard queries and the usual introspection
// query pass.
var DefaultLimits = Limits{
	Tokens: 4000, Operations: 10, Fragments: 100, Variables: 50,
	Directives: 20, DirectivesAtPlace: 3,
	Depth: 12, Selection: 300, Expanded: 5000, Aliases: 15,
	RootFields: 10, RootMutations: 5,
	SameKey: 5, SameKeyAnyType: 25,
}

// saturated is where sizes stop growing; it is far above every limit.
const saturated = 1 << 20

func add(a, b int) int { return min(a+b, saturated) }

// size is what a selection amounts to when its spreads are followed.
type size struct {
	flat     int // fields of the selection itself
	expanded int // fields in all
	aliases  int
	depth    int
}

// judgement is the state of one document's check. Sizes of fragments are
// remembered, so that each is measured once however often it is spread.
type judgement struct {
	limits     Limits
	fragments  map[string]*ast.FragmentDefinition
	sizes      map[string]size
	measuring  map[string]bool
	spread     map[string]bool // fragments that an operation reaches
	directives int
	expanded   int
	no         *refusal
}

// check returns nil for a document within the limits. Its work grows with the
// length of the document, and beyond that with Expanded at most. Fragments with
// the same name and fragments that nothing spreads are refused at once, though
// validation would refuse them as well, because they are not measured.
func (l Limits) check(doc *ast.QueryDocument) *refusal {
	j := &judgement{
		limits: l, fragments: make(map[string]*ast.FragmentDefinition, len(doc.Fragments)),
		sizes: map[string]size{}, measuring: map[string]bool{}, spread: map[string]bool{},
	}
	j.within("operations", len(doc.Operations), l.Operations)
	j.within("fragments", len(doc.Fragments), l.Fragments)
	for _, f := range doc.Fragments {
		if j.fragments[f.Name] != nil {
			return refuse(CodeValidationFailed, fmt.Sprintf("There can be only one fragment named %q.", f.Name))
		}
		j.fragments[f.Name] = f
	}
	for _, f := range doc.Fragments {
		j.directivesOf(f.Directives)
		j.fragment(f.Name)
	}
	for _, op := range doc.Operations {
		if j.no != nil {
			break
		}
		j.operation(op)
	}
	for _, f := range doc.Fragments {
		if !j.spread[f.Name] {
			j.refuse(CodeValidationFailed, fmt.Sprintf("The fragment %q is never used.", f.Name))
		}
	}
	return j.no
}

func (j *judgement) operation(op *ast.OperationDefinition) {
	j.within("variables", len(op.VariableDefinitions), j.limits.Variables)
	j.directivesOf(op.Directives)
	for _, v := range op.VariableDefinitions {
		j.directivesOf(v.Directives)
	}
	s := j.selection(op.SelectionSet)
	if op.Operation == ast.Mutation {
		j.within("root mutations", s.flat, j.limits.RootMutations)
	} else {
		j.within("root fields", s.flat, j.limits.RootFields)
	}
	j.within("aliases", s.aliases, j.limits.Aliases)
	j.expanded = add(j.expanded, s.expanded)
	j.within("fields", j.expanded, j.limits.Expanded)
	if j.no == nil { // the expanded size is bounded from here on
		j.merged([]ast.SelectionSet{op.SelectionSet})
	}
}

// fragment measures a fragment once.
func (j *judgement) fragment(name string) size {
	if s, done := j.sizes[name]; done {
		return s
	}
	f, known := j.fragments[name]
	switch {
	case !known: // validation will say so
		return size{}
	case j.measuring[name]:
		j.refuse(CodeValidationFailed, fmt.Sprintf("The fragment %q spreads itself.", name))
		return size{}
	}
	j.measuring[name] = true
	s := j.selection(f.SelectionSet)
	j.measuring[name] = false
	j.sizes[name] = s
	return s
}

// selection measures a selection and what is below it.
func (j *judgement) selection(set ast.SelectionSet) size {
	var total size
	for _, sel := range set {
		if j.no != nil {
			return total
		}
		var s size
		switch sel := sel.(type) {
		case *ast.Field:
			s = j.field(sel)
		case *ast.InlineFragment:
			j.directivesOf(sel.Directives)
			s = j.selection(sel.SelectionSet)
		case *ast.FragmentSpread:
			j.directivesOf(sel.Directives)
			s = j.fragment(sel.Name)
		}
		total = size{
			flat: add(total.flat, s.flat), expanded: add(total.expanded, s.expanded),
			aliases: add(total.aliases, s.aliases), depth: max(total.depth, s.depth),
		}
	}
	j.within("fields in one selection", total.flat, j.limits.Selection)
	if total.depth > j.limits.Depth {
		j.refuse(CodeDocumentTooDeep, fmt.Sprintf("The document is nested deeper than %d fields.", j.limits.Depth))
	}
	return total
}

func (j *judgement) field(f *ast.Field) size {
	j.directivesOf(f.Directives)
	below := j.selection(f.SelectionSet)
	s := size{flat: 1, expanded: add(below.expanded, 1), aliases: below.aliases, depth: below.depth}
	if f.Name != "ofType" {
		s.depth++
	}
	if f.Alias != f.Name {
		s.aliases = add(s.aliases, 1)
	}
	return s
}

func (j *judgement) directivesOf(list ast.DirectiveList) {
	j.within("directives at one place", len(list), j.limits.DirectivesAtPlace)
	j.directives += len(list)
	j.within("directives", j.directives, j.limits.Directives)
}

// merged counts how often a response key occurs where execution will merge its
// fields: in all selections of the same path together. Fields under different
// type conditions count apart, up to a point, because a query of node(id:) names
// `id` once for each type. It visits every expanded field once.
func (j *judgement) merged(sets []ast.SelectionSet) {
	type place struct{ condition, key string }
	perType, perKey := map[place]int{}, map[string]int{}
	below := map[string][]ast.SelectionSet{}
	var collect func(set ast.SelectionSet, condition string)
	collect = func(set ast.SelectionSet, condition string) {
		for _, sel := range set {
			switch sel := sel.(type) {
			case *ast.Field:
				p := place{condition, sel.Alias}
				perType[p]++
				perKey[sel.Alias]++
				j.within("fields with the same name in one place", perType[p], j.limits.SameKey)
				j.within("fields with the same name in one place", perKey[sel.Alias], j.limits.SameKeyAnyType)
				if len(sel.SelectionSet) > 0 {
					below[sel.Alias] = append(below[sel.Alias], sel.SelectionSet)
				}
			case *ast.InlineFragment:
				if sel.TypeCondition == "" {
					collect(sel.SelectionSet, condition)
				} else {
					collect(sel.SelectionSet, sel.TypeCondition)
				}
			case *ast.FragmentSpread:
				if f, known := j.fragments[sel.Name]; known {
					j.spread[sel.Name] = true
					collect(f.SelectionSet, f.TypeCondition)
				}
			}
			if j.no != nil {
				return
			}
		}
	}
	for _, set := range sets {
		collect(set, "")
	}
	for _, deeper := range below {
		if j.no != nil {
			return
		}
		j.merged(deeper)
	}
}

// within refuses the document when there are more of something than may be.
func (j *judgement) within(what string, n, most int) {
	if n > most {
		j.refuse(CodeDocumentTooLarge, fmt.Sprintf("The document has more than %d %s.", most, what))
	}
}

// refuse keeps the first reason.
func (j *judgement) refuse(code Code, message string) {
	if j.no == nil {
		j.no = refuse(code, message)
	}
}
