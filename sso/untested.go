package sso

import (
	"context"
	"time"

	"gorm.io/gorm"

	"rollcall/fault"
	"rollcall/models"
)

const (
	noticeUntested   = "breakglass_untested"
	noticeBreakGlass = "breakglass_used" // package credential tells of it
)

const (
	// untestedFor is how long nobody uses a way in before it is said to be untested.
	untestedFor = 90 * day
	// untestedBatch is how many teams are looked at at once.
	untestedBatch = 200
)

// AnnounceUntested has the admins of teams that enforce single sign-on reminded
// when no direct admin signed in, and no recovery code was used, for ninety days:
// the way in for the day when the identity provider is down is worth trying before
// that day. It does so once in ninety days, unless the team does not want it. It can
// be run at any time and by several at once. Mails that are kept for less than
// ninety days make it forget sooner.
func (s *Service) AnnounceUntested(ctx context.Context) error {
	if s.Announce == nil {
		return nil
	}
	after := nobodysTeam
	for {
		var teams []models.ID
		err := s.untested(s.DB.Read(ctx)).Where("c.team_id > ?", after).Order("c.team_id").Limit(untestedBatch).Pluck("c.team_id", &teams).Error
		if err != nil {
			return err
		}
		for _, team := range teams {
			if err := s.announceUntested(ctx, team); err != nil {
				return err
			}
			after = team
		}
		if len(teams) < untestedBatch {
			return nil
		}
	}
}

// untested are the settings, as c, of the teams that are to be reminded now.
func (s *Service) untested(db *gorm.DB) *gorm.DB {
	since := s.now().Add(-untestedFor)
	return db.Table("sso_settings c").Joins("LEFT JOIN notification_settings w ON w.team_id = c.team_id").
		Where("c.state = ? AND c.enforced_at <= ? AND COALESCE(w.break_glass_reminder, ?)", models.SsoEnforced, since, true).
		Where("NOT EXISTS (SELECT 1 FROM notices n WHERE n.team_id = c.team_id AND n.kind IN ? AND n.created_at > ?)",
			[]string{noticeUntested, noticeBreakGlass, noticeRecovery}, since)
}

// announceUntested looks once more with the team locked: another replica may have
// told it, or somebody signed in.
func (s *Service) announceUntested(ctx context.Context, team models.ID) error {
	err := s.DB.InTx(ctx, func(tx *gorm.DB) error {
		if _, err := models.LockTeam(tx, team); err != nil {
			return err
		}
		var due int64
		if err := s.untested(tx).Where("c.team_id = ?", team).Count(&due).Error; err != nil || due == 0 {
			return err
		}
		key := noticeUntested + "/" + string(team) + "/" + s.now().Format(time.DateOnly)
		return s.announce(ctx, tx, models.Notice{TeamID: team, NoticeKey: key, Kind: noticeUntested})
	})
	if fault.Is(err, fault.Missing) { // the team is gone
		return nil
	}
	return err
}
