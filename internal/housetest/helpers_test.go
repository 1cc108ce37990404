package housetest

import (
	"sync"
	"testing"
	"time"

	"rollcall/access"
	"rollcall/models"
)

func TestClock(t *testing.T) {
	c := NewClock()
	if !c.Now().Equal(Start) || !c.Now().Equal(c.Now()) {
		t.Errorf("the clock starts at %v and does not stand", c.Now())
	}
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() { c.Advance(time.Minute) })
	}
	wg.Wait()
	if want := Start.Add(10 * time.Minute); !c.Now().Equal(want) {
		t.Errorf("after ten minutes it is %v", c.Now())
	}
	c.Set(Start)
	if !c.Now().Equal(Start) {
		t.Errorf("set back it is %v", c.Now())
	}
}

func TestLog(t *testing.T) {
	log, text := NewLog()
	log.Debug("hello", "key", "swordfish")
	text.MustNotHold(t, "tuna")
	for _, secret := range []string{"swordfish", ""} {
		r := &silent{TB: t}
		text.MustNotHold(r, secret)
		if r.errors != 1 {
			t.Errorf("%d complaints about %q in %q", r.errors, secret, text)
		}
	}
}

// silent is a test that counts its errors.
type silent struct {
	testing.TB
	errors int
}

func (s *silent) Helper()               {}
func (s *silent) Errorf(string, ...any) { s.errors++ }

// ending is a test whose end can be brought about, and which counts lines.
type ending struct {
	testing.TB
	end   func()
	lines int
}

func (e *ending) Cleanup(f func()) { e.end = f }
func (e *ending) Log(...any)       { e.lines++ }

// A server that stops late must not bring the test process down.
func TestLoggerAfterTheEnd(t *testing.T) {
	e := new(ending)
	log := Logger(e)
	log.Info("started")
	e.end()
	log.Info("stopped")
	if e.lines != 1 {
		t.Errorf("%d lines reached the test", e.lines)
	}
}

func TestActors(t *testing.T) {
	m := models.Membership{ID: "m", TeamID: "acme", UserID: "u", Role: models.RoleAdmin}
	u := models.User{ID: "u", Email: "ada@acme.test"}
	ctx := t.Context()
	for _, c := range []struct {
		name       string
		actor      access.Actor
		kind       access.Kind
		own, other bool // may it read members of acme, and of another team
	}{
		{"system", access.From(AsSystem(ctx)), access.System, true, true},
		{"operator", access.From(AsOperator(ctx)), access.Operator, true, true},
		{"member", access.From(AsMember(ctx, m, u)), access.Person, true, false},
		{"key with the scope", access.From(AsKey(ctx, m, u, models.ScopeMembershipRead)), access.Key, true, false},
		{"key without scopes", access.From(AsKey(ctx, m, u)), access.Key, false, false},
		{"scim", access.From(AsScim(ctx, "acme")), access.Scim, true, false},
	} {
		if c.actor.Kind != c.kind || c.actor.Label == "" {
			t.Errorf("%s is %+v", c.name, c.actor)
		}
		if own, other := c.actor.Can(access.MembersRead, "acme"), c.actor.Can(access.MembersRead, "other"); own != c.own || other != c.other {
			t.Errorf("%s reads its own team %v and another one %v", c.name, own, other)
		}
	}
}
