package models_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"gorm.io/gorm"

	"rollcall/fault"
	"rollcall/internal/housetest"
	"rollcall/models"
)

var errOwn = errors.New("our own failure")

func TestInTxCommitsOrNot(t *testing.T) {
	housetest.EachDatabase(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		storedTeam(t, db, "kept")
		err := db.InTx(ctx, func(tx *gorm.DB) error {
			team := newTeam(t, "undone")
			if err := tx.Create(&team).Error; err != nil {
				return err
			}
			return errOwn
		})
		if !errors.Is(err, errOwn) {
			t.Errorf("the failure came back as %v", err)
		}
		func() {
			defer func() { same(t, "panic", recover(), "broken") }()
			_ = db.InTx(ctx, func(tx *gorm.DB) error {
				team := newTeam(t, "panicked")
				if err := tx.Create(&team).Error; err != nil {
					return err
				}
				panic("broken")
			})
		}()
		// A fault is an answer like any other: what was written before it is undone.
		err = db.InTx(ctx, func(tx *gorm.DB) error {
			team := newTeam(t, "refused")
			if err := tx.Create(&team).Error; err != nil {
				return err
			}
			return fault.New(fault.LastAdmin, "No.")
		})
		if !fault.Is(err, fault.LastAdmin) {
			t.Errorf("the fault came back as %v", err)
		}
		cancelled, cancel := context.WithCancel(ctx)
		err = db.InTx(cancelled, func(tx *gorm.DB) error {
			team := newTeam(t, "cancelled")
			err := tx.Create(&team).Error
			cancel()
			return err
		})
		if err == nil {
			t.Error("a transaction whose context ended was committed")
		}
		same(t, "teams", slugs(t, db), []string{"kept"})
		// The one writing connection of SQLite must be free again.
		storedTeam(t, db, "later")
	})
}

