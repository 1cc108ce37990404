package domain

import (
	"context"
	"crypto/rand"
	"math/big"
	"time"

	"gorm.io/gorm"

	"rollcall/audit"
	"rollcall/fault"
	"rollcall/models"
)

const (
	daily = 24 * time.Hour
	// spread keeps domains that were verified at one time from being looked up at
	// one time for ever. It only ever adds to a wait.
	spread = 2 * time.Hour
	// again is when a DNS that did not answer is asked the next time.
	again = time.Hour
	// patience is how many looks in a row may miss the record. The looks are a day
	// apart at least, and so is the first one from the last that found it.
	patience = 3
)

// soon is a time after a wait and a bit.
func soon(now time.Time, wait time.Duration) (time.Time, error) {
	bit, err := rand.Int(rand.Reader, big.NewInt(int64(spread)))
	if err != nil {
		return now, err
	}
	return models.Stamp(now.Add(wait + time.Duration(bit.Int64()))), nil
}

// Recheck looks again at held domains whose time has come, one after the other,
// at most limit of them, and stops when the context ends. It returns how many.
func (s *Service) Recheck(ctx context.Context, limit int) (int, error) {
	var due []models.Domain
	err := s.DB.Read(ctx).Where("next_at <= ? AND held = ?", s.now(), true).Order("next_at, id").Limit(limit).Find(&due).Error
	if err != nil {
		return 0, err
	}
	for i, d := range due {
		if ctx.Err() != nil {
			return i, nil // the rest is due at the next run as well
		}
		if err := s.recheck(ctx, d); err != nil {
			return i, err
		}
	}
	return len(due), nil
}

// recheck looks at one domain and notes what came of it, unless somebody else
// looked, or removed it, meanwhile.
func (s *Service) recheck(ctx context.Context, seen models.Domain) error {
	result, reason := s.look(ctx, seen)
	if ctx.Err() != nil {
		return nil // a stop, and nothing was learned
	}
	return s.DB.InTx(ctx, func(tx *gorm.DB) error {
		row, err := lock(tx, seen.ID)
		if fault.Is(err, fault.Missing) {
			return nil
		}
		if err != nil || !row.Held || !row.NextAt.Equal(seen.NextAt) {
			return err
		}
		now := s.now()
		switch result {
		case found:
			return s.hold(ctx, tx, &row, now)
		case unsure:
			row.LastError = reason
			if row.NextAt, err = soon(now, again); err != nil {
				return err
			}
			return save(tx, row)
		default:
			return s.missed(ctx, tx, &row, reason, now)
		}
	})
}

// missed notes that the record was not there; the last of several times the
// domain is lost.
func (s *Service) missed(ctx context.Context, tx *gorm.DB, row *models.Domain, reason string, now time.Time) error {
	next, err := soon(now, daily)
	if err != nil {
		return err
	}
	row.Failures++
	row.CheckedAt, row.LastError, row.NextAt = &now, reason, next
	if row.Failures < patience {
		return save(tx, *row)
	}
	row.Held, row.LostAt = false, &now
	if err := save(tx, *row); err != nil {
		return err
	}
	if err := s.tell(ctx, tx, *row, noticeLost); err != nil {
		return err
	}
	return s.record(ctx, tx, *row, audit.DomainLost)
}
