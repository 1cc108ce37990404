package credential_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rollcall/access"
	"rollcall/credential"
	"rollcall/fault"
	"rollcall/internal/housetest"
	"rollcall/models"
)

func TestActors(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.direct(models.RoleViewer)
		key, secret := h.key(m, models.ScopeTeamRead, models.ScopeKeyWrite)
		a, err := h.store.Authenticate(h.Context(), secret)
		h.must(err)
		same(t, "key", a, access.Actor{
			Kind: access.Key, TeamID: h.team.ID, UserID: m.User.ID, MembershipID: m.ID, Role: models.RoleViewer,
			CredentialID: key.ID, Scopes: []models.Scope{models.ScopeTeamRead, models.ScopeKeyWrite}, Label: m.User.Email + " (ci)",
		})
		session, secret := h.session(m)
		a, err = h.store.AuthenticateSession(h.Context(), secret)
		h.must(err)
		same(t, "session", a, access.Actor{
			Kind: access.Person, TeamID: h.team.ID, UserID: m.User.ID, MembershipID: m.ID, Role: models.RoleViewer,
			CredentialID: session.ID, Label: m.User.Email,
		})
		token, secret := h.token()
		a, err = h.store.AuthenticateScim(h.Context(), secret)
		h.must(err)
		same(t, "token", a, access.Actor{Kind: access.Scim, TeamID: h.team.ID, CredentialID: token.ID, Label: "okta"})
		op, secret, err := h.store.CreateOperatorKey(h.operator(), "night shift")
		h.must(err)
		a, err = h.store.Authenticate(h.Context(), secret)
		h.must(err)
		same(t, "operator", a, access.Actor{Kind: access.Operator, CredentialID: op.ID, Label: "night shift"})
		same(t, "operator's scopes", len(op.Scopes), 0)
	})
}

// The role is the membership's at the time of the request, not the key's.
func TestRoleIsOfNow(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.direct(models.RoleAdmin)
		m := h.direct(models.RoleAdmin)
		_, key := h.key(m)
		_, cookie := h.session(m)
		_, err := h.roster.ChangeRole(h.operator(), m.ID, models.RoleViewer, nil)
		h.must(err)
		byKey, err := h.store.Authenticate(h.Context(), key)
		h.must(err)
		bySession, err := h.store.AuthenticateSession(h.Context(), cookie)
		h.must(err)
		same(t, "roles", []models.Role{byKey.Role, bySession.Role}, []models.Role{models.RoleViewer, models.RoleViewer})
	})
}

// One look-up a request; the time of use is written at most once a minute.
func TestStatementsOfARequest(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		secrets := h.secrets()
		for i, d := range h.doors() {
			steps := []struct {
				after time.Duration
				want  int64
			}{{0, 2}, {0, 1}, {59 * time.Second, 1}, {time.Second, 2}, {0, 1}, {time.Minute - time.Microsecond, 1}, {time.Microsecond, 2}}
			if d.prefix == "rcb_" {
				steps[0].want = 1 // a session was seen when it was opened
			}
			for n, s := range steps {
				h.clock.Advance(s.after)
				ctx, statements := models.CountStatements(h.Context())
				if _, err := d.enter(ctx, secrets[i]); err != nil || statements.Load() != s.want {
					t.Errorf("%s, step %d: %d statements and not %d, error %v", d.name, n, statements.Load(), s.want, err)
				}
			}
			h.clock.Set(housetest.Start)
		}
	})
}

// Requests that arrive together are one use, on however many replicas.
func TestUseIsWrittenOnce(t *testing.T) {
	for i, c := range []struct{ table, column string }{{"api_keys", "last_used_at"}, {"scim_tokens", "last_used_at"}, {"sessions", "last_seen_at"}} {
		t.Run(c.table, func(t *testing.T) {
			eachHouse(t, func(t *testing.T, h *house) {
				secret, enter := h.secrets()[i], h.doors()[i]
				h.clock.Advance(time.Hour / 3)
				writes := h.writes(c.table, c.column)
				// Every look at the clock shows a later time, as in life.
				var ticks atomic.Int64
				store := &credential.Store{DB: h.db, Now: func() time.Time {
					return h.clock.Now().Add(time.Duration(ticks.Add(1)) * time.Millisecond)
				}}
				door := (&house{store: store}).doors()[i]
				var failed atomic.Int64
				var wg sync.WaitGroup
				for range 16 {
					wg.Go(func() {
						if _, err := door.enter(h.Context(), secret); err != nil {
							failed.Add(1)
						}
					})
				}
				wg.Wait()
				same(t, enter.name+": refused", failed.Load(), 0)
				same(t, enter.name+": writes", writes(), 1)
			})
		})
	}
}

// A use that cannot be noted is still a use.
func TestUseOfAFrozenTable(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		_, secret := h.key(h.direct(models.RoleMember))
		h.must(h.db.Read(h.Context()).Exec(map[models.Dialect]string{
			models.SQLite:   "CREATE TRIGGER frozen BEFORE UPDATE ON api_keys BEGIN SELECT RAISE(ABORT, 'frozen'); END",
			models.Postgres: "ALTER TABLE api_keys ADD CONSTRAINT frozen CHECK (last_used_at IS NULL)",
		}[h.db.Dialect()]).Error)
		if _, err := h.store.Authenticate(h.Context(), secret); err != nil {
			t.Errorf("refused: %v", err)
		}
	})
}

