package scim_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"rollcall/access"
	"rollcall/credential"
	"rollcall/internal/housetest"
	"rollcall/models"
	"rollcall/roster"
	"rollcall/scim"
)

// BenchmarkScale asks a team of BENCH_USERS people (a thousand unless it says
// otherwise) on PostgreSQL, through the whole door. scripts/bench runs it. Each
// line reports the time on the clock and cpu-ms/op, this process's share of the
// processor; the database's comes on top.
func BenchmarkScale(b *testing.B) {
	users := 1_000
	if text := os.Getenv("BENCH_USERS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1_000 {
			b.Fatalf("BENCH_USERS is %q, must be a number from 1000", text)
		}
		users = n
	}
	s := newScale(b, users)
	at := func(i int) int { return (i*7919+13)%users + 1 }
	size := min(50_000, users)
	s.group(b, size)
	next := users
	for _, c := range []struct {
		name string
		one  func(i int)
	}{
		{"create", func(int) {
			next++
			s.ask("POST", "/Users", fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"new%d@acme.test","externalId":"n%d","displayName":"New %d",
				"name":{"givenName":"N","familyName":"Ew"},"emails":[{"value":"new%d@acme.test","type":"work","primary":true}],"active":true}`, next, next, next, next), 201)
		}},
		{"patch-active", func(i int) {
			s.ask("PATCH", "/Users/"+s.id(at(i/2)), patchOp+`[{"op":"replace","path":"active","value":`+strconv.FormatBool(i%2 == 1)+`}]}`, 200)
		}},
		{"get", func(i int) { s.ask("GET", "/Users/"+s.id(at(i)), "", 200) }},
		{"filter-userName", func(i int) { s.find(fmt.Sprintf(`userName eq "USER%d@acme.test"`, at(i))) }},
		{"filter-externalId", func(i int) { s.find(fmt.Sprintf(`externalId eq "ext%d"`, at(i))) }},
		{"filter-work-email", func(i int) { s.find(fmt.Sprintf(`emails[type eq "work"].value eq "user%d@acme.test"`, at(i))) }},
		{"filter-nobody", func(int) { s.ask("GET", "/Users?filter="+escape(`userName eq "nobody"`), "", 200) }},
		{"page-first", func(int) { s.ask("GET", "/Users?startIndex=1&count=100", "", 200) }},
		{"page-middle", func(int) { s.ask("GET", fmt.Sprintf("/Users?startIndex=%d&count=100", users/2), "", 200) }},
		{"page-last", func(int) { s.ask("GET", fmt.Sprintf("/Users?startIndex=%d&count=100", users-99), "", 200) }},
		{"group-add-one", func(i int) {
			s.ask("PATCH", "/Groups/"+s.groupID, patchOp+`[{"op":"add","path":"members","value":[{"value":"`+s.id(at(i))+`"}]}]}`, 204)
		}},
		{"group-remove-one", func(i int) {
			s.ask("PATCH", "/Groups/"+s.groupID, patchOp+`[{"op":"remove","path":"members[value eq \"`+s.id(at(i))+`\"]"}]}`, 204)
		}},
	} {
		b.Run(c.name, func(b *testing.B) { s.measure(b, c.one) })
	}
	b.Run(fmt.Sprintf("group-push-%d", size), func(b *testing.B) {
		all := patchOp + `[{"op":"replace","path":"members","value":[` + s.members(size) + `]}]}`
		none := patchOp + `[{"op":"replace","path":"members","value":[]}]}`
		s.measure(b, func(i int) {
			s.ask("PATCH", "/Groups/"+s.groupID, map[bool]string{true: none, false: all}[i%2 == 0], 204)
		})
	})
	gone := users - 100
	b.Run("delete", func(b *testing.B) {
		s.measure(b, func(int) {
			gone--
			s.ask("DELETE", "/Users/"+s.id(gone), "", 204)
		})
	})
}

// scale is a door to a large team.
type scale struct {
	client
	groupID string
	done    int
}

func newScale(b *testing.B, users int) *scale {
	b.Helper()
	clock := housetest.NewClock()
	db := housetest.Postgres(b)
	log := slog.New(slog.DiscardHandler)
	h := &house{db: db, clock: clock,
		roster: &roster.Service{DB: db, Now: clock.Now, TombstoneKey: []byte("a key for benchmarks")}, credentials: &credential.Store{DB: db, Now: clock.Now},
	}
	h.door = scim.NewHandler(scim.Options{Roster: h.roster, Credentials: h.credentials, BaseURL: baseURL, Log: log, Now: time.Now, Calls: &scim.Buffer{Keeper: h.roster, Log: log}})
	ctx := housetest.AsOperator(b.Context())
	team, err := h.roster.CreateTeam(ctx, roster.NewTeam{Slug: "acme", Name: "Acme", Plan: models.PlanEnterprise})
	if err != nil {
		b.Fatal(err)
	}
	_, token, err := h.credentials.CreateScimToken(ctx, credential.NewScimToken{TeamID: team.ID, Name: "bench"})
	if err != nil {
		b.Fatal(err)
	}
	s := &scale{client: client{h: h, team: team, token: token}}
	s.seed(b, users)
	return s
}

// seed writes people by the statement, as they would be after that many POSTs.
func (s *scale) seed(b *testing.B, users int) {
	b.Helper()
	for _, statement := range []string{
		`INSERT INTO users (id, kind, origin, email, email_key, name, given_name, family_name, managed_by_team_id, created_at, updated_at)
		 SELECT CAST(lpad(to_hex(n), 8, '0') || '-0000-7000-8000-00000000000a' AS uuid), 'PERSON', 'SCIM', 'user' || n || '@acme.test', 'user' || n || '@acme.test', 'User ' || n, 'User', 'No' || n, @team, now(), now() FROM generate_series(1, @n) n`,
		`INSERT INTO memberships (id, team_id, user_id, role, role_source, status, source, scim_managed, user_name, user_name_key, external_id, deactivated_reason, revision, created_at, updated_at)
		 SELECT CAST(lpad(to_hex(n), 8, '0') || '-0000-7000-8000-00000000000b' AS uuid), @team, CAST(lpad(to_hex(n), 8, '0') || '-0000-7000-8000-00000000000a' AS uuid), 'MEMBER', 'DEFAULT', 'ACTIVE', 'SCIM', true,
		        'user' || n || '@acme.test', 'user' || n || '@acme.test', 'ext' || n, '', 1, now(), now() FROM generate_series(1, @n) n`,
		`INSERT INTO scim_profiles (membership_id, team_id, seq, document)
		 SELECT CAST(lpad(to_hex(n), 8, '0') || '-0000-7000-8000-00000000000b' AS uuid), @team, n,
		        '{"displayName":"User ' || n || '","emails":[{"primary":true,"type":"work","value":"user' || n || '@acme.test"}],"name":{"familyName":"No' || n || '","givenName":"User"}}' FROM generate_series(1, @n) n`,
		`INSERT INTO scim_values (membership_id, attr, item, team_id, value_key, type_key, is_primary)
		 SELECT CAST(lpad(to_hex(n), 8, '0') || '-0000-7000-8000-00000000000b' AS uuid), a.attr, 0, @team, a.prefix || n || a.suffix, a.type, a.attr = 'emails' FROM generate_series(1, @n) n,
		 (VALUES ('emails', 'user', '@acme.test', 'work'), ('displayname', 'user ', '', ''), ('name.familyname', 'no', '', ''), ('name.givenname', 'user', '', '')) AS a(attr, prefix, suffix, type)`,
		`INSERT INTO scim_counters (team_id, kind, total, next_seq) VALUES (@team, 'USER', @n, @n)`,
		`INSERT INTO scim_blocks (team_id, kind, block, live) SELECT @team, 'USER', n >> 10, count(*) FROM generate_series(1, @n) n GROUP BY n >> 10`,
	} {
		if err := s.h.db.Read(b.Context()).Exec(statement, map[string]any{"team": s.team.ID, "n": users}).Error; err != nil {
			b.Fatal(err)
		}
	}
}

func (s *scale) id(n int) string { return fmt.Sprintf("%08x-0000-7000-8000-00000000000b", n) }

func (s *scale) members(n int) string {
	var out strings.Builder
	for i := range n {
		if i > 0 {
			out.WriteString(",")
		}
		out.WriteString(`{"value":"` + s.id(i+1) + `"}`)
	}
	return out.String()
}

func (s *scale) group(b *testing.B, size int) {
	b.Helper()
	w := s.ask("POST", "/Groups", `{"displayName":"All","members":[`+s.members(size)+`]}`, 201)
	s.groupID = w[strings.LastIndex(w, "/")+1:]
	// What autovacuum would do by and by: without it the planner knows nothing.
	if err := s.h.db.Read(b.Context()).Exec("ANALYZE").Error; err != nil {
		b.Fatal(err)
	}
}

func (s *scale) find(filter string) {
	body := s.ask("GET", "/Users?filter="+escape(filter), "", 200)
	if !strings.Contains(body, `"totalResults":1,`) {
		panic(filter + " found " + body)
	}
}

// ask sends a request and returns the Location, or the body of a GET.
func (s *scale) ask(method, path, body string, want int) string {
	r := httptest.NewRequestWithContext(access.WithRequest(context.Background(), access.Request{ID: "bench"}), method, "/scim/acme/v2"+path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+s.token)
	if body != "" {
		r.Header.Set("Content-Type", "application/scim+json")
	}
	w := httptest.NewRecorder()
	s.h.door.ServeHTTP(w, r)
	if w.Code != want {
		panic(fmt.Sprintf("%s %s: %d %.300s", method, path, w.Code, w.Body))
	}
	if method == "GET" {
		return w.Body.String()
	}
	return w.Header().Get("Location")
}

// measure runs one request after the other and never the same twice.
func (s *scale) measure(b *testing.B, one func(i int)) {
	b.Helper()
	before := cpu(b)
	b.ResetTimer()
	for range b.N {
		one(s.done)
		s.done++
	}
	b.StopTimer()
	b.ReportMetric(float64(cpu(b)-before)/float64(b.N)/float64(time.Millisecond), "cpu-ms/op")
}

func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
