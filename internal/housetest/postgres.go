package housetest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"rollcall/models"
)

// The names of the databases that tests make. The template belongs to one
// state of the migrations and stays on the server, where every test process
// finds it; a newer one replaces it.
const (
	templatePrefix = "housetest_template_"
	clonePrefix    = "housetest_"
	// templateLock keeps two processes from making or dropping a template while another clones it.
	templateLock = 0x726f6c6c
)

// postgresClone is a new database with the schema of this binary's migrations.
func postgresClone(t testing.TB) models.Source {
	t.Helper()
	template, err := templateName()
	if err != nil {
		t.Fatal(err)
	}
	return newDatabase(t, func(ctx context.Context, admin *pgx.Conn, name string) error {
		return cloneTemplate(ctx, admin, template, name)
	})
}

// postgresEmpty is a new database with nothing in it.
func postgresEmpty(t testing.TB) models.Source {
	t.Helper()
	return newDatabase(t, func(ctx context.Context, admin *pgx.Conn, name string) error {
		return createDatabase(ctx, admin, name, "template0")
	})
}

// newDatabase makes a database, leaves the proof of it, and drops it when the test ends.
func newDatabase(t testing.TB, create func(ctx context.Context, admin *pgx.Conn, name string) error) models.Source {
	t.Helper()
	name := clonePrefix + strings.ToLower(rand.Text())
	asAdmin(t, func(ctx context.Context, admin *pgx.Conn) error { return create(ctx, admin, name) })
	t.Cleanup(func() {
		asAdmin(t, func(ctx context.Context, admin *pgx.Conn) error {
			_, err := admin.Exec(ctx, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
			return err
		})
	})
	dsn, err := withDatabase(os.Getenv(PostgresDSN), name)
	if err != nil {
		t.Fatal(err)
	}
	if err := leaveProof(t.Name()); err != nil {
		t.Fatal(err)
	}
	return models.Source{Dialect: models.Postgres, DSN: dsn}
}

// asAdmin runs fn on a connection to the database that the tests were given.
// The context outlives the test's own, which has ended when cleanups run.
func asAdmin(t testing.TB, fn func(ctx context.Context, admin *pgx.Conn) error) {
	t.Helper()
	ctx := context.Background()
	admin, err := pgx.Connect(ctx, os.Getenv(PostgresDSN))
	if err != nil {
		t.Fatalf("connect to PostgreSQL by %s: %v", PostgresDSN, err)
	}
	if err := errors.Join(fn(ctx, admin), admin.Close(ctx)); err != nil {
		t.Fatal(err)
	}
}

// cloneTemplate copies the template, making it first where it is missing. The
// lock ends with the connection: shared by those who copy, not by who makes.
func cloneTemplate(ctx context.Context, admin *pgx.Conn, template, name string) error {
	for {
		if _, err := admin.Exec(ctx, "SELECT pg_advisory_lock_shared($1)", templateLock); err != nil {
			return err
		}
		found, err := exists(ctx, admin, template)
		if err != nil {
			return err
		}
		if found {
			return createDatabase(ctx, admin, name, template)
		}
		if _, err := admin.Exec(ctx, "SELECT pg_advisory_unlock_shared($1)", templateLock); err != nil {
			return err
		}
		if err := makeTemplate(ctx, admin, template); err != nil {
			return err
		}
	}
}

// makeTemplate migrates an empty database and gives it the template's name
// only when it is complete. It drops the templates of other states.
func makeTemplate(ctx context.Context, admin *pgx.Conn, template string) (err error) {
	if _, err := admin.Exec(ctx, "SELECT pg_advisory_lock($1)", templateLock); err != nil {
		return err
	}
	defer func() {
		_, unlockErr := admin.Exec(ctx, "SELECT pg_advisory_unlock($1)", templateLock)
		err = errors.Join(err, unlockErr)
	}()
	if found, err := exists(ctx, admin, template); err != nil || found {
		return err
	}
	rows, err := admin.Query(ctx, "SELECT datname FROM pg_database WHERE starts_with(datname, $1)", templatePrefix)
	if err != nil {
		return err
	}
	old, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, name := range old {
		if _, err := admin.Exec(ctx, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			return err
		}
	}
	unfinished := templatePrefix + "unfinished"
	if err := createDatabase(ctx, admin, unfinished, "template0"); err != nil {
		return err
	}
	dsn, err := withDatabase(os.Getenv(PostgresDSN), unfinished)
	if err != nil {
		return err
	}
	if err := migrate(ctx, models.Source{Dialect: models.Postgres, DSN: dsn}); err != nil {
		return err
	}
	_, err = admin.Exec(ctx, "ALTER DATABASE "+unfinished+" RENAME TO "+template)
	return err
}

func exists(ctx context.Context, admin *pgx.Conn, name string) (found bool, err error) {
	err = admin.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)", name).Scan(&found)
	return found, err
}

// createDatabase copies files where the server knows how to (PostgreSQL 15):
// half the time of writing every page to the log.
func createDatabase(ctx context.Context, admin *pgx.Conn, name, template string) error {
	var version int
	if err := admin.QueryRow(ctx, "SELECT current_setting('server_version_num')::int").Scan(&version); err != nil {
		return err
	}
	statement := fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s", name, template)
	if version >= 150000 {
		statement += " STRATEGY FILE_COPY"
	}
	_, err := admin.Exec(ctx, statement)
	return err
}

// templateName changes with every byte of the PostgreSQL migrations.
func templateName() (string, error) {
	files, err := models.Migrations(models.Postgres)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	err = fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(files, path)
		_, _ = fmt.Fprintf(sum, "%s %d\n%s", path, len(text), text)
		return err
	})
	return templatePrefix + hex.EncodeToString(sum.Sum(nil)[:8]), err
}

// withDatabase is dsn, in either of its forms, with another database in it.
func withDatabase(dsn, name string) (string, error) {
	if !strings.HasPrefix(dsn, "postgres://") && !strings.HasPrefix(dsn, "postgresql://") {
		return dsn + " dbname=" + name, nil // of two equal keywords the last one counts
	}
	u, err := url.Parse(dsn)
	if err != nil {
		return "", fmt.Errorf("%s is not a URL that can be read", PostgresDSN)
	}
	q := u.Query()
	q.Del("dbname") // it would win over the path
	q.Del("database")
	u.Path, u.RawQuery = "/"+name, q.Encode()
	return u.String(), nil
}

// leaveProof adds a line to the file by which a run shows that it used PostgreSQL.
func leaveProof(line string) error {
	path := os.Getenv(PostgresProof)
	if path == "" {
		return nil
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(line + "\n")
	return errors.Join(err, f.Close())
}
