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
	// attemptKept is how long a refused or accepted attempt can be looked at, and
	// attemptsKept how many of each kind of end there are of one provider.
	attemptKept  = 30 * 24 * time.Hour
	attemptsKept = 200
	// pruneBatch keeps each transaction short.
	pruneBatch = 1_000
)

// Prune deletes requests that nobody can answer any more, assertions that were
// refused as expired for an hour already and attempts older than thirty days or
// beyond the two hundred newest of a provider that ended alike, a thousand rows
// in a transaction.
func (s *Service) Prune(ctx context.Context) error {
	now := s.now()
	for _, old := range []struct {
		row    any
		column string
		before time.Time
	}{
		{&models.LoginRequest{}, "expires_at", now.Add(requestLife - requestKept)},
		{&models.LogoutRequest{}, "expires_at", now.Add(logoutLife - requestKept)},
		{&models.SeenAssertion{}, "expires_at", now.Add(-assertionKept)},
		{&models.LoginTest{}, "expires_at", now.Add(-testKept)},
		{&models.LoginAttempt{}, "at", now.Add(-s.attemptsKept())},
		{&models.IdentityConflict{}, "last_at", now.Add(-s.attemptsKept())},
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
	return s.thinAttempts(ctx)
}

// thinAttempts keeps the newest attempts of every provider: of those that came
// in and of those that were refused, so that a busy Monday does not push the
// refusals out that people ask about on Tuesday.
func (s *Service) thinAttempts(ctx context.Context) error {
	for {
		var n int64
		err := s.DB.InTx(ctx, func(tx *gorm.DB) error {
			placed := tx.Model(&models.LoginAttempt{}).
				Select("id, row_number() OVER (PARTITION BY team_id, identity_provider_id, outcome ORDER BY id DESC) AS place")
			surplus := tx.Table("(?) AS placed", placed).Select("id").Where("place > ?", attemptsKept).Limit(pruneBatch)
			done := tx.Where("id IN (?)", surplus).Delete(&models.LoginAttempt{})
			n = done.RowsAffected
			return done.Error
		})
		if err != nil || n < pruneBatch {
			return err
		}
	}
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
