package roster

import (
	"context"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/fault"
	"rollcall/models"
)

// Membership returns a membership of a team whose members the caller may see.
// Everybody sees their own.
func (s *Service) Membership(ctx context.Context, id models.ID) (models.Membership, error) {
	var row models.Membership
	if err := s.DB.Read(ctx).Where("id = ?", id).Take(&row).Error; err != nil {
		return models.Membership{}, models.Fault(err)
	}
	if a := access.From(ctx); a.Kind == access.Person && a.MembershipID == row.ID {
		return row, nil
	}
	if err := access.Require(ctx, access.MembersRead, row.TeamID); err != nil {
		return models.Membership{}, err
	}
	return row, nil
}

// User returns a user that the caller may see: themselves, and the people of
// the teams whose members they may see.
func (s *Service) User(ctx context.Context, id models.ID) (models.User, error) {
	found, err := s.UsersByID(ctx, []models.ID{id})
	if err != nil {
		return models.User{}, err
	}
	u, ok := found[id]
	if !ok {
		return models.User{}, fault.New(fault.Missing, "There is no such object.")
	}
	return u, nil
}

// UsersByID is for batches: users that the caller may not see are left out.
func (s *Service) UsersByID(ctx context.Context, ids []models.ID) (map[models.ID]models.User, error) {
	q := s.DB.Read(ctx).Where("id IN ?", ids)
	switch a := access.From(ctx); {
	case a.Can(access.TeamsRead, ""):
	case a.Can(access.MembersRead, a.TeamID):
		q = q.Where("id IN (SELECT user_id FROM memberships WHERE team_id = ?)", a.TeamID)
	case a.UserID != "":
		q = q.Where("id = ?", a.UserID)
	default:
		return map[models.ID]models.User{}, nil
	}
	var rows []models.User
	if err := q.Find(&rows).Error; err != nil {
		return nil, err
	}
	return byID(rows, func(u models.User) models.ID { return u.ID }), nil
}

// IdentitiesByMembership is for batches: of each membership the identity that
// signed in last. Memberships that the caller may not see are left out.
func (s *Service) IdentitiesByMembership(ctx context.Context, ids []models.ID) (map[models.ID]models.ExternalIdentity, error) {
	q, ok := s.visibleRows(ctx)
	if !ok {
		return map[models.ID]models.ExternalIdentity{}, nil
	}
	var rows []models.ExternalIdentity
	if err := q.Where("membership_id IN ?", ids).Order("last_login_at, id").Find(&rows).Error; err != nil {
		return nil, err
	}
	return byID(rows, func(x models.ExternalIdentity) models.ID { return x.MembershipID }), nil
}

// visibleRows are the rows of one table, of those that say whose team they are,
// that the caller may see; ok is false for none at all.
func (s *Service) visibleRows(ctx context.Context) (db *gorm.DB, ok bool) {
	switch a := access.From(ctx); {
	case a.Can(access.MembersRead, ""):
		return s.DB.Read(ctx), true
	case a.Can(access.MembersRead, a.TeamID):
		return s.DB.Read(ctx).Where("team_id = ?", a.TeamID), true
	default:
		return nil, false
	}
}

// ExternalIdentity returns one identity that the caller may see.
func (s *Service) ExternalIdentity(ctx context.Context, id models.ID) (models.ExternalIdentity, error) {
	q, ok := s.visibleRows(ctx)
	if !ok {
		return models.ExternalIdentity{}, access.Require(ctx, access.MembersRead, access.From(ctx).TeamID)
	}
	var row models.ExternalIdentity
	err := q.Where("id = ?", id).Take(&row).Error
	return row, models.Fault(err)
}
