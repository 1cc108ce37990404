package account

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/trustelem/zxcvbn"
	"golang.org/x/text/unicode/norm"
	"gorm.io/gorm"

	"rollcall/fault"
	"rollcall/models"
)

// The bounds of a password, in characters (NIST SP 800-63B section 3.1.1.2). A
// longer one than the bound says is refused and never cut.
const (
	minPassword = 12
	maxPassword = 128
	// maxTyped is the most bytes that are looked at, before anything is done with them.
	maxTyped = 4 * maxPassword
	// maxTeams is of how many of a person's teams the names are words to refuse.
	maxTeams = 20
)

// easy is how many guesses a password must withstand: those that are on the list
// of common ones, changed a little, or made of names, years, keyboard rows and
// repetitions do not.
const easy = 1e9

// normal is a password as it is hashed: two keyboards may write one letter in
// two ways (NFC, as RFC 8265 asks).
func normal(password string) string { return norm.NFC.String(password) }

// Proper says why a password cannot be chosen, or nil. about are words that
// somebody who knows the person tries first: the e-mail address, the team's name
// and short name. There is no rule about kinds of characters. Fault:
// PASSWORD_UNUSABLE.
func Proper(password string, about ...string) error {
	refuse := func(why string) error { return fault.New(fault.PasswordUnusable, "%s", why).On("password") }
	if len(password) > maxTyped || !utf8.ValidString(password) {
		return refuse("A password has at most 128 characters.")
	}
	password = normal(password)
	switch n := utf8.RuneCountInString(password); {
	case n < minPassword:
		return refuse("A password has at least 12 characters; a few words in a row are easy to keep in mind.")
	case n > maxPassword:
		return refuse("A password has at most 128 characters.")
	}
	if strings.ContainsFunc(password, unicode.IsControl) {
		return refuse("A password holds no control characters.")
	}
	words := known(about)
	folded := models.Fold(password)
	for _, w := range words {
		if strings.Contains(folded, w) && len(folded)-len(w) < minPassword {
			return refuse("A password is not made of your address, your team's name or this product's.")
		}
	}
	// The estimate takes time with the square of the length, and what is long
	// without being easy in its first part is not easy.
	if zxcvbn.PasswordStrength(first(password, 64), words).Guesses < easy {
		return refuse("This password, or one much like it, is among those that are tried first.")
	}
	return nil
}

// aboutUser are the words that Proper takes about a user: the address, the name, and
// what the teams that they are on are called.
func aboutUser(db *gorm.DB, user models.ID, address string) ([]string, error) {
	about := []string{address}
	var names []string
	if err := db.Model(&models.User{}).Where("id = ?", user).Pluck("name", &names).Error; err != nil {
		return nil, models.Fault(err)
	}
	var teams []struct{ Slug, Name string }
	err := db.Table("memberships m").Select("t.slug, t.name").Joins("JOIN teams t ON t.id = m.team_id").
		Where("m.user_id = ? AND m.status = ?", user, models.StatusActive).Order("m.id").Limit(maxTeams).Scan(&teams).Error
	for _, t := range teams {
		about = append(about, t.Slug, t.Name)
	}
	return append(about, names...), models.Fault(err)
}

// known are the words of a person's surroundings that count, folded.
func known(about []string) []string {
	words := []string{"rollcall"}
	for _, text := range about {
		text = models.Fold(text)
		local, _, _ := strings.Cut(text, "@")
		for _, w := range append(strings.FieldsFunc(text, notLetter), text, local) {
			if utf8.RuneCountInString(w) > 3 {
				words = append(words, w)
			}
		}
	}
	return words
}

func notLetter(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }

func first(text string, n int) string {
	for i := range text {
		if n == 0 {
			return text[:i]
		}
		n--
	}
	return text
}