// What a transaction did is seen by others after it and not before.
func TestReadSeesWhatIsCommitted(t *testing.T) {
	housetest.EachDatabase(t, func(t *testing.T, db *models.DB) {
		err := db.InTx(t.Context(), func(tx *gorm.DB) error {
			team := newTeam(t, "acme")
			if err := tx.Create(&team).Error; err != nil {
				return err
			}
			same(t, "teams during the transaction", slugs(t, db), []string{})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		same(t, "teams after it", slugs(t, db), []string{"acme"})
	})
}

// A race that a verb lost by its own judgement is run again, not for ever, and
// each run starts from nothing.
func TestInTxRunsAgainWhenAsked(t *testing.T) {
	housetest.EachDatabase(t, func(t *testing.T, db *models.DB) {
		runs := 0
		err := db.InTx(t.Context(), func(tx *gorm.DB) error {
			runs++
			team := newTeam(t, "acme")
			if err := tx.Create(&team).Error; err != nil {
				return err
			}
			if runs < 3 {
				return models.ErrAgain
			}
			return nil
		})
		if err != nil || runs != 3 {
			t.Errorf("%d runs, error %v", runs, err)
		}
		same(t, "teams", slugs(t, db), []string{"acme"})
	})
}

func TestInTxGivesUp(t *testing.T) {
	t.Parallel() // it waits
	db := housetest.SQLite(t)
	runs := 0
	always := func(*gorm.DB) error { runs++; return models.ErrAgain }
	if err := db.InTx(t.Context(), always); !errors.Is(err, models.ErrAgain) || runs != models.Attempts {
		t.Errorf("%d runs, error %v", runs, err)
	}
	// Nobody waits for an answer any more: no further run.
	ctx, cancel := context.WithCancel(t.Context())
	runs = 0
	err := db.InTx(ctx, func(*gorm.DB) error { runs++; cancel(); return models.ErrAgain })
	if err == nil || runs != 1 {
		t.Errorf("%d runs after the context ended, error %v", runs, err)
	}
	runs = 0
	if err := db.InTx(t.Context(), func(*gorm.DB) error { runs++; return errOwn }); !errors.Is(err, errOwn) || runs != 1 {
		t.Errorf("%d runs of a failure that will not pass, error %v", runs, err)
	}
}

// Two transactions lock two teams in opposite order. PostgreSQL ends one of
// them; it runs again and both are done.
func TestInTxAfterDeadlock(t *testing.T) {
	t.Parallel() // it waits
	db := housetest.Postgres(t)
	a, b := storedTeam(t, db, "aaa"), storedTeam(t, db, "bbb")
	var met sync.WaitGroup // both hold their first lock
	met.Add(2)
	var runs atomic.Int64
	lock := func(first, second models.ID) error {
		once := sync.OnceFunc(func() { met.Done(); met.Wait() })
		return db.InTx(t.Context(), func(tx *gorm.DB) error {
			runs.Add(1)
			if _, err := models.LockTeam(tx, first); err != nil {
				return err
			}
			once()
			if err := tx.Model(&models.Team{}).Where("id = ?", second).
				Update("revision", gorm.Expr("revision + 1")).Error; err != nil {
				return err
			}
			return nil
		})
	}
	errs := make([]error, 2)
	var wg sync.WaitGroup
	wg.Go(func() { errs[0] = lock(a.ID, b.ID) })
	wg.Go(func() { errs[1] = lock(b.ID, a.ID) })
	wg.Wait()
	if err := errors.Join(errs...); err != nil || runs.Load() < 3 {
		t.Errorf("%d runs, error %v", runs.Load(), err)
	}
	same(t, "revisions", rows[int](t, db, "SELECT revision FROM teams ORDER BY slug"), []int{2, 2})
}

// Two serializable transactions read the same row before either writes it. The
// second one cannot be serialized; it runs again and counts on from the first.
func TestInTxAfterSerializationFailure(t *testing.T) {
	db := housetest.Postgres(t)
	storedTeam(t, db, "acme")
	var read sync.WaitGroup // both have read
	read.Add(2)
	var runs atomic.Int64
	errs := make([]error, 2)
	var wg sync.WaitGroup
	for i := range errs {
		meet := sync.OnceFunc(func() { read.Done(); read.Wait() })
		wg.Go(func() {
			errs[i] = db.InTx(t.Context(), func(tx *gorm.DB) error {
				runs.Add(1)
				if err := tx.Exec("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE").Error; err != nil {
					return err
				}
				return increment(tx, meet)
			})
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil || runs.Load() != 3 {
		t.Errorf("%d runs, error %v", runs.Load(), err)
	}
	same(t, "revision", rows[int](t, db, "SELECT revision FROM teams"), []int{3})
}

// increment reads and writes back, the way that loses updates without care.
// What is to happen in between comes as functions.
func increment(tx *gorm.DB, between ...func()) error {
	var revision int
	if err := tx.Model(&models.Team{}).Select("revision").Take(&revision).Error; err != nil {
		return err
	}
	for _, do := range between {
		do()
	}
	return tx.Model(&models.Team{}).Where("slug = ?", "acme").Update("revision", revision+1).Error
}

// Two processes on one SQLite file: their transactions take turns from the
// start, so none has to run again because another one was faster.
func TestInTxOnSharedFile(t *testing.T) {
	src := housetest.SQLiteSource(t)
	first, second := housetest.Open(t, src, housetest.NewClock().Now), housetest.Open(t, src, housetest.NewClock().Now)
	storedTeam(t, first, "acme")
	const workers, rounds = 4, 10
	errs := make([]error, workers)
	var runs atomic.Int64
	var wg sync.WaitGroup
	for i := range workers {
		db := []*models.DB{first, second}[i%2]
		wg.Go(func() {
			for range rounds {
				errs[i] = errors.Join(errs[i], db.InTx(t.Context(), func(tx *gorm.DB) error {
					runs.Add(1)
					return increment(tx)
				}))
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
	same(t, "runs", runs.Load(), workers*rounds)
	same(t, "revision", rows[int](t, first, "SELECT revision FROM teams"), []int{1 + workers*rounds})
}

// A file that another process holds for longer than SQLite itself waits.
func TestInTxAfterBusyFile(t *testing.T) {
	t.Parallel() // it waits
	src := housetest.SQLiteSource(t)
	holder, db := housetest.Open(t, src, housetest.NewClock().Now), housetest.Open(t, src, housetest.NewClock().Now)
	impatient(t, db)
	runs := 0
	err := db.InTx(t.Context(), func(tx *gorm.DB) error {
		runs++
		if runs > 1 {
			team := newTeam(t, "acme")
			return tx.Create(&team).Error
		}
		return busy(t, holder)
	})
	if err != nil || runs != 2 {
		t.Errorf("%d runs, error %v", runs, err)
	}
	same(t, "teams", slugs(t, db), []string{"acme"})

	// The other process never lets go: the error says so, and is no fault.
	err = holder.InTx(t.Context(), func(*gorm.DB) error {
		err := db.InTx(t.Context(), func(*gorm.DB) error { t.Error("two writers at once"); return nil })
		if err == nil || !models.Transient(err) || !strings.Contains(err.Error(), "locked") {
			t.Errorf("the file is held and the answer is %v", err)
		}
		if _, ok := fault.As(err); ok {
			t.Errorf("the caller cannot mend a busy file, yet gets %v", err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// impatient keeps a database's writing connection from waiting for the file.
func impatient(t *testing.T, db *models.DB) {
	t.Helper()
	if err := db.Writer().Exec("PRAGMA busy_timeout = 1").Error; err != nil {
		t.Fatal(err)
	}
}

// busy is the error of a database whose file somebody else is writing to.
func busy(t *testing.T, db *models.DB) error {
	t.Helper()
	impatient(t, db)
	err := db.Writer().Exec("UPDATE teams SET revision = 1").Error
	if !models.Transient(err) {
		t.Errorf("the file is held by a transaction, yet another one gets %v", err)
	}
	return err
}
