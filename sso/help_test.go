package sso_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/credential"
	"rollcall/fault"
	"rollcall/internal/housetest"
	"rollcall/internal/idptest"
	"rollcall/models"
	"rollcall/saml"
	"rollcall/sso"
)

const (
	base    = "https://rollcall.test"
	browser = "the secret in the cookie of this browser"
)

// The person whom the identity providers of nearly every test vouch for.
var ada = idptest.Person{NameID: "ada@acme.test", NameIDFormat: saml.FormatEmailAddress, Email: "ada@acme.test", FirstName: "Ada", LastName: "Lovelace"}

// house is the room on a real database.
type house struct {
	*testing.T
	db    *models.DB
	clock *housetest.Clock
	sso   *sso.Service
}

// eachHouse runs fn in a new house on each database. Making the databases is
// most of a test's time, so tests run side by side.
func eachHouse(t *testing.T, fn func(t *testing.T, h *house)) {
	t.Helper()
	t.Parallel()
	housetest.EachSource(t, func(t *testing.T, src models.Source) {
		clock := housetest.NewClock()
		db := housetest.Open(t, src, clock.Now)
		ring, err := (&credential.Store{DB: db, Now: clock.Now}).Unlock(t.Context(), "the secret key of this installation", "")
		if err != nil {
			t.Fatal(err)
		}
		keys, err := ring.AEAD("service provider keys")
		if err != nil {
			t.Fatal(err)
		}
		fn(t, &house{T: t, db: db, clock: clock, sso: &sso.Service{
			DB: db, Now: clock.Now, BaseURL: base, Keys: keys,
			Credentials: &credential.Store{DB: db, Now: clock.Now, LinkKey: []byte("fedcba9876543210fedcba9876543210")},
		}})
	})
}

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

func (h *house) operator() context.Context { return housetest.AsOperator(h.Context()) }

// newTeam makes a team with its settings in draft.
func (h *house) newTeam(slug string, plan models.Plan) models.Team {
	h.Helper()
	now := h.clock.Now()
	team := models.Team{ID: newID(h), Slug: slug, Name: slug, Plan: plan, Revision: 1, CreatedAt: now, UpdatedAt: now}
	h.must(h.db.InTx(h.Context(), func(tx *gorm.DB) error {
		if err := tx.Create(&team).Error; err != nil {
			return err
		}
		return sso.Prepare(tx, team.ID, now)
	}))
	return team
}

// found makes a team whose people sign in by an identity provider of its own.
func (h *house) found(slug string) (models.Team, *idptest.IDP) {
	h.Helper()
	team, idp := h.newTeam(slug, models.PlanEnterprise), h.newIDP(slug)
	h.create(team, idp)
	_, err := h.sso.Enable(h.operator(), team.ID, true)
	h.must(err)
	return team, idp
}

// create adds an identity provider to a team by hand.
func (h *house) create(team models.Team, idp *idptest.IDP) models.IdentityProvider {
	h.Helper()
	p, err := h.sso.CreateIdentityProvider(h.operator(), sso.NewIdentityProvider{
		TeamID: team.ID, EntityID: idp.EntityID, SsoURL: idp.SSOURL, Certificates: []string{idp.CertificatePEM()},
	})
	h.must(err)
	return p
}

// templates are identity providers with keys that were made once, because that
// is slow.
var templates = struct {
	sync.Mutex
	made map[string]*idptest.IDP
}{made: map[string]*idptest.IDP{}}

// newIDP is an identity provider with a key of its own for each name.
func (h *house) newIDP(name string) *idptest.IDP {
	h.Helper()
	templates.Lock()
	defer templates.Unlock()
	if templates.made[name] == nil {
		idp, err := idptest.New("https://"+name+".idp.test/entity", "https://"+name+".idp.test/sso", housetest.NewClock().Now)
		h.must(err)
		templates.made[name] = idp
	}
	dup := *templates.made[name]
	dup.Now = h.clock.Now
	return &dup
}

// certKey signs all certificates that are only looked at.
var certKey = sync.OnceValues(func() (*ecdsa.PrivateKey, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) })

// certificate is a new certificate, valid between two distances from now.
func (h *house) certificate(from, until time.Duration) *x509.Certificate {
	h.Helper()
	key, err := certKey()
	h.must(err)
	c, err := idptest.SelfSigned(key, h.clock.Now().Add(from), h.clock.Now().Add(until))
	h.must(err)
	return c
}

// pemOf is a certificate as admins paste it.
func pemOf(c *x509.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
}

// live is the text of a new certificate that is valid now.
func (h *house) live() string { return pemOf(h.certificate(-time.Hour, day)) }

