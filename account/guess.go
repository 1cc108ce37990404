package account

import (
	"bytes"
	"context"
	"crypto/sha256"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"rollcall/access"
	"rollcall/fault"
	"rollcall/models"
)

// bounds say how often one thing may be guessed at wrongly before each further
// guess has to wait, and for how long at most. The wait begins at a second and
// doubles.
type bounds struct {
	free    int
	longest time.Duration
}

// The bounds. A whole company may sit behind one address. Ninety-six guesses a
// day at one account are what nobody has a chance with.
var (
	perAccount = bounds{free: 5, longest: 15 * time.Minute}
	perAddress = bounds{free: 50, longest: time.Minute}
	// Mails that anybody can ask for: the third to one address within a day waits.
	perMailbox = bounds{free: 3, longest: 8 * time.Hour}
)

// guessesKept is for how long failures count after the last one.
const guessesKept = 24 * time.Hour

// guess is one thing that is guessed at.
type guess struct {
	key [sha256.Size]byte
	bounds
}

// at names what is guessed at. What it is about is not kept, only its hash.
func at(what, whom string, b bounds) guess {
	return guess{sha256.Sum256([]byte(what + "\x00" + whom)), b}
}

// from is the client's address, or of IPv6 the network that one subscriber has
// (RFC 6177).
func from(ctx context.Context) guess {
	ip := access.RequestFrom(ctx).IP
	if a, err := netip.ParseAddr(ip); err == nil && a.Is6() {
		if network, err := a.Prefix(64); err == nil {
			ip = network.String()
		}
	}
	return at("address", ip, perAddress)
}

// take counts a guess as a wrong one before it is judged, so that of guesses
// that come together, on whatever replica, none goes uncounted. Those that must
// wait get the fault RATE_LIMITED, which says how long, and are not counted.
func (s *Service) take(ctx context.Context, guesses ...guess) error {
	slices.SortFunc(guesses, func(a, b guess) int { return bytes.Compare(a.key[:], b.key[:]) }) // one order: no deadlock
	return s.DB.InTx(ctx, func(tx *gorm.DB) error {
		now := s.now()
		rows := make([]models.GuessCounter, len(guesses))
		var wait time.Duration
		for i, g := range guesses {
			blank := models.GuessCounter{KeyHash: g.key[:], FirstAt: now, FreeAt: now, ExpiresAt: now.Add(guessesKept)}
			if err := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&blank).Error; err != nil {
				return err
			}
			locked := tx.Clauses(clause.Locking{Strength: clause.LockingStrengthUpdate}).Where("key_hash = ?", g.key[:])
			if err := locked.Take(&rows[i]).Error; err != nil {
				return err
			}
			if !now.Before(rows[i].ExpiresAt) {
				rows[i] = blank
			}
			wait = max(wait, rows[i].FreeAt.Sub(now))
		}
		if wait > 0 {
			return tooMany(wait)
		}
		for i, g := range guesses {
			n := rows[i].Failures + 1
			err := tx.Model(&models.GuessCounter{}).Where("key_hash = ?", g.key[:]).Updates(map[string]any{
				"failures": n, "first_at": rows[i].FirstAt, "free_at": now.Add(g.delay(n)), "expires_at": now.Add(guessesKept),
			}).Error
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// delay is how long the next guess waits after n wrong ones.
func (b bounds) delay(n int) time.Duration {
	over := n - b.free
	switch {
	case over < 0:
		return 0
	case over > 20:
		return b.longest
	default:
		return min(time.Second<<over, b.longest)
	}
}

// forget makes the failures at one thing undone.
func (s *Service) forget(tx *gorm.DB, g guess) error {
	return tx.Where("key_hash = ?", g.key[:]).Delete(&models.GuessCounter{}).Error
}

// refund takes one guess back that was right. What was wrong before it at the
// same thing still counts.
func (s *Service) refund(tx *gorm.DB, g guess) error {
	return tx.Model(&models.GuessCounter{}).Where("key_hash = ? AND failures > 0", g.key[:]).
		Updates(map[string]any{"failures": gorm.Expr("failures - 1"), "free_at": s.now()}).Error
}

// tooMany is the fault for guesses that must wait.
func tooMany(wait time.Duration) error {
	seconds := int((wait + time.Second - 1) / time.Second)
	return fault.New(fault.RateLimited, "Too many attempts; wait %s seconds.", strconv.Itoa(seconds))
}

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
				some := tx.Model(old.row).Select(old.key).Where("expires_at < ?", old.before).Limit(pruneBatch)
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
