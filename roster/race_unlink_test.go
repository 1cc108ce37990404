package roster_test

import (
	"fmt"
	"testing"

	"rollcall/fault"
	"rollcall/models"
	"rollcall/sso"
)

// Somebody signs in by an identity that is being taken away. Whoever was first,
// nobody is in by it afterwards.
func TestSignInAgainstUnlink(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		late := 0
		for round := range 15 {
			p := who(fmt.Sprint("00u", round), h.address())
			in, err := h.signIn(p)
			h.must(err)
			var identity models.ExternalIdentity
			h.must(h.db.Read(h.Context()).Where("membership_id = ?", in.ID).Take(&identity).Error)
			logins := make([]sso.Login, 3)
			for i := range logins {
				logins[i] = h.judged(h.team, h.idp, p)
			}
			ends := together(t, append(times(len(logins), func(i int) error { return first(h.SignIn(h.request(), logins[i])) }),
				func() error { return first(h.Unlink(h.operator(), identity.ID)) })...)
			// A sign-in that comes too late finds an account that is not its own.
			if ends[""]+ends[fault.LoginAccountConflict] != 4 {
				t.Fatalf("round %d: %v", round, ends)
			}
			late += ends[fault.LoginAccountConflict]
			same(t, "live sessions, identities", []int64{
				h.count(&models.Session{}, "membership_id = ? AND revoked_at IS NULL", in.ID), h.count(&models.ExternalIdentity{}, "membership_id = ?", in.ID),
			}, []int64{0, 0})
		}
		if late == 0 {
			t.Error("it was no race: no sign-in came too late")
		}
	})
}

// The same with the provider that vouched for them.
func TestSignInAgainstDeletedProvider(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		for round := range 10 {
			next := h.newIDP("next")
			h.trust(h.team, next)
			logins := make([]sso.Login, 4)
			for i := range logins {
				logins[i] = h.judged(h.team, next, who(fmt.Sprint("00u", round, i), h.address()))
			}
			provider := logins[0].Provider.ID
			ends := together(t, append(times(len(logins), func(i int) error { return first(h.SignIn(h.request(), logins[i])) }),
				func() error { return first(h.sso.DeleteIdentityProvider(h.operator(), provider)) })...)
			if ends[""]+ends[fault.Clash] != 5 || ends[""] == 0 {
				t.Fatalf("round %d: %v", round, ends)
			}
			same(t, "live sessions", h.count(&models.Session{}, "identity_provider_id = ? AND revoked_at IS NULL", provider), 0)
		}
	})
}