const day = 24 * time.Hour

// member is somebody on a team, as far as this room looks at them.
func member(h *house, team models.Team, role models.Role) (models.Membership, models.User) {
	id := newID(h)
	return models.Membership{ID: id, TeamID: team.ID, UserID: id, Role: role}, models.User{ID: id, Email: "someone@" + team.Slug + ".test"}
}

func as(h *house, team models.Team, role models.Role) context.Context {
	m, u := member(h, team, role)
	return housetest.AsMember(h.Context(), m, u)
}

func with(h *house, team models.Team, role models.Role, scopes ...models.Scope) context.Context {
	m, u := member(h, team, role)
	return housetest.AsKey(h.Context(), m, u, scopes...)
}

// request is a context that a browser's request came with.
func (h *house) request() context.Context {
	return access.WithRequest(h.Context(), access.Request{ID: "req-1", IP: "192.0.2.7", UserAgent: "test"})
}

// begin starts a sign-in and returns the request's id.
func (h *house) begin(team models.Team) string {
	h.Helper()
	start, err := h.sso.Begin(h.request(), team.Slug, browser, "/welcome", "")
	h.must(err)
	return start.RequestID
}

// about is the usual good response about Ada.
func (h *house) about(idp *idptest.IDP, team models.Team, requestID string) idptest.Response {
	return idp.About(ada, h.sso.ServiceProvider(team.Slug), requestID)
}

func (h *house) respond(idp *idptest.IDP, r idptest.Response) string {
	h.Helper()
	packed, err := idp.Respond(r)
	h.must(err)
	return packed
}

// judge posts a message to a team.
func (h *house) judge(team models.Team, packed string) (sso.Login, models.ID, error) {
	return h.sso.Judge(h.request(), team.Slug, packed, "/wanted", browser)
}

// accepted posts a message that has to be accepted.
func (h *house) accepted(team models.Team, packed string) sso.Login {
	h.Helper()
	login, attempt, err := h.judge(team, packed)
	if err != nil || attempt != "" {
		h.Fatalf("refused: %v; attempt %q", err, attempt)
	}
	return login
}

// attempt reads a stored attempt.
func (h *house) attempt(id models.ID) models.LoginAttempt {
	h.Helper()
	var row models.LoginAttempt
	h.must(h.db.Read(h.Context()).Where("id = ?", id).Take(&row).Error)
	return row
}

// count counts rows.
func (h *house) count(row any, where string, args ...any) int64 {
	h.Helper()
	var n int64
	h.must(h.db.Read(h.Context()).Model(row).Where(where, args...).Count(&n).Error)
	return n
}

// events are the actions in the history of a team, oldest first.
func (h *house) events(team models.Team) (actions []string) {
	h.Helper()
	h.must(h.db.Read(h.Context()).Model(&models.AuditEvent{}).Where("team_id = ?", team.ID).Order("id").Pluck("action", &actions).Error)
	return actions
}

// update changes a row past the domain.
func (h *house) update(row any, id models.ID, columns map[string]any) {
	h.Helper()
	h.must(h.db.InTx(h.Context(), func(tx *gorm.DB) error { return tx.Model(row).Where("id = ?", id).Updates(columns).Error }))
}

// state sets how far a team's single sign-on is, past the domain.
func (h *house) state(team models.Team, state models.SsoState) {
	h.Helper()
	settings, err := h.sso.Settings(h.operator(), team.ID)
	h.must(err)
	h.update(&models.SsoSettings{}, settings.ID, map[string]any{"state": state})
}

// together runs fn n times at once and counts how each run ended: by the
// fault's code, "" for success.
func together(t *testing.T, n int, fn func(i int) error) map[fault.Code]int {
	t.Helper()
	ends := map[fault.Code]int{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			err := fn(i)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				ends[""]++
				return
			}
			if _, ok := fault.As(err); !ok {
				t.Errorf("run %d failed: %v", i, err)
			}
			ends[fault.CodeOf(err)]++
		})
	}
	close(start)
	wg.Wait()
	return ends
}

func newID(t testing.TB) models.ID {
	t.Helper()
	id, err := models.NewID()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// ended fails the test unless err is a fault of this code; "" is success.
func ended(t testing.TB, what string, err error, code fault.Code) {
	t.Helper()
	if code == "" && err != nil || code != "" && !fault.Is(err, code) {
		t.Errorf("%s: got %v, want %q", what, err, code)
	}
}

// same fails the test unless two values print alike.
func same(t testing.TB, what string, got, want any) {
	t.Helper()
	if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
		t.Errorf("%s: got %s, want %s", what, g, w)
	}
}

func ptr[T any](v T) *T { return &v }
