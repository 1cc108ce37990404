package server_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"rollcall/internal/housetest"
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
