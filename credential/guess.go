package credential

import (
	"bytes"
	"context"
	"crypto/sha256"
	"net/netip"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"rollcall/access"
	"rollcall/fault"
	"rollcall/models"
)

// Guess is something that strangers may guess at: Free times without waiting,
// then with a wait that begins at a second, doubles, and is Longest at most. What
// it is about is not kept, only its hash.
type Guess struct {
	What, Whom string
	Free       int
	Longest    time.Duration
}

// guessKept is for how long guesses count after the last one.
const guessKept = 24 * time.Hour

// FromHere is a guess from the caller's address, or of IPv6 from the network that
// one subscriber has (RFC 6177).
func FromHere(ctx context.Context, what string, free int, longest time.Duration) Guess {
	ip := access.RequestFrom(ctx).IP
	if a, err := netip.ParseAddr(ip); err == nil && a.Is6() {
		if network, err := a.Prefix(64); err == nil {
			ip = network.String()
		}
	}
	return Guess{What: what + " from", Whom: ip, Free: free, Longest: longest}
}

// Guessing counts guesses as wrong ones before they are judged, so that of those
// that come together, on whatever replica, none goes uncounted. The fault
// RATE_LIMITED, which says how long, is for guesses that have to wait; they are
// not counted.
func (s *Store) Guessing(ctx context.Context, guesses ...Guess) error {
	return s.DB.InTx(ctx, func(tx *gorm.DB) error { return s.GuessingIn(tx, guesses...) })
}

// GuessingIn is Guessing in the caller's transaction, which keeps others that
// guess at the same waiting.
func (s *Store) GuessingIn(tx *gorm.DB, guesses ...Guess) error {
	guesses = slices.Clone(guesses)
	// One order for everybody: no deadlock.
	slices.SortFunc(guesses, func(a, b Guess) int { return bytes.Compare(a.key(), b.key()) })
	now := s.now()
	rows := make([]models.GuessCounter, len(guesses))
	var wait time.Duration
	for i, g := range guesses {
		blank := models.GuessCounter{KeyHash: g.key(), FirstAt: now, FreeAt: now, ExpiresAt: now.Add(guessKept)}
		if err := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&blank).Error; err != nil {
			return err
		}
		if err := tx.Clauses(clause.Locking{Strength: clause.LockingStrengthUpdate}).Where("key_hash = ?", g.key()).Take(&rows[i]).Error; err != nil {
			return err
		}
		if !now.Before(rows[i].ExpiresAt) {
			rows[i] = blank
		}
		wait = max(wait, rows[i].FreeAt.Sub(now))
	}
	if wait > 0 {
		return fault.New(fault.RateLimited, "Too many attempts; wait %d seconds.", int((wait+time.Second-1)/time.Second))
	}
	for i, g := range guesses {
		n := rows[i].Failures + 1
		err := tx.Model(&models.GuessCounter{}).Where("key_hash = ?", g.key()).Updates(map[string]any{
			"failures": n, "first_at": rows[i].FirstAt, "free_at": now.Add(g.wait(n)), "expires_at": now.Add(guessKept),
		}).Error
		if err != nil {
			return err
		}
	}
	return nil
}

// ForgetGuesses makes the wrong guesses at one thing undone, in the caller's
// transaction.
func (s *Store) ForgetGuesses(tx *gorm.DB, g Guess) error {
	return tx.Where("key_hash = ?", g.key()).Delete(&models.GuessCounter{}).Error
}

// RefundGuess takes one guess back that was right, in the caller's transaction.
// What was wrong before it at the same thing still counts.
func (s *Store) RefundGuess(tx *gorm.DB, g Guess) error {
	return tx.Model(&models.GuessCounter{}).Where("key_hash = ? AND failures > 0", g.key()).
		Updates(map[string]any{"failures": gorm.Expr("failures - 1"), "free_at": s.now()}).Error
}

func (g Guess) key() []byte {
	sum := sha256.Sum256([]byte(g.What + "\x00" + g.Whom))
	return sum[:]
}

// wait is how long the next guess waits after n wrong ones.
func (g Guess) wait(n int) time.Duration {
	switch over := n - g.Free; {
	case over < 0:
		return 0
	case over > 20:
		return g.Longest
	default:
		return min(time.Second<<over, g.Longest)
	}
}
