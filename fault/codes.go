package fault

import "slices"

// Code is a stable name for one mistake. Codes in capitals belong to the API
// doors (GraphQL userErrors and extensions.code, SCIM detail); codes in small
// letters are the reasons for a refused sign-in, kept in its attempt record.
type Code string

// Codes of the API doors.
const (
	InternalError        Code = "INTERNAL_SERVER_ERROR"
	NotSignedIn          Code = "UNAUTHENTICATED"
	Forbidden            Code = "FORBIDDEN"
	Required             Code = "REQUIRED"
	InvalidValue         Code = "INVALID"
	Taken                Code = "TAKEN"
	Missing              Code = "NOT_FOUND"
	Clash                Code = "CONFLICT"
	LimitReached         Code = "LIMIT_REACHED"
	RateLimited          Code = "RATE_LIMITED"
	StaleRevision        Code = "STALE_REVISION"
	PlanRequired         Code = "PLAN_REQUIRED"
	ManagedByIDP         Code = "MANAGED_BY_IDP"
	AccountConflict      Code = "ACCOUNT_CONFLICT"
	LastAdmin            Code = "LAST_ADMIN"
	BreakGlass           Code = "BREAK_GLASS"
	SsoLoginRequired     Code = "SSO_LOGIN_REQUIRED"
	TestLoginRequired    Code = "TEST_LOGIN_REQUIRED"
	SsoIncomplete        Code = "SSO_INCOMPLETE"
	CertificateExpired   Code = "CERTIFICATE_EXPIRED"
	CertificateDuplicate Code = "CERTIFICATE_DUPLICATE"
	CertificateWeak      Code = "CERTIFICATE_WEAK"
	CertificateUnusable  Code = "CERTIFICATE_UNUSABLE"
	LastCertificate      Code = "LAST_CERTIFICATE"
	MetadataInvalid      Code = "METADATA_INVALID"
	MetadataWrongRole    Code = "METADATA_WRONG_ROLE"
	MetadataUnreachable  Code = "METADATA_UNREACHABLE"
	LinkUsed             Code = "LINK_USED"
	LinkExpired          Code = "LINK_EXPIRED"
	EmailUnverified      Code = "EMAIL_UNVERIFIED"
	DomainUnverified     Code = "DOMAIN_UNVERIFIED"
	PasswordUnusable     Code = "PASSWORD_UNUSABLE"
	SecondFactorRequired Code = "SECOND_FACTOR_REQUIRED"
	RecoveryCodesMissing Code = "RECOVERY_CODES_MISSING"
)

// Codes of refused sign-ins.
const (
	TeamNotFound         Code = "team_not_found"
	SsoNotEnabled        Code = "sso_not_enabled"
	ConnectionDraft      Code = "connection_draft"
	IdpDeclined          Code = "idp_declined"
	IdpNameIDPolicy      Code = "idp_invalid_nameid_policy"
	IdpNoAuthnContext    Code = "idp_no_authn_context"
	ResponseMalformed    Code = "response_malformed"
	ResponseTooLarge     Code = "response_too_large"
	ResponseWrongBinding Code = "response_wrong_binding"
	AssertionMissing     Code = "assertion_missing"
	MultipleAssertions   Code = "multiple_assertions"
	EncryptionUnexpected Code = "encryption_unexpected"
	EncryptionRequired   Code = "encryption_required"
	DecryptionFailed     Code = "decryption_failed"
	SignatureMissing     Code = "signature_missing"
	SignatureUnknownCert Code = "signature_unknown_certificate"
	SignatureInvalid     Code = "signature_invalid"
	SignatureWeak        Code = "signature_algorithm_weak"
	CertExpired          Code = "certificate_expired"
	CertNotYetValid      Code = "certificate_not_yet_valid"
	CertificateMissing   Code = "certificate_missing"
	IssuerMismatch       Code = "issuer_mismatch"
	AudienceMismatch     Code = "audience_mismatch"
	RecipientMismatch    Code = "recipient_mismatch"
	DestinationMismatch  Code = "destination_mismatch"
	AssertionExpired     Code = "assertion_expired"
	AssertionNotYetValid Code = "assertion_not_yet_valid"
	AssertionInvalid     Code = "assertion_invalid"
	AssertionReplayed    Code = "assertion_replayed"
	AuthnNotFresh        Code = "authn_not_fresh"
	AuthnContextMismatch Code = "authn_context_mismatch"
	MfaEvidenceMissing   Code = "mfa_evidence_missing"
	RequestUnknown       Code = "request_unknown"
	RequestExpired       Code = "request_expired"
	RequestMismatch      Code = "request_mismatch"
	IdpInitiatedDisabled Code = "idp_initiated_disabled"
	NameIDMissing        Code = "nameid_missing"
	NameIDTransient      Code = "nameid_transient"
	EmailMissing         Code = "email_missing"
	EmailInvalid         Code = "email_invalid"
	LoginAccountConflict Code = "account_conflict"
	JitDisabled          Code = "jit_disabled"
	DomainNotAllowed     Code = "domain_not_allowed"
	UpgradeRequired      Code = "upgrade_required"
	NameIDChanged        Code = "nameid_changed"
	UserDeactivated      Code = "user_deactivated"
	UserRemoved          Code = "user_removed"
	TestOutdated         Code = "test_outdated"
	LogoutInvalid        Code = "logout_invalid"
	LoginLimited         Code = "login_rate_limited"
	LoginInternal        Code = "internal"
)

