// Package housetest is what tests share: real databases of both kinds, a clock
// that stands still, a log that can be read, and contexts with somebody in
// them. Tests and nothing else may import it.
//
// SQLite is always there. PostgreSQL is taken from TEST_POSTGRES_DSN, a URL or
// keyword string of a server on which databases may be created;
// scripts/with-postgres starts one. Without it the PostgreSQL half of a test is
// skipped and says so, unless CI=true, when it fails. TEST_POSTGRES_PROOF names
// a file that gets one line for every PostgreSQL database that a test opened,
// so that a run can show that the half was not skipped.
package housetest

// The variables that tell tests about PostgreSQL.
const (
	PostgresDSN   = "TEST_POSTGRES_DSN"
	PostgresProof = "TEST_POSTGRES_PROOF"
)
