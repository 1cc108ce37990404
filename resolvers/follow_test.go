package resolvers

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"rollcall/access"
	"rollcall/models"
	"rollcall/roster"
)

// listener is a client that follows acme's history.
type listener struct {
	t    *testing.T
	body *bufio.Reader
	tick chan time.Time
	stop chan struct{}
	end  context.CancelFunc
}

// listen follows acme's history with a credential of a member, or fails.
func (d *desk) listen(t *testing.T, actor access.Actor) *listener {
	t.Helper()
	return d.listenTo(t, actor, fmt.Sprintf(`subscription { auditEventAdded(teamId: %q) { action team { slug } target { id } } }`, d.acme.team.GlobalID()))
}

// listenTo opens the stream of a subscription.
func (d *desk) listenTo(t *testing.T, actor access.Actor, document string) *listener {
	t.Helper()
	l := &listener{t: t, tick: make(chan time.Time), stop: make(chan struct{})}
	d.Tick = func() (<-chan time.Time, func()) { return l.tick, func() {} }
	d.Stopping = l.stop
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.handler.ServeHTTP(w, r.WithContext(access.With(access.WithRequest(r.Context(), access.Request{ID: "req-1"}), actor)))
	}))
	ctx, cancel := context.WithCancel(t.Context())
	l.end = cancel
	t.Cleanup(func() { cancel(); server.CloseClientConnections(); server.Close() })
	body, err := json.Marshal(map[string]string{"query": document})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "text/event-stream")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	if res.StatusCode != 200 || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") {
		text, _ := io.ReadAll(res.Body)
		t.Fatalf("%d %s", res.StatusCode, text)
	}
	l.body = bufio.NewReader(res.Body)
	return l
}

// look has the stream look for news. It returns when the look has begun.
func (l *listener) look() {
	l.t.Helper()
	select {
	case l.tick <- time.Time{}:
	case <-time.After(2 * time.Minute):
		l.t.Fatal("the stream does not look")
	}
}

// next is the stream's next event that is no sign of life.
func (l *listener) next() (event, data string) {
	l.t.Helper()
	for {
		line, err := l.body.ReadString('\n')
		if err != nil {
			l.t.Fatalf("the stream broke: %v", err)
		}
		switch line = strings.TrimSpace(line); {
		case strings.HasPrefix(line, "event: "):
			event = line[7:]
		case strings.HasPrefix(line, "data:") && event != "":
			return event, strings.TrimSpace(line[5:])
		}
	}
}

// actor opens a session for a member and authenticates it.
func (d *desk) actor(t *testing.T, m roster.Member) access.Actor {
	t.Helper()
	_, secret := d.session(t, m)
	a, err := d.Credentials.AuthenticateSession(t.Context(), secret)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// News come in whatever way they were made, once each, and also when their
// transaction ended late.
func TestFollow(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		l := d.listen(t, d.actor(t, d.acme.admin))
		if _, err := d.Roster.Deactivate(operator(t), d.acme.member.ID, ""); err != nil {
			t.Fatal(err)
		}
		l.look()
		if event, data := l.next(); event != "next" || !strings.Contains(data, `"action":"membership.deactivated","team":{"slug":"acme"},"target":{"id":"`+d.acme.member.GlobalID()) {
			t.Fatalf("%s %s", event, data)
		}
		late := d.event(t, d.acme.team.ID)
		id, err := models.NewID()
		if err != nil {
			t.Fatal(err)
		}
		late.ID, late.At, late.Action = id, late.At.Add(-5*time.Second), "late.event"
		if err := d.db.Read(t.Context()).Create(&late).Error; err != nil {
			t.Fatal(err)
		}
		d.clock.Advance(time.Second)
		if _, err := d.Roster.Reactivate(operator(t), d.acme.member.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Roster.Deactivate(operator(t), d.globex.member.ID, ""); err != nil { // another team's
			t.Fatal(err)
		}
		l.look()
		for _, action := range []string{"late.event", "membership.reactivated"} {
			if event, data := l.next(); event != "next" || !strings.Contains(data, action) {
				t.Fatalf("%s %s", event, data)
			}
		}
		// The server stops: the stream ends in order.
		close(l.stop)
		if event, data := l.next(); event != "complete" || data != "" {
			t.Errorf("%s %s", event, data)
		}
	})
}

