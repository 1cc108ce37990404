package housetest

import (
	"os"
	"testing"
	"time"

	"rollcall/models"
)

// EachDatabase runs fn on a fresh, migrated database of each kind, as the
// subtests "sqlite" and "postgres". gorm's own timestamps come from a clock
// that stands at Start; a test that moves time opens an EachSource instead.
func EachDatabase(t *testing.T, fn func(t *testing.T, db *models.DB)) {
	t.Helper()
	EachSource(t, func(t *testing.T, src models.Source) {
		fn(t, Open(t, src, NewClock().Now))
	})
}

// EachSource is EachDatabase for tests that open the database themselves, or
// more than once, or from another process.
func EachSource(t *testing.T, fn func(t *testing.T, src models.Source)) {
	t.Helper()
	each(t, sqliteCopy, postgresClone, fn)
}

// EachEmpty is EachSource with nothing in the databases, not even a schema.
func EachEmpty(t *testing.T, fn func(t *testing.T, src models.Source)) {
	t.Helper()
	each(t, sqliteEmpty, postgresEmpty, fn)
}

// SQLite is a fresh, migrated SQLite database, for what only SQLite does.
func SQLite(t testing.TB) *models.DB {
	t.Helper()
	return Open(t, sqliteCopy(t), NewClock().Now)
}

// SQLiteSource is a fresh, migrated SQLite file that is not open yet.
func SQLiteSource(t testing.TB) models.Source {
	t.Helper()
	return sqliteCopy(t)
}

// Postgres is a fresh, migrated PostgreSQL database, for what only PostgreSQL
// does. Where there is none it skips the test, or fails it if CI=true.
func Postgres(t testing.TB) *models.DB {
	t.Helper()
	needPostgres(t)
	return Open(t, postgresClone(t), NewClock().Now)
}

// Open opens a database and closes it when the test ends.
func Open(t testing.TB, src models.Source, now func() time.Time) *models.DB {
	t.Helper()
	db, err := models.Open(t.Context(), src, Logger(t), now)
	if err != nil {
		t.Fatalf("open the %s database: %v", src.Dialect, err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close the %s database: %v", src.Dialect, err)
		}
	})
	return db
}

func each(t *testing.T, sqlite, postgres func(testing.TB) models.Source, fn func(*testing.T, models.Source)) {
	t.Helper()
	t.Run(string(models.SQLite), func(t *testing.T) { fn(t, sqlite(t)) })
	t.Run(string(models.Postgres), func(t *testing.T) {
		needPostgres(t)
		fn(t, postgres(t))
	})
}

// needPostgres ends the test when there is no PostgreSQL: quietly on a
// developer's machine, as a failure where the run counts.
func needPostgres(t testing.TB) {
	t.Helper()
	if os.Getenv(PostgresDSN) != "" {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is not set, so nothing was tested on PostgreSQL; run scripts/test", PostgresDSN)
	}
	t.Skipf("SKIPPED ON POSTGRESQL: %s is not set; scripts/test runs this half", PostgresDSN)
}
