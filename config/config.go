// Package config turns the command line and the environment into a validated
// Config. It is the only room that knows what a setting is called and how it is
// written; what comes out needs no further check.
//
// Nothing here ends the process, and the environment is read only through the
// function that the caller brings, so a test needs no environment of its own.
// An error is one line that names the setting, says why the value cannot be
// used and gives one that can. It never repeats the value: connection URLs hold
// passwords, and what was typed may be a secret in the wrong place.
package config

import (
	"io"
	"log/slog"
	"net/netip"
	"net/url"
	"strings"
)

// Command is what the process is asked to do.
type Command string

// The commands.
const (
	// Done means that the answer (help, version) is written already.
	Done        Command = ""
	Serve       Command = "serve"
	Demo        Command = "demo"
	Migrate     Command = "migrate"
	KeysCreate  Command = "keys create"
	CreateAdmin Command = "users create-admin"
	SSORelax    Command = "sso relax"
)

// The values of LogFormat.
const (
	LogText = "text"
	LogJSON = "json"
)

// Config is everything that can be set. It prints without its secrets.
type Config struct {
	Addr           string         // host:port to listen on
	BaseURL        string         // scheme and host as browsers see them, without a trailing slash
	Database       Database       // where the rows are
	SMTP           SMTP           // where mail goes; zero is the log
	MailFrom       string         // an address as in RFC 5322 section 3.4, perhaps with a name
	OperatorMail   []string       // addresses of those who run the server
	SecretKey      Secret         // empty only when the base URL is loopback: generate one
	LogFormat      string         // LogText or LogJSON
	TrustedProxies []netip.Prefix // who may say whom a request comes from
	MetricsAddr    string         // of a listener of their own for metrics, empty for none
	MetadataNets   []netip.Prefix // private networks that metadata may be fetched from
	Retention      Retention      // how long what is over is kept
	PollOnly       bool           // the database has no LISTEN and NOTIFY
	TrustedDocs    string         // a file of documents, empty for any document
	GraphiQL       bool           // whether /graphiql/ is served
	RateLimit      bool           // false for load tests only
	KeyName        string         // of the key that KeysCreate makes
	Team           string         // the short name of the team that CreateAdmin and SSORelax are about
	Admin          Admin          // whom CreateAdmin makes one
}

// Admin is somebody to be made an admin.
type Admin struct {
	Email, Name string
	Mail        bool // the link to set a password is mailed and not printed
}

// Loopback reports whether the base URL is one of this very machine, where
// plain http and a generated secret key are all right.
func (c Config) Loopback() bool {
	u, err := url.Parse(c.BaseURL)
	return err == nil && loopback(u.Hostname())
}

// Secure reports whether browsers reach the server by https.
func (c Config) Secure() bool { return strings.HasPrefix(c.BaseURL, "https://") }

// LogValue is the configuration as a log may show it.
func (c Config) LogValue() slog.Value {
	proxies := make([]string, len(c.TrustedProxies))
	for i, p := range c.TrustedProxies {
		proxies[i] = p.String()
	}
	networks := make([]string, len(c.MetadataNets))
	for i, p := range c.MetadataNets {
		networks[i] = p.String()
	}
	return slog.GroupValue(
		slog.String("addr", c.Addr),
		slog.String("base_url", c.BaseURL),
		slog.String("database", c.Database.String()),
		slog.String("smtp", c.SMTP.String()),
		slog.String("mail_from", c.MailFrom),
		slog.String("operator_mail", strings.Join(c.OperatorMail, ",")),
		slog.String("log_format", c.LogFormat),
		slog.String("trusted_proxies", strings.Join(proxies, ",")),
		slog.String("metrics_addr", c.MetricsAddr),
		slog.String("metadata_networks", strings.Join(networks, ",")),
		slog.String("retention", c.Retention.String()),
		slog.Bool("poll_only", c.PollOnly),
		slog.String("trusted_documents", c.TrustedDocs),
		slog.Bool("graphiql", c.GraphiQL),
		slog.Bool("rate_limit", c.RateLimit),
	)
}

// String is LogValue as text, so that printing a Config gives nothing away.
func (c Config) String() string { return c.LogValue().String() }

// GoString is String; without it %#v would show the fields themselves.
func (c Config) GoString() string { return c.String() }

// Parse reads args, without the program's name, and the settings that env
// knows. A flag wins over the environment, and an environment variable that is
// empty counts as not set. Help and version are written to out.
func Parse(args []string, env func(string) (string, bool), out io.Writer) (Command, Config, error) {
	line, err := read(args, env, out)
	if err != nil || line.command == Done {
		return Done, Config{}, err
	}
	c, err := line.Settings.check(line.command)
	if err != nil {
		return Done, Config{}, err
	}
	c.KeyName = line.Keys.Create.Name
	switch line.command {
	case CreateAdmin:
		in := line.Users.CreateAdmin
		c.Team, c.Admin = in.Team, Admin{Email: in.Email, Name: in.Name, Mail: in.Mail}
	case SSORelax:
		c.Team = line.SSO.Relax.Team
	}
	return line.command, c, nil
}

// Error is a setting that cannot be used.
type Error struct {
	Setting string // ADDR, BASE_URL, …
	Why     string
	Example string // a value that would do
}

func (e *Error) Error() string {
	flag := "--" + strings.ReplaceAll(strings.ToLower(e.Setting), "_", "-")
	return flag + " (" + envPrefix + e.Setting + ") " + e.Why + "; valid is, for example, " + e.Example
}
