package server

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"rollcall/access"
	"rollcall/config"
	"rollcall/fault"
	"rollcall/internal/housetest"
	"rollcall/models"
	"rollcall/roster"
	"rollcall/signin"
)

// monday is the whole way of requests of the people's door, with its budgets
// and a handler that counts who came through.
func monday(clock *housetest.Clock) (send func(address, method, path string) int, through *int) {
	through = new(int)
	l := newLimits(true, clock.Now)
	d := door{
		Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { *through++ }),
		refuse:  func(w http.ResponseWriter, _ *http.Request, err error) { w.WriteHeader(http.StatusTooManyRequests) },
	}
	busy := func(w http.ResponseWriter, _ *http.Request, _ string, _ bool) {
		w.WriteHeader(http.StatusTooManyRequests)
	}
	h := l.perAddress(peopleRate)(d, l.perTeam(teamRate, toldRate, busy)(d, d.Handler))
	return func(address, method, path string) int {
		req := httptest.NewRequest(method, path, nil)
		req = req.WithContext(access.WithRequest(req.Context(), access.Request{IP: address}))
		w := httptest.NewRecorder()
		h.ServeHTTP(w, req)
		return w.Code
	}, through
}

// Five thousand people behind one address sign in to one team within two
// minutes of a Monday morning, and nobody is turned away.
func TestMondayMorning(t *testing.T) {
	clock := housetest.NewClock()
	send, through := monday(clock)
	for n := range 5_000 {
		for _, step := range [][2]string{{http.MethodGet, "/saml/acme"}, {http.MethodGet, "/saml/acme/init"}, {http.MethodPost, "/saml/acme/finalize"}, {http.MethodGet, "/signin"}} {
			if code := send("192.0.2.1", step[0], step[1]); code != http.StatusOK {
				t.Fatalf("person %d at %s: %d", n, step[1], code)
			}
		}
		clock.Advance(2 * time.Minute / 5_000)
	}
	if *through != 20_000 {
		t.Errorf("%d requests came through", *through)
	}
}

// One address cannot use up what a team has, and many that do leave other teams
// alone.
func TestFloodOfOneTeam(t *testing.T) {
	clock := housetest.NewClock()
	send, _ := monday(clock)
	for range 30_000 {
		send("192.0.2.1", http.MethodPost, "/saml/acme/finalize")
	}
	if code := send("192.0.2.2", http.MethodPost, "/saml/acme/finalize"); code != http.StatusOK {
		t.Errorf("one address turned everybody else away: %d", code)
	}
	for n := range 10_000 {
		send(fmt.Sprintf("198.51.100.%d", n%200), http.MethodPost, "/saml/acme/finalize")
	}
	for path, want := range map[string]int{"/saml/acme/finalize": http.StatusTooManyRequests, "/saml/acme/logout": http.StatusTooManyRequests, "/saml/globex/finalize": http.StatusOK, "/saml/acme": http.StatusOK} {
		if code := send("192.0.2.3", http.MethodPost, path); code != want {
			t.Errorf("%s: %d, want %d", path, code, want)
		}
	}
	clock.Advance(time.Second)
	if code := send("192.0.2.3", http.MethodPost, "/saml/acme/finalize"); code != http.StatusOK {
		t.Errorf("a second later: %d", code)
	}
}

// The team's admins find the flood among the attempts, which it does not fill.
func TestBusyIsTold(t *testing.T) {
	housetest.EachDatabase(t, func(t *testing.T, db *models.DB) {
		clock := housetest.NewClock()
		// The database is open already; the secret key is made and kept in it.
		settings := config.Config{BaseURL: "http://127.0.0.1:8080", Database: config.Database{Dialect: config.Postgres}}
		rooms, err := build(t.Context(), settings, db, housetest.Logger(t), clock.Now)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := rooms.Roster.CreateTeam(housetest.AsOperator(t.Context()), roster.NewTeam{Slug: "acme", Name: "Acme", Plan: models.PlanTeam}); err != nil {
			t.Fatal(err)
		}
		pages := signin.Options{SSO: rooms.SSO, Roster: rooms.Roster, Credentials: rooms.Credentials, BaseURL: rooms.Config.BaseURL, Log: rooms.Log}
		l := newLimits(true, clock.Now)
		h := l.perTeam(budget{1, 3}, budget{1, 2}, pages.Busy)(door{}, signin.NewHandler(pages))
		turnedAway := 0
		for range 20 {
			req := httptest.NewRequest(http.MethodPost, "/saml/acme/finalize", strings.NewReader("SAMLResponse=x"))
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			w := httptest.NewRecorder()
			h.ServeHTTP(w, req)
			if w.Code != http.StatusTooManyRequests {
				continue
			}
			turnedAway++
			if w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), "Too many people are signing in") {
				t.Errorf("%v\n%s", w.Header(), w.Body)
			}
		}
		var told int64
		if err := db.Read(t.Context()).Model(&models.LoginAttempt{}).Where("code = ?", fault.LoginLimited).Count(&told).Error; err != nil {
			t.Fatal(err)
		}
		if turnedAway != 17 || told != 2 {
			t.Errorf("%d were turned away and %d told", turnedAway, told)
		}
	})
}
