package models

import "time"

// ScimProfile is what a provisioning client said about a member beside the
// columns of the membership: a JSON document, kept as it was sent. Every person
// on a team has one, whichever door they came through.
type ScimProfile struct {
	MembershipID ID `gorm:"primaryKey"`
	TeamID       ID
	Seq          int // the place in lists; it only grows
	Document     string
}

// ScimValue is one attribute of a profile, or one element of a multi-valued
// one, as filters compare it. Text is folded unless the attribute is case-exact.
type ScimValue struct {
	MembershipID ID     `gorm:"primaryKey"`
	Attr         string `gorm:"primaryKey"`
	Item         int    `gorm:"primaryKey"`
	TeamID       ID
	ValueKey     string
	TypeKey      string
	IsPrimary    bool
}

// ScimCounter counts a team's resources of one kind.
type ScimCounter struct {
	TeamID  ID           `gorm:"primaryKey"`
	Kind    ResourceKind `gorm:"primaryKey"`
	Total   int
	NextSeq int // the highest place given so far
}

// ScimBlock counts the resources in 1,024 places, so that the thousandth page
// is found by adding counts and not by walking there.
type ScimBlock struct {
	TeamID ID           `gorm:"primaryKey"`
	Kind   ResourceKind `gorm:"primaryKey"`
	Block  int          `gorm:"primaryKey"`
	Live   int
	Active int // people who are active, counted by the database itself; 0 for groups
}

// ScimNameBlock counts the resources in a stretch of the list in the order of
// userName or, for groups, displayName: from FirstName up to the next block's. The
// database itself counts, package roster cuts what has grown too long.
type ScimNameBlock struct {
	TeamID    ID           `gorm:"primaryKey"`
	Kind      ResourceKind `gorm:"primaryKey"`
	FirstName string       `gorm:"primaryKey"` // folded; '' for the first one
	Live      int
}

// Group is a group of the team's identity provider.
type Group struct {
	ID             ID
	TeamID         ID
	DisplayName    string
	DisplayNameKey string // Fold(DisplayName), unique within the team
	ExternalID     *string
	Seq            int
	MemberCount    int
	Revision       int
	Document       string // JSON of what no RFC describes, "" for nothing
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// TableName avoids a word that SQL knows.
func (Group) TableName() string { return "team_groups" }

// GlobalID is the id that clients see.
func (g Group) GlobalID() string { return Global(PrefixGroup, g.ID) }

// IsNode marks a Relay Node.
func (Group) IsNode() {}

// GroupMember puts a member into a group.
type GroupMember struct {
	GroupID      ID `gorm:"primaryKey"`
	MembershipID ID `gorm:"primaryKey"`
	TeamID       ID
	Display      string // what the client called the member, may be empty
}

// GroupRoleMapping gives the people of a group a role.
type GroupRoleMapping struct {
	ID        ID
	TeamID    ID
	GroupID   ID
	Role      Role
	CreatedBy string
	CreatedAt time.Time
	UpdatedAt time.Time
}

// GlobalID is the id that clients see.
func (m GroupRoleMapping) GlobalID() string { return Global(PrefixGroupRoleMapping, m.ID) }

// IsNode marks a Relay Node.
func (GroupRoleMapping) IsNode() {}

// ProvisioningSettings are a team's choices about SCIM; there is one row a team.
type ProvisioningSettings struct {
	ID          ID
	TeamID      ID
	ScimEnabled bool
	DryRun      bool // answer as if, write nothing
	Revision    int
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// TableName is the plural that gorm would not guess.
func (ProvisioningSettings) TableName() string { return "provisioning_settings" }

// GlobalID is the id that clients see.
func (p ProvisioningSettings) GlobalID() string { return Global(PrefixProvisioningSettings, p.ID) }

// IsNode marks a Relay Node.
func (ProvisioningSettings) IsNode() {}

// ScimCall is one request of a provisioning client, for the team's admins. Body
// has its values blotted out.
type ScimCall struct {
	ID          ID
	TeamID      ID
	ScimTokenID *ID
	At          time.Time
	Method      string
	Resource    string // the path behind the team's base URL, without the query
	Status      int
	ScimType    string
	Detail      string
	DurationUs  int
	Body        string
	Quirks      []string `gorm:"serializer:json"`
	DryRun      bool
	UserAgent   string
	IP          string
	RequestID   string
}

// GlobalID is the id that clients see.
func (c ScimCall) GlobalID() string { return Global(PrefixScimCall, c.ID) }

// IsNode marks a Relay Node.
func (ScimCall) IsNode() {}
