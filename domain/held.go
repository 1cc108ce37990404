package domain

import (
	"gorm.io/gorm"

	"rollcall/models"
)

// Holder is the team that holds the domain of an e-mail address, "" when no
// team does.
func Holder(tx *gorm.DB, address string) (models.ID, error) {
	name, ok := Of(address)
	if !ok {
		return "", nil
	}
	var teams []models.ID
	err := tx.Model(&models.Domain{}).Where("name = ? AND held = ?", name, true).Pluck("team_id", &teams).Error
	if err != nil || len(teams) == 0 {
		return "", err
	}
	return teams[0], nil
}

// HeldBy reports whether a team holds the domain of an e-mail address.
func HeldBy(tx *gorm.DB, team models.ID, address string) (bool, error) {
	holder, err := Holder(tx, address)
	return holder == team, err
}
