package config

import (
	"errors"
	"io"
	"regexp"
	"strings"

	"github.com/alecthomas/kong"
)

// envPrefix stands in front of every setting's environment variable.
const envPrefix = "ROLLCALL_"

// commandLine is the grammar. Every value is a plain string here, so that one
// place, Settings.check, says what is wrong with it and says it alike.
type commandLine struct {
	Settings
	Serve   struct{} `cmd:"" default:"1" help:"Serve. The embedded database is brought up to date first; on an empty database a one-time operator API key is printed. This is what happens without a command."`
	Demo    struct{} `cmd:"" help:"Serve on a throw-away database with a built-in test identity provider and the team acme wired to it; prints every URL and key needed to try it. For this machine only: the test identity provider asks for no password."`
	Migrate struct{} `cmd:"" help:"Bring the database up to date and exit."`
	Keys    struct {
		Create struct {
			Operator bool   `required:"" help:"Make an operator key, which opens every team; the only kind that is made here."`
			Name     string `required:"" placeholder:"NAME" help:"What the key is for, as lists will show it."`
		} `cmd:"" help:"Print a new operator API key, and only the key, on standard output."`
	} `cmd:"" help:"Manage operator API keys."`
	Users struct {
		CreateAdmin struct {
			Team  string `required:"" placeholder:"TEAM" help:"The short name of the team."`
			Email string `required:"" placeholder:"ADDRESS" help:"The e-mail address of the admin."`
			Name  string `placeholder:"NAME" help:"The name of somebody who has no account yet."`
			Mail  bool   `help:"Mail the link in place of printing it."`
		} `cmd:"" help:"Make somebody a direct admin of a team, or raise a member with an account of their own. A link by which they set a password once within an hour, and only the link, is printed on standard output; with --mail it is mailed and works for seven days."`
	} `cmd:"" help:"Manage people."`
	SSO struct {
		Relax struct {
			Team string `arg:"" placeholder:"TEAM" help:"The short name of the team."`
		} `cmd:"" help:"Take a team's enforcement of single sign-on back, on the day that its identity provider is down and nobody gets in. Its admins are mailed."`
	} `cmd:"" name:"sso" help:"Manage single sign-on."`
	Version struct{} `cmd:"" help:"Print the version and exit."`

	command Command
}

// Settings are the flags that have an environment variable of the same name.
type Settings struct {
	Addr           string `group:"settings" default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Address and port to listen on."`
	BaseURL        string `group:"settings" name:"base-url" placeholder:"URL" help:"How browsers and identity providers reach this server: https://HOST, or http://HOST:PORT on this machine. Without it: http:// and the address."`
	DatabaseURL    string `group:"settings" name:"database-url" default:"sqlite:rollcall.db" placeholder:"URL" help:"sqlite:PATH for an embedded database, or postgres://USER:PASSWORD@HOST:PORT/NAME."`
	SMTPURL        string `group:"settings" name:"smtp-url" placeholder:"URL" help:"Where mail goes: smtp://USER:PASSWORD@HOST:PORT (STARTTLS, which only a server on this machine may lack), smtps:// for TLS from the first byte, file:FOLDER for one file a message, or log: for the log. Without it: the log."`
	MailFrom       string `group:"settings" placeholder:"ADDRESS" help:"Sender of mail. Without it: rollcall@ and the host of the base URL."`
	OperatorMail   string `group:"settings" placeholder:"LIST" help:"Up to five addresses, separated by commas, of those who run this server. They are told what the admins of a team would be when the team has none. Without it: the log and the metrics say so."`
	SecretKey      string `group:"settings" placeholder:"TEXT" help:"At least 32 characters that nobody can guess, the same for all replicas; make them with openssl rand -base64 32. Better in the environment than in a flag, which other users of the machine can see. Needed unless the base URL is one of this machine; then it is generated once and kept beside the database."`
	LogFormat      string `group:"settings" default:"text" placeholder:"FORMAT" help:"text or json."`
	TrustedProxies string `group:"settings" placeholder:"LIST" help:"Addresses and networks of the reverse proxies in front, separated by commas. Only they are believed about whom a request comes from."`
	MetricsAddr    string `group:"settings" placeholder:"HOST:PORT" help:"Address and port of their own for /metrics, which then asks for no key; keep it closed to strangers. Without it: /metrics is beside everything else and asks for an operator key."`
	MetadataNets   string `group:"settings" name:"metadata-networks" placeholder:"LIST" help:"Private networks in which identity providers publish their metadata, separated by commas. Without it, metadata is fetched from public addresses only."`
	Retention      string `group:"settings" placeholder:"LIST" help:"Days for which what is over is kept, 0 being for ever, as NAME=DAYS separated by commas. The names and what holds without them: attempts=30, credentials=90, history=0, mails=400."`
	Jobs           string `group:"settings" default:"listen" placeholder:"WHICH" help:"listen, or poll for PostgreSQL-compatible databases and proxies without LISTEN and NOTIFY."`
	TrustedDocs    string `group:"settings" name:"trusted-documents" placeholder:"FILE" help:"A manifest of GraphQL documents, as graphql-codegen, Relay or Apollo write it. Sessions may then send no others; API keys may. Without it: any document."`
	GraphiQL       string `group:"settings" name:"graphiql" default:"false" placeholder:"WHICH" help:"true serves the query editor GraphiQL at /graphiql/; the demo always does."`
	RateLimit      string `group:"settings" default:"default" placeholder:"WHICH" help:"default, or off for load tests."`
}

// read parses the command line and fills the gaps from the environment.
func read(args []string, env func(string) (string, bool), out io.Writer) (*commandLine, error) {
	line, answered := &commandLine{}, false
	parser, err := kong.New(line,
		kong.Name("rollcall"),
		kong.Writers(out, out),
		kong.Help(help),
		// kong ends the process after help. Here it goes on parsing, to no effect.
		kong.Exit(func(int) { answered = true }),
		kong.Resolvers(kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
			if flag.Group == nil || flag.Group.Key != "settings" {
				return nil, nil
			}
			if v, ok := env(envName(flag.Name)); ok && v != "" {
				return v, nil
			}
			return nil, nil
		})),
	)
	if err != nil {
		return nil, err
	}
	parsed, err := parser.Parse(args)
	switch {
	case answered:
		return line, nil
	case err != nil:
		return nil, misread(err)
	case parsed.Command() == "version":
		_, err := io.WriteString(out, Version()+"\n")
		return line, err
	}
	// kong writes the places of arguments behind a command's name.
	name, _, _ := strings.Cut(parsed.Command(), " <")
	line.command = Command(name)
	return line, nil
}

func envName(flag string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// harmless are kong's messages that repeat nothing but the grammar's own words
// and at most one short word of small letters.
var harmless = regexp.MustCompile(`^(missing flags: [-a-zA-Z=, ]+` +
	`|expected (one of )?"[-a-z<>", .]+` +
	`|(unexpected argument|unknown flag) -{0,2}[a-z][-a-z]{0,23}(, did you mean [-a-z", ]+\?)?)$`)

// misread turns kong's error into one line for the reader. Its other messages
// quote what was typed, which may be a secret.
func misread(err error) error {
	text := "the command line cannot be understood"
	if harmless.MatchString(err.Error()) {
		text = err.Error()
	}
	return errors.New(text + "; rollcall --help shows what can be written")
}
