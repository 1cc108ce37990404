package server_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"rollcall/internal/housetest"
	"rollcall/server"
)

// The explorer is served whole out of the binary, loads nothing from elsewhere,
// and is not there unless it is asked for.
func TestExplorer(t *testing.T) {
	h := boot(t, housetest.SQLiteSource(t))
	get := func(path string) (*http.Response, string) {
		t.Helper()
		res, err := http.Get(h.url + path)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res, string(text)
	}
	if res, _ := get("/graphiql/"); res.StatusCode != http.StatusNotFound {
		t.Errorf("a server that is no demo answers %d", res.StatusCode)
	}
	h.rooms.Explorer = true
	demo := httptest.NewServer(h.rooms.Handler())
	defer demo.Close()
	h.url = demo.URL
	res, page := get("/graphiql/")
	policy := res.Header.Get("Content-Security-Policy")
	if res.StatusCode != 200 || !strings.Contains(policy, "default-src 'none'; script-src 'self';") || !strings.Contains(policy, "frame-ancestors 'none'") {
		t.Fatalf("%d %s", res.StatusCode, policy)
	}
	links := regexp.MustCompile(`(?:src|href)="([^"]+)"`).FindAllStringSubmatch(page, -1)
	if len(links) != 6 || strings.Contains(page, "://") || strings.Contains(page, "<script>") {
		t.Errorf("the page: %s", page)
	}
	for _, link := range links {
		if res, text := get(link[1]); res.StatusCode != 200 || text == "" {
			t.Errorf("%s: %d", link[1], res.StatusCode)
		}
	}
}

// The setting serves it outside of the demo.
func TestExplorerBySetting(t *testing.T) {
	cfg := configFor(housetest.SQLiteSource(t), "127.0.0.1:8080")
	cfg.GraphiQL = true
	log, _ := housetest.NewLog()
	rooms, err := server.Open(t.Context(), cfg, log, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rooms.DB.Close() }()
	w := httptest.NewRecorder()
	rooms.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/graphiql/", nil))
	if w.Code != http.StatusOK || !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

// A manifest that cannot be used keeps the server from starting; one that can
// holds for sessions and whoever has no key.
func TestTrustedDocumentsBySetting(t *testing.T) {
	file := filepath.Join(t.TempDir(), "documents.json")
	cfg := configFor(housetest.SQLiteSource(t), "127.0.0.1:8080")
	cfg.TrustedDocs = file
	log, _ := housetest.NewLog()
	for _, text := range []string{"", `{"who":"{ nobody }"}`} {
		if text != "" {
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := server.Open(t.Context(), cfg, log, time.Now); err == nil || !strings.Contains(err.Error(), "trusted documents") {
			t.Errorf("%q: %v", text, err)
		}
	}
	if err := os.WriteFile(file, []byte(`{"who":"{ viewer { user { email } } }"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	rooms, err := server.Open(t.Context(), cfg, log, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rooms.DB.Close() }()
	for body, want := range map[string]int{`{"documentId":"who"}`: 200, `{"query":"{ viewer { user { name } } }"}`: 403} {
		r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Accept", "application/graphql-response+json")
		w := httptest.NewRecorder()
		rooms.Handler().ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
	}
}
