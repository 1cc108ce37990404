package models_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"rollcall/models"
)

// enumValues reads the constants of this package's files, by type. A list that
// somebody keeps by hand would forget the same value twice.
func enumValues(t testing.TB) map[string][]string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	for _, name := range files {
		if !strings.HasSuffix(name, "_test.go") {
			collectEnums(t, name, found)
		}
	}
	return found
}

func collectEnums(t testing.TB, name string, found map[string][]string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		typ, named := spec.Type.(*ast.Ident)
		lit, isLit := spec.Values[0].(*ast.BasicLit)
		if named && isLit && lit.Kind == token.STRING {
			value, err := strconv.Unquote(lit.Value)
			if err != nil {
				t.Fatal(err)
			}
			found[typ.Name] = append(found[typ.Name], value)
		}
		return true
	})
}

// graphEnum is an enum that GraphQL reads and writes.
type graphEnum interface {
	UnmarshalGQL(any) error
}

// Every enum of GraphQL takes each of its values and no other one.
func TestEnumsOverGraphQL(t *testing.T) {
	enums := enumValues(t)
	for name, e := range map[string]struct {
		into  graphEnum
		write func() string
	}{
		"Resolution":        graphForm(new(models.Resolution)),
		"ConflictKind":      graphForm(new(models.ConflictKind)),
		"RuleKind":          graphForm(new(models.RuleKind)),
		"UpgradeState":      graphForm(new(models.UpgradeState)),
		"Plan":              graphForm(new(models.Plan)),
		"UserKind":          graphForm(new(models.UserKind)),
		"UserOrigin":        graphForm(new(models.UserOrigin)),
		"Role":              graphForm(new(models.Role)),
		"MembershipStatus":  graphForm(new(models.MembershipStatus)),
		"RoleSource":        graphForm(new(models.RoleSource)),
		"MembershipSource":  graphForm(new(models.MembershipSource)),
		"SsoState":          graphForm(new(models.SsoState)),
		"Vendor":            graphForm(new(models.Vendor)),
		"CertificateSource": graphForm(new(models.CertificateSource)),
		"CertificateState":  graphForm(new(models.CertificateState)),
		"Scope":             graphForm(new(models.Scope)),
		"Binding":           graphForm(new(models.Binding)),
		"Comparison":        graphForm(new(models.Comparison)),
		"KeyState":          graphForm(new(models.KeyState)),
		"AttemptKind":       graphForm(new(models.AttemptKind)),
		"StagingReason":     graphForm(new(models.StagingReason)),
		"MailState":         graphForm(new(models.MailState)),
	} {
		if len(enums[name]) < 2 {
			t.Errorf("%s has the values %v", name, enums[name])
		}
		for _, value := range enums[name] {
			if err := e.into.UnmarshalGQL(value); err != nil {
				t.Errorf("%s does not take %q: %v", name, value, err)
			}
			if got := e.write(); got != strconv.Quote(value) {
				t.Errorf("%s writes %q as %s", name, value, got)
			}
		}
		for _, bad := range []any{"", "nonsense", strings.ToLower(enums[name][0]), 1, nil} {
			if err := e.into.UnmarshalGQL(bad); err == nil {
				t.Errorf("%s takes %v", name, bad)
			}
		}
	}
}

func TestScopesAreComplete(t *testing.T) {
	var listed []string
	for _, s := range models.Scopes {
		listed = append(listed, string(s))
	}
	if want := enumValues(t)["Scope"]; !slices.Equal(listed, want) {
		t.Errorf("Scopes lists %v and there are %v", listed, want)
	}
}

// graphWriter is the writing half.
type graphWriter interface{ MarshalGQL(io.Writer) }

// graphForm is an enum with a way to write what it holds.
func graphForm[T interface {
	*V
	graphEnum
}, V graphWriter](into T) struct {
	into  graphEnum
	write func() string
} {
	return struct {
		into  graphEnum
		write func() string
	}{into, func() string {
		var b strings.Builder
		(*into).MarshalGQL(&b)
		return b.String()
	}}
}
