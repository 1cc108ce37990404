package roster

import (
	"context"
	"encoding/json"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/models"
	"rollcall/sso"
)

// RuleChange counts the members whom a set of rules would take from one role to
// another.
type RuleChange struct {
	From, To models.Role
	Count    int
}

// RuleEffect is what a set of rules would do to a member at their next sign-in,
// if the identity provider says what it said last.
type RuleEffect struct {
	Membership models.Membership
	Role       models.Role
	Source     models.RoleSource
}

// RulePreview is what a set of rules would do to a team.
type RulePreview struct {
	Changes []RuleChange // by role, the common ones first
	Unknown int          // members who follow rules and of whom nothing is known yet
	Effects []RuleEffect // one page of those whose role or its source would change
	More    bool
}

// PreviewRoleRules says what a set of rules would do before it is saved. It
// costs the same number of statements however many members the team has, and
// changes nothing. The rule about the last admin is judged at the sign-in.
// Faults: NOT_FOUND, FORBIDDEN, REQUIRED, INVALID.
func (s *Service) PreviewRoleRules(ctx context.Context, team models.ID, wanted []NewRule, w models.Window) (RulePreview, error) {
	if err := access.Require(ctx, access.SsoWrite, team); err != nil {
		return RulePreview{}, err
	}
	rules, err := s.properRules(team, wanted)
	if err != nil {
		return RulePreview{}, err
	}
	db := s.DB.Read(ctx)
	settings, err := sso.SettingsIn(db, team)
	if err != nil {
		return RulePreview{}, err
	}
	graded, args, err := s.gradedSQL(team, rules, settings.DefaultRole)
	if err != nil {
		return RulePreview{}, err
	}
	var out RulePreview
	err = db.Raw("SELECT role AS \"from\", new_role AS \"to\", count(*) AS count FROM ("+graded+") AS graded WHERE new_role <> role GROUP BY role, new_role ORDER BY count(*) DESC, role, new_role", args...).
		Scan(&out.Changes).Error
	if err != nil {
		return out, err
	}
	err = followers(db.Table("memberships m"), team).Where("NOT EXISTS (SELECT 1 FROM member_claims c WHERE c.membership_id = m.id)").
		Select("count(*)").Scan(&out.Unknown).Error
	if err != nil {
		return out, err
	}
	var rows []struct {
		models.Membership
		NewRole   models.Role
		NewSource models.RoleSource
	}
	page := w.Apply(db.Table("("+graded+") AS graded", args...).Where("new_role <> role OR new_source <> role_source"), "")
	if err := page.Select("id", "new_role", "new_source").Scan(&rows).Error; err != nil {
		return out, err
	}
	rows, out.More = models.Cut(w, rows)
	ids := make([]models.ID, 0, len(rows))
	for _, r := range rows {
		ids = append(ids, r.ID)
	}
	members, err := s.MembershipsByID(ctx, ids)
	if err != nil {
		return out, err
	}
	for _, r := range rows {
		if m, ok := members[r.ID]; ok {
			out.Effects = append(out.Effects, RuleEffect{Membership: m, Role: r.NewRole, Source: r.NewSource})
		}
	}
	return out, nil
}

// followers narrows a query over memberships m to those whom rules may touch.
func followers(q *gorm.DB, team models.ID) *gorm.DB {
	return q.Where(followersSQL, team)
}

// followersSQL is what grade asks of a member, in SQL: a role that no person
// gave, no direct account, no group that provisioning mapped to a role.
const followersSQL = `m.team_id = ? AND m.role_source IN ('DEFAULT', 'GROUP', 'ATTRIBUTE')
	AND NOT (m.source IN ('DIRECT', 'INVITATION') AND NOT m.scim_managed AND m.sso_linked_at IS NULL
		AND NOT EXISTS (SELECT 1 FROM users u WHERE u.id = m.user_id AND u.managed_by_team_id = m.team_id))
	AND NOT EXISTS (SELECT 1 FROM group_members g JOIN group_role_mappings x ON x.group_id = g.group_id WHERE g.membership_id = m.id)`

// gradedSQL is grading.judge over all of a team's members whose claims are
// known: the first rule that holds, the first whose attribute did not come, and
// what follows from the two. A test compares it with judge.
func (s *Service) gradedSQL(team models.ID, rules []models.RoleRule, standard models.Role) (string, []any, error) {
	type rule struct {
		Position  int    `json:"position"`
		Attribute string `json:"attribute"`
		Value     string `json:"value"`
		Role      string `json:"role"`
		Source    string `json:"source"`
	}
	list := make([]rule, 0, len(rules))
	for _, r := range rules {
		list = append(list, rule{r.Position, r.Attribute, r.Value, string(r.Role), string(ruleSource(r.Kind))})
	}
	text, err := json.Marshal(list)
	if err != nil {
		return "", nil, err
	}
	table, holds, absent := ruleTable(s.DB.Dialect())
	const never = "1000000"
	const decided = `held IS NOT NULL AND (role_source = 'DEFAULT' OR held < missing)`
	const fallen = `held IS NULL AND missing = ` + never + ` AND role_source <> 'DEFAULT'`
	// What is worked out of a member's claims is worked out once: without the word,
	// both databases do it again at every mention.
	return `WITH rules AS (` + table + `), judged AS MATERIALIZED (SELECT m.id, m.role, m.role_source,
				(SELECT min(r.position) FROM rules r WHERE ` + holds + `) AS held,
				COALESCE((SELECT min(r.position) FROM rules r WHERE ` + absent + `), ` + never + `) AS missing
			FROM memberships m JOIN member_claims c ON c.membership_id = m.id WHERE ` + followersSQL + `),
		graded AS MATERIALIZED (SELECT id, role, role_source,
			CASE WHEN ` + decided + ` THEN (SELECT r.role FROM rules r WHERE r.position = held) WHEN ` + fallen + ` THEN ? ELSE role END AS new_role,
			CASE WHEN ` + decided + ` THEN (SELECT r.source FROM rules r WHERE r.position = held) WHEN ` + fallen + ` THEN 'DEFAULT' ELSE role_source END AS new_source
			FROM judged) SELECT * FROM graded`,
		[]any{string(text), team, string(standard)}, nil
}

// ruleTable is the rules as a table, whether a rule holds for the claims c, and
// whether its attribute did not come.
func ruleTable(d models.Dialect) (table, holds, absent string) {
	if d == models.Postgres {
		return `SELECT * FROM jsonb_to_recordset(CAST(? AS jsonb)) AS x(position integer, attribute text, value text, role text, source text)`,
			`(c.claims -> r.attribute) @> to_jsonb(r.value)`,
			`(c.claims -> r.attribute) IS NULL`
	}
	return `SELECT value ->> 'position' AS position, value ->> 'attribute' AS attribute, value ->> 'value' AS value, value ->> 'role' AS role, value ->> 'source' AS source FROM json_each(?)`,
		`EXISTS (SELECT 1 FROM json_each(c.claims) a, json_each(a.value) v WHERE a.key = r.attribute AND v.value = r.value)`,
		`NOT EXISTS (SELECT 1 FROM json_each(c.claims) a WHERE a.key = r.attribute)`
}
