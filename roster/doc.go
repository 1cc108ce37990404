// Package roster is the domain: who is on a team and what becomes of them. One
// verb for each thing that can happen to a member - provisioned, signed in,
// given a role, deactivated, reactivated, removed - whichever door it came
// through, and each verb is one transaction that also ends the credentials
// that must end and writes the audit event.
//
// Locks are taken in one order: team, membership, user. Verbs that could leave
// a team without a way in lock the team, so that two of them take turns; the
// others lock the membership alone and run side by side.
package roster

import (
	"context"
	"time"

	"gorm.io/gorm"

	"rollcall/credential"
	"rollcall/models"
)

// Service is the room's one object.
type Service struct {
	DB  *models.DB
	Now func() time.Time
	// TombstoneKey makes the hashes that remember who was removed useless to
	// somebody who only has the database: addresses are easily guessed.
	TombstoneKey []byte
	// Credentials gives and takes proofs of identity in the roster's own
	// transactions. Nil is a store that makes no links and tells nobody.
	Credentials *credential.Store
	// Accounts knows people's own passwords. Nil is an installation without any.
	Accounts Accounts
	// Announce has people told of something, in the transaction of its cause. Nil
	// tells nobody.
	Announce func(tx *gorm.DB, n models.Notice) error
	// CallsWaiting writes down what provisioning clients asked a moment ago, before
	// calls are looked at: whoever asked and looks then sees it. Nil has none.
	CallsWaiting func(ctx context.Context) error
}

func (s *Service) now() time.Time { return models.Stamp(s.Now()) }

func (s *Service) credentials() *credential.Store {
	if s.Credentials != nil {
		return s.Credentials
	}
	return &credential.Store{DB: s.DB, Now: s.Now}
}
