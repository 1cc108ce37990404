package models_test

import (
	"testing"

	"rollcall/models"
)

func TestFold(t *testing.T) {
	for _, c := range []struct {
		name, a, b string
		same       bool
	}{
		{"case", "Ada@Acme.Test", "ada@acme.test", true},
		{"space around", " ada@acme.test\t\n", "ada@acme.test", true},
		{"no-break space around", "\u00a0ada@acme.test", "ada@acme.test", true},
		{"composed and decomposed", "ren\u00e9@acme.test", "rene\u0301@acme.test", true},
		{"full width", "\uff41\uff44\uff41@acme.test", "ada@acme.test", true},
		{"sharp s", "stra\u00dfe@acme.test", "STRASSE@ACME.TEST", true},
		{"Greek final sigma", "\u03c3\u03c2", "\u03a3\u03a3", true},
		{"Kelvin sign", "\u212a@acme.test", "k@acme.test", true},
		{"Cherokee", "\u13a0\u13f0", "\uab70\u13f8", true},
		{"ligature", "\ufb01n@acme.test", "FIN@acme.test", true},
		{"accent", "rene@acme.test", "ren\u00e9@acme.test", false},
		{"Turkish dotless i", "\u0131@acme.test", "i@acme.test", false},
		{"Cyrillic a", "\u0430da@acme.test", "ada@acme.test", false},
		{"space inside", "a da@acme.test", "ada@acme.test", false},
		{"plus address", "ada+x@acme.test", "ada@acme.test", false},
	} {
		if got := models.Fold(c.a) == models.Fold(c.b); got != c.same {
			t.Errorf("%s: %q folds to %q and %q to %q", c.name, c.a, models.Fold(c.a), c.b, models.Fold(c.b))
		}
	}
	if models.Fold("") != "" {
		t.Error("nothing folds to something")
	}
}

// A key that is folded once more stays the same: stored keys can be compared
// with folded input, whoever folded it.
func TestFoldIsStable(t *testing.T) {
	for r := rune(0x21); r < 0x30000; r++ {
		once := models.Fold("x" + string(r) + "x")
		if twice := models.Fold(once); twice != once {
			t.Errorf("%U: %q, then %q", r, once, twice)
		}
	}
}
