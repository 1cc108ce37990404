package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"reflect"
	"runtime/debug"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// environment is a lookup over a map, with the prefix left out.
func environment(vars map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		v, ok := vars[strings.TrimPrefix(name, "ROLLCALL_")]
		return v, ok && strings.HasPrefix(name, "ROLLCALL_")
	}
}

func parse(t *testing.T, vars map[string]string, args ...string) (Command, Config, string, error) {
	t.Helper()
	var out bytes.Buffer
	command, c, err := Parse(args, environment(vars), &out)
	return command, c, out.String(), err
}

func TestDefaults(t *testing.T) {
	command, c, out, err := parse(t, nil)
	want := Config{
		Addr: "127.0.0.1:8080", BaseURL: "http://127.0.0.1:8080", Database: Database{SQLite, "rollcall.db"},
		MailFrom: `"Rollcall" <rollcall@localhost>`, LogFormat: "text", RateLimit: true,
		Retention: Retention{Attempts: 30, Credentials: 90, Mails: 400},
	}
	if err != nil || command != Serve || !reflect.DeepEqual(c, want) || out != "" {
		t.Errorf("command %q, config %v, output %q, error %v", command, c, out, err)
	}
	if !c.Loopback() || c.Secure() {
		t.Error("the defaults are not plain http on loopback")
	}
}

func TestCommands(t *testing.T) {
	for args, want := range map[string]Command{
		"": Serve, "serve": Serve, "demo": Demo, "migrate": Migrate,
		"keys create --operator --name ci":                                       KeysCreate,
		"keys create --name=ci --operator":                                       KeysCreate,
		"--log-format json migrate":                                              Migrate,
		"migrate --log-format json":                                              Migrate,
		"--addr=localhost:9000":                                                  Serve,
		"keys --rate-limit off create --operator --name ci":                      KeysCreate,
		"users create-admin --team acme --email ada@acme.test --name Ada --mail": CreateAdmin,
		"--rate-limit off users create-admin --email=ada@acme.test --team=acme":  CreateAdmin,
		"sso relax acme":                                                         SSORelax,
		"sso relax --log-format json acme":                                       SSORelax,
	} {
		command, c, out, err := parse(t, nil, strings.Fields(args)...)
		if err != nil || command != want || out != "" {
			t.Errorf("%q: command %q, output %q, error %v", args, command, out, err)
		}
		if want == KeysCreate && c.KeyName != "ci" {
			t.Errorf("%q: key name %q", args, c.KeyName)
		}
		if about := want == CreateAdmin || want == SSORelax; about != (c.Team == "acme") {
			t.Errorf("%q: team %q", args, c.Team)
		}
		if mail := strings.Contains(args, "--mail"); want == CreateAdmin && (c.Admin.Email != "ada@acme.test" || c.Admin.Mail != mail || (c.Admin.Name == "Ada") != mail) {
			t.Errorf("%q: %+v", args, c.Admin)
		}
	}
}

func TestFlagWinsOverEnvironment(t *testing.T) {
	vars := map[string]string{"ADDR": "127.0.0.1:1111", "LOG_FORMAT": "json", "RATE_LIMIT": ""}
	_, c, _, err := parse(t, vars, "serve", "--addr", "127.0.0.1:2222")
	if err != nil || c.Addr != "127.0.0.1:2222" || c.LogFormat != LogJSON || !c.RateLimit {
		t.Errorf("%v, error %v", c, err)
	}
}

func TestOperatorAndNameAreNoSettings(t *testing.T) {
	_, _, _, err := parse(t, map[string]string{"OPERATOR": "true", "NAME": "x"}, "keys", "create")
	if err == nil || !strings.Contains(err.Error(), "--operator") || !strings.Contains(err.Error(), "--name") {
		t.Errorf("error %v", err)
	}
}

// key is a SECRET_KEY of the least length.
const key = "0123456789abcdef0123456789abcdef"

