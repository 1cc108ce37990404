package fault_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"rollcall/fault"
)

// declared reads the Code constants of the two tables' files, in order.
func declared(t *testing.T) (codes []fault.Code) {
	t.Helper()
	for _, name := range []string{"codes.go", "edge.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		codes = append(codes, constants(t, file)...)
	}
	return codes
}

// constants reads the Code constants of a file, in order.
func constants(t *testing.T, file *ast.File) (codes []fault.Code) {
	t.Helper()
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		if typ, ok := spec.Type.(*ast.Ident); ok && typ.Name == "Code" {
			text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			codes = append(codes, fault.Code(text))
		}
		return true
	})
	return codes
}

// Every constant is in the table once, and nothing else is. A constant without
// an entry would quietly be an internal error.
func TestTableIsComplete(t *testing.T) {
	codes := declared(t)
	if len(codes) < 2 {
		t.Fatalf("codes.go declares %v", codes)
	}
	var listed []fault.Code
	for _, e := range slices.Concat(fault.Table, fault.Edge) {
		listed = append(listed, e.Code)
	}
	slices.Sort(codes)
	slices.Sort(listed)
	if !slices.Equal(codes, listed) {
		t.Errorf("codes.go declares %v\nand the table lists %v", codes, listed)
	}
	if twice := len(codes) - len(slices.Compact(codes)); twice != 0 {
		t.Errorf("%d codes are declared twice", twice)
	}
}

var (
	apiCode   = regexp.MustCompile(`^[A-Z]+(_[A-Z]+)*$`)
	loginCode = regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
)

func TestEntries(t *testing.T) {
	internal := []fault.Code{fault.InternalError, fault.LoginInternal}
	for _, e := range slices.Concat(fault.Table, fault.Edge) {
		if !apiCode.MatchString(string(e.Code)) && !loginCode.MatchString(string(e.Code)) {
			t.Errorf("%s is in neither of the two forms", e.Code)
		}
		for what, text := range map[string]string{"meaning": e.Meaning, "advice": e.Advice} {
			if !strings.HasSuffix(text, ".") || text != strings.TrimSpace(text) || strings.ContainsAny(text, "%\n") {
				t.Errorf("%s: the %s is not a sentence: %q", e.Code, what, text)
			}
		}
		if !slices.Contains(fault.Kinds, e.Kind) {
			t.Errorf("%s has a kind that there is not: %d", e.Code, e.Kind)
		}
		if (e.Kind == fault.Internal) != slices.Contains(internal, e.Code) {
			t.Errorf("%s is of the kind %s", e.Code, e.Kind)
		}
		if e.Code.Kind() != e.Kind || e.Code.Meaning() != e.Meaning || e.Code.Advice() != e.Advice {
			t.Errorf("%s answers for another entry", e.Code)
		}
	}
	if unknown := fault.Code("nonsense"); unknown.Kind() != fault.Internal || unknown.Meaning() != "" || unknown.Advice() != "" {
		t.Errorf("an unknown code is %s: %q, %q", unknown.Kind(), unknown.Meaning(), unknown.Advice())
	}
}

// Wires switch over the kinds: the list must have all of them, each by a name
// of its own.
func TestKinds(t *testing.T) {
	names := map[string]bool{}
	for i, k := range fault.Kinds {
		if int(k) != i {
			t.Errorf("kind %d stands at place %d", k, i)
		}
		names[k.String()] = true
	}
	if len(names) != len(fault.Kinds) {
		t.Errorf("%d kinds have the names %v", len(fault.Kinds), names)
	}
	if next := fault.Kind(len(fault.Kinds)); next.String() != fault.Internal.String() {
		t.Errorf("there is a kind %q that Kinds does not list", next)
	}
	used := map[fault.Kind]bool{}
	for _, e := range slices.Concat(fault.Table, fault.Edge) {
		used[e.Kind] = true
	}
	for _, k := range fault.Kinds {
		if !used[k] {
			t.Errorf("no code is of the kind %s", k)
		}
	}
}
