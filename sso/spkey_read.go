package sso

import (
	"context"

	"rollcall/access"
	"rollcall/models"
)

// ServiceProviderKeys lists a team's own keys, the current one first; there are
// two at most. The private parts are left out.
func (s *Service) ServiceProviderKeys(ctx context.Context, team models.ID) ([]models.ServiceProviderKey, error) {
	if err := access.Require(ctx, access.SsoRead, team); err != nil {
		return nil, err
	}
	var rows []models.ServiceProviderKey
	err := s.DB.Read(ctx).Omit("sealed_key").Where("team_id = ?", team).Order("state").Find(&rows).Error
	return rows, err
}

// ServiceProviderKey returns one key, without its private part.
func (s *Service) ServiceProviderKey(ctx context.Context, id models.ID) (models.ServiceProviderKey, error) {
	var row models.ServiceProviderKey
	if err := s.DB.Read(ctx).Omit("sealed_key").Where("id = ?", id).Take(&row).Error; err != nil {
		return row, models.Fault(err)
	}
	return row, access.Require(ctx, access.SsoRead, row.TeamID)
}

// ServiceProviderKeysByTeam is for batches: teams whose single sign-on the
// caller may not see are left out. A team without keys has an empty list.
func (s *Service) ServiceProviderKeysByTeam(ctx context.Context, teams []models.ID) (map[models.ID][]models.ServiceProviderKey, error) {
	seen := s.visible(ctx, teams)
	var rows []models.ServiceProviderKey
	if err := s.DB.Read(ctx).Omit("sealed_key").Where("team_id IN ?", seen).Order("team_id, state").Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make(map[models.ID][]models.ServiceProviderKey, len(seen))
	for _, team := range seen {
		out[team] = []models.ServiceProviderKey{}
	}
	for _, row := range rows {
		out[row.TeamID] = append(out[row.TeamID], row)
	}
	return out, nil
}
