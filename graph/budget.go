package graph

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"rollcall/access"
)

const (
	// budgetPoints is a full budget, and what comes back in an hour.
	budgetPoints = 100_000
	// budgetCallers is how many callers a replica remembers; the one that asked
	// longest ago is forgotten first, and begins anew.
	budgetCallers = 20_000
)

// Budget is what a caller may still ask for after an operation.
type Budget struct {
	Limit, Cost, Remaining int
	ResetAt                time.Time
}

// budgets are leaky buckets of points, one for each caller of this replica.
type budgets struct {
	now    func() time.Time
	mu     sync.Mutex
	levels *simplelru.LRU[string, level]
}

// level is how full a bucket was at a moment.
type level struct {
	points float64
	at     time.Time
}

func newBudgets(now func() time.Time) *budgets {
	// The size is positive, which is all that can be wrong.
	levels, _ := simplelru.NewLRU[string, level](budgetCallers, nil)
	return &budgets{now: now, levels: levels}
}

const pointsPerSecond = float64(budgetPoints) / 3600

// spend takes the points of an operation, which is at least one. ok is false
// when there are too few, and then nothing is taken; wait says for how long.
func (b *budgets) spend(caller string, cost int) (left Budget, wait time.Duration, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now, points := b.now(), float64(0)
	if l, known := b.levels.Get(caller); known {
		// A clock that was set back gives nothing and takes nothing.
		points = math.Max(0, l.points-math.Max(0, now.Sub(l.at).Seconds())*pointsPerSecond)
	}
	after := points + float64(max(cost, 1))
	if after > budgetPoints {
		return budget(now, points, cost), seconds((after - budgetPoints) / pointsPerSecond), false
	}
	b.levels.Add(caller, level{after, now})
	return budget(now, after, cost), 0, true
}

func budget(now time.Time, points float64, cost int) Budget {
	return Budget{
		Limit: budgetPoints, Cost: max(cost, 1), Remaining: int(budgetPoints - points),
		ResetAt: now.Add(seconds(points / pointsPerSecond)),
	}
}

// seconds rounds up, so that nobody is told to come back too early.
func seconds(s float64) time.Duration { return time.Duration(math.Ceil(s)) * time.Second }

// caller is whose budget an operation is taken from: a member's, whatever
// credential they use, else the credential's, else the address's.
func caller(ctx context.Context) string {
	a := access.From(ctx)
	switch {
	case a.MembershipID != "":
		return "member " + string(a.MembershipID)
	case a.CredentialID != "":
		return "credential " + string(a.CredentialID)
	default:
		return "address " + access.RequestFrom(ctx).IP
	}
}

// announce sets the headers that tell of a budget. Reset is in seconds from now,
// as Retry-After is (RFC 9110 section 10.2.3), and needs no common clock.
func (b Budget) announce(h http.Header, now time.Time) {
	h.Set("X-RateLimit-Limit", strconv.Itoa(b.Limit))
	h.Set("X-RateLimit-Cost", strconv.Itoa(b.Cost))
	h.Set("X-RateLimit-Remaining", strconv.Itoa(b.Remaining))
	h.Set("X-RateLimit-Reset", strconv.Itoa(int(math.Ceil(b.ResetAt.Sub(now).Seconds()))))
}

type budgetKey struct{}

// BudgetFrom is the caller's budget after the operation; limited is false where
// nobody has one.
func BudgetFrom(ctx context.Context) (b Budget, limited bool) {
	b, limited = ctx.Value(budgetKey{}).(Budget)
	return b, limited
}
