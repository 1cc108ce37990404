package roster

import (
	"context"
	"maps"
	"slices"
	"time"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/models"
)

const (
	// callsKept is how long a call can be looked at.
	callsKept = 7 * 24 * time.Hour
	// maxCalls is how many calls of a team are kept.
	maxCalls = 10_000
	// callBatch keeps each transaction short.
	callBatch = 500
)

// RecordScimCalls stores what provisioning clients asked. They are
// observations: they are written apart from the changes that they tell of. Those
// of a team that is no more are left out.
func (s *Service) RecordScimCalls(ctx context.Context, rows []models.ScimCall) error {
	if len(rows) == 0 {
		return nil
	}
	return s.DB.InTx(ctx, func(tx *gorm.DB) error {
		kept, err := ofTeamsThatAre(tx, rows)
		if err != nil || len(kept) == 0 {
			return err
		}
		return tx.CreateInBatches(&kept, callBatch).Error
	})
}

// ofTeamsThatAre leaves the calls of teams out that were deleted meanwhile: they
// could never be written, and with them no others.
func ofTeamsThatAre(tx *gorm.DB, rows []models.ScimCall) ([]models.ScimCall, error) {
	teams := map[models.ID]bool{}
	for _, r := range rows {
		teams[r.TeamID] = true
	}
	var there []models.ID
	if err := tx.Model(&models.Team{}).Where("id IN ?", slices.Collect(maps.Keys(teams))).Pluck("id", &there).Error; err != nil {
		return nil, err
	}
	if len(there) == len(teams) {
		return rows, nil
	}
	return slices.DeleteFunc(slices.Clone(rows), func(r models.ScimCall) bool { return !slices.Contains(there, r.TeamID) }), nil
}

// ScimCalls lists a team's calls; a window with Desc begins with the newest.
func (s *Service) ScimCalls(ctx context.Context, team models.ID, w models.Window) ([]models.ScimCall, bool, error) {
	if err := access.Require(ctx, access.SsoRead, team); err != nil {
		return nil, false, err
	}
	s.writeCalls(ctx)
	var rows []models.ScimCall
	if err := w.Apply(s.DB.Read(ctx).Where("team_id = ?", team), "").Find(&rows).Error; err != nil {
		return nil, false, err
	}
	rows, more := models.Cut(w, rows)
	return rows, more, nil
}

// writeCalls has what waits in this process written, so that an admin who tries
// something out sees it at once. When that fails the calls go on waiting, and what
// is written already is shown.
func (s *Service) writeCalls(ctx context.Context) {
	if s.CallsWaiting != nil {
		_ = s.CallsWaiting(ctx)
	}
}

// CountScimCalls counts the calls of a team that are kept.
func (s *Service) CountScimCalls(ctx context.Context, team models.ID) (int, error) {
	if err := access.Require(ctx, access.SsoRead, team); err != nil {
		return 0, err
	}
	s.writeCalls(ctx)
	var n int64
	err := s.DB.Read(ctx).Model(&models.ScimCall{}).Where("team_id = ?", team).Count(&n).Error
	return int(n), err
}

// ScimCall returns one call of a team whose settings the caller may see.
func (s *Service) ScimCall(ctx context.Context, id models.ID) (models.ScimCall, error) {
	var row models.ScimCall
	if err := s.DB.Read(ctx).Where("id = ?", id).Take(&row).Error; err != nil {
		return row, models.Fault(err)
	}
	return row, access.Require(ctx, access.SsoRead, row.TeamID)
}

// ScimHealth sums a team's last day of calls up.
type ScimHealth struct {
	LastCallAt    *time.Time
	Calls, Failed int
}

// ErrorRate is the share of calls that failed, 0 when there were none.
func (h ScimHealth) ErrorRate() float64 {
	if h.Calls == 0 {
		return 0
	}
	return float64(h.Failed) / float64(h.Calls)
}

// ScimHealth tells when a team's client called last and how its calls of the
// last 24 hours went. A call failed when it was answered with a status of 400
// or more, but for 404: that is how clients look whether somebody exists.
func (s *Service) ScimHealth(ctx context.Context, team models.ID) (ScimHealth, error) {
	var h ScimHealth
	if err := access.Require(ctx, access.SsoRead, team); err != nil {
		return h, err
	}
	s.writeCalls(ctx)
	var last []models.ScimCall
	if err := s.DB.Read(ctx).Select("at").Where("team_id = ?", team).Order("id DESC").Limit(1).Find(&last).Error; err != nil {
		return h, err
	}
	err := s.DB.Read(ctx).Raw(`SELECT count(*) AS calls, count(CASE WHEN status >= 400 AND status <> 404 THEN 1 END) AS failed
		FROM scim_calls WHERE team_id = ? AND at > ?`, team, s.now().Add(-24*time.Hour)).Scan(&h).Error
	if len(last) > 0 {
		h.LastCallAt = &last[0].At
	}
	return h, err
}

// PruneScimCalls deletes calls older than a week and those of each team that
// are more than ten thousand.
func (s *Service) PruneScimCalls(ctx context.Context) error {
	old := s.now().Add(-callsKept)
	err := s.inBatches(ctx, `DELETE FROM scim_calls WHERE id IN (SELECT id FROM scim_calls WHERE at < ? ORDER BY at LIMIT ?)`, old)
	if err != nil {
		return err
	}
	var teams []models.ID
	err = s.DB.Read(ctx).Raw(`SELECT team_id FROM scim_calls GROUP BY team_id HAVING count(*) > ?`, maxCalls).Scan(&teams).Error
	for _, team := range teams {
		if err == nil {
			err = s.inBatches(ctx, `DELETE FROM scim_calls WHERE id IN (SELECT id FROM scim_calls WHERE team_id = ? AND id <
				(SELECT id FROM scim_calls WHERE team_id = ? ORDER BY id DESC LIMIT 1 OFFSET 9999) ORDER BY id LIMIT ?)`, team, team)
		}
	}
	return err
}

// inBatches runs a DELETE whose last parameter is a limit until nothing is left.
func (s *Service) inBatches(ctx context.Context, statement string, args ...any) error {
	args = append(args, callBatch)
	for {
		var n int64
		err := s.DB.InTx(ctx, func(tx *gorm.DB) error {
			done := tx.Exec(statement, args...)
			n = done.RowsAffected
			return done.Error
		})
		if err != nil || n < callBatch {
			return err
		}
	}
}
