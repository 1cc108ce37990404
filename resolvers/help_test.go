package resolvers

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"rollcall/access"
	"rollcall/account"
	"rollcall/audit"
	"rollcall/credential"
	"rollcall/domain"
	"rollcall/internal/housetest"
	"rollcall/internal/idptest"
	"rollcall/invite"
	"rollcall/jobs"
	"rollcall/models"
	"rollcall/roster"
	"rollcall/saml"
	"rollcall/sso"
	"rollcall/sso/fetch"
)

const baseURL = "https://rollcall.example"

// desk is the GraphQL endpoint on a database, with the teams acme and globex.
type desk struct {
	*Resolver
	db      *models.DB
	clock   *housetest.Clock
	handler http.Handler
	heard   *housetest.Log
	idp     *idptest.IDP
	// host is what answers under every address that metadata is fetched from.
	host func() (fetch.Document, error)

	acme, globex crew
	dns          zone
}

// zone is a DNS with TXT records by their names.
type zone map[string][]string

// LookupTXT implements domain.Resolver.
func (z *zone) LookupTXT(_ context.Context, name string) ([]string, error) {
	if found, ok := (*z)[name]; ok {
		return found, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

// crew is a team with a member of each role, all with accounts of their own.
type crew struct {
	team                  models.Team
	admin, member, viewer roster.Member
}

// eachDesk runs fn on both databases.
func eachDesk(t *testing.T, fn func(t *testing.T, d *desk)) {
	t.Helper()
	clock := housetest.NewClock()
	idp, err := idptest.NewECDSA("https://idp.acme.test/metadata", "https://idp.acme.test/sso", clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	housetest.EachDatabase(t, func(t *testing.T, db *models.DB) {
		log, heard := housetest.NewLog()
		d := &desk{db: db, clock: housetest.NewClock(), heard: heard, idp: idp}
		d.host = func() (fetch.Document, error) { return fetch.Document{Body: idp.Metadata()}, nil }
		d.Resolver = &Resolver{
			Roster:      &roster.Service{DB: db, Now: d.clock.Now, TombstoneKey: []byte(strings.Repeat("k", 32))},
			SSO:         &sso.Service{DB: db, Now: d.clock.Now, BaseURL: baseURL, Keys: sealing(t), Fetch: d.fetch, Credentials: &credential.Store{DB: db, Now: d.clock.Now, LinkKey: []byte(strings.Repeat("l", 32))}},
			Credentials: &credential.Store{DB: db, Now: d.clock.Now, LinkKey: []byte(strings.Repeat("l", 32))},
			Domains:     &domain.Service{DB: db, Now: d.clock.Now, Resolver: &d.dns},
			Audit:       &audit.Reader{DB: db},
			Now:         d.clock.Now, Log: log, Version: "test", Database: string(db.Dialect()), RateLimit: true,
		}
		d.Credentials.LinkKey = []byte(strings.Repeat("k", 32))
		d.Account = &account.Service{DB: db, Now: d.clock.Now, Credentials: d.Credentials, BaseURL: baseURL}
		d.Invitations = &invite.Service{DB: db, Now: d.clock.Now, BaseURL: baseURL, Roster: d.Roster, Credentials: d.Credentials}
		if d.Jobs, err = jobs.New(jobs.Options{DB: db, Now: d.clock.Now, Log: log, SSO: d.SSO, Credentials: d.Credentials, BaseURL: baseURL, PollOnly: true}); err != nil {
			t.Fatal(err)
		}
		d.handler = Handler(d.Resolver)
		d.acme, d.globex = d.crew(t, "acme"), d.crew(t, "globex")
		fn(t, d)
	})
}

// fetch stands in for the network.
func (d *desk) fetch(context.Context, string, string, string) (fetch.Document, error) {
	return d.host()
}

// sealing is a cipher for private keys.
func sealing(t *testing.T) cipher.AEAD {
	t.Helper()
	block, err := aes.NewCipher([]byte(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func (d *desk) crew(t *testing.T, slug string) crew {
	t.Helper()
	ctx := housetest.AsOperator(t.Context())
	team, err := d.Roster.CreateTeam(ctx, roster.NewTeam{Slug: slug, Name: strings.ToUpper(slug), Plan: models.PlanEnterprise})
	if err != nil {
		t.Fatal(err)
	}
	c := crew{team: team}
	for _, m := range []struct {
		into *roster.Member
		name string
		role models.Role
	}{{&c.admin, "ada", models.RoleAdmin}, {&c.member, "mel", models.RoleMember}, {&c.viewer, "vic", models.RoleViewer}} {
		*m.into = d.add(t, team, m.name, m.role)
	}
	return c
}

func (d *desk) add(t *testing.T, team models.Team, name string, role models.Role) roster.Member {
	t.Helper()
	m, err := d.Roster.Add(housetest.AsOperator(t.Context()), roster.NewMember{
		TeamID: team.ID, Person: roster.Person{Email: name + "@" + team.Slug + ".test", Name: name}, Kind: models.KindPerson, Role: role,
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// link gives a member an external identity, as a sign-in would.
func (d *desk) link(t *testing.T, m roster.Member) models.ExternalIdentity {
	t.Helper()
	id, err := models.NewID()
	if err != nil {
		t.Fatal(err)
	}
	x := models.ExternalIdentity{
		ID: id, TeamID: m.TeamID, MembershipID: m.ID, Issuer: d.idp.EntityID, NameID: m.User.Email,
		CreatedAt: d.clock.Now(), LastLoginAt: d.clock.Now(),
	}
	if err := d.db.Read(t.Context()).Create(&x).Error; err != nil {
		t.Fatal(err)
	}
	return x
}

// session opens a browser session for a member.
func (d *desk) session(t *testing.T, m roster.Member) (s models.Session, secret string) {
	t.Helper()
	provider, err := models.NewID()
	if err != nil {
		t.Fatal(err)
	}
	s, secret, err = d.Credentials.OpenSession(t.Context(), d.db.Read(t.Context()), credential.NewSession{
		Membership: m.Membership, Method: models.SessionSaml, IdentityProviderID: &provider, NameID: m.User.Email, Lifetime: time.Hour, Idle: time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s, secret
}

func operator(t *testing.T) context.Context { return housetest.AsOperator(request(t)) }

func as(t *testing.T, m roster.Member) context.Context {
	return housetest.AsMember(request(t), m.Membership, m.User)
}

func withKey(t *testing.T, m roster.Member, scopes ...models.Scope) context.Context {
	return housetest.AsKey(request(t), m.Membership, m.User, scopes...)
}

func request(t *testing.T) context.Context {
	return access.WithRequest(t.Context(), access.Request{ID: "req-1", IP: "192.0.2.1"})
}

// reply is an answer that a test looks into by paths.
type reply struct {
	t      *testing.T
	status int
	text   string
	data   map[string]any
	errors []struct {
		Message    string
		Path       []any
		Extensions map[string]any
	}
}

// ask sends a document and its variables, given as name and value in turns.
func (d *desk) ask(t *testing.T, ctx context.Context, document string, variables ...any) reply {
	t.Helper()
	body := map[string]any{"query": document}
	if len(variables) > 0 {
		given := map[string]any{}
		for i := 0; i < len(variables); i += 2 {
			given[variables[i].(string)] = variables[i+1]
		}
		body["variables"] = given
	}
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/graphql", strings.NewReader(string(text)))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/graphql-response+json")
	return d.answer(t, r)
}

// answer serves a request.
func (d *desk) answer(t *testing.T, r *http.Request) reply {
	t.Helper()
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	var parsed struct {
		Data   map[string]any
		Errors []struct {
			Message    string
			Path       []any
			Extensions map[string]any
		}
	}
	out := reply{t: t, status: w.Code, text: w.Body.String()}
	if err := json.Unmarshal(w.Body.Bytes(), &parsed); err != nil {
		t.Fatalf("%s: %v", out.text, err)
	}
	out.data, out.errors = parsed.Data, parsed.Errors
	return out
}

// must is ask for what has to work: no errors, no user errors.
func (d *desk) must(t *testing.T, ctx context.Context, document string, variables ...any) reply {
	t.Helper()
	got := d.ask(t, ctx, document, variables...)
	if len(got.errors) > 0 || strings.Contains(got.text, `"userErrors":[{`) {
		t.Fatalf("%s\nis answered %d %s", document, got.status, got.text)
	}
	return got
}

// at follows a path of names and positions through the data.
func (r reply) at(path string) any {
	r.t.Helper()
	var v any = r.data
	for _, step := range strings.Split(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[step]
		case []any:
			var i int
			if _, err := fmt.Sscan(step, &i); err != nil || i >= len(x) {
				r.t.Fatalf("%s: nothing at %s", r.text, path)
			}
			v = x[i]
		default:
			r.t.Fatalf("%s: nothing at %s", r.text, path)
		}
	}
	return v
}

func (r reply) str(path string) string {
	r.t.Helper()
	s, ok := r.at(path).(string)
	if !ok {
		r.t.Fatalf("%s: no text at %s", r.text, path)
	}
	return s
}

// want compares a value of the data.
func (r reply) want(path string, value any) {
	r.t.Helper()
	if got := r.at(path); fmt.Sprint(got) != fmt.Sprint(value) {
		r.t.Errorf("%s is %v, not %v: %s", path, got, value, r.text)
	}
}

// code is that of the first error at the top level.
func (r reply) code() string {
	if len(r.errors) == 0 {
		return ""
	}
	c, _ := r.errors[0].Extensions["code"].(string)
	return c
}

// userError is the first one of the answer's only payload, as "CODE field.path".
func (r reply) userError() string {
	for _, payload := range r.data {
		p, _ := payload.(map[string]any)
		list, _ := p["userErrors"].([]any)
		if len(list) == 0 {
			return ""
		}
		e := list[0].(map[string]any)
		path, _ := e["field"].([]any)
		var parts []string
		for _, s := range path {
			parts = append(parts, fmt.Sprint(s))
		}
		return strings.TrimSpace(fmt.Sprint(e["code"], " ", strings.Join(parts, ".")))
	}
	return ""
}

// event is the newest line of a team's history.
func (d *desk) event(t *testing.T, team models.ID) models.AuditEvent {
	t.Helper()
	var row models.AuditEvent
	if err := d.db.Read(t.Context()).Where("team_id = ?", team).Order("id DESC").Take(&row).Error; err != nil {
		t.Fatal(err)
	}
	return row
}

// mail stores a mail about a team, for a member.
func (d *desk) mail(t *testing.T, team models.Team, m roster.Member, state models.MailState) models.Mail {
	t.Helper()
	var ids [2]models.ID
	for i := range ids {
		var err error
		if ids[i], err = models.NewID(); err != nil {
			t.Fatal(err)
		}
	}
	now := d.clock.Now()
	notice := models.Notice{ID: ids[0], TeamID: team.ID, NoticeKey: string(ids[0]), Kind: "sso_enabled", Facts: map[string]string{}, CreatedAt: now, AnnouncedAt: &now}
	row := models.Mail{
		ID: ids[1], TeamID: team.ID, NoticeID: notice.ID, Recipient: m.User.Email, RecipientKey: models.Fold(m.User.Email), MembershipID: &m.ID,
		Language: "en", State: state, Attempts: 2, CreatedAt: now,
	}
	if state == models.MailFailed {
		row.LastError = "the mail server refused it"
	}
	for _, err := range []error{d.db.Read(t.Context()).Create(&notice).Error, d.db.Read(t.Context()).Create(&row).Error} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return row
}

// staged has the identity provider's metadata bring two certificates that wait
// for an admin's word.
func (d *desk) staged(t *testing.T, provider models.IdentityProvider) []models.StagedCertificate {
	t.Helper()
	ctx, no := operator(t), false
	if _, err := d.SSO.UpdateNotifications(ctx, provider.TeamID, sso.NotificationsChange{TrustDiscovered: &no}); err != nil {
		t.Fatal(err)
	}
	idp := *d.idp
	for range 2 {
		next, err := saml.ParseCertificate(nextPEM(t, d))
		if err != nil {
			t.Fatal(err)
		}
		idp.Extra = append(idp.Extra, next)
	}
	d.host = func() (fetch.Document, error) { return fetch.Document{Body: idp.Metadata()}, nil }
	d.clock.Advance(2 * time.Minute)
	if _, err := d.SSO.RefreshMetadata(ctx, provider.ID); err != nil {
		t.Fatal(err)
	}
	rows, err := d.SSO.StagedCertificates(ctx, provider.ID)
	if err != nil || len(rows) != 2 {
		t.Fatalf("%d certificates wait, %v", len(rows), err)
	}
	d.clock.Advance(2 * time.Minute)
	return rows
}

// attempt stores a refused sign-in.
func (d *desk) attempt(t *testing.T, team models.Team, m roster.Member, provider, cert models.ID) models.LoginAttempt {
	t.Helper()
	id, err := models.NewID()
	if err != nil {
		t.Fatal(err)
	}
	row := models.LoginAttempt{
		ID: id, TeamID: team.ID, IdentityProviderID: &provider, MembershipID: &m.ID, CertificateID: &cert, At: d.clock.Now(),
		Outcome: models.AttemptRefused, Code: "audience_mismatch", NameIDMasked: "m…", IP: "192.0.2.9", RequestID: "req-9",
		Checks: []models.AttemptCheck{{Name: "audience", Status: "fail", Expected: "https://a", Actual: "https://b", Trusted: true, Hint: "Okta calls it Audience URI."}, {Name: "time", Status: "skipped"}},
		Kind:   models.AttemptSignIn, Verified: true, MfaEvidence: "amr=mfa", Repeated: 1,
		Message: models.AttemptMessage{
			Issuer: "https://idp", Destination: "https://d", InResponseTo: "_r", AssertionHash: "ab12", NameIDFormat: "f", SessionIndex: "s",
			ContextClasses: []string{"c"}, Attributes: []models.AttemptAttribute{{Name: "groups", Values: 3}}, Algorithms: []string{"rsa-sha256"},
			SignedResponse: true, Signed: []string{"response"}, Audiences: []string{"https://b"}, Recipients: []string{"https://d"}, Encryption: "aes256-gcm", ShownFingerprints: []string{"cd"}, MatchedFingerprint: "ef",
		},
	}
	if err := d.db.Read(t.Context()).Create(&row).Error; err != nil {
		t.Fatal(err)
	}
	return row
}
