// Package domain knows which domains of e-mail addresses belong to which team.
// A team says that a domain is its own, gets a text to put into the domain's
// DNS, and once the text is found there the team holds the domain. What that
// is good for is decided elsewhere: where an address signs in, whether a new
// person has to confirm it, and whose identity provider may speak of it.
//
// A domain is held by one team at a time. Proof has to last: the record is
// looked for every day, and a domain whose record was missing at three looks,
// each at least a day after the one before, is lost. A DNS that does not answer
// proves nothing either way.
//
// Holding example.com says nothing about mail.example.com: whoever runs a zone
// may have given a part of it to somebody else.
//
//	name.go     names as they are compared, and those that nobody can hold
//	verbs.go    add, verify, remove
//	look.go     looking into the DNS
//	recheck.go  the daily look
//	held.go     who holds what, for other rooms
package domain

import (
	"context"
	"time"

	"gorm.io/gorm"

	"rollcall/models"
)

// Service is the room's one object.
type Service struct {
	DB  *models.DB
	Now func() time.Time
	// Resolver looks into the DNS; nil is the machine's own.
	Resolver Resolver
	// Announce has people told of something, in the transaction of its cause. Nil
	// tells nobody.
	Announce func(tx *gorm.DB, n models.Notice) error
}

// Resolver answers the TXT records of a name, each one a string, as
// net.Resolver does. That there are none is a *net.DNSError with IsNotFound.
type Resolver interface {
	LookupTXT(ctx context.Context, name string) ([]string, error)
}

func (s *Service) now() time.Time { return models.Stamp(s.Now()) }
