package models

import (
	"fmt"
	"io"
	"slices"
	"strconv"
)

// Plan is what a team has paid for.
type Plan string

// Plans; single sign-on and SCIM need TEAM or ENTERPRISE.
const (
	PlanFree       Plan = "FREE"
	PlanTeam       Plan = "TEAM"
	PlanEnterprise Plan = "ENTERPRISE"
)

// UserKind tells people from robots.
type UserKind string

// Kinds of user.
const (
	KindPerson      UserKind = "PERSON"
	KindIntegration UserKind = "INTEGRATION"
)

// UserOrigin says how an account came to be.
type UserOrigin string

// Origins of accounts.
const (
	OriginDirect UserOrigin = "DIRECT"
	OriginSso    UserOrigin = "SSO"
	OriginScim   UserOrigin = "SCIM"
)

// Role is what a member may do on the team.
type Role string

// Roles, strongest first.
const (
	RoleAdmin  Role = "ADMIN"
	RoleMember Role = "MEMBER"
	RoleViewer Role = "VIEWER"
)

// MembershipStatus says whether a member may come in.
type MembershipStatus string

// Statuses of a membership.
const (
	StatusActive      MembershipStatus = "ACTIVE"
	StatusDeactivated MembershipStatus = "DEACTIVATED"
)

// RoleSource says who decided a member's role.
type RoleSource string

// Sources of a role.
const (
	RoleByDefault    RoleSource = "DEFAULT"
	RoleByHand       RoleSource = "MANUAL"
	RoleByInvitation RoleSource = "INVITATION"
	RoleByGroup      RoleSource = "GROUP"
	RoleByAttribute  RoleSource = "ATTRIBUTE"
)

// MembershipSource says through which door a member came.
type MembershipSource string

// Sources of a membership.
const (
	SourceDirect     MembershipSource = "DIRECT"
	SourceInvitation MembershipSource = "INVITATION"
	SourceJit        MembershipSource = "JIT"
	SourceScim       MembershipSource = "SCIM"
)

// SsoState is how far a team has gone with single sign-on.
type SsoState string

// States of single sign-on.
const (
	SsoDraft    SsoState = "DRAFT"
	SsoEnabled  SsoState = "ENABLED"
	SsoEnforced SsoState = "ENFORCED"
	SsoDisabled SsoState = "DISABLED"
)

// On reports whether sign-ins through the IdP are accepted.
func (v SsoState) On() bool { return v == SsoEnabled || v == SsoEnforced }

// Vendor names a preset.
type Vendor string

// Vendors with a preset, and the rest.
const (
	VendorAuth0        Vendor = "AUTH0"
	VendorEntra        Vendor = "ENTRA"
	VendorGoogle       Vendor = "GOOGLE"
	VendorOkta         Vendor = "OKTA"
	VendorOnelogin     Vendor = "ONELOGIN"
	VendorPingfederate Vendor = "PINGFEDERATE"
	VendorPingone      Vendor = "PINGONE"
	VendorSalesforce   Vendor = "SALESFORCE"
	VendorAdfs         Vendor = "ADFS"
	VendorOther        Vendor = "OTHER"
)

// CertificateSource says how a certificate came to be trusted.
type CertificateSource string

// Sources of certificates.
const (
	CertificateUpload   CertificateSource = "UPLOAD"
	CertificateMetadata CertificateSource = "METADATA"
)

// CertificateState is a certificate's place in time.
type CertificateState string

// States of a certificate.
const (
	CertificateActive      CertificateState = "ACTIVE"
	CertificateNotYetValid CertificateState = "NOT_YET_VALID"
	CertificateExpired     CertificateState = "EXPIRED"
)

// Binding is how a browser carries a message to an identity provider.
type Binding string

// Bindings (SAML bindings, sections 3.4 and 3.5).
const (
	BindingRedirect Binding = "REDIRECT"
	BindingPost     Binding = "POST"
)

// Comparison relates an authentication context to the wanted ones (SAML core,
// section 3.3.2.2.1).
type Comparison string

// Comparisons.
const (
	CompareExact   Comparison = "EXACT"
	CompareMinimum Comparison = "MINIMUM"
	CompareMaximum Comparison = "MAXIMUM"
	CompareBetter  Comparison = "BETTER"
)

// KeyState is the place of a service provider key in a rollover.
type KeyState string

// States of a service provider key. Metadata shows both; the current one signs.
const (
	KeyCurrent KeyState = "CURRENT"
	KeyNext    KeyState = "NEXT"
)

// Scope is a thing that an API key may be used for.
type Scope string

// Scopes. A write scope includes the read scope of the same noun.
const (
	ScopeTeamRead        Scope = "TEAM_READ"
	ScopeTeamWrite       Scope = "TEAM_WRITE"
	ScopeMembershipRead  Scope = "MEMBERSHIP_READ"
	ScopeMembershipWrite Scope = "MEMBERSHIP_WRITE"
	ScopeSsoRead         Scope = "SSO_READ"
	ScopeSsoWrite        Scope = "SSO_WRITE"
	ScopeKeyWrite        Scope = "KEY_WRITE"
	ScopeAuditRead       Scope = "AUDIT_READ"
)

// Scopes lists every scope.
var Scopes = []Scope{ScopeTeamRead, ScopeTeamWrite, ScopeMembershipRead, ScopeMembershipWrite,
	ScopeSsoRead, ScopeSsoWrite, ScopeKeyWrite, ScopeAuditRead}

// writeEnum and readEnum are the two halves of gqlgen's marshalling contract;
// they need nothing of gqlgen.
func writeEnum[T ~string](w io.Writer, v T) { _, _ = io.WriteString(w, strconv.Quote(string(v))) }

func readEnum[T ~string](v any, into *T, all ...T) error {
	s, ok := v.(string)
	if !ok || !slices.Contains(all, T(s)) {
		return fmt.Errorf("not one of %v", all)
	}
	*into = T(s)
	return nil
}

// ResourceKind tells the two kinds of SCIM resource apart.
type ResourceKind string

// Kinds of SCIM resource.
const (
	ResourceUser  ResourceKind = "USER"
	ResourceGroup ResourceKind = "GROUP"
)
