package roster_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"rollcall/internal/housetest"
	"rollcall/internal/idptest"
	"rollcall/models"
	"rollcall/roster"
)

// The verbs that a team's size must not slow down, on a small team and on a big
// one. Run with -bench; each reports the statements that it costs.
func BenchmarkTeam(b *testing.B) {
	for _, database := range []struct {
		dialect models.Dialect
		open    func(testing.TB) *models.DB
	}{{models.SQLite, housetest.SQLite}, {models.Postgres, housetest.Postgres}} {
		for _, members := range []int{1_000, 100_000} {
			b.Run(fmt.Sprintf("%s/%d", database.dialect, members), func(b *testing.B) {
				h := furnish(b, database.open(b), housetest.NewClock())
				h.seed(members)
				b.Run("SignIn-known", func(b *testing.B) { h.benchSignIn(b, func() string { return "user7@acme.test" }) })
				b.Run("SignIn-new", func(b *testing.B) { h.benchSignIn(b, h.address) })
				h.benchWhole(b)
				b.Run("ProvisionScim", h.benchProvision)
				b.Run("UpdateScim-deactivate", h.benchDeactivate)
				b.Run("Authenticate", h.benchAuthenticate)
				b.Run("ScimMembers-userName", func(b *testing.B) { h.benchFind(b, members) })
			})
		}
	}
}

// seed fills the team with people who came by provisioning and signed in, each
// with an API key, by one statement a table.
func (h *house) seed(members int) {
	h.Helper()
	words := strings.NewReplacer(
		"{PEOPLE}", fmt.Sprintf("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)", members),
		"{TEAM}", "'"+string(h.team.ID)+"'", "{ISSUER}", "'"+h.idp.EntityID+"'", "{NOW}", "'2026-03-02 09:00:00+00:00'",
		"{USER}", "'01900000-0000-7000-8000-' || printf('%012d', i)", "{MEMBER}", "'01900000-0000-7000-9000-' || printf('%012d', i)",
		"{ROW}", "'01900000-0000-7000-a000-' || printf('%012d', i)", "{HASH}", "randomblob(32)", "{JSON}", "'[]'",
	)
	if h.db.Dialect() == models.Postgres {
		words = strings.NewReplacer(
			"{PEOPLE}", fmt.Sprintf("WITH n(i) AS (SELECT generate_series(1, %d))", members),
			"{TEAM}", "uuid '"+string(h.team.ID)+"'", "{ISSUER}", "'"+h.idp.EntityID+"'", "{NOW}", "timestamptz '2026-03-02 09:00:00+00:00'",
			"{USER}", "('01900000-0000-7000-8000-' || lpad(i::text, 12, '0'))::uuid", "{MEMBER}", "('01900000-0000-7000-9000-' || lpad(i::text, 12, '0'))::uuid",
			"{ROW}", "('01900000-0000-7000-a000-' || lpad(i::text, 12, '0'))::uuid", "{HASH}", "sha256(i::text::bytea)", "{JSON}", "'[]'::jsonb",
		)
	}
	for _, statement := range []string{
		`INSERT INTO users (id, kind, origin, email, email_key, name, given_name, family_name, managed_by_team_id, created_at, updated_at)
			{PEOPLE} SELECT {USER}, 'PERSON', 'SCIM', 'user' || i || '@acme.test', 'user' || i || '@acme.test', 'User ' || i, 'User', 'Name', {TEAM}, {NOW}, {NOW} FROM n`,
		`INSERT INTO memberships (id, team_id, user_id, role, role_source, status, source, scim_managed, user_name, user_name_key, external_id, deactivated_reason, revision, created_at, updated_at)
			{PEOPLE} SELECT {MEMBER}, {TEAM}, {USER}, 'MEMBER', 'DEFAULT', 'ACTIVE', 'SCIM', true, 'user' || i || '@acme.test', 'user' || i || '@acme.test', '00u' || i, '', 1, {NOW}, {NOW} FROM n`,
		`INSERT INTO external_identities (id, team_id, membership_id, issuer, name_id, name_id_format, created_at, last_login_at)
			{PEOPLE} SELECT {ROW}, {TEAM}, {MEMBER}, {ISSUER}, 'user' || i || '@acme.test', '', {NOW}, {NOW} FROM n`,
		`INSERT INTO api_keys (id, secret_hash, prefix, name, operator, team_id, user_id, membership_id, scopes, created_by, created_at, revoked_reason)
			{PEOPLE} SELECT {ROW}, {HASH}, 'rck_', 'ci', false, {TEAM}, {USER}, {MEMBER}, {JSON}, 'seed', {NOW}, '' FROM n`,
		`ANALYZE`,
	} {
		h.must(h.db.Read(h.Context()).Exec(words.Replace(statement)).Error)
	}
	n, err := h.CountMembers(h.operator(), h.team.ID, roster.MemberFilter{})
	h.must(err)
	same(h, "members", n, members+1)
}

