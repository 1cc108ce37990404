package server

import (
	"context"
	"crypto/cipher"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"rollcall/access"
	"rollcall/account"
	"rollcall/config"
	"rollcall/credential"
	"rollcall/domain"
	"rollcall/graph"
	"rollcall/invite"
	"rollcall/jobs"
	"rollcall/models"
	"rollcall/roster"
	"rollcall/scim"
	"rollcall/sso"
	"rollcall/sso/fetch"
)

// Rooms are the domain over one open database.
type Rooms struct {
	Config      config.Config
	DB          *models.DB
	Log         *slog.Logger
	Now         func() time.Time
	Credentials *credential.Store
	SSO         *sso.Service
	Roster      *roster.Service
	Account     *account.Service
	Domains     *domain.Service
	Invitations *invite.Service
	Stopping    <-chan struct{} // closed when the server stops, so that streams end
	Explorer    bool            // whether /graphiql/ is served
	Trusted     *graph.Trusted  // the documents that sessions may send, nil for any
	Cursors     cipher.AEAD     // seals the cursors of SCIM
	Calls       *scim.Buffer    // what provisioning clients asked, on its way to the database
	Jobs        *jobs.Service
}

// Open opens the configured database, brings an embedded one up to date, asks
// that any other one is, and builds the rooms over it.
func Open(ctx context.Context, cfg config.Config, log *slog.Logger, now func() time.Time) (*Rooms, error) {
	db, err := openDatabase(ctx, cfg, log, now)
	if err != nil {
		return nil, err
	}
	if db.Dialect() == models.SQLite {
		_, err = db.Migrate(ctx)
	} else {
		err = db.CheckSchema(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	rooms, err := build(ctx, cfg, db, log, now)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return rooms, nil
}

func openDatabase(ctx context.Context, cfg config.Config, log *slog.Logger, now func() time.Time) (*models.DB, error) {
	db, err := models.Open(ctx, models.Source{Dialect: models.Dialect(cfg.Database.Dialect), DSN: cfg.Database.DSN}, log, now)
	if err != nil {
		return nil, fmt.Errorf("the database %s cannot be opened: %w", cfg.Database, err)
	}
	return db, nil
}

// build makes the rooms and settles the secret key.
func build(ctx context.Context, cfg config.Config, db *models.DB, log *slog.Logger, now func() time.Time) (*Rooms, error) {
	store := &credential.Store{DB: db, Now: now}
	keys, err := store.Unlock(ctx, cfg.SecretKey.Reveal(), keyFile(cfg))
	if err != nil {
		return nil, err
	}
	tombstones, err := keys.For("tombstones")
	if err != nil {
		return nil, err
	}
	if store.LinkKey, err = keys.For("one-time links"); err != nil {
		return nil, err
	}
	sealing, err := keys.AEAD("service provider keys")
	if err != nil {
		return nil, err
	}
	secondFactors, err := keys.AEAD("second factors")
	if err != nil {
		return nil, err
	}
	cursors, err := keys.AEAD("SCIM cursors")
	if err != nil {
		return nil, err
	}
	people := &roster.Service{DB: db, Now: now, TombstoneKey: tombstones, Credentials: store}
	r := &Rooms{
		Config: cfg, DB: db, Log: log, Now: now, Credentials: store,
		SSO: &sso.Service{
			DB: db, Now: now, BaseURL: cfg.BaseURL, Keys: sealing, AttemptsKept: days(cfg.Retention.Attempts),
			Fetch: fetch.New(cfg.MetadataNets).Get, Credentials: store,
		},
		Roster: people,
		Account: &account.Service{
			DB: db, Now: now, Sealing: secondFactors, Credentials: store, BaseURL: cfg.BaseURL, Background: background(log),
			KeepingFactors: sso.KeepingFactors,
		},
		Calls:       &scim.Buffer{Keeper: people, Log: log},
		Cursors:     cursors,
		Domains:     &domain.Service{DB: db, Now: now},
		Invitations: &invite.Service{DB: db, Now: now, BaseURL: cfg.BaseURL, Roster: people, Credentials: store},
	}
	r.Roster.Accounts, r.Roster.CallsWaiting = r.Account, r.Calls.Flush
	if cfg.TrustedDocs != "" {
		if r.Trusted, err = readTrusted(cfg.TrustedDocs); err != nil {
			return nil, err
		}
	}
	r.Explorer = cfg.GraphiQL
	return r, r.addJobs()
}

// readTrusted reads the manifest of documents that a setting names.
func readTrusted(path string) (*graph.Trusted, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("the trusted documents cannot be read: %w", err)
	}
	documents, err := graph.ReadTrusted(text)
	if err != nil {
		return nil, fmt.Errorf("the trusted documents cannot be used: %w", err)
	}
	return documents, nil
}

// keyFile is where a generated secret key is kept: beside the embedded
// database. With PostgreSQL there is no such place, "".
func keyFile(cfg config.Config) string {
	if cfg.Database.Dialect != config.SQLite {
		return ""
	}
	return filepath.Clean(cfg.Database.DSN) + ".key"
}

// AnnounceOperatorKey prints the one-time operator key of a first start.
func (r *Rooms) AnnounceOperatorKey(ctx context.Context, out io.Writer) error {
	secret, err := r.Credentials.FirstOperatorKey(AsSystem(ctx))
	if err != nil || secret == "" {
		return err
	}
	_, err = fmt.Fprintf(out, "Operator API key, shown this once: %s\n", secret)
	return err
}

// AsSystem is a context in which the server itself acts.
func AsSystem(ctx context.Context) context.Context {
	return access.With(ctx, access.Actor{Kind: access.System, Label: "rollcall"})
}
