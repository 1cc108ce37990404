package graph

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"rollcall/access"
	"rollcall/internal/housetest"
	"rollcall/models"
)

func TestBudget(t *testing.T) {
	clock := housetest.NewClock()
	b := newBudgets(clock.Now)
	left, _, ok := b.spend("a", 60_000)
	if !ok || left.Remaining != 40_000 || left.Cost != 60_000 || left.ResetAt.Sub(clock.Now()) != 2160*time.Second {
		t.Fatalf("%+v, %v", left, ok)
	}
	left, wait, ok := b.spend("a", 60_000)
	if ok || left.Remaining != 40_000 || wait != 720*time.Second {
		t.Fatalf("too much: %+v, %v, %v", left, wait, ok)
	}
	if left, _, ok = b.spend("b", 0); !ok || left.Remaining != 99_999 || left.Cost != 1 {
		t.Fatalf("another caller: %+v, %v", left, ok)
	}
	clock.Advance(wait)
	if left, _, ok = b.spend("a", 60_000); !ok || left.Remaining != 0 {
		t.Fatalf("after the wait: %+v, %v", left, ok)
	}
	clock.Advance(-24 * time.Hour) // a clock that is set back neither gives nor takes
	if left, _, ok = b.spend("a", 1); ok || left.Remaining != 0 {
		t.Fatalf("back in time: %+v, %v", left, ok)
	}
	clock.Advance(48 * time.Hour)
	if left, _, ok = b.spend("a", 1); !ok || left.Remaining != 99_999 {
		t.Fatalf("full again: %+v, %v", left, ok)
	}
	for i := range budgetCallers + 10 {
		b.spend(fmt.Sprint(i), 1)
	}
	if n := b.levels.Len(); n != budgetCallers {
		t.Errorf("%d callers are remembered", n)
	}
}

// Whose budget it is: a member has one, whatever they use.
func TestWhoseBudget(t *testing.T) {
	m, u := models.Membership{ID: "m", TeamID: "t"}, models.User{ID: "u"}
	if a, b := caller(housetest.AsMember(t.Context(), m, u)), caller(housetest.AsKey(t.Context(), m, u)); a != b || a != "member m" {
		t.Errorf("a session %q, a key %q", a, b)
	}
	if c := caller(housetest.AsOperator(t.Context())); c != "credential "+string(housetest.OperatorKeyID) {
		t.Error(c)
	}
	if c := caller(access.WithRequest(t.Context(), access.Request{IP: "192.0.2.1"})); c != "address 192.0.2.1" {
		t.Error(c)
	}
}

func TestBudgetOfRequests(t *testing.T) {
	clock := housetest.NewClock()
	h := NewHandler(Options{Resolvers: &stub{}, Log: quiet(&stub{}).log, Now: clock.Now, RateLimit: true})
	got := post(t, h, known(t.Context()), "{ viewer { kind } }")
	for name, want := range map[string]string{"X-RateLimit-Limit": "100000", "X-RateLimit-Cost": "1", "X-RateLimit-Remaining": "99999", "X-RateLimit-Reset": "1"} {
		if got.header.Get(name) != want {
			t.Errorf("%s is %s, not %s", name, got.header.Get(name), want)
		}
	}
	h.budgets.spend(caller(known(t.Context())), 99_999)
	got = post(t, h, known(t.Context()), "{ viewer { kind } }")
	if got.status != http.StatusTooManyRequests || got.code() != string(CodeRateLimited) || got.header.Get("Retry-After") != "1" || got.header.Get("X-RateLimit-Remaining") != "0" {
		t.Errorf("%d %v %s", got.status, got.header, got.text)
	}
	if got := post(t, quiet(&stub{}), known(t.Context()), "{ viewer { kind } }"); got.header.Get("X-RateLimit-Limit") != "" {
		t.Error("there is a budget where nothing is limited")
	}
}
