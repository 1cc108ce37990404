package housetest

import (
	"testing"

	"gorm.io/gorm"

	"rollcall/models"
)

// Update changes rows past the domain, for states that a test's room has no verb for.
func Update(t testing.TB, db *models.DB, row any, columns map[string]any, where string, args ...any) {
	t.Helper()
	err := db.InTx(t.Context(), func(tx *gorm.DB) error { return tx.Model(row).Where(where, args...).Updates(columns).Error })
	if err != nil {
		t.Fatal(err)
	}
}

// Insert writes a row past the domain.
func Insert(t testing.TB, db *models.DB, row any) {
	t.Helper()
	if err := db.InTx(t.Context(), func(tx *gorm.DB) error { return tx.Create(row).Error }); err != nil {
		t.Fatal(err)
	}
}
