package credential_test

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"rollcall/credential"
	"rollcall/fault"
	"rollcall/models"
	"rollcall/roster"
)

// ends are the ways in which a member's credentials end.
func (h *house) ends() map[string]func(m roster.Member) error {
	return map[string]func(m roster.Member) error{
		"deactivate": func(m roster.Member) error { return first(h.roster.Deactivate(h.operator(), m.ID, "")) },
		"remove":     func(m roster.Member) error { return first(h.roster.Remove(h.operator(), m.ID)) },
	}
}

// Somebody makes keys and signs in while they are put out. Whichever comes
// first, afterwards nothing of theirs is alive: no row and no secret.
func TestNothingSurvivesTheEnd(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		const rounds = 25
		h.direct(models.RoleAdmin)
		before, after := 0, 0 // keys and sessions that came in time, and too late
		for name, end := range h.ends() {
			for range rounds {
				m := h.direct(models.RoleMember)
				h.key(m) // one that is there for sure
				var mu sync.Mutex
				var secrets []string
				note := func(secret string, err error) {
					mu.Lock()
					defer mu.Unlock()
					switch {
					case err == nil:
						before++
						secrets = append(secrets, secret)
					case fault.Is(err, fault.Missing), fault.Is(err, fault.Clash), fault.Is(err, fault.UserDeactivated):
						after++
					default:
						t.Errorf("%s: %v", name, err)
					}
				}
				start := make(chan struct{})
				var wg sync.WaitGroup
				for range 3 {
					wg.Go(func() {
						<-start
						_, secret, err := h.store.CreateAPIKey(as(h, m), credential.NewAPIKey{TeamID: h.team.ID, MembershipID: m.ID, Name: "ci", Scopes: models.Scopes})
						note(secret, err)
					})
					wg.Go(func() {
						<-start
						_, secret, err := h.open(h.Context(), m)
						note(secret, err)
					})
				}
				wg.Go(func() {
					<-start
					if err := end(m); err != nil {
						t.Errorf("%s: %v", name, err)
					}
				})
				close(start)
				wg.Wait()
				for _, row := range []any{&models.APIKey{}, &models.Session{}} {
					if n := h.count(row, "membership_id = ? AND revoked_at IS NULL", m.ID); n != 0 {
						t.Fatalf("%s: %d live rows of %T", name, n, row)
					}
				}
				for _, secret := range secrets {
					_, asKey := h.store.Authenticate(h.Context(), secret)
					_, asSession := h.store.AuthenticateSession(h.Context(), secret)
					if asKey == nil || asSession == nil {
						t.Fatalf("%s: a secret still opens the door", name)
					}
				}
			}
		}
		if before == 0 || after == 0 {
			t.Errorf("it was no race: %d credentials came in time and %d too late", before, after)
		}
	})
}

// Somebody who makes a key locks the membership and then refers to the team;
// somebody who removes a member locks the team and then the membership. They
// would meet head-on, and PostgreSQL would have to break it up after a second,
// if referring to the team had to wait for the lock on it.
func TestKeysDoNotWaitForTheTeam(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		if h.db.Dialect() == models.SQLite {
			return // its writing transactions take turns: there are no locks to order
		}
		m := h.direct(models.RoleMember)
		h.must(h.db.InTx(h.Context(), func(tx *gorm.DB) error {
			if _, err := models.LockTeam(tx, h.team.ID); err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(as(h, m), time.Minute)
			defer cancel()
			_, _, err := h.store.CreateAPIKey(ctx, credential.NewAPIKey{TeamID: h.team.ID, MembershipID: m.ID, Name: "ci", Scopes: models.Scopes})
			if err != nil {
				t.Errorf("while the team is locked: %v", err)
			}
			_, err = models.LockMembership(tx, m.ID)
			return err
		}))
	})
}

// A key that is being revoked is not rotated: whoever stole it would live on in
// its successor.
func TestRotationWaitsForRevocation(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.direct(models.RoleMember)
		key, _ := h.key(m, models.Scopes...)
		rotated := make(chan error, 1)
		h.must(h.db.InTx(h.Context(), func(tx *gorm.DB) error {
			if err := tx.Model(&models.APIKey{}).Where("id = ?", key.ID).Update("revoked_at", h.clock.Now()).Error; err != nil {
				return err
			}
			go func() { rotated <- first(h.store.RotateAPIKey(with(h, m, models.Scopes...), key.ID, time.Hour, nil)) }()
			if h.db.Dialect() == models.Postgres {
				h.untilBlocked(rotated)
			}
			return nil
		}))
		refused(t, "rotation", <-rotated, fault.Clash)
		same(t, "live keys", h.count(&models.APIKey{}, "membership_id = ? AND revoked_at IS NULL", m.ID), 0)
	})
}

// untilBlocked returns when a connection waits for a lock or done has a value.
func (h *house) untilBlocked(done chan error) {
	h.Helper()
	for {
		var waiting int64
		h.must(h.db.Read(h.Context()).Raw("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'").Scan(&waiting).Error)
		if waiting > 0 || len(done) > 0 {
			return
		}
		runtime.Gosched()
	}
}
