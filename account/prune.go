package account

import (
	"context"
	"time"

	"gorm.io/gorm"

	"rollcall/models"
)

// Prune deletes the counters, sign-in steps and one-time links that are over.
func (s *Service) Prune(ctx context.Context) error {
	now := s.now()
	for _, old := range []struct {
		row    any
		key    string
		before time.Time
	}{
		{&models.GuessCounter{}, "key_hash", now},
		{&models.SigninStep{}, "id", now.Add(-stepsKept)},
		{&models.OneTimeLink{}, "id", now.Add(-linksKept)},
	} {
		for range pruneAtOnce {
			var n int64
			err := s.DB.InTx(ctx, func(tx *gorm.DB) error {
				some := tx.Model(old.row).Select(old.key).Where("expires_at < ?", old.before).Order("expires_at").Limit(pruneBatch)
				done := tx.Where(old.key+" IN (?)", some).Delete(old.row)
				n = done.RowsAffected
				return done.Error
			})
			if err != nil {
				return err
			}
			if n < pruneBatch {
				break
			}
		}
	}
	return nil
}

// How long what is over is kept: a step, so that its second use is told from one
// that never was, and a link, so that people read "expired" and not "unknown".
const (
	stepsKept   = time.Hour
	linksKept   = 30 * 24 * time.Hour
	pruneBatch  = 1_000
	pruneAtOnce = 100
)
