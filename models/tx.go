package models

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"time"

	"gorm.io/gorm"
)

// ErrAgain asks InTx to run the transaction again: it lost a race against
// another one, and what that one did changes which branch is right.
var ErrAgain = errors.New("lost a race; run the transaction again")

// attempts bounds how often a transaction is run again after a transient failure.
const attempts = 10

// InTx runs fn in one transaction and commits when fn returns nil. When the
// database gave up for a passing reason (deadlock, serialization failure, busy
// file) fn runs again from the start, so fn must not do anything outside of tx
// that it cannot do twice. fn must use tx only: a second transaction from the
// pool would wait for the first one for ever.
func (db *DB) InTx(ctx context.Context, fn func(tx *gorm.DB) error) error {
	wait := 2 * time.Millisecond
	for try := 1; ; try++ {
		told := &unsaid{}
		err := db.write.WithContext(context.WithValue(ctx, unsaidKey{}, told)).Transaction(func(tx *gorm.DB) error {
			if guard, ok := ctx.Value(guardKey{}).(Guard); ok {
				if err := guard(ctx, tx); err != nil {
					return err
				}
			}
			return fn(tx)
		})
		if err == nil && told.event {
			db.publish()
		}
		if err == nil || try == attempts || !transient(err) {
			return Fault(err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
			wait *= 2
		}
	}
}

// Guard judges a transaction before anything of it runs; its error ends it.
type Guard func(ctx context.Context, tx *gorm.DB) error

type guardKey struct{}

// Guarded returns a context whose every transaction begins with guard. A request
// may have been let in long before it comes to write: its body was slow to come,
// a foreign host slow to answer, or an earlier part of it changed what the later
// ones may do.
func Guarded(ctx context.Context, guard Guard) context.Context {
	return context.WithValue(ctx, guardKey{}, guard)
}

// LockTeam reads a team and keeps every other transaction that locks it waiting
// until this one ends. The rules that count (last admin, three certificates)
// stand behind it. The lock lets others refer to the team meanwhile, as every
// new session does by its foreign key: sign-ins neither wait for it nor run into
// a deadlock with it. SQLite needs no lock: its writing transactions take turns.
func LockTeam(tx *gorm.DB, id ID) (t Team, err error) {
	err = locked(tx, teamColumns(), "teams", "NO KEY UPDATE", id, Fields(&t)...)
	return t, err
}

var (
	teamColumns       = sync.OnceValue(func() string { return Columns(Team{}, "x", "") })
	membershipColumns = sync.OnceValue(func() string { return Columns(Membership{}, "x", "") })
	userColumns       = sync.OnceValue(func() string { return Columns(User{}, "x", "") })
)

func locked(tx *gorm.DB, columns, table, strength string, id ID, into ...any) error {
	found, err := One(tx.Raw("SELECT "+columns+" FROM "+table+" x WHERE x.id = ?"+locking(tx, strength), id), into...)
	if err == nil && !found {
		err = gorm.ErrRecordNotFound
	}
	return Fault(err)
}

// ShareTeam keeps transactions that lock a team waiting, and waits for them, but
// not others that share it: many may do something at once that one other must not
// overlook. What is read in the same statement may be older than the wait.
func ShareTeam(tx *gorm.DB, id ID) error {
	return locked(tx, "x.id", "teams", "SHARE", id, new(string))
}

// LockMembership reads a membership and keeps other transactions that lock it
// waiting. Whoever gives a member a credential locks the row first, and so does
// whoever takes the credentials away: one of the two sees what the other did.
// A transaction that locks the team as well does that first.
func LockMembership(tx *gorm.DB, id ID) (m Membership, err error) {
	err = locked(tx, membershipColumns(), "memberships", "UPDATE", id, Fields(&m)...)
	return m, err
}

// LockUser reads an account and keeps other teams that let go of it waiting. A
// transaction that locks a membership as well does that first.
func LockUser(tx *gorm.DB, id ID) (u User, err error) {
	err = locked(tx, userColumns(), "users", "UPDATE", id, Fields(&u)...)
	return u, err
}

// SQLTx is the transaction below gorm's, for the job library.
func SQLTx(tx *gorm.DB) (*sql.Tx, error) {
	switch pool := tx.Statement.ConnPool.(type) {
	case *sql.Tx:
		return pool, nil
	case *gorm.PreparedStmtTX:
		if inner, ok := pool.Tx.(*sql.Tx); ok {
			return inner, nil
		}
	}
	return nil, errors.New("the handle is not one of a transaction")
}
