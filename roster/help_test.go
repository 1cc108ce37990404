package roster_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/credential"
	"rollcall/fault"
	"rollcall/internal/housetest"
	"rollcall/internal/idptest"
	"rollcall/models"
	"rollcall/roster"
	"rollcall/saml"
	"rollcall/sso"
)

const (
	base    = "https://rollcall.test"
	browser = "the secret in the cookie of this browser"
	day     = 24 * time.Hour
)

// house is the room on a real database with its neighbours, a team whose single
// sign-on is on, the team's identity provider, and its way in without one.
type house struct {
	testing.TB
	db    *models.DB
	clock *housetest.Clock
	sso   *sso.Service
	*roster.Service
	store *credential.Store
	team  models.Team
	idp   *idptest.IDP
	root  roster.Member // a direct admin
	names atomic.Int64
}

// eachHouse runs fn in a new house on each database. Making the databases is
// most of a test's time, so tests run side by side.
func eachHouse(t *testing.T, fn func(t *testing.T, h *house)) {
	t.Helper()
	t.Parallel()
	housetest.EachSource(t, func(t *testing.T, src models.Source) { fn(t, newHouse(t, src)) })
}

func newHouse(t testing.TB, src models.Source) *house {
	t.Helper()
	clock := housetest.NewClock()
	return furnish(t, housetest.Open(t, src, clock.Now), clock)
}

// furnish founds the house's team in an empty database.
func furnish(t testing.TB, db *models.DB, clock *housetest.Clock) *house {
	t.Helper()
	h := &house{
		TB: t, db: db, clock: clock,
		sso:     &sso.Service{DB: db, Now: clock.Now, BaseURL: base},
		Service: &roster.Service{DB: db, Now: clock.Now, TombstoneKey: []byte("0123456789abcdef0123456789abcdef")},
		store:   &credential.Store{DB: db, Now: clock.Now},
	}
	h.team, h.idp = h.found("acme")
	h.root = h.add(h.team, models.KindPerson, models.RoleAdmin)
	return h
}

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

func (h *house) operator() context.Context { return housetest.AsOperator(h.Context()) }

// scim is the provisioning client of the house's team.
func (h *house) scim() context.Context { return housetest.AsScim(h.Context(), h.team.ID) }

// as is a context with a member's browser session.
func (h *house) as(m roster.Member) context.Context {
	return housetest.AsMember(h.Context(), m.Membership, m.User)
}

// with is a context with a member's API key.
func (h *house) with(m roster.Member, scopes ...models.Scope) context.Context {
	return housetest.AsKey(h.Context(), m.Membership, m.User, scopes...)
}

// newTeam makes a team with its single sign-on in draft.
func (h *house) newTeam(slug string, plan models.Plan) models.Team {
	h.Helper()
	team, err := h.CreateTeam(h.operator(), roster.NewTeam{Slug: slug, Name: slug, Plan: plan})
	h.must(err)
	return team
}

// found makes a team whose people sign in by an identity provider of its own,
// asked or unasked.
func (h *house) found(slug string) (models.Team, *idptest.IDP) {
	h.Helper()
	team, idp := h.newTeam(slug, models.PlanEnterprise), h.newIDP(slug)
	h.trust(team, idp)
	_, err := h.sso.Enable(h.operator(), team.ID, true)
	h.must(err)
	yes := true
	h.change(team, sso.SettingsChange{IdpInitiatedEnabled: &yes})
	return team, idp
}

func (h *house) trust(team models.Team, idp *idptest.IDP) {
	h.Helper()
	_, err := h.sso.CreateIdentityProvider(h.operator(), sso.NewIdentityProvider{
		TeamID: team.ID, EntityID: idp.EntityID, SsoURL: idp.SSOURL, Certificates: []string{idp.CertificatePEM()},
	})
	h.must(err)
}

func (h *house) change(team models.Team, c sso.SettingsChange) {
	h.Helper()
	_, err := h.sso.UpdateSettings(h.operator(), team.ID, c)
	h.must(err)
}

// templates are identity providers with keys that were made once, because that
// is slow.
var templates = struct {
	sync.Mutex
	made map[string]*idptest.IDP
}{made: map[string]*idptest.IDP{}}

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

// address is one that nobody has yet.
func (h *house) address() string { return fmt.Sprintf("person%d@acme.test", h.names.Add(1)) }

// add puts somebody with an account of their own on a team.
func (h *house) add(team models.Team, kind models.UserKind, role models.Role) roster.Member {
	h.Helper()
	m, err := h.Add(h.operator(), roster.NewMember{TeamID: team.ID, Kind: kind, Role: role, Person: roster.Person{Email: h.address()}})
	h.must(err)
	return m
}

// direct is a person of the house's team with an account of their own.
func (h *house) direct(role models.Role) roster.Member {
	h.Helper()
	return h.add(h.team, models.KindPerson, role)
}

// wanted is a person as a provisioning client describes them.
func wanted(address string) roster.ScimUser {
	return roster.ScimUser{UserName: address, Email: address, Active: true}
}