// seeded is one of the people.
func (h *house) seeded(i int) roster.Member {
	h.Helper()
	m, err := h.ScimMember(h.scim(), h.team.ID, models.ID(fmt.Sprintf("01900000-0000-7000-9000-%012d", i)))
	h.must(err)
	return m
}

// measured runs the loop and reports statements beside time and allocations.
func measured(b *testing.B, ctx context.Context, run func(ctx context.Context, i int) error) {
	b.Helper()
	b.ReportAllocs()
	ctx, statements := models.CountStatements(ctx)
	i := 0
	for b.Loop() {
		if err := run(ctx, i); err != nil {
			b.Fatal(err)
		}
		i++
	}
	b.ReportMetric(float64(statements.Load())/float64(i), "statements/op")
}

// benchSignIn measures what the roster does; the judge's work is measured in
// package saml, so one assertion is made out of another without signing it.
func (h *house) benchSignIn(b *testing.B, address func() string) {
	login := h.judged(h.team, h.idp, named("user7@acme.test"))
	measured(b, h.request(), func(ctx context.Context, _ int) error {
		assertion, who := *login.Assertion, address()
		assertion.ID, assertion.NameID, assertion.Email = string(newID(b)), who, who
		l := login
		l.Assertion = &assertion
		return first(h.SignIn(ctx, l))
	})
}

// benchWhole measures a sign-in from the posted form to the open session: the
// message judged, the assertion used up, the person known or made, the attempt
// recorded. Making the message is not counted.
func (h *house) benchWhole(b *testing.B) {
	groups := idptest.Attribute{Name: "groups"}
	for i := range 1_500 {
		groups.Values = append(groups.Values, fmt.Sprintf("%08x-0000-4000-8000-0123456789ab", i))
	}
	for _, c := range []struct {
		name    string
		address func() string
		edit    func(*idptest.Response)
	}{
		{"one-signature-known", func() string { return "user7@acme.test" }, func(r *idptest.Response) { r.SignResponse, r.SignAssertion = false, true }},
		{"two-signatures-known", func() string { return "user7@acme.test" }, func(r *idptest.Response) { r.SignResponse, r.SignAssertion = true, true }},
		{"two-signatures-new", h.address, func(r *idptest.Response) { r.SignResponse, r.SignAssertion = true, true }},
		{"1500-groups-known", func() string { return "user7@acme.test" }, func(r *idptest.Response) {
			r.SignResponse, r.SignAssertion, r.Attributes = true, true, append(r.Attributes, groups)
		}},
	} {
		b.Run("Login-"+c.name, func(b *testing.B) {
			measured(b, h.request(), func(ctx context.Context, _ int) error {
				b.StopTimer()
				r := h.idp.About(named(c.address()), h.sso.ServiceProvider(h.team.Slug), "")
				c.edit(&r)
				packed, err := h.idp.Respond(r)
				b.StartTimer()
				if err != nil {
					return err
				}
				login, _, err := h.sso.Judge(ctx, h.team.Slug, packed, "/welcome", browser)
				if err != nil {
					return err
				}
				return first(h.SignIn(ctx, login))
			})
		})
	}
}

func (h *house) benchProvision(b *testing.B) {
	measured(b, h.scim(), func(ctx context.Context, _ int) error {
		return first(h.ProvisionScim(ctx, h.team.ID, wanted(h.address())))
	})
}

func (h *house) benchDeactivate(b *testing.B) {
	m := h.seeded(8)
	off := present(m)
	off.Active = false
	measured(b, h.scim(), func(ctx context.Context, _ int) error {
		if err := first(h.UpdateScim(ctx, h.team.ID, m.ID, off)); err != nil {
			return err
		}
		b.StopTimer()
		defer b.StartTimer()
		return first(h.UpdateScim(h.scim(), h.team.ID, m.ID, present(m)))
	})
}

func (h *house) benchAuthenticate(b *testing.B) {
	secret := h.credentials(h.seeded(9))[0]
	h.must(first(h.store.Authenticate(h.Context(), secret)))
	measured(b, h.Context(), func(ctx context.Context, _ int) error { return first(h.store.Authenticate(ctx, secret)) })
}

func (h *house) benchFind(b *testing.B, members int) {
	measured(b, h.scim(), func(ctx context.Context, i int) error {
		name := fmt.Sprintf("USER%d@acme.test", i*7919%members+1)
		rows, total, _, err := h.ScimMembers(ctx, h.team.ID, roster.ScimQuery{Filter: roster.ScimTest{Attr: "username", Op: roster.ScimEq, Value: models.Fold(name)}, Limit: 1})
		if err == nil && (total != 1 || len(rows) != 1) {
			return fmt.Errorf("%d people are called %s", total, name)
		}
		return err
	})
}
