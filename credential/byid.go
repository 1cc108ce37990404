package credential

import (
	"context"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/models"
)

// APIKeysByID is for batches: keys that the caller may not deal with are left out.
func (s *Store) APIKeysByID(ctx context.Context, ids []models.ID) (map[models.ID]models.APIKey, error) {
	q, ok := visibleTo(ctx, s.DB.Read(ctx), access.KeysWrite)
	if !ok {
		return nil, nil
	}
	return byID(q, ids, func(k models.APIKey) models.ID { return k.ID })
}

// SessionsByID is for batches: sessions that the caller may not see are left out.
func (s *Store) SessionsByID(ctx context.Context, ids []models.ID) (map[models.ID]models.Session, error) {
	q, ok := visibleTo(ctx, s.DB.Read(ctx), access.MembersWrite)
	if !ok {
		return nil, nil
	}
	return byID(q, ids, func(x models.Session) models.ID { return x.ID })
}

// ScimTokensByID is for batches: tokens that the caller may not see are left out.
func (s *Store) ScimTokensByID(ctx context.Context, ids []models.ID) (map[models.ID]models.ScimToken, error) {
	q, ok := ofTeams(ctx, s.DB.Read(ctx), access.SsoRead)
	if !ok {
		return nil, nil
	}
	return byID(q, ids, func(t models.ScimToken) models.ID { return t.ID })
}

// ScimTokensByTeam is for batches: of each team its tokens that are not revoked,
// newest first. Teams whose tokens the caller may not see are left out.
func (s *Store) ScimTokensByTeam(ctx context.Context, teams []models.ID) (map[models.ID][]models.ScimToken, error) {
	a := access.From(ctx)
	out := make(map[models.ID][]models.ScimToken, len(teams))
	visible := make([]models.ID, 0, len(teams))
	for _, team := range teams {
		if a.Can(access.SsoRead, team) {
			visible, out[team] = append(visible, team), []models.ScimToken{}
		}
	}
	var rows []models.ScimToken
	err := s.DB.Read(ctx).Where("team_id IN ? AND revoked_at IS NULL", visible).
		Order("id DESC").Limit(5 * maxScimTokens * len(visible)).Find(&rows).Error
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		out[row.TeamID] = append(out[row.TeamID], row)
	}
	return out, nil
}

// ofTeams narrows a query to the teams on which the caller has a permission.
func ofTeams(ctx context.Context, q *gorm.DB, p access.Permission) (*gorm.DB, bool) {
	switch a := access.From(ctx); {
	case a.Can(p, ""):
		return q, true
	case a.Can(p, a.TeamID):
		return q.Where("team_id = ?", a.TeamID), true
	default:
		return nil, false
	}
}

func byID[T any](q *gorm.DB, ids []models.ID, id func(T) models.ID) (map[models.ID]T, error) {
	var rows []T
	if err := q.Where("id IN ?", ids).Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make(map[models.ID]T, len(rows))
	for _, row := range rows {
		out[id(row)] = row
	}
	return out, nil
}
