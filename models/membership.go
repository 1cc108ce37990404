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

	// SsoLinkedAt is when the member gave an account of their own into the care
	// of the team's identity provider. SsoBypass lets one with an account of their
	// own in without it, whatever the team enforces.
	SsoLinkedAt *time.Time
	SsoBypass   bool

	LastSeenAt        *time.Time
	DeactivatedAt     *time.Time
	DeactivatedBy     string // what the actor was called; empty while active
	DeactivatedReason string // empty while active
	Revision          int
	CreatedAt         time.Time
	UpdatedAt         time.Time
}

// GlobalID is the id that clients see.
func (m Membership) GlobalID() string { return Global(PrefixMembership, m.ID) }

// IsNode marks a Relay Node.
func (Membership) IsNode() {}

// Direct reports whether the member is not under single sign-on: made by hand
// or by invitation, and neither taken over by the team's identity provider nor
// given into its care.
func (m Membership) Direct(u User) bool {
	return (m.Source == SourceDirect || m.Source == SourceInvitation) && !m.ScimManaged && m.SsoLinkedAt == nil && !u.ManagedBy(m.TeamID)
}

// OwnLogin reports whether the member may come in without the team's identity
// provider - by a password, a passkey, or an API key that no sign-in stands
// behind - while single sign-on is in a state. Where it is enforced that is for
// direct admins, integrations, and those whom an admin lets in besides.
func (m Membership) OwnLogin(u User, state SsoState) bool {
	switch {
	case u.Kind == KindIntegration || !state.On():
		return true
	case !m.Direct(u):
		return false
	default:
		return state == SsoEnabled || m.Role == RoleAdmin || m.SsoBypass
	}
}

// DeactivatedByOrNil is who deactivated the member, nil for nobody.
func (m Membership) DeactivatedByOrNil() *string { return orNil(m.DeactivatedBy) }

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
