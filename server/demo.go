package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"rollcall/config"
	"rollcall/internal/idptest"
	"rollcall/mail"
	"rollcall/models"
	"rollcall/roster"
	"rollcall/saml"
	"rollcall/sso"
)

// demoTeam is the slug of the team that the demo seeds.
const demoTeam = "acme"

// demo serves a throw-away database with a team that is wired to a built-in
// test identity provider, and prints how to try it. Everything is on this
// machine: the test identity provider asks for no password.
func demo(ctx context.Context, cfg config.Config, log *slog.Logger, now func() time.Time, out io.Writer) error {
	if !cfg.Loopback() {
		return errors.New("demo is for this machine only: leave BASE_URL unset or make it http://127.0.0.1:8080")
	}
	dir, err := os.MkdirTemp("", "rollcall-demo-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	cfg.Database = config.Database{Dialect: config.SQLite, DSN: filepath.Join(dir, "demo.db")}
	rooms, err := Open(ctx, cfg, log, now)
	if err != nil {
		return err
	}
	defer rooms.close()
	rooms.Stopping, rooms.Explorer = ctx.Done(), true

	front, err := net.Listen("tcp", cfg.Addr)
	if err != nil {
		return fmt.Errorf("cannot listen: %w", err)
	}
	back, err := demoListener(front)
	if err != nil {
		return errors.Join(err, front.Close())
	}
	idp, err := demoIDP(back.Addr().String(), now, rooms.SSO.ServiceProvider(demoTeam))
	if err != nil {
		return errors.Join(err, front.Close(), back.Close())
	}
	sent := &mail.Capture{Next: rooms.Jobs.Sender}
	rooms.Jobs.Sender = sent
	beside := http.NewServeMux()
	beside.Handle("/", idp.Handler())
	beside.Handle("GET /mail", showMails(sent))
	keys, err := rooms.seed(ctx, idp)
	if err == nil {
		keys.URL, keys.IDP, keys.Mail = cfg.BaseURL, idp.SSOURL, "http://"+back.Addr().String()+"/mail"
		err = writeTour(out, keys)
	}
	if err != nil {
		return errors.Join(err, front.Close(), back.Close())
	}
	return rooms.while(ctx, func(ctx context.Context) error {
		return together(ctx,
			func(ctx context.Context) error { return Listen(ctx, back, beside, log) },
			func(ctx context.Context) error { return Listen(ctx, front, rooms.Handler(), log) })
	})
}

// demoListener takes the port after the server's or, when that is taken, any.
func demoListener(front net.Listener) (net.Listener, error) {
	host := "127.0.0.1"
	if address, ok := front.Addr().(*net.TCPAddr); ok {
		if l, err := net.Listen("tcp", net.JoinHostPort(host, fmt.Sprint(address.Port+1))); err == nil {
			return l, nil
		}
	}
	return net.Listen("tcp", net.JoinHostPort(host, "0"))
}

// together runs servers; when one ends, so do the others.
func together(ctx context.Context, servers ...func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, len(servers))
	for _, run := range servers {
		go func() {
			defer cancel()
			ended <- run(ctx)
		}()
	}
	var errs []error
	for range servers {
		errs = append(errs, <-ended)
	}
	return errors.Join(errs...)
}

func demoIDP(address string, now func() time.Time, sp saml.ServiceProvider) (*idptest.IDP, error) {
	base := "http://" + address
	idp, err := idptest.New(base+"/metadata", base+"/sso", now)
	if err != nil {
		return nil, err
	}
	idp.ServiceProviders = []saml.ServiceProvider{sp}
	for _, p := range [][3]string{{"ada", "Ada", "Lovelace"}, {"grace", "Grace", "Hopper"}, {"alan", "Alan", "Turing"}} {
		address := p[0] + "@acme.test"
		idp.People = append(idp.People, idptest.Person{
			NameID: address, NameIDFormat: saml.FormatEmailAddress, Email: address, FirstName: p[1], LastName: p[2],
		})
	}
	return idp, nil
}

// seed sets the team up through the same verbs that the doors use.
func (r *Rooms) seed(ctx context.Context, idp *idptest.IDP) (tourKeys, error) {
	var keys tourKeys
	ctx = AsSystem(ctx)
	team, err := r.Roster.CreateTeam(ctx, roster.NewTeam{Slug: demoTeam, Name: "Acme", Plan: models.PlanEnterprise})
	if err != nil {
		return keys, err
	}
	if _, err := r.Roster.Add(ctx, roster.NewMember{
		TeamID: team.ID, Kind: models.KindPerson, Role: models.RoleAdmin,
		Person: roster.Person{Email: "root@acme.test", Name: "Break Glass"},
	}); err != nil {
		return keys, err
	}
	if _, err := r.SSO.ImportMetadata(ctx, team.ID, string(idp.Metadata())); err != nil {
		return keys, err
	}
	yes := true
	if _, err := r.SSO.UpdateSettings(ctx, team.ID, sso.SettingsChange{IdpInitiatedEnabled: &yes}); err != nil {
		return keys, err
	}
	if _, err := r.SSO.Enable(ctx, team.ID, true); err != nil {
		return keys, err
	}
	return r.demoKeys(ctx, team.ID)
}
