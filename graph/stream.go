package graph

import (
	"context"
	"encoding/json"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
)

const (
	// eventStream is the media type of server-sent events.
	eventStream = "text/event-stream"
	// keepAlive is how long a stream is silent at most, so that what is between
	// server and client keeps it open and a client that left is noticed.
	keepAlive = 15 * time.Second
	// sendWithin is how long a client may take to read one event.
	sendWithin = 10 * time.Second
	// callerStreams and allStreams bound the streams of one caller and of all
	// callers of this replica.
	callerStreams = 5
	allStreams    = 500
)

// wantsStream reports whether a client names server-sent events among what it
// accepts. Ranges like */* do not name them.
func wantsStream(accept []string) bool {
	for _, part := range strings.Split(strings.Join(accept, ","), ",") {
		mt, params, err := mime.ParseMediaType(part)
		if err != nil || mt != eventStream {
			continue
		}
		q, given := params["q"]
		weight, err := strconv.ParseFloat(q, 64)
		return !given || err == nil && weight > 0
	}
	return false
}

// streams counts what is open.
type streams struct {
	mu   sync.Mutex
	all  int
	each map[string]int
}

func newStreams() *streams { return &streams{each: map[string]int{}} }

func (s *streams) open(caller string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all >= allStreams || s.each[caller] >= callerStreams {
		return false
	}
	s.all++
	s.each[caller]++
	return true
}

func (s *streams) close(caller string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all--
	if s.each[caller]--; s.each[caller] == 0 {
		delete(s.each, caller)
	}
}

// stream answers an operation as server-sent events, in the way that "GraphQL
// over Server-Sent Events" calls distinct connections: `next` for every result
// and `complete` at the end, on a connection of its own.
func (h *Handler) stream(ctx context.Context, w http.ResponseWriter, op *graphql.OperationContext) {
	who := caller(ctx)
	if !h.streams.open(who) {
		w.Header().Set("Retry-After", "60")
		writeRefusal(ctx, w, graphqlJSON, refuse(CodeRateLimited, "Too many streams are open; close one first."))
		return
	}
	defer h.streams.close(who)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	out := &eventWriter{to: w, control: http.NewResponseController(w), within: h.sendWithin, cancel: cancel}
	// The limits on the time of a request are for ordinary ones.
	_ = out.control.SetReadDeadline(time.Time{})
	_ = out.control.SetWriteDeadline(time.Time{})
	// The subscription begins before the client learns that the stream is open, so
	// that nothing is missed of what happens from then on.
	respond, running := h.exec.DispatchOperation(h.withBatches(ctx), op)
	header := w.Header()
	header.Set("Content-Type", eventStream+"; charset=utf-8")
	header.Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	out.send(":\n\n")

	results := make(chan []byte)
	go h.results(running, respond, results)
	beat := time.NewTicker(h.keepAlive)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
			out.send(":\n\n")
		case text, more := <-results:
			if !more {
				out.send("event: complete\ndata:\n\n")
				return
			}
			out.next(text)
		}
	}
}

// results hands over one result after the other, written down: the executor uses
// one buffer for all of them.
func (h *Handler) results(ctx context.Context, respond graphql.ResponseHandler, to chan<- []byte) {
	defer close(to)
	defer func() {
		if cause := recover(); cause != nil {
			_ = h.recover(ctx, cause)
		}
	}()
	for ctx.Err() == nil {
		res := respond(ctx)
		if res == nil {
			return
		}
		text, err := json.Marshal(result(res))
		if err != nil { // data that is no JSON can only be our mistake
			h.log.ErrorContext(ctx, "a result that is no JSON", "error", err)
			return
		}
		select {
		case <-ctx.Done():
			return
		case to <- text:
		}
	}
}

// eventWriter writes to one client and ends the stream when that fails.
type eventWriter struct {
	to      http.ResponseWriter
	control *http.ResponseController
	within  time.Duration // in which one event has to be read
	cancel  context.CancelFunc
}

func (e *eventWriter) send(text string) {
	// A deadline that has passed ends a write that waits for a client who does not read.
	late := time.AfterFunc(e.within, func() { _ = e.control.SetWriteDeadline(time.Unix(1, 0)) })
	defer late.Stop()
	if _, err := e.to.Write([]byte(text)); err != nil {
		e.cancel()
		return
	}
	if err := e.control.Flush(); err != nil {
		e.cancel()
	}
}

// next sends a result. JSON as it is marshalled has no line breaks.
func (e *eventWriter) next(text []byte) { e.send("event: next\ndata: " + string(text) + "\n\n") }
