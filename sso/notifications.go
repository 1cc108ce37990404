package sso

import (
	"context"
	"net/mail"
	"slices"
	"strings"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/fault"
	"rollcall/models"
)

const (
	// maxExtra is how many addresses besides its admins a team may have told.
	maxExtra = 5
	// maxAddress is the longest address (RFC 5321 section 4.5.3.1.3).
	maxAddress = 254
)

// Languages are those that mails are written in; package mail has the texts.
var Languages = []string{"en", "ja"}

// DefaultNotifications are the settings of a team that chose none.
func DefaultNotifications(team models.ID) models.NotificationSettings {
	return models.NotificationSettings{TeamID: team, ExtraRecipients: []string{}, Language: Languages[0], TrustDiscovered: true, BreakGlassReminder: true}
}

// NotificationsIn reads a team's notification settings with any handle.
func NotificationsIn(db *gorm.DB, team models.ID) (models.NotificationSettings, error) {
	var rows []models.NotificationSettings
	if err := db.Where("team_id = ?", team).Find(&rows).Error; err != nil || len(rows) == 0 {
		return DefaultNotifications(team), err
	}
	return rows[0], nil
}

// TellsMembers is the choice among NotificationsIn that every removal asks for.
func TellsMembers(db *gorm.DB, team models.ID) (bool, error) {
	tells := DefaultNotifications(team).TellMembers
	_, err := models.One(db.Raw("SELECT tell_members FROM notification_settings WHERE team_id = ?", team), &tells)
	return tells, err
}

// Notifications returns a team's notification settings.
func (s *Service) Notifications(ctx context.Context, team models.ID) (models.NotificationSettings, error) {
	if err := access.Require(ctx, access.SsoRead, team); err != nil {
		return models.NotificationSettings{}, err
	}
	return NotificationsIn(s.DB.Read(ctx), team)
}

// NotificationsByTeam is for batches: teams whose single sign-on the caller may
// not see are left out.
func (s *Service) NotificationsByTeam(ctx context.Context, teams []models.ID) (map[models.ID]models.NotificationSettings, error) {
	seen := s.visible(ctx, teams)
	var rows []models.NotificationSettings
	if err := s.DB.Read(ctx).Where("team_id IN ?", seen).Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make(map[models.ID]models.NotificationSettings, len(seen))
	for _, team := range seen {
		out[team] = DefaultNotifications(team)
	}
	for _, row := range rows {
		out[row.TeamID] = row
	}
	return out, nil
}

// NotificationsChange is a partial change; what is nil stays as it is.
type NotificationsChange struct {
	ExtraRecipients *[]string
	Language        *string
	Days60          *bool
	Days14          *bool
	Days0           *bool
	TrustDiscovered *bool
	TellMembers     *bool
	WelcomeMembers  *bool
	DailyDigest     *bool
	BreakGlass      *bool // reminders of it
	Revision        *int  // that the caller read, or nil
}

// UpdateNotifications changes whom a team wants told of what. Faults:
// NOT_FOUND, FORBIDDEN, PLAN_REQUIRED, STALE_REVISION, INVALID, LIMIT_REACHED.
func (s *Service) UpdateNotifications(ctx context.Context, team models.ID, c NotificationsChange) (models.NotificationSettings, error) {
	var row models.NotificationSettings
	err := s.change(ctx, team, func(tx *gorm.DB, _ models.Team) error {
		var err error
		if row, err = NotificationsIn(tx, team); err != nil {
			return err
		}
		if c.Revision != nil && *c.Revision != row.Revision {
			return fault.New(fault.StaleRevision, "The settings are at revision %d now.", row.Revision).On("revision")
		}
		if err := c.apply(&row); err != nil {
			return err
		}
		now := s.now()
		row.Revision, row.UpdatedAt = row.Revision+1, now
		if row.ID == "" {
			if row.ID, err = models.NewID(); err != nil {
				return err
			}
			row.CreatedAt = now
			err = tx.Create(&row).Error
		} else {
			err = tx.Select("*").Omit("id", "team_id", "created_at").Where("id = ?", row.ID).Updates(&row).Error
		}
		if err != nil {
			return err
		}
		return audit.Record(ctx, tx, s.Now(), audit.Event{
			TeamID: team, Action: audit.NotificationsChanged,
			Target:  audit.Target{Kind: models.PrefixNotificationSettings, ID: row.ID},
			Details: []models.AuditDetail{audit.Detail("extraRecipients", strings.Join(row.ExtraRecipients, ", ")), audit.Detail("language", row.Language)},
		})
	})
	return row, err
}

func (c NotificationsChange) apply(row *models.NotificationSettings) error {
	set(&row.Language, c.Language)
	set(&row.Days60, c.Days60)
	set(&row.Days14, c.Days14)
	set(&row.Days0, c.Days0)
	set(&row.TrustDiscovered, c.TrustDiscovered)
	set(&row.TellMembers, c.TellMembers)
	set(&row.WelcomeMembers, c.WelcomeMembers)
	set(&row.DailyDigest, c.DailyDigest)
	set(&row.BreakGlassReminder, c.BreakGlass)
	if !slices.Contains(Languages, row.Language) {
		return fault.New(fault.InvalidValue, "Mails are written in: %s.", strings.Join(Languages, ", ")).On("language")
	}
	if c.ExtraRecipients == nil {
		return nil
	}
	seen, list := map[string]bool{}, []string{}
	for _, text := range *c.ExtraRecipients {
		text = strings.TrimSpace(text)
		a, err := mail.ParseAddress(text)
		if err != nil || a.Address != text || len(text) > maxAddress || !models.Printable(text) {
			return fault.New(fault.InvalidValue, "One of the entries is not a plain e-mail address of at most %d characters.", maxAddress).On("extraRecipients")
		}
		if !seen[models.Fold(text)] {
			seen[models.Fold(text)] = true
			list = append(list, text)
		}
	}
	if len(list) > maxExtra {
		return fault.New(fault.LimitReached, "A team may have %d addresses besides its admins.", maxExtra).On("extraRecipients")
	}
	row.ExtraRecipients = list
	return nil
}
