package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"
)

// keeper is one connection to a new file, and what it keeps.
func keeper(t *testing.T) (*sql.DB, func() []string) {
	t.Helper()
	connector, err := newKeeping(filepath.Join(t.TempDir(), "kept.db"))
	if err != nil {
		t.Fatal(err)
	}
	pool := sql.OpenDB(connector)
	pool.SetMaxOpenConns(1)
	t.Cleanup(func() {
		if err := pool.Close(); err != nil {
			t.Error(err)
		}
	})
	run(t, pool, "CREATE TABLE people (id text PRIMARY KEY, name text NOT NULL, made datetime)")
	return pool, func() []string {
		t.Helper()
		conn, err := pool.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		var texts []string
		_ = conn.Raw(func(c any) error {
			kept := c.(*keepingConn)
			for e := kept.order.Front(); e != nil; e = e.Next() {
				texts = append(texts, e.Value.(*keptStmt).text)
			}
			if len(kept.idle) != len(texts) {
				t.Errorf("%d texts lead to %d statements", len(kept.idle), len(texts))
			}
			return nil
		})
		return texts
	}
}

func run(t *testing.T, pool *sql.DB, text string, args ...any) {
	t.Helper()
	if _, err := pool.ExecContext(t.Context(), text, args...); err != nil {
		t.Fatal(text, err)
	}
}

func names(t *testing.T, pool interface {
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
}, text string, args ...any) string {
	t.Helper()
	rows, err := pool.QueryContext(t.Context(), text, args...)
	if err != nil {
		t.Fatal(text, err)
	}
	defer func() { _ = rows.Close() }()
	var out []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return strings.Join(out, ",")
}

const (
	insertPerson = "INSERT INTO people (id, name) VALUES (?, ?)"
	selectNames  = "SELECT name FROM people WHERE id >= ? ORDER BY id"
)

func TestKeptStatements(t *testing.T) {
	t.Parallel()
	pool, kept := keeper(t)
	for i := range 3 {
		run(t, pool, insertPerson, fmt.Sprint(i), fmt.Sprint("n", i))
	}
	for range 2 {
		if got := names(t, pool, selectNames, "1"); got != "n1,n2" {
			t.Errorf("the names are %s", got)
		}
	}
	if got := kept(); len(got) != 2 || got[0] != selectNames || got[1] != insertPerson {
		t.Errorf("kept are %q", got)
	}

	// A statement that fails can be run again, and says the same each time.
	for range 2 {
		if _, err := pool.ExecContext(t.Context(), insertPerson, "0", "x"); !errors.Is((sqliteDialector{}).Translate(err), gorm.ErrDuplicatedKey) {
			t.Errorf("a second 0: %v", err)
		}
		if _, err := pool.QueryContext(t.Context(), "INSERT INTO people (id, name) VALUES (?, ?) RETURNING id", "0", "x"); !errors.Is((sqliteDialector{}).Translate(err), gorm.ErrDuplicatedKey) {
			t.Errorf("a second 0 with an answer: %v", err)
		}
	}
	run(t, pool, insertPerson, "3", "n3")

	// A text that is run inside its own rows, which were not read to their end.
	tx, err := pool.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	outer, err := tx.QueryContext(t.Context(), selectNames, "0")
	if err != nil || !outer.Next() {
		t.Fatal("no rows", err)
	}
	if got := names(t, tx, selectNames, "2"); got != "n2,n3" {
		t.Errorf("inside are %s", got)
	}
	var name string
	if err := outer.Scan(&name); err != nil || name != "n0" || !outer.Next() {
		t.Errorf("outside is %s, %v", name, err)
	}
	if err := errors.Join(outer.Close(), tx.Commit()); err != nil {
		t.Error(err)
	}
	if got := names(t, pool, selectNames, "3"); got != "n3" {
		t.Errorf("afterwards are %s", got)
	}
	if got := kept(); got[0] != selectNames || len(got) != 3 {
		t.Errorf("kept are %q", got)
	}
}

