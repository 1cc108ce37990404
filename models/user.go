package models

import "time"

// User is a person or an integration, one per e-mail address across the installation.
type User struct {
	ID              ID
	Kind            UserKind
	Origin          UserOrigin
	Email           string // as it was given
	EmailKey        string // Fold(Email), unique
	Name            string // display name, may be empty
	GivenName       string
	FamilyName      string
	ManagedByTeamID *ID        // the team whose IdP created or took over the account
	VerifiedAt      *time.Time // when the person proved that the address is theirs, or somebody vouched for it
	Language        string     // that mails to them are in, "" for the team's
	CreatedAt       time.Time
	UpdatedAt       time.Time
}

// GlobalID is the id that clients see.
func (u User) GlobalID() string { return Global(PrefixUser, u.ID) }

// IsNode marks a Relay Node.
func (User) IsNode() {}

// ManagedBy reports whether the team's IdP created or took over the account.
func (u User) ManagedBy(team ID) bool { return u.ManagedByTeamID != nil && *u.ManagedByTeamID == team }

// EmailVerified reports whether the person proved that the address is theirs, or
// somebody vouched for it.
func (u User) EmailVerified() bool { return u.VerifiedAt != nil }

// IsActor marks whoever audit events can be about as their doer.
func (User) IsActor() {}

// NameOrNil is the display name, nil for none, and so are the two that follow.
func (u User) NameOrNil() *string { return orNil(u.Name) }

// GivenNameOrNil is the given name.
func (u User) GivenNameOrNil() *string { return orNil(u.GivenName) }

// FamilyNameOrNil is the family name.
func (u User) FamilyNameOrNil() *string { return orNil(u.FamilyName) }

func orNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
