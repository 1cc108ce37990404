package models

import "time"

// AuditEvent is one line of a team's history; rows are only ever added.
type AuditEvent struct {
	ID          ID
	TeamID      *ID // nil for the installation's own events
	At          time.Time
	Action      string // dotted name: membership.removed
	ActorKind   string
	ActorID     *ID
	ActorLabel  string
	TargetKind  string
	TargetID    *ID
	TargetLabel string
	Details     []AuditDetail `gorm:"serializer:json"`
	IP          string
	RequestID   string
}

// AuditDetail is one name and value of an event, never a secret. Of a value
// that changed, Before and After are the two and Value tells of both.
type AuditDetail struct {
	Name   string  `json:"name"`
	Value  string  `json:"value"`
	Before *string `json:"before,omitempty"`
	After  *string `json:"after,omitempty"`
}

// GlobalID is the id that clients see.
func (e AuditEvent) GlobalID() string { return Global(PrefixAuditEvent, e.ID) }

// IsNode marks a Relay Node.
func (AuditEvent) IsNode() {}
