package models

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations
var migrations embed.FS

// Migrations are the numbered SQL files of a dialect.
func Migrations(d Dialect) (fs.FS, error) { return fs.Sub(migrations, "migrations/"+string(d)) }

// Migrate brings the schema up to date and reports how many migrations it
// applied. On PostgreSQL a session lock lets one replica work while the others
// wait. SQLite has no such lock, so two processes may choose the same migration;
// its immediate transactions let the first one through, and the second one,
// whose migration fails on what it finds there or at its end by onceEach, looks
// again at what is left.
func (db *DB) Migrate(ctx context.Context) (int, error) {
	applied := 0
	for {
		p, err := db.migrator()
		if err == nil && db.dialect == SQLite {
			err = db.onceEach(ctx, p)
		}
		if err != nil {
			return applied, err
		}
		done, err := p.Up(ctx)
		var partial *goose.PartialError
		if !errors.As(err, &partial) {
			return applied + len(done), err
		}
		applied += len(partial.Applied)
		have, versionErr := p.GetDBVersion(ctx)
		if versionErr != nil || have < partial.Failed.Source.Version {
			return applied, err // nobody else did it: the failure is real
		}
	}
}

// onceEach keeps SQLite from taking down a migration that is down already: not
// every one fails when it runs twice.
func (db *DB) onceEach(ctx context.Context, p *goose.Provider) error {
	if _, err := p.GetDBVersion(ctx); err != nil { // which makes the table
		return err
	}
	return db.write.WithContext(ctx).Exec(`CREATE TRIGGER IF NOT EXISTS once_each BEFORE INSERT ON ` + goose.DefaultTablename + `
		WHEN EXISTS (SELECT 1 FROM ` + goose.DefaultTablename + ` WHERE version_id = NEW.version_id)
		BEGIN SELECT RAISE(ABORT, 'another process applied this migration'); END`).Error
}

// SchemaVersions are the version that the database has and the one that this
// binary knows. Equal means ready to serve.
func (db *DB) SchemaVersions(ctx context.Context) (have, want int64, err error) {
	p, err := db.migrator()
	if err != nil {
		return 0, 0, err
	}
	return p.GetVersions(ctx)
}

// CheckSchema fails with a line for the operator unless the database is exactly
// as new as this binary.
func (db *DB) CheckSchema(ctx context.Context) error {
	have, want, err := db.SchemaVersions(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("the schema version cannot be read: %w", err)
	case have < want:
		return fmt.Errorf("the database is at schema version %d and this binary needs %d: run `rollcall migrate` first", have, want)
	case have > want:
		return fmt.Errorf("the database is at schema version %d, newer than the %d this binary knows: use the newer binary", have, want)
	}
	return nil
}

func (db *DB) migrator() (*goose.Provider, error) {
	files, err := Migrations(db.dialect)
	if err != nil {
		return nil, err
	}
	conn, err := db.sqlDB()
	if err != nil {
		return nil, err
	}
	if db.dialect == SQLite {
		return goose.NewProvider(goose.DialectSQLite3, conn, files)
	}
	// The locker polls a try-lock: a waiting replica holds no snapshot that a
	// concurrent index build would wait for. 120 tries, one second apart.
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 120))
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, conn, files, goose.WithSessionLocker(locker))
}

func (db *DB) sqlDB() (*sql.DB, error) { return db.write.DB() }
