package models

import "time"

// MetadataSource is the address that an identity provider publishes its
// metadata under, the last good copy of it, and how the refresh is doing.
type MetadataSource struct {
	ID                 ID
	TeamID             ID
	IdentityProviderID ID
	URL                string
	ETag               string `gorm:"column:etag"`
	LastModified       string
	Document           string    // the last good copy
	FetchedAt          time.Time // when the copy was taken or found unchanged
	CheckedAt          time.Time // when it was last tried
	NextAt             time.Time
	Failures           int // in a row
	FailingSince       *time.Time
	LastError          string
	IncidentID         *ID // the admins were told of this run of failures
}

// StagingReason says why a discovered certificate is not trusted at once.
type StagingReason string

// Reasons for staging.
const (
	StagedBySetting   StagingReason = "TEAM_SETTING" // the team wants to be asked
	StagedForRoom     StagingReason = "NO_ROOM"      // three unexpired ones are trusted and in use
	StagedHostChanged StagingReason = "HOST_CHANGED" // the sign-in address moved to another host as well
)

// StagedCertificate is a certificate that refreshed metadata brought and that
// waits for an admin's word. It verifies nothing.
type StagedCertificate struct {
	ID                 ID
	TeamID             ID
	IdentityProviderID ID
	FingerprintSha256  string
	DER                []byte
	Subject            string
	NotBefore          time.Time
	NotAfter           time.Time
	Reason             StagingReason
	DiscoveredAt       time.Time
	DismissedAt        *time.Time // an admin said no; it is not offered again
}

// GlobalID is the id that clients see.
func (c StagedCertificate) GlobalID() string { return Global(PrefixStagedCertificate, c.ID) }

// IsNode marks a Relay Node.
func (StagedCertificate) IsNode() {}
