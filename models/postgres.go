package models

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
)

// postgresDialector is gorm's official PostgreSQL dialector with one thing
// taken away: the values that the server quotes in its errors. They may be
// secrets, and errors end up in logs.
type postgresDialector struct{ *postgres.Dialector }

func newPostgresDialector(pool *sql.DB) gorm.Dialector {
	return postgresDialector{postgres.New(postgres.Config{Conn: pool}).(*postgres.Dialector)}
}

// Translate implements gorm.ErrorTranslator. Class 22 (data exception) is the
// one whose messages repeat the input.
func (d postgresDialector) Translate(err error) error {
	var e *pgconn.PgError
	if errors.As(err, &e) && strings.HasPrefix(e.Code, "22") {
		return fmt.Errorf("PostgreSQL cannot take a value (SQLSTATE %s)", e.Code)
	}
	return d.Dialector.Translate(err)
}