func TestGoodValues(t *testing.T) {
	prefixes := func(list ...string) (out []netip.Prefix) {
		for _, p := range list {
			out = append(out, netip.MustParsePrefix(p))
		}
		return out
	}
	pick := map[string]func(Config) any{
		"ADDR":            func(c Config) any { return c.Addr },
		"BASE_URL":        func(c Config) any { return c.BaseURL },
		"DATABASE_URL":    func(c Config) any { return c.Database },
		"SMTP_URL":        func(c Config) any { return c.SMTP },
		"MAIL_FROM":       func(c Config) any { return c.MailFrom },
		"OPERATOR_MAIL":   func(c Config) any { return c.OperatorMail },
		"SECRET_KEY":      func(c Config) any { return c.SecretKey },
		"LOG_FORMAT":      func(c Config) any { return c.LogFormat },
		"TRUSTED_PROXIES": func(c Config) any { return c.TrustedProxies },
		"RATE_LIMIT":      func(c Config) any { return c.RateLimit },

		"METRICS_ADDR":      func(c Config) any { return c.MetricsAddr },
		"METADATA_NETWORKS": func(c Config) any { return c.MetadataNets },
		"RETENTION":         func(c Config) any { return c.Retention },
		"JOBS":              func(c Config) any { return c.PollOnly },
		"GRAPHIQL":          func(c Config) any { return c.GraphiQL },
		"TRUSTED_DOCUMENTS": func(c Config) any { return c.TrustedDocs },
	}
	for _, c := range []struct {
		setting, value string
		want           any
	}{
		{"ADDR", "[::1]:443", "[::1]:443"},
		{"ADDR", "localhost:1", "localhost:1"},
		{"ADDR", " 127.0.0.1:65535 ", "127.0.0.1:65535"},
		{"BASE_URL", "https://rollcall.example.com", "https://rollcall.example.com"},
		{"BASE_URL", "HTTPS://Rollcall.Example.COM:443/", "https://rollcall.example.com"},
		{"BASE_URL", "https://rollcall.example.com:8443", "https://rollcall.example.com:8443"},
		{"BASE_URL", "https://xn--bcher-kva.example", "https://xn--bcher-kva.example"},
		{"BASE_URL", "https://roll_call.internal", "https://roll_call.internal"},
		{"BASE_URL", "http://localhost:8080/", "http://localhost:8080"},
		{"BASE_URL", "http://127.3.2.1:80", "http://127.3.2.1"},
		{"BASE_URL", "http://[::1]:8080", "http://[::1]:8080"},
		{"DATABASE_URL", "sqlite:/var/lib/rollcall/r.db", Database{SQLite, "/var/lib/rollcall/r.db"}},
		{"DATABASE_URL", "sqlite:///var/lib/r.db", Database{SQLite, "/var/lib/r.db"}},
		{"DATABASE_URL", "sqlite:./data/r.db", Database{SQLite, "data/r.db"}},
		{"DATABASE_URL", "postgres://u:p%40@db:5432/rollcall?sslmode=require", Database{Postgres, "postgres://u:p%40@db:5432/rollcall?sslmode=require"}},
		{"DATABASE_URL", "postgresql://u@a:1,b:2/rollcall", Database{Postgres, "postgresql://u@a:1,b:2/rollcall"}},
		{"DATABASE_URL", "postgres:///rollcall?host=/run/postgresql", Database{Postgres, "postgres:///rollcall?host=/run/postgresql"}},
		{"SMTP_URL", "log:", SMTP{}},
		{"SMTP_URL", "file:mails/", SMTP{Folder: "mails"}},
		{"SMTP_URL", "file:/var/mails", SMTP{Folder: "/var/mails"}},
		{"METRICS_ADDR", "10.0.0.1:9090", "10.0.0.1:9090"},
		{"METADATA_NETWORKS", "10.20.0.0/16, fd12:3456::/32", prefixes("10.20.0.0/16", "fd12:3456::/32")},
		{"RETENTION", "history=730, attempts=0", Retention{Credentials: 90, History: 730, Mails: 400}},
		{"RETENTION", "mails=120,credentials=1", Retention{Attempts: 30, Credentials: 1, Mails: 120}},
		{"JOBS", "poll", true},
		{"GRAPHIQL", "true", true},
		{"GRAPHIQL", "false", false},
		{"TRUSTED_DOCUMENTS", " persisted-documents.json", "persisted-documents.json"},
		{"JOBS", "listen", false},
		{"SMTP_URL", "smtp://localhost", SMTP{Host: "localhost", Port: 587}},
		{"SMTP_URL", "smtp://127.0.0.1:1025/", SMTP{Host: "127.0.0.1", Port: 1025}},
		{"SMTP_URL", "smtps://me%40x:p%20w@[2001:db8::1]", SMTP{Host: "2001:db8::1", Port: 465, ImplicitTLS: true, Username: "me@x", Password: "p w"}},
		{"OPERATOR_MAIL", "", []string(nil)},
		{"OPERATOR_MAIL", " ops@example.com, oncall@example.com,", []string{"ops@example.com", "oncall@example.com"}},
		{"MAIL_FROM", "sso@example.com", "<sso@example.com>"},
		{"MAIL_FROM", "Acme Sign-in <sso@example.com>", `"Acme Sign-in" <sso@example.com>`},
		{"SECRET_KEY", key, Secret(key)},
		{"SECRET_KEY", strings.Repeat("ä", 32), Secret(strings.Repeat("ä", 32))},
		{"LOG_FORMAT", "json", LogJSON},
		{"TRUSTED_PROXIES", "10.1.2.3/8, 192.0.2.7,2001:db8::/32,::1", prefixes("10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32", "::1/128")},
		{"TRUSTED_PROXIES", "::ffff:192.0.2.7", prefixes("192.0.2.7/32")},
		{"TRUSTED_PROXIES", " ", []netip.Prefix(nil)},
		{"RATE_LIMIT", "off", false},
		{"RATE_LIMIT", "default", true},
	} {
		vars := map[string]string{"SECRET_KEY": key, c.setting: c.value}
		_, got, _, err := parse(t, vars)
		if err != nil || !reflect.DeepEqual(pick[c.setting](got), c.want) {
			t.Errorf("%s=%q: %#v, error %v", c.setting, c.value, pick[c.setting](got), err)
		}
		if _, _, _, err := parse(t, map[string]string{"SECRET_KEY": key}, flagOf(c.setting)+"="+c.value); err != nil {
			t.Errorf("%s=%s: %v", flagOf(c.setting), c.value, err)
		}
	}
}

