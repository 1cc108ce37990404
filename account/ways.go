package account

import (
	"context"
	"slices"

	"gorm.io/gorm"

	"rollcall/fault"
	"rollcall/models"
)

// Way is a team that a person is an active member of, and how they come in to it.
type Way struct {
	Membership models.Membership
	Team       models.Team
	Settings   models.SsoSettings
	Own        bool // without the team's identity provider
	Sso        bool // by it
}

// NeedsFactor reports whether nobody comes in this way without a second factor:
// an admin whose account stands for all others once single sign-on is enforced.
func (w Way) NeedsFactor() bool {
	return w.Settings.State == models.SsoEnforced && w.Membership.Role == models.RoleAdmin
}

// Ways are a person's active memberships, by the teams' names.
type Ways []Way

// Own are those that need no identity provider.
func (ws Ways) Own() Ways {
	return slices.DeleteFunc(slices.Clone(ws), func(w Way) bool { return !w.Own })
}

// ByProvider are those that are by an identity provider alone.
func (ws Ways) ByProvider() Ways {
	return slices.DeleteFunc(slices.Clone(ws), func(w Way) bool { return w.Own || !w.Sso })
}

// of finds a team's.
func (ws Ways) of(slug string) (Way, bool) {
	i := slices.IndexFunc(ws, func(w Way) bool { return w.Team.Slug == slug })
	if i < 0 {
		return Way{}, false
	}
	return ws[i], true
}

// waysOf reads where a person may come in. An integration comes in nowhere by
// itself.
func waysOf(tx *gorm.DB, u models.User) (Ways, error) {
	if u.Kind != models.KindPerson {
		return nil, nil
	}
	var members []models.Membership
	err := tx.Where("user_id = ? AND status = ?", u.ID, models.StatusActive).Order("id").Find(&members).Error
	if err != nil || len(members) == 0 {
		return nil, models.Fault(err)
	}
	ids := make([]models.ID, len(members))
	for i, m := range members {
		ids[i] = m.TeamID
	}
	var teams []models.Team
	var settings []models.SsoSettings
	if err := tx.Where("id IN ?", ids).Find(&teams).Error; err != nil {
		return nil, models.Fault(err)
	}
	if err := tx.Where("team_id IN ?", ids).Find(&settings).Error; err != nil {
		return nil, models.Fault(err)
	}
	out := make(Ways, 0, len(members))
	for _, m := range members {
		w := Way{Membership: m}
		if i := slices.IndexFunc(teams, func(t models.Team) bool { return t.ID == m.TeamID }); i >= 0 {
			w.Team = teams[i]
		}
		if i := slices.IndexFunc(settings, func(c models.SsoSettings) bool { return c.TeamID == m.TeamID }); i >= 0 {
			w.Settings = settings[i]
		}
		w.Own, w.Sso = m.OwnLogin(u, w.Settings.State), w.Settings.State.On()
		out = append(out, w)
	}
	slices.SortStableFunc(out, func(a, b Way) int { return compare(models.Fold(a.Team.Name), models.Fold(b.Team.Name)) })
	return out, nil
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// userIn reads and locks a user: whoever changes their ways in does it one
// after the other.
func userIn(tx *gorm.DB, id models.ID) (models.User, error) {
	var u models.User
	err := lock(tx).Where("id = ?", id).Take(&u).Error
	return u, models.Fault(err)
}

// ownLogin reads a person who has at least one way in of their own. Everybody
// else is refused with FORBIDDEN.
func (s *Service) ownLogin(_ context.Context, tx *gorm.DB, user models.ID) (models.User, Ways, error) {
	u, err := userIn(tx, user)
	if err != nil {
		return u, nil, err
	}
	ways, err := waysOf(tx, u)
	if err == nil && len(ways.Own()) == 0 {
		err = fault.New(fault.Forbidden, "Your team signs in at its identity provider; a password of your own does not work here.")
	}
	return u, ways, err
}
