package roster_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"rollcall/internal/housetest"
	"rollcall/models"
	"rollcall/roster"
	"rollcall/sso"
)

// What admins look at before they change something for a whole team, on a small
// team and on a big one: the statements must stay the same, and no answer may hold
// the team. Run with -bench.
func BenchmarkPreview(b *testing.B) {
	for _, database := range []struct {
		dialect models.Dialect
		open    func(testing.TB) *models.DB
	}{{models.SQLite, housetest.SQLite}, {models.Postgres, housetest.Postgres}} {
		for _, members := range []int{1_000, 100_000} {
			b.Run(fmt.Sprintf("%s/%d", database.dialect, members), func(b *testing.B) {
				h := furnish(b, database.open(b), housetest.NewClock())
				h.seed(members)
				h.seedOwn(members)
				b.Run("EnforcementPreview", func(b *testing.B) {
					measured(b, h.operator(), func(ctx context.Context, _ int) error { return first(h.sso.EnforcementPreview(ctx, h.team.ID)) })
				})
				for _, g := range []sso.Group{sso.GroupLosing, sso.GroupPassword, sso.GroupFactored} {
					b.Run("Page-"+string(g), func(b *testing.B) {
						measured(b, h.operator(), func(ctx context.Context, _ int) error {
							rows, _, err := h.sso.GroupMembers(ctx, h.team.ID, g, models.Window{Limit: 50})
							if err == nil && len(rows) > 50 {
								return fmt.Errorf("%d rows", len(rows))
							}
							return err
						})
					})
					b.Run("Count-"+string(g), func(b *testing.B) {
						measured(b, h.operator(), func(ctx context.Context, _ int) error { return first(h.sso.CountGroup(ctx, h.team.ID, g)) })
					})
				}
				b.Run("Page-keys", func(b *testing.B) {
					measured(b, h.operator(), func(ctx context.Context, _ int) error {
						_, _, err := h.sso.GroupKeys(ctx, h.team.ID, false, models.Window{Limit: 50})
						return err
					})
				})
				b.Run("PreviewRoleRules", func(b *testing.B) { h.benchRules(b, models.Window{Limit: 50}) })
			})
		}
	}
}

func (h *house) benchRules(b *testing.B, w models.Window) {
	rules := []roster.NewRule{
		{Kind: models.RuleGroup, Attribute: "groups", Value: "admins", Role: models.RoleAdmin},
		{Kind: models.RuleGroup, Attribute: "groups", Value: "group7", Role: models.RoleViewer},
		{Kind: models.RuleAttribute, Attribute: "department", Value: "sales", Role: models.RoleViewer},
	}
	measured(b, h.operator(), func(ctx context.Context, _ int) error {
		out, err := h.PreviewRoleRules(ctx, h.team.ID, rules, w)
		if err == nil && (len(out.Effects) != w.Limit || !out.More || len(out.Changes) == 0) {
			return fmt.Errorf("%d effects, changes %v", len(out.Effects), out.Changes)
		}
		return err
	})
}

// seedOwn has every tenth of the people be one with an account of their own, every
// second of those with a password, and everybody's identity provider say ten groups
// of them.
func (h *house) seedOwn(members int) {
	h.Helper()
	people := fmt.Sprintf("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)", members)
	user, member, now := "'01900000-0000-7000-8000-' || printf('%012d', i)", "'01900000-0000-7000-9000-' || printf('%012d', i)", "'2026-03-02 09:00:00+00:00'"
	team, digest := "'"+string(h.team.ID)+"'", "randomblob(32)"
	groups := `'{"department":["' || CASE i % 5 WHEN 0 THEN 'sales' ELSE 'works' END || '"],"groups":["group' || (i % 10) || '"` + strings.Repeat(`,"another group of theirs"`, 9) + `]}'`
	if h.db.Dialect() == models.Postgres {
		people = fmt.Sprintf("WITH n(i) AS (SELECT generate_series(1, %d))", members)
		user, member = "('01900000-0000-7000-8000-' || lpad(i::text, 12, '0'))::uuid", "('01900000-0000-7000-9000-' || lpad(i::text, 12, '0'))::uuid"
		now, team, digest, groups = "timestamptz "+now, "uuid "+team, "sha256(i::text::bytea)", "("+groups+")::jsonb"
	}
	own := "user_name_key LIKE '%0@acme.test' AND team_id = " + team
	for _, statement := range []string{
		"INSERT INTO member_claims (membership_id, team_id, claims, digest, updated_at) " + people + " SELECT " + member + ", " + team + ", " + groups + ", " + digest + ", " + now + " FROM n",
		"INSERT INTO passwords (user_id, hash, changed_at) " + people + " SELECT " + user + ", 'x', " + now + " FROM n WHERE i % 20 = 0",
		"DELETE FROM external_identities WHERE membership_id IN (SELECT id FROM memberships WHERE " + own + ")",
		"UPDATE users SET managed_by_team_id = NULL, origin = 'DIRECT' WHERE id IN (SELECT user_id FROM memberships WHERE " + own + ")",
		"UPDATE memberships SET source = 'DIRECT', scim_managed = false WHERE " + own,
		"ANALYZE",
	} {
		h.must(h.db.Read(h.Context()).Exec(statement).Error)
	}
}
