package models_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gorm.io/gorm"

	"rollcall/internal/housetest"
	"rollcall/models"
)

// A path is a path: nothing in it may reach SQLite as an option.
func TestOpenOddPaths(t *testing.T) {
	for _, name := range []string{"plain.db", "with space.db", "q?mode=memory.db", "hash#.db", "percent%20.db", "ümlaut&x=y.db"} {
		path := filepath.Join(t.TempDir(), name)
		db := housetest.Open(t, models.Source{Dialect: models.SQLite, DSN: path}, housetest.NewClock().Now)
		if _, err := db.Migrate(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		found, err := os.ReadDir(filepath.Dir(path))
		if err != nil || len(found) == 0 || found[0].Name() != name {
			t.Errorf("%s: the folder holds %v, error %v", name, found, err)
		}
	}
}

func TestOpenFails(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	for name, src := range map[string]models.Source{
		"unknown dialect":      {Dialect: "oracle", DSN: "x"},
		"no dialect":           {},
		"folder of the file":   {Dialect: models.SQLite, DSN: filepath.Join(missing, "rollcall.db")},
		"a folder, not a file": {Dialect: models.SQLite, DSN: t.TempDir()},
		"malformed DSN":        {Dialect: models.Postgres, DSN: "postgres://%zz"},
		"no server":            {Dialect: models.Postgres, DSN: "host=" + missing + " user=app"},
	} {
		db, err := models.Open(t.Context(), src, housetest.Logger(t), housetest.NewClock().Now)
		if err == nil || db != nil {
			t.Errorf("%s: opened", name)
		}
	}
}

// The options that make SQLite safe hold on every connection of both pools.
func TestSQLiteOptions(t *testing.T) {
	db := housetest.SQLite(t)
	for name, pool := range map[string]*gorm.DB{"reader": db.Read(t.Context()), "writer": db.Writer()} {
		for pragma, want := range map[string]string{
			"foreign_keys": "1", "journal_mode": "wal", "synchronous": "2", "busy_timeout": "10000",
		} {
			var got string
			if err := pool.Raw("PRAGMA " + pragma).Scan(&got).Error; err != nil || got != want {
				t.Errorf("%s: %s is %q, error %v", name, pragma, got, err)
			}
		}
		// A string in double quotes is not a string: a mistyped column is an error.
		if err := pool.Exec(`SELECT "no such column"`).Error; err == nil {
			t.Errorf("%s: takes a string in double quotes", name)
		}
	}
}

// A member's rows go with the member, and the team's with the team.
func TestForeignKeysAreEnforced(t *testing.T) {
	housetest.EachDatabase(t, func(t *testing.T, db *models.DB) {
		team := storedTeam(t, db, "acme")
		member := storedMember(t, db, team)
		identity := models.ExternalIdentity{
			ID: newID(t), TeamID: team.ID, MembershipID: member.ID, Issuer: "idp", NameID: "ada",
			CreatedAt: housetest.Start, LastLoginAt: housetest.Start,
		}
		if err := db.InTx(t.Context(), func(tx *gorm.DB) error { return tx.Create(&identity).Error }); err != nil {
			t.Fatal(err)
		}
		if err := db.InTx(t.Context(), func(tx *gorm.DB) error {
			return tx.Where("id = ?", team.ID).Delete(&models.Team{}).Error
		}); err != nil {
			t.Fatal(err)
		}
		for _, table := range []string{"teams", "memberships", "external_identities"} {
			same(t, table, rows[int](t, db, "SELECT count(*) FROM "+table), []int{0})
		}
		same(t, "users", rows[int](t, db, "SELECT count(*) FROM users"), []int{1})
	})
}

func TestCountStatements(t *testing.T) {
	housetest.EachDatabase(t, func(t *testing.T, db *models.DB) {
		storedTeam(t, db, "acme")
		ctx, n := models.CountStatements(t.Context())
		for range 3 {
			if err := db.Read(ctx).Take(&models.Team{}).Error; err != nil {
				t.Fatal(err)
			}
		}
		_ = slugs(t, db) // under another context
		same(t, "statements", n.Load(), 3)
		if _, other := models.CountStatements(ctx); other.Load() != 0 {
			t.Error("a new count does not start at nothing")
		}
	})
}

// Statements that fail are logged for the operator, without a value in them.
func TestValuesStayOutOfTheLog(t *testing.T) {
	const secret = "correct-horse-battery"
	housetest.EachSource(t, func(t *testing.T, src models.Source) {
		log, text := housetest.NewLog()
		db, err := models.Open(t.Context(), src, log, housetest.NewClock().Now)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
		for name, do := range map[string]func(tx *gorm.DB) error{
			"not allowed": func(tx *gorm.DB) error {
				team := newTeam(t, secret)
				team.Plan = secret
				return tx.Create(&team).Error
			},
			"no such table": func(tx *gorm.DB) error {
				return tx.Exec("DELETE FROM nothing WHERE secret = ?", secret).Error
			},
			"null": func(tx *gorm.DB) error {
				return tx.Exec("INSERT INTO teams (id, slug) VALUES (?, ?)", newID(t), secret).Error
			},
			"not an id": func(tx *gorm.DB) error {
				if db.Dialect() == models.SQLite {
					return tx.Exec("DELETE FROM nothing WHERE id = ?", secret).Error
				}
				return tx.Where("id = ?", secret).Take(&models.Team{}).Error
			},
		} {
			before := len(text.String())
			if err := db.InTx(t.Context(), do); err == nil {
				t.Errorf("%s: did not fail", name)
			}
			if line := text.String()[before:]; !strings.Contains(line, "statement failed") {
				t.Errorf("%s: the log says only %q", name, line)
			}
		}
		text.MustNotHold(t, secret)
		if t.Failed() {
			t.Log(text)
		}

		// What a caller can mend is not a line for the operator.
		before := text.String()
		storedTeam(t, db, "acme")
		_ = db.InTx(t.Context(), func(tx *gorm.DB) error {
			team := newTeam(t, "acme")
			return tx.Create(&team).Error
		})
		_ = db.Read(t.Context()).Where("slug = ?", "missing").Take(&models.Team{}).Error
		same(t, "log after expected failures", text.String(), before)
	})
}

// The file and what SQLite puts beside it are closed to other users of the
// machine. A file that was there keeps the mode that its owner gave it.
func TestSQLiteFileIsPrivate(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "shared.db"), nil, 0o640); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]os.FileMode{"new.db": 0o600, "new.db-wal": 0o600, "shared.db": 0o640} {
		db := housetest.Open(t, models.Source{Dialect: models.SQLite, DSN: filepath.Join(folder, strings.TrimSuffix(name, "-wal"))}, housetest.NewClock().Now)
		if _, err := db.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(filepath.Join(folder, name))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, error %v", name, info, err)
		}
	}
}
