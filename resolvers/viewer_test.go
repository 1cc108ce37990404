package resolvers

import (
	"strings"
	"testing"

	"rollcall/access"
	"rollcall/models"
)

// Everybody chooses the language of their own mails, and nobody else's.
func TestMailLanguage(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		const change = `mutation($l: String) { updateViewer(input: {language: $l}) { user { id } userErrors { code field } } }`
		const look = `{ viewer { mailLanguage } }`
		mel := as(t, d.acme.member)
		d.must(t, mel, look).want("viewer.mailLanguage", nil)
		d.must(t, mel, change, "l", "ja").want("updateViewer.user.id", d.acme.member.User.GlobalID())
		d.must(t, mel, look).want("viewer.mailLanguage", "ja")
		d.must(t, mel, `mutation { updateViewer(input: {}) { user { id } userErrors { code } } }`)
		d.must(t, mel, look).want("viewer.mailLanguage", "ja")
		d.must(t, as(t, d.acme.admin), look).want("viewer.mailLanguage", nil)
		if got := d.ask(t, mel, change, "l", "tlh"); !strings.HasPrefix(got.userError(), "INVALID ") {
			t.Errorf("an unknown language: %s", got.text)
		}
		d.must(t, mel, change, "l", nil)
		d.must(t, mel, look).want("viewer.mailLanguage", nil)
		if got := d.ask(t, operator(t), change, "l", "ja"); got.userError() == "" {
			t.Errorf("an operator has a language: %s", got.text)
		}
		if got := d.ask(t, access.With(t.Context(), access.Actor{}), change, "l", "ja"); got.code() != "UNAUTHENTICATED" {
			t.Errorf("nobody: %s", got.text)
		}
		if got := d.ask(t, withKey(t, d.acme.member, models.ScopeTeamRead), change, "l", "ja"); got.code() != "FORBIDDEN" {
			t.Errorf("a key without the scope: %s", got.text)
		}
	})
}
