package scim

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"rollcall/access"
	"rollcall/models"
)

// CallLog keeps what clients asked, for the team's admins.
type CallLog interface {
	Record(row models.ScimCall)
}

const (
	maxCallBody   = 2 << 10 // bytes of a blotted body that are kept
	maxCallText   = 300     // bytes of any other text
	maxCallMethod = 20      // bytes of a method, which may be any word
	maxWaiting    = 5_000   // calls that wait to be written; the oldest is dropped
	flushEvery    = 250 * time.Millisecond
)

// Keeper writes calls down.
type Keeper interface {
	RecordScimCalls(ctx context.Context, rows []models.ScimCall) error
}

// Buffer is a CallLog that writes in batches, so that a call costs no write of
// its own. What came in the last quarter of a second before a process is killed is
// lost: these are observations, the events of the changes themselves are in the
// history. A process that is asked to stop loses none.
type Buffer struct {
	Keeper Keeper
	Log    *slog.Logger

	mu      sync.Mutex
	waiting []models.ScimCall
	writing sync.Mutex // held by Flush, so that the last one waits for one under way
}

// Record takes a call.
func (b *Buffer) Record(row models.ScimCall) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting = newest(append(b.waiting, row))
}

func newest(rows []models.ScimCall) []models.ScimCall { return rows[max(0, len(rows)-maxWaiting):] }

// Flush writes what waits. What cannot be written goes on waiting.
func (b *Buffer) Flush(ctx context.Context) error {
	b.writing.Lock()
	defer b.writing.Unlock()
	b.mu.Lock()
	rows := b.waiting
	b.waiting = nil
	b.mu.Unlock()
	err := b.Keeper.RecordScimCalls(ctx, rows)
	if err != nil {
		b.mu.Lock()
		b.waiting = newest(append(rows, b.waiting...))
		b.mu.Unlock()
	}
	return err
}

// Run flushes until ctx ends.
func (b *Buffer) Run(ctx context.Context) {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := b.Flush(ctx); err != nil && ctx.Err() == nil {
			b.Log.ErrorContext(ctx, "SCIM calls cannot be written", "error", err)
		}
	}
}

// record is what is known of a call at its end.
type record struct {
	began  time.Time
	actor  access.Actor
	rest   []string
	body   object
	status int
	err    error
	dry    bool
}

// note keeps a call.
func (h *handler) note(r *http.Request, x record) {
	if h.calls == nil {
		return
	}
	id, err := models.NewID()
	if err != nil {
		return
	}
	about := access.RequestFrom(r.Context())
	token := x.actor.CredentialID
	row := models.ScimCall{
		ID: id, TeamID: x.actor.TeamID, ScimTokenID: &token, At: models.Stamp(x.began), Method: short(clear(r.Method), maxCallMethod),
		Resource: short(resourceShown(x.rest), maxCallText), Status: x.status,
		DurationUs: int(h.now().Sub(x.began).Microseconds()), Quirks: quirks(r, x.rest, x.body), DryRun: x.dry,
		UserAgent: short(clear(r.UserAgent()), maxCallText), IP: about.IP, RequestID: about.ID,
	}
	if x.body != nil {
		row.Body = blotted(x.body)
	}
	if x.err != nil {
		p, _ := problemOf(x.err)
		row.Status, row.ScimType, row.Detail = p.status, p.scimType, short(clear(p.detail), maxCallText)
	}
	h.calls.Record(row)
}

// clear drops what PostgreSQL cannot keep.
func clear(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "?"), "\x00", "?")
}

// short cuts a text at a whole character.
func short(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	s = s[:limit]
	for !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s + "…"
}
