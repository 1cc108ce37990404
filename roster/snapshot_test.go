package roster_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gorm.io/gorm"

	"rollcall/models"
)

// snapshot is everything that the database holds in a form that is equal for
// two runs of the same story: ids are numbered in the order in which they
// appear, and what is random or says who acted is left out.
func (h *house) snapshot() string {
	h.Helper()
	var b strings.Builder
	for _, row := range models.All {
		stmt := &gorm.Statement{DB: h.db.Read(h.Context())}
		h.must(stmt.Parse(row))
		var rows []map[string]any
		h.must(h.db.Read(h.Context()).Table(stmt.Schema.Table).Order(strings.Join(stmt.Schema.PrimaryFieldDBNames, ", ")).Find(&rows).Error)
		for _, values := range rows {
			fmt.Fprintf(&b, "%s", stmt.Schema.Table)
			for _, column := range sorted(values) {
				fmt.Fprintf(&b, " %s=%s", column, printed(values[column]))
			}
			b.WriteString("\n")
		}
	}
	numbers := map[string]string{}
	text := anID.ReplaceAllStringFunc(b.String(), func(id string) string {
		if numbers[id] == "" {
			numbers[id] = fmt.Sprintf("#%d", len(numbers)+1)
		}
		return numbers[id]
	})
	return aPrefix.ReplaceAllString(text, "rck_…")
}

var (
	anID    = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`)
	aPrefix = regexp.MustCompile(`rck_[0-9a-z]{8}`)
)

// left out of a snapshot: what is random or of random keys, and the columns that say who acted.
var unequal = []string{"secret_hash", "hash", "assertion_hash", "browser_hash", "der", "fingerprint_sha256", "serial", "actor_kind", "actor_id", "actor_label", "deactivated_by", "checks", "message", "sealed_key"}

func sorted(values map[string]any) (columns []string) {
	for column := range values {
		if !slices.Contains(unequal, column) {
			columns = append(columns, column)
		}
	}
	slices.Sort(columns)
	return columns
}

func printed(v any) string {
	switch v := v.(type) {
	case []byte:
		return string(v)
	case nil:
		return "-"
	default:
		return fmt.Sprint(v)
	}
}

// lines that are in one snapshot and not in the other, for a failing test.
func difference(got, want string) string {
	var out []string
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	for _, l := range a {
		if !slices.Contains(b, l) {
			out = append(out, "got  "+l)
		}
	}
	for _, l := range b {
		if !slices.Contains(a, l) {
			out = append(out, "want "+l)
		}
	}
	return strings.Join(out, "\n")
}

// untouched fails the test unless fn leaves every row as it was.
func (h *house) untouched(what string, fn func()) {
	h.Helper()
	before := h.snapshot()
	fn()
	if after := h.snapshot(); after != before {
		h.Errorf("%s changed rows:\n%s", what, difference(after, before))
	}
}