// present is the state that a member is in, as a provisioning client sees it.
func present(m roster.Member) roster.ScimUser {
	return roster.ScimUser{
		UserName: m.UserName, Email: m.User.Email, ExternalID: m.ExternalID, Name: m.User.Name, GivenName: m.User.GivenName,
		FamilyName: m.User.FamilyName, Active: m.Status == models.StatusActive,
	}
}

// provision makes a member by the team's provisioning client.
func (h *house) provision(in roster.ScimUser) roster.Member {
	h.Helper()
	m, err := h.ProvisionScim(h.scim(), h.team.ID, in)
	h.must(err)
	return m
}

// push changes a member by the team's provisioning client.
func (h *house) push(m roster.Member, in roster.ScimUser) (roster.Member, error) {
	return h.UpdateScim(h.scim(), m.TeamID, m.ID, in)
}

// who is a person as an identity provider vouches for them.
func who(nameID, email string) idptest.Person {
	return idptest.Person{NameID: nameID, NameIDFormat: saml.FormatPersistent, Email: email, FirstName: "Ada", LastName: "Lovelace"}
}

// named is a person whose NameID is their address.
func named(address string) idptest.Person {
	return idptest.Person{NameID: address, NameIDFormat: saml.FormatEmailAddress, Email: address, FirstName: "Ada", LastName: "Lovelace"}
}

// request is a context that a browser's request came with.
func (h *house) request() context.Context {
	return access.WithRequest(h.Context(), access.Request{ID: "req-1", IP: "192.0.2.7", UserAgent: "test"})
}

// judged is an assertion that an identity provider made about somebody.
func (h *house) judged(team models.Team, idp *idptest.IDP, p idptest.Person) sso.Login {
	h.Helper()
	packed, err := idp.Respond(idp.About(p, h.sso.ServiceProvider(team.Slug), ""))
	h.must(err)
	login, _, err := h.sso.Judge(h.request(), team.Slug, packed, "/welcome", browser)
	h.must(err)
	return login
}

// signIn signs somebody in on the house's team.
func (h *house) signIn(p idptest.Person) (roster.SignIn, error) {
	h.Helper()
	return h.SignIn(h.request(), h.judged(h.team, h.idp, p))
}

// jit is a member who came by signing in.
func (h *house) jit() roster.Member {
	h.Helper()
	in, err := h.signIn(named(h.address()))
	h.must(err)
	return in.Member
}

// credentials are a session and an API key of a member.
func (h *house) credentials(m roster.Member) (secrets [2]string) {
	h.Helper()
	_, key, err := h.store.CreateAPIKey(h.operator(), credential.NewAPIKey{TeamID: m.TeamID, MembershipID: m.ID, Name: "ci", Scopes: models.Scopes})
	h.must(err)
	h.must(h.db.InTx(h.Context(), func(tx *gorm.DB) error {
		var err error
		_, secrets[1], err = h.store.OpenSession(h.Context(), tx, credential.NewSession{
			Membership: m.Membership, Method: models.SessionSaml, IdentityProviderID: &m.ID, NameID: m.User.Email, Lifetime: day, Idle: day,
		})
		return err
	}))
	secrets[0] = key
	return secrets
}

// live reports how many of a member's secrets still open a door.
func (h *house) live(secrets [2]string) (n int) {
	h.Helper()
	if _, err := h.store.Authenticate(h.Context(), secrets[0]); err == nil {
		n++
	}
	if _, err := h.store.AuthenticateSession(h.Context(), secrets[1]); err == nil {
		n++
	}
	return n
}

// find reads a member as they are stored.
func (h *house) find(id models.ID) (models.Membership, bool) {
	h.Helper()
	var rows []models.Membership
	h.must(h.db.Read(h.Context()).Where("id = ?", id).Find(&rows).Error)
	if len(rows) == 0 {
		return models.Membership{}, false
	}
	return rows[0], true
}

// count counts rows.
func (h *house) count(row any, where string, args ...any) int64 {
	h.Helper()
	var n int64
	h.must(h.db.Read(h.Context()).Model(row).Where(where, args...).Count(&n).Error)
	return n
}

// told are the events about a target, oldest first.
func (h *house) told(target models.ID) (rows []models.AuditEvent) {
	h.Helper()
	h.must(h.db.Read(h.Context()).Where("target_id = ?", target).Order("id").Find(&rows).Error)
	return rows
}

// actions are the names of events.
func actions(rows []models.AuditEvent) (names []string) {
	for _, e := range rows {
		names = append(names, e.Action)
	}
	return names
}

// detail is a value out of an event.
func detail(e models.AuditEvent, name string) string {
	for _, d := range e.Details {
		if d.Name == name {
			return d.Value
		}
	}
	return ""
}

// update changes a row past the domain.
func (h *house) update(row any, id models.ID, columns map[string]any) {
	h.Helper()
	h.must(h.db.InTx(h.Context(), func(tx *gorm.DB) error { return tx.Model(row).Where("id = ?", id).Updates(columns).Error }))
}

// together runs all at once and counts how each ended: by the fault's code, ""
// for success. An error that is no fault fails the test.
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

// times is the same thing n times.
func times(n int, run func(i int) error) (runs []func() error) {
	for i := range n {
		runs = append(runs, func() error { return run(i) })
	}
	return runs
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

func first[A any](_ A, err error) error { return err }

func ptr[T any](v T) *T { return &v }