// Entry is a row of the table of codes.
type Entry struct {
	Code    Code
	Kind    Kind
	Meaning string // one sentence, what happened
	Advice  string // one sentence, what mends it
}

// Table is the only source of codes: kinds, docs/errors.md and the schema's
// enum are checked against it.
var Table = []Entry{
	{InternalError, Internal, "Something failed on our side.", "Try again; if it happens again, give the request id to whoever runs this installation."},
	{NotSignedIn, Unauthenticated, "No valid credential came with the request.", "Send a live session cookie or an API key."},
	{Forbidden, Denied, "The credential may not do this.", "Ask a team admin, or use a key with the scope that the field names."},
	{Required, Invalid, "A value is missing.", "Give the field a value."},
	{InvalidValue, Invalid, "A value cannot be used.", "See the message for the values that can."},
	{Taken, Conflict, "The value is in use already.", "Choose another one."},
	{Missing, NotFound, "There is no such object, or it is not yours to see.", "Check the id."},
	{Clash, Conflict, "The change clashes with what is stored.", "Read the object again and decide anew."},
	{LimitReached, Precondition, "A limit of the team is reached.", "Remove something first."},
	{RateLimited, Limited, "Too many requests.", "Wait as long as Retry-After says."},
	{StaleRevision, Conflict, "Somebody changed the object since you read it.", "Read it again and send its present revision."},
	{PlanRequired, Precondition, "Single sign-on and provisioning need the plan TEAM or ENTERPRISE.", "Ask the operator to change the plan."},
	{ManagedByIDP, Precondition, "The identity provider owns this value.", "Change it at the identity provider."},
	{AccountConflict, Conflict, "An account with this e-mail address exists that the team does not manage.", "The person has to agree to join it; an admin can see who that is."},
	{LastAdmin, Precondition, "The team would be left without an active admin.", "Make somebody else an admin first."},
	{BreakGlass, Precondition, "A direct admin is the team's way in when the identity provider is down; provisioning cannot touch one, and the last one stays while single sign-on is on.", "Create another direct admin, or let an admin act through GraphQL."},
	{SsoLoginRequired, Precondition, "People under single sign-on need a recent sign-in through the identity provider for this.", "Sign in through the identity provider and try again."},
	{TestLoginRequired, Precondition, "The present settings have not been tried in a test login that passed.", "Start one with startLoginTest and open its address in a browser."},
	{SsoIncomplete, Precondition, "Single sign-on is not ready to be enabled.", "Add an identity provider with a certificate that is valid now."},
	{CertificateExpired, Invalid, "The certificate has expired.", "Upload the one that the identity provider signs with now."},
	{CertificateDuplicate, Conflict, "The identity provider has this certificate already.", "Nothing to do."},
	{CertificateWeak, Invalid, "The certificate's key is too weak.", "Use an RSA key of 2048 bits or more, or an elliptic curve key of P-256 or better."},
	{CertificateUnusable, Invalid, "The text is not a certificate that can verify sign-ins.", "Send the identity provider's signing certificate as PEM, base64 DER, PKCS#7 or metadata."},
	{LastCertificate, Precondition, "It is the last usable certificate and single sign-on is on.", "Add the next certificate first."},
	{MetadataInvalid, Invalid, "The metadata cannot be used.", "Download the identity provider's metadata again and paste all of it."},
	{MetadataWrongRole, Invalid, "The metadata describes a service provider, not an identity provider.", "Take the metadata of the identity provider."},
	{MetadataUnreachable, Precondition, "The metadata cannot be fetched from its address.", "See the message for the reason; try again, or paste the document instead."},
	{LinkUsed, Precondition, "The link was used already, or a newer one took its place.", "Use the newest mail, or have another one sent."},
	{LinkExpired, Precondition, "The link has expired.", "Have another one sent."},
	{EmailUnverified, Precondition, "The person has not confirmed their e-mail address yet.", "Follow the link in the mail, or have it sent once more."},
	{DomainUnverified, Precondition, "The team has not proved that the domain is its own.", "Put the TXT record into the domain's DNS and verify it."},
	{PasswordUnusable, Invalid, "The password is too short, too long or too common.", "Choose one that nobody guesses; a few words in a row are good."},
	{RecoveryCodesMissing, Precondition, "The team has no recovery codes for the day its identity provider is down.", "Generate them, and keep them where more than one admin finds them."},
	{SecondFactorRequired, Precondition, "A second factor is needed for this.", "Set one up on the page of your account."},

	{TeamNotFound, NotFound, "No team has this address.", "Check the login URL."},
	{SsoNotEnabled, Precondition, "The team does not use single sign-on.", "Enable it first."},
	{ConnectionDraft, Precondition, "The set-up of single sign-on is not finished.", "Finish it and enable single sign-on."},
	{IdpDeclined, Denied, "The identity provider refused the sign-in.", "The status it gave says why; often the person is not assigned to the application."},
	{IdpNameIDPolicy, Denied, "The identity provider has no NameID of the kind that was asked for.", "Stop asking for a NameID format, or add a rule at the identity provider that issues one (in AD FS a Name ID claim rule)."},
	{IdpNoAuthnContext, Denied, "The identity provider cannot authenticate the person in the way that was asked for.", "Stop asking for an authentication context, or enable that way of signing in at the identity provider."},
	{ResponseMalformed, Invalid, "The response is not a SAML response that can be read.", "See the failed check; a proxy may have changed the message."},
	{ResponseTooLarge, Invalid, "The response is larger than the limit.", "Send fewer attributes; groups are the usual cause."},
	{ResponseWrongBinding, Invalid, "The response did not come by HTTP POST.", "Set the binding of the assertion consumer service to HTTP-POST."},
	{AssertionMissing, Invalid, "The response holds no assertion.", "Check the application's settings at the identity provider."},
	{MultipleAssertions, Invalid, "The response holds more than one assertion.", "Have the identity provider send exactly one."},
	{EncryptionUnexpected, Invalid, "The assertion is encrypted, which is not enabled.", "Switch assertion encryption off at the identity provider."},
	{EncryptionRequired, Invalid, "The assertion is not encrypted, which the settings ask for.", "Switch assertion encryption on at the identity provider with the certificate out of the team's metadata."},
	{DecryptionFailed, Invalid, "The assertion could not be decrypted.", "Import the team's metadata at the identity provider again; choose AES-GCM and RSA-OAEP there."},
	{SignatureMissing, Invalid, "Neither the response nor the assertion is signed as the settings ask.", "Have the identity provider sign the response, the assertion or both."},
	{SignatureUnknownCert, Invalid, "None of the trusted certificates verifies the signature.", "Compare the certificate at the identity provider with the trusted ones; never trust one because it came with a sign-in."},
	{SignatureInvalid, Invalid, "The signature does not fit the message.", "A proxy may have changed the message, or it was forged."},
	{SignatureWeak, Invalid, "The signature uses an algorithm that is not allowed.", "Choose RSA-SHA256 and SHA-256 at the identity provider."},
	{CertExpired, Precondition, "The certificate that made the signature has expired.", "Add the identity provider's next certificate."},
	{CertNotYetValid, Precondition, "The certificate that made the signature is not valid yet.", "Check the clocks, or wait until it is."},
	{CertificateMissing, Precondition, "No certificate is trusted at this time.", "Add the identity provider's signing certificate."},
	{IssuerMismatch, Invalid, "The issuer is not the identity provider's entity id.", "Copy the entity id exactly: http or https, and the final slash, count."},
	{AudienceMismatch, Invalid, "The assertion is not meant for this team.", "Set the audience at the identity provider to the team's entity id."},
	{RecipientMismatch, Invalid, "The assertion is meant for another address.", "Set the ACS URL (recipient) at the identity provider; check this installation's base URL."},
	{DestinationMismatch, Invalid, "The response is meant for another address.", "Set the ACS URL (destination) at the identity provider; check this installation's base URL."},
	{AssertionExpired, Invalid, "The assertion is too old.", "Set the clocks; sign in again."},
	{AssertionNotYetValid, Invalid, "The assertion is not valid yet.", "Set the clocks; AD FS has NotBeforeSkew for this."},
	{AssertionInvalid, Invalid, "The assertion lacks something that SAML asks for.", "See the failed check."},
	{AssertionReplayed, Conflict, "The assertion was used before.", "Start again from the login URL; report it if it happens again."},
	{AuthnNotFresh, Invalid, "The person was to be authenticated anew and was not.", "Have the identity provider honour ForceAuthn; check the clocks."},
	{AuthnContextMismatch, Invalid, "The person was not authenticated in the way that the team asks for.", "Enable that way of signing in at the identity provider, or change the authentication context in the team's settings."},
	{MfaEvidenceMissing, Denied, "Nothing in the assertion proves a second factor.", "Require a second factor for the application at the identity provider and have it send the evidence; the check lists what came."},
	{RequestUnknown, Invalid, "The response answers a request that was not made here or was answered already.", "Start again from the login URL."},
	{RequestExpired, Invalid, "The request was made too long ago.", "Start again from the login URL."},
	{RequestMismatch, Invalid, "The response answers a request of another browser or identity provider.", "Start again from the login URL in this browser, with cookies allowed."},
	{IdpInitiatedDisabled, Precondition, "The team does not accept sign-ins that start at the identity provider.", "Start from the login URL, or enable idpInitiatedEnabled."},
	{NameIDMissing, Invalid, "The assertion names nobody.", "Have the identity provider send a NameID."},
	{NameIDTransient, Invalid, "The NameID changes at every sign-in.", "Choose a persistent NameID or the e-mail address."},
	{EmailMissing, Invalid, "The assertion holds no e-mail address.", "Map an attribute to the e-mail address; the check lists the names that came."},
	{EmailInvalid, Invalid, "The e-mail address cannot be used.", "Check the attribute that is mapped to it."},
	{LoginAccountConflict, Conflict, "An account with this e-mail address exists that this team does not manage or that has another identity.", "The person proves that the account is theirs, or an admin links it."},
	{JitDisabled, Precondition, "The team takes only people who were provisioned before they sign in.", "Provision the person by SCIM, or enable jitEnabled."},
	{DomainNotAllowed, Denied, "The e-mail address is in a domain that the team does not let in.", "Add the domain to the allowed ones, or correct the address at the identity provider."},
	{UpgradeRequired, Conflict, "The person has an account of their own with this e-mail address and has not agreed to put it under the identity provider.", "The person is asked to, and may decline."},
	{NameIDChanged, Conflict, "The member signed in under another NameID before.", "If it is the same person, relink them; if not, give the newcomer another address."},
	{UserDeactivated, Denied, "The person is deactivated on this team.", "Reactivate them at the identity provider's provisioning, or as an admin."},
	{UserRemoved, Denied, "The person was removed from this team.", "Provision them again by SCIM, or allow the return as an admin."},
	{TestOutdated, Conflict, "The settings were changed while the test login was under way.", "Start another test login."},
	{LogoutInvalid, Invalid, "The logout message cannot be accepted.", "See the failed check; sign out at the identity provider again."},
	{LoginLimited, Limited, "Too many sign-ins at once.", "Wait a minute and try again."},
	{LoginInternal, Internal, "Something failed on our side.", "Try again; if it happens again, give the attempt id to whoever runs this installation."},
}

var byCode = func() map[Code]Entry {
	m := make(map[Code]Entry, len(Table)+len(Edge))
	for _, e := range slices.Concat(Table, Edge) {
		m[e.Code] = e
	}
	return m
}()

// Kind is the kind that the table gives for c; Internal for an unknown code.
func (c Code) Kind() Kind { return byCode[c].Kind }

// Meaning is the table's sentence on what c means.
func (c Code) Meaning() string { return byCode[c].Meaning }

// Advice is the table's sentence on what mends c.
func (c Code) Advice() string { return byCode[c].Advice }
