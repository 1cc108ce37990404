package models

import (
	"encoding/base32"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"

	"rollcall/fault"
)

// ID is the primary key of a row: a UUIDv7 (RFC 9562 section 5.7) in its
// canonical lower-case text form. It grows with time, so pages ordered by it
// are in order of creation.
type ID string

// NewID makes an ID. It fails only when the system has no randomness left.
func NewID() (ID, error) {
	u, err := uuid.NewV7()
	if err != nil {
		return "", err
	}
	return ID(u.String()), nil
}

// UUIDValue implements pgtype.UUIDValuer. Without it PostgreSQL's driver tries the
// binary form of every id that is sent, fails, words an error that nobody sees, and
// sends the text.
func (id ID) UUIDValue() (pgtype.UUID, error) {
	u, err := uuid.Parse(string(id))
	return pgtype.UUID{Bytes: u, Valid: err == nil}, err
}

// Prefix names the type of a row in the ids that clients see.
type Prefix string

// The prefixes of all rows that have a global id.
const (
	PrefixTeam             Prefix = "team"
	PrefixUser             Prefix = "user"
	PrefixMembership       Prefix = "mem"
	PrefixExternalIdentity Prefix = "xid"
	PrefixSsoSettings      Prefix = "sso"
	PrefixIdentityProvider Prefix = "idp"
	PrefixCertificate      Prefix = "cert"
	PrefixLoginAttempt     Prefix = "try"
	PrefixSession          Prefix = "ses"
	PrefixSPKey            Prefix = "spk"
	PrefixAPIKey           Prefix = "key"
	PrefixScimToken        Prefix = "sct"
	PrefixAuditEvent       Prefix = "evt"

	PrefixGroup                Prefix = "grp"
	PrefixGroupRoleMapping     Prefix = "grm"
	PrefixProvisioningSettings Prefix = "prv"
	PrefixScimCall             Prefix = "scl"
	PrefixMail                 Prefix = "mail"
	PrefixNotificationSettings Prefix = "ntf"
	PrefixStagedCertificate    Prefix = "stc"

	PrefixSecondFactor Prefix = "fac"
	PrefixInvitation   Prefix = "inv"
	PrefixDomain       Prefix = "dom"
	PrefixSsoUpgrade   Prefix = "upg"
	PrefixRoleRule     Prefix = "rule"
	PrefixLoginTest    Prefix = "test"

	PrefixIdentityConflict Prefix = "cfl"
)

var idText = base32.HexEncoding.WithPadding(base32.NoPadding)

// Global is the id as clients see it: the type's prefix, an underscore and the
// sixteen bytes in lower-case base32hex, which keeps their order.
func Global(p Prefix, id ID) string {
	u, err := uuid.Parse(string(id))
	if err != nil {
		return ""
	}
	return string(p) + "_" + strings.ToLower(idText.EncodeToString(u[:]))
}

// ParseGlobal reads an id that clients sent. Anything that is not a well-formed
// id of the type answers the fault NOT_FOUND, like an id that does not exist.
func ParseGlobal(p Prefix, s string) (ID, error) {
	got, id, err := SplitGlobal(s)
	if err != nil || got != p {
		return "", fault.New(fault.Missing, "There is no such object.")
	}
	return id, nil
}

// SplitGlobal reads an id whose type is not known beforehand, as for node(id:).
func SplitGlobal(s string) (Prefix, ID, error) {
	missing := fault.New(fault.Missing, "There is no such object.")
	p, text, ok := strings.Cut(s, "_")
	if !ok || len(text) != 26 {
		return "", "", missing
	}
	raw, err := idText.DecodeString(strings.ToUpper(text))
	if err != nil || strings.ToLower(text) != text {
		return "", "", missing
	}
	u, err := uuid.FromBytes(raw)
	if err != nil || strings.ToLower(idText.EncodeToString(u[:])) != text {
		return "", "", missing
	}
	return Prefix(p), ID(u.String()), nil
}

// ParseID reads a bare UUID, the form of SCIM ids. Anything else answers the
// fault NOT_FOUND.
func ParseID(s string) (ID, error) {
	u, err := uuid.Parse(s)
	if err != nil || u.String() != s {
		return "", fault.New(fault.Missing, "There is no such object.")
	}
	return ID(s), nil
}
