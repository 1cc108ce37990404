package housetest

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"rollcall/models"
)

// A run that counts has PostgreSQL. scripts/test counts the proofs as well.
func TestPostgresIsThere(t *testing.T) {
	if os.Getenv("CI") == "true" && os.Getenv(PostgresDSN) == "" {
		t.Fatalf("CI=true, but %s is not set", PostgresDSN)
	}
}

// recorder is a test that can be seen to end.
type recorder struct {
	testing.TB
	failed, skipped string
}

func (r *recorder) Helper() {}

func (r *recorder) Fatalf(format string, args ...any) {
	r.failed = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func (r *recorder) Skipf(format string, args ...any) {
	r.skipped = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func TestNeedPostgres(t *testing.T) {
	for _, c := range []struct {
		name, dsn, ci string
		fails, skips  bool
	}{
		{"there", "host=/nowhere", "", false, false},
		{"there in CI", "host=/nowhere", "true", false, false},
		{"missing", "", "", false, true},
		{"missing in CI", "", "true", true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv(PostgresDSN, c.dsn)
			t.Setenv("CI", c.ci)
			r := new(recorder)
			var wg sync.WaitGroup
			wg.Go(func() { needPostgres(r) })
			wg.Wait()
			if (r.failed != "") != c.fails || (r.skipped != "") != c.skips {
				t.Errorf("failed %q, skipped %q", r.failed, r.skipped)
			}
			if text := r.failed + r.skipped; text != "" && !strings.Contains(text, PostgresDSN) {
				t.Errorf("the message does not name the variable: %q", text)
			}
		})
	}
}

// What one test writes, no other one sees; all of them have the schema.
func TestEachDatabaseIsFresh(t *testing.T) {
	for range 2 {
		EachDatabase(t, func(t *testing.T, db *models.DB) {
			if err := db.CheckSchema(t.Context()); err != nil {
				t.Fatal(err)
			}
			var n int64
			if err := db.Read(t.Context()).Model(&models.Team{}).Count(&n).Error; err != nil || n != 0 {
				t.Fatalf("a fresh database holds %d teams, error %v", n, err)
			}
			id, err := models.NewID()
			if err != nil {
				t.Fatal(err)
			}
			team := models.Team{ID: id, Slug: "acme", Name: "Acme", Plan: models.PlanTeam, Revision: 1}
			if err := db.Read(t.Context()).Create(&team).Error; err != nil {
				t.Fatal(err)
			}
			if !team.CreatedAt.Equal(Start) {
				t.Errorf("the row was made at %v, not at Start", team.CreatedAt)
			}
		})
	}
}

func TestEachEmpty(t *testing.T) {
	EachEmpty(t, func(t *testing.T, src models.Source) {
		db := Open(t, src, NewClock().Now)
		if n, err := db.Migrate(t.Context()); err != nil || n == 0 {
			t.Errorf("an empty database needed %d migrations, error %v", n, err)
		}
	})
}

// Processes that start at once share one template.
func TestTemplateRace(t *testing.T) {
	needPostgres(t)
	template, err := templateName()
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := templateName(); again != template || !strings.HasPrefix(template, templatePrefix) {
		t.Errorf("the template is called %q, then %q", template, again)
	}
	sources := make(chan models.Source, 4)
	var wg sync.WaitGroup
	for range cap(sources) {
		wg.Go(func() { sources <- postgresClone(t) })
	}
	wg.Wait()
	close(sources)
	seen := map[string]bool{}
	for src := range sources {
		seen[src.DSN] = true
		if err := Open(t, src, NewClock().Now).CheckSchema(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if len(seen) != cap(sources) {
		t.Errorf("%d databases for %d tests", len(seen), cap(sources))
	}
}

func TestWithDatabase(t *testing.T) {
	for _, dsn := range []string{
		"postgres://app@/postgres?host=/tmp/dir",
		"postgresql://app@/?host=%2Ftmp%2Fdir&dbname=other",
		"postgres://app@/postgres?host=/tmp/dir&database=other",
		"host=/tmp/dir user=app",
		"host=/tmp/dir user=app dbname=postgres",
		"dbname=postgres host='/tmp/dir' user='app'",
	} {
		got, err := withDatabase(dsn, "fresh")
		if err != nil {
			t.Errorf("%s: %v", dsn, err)
			continue
		}
		cfg, err := pgx.ParseConfig(got)
		if err != nil {
			t.Errorf("%s: %v", got, err)
			continue
		}
		if cfg.Database != "fresh" || cfg.Host != "/tmp/dir" || cfg.User != "app" {
			t.Errorf("%s became %s: database %q, host %q, user %q", dsn, got, cfg.Database, cfg.Host, cfg.User)
		}
	}
	if _, err := withDatabase("postgres://app:pass%zz@/x", "fresh"); err == nil || strings.Contains(err.Error(), "pass") {
		t.Errorf("a URL that cannot be read answers %v", err)
	}
}

func TestLeaveProof(t *testing.T) {
	path := filepath.Join(t.TempDir(), "proof")
	t.Setenv(PostgresProof, path)
	for _, line := range []string{"one", "two"} {
		if err := leaveProof(line); err != nil {
			t.Fatal(err)
		}
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "one\ntwo\n" {
		t.Errorf("the proof reads %q, error %v", text, err)
	}
	t.Setenv(PostgresProof, "")
	if err := leaveProof("three"); err != nil {
		t.Errorf("without a file to leave it in: %v", err)
	}
}
