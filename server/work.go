package server

import (
	"context"
	"log/slog"
	"time"

	"rollcall/config"
	"rollcall/jobs"
	"rollcall/mail"
)

// addJobs makes the room of the work and lets the others announce into it.
func (r *Rooms) addJobs() error {
	kept := r.Config.Retention
	work, err := jobs.New(jobs.Options{
		DB: r.DB, Now: r.Now, Log: r.Log, SSO: r.SSO, Credentials: r.Credentials, Domains: r.Domains,
		Sender: sender(r.Config.SMTP, r), From: r.Config.MailFrom, Operators: r.Config.OperatorMail, BaseURL: r.Config.BaseURL, PollOnly: r.Config.PollOnly,
		AlsoAnnounce: []func(context.Context) error{r.Roster.Watch, r.SSO.AnnounceUntested},
		AlsoFind:     []func(context.Context) error{r.Account.AnswerAsks},
		AlsoPrune:    []func(context.Context) error{r.Roster.PruneScimCalls, r.Account.Prune},
		Retention:    jobs.Retention{Credentials: days(kept.Credentials), History: days(kept.History), Mails: days(kept.Mails)},
	})
	if err != nil {
		return err
	}
	r.Jobs = work
	r.SSO.Announce, r.Credentials.Announce, r.Roster.Announce, r.Account.Announce = work.Announce, work.Announce, work.Announce, work.Announce
	r.Domains.Announce, r.Invitations.Announce = work.Announce, work.Announce
	return nil
}

// backgroundWithin bounds what goes on after an answer.
const backgroundWithin = 30 * time.Second

// background runs what an answer must not wait for, because its time would tell
// who has an account. What must happen although the server ends in that moment has
// to be found again by the work that runs from time to time.
func background(log *slog.Logger) func(context.Context, string, func(context.Context) error) {
	return func(ctx context.Context, what string, run func(context.Context) error) {
		go func() {
			ctx, cancel := context.WithTimeout(ctx, backgroundWithin)
			defer cancel()
			defer func() {
				if p := recover(); p != nil {
					log.ErrorContext(ctx, "work after an answer panicked", "what", what, "panic", p)
				}
			}()
			if err := run(ctx); err != nil {
				log.ErrorContext(ctx, "work after an answer failed", "what", what, "error", err)
			}
		}()
	}
}

// days is a number of days; zero, which is for ever, is the longest time there is.
func days(n int) time.Duration {
	if n == 0 {
		return 100 * 366 * 24 * time.Hour
	}
	return time.Duration(n) * 24 * time.Hour
}

// sender is where mail goes.
func sender(to config.SMTP, r *Rooms) mail.Sender {
	switch {
	case to.Host != "":
		return &mail.SMTP{
			Host: to.Host, Port: to.Port, ImplicitTLS: to.ImplicitTLS, Username: to.Username, Password: to.Password.Reveal(), Now: r.Now,
		}
	case to.Folder != "":
		return &mail.Folder{Path: to.Folder, Now: r.Now}
	default:
		return &mail.Log{Log: r.Log, Now: r.Now}
	}
}

// workWithin is how long a stop waits for jobs under way.
const workWithin = 20 * time.Second

// while does the durable work for as long as serving lasts: it begins first and
// ends last, so that what the last request announced finds a worker here or, if
// time is short, with another replica.
func (r *Rooms) while(ctx context.Context, serve func(context.Context) error) error {
	if err := r.Jobs.Start(ctx); err != nil {
		return err
	}
	go r.Calls.Run(ctx)
	if !r.Config.PollOnly {
		go r.DB.CarryNews(ctx, r.Log)
	}
	err := serve(ctx)
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), workWithin)
	defer cancel()
	if stopped := r.Jobs.Stop(grace); stopped != nil {
		r.Log.ErrorContext(grace, "stopping the work", "error", stopped)
	}
	return err
}
