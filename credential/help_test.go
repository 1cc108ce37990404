package credential_test

import (
	"context"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gorm.io/gorm"

	"rollcall/credential"
	"rollcall/fault"
	"rollcall/internal/housetest"
	"rollcall/models"
	"rollcall/roster"
)

// house is the room on a real database, with a team and a roster that puts
// people on it.
type house struct {
	*testing.T
	db     *models.DB
	clock  *housetest.Clock
	store  *credential.Store
	roster *roster.Service
	team   models.Team
	people atomic.Int64
}

// eachHouse runs fn in a new house on each database. Making the databases is
// most of a test's time, so tests run side by side.
func eachHouse(t *testing.T, fn func(t *testing.T, h *house)) {
	t.Helper()
	t.Parallel()
	housetest.EachSource(t, func(t *testing.T, src models.Source) {
		clock := housetest.NewClock()
		fn(t, newHouse(t, housetest.Open(t, src, clock.Now), clock))
	})
}

func newHouse(t *testing.T, db *models.DB, clock *housetest.Clock) *house {
	t.Helper()
	h := &house{
		T: t, db: db, clock: clock, store: &credential.Store{DB: db, Now: clock.Now},
		roster: &roster.Service{DB: db, Now: clock.Now, TombstoneKey: []byte("0123456789abcdef0123456789abcdef")},
	}
	h.team = h.found("acme", models.PlanEnterprise)
	return h
}

func (h *house) operator() context.Context { return housetest.AsOperator(h.Context()) }

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// found makes a team.
func (h *house) found(slug string, plan models.Plan) models.Team {
	h.Helper()
	team, err := h.roster.CreateTeam(h.operator(), roster.NewTeam{Slug: slug, Name: slug, Plan: plan})
	h.must(err)
	return team
}

// add puts somebody with an account of their own on a team.
func (h *house) add(team models.Team, kind models.UserKind, role models.Role) roster.Member {
	h.Helper()
	m, err := h.roster.Add(h.operator(), roster.NewMember{
		TeamID: team.ID, Kind: kind, Role: role, Person: roster.Person{Email: h.address(team)},
	})
	h.must(err)
	return m
}

// direct is a person of the house's team with an account of their own.
func (h *house) direct(role models.Role) roster.Member { return h.add(h.team, models.KindPerson, role) }

// provisioned is a person whom the team's identity provider manages.
func (h *house) provisioned() roster.Member {
	h.Helper()
	address := h.address(h.team)
	m, err := h.roster.ProvisionScim(housetest.AsScim(h.Context(), h.team.ID), h.team.ID, roster.ScimUser{UserName: address, Email: address, Active: true})
	h.must(err)
	return m
}

func (h *house) address(team models.Team) string {
	return fmt.Sprintf("person%d@%s.test", h.people.Add(1), team.Slug)
}

// signedIn notes that a person came through the identity provider at a time.
func (h *house) signedIn(m roster.Member, nameID string, at time.Time) {
	h.Helper()
	h.must(h.db.InTx(h.Context(), func(tx *gorm.DB) error {
		return tx.Create(&models.ExternalIdentity{
			ID: newID(h), TeamID: m.TeamID, MembershipID: m.ID, Issuer: "https://idp.test", NameID: nameID, CreatedAt: at, LastLoginAt: at,
		}).Error
	}))
}

// key makes an API key as its owner does.
func (h *house) key(m roster.Member, scopes ...models.Scope) (models.APIKey, string) {
	h.Helper()
	if len(scopes) == 0 {
		scopes = []models.Scope{models.ScopeTeamRead}
	}
	row, secret, err := h.store.CreateAPIKey(as(h, m), credential.NewAPIKey{TeamID: m.TeamID, MembershipID: m.ID, Name: "ci", Scopes: scopes})
	h.must(err)
	return row, secret
}

// token makes a SCIM token of the house's team.
func (h *house) token() (models.ScimToken, string) {
	h.Helper()
	row, secret, err := h.store.CreateScimToken(h.operator(), credential.NewScimToken{TeamID: h.team.ID, Name: "okta"})
	h.must(err)
	return row, secret
}

// session opens a session of two hours that may be idle for thirty minutes.
func (h *house) session(m roster.Member) (models.Session, string) {
	h.Helper()
	row, secret, err := h.open(h.Context(), m)
	h.must(err)
	return row, secret
}

