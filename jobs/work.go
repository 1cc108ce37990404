package jobs

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"rollcall/access"
	"rollcall/models"
)

// The kinds of job. They are stored: a new version of one gets a new name.
type (
	announceArgs struct {
		Notice models.ID `json:"notice"`
		// After is the last member that was written to, when the notice is for many.
		After models.ID `json:"after,omitempty"`
	}
	deliverArgs struct {
		Mail models.ID `json:"mail"`
	}
	refreshArgs struct {
		Provider models.ID `json:"provider"`
	}
	// The periodic ones look for what is to be done and need to be told nothing.
	expiryArgs struct{}
	dueArgs    struct{}
	pruneArgs  struct{}
	domainArgs struct{}
)

func (announceArgs) Kind() string { return "announce" }
func (deliverArgs) Kind() string  { return "deliver" }
func (refreshArgs) Kind() string  { return "refresh_metadata" }
func (expiryArgs) Kind() string   { return "announce_expiring" }
func (dueArgs) Kind() string      { return "find_due_metadata" }
func (pruneArgs) Kind() string    { return "prune" }
func (domainArgs) Kind() string   { return "recheck_domains" }

// Kinds lists every kind of job.
var Kinds = []string{
	announceArgs{}.Kind(), deliverArgs{}.Kind(), refreshArgs{}.Kind(), expiryArgs{}.Kind(), dueArgs{}.Kind(), pruneArgs{}.Kind(), domainArgs{}.Kind(),
}

// How often the periodic work is done.
const (
	expiryEvery = time.Hour
	dueEvery    = 5 * time.Minute
	pruneEvery  = 10 * time.Minute
	domainEvery = 10 * time.Minute
)

// periodic is the timetable. The leader alone keeps it, and a leader that
// follows another within the period adds no second job; what must happen once
// rests on keys in the rows and not on this.
func periodic() []*river.PeriodicJob {
	every := func(d time.Duration, args river.JobArgs) *river.PeriodicJob {
		return river.NewPeriodicJob(river.PeriodicInterval(d), func() (river.JobArgs, *river.InsertOpts) {
			return args, &river.InsertOpts{MaxAttempts: 3, UniqueOpts: river.UniqueOpts{ByPeriod: d}}
		}, &river.PeriodicJobOpts{ID: args.Kind(), RunOnStart: true})
	}
	return []*river.PeriodicJob{every(expiryEvery, expiryArgs{}), every(dueEvery, dueArgs{}), every(pruneEvery, pruneArgs{}), every(domainEvery, domainArgs{})}
}

func (s *Service) register(w *river.Workers) {
	add(w, func(ctx context.Context, job *river.Job[announceArgs]) error {
		return s.announceJob(ctx, job.Args)
	})
	add(w, s.deliverJob)
	add(w, func(ctx context.Context, job *river.Job[refreshArgs]) error {
		_, err := s.SSO.RefreshDue(ctx, job.Args.Provider)
		return err
	})
	add(w, func(ctx context.Context, _ *river.Job[expiryArgs]) error { return s.Expiring(ctx) })
	add(w, func(ctx context.Context, _ *river.Job[dueArgs]) error { return s.FindDue(ctx) })
	add(w, func(ctx context.Context, _ *river.Job[pruneArgs]) error { return s.Prune(ctx) })
	add(w, func(ctx context.Context, _ *river.Job[domainArgs]) error { return s.RecheckDomains(ctx) })
}

// add registers work that is done in the name of the server itself.
func add[T river.JobArgs](w *river.Workers, work func(context.Context, *river.Job[T]) error) {
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, job *river.Job[T]) error {
		ctx = access.With(ctx, access.Actor{Kind: access.System, Label: "rollcall"})
		return work(access.WithRequest(ctx, access.Request{ID: "job-" + strconv.FormatInt(job.ID, 10)}), job)
	}))
}

// Expiring announces the ends of certificates and credentials that are due and
// whatever else no single change is the cause of, and has another
// look at work whose job was lost.
func (s *Service) Expiring(ctx context.Context) error {
	if _, err := s.SSO.AnnounceExpiring(ctx); err != nil {
		return fmt.Errorf("announcing the ends of certificates: %w", err)
	}
	if err := s.Credentials.AnnounceExpiring(ctx); err != nil {
		return fmt.Errorf("announcing the ends of credentials: %w", err)
	}
	for _, announce := range s.AlsoAnnounce {
		if err := announce(ctx); err != nil {
			return fmt.Errorf("announcing: %w", err)
		}
	}
	return s.findLost(ctx)
}

// dueAtOnce is how many metadata refreshes are begun in five minutes.
const dueAtOnce = 1_000

// FindDue has the other rooms look for what was left behind and makes a job for
// each identity provider whose metadata is to be looked at.
func (s *Service) FindDue(ctx context.Context) error {
	for _, find := range s.AlsoFind {
		if err := find(ctx); err != nil {
			return fmt.Errorf("looking for work left behind: %w", err)
		}
	}
	ids, err := s.SSO.DueSources(ctx, dueAtOnce)
	if err != nil || len(ids) == 0 {
		return err
	}
	params := make([]river.InsertManyParams, len(ids))
	for i, id := range ids {
		params[i] = onlyOnce(refreshArgs{Provider: id})
	}
	_, err = s.client.InsertMany(ctx, params)
	return err
}

// domainsAtOnce is how many domains are looked up in ten minutes. Each look takes
// five seconds at most, and a run that does not get through goes on at the next.
const domainsAtOnce = 200

// RecheckDomains looks for the records of the domains whose day has come.
func (s *Service) RecheckDomains(ctx context.Context) error {
	if s.Domains == nil {
		return nil
	}
	_, err := s.Domains.Recheck(ctx, domainsAtOnce)
	return err
}

// unfinished are the states in which a job is still to be done.
var unfinished = []rivertype.JobState{
	rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable, rivertype.JobStateRunning, rivertype.JobStateScheduled,
}

// backoff is when a job that failed is tried again: after two, five and
// fifteen minutes, and then after hours, for about a day and a half.
type backoff struct{}

var waits = []time.Duration{2 * time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour, 8 * time.Hour, 24 * time.Hour}

// NextRetry implements river.ClientRetryPolicy. It is River's clock that wakes
// jobs up, so it is counted from River's own times.
func (backoff) NextRetry(job *rivertype.JobRow) time.Time {
	i := min(max(len(job.Errors), 1), len(waits)) - 1
	from := job.ScheduledAt
	if job.AttemptedAt != nil {
		from = *job.AttemptedAt
	}
	return from.Add(waits[i])
}
