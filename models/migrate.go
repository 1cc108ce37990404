package models

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations
var migrations embed.FS

// Migrate brings the schema up to date and reports how many migrations it
// applied. On PostgreSQL a session lock lets one replica work while the others
// wait; SQLite's immediate transactions do the same for processes on one file.
func (db *DB) Migrate(ctx context.Context) (int, error) {
	p, err := db.migrator()
	if err != nil {
		return 0, err
	}
	done, err := p.Up(ctx)
	return len(done), err
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
	files, err := fs.Sub(migrations, "migrations/"+string(db.dialect))
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
