package models

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Printable reports whether a name can be shown on one line anywhere: valid
// UTF-8 without control, format or separator characters other than the space.
func Printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}
