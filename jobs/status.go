package jobs

import (
	"context"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"rollcall/access"
	"rollcall/models"
)

// Status is how the work is doing, for operators.
type Status struct {
	Kinds []KindStatus
	Mails map[models.MailState]int64
	// Unannounced are notices that wait for their job, Failing the metadata
	// addresses whose last look failed.
	Unannounced, Failing int64
	// Untold are notices of the last seven days that nobody could be told,
	// UntoldTeams the slugs of the teams that have no admin to be told, at most 20.
	Untold      int64
	UntoldTeams []string
}

// KindStatus is how the jobs of one kind are doing. Finished ones are counted
// as long as they are kept: a day, or a week when they failed for good.
type KindStatus struct {
	Kind      string
	Waiting   int64 // to be done as soon as a worker is free
	Running   int64
	Retrying  int64 // failed, and will be tried again
	Done      int64
	Failed    int64 // for good
	LastRun   *time.Time
	LastError string
}

// Status reads how the work is doing. Operators only: UNAUTHENTICATED or
// FORBIDDEN for everybody else.
func (s *Service) Status(ctx context.Context) (Status, error) {
	if err := access.Require(ctx, access.TeamsRead, ""); err != nil {
		return Status{}, err
	}
	return s.status(ctx)
}

func (s *Service) status(ctx context.Context) (Status, error) {
	out := Status{Mails: map[models.MailState]int64{}}
	db := s.DB.Read(ctx)
	var counts []struct {
		Kind, State string
		N           int64
	}
	if err := db.Raw("SELECT kind, CAST(state AS text) AS state, count(*) AS n FROM river_job GROUP BY kind, state").Scan(&counts).Error; err != nil {
		return out, err
	}
	for _, kind := range Kinds {
		k := KindStatus{Kind: kind}
		for _, c := range counts {
			if c.Kind != kind {
				continue
			}
			switch rivertype.JobState(c.State) {
			case rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateScheduled:
				k.Waiting += c.N
			case rivertype.JobStateRunning:
				k.Running += c.N
			case rivertype.JobStateRetryable:
				k.Retrying += c.N
			case rivertype.JobStateCompleted:
				k.Done += c.N
			case rivertype.JobStateDiscarded, rivertype.JobStateCancelled:
				k.Failed += c.N
			}
		}
		if err := s.last(ctx, &k); err != nil {
			return out, err
		}
		out.Kinds = append(out.Kinds, k)
	}
	var mails []struct {
		State models.MailState
		N     int64
	}
	if err := db.Model(&models.Mail{}).Select("state, count(*) AS n").Group("state").Find(&mails).Error; err != nil {
		return out, err
	}
	for _, m := range mails {
		out.Mails[m.State] = m.N
	}
	if err := db.Model(&models.Notice{}).Where("announced_at IS NULL").Count(&out.Unannounced).Error; err != nil {
		return out, err
	}
	if err := s.untold(db, &out); err != nil {
		return out, err
	}
	return out, db.Model(&models.MetadataSource{}).Where("failures > 0").Count(&out.Failing).Error
}

// last fills in when a kind was last done and what went wrong last.
func (s *Service) last(ctx context.Context, k *KindStatus) error {
	if k.Done > 0 {
		found, err := s.client.JobList(ctx, river.NewJobListParams().Kinds(k.Kind).States(rivertype.JobStateCompleted).
			OrderBy(river.JobListOrderByFinalizedAt, river.SortOrderDesc).First(1))
		if err != nil {
			return err
		}
		for _, j := range found.Jobs {
			k.LastRun = j.FinalizedAt
		}
	}
	if k.Retrying+k.Failed == 0 {
		return nil
	}
	found, err := s.client.JobList(ctx, river.NewJobListParams().Kinds(k.Kind).
		States(rivertype.JobStateRetryable, rivertype.JobStateDiscarded, rivertype.JobStateCancelled).
		OrderBy(river.JobListOrderByID, river.SortOrderDesc).First(1))
	if err != nil {
		return err
	}
	for _, j := range found.Jobs {
		if n := len(j.Errors); n > 0 {
			k.LastError = j.Errors[n-1].Error
		}
	}
	return nil
}
