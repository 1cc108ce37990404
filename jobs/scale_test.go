package jobs

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"gorm.io/gorm"

	"rollcall/internal/housetest"
	"rollcall/models"
)

// BenchmarkPrune deletes half of each kind of row that is pruned, with
// BENCH_ROWS of each (20,000 without), while somebody else writes: what counts
// is how long they have to wait for their turn.
//
//	BENCH_ROWS=1000000 scripts/with-postgres go test ./jobs -run '^$' -bench Prune -benchtime 1x -timeout 60m
func BenchmarkPrune(b *testing.B) {
	rows := 20_000
	if n, err := strconv.Atoi(os.Getenv("BENCH_ROWS")); err == nil {
		rows = n
	}
	for _, dialect := range []models.Dialect{models.SQLite, models.Postgres} {
		b.Run(string(dialect), func(b *testing.B) {
			clock := housetest.NewClock()
			var db *models.DB
			if dialect == models.SQLite {
				db = housetest.SQLite(b)
			} else {
				db = housetest.Postgres(b)
			}
			r := replicaOn(b, db, clock.Now, &post{})
			r.Retention = Retention{Credentials: 90 * 24 * time.Hour, History: 365 * 24 * time.Hour, Mails: 400 * 24 * time.Hour}
			team, p := r.team("acme", "ada@acme.test")
			r.old(team.ID, p.ID, rows)
			b.ResetTimer()
			for range b.N {
				r.pruneBesideWriter(b)
			}
		})
	}
}

// old fills the tables, half with rows whose time is over.
func (r *replica) old(team, provider models.ID, rows int) {
	r.t.Helper()
	ids := func(i int) string { return fmt.Sprintf("00000000-0000-7000-8000-%012x", i) }
	at := func(i int) time.Time {
		if i%2 == 0 {
			return r.Now().AddDate(0, 0, -500)
		}
		return r.Now().AddDate(0, 0, -1)
	}
	const batch = 500
	for from := 0; from < rows; from += batch {
		var events []models.AuditEvent
		var sessions []models.Session
		var attempts []models.LoginAttempt
		var notices []models.Notice
		var mails []models.Mail
		for i := from; i < min(rows, from+batch); i++ {
			id, when := models.ID(ids(i)), at(i)
			events = append(events, models.AuditEvent{ID: id, TeamID: &team, At: when, Action: "x", Details: []models.AuditDetail{}})
			sessions = append(sessions, models.Session{ID: id, SecretHash: []byte(id), TeamID: team, UserID: id, MembershipID: id, IdentityProviderID: &provider,
				CreatedAt: when, LastSeenAt: when, IdleExpiresAt: when, ExpiresAt: when})
			attempts = append(attempts, models.LoginAttempt{ID: id, TeamID: team, IdentityProviderID: &provider, At: when, Outcome: models.AttemptSucceeded, Checks: []models.AttemptCheck{}})
			notices = append(notices, models.Notice{ID: id, TeamID: team, NoticeKey: string(id), Kind: "sso_enabled", Facts: map[string]string{}, CreatedAt: when, AnnouncedAt: &when})
			mails = append(mails, models.Mail{ID: id, TeamID: team, NoticeID: id, Recipient: "a@acme.test", RecipientKey: "a@acme.test", Language: "en", State: models.MailSent, CreatedAt: when})
		}
		r.must(r.DB.InTx(r.t.Context(), func(tx *gorm.DB) error {
			for _, some := range []any{&events, &sessions, &attempts, &notices, &mails} {
				if err := tx.Create(some).Error; err != nil {
					return err
				}
			}
			return nil
		}))
	}
}

// pruneBesideWriter prunes until nothing is left to do, and measures what another
// writer sees of it.
func (r *replica) pruneBesideWriter(b *testing.B) {
	b.Helper()
	var done atomic.Bool
	waits := make(chan []time.Duration)
	go func() {
		var all []time.Duration
		for !done.Load() {
			began := time.Now()
			err := r.DB.InTx(b.Context(), func(tx *gorm.DB) error {
				return tx.Model(&models.Team{}).Where("slug = ?", "acme").Update("name", "Acme").Error
			})
			if err != nil {
				b.Error(err)
			}
			all = append(all, time.Since(began))
			time.Sleep(time.Millisecond)
		}
		waits <- all
	}()
	count := func() (n int64) {
		r.must(r.DB.Read(b.Context()).Model(&models.Mail{}).Count(&n).Error)
		return n
	}
	runs := 0
	for before := int64(-1); before != count(); runs++ {
		before = count()
		began := time.Now()
		r.must(r.Prune(b.Context()))
		b.Logf("run %d took %s", runs+1, time.Since(began))
	}
	began := time.Now()
	r.must(r.Prune(b.Context()))
	b.ReportMetric(float64(time.Since(began).Milliseconds()), "idle-ms")
	done.Store(true)
	all := <-waits
	slices.Sort(all)
	b.ReportMetric(float64(all[len(all)-1].Milliseconds()), "longest-wait-ms")
	b.ReportMetric(float64(all[len(all)*99/100].Microseconds())/1000, "p99-wait-ms")
	b.ReportMetric(float64(runs), "runs")
	began = time.Now()
	if _, err := r.status(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(time.Since(began).Milliseconds()), "status-ms")
}
