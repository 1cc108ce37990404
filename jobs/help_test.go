package jobs

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"sync"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"rollcall/credential"
	"rollcall/internal/housetest"
	"rollcall/mail"
	"rollcall/models"
	"rollcall/roster"
	"rollcall/sso"
)

// post takes mail like a server would, and can be told what to answer.
type post struct {
	mu     sync.Mutex
	sent   []mail.Message
	answer func(m mail.Message) error
}

func (p *post) Send(_ context.Context, m mail.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.answer != nil {
		if err := p.answer(m); err != nil {
			return err
		}
	}
	p.sent = append(p.sent, m)
	return nil
}

func (p *post) all() []mail.Message {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]mail.Message(nil), p.sent...)
}

// replica is one server's share of the work, on a database handle of its own.
type replica struct {
	*Service
	t      testing.TB
	roster *roster.Service
}

func newReplica(t testing.TB, src models.Source, now func() time.Time, sender mail.Sender) *replica {
	t.Helper()
	return replicaOn(t, housetest.Open(t, src, now), now, sender)
}

func replicaOn(t testing.TB, db *models.DB, now func() time.Time, sender mail.Sender) *replica {
	t.Helper()
	trust := &sso.Service{DB: db, Now: now, BaseURL: "https://rollcall.test"}
	keys := &credential.Store{DB: db, Now: now}
	s, err := New(Options{
		DB: db, Now: now, Log: housetest.Logger(t), SSO: trust, Credentials: keys, Sender: sender,
		From: "Rollcall <rollcall@rollcall.test>", BaseURL: "https://rollcall.test", Retention: DefaultRetention, tune: quick,
	})
	if err != nil {
		t.Fatal(err)
	}
	people := &roster.Service{DB: db, Now: now, TombstoneKey: []byte("0123456789abcdef0123456789abcdef"), Credentials: keys, Announce: s.Announce}
	s.AlsoAnnounce = []func(context.Context) error{people.Watch}
	trust.Announce, keys.Announce, keys.LinkKey = s.Announce, s.Announce, []byte("0123456789abcdef0123456789abcdef")
	return &replica{Service: s, t: t, roster: people}
}

// quick has no timetable, tries again at once and soon gives up on the dead.
func quick(c *river.Config) {
	c.JobTimeout, c.RescueStuckJobsAfter, c.RetryPolicy, c.PeriodicJobs = 10*time.Second, 12*time.Second, soon{}, nil
	c.FetchCooldown, c.FetchPollInterval = 5*time.Millisecond, 10*time.Millisecond
}

type soon struct{}

func (soon) NextRetry(*rivertype.JobRow) time.Time { return time.Now().Add(time.Millisecond) }

// work starts the replica and stops it with the test.
func (r *replica) work() {
	r.t.Helper()
	if err := r.Start(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { r.halt() })
}

func (r *replica) halt() {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if err := r.Stop(ctx); err != nil {
		r.t.Errorf("stopping: %v", err)
	}
}

// drained waits until no job is left that could be done now.
func (r *replica) drained() {
	r.t.Helper()
	until := time.After(5 * time.Minute)
	for {
		var n int64
		if err := r.DB.Read(r.t.Context()).Raw("SELECT count(*) FROM river_job WHERE state IN ('available', 'running', 'retryable', 'scheduled')").Scan(&n).Error; err != nil {
			r.t.Fatal(err)
		}
		if n == 0 {
			return
		}
		select {
		case <-until:
			var left []map[string]any
			r.DB.Read(r.t.Context()).Raw("SELECT kind, state, attempt, args, errors FROM river_job WHERE state IN ('available', 'running', 'retryable', 'scheduled')").Scan(&left)
			r.t.Fatalf("%d jobs are left: %v", n, left)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func (r *replica) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// team makes a team with admins and an identity provider.
func (r *replica) team(slug string, admins ...string) (models.Team, models.IdentityProvider) {
	r.t.Helper()
	ctx := housetest.AsOperator(r.t.Context())
	team, err := r.roster.CreateTeam(ctx, roster.NewTeam{Slug: slug, Name: slug, Plan: models.PlanEnterprise})
	r.must(err)
	for _, a := range admins {
		r.admin(team.ID, a)
	}
	p, err := r.SSO.CreateIdentityProvider(ctx, sso.NewIdentityProvider{TeamID: team.ID, EntityID: "https://idp." + slug + ".test", SsoURL: "https://idp." + slug + ".test/sso"})
	r.must(err)
	return team, p
}

func (r *replica) admin(team models.ID, address string) models.Membership {
	r.t.Helper()
	m, err := r.roster.Add(housetest.AsSystem(r.t.Context()), roster.NewMember{
		TeamID: team, Kind: models.KindPerson, Role: models.RoleAdmin, Person: roster.Person{Email: address, Name: address},
	})
	r.must(err)
	return m.Membership
}

var signKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

var serials struct {
	sync.Mutex
	n int64
}

// certificate is a signing certificate in PEM; each is another one.
func certificate(t testing.TB, from, until time.Time) string {
	t.Helper()
	serials.Lock()
	serials.n++
	n := serials.n
	serials.Unlock()
	about := &x509.Certificate{SerialNumber: big.NewInt(n), Subject: pkix.Name{CommonName: fmt.Sprintf("idp %d", n)}, NotBefore: from, NotAfter: until}
	der, err := x509.CreateCertificate(rand.Reader, about, about, &signKey().PublicKey, signKey())
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func rowsOf[T any](t testing.TB, db *models.DB, where string, args ...any) []T {
	t.Helper()
	var found []T
	if err := db.Read(t.Context()).Where(where, args...).Find(&found).Error; err != nil {
		t.Fatal(err)
	}
	return found
}
