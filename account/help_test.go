package account_test

import (
	"context"
	"encoding/base32"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"
	"github.com/pquerna/otp/totp"
	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/account"
	"rollcall/credential"
	"rollcall/fault"
	"rollcall/internal/housetest"
	"rollcall/models"
	"rollcall/roster"
	"rollcall/sso"
)

const (
	base  = "https://rollcall.test"
	good  = "mauve otter rinses nine"
	other = "seven lamps under water"
)

// house is the room on a real database, with a team that does without single
// sign-on.
type house struct {
	testing.TB
	db    *models.DB
	clock *housetest.Clock
	*account.Service
	store  *credential.Store
	roster *roster.Service
	told   *housetest.Notices
	team   models.Team
	names  atomic.Int64
}

func eachHouse(t *testing.T, fn func(t *testing.T, h *house)) {
	t.Helper()
	t.Parallel()
	housetest.EachSource(t, func(t *testing.T, src models.Source) {
		clock := housetest.NewClock()
		db := housetest.Open(t, src, clock.Now)
		fn(t, furnish(t, db, clock))
	})
}

func furnish(t testing.TB, db *models.DB, clock *housetest.Clock) *house {
	h := &house{TB: t, db: db, clock: clock, told: &housetest.Notices{}, store: &credential.Store{DB: db, Now: clock.Now}}
	ring, err := h.store.Unlock(t.Context(), "the secret key of this installation", "")
	h.must(err)
	h.store.LinkKey, err = ring.For("one-time links")
	h.must(err)
	h.roster = &roster.Service{DB: db, Now: clock.Now, TombstoneKey: []byte("0123456789abcdef0123456789abcdef")}
	h.Service = h.replica()
	h.team = h.found("acme")
	return h
}

// replica is one more of the room over the same database.
func (h *house) replica() *account.Service {
	h.Helper()
	ring, err := h.store.Unlock(h.Context(), "the secret key of this installation", "")
	h.must(err)
	sealing, err := ring.AEAD("second factors")
	h.must(err)
	return &account.Service{
		DB: h.db, Now: h.clock.Now, Sealing: sealing, Credentials: h.store, Announce: h.told.Announce, BaseURL: base,
		KeepingFactors: sso.KeepingFactors, Params: account.Params{MemoryKiB: 64, Passes: 1},
	}
}

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

func (h *house) operator() context.Context { return housetest.AsOperator(h.Context()) }

// from is the context of a browser's request.
func (h *house) from(ip string) context.Context {
	return access.WithRequest(h.Context(), access.Request{ID: "req-1", IP: ip, UserAgent: "test"})
}

func (h *house) here() context.Context { return h.from("192.0.2.7") }

func (h *house) found(slug string) models.Team {
	h.Helper()
	team, err := h.roster.CreateTeam(h.operator(), roster.NewTeam{Slug: slug, Name: slug, Plan: models.PlanEnterprise})
	h.must(err)
	return team
}

// state puts a team's single sign-on into a state.
func (h *house) state(team models.Team, s models.SsoState) {
	h.Helper()
	housetest.Update(h, h.db, &models.SsoSettings{}, map[string]any{"state": s}, "team_id = ?", team.ID)
}

// add puts somebody on a team, with a password unless it is "".
func (h *house) add(team models.Team, role models.Role, password string) roster.Member {
	h.Helper()
	email := fmt.Sprintf("person%d@acme.test", h.names.Add(1))
	return h.join(team, role, email, password)
}

func (h *house) join(team models.Team, role models.Role, email, password string) roster.Member {
	h.Helper()
	m, err := h.roster.Add(h.operator(), roster.NewMember{TeamID: team.ID, Kind: models.KindPerson, Role: role, Person: roster.Person{Email: email}})
	h.must(err)
	if password != "" {
		h.password(m, password)
	}
	return m
}

// robot describes an integration of the house's team.
func (h *house) robot() roster.NewMember {
	email := fmt.Sprintf("robot%d@acme.test", h.names.Add(1))
	return roster.NewMember{TeamID: h.team.ID, Kind: models.KindIntegration, Role: models.RoleMember, Person: roster.Person{Email: email}}
}

// password gives somebody one past the pages.
func (h *house) password(m roster.Member, password string) {
	h.Helper()
	p, err := h.Prepare(h.Context(), password)
	h.must(err)
	h.must(h.db.InTx(h.Context(), func(tx *gorm.DB) error { return h.SetPassword(h.Context(), tx, m.UserID, p, "") }))
}

// managed puts a member under single sign-on.
func (h *house) managed(m roster.Member) {
	h.Helper()
	housetest.Update(h, h.db, &models.Membership{}, map[string]any{"sso_linked_at": h.clock.Now()}, "id = ?", m.ID)
}

// signIn is a finished sign-in by a password alone.
func (h *house) signIn(m roster.Member, password string) account.Progress {
	h.Helper()
	p, err := h.Password(h.here(), m.User.Email, password, "/")
	h.must(err)
	if p.Stage != account.StageDone {
		h.Fatalf("the sign-in waits for %s", p.Stage)
	}
	return p
}

// as is the context of a request with a session.
func (h *house) as(secret string) context.Context {
	h.Helper()
	a, err := h.store.AuthenticateSession(h.here(), secret)
	h.must(err)
	return access.With(h.here(), a)
}

