package server_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/config"
	"rollcall/internal/housetest"
	"rollcall/models"
)

func page(t *testing.T, address, key string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

// lacks are the parts that a text has not.
func lacks(text string, parts ...string) []string {
	return slices.DeleteFunc(slices.Clone(parts), func(p string) bool { return strings.Contains(text, p) })
}

// waitFor looks until nothing is missing any more. The limit is for a machine
// that does ten other things.
func waitFor(t *testing.T, what string, missing func() []string) {
	t.Helper()
	for until := time.Now().Add(2 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		left := missing()
		if len(left) == 0 {
			return
		}
		if time.Now().After(until) {
			t.Fatalf("waited in vain for %s: %q", what, left)
		}
	}
}

// The whole way in a real process: the demo sets a team up, its admin is told
// of it, and the metrics say so to operators alone.
func TestMailOfTheDemo(t *testing.T) {
	path, address, mails := program(t), freeAddress(t), filepath.Join(t.TempDir(), "mails")
	p := start(t, path, address, []string{"ROLLCALL_SMTP_URL=file:" + mails}, string(config.Demo))
	key, shown := "", ""
	for line := range p.lines {
		if found := regexp.MustCompile(`rck_\w+`).FindString(line); found != "" {
			key = found
		}
		if strings.HasPrefix(line, "  Mail ") {
			shown = strings.Fields(line)[1]
			break
		}
	}
	want := []string{"a sign-in certificate was added", "single sign-on settings were changed", "single sign-on is on", "a SCIM token was created"}
	missing := func() []string {
		found, err := filepath.Glob(filepath.Join(mails, "*.eml"))
		if err != nil {
			t.Fatal(err)
		}
		var all string
		for _, f := range found {
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(text), "To: <root@acme.test>") || strings.Contains(string(text), "rck_") {
				t.Errorf("%s", text)
			}
			all += string(text)
		}
		return lacks(all, want...)
	}
	waitFor(t, "the mails", missing)
	// A mail is in its folder before it is on the page.
	waitFor(t, "the demo's page of mail", func() []string {
		status, body := page(t, shown, "")
		if status != http.StatusOK {
			return []string{fmt.Sprint("status ", status)}
		}
		return lacks(body, "Acme: single sign-on is on")
	})
	if status, body := page(t, "http://"+address+"/metrics", ""); status != http.StatusUnauthorized || strings.Contains(body, "rollcall_") {
		t.Errorf("anybody reads the metrics: %d %.200s", status, body)
	}
	// A mail is in its folder before the note of it is in the database.
	waitFor(t, "the metrics", func() []string {
		status, body := page(t, "http://"+address+"/metrics", key)
		if status != http.StatusOK {
			return []string{fmt.Sprint("status ", status)}
		}
		return lacks(body, `rollcall_jobs{kind="deliver",state="done"} 4`, `rollcall_mails{state="SENT"} 4`, "rollcall_work_readable 1", "go_goroutines")
	})
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("the demo ended with %v", err)
	}
}

// Metrics on an address of their own are nowhere else.
func TestMetricsAddress(t *testing.T) {
	path := program(t)
	housetest.EachSource(t, func(t *testing.T, src models.Source) {
		address, metrics := freeAddress(t), freeAddress(t)
		database := "ROLLCALL_DATABASE_URL=" + src.DSN
		if src.Dialect == models.SQLite {
			database = "ROLLCALL_DATABASE_URL=sqlite:" + src.DSN
		}
		p := start(t, path, address, []string{database, "ROLLCALL_METRICS_ADDR=" + metrics})
		if status, body := page(t, "http://"+metrics+"/metrics", ""); status != http.StatusOK || !strings.Contains(body, "rollcall_work_readable 1") {
			t.Errorf("%d %.300s", status, body)
		}
		if status, _ := page(t, "http://"+metrics+"/graphql", ""); status != http.StatusNotFound {
			t.Errorf("the metrics' address serves more: %d", status)
		}
		if status, body := page(t, "http://"+address+"/metrics", ""); strings.Contains(body, "rollcall_") {
			t.Errorf("%d %.300s", status, body)
		}
		if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		if err := p.cmd.Wait(); err != nil {
			t.Errorf("the server ended with %v", err)
		}
	})
}
