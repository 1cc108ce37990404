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
	ForceAuthn         bool // it asked for the person to be authenticated anew
	LoginTestID        *ID  // the test login that it is part of
}

// LogoutRequest is a logout request of ours that waits for its answer.
type LogoutRequest struct {
	ID                 string // the ID attribute of the message
	TeamID             ID
	IdentityProviderID ID
	SessionID          ID
	CreatedAt          time.Time
	ExpiresAt          time.Time
	ConsumedAt         *time.Time
}

// SeenAssertion remembers an accepted assertion until it could not be accepted
// again, even when the identity provider's row is deleted and made anew within
// that time.
type SeenAssertion struct {
	ID                 ID
	TeamID             ID
	IdentityProviderID *ID    // makes a deletion of the provider wait for the sign-in, or the other way round
	AssertionHash      []byte // SHA-256 over the identity provider's entity id and the assertion's ID
	ExpiresAt          time.Time
}

// AttemptOutcome is how a login attempt ended.
type AttemptOutcome string

// Outcomes of a login attempt.
const (
	AttemptSucceeded AttemptOutcome = "SUCCEEDED"
	AttemptRefused   AttemptOutcome = "REFUSED"
)

// AttemptKind tells sign-ins from test logins and logout messages.
type AttemptKind string

// Kinds of attempt.
const (
	AttemptSignIn AttemptKind = "SIGN_IN"
	AttemptTest   AttemptKind = "LOGIN_TEST" // which lets nobody in
	AttemptLogout AttemptKind = "LOGOUT"
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
	IP                 string         // the network that it came from, not the whole address
	RequestID          string

	Kind        AttemptKind `gorm:"default:SIGN_IN"`
	Verified    bool        // a trusted certificate had signed the message
	MfaEvidence string
	Message     AttemptMessage `gorm:"serializer:json"`
	// Repeated is how many attempts the row stands for. It is above one only in
	// the row that counts what came too fast to be kept one by one, which has a
	// FloodMinute.
	Repeated    int `gorm:"default:1"`
	FloodMinute *time.Time
	ConflictID  *ID // what it left for an admin to settle
}

// AttemptMessage is what a message said about itself. Of one that no trusted
// certificate had signed, anybody could have written it.
type AttemptMessage struct {
	LoginTestID        ID                 `json:"loginTest,omitempty"` // of a test login, which let nobody in
	Issuer             string             `json:"issuer,omitempty"`
	Destination        string             `json:"destination,omitempty"`
	InResponseTo       string             `json:"inResponseTo,omitempty"`
	AssertionHash      string             `json:"assertionHash,omitempty"` // SHA-256 of the assertion's id, hexadecimal
	NameIDFormat       string             `json:"nameIdFormat,omitempty"`
	SessionIndex       string             `json:"sessionIndex,omitempty"`
	ContextClasses     []string           `json:"contextClasses,omitempty"`
	Attributes         []AttemptAttribute `json:"attributes,omitempty"`
	Algorithms         []string           `json:"algorithms,omitempty"`
	SignedResponse     bool               `json:"signedResponse,omitempty"`
	SignedAssertion    bool               `json:"signedAssertion,omitempty"`
	Signed             []string           `json:"signed,omitempty"` // what came with a signature, good or not
	Audiences          []string           `json:"audiences,omitempty"`
	Recipients         []string           `json:"recipients,omitempty"`
	Status             []string           `json:"status,omitempty"` // the code, then the one below it
	EmailMasked        string             `json:"email,omitempty"`
	NotBefore          *time.Time         `json:"notBefore,omitempty"`
	NotOnOrAfter       *time.Time         `json:"notOnOrAfter,omitempty"`
	ConfirmableUntil   *time.Time         `json:"confirmableUntil,omitempty"` // the last end of a bearer confirmation
	AuthnInstant       *time.Time         `json:"authnInstant,omitempty"`
	SessionUntil       *time.Time         `json:"sessionUntil,omitempty"`
	Browser            string             `json:"browser,omitempty"`    // family and system, as "Firefox on Linux"
	SignedSha1         bool               `json:"signedSha1,omitempty"` // it passed by the exception alone
	Encryption         string             `json:"encryption,omitempty"` // of the content; "" in the clear
	ShownFingerprints  []string           `json:"shownFingerprints,omitempty"`
	MatchedFingerprint string             `json:"matchedFingerprint,omitempty"`
	IssueInstant       *time.Time         `json:"issueInstant,omitempty"`
	ClockOffsetSeconds *int               `json:"clockOffsetSeconds,omitempty"` // of IssueInstant from our clock: negative is in our past
	RequestAgeSeconds  *int               `json:"requestAgeSeconds,omitempty"`  // of the request that it answers
}

// AttemptAttribute is an attribute that came, without its values.
type AttemptAttribute struct {
	Name   string `json:"name"`
	Values int    `json:"values"`
}

// AttemptCheck is one step of the verification and what it found.
type AttemptCheck struct {
	Name     string `json:"name"`
	Status   string `json:"status"`
	Expected string `json:"expected,omitempty"`
	Actual   string `json:"actual,omitempty"`
	Trusted  bool   `json:"trusted"`
	// Hint says what to change at the vendor's product, when its preset knows.
	Hint string `json:"hint,omitempty"`
}

// GlobalID is the id that clients see; it is also the attempt id on the person's page.
func (a LoginAttempt) GlobalID() string { return Global(PrefixLoginAttempt, a.ID) }

// IsNode marks a Relay Node.
func (LoginAttempt) IsNode() {}
