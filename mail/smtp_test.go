package mail

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/http/httptest"
	netmail "net/mail"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

var at = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func now() time.Time { return at }

func message() Message {
	return Message{
		ID: "0190@rollcall.test", From: "Rollcall <rollcall@rollcall.test>", To: "ada@acme.test", Subject: "Acme: 証明書",
		Text: "Hello\n.\nlast", HTML: "<p>Hello</p>",
	}
}

// theirs is emersion's mail server with a certificate for example.com, which
// httptest has.
type theirs struct {
	mu     sync.Mutex
	got    []string
	secure []bool
	answer error // to RCPT
	late   error // to the end of DATA
	addr   string
	roots  *x509.CertPool
}

func newTheirs(t *testing.T, starttls, implicit bool) *theirs {
	t.Helper()
	borrowed := httptest.NewTLSServer(nil)
	t.Cleanup(borrowed.Close)
	s := &theirs{roots: x509.NewCertPool()}
	s.roots.AddCert(borrowed.Certificate())
	settings := &tls.Config{Certificates: borrowed.TLS.Certificates}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = l.Addr().String()
	srv := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &talk{theirs: s, conn: c}, nil }))
	srv.Domain, srv.AllowInsecureAuth = "mail.test", true
	srv.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	if starttls {
		srv.TLSConfig = settings
	}
	if implicit {
		l = tls.NewListener(l, settings)
	}
	go func() { _ = srv.Serve(l) }()
	t.Cleanup(func() { _ = srv.Close() })
	return s
}

type talk struct {
	*theirs
	conn *smtp.Conn
}

func (c *talk) AuthMechanisms() []string { return []string{sasl.Plain} }
func (c *talk) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "u" || password != "hunter2" {
			return smtp.ErrAuthFailed
		}
		return nil
	}), nil
}
func (c *talk) Mail(string, *smtp.MailOptions) error { return nil }
func (c *talk) Rcpt(string, *smtp.RcptOptions) error { return c.answer }
func (c *talk) Reset()                               {}
func (c *talk) Logout() error                        { return nil }
func (c *talk) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	_, secure := c.conn.TLSConnectionState()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.got, c.secure = append(c.got, string(text)), append(c.secure, secure)
	return c.late
}

// to is a sender whose host has the given name and is that server.
func (s *theirs) to(host string, implicit bool) *SMTP {
	return &SMTP{Host: host, Port: 2525, ImplicitTLS: implicit, Roots: s.roots, Now: now, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		c, err := (&net.Dialer{}).DialContext(ctx, network, s.addr)
		if implicit && err == nil { // what go-mail does itself when it dials
			return tls.Client(c, &tls.Config{ServerName: host, RootCAs: s.roots}), nil
		}
		return c, err
	}}
}

func TestSend(t *testing.T) {
	s := newTheirs(t, true, false)
	if err := s.to("example.com", false).Send(t.Context(), message()); err != nil {
		t.Fatal(err)
	}
	if len(s.got) != 1 || !s.secure[0] {
		t.Fatalf("%d messages, in private %v", len(s.got), s.secure)
	}
	m, err := netmail.ReadMessage(strings.NewReader(s.got[0]))
	if err != nil {
		t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil || subject != "Acme: 証明書" || m.Header.Get("Message-Id") != "<0190@rollcall.test>" || m.Header.Get("Auto-Submitted") != "auto-generated" {
		t.Errorf("%q, %v, %v", subject, err, m.Header)
	}
	if m.Header.Get("X-Mailer")+m.Header.Get("User-Agent") != "" {
		t.Errorf("it says what it is made with: %v", m.Header)
	}
	if when, err := m.Header.Date(); err != nil || !when.Equal(at) {
		t.Errorf("dated %v, %v", when, err)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("%s, %v", kind, err)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for _, want := range []struct{ kind, text string }{{"text/plain", "Hello\n.\nlast"}, {"text/html", "<p>Hello</p>"}} {
		p, err := parts.NextRawPart()
		if err != nil || !strings.HasPrefix(p.Header.Get("Content-Type"), want.kind) {
			t.Fatalf("%v, %v", p, err)
		}
		text, err := io.ReadAll(quotedprintable.NewReader(p))
		if got := strings.ReplaceAll(string(text), "\r\n", "\n"); err != nil || got != want.text {
			t.Errorf("%s: %q, %v", want.kind, got, err)
		}
	}
}

func TestTransportSecurity(t *testing.T) {
	for name, c := range map[string]struct {
		starttls, implicit bool // of the server
		host               string
		roots              bool
		private            bool // what has to come out
		reason             string
	}{
		"STARTTLS":                      {true, false, "example.com", true, true, ""},
		"TLS from the first byte":       {false, true, "example.com", true, true, ""},
		"no STARTTLS":                   {false, false, "example.com", true, false, "does not offer STARTTLS"},
		"no STARTTLS, but on loopback":  {false, false, "127.0.0.1", true, false, ""},
		"another host's certificate":    {true, false, "mail.acme.test", true, false, "certificate"},
		"a certificate of nobody known": {true, false, "example.com", false, false, "certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newTheirs(t, c.starttls, c.implicit)
			sender := s.to(c.host, c.implicit)
			if !c.roots {
				sender.Roots = x509.NewCertPool()
			}
			err := sender.Send(t.Context(), message())
			if c.reason != "" {
				if err == nil || !strings.Contains(err.Error(), c.reason) || len(s.got) != 0 || Permanent(err) {
					t.Errorf("error %v, %d messages", err, len(s.got))
				}
				return
			}
			if err != nil || len(s.got) != 1 || s.secure[0] != c.private {
				t.Errorf("error %v, in private %v", err, s.secure)
			}
		})
	}
}

func TestAuthentication(t *testing.T) {
	s := newTheirs(t, true, false)
	sender := s.to("example.com", false)
	sender.Username, sender.Password = "u", "hunter2"
	if err := sender.Send(t.Context(), message()); err != nil {
		t.Error(err)
	}
	sender.Password = "hunter3"
	err := sender.Send(t.Context(), message())
	if err == nil || Permanent(err) || strings.Contains(err.Error(), "hunter") || err.Error() != "the mail server did not accept user and password" {
		t.Errorf("%v", err)
	}
}

// What is for good and what may pass, and nothing of the server's own words.
func TestRefusals(t *testing.T) {
	say := func(code int) error {
		return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 1, 1}, Message: "about ada@acme.test"}
	}
	for _, c := range []struct {
		answer, late error
		reason       string
		permanent    bool
	}{
		{say(550), nil, "answered 550", true},
		{say(451), nil, "answered 451", false},
		{nil, say(554), "answered 554", true},
		{nil, say(452), "answered 452", false},
	} {
		s := newTheirs(t, true, false)
		s.answer, s.late = c.answer, c.late
		err := s.to("example.com", false).Send(t.Context(), message())
		if err == nil || !strings.Contains(err.Error(), c.reason) || Permanent(err) != c.permanent || strings.Contains(err.Error(), "@") {
			t.Errorf("%v: %v", c, err)
		}
	}
	gone := &SMTP{Host: "127.0.0.1", Port: 1, Now: now}
	if err := gone.Send(t.Context(), message()); err == nil || Permanent(err) || err.Error() != "the mail server cannot be reached" {
		t.Errorf("%v", err)
	}
}

