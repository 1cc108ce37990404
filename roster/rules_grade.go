package roster

import (
	"context"
	"slices"

	"gorm.io/gorm"

	"rollcall/audit"
	"rollcall/fault"
	"rollcall/models"
	"rollcall/sso"
)

// Roles that follow what the identity provider says at a sign-in. The first of
// the team's rules that holds decides. Weaker than a group that provisioning
// pushed, and both are weaker than a decision about one person: a role that was
// given by hand or by invitation stays, and direct admins are never touched.

// noticeRaised is a kind of notice, as package mail calls it.
const noticeRaised = "role_raised"

// grading is what a sign-in needs to know to give a member a role.
type grading struct {
	rules    []models.RoleRule
	claims   map[string][]string
	standard models.Role
	locked   bool // the team, because an admin may lose the role
}

// rulesIn are a team's rules in their order.
func rulesIn(tx *gorm.DB, team models.ID) ([]models.RoleRule, error) {
	var rows []models.RoleRule
	err := tx.Where("team_id = ?", team).Order("position").Find(&rows).Error
	return rows, err
}

// grading prepares the grading of a member who is not locked yet, "" for
// somebody new. A team is locked before its members, so whether that will be
// necessary is found out here.
func (s *Service) grading(tx *gorm.DB, l *sso.Login, membership models.ID) (grading, error) {
	g := grading{claims: claimsOf(l.Assertion.Attributes), standard: l.Settings.DefaultRole}
	var err error
	if g.rules, err = rulesIn(tx, l.Team.ID); err != nil || membership == "" {
		return g, err
	}
	var rows []models.Membership
	err = tx.Select("id", "role", "role_source").Where("id = ? AND role = ? AND role_source IN ?", membership, models.RoleAdmin, followingSources).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return g, err
	}
	if role, _ := g.judge(rows[0].Role, rows[0].RoleSource); role == models.RoleAdmin {
		return g, nil
	}
	if pushed, err := inMappedGroup(tx, membership); err != nil || pushed {
		return g, err
	}
	g.locked = true
	_, err = models.LockTeam(tx, l.Team.ID)
	return g, err
}

// followingSources are those of roles that something else than a person decided.
var followingSources = []models.RoleSource{models.RoleByDefault, models.RoleByGroup, models.RoleByAttribute}

// judge is the role that somebody with this role should have, and where it
// comes from. A rule about an attribute that did not come is neither true nor
// false: it takes away nothing that a rule gave before.
func (g grading) judge(role models.Role, source models.RoleSource) (models.Role, models.RoleSource) {
	if !slices.Contains(followingSources, source) {
		return role, source
	}
	byRule, unknown := source != models.RoleByDefault, false
	for _, r := range g.rules {
		values, came := g.claims[r.Attribute]
		if slices.Contains(values, r.Value) {
			if byRule && unknown {
				return role, source
			}
			return r.Role, ruleSource(r.Kind)
		}
		unknown = unknown || !came
	}
	if byRule && !unknown {
		return g.standard, models.RoleByDefault
	}
	return role, source
}

// newcomer is the role of somebody who is made at this sign-in.
func (g grading) newcomer() (models.Role, models.RoleSource) {
	return g.judge(g.standard, models.RoleByDefault)
}

func ruleSource(kind models.RuleKind) models.RoleSource {
	if kind == models.RuleGroup {
		return models.RoleByGroup
	}
	return models.RoleByAttribute
}

// inMappedGroup reports whether provisioning put a member into a group that
// gives a role.
func inMappedGroup(tx *gorm.DB, membership models.ID) (bool, error) {
	var n int64
	err := tx.Raw(`SELECT count(*) FROM group_members g JOIN group_role_mappings x ON x.group_id = g.group_id WHERE g.membership_id = ?`, membership).Scan(&n).Error
	return n > 0, err
}

// grade gives a locked member who signs in the role that the rules say. What
// would leave the team without an admin is not done and told of; the sign-in
// goes on.
func (s *Service) grade(ctx context.Context, tx *gorm.DB, g grading, m *Member) error {
	role, source := g.judge(m.Role, m.RoleSource)
	if role == m.Role && source == m.RoleSource || m.Direct(m.User) || m.User.Kind != models.KindPerson {
		return nil
	}
	if pushed, err := inMappedGroup(tx, m.ID); err != nil || pushed {
		return err
	}
	details := []models.AuditDetail{audit.Detail("from", string(m.Role)), audit.Detail("to", string(role)), audit.Detail("source", string(source))}
	if m.Role == models.RoleAdmin && role != models.RoleAdmin {
		if !g.locked {
			return models.ErrAgain // they became an admin at this moment
		}
		if err := staysGoverned(tx, *m); err != nil {
			if fault.KindOf(err) != fault.Precondition {
				return err
			}
			details = append(details, audit.Detail("reason", string(fault.CodeOf(err))))
			return audit.Record(ctx, tx, s.Now(), audit.Event{TeamID: m.TeamID, Action: audit.MemberRoleKept, Target: m.target(), Details: details})
		}
	}
	before := m.Role
	m.Role, m.RoleSource = role, source
	if err := s.save(tx, m, map[string]any{"role": m.Role, "role_source": m.RoleSource}); err != nil {
		return err
	}
	if role == models.RoleAdmin && before != models.RoleAdmin {
		if err := s.tellRaised(ctx, tx, m.TeamID, []raised{{m.User.Email, before}}); err != nil {
			return err
		}
	}
	return audit.Record(ctx, tx, s.Now(), audit.Event{TeamID: m.TeamID, Action: audit.MemberRoleChanged, Target: m.target(), Details: details})
}

// raised is somebody whom a rule or a group made an admin; before is "" for
// somebody new.
type raised struct {
	email  string
	before models.Role
}

// maxNamed is how many people one mail names.
const maxNamed = 20

// tellRaised has the team's admins told whom a rule or a group made one of them.
func (s *Service) tellRaised(ctx context.Context, tx *gorm.DB, team models.ID, people []raised) error {
	if len(people) == 0 {
		return nil
	}
	facts := map[string]string{"role": string(models.RoleAdmin)}
	for i, p := range people {
		if i == maxNamed {
			facts["problem"] = "and more"
			break
		}
		change := string(models.RoleAdmin)
		if p.before != "" {
			change = string(p.before) + " -> " + change
		}
		facts["change."+p.email] = change
	}
	return s.tell(ctx, tx, models.Notice{TeamID: team, Kind: noticeRaised, Facts: facts})
}
