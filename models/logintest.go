package models

import "time"

// TestState is how a test login ended.
type TestState string

// States of a test login.
const (
	TestPending TestState = "PENDING"
	TestPassed  TestState = "PASSED"
	TestFailed  TestState = "FAILED"
)

// LoginTest is a sign-in that changes nothing: it goes through the real
// identity provider and shows what would have happened.
type LoginTest struct {
	ID                 ID
	TeamID             ID
	IdentityProviderID ID
	TrustRevision      int // of the settings that it was started under
	State              TestState
	Code               string // a code of fault's table; "" unless it failed
	Effect             string // what a real sign-in would have done
	AttemptID          *ID
	Checks             []AttemptCheck `gorm:"serializer:json"`
	Profile            TestProfile    `gorm:"serializer:json"`
	Role               *Role          // that would result, nil for none
	RoleSource         *RoleSource
	StartedBy          string // label of the actor
	MembershipID       *ID    // of the actor, when it is a member
	StartedAt          time.Time
	ExpiresAt          time.Time
	FinishedAt         *time.Time
}

// TestProfile is what the assertion of a test login said of the person.
type TestProfile struct {
	NameID       string          `json:"nameId,omitempty"`
	NameIDFormat string          `json:"nameIdFormat,omitempty"`
	Email        string          `json:"email,omitempty"`
	Name         string          `json:"name,omitempty"`
	GivenName    string          `json:"givenName,omitempty"`
	FamilyName   string          `json:"familyName,omitempty"`
	Attributes   []TestAttribute `json:"attributes,omitempty"`
}

// TestAttribute is an attribute with its values.
type TestAttribute struct {
	Name   string   `json:"name"`
	Values []string `json:"values"`
}

// GlobalID is the id that clients see.
func (t LoginTest) GlobalID() string { return Global(PrefixLoginTest, t.ID) }

// IsNode marks a Relay Node.
func (LoginTest) IsNode() {}
