package roster_test

import (
	"strings"
	"testing"
	"time"

	"rollcall/models"
	"rollcall/roster"
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

// When something was changed last is when it was changed, by the clock of the
// service: neither a sign-in nor the counting of members is a change.
func TestLastChange(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.provision(wanted("ada@acme.test"))
		before, _ := h.find(m.ID)
		h.clock.Advance(time.Hour)
		in, err := h.signIn(who("ada@acme.test", "ada@acme.test"))
		h.must(err)
		after, _ := h.find(m.ID)
		if in.Membership.ID != m.ID || after.LastSeenAt == nil {
			t.Fatalf("%s signed in, %s was announced; last seen %v", in.Membership.ID, m.ID, after.LastSeenAt)
		}
		if after.Revision == before.Revision {
			same(t, "the member's last change", after.UpdatedAt, before.UpdatedAt)
		}
		in, err = h.signIn(who("ada@acme.test", "ada@acme.test"))
		h.must(err)
		again, _ := h.find(m.ID)
		same(t, "the member's last change, signed in again", []any{again.UpdatedAt, again.Revision}, []any{after.UpdatedAt, after.Revision})

		// A service whose clock is not the database's tells who wrote the time.
		late := *h.Service
		late.Now = func() time.Time { return h.clock.Now().Add(time.Minute) }
		g, err := late.CreateGroup(h.scim(), h.team.ID, roster.NewGroup{DisplayName: "Crew", Members: []roster.GroupRef{{ID: m.ID}}})
		h.must(err)
		var row models.Group
		h.must(h.db.Read(h.Context()).Where("id = ?", g.ID).Take(&row).Error)
		same(t, "the group", []any{row.CreatedAt, row.UpdatedAt, row.MemberCount}, []any{g.CreatedAt, g.UpdatedAt, 1})
	})
}
