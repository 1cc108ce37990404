package account

import (
	"context"
	"crypto/rand"
	"runtime"

	"github.com/alexedwards/argon2id"

	"rollcall/fault"
)

// Params say how much work a hash is (RFC 9106).
type Params struct {
	MemoryKiB, Passes uint32
}

// The usual work: 19 MiB twice over, what OWASP's password storage sheet asks of
// argon2id with one lane. Hashes that cost less are made anew at the next
// sign-in.
const (
	memoryKiB = 19 << 10
	passes    = 2
	lanes     = 1
	saltBytes = 16
	keyBytes  = 32
)

// queued is how many hashings may wait for each that is under way. Each takes
// some thirty milliseconds, so the last in the queue waits a second or two.
const queued = 32

func (s *Service) params() *argon2id.Params {
	p := argon2id.Params{Memory: memoryKiB, Iterations: passes, Parallelism: lanes, SaltLength: saltBytes, KeyLength: keyBytes}
	if s.Params.MemoryKiB != 0 {
		p.Memory, p.Iterations = s.Params.MemoryKiB, s.Params.Passes
	}
	return &p
}

// turn takes one of as many places as there are processors, so that a flood of
// guesses holds neither the memory nor the processors of everything else. When
// too many wait already the fault is RATE_LIMITED. done gives the place back.
func (s *Service) turn(ctx context.Context) (done func(), err error) {
	s.slots.Do(func() {
		n := runtime.GOMAXPROCS(0)
		s.working, s.waiting = make(chan struct{}, n), make(chan struct{}, n*queued)
	})
	select {
	case s.waiting <- struct{}{}:
	default:
		return nil, fault.New(fault.RateLimited, "Too many people are signing in at this moment.")
	}
	defer func() { <-s.waiting }()
	select {
	case s.working <- struct{}{}:
		s.hashings.Add(1)
		return func() { <-s.working }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Hashings is how many passwords were hashed since the start.
func (s *Service) Hashings() int64 { return s.hashings.Load() }

// hash makes the hash that is kept of a password.
func (s *Service) hash(ctx context.Context, password string) (string, error) {
	done, err := s.turn(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	return argon2id.CreateHash(password, s.params())
}

// matches reports whether a password is the one that was hashed, and whether the
// hash costs less than a new one would. An empty hash stands for nobody's: it
// costs what anybody's does and never matches.
func (s *Service) matches(ctx context.Context, password, hash string) (match, weak bool, err error) {
	known := hash != ""
	if !known {
		if hash, err = s.nobodys(); err != nil {
			return false, false, err
		}
	}
	done, err := s.turn(ctx)
	if err != nil {
		return false, false, err
	}
	defer done()
	match, used, err := argon2id.CheckHash(password, hash)
	if err != nil || !known || !match {
		return false, false, err
	}
	want := s.params()
	return true, used.Memory < want.Memory || used.Iterations < want.Iterations || used.KeyLength < want.KeyLength, nil
}

// nobodys is the hash of a password that nobody has.
func (s *Service) nobodys() (string, error) {
	s.decoys.Do(func() { s.decoy, s.decoyErr = argon2id.CreateHash(rand.Text(), s.params()) })
	return s.decoy, s.decoyErr
}
