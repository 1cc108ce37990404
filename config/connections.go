package config

import (
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
)

// The values of Database.Dialect.
const (
	SQLite   = "sqlite"
	Postgres = "postgres"
)

// Database says which database to open. DSN is a file's path for SQLite and a
// connection URL for PostgreSQL, which may hold a password.
type Database struct{ Dialect, DSN string }

// String is the database without user, password and parameters.
func (d Database) String() string {
	if d.Dialect != Postgres {
		return d.Dialect + ":" + d.DSN
	}
	u, err := url.Parse(d.DSN)
	if err != nil {
		return d.Dialect
	}
	return (&url.URL{Scheme: "postgres", Host: u.Host, Path: u.Path}).String()
}

// GoString keeps %#v from showing the password.
func (d Database) GoString() string { return d.String() }

// database reads DATABASE_URL. What PostgreSQL's own parameters mean is left
// to its driver; here is only what can be said without asking anybody.
func database(value string) (Database, error) {
	value = strings.TrimSpace(value)
	scheme, rest, ok := strings.Cut(value, ":")
	switch {
	case !ok:
		return Database{}, badDatabase("does not begin with sqlite: or postgres://")
	case strings.EqualFold(scheme, "sqlite"):
		return sqliteFile(rest)
	case strings.EqualFold(scheme, "postgres"), strings.EqualFold(scheme, "postgresql"):
		return postgresURL(value)
	}
	return Database{}, badDatabase("is neither sqlite nor postgres")
}

func badDatabase(why string) error {
	return &Error{"DATABASE_URL", why, "sqlite:rollcall.db or postgres://rollcall:PASSWORD@127.0.0.1:5432/rollcall"}
}

// sqliteFile takes a path, relative or absolute. sqlite:///var/x.db is what
// other programs call the absolute path; with two slashes nobody knows which is
// meant.
func sqliteFile(path string) (Database, error) {
	switch {
	case strings.HasPrefix(path, "///"):
		path = path[2:]
	case strings.HasPrefix(path, "//"):
		return Database{}, badDatabase("has two slashes; write sqlite:PATH")
	}
	switch {
	case path == "" || strings.HasSuffix(path, "/"):
		return Database{}, badDatabase("names no file")
	case strings.Contains(path, ":memory:"):
		return Database{}, badDatabase("is in memory, which does not survive the process; name a file")
	case strings.HasPrefix(path, "file:") || strings.ContainsAny(path, "?#"):
		return Database{}, badDatabase("has parameters; a path is all that SQLite is given")
	case hasControl(path):
		return Database{}, badDatabase("has a control character in the path")
	}
	return Database{SQLite, filepath.Clean(path)}, nil
}

func postgresURL(value string) (Database, error) {
	u, err := url.Parse(value)
	switch {
	case err != nil || hasControl(value):
		return Database{}, badDatabase("is not a URL; write special characters of the password in percent form")
	case u.Opaque != "" || !strings.Contains(value, "://"):
		return Database{}, badDatabase("has no // after the colon")
	case u.Host == "" && u.Query().Get("host") == "":
		return Database{}, badDatabase("has no host")
	case strings.Trim(u.Path, "/") == "" && u.Query().Get("dbname") == "" && u.Query().Get("database") == "":
		return Database{}, badDatabase("names no database")
	}
	return Database{Postgres, value}, nil
}

// SMTP is where mail goes: to the server Host, into files of Folder, or, as the
// zero value, to the log.
type SMTP struct {
	Folder      string
	Host        string
	Port        int
	ImplicitTLS bool // smtps: TLS from the first byte (RFC 8314 section 3)
	Username    string
	Password    Secret
}

// String is the place without user and password.
func (s SMTP) String() string {
	switch {
	case s.Folder != "":
		return "file:" + s.Folder
	case s.Host == "":
		return "log:"
	}
	scheme := "smtp"
	if s.ImplicitTLS {
		scheme = "smtps"
	}
	host := s.Host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return scheme + "://" + host + ":" + strconv.Itoa(s.Port)
}

// GoString keeps %#v short; Password would not show itself.
func (s SMTP) GoString() string { return s.String() }

// smtp reads SMTP_URL. Ports without a number are those of message submission
// (RFC 8314 section 3.3).
func smtp(value string) (SMTP, error) {
	value = strings.TrimSpace(value)
	if value == "" || value == "log:" {
		return SMTP{}, nil
	}
	bad := func(why string) (SMTP, error) {
		return SMTP{}, &Error{"SMTP_URL", why, "smtps://USER:PASSWORD@mail.example.com:465"}
	}
	if folder, ok := strings.CutPrefix(value, "file:"); ok {
		switch {
		case folder == "" || hasControl(folder):
			return bad("names no folder")
		case strings.HasPrefix(folder, "//"):
			return bad("has two slashes; write file:FOLDER")
		}
		return SMTP{Folder: filepath.Clean(folder)}, nil
	}
	u, err := url.Parse(value)
	switch {
	case err != nil || hasControl(value):
		return bad("is not a URL; write special characters of the password in percent form")
	case u.Scheme != "smtp" && u.Scheme != "smtps":
		return bad("does not begin with smtp://, smtps://, file: or log:")
	case u.Opaque != "" || u.Hostname() == "":
		return bad("has no host")
	case u.Path != "" && u.Path != "/", strings.ContainsAny(value, "?#"):
		return bad("has something after the host")
	case u.Port() != "" && !portNumber(u.Port()):
		return bad("has a port that is not a number between 1 and 65535")
	}
	s := SMTP{Host: u.Hostname(), Port: 587, ImplicitTLS: u.Scheme == "smtps"}
	if s.ImplicitTLS {
		s.Port = 465
	}
	if n, err := strconv.Atoi(u.Port()); err == nil {
		s.Port = n
	}
	if u.User != nil {
		password, _ := u.User.Password()
		s.Username, s.Password = u.User.Username(), Secret(password)
		if s.Username == "" || password == "" {
			return bad("has a user without a password or a password without a user")
		}
	}
	return s, nil
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}
