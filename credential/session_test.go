package credential_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/credential"
	"rollcall/fault"
	"rollcall/internal/housetest"
	"rollcall/models"
)

func TestOpenSession(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.direct(models.RoleMember)
		ctx := access.WithRequest(h.Context(), access.Request{ID: "req-1", IP: "192.0.2.7", UserAgent: "Mozi\x00lla\n" + strings.Repeat("é", 150) + "\xff"})
		row, _, err := h.open(ctx, m)
		h.must(err)
		stored, err := h.store.Session(h.operator(), row.ID)
		h.must(err)
		same(t, "identity provider", *stored.IdentityProviderID, *row.IdentityProviderID)
		plain := row
		plain.IdentityProviderID = stored.IdentityProviderID // compared above; pointers print as addresses
		same(t, "stored", stored, plain)
		same(t, "team, user and membership", []models.ID{row.TeamID, row.UserID, row.MembershipID}, []models.ID{h.team.ID, m.User.ID, m.ID})
		same(t, "ends", []time.Duration{row.IdleExpiresAt.Sub(housetest.Start), row.ExpiresAt.Sub(housetest.Start)}, []time.Duration{30 * time.Minute, 2 * time.Hour})
		same(t, "address", row.IP, "192.0.2.7")
		same(t, "browser", row.UserAgent, "Mozilla"+strings.Repeat("é", 96))
	})
}

func TestWhoseSessions(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		admin, member, other := h.direct(models.RoleAdmin), h.direct(models.RoleMember), h.direct(models.RoleMember)
		stranger := h.add(h.found("other", models.PlanTeam), models.KindPerson, models.RoleAdmin)
		row, secret := h.session(member)
		own, err := h.store.AuthenticateSession(h.Context(), secret)
		h.must(err)
		for _, c := range []struct {
			name string
			ctx  context.Context
			want fault.Code
		}{
			{"the session itself", access.With(h.Context(), own), ""},
			{"an admin", as(h, admin), ""},
			{"an operator", h.operator(), ""},
			{"another member", as(h, other), fault.Forbidden},
			{"an admin's key without the scope", with(h, admin, models.ScopeMembershipRead), fault.Forbidden},
			{"an admin of another team", as(h, stranger), fault.Missing},
			{"nobody", h.Context(), fault.NotSignedIn},
		} {
			err := first(h.store.Session(c.ctx, row.ID))
			if c.want == "" && err != nil {
				t.Errorf("%s: %v", c.name, err)
			} else if c.want != "" {
				refused(t, c.name, err, c.want)
			}
		}
		refused(t, "unknown", first(h.store.Session(h.operator(), newID(t))), fault.Missing)
	})
}

// Signing out ends the session that one came with and no other.
func TestCloseSession(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.direct(models.RoleMember)
		row, secret := h.session(m)
		_, elsewhere := h.session(m)
		own, err := h.store.AuthenticateSession(h.Context(), secret)
		h.must(err)
		ctx := access.With(h.Context(), own)
		h.must(h.store.CloseSession(ctx))
		h.clock.Advance(time.Minute)
		h.must(h.store.CloseSession(ctx)) // a second click
		refused(t, "closed", first(h.store.AuthenticateSession(h.Context(), secret)), fault.NotSignedIn)
		if _, err := h.store.AuthenticateSession(h.Context(), elsewhere); err != nil {
			t.Errorf("the other browser: %v", err)
		}
		same(t, "events", h.events(row.ID), []string{"session.closed"})
		same(t, "revoked", h.count(&models.Session{}, "id = ? AND revoked_reason = 'signed out' AND revoked_at = ?", row.ID, housetest.Start), 1)
		for name, ctx := range map[string]context.Context{
			"nobody": h.Context(), "a key": with(h, m), "an operator": h.operator(), "a client": housetest.AsScim(h.Context(), h.team.ID),
		} {
			refused(t, name, h.store.CloseSession(ctx), fault.NotSignedIn)
		}
	})
}

