package models_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"gorm.io/gorm"

	"rollcall/internal/housetest"
	"rollcall/models"
)

func hears(t *testing.T, what string, woken <-chan struct{}) {
	t.Helper()
	select {
	case <-woken:
	case <-time.After(2 * time.Minute):
		t.Fatalf("%s: nobody is woken", what)
	}
}

func silent(t *testing.T, what string, woken <-chan struct{}) {
	t.Helper()
	select {
	case <-woken:
		t.Errorf("%s wakes", what)
	default:
	}
}

// Those who follow are woken by transactions that wrote an event and were
// committed, and by no other.
func TestNews(t *testing.T) {
	housetest.EachDatabase(t, func(t *testing.T, db *models.DB) {
		woken, stop := db.Follow()
		if err := db.InTx(t.Context(), func(tx *gorm.DB) error {
			models.HasNews(tx)
			silent(t, "a transaction under way", woken)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		change := func(news bool, fail error) error {
			return db.InTx(t.Context(), func(tx *gorm.DB) error {
				if news {
					models.HasNews(tx)
				}
				return fail
			})
		}
		for range 3 {
			if err := change(true, nil); err != nil {
				t.Fatal(err)
			}
		}
		hears(t, "an event", woken)
		silent(t, "what is heard already", woken)
		if err := change(false, nil); err != nil {
			t.Fatal(err)
		}
		silent(t, "a change without an event", woken)
		if err := change(true, errors.New("no")); err == nil {
			t.Fatal("no error")
		}
		silent(t, "what was rolled back", woken)
		stop()
		if err := change(true, nil); err != nil {
			t.Fatal(err)
		}
		silent(t, "an event after the end", woken)
	})
}

// On PostgreSQL an event of one process wakes those who follow in another; when
// the connection that listens breaks, it is made anew.
func TestNewsReachOthers(t *testing.T) {
	housetest.EachSource(t, func(t *testing.T, src models.Source) {
		if src.Dialect == models.SQLite {
			return // one process has the file
		}
		one, two := housetest.Open(t, src, time.Now), housetest.Open(t, src, time.Now)
		woken, stop := two.Follow()
		defer stop()
		ctx, end := context.WithCancel(t.Context())
		ended := make(chan struct{}, 2)
		for _, db := range []*models.DB{one, two} {
			go func() {
				db.CarryNews(ctx, housetest.Logger(t))
				ended <- struct{}{}
			}()
		}
		hears(t, "listening", woken)
		for i := range 3 {
			begin := time.Now()
			if err := one.InTx(t.Context(), func(tx *gorm.DB) error { models.HasNews(tx); return nil }); err != nil {
				t.Fatal(err)
			}
			hears(t, "an event elsewhere", woken)
			t.Logf("event %d was heard after %s", i, time.Since(begin))
		}
		if err := one.Read(t.Context()).Exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE 'LISTEN%'`).Error; err != nil {
			t.Fatal(err)
		}
		hears(t, "listening again", woken)
		end()
		<-ended
		<-ended
	})
}
