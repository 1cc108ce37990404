package models

import "time"

// Membership is a user on a team.
type Membership struct {
	ID         ID
	TeamID     ID
	UserID     ID
	Role       Role
	RoleSource RoleSource
	Status     MembershipStatus
	Source     MembershipSource

	// What SCIM knows of the member. UserName is kept as sent, compared by
	// UserNameKey, and unique within the team; a member that did not come by
	// SCIM has the e-mail address there.
	ScimManaged bool
	UserName    string
	UserNameKey string
	ExternalID  *string // the provisioning client's own id (RFC 7643 section 3.1), case-exact

	LastSeenAt        *time.Time
	DeactivatedAt     *time.Time
	DeactivatedReason string // empty while active
	Revision          int
	CreatedAt         time.Time
	UpdatedAt         time.Time
}

// GlobalID is the id that clients see.
func (m Membership) GlobalID() string { return Global(PrefixMembership, m.ID) }

// IsNode marks a Relay Node.
func (Membership) IsNode() {}

// Direct reports whether the member is exempt from single sign-on: made by
// hand or by invitation and not taken over by the team's identity provider.
func (m Membership) Direct(u User) bool {
	return (m.Source == SourceDirect || m.Source == SourceInvitation) && !m.ScimManaged && !u.ManagedBy(m.TeamID)
}

// DeactivatedReasonOrNil is the reason, nil for none.
func (m Membership) DeactivatedReasonOrNil() *string { return orNil(m.DeactivatedReason) }

// ExternalIdentity links (team, issuer, NameID) to a membership.
type ExternalIdentity struct {
	ID           ID
	TeamID       ID
	MembershipID ID
	Issuer       string // the IdP's entity id
	NameID       string
	NameIDFormat string
	CreatedAt    time.Time
	LastLoginAt  time.Time
}

// GlobalID is the id that clients see.
func (x ExternalIdentity) GlobalID() string { return Global(PrefixExternalIdentity, x.ID) }

// IsNode marks a Relay Node.
func (ExternalIdentity) IsNode() {}

// TombstoneKind says what a tombstone remembers.
type TombstoneKind string

// Kinds of tombstone.
const (
	TombstoneEmail    TombstoneKind = "EMAIL"
	TombstoneIdentity TombstoneKind = "IDENTITY"
)

// Tombstone remembers, by hash only, somebody who was removed from a team.
// All tombstones of one removal share RemovalID and are lifted together.
type Tombstone struct {
	ID        ID
	TeamID    ID
	RemovalID ID
	Kind      TombstoneKind
	Hash      []byte // HMAC-SHA-256 over kind, team and value
	CreatedAt time.Time
}
