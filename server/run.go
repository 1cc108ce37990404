package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"rollcall/config"
	"rollcall/domain"
)

// closeWithin bounds what is written when the server stops.
const closeWithin = 5 * time.Second

// Run does what the command line asks for. Standard output gets what was asked
// for - a key, a tour - and standard error the log.
func Run(ctx context.Context, command config.Command, cfg config.Config, out, errOut io.Writer) error {
	return RunIn(ctx, command, cfg, Surroundings{Now: time.Now}, out, errOut)
}

// Surroundings are what a server takes from the world around it.
type Surroundings struct {
	Now func() time.Time
	DNS domain.Resolver // nil for the machine's own
}

// RunIn is Run for a server that goes by another clock, or asks another DNS.
func RunIn(ctx context.Context, command config.Command, cfg config.Config, around Surroundings, out, errOut io.Writer) error {
	log := newLog(cfg.LogFormat, errOut)
	switch command {
	case config.Serve:
		collectLess()
		return serve(ctx, cfg, log, around, out)
	case config.Demo:
		return demo(ctx, cfg, log, around.Now, out)
	case config.Migrate:
		return migrate(ctx, cfg, log, out)
	case config.KeysCreate:
		return createKey(ctx, cfg, log, around.Now, out)
	case config.CreateAdmin:
		return createAdmin(ctx, cfg, log, around.Now, out)
	case config.SSORelax:
		return relaxSSO(ctx, cfg, log, around.Now, out)
	}
	return nil
}

func newLog(format string, w io.Writer) *slog.Logger {
	if format == config.LogJSON {
		return slog.New(slog.NewJSONHandler(w, nil))
	}
	return slog.New(slog.NewTextHandler(w, nil))
}

func serve(ctx context.Context, cfg config.Config, log *slog.Logger, around Surroundings, out io.Writer) error {
	rooms, err := Open(ctx, cfg, log, around.Now)
	if err != nil {
		return err
	}
	defer rooms.close()
	rooms.Stopping = ctx.Done()
	rooms.Domains.Resolver = around.DNS
	if err := rooms.AnnounceOperatorKey(ctx, out); err != nil {
		return err
	}
	l, err := net.Listen("tcp", cfg.Addr)
	if err != nil {
		return fmt.Errorf("cannot listen: %w", err)
	}
	servers := []func(context.Context) error{func(ctx context.Context) error { return Listen(ctx, l, rooms.Handler(), log) }}
	if cfg.MetricsAddr != "" {
		m, err := net.Listen("tcp", cfg.MetricsAddr)
		if err != nil {
			return errors.Join(fmt.Errorf("cannot listen for metrics: %w", err), l.Close())
		}
		servers = append(servers, rooms.ownMetrics(m))
	}
	log.Info("serving", "config", cfg)
	return rooms.while(ctx, func(ctx context.Context) error { return together(ctx, servers...) })
}

// close writes what waits and closes the database.
func (r *Rooms) close() {
	last, cancel := context.WithTimeout(context.Background(), closeWithin)
	defer cancel()
	if err := r.Calls.Flush(last); err != nil {
		r.Log.Error("SCIM calls cannot be written", "error", err)
	}
	if err := r.DB.Close(); err != nil {
		r.Log.Error("closing the database", "error", err)
	}
}
