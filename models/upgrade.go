package models

import "time"

// UpgradeState is how far an account of somebody's own is on its way under a
// team's identity provider.
type UpgradeState string

// States of an upgrade.
const (
	UpgradeInvited    UpgradeState = "INVITED"
	UpgradeInProgress UpgradeState = "IN_PROGRESS"
	UpgradeDeclined   UpgradeState = "DECLINED"
	UpgradeLinked     UpgradeState = "LINKED"
)

// SsoUpgrade is the way of one account under a team's identity provider. Until
// its owner agreed, the identity provider's word about it changes nothing.
type SsoUpgrade struct {
	ID                 ID
	TeamID             ID
	UserID             ID
	IdentityProviderID *ID // once somebody came by it
	State              UpgradeState
	Issuer             string
	NameID             string
	NameIDFormat       string
	Email              string // as asserted
	BrowserHash        []byte // SHA-256 of the flow cookie of the browser that came with the assertion
	ReturnTo           string
	InvitedAt          *time.Time
	RemindedAt         *time.Time
	StartedAt          *time.Time
	ExpiresAt          *time.Time // of what was started
	DecidedAt          *time.Time
	CreatedAt          time.Time
	UpdatedAt          time.Time
}

// GlobalID is the id that clients see.
func (u SsoUpgrade) GlobalID() string { return Global(PrefixSsoUpgrade, u.ID) }

// IsNode marks a Relay Node.
func (SsoUpgrade) IsNode() {}
