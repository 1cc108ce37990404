package roster

import (
	"gorm.io/gorm"

	"rollcall/domain"
	"rollcall/models"
)

// holds reports whether the team proved by DNS that an address's domain is its own.
func holds(tx *gorm.DB, team models.ID, address string) (bool, error) {
	holder, err := domain.Holder(tx, address)
	return holder == team && holder != "", err
}
