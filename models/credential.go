package models

import "time"

// SessionMethod says how the browser of a session proved itself.
type SessionMethod string

// Methods of sessions.
const (
	SessionSaml         SessionMethod = "SAML"
	SessionPassword     SessionMethod = "PASSWORD"
	SessionPasskey      SessionMethod = "PASSKEY"
	SessionLink         SessionMethod = "LINK" // from a mail
	SessionRecoveryCode SessionMethod = "RECOVERY_CODE"
)

// Session is a browser that proved itself, through a team's identity provider
// or by a way of its own. It opens one team and no other.
type Session struct {
	ID                 ID
	SecretHash         []byte
	TeamID             ID
	UserID             ID
	MembershipID       ID
	Method             SessionMethod `gorm:"default:SAML"`
	IdentityProviderID *ID           // that vouched for it; nil unless the method is SAML
	NameID             string
	SessionIndex       string
	NameIDFormat       string // with the qualifiers: what a logout request has to repeat
	NameQualifier      string
	SPNameQualifier    string `gorm:"column:sp_name_qualifier"`
	MfaEvidence        string // "" without any
	IP                 string
	UserAgent          string
	CreatedAt          time.Time
	LastSeenAt         time.Time
	IdleExpiresAt      time.Time
	ExpiresAt          time.Time
	RevokedAt          *time.Time
	RevokedReason      string
}

// GlobalID is the id that clients see.
func (s Session) GlobalID() string { return Global(PrefixSession, s.ID) }

// IsNode marks a Relay Node.
func (Session) IsNode() {}

// APIKey is a bearer credential for the GraphQL API: of a member, or of the
// operator when TeamID, MembershipID and UserID are nil.
type APIKey struct {
	ID              ID
	SecretHash      []byte
	Prefix          string // what of the key may be shown
	Name            string
	Operator        bool
	TeamID          *ID
	UserID          *ID
	MembershipID    *ID
	Scopes          []Scope  `gorm:"serializer:json"`
	AllowedNetworks []string `gorm:"serializer:json;default:[]"` // CIDR prefixes that it works from; none is everywhere
	CreatedBy       string
	CreatedAt       time.Time
	ExpiresAt       *time.Time
	LastUsedAt      *time.Time
	RevokedAt       *time.Time
	RevokedReason   string
}

// TableName is the plural that gorm would not guess.
func (APIKey) TableName() string { return "api_keys" }

// GlobalID is the id that clients see.
func (k APIKey) GlobalID() string { return Global(PrefixAPIKey, k.ID) }

// IsNode marks a Relay Node.
func (APIKey) IsNode() {}

// IsActor marks whoever audit events can be about as their doer.
func (APIKey) IsActor() {}

// ScimToken is the bearer credential of a provisioning client of one team.
type ScimToken struct {
	ID            ID
	SecretHash    []byte
	Prefix        string
	Name          string
	TeamID        ID
	CreatedBy     string
	CreatedAt     time.Time
	ExpiresAt     *time.Time
	LastUsedAt    *time.Time
	RevokedAt     *time.Time
	RevokedReason string
}

// GlobalID is the id that clients see.
func (t ScimToken) GlobalID() string { return Global(PrefixScimToken, t.ID) }

// IsNode marks a Relay Node.
func (ScimToken) IsNode() {}

// IsActor marks whoever audit events can be about as their doer.
func (ScimToken) IsActor() {}
