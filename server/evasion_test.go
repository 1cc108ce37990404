package server

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"rollcall/access"
	"rollcall/config"
	"rollcall/fault"
	"rollcall/internal/housetest"
	"rollcall/models"
)

// One subscriber has a whole /64 of IPv6 to send from; it is one caller.
func TestOneSubscriberIsOneCaller(t *testing.T) {
	clock := housetest.NewClock()
	send, through := monday(clock)
	for n := range 2 * peopleRate.burst {
		send(fmt.Sprintf("2001:db8:1:2::%x", n+1), http.MethodGet, "/signin")
	}
	if *through != peopleRate.burst {
		t.Errorf("%d requests of one /64 came through, want %d", *through, peopleRate.burst)
	}
	if code := send("2001:db8:1:3::1", http.MethodGet, "/signin"); code != http.StatusOK {
		t.Errorf("the neighbour is answered %d", code)
	}
}

// A caller who makes up a new token for every request does not get a new budget
// with it, and takes none from those whose tokens are good.
func TestMadeUpTokensShareABudget(t *testing.T) {
	clock := housetest.NewClock()
	refused := 0
	d := door{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "Bearer good" {
				refused++
				w.WriteHeader(http.StatusUnauthorized)
			}
		}),
		refuse: func(w http.ResponseWriter, _ *http.Request, err error) {
			if !fault.Is(err, fault.RateLimited) {
				t.Errorf("refused with %v", err)
			}
			w.WriteHeader(http.StatusTooManyRequests)
		},
	}
	h := newLimits(true, clock.Now).perToken(scimRate, guessRate)(d, d.Handler)
	send := func(address, token string) int {
		req := httptest.NewRequest(http.MethodGet, "/scim/acme/v2/Users", nil)
		req.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, req.WithContext(access.WithRequest(req.Context(), access.Request{IP: address})))
		return w.Code
	}
	for n := range 3 * guessRate.burst {
		send("192.0.2.1", fmt.Sprint("made up ", n))
	}
	if refused != guessRate.burst {
		t.Errorf("%d made-up tokens were looked at, want %d", refused, guessRate.burst)
	}
	if code := send("192.0.2.2", "made up elsewhere"); code != http.StatusUnauthorized {
		t.Errorf("another address is answered %d", code)
	}
	if code := send("192.0.2.2", "good"); code != http.StatusOK {
		t.Errorf("a good token is answered %d", code)
	}
}

// A credential has one budget, however the header around it is spelled.
func TestOneTokenOneBudget(t *testing.T) {
	clock := housetest.NewClock()
	through := 0
	d := door{
		Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { through++ }),
		refuse:  func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusTooManyRequests) },
	}
	h := newLimits(true, clock.Now).perToken(scimRate, guessRate)(d, d.Handler)
	for n := range 2 * scimRate.burst {
		req := httptest.NewRequest(http.MethodGet, "/scim/acme/v2/Users", nil)
		req.Header.Set("Authorization", []string{"Bearer", "bearer", "BEARER"}[n%3]+strings.Repeat(" ", 1+n)+"good"+strings.Repeat(" ", n%7))
		h.ServeHTTP(httptest.NewRecorder(), req.WithContext(access.WithRequest(req.Context(), access.Request{IP: "192.0.2.1"})))
	}
	if through != scimRate.burst {
		t.Errorf("%d requests came through, the budget is %d", through, scimRate.burst)
	}
}

// Guesses at an operator's key are counted on the page of the metrics as well.
func TestGuessesAtTheMetrics(t *testing.T) {
	housetest.EachDatabase(t, func(t *testing.T, db *models.DB) {
		clock := housetest.NewClock()
		settings := config.Config{BaseURL: "http://127.0.0.1:8080", Database: config.Database{Dialect: config.Postgres}, RateLimit: true}
		rooms, err := build(t.Context(), settings, db, housetest.Logger(t), clock.Now)
		if err != nil {
			t.Fatal(err)
		}
		h, codes := rooms.Handler(), map[int]int{}
		for range apiRate.burst + 50 {
			req := httptest.NewRequest(http.MethodGet, "/metrics", nil)
			req.Header.Set("Authorization", "Bearer rck_guess")
			w := httptest.NewRecorder()
			h.ServeHTTP(w, req)
			codes[w.Code]++
		}
		if codes[http.StatusUnauthorized] != apiRate.burst || codes[http.StatusTooManyRequests] != 50 {
			t.Errorf("the answers are %v", codes)
		}
	})
}
