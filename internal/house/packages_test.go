package house

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// Every room that somebody wrote by hand tells what it is for, once.
func TestPackageComments(t *testing.T) {
	byFolder := map[string][]source{}
	for _, s := range readTree(t) {
		if !s.test {
			byFolder[s.folder()] = append(byFolder[s.folder()], s)
		}
	}
	for _, folder := range slices.Sorted(maps.Keys(byFolder)) {
		files := byFolder[folder]
		if !slices.ContainsFunc(files, func(s source) bool { return !s.generated() }) {
			continue
		}
		name := files[0].ast.Name.Name
		start := "Package " + name + " "
		if name == "main" {
			start = "" // the command's own comment may begin with its name
		}
		var told []string
		for _, s := range files {
			if s.generated() || s.ast.Doc == nil {
				continue
			}
			text := strings.Join(strings.Fields(s.ast.Doc.Text()), " ")
			if !strings.HasPrefix(text, start) || len(text) < 80 || !strings.Contains(text, ". ") && !strings.HasSuffix(text, ".") {
				t.Errorf("%s: the package comment does not tell the room's story: %q", s.path, text)
			}
			told = append(told, s.path)
		}
		if len(told) != 1 {
			t.Errorf("%s: one file has the package comment, here it is %v", folder, told)
		}
	}
}