// No sender lets a header be smuggled in.
func TestInjection(t *testing.T) {
	s := newTheirs(t, true, false)
	folder := t.TempDir()
	senders := map[string]Sender{
		"smtp": s.to("example.com", false), "file": &Folder{Path: folder, Now: now}, "log": &Log{Log: slog.New(slog.DiscardHandler), Now: now},
	}
	for what, spoil := range map[string]func(*Message){
		"subject":           func(m *Message) { m.Subject += "\r\nBcc: eve@evil.test" },
		"subject, LF":       func(m *Message) { m.Subject += "\nBcc: eve@evil.test" },
		"no subject":        func(m *Message) { m.Subject = "" },
		"recipient":         func(m *Message) { m.To += "\r\nBcc: eve@evil.test" },
		"two recipients":    func(m *Message) { m.To += ", eve@evil.test" },
		"recipient, name":   func(m *Message) { m.To = "Ada <ada@acme.test>" },
		"no recipient":      func(m *Message) { m.To = "" },
		"RCPT parameters":   func(m *Message) { m.To = "ada@acme.test> NOTIFY=NEVER" },
		"sender":            func(m *Message) { m.From = "x@y.test\r\nBcc: eve@evil.test" },
		"id":                func(m *Message) { m.ID = "a@b>\r\nBcc: eve@evil.test" },
		"id without domain": func(m *Message) { m.ID = "a" },
	} {
		for name, sender := range senders {
			m := message()
			spoil(&m)
			if err := sender.Send(t.Context(), m); !Permanent(err) {
				t.Errorf("%s, %s: %v", name, what, err)
			}
		}
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) != 0 || len(s.got) != 0 {
		t.Errorf("%v, %v, %d arrived", left, err, len(s.got))
	}
}

func TestFolder(t *testing.T) {
	f := &Folder{Path: filepath.Join(t.TempDir(), "mails"), Now: now}
	for range 2 {
		if err := f.Send(t.Context(), message()); err != nil {
			t.Fatal(err)
		}
	}
	found, err := filepath.Glob(filepath.Join(f.Path, "*"))
	if err != nil || len(found) != 1 || !strings.HasSuffix(found[0], ".eml") {
		t.Fatalf("%v, %v", found, err)
	}
	text, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	if m, err := netmail.ReadMessage(bytes.NewReader(text)); err != nil || m.Header.Get("To") != "<ada@acme.test>" {
		t.Errorf("%v, %v", m, err)
	}
	blocked := &Folder{Path: filepath.Join(found[0], "x"), Now: now}
	var e *Error
	if err := blocked.Send(t.Context(), message()); !errors.As(err, &e) || e.Permanent || strings.Contains(err.Error(), "/") {
		t.Errorf("%v", err)
	}
}

func TestLog(t *testing.T) {
	var out bytes.Buffer
	l := &Log{Log: slog.New(slog.NewTextHandler(&out, nil)), Now: now}
	if err := l.Send(t.Context(), message()); err != nil || !strings.Contains(out.String(), "to=ada@acme.test") {
		t.Errorf("%v: %s", err, out.String())
	}
}

func TestCapture(t *testing.T) {
	c := &Capture{Next: &Log{Log: slog.New(slog.DiscardHandler), Now: now}}
	for i := range captured + 2 {
		m := message()
		m.Subject = strings.Repeat("x", i+1)
		if err := c.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	spoiled := message()
	spoiled.To = ""
	if err := c.Send(t.Context(), spoiled); err == nil {
		t.Error("a message that nobody takes was taken")
	}
	if got := c.Latest(); len(got) != captured || len(got[0].Subject) != captured+2 || len(got[captured-1].Subject) != 3 {
		t.Errorf("%d are kept, from %d to %d", len(got), len(got[0].Subject), len(got[len(got)-1].Subject))
	}
}
