package models

import (
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Fold is the form in which names are compared: trimmed, compatibility-composed
// (NFKC) and case-folded by Unicode's rules. It is computed here, on write,
// because SQLite folds ASCII only and PostgreSQL by its locale.
func Fold(s string) string {
	return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(strings.TrimSpace(s))))
}
