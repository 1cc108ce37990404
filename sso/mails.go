package sso

import (
	"context"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/fault"
	"rollcall/models"
)

// Mails lists a team's mails, newest first, so that an admin sees what was
// sent and what could not be. Without states it lists mails in any.
func (s *Service) Mails(ctx context.Context, team models.ID, states []models.MailState, w models.Window) ([]models.Mail, bool, error) {
	q, err := s.mails(ctx, team, states)
	if err != nil {
		return nil, false, err
	}
	w.Desc = true
	var rows []models.Mail
	if err := w.Apply(q, "").Find(&rows).Error; err != nil {
		return nil, false, err
	}
	rows, more := models.Cut(w, rows)
	return rows, more, nil
}

// CountMails counts what Mails lists.
func (s *Service) CountMails(ctx context.Context, team models.ID, states []models.MailState) (int, error) {
	q, err := s.mails(ctx, team, states)
	if err != nil {
		return 0, err
	}
	var n int64
	err = q.Model(&models.Mail{}).Count(&n).Error
	return int(n), err
}

func (s *Service) mails(ctx context.Context, team models.ID, states []models.MailState) (*gorm.DB, error) {
	if err := access.Require(ctx, access.SsoRead, team); err != nil {
		return nil, err
	}
	q := s.DB.Read(ctx).Where("team_id = ? AND private = ?", team, false)
	if len(states) > 0 {
		q = q.Where("state IN ?", states)
	}
	return q, nil
}

// Mail returns one mail.
func (s *Service) Mail(ctx context.Context, id models.ID) (models.Mail, error) {
	var row models.Mail
	if err := s.DB.Read(ctx).Where("id = ?", id).Take(&row).Error; err != nil {
		return row, models.Fault(err)
	}
	if row.Private {
		return models.Mail{}, fault.New(fault.Missing, "There is no such object.")
	}
	return row, access.Require(ctx, access.SsoRead, row.TeamID)
}

// NoticeKinds is for batches: what notices tell of. Notices of teams that the
// caller may not see are left out.
func (s *Service) NoticeKinds(ctx context.Context, ids []models.ID) (map[models.ID]string, error) {
	out := make(map[models.ID]string, len(ids))
	q, ok := s.ofVisibleTeams(ctx)
	if !ok {
		return out, nil
	}
	var rows []models.Notice
	err := q.Select("id", "kind").Where("id IN ?", ids).Find(&rows).Error
	for _, n := range rows {
		out[n.ID] = n.Kind
	}
	return out, err
}
