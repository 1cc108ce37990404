package server

import (
	"crypto/sha256"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
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
	// guessRate is how many tokens that have not proved good an address may try.
	guessRate = budget{20, 500}
	// One address cannot use up what a team has, whose people come from many.
	teamRate = budget{400, 8_000}
	// toldRate is how many turned away messages of a team become attempts.
	toldRate = budget{1, 5}
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
	return l.by(b, origin)
}

// origin is where a request comes from: an address or, of IPv6, the network that
// one subscriber has for themselves (RFC 6177), who could use another of its
// addresses for every request.
func origin(req *http.Request) string {
	ip := access.RequestFrom(req.Context()).IP
	a, err := netip.ParseAddr(ip)
	if err != nil || a.Is4() {
		return ip
	}
	network, err := a.Prefix(64)
	if err != nil {
		return ip
	}
	return network.String()
}

// perToken counts by the bearer token, so that one team's identity provider
// does not slow another's behind the same address. Without one it is the address,
// and so it is, on guesses, for tokens that have not proved good yet: otherwise a
// made-up token for every request would be a new budget for every request.
func (l limits) perToken(b, guesses budget) step {
	tried := newCallers(guesses)
	// The size is positive, which is all that can be wrong.
	proved, _ := lru.New[string, struct{}](maxCallers)
	return func(d door, next http.Handler) http.Handler {
		if !l.on {
			return next
		}
		judged := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			key := bearer(req)
			if _, good := proved.Get(key); !good && key != "" {
				if wait, ok := tried.take(origin(req), l.now()); !ok {
					w.Header().Set("Retry-After", strconv.Itoa(wait))
					d.refuse(w, req, tooMany())
					return
				}
			}
			seen := &recorder{ResponseWriter: w, status: http.StatusOK}
			next.ServeHTTP(seen, req)
			switch {
			case key == "":
			case seen.status == http.StatusUnauthorized:
				proved.Remove(key)
			default:
				proved.Add(key, struct{}{})
			}
		})
		return l.by(b, func(req *http.Request) string {
			if key := bearer(req); key != "" {
				return key
			}
			return origin(req)
		})(d, judged)
	}
}

// bearer is a hash of the credential that came along, "" for none. One credential
// has one budget, however the header around it is spelled.
func bearer(req *http.Request) string {
	header := req.Header.Get("Authorization")
	if header == "" {
		return ""
	}
	scheme, token, _ := strings.Cut(header, " ")
	sum := sha256.Sum256([]byte(strings.ToLower(scheme) + " " + strings.TrimSpace(token)))
	return string(sum[:])
}

func (l limits) by(b budget, key func(*http.Request) string) step {
	return func(d door, next http.Handler) http.Handler {
		if !l.on {
			return next
		}
		known := newCallers(b)
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if wait, ok := known.take(key(req), l.now()); !ok {
				w.Header().Set("Retry-After", strconv.Itoa(wait))
				d.refuse(w, req, tooMany())
				return
			}
			next.ServeHTTP(w, req)
		})
	}
}

// perTeam counts the messages that are posted to one team's sign-in and logout,
// whoever sends them. What comes on top is told to the team's admins as an
// attempt, as long as that costs less than the messages would.
func (l limits) perTeam(b, told budget, busy func(w http.ResponseWriter, r *http.Request, slug string, record bool)) step {
	return func(_ door, next http.Handler) http.Handler {
		if !l.on {
			return next
		}
		known, records := newCallers(b), newCallers(told)
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			slug := messageFor(req)
			if slug == "" {
				next.ServeHTTP(w, req)
				return
			}
			now := l.now()
			wait, ok := known.take(slug, now)
			if ok {
				next.ServeHTTP(w, req)
				return
			}
			_, record := records.take(slug, now)
			w.Header().Set("Retry-After", strconv.Itoa(wait))
			busy(w, req, slug, record)
		})
	}
}

// messageFor is the team that a SAML message is brought to, "" for every other
// request.
func messageFor(req *http.Request) string {
	rest, ok := strings.CutPrefix(req.URL.Path, "/saml/")
	slug, last, _ := strings.Cut(rest, "/")
	if ok && (last == "finalize" && req.Method == http.MethodPost || last == "logout") {
		return slug
	}
	return ""
}

// callers are the budgets of those who asked lately.
type callers struct {
	budget
	mu    sync.Mutex
	known *simplelru.LRU[string, *rate.Limiter]
}

func newCallers(b budget) *callers {
	// The size is positive, which is all that can be wrong.
	known, _ := simplelru.NewLRU[string, *rate.Limiter](maxCallers, nil)
	return &callers{budget: b, known: known}
}

// take spends one of a caller's requests. Without any left it says after how
// many seconds there is one.
func (c *callers) take(key string, now time.Time) (wait int, ok bool) {
	c.mu.Lock()
	mine, known := c.known.Get(key)
	if !known {
		mine = rate.NewLimiter(c.perSecond, c.burst)
		c.known.Add(key, mine)
	}
	c.mu.Unlock()
	if mine.AllowN(now, 1) {
		return 0, true
	}
	missing := 1 - mine.TokensAt(now)
	return 1 + int(missing/float64(c.perSecond)), false
}