func flagOf(setting string) string {
	return "--" + strings.ReplaceAll(strings.ToLower(setting), "_", "-")
}

// marker stands inside every wrong value that could hold a secret.
const marker = "hunter2"

func TestWrongValues(t *testing.T) {
	for _, c := range []struct{ setting, value, why string }{
		{"ADDR", "127.0.0.1", "no port"},
		{"ADDR", "127.0.0.1:http", "between 1 and 65535"},
		{"ADDR", "127.0.0.1:0", "between 1 and 65535"},
		{"ADDR", "127.0.0.1:65536", "between 1 and 65535"},
		{"ADDR", "::1:8080", "not a host and a port"},
		{"ADDR", "http://127.0.0.1:8080", "not a host and a port"},
		{"ADDR", "hunter2@127.0.0.1:8080", "not a host and a port"},
		{"ADDR", " ", "is empty"},
		{"ADDR", ":8080", "BASE_URL) is required"},
		{"ADDR", "0.0.0.0:8080", "BASE_URL) is required"},
		{"ADDR", "192.0.2.1:8080", "BASE_URL) is required"},
		{"BASE_URL", "rollcall.example.com", "https://"},
		{"BASE_URL", "ftp://rollcall.example.com", "https://"},
		{"BASE_URL", "https:rollcall.example.com", "no host"},
		{"BASE_URL", "https://", "no host"},
		{"BASE_URL", "https://:8080", "no host"},
		{"BASE_URL", "http://rollcall.example.com", "this machine only"},
		{"BASE_URL", "http://localhost.example.com", "this machine only"},
		{"BASE_URL", "http://0.0.0.0:8080", "this machine only"},
		{"BASE_URL", "https://u:hunter2@rollcall.example.com", "user name"},
		{"BASE_URL", "https://example.com/rollcall", "path"},
		{"BASE_URL", "https://example.com//", "path"},
		{"BASE_URL", "https://example.com?a=hunter2", "after the host"},
		{"BASE_URL", "https://example.com?", "after the host"},
		{"BASE_URL", "https://example.com#", "after the host"},
		{"BASE_URL", "https://bücher.example", "characters"},
		{"BASE_URL", "https://a;b.example", "characters"},
		{"BASE_URL", "https://exa mple.com", "not a URL"},
		{"BASE_URL", "https://example.com:99999", "between 1 and 65535"},
		{"BASE_URL", "https://hunter2%zz", "not a URL"},
		{"DATABASE_URL", "rollcall.db", "sqlite: or postgres://"},
		{"DATABASE_URL", "mysql://u:hunter2@h/db", "neither"},
		{"DATABASE_URL", "sqlite:", "names no file"},
		{"DATABASE_URL", "sqlite:data/", "names no file"},
		{"DATABASE_URL", "sqlite://rollcall.db", "two slashes"},
		{"DATABASE_URL", "sqlite::memory:", "in memory"},
		{"DATABASE_URL", "sqlite:r.db?_pragma=key('hunter2')", "parameters"},
		{"DATABASE_URL", "sqlite:file:r.db", "parameters"},
		{"DATABASE_URL", "sqlite:r\n.db", "control character"},
		{"DATABASE_URL", "postgres:u:hunter2@h/db", "//"},
		{"DATABASE_URL", "postgres://u:hunter2@/db", "no host"},
		{"DATABASE_URL", "postgres://u:hunter2@h", "no database"},
		{"DATABASE_URL", "postgres://u:hunter2@h:port/db", "not a URL"},
		{"DATABASE_URL", "postgres://u:hunter2#@h/db", "not a URL"},
		{"DATABASE_URL", "postgres://u:hunter2%@h/db", "not a URL"},
		{"SMTP_URL", "file:", "no folder"},
		{"SMTP_URL", "file://mails", "two slashes"},
		{"METRICS_ADDR", "9090", "no port"},
		{"METRICS_ADDR", "127.0.0.1:0", "between 1 and 65535"},
		{"METADATA_NETWORKS", "0.0.0.0/0", "trusts everybody"},
		{"METADATA_NETWORKS", "intranet", "not an IP address"},
		{"RETENTION", "history", "NAME=DAYS"},
		{"RETENTION", "hunter2=3", "another name"},
		{"RETENTION", "history=1,history=2", "twice"},
		{"RETENTION", "history=-1", "between 0"},
		{"RETENTION", "history=1000000", "between 0"},
		{"RETENTION", "mails=119", "sent again"},
		{"JOBS", "redis", "not one of"},
		{"GRAPHIQL", "hunter2", "not one of"},
		{"SMTP_URL", "mail.example.com:25", "smtp://"},
		{"SMTP_URL", "http://u:hunter2@mail.example.com", "smtp://"},
		{"SMTP_URL", "smtp://", "no host"},
		{"SMTP_URL", "smtp://u:hunter2@mail.example.com/x", "after the host"},
		{"SMTP_URL", "smtp://mail.example.com?auth=hunter2", "after the host"},
		{"SMTP_URL", "smtp://u@mail.example.com", "without a password"},
		{"SMTP_URL", "smtp://:hunter2@mail.example.com", "without a user"},
		{"SMTP_URL", "smtp://u:hunter2@mail.example.com:0", "between 1 and 65535"},
		{"SMTP_URL", "smtp://u:hunter2@mail.example.com:x", "not a URL"},
		{"MAIL_FROM", "nobody", "e-mail address"},
		{"OPERATOR_MAIL", "ops", "e-mail addresses"},
		{"OPERATOR_MAIL", "Ops <ops@example.com>", "e-mail addresses"},
		{"OPERATOR_MAIL", "ops@example.com\r\nBcc: eve@example.com", "e-mail addresses"},
		{"OPERATOR_MAIL", "a@b.example,b@b.example,c@b.example,d@b.example,e@b.example,f@b.example", "at most five"},
		{"MAIL_FROM", "a@example.com, b@example.com", "e-mail address"},
		{"MAIL_FROM", "a@example.com\r\nBcc: b@example.com", "e-mail address"},
		{"SECRET_KEY", "hunter2hunter2hunter2hunter2hun", "shorter than 32"},
		{"LOG_FORMAT", "JSON", "text, json"},
		{"LOG_FORMAT", "hunter2", "text, json"},
		{"TRUSTED_PROXIES", "10.0.0.0/8,hunter2", "entry 2"},
		{"TRUSTED_PROXIES", "10.0.0.0/33", "CIDR"},
		{"TRUSTED_PROXIES", "10.0.0.1,", "entry 2"},
		{"TRUSTED_PROXIES", "0.0.0.0/0", "everybody"},
		{"TRUSTED_PROXIES", "::/0", "everybody"},
		{"TRUSTED_PROXIES", "fe80::1%eth0", "not an IP address"},
		{"TRUSTED_PROXIES", "::ffff:10.0.0.0/104", "written as IPv6"},
		{"RATE_LIMIT", "none", "default, off"},
	} {
		vars := map[string]string{"SECRET_KEY": key, c.setting: c.value}
		_, _, out, err := parse(t, vars)
		var wrong *Error
		switch {
		case !errors.As(err, &wrong):
			t.Errorf("%s=%q is taken, error %v", c.setting, c.value, err)
		case !strings.Contains(err.Error(), c.why):
			t.Errorf("%s=%q: %v", c.setting, c.value, err)
		case strings.ContainsAny(err.Error(), "\r\n"), strings.Contains(err.Error(), marker), strings.Contains(err.Error(), key), out != "":
			t.Errorf("%s=%q: not one line without the value: %v", c.setting, c.value, err)
		}
		// The example that the error gives must do.
		if wrong != nil && wrong.Setting != "SECRET_KEY" {
			vars[wrong.Setting] = strings.Split(wrong.Example, " or ")[0]
			if _, _, _, err := parse(t, vars); err != nil {
				t.Errorf("%s=%q: the example is refused: %v", c.setting, c.value, err)
			}
		}
	}
}

