package models

import (
	"strings"
	"time"
)

// InvitationState is how far an invitation has come. One that is past its end
// is still PENDING here.
type InvitationState string

// States of an invitation.
const (
	InvitationPending  InvitationState = "PENDING"
	InvitationAccepted InvitationState = "ACCEPTED"
	InvitationRevoked  InvitationState = "REVOKED"
)

// Invitation asks somebody onto a team by mail.
type Invitation struct {
	ID           ID
	TeamID       ID
	Email        string
	EmailKey     string // Fold(Email); a team has one open invitation for it
	Role         Role
	State        InvitationState
	InvitedBy    string // label of the actor
	MembershipID *ID    // that it became
	SentCount    int
	SentAt       time.Time
	CreatedAt    time.Time
	ExpiresAt    time.Time
	DecidedAt    *time.Time // accepted or revoked
}

// GlobalID is the id that clients see.
func (i Invitation) GlobalID() string { return Global(PrefixInvitation, i.ID) }

// IsNode marks a Relay Node.
func (Invitation) IsNode() {}

// Inviter is the address of the person who invited, by whatever means; "" when
// that was no person. The name of an operator's key says nothing to whoever is
// invited.
func (i Invitation) Inviter() string {
	who, _, _ := strings.Cut(i.InvitedBy, " (")
	if !strings.Contains(who, "@") {
		return ""
	}
	return who
}
