package models

import "time"

// ServiceProviderKey is a key of a team as a SAML service provider: it signs
// requests, and opens what was encrypted for the team.
type ServiceProviderKey struct {
	ID                ID
	TeamID            ID
	State             KeyState
	SealedKey         []byte // PKCS #8, under a key that is not in the database
	DER               []byte // the certificate that metadata shows
	FingerprintSha256 string // lower-case hex over the DER form
	NotBefore         time.Time
	NotAfter          time.Time
	CreatedBy         string // label of the actor
	CreatedAt         time.Time
}

// GlobalID is the id that clients see.
func (k ServiceProviderKey) GlobalID() string { return Global(PrefixSPKey, k.ID) }

// IsNode marks a Relay Node.
func (ServiceProviderKey) IsNode() {}
