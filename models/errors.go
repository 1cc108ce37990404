package models

import (
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"

	"rollcall/fault"
)

// Fault turns a driver's error into a fault where the caller can do something
// about it: nothing found, a unique value taken, a reference to nothing. Every
// other error, a fault included, comes back as it is.
func Fault(err error) error {
	if _, already := fault.As(err); already {
		return err // it says more than the driver's error behind it does
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, gorm.ErrRecordNotFound):
		return fault.New(fault.Missing, "There is no such object.").Because(err)
	case errors.Is(err, gorm.ErrDuplicatedKey):
		return fault.New(fault.Taken, "The value is in use already.").Because(err)
	case errors.Is(err, gorm.ErrForeignKeyViolated):
		return fault.New(fault.Clash, "The object refers to something that is gone.").Because(err)
	default:
		return err
	}
}

// transient reports whether the same transaction may succeed if it is run again.
func transient(err error) bool {
	if errors.Is(err, ErrAgain) {
		return true
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "40001" || pg.Code == "40P01" // serialization failure, deadlock
	}
	return sqliteBusy(err)
}
