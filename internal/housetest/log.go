package housetest

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
)

// Logger writes to the test's own log, which is shown when the test fails.
func Logger(t testing.TB) *slog.Logger {
	out := &testLog{t: t}
	// A line after the test's end would bring the whole process down.
	t.Cleanup(func() {
		out.mu.Lock()
		defer out.mu.Unlock()
		out.t = nil
	})
	return slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

type testLog struct {
	mu sync.Mutex
	t  testing.TB
}

func (l *testLog) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.t != nil {
		l.t.Log(strings.TrimSuffix(string(line), "\n"))
	}
	return len(line), nil
}

// Log keeps everything that was logged, for tests that look for what must not
// be there. It is safe for concurrent use.
type Log struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// NewLog is an empty Log and the logger, at the level of every detail, that fills it.
func NewLog() (*slog.Logger, *Log) {
	l := new(Log)
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug})), l
}

// Write implements io.Writer.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

// String is the log so far.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// MustNotHold fails the test for each of the secrets that the log holds. The
// failure tells which one by its place, not by its text.
func (l *Log) MustNotHold(t testing.TB, secrets ...string) {
	t.Helper()
	text := l.String()
	for i, secret := range secrets {
		if secret == "" {
			t.Errorf("secret %d is empty: the log cannot be searched for it", i)
		} else if strings.Contains(text, secret) {
			t.Errorf("the log holds secret %d", i)
		}
	}
}
