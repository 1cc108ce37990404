package server

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"rollcall/config"
	"rollcall/models"
	"rollcall/roster"
)

// The commands that do one thing and end. What was asked for goes to standard
// output and nothing else does, so that scripts can take it from there.

func migrate(ctx context.Context, cfg config.Config, log *slog.Logger, out io.Writer) error {
	db, err := openDatabase(ctx, cfg, log, time.Now)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	done, err := db.Migrate(ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%d migrations applied\n", done)
	return err
}

func createKey(ctx context.Context, cfg config.Config, log *slog.Logger, now func() time.Time, out io.Writer) error {
	rooms, err := Open(ctx, cfg, log, now)
	if err != nil {
		return err
	}
	defer rooms.close()
	_, secret, err := rooms.Credentials.CreateOperatorKey(AsSystem(ctx), cfg.KeyName)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, secret)
	return err
}

// createAdmin prints the address at which the admin sets a password, or says that
// it is mailed: by the replicas that serve.
func createAdmin(ctx context.Context, cfg config.Config, log *slog.Logger, now func() time.Time, out io.Writer) error {
	return onTeam(ctx, cfg, log, now, func(ctx context.Context, r *Rooms, team models.Team) error {
		m, link, err := r.Roster.CreateAdmin(ctx, roster.NewAdmin{
			TeamID: team.ID, Person: roster.Person{Email: cfg.Admin.Email, Name: cfg.Admin.Name}, Mailed: cfg.Admin.Mail,
		})
		if err != nil {
			return err
		}
		log.Info("direct admin", "team", team.Slug, "email", m.User.Email, "membership", m.GlobalID())
		if cfg.Admin.Mail {
			link = "The link is mailed to " + m.User.Email + " by the server that runs."
		}
		_, err = fmt.Fprintln(out, link)
		return err
	})
}

// relaxSSO takes a team's enforcement of single sign-on back.
func relaxSSO(ctx context.Context, cfg config.Config, log *slog.Logger, now func() time.Time, out io.Writer) error {
	return onTeam(ctx, cfg, log, now, func(ctx context.Context, r *Rooms, team models.Team) error {
		settings, err := r.SSO.Relax(ctx, team.ID)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(out, "Single sign-on of %s is %s.\n", team.Slug, settings.State)
		return err
	})
}

// onTeam does something in the name of the system to the team that the command
// line names.
func onTeam(ctx context.Context, cfg config.Config, log *slog.Logger, now func() time.Time, do func(ctx context.Context, r *Rooms, team models.Team) error) error {
	rooms, err := Open(ctx, cfg, log, now)
	if err != nil {
		return err
	}
	defer rooms.close()
	ctx = AsSystem(ctx)
	team, err := rooms.Roster.TeamBySlug(ctx, cfg.Team)
	if err != nil {
		return fmt.Errorf("the team that was named: %w", err)
	}
	return do(ctx, rooms, team)
}
