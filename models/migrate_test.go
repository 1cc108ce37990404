package models_test

import (
	"context"
	"crypto/sha256"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pressly/goose/v3/lock"
	"gorm.io/gorm"

	"rollcall/internal/housetest"
	"rollcall/models"
)

var update = flag.Bool("update", false, "rewrite testdata/migrations.sha256")

// files are the migrations of a dialect, oldest first.
func files(t testing.TB, d models.Dialect) (fs.FS, []string) {
	t.Helper()
	dir, err := models.Migrations(d)
	if err != nil {
		t.Fatal(err)
	}
	names, err := fs.Glob(dir, "*.sql")
	if err != nil || len(names) == 0 {
		t.Fatalf("%s has the migrations %v, error %v", d, names, err)
	}
	return dir, names
}

func TestDialectsHaveTheSameMigrations(t *testing.T) {
	_, lite := files(t, models.SQLite)
	_, pg := files(t, models.Postgres)
	same(t, "migrations", lite, pg)
	for i, name := range pg {
		if want := fmt.Sprintf("%04d_", i+1); !strings.HasPrefix(name, want) {
			t.Errorf("%s does not start with %s", name, want)
		}
	}
}

// A migration that ran somewhere must never change: databases that have it
// would differ from those to come. A line of the list may be rewritten (by
// `go test ./models -update`) only as long as no release holds the file.
func TestMigrationsAreUnchanged(t *testing.T) {
	var b strings.Builder
	for _, d := range []models.Dialect{models.Postgres, models.SQLite} {
		dir, names := files(t, d)
		for _, name := range names {
			text, err := fs.ReadFile(dir, name)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "%x  %s/%s\n", sha256.Sum256(text), d, name)
		}
	}
	const list = "testdata/migrations.sha256"
	if *update {
		if err := os.WriteFile(list, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("the migrations and %s differ.\nA released migration never changes: write a new one, then add it with -update.\ngot:\n%swant:\n%s", list, &b, want)
	}
}

// Up, down and up again ends where the first up did, and down leaves nothing.
func TestMigrateUpDownUp(t *testing.T) {
	housetest.EachEmpty(t, func(t *testing.T, src models.Source) {
		ctx := t.Context()
		db := housetest.Open(t, src, housetest.NewClock().Now)
		_, names := files(t, src.Dialect)
		if n, err := db.Migrate(ctx); err != nil || n != len(names) {
			t.Fatalf("up: %d migrations, error %v", n, err)
		}
		first := readCatalog(t, db)
		if n, err := db.Migrate(ctx); err != nil || n != 0 {
			t.Errorf("up again: %d migrations, error %v", n, err)
		}
		p, err := db.Migrator()
		if err != nil {
			t.Fatal(err)
		}
		if done, err := p.DownTo(ctx, 0); err != nil || len(done) != len(names) {
			t.Fatalf("down: %d migrations, error %v", len(done), err)
		}
		if left := readCatalog(t, db); len(left) != 0 {
			t.Errorf("down leaves the tables %v", keys(left))
		}
		if n, err := db.Migrate(ctx); err != nil || n != len(names) {
			t.Fatalf("up after down: %d migrations, error %v", n, err)
		}
		if second := readCatalog(t, db); !reflect.DeepEqual(first, second) {
			t.Error("up after down is not what up was")
		}
	})
}

// Replicas start at the same moment: each migration runs once, nobody fails.
// An empty database and one that has some history are different races.
func TestMigrateRace(t *testing.T) {
	t.Parallel() // it waits: replicas ask for the lock once a second
	for name, prepare := range map[string]func(t *testing.T, db *models.DB){
		"first start": func(*testing.T, *models.DB) {},
		"upgrade": func(t *testing.T, db *models.DB) {
			if _, err := db.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			p, err := db.Migrator()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := p.DownTo(t.Context(), 0); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			housetest.EachEmpty(t, func(t *testing.T, src models.Source) {
				prepare(t, housetest.Open(t, src, housetest.NewClock().Now))
				race(t, src)
			})
		})
	}
}

func race(t *testing.T, src models.Source) {
	const replicas = 4
	_, names := files(t, src.Dialect)
	applied, errs := make([]int, replicas), make([]error, replicas)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range replicas {
		db := housetest.Open(t, src, housetest.NewClock().Now)
		wg.Go(func() {
			<-start
			applied[i], errs[i] = db.Migrate(t.Context())
			if errs[i] == nil {
				errs[i] = db.CheckSchema(t.Context())
			}
		})
	}
	close(start)
	wg.Wait()
	total := 0
	for i := range replicas {
		if errs[i] != nil {
			t.Errorf("replica %d: %v", i, errs[i])
		}
		total += applied[i]
	}
	if total != len(names) {
		t.Errorf("the replicas applied %v, %d migrations in all, and there are %d", applied, total, len(names))
	}
}

// While one replica holds the lock on PostgreSQL no other one touches the schema.
func TestMigrateWaitsItsTurn(t *testing.T) {
	t.Parallel() // it waits
	housetest.EachEmpty(t, func(t *testing.T, src models.Source) {
		if src.Dialect != models.Postgres {
			return // SQLite has no such lock; TestMigrateRace is what holds there
		}
		db := housetest.Open(t, src, housetest.NewClock().Now)
		err := db.Writer().Connection(func(first *gorm.DB) error {
			if err := first.Exec("SELECT pg_advisory_lock(?)", lock.DefaultLockID).Error; err != nil {
				return err
			}
			impatient, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			defer cancel()
			if n, err := db.Migrate(impatient); err == nil || n != 0 {
				t.Errorf("without the lock: %d migrations, error %v", n, err)
			}
			if found := readCatalog(t, db); len(found) != 0 {
				t.Errorf("without the lock, and yet there are the tables %v", keys(found))
			}
			return first.Exec("SELECT pg_advisory_unlock(?)", lock.DefaultLockID).Error
		})
		if err != nil {
			t.Fatal(err)
		}
		if n, err := db.Migrate(t.Context()); err != nil || n == 0 {
			t.Errorf("with the lock: %d migrations, error %v", n, err)
		}
	})
}

// A server must not start on a database that is older or newer than itself,
// and the operator is told what to do about it.
func TestCheckSchema(t *testing.T) {
	housetest.EachEmpty(t, func(t *testing.T, src models.Source) {
		ctx := t.Context()
		db := housetest.Open(t, src, housetest.NewClock().Now)
		_, names := files(t, src.Dialect)
		check := func(what string, have int64, text string) {
			t.Helper()
			gotHave, gotWant, err := db.SchemaVersions(ctx)
			if err != nil || gotHave != have || gotWant != int64(len(names)) {
				t.Errorf("%s: version %d of %d, error %v", what, gotHave, gotWant, err)
			}
			err = db.CheckSchema(ctx)
			if (err == nil) != (text == "") || err != nil && !strings.Contains(err.Error(), text) {
				t.Errorf("%s: %v, want %q", what, err, text)
			}
		}
		check("empty", 0, "run `rollcall migrate`")
		if _, err := db.Migrate(ctx); err != nil {
			t.Fatal(err)
		}
		check("migrated", int64(len(names)), "")
		if err := db.Writer().Exec("INSERT INTO " + gooseTable + " (version_id, is_applied) VALUES (9999, true)").Error; err != nil {
			t.Fatal(err)
		}
		check("from the future", 9999, "use the newer binary")
		if n, err := db.Migrate(ctx); err != nil || n != 0 {
			t.Errorf("migrating a newer database: %d migrations, error %v", n, err)
		}
		check("still from the future", 9999, "use the newer binary")
	})
}
