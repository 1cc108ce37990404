package models

import "time"

// Password is what a user's own password was hashed to.
type Password struct {
	UserID    ID     `gorm:"primaryKey"`
	Hash      string // argon2id in the PHC string form
	ChangedAt time.Time
}

// FactorKind is a kind of second factor.
type FactorKind string

// Kinds of second factor.
const (
	FactorTotp    FactorKind = "TOTP"
	FactorPasskey FactorKind = "PASSKEY"
)

// SecondFactor is what a user proves themselves with besides a password. It
// counts from its confirmation on.
type SecondFactor struct {
	ID           ID
	UserID       ID
	Kind         FactorKind
	Name         string
	SealedSecret []byte // of a TOTP, sealed; empty for a passkey
	CredentialID []byte // of a passkey; nil for a TOTP
	PublicData   string // of a passkey, as its library writes it in JSON
	LastStep     int    // of a TOTP: the time step that was used last (RFC 6238 section 5.2)
	CreatedAt    time.Time
	ConfirmedAt  *time.Time
	LastUsedAt   *time.Time
}

// GlobalID is the id that clients see.
func (f SecondFactor) GlobalID() string { return Global(PrefixSecondFactor, f.ID) }

// BackupCode stands in once for a second factor that is lost.
type BackupCode struct {
	ID        ID
	UserID    ID
	CodeHash  []byte
	CreatedAt time.Time
	UsedAt    *time.Time
}

// SigninStep is a sign-in that is not finished. Its secret is in the browser.
type SigninStep struct {
	ID         ID
	SecretHash []byte
	UserID     ID
	Stage      string
	Method     SessionMethod
	Challenge  string // what the step remembers, as JSON: among it a passkey's challenge
	ReturnTo   string // a path of this installation
	CreatedAt  time.Time
	ExpiresAt  time.Time
	ConsumedAt *time.Time
}

// GuessCounter counts wrong guesses at one thing, for all replicas together.
type GuessCounter struct {
	KeyHash   []byte `gorm:"primaryKey"`
	Failures  int
	FirstAt   time.Time
	FreeAt    time.Time // before it no further guess is judged
	ExpiresAt time.Time
}

// PasswordAsk is somebody's wish for a link to set a password, until it is seen
// whether one is mailed.
type PasswordAsk struct {
	ID       ID
	EmailKey string // as it was typed, folded
	AskedAt  time.Time
}

// LinkPurpose is what a one-time link is good for.
type LinkPurpose string

// Purposes of one-time links.
const (
	LinkVerifyEmail LinkPurpose = "VERIFY_EMAIL"
	LinkSetPassword LinkPurpose = "SET_PASSWORD"
	LinkInvitation  LinkPurpose = "INVITATION"
	LinkUpgrade     LinkPurpose = "UPGRADE"
	LinkLoginTest   LinkPurpose = "LOGIN_TEST"
)

// OneTimeLink is a link that works once. What makes it work is computed from
// its id under a key that is not in the database.
type OneTimeLink struct {
	ID           ID
	Purpose      LinkPurpose
	UserID       *ID
	TeamID       *ID
	MembershipID *ID
	SubjectID    *ID    // the invitation, upgrade or test that it is about
	Email        string // the address that it was sent to, or ""
	CreatedAt    time.Time
	ExpiresAt    time.Time
	ConsumedAt   *time.Time
	RevokedAt    *time.Time
}

// RecoveryCode lets an admin of a team in once while the identity provider is
// down.
type RecoveryCode struct {
	ID        ID
	TeamID    ID
	CodeHash  []byte
	CreatedBy string // label of the actor
	CreatedAt time.Time
	UsedAt    *time.Time
	UsedBy    string // label of who used it, or ""
}
