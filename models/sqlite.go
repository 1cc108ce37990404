package models

import (
	"database/sql"
	"errors"

	"gorm.io/driver/sqlite"
	"gorm.io/gorm"
	sqlitedriver "modernc.org/sqlite"
	sqlitelib "modernc.org/sqlite/lib"
)

// sqliteDialector is gorm's official SQLite dialector over the pure-Go driver.
// It adds the translation of that driver's errors, which the official one
// expects in another driver's shape.
type sqliteDialector struct{ *sqlite.Dialector }

func newSQLiteDialector(pool *sql.DB) gorm.Dialector {
	return sqliteDialector{sqlite.New(sqlite.Config{Conn: pool}).(*sqlite.Dialector)}
}

// Translate implements gorm.ErrorTranslator.
func (sqliteDialector) Translate(err error) error {
	var e *sqlitedriver.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code() {
	case sqlitelib.SQLITE_CONSTRAINT_UNIQUE, sqlitelib.SQLITE_CONSTRAINT_PRIMARYKEY:
		return gorm.ErrDuplicatedKey
	case sqlitelib.SQLITE_CONSTRAINT_FOREIGNKEY:
		return gorm.ErrForeignKeyViolated
	case sqlitelib.SQLITE_CONSTRAINT_CHECK:
		return gorm.ErrCheckConstraintViolated
	default:
		return err
	}
}

// sqliteBusy reports whether another process holds the file.
func sqliteBusy(err error) bool {
	var e *sqlitedriver.Error
	return errors.As(err, &e) && e.Code()&0xff == sqlitelib.SQLITE_BUSY
}
