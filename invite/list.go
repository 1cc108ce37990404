package invite

import (
	"context"
	"time"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/models"
)

// Status is how far an invitation has come, as people see it.
type Status string

// The statuses.
const (
	Pending     Status = "PENDING"
	WasAccepted Status = "ACCEPTED"
	Expired     Status = "EXPIRED"
	Revoked     Status = "REVOKED"
)

// StatusAt is an invitation's status at a time.
func StatusAt(i models.Invitation, now time.Time) Status {
	if i.State == models.InvitationPending && !now.Before(i.ExpiresAt) {
		return Expired
	}
	return Status(i.State)
}

// Invitations lists a team's invitations, newest first; status "" is all of them.
func (s *Service) Invitations(ctx context.Context, team models.ID, status Status, w models.Window) ([]models.Invitation, bool, error) {
	if err := access.Require(ctx, access.MembersInvite, team); err != nil {
		return nil, false, err
	}
	w.Desc = true
	var rows []models.Invitation
	if err := w.Apply(s.of(ctx, team, status), "").Find(&rows).Error; err != nil {
		return nil, false, err
	}
	rows, more := models.Cut(w, rows)
	return rows, more, nil
}

// CountInvitations counts what Invitations lists.
func (s *Service) CountInvitations(ctx context.Context, team models.ID, status Status) (int, error) {
	if err := access.Require(ctx, access.MembersInvite, team); err != nil {
		return 0, err
	}
	var n int64
	err := s.of(ctx, team, status).Model(&models.Invitation{}).Count(&n).Error
	return int(n), err
}

func (s *Service) of(ctx context.Context, team models.ID, status Status) *gorm.DB {
	q := s.DB.Read(ctx).Where("team_id = ?", team)
	switch status {
	case Pending:
		return q.Where("state = ? AND expires_at > ?", models.InvitationPending, s.now())
	case Expired:
		return q.Where("state = ? AND expires_at <= ?", models.InvitationPending, s.now())
	case WasAccepted, Revoked:
		return q.Where("state = ?", status)
	default:
		return q
	}
}

// Invitation returns one of a team's invitations.
func (s *Service) Invitation(ctx context.Context, id models.ID) (models.Invitation, error) {
	var row models.Invitation
	if err := s.DB.Read(ctx).Where("id = ?", id).Take(&row).Error; err != nil {
		return row, models.Fault(err)
	}
	if err := access.Require(ctx, access.MembersInvite, row.TeamID); err != nil {
		return models.Invitation{}, err
	}
	return row, nil
}
