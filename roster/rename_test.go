package roster_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"rollcall/fault"
	"rollcall/internal/idptest"
	"rollcall/models"
	"rollcall/roster"
)

// The address at the identity provider changes: an account that the team manages
// follows, and both addresses are told.
func TestAddressFollows(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		told := h.withAccounts()
		in, err := h.signIn(who("00u1", "ada@acme.test"))
		h.must(err)
		h.update(&models.User{}, in.UserID, map[string]any{"verified_at": h.clock.Now()})
		link := h.mailed(in.Member)
		*told = nil
		again, err := h.signIn(who("00u1", "Countess@acme.test"))
		h.must(err)
		row, _ := h.find(in.ID)
		u := h.user(in.UserID)
		same(t, "moved", []any{again.ID, again.User.Email, u.Email, u.EmailKey, row.UserName, row.UserNameKey, u.VerifiedAt}, []any{in.ID, "Countess@acme.test", "Countess@acme.test", "countess@acme.test", "Countess@acme.test", "countess@acme.test", nil})
		var to []string
		for _, n := range *told {
			if n.Kind == "email_changed" {
				to = append(to, n.Recipient)
			}
		}
		same(t, "told", to, []string{"ada@acme.test", "Countess@acme.test"})
		same(t, "links to the old address", h.count(&models.OneTimeLink{}, "id = ? AND revoked_at IS NOT NULL", link), 1)
		events := h.told(in.ID)
		last := events[len(events)-1]
		same(t, "event", []any{last.Action, detail(last, "email")}, []any{"membership.profile_changed", "ada@acme.test -> Countess@acme.test"})
		// The old address is anybody's now, and the provisioning client sees the new one.
		m, err := h.ScimMember(h.scim(), h.team.ID, in.ID)
		h.must(err)
		same(t, "as provisioning sees it", m.UserName, "Countess@acme.test")
		fresh, err := h.signIn(who("00u2", "ada@acme.test"))
		h.must(err)
		same(t, "somebody new", fresh.ID != in.ID, true)
	})
}

// mailed is a link that went to somebody's address.
func (h *house) mailed(m roster.Member) models.ID {
	h.Helper()
	var link models.OneTimeLink
	h.must(h.db.InTx(h.Context(), func(tx *gorm.DB) error {
		var err error
		link, err = h.store.NewLink(tx, models.OneTimeLink{Purpose: models.LinkSetPassword, UserID: &m.UserID, Email: m.User.Email})
		return err
	}))
	return link.ID
}

// Where it cannot follow, the person comes in with the old one and an admin sees it.
func TestAddressStays(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.withAccounts()
		in, err := h.signIn(who("00u1", "ada@acme.test"))
		h.must(err)
		other, idp := h.found("other")
		elsewhere, err := h.SignIn(h.request(), h.judged(other, idp, who("00u9", "kim@other.test")))
		h.must(err)
		h.provision(roster.ScimUser{UserName: "grace@acme.test", Email: "hopper@acme.test", Active: true})
		for address, kind := range map[string]models.ConflictKind{
			h.root.User.Email: models.ConflictEmailInUse, elsewhere.User.Email: models.ConflictEmailInUse, "\u212Aim@other.test": models.ConflictEmailInUse,
			"grace@acme.test": models.ConflictEmailInUse,
		} {
			again, err := h.signIn(who("00u1", address))
			h.must(err)
			open := h.open(in.ID)
			same(t, address, []any{again.User.Email, len(open), open[0].Kind, open[0].Email}, []any{"ada@acme.test", 1, kind, address})
			var attempt models.LoginAttempt
			h.must(h.db.Read(t.Context()).Where("id = ?", again.AttemptID).Take(&attempt).Error)
			same(t, "the attempt", []any{attempt.Outcome, *attempt.ConflictID}, []any{"SUCCEEDED", open[0].ID})
		}
		// It is settled by itself when the address is right again.
		ended(t, "an address is not relinked", first(h.Relink(h.as(h.root), h.open(in.ID)[0].ID)), fault.Clash)
		h.must(first(h.signIn(who("00u1", "ada@acme.test"))))
		same(t, "settled", len(h.open(in.ID)), 0)
		// On another team as well, by an account with a password: its key stays.
		h.must(h.db.InTx(t.Context(), func(tx *gorm.DB) error {
			return tx.Create(&models.Membership{
				ID: newID(t), TeamID: other.ID, UserID: in.UserID, Role: models.RoleMember, RoleSource: models.RoleByInvitation, Status: models.StatusActive,
				Source: models.SourceInvitation, UserName: "ada@acme.test", UserNameKey: "ada@acme.test", Revision: 1, CreatedAt: h.clock.Now(), UpdatedAt: h.clock.Now(),
			}).Error
		}))
		again, err := h.signIn(who("00u1", "attacker@acme.test"))
		h.must(err)
		same(t, "on other teams", []any{again.User.Email, h.open(in.ID)[0].Kind}, []any{"ada@acme.test", models.ConflictEmailOtherTeams})
	})
}

