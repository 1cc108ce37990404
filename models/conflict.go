package models

import "time"

// ConflictKind says what a verified sign-in and the roster did not agree on.
type ConflictKind string

// Kinds of conflict.
const (
	ConflictNameID   ConflictKind = "NAMEID_CHANGED"   // the member is known by another NameID of this identity provider
	ConflictIdentity ConflictKind = "IDENTITY_UNKNOWN" // the address is the member's, and nothing proves that the identity is
	// The member came in, and the account could not take the new address:
	ConflictEmailInUse      ConflictKind = "EMAIL_IN_USE"         // another account or member has it
	ConflictEmailNotAllowed ConflictKind = "EMAIL_NOT_ALLOWED"    // its domain is not let in
	ConflictEmailNotManaged ConflictKind = "EMAIL_NOT_MANAGED"    // the account is the person's own
	ConflictEmailOtherTeams ConflictKind = "EMAIL_ON_OTHER_TEAMS" // the account is on teams besides the identity provider's
)

// EmailConflicts are those about an address.
var EmailConflicts = []ConflictKind{ConflictEmailInUse, ConflictEmailNotAllowed, ConflictEmailNotManaged, ConflictEmailOtherTeams}

// Resolution is how a conflict ended.
type Resolution string

// Resolutions.
const (
	ConflictOpen      Resolution = "OPEN"
	ConflictRelinked  Resolution = "RELINKED"  // an admin gave the member the identity
	ConflictDismissed Resolution = "DISMISSED" // an admin decided against it
	ConflictGone      Resolution = "GONE"      // a later sign-in found nothing to settle
)

// IdentityConflict is something about an identity that an admin has to settle.
// Everything in it comes from an assertion that a trusted certificate had signed.
type IdentityConflict struct {
	ID                 ID
	TeamID             ID
	MembershipID       ID // the member concerned
	IdentityProviderID ID
	Kind               ConflictKind
	Issuer             string
	NameID             string
	NameIDFormat       string
	Email              string // as asserted
	Times              int    // how many sign-ins met it
	FirstAt            time.Time
	LastAt             time.Time
	Resolution         Resolution
	ResolvedBy         string // label of the actor, empty while open
	ResolvedAt         *time.Time
}

// GlobalID is the id that clients see.
func (c IdentityConflict) GlobalID() string { return Global(PrefixIdentityConflict, c.ID) }

// IsNode marks a Relay Node.
func (IdentityConflict) IsNode() {}

// MemberClaims are the attributes that the identity provider last sent about a
// member, as far as role rules may look at them.
type MemberClaims struct {
	MembershipID ID `gorm:"primaryKey"`
	TeamID       ID
	Claims       map[string][]string `gorm:"serializer:json"` // by the attribute's SAML name
	Digest       []byte              // SHA-256 over the claims as they are stored
	UpdatedAt    time.Time
}

// TableName is the plural that gorm would not guess.
func (MemberClaims) TableName() string { return "member_claims" }
