package models

import (
	"time"
)

// SsoSettings are a team's sign-in rules, one row a team.
type SsoSettings struct {
	ID                        ID
	TeamID                    ID
	State                     SsoState
	DefaultRole               Role
	IdpInitiatedEnabled       bool
	JitEnabled                bool
	SessionHours              int // absolute lifetime of a session
	SessionIdleMinutes        int
	DefaultIdentityProviderID *ID // where /init sends people
	EnabledAt                 *time.Time
	EnabledBy                 string // label of the actor, empty while off
	DisabledAt                *time.Time
	DisabledReason            string // empty unless switched off with a reason
	Revision                  int
	CreatedAt                 time.Time
	UpdatedAt                 time.Time
}

// TableName is the plural that gorm would not guess.
func (SsoSettings) TableName() string { return "sso_settings" }

// GlobalID is the id that clients see.
func (s SsoSettings) GlobalID() string { return Global(PrefixSsoSettings, s.ID) }

// IsNode marks a Relay Node.
func (SsoSettings) IsNode() {}

// IdentityProvider is one IdP of a team.
type IdentityProvider struct {
	ID                   ID
	TeamID               ID
	EntityID             string
	SsoURL               string
	SloURL               string
	Vendor               Vendor
	WantResponseSigned   bool
	WantAssertionsSigned bool
	AllowInclusiveC14n   bool
	AttributeMapping     AttributeMapping `gorm:"serializer:json"`
	Revision             int
	CreatedAt            time.Time
	UpdatedAt            time.Time
}

// GlobalID is the id that clients see.
func (p IdentityProvider) GlobalID() string { return Global(PrefixIdentityProvider, p.ID) }

// IsNode marks a Relay Node.
func (IdentityProvider) IsNode() {}

// AttributeMapping names the SAML attributes that carry profile fields, best
// first; an empty list means the built-in candidates.
type AttributeMapping struct {
	Email       []string `json:"email,omitempty"`
	FirstName   []string `json:"firstName,omitempty"`
	LastName    []string `json:"lastName,omitempty"`
	DisplayName []string `json:"displayName,omitempty"`
}

// Certificate is an IdP signing certificate that is trusted for one identity provider.
type Certificate struct {
	ID                 ID
	TeamID             ID
	IdentityProviderID ID
	FingerprintSha256  string // lower-case hex over the DER form
	DER                []byte
	Subject            string
	Issuer             string
	Serial             string
	KeyAlgorithm       string // RSA or ECDSA
	KeyBits            int
	NotBefore          time.Time
	NotAfter           time.Time
	Source             CertificateSource
	AddedBy            string // label of the actor
	LastUsedAt         *time.Time
	CreatedAt          time.Time
}

// GlobalID is the id that clients see.
func (c Certificate) GlobalID() string { return Global(PrefixCertificate, c.ID) }

// IsNode marks a Relay Node.
func (Certificate) IsNode() {}

// StateAt is the certificate's state at a time: NotBefore and NotAfter are both
// inclusive (RFC 5280 section 4.1.2.5).
func (c Certificate) StateAt(now time.Time) CertificateState {
	switch {
	case now.Before(c.NotBefore):
		return CertificateNotYetValid
	case now.After(c.NotAfter):
		return CertificateExpired
	default:
		return CertificateActive
	}
}
