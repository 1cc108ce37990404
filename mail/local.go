package mail

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"os"
	"path/filepath"
	"time"
)

// Log writes messages to the log instead of sending them, for development.
type Log struct {
	Log *slog.Logger
	Now func() time.Time
}

// Send implements Sender.
func (l *Log) Send(ctx context.Context, m Message) error {
	if _, err := build(m, l.Now()); err != nil {
		return err
	}
	l.Log.InfoContext(ctx, "mail", "id", m.ID, "from", m.From, "to", m.To, "subject", m.Subject, "text", m.Text)
	return nil
}

// Folder writes each message into a file of its own, for development: open it
// with any mail program. The same message has the same name at every try.
type Folder struct {
	Path string
	Now  func() time.Time
}

// Send implements Sender. A file appears whole or not at all.
func (f *Folder) Send(_ context.Context, m Message) (err error) {
	msg, err := build(m, f.Now())
	if err != nil {
		return err
	}
	if err := os.MkdirAll(f.Path, 0o700); err != nil {
		return &Error{Reason: "the mail folder cannot be made", cause: err}
	}
	part, err := os.CreateTemp(f.Path, ".part-")
	if err != nil {
		return &Error{Reason: "the mail folder cannot be written", cause: err}
	}
	defer func() { _ = os.Remove(part.Name()) }()
	_, err = msg.WriteTo(part)
	if closed := part.Close(); err == nil {
		err = closed
	}
	if err == nil {
		sum := sha256.Sum256([]byte(m.ID))
		err = os.Rename(part.Name(), filepath.Join(f.Path, hex.EncodeToString(sum[:8])+".eml"))
	}
	if err != nil {
		return &Error{Reason: "the mail folder cannot be written", cause: err}
	}
	return nil
}
