package server_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"rollcall/config"
	"rollcall/internal/housetest"
	"rollcall/models"
	"rollcall/server"
)

// onSQLite opens a house without listening; these tests are not about the database.
func onSQLite(t *testing.T, change func(*config.Config)) *server.Rooms {
	t.Helper()
	cfg := configFor(models.Source{Dialect: models.SQLite, DSN: t.TempDir() + "/edge.db"}, "127.0.0.1:8080")
	change(&cfg)
	rooms, err := server.Open(t.Context(), cfg, housetest.Logger(t), housetest.NewClock().Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rooms.DB.Close() })
	return rooms
}

func serve(h http.Handler, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	return w
}

// A page of another site cannot use the browser's cookies; the assertion
// consumer service and the logout service are the only addresses that such a
// page may post to.
func TestCrossSitePosts(t *testing.T) {
	h := onSQLite(t, func(*config.Config) {}).Handler()
	foreign := []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example", "Content-Type", "application/json"}
	if w := serve(h, http.MethodPost, "/graphql", `{"query":"{viewer{user{id}}}"}`, foreign...); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "FORBIDDEN") {
		t.Errorf("GraphQL: %d %s", w.Code, w.Body)
	}
	if w := serve(h, http.MethodPost, "/signout", "", foreign...); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "<html") {
		t.Errorf("sign-out: %d %s", w.Code, w.Body)
	}
	foreign[5] = "application/x-www-form-urlencoded"
	for _, path := range []string{"/saml/acme/finalize", "/saml/acme/logout"} {
		if w := serve(h, http.MethodPost, path, "SAMLResponse=x", foreign...); w.Code != http.StatusNotFound {
			t.Errorf("%s of no team: %d", path, w.Code)
		}
	}
	for _, path := range []string{"/saml/acme/init", "/saml/acme/metadata", "/saml/acme", "/saml/acme/logout/x", "/saml/acme/logoutx"} {
		if w := serve(h, http.MethodPost, path, "SAMLResponse=x", foreign...); w.Code != http.StatusForbidden {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	if w := serve(h, http.MethodPost, "/graphql", `{"query":"{viewer{user{id}}}"}`, "Sec-Fetch-Site", "same-origin", "Content-Type", "application/json"); w.Code != http.StatusOK {
		t.Errorf("the same site: %d %s", w.Code, w.Body)
	}
}

// A credential that is not live is refused, in the form of its door, and is
// never taken for nobody's.
func TestBadCredentials(t *testing.T) {
	h := onSQLite(t, func(*config.Config) {}).Handler()
	for _, header := range []string{"Bearer rck_nonsense", "Basic eDp5", "Bearer", "bearer  rcs_" + strings.Repeat("0", 59)} {
		w := serve(h, http.MethodPost, "/graphql", `{"query":"{viewer{user{id}}}"}`, "Authorization", header, "Content-Type", "application/json")
		var body struct {
			Errors []struct {
				Extensions struct{ Code, RequestID string }
			}
			Data *json.RawMessage
		}
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || w.Code != http.StatusUnauthorized || body.Data != nil ||
			len(body.Errors) != 1 || body.Errors[0].Extensions.Code != "UNAUTHENTICATED" || body.Errors[0].Extensions.RequestID != w.Header().Get("X-Request-Id") {
			t.Errorf("%q: %d %s", header, w.Code, w.Body)
		}
		if w := serve(h, http.MethodGet, "/scim/acme/v2/Users", "", "Authorization", header); w.Code != http.StatusUnauthorized || !strings.Contains(w.Body.String(), "urn:ietf:params:scim:api:messages:2.0:Error") {
			t.Errorf("SCIM %q: %d %s", header, w.Code, w.Body)
		}
	}
	stale := http.Cookie{Name: "rollcall_session", Value: "rcb_gone"}
	if w := serve(h, http.MethodPost, "/graphql", `{"query":"{viewer{user{id}}}"}`, "Cookie", stale.String(), "Content-Type", "application/json"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"viewer":null`) {
		t.Errorf("a stale cookie: %d %s", w.Code, w.Body)
	}
}

func TestHeadersOfEveryAnswer(t *testing.T) {
	plain := onSQLite(t, func(*config.Config) {}).Handler()
	secure := onSQLite(t, func(c *config.Config) {
		c.BaseURL, c.SecretKey = "https://rollcall.example", "0123456789abcdef0123456789abcdef"
	}).Handler()
	ids := map[string]bool{}
	for _, path := range []string{"/", "/signin", "/nowhere", "/graphql", "/scim/acme/v2/Users", "/healthz", "/readyz", "/saml/acme"} {
		w := serve(plain, http.MethodGet, path, "")
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY"} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
		if w.Header().Get("Strict-Transport-Security") != "" {
			t.Errorf("%s: plain http asks for https", path)
		}
		ids[w.Header().Get("X-Request-Id")] = true
		if serve(secure, http.MethodGet, path, "").Header().Get("Strict-Transport-Security") == "" {
			t.Errorf("%s: https does not stay https", path)
		}
	}
	if len(ids) != 8 || ids[""] {
		t.Errorf("the request ids are %v", ids)
	}
}

// A slash too many in a pasted base URL is not answered with a redirect, which
// provisioning clients do not follow.
func TestDoubledSlash(t *testing.T) {
	h := onSQLite(t, func(*config.Config) {}).Handler()
	if w := serve(h, http.MethodGet, "/scim/acme/v2//Users", ""); w.Code != http.StatusUnauthorized {
		t.Errorf("%d to %s", w.Code, w.Header().Get("Location"))
	}
}

func TestHealth(t *testing.T) {
	rooms := onSQLite(t, func(*config.Config) {})
	h := rooms.Handler()
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200} {
		if w := serve(h, http.MethodGet, path, ""); w.Code != want {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	if err := rooms.DB.Close(); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 503} {
		if w := serve(h, http.MethodGet, path, ""); w.Code != want {
			t.Errorf("without a database %s: %d %s", path, w.Code, w.Body)
		}
	}
}

// Each caller has a budget of their own, told in the form of the door.
func TestBudgets(t *testing.T) {
	until := func(h http.Handler, most int, path string, headers ...string) (n int, last *httptest.ResponseRecorder) {
		for n = 1; n <= most; n++ {
			if last = serve(h, http.MethodGet, path, "", headers...); last.Code == http.StatusTooManyRequests {
				break
			}
		}
		return n, last
	}
	h := onSQLite(t, func(c *config.Config) { c.RateLimit = true }).Handler()
	for _, c := range []struct {
		path, form string
		burst      int
	}{{"/assets/style.css", "<html", 2_000}, {"/graphql", "RATE_LIMITED", 1_000}, {"/scim/acme/v2/Users", "api:messages:2.0:Error", 500}} {
		n, last := until(h, c.burst+1, c.path)
		if n != c.burst+1 || !strings.Contains(last.Body.String(), c.form) || last.Header().Get("Retry-After") != "1" {
			t.Errorf("%s: request %d was answered %d, Retry-After %q: %s", c.path, n, last.Code, last.Header().Get("Retry-After"), last.Body)
		}
	}
	if w := serve(h, http.MethodGet, "/scim/acme/v2/Users", "", "Authorization", "Bearer rcs_another"); w.Code != http.StatusUnauthorized {
		t.Errorf("another token pays for the first one: %d", w.Code)
	}
	if w := serve(h, http.MethodGet, "/healthz", ""); w.Code != http.StatusOK {
		t.Errorf("health has a budget: %d", w.Code)
	}
	free := onSQLite(t, func(c *config.Config) { c.RateLimit = false }).Handler()
	if n, last := until(free, 1_500, "/graphql"); n <= 1_500 {
		t.Errorf("without limits request %d was answered %d", n, last.Code)
	}
}

// Only trusted proxies are believed about whom a request comes from.
func TestClientAddress(t *testing.T) {
	log, heard := housetest.NewLog()
	cfg := configFor(models.Source{Dialect: models.SQLite, DSN: t.TempDir() + "/edge.db"}, "127.0.0.1:8080")
	cfg.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	rooms, err := server.Open(t.Context(), cfg, log, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rooms.DB.Close() })
	h := rooms.Handler()
	for _, c := range []struct{ from, forwarded, want string }{
		{"192.0.2.1:99", "", "192.0.2.1"},
		{"192.0.2.1:99", "198.51.100.7", "192.0.2.1"},
		{"10.1.2.3:99", "198.51.100.7", "198.51.100.7"},
		{"10.1.2.3:99", "203.0.113.9, 198.51.100.7", "198.51.100.7"},
		{"10.1.2.3:99", "198.51.100.7, 10.9.9.9", "198.51.100.7"},
		{"10.1.2.3:99", "nonsense", "10.1.2.3"},
		{"10.1.2.3:99", "", "10.1.2.3"},
		{"[::1]:99", "2001:db8::5", "2001:db8::5"},
		{"[::ffff:10.1.2.3]:99", "198.51.100.7", "198.51.100.7"},
	} {
		req := httptest.NewRequest(http.MethodGet, "/healthz", nil)
		req.RemoteAddr = c.from
		if c.forwarded != "" {
			req.Header.Set("X-Forwarded-For", c.forwarded)
		}
		before := len(heard.String())
		h.ServeHTTP(httptest.NewRecorder(), req)
		if line := heard.String()[before:]; !strings.Contains(line, "ip="+c.want+"\n") && !strings.Contains(line, `ip="`+c.want+`"`) {
			t.Errorf("from %s by way of %q: want %s in %s", c.from, c.forwarded, c.want, line)
		}
	}
}

// A stop lets a request under way finish and takes no new one.
func TestGracefulStop(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	inside, goOn := make(chan struct{}), make(chan struct{})
	ended := make(chan error, 1)
	go func() {
		ended <- server.Listen(ctx, l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			close(inside)
			<-goOn
			_, _ = io.WriteString(w, "finished")
		}), housetest.Logger(t))
	}()
	got := make(chan string, 1)
	go func() {
		res, err := http.Get("http://" + l.Addr().String() + "/")
		if err != nil {
			got <- err.Error()
			return
		}
		defer func() { _ = res.Body.Close() }()
		text, _ := io.ReadAll(res.Body)
		got <- string(text)
	}()
	<-inside
	stop()
	for {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			break // the door is closed
		}
		_ = c.Close()
	}
	close(goOn)
	if text := <-got; text != "finished" {
		t.Errorf("the request under way got %q", text)
	}
	if err := <-ended; err != nil {
		t.Errorf("the stop: %v", err)
	}
}
