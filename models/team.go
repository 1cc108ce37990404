package models

import "time"

// Team is a tenant.
type Team struct {
	ID        ID
	Slug      string // immutable: identity providers store it inside URLs
	Name      string
	Plan      Plan
	Revision  int // grows with every change, for optimistic locking
	CreatedAt time.Time
	UpdatedAt time.Time
}

// GlobalID is the id that clients see.
func (t Team) GlobalID() string { return Global(PrefixTeam, t.ID) }

// IsNode marks a Relay Node.
func (Team) IsNode() {}

// SsoAllowed reports whether the plan includes single sign-on and SCIM.
func (t Team) SsoAllowed() bool { return t.Plan == PlanTeam || t.Plan == PlanEnterprise }

// Installation is the one row about the installation itself.
type Installation struct {
	ID                 int // always 1
	KeyFingerprint     []byte
	GeneratedKey       []byte // set only when the secret key was generated for PostgreSQL on loopback
	OperatorKeyShownAt *time.Time
	CreatedAt          time.Time
}

// TableName keeps the singular: there is only one row.
func (Installation) TableName() string { return "installation" }