// A migration of this process or of another one changes the tables under the
// statements that are kept.
func TestKeptStatementsFollowTheSchema(t *testing.T) {
	t.Parallel()
	pool, _ := keeper(t)
	run(t, pool, insertPerson, "0", "n0")
	const all, made = "SELECT * FROM people WHERE id = ?", "SELECT made FROM people WHERE id = ?"
	width := func() int {
		t.Helper()
		rows, err := pool.QueryContext(t.Context(), all, "0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = rows.Close() }()
		columns, err := rows.Columns()
		if err != nil || !rows.Next() {
			t.Fatal("no row", err)
		}
		into := make([]any, len(columns))
		for i := range into {
			into[i] = new(any)
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		return len(columns)
	}
	if got := width(); got != 3 {
		t.Errorf("%d columns", got)
	}
	run(t, pool, "ALTER TABLE people ADD COLUMN more text DEFAULT 'm'; ALTER TABLE people ADD COLUMN most text")
	if got := width(); got != 5 {
		t.Errorf("%d columns", got)
	}
	// The declared type of a column decides how it is read.
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	run(t, pool, "UPDATE people SET made = ?", at)
	var got time.Time
	for range 2 {
		if err := pool.QueryRowContext(t.Context(), made, "0").Scan(&got); err != nil || !got.Equal(at) {
			t.Errorf("%v, %v", got, err)
		}
	}
	run(t, pool, "DROP TABLE people")
	if _, err := pool.ExecContext(t.Context(), insertPerson, "1", "n1"); err == nil || !strings.Contains(err.Error(), "no such table") {
		t.Errorf("into a table that is gone: %v", err)
	}
	run(t, pool, "CREATE TABLE people (name text, id text, made datetime)")
	run(t, pool, insertPerson, "1", "n1")
	if got := names(t, pool, selectNames, "0"); got != "n1" {
		t.Errorf("the names are %s", got)
	}
}

func TestKeptStatementsAreBounded(t *testing.T) {
	t.Parallel()
	pool, kept := keeper(t)
	for i := range 2 * maxKept {
		names(t, pool, fmt.Sprintf("SELECT name FROM people WHERE id = %d", i))
		names(t, pool, selectNames, "0")
	}
	texts := kept()
	if len(texts) != maxKept || texts[0] != selectNames {
		t.Errorf("%d statements are kept, %q in front", len(texts), texts[0])
	}
	// Scripts, schema changes and long lists are not kept, and run.
	run(t, pool, insertPerson+", ("+strings.Repeat("?, ?), (", 1_000)+"?, ?)", listed(1_002)...)
	run(t, pool, "INSERT INTO people (id, name) VALUES ('a', 'b'); DELETE FROM people WHERE id <> 'a'")
	if got := names(t, pool, selectNames, ""); got != "b" {
		t.Errorf("the names are %s", got)
	}
	if got := kept(); got[1] != "INSERT INTO people (id, name) VALUES ('a', 'b'); DELETE FROM people WHERE id <> 'a'" {
		t.Errorf("behind the last one is %.80q", got[1])
	}
}

func listed(n int) []any {
	out := make([]any, 0, 2*n)
	for i := range n {
		out = append(out, fmt.Sprint(i), "n")
	}
	return out
}

// A statement that was cut off by its context can be run again.
func TestKeptStatementsSurviveCancelling(t *testing.T) {
	t.Parallel()
	pool, kept := keeper(t)
	const endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) SELECT CAST(max(i) AS text) FROM n"
	if got := names(t, pool, endless, 3); got != "3" {
		t.Errorf("counted to %s", got)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := pool.QueryContext(ctx, endless, int64(1)<<40); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("an endless statement ended with %v", err)
	}
	if got := names(t, pool, endless, 4); got != "4" {
		t.Errorf("counted to %s", got)
	}
	if got := kept(); len(got) != 1 {
		t.Errorf("kept are %q", got)
	}
}
