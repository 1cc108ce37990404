package sso

import (
	"context"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/fault"
	"rollcall/models"
)

// Kinds of notice about the states.
const (
	noticeDisabled = "sso_disabled"
	noticeEnforced = "sso_enforced"
	noticeRelaxed  = "sso_relaxed"
)

// blockers are the reasons why a team cannot enforce single sign-on now.
func (s *Service) blockers(db *gorm.DB, team models.Team, settings models.SsoSettings) ([]*fault.Error, error) {
	var out []*fault.Error
	if err := planned(team); err != nil {
		if f, ok := fault.As(err); ok {
			out = append(out, f)
		}
	}
	if settings.State != models.SsoEnabled {
		out = append(out, fault.New(fault.Clash, "Single sign-on is %s; it can be enforced when it is ENABLED.", settings.State).On("teamId"))
	}
	usable, err := s.usable(db, settings)
	if err != nil {
		return nil, err
	}
	if !usable {
		out = append(out, incomplete("The team's identity provider needs a certificate that is valid now."))
	}
	if settings.TestedAt == nil {
		out = append(out, untested())
	}
	direct, factored, err := countDirect(db, team.ID, "")
	switch {
	case err != nil:
		return nil, err
	case direct == 0:
		out = append(out, fault.New(fault.BreakGlass, "The team has no direct admin, who could sign in when the identity provider is down.").On("teamId"))
	case factored == 0:
		out = append(out, fault.New(fault.SecondFactorRequired, "No direct admin of the team has a second factor that works.").On("teamId"))
	}
	var codes int64
	if err := db.Model(&models.RecoveryCode{}).Where("team_id = ? AND used_at IS NULL", team.ID).Count(&codes).Error; err != nil {
		return nil, err
	}
	if codes == 0 {
		out = append(out, fault.New(fault.RecoveryCodesMissing, "The team has no recovery codes that are not used.").On("teamId"))
	}
	return out, nil
}

// Enforced is what an enforcement ended.
type Enforced struct {
	Settings models.SsoSettings
	Sessions int64
}

// Enforce has everybody but direct admins, integrations and those whom an admin
// lets in besides come through the identity provider. In the same transaction
// the sessions end that members opened in another way; their API keys rest until
// single sign-on is relaxed. revision, if not nil, is the one of the settings that
// the caller saw. Doing it twice is not an error.
//
// Faults: NOT_FOUND, FORBIDDEN, PLAN_REQUIRED, STALE_REVISION, CONFLICT when
// single sign-on is not on, SSO_INCOMPLETE, TEST_LOGIN_REQUIRED, BREAK_GLASS,
// SECOND_FACTOR_REQUIRED, RECOVERY_CODES_MISSING.
func (s *Service) Enforce(ctx context.Context, team models.ID, revision *int) (Enforced, error) {
	var out Enforced
	err := s.change(ctx, team, func(tx *gorm.DB, t models.Team) error {
		row, err := SettingsIn(tx, team)
		if err != nil {
			return err
		}
		out = Enforced{Settings: row}
		if revision != nil && *revision != row.Revision {
			return fault.New(fault.StaleRevision, "The settings are at revision %d now.", row.Revision).On("revision")
		}
		if row.State == models.SsoEnforced {
			return nil
		}
		stops, err := s.blockers(tx, t, row)
		if err != nil {
			return err
		}
		if len(stops) > 0 {
			return stops[0]
		}
		now := s.now()
		row.State, row.EnforcedAt, row.EnforcedBy = models.SsoEnforced, &now, access.From(ctx).Label
		if out.Sessions, err = s.endOwnSessions(tx, team); err != nil {
			return err
		}
		out.Settings = row
		return s.saveSettings(ctx, tx, &out.Settings, audit.SsoEnforced, []models.AuditDetail{audit.Count("sessionsRevoked", out.Sessions)})
	})
	return out, err
}

// endOwnSessions ends the sessions of a locked team that its members opened
// without the identity provider and that enforcement shuts out.
func (s *Service) endOwnSessions(tx *gorm.DB, team models.ID) (int64, error) {
	out := peopleOf(tx, team).Select("m.id").Where("NOT " + ownLogin)
	done := tx.Model(&models.Session{}).Where("team_id = ? AND revoked_at IS NULL AND expires_at > ? AND method NOT IN ? AND membership_id IN (?)", team, s.now(), otherWays, out).
		Updates(map[string]any{"revoked_at": s.now(), "revoked_reason": "single sign-on enforced"})
	return done.RowsAffected, done.Error
}

// otherWays are the methods of sessions that enforcement does not end.
var otherWays = []models.SessionMethod{models.SessionSaml, models.SessionRecoveryCode}
