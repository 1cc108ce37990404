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
	ClockSkewSeconds          int    // how far the provider's clock may be off, either way
	RequireMfa                bool   // refuse sign-ins without evidence of a second factor
	HonourSessionEnd          bool   // end our session when SessionNotOnOrAfter says so
	SignMetadata              bool
	EncryptAssertions         bool // publish an encryption key and take encrypted assertions
	DisabledAt                *time.Time
	DisabledReason            string // empty unless switched off with a reason

	// TrustRevision grows with every change of what a sign-in rests on, and
	// TestedAt is of a test login that passed under the present one.
	TrustRevision        int `gorm:"default:1"`
	TestedAt             *time.Time
	EnforcedAt           *time.Time
	EnforcedBy           string   // label of the actor, empty unless enforced
	ConfirmEmail         bool     // new people confirm their address before they get any further
	TrustVerifiedDomains bool     // but not in domains that the team proved to be its own
	AllowedDomains       []string `gorm:"serializer:json;default:[]"`     // of e-mail addresses that may come in; none is every one
	APIKeyHours          int      `gorm:"column:api_key_hours;default:8"` // after a sign-in that keys of people under single sign-on work
	Contact              string   // whom people may ask, shown on pages; may be empty

	Revision  int
	CreatedAt time.Time
	UpdatedAt time.Time
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

	SsoBinding             Binding `gorm:"default:REDIRECT"`
	SloBinding             Binding `gorm:"default:REDIRECT"`
	SloResponseURL         string  // where logout responses go, when it is not SloURL
	SignAuthnRequests      bool
	ForceAuthn             bool
	AuthnContextClasses    []string   `gorm:"serializer:json"` // none asks for nothing
	AuthnContextComparison Comparison `gorm:"default:EXACT"`
	NameIDFormat           string     // "" asks for none
	LoginHintParameter     string     // of the query; "" sends no hint
	AllowSha1Until         *time.Time // an exception that ends by itself
	AllowCbc               bool
	RequireEncryption      bool
	MfaRule                MfaRule `gorm:"serializer:json"`

	Revision  int
	CreatedAt time.Time
	UpdatedAt time.Time
}

// MfaRule says what of an assertion proves a second factor. Without names in it
// the rule of the vendor's preset holds.
type MfaRule struct {
	Required   bool     `json:"required,omitempty"`
	Attributes []string `json:"attributes,omitempty"`
	Values     []string `json:"values,omitempty"`  // any one of them, in any of the attributes
	Classes    []string `json:"classes,omitempty"` // or any of these authentication context classes
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
