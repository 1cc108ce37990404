// Package jobs is the room of the work that survives: mails that follow from a
// change, notices before certificates run out, refreshed metadata, and the
// deletion of what nobody needs any more. It runs on River, on both databases.
//
// How a mail comes about. A room changes something and calls Announce in its
// own transaction. That writes a notice and a job, which are there if and only
// if the change is. The job (announce) finds out who is to be told, and writes
// a mail and a job for each of them, again in one transaction. That job
// (deliver) asks whether it still matters and hands the mail over. The first
// two steps happen once, by unique keys; the last one at least once, always
// under the same Message-ID.
//
// Arguments of jobs are ids and nothing else: they are shown to operators.
package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"

	"rollcall/credential"
	"rollcall/domain"
	"rollcall/mail"
	"rollcall/models"
	"rollcall/sso"
)

// The bounds of work. A job that ran into its timeout is not taken for one
// whose worker died.
const (
	jobTimeout  = time.Minute
	rescueAfter = 3 * time.Minute
	maxAttempts = 8
	workers     = 10
	// stopWithin is how long a stop waits for jobs under way before it cuts them
	// off. What is cut off is done again by another replica, or after the next start.
	stopWithin = 15 * time.Second
)

// Options are what the room needs of the others.
type Options struct {
	DB          *models.DB
	Now         func() time.Time
	Log         *slog.Logger
	SSO         *sso.Service
	Credentials *credential.Store
	Domains     *domain.Service // nil looks for no domains
	Sender      mail.Sender
	From        string   // of mails, an address perhaps with a name
	Operators   []string // addresses of those who run the installation
	BaseURL     string
	Retention   Retention
	// AlsoAnnounce are the rooms that look every hour for something to tell.
	AlsoAnnounce []func(context.Context) error
	// AlsoFind are the rooms that look every five minutes for work of their own that
	// was left behind.
	AlsoFind []func(context.Context) error
	// AlsoPrune are the rooms that have something of their own to forget.
	AlsoPrune []func(context.Context) error
	// PollOnly does without LISTEN and NOTIFY, for databases and proxies that lack them.
	PollOnly bool

	// tune is for tests of this room, which cannot wait for minutes.
	tune func(*river.Config)
}

// Service is the room's one object.
type Service struct {
	Options
	client *river.Client[*sql.Tx]
	domain string // of Message-IDs
}

// New makes the room. Work can be announced from then on; Start does it.
func New(o Options) (*Service, error) {
	base, err := url.Parse(o.BaseURL)
	if err != nil || base.Hostname() == "" {
		return nil, fmt.Errorf("the base URL %q has no host", o.BaseURL)
	}
	s := &Service{Options: o, domain: base.Hostname()}
	driver, err := s.driver()
	if err != nil {
		return nil, err
	}
	registered := river.NewWorkers()
	s.register(registered)
	s.client, err = river.NewClient(driver, s.config(registered))
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Service) config(registered *river.Workers) *river.Config {
	c := &river.Config{
		Logger: s.Log, PollOnly: s.PollOnly,
		JobTimeout: jobTimeout, RescueStuckJobsAfter: rescueAfter, MaxAttempts: maxAttempts, SoftStopTimeout: stopWithin,
		RetryPolicy: backoff{},
		Queues:      map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: workers}},
		Workers:     registered, PeriodicJobs: periodic(),
		// Index names of ours are not River's to rebuild, and its own stay small.
		ReindexerIndexNames: []string{},
	}
	if s.tune != nil {
		s.tune(c)
	}
	return c
}

func (s *Service) driver() (riverdriver.Driver[*sql.Tx], error) {
	conn, pool, err := s.DB.SQL()
	if err != nil {
		return nil, err
	}
	switch {
	case s.DB.Dialect() == models.SQLite:
		return riversqlite.New(conn), nil
	case s.PollOnly:
		return riverdatabasesql.New(conn), nil
	default:
		return riverdatabasesql.NewWithPgxListener(conn, pool), nil
	}
}

// Start begins to work. ctx is for the start only: Stop ends the work.
func (s *Service) Start(ctx context.Context) error {
	return s.client.Start(context.WithoutCancel(ctx))
}

// Stop takes no new work, waits for what is under way and cuts off what does
// not end. The lease of the leader is given back, so that another replica takes
// over the periodic work at once.
func (s *Service) Stop(ctx context.Context) error {
	err := s.client.Stop(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return s.client.StopAndCancel(context.WithoutCancel(ctx))
	}
	return err
}

func (s *Service) now() time.Time { return models.Stamp(s.Now()) }
