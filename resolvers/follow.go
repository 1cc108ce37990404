package resolvers

import (
	"context"
	"time"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/fault"
	"rollcall/models"
)

const (
	// followEvery is how often a stream looks for news, and at its caller's right
	// to them, when nothing woke it before. It asks the database and not the
	// replica's memory, so it does not matter where the news come from.
	followEvery = time.Second
	// rest is the shortest time between two looks that a stream was woken for.
	rest = 50 * time.Millisecond
	// settled is how long a transaction may take to commit after the moment that
	// its event has. Events older than that are not looked for any more.
	settled = 15 * time.Second
	// followAtOnce is how many events one look may bring; the next goes on there.
	followAtOnce = 100
)

// ticker is time's, unless a test brings its own.
func ticker() (<-chan time.Time, func()) {
	t := time.NewTicker(followEvery)
	return t.C, t.Stop
}

// follow tells of a team's events from now on. The channel is closed, and with
// it the stream ends, when the caller leaves, loses the right or the credential,
// or the server stops.
func (r *Resolver) follow(ctx context.Context, team models.ID) (<-chan *models.AuditEvent, error) {
	if err := access.Require(ctx, access.AuditRead, team); err != nil {
		return nil, err
	}
	// Whatever comes after this moment wakes the stream.
	var woken <-chan struct{}
	letGo := func() {}
	if r.News != nil {
		woken, letGo = r.News()
	}
	f := &follower{r: r, team: team, stopping: r.Stopping, from: models.Stamp(r.Now()).Add(-settled), told: map[models.ID]time.Time{}}
	// What is there already is not news.
	if _, err := f.look(ctx); err != nil {
		letGo()
		return nil, err
	}
	if f.tick = r.Tick; f.tick == nil {
		f.tick = ticker
	}
	out := make(chan *models.AuditEvent)
	go f.run(ctx, out, woken, letGo)
	return out, nil
}

// follower is one stream's state: where it looks from, and what it told since.
type follower struct {
	r    *Resolver
	team models.ID
	from time.Time
	told map[models.ID]time.Time

	stopping <-chan struct{}
	tick     func() (<-chan time.Time, func())
}

func (f *follower) run(ctx context.Context, out chan<- *models.AuditEvent, woken <-chan struct{}, letGo func()) {
	defer close(out)
	defer letGo()
	ticks, stop := f.tick()
	defer stop()
	awake := woken
	rested := time.NewTimer(rest)
	defer rested.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-f.stopping:
			return
		case <-rested.C:
			awake = woken
			continue
		case <-awake:
			awake = nil // until it has rested, so that a busy team does not keep it running
			rested.Reset(rest)
		case <-ticks:
		}
		if !f.step(ctx, out) {
			return
		}
	}
}

// step looks once: first whether the caller may still read, then for news.
func (f *follower) step(ctx context.Context, out chan<- *models.AuditEvent) bool {
	actor, err := f.r.Credentials.Renew(ctx)
	if err == nil {
		ctx = access.With(ctx, actor)
		err = access.Require(ctx, access.AuditRead, f.team)
	}
	var news []models.AuditEvent
	if err == nil {
		news, err = f.look(ctx)
	}
	if err != nil {
		if _, refused := fault.As(err); !refused && ctx.Err() == nil {
			f.r.Log.ErrorContext(ctx, "a stream of events ends", "error", err)
		}
		return false
	}
	for i := range news {
		select {
		case <-ctx.Done():
			return false
		case out <- &news[i]:
		}
	}
	return true
}

// look reads events that were not told yet. An event may become visible after a
// younger one, when its transaction took longer, so it looks back a little and
// remembers for as long what it told.
func (f *follower) look(ctx context.Context) ([]models.AuditEvent, error) {
	var news []models.AuditEvent
	var after *models.Mark
	for {
		w := models.Window{After: after, Limit: followAtOnce}
		rows, more, err := f.r.Audit.Events(ctx, f.team, audit.Filter{Since: &f.from}, w)
		if err != nil {
			return nil, err
		}
		for _, e := range rows {
			if _, known := f.told[e.ID]; !known {
				f.told[e.ID] = e.At
				news = append(news, e)
			}
		}
		if !more {
			break
		}
		last := rows[len(rows)-1]
		after = &models.Mark{ID: last.ID, Key: last.At}
	}
	f.from = models.Stamp(f.r.Now()).Add(-settled)
	for id, at := range f.told {
		if at.Before(f.from) {
			delete(f.told, id)
		}
	}
	return news, nil
}
