package models

import "time"

// Domain is a domain of e-mail addresses that a team says to own.
type Domain struct {
	ID         ID
	TeamID     ID
	Name       string // lower case, A-labels (RFC 5890)
	Challenge  string // what the TXT record has to say
	Held       bool   // proved, and not lost since; unique by name
	VerifiedAt *time.Time
	LostAt     *time.Time
	CheckedAt  *time.Time
	NextAt     time.Time // of the next look
	Failures   int       // looks in a row that did not find the record
	LastError  string
	AddedBy    string // label of the actor
	CreatedAt  time.Time
}

// GlobalID is the id that clients see.
func (d Domain) GlobalID() string { return Global(PrefixDomain, d.ID) }

// IsNode marks a Relay Node.
func (Domain) IsNode() {}
