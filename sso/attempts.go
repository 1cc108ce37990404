package sso

import (
	"context"
	"time"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/models"
)

// AttemptFilter narrows a list of sign-in attempts; what is nil or "" narrows nothing.
type AttemptFilter struct {
	Outcome      models.AttemptOutcome
	Kind         models.AttemptKind
	Provider     models.ID
	Code         string
	Since, Until *time.Time // Until is the first moment that is too late
}

// Attempts lists a team's sign-in attempts, newest first.
func (s *Service) Attempts(ctx context.Context, team models.ID, f AttemptFilter, w models.Window) ([]models.LoginAttempt, bool, error) {
	q, err := s.attempts(ctx, team, f)
	if err != nil {
		return nil, false, err
	}
	w.Desc = true
	var rows []models.LoginAttempt
	if err := w.Apply(q, "").Find(&rows).Error; err != nil {
		return nil, false, err
	}
	rows, more := models.Cut(w, rows)
	return rows, more, nil
}

// CountAttempts counts what Attempts lists.
func (s *Service) CountAttempts(ctx context.Context, team models.ID, f AttemptFilter) (int, error) {
	q, err := s.attempts(ctx, team, f)
	if err != nil {
		return 0, err
	}
	var n int64
	err = q.Model(&models.LoginAttempt{}).Count(&n).Error
	return int(n), err
}

func (s *Service) attempts(ctx context.Context, team models.ID, f AttemptFilter) (*gorm.DB, error) {
	if err := access.Require(ctx, access.SsoRead, team); err != nil {
		return nil, err
	}
	q := s.DB.Read(ctx).Where("team_id = ?", team)
	if f.Outcome != "" {
		q = q.Where("outcome = ?", f.Outcome)
	}
	if f.Kind != "" {
		q = q.Where("kind = ?", f.Kind)
	}
	if f.Provider != "" {
		q = q.Where("identity_provider_id = ?", f.Provider)
	}
	if f.Code != "" {
		q = q.Where("code = ?", f.Code)
	}
	if f.Since != nil {
		q = q.Where("at >= ?", *f.Since)
	}
	if f.Until != nil {
		q = q.Where("at < ?", *f.Until)
	}
	return q, nil
}

// Attempt returns one sign-in attempt.
func (s *Service) Attempt(ctx context.Context, id models.ID) (models.LoginAttempt, error) {
	var row models.LoginAttempt
	if err := s.DB.Read(ctx).Where("id = ?", id).Take(&row).Error; err != nil {
		return row, models.Fault(err)
	}
	return row, access.Require(ctx, access.SsoRead, row.TeamID)
}

// AttemptsByID is for batches: attempts that the caller may not see are left out.
func (s *Service) AttemptsByID(ctx context.Context, ids []models.ID) (map[models.ID]models.LoginAttempt, error) {
	out := make(map[models.ID]models.LoginAttempt, len(ids))
	q, ok := s.ofVisibleTeams(ctx)
	if !ok {
		return out, nil
	}
	var rows []models.LoginAttempt
	err := q.Where("id IN ?", ids).Find(&rows).Error
	for _, a := range rows {
		out[a.ID] = a
	}
	return out, err
}
