package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// module is the import path of the root.
const module = "rollcall"

// source is one Go file, read as far as its imports.
type source struct {
	path    string // from the root, with slashes
	test    bool
	ast     *ast.File
	imports []string
}

// folder is where the file lies; "." is the root.
func (s source) folder() string { return path.Dir(s.path) }

// generated reports whether a tool wrote the file.
func (s source) generated() bool { return ast.IsGenerated(s.ast) }

// readTree reads every Go file of the project, those that do not build here included.
func readTree(t *testing.T) []source {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, "go.mod")); err != nil {
		t.Fatalf("the root of the module is not where it was: %v", err)
	}
	var tree []source
	err = filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := entry.Name()
		if entry.IsDir() {
			// The go command passes over these as well.
			if name != root && (strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") || base == "testdata" || base == "vendor") {
				return fs.SkipDir
			}
			return nil
		}
		if filepath.Ext(base) != ".go" {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		s := source{path: filepath.ToSlash(rel), test: strings.HasSuffix(base, "_test.go"), ast: file}
		for _, spec := range file.Imports {
			text, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			s.imports = append(s.imports, text)
		}
		tree = append(tree, s)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(tree) < 20 {
		t.Fatalf("the tree has %d Go files only: it was not read", len(tree))
	}
	return tree
}
