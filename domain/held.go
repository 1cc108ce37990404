package domain

import (
	"gorm.io/gorm"

	"rollcall/models"
)

// HolderOf selects the team that holds a domain, which is its parameter.
const HolderOf = "SELECT team_id FROM domains WHERE name = ? AND held"

// Holder is the team that holds the domain of an e-mail address, "" when no
// team does.
func Holder(tx *gorm.DB, address string) (models.ID, error) {
	name, ok := Of(address)
	if !ok {
		return "", nil
	}
	var holder models.ID
	_, err := models.One(tx.Raw(HolderOf, name), &holder)
	return holder, err
}

// HeldBy reports whether a team holds the domain of an e-mail address.
func HeldBy(tx *gorm.DB, team models.ID, address string) (bool, error) {
	holder, err := Holder(tx, address)
	return holder == team, err
}
