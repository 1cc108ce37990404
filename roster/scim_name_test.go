package roster_test

import (
	"strings"
	"testing"
)

// A name that cannot be shown as it came does not keep anybody out: the account
// has what can be shown of it. What the client sent is in the profile.
func TestNamesThatCannotBeShown(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		for _, c := range []struct{ sent, shown string }{
			{strings.Repeat("ü", 201), strings.Repeat("ü", 200)},
			{strings.Repeat("ü ", 150), strings.TrimSpace(strings.Repeat("ü ", 100))},
			{"A\x00da", "Ada"},
			{"A\u202eda", "Ada"},
			{" Ada\r\nKing\t", "Ada  King"},
			{"علی\u200cرضا", "علی\u200cرضا"},
			{"\u200b", ""},
		} {
			m := h.provision(wanted("ada@acme.test"))
			in := wanted("ada@acme.test")
			in.Name, in.GivenName, in.FamilyName = c.sent, c.sent, c.sent
			m, err := h.push(m, in)
			h.must(err)
			u, err := h.User(h.operator(), m.UserID)
			h.must(err)
			same(t, "name, given name, family name", []string{u.Name, u.GivenName, u.FamilyName}, []string{c.shown, c.shown, c.shown})
			h.must(h.RemoveScim(h.scim(), h.team.ID, m.ID, 0))
			in.UserName = "ada@acme.test"
			m, err = h.ProvisionScim(h.scim(), h.team.ID, in)
			h.must(err)
			u, err = h.User(h.operator(), m.UserID)
			h.must(err)
			same(t, "the name of one who is made", u.Name, c.shown)
			h.must(h.RemoveScim(h.scim(), h.team.ID, m.ID, 0))
		}
	})
}
