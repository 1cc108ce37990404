package models

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"gorm.io/gorm"
)

// News wakes those who wait for audit events. An event is written in the
// transaction of its change, and only after that has ended is anybody woken: in
// this process at once, and in others over PostgreSQL's NOTIFY, sent by itself.
// Inside of the transaction a NOTIFY would make all commits of a PostgreSQL
// server take turns, because it takes a lock there that belongs to all.
//
// Nothing rests on it. Whoever waits looks at the database, and looks without
// being woken as well; what is lost here comes some moments later.

const (
	newsChannel = "rollcall_news"
	// tellEvery is the shortest time between two notifications of a process.
	tellEvery = 50 * time.Millisecond
	// listenAgain is how long a process waits for a listener that broke.
	listenAgain = time.Second
)

type news struct {
	mu      sync.Mutex
	waiting map[chan struct{}]struct{}
	fresh   chan struct{} // that others are still to be told of
}

func newNews() *news {
	return &news{waiting: map[chan struct{}]struct{}{}, fresh: make(chan struct{}, 1)}
}

// Follow returns a channel that gets a value soon after an audit event was
// written, one for many that come at once. stop lets go of it.
func (db *DB) Follow() (woken <-chan struct{}, stop func()) {
	c := make(chan struct{}, 1)
	db.news.mu.Lock()
	defer db.news.mu.Unlock()
	db.news.waiting[c] = struct{}{}
	return c, func() {
		db.news.mu.Lock()
		defer db.news.mu.Unlock()
		delete(db.news.waiting, c)
	}
}

func (n *news) wake() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for c := range n.waiting {
		offer(c)
	}
}

func offer(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // it has one already
	}
}

// unsaid is what a transaction will have to tell once it is committed.
type unsaid struct{ event bool }

type unsaidKey struct{}

// HasNews marks the transaction as one that those who follow want to know of.
func HasNews(tx *gorm.DB) {
	if u, ok := tx.Statement.Context.Value(unsaidKey{}).(*unsaid); ok {
		u.event = true
	}
}

// publish wakes whoever follows, here and elsewhere.
func (db *DB) publish() {
	db.news.wake()
	offer(db.news.fresh)
}

// CarryNews tells other processes on the same PostgreSQL of events and hears of
// theirs, until the context ends. With SQLite there is nothing to do.
func (db *DB) CarryNews(ctx context.Context, log *slog.Logger) {
	if db.pool == nil {
		return
	}
	id, err := NewID()
	if err != nil {
		log.ErrorContext(ctx, "news of other replicas come late", "error", err)
		return
	}
	var both sync.WaitGroup
	both.Go(func() { db.tell(ctx, log, string(id)) })
	both.Go(func() {
		for ctx.Err() == nil {
			if err := db.hear(ctx, string(id)); err != nil && ctx.Err() == nil {
				log.WarnContext(ctx, "not listening for other replicas' news", "error", err)
			}
			pause(ctx, listenAgain)
		}
	})
	both.Wait()
}

// tell notifies the others, no more often than tellEvery.
func (db *DB) tell(ctx context.Context, log *slog.Logger, me string) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-db.news.fresh:
		}
		if _, err := db.pool.Exec(ctx, "SELECT pg_notify($1, $2)", newsChannel, me); err != nil && ctx.Err() == nil {
			log.WarnContext(ctx, "other replicas are not told of news", "error", err)
		}
		pause(ctx, tellEvery)
	}
}

// hear waits for the others on a connection of its own.
func (db *DB) hear(ctx context.Context, me string) error {
	conn, err := pgx.ConnectConfig(ctx, db.pool.Config().ConnConfig)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, "LISTEN "+newsChannel); err != nil {
		return err
	}
	db.news.wake() // for what came while nobody listened
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		if n.Payload != me {
			db.news.wake()
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
