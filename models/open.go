package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
)

// readers is the number of SQLite connections that read beside the one that writes.
const readers = 8

// translators take the driver's words out of errors.
var translators = map[Dialect]gorm.ErrorTranslator{SQLite: sqliteDialector{}, Postgres: postgresDialector{new(postgres.Dialector)}}

// DB is an open database. SQLite has two pools on one file: a single writing
// connection, because SQLite's busy handler sleeps unfairly between several,
// and a few reading ones. PostgreSQL has one pool for both.
type DB struct {
	dialect Dialect
	write   *gorm.DB
	read    *gorm.DB
	pool    *pgxpool.Pool
	news    *news
	closers []func() error
}

// Open connects and pings. now is the clock for gorm's own timestamps; the log
// gets statements that fail or take long, without their values.
func Open(ctx context.Context, src Source, log *slog.Logger, now func() time.Time) (*DB, error) {
	db := &DB{dialect: src.Dialect, news: newNews()}
	cfg := func() *gorm.Config {
		return &gorm.Config{
			// QueryFields keeps an old replica working after a new one added a column.
			QueryFields:            true,
			TranslateError:         true,
			SkipDefaultTransaction: true,
			Logger:                 &statementLog{log, translators[src.Dialect]},
			NowFunc:                func() time.Time { return Stamp(now()) },
		}
	}
	var err error
	switch src.Dialect {
	case SQLite:
		err = db.openSQLite(src.DSN, cfg)
	case Postgres:
		err = db.openPostgres(ctx, src.DSN, cfg)
	default:
		err = fmt.Errorf("unknown database dialect %q", src.Dialect)
	}
	if err == nil {
		err = db.Ping(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func (db *DB) openSQLite(path string, cfg func() *gorm.Config) error {
	createPrivate(path)
	open := func(conns int) (*gorm.DB, error) {
		connector, err := newKeeping(path)
		if err != nil {
			return nil, err
		}
		pool := sql.OpenDB(connector)
		db.closers = append(db.closers, pool.Close)
		pool.SetMaxOpenConns(conns)
		pool.SetMaxIdleConns(conns)
		return gorm.Open(newSQLiteDialector(pool), cfg())
	}
	var err error
	if db.write, err = open(1); err != nil {
		return err
	}
	db.read, err = open(readers)
	return err
}

// createPrivate makes a database file that is its owner's alone, because it names
// people; what SQLite puts beside it gets the same mode. A file that exists keeps
// the mode that it has and is not opened: to close it would drop the locks that
// this process may have on it. What fails here is SQLite's to tell.
func createPrivate(path string) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		_ = f.Close()
	}
}

func (db *DB) openPostgres(ctx context.Context, dsn string, cfg func() *gorm.Config) error {
	pool, err := pgxpool.New(ctx, dsn)
	if err != nil {
		return err
	}
	db.pool = pool
	conn := stdlib.OpenDBFromPool(pool)
	db.closers = append(db.closers, conn.Close, func() error { pool.Close(); return nil })
	db.write, err = gorm.Open(newPostgresDialector(conn), cfg())
	db.read = db.write
	return err
}

// Close ends every connection.
func (db *DB) Close() error {
	var errs []error
	for _, c := range db.closers {
		errs = append(errs, c())
	}
	return errors.Join(errs...)
}

// Dialect is the kind of database that is open.
func (db *DB) Dialect() Dialect { return db.dialect }

// Ping asks the database for an answer, for readiness checks.
func (db *DB) Ping(ctx context.Context) error {
	conn, err := db.read.DB()
	if err != nil {
		return err
	}
	return conn.PingContext(ctx)
}

// SQL is the pool that writes, and Pool the PostgreSQL pool below it (nil on
// SQLite), for the job library. Rows of ours are written by InTx only.
func (db *DB) SQL() (*sql.DB, *pgxpool.Pool, error) {
	conn, err := db.sqlDB()
	return conn, db.pool, err
}

// Read is a handle for queries outside a transaction. It sees what is committed.
func (db *DB) Read(ctx context.Context) *gorm.DB { return db.read.WithContext(ctx) }

// Stamp is t as both databases keep it: UTC, whole microseconds.
func Stamp(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
