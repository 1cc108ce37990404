package housetest

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"rollcall/models"
)

func sqliteEmpty(t testing.TB) models.Source {
	return models.Source{Dialect: models.SQLite, DSN: filepath.Join(t.TempDir(), "rollcall.db")}
}

// sqliteCopy is a file with the bytes of a database that this process migrated once.
func sqliteCopy(t testing.TB) models.Source {
	t.Helper()
	file, err := migratedFile()
	if err != nil {
		t.Fatalf("prepare the SQLite template: %v", err)
	}
	src := sqliteEmpty(t)
	if err := os.WriteFile(src.DSN, file, 0o600); err != nil {
		t.Fatal(err)
	}
	return src
}

var migratedFile = sync.OnceValues(func() (file []byte, err error) {
	dir, err := os.MkdirTemp("", "housetest")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	src := models.Source{Dialect: models.SQLite, DSN: filepath.Join(dir, "template.db")}
	if err := migrate(context.Background(), src); err != nil {
		return nil, err
	}
	// The last connection moved the write-ahead log into the file and removed it.
	if _, err := os.Stat(src.DSN + "-wal"); err == nil {
		return nil, fmt.Errorf("%s is not complete: its write-ahead log is still there", src.DSN)
	}
	return os.ReadFile(src.DSN)
})

// migrate opens a database, brings its schema up to date and closes it.
func migrate(ctx context.Context, src models.Source) error {
	db, err := models.Open(ctx, src, slog.New(slog.DiscardHandler), NewClock().Now)
	if err != nil {
		return err
	}
	_, err = db.Migrate(ctx)
	if closeErr := db.Close(); err == nil {
		err = closeErr
	}
	return err
}
