package jobs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	netmail "net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"rollcall/credential"
	"rollcall/internal/housetest"
	"rollcall/mail"
	"rollcall/models"
	"rollcall/sso"
)

// The environment of this test program when it is a process of its own: a
// replica that works, or a client that changes things as fast as it can.
const (
	envRole    = "JOBS_TEST_ROLE"
	envDialect = "JOBS_TEST_DIALECT"
	envDSN     = "JOBS_TEST_DSN"
	envClock   = "JOBS_TEST_CLOCK" // a file with the time
	envSMTP    = "JOBS_TEST_SMTP"  // address of the mail server
	envTeam    = "JOBS_TEST_TEAM"
	envStep    = "JOBS_TEST_STEP" // at which a victim kills itself
	envFile    = "JOBS_TEST_FILE" // where a victim's mail goes
)

func TestMain(m *testing.M) {
	switch os.Getenv(envRole) {
	case "":
		os.Exit(m.Run())
	case "replica":
		exitOn(beReplica())
	case "client":
		exitOn(beClient())
	case "victim":
		exitOn(beVictim())
	}
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// fileClock reads the time that the parent wrote.
func fileClock(path string) func() time.Time {
	return func() time.Time {
		for {
			text, err := os.ReadFile(path)
			if err == nil {
				if n, err := strconv.ParseInt(string(text), 10, 64); err == nil {
					return time.Unix(n, 0).UTC()
				}
			}
			time.Sleep(time.Millisecond) // it is being replaced
		}
	}
}

func childService(sender mail.Sender, now func() time.Time) (*Service, error) {
	ctx, log := context.Background(), slog.New(slog.DiscardHandler)
	db, err := models.Open(ctx, models.Source{Dialect: models.Dialect(os.Getenv(envDialect)), DSN: os.Getenv(envDSN)}, log, now)
	if err != nil {
		return nil, err
	}
	trust, keys := &sso.Service{DB: db, Now: now, BaseURL: "https://rollcall.test"}, &credential.Store{DB: db, Now: now}
	s, err := New(Options{
		DB: db, Now: now, Log: log, SSO: trust, Credentials: keys, Sender: sender,
		From: "rollcall@rollcall.test", BaseURL: "https://rollcall.test", Retention: DefaultRetention, tune: quick,
	})
	if err != nil {
		return nil, err
	}
	trust.Announce, keys.Announce = s.Announce, s.Announce
	return s, nil
}

func beReplica() error {
	host, port, err := net.SplitHostPort(os.Getenv(envSMTP))
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return err
	}
	s, err := childService(&mail.SMTP{Host: host, Port: n, Now: time.Now}, fileClock(os.Getenv(envClock)))
	if err != nil {
		return err
	}
	ctx := housetest.AsSystem(context.Background())
	if err := s.Start(ctx); err != nil {
		return err
	}
	for {
		if err := s.Expiring(ctx); err != nil {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func beClient() error {
	s, err := childService(nil, time.Now)
	if err != nil {
		return err
	}
	ctx := housetest.AsOperator(context.Background())
	for i := 0; ; i++ {
		t, _, err := s.Credentials.CreateScimToken(ctx, credential.NewScimToken{TeamID: models.ID(os.Getenv(envTeam)), Name: fmt.Sprint(i)})
		if err != nil {
			return err
		}
		if _, err := s.Credentials.RevokeScimToken(ctx, t.ID); err != nil {
			return err
		}
	}
}

// child is such a process.
func child(t *testing.T, src models.Source, role string, extra ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), envRole+"="+role, envDialect+"="+string(src.Dialect), envDSN+"="+src.DSN)
	cmd.Env = append(cmd.Env, extra...)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kill(cmd) })
	return cmd
}

// kill is kill -9 of a process that this test started.
func kill(cmd *exec.Cmd) {
	if cmd.ProcessState == nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
}

// server is emersion's SMTP server, which nobody here wrote.
type server struct {
	mu   sync.Mutex
	got  map[string]string // Message-ID -> recipient
	seen int
	dice *rand.Rand
	addr string
}

func newServer(t *testing.T) *server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{got: map[string]string{}, addr: l.Addr().String(), dice: rand.New(rand.NewPCG(1, 2))}
	srv := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{server: s}, nil }))
	srv.Domain, srv.ReadTimeout, srv.WriteTimeout = "mail.test", time.Minute, time.Minute
	srv.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	go func() { _ = srv.Serve(l) }()
	t.Cleanup(func() { _ = srv.Close() })
	return s
}

type session struct {
	server *server
	to     string
}

func (s *session) Mail(string, *smtp.MailOptions) error { return nil }
func (s *session) Reset()                               {}
func (s *session) Logout() error                        { return nil }

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	if s.server.dice.IntN(20) == 0 {
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "greylisted " + to}
	}
	return nil
}

func (s *session) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	m, err := netmail.ReadMessage(bytes.NewReader(text))
	if err != nil {
		return err
	}
	id := m.Header.Get("Message-Id")
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	if before, ok := s.server.got[id]; id == "" || ok && before != s.to {
		return errors.New("one id for two recipients")
	}
	s.server.got[id] = s.to
	s.server.seen++
	return nil
}

