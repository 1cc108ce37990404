package mail

// Kind is a message of the catalogue; it is also its templates' file name.
type Kind string

// The catalogue. docs/mail.md says who gets what and when.
const (
	CertExpiring    Kind = "cert_expiring"
	CertExpired     Kind = "cert_expired"
	CertsExpiring   Kind = "certs_expiring"
	CertAdded       Kind = "cert_added"
	CertRemoved     Kind = "cert_removed"
	CertDiscovered  Kind = "cert_discovered"
	MetadataFailing Kind = "metadata_refresh_failing"
	MetadataWorks   Kind = "metadata_refresh_resolved"
	SsoDisabled     Kind = "sso_disabled"
	SsoEnforced     Kind = "sso_enforced"
	SsoRelaxed      Kind = "sso_relaxed"
	RecoveryUsed    Kind = "recovery_code_used"
	BreakGlassUsed  Kind = "breakglass_used"
	BreakGlassIdle  Kind = "breakglass_untested"
	SsoEnabled      Kind = "sso_enabled"
	SsoChanged      Kind = "sso_config_changed"
	SsoFailing      Kind = "sso_failing"
	TokenCreated    Kind = "scim_token_created"
	TokenRevoked    Kind = "scim_token_revoked"
	KeyCreated      Kind = "api_key_created"
	KeyRevoked      Kind = "api_key_revoked"
	KeyExpiring     Kind = "api_key_expiring"
	TokenExpiring   Kind = "scim_token_expiring"
	ScimFailing     Kind = "scim_failing"
	SsoRollout      Kind = "sso_rollout"
	MemberOut       Kind = "member_deactivated"
	MemberRemoved   Kind = "member_removed"
	MembersOut      Kind = "members_out_digest"
	PasswordChanged Kind = "password_changed"
	PasswordReset   Kind = "password_reset"
	SetPassword     Kind = "set_password"
	SignInElsewhere Kind = "sign_in_elsewhere"
	FactorAdded     Kind = "factor_added"
	FactorRemoved   Kind = "factor_removed"
	BackupCodeUsed  Kind = "backup_code_used"
	VerifyEmail     Kind = "verify_email"
	Invitation      Kind = "invitation"
	WelcomeSso      Kind = "welcome_sso"
	DomainVerified  Kind = "domain_verified"
	DomainLost      Kind = "domain_lost"

	AccountConfirm    Kind = "account_link_confirm"
	AccountLinked     Kind = "account_linked"
	UpgradeInvitation Kind = "sso_upgrade_invitation"
	UpgradeReminder   Kind = "sso_upgrade_reminder"
	EmailChanged      Kind = "email_changed"
	RoleRaised        Kind = "role_raised"
	TeamWithoutAdmin  Kind = "team_without_admin"
)

// Kinds lists the whole catalogue.
var Kinds = []Kind{CertExpiring, CertExpired, CertsExpiring, CertAdded, CertRemoved, CertDiscovered, MetadataFailing, MetadataWorks,
	SsoEnabled, SsoDisabled, SsoEnforced, SsoRelaxed, RecoveryUsed, BreakGlassUsed, BreakGlassIdle, SsoChanged, SsoFailing, TokenCreated, TokenRevoked, KeyCreated,
	KeyRevoked, KeyExpiring, TokenExpiring, ScimFailing, SsoRollout, MemberOut, MemberRemoved, MembersOut,
	PasswordChanged, PasswordReset, SetPassword, SignInElsewhere, FactorAdded, FactorRemoved, BackupCodeUsed,
	VerifyEmail, Invitation, WelcomeSso, DomainVerified, DomainLost,
	AccountConfirm, AccountLinked, UpgradeInvitation, UpgradeReminder, EmailChanged, RoleRaised, TeamWithoutAdmin}

// Language is a language that every message of the catalogue has.
type Language string

// The languages.
const (
	English  Language = "en"
	Japanese Language = "ja"
)

// Languages lists them; the first is for everybody who chose none.
var Languages = []Language{English, Japanese}

// LanguageOf is the language of a tag as people write it (BCP 47), or English.
func LanguageOf(tag string) Language {
	for _, l := range Languages {
		if len(tag) >= 2 && tag[:2] == string(l) && (len(tag) == 2 || tag[2] == '-') {
			return l
		}
	}
	return English
}

// Facts are what the templates show. A message uses those that it needs.
type Facts struct {
	Team        string // the team's name
	TeamURL     string // its sign-in page
	At          string // when it happened, RFC 3339
	Actor       string // who did it
	Provider    string // the identity provider's entity id
	ProviderID  string // as the API shows it
	Subject     string // of a certificate
	Fingerprint string
	NotBefore   string // RFC 3339
	NotAfter    string // RFC 3339
	Days        int    // until a certificate's end, rounded up; 0 on its last day and after
	Early       int    // days before the end at which the vendor starts to sign with the next key
	EarlyDay    string // that day, RFC 3339
	Covered     bool   // another certificate that was used is valid for longer
	Trusted     bool   // a discovered certificate is trusted already
	CertID      string // as the API shows it
	Reason      string // a code of why, for which the templates have words
	Problem     string // one line, in English
	Since       string // RFC 3339
	Failures    int
	Calls       int // that the failures are among
	People      int
	Day         string // RFC 3339
	Name        string // of a key or token
	Prefix      string // the part of it that may be shown
	ExpiresAt   string // RFC 3339, empty for never
	Link        string // works once, for whoever has the mail
	Email       string // an address that it is about
	Role        string
	Left        int // of backup codes
	Changes     []string
	Ended       bool    // a certificate, or one of several
	Several     []Facts // of one message about several certificates
}