// Whoever is woken looks at once, without waiting for the next tick, and is sent
// away at once as well.
func TestFollowIsWoken(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		d.News = d.db.Follow
		d.add(t, d.acme.team, "eve", models.RoleAdmin)
		l := d.listen(t, d.actor(t, d.acme.admin))
		for range 3 {
			if _, err := d.Roster.Deactivate(operator(t), d.acme.member.ID, ""); err != nil {
				t.Fatal(err)
			}
			if _, err := d.Roster.Reactivate(operator(t), d.acme.member.ID); err != nil {
				t.Fatal(err)
			}
		}
		for range 3 {
			for _, action := range []string{"membership.deactivated", "membership.reactivated"} {
				if event, data := l.next(); event != "next" || !strings.Contains(data, action) {
					t.Fatalf("%s %s", event, data)
				}
			}
		}
		if _, err := d.Roster.Remove(operator(t), d.acme.admin.ID); err != nil {
			t.Fatal(err)
		}
		if event, data := l.next(); event != "complete" {
			t.Errorf("%s %s", event, data)
		}
	})
}

// A stream ends with the right to it, and what took the right away is not told.
func TestFollowEndsWithTheRight(t *testing.T) {
	for name, lose := range map[string]func(*testing.T, *desk, access.Actor) error{
		"removed": func(t *testing.T, d *desk, _ access.Actor) error {
			_, err := d.Roster.Remove(operator(t), d.acme.admin.ID)
			return err
		},
		"deactivated": func(t *testing.T, d *desk, _ access.Actor) error {
			_, err := d.Roster.Deactivate(operator(t), d.acme.admin.ID, "")
			return err
		},
		"no admin any more": func(t *testing.T, d *desk, _ access.Actor) error {
			_, err := d.Roster.ChangeRole(operator(t), d.acme.admin.ID, models.RoleMember, nil)
			return err
		},
		"session revoked": func(t *testing.T, d *desk, a access.Actor) error {
			_, err := d.Credentials.RevokeSession(operator(t), a.CredentialID)
			return err
		},
		"session over": func(t *testing.T, d *desk, _ access.Actor) error {
			d.clock.Advance(2 * time.Hour)
			return nil
		},
		"team deleted": func(t *testing.T, d *desk, _ access.Actor) error {
			_, err := d.Roster.DeleteTeam(operator(t), d.acme.team.ID, "acme")
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachDesk(t, func(t *testing.T, d *desk) {
				d.add(t, d.acme.team, "eve", models.RoleAdmin)
				a := d.actor(t, d.acme.admin)
				l := d.listen(t, a)
				if err := lose(t, d, a); err != nil {
					t.Fatal(err)
				}
				l.look()
				if event, data := l.next(); event != "complete" {
					t.Errorf("%s %s", event, data)
				}
			})
		})
	}
}

// Who may not read the history cannot follow it, and nobody opens streams
// without end.
func TestFollowIsGuarded(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		document := fmt.Sprintf(`subscription { auditEventAdded(teamId: %q) { action } }`, d.acme.team.GlobalID())
		if got := d.ask(t, as(t, d.acme.admin), document); got.status != http.StatusNotAcceptable || got.data != nil {
			t.Errorf("as JSON: %d %s", got.status, got.text)
		}
		send := func(ctx context.Context) (int, string) {
			r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/graphql", strings.NewReader(fmt.Sprintf(`{"query":%q}`, document)))
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Accept", "text/event-stream")
			w := httptest.NewRecorder()
			d.handler.ServeHTTP(w, r)
			return w.Code, w.Body.String()
		}
		if status, text := send(request(t)); status != 401 || strings.Contains(text, "event:") {
			t.Errorf("nobody: %d %s", status, text)
		}
		for name, ctx := range map[string]context.Context{
			"member": as(t, d.acme.member), "other admin": as(t, d.globex.admin), "key without the scope": withKey(t, d.acme.admin, models.ScopeTeamRead),
		} {
			if _, text := send(ctx); !strings.Contains(text, `"errors"`) || strings.Contains(text, "action") && !strings.Contains(text, `"path"`) || !strings.Contains(text, "event: complete") {
				t.Errorf("%s: %s", name, text)
			}
		}
		a := d.actor(t, d.acme.admin)
		var open []*listener
		for range 5 {
			open = append(open, d.listen(t, a))
		}
		if status, text := send(access.With(request(t), a)); status != http.StatusTooManyRequests {
			t.Errorf("a sixth stream: %d %s", status, text)
		}
		for _, l := range open {
			l.end()
		}
	})
}
