package roster

import "testing"

func TestNamed(t *testing.T) {
	for _, c := range []struct {
		known         Person
		given, family string
	}{
		{Person{Name: "Ada King"}, "Ada", "King"},
		{Person{Name: "  Augusta Ada   King "}, "Augusta Ada", "King"},
		{Person{Name: "King, Ada"}, "Ada", "King"},
		{Person{Name: "King,"}, "King,", "King,"},
		{Person{Name: "Ada"}, "Ada", "Ada"},
		{Person{Name: "Ada King", GivenName: "Augusta", FamilyName: "Lovelace"}, "Augusta", "Lovelace"},
		{Person{Name: "Ada King", GivenName: "Augusta"}, "Augusta", "King"},
		{Person{GivenName: "Ada", Email: "x@acme.test"}, "Ada", "x"},
		{Person{FamilyName: "King", Email: "ada.king@acme.test"}, "ada", "King"},
		{Person{Email: "ada.king+x@acme.test"}, "ada", "king"},
		{Person{Email: "ada@acme.test"}, "ada", "ada"},
		{Person{Email: "+@acme.test"}, "", ""},
		{Person{Email: noAddress("01a2190d")}, "", ""},
		{Person{}, "", ""},
	} {
		got := c.known.named()
		if got.GivenName != c.given || got.FamilyName != c.family || got.Name != c.known.Name || got.Email != c.known.Email {
			t.Errorf("%+v is %q %q", c.known, got.GivenName, got.FamilyName)
		}
	}
}
