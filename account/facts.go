package account

import (
	"context"

	"rollcall/access"
	"rollcall/models"
)

// Facts are how far somebody's own way in is set up, for those who answer for it.
type Facts struct {
	Password bool
	Factors  []models.FactorKind
	Backup   int
}

// Ready reports whether the person can come in by it.
func (f Facts) Ready() bool {
	for _, kind := range f.Factors {
		if kind == models.FactorPasskey {
			return true
		}
	}
	return f.Password
}

// FactsByMembership returns the facts of those members, of teams whose members
// the caller manages, who come in without the identity provider. All others are
// not in the answer.
func (s *Service) FactsByMembership(ctx context.Context, ids []models.ID) (map[models.ID]Facts, error) {
	db := s.DB.Read(ctx)
	var members []models.Membership
	if err := db.Where("id IN ?", ids).Find(&members).Error; err != nil {
		return nil, models.Fault(err)
	}
	who := access.From(ctx)
	var users, teams []models.ID
	for _, m := range members {
		if who.Can(access.MembersWrite, m.TeamID) {
			users, teams = append(users, m.UserID), append(teams, m.TeamID)
		}
	}
	out := map[models.ID]Facts{}
	if len(users) == 0 {
		return out, nil
	}
	states, err := statesOf(db, teams)
	if err != nil {
		return nil, err
	}
	var people []models.User
	var passwords []models.ID
	var factors []models.SecondFactor
	var codes []struct {
		UserID models.ID
		N      int
	}
	if err := db.Where("id IN ? AND kind = ?", users, models.KindPerson).Find(&people).Error; err != nil {
		return nil, models.Fault(err)
	}
	if err := db.Model(&models.Password{}).Where("user_id IN ?", users).Pluck("user_id", &passwords).Error; err != nil {
		return nil, models.Fault(err)
	}
	if err := db.Select("id", "user_id", "kind").Where("user_id IN ? AND confirmed_at IS NOT NULL", users).Order("id").Find(&factors).Error; err != nil {
		return nil, models.Fault(err)
	}
	err = db.Model(&models.BackupCode{}).Select("user_id, count(*) AS n").Where("user_id IN ? AND used_at IS NULL", users).Group("user_id").Scan(&codes).Error
	if err != nil {
		return nil, models.Fault(err)
	}
	facts := map[models.ID]Facts{}
	for _, id := range passwords {
		facts[id] = Facts{Password: true}
	}
	for _, f := range factors {
		of := facts[f.UserID]
		of.Factors = append(of.Factors, f.Kind)
		facts[f.UserID] = of
	}
	for _, c := range codes {
		of := facts[c.UserID]
		of.Backup = c.N
		facts[c.UserID] = of
	}
	byID := map[models.ID]models.User{}
	for _, u := range people {
		byID[u.ID] = u
	}
	for _, m := range members {
		if u, ok := byID[m.UserID]; ok && (m.Direct(u) || !states[m.TeamID].On()) && who.Can(access.MembersWrite, m.TeamID) {
			out[m.ID] = facts[m.UserID]
		}
	}
	return out, nil
}
