package jobs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivermigrate"
	"gorm.io/gorm"

	"rollcall/credential"
	"rollcall/internal/housetest"
	"rollcall/models"
)

// The tables that our migration makes are those that this version of River
// expects.
func TestSchemaIsRivers(t *testing.T) {
	housetest.EachSource(t, func(t *testing.T, src models.Source) {
		r := newReplica(t, src, time.Now, &post{})
		driver, err := r.driver()
		r.must(err)
		m, err := rivermigrate.New(driver, nil)
		r.must(err)
		got, err := m.Validate(t.Context(), nil)
		if err != nil || !got.OK {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

// Of two hundred transactions every second one is rolled back, and each has an
// inner one that is: exactly what was committed is announced.
func TestEnqueueGoesWithItsTransaction(t *testing.T) {
	for _, poll := range []bool{false, true} {
		t.Run(fmt.Sprintf("poll only %v", poll), func(t *testing.T) {
			housetest.EachSource(t, func(t *testing.T, src models.Source) {
				clock, box := housetest.NewClock(), &post{}
				db := housetest.Open(t, src, clock.Now)
				r := replicaOn(t, db, clock.Now, box)
				if poll {
					o := r.Options
					o.PollOnly = true
					s, err := New(o)
					r.must(err)
					r.Service, r.SSO.Announce = s, s.Announce
				}
				team, _ := r.team("acme", "ada@acme.test")
				r.work()
				undo := errors.New("rolled back")
				notice := func(tx *gorm.DB, name string) error {
					id, err := models.NewID()
					if err != nil {
						return err
					}
					return r.Announce(tx, models.Notice{ID: id, TeamID: team.ID, NoticeKey: name, Kind: "scim_token_created", CreatedAt: clock.Now(),
						Facts: map[string]string{"name": name, "at": clock.Now().Format(time.RFC3339)}})
				}
				var want []string
				for i := range 200 {
					err := db.InTx(t.Context(), func(tx *gorm.DB) error {
						inner := tx.Transaction(func(tx *gorm.DB) error {
							return errors.Join(notice(tx, fmt.Sprintf("inner %d", i)), undo)
						})
						if !errors.Is(inner, undo) {
							return inner
						}
						if err := notice(tx, fmt.Sprintf("outer %d", i)); err != nil {
							return err
						}
						if err := notice(tx, "the same for all"); err != nil {
							return err
						}
						if i%2 == 1 {
							return undo
						}
						return nil
					})
					if i%2 == 0 {
						want = append(want, fmt.Sprintf("outer %d", i))
						r.must(err)
					} else if !errors.Is(err, undo) {
						t.Fatal(err)
					}
				}
				r.drained()
				want = append(want, "the same for all")
				var got []string
				for _, m := range box.all() {
					_, rest, _ := strings.Cut(m.Text, "Name: ")
					name, _, _ := strings.Cut(rest, "\n")
					got = append(got, name)
				}
				slices.Sort(got)
				slices.Sort(want)
				if !slices.Equal(got, want) {
					t.Errorf("%d mails, want %d: %v", len(got), len(want), got)
				}
			})
		})
	}
	// Outside of a transaction there is nothing to go with.
	r := replicaOn(t, housetest.SQLite(t), time.Now, &post{})
	if err := r.enqueue(r.DB.Read(t.Context()), expiryArgs{}); err == nil {
		t.Error("a job went without a transaction")
	}
}

// What lost its job gets another one, and only one.
func TestFindLost(t *testing.T) {
	housetest.EachSource(t, func(t *testing.T, src models.Source) {
		clock, box := housetest.NewClock(), &post{}
		r := newReplica(t, src, clock.Now, box)
		team, _ := r.team("acme", "ada@acme.test")
		ctx := housetest.AsOperator(t.Context())
		for _, name := range []string{"one", "two"} {
			_, _, err := r.Credentials.CreateScimToken(ctx, credential.NewScimToken{TeamID: team.ID, Name: name})
			r.must(err)
		}
		r.must(r.announceJob(ctx, announceArgs{Notice: rowsOf[models.Notice](t, r.DB, "1 = 1")[0].ID}))
		forget := func() {
			conn, _, err := r.DB.SQL()
			r.must(err)
			_, err = conn.ExecContext(t.Context(), "DELETE FROM river_job")
			r.must(err)
		}
		forget()
		r.must(r.findLost(ctx))
		count := func() (n int) {
			r.must(r.DB.Read(t.Context()).Raw("SELECT count(*) FROM river_job").Scan(&n).Error)
			return n
		}
		if n := count(); n != 0 {
			t.Errorf("%d jobs before their time", n)
		}
		clock.Advance(73 * time.Hour)
		r.must(r.findLost(ctx))
		r.must(r.findLost(ctx))
		if n := count(); n != 2 {
			t.Errorf("%d jobs for two that were lost", n)
		}
		r.work()
		r.drained()
		if n := len(box.all()); n != 2 {
			t.Errorf("%d mails", n)
		}
	})
}

// Two replicas with the real timetable: each kind of periodic work is done at
// the start, once.
func TestTimetable(t *testing.T) {
	t.Parallel()
	housetest.EachSource(t, func(t *testing.T, src models.Source) {
		t.Parallel()
		clock, box := housetest.NewClock(), &post{}
		var both []*replica
		for range 2 {
			r := newReplica(t, src, clock.Now, box)
			o := r.Options
			o.tune = func(c *river.Config) { c.FetchPollInterval = 100 * time.Millisecond }
			s, err := New(o)
			r.must(err)
			r.Service, r.SSO.Announce = s, s.Announce
			both = append(both, r)
		}
		_, p := both[0].team("acme", "ada@acme.test")
		_, err := both[0].SSO.AddCertificate(housetest.AsOperator(t.Context()), p.ID, certificate(t, housetest.Start, housetest.Start.AddDate(0, 0, 5)))
		both[0].must(err)
		for _, r := range both {
			r.work()
		}
		status := func() map[string]int64 {
			s, err := both[1].Status(housetest.AsOperator(t.Context()))
			both[1].must(err)
			done := map[string]int64{}
			for _, k := range s.Kinds {
				done[k.Kind] = k.Done
			}
			return done
		}
		waitFor(t, "the first round", func() bool {
			d := status()
			return d["announce_expiring"] > 0 && d["find_due_metadata"] > 0 && d["prune"] > 0 && d["deliver"] == 2
		})
		if d := status(); d["announce_expiring"] != 1 || d["find_due_metadata"] != 1 || d["prune"] != 1 {
			t.Errorf("%v", d)
		}
		if n := len(box.all()); n != 2 { // added, and expiring
			t.Errorf("%d mails", n)
		}
	})
}

// What is over goes after its time, the rest stays, and thousands go in batches.
func TestPrune(t *testing.T) {
	housetest.EachSource(t, func(t *testing.T, src models.Source) {
		clock := housetest.NewClock()
		r := newReplica(t, src, clock.Now, &post{})
		r.Retention = Retention{Credentials: 90 * 24 * time.Hour, History: 365 * 24 * time.Hour, Mails: 400 * 24 * time.Hour}
		team, _ := r.team("acme", "ada@acme.test")
		now := clock.Now()
		day := func(n int) time.Time { return now.AddDate(0, 0, n) }
		gone, left := day(-91), day(-89)
		id := func() models.ID {
			v, err := models.NewID()
			r.must(err)
			return v
		}
		var sessions []models.Session
		for i := range 2_500 {
			v := id()
			end := gone
			if i%5 == 0 {
				end = left
			}
			sessions = append(sessions, models.Session{ID: v, SecretHash: []byte(v), TeamID: team.ID, UserID: v, MembershipID: v, IdentityProviderID: &v,
				CreatedAt: gone, LastSeenAt: gone, IdleExpiresAt: end, ExpiresAt: end})
		}
		key := func(revoked, expires *time.Time) models.APIKey {
			v := id()
			return models.APIKey{ID: v, SecretHash: []byte(v), Operator: true, Scopes: []models.Scope{}, CreatedAt: gone, RevokedAt: revoked, ExpiresAt: expires}
		}
		keys := []models.APIKey{key(&gone, nil), key(nil, &gone), key(&left, nil), key(nil, &left), key(nil, nil)}
		event := func(at time.Time) models.AuditEvent {
			return models.AuditEvent{ID: id(), At: at, Action: "x", Details: []models.AuditDetail{}}
		}
		events := []models.AuditEvent{event(day(-366)), event(day(-364))}
		r.must(r.DB.InTx(t.Context(), func(tx *gorm.DB) error {
			return errors.Join(tx.CreateInBatches(sessions, 200).Error, tx.Create(&keys).Error, tx.Create(&events).Error)
		}))
		r.must(r.Prune(t.Context()))
		if n := len(rowsOf[models.Session](t, r.DB, "1 = 1")); n != 500 {
			t.Errorf("%d sessions are left", n)
		}
		if n := len(rowsOf[models.APIKey](t, r.DB, "1 = 1")); n != 3 {
			t.Errorf("%d keys are left", n)
		}
		if n := len(rowsOf[models.AuditEvent](t, r.DB, "action = 'x'")); n != 1 {
			t.Errorf("%d events are left", n)
		}
		cancelled, cancel := context.WithCancel(t.Context())
		cancel()
		if err := r.Prune(cancelled); err == nil {
			t.Error("a run that was cut off says that it is done")
		}
	})
}
