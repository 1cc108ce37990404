package account

import (
	"context"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/models"
)

// Kinds of notice, as package mail calls them.
const (
	noticePasswordChanged = "password_changed"
	noticePasswordReset   = "password_reset"
	noticeSetPassword     = "set_password"
	noticeElsewhere       = "sign_in_elsewhere"
	noticeFactorAdded     = "factor_added"
	noticeFactorRemoved   = "factor_removed"
	noticeBackupUsed      = "backup_code_used"
)

// tellPerson writes to a person about their own ways in. The mail goes through
// one of their teams, as all mail does, and its admins do not see it.
func (s *Service) tellPerson(ctx context.Context, tx *gorm.DB, u models.User, kind string, facts map[string]string) error {
	if s.Announce == nil || u.Kind != models.KindPerson {
		return nil
	}
	var teams []models.ID
	err := tx.Model(&models.Membership{}).Where("user_id = ? AND status = ?", u.ID, models.StatusActive).Order("id").Limit(1).Pluck("team_id", &teams).Error
	if err != nil || len(teams) == 0 {
		return err
	}
	return s.send(ctx, tx, models.Notice{TeamID: teams[0], Kind: kind, Recipient: u.Email, UserID: &u.ID, Private: true, Facts: facts})
}

// send fills in what every notice has and announces it.
func (s *Service) send(ctx context.Context, tx *gorm.DB, n models.Notice) error {
	if s.Announce == nil {
		return nil
	}
	var err error
	if n.ID, err = models.NewID(); err != nil {
		return err
	}
	if n.Facts == nil {
		n.Facts = map[string]string{}
	}
	n.NoticeKey, n.CreatedAt = n.Kind+"/"+string(n.ID), s.now()
	n.Facts["at"], n.Facts["actor"] = stamp(n.CreatedAt), access.From(ctx).Label
	return s.Announce(tx, n)
}
