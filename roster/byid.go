package roster

import (
	"context"

	"rollcall/access"
	"rollcall/models"
)

// MembershipsByID is for batches: memberships that the caller may not see are
// left out.
func (s *Service) MembershipsByID(ctx context.Context, ids []models.ID) (map[models.ID]models.Membership, error) {
	q := s.DB.Read(ctx).Where("id IN ?", ids)
	switch a := access.From(ctx); {
	case a.Can(access.MembersRead, ""):
	case a.Can(access.MembersRead, a.TeamID):
		q = q.Where("team_id = ?", a.TeamID)
	default:
		return nil, nil
	}
	var rows []models.Membership
	if err := q.Find(&rows).Error; err != nil {
		return nil, err
	}
	return byID(rows, func(m models.Membership) models.ID { return m.ID }), nil
}
