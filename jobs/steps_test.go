package jobs

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"gorm.io/gorm"

	"rollcall/credential"
	"rollcall/internal/housetest"
	"rollcall/mail"
	"rollcall/models"
)

// The steps from a change to its mail, at each of which a victim dies.
const (
	stepChanged   = "changed"   // the change is written, nobody is told
	stepEnqueued  = "enqueued"  // notice and job are written, nothing is committed
	stepCommitted = "committed" // and now it is
	stepOffered   = "offered"   // the mail is about to be handed over
	stepTaken     = "taken"     // it was, and that is not written down
)

// die is kill -9 of this very process.
func die() {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}

// fileSender keeps one message and dies before or after.
type fileSender struct{ path, step string }

func (f fileSender) Send(_ context.Context, m mail.Message) error {
	if f.step == stepOffered {
		die()
	}
	if err := os.WriteFile(f.path, []byte(m.ID), 0o600); err != nil {
		return err
	}
	die()
	return nil
}

func beVictim() error {
	step := os.Getenv(envStep)
	s, err := childService(fileSender{os.Getenv(envFile), step}, func() time.Time { return housetest.Start })
	if err != nil {
		return err
	}
	ctx := housetest.AsOperator(context.Background())
	if step == stepOffered || step == stepTaken {
		var m models.Mail
		if err := s.DB.Read(ctx).Take(&m).Error; err != nil {
			return err
		}
		return s.deliverJob(ctx, tryOf(m))
	}
	s.Credentials.Announce = func(tx *gorm.DB, n models.Notice) error {
		if step == stepChanged {
			die()
		}
		err := s.Announce(tx, n)
		if step == stepEnqueued {
			die()
		}
		return err
	}
	if _, _, err := s.Credentials.CreateScimToken(ctx, credential.NewScimToken{TeamID: models.ID(os.Getenv(envTeam)), Name: "okta"}); err != nil {
		return err
	}
	die()
	return nil
}

func tryOf(m models.Mail) *river.Job[deliverArgs] {
	return &river.Job[deliverArgs]{JobRow: &rivertype.JobRow{Attempt: 1, MaxAttempts: maxAttempts}, Args: deliverArgs{Mail: m.ID}}
}

// A process that dies between any two steps from a change to its mail leaves the
// mail if and only if it leaves the change. Only a death between the handing over
// and the note of it sends twice, under one Message-ID.
func TestKilledAtEachStep(t *testing.T) {
	housetest.EachSource(t, func(t *testing.T, src models.Source) {
		clock, box := housetest.NewClock(), &post{}
		r := newReplica(t, src, clock.Now, box)
		team, _ := r.team("acme", "ada@acme.test")
		file := filepath.Join(t.TempDir(), "mail")
		killed := func(step string) {
			t.Helper()
			c := child(t, src, "victim", envTeam+"="+string(team.ID), envStep+"="+step, envFile+"="+file)
			if err := c.Wait(); err == nil || c.ProcessState.ExitCode() != -1 {
				t.Fatalf("%s: the victim ended by itself: %v", step, err)
			}
		}
		count := func() [3]int {
			var n int
			r.must(r.DB.Read(t.Context()).Raw("SELECT count(*) FROM river_job").Scan(&n).Error)
			return [3]int{len(rowsOf[models.ScimToken](t, r.DB, "1 = 1")), len(rowsOf[models.Notice](t, r.DB, "1 = 1")), n}
		}
		for step, want := range map[string][3]int{stepChanged: {}, stepEnqueued: {}} {
			if killed(step); count() != want {
				t.Errorf("%s: tokens, notices and jobs are %v", step, count())
			}
		}
		if killed(stepCommitted); count() != [3]int{1, 1, 1} {
			t.Fatalf("tokens, notices and jobs are %v", count())
		}
		r.must(r.announceJob(t.Context(), announceArgs{Notice: rowsOf[models.Notice](t, r.DB, "1 = 1")[0].ID}))
		killed(stepOffered)
		if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the mail went: %v", err)
		}
		killed(stepTaken)
		first, err := os.ReadFile(file)
		r.must(err)
		m := rowsOf[models.Mail](t, r.DB, "1 = 1")
		if len(m) != 1 || m[0].State != models.MailQueued {
			t.Fatalf("%+v", m)
		}
		r.work()
		r.drained()
		if sent := box.all(); len(sent) != 1 || sent[0].ID != string(first) || !strings.HasPrefix(sent[0].ID, string(m[0].ID)) {
			t.Errorf("again: %+v, first under %s", sent, first)
		}
		if m = rowsOf[models.Mail](t, r.DB, "1 = 1"); len(m) != 1 || m[0].State != models.MailSent {
			t.Errorf("%+v", m)
		}
	})
}