// A domain that the team proved and vouches for needs no mail.
func TestAddressThatTheTeamVouchesFor(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.withAccounts()
		h.proved("acme.test")
		h.must(h.db.InTx(t.Context(), func(tx *gorm.DB) error {
			return tx.Model(&models.SsoSettings{}).Where("team_id = ?", h.team.ID).Update("trust_verified_domains", true).Error
		}))
		in, err := h.signIn(who("00u1", "ada@acme.test"))
		h.must(err)
		again, err := h.signIn(who("00u1", "countess@acme.test"))
		h.must(err)
		same(t, "vouched for", again.User.VerifiedAt != nil, true)
		again, err = h.signIn(who("00u1", "countess@elsewhere.test"))
		h.must(err)
		same(t, "outside of it", []any{again.ID, again.User.VerifiedAt}, []any{in.ID, nil})
	})
}

// Names follow at each sign-in; what did not come says nothing, and provisioning
// knows better.
func TestNamesFollow(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		in, err := h.signIn(who("00u1", "ada@acme.test"))
		h.must(err)
		p := who("00u1", "ada@acme.test")
		p.LastName = "King"
		again, err := h.signIn(p)
		h.must(err)
		same(t, "names", []any{again.User.GivenName, again.User.FamilyName}, []any{"Ada", "King"})
		revision := again.Revision
		again, err = h.signIn(idptest.Person{NameID: "00u1", Email: "ada@acme.test"})
		h.must(err)
		same(t, "none came", []any{again.User.GivenName, again.User.FamilyName, again.Revision}, []any{"Ada", "King", revision})
		p.FirstName, p.LastName = strings.Repeat("a", 201), "x"
		again, err = h.signIn(p)
		h.must(err)
		same(t, "a name that is too long", []any{again.User.GivenName, again.User.FamilyName}, []any{"Ada", "King"})
		// Provisioning takes over, and then its word counts.
		m := in.Member
		m.Membership, _ = h.find(in.ID)
		m.User = h.user(in.UserID)
		in2 := present(m)
		in2.GivenName = "Augusta"
		_, err = h.push(m, in2)
		h.must(err)
		p = who("00u1", "new@acme.test")
		again, err = h.signIn(p)
		h.must(err)
		same(t, "provisioned", []any{again.User.GivenName, again.User.FamilyName, again.User.Email, len(h.open(in.ID))}, []any{"Augusta", "King", "ada@acme.test", 0})
	})
}

// Two people get one address at the same moment: one has it.
func TestOneAddressForTwoAtOnce(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		for round := range 8 {
			a, b := fmt.Sprint("a", round), fmt.Sprint("b", round)
			one, err := h.signIn(who(a, h.address()))
			h.must(err)
			two, err := h.signIn(who(b, h.address()))
			h.must(err)
			address := fmt.Sprintf("wanted%d@acme.test", round)
			x, y := h.judged(h.team, h.idp, who(a, address)), h.judged(h.team, h.idp, who(b, address))
			ends := together(t, func() error { return first(h.SignIn(h.request(), x)) }, func() error { return first(h.SignIn(h.request(), y)) })
			same(t, "both are in", ends[""], 2)
			same(t, "who has it, who waits", []any{h.count(&models.User{}, "email_key = ?", address), len(h.open(one.ID)) + len(h.open(two.ID))}, []any{1, 1})
			h.clock.Advance(time.Minute)
		}
	})
}
