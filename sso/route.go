package sso

import (
	"context"

	"rollcall/domain"
	"rollcall/models"
)

// Route says where an address signs in, as far as its domain tells: at the
// identity provider of the team that proved the domain to be its own and has
// single sign-on on. It returns that team's short name, "" for none. Who has an
// account plays no part: an address that nobody has is told the same.
func (s *Service) Route(ctx context.Context, email string) (slug string, err error) {
	name, ok := domain.Of(email)
	if !ok {
		return "", nil
	}
	var slugs []string
	err = s.DB.Read(ctx).Table("domains d").Joins("JOIN teams t ON t.id = d.team_id").Joins("JOIN sso_settings c ON c.team_id = d.team_id").
		Where("d.name = ? AND d.held AND c.state IN ? AND t.plan IN ?", name,
			[]models.SsoState{models.SsoEnabled, models.SsoEnforced}, []models.Plan{models.PlanTeam, models.PlanEnterprise}).
		Limit(1).Pluck("t.slug", &slugs).Error
	if err != nil || len(slugs) == 0 {
		return "", models.Fault(err)
	}
	return slugs[0], nil
}
