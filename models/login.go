package models

import "time"

// LoginRequest is an AuthnRequest that waits for its answer.
type LoginRequest struct {
	ID                 string // the ID attribute of the AuthnRequest
	TeamID             ID
	IdentityProviderID ID
	BrowserHash        []byte // SHA-256 of the browser's flow cookie
	ReturnTo           string // a path of this installation
	CreatedAt          time.Time
	ExpiresAt          time.Time
	ConsumedAt         *time.Time
}

// SeenAssertion remembers an accepted assertion until it could not be accepted again.
type SeenAssertion struct {
	ID                 ID
	TeamID             ID
	IdentityProviderID ID
	AssertionHash      []byte // SHA-256 of the assertion's ID
	ExpiresAt          time.Time
}

// AttemptOutcome is how a login attempt ended.
type AttemptOutcome string

// Outcomes of a login attempt.
const (
	AttemptSucceeded AttemptOutcome = "SUCCEEDED"
	AttemptRefused   AttemptOutcome = "REFUSED"
)

// LoginAttempt explains one sign-in that reached a known team. It holds no XML,
// signature, cookie or RelayState, and attribute names without values.
type LoginAttempt struct {
	ID                 ID
	TeamID             ID
	IdentityProviderID *ID
	MembershipID       *ID
	At                 time.Time
	Outcome            AttemptOutcome
	Code               string // a code of fault's table, empty on success
	IdpInitiated       bool
	CertificateID      *ID
	NameIDMasked       string
	Checks             []AttemptCheck `gorm:"serializer:json"`
	IP                 string
	RequestID          string
}

// AttemptCheck is one step of the verification and what it found.
type AttemptCheck struct {
	Name     string `json:"name"`
	Status   string `json:"status"`
	Expected string `json:"expected,omitempty"`
	Actual   string `json:"actual,omitempty"`
	Trusted  bool   `json:"trusted"`
}

// GlobalID is the id that clients see; it is also the attempt id on the person's page.
func (a LoginAttempt) GlobalID() string { return Global(PrefixLoginAttempt, a.ID) }

// IsNode marks a Relay Node.
func (LoginAttempt) IsNode() {}
