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
// otherwise) on PostgreSQL, or on SQLite if BENCH_DATABASE says so, through the
// whole door. scripts/bench runs it. Each
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
		{"active-first", func(int) { s.ask("GET", "/Users?filter="+escape("active eq true")+"&count=100", "", 200) }},
		{"active-last", func(int) {
			s.ask("GET", fmt.Sprintf("/Users?filter=%s&startIndex=%d&count=100", escape("active eq true"), users-99), "", 200)
		}},
		{"modified-since", func(int) { s.filtered(`meta.lastModified gt "` + s.h.clock.Now().Format(time.RFC3339) + `"`) }},
		{"modified-active", func(int) {
			s.filtered(`active eq true and meta.lastModified gt "` + s.h.clock.Now().Format(time.RFC3339) + `"`)
		}},
		{"display-name", func(i int) { s.filtered(fmt.Sprintf(`displayName eq "user %d"`, at(i))) }},
		{"name-starts", func(i int) { s.filtered(fmt.Sprintf(`userName sw "user%d"`, at(i)%90+10)) }},
		{"name-starts-all", func(i int) { s.filtered(`userName sw "u"`) }},
		{"email-contains", func(i int) { s.filtered(fmt.Sprintf(`emails co "%d@"`, at(i)%1000)) }},
		{"of-group", func(i int) { s.filtered(`groups.value eq "` + s.groupID + `"`) }},
		{"inactive-first", func(int) { s.ask("GET", "/Users?filter="+escape("active eq false")+"&count=100", "", 200) }},
		{"sorted-first", func(int) { s.ask("GET", "/Users?sortBy=userName&count=100", "", 200) }},
		{"sorted-last", func(int) {
			s.ask("GET", fmt.Sprintf("/Users?sortBy=userName&startIndex=%d&count=100", users-99), "", 200)
		}},
		{"sorted-next", func(int) { // the page behind the first, by cursor
			if s.next == "" {
				s.next = cursorOf(s.ask("GET", "/Users?sortBy=userName&count=100&cursor=", "", 200))
			}
			s.next = cursorOf(s.ask("GET", "/Users?sortBy=userName&count=100&cursor="+s.next, "", 200))
		}},
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
	next    string // a cursor
	done    int
}

// cursorOf reads the cursor out of a page, "" when it is the last one.
func cursorOf(page string) string {
	_, rest, _ := strings.Cut(page, `"nextCursor":"`)
	cursor, _, _ := strings.Cut(rest, `"`)
	return cursor
}

