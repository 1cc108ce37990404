package models_test

import (
	"errors"
	"sync"
	"testing"

	"gorm.io/gorm"

	"rollcall/internal/housetest"
	"rollcall/models"
)

// Transactions that lock the same row take turns, so what one of them counts
// cannot change before it has acted on it.
func TestLocks(t *testing.T) {
	housetest.EachDatabase(t, func(t *testing.T, db *models.DB) {
		team := storedTeam(t, db, "acme")
		member := storedMember(t, db, team)
		for name, read := range map[string]func(tx *gorm.DB) (any, int, error){
			"team": func(tx *gorm.DB) (any, int, error) {
				locked, err := models.LockTeam(tx, team.ID)
				return &models.Team{}, locked.Revision, err
			},
			"membership": func(tx *gorm.DB) (any, int, error) {
				locked, err := models.LockMembership(tx, member.ID)
				return &models.Membership{}, locked.Revision, err
			},
		} {
			t.Run(name, func(t *testing.T) {
				const workers = 6
				errs := make([]error, workers)
				var wg sync.WaitGroup
				for i := range workers {
					wg.Go(func() {
						errs[i] = db.InTx(t.Context(), func(tx *gorm.DB) error {
							row, revision, err := read(tx)
							if err != nil {
								return err
							}
							return tx.Model(row).Where("revision = ?", revision).Update("revision", revision+1).Error
						})
					})
				}
				wg.Wait()
				if err := errors.Join(errs...); err != nil {
					t.Error(err)
				}
				err := db.InTx(t.Context(), func(tx *gorm.DB) error {
					_, revision, err := read(tx)
					same(t, "revision", revision, 1+workers)
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
	})
}

// storedMember is a person on the team.
func storedMember(t testing.TB, db *models.DB, team models.Team) models.Membership {
	t.Helper()
	user := newUser(t, "ada@acme.test")
	member := newMember(t, team.ID, user)
	err := db.InTx(t.Context(), func(tx *gorm.DB) error {
		return errors.Join(tx.Create(&user).Error, tx.Create(&member).Error)
	})
	if err != nil {
		t.Fatal(err)
	}
	return member
}