func TestErrorNamesFlagAndVariable(t *testing.T) {
	_, _, _, err := parse(t, nil, "--log-format", "xml")
	if want := "--log-format (ROLLCALL_LOG_FORMAT) is not one of text, json; valid is, for example, text"; err == nil || err.Error() != want {
		t.Errorf("error %v", err)
	}
}

func TestSecretKeyIsRequiredOffLoopback(t *testing.T) {
	for base, wanted := range map[string]bool{
		"https://rollcall.example.com": true, "https://localhost:8443": false, "http://127.0.0.1:8080": false, "http://[::1]:8080": false,
	} {
		for _, command := range []string{"serve", "migrate", "keys create --operator --name x"} {
			_, _, _, err := parse(t, map[string]string{"BASE_URL": base}, strings.Fields(command)...)
			if (err != nil) != wanted || err != nil && !strings.Contains(err.Error(), "SECRET_KEY") {
				t.Errorf("%s with %s: error %v", command, base, err)
			}
		}
	}
}

func TestDemoStaysOnThisMachine(t *testing.T) {
	for _, c := range []struct{ addr, base, setting string }{
		{"127.0.0.1:9000", "", ""},
		{"localhost:9000", "http://localhost:9000", ""},
		{"0.0.0.0:9000", "http://localhost:9000", "ADDR"},
		{":9000", "http://localhost:9000", "ADDR"},
		{"127.0.0.1:9000", "https://rollcall.example.com", "BASE_URL"},
	} {
		vars := map[string]string{"ADDR": c.addr, "BASE_URL": c.base, "SECRET_KEY": key}
		_, _, _, err := parse(t, vars, "demo")
		var wrong *Error
		if errors.As(err, &wrong) != (c.setting != "") || wrong != nil && wrong.Setting != c.setting {
			t.Errorf("%+v: %v", c, err)
		}
		if _, _, _, err := parse(t, vars, "serve"); err != nil {
			t.Errorf("serve %+v: %v", c, err)
		}
	}
}

