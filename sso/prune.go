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
	// pruneAtOnce bounds one run, which has a minute.
	pruneAtOnce = 100
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
		err := s.inBatches(ctx, old.row, func(tx *gorm.DB) *gorm.DB {
			// In the order of the index: what earlier batches left behind is not read again.
			return tx.Model(old.row).Where(old.column+" < ?", old.before).Order(old.column)
		})
		if err != nil {
			return err
		}
	}
	return s.thinAttempts(ctx)
}

// thinAttempts keeps the newest attempts of every provider: of those that came
// in and of those that were refused, so that a busy Monday does not push the
// refusals out that people ask about on Tuesday. Who has too many is counted
// outside of any transaction, on an index alone.
func (s *Service) thinAttempts(ctx context.Context) error {
	var over []struct {
		TeamID             models.ID
		IdentityProviderID *models.ID
		Outcome            models.AttemptOutcome
	}
	err := s.DB.Read(ctx).Model(&models.LoginAttempt{}).Select("team_id, identity_provider_id, outcome").
		Group("team_id, identity_provider_id, outcome").Having("count(*) > ?", attemptsKept).Scan(&over).Error
	if err != nil {
		return err
	}
	for _, o := range over {
		of := func(db *gorm.DB) *gorm.DB {
			q := db.Model(&models.LoginAttempt{}).Where("team_id = ? AND outcome = ?", o.TeamID, o.Outcome)
			if o.IdentityProviderID == nil {
				return q.Where("identity_provider_id IS NULL")
			}
			return q.Where("identity_provider_id = ?", *o.IdentityProviderID)
		}
		var newest []models.ID // that goes
		if err := of(s.DB.Read(ctx)).Order("id DESC").Offset(attemptsKept).Limit(1).Pluck("id", &newest).Error; err != nil {
			return err
		}
		if len(newest) == 0 {
			continue
		}
		err := s.inBatches(ctx, &models.LoginAttempt{}, func(tx *gorm.DB) *gorm.DB { return of(tx).Where("id <= ?", newest[0]).Order("id") })
		if err != nil {
			return err
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

// inBatches deletes what a query finds, a thousand rows in a transaction. It ends
// after a hundred of them: the next run goes on.
func (s *Service) inBatches(ctx context.Context, row any, find func(tx *gorm.DB) *gorm.DB) error {
	for range pruneAtOnce {
		var n int64
		err := s.DB.InTx(ctx, func(tx *gorm.DB) error {
			done := tx.Where("id IN (?)", find(tx).Select("id").Limit(pruneBatch)).Delete(row)
			n = done.RowsAffected
			return done.Error
		})
		if err != nil || n < pruneBatch {
			return err
		}
	}
	return nil
}
