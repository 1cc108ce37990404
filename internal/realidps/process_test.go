//go:build realidps

package realidps

import (
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// run starts a program that serves under address, and waits until ready
// answers 200. Its output goes to a file that is shown when the test fails; the
// process is ended, by its id, with the test.
func run(t *testing.T, ready string, env []string, name string, args ...string) (logFile string) {
	t.Helper()
	logFile = filepath.Join(t.TempDir(), filepath.Base(name)+".log")
	log, err := os.Create(logFile)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // it is killed at the end
		close(ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
		_ = log.Close()
		if t.Failed() {
			t.Logf("%s said at the end:\n%s", name, tail(t, logFile))
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for tick := time.NewTicker(20 * time.Millisecond); ; {
		if answers(ctx, ready) {
			tick.Stop()
			return logFile
		}
		select {
		case <-tick.C:
		case <-ended:
			t.Fatalf("%s ended before it was ready", name)
		case <-ctx.Done():
			t.Fatalf("%s did not get ready", name)
		}
	}
}

func answers(ctx context.Context, address string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return false
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	_ = res.Body.Close()
	return res.StatusCode == http.StatusOK
}

// tail is the last lines of a file.
func tail(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-40):], "\n")
}

// freeAddress is a loopback address on which nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// root is a path inside the project.
func root(t *testing.T, names ...string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(append([]string{"..", ".."}, names...)...))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// setting is a variable that scripts/e2e-idps sets.
func setting(t *testing.T, name string) string {
	t.Helper()
	v := os.Getenv(name)
	if v == "" {
		t.Fatalf("%s is not set: run scripts/e2e-idps", name)
	}
	return v
}
