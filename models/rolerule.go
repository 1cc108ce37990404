package models

import "time"

// RuleKind says what a role rule looks at.
type RuleKind string

// Kinds of role rule.
const (
	RuleGroup     RuleKind = "GROUP"     // the attribute lists groups
	RuleAttribute RuleKind = "ATTRIBUTE" // any other attribute
)

// RoleRule gives a role to whoever's assertion has a value in an attribute. The
// first rule that holds decides.
type RoleRule struct {
	ID        ID
	TeamID    ID
	Position  int // from 1
	Kind      RuleKind
	Attribute string // its SAML name
	Value     string // compared letter by letter
	Role      Role
	CreatedAt time.Time
}

// GlobalID is the id that clients see.
func (r RoleRule) GlobalID() string { return Global(PrefixRoleRule, r.ID) }
