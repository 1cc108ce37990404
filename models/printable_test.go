package models_test

import (
	"testing"

	"rollcall/models"
)

func TestLegible(t *testing.T) {
	for _, c := range []struct {
		name, in string
		printed  bool
		legible  bool
		mended   string
	}{
		{"empty", "", true, true, ""},
		{"Latin", "José Ünal", true, true, "José Ünal"},
		{"decomposed", "Jose\u0301", true, true, "Jose\u0301"},
		{"Hebrew", "אבג", true, true, "אבג"},
		{"Persian with a non-joiner", "علی\u200cرضا", false, true, "علی\u200cرضا"},
		{"Malayalam with a joiner", "അവന്\u200dറെ", false, true, "അവന്\u200dറെ"},
		{"a family", "👩\u200d👩\u200d👧", false, true, "👩\u200d👩\u200d👧"},
		{"a burning heart", "❤\ufe0f\u200d🔥", false, true, "❤\ufe0f\u200d🔥"},
		{"hidden between Latin letters", "Ad\u200dmins", false, false, "Admins"},
		{"hidden between Cyrillic letters", "Ад\u200cмин", false, false, "Админ"},
		{"hidden at the end", "علی\u200c", false, false, "علی"},
		{"hidden in front", "\u200dعلی", false, false, "علی"},
		{"two of them", "ع\u200c\u200dل", false, false, "عل"},
		{"zero width space", "a\u200bb", false, false, "ab"},
		{"right to left override", "a\u202eb", false, false, "ab"},
		{"control", "a\x01b\x7fc\u0085d", false, false, "abc d"},
		{"line break", "line\nbreak\tand tab", false, false, "line break and tab"},
		{"line separator", "a\u2028b", false, false, "a b"},
		{"NUL", "a\x00b", false, false, "ab"},
		{"not UTF-8", "a\xffb", false, false, "ab"},
	} {
		if got := models.Printable(c.in); got != c.printed {
			t.Errorf("%s: Printable is %v", c.name, got)
		}
		if got := models.Legible(c.in); got != c.legible {
			t.Errorf("%s: Legible is %v", c.name, got)
		}
		got := models.MadeLegible(c.in)
		if got != c.mended {
			t.Errorf("%s: made legible it is %q, must be %q", c.name, got, c.mended)
		}
		if !models.Legible(got) {
			t.Errorf("%s: made legible it is not: %q", c.name, got)
		}
	}
}
