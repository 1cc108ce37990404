package jobs

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"rollcall/models"
)

// Retention says how long what is over is kept; zero is for ever. Records of
// sign-ins are the room sso's own.
type Retention struct {
	Credentials time.Duration // sessions, API keys and SCIM tokens after their end: the receipt of what ended
	History     time.Duration // audit events
	Mails       time.Duration // notices and mails
}

// DefaultRetention is what an installation has that sets nothing.
var DefaultRetention = Retention{Credentials: 90 * 24 * time.Hour, Mails: 400 * 24 * time.Hour}

const (
	pruneBatch = 1_000
	// pruneAtOnce bounds one run, which has a minute; the next one goes on.
	pruneAtOnce = 100
)

// Prune deletes what nobody needs any more, a thousand rows in a transaction,
// so that no lock is held for long.
func (s *Service) Prune(ctx context.Context) error {
	if err := s.SSO.Prune(ctx); err != nil {
		return fmt.Errorf("pruning sign-ins: %w", err)
	}
	for _, prune := range s.AlsoPrune {
		if err := prune(ctx); err != nil {
			return fmt.Errorf("pruning: %w", err)
		}
	}
	now := s.now()
	for _, old := range []struct {
		row    any
		column string
		keep   time.Duration
		also   string
	}{
		{&models.Session{}, "expires_at", s.Retention.Credentials, ""},
		{&models.APIKey{}, "expires_at", s.Retention.Credentials, ""},
		{&models.APIKey{}, "revoked_at", s.Retention.Credentials, ""},
		{&models.ScimToken{}, "expires_at", s.Retention.Credentials, ""},
		{&models.ScimToken{}, "revoked_at", s.Retention.Credentials, ""},
		{&models.AuditEvent{}, "at", s.Retention.History, ""},
		// A notice goes after its mails, of which it may have one for each member.
		{&models.Mail{}, "created_at", s.Retention.Mails, ""},
		// A certificate's end is announced from sixty days before to thirty days
		// after it: no notice may be forgotten within that time.
		{&models.Notice{}, "created_at", s.Retention.Mails, "NOT EXISTS (SELECT 1 FROM mails m WHERE m.notice_id = notices.id)"},
	} {
		if old.keep == 0 {
			continue
		}
		for range pruneAtOnce {
			n, err := s.pruneSome(ctx, old.row, func(tx *gorm.DB) *gorm.DB {
				// In the order of the index: what earlier batches left behind is not read again.
				q := tx.Model(old.row).Where(old.column+" < ?", now.Add(-old.keep)).Order(old.column)
				if old.also != "" {
					q = q.Where(old.also)
				}
				return q
			})
			if err != nil {
				return fmt.Errorf("pruning %T: %w", old.row, err)
			}
			if n < pruneBatch {
				break
			}
		}
	}
	return nil
}

func (s *Service) pruneSome(ctx context.Context, row any, find func(tx *gorm.DB) *gorm.DB) (int64, error) {
	var n int64
	err := s.DB.InTx(ctx, func(tx *gorm.DB) error {
		done := tx.Where("id IN (?)", find(tx).Select("id").Limit(pruneBatch)).Delete(row)
		n = done.RowsAffected
		return done.Error
	})
	return n, err
}
