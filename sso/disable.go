package sso

import (
	"context"
	"strings"
	"unicode/utf8"

	"gorm.io/gorm"

	"rollcall/audit"
	"rollcall/fault"
	"rollcall/models"
)

// maxReason is the longest reason for switching off, in characters.
const maxReason = 200

// Disable switches single sign-on off and keeps the settings, the members and
// their sessions. Doing it twice is not an error. Faults: NOT_FOUND, FORBIDDEN,
// PLAN_REQUIRED, INVALID, and CONFLICT for a team that never switched it on.
func (s *Service) Disable(ctx context.Context, team models.ID, reason string) (models.SsoSettings, error) {
	reason = strings.TrimSpace(reason)
	if utf8.RuneCountInString(reason) > maxReason || !models.Printable(reason) {
		return models.SsoSettings{}, fault.New(fault.InvalidValue, "The reason may have %d printable characters.", maxReason).On("reason")
	}
	var row models.SsoSettings
	err := s.change(ctx, team, func(tx *gorm.DB, _ models.Team) error {
		var err error
		if row, err = SettingsIn(tx, team); err != nil || row.State == models.SsoDisabled {
			return err
		}
		if !row.State.On() {
			return fault.New(fault.Clash, "Single sign-on is not on.").On("teamId")
		}
		before, now := row.State, s.now()
		row.State, row.EnabledAt, row.EnabledBy = models.SsoDisabled, nil, ""
		row.EnforcedAt, row.EnforcedBy = nil, ""
		row.DisabledAt, row.DisabledReason = &now, reason
		details := []models.AuditDetail{audit.Change("state", string(before), string(row.State))}
		if reason != "" {
			details = append(details, audit.Detail("reason", reason))
		}
		return s.saveSettings(ctx, tx, &row, audit.SsoDisabled, details)
	})
	return row, err
}

// SettingsGone is what a deletion of a team's settings ended.
type SettingsGone struct {
	Settings  models.SsoSettings
	Providers []models.IdentityProvider
}

// DeleteSettings puts a team's single sign-on back to its beginning: no identity
// provider, no certificate, none of the sessions that came of them. The plan is
// not asked for: a team that lost it may still clear up. Faults: NOT_FOUND,
// FORBIDDEN, and CONFLICT while single sign-on is on.
func (s *Service) DeleteSettings(ctx context.Context, team models.ID) (SettingsGone, error) {
	var out SettingsGone
	err := s.locked(ctx, team, func(tx *gorm.DB, _ models.Team) error {
		row, err := SettingsIn(tx, team)
		if err != nil {
			return err
		}
		if row.State.On() {
			return fault.New(fault.Clash, "Single sign-on is on; switch it off first.").On("teamId")
		}
		if out.Providers, err = providersOf(tx, team); err != nil {
			return err
		}
		for _, p := range out.Providers {
			if _, err := s.dropProvider(ctx, tx, p); err != nil {
				return err
			}
		}
		fresh := beginning(team)
		fresh.ID, fresh.Revision, fresh.CreatedAt, fresh.TrustRevision = row.ID, row.Revision, row.CreatedAt, row.TrustRevision
		distrusted(&fresh)
		out.Settings = fresh
		return s.saveSettings(ctx, tx, &out.Settings, audit.SsoSettingsDeleted, nil)
	})
	return out, err
}
