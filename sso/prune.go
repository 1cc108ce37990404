package sso

import (
	"context"
	"time"

	"gorm.io/gorm"

	"rollcall/models"
)

const (
	// assertionKept is how long a used assertion is remembered after the end of
	// its life: the clock of the replica that prunes may be ahead of another one's.
	assertionKept = time.Hour
	// attemptKept is how long a refused or accepted attempt can be looked at.
	attemptKept = 30 * 24 * time.Hour
	// pruneBatch keeps each transaction short.
	pruneBatch = 1_000
)

// Prune deletes requests that nobody can answer any more, assertions that were
// refused as expired for an hour already and attempts older than thirty days, a
// thousand rows in a transaction.
func (s *Service) Prune(ctx context.Context) error {
	now := s.now()
	for _, old := range []struct {
		row    any
		column string
		before time.Time
	}{
		{&models.LoginRequest{}, "expires_at", now.Add(requestLife - requestKept)},
		{&models.SeenAssertion{}, "expires_at", now.Add(-assertionKept)},
		{&models.LoginAttempt{}, "at", now.Add(-s.attemptsKept())},
	} {
		for {
			n, err := s.pruneSome(ctx, old.row, old.column, old.before)
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

func (s *Service) attemptsKept() time.Duration {
	if s.AttemptsKept > 0 {
		return s.AttemptsKept
	}
	return attemptKept
}

func (s *Service) pruneSome(ctx context.Context, row any, column string, before time.Time) (int64, error) {
	var n int64
	err := s.DB.InTx(ctx, func(tx *gorm.DB) error {
		ids := tx.Model(row).Select("id").Where(column+" < ?", before).Limit(pruneBatch)
		done := tx.Where("id IN (?)", ids).Delete(row)
		n = done.RowsAffected
		return done.Error
	})
	return n, err
}
