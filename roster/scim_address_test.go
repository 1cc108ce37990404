package roster_test

import (
	"testing"

	"rollcall/models"
	"rollcall/roster"
	"rollcall/sso"
)

// recipients are who was told of something.
func recipients(notices []models.Notice) (to []string) {
	for _, n := range notices {
		to = append(to, n.Recipient)
	}
	return to
}

// moved pushes another address for somebody.
func (h *house) moved(m roster.Member, address string) roster.Member {
	h.Helper()
	in := present(m)
	in.Email = address
	got, err := h.push(m, in)
	h.must(err)
	got.User = h.user(got.UserID)
	return got
}

// Another address by provisioning is what it is by single sign-on: both
// addresses are told, links that went to the old one end, and the new one is
// confirmed by nobody yet.
func TestAddressByScim(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		post := h.post()
		m := h.provision(wanted("ada@acme.test"))
		same(t, "provisioned", h.user(m.UserID).VerifiedAt != nil, true)
		link := h.mailed(m)
		got := h.moved(m, "countess@acme.test")
		same(t, "moved", []any{got.User.Email, got.User.VerifiedAt, got.UserName}, []any{"countess@acme.test", nil, "ada@acme.test"})
		same(t, "told", recipients(post.of("email_changed")), []string{"ada@acme.test", "countess@acme.test"})
		same(t, "asked", recipients(post.of("verify_email")), []string{"countess@acme.test"})
		same(t, "links to the old address", h.count(&models.OneTimeLink{}, "id = ? AND revoked_at IS NOT NULL", link), 1)
		events := h.told(m.ID)
		same(t, "event", []string{events[len(events)-1].Action, detail(events[len(events)-1], "email")}, []string{"membership.profile_changed", "ada@acme.test -> countess@acme.test"})

		// What is no other address tells nobody anything.
		h.update(&models.User{}, m.UserID, map[string]any{"verified_at": h.clock.Now()})
		post.n = nil
		got = h.moved(got, "COUNTESS@acme.test")
		same(t, "in capitals", []any{got.User.Email, got.User.VerifiedAt != nil, len(post.n)}, []any{"COUNTESS@acme.test", true, 0})

		// Nobody reads mail for an address that stands for none.
		bare := h.provision(roster.ScimUser{UserName: "bare", Active: true})
		h.moved(bare, "bare@acme.test")
		same(t, "from no address", recipients(post.of("email_changed")), []string{"bare@acme.test"})
	})
}

// In a domain that the team proved and says it trusts nobody is asked.
func TestAddressInOwnDomainByScim(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		post := h.post()
		m, other := h.provision(wanted("ada@acme.test")), h.provision(wanted("eve@acme.test"))
		h.hold(h.team, "held.test")
		same(t, "proved alone is not enough", h.moved(other, "eve@held.test").User.VerifiedAt, nil)
		h.change(h.team, sso.SettingsChange{TrustVerifiedDomains: ptr(true)})
		got := h.moved(m, "ada@held.test")
		same(t, "vouched for", []any{got.User.VerifiedAt != nil, recipients(post.of("verify_email"))}, []any{true, []string{"eve@held.test"}})
	})
}

// An account that is on another team too keeps its address there and here: it
// may be the way in on a team of which this provider knows nothing.
func TestAddressOfManyTeams(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		post := h.post()
		m := h.provision(wanted("ada@acme.test"))
		other, _ := h.found("other")
		h.update(&models.Membership{}, h.direct(models.RoleMember).ID, map[string]any{"user_id": m.UserID, "team_id": other.ID, "user_name": "x", "user_name_key": "x"})
		got := h.moved(m, "taken@acme.test")
		same(t, "address", []any{got.User.Email, len(post.of("email_changed"))}, []any{"ada@acme.test", 0})
		off := present(got)
		off.Email, off.Active = "taken@acme.test", false
		got, err := h.push(got, off)
		h.must(err)
		same(t, "shut out all the same", got.Status, models.StatusDeactivated)
	})
}