func (h *house) alive(secret string) bool {
	_, err := h.store.AuthenticateSession(h.Context(), secret)
	return err == nil
}

// app is an authenticator app.
type app struct{ secret string }

// appOf reads the key as the app's camera does.
func (h *house) appOf(key account.Totp) app {
	h.Helper()
	u, err := url.Parse(key.URI)
	h.must(err)
	secret := u.Query().Get("secret")
	if strings.ReplaceAll(key.Key, " ", "") != secret {
		h.Fatalf("the key %q is not the secret of %q", key.Key, key.URI)
	}
	if raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret); err != nil || len(raw) != 20 {
		h.Fatalf("secret %q: %v", secret, err)
	}
	return app{secret}
}

// code is what the app shows at a distance from now.
func (h *house) code(a app, from time.Duration) string {
	h.Helper()
	code, err := totp.GenerateCode(a.secret, h.clock.Now().Add(from))
	h.must(err)
	return code
}

// withTotp adds an app to a person's account and returns the backup codes too.
func (h *house) withTotp(m roster.Member) (app, []string) {
	h.Helper()
	ctx := h.as(h.signIn(m, good).Session)
	key, err := h.AddTotp(ctx, account.Proof{Password: good}, "phone")
	h.must(err)
	a := h.appOf(key)
	codes, err := h.ConfirmTotp(ctx, key.Factor.ID, h.code(a, 0))
	h.must(err)
	h.clock.Advance(time.Minute)
	return a, codes
}

// device is an authenticator for passkeys.
type device struct {
	virtualwebauthn.Authenticator
	key    virtualwebauthn.Credential
	origin string
	rp     string
}

// wholeKey is a key whose numbers begin with no zero: the authenticator would
// leave that out, which nobody may (RFC 9053 section 7.1.1), in one of 128 keys.
func wholeKey() virtualwebauthn.Credential {
	const whole = 77 // bytes of a key on P-256 in CBOR
	for {
		if key := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2); len(key.Key.AttestationData()) == whole {
			return key
		}
	}
}

func newDevice(m roster.Member) *device {
	return &device{
		Authenticator: virtualwebauthn.NewAuthenticatorWithOptions(virtualwebauthn.AuthenticatorOptions{UserHandle: handle(m.UserID)}),
		key:           wholeKey(), origin: base, rp: "rollcall.test",
	}
}

func (d *device) party() virtualwebauthn.RelyingParty {
	return virtualwebauthn.RelyingParty{ID: d.rp, Name: "Rollcall", Origin: d.origin}
}

func (d *device) make(t testing.TB, options string) string {
	t.Helper()
	o, err := virtualwebauthn.ParseAttestationOptions(options)
	if err != nil {
		t.Fatal(err)
	}
	return virtualwebauthn.CreateAttestationResponse(d.party(), d.Authenticator, d.key, *o)
}

func (d *device) answer(t testing.TB, options string) string {
	t.Helper()
	o, err := virtualwebauthn.ParseAssertionOptions(options)
	if err != nil {
		t.Fatal(err)
	}
	d.key.Counter++
	return virtualwebauthn.CreateAssertionResponse(d.party(), d.Authenticator, d.key, *o)
}

// withPasskey adds a passkey to a person's account.
func (h *house) withPasskey(m roster.Member) *device {
	h.Helper()
	d := newDevice(m)
	ctx := h.as(h.signIn(m, good).Session)
	options, step, err := h.AddPasskey(ctx, account.Proof{Password: good}, "laptop")
	h.must(err)
	_, err = h.KeepPasskey(ctx, step, d.make(h, options))
	h.must(err)
	return d
}

// handle is a user as authenticators know them.
func handle(id models.ID) []byte {
	raw, err := hex.DecodeString(strings.ReplaceAll(string(id), "-", ""))
	if err != nil {
		panic(err)
	}
	return raw
}

// link is the address out of the newest mail of a kind.
func (h *house) link(kind string) string {
	h.Helper()
	n, ok := h.told.Last(kind)
	if !ok || n.LinkID == nil {
		h.Fatalf("no mail %s with a link among %v", kind, h.told.Kinds())
	}
	var row models.OneTimeLink
	h.must(h.db.Read(h.Context()).Where("id = ?", *n.LinkID).Take(&row).Error)
	address, err := h.store.LinkURL(base, row)
	h.must(err)
	_, token, ok := strings.Cut(address, "/password?t=")
	if !ok {
		h.Fatalf("the link is %s", address)
	}
	return token
}

func (h *house) count(row any, where string, args ...any) int64 {
	h.Helper()
	var n int64
	h.must(h.db.Read(h.Context()).Model(row).Where(where, args...).Count(&n).Error)
	return n
}

// ended fails the test unless err is a fault of this code; "" is success.
func ended(t testing.TB, what string, err error, code fault.Code) {
	t.Helper()
	if code == "" && err != nil || code != "" && !fault.Is(err, code) {
		t.Errorf("%s: got %v, want %q", what, err, code)
	}
}

// together runs all at once and counts how each ended.
func together(t *testing.T, runs ...func() error) map[fault.Code]int {
	t.Helper()
	ends := map[fault.Code]int{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i, run := range runs {
		wg.Go(func() {
			<-start
			err := run()
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

func times(n int, run func(i int) error) (runs []func() error) {
	for i := range n {
		runs = append(runs, func() error { return run(i) })
	}
	return runs
}
