// Package schema is the room of the GraphQL contract: one *.graphqls file for
// each noun, embedded so that the program can publish it and tests can hold the
// rest of the house to it.
package schema

import (
	"embed"
	"io/fs"
	"strings"
)

// Files holds the *.graphqls files.
//
//go:embed *.graphqls
var Files embed.FS

// SDL is the whole contract as one document, the files in the order of their names.
func SDL() (string, error) {
	names, err := fs.Glob(Files, "*.graphqls")
	if err != nil {
		return "", err
	}
	parts := make([]string, 0, len(names))
	for _, name := range names {
		text, err := fs.ReadFile(Files, name)
		if err != nil {
			return "", err
		}
		parts = append(parts, string(text))
	}
	return strings.Join(parts, "\n"), nil
}
