package signin

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"rollcall/internal/housetest"
	"rollcall/internal/idptest"
	"rollcall/models"
)

// BenchmarkSignIn is a whole sign-in through the door: the request that a browser
// is sent away with, and the answer that it comes back with, up to the session's
// cookie. Run it with a fixed number (-benchtime 200x), because what the identity
// provider does is done before. cpu-ms/op is this process's share of the
// processor, db-ms/op that of PostgreSQL, and statements/op are the database's.
func BenchmarkSignIn(b *testing.B) {
	groups := make([]string, 1500)
	for i := range groups {
		groups[i] = fmt.Sprintf("%08x-0000-4000-8000-0123456789ab", i)
	}
	member := []idptest.Attribute{{Name: "groups", Values: groups}}
	for _, kind := range []struct {
		name string
		open func(testing.TB) *models.DB
	}{{"sqlite", housetest.SQLite}, {"postgres", housetest.Postgres}} {
		for _, shape := range []struct {
			name      string
			encrypted bool
			edit      func(*idptest.Response)
		}{
			{"one signature", false, func(*idptest.Response) {}},
			{"two signatures", false, func(r *idptest.Response) { r.SignResponse = true }},
			{"encrypted", true, func(r *idptest.Response) {}},
			{"1500 groups", false, func(r *idptest.Response) { r.Attributes = append(r.Attributes, member...) }},
			{"1500 groups, two signatures", false, func(r *idptest.Response) { r.SignResponse, r.Attributes = true, append(r.Attributes, member...) }},
		} {
			for _, known := range []bool{true, false} {
				who := map[bool]string{true: "known", false: "new"}[known]
				b.Run(kind.name+"/"+shape.name+"/"+who, func(b *testing.B) {
					h := newHouse(b, kind.open(b), base)
					h.browser().signIn()
					var seal *idptest.Encryption
					if shape.encrypted {
						how := h.encrypted()
						seal = &how
					}
					h.measure(b, known, seal, shape.edit)
				})
			}
		}
	}
}

// measure signs people in as often as b says.
func (h *house) measure(b *testing.B, known bool, seal *idptest.Encryption, edit func(*idptest.Response)) {
	ctx, statements := models.CountStatements(h.Context())
	postgres := backends(b, h.db)
	var spent, database time.Duration
	timed := func(r *http.Request) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		there := postgres()
		b.StartTimer()
		before := spentHere(b) // last, because what is above costs something too
		h.door.ServeHTTP(w, r.WithContext(ctx))
		spent += spentHere(b) - before
		b.StopTimer()
		database += postgres() - there
		return w
	}
	b.ReportAllocs()
	b.StopTimer()
	const round = 50 // so that another half's garbage is not all of one sign-in
	for n := 0; n < b.N; n += round {
		var sent []*httptest.ResponseRecorder
		for range min(round, b.N-n) {
			sent = append(sent, timed(httptest.NewRequest(http.MethodGet, "/saml/acme/init", nil)))
		}
		var requests []*http.Request
		for i, w := range sent {
			r := h.about(h.sentAway(w))
			if !known {
				name := fmt.Sprintf("person%d@acme.test", n+i)
				r.NameID = name
				r.Attributes = []idptest.Attribute{{Name: "email", Values: []string{name}}}
			}
			edit(&r)
			r.Encrypt = seal
			form := url.Values{"SAMLResponse": {h.respond(r)}, "RelayState": {"/"}}
			post := httptest.NewRequest(http.MethodPost, "/saml/acme/finalize", strings.NewReader(form.Encode()))
			post.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			for _, c := range w.Result().Cookies() {
				post.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
			}
			requests = append(requests, post)
		}
		for _, r := range requests {
			if w := timed(r); w.Code != http.StatusSeeOther {
				b.Fatalf("%d %s\n%+v", w.Code, w.Body, h.lastOf(h.team))
			}
		}
	}
	b.ReportMetric(float64(spent)/float64(b.N)/1e6, "cpu-ms/op")
	b.ReportMetric(float64(database)/float64(b.N)/1e6, "db-ms/op")
	b.ReportMetric(float64(statements.Load())/float64(b.N), "statements/op")
}

func spentHere(b *testing.B) time.Duration {
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		b.Fatal(err)
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

// backends returns what reads the processor time that the server of a PostgreSQL
// database has used on this machine: the processes that its postmaster started.
func backends(b *testing.B, db *models.DB) func() time.Duration {
	if db.Read(b.Context()).Name() != "postgres" {
		return func() time.Duration { return 0 }
	}
	var pid int
	if err := db.Read(b.Context()).Raw("SELECT pg_backend_pid()").Scan(&pid).Error; err != nil {
		b.Fatal(err)
	}
	postmaster := processOf(pid).parent
	return func() (sum time.Duration) {
		entries, err := os.ReadDir("/proc")
		if err != nil {
			b.Fatal(err)
		}
		for _, e := range entries {
			if pid, err := strconv.Atoi(e.Name()); err == nil {
				if p := processOf(pid); p.parent == postmaster {
					sum += p.spent
				}
			}
		}
		return sum
	}
}

type process struct {
	parent int
	spent  time.Duration
}

// processOf reads /proc/PID/schedstat and stat; of a process that has ended it is
// nothing.
func processOf(pid int) process {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return process{}
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 2 {
		return process{}
	}
	parent, _ := strconv.Atoi(fields[1])
	sched, err := os.ReadFile(fmt.Sprintf("/proc/%d/schedstat", pid))
	if err != nil {
		return process{}
	}
	first, _, _ := strings.Cut(string(sched), " ")
	nanos, _ := strconv.ParseInt(first, 10, 64)
	return process{parent, time.Duration(nanos)}
}