// open does what a sign-in does.
func (h *house) open(ctx context.Context, m roster.Member) (row models.Session, secret string, err error) {
	err = h.db.InTx(ctx, func(tx *gorm.DB) error {
		locked, err := models.LockMembership(tx, m.ID)
		if err != nil {
			return err
		}
		if locked.Status != models.StatusActive {
			return fault.New(fault.UserDeactivated, "no")
		}
		row, secret, err = h.store.OpenSession(ctx, tx, credential.NewSession{
			Membership: locked, Method: models.SessionSaml, IdentityProviderID: &locked.ID, NameID: "ada", SessionIndex: "_1", Lifetime: 2 * time.Hour, Idle: 30 * time.Minute,
		})
		return err
	})
	return row, secret, err
}

// as is a context with a member's browser session.
func as(h *house, m roster.Member) context.Context {
	return housetest.AsMember(h.Context(), m.Membership, m.User)
}

// with is a context with a member's API key.
func with(h *house, m roster.Member, scopes ...models.Scope) context.Context {
	return housetest.AsKey(h.Context(), m.Membership, m.User, scopes...)
}

// events are the actions of the audit log about a target.
func (h *house) events(target models.ID) (actions []string) {
	h.Helper()
	h.must(h.db.Read(h.Context()).Model(&models.AuditEvent{}).Where("target_id = ?", target).Order("id").Pluck("action", &actions).Error)
	return actions
}

// count counts rows.
func (h *house) count(row any, where string, args ...any) int64 {
	h.Helper()
	var n int64
	h.must(h.db.Read(h.Context()).Model(row).Where(where, args...).Count(&n).Error)
	return n
}

// update changes rows past the domain.
func (h *house) update(row any, id models.ID, columns map[string]any) {
	h.Helper()
	h.must(h.db.InTx(h.Context(), func(tx *gorm.DB) error {
		return tx.Model(row).Where("id = ?", id).Updates(columns).Error
	}))
}

// writes counts the updates of a column that reach a row from now on, by a
// trigger of the database itself.
func (h *house) writes(table, column string) func() int64 {
	h.Helper()
	statements := []string{
		"CREATE TABLE written (n integer)",
		"CREATE TRIGGER note AFTER UPDATE OF " + column + " ON " + table + " BEGIN INSERT INTO written VALUES (1); END",
	}
	if h.db.Dialect() == models.Postgres {
		statements = []string{
			statements[0],
			"CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO written VALUES (1); RETURN NULL; END'",
			"CREATE TRIGGER note AFTER UPDATE OF " + column + " ON " + table + " FOR EACH ROW EXECUTE FUNCTION note()",
		}
	}
	for _, s := range statements {
		h.must(h.db.InTx(h.Context(), func(tx *gorm.DB) error { return tx.Exec(s).Error }))
	}
	return func() int64 {
		h.Helper()
		var n int64
		h.must(h.db.Read(h.Context()).Raw("SELECT count(*) FROM written").Scan(&n).Error)
		return n
	}
}

// together runs fn n times at once and counts how each run ended: by the
// fault's code, "" for success. An error that is no fault fails the test.
func together(t *testing.T, n int, fn func() error) map[fault.Code]int {
	t.Helper()
	ends := map[fault.Code]int{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	start := make(chan struct{})
	for range n {
		wg.Go(func() {
			<-start
			err := fn()
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				ends[""]++
				return
			}
			if _, ok := fault.As(err); !ok {
				t.Error(err)
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

// forge makes a well-formed secret that nobody was given, by the rules that
// scanners for leaked secrets are told.
func forge(prefix string) string {
	text := prefix + strings.Repeat("0123456789abcdefghjkmnpqrstvwxyz", 2)[:52]
	var sum [4]byte
	binary.BigEndian.PutUint32(sum[:], crc32.ChecksumIEEE([]byte(text)))
	return text + base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding).EncodeToString(sum[:])
}

// refused fails the test unless err is a fault of this code.
func refused(t testing.TB, what string, err error, code fault.Code) {
	t.Helper()
	if !fault.Is(err, code) {
		t.Errorf("%s: got %v, want %s", what, err, code)
	}
}

// same fails the test unless two values print alike.
func same(t testing.TB, what string, got, want any) {
	t.Helper()
	if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
		t.Errorf("%s: got %s, want %s", what, g, w)
	}
}
