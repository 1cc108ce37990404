package sso

import (
	"context"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/fault"
	"rollcall/models"
)

// Group is a part of a team that an enforcement of single sign-on is about.
type Group string

// Groups of active members.
const (
	// GroupLosing never came in through the identity provider, and enforcement
	// leaves them no other way.
	GroupLosing Group = "LOSING_ACCESS"
	// GroupPassword have a password that enforcement makes useless.
	GroupPassword Group = "PASSWORD_USELESS"
	// GroupFactored and GroupUnfactored are direct admins with and without a second
	// factor that works.
	GroupFactored   Group = "DIRECT_ADMINS_WITH_FACTOR"
	GroupUnfactored Group = "DIRECT_ADMINS_WITHOUT_FACTOR"
	// GroupBypass are let in besides by an admin.
	GroupBypass Group = "BYPASS"
)

var groups = map[Group]string{
	GroupLosing:     isActive + ` AND NOT ` + ownLogin + ` AND NOT ` + hasIdentity,
	GroupPassword:   isActive + ` AND NOT ` + ownLogin + ` AND ` + hasPassword,
	GroupFactored:   directAdmins + ` AND ` + hasFactor,
	GroupUnfactored: directAdmins + ` AND NOT ` + hasFactor,
	GroupBypass:     isActive + ` AND u.kind = 'PERSON' AND m.sso_bypass AND ` + isDirect,
}

// Enforcement is what enforcing single sign-on would do now.
type Enforcement struct {
	Team     models.ID
	Settings models.SsoSettings
	Blockers []*fault.Error
	Sessions int // that would end
}

// EnforcementPreview says what enforcing single sign-on would do now, and what
// keeps it from being done. Who and which keys are lists of their own.
func (s *Service) EnforcementPreview(ctx context.Context, team models.ID) (Enforcement, error) {
	out := Enforcement{Team: team}
	if err := access.Require(ctx, access.SsoRead, team); err != nil {
		return out, err
	}
	db := s.DB.Read(ctx)
	var t models.Team
	if err := db.Where("id = ?", team).Take(&t).Error; err != nil {
		return out, models.Fault(err)
	}
	var err error
	if out.Settings, err = SettingsIn(db, team); err != nil {
		return out, err
	}
	if out.Blockers, err = s.blockers(db, t, out.Settings); err != nil {
		return out, err
	}
	var n int64
	err = peopleOf(db, team).Joins("JOIN sessions s ON s.membership_id = m.id").Where("NOT "+ownLogin).
		Where("s.revoked_at IS NULL AND s.expires_at > ? AND s.method NOT IN ?", s.now(), otherWays).Count(&n).Error
	out.Sessions = int(n)
	return out, err
}

// GroupMembers lists a group, in the order of joining.
func (s *Service) GroupMembers(ctx context.Context, team models.ID, g Group, w models.Window) ([]models.Membership, bool, error) {
	q, err := s.group(ctx, team, g)
	if err != nil {
		return nil, false, err
	}
	// One query that both databases walk in the order of the page and leave when it is
	// full: the group itself may be the whole team.
	var rows []models.Membership
	if err := w.Apply(s.DB.Read(ctx).Table("(?) AS found", q.Select("m.*")), "").Find(&rows).Error; err != nil {
		return nil, false, err
	}
	rows, more := models.Cut(w, rows)
	return rows, more, nil
}

// CountGroup counts what GroupMembers lists.
func (s *Service) CountGroup(ctx context.Context, team models.ID, g Group) (int, error) {
	q, err := s.group(ctx, team, g)
	if err != nil {
		return 0, err
	}
	var n int64
	err = q.Count(&n).Error
	return int(n), err
}

func (s *Service) group(ctx context.Context, team models.ID, g Group) (*gorm.DB, error) {
	if err := access.Require(ctx, access.SsoRead, team); err != nil {
		return nil, err
	}
	return peopleOf(s.DB.Read(ctx), team).Where(groups[g]), nil
}

// GroupKeys lists the live API keys that enforcement makes rest or, of
// integrations, those that go on working.
func (s *Service) GroupKeys(ctx context.Context, team models.ID, integrations bool, w models.Window) ([]models.APIKey, bool, error) {
	q, err := s.groupKeys(ctx, team, integrations)
	if err != nil {
		return nil, false, err
	}
	var rows []models.APIKey
	if err := w.Apply(q, "").Find(&rows).Error; err != nil {
		return nil, false, err
	}
	rows, more := models.Cut(w, rows)
	return rows, more, nil
}

// CountGroupKeys counts what GroupKeys lists.
func (s *Service) CountGroupKeys(ctx context.Context, team models.ID, integrations bool) (int, error) {
	q, err := s.groupKeys(ctx, team, integrations)
	if err != nil {
		return 0, err
	}
	var n int64
	err = q.Count(&n).Error
	return int(n), err
}

func (s *Service) groupKeys(ctx context.Context, team models.ID, integrations bool) (*gorm.DB, error) {
	if err := access.Require(ctx, access.SsoRead, team); err != nil {
		return nil, err
	}
	db := s.DB.Read(ctx)
	holders := peopleOf(db, team).Select("m.id").Where(isActive)
	if integrations {
		holders = holders.Where("u.kind = ?", models.KindIntegration)
	} else {
		holders = holders.Where(isDirect + " AND NOT " + ownLogin)
	}
	return db.Model(&models.APIKey{}).Where("team_id = ? AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?) AND membership_id IN (?)", team, s.now(), holders), nil
}
