// Package credential keeps every proof of identity: browser sessions, API keys
// and SCIM tokens. A secret is random, shown once and stored as its SHA-256, so
// that a look-up is one indexed read and a stolen database opens nothing.
//
// Giving and taking a credential both lock the membership first. Whichever of
// two such transactions comes second sees what the first one did, so nobody
// keeps a key that was made while they were being removed.
package credential

import (
	"time"

	"gorm.io/gorm"

	"rollcall/models"
)

// Store is the room's one object.
type Store struct {
	DB  *models.DB
	Now func() time.Time

	// LinkKey makes one-time links work. Without it none can be made or used.
	LinkKey []byte
	// Announce has people told of something, in the transaction of its cause. Nil
	// tells nobody.
	Announce func(tx *gorm.DB, n models.Notice) error
}

func (s *Store) now() time.Time { return models.Stamp(s.Now()) }
