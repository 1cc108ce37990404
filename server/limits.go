package server

import (
	"crypto/sha256"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/time/rate"

	"rollcall/access"
)

// budget is how much one caller may ask of one replica: so many requests a
// second for long, and so many at once.
type budget struct {
	perSecond rate.Limit
	burst     int
}

// The budgets. A whole company may sit behind one address: five thousand
// people who sign in within two minutes are four requests each. Entra ID pushes
// 25 requests a second for long and 200 at once.
var (
	peopleRate = budget{200, 2_000}
	apiRate    = budget{100, 1_000}
	scimRate   = budget{50, 500}
)

// maxCallers is how many callers a replica remembers for each budget; the one
// that asked longest ago is forgotten first, and begins anew.
const maxCallers = 20_000

// limits makes steps that hold callers to their budgets.
type limits struct {
	on  bool
	now func() time.Time
}

func newLimits(on bool, now func() time.Time) limits { return limits{on, now} }

// perAddress counts by the client's address.
func (l limits) perAddress(b budget) step {
	return l.by(b, func(req *http.Request) string { return access.RequestFrom(req.Context()).IP })
}

// perToken counts by the bearer token, so that one team's identity provider
// does not slow another's behind the same address. Without one it is the address.
func (l limits) perToken(b budget) step {
	return l.by(b, func(req *http.Request) string {
		token := req.Header.Get("Authorization")
		if token == "" {
			return access.RequestFrom(req.Context()).IP
		}
		sum := sha256.Sum256([]byte(token))
		return string(sum[:])
	})
}

func (l limits) by(b budget, key func(*http.Request) string) step {
	return func(d door, next http.Handler) http.Handler {
		if !l.on {
			return next
		}
		// The size is positive, which is all that can be wrong.
		callers, _ := simplelru.NewLRU[string, *rate.Limiter](maxCallers, nil)
		var mu sync.Mutex
		limiter := func(k string) *rate.Limiter {
			mu.Lock()
			defer mu.Unlock()
			known, ok := callers.Get(k)
			if !ok {
				known = rate.NewLimiter(b.perSecond, b.burst)
				callers.Add(k, known)
			}
			return known
		}
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			now, mine := l.now(), limiter(key(req))
			if !mine.AllowN(now, 1) {
				missing := 1 - mine.TokensAt(now)
				wait := 1 + int(missing/float64(b.perSecond))
				w.Header().Set("Retry-After", strconv.Itoa(wait))
				d.refuse(w, req, tooMany())
				return
			}
			next.ServeHTTP(w, req)
		})
	}
}
