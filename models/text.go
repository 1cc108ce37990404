package models

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Fold is the form in which names are compared: trimmed, compatibility-composed
// (NFKC) and case-folded by Unicode's rules. It is computed here, on write,
// because SQLite folds ASCII only and PostgreSQL by its locale.
func Fold(s string) string {
	folded := cases.Fold().String(norm.NFKC.String(strings.TrimSpace(s)))
	return norm.NFKC.String(strings.Map(foldCherokee, folded))
}

// foldCherokee mends the one script that cases.Fold swaps instead of folding.
// Unicode folds Cherokee to its capitals (CaseFolding.txt, status C).
func foldCherokee(r rune) rune {
	if unicode.Is(unicode.Cherokee, r) {
		return unicode.ToUpper(r)
	}
	return r
}
