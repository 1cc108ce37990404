package account

import (
	"context"
	"crypto/cipher"
	"sync"
	"sync/atomic"
	"time"

	"gorm.io/gorm"

	"rollcall/credential"
	"rollcall/models"
)

// Service is the room. What is made on first use needs no constructor.
type Service struct {
	DB          *models.DB
	Now         func() time.Time
	Sealing     cipher.AEAD // of the secrets that authenticator apps share
	Credentials *credential.Store
	Announce    func(tx *gorm.DB, n models.Notice) error // nil tells nobody
	BaseURL     string                                   // of the installation, without a slash at its end
	// Background runs what must not make a request take longer, so that nobody
	// learns from the time it took; nil runs it at once.
	Background func(ctx context.Context, what string, run func(ctx context.Context) error)
	// KeepingFactors runs a change that takes a second factor or password of somebody
	// away, and refuses it where others rest on it; it locks what that takes, so it
	// comes first in its transaction. Nil runs every change. This room knows nothing
	// of what single sign-on rests on.
	KeepingFactors func(tx *gorm.DB, user models.ID, change func() error) error
	// Params are what new passwords are hashed with; the zero value is the usual.
	Params Params

	slots    sync.Once
	waiting  chan struct{}
	working  chan struct{}
	decoys   sync.Once
	decoy    string
	decoyErr error
	hashings atomic.Int64
	parties  sync.Once
	party    *party
}

func (s *Service) now() time.Time { return models.Stamp(s.Now()) }

// later runs what must not make the answer take longer.
func (s *Service) later(ctx context.Context, what string, run func(ctx context.Context) error) error {
	if s.Background == nil {
		return run(ctx)
	}
	s.Background(context.WithoutCancel(ctx), what, run)
	return nil
}
