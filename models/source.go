package models

import (
	"fmt"
	"net/url"
	"strings"
)

// Dialect is the kind of database.
type Dialect string

// The two databases that Rollcall runs on.
const (
	SQLite   Dialect = "sqlite"
	Postgres Dialect = "postgres"
)

// Source says which database to open: a file path for SQLite, a connection URL
// or keyword string for PostgreSQL.
type Source struct {
	Dialect Dialect
	DSN     string
}

// sqliteDSN is built here and never from user text: a _pragma may hold several
// statements. Immediate transactions keep read-then-write transactions from
// failing with BUSY; FULL makes an acknowledged removal survive a power cut;
// _timezone keeps stored times comparable as text.
func sqliteDSN(path string) string {
	q := url.Values{}
	for _, p := range []string{"busy_timeout(10000)", "journal_mode(WAL)", "foreign_keys(1)", "synchronous(FULL)"} {
		q.Add("_pragma", p)
	}
	for k, v := range map[string]string{
		"_txlock": "immediate", "_time_format": "sqlite", "_timezone": "UTC", "_texttotime": "1", "_dqs": "0",
	} {
		q.Set(k, v)
	}
	escaped := strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path)
	return fmt.Sprintf("file:%s?%s", escaped, q.Encode())
}