func TestDefaultSender(t *testing.T) {
	_, c, _, err := parse(t, map[string]string{"BASE_URL": "https://rollcall.example.com:8443", "SECRET_KEY": key})
	if err != nil || c.MailFrom != `"Rollcall" <rollcall@rollcall.example.com>` {
		t.Errorf("%q, error %v", c.MailFrom, err)
	}
}

func TestWrongCommandLines(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"bogus", "unexpected argument bogus"},
		{"serv", `did you mean one of "serve"`},
		{"--adr=x", "unknown flag --adr"},
		{"keys", "create"},
		{"keys create --name x", "--operator"},
		{"keys create --operator", "--name"},
		{"users", "create-admin"},
		{"users create-admin --team acme", "--email"},
		{"users create-admin --email ada@acme.test", "--team"},
		{"users create-admin --team acme --email hunter2@acme.test hunter2", "cannot be understood"},
		{"sso relax", "<team>"},
		{"sso relax acme hunter2", "cannot be understood"},
		{"--addr", "cannot be understood"},
		{"--secret-key --hunter2", "cannot be understood"},
		{"--secret-key x hunter2", "cannot be understood"},
		{"--hunter2", "cannot be understood"},
		{"--secret-kye=hunter2", "unknown flag --secret-kye"},
		{"postgres://u:hunter2@h/db", "cannot be understood"},
		{"-xhunter2", ""},
		{"keys create --operator=hunter2 --name x", "cannot be understood"},
	} {
		command, _, out, err := parse(t, nil, strings.Fields(c.args)...)
		if err == nil || command != Done || out != "" || !strings.Contains(err.Error(), c.want) || !strings.HasSuffix(err.Error(), "--help shows what can be written") {
			t.Errorf("%q: command %q, output %q, error %v", c.args, command, out, err)
		} else if strings.Contains(err.Error(), "hunter") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v", c.args, err)
		}
	}
}