// Processes that are killed at any moment, on a clock that runs through four
// hundred days: each notice is recorded once, and each mail arrives.
func TestYearOfProcesses(t *testing.T) {
	t.Parallel()
	housetest.EachSource(t, func(t *testing.T, src models.Source) {
		t.Parallel()
		processes := 3
		if src.Dialect == models.SQLite {
			processes = 1
		}
		clock, post := housetest.NewClock(), newServer(t)
		r := newReplica(t, src, clock.Now, nil)
		team, first := r.team("acme", "ada@acme.test", "grace@acme.test")
		_, second := r.team("beta", "bob@beta.test")
		ctx := housetest.AsOperator(t.Context())
		var ends []time.Time
		for i := range 6 {
			p := first.ID
			if i%2 == 1 {
				p = second.ID
			}
			end := housetest.Start.AddDate(0, 0, 40+i*60).Add(time.Duration(i) * time.Hour)
			_, err := r.SSO.AddCertificate(ctx, p, certificate(t, housetest.Start, end))
			r.must(err)
			ends = append(ends, end)
		}
		file := filepath.Join(t.TempDir(), "clock")
		set := func(now time.Time) {
			clock.Set(now)
			r.must(os.WriteFile(file+".new", []byte(strconv.FormatInt(now.Unix(), 10)), 0o600))
			r.must(os.Rename(file+".new", file))
		}
		set(housetest.Start)
		env := []string{envClock + "=" + file, envSMTP + "=" + post.addr}
		running := make([]*exec.Cmd, processes)
		for i := range running {
			running[i] = child(t, src, "replica", env...)
		}
		dice := rand.New(rand.NewPCG(3, 4))
		due := func(now time.Time) (n int) {
			for _, end := range ends {
				for _, d := range []int{30, 7, 1} {
					if !now.Before(end.AddDate(0, 0, -d)) {
						n++
					}
				}
			}
			return n
		}
		recorded := func() int {
			return len(rowsOf[models.Notice](t, r.DB, "kind IN ?", []string{"cert_expiring", "cert_expired"}))
		}
		for hour := housetest.Start; hour.Before(housetest.Start.AddDate(0, 0, 400)); {
			before := due(hour)
			hour = hour.Add(time.Duration(6+dice.IntN(12)) * time.Hour)
			set(hour)
			if due(hour) == before {
				continue
			}
			if dice.IntN(2) == 0 { // in the middle of it
				i := dice.IntN(processes)
				time.Sleep(time.Duration(dice.IntN(30)) * time.Millisecond)
				kill(running[i])
				running[i] = child(t, src, "replica", env...)
			}
			waitFor(t, "the notices that are due", func() bool { return recorded() >= due(hour) })
		}
		// 451s and the dead leave work that others take up after a while.
		waitFor(t, "all mails", func() bool {
			return len(rowsOf[models.Mail](t, r.DB, "state = 'QUEUED'")) == 0 && len(rowsOf[models.Notice](t, r.DB, "announced_at IS NULL")) == 0
		})
		if n := recorded(); n != 18 {
			t.Errorf("%d notices of 18 were recorded", n)
		}
		perMail := map[string]int{}
		for _, m := range rowsOf[models.Mail](t, r.DB, "1 = 1") {
			perMail[string(m.NoticeID)+m.Recipient]++
			if m.State != models.MailSent {
				t.Errorf("%+v", m)
			}
			post.mu.Lock()
			if post.got["<"+string(m.ID)+"@rollcall.test>"] != m.Recipient {
				t.Errorf("mail %s to %s did not arrive", m.ID, m.Recipient)
			}
			post.mu.Unlock()
		}
		if len(perMail) < 9*2+9 {
			t.Errorf("%d mails", len(perMail))
		}
		for key, n := range perMail {
			if n != 1 {
				t.Errorf("%s was written %d times", key, n)
			}
		}
		post.mu.Lock()
		defer post.mu.Unlock()
		if len(post.got) != len(perMail) {
			t.Errorf("%d different messages arrived for %d mails", len(post.got), len(perMail))
		}
		t.Logf("team %s: %d mails, %d deliveries", team.Slug, len(perMail), post.seen)
	})
}

func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for until := time.Now().Add(5 * time.Minute); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// A client that is killed between any two steps of its transactions leaves a
// notice and a job for each change that is there, and none for any other.
func TestKilledBetweenSteps(t *testing.T) {
	t.Parallel()
	housetest.EachSource(t, func(t *testing.T, src models.Source) {
		t.Parallel()
		clock, box := housetest.NewClock(), &post{}
		r := newReplica(t, src, clock.Now, box)
		team, _ := r.team("acme", "ada@acme.test")
		dice := rand.New(rand.NewPCG(5, 6))
		for range 12 {
			before := len(rowsOf[models.ScimToken](t, r.DB, "1 = 1"))
			c := child(t, src, "client", envTeam+"="+string(team.ID))
			waitFor(t, "the client to begin", func() bool { return len(rowsOf[models.ScimToken](t, r.DB, "1 = 1")) > before })
			time.Sleep(time.Duration(dice.IntN(40_000)) * time.Microsecond)
			kill(c)
		}
		changes := map[string]int{}
		for _, token := range rowsOf[models.ScimToken](t, r.DB, "1 = 1") {
			changes["scim_token_created"+token.Prefix]++
			if token.RevokedAt != nil {
				changes["scim_token_revoked"+token.Prefix]++
			}
		}
		for _, n := range rowsOf[models.Notice](t, r.DB, "kind LIKE 'scim_token%'") {
			changes[n.Kind+n.Facts["prefix"]]--
		}
		for what, n := range changes {
			if n != 0 {
				t.Errorf("%s: %d changes without a notice", what, n)
			}
		}
		var jobs int
		r.must(r.DB.Read(t.Context()).Raw("SELECT count(*) FROM river_job WHERE kind = 'announce'").Scan(&jobs).Error)
		notices := len(rowsOf[models.Notice](t, r.DB, "1 = 1"))
		if jobs != notices || notices < 12 {
			t.Errorf("%d jobs for %d notices", jobs, notices)
		}
		r.work()
		r.drained()
		if n := len(box.all()); n != notices {
			t.Errorf("%d mails for %d notices", n, notices)
		}
	})
}
