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

// Legible reports whether a name of people or of a group can be shown: it is
// printable, but for joiners between two letters or pictures beyond the Latin,
// Greek and Cyrillic alphabets. Persian and Indic names are misspelt without
// them, and families of emoji fall apart; elsewhere they would only hide.
func Legible(s string) bool {
	if Printable(s) {
		return true
	}
	runes := []rune(s)
	for i, r := range runes {
		switch {
		case unicode.IsPrint(r):
		case !joins(r), i == 0, i == len(runes)-1, !joinable(runes[i-1]), !joinable(runes[i+1]):
			return false
		}
	}
	return utf8.ValidString(s)
}

// joins reports whether r is the zero width non-joiner or joiner.
func joins(r rune) bool { return r == '\u200c' || r == '\u200d' }

// joinable reports whether r is of a script, or a picture, that uses joiners.
func joinable(r rune) bool { return r >= '\u0590' && !joins(r) }

// MadeLegible is s without what Legible refuses: line breaks and tabs become
// spaces, and what cannot be seen is left out.
func MadeLegible(s string) string {
	if Legible(s) {
		return s
	}
	mend := func(keepJoiners bool) string {
		return strings.Map(func(r rune) rune {
			switch {
			case r != utf8.RuneError && unicode.IsPrint(r), keepJoiners && joins(r):
				return r
			case unicode.IsSpace(r):
				return ' '
			}
			return -1
		}, s)
	}
	if joined := mend(true); Legible(joined) {
		return joined
	}
	return mend(false)
}
