package roster

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/fault"
	"rollcall/models"
	"rollcall/sso"
)

const (
	// maxRules is how many rules a team may have.
	maxRules = 100
	// maxRuleValue is the longest value that a rule compares with, in bytes.
	maxRuleValue = 1_000
)

// NewRule is a rule as an admin wants it.
type NewRule struct {
	Kind             models.RuleKind
	Attribute, Value string
	Role             models.Role
}

// RoleRules are a team's rules in the order in which they are tried.
func (s *Service) RoleRules(ctx context.Context, team models.ID) ([]models.RoleRule, error) {
	if err := access.Require(ctx, access.SsoRead, team); err != nil {
		return nil, err
	}
	return rulesIn(s.DB.Read(ctx), team)
}

// RoleRulesByTeam is for batches: teams whose rules the caller may not see are
// left out.
func (s *Service) RoleRulesByTeam(ctx context.Context, teams []models.ID) (map[models.ID][]models.RoleRule, error) {
	a, out := access.From(ctx), map[models.ID][]models.RoleRule{}
	seen := slices.DeleteFunc(slices.Clone(teams), func(t models.ID) bool { return !a.Can(access.SsoRead, t) })
	if len(seen) == 0 {
		return out, nil
	}
	var rows []models.RoleRule
	if err := s.DB.Read(ctx).Where("team_id IN ?", seen).Order("team_id, position").Find(&rows).Error; err != nil {
		return nil, err
	}
	for _, t := range seen {
		out[t] = []models.RoleRule{}
	}
	for _, r := range rows {
		out[r.TeamID] = append(out[r.TeamID], r)
	}
	return out, nil
}

// properRules makes rows of what an admin wants.
func (s *Service) properRules(team models.ID, wanted []NewRule) ([]models.RoleRule, error) {
	if len(wanted) > maxRules {
		return nil, fault.New(fault.InvalidValue, "A team may have %d rules.", maxRules).On("rules")
	}
	rows, seen := make([]models.RoleRule, 0, len(wanted)), map[[2]string]bool{}
	for i, w := range wanted {
		at := strconv.Itoa(i)
		switch {
		case w.Attribute == "":
			return nil, fault.New(fault.Required, "Name the attribute.").On("rules", at, "attribute")
		case len(w.Attribute) > maxClaimName || !models.Printable(w.Attribute):
			return nil, fault.New(fault.InvalidValue, "An attribute's name may have %d printable bytes.", maxClaimName).On("rules", at, "attribute")
		case w.Value == "":
			return nil, fault.New(fault.Required, "Give the value.").On("rules", at, "value")
		case len(w.Value) > maxRuleValue || !models.Printable(w.Value):
			return nil, fault.New(fault.InvalidValue, "A value may have %d printable bytes.", maxRuleValue).On("rules", at, "value")
		case seen[[2]string{w.Attribute, w.Value}]:
			return nil, fault.New(fault.InvalidValue, "A rule before this one looks for the same value: this one would never decide.").On("rules", at)
		}
		seen[[2]string{w.Attribute, w.Value}] = true
		id, err := models.NewID()
		if err != nil {
			return nil, err
		}
		rows = append(rows, models.RoleRule{
			ID: id, TeamID: team, Position: i + 1, Kind: w.Kind, Attribute: w.Attribute, Value: w.Value, Role: w.Role, CreatedAt: s.now(),
		})
	}
	return rows, nil
}

// SetRoleRules puts a list of rules in the place of a team's rules. They count
// from each member's next sign-in on. revision is the one of the team's settings
// of single sign-on that the caller read, or nil. Faults: NOT_FOUND, FORBIDDEN,
// REQUIRED, INVALID, STALE_REVISION, PLAN_REQUIRED.
func (s *Service) SetRoleRules(ctx context.Context, team models.ID, wanted []NewRule, revision *int) (models.SsoSettings, error) {
	if err := access.Require(ctx, access.SsoWrite, team); err != nil {
		return models.SsoSettings{}, err
	}
	rows, err := s.properRules(team, wanted)
	if err != nil {
		return models.SsoSettings{}, err
	}
	var settings models.SsoSettings
	err = s.DB.InTx(ctx, func(tx *gorm.DB) error {
		locked, err := models.LockTeam(tx, team)
		if err != nil {
			return err
		}
		if !locked.SsoAllowed() {
			return fault.New(fault.PlanRequired, "Single sign-on needs the plan TEAM or ENTERPRISE.")
		}
		if settings, err = sso.SettingsIn(tx, team); err != nil {
			return err
		}
		if revision != nil && *revision != settings.Revision {
			return fault.New(fault.StaleRevision, "The settings are at revision %d now.", settings.Revision).On("revision")
		}
		before, err := rulesIn(tx, team)
		if err != nil {
			return err
		}
		if slices.EqualFunc(before, rows, sameRule) {
			return nil
		}
		if err := tx.Where("team_id = ?", team).Delete(&models.RoleRule{}).Error; err != nil {
			return err
		}
		if len(rows) > 0 {
			if err := tx.Create(&rows).Error; err != nil {
				return err
			}
		}
		settings.Revision, settings.UpdatedAt = settings.Revision+1, s.now()
		err = tx.Model(&models.SsoSettings{}).Where("team_id = ?", team).
			Updates(map[string]any{"revision": settings.Revision, "updated_at": settings.UpdatedAt}).Error
		if err != nil {
			return err
		}
		return audit.Record(ctx, tx, s.now(), audit.Event{
			TeamID: team, Action: audit.RoleRulesChanged, Target: audit.Target{Kind: models.PrefixTeam, ID: team, Label: locked.Slug},
			Details: append(ruleDetails("before", before), ruleDetails("after", rows)...),
		})
	})
	return settings, err
}

func sameRule(a, b models.RoleRule) bool {
	return a.Kind == b.Kind && a.Attribute == b.Attribute && a.Value == b.Value && a.Role == b.Role
}

func ruleDetails(when string, rules []models.RoleRule) []models.AuditDetail {
	out := make([]models.AuditDetail, 0, len(rules))
	for _, r := range rules {
		out = append(out, audit.Detail(when, fmt.Sprintf("%d. %s %s = %s: %s", r.Position, r.Kind, r.Attribute, r.Value, r.Role)))
	}
	return out
}
