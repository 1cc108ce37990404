package graph

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"rollcall/models"
)

// feed is a subscription that the test fills.
type feed struct {
	*stub
	events chan *models.AuditEvent
	ended  chan struct{} // closed when the subscription's context has ended
}

func newFeed() *feed {
	return &feed{stub: &stub{}, events: make(chan *models.AuditEvent), ended: make(chan struct{})}
}

func (f *feed) Subscription() SubscriptionResolver { return feedSubscription{feed: f} }
func (f *feed) AuditEvent() AuditEventResolver     { return nil }

type feedSubscription struct {
	SubscriptionResolver
	feed *feed
}

func (s feedSubscription) AuditEventAdded(ctx context.Context, _ string) (<-chan *models.AuditEvent, error) {
	out := make(chan *models.AuditEvent)
	go func() {
		defer close(s.feed.ended)
		defer close(out)
		for {
			select {
			case <-ctx.Done():
				return
			case e, more := <-s.feed.events:
				if !more {
					return
				}
				select {
				case out <- e:
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	return out, nil
}

const (
	followText = `{"query":"subscription { auditEventAdded(teamId: \"x\") { action } }"}`
	longest    = 20 * time.Second // that a test waits for what has to come
)

// follow opens a stream on a server of its own.
func follow(t *testing.T, f *feed, change func(*Handler)) (*Handler, net.Conn, *bufio.Reader) {
	t.Helper()
	h := NewHandler(Options{Resolvers: f, Log: quiet(&stub{}).log})
	change(h)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r.WithContext(known(r.Context())))
	}))
	t.Cleanup(server.Close)
	conn, err := net.Dial("tcp", strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetReadDeadline(time.Now().Add(longest))
	head := "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAccept: text/event-stream\r\nContent-Length: "
	if _, err := io.WriteString(conn, head+strconv.Itoa(len(followText))+"\r\n\r\n"+followText); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(conn)
	res, err := http.ReadResponse(in, nil)
	if err != nil || res.StatusCode != http.StatusOK || !strings.HasPrefix(res.Header.Get("Content-Type"), eventStream) {
		t.Fatalf("%v, %+v", err, res)
	}
	return h, conn, bufio.NewReader(res.Body)
}

// await reads lines up to one that begins with the text.
func await(t *testing.T, in *bufio.Reader, text string) {
	t.Helper()
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			t.Fatalf("%q does not come: %v", text, err)
		}
		if strings.HasPrefix(line, text) {
			return
		}
	}
}

// over waits until a stream has been closed on the server.
func over(t *testing.T, h *Handler, f *feed) {
	t.Helper()
	select {
	case <-f.ended:
	case <-time.After(longest):
		t.Fatal("the subscription goes on")
	}
	for began := time.Now(); ; time.Sleep(time.Millisecond) {
		h.streams.mu.Lock()
		open := h.streams.all + len(h.streams.each)
		h.streams.mu.Unlock()
		if open == 0 {
			return
		}
		if time.Since(began) > longest {
			t.Fatal("the stream is counted as open")
		}
	}
}

// A silent stream shows that it lives, and ends in order when the news do.
func TestStreamKeepsAlive(t *testing.T) {
	f := newFeed()
	h, _, in := follow(t, f, func(h *Handler) { h.keepAlive = time.Millisecond })
	for range 5 {
		await(t, in, ":")
	}
	f.events <- &models.AuditEvent{Action: "team.created"}
	await(t, in, "event: next")
	await(t, in, `data: {"data":{"auditEventAdded":{"action":"team.created"}}}`)
	await(t, in, ":")
	close(f.events)
	await(t, in, "event: complete")
	over(t, h, f)
}

// A client that hangs up is noticed by the next sign of life at the latest, and
// what the stream held is let go.
func TestStreamOfAClientThatLeaves(t *testing.T) {
	f := newFeed()
	h, conn, in := follow(t, f, func(h *Handler) { h.keepAlive = time.Millisecond })
	await(t, in, ":")
	_ = conn.Close()
	over(t, h, f)
}

// A client that is there and does not read fills what lies between; the write
// that waits for it is given up, and the stream with it.
func TestStreamOfAClientThatDoesNotRead(t *testing.T) {
	f := newFeed()
	h, _, in := follow(t, f, func(h *Handler) { h.sendWithin = 50 * time.Millisecond })
	await(t, in, ":")
	big := &models.AuditEvent{Action: strings.Repeat("x", 1<<20)}
	for began := time.Now(); ; {
		select {
		case f.events <- big:
		case <-f.ended:
			over(t, h, f)
			return
		}
		if time.Since(began) > longest {
			t.Fatal("the server goes on writing to somebody who does not read")
		}
	}
}

// Streams beyond a caller's five are refused, and one that ends makes room.
func TestStreamsOfACaller(t *testing.T) {
	s := newStreams()
	for range callerStreams {
		if !s.open("a") {
			t.Fatal("fewer than are allowed")
		}
	}
	if s.open("a") || !s.open("b") {
		t.Error("one caller has more than five, or takes another's")
	}
	s.close("a")
	if !s.open("a") {
		t.Error("there is no room though one ended")
	}
	for i := s.all; i < allStreams; i++ {
		if !s.open(strings.Repeat("c", i)) {
			t.Fatalf("%d are too many", i)
		}
	}
	if s.open("d") {
		t.Error("more than the server holds")
	}
}