func TestHelp(t *testing.T) {
	t.Setenv("COLUMNS", "40")
	_, _, got, err := parse(t, map[string]string{"ADDR": "wrong", "SECRET_KEY": marker}, "--help")
	if err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/help.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || got != string(want) {
		t.Errorf("help differs from %s (-update writes it), error %v:\n%s", golden, err, got)
	}
	for _, args := range []string{"-h", "serve --help", "keys create --help", "keys --help", "demo -h", "users create-admin --help", "sso relax -h"} {
		if command, _, out, err := parse(t, nil, strings.Fields(args)...); err != nil || command != Done || out != got {
			t.Errorf("%q: command %q, error %v, output\n%s", args, command, err, out)
		}
	}
}

// TestHelpNamesEverySetting keeps a new setting from being added without help.
func TestHelpNamesEverySetting(t *testing.T) {
	_, _, out, _ := parse(t, nil, "--help")
	fields := reflect.TypeFor[Settings]()
	if got := strings.Count(out, envPrefix); got != fields.NumField() || got != 16 {
		t.Errorf("%d settings in help, %d fields", got, fields.NumField())
	}
	for line := range strings.Lines(out) {
		if len(line) > helpWidth+1 {
			t.Errorf("wider than %d: %s", helpWidth, line)
		}
	}
}

func TestVersion(t *testing.T) {
	command, _, out, err := parse(t, map[string]string{"ADDR": "wrong"}, "version")
	if err != nil || command != Done || !strings.HasPrefix(out, "rollcall ") || strings.Count(out, "\n") != 1 {
		t.Errorf("command %q, output %q, error %v", command, out, err)
	}
	if got := versionOf(nil); !strings.HasPrefix(got, "rollcall (devel) (go") {
		t.Error(got)
	}
	if got := versionOf(&debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}}); !strings.HasPrefix(got, "rollcall v1.2.3 (go") {
		t.Error(got)
	}
}

func TestOutputThatFails(t *testing.T) {
	for _, args := range []string{"version", "--help"} {
		if _, _, err := Parse([]string{args}, environment(nil), broken{}); err == nil {
			t.Errorf("%s says nothing of output that fails", args)
		}
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("closed") }

func TestConfigPrintsNoSecret(t *testing.T) {
	_, c, _, err := parse(t, map[string]string{
		"SECRET_KEY":   strings.Repeat(marker, 5),
		"DATABASE_URL": "postgres://u:hunter2@db:5432/rollcall?password=hunter2",
		"SMTP_URL":     "smtps://u:hunter2@mail.example.com",
	})
	if err != nil {
		t.Fatal(err)
	}
	if c.SecretKey.Reveal() != strings.Repeat(marker, 5) || c.SMTP.Password.Reveal() != marker {
		t.Error("Reveal does not give the secret")
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("settings", "config", c, "secret", c.SecretKey)
	encoded, err := json.Marshal(struct{ K, S any }{c.SecretKey, c.SMTP})
	if err != nil {
		t.Fatal(err)
	}
	printed := log.String() + string(encoded)
	for _, v := range []any{c, &c, c.Database, c.SMTP, c.SecretKey} {
		printed += fmt.Sprintf("%v %+v %#v %s", v, v, v, v)
	}
	if strings.Contains(printed, marker) {
		t.Error(printed)
	}
	for _, want := range []string{"postgres://db:5432/rollcall", "smtps://mail.example.com:465", hidden} {
		if !strings.Contains(printed, want) {
			t.Errorf("%s is missing", want)
		}
	}
}