// Whatever is wrong with a secret, its holder learns the same and costs the same.
func TestNotLive(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.direct(models.RoleAdmin)
		_, unknown := h.store.Authenticate(h.Context(), forge("rck_"))
		refused(t, "unknown", unknown, fault.NotSignedIn)
		past := h.clock.Now()
		check := func(what string, d door, secret string) {
			t.Helper()
			ctx, statements := models.CountStatements(h.Context())
			a, err := d.enter(ctx, secret)
			refused(t, what, err, fault.NotSignedIn)
			if err != nil && err.Error() != unknown.Error() {
				t.Errorf("%s is told apart: %v", what, err)
			}
			same(t, what+": actor", a, access.Actor{})
			same(t, what+": statements", statements.Load(), 1)
		}
		doors := h.doors()
		keys, tokens, sessions := doors[0], doors[1], doors[2]

		m := h.direct(models.RoleMember)
		key, secret := h.key(m)
		_, err := h.store.RevokeAPIKey(as(h, m), key.ID)
		h.must(err)
		check("revoked key", keys, secret)
		key, secret = h.key(m)
		h.update(&models.APIKey{}, key.ID, map[string]any{"expires_at": past})
		check("key at its end", keys, secret)
		h.update(&models.APIKey{}, key.ID, map[string]any{"expires_at": past.Add(time.Microsecond)})
		if _, err := keys.enter(h.Context(), secret); err != nil {
			t.Errorf("a key just before its end: %v", err)
		}

		token, secret := h.token()
		_, err = h.store.RevokeScimToken(h.operator(), token.ID)
		h.must(err)
		check("revoked token", tokens, secret)
		token, secret = h.token()
		h.update(&models.ScimToken{}, token.ID, map[string]any{"expires_at": past})
		check("token at its end", tokens, secret)

		session, secret := h.session(m)
		h.update(&models.Session{}, session.ID, map[string]any{"expires_at": past})
		check("session at its end", sessions, secret)
		session, secret = h.session(m)
		h.update(&models.Session{}, session.ID, map[string]any{"idle_expires_at": past})
		check("idle session", sessions, secret)
		session, secret = h.session(m)
		signedIn, err := h.store.AuthenticateSession(h.Context(), secret)
		h.must(err)
		h.must(h.store.CloseSession(access.With(h.Context(), signedIn)))
		check("closed session", sessions, secret)

		for _, end := range []string{"deactivated", "removed"} {
			m := h.direct(models.RoleMember)
			_, key := h.key(m)
			_, cookie := h.session(m)
			if end == "removed" {
				_, err = h.roster.Remove(h.operator(), m.ID)
			} else {
				_, err = h.roster.Deactivate(h.operator(), m.ID, "")
			}
			h.must(err)
			check("key of a member who was "+end, keys, key)
			check("session of a member who was "+end, sessions, cookie)
		}
	})
}

// Revocation is what ends credentials. Were a row ever missed by it, the member's
// status and team still stand in the way, and the use is not noted.
func TestMissedRevocation(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.direct(models.RoleAdmin)
		other := h.found("other", models.PlanTeam)
		for what, spoil := range map[string]func(models.Membership, models.APIKey, models.Session){
			"deactivated": func(m models.Membership, _ models.APIKey, _ models.Session) {
				h.update(&models.Membership{}, m.ID, map[string]any{"status": models.StatusDeactivated})
			},
			"gone": func(m models.Membership, _ models.APIKey, _ models.Session) {
				h.must(h.db.Read(h.Context()).Where("id = ?", m.ID).Delete(&models.Membership{}).Error)
			},
			"of another team": func(_ models.Membership, k models.APIKey, s models.Session) {
				h.update(&models.APIKey{}, k.ID, map[string]any{"team_id": other.ID})
				h.update(&models.Session{}, s.ID, map[string]any{"team_id": other.ID})
			},
		} {
			m := h.direct(models.RoleMember)
			key, secret := h.key(m)
			session, cookie := h.session(m)
			spoil(m.Membership, key, session)
			h.clock.Advance(2 * time.Minute)
			_, err := h.store.Authenticate(h.Context(), secret)
			refused(t, "key, "+what, err, fault.NotSignedIn)
			_, err = h.store.AuthenticateSession(h.Context(), cookie)
			refused(t, "session, "+what, err, fault.NotSignedIn)
			same(t, what+": keys noted as used", h.count(&models.APIKey{}, "id = ? AND last_used_at IS NOT NULL", key.ID), 0)
			same(t, what+": sessions noted as used", h.count(&models.Session{}, "id = ? AND last_seen_at > created_at", session.ID), 0)
		}
	})
}

// A session in use moves its idle end along, never its whole end.
func TestIdleExtension(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		session, secret := h.session(h.direct(models.RoleMember)) // two hours, thirty minutes idle
		enter := func(at time.Duration, live bool) {
			t.Helper()
			h.clock.Set(housetest.Start.Add(at))
			if _, err := h.store.AuthenticateSession(h.Context(), secret); (err == nil) != live {
				t.Errorf("after %v: %v", at, err)
			}
		}
		idleEnd := func() time.Duration {
			row, err := h.store.Session(h.operator(), session.ID)
			h.must(err)
			return row.IdleExpiresAt.Sub(housetest.Start)
		}
		enter(59*time.Second, true)
		same(t, "idle end after 59 seconds", idleEnd(), 30*time.Minute)
		enter(29*time.Minute, true)
		same(t, "idle end after 29 minutes", idleEnd(), 59*time.Minute)
		enter(59*time.Minute-time.Microsecond, true)
		enter(85*time.Minute, true)
		enter(110*time.Minute, true)
		enter(2*time.Hour-time.Microsecond, true)
		enter(2*time.Hour, false)
		h.clock.Set(housetest.Start)
		_, secret = h.session(h.direct(models.RoleMember))
		enter(30*time.Minute, false)
		enter(29*time.Minute, true) // the refusal did not move anything
	})
}
