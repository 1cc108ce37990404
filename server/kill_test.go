package server_test

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rollcall/config"
	"rollcall/internal/housetest"
	"rollcall/models"
)

// program builds the binary once for all tests that need a real process.
func program(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rollcall")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", path, "rollcall")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

// process is a running rollcall.
type process struct {
	cmd   *exec.Cmd
	lines chan string // of standard output
}

// start runs a command of the program and waits until its address answers.
func start(t *testing.T, path, address string, env []string, args ...string) *process {
	t.Helper()
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), append([]string{"ROLLCALL_ADDR=" + address}, env...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: cmd, lines: make(chan string, 100)}
	t.Cleanup(p.kill)
	go func() {
		defer close(p.lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			p.lines <- s.Text()
		}
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/readyz", nil)
		if err != nil {
			t.Fatal(err)
		}
		if res, err := http.DefaultClient.Do(req); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return p
			}
		}
		if ctx.Err() != nil {
			t.Fatal("the process did not get ready")
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// kill is kill -9 of the process that this test started.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// An acknowledged removal survives kill -9 of the server right after it.
func TestKilledAfterARemoval(t *testing.T) {
	path := program(t)
	housetest.EachSource(t, func(t *testing.T, src models.Source) {
		address := freeAddress(t)
		database := "ROLLCALL_DATABASE_URL=" + src.DSN
		if src.Dialect == models.SQLite {
			database = "ROLLCALL_DATABASE_URL=sqlite:" + src.DSN
		}
		first := start(t, path, address, []string{database})
		h := &house{t: t, url: "http://" + address}
		for line := range first.lines {
			if _, key, ok := strings.Cut(line, "once: "); ok {
				h.operator = key
				break
			}
		}
		idp := newForeign(t)
		idp.IDP.SignatureMethod = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
		_, secret, base := setUp(h, "acme", newBrowser(t).get(idp.url+"/metadata").body)
		idp.meet(t, h, "acme", "ada", "ada@acme.test")
		ada := newBrowser(t)
		if done := idp.signIn(h, ada, "acme", "ada"); done.StatusCode != http.StatusSeeOther {
			t.Fatalf("signing in: %d %s", done.StatusCode, done.body)
		}
		if who := h.query(ada, "", viewerQuery, nil); textAt(who.Data, "viewer", "user", "email") != "ada@acme.test" {
			t.Fatalf("the viewer is %v", who.Data)
		}
		removeByScim(t, base, secret, "ada@acme.test")
		first.kill()

		start(t, path, address, []string{database})
		if who := h.query(ada, "", viewerQuery, nil); who.Data["viewer"] != nil {
			t.Errorf("the session still shows %v", who.Data)
		}
		left := h.query(newBrowser(t), h.operator, `query { team(slug: "acme") { memberships(first: 10) { totalCount } } }`, nil)
		if n := at(left.Data, "team", "memberships", "totalCount"); n != 0.0 {
			t.Errorf("%v members are left", n)
		}
		if again := idp.signIn(h, newBrowser(t), "acme", "ada"); again.StatusCode != http.StatusForbidden {
			t.Errorf("she came back: %d", again.StatusCode)
		}
	})
}

// The tour that the demo prints works when it is pasted.
func TestDemoTour(t *testing.T) {
	path := program(t)
	address := freeAddress(t)
	p := start(t, path, address, nil, string(config.Demo))
	t.Cleanup(func() { // politely, so that it deletes its database
		if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
		if err := p.cmd.Wait(); err != nil {
			t.Errorf("the demo ended with %v", err)
		}
	})
	var tour []string
	for ruler := 0; ruler < 2; {
		line, ok := <-p.lines
		if !ok {
			t.Fatal("the demo ended")
		}
		switch {
		case strings.HasPrefix(line, "-----"):
			ruler++
		case ruler == 1:
			tour = append(tour, line)
		}
	}
	if len(tour) != 6 {
		t.Fatalf("the tour has %d lines", len(tour))
	}
	out, err := exec.CommandContext(t.Context(), "bash", "-euc", strings.Join(tour, "\n")).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"signed in: HTTP 303", `"email":"ada@acme.test"`, "removed by SCIM: HTTP 204", `{"viewer":null}`} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the tour does not say %s:\n%s", want, out)
		}
	}
}