func newScale(b *testing.B, users int) *scale {
	b.Helper()
	clock := housetest.NewClock()
	open := housetest.Postgres
	if os.Getenv("BENCH_DATABASE") == "sqlite" {
		open = housetest.SQLite
	}
	db := open(b)
	log := slog.New(slog.DiscardHandler)
	h := &house{db: db, clock: clock,
		roster: &roster.Service{DB: db, Now: clock.Now, TombstoneKey: []byte("a key for benchmarks")}, credentials: &credential.Store{DB: db, Now: clock.Now},
	}
	h.door = scim.NewHandler(scim.Options{Roster: h.roster, Credentials: h.credentials, Cursors: sealing, BaseURL: baseURL, Log: log, Now: time.Now, Calls: &scim.Buffer{Keeper: h.roster, Log: log}})
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
	words := strings.NewReplacer("{PEOPLE}", "generate_series(1, @n) AS p(n)", "{HEX}", "lpad(to_hex(n), 8, '0')", "{AS_ID}", "AS uuid")
	if s.h.db.Dialect() == models.SQLite {
		words = strings.NewReplacer("{PEOPLE}", "(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < @n) SELECT n FROM s) AS p", "{HEX}", "printf('%08x', n)", "{AS_ID}", "AS text")
	}
	if s.h.db.Dialect() == models.Postgres { // which would count the same row a million times in one transaction
		s.exec(b, "ALTER TABLE scim_profiles DISABLE TRIGGER scim_person_listed")
		defer s.exec(b, "ALTER TABLE scim_profiles ENABLE TRIGGER scim_person_listed")
	}
	const user, member = "CAST({HEX} || '-0000-7000-8000-00000000000a' {AS_ID})", "CAST({HEX} || '-0000-7000-8000-00000000000b' {AS_ID})"
	for _, statement := range []string{
		`INSERT INTO users (id, kind, origin, email, email_key, name, given_name, family_name, managed_by_team_id, created_at, updated_at)
		 SELECT ` + user + `, 'PERSON', 'SCIM', 'user' || n || '@acme.test', 'user' || n || '@acme.test', 'User ' || n, 'User', 'No' || n, @team, @now, @now FROM {PEOPLE}`,
		`INSERT INTO memberships (id, team_id, user_id, role, role_source, status, source, scim_managed, user_name, user_name_key, external_id, deactivated_reason, revision, created_at, updated_at)
		 SELECT ` + member + `, @team, ` + user + `, 'MEMBER', 'DEFAULT', 'ACTIVE', 'SCIM', true,
		        'user' || n || '@acme.test', 'user' || n || '@acme.test', 'ext' || n, '', 1, @now, @now FROM {PEOPLE}`,
		`INSERT INTO scim_profiles (membership_id, team_id, seq, document)
		 SELECT ` + member + `, @team, n,
		        '{"displayName":"User ' || n || '","emails":[{"primary":true,"type":"work","value":"user' || n || '@acme.test"}],"name":{"familyName":"No' || n || '","givenName":"User"}}' FROM {PEOPLE}`,
		`INSERT INTO scim_values (membership_id, attr, item, team_id, value_key, type_key, is_primary)
		 WITH a(attr, prefix, suffix, type) AS (VALUES ('emails', 'user', '@acme.test', 'work'), ('displayname', 'user ', '', ''), ('name.familyname', 'no', '', ''), ('name.givenname', 'user', '', ''))
		 SELECT ` + member + `, a.attr, 0, @team, a.prefix || n || a.suffix, a.type, a.attr = 'emails' FROM {PEOPLE}, a`,
		`UPDATE memberships SET updated_at = @later WHERE team_id = @team AND user_name_key LIKE 'user77%'`,
		`INSERT INTO scim_counters (team_id, kind, total, next_seq) VALUES (@team, 'USER', @n, @n)`,
		`INSERT INTO scim_blocks (team_id, kind, block, live, active) SELECT @team, 'USER', n >> 10, count(*), count(*) FROM {PEOPLE} GROUP BY n >> 10`,
		`DELETE FROM scim_name_blocks WHERE team_id = @team`,
		`INSERT INTO scim_name_blocks (team_id, kind, first_name, live) SELECT @team, 'USER', CASE WHEN stretch = 0 THEN '' ELSE min(name) END, count(*)
		 FROM (SELECT name, (row_number() OVER (ORDER BY name) - 1) / 700 AS stretch FROM (SELECT 'user' || n || '@acme.test' AS name FROM {PEOPLE}) AS named) AS numbered GROUP BY stretch`,
	} {
		s.exec(b, words.Replace(statement), map[string]any{"team": s.team.ID, "n": users, "now": s.h.clock.Now(), "later": s.h.clock.Now().Add(time.Hour)})
	}
}

func (s *scale) exec(b *testing.B, statement string, args ...any) {
	b.Helper()
	if err := s.h.db.Read(b.Context()).Exec(statement, args...).Error; err != nil {
		b.Fatal(err)
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
	if s.h.db.Dialect() == models.SQLite {
		return // nothing gathers statistics there
	}
	// What autovacuum would do by and by: without it the planner knows nothing.
	if err := s.h.db.Read(b.Context()).Exec("ANALYZE").Error; err != nil {
		b.Fatal(err)
	}
}

func (s *scale) filtered(filter string) {
	s.ask("GET", "/Users?count=100&filter="+escape(filter), "", 200)
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
