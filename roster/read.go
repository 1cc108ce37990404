package roster

import (
	"gorm.io/gorm"

	"rollcall/models"
)

// one reads the first row of a query; found is false when there is none.
func one(q *gorm.DB, into ...any) (found bool, err error) { return models.One(q, into...) }
