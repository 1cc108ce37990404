package roster

import (
	"context"
	"time"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/models"
)

// MemberFilter narrows a list of members; what is nil or "" narrows nothing.
type MemberFilter struct {
	Roles          []models.Role
	Sources        []models.MembershipSource
	Status         *models.MembershipStatus
	UnderSso       *bool
	NotSeenSince   *time.Time // or never
	UserNamePrefix string     // compared folded
	Search         string     // the beginning of one of the names, compared folded
}

// MemberOrder is what a list of members goes by.
type MemberOrder string

// Orders of members.
const (
	ByJoining  MemberOrder = ""
	ByUserName MemberOrder = "user_name"
)

// ListMembers lists a team's members that fit the filter, with their users. It
// knows nothing of Search, which SearchMembers is for.
func (s *Service) ListMembers(ctx context.Context, team models.ID, f MemberFilter, by MemberOrder, w models.Window) ([]Member, bool, error) {
	q, err := s.narrowed(ctx, team, f)
	if err != nil {
		return nil, false, err
	}
	column := ""
	if by == ByUserName {
		column = s.nameColumn()
	}
	rows, err := s.readMembers(ctx, w.Apply(q.Model(&models.Membership{}), column), w.Order(column, "m.id"), w.Limit+1)
	if err != nil {
		return nil, false, err
	}
	rows, more := models.Cut(w, rows)
	return rows, more, nil
}

// CountMembers counts what ListMembers or, with Search, SearchMembers lists.
func (s *Service) CountMembers(ctx context.Context, team models.ID, f MemberFilter) (int, error) {
	q, err := s.narrowed(ctx, team, f)
	if err == nil && f.Search != "" {
		q, err = s.found(q, team, f.Search)
	}
	if err != nil {
		return 0, err
	}
	var n int64
	err = q.Model(&models.Membership{}).Count(&n).Error
	return int(n), err
}

// nameColumn is the folded user name, compared by its bytes as its index is.
func (s *Service) nameColumn() string {
	if s.DB.Dialect() == models.Postgres {
		return `user_name_key COLLATE "C"`
	}
	return "user_name_key"
}

// isDirect is Membership.Direct in SQL.
const isDirect = `(source IN ('DIRECT', 'INVITATION') AND NOT scim_managed AND sso_linked_at IS NULL AND NOT EXISTS
	(SELECT 1 FROM users WHERE users.id = memberships.user_id AND users.managed_by_team_id = memberships.team_id))`

// narrowed are the memberships of a team that fit the filter but for its Search.
// The result can be built on several times.
func (s *Service) narrowed(ctx context.Context, team models.ID, f MemberFilter) (*gorm.DB, error) {
	if err := access.Require(ctx, access.MembersRead, team); err != nil {
		return nil, err
	}
	q := s.DB.Read(ctx).Where("memberships.team_id = ?", team)
	if f.Roles != nil {
		q = q.Where("role IN ?", f.Roles)
	}
	if f.Sources != nil {
		q = q.Where("source IN ?", f.Sources)
	}
	if f.Status != nil {
		q = q.Where("status = ?", *f.Status)
	}
	switch {
	case f.UnderSso == nil:
	case *f.UnderSso:
		q = q.Where("NOT " + isDirect)
	default:
		q = q.Where(isDirect)
	}
	if f.NotSeenSince != nil {
		q = q.Where("(last_seen_at IS NULL OR last_seen_at < ?)", *f.NotSeenSince)
	}
	if prefix := models.Fold(f.UserNamePrefix); prefix != "" {
		q = q.Where(s.nameColumn()+" >= ? AND "+s.nameColumn()+" < ?", prefix, behind(prefix))
	}
	return q.Session(&gorm.Session{}), nil
}

// ListTeams lists the teams that the caller may know of: all for operators,
// their own for everybody else.
func (s *Service) ListTeams(ctx context.Context, w models.Window) ([]models.Team, bool, error) {
	q, err := s.visibleTeams(ctx)
	if err != nil {
		return nil, false, err
	}
	var rows []models.Team
	if err := w.Apply(q, "").Find(&rows).Error; err != nil {
		return nil, false, err
	}
	rows, more := models.Cut(w, rows)
	return rows, more, nil
}