// Whoever holds the right to end a session can end that one, while it is open, and
// can do nothing else with it.
func TestCloseReplaced(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.direct(models.RoleMember)
		row, secret := h.session(m)
		_, elsewhere := h.session(m)
		ending := credential.EndingOf(secret)
		ctx := models.Guarded(h.Context(), h.store.StillGood) // as the server has it
		refused(t, "as a cookie", first(h.store.AuthenticateSession(h.Context(), ending)), fault.NotSignedIn)
		refused(t, "as a key", first(h.store.Authenticate(h.Context(), ending)), fault.NotSignedIn)
		for _, bad := range []string{"", secret, ending[:62], ending + "00", strings.Repeat("0", 64), "' OR 1=1 --"} {
			h.must(h.store.CloseReplaced(ctx, bad))
		}
		same(t, "open", h.count(&models.Session{}, "membership_id = ? AND revoked_at IS NULL", m.ID), 2)
		h.must(h.store.CloseReplaced(ctx, ending))
		h.must(h.store.CloseReplaced(ctx, ending)) // a second time
		refused(t, "closed", first(h.store.AuthenticateSession(h.Context(), secret)), fault.NotSignedIn)
		if _, err := h.store.AuthenticateSession(h.Context(), elsewhere); err != nil {
			t.Errorf("the other browser: %v", err)
		}
		same(t, "events", h.events(row.ID), []string{"session.closed"})
		// One that has ended by itself is not closed once more.
		idle, secret := h.session(m)
		h.clock.Advance(40 * time.Minute)
		h.must(h.store.CloseReplaced(ctx, credential.EndingOf(secret)))
		same(t, "events of one that is over", len(h.events(idle.ID)), 0)
	})
}

// The receipt counts what the revocation ended: not what had ended before, not
// what others hold, and nothing of a transaction that failed.
func TestRevokeMember(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m, other := h.direct(models.RoleAdmin), h.direct(models.RoleMember)
		h.session(m)
		h.session(m)
		old, _ := h.key(m)
		_, err := h.store.RevokeAPIKey(h.operator(), old.ID)
		h.must(err)
		h.key(m)
		h.key(m)
		_, otherKey := h.key(other)
		_, otherCookie := h.session(other)
		h.clock.Advance(time.Minute)
		revoke := func(fail error) (out credential.Receipt, err error) {
			err = h.db.InTx(h.Context(), func(tx *gorm.DB) error {
				if out, err = h.store.RevokeMember(h.Context(), tx, m.ID, "removed", h.clock.Now()); err != nil {
					return err
				}
				return fail
			})
			return out, err
		}
		if _, err := revoke(context.Canceled); err == nil {
			t.Fatal("the failure is lost")
		}
		same(t, "live after a failure", h.count(&models.APIKey{}, "membership_id = ? AND revoked_at IS NULL", m.ID), 2)
		got, err := revoke(nil)
		h.must(err)
		same(t, "receipt", got, credential.Receipt{Sessions: 2, APIKeys: 2})
		same(t, "details", got.Details(), []models.AuditDetail{{Name: "sessionsRevoked", Value: "2"}, {Name: "apiKeysRevoked", Value: "2"}})
		same(t, "keys with time and reason", h.count(&models.APIKey{}, "membership_id = ? AND revoked_reason = 'removed' AND revoked_at = ?", m.ID, h.clock.Now()), 2)
		same(t, "sessions with time and reason", h.count(&models.Session{}, "membership_id = ? AND revoked_reason = 'removed' AND revoked_at = ?", m.ID, h.clock.Now()), 2)
		same(t, "the key that had ended", h.count(&models.APIKey{}, "id = ? AND revoked_reason = 'revoked'", old.ID), 1)
		again, err := revoke(nil)
		h.must(err)
		same(t, "second receipt", again, credential.Receipt{})
		if err := first(h.store.Authenticate(h.Context(), otherKey)); err != nil {
			t.Errorf("somebody else's key: %v", err)
		}
		if err := first(h.store.AuthenticateSession(h.Context(), otherCookie)); err != nil {
			t.Errorf("somebody else's session: %v", err)
		}
	})
}
