package roster

import (
	"context"

	"rollcall/models"
)

// MembershipsByID is for batches: memberships that the caller may not see are
// left out.
func (s *Service) MembershipsByID(ctx context.Context, ids []models.ID) (map[models.ID]models.Membership, error) {
	q, ok := s.visibleRows(ctx)
	if !ok {
		return nil, nil
	}
	var rows []models.Membership
	if err := q.Where("id IN ?", ids).Find(&rows).Error; err != nil {
		return nil, err
	}
	return byID(rows, func(m models.Membership) models.ID { return m.ID }), nil
}
