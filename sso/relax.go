package sso

import (
	"context"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/fault"
	"rollcall/models"
)

// Relax takes enforcement back: single sign-on stays on, and members with an
// account of their own may use it again, as may their API keys. It is for those
// who are in without the identity provider - a direct admin in a session, or an
// admin in one that a recovery code opened - and for operators. The plan is not
// asked for: a team that lost it must not stay shut out. Doing it twice is not an
// error. Faults: NOT_FOUND, FORBIDDEN, CONFLICT when single sign-on is not on.
func (s *Service) Relax(ctx context.Context, team models.ID) (models.SsoSettings, error) {
	var row models.SsoSettings
	err := s.locked(ctx, team, func(tx *gorm.DB, _ models.Team) error {
		var err error
		if row, err = SettingsIn(tx, team); err != nil {
			return err
		}
		if err := mayRelax(ctx, tx); err != nil || row.State == models.SsoEnabled {
			return err
		}
		if row.State != models.SsoEnforced {
			return fault.New(fault.Clash, "Single sign-on is not enforced.").On("teamId")
		}
		row.State, row.EnforcedAt, row.EnforcedBy = models.SsoEnabled, nil, ""
		return s.saveSettings(ctx, tx, &row, audit.SsoRelaxed, []models.AuditDetail{audit.Change("state", string(models.SsoEnforced), string(row.State))})
	})
	return row, err
}

// mayRelax judges the caller, who is an admin of the team.
func mayRelax(ctx context.Context, tx *gorm.DB) error {
	a := access.From(ctx)
	refused := fault.New(fault.Forbidden, "Enforcement is relaxed by a direct admin in a session of their own, by an admin with a recovery code, or by an operator.")
	switch a.Kind {
	case access.System, access.Operator:
		return nil
	case access.Person:
	default:
		return refused
	}
	var n int64
	err := tx.Table("sessions x").Joins("JOIN memberships m ON m.id = x.membership_id").Joins("JOIN users u ON u.id = m.user_id").
		Where("x.id = ? AND (x.method = ? OR (x.method <> ? AND "+isDirect+"))", a.CredentialID, models.SessionRecoveryCode, models.SessionSaml).Count(&n).Error
	if err == nil && n == 0 {
		return refused
	}
	return err
}
