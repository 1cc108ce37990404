// Package audit keeps the history of every team: append-only events that are
// written in the transaction of the change they tell of, so that there is
// never one without the other.
package audit

import (
	"context"
	"strconv"
	"time"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/models"
)

// Actions. The names are stable; scripts filter by them.
const (
	TeamCreated           = "team.created"
	TeamChanged           = "team.changed"
	TeamDeleted           = "team.deleted"
	MemberProvisioned     = "membership.provisioned"
	MemberLinked          = "membership.identity_linked"
	MemberDeactivated     = "membership.deactivated"
	MemberReactivated     = "membership.reactivated"
	MemberRemoved         = "membership.removed"
	MemberRoleChanged     = "membership.role_changed"
	MemberProfileChanged  = "membership.profile_changed"
	MemberReturnAllowed   = "membership.return_allowed"
	MemberUnlinked        = "membership.identity_unlinked"
	SessionsRevoked       = "membership.sessions_revoked"
	SignedIn              = "session.opened"
	SignedOut             = "session.closed"
	SessionRevoked        = "session.revoked"
	APIKeyCreated         = "api_key.created"
	APIKeyRevoked         = "api_key.revoked"
	APIKeyChanged         = "api_key.changed"
	APIKeyRotated         = "api_key.rotated"
	ScimTokenCreated      = "scim_token.created"
	ScimTokenRevoked      = "scim_token.revoked"
	SsoSettingsChanged    = "sso.settings_changed"
	SsoEnabled            = "sso.enabled"
	SsoEnforced           = "sso.enforced"
	SsoRelaxed            = "sso.relaxed"
	LoginTestStarted      = "login_test.started"
	LoginTestFinished     = "login_test.finished"
	BypassAllowed         = "membership.sso_bypass_allowed"
	BypassDisallowed      = "membership.sso_bypass_disallowed"
	RecoveryCodesMade     = "recovery_codes.generated"
	RecoveryCodeUsed      = "recovery_code.used"
	SsoAnnounced          = "sso.announced"
	SsoDisabled           = "sso.disabled"
	SsoSettingsDeleted    = "sso.settings_deleted"
	IdentityProviderMade  = "identity_provider.created"
	IdentityProviderMoved = "identity_provider.updated"
	IdentityProviderGone  = "identity_provider.deleted"
	CertificateAdded      = "certificate.added"
	CertificateRemoved    = "certificate.removed"
	SPKeyMade             = "service_provider_key.created"
	SPKeyRetired          = "service_provider_key.retired"
	SignedOutByProvider   = "session.closed_by_identity_provider"
	GroupCreated          = "group.created"
	GroupChanged          = "group.changed"
	GroupDeleted          = "group.deleted"
	GroupRoleSet          = "group.role_set"
	GroupRoleRemoved      = "group.role_removed"
	ProvisioningChanged   = "provisioning.settings_changed"
	ScimTokenRotated      = "scim_token.rotated"
	CertificateDiscovered = "certificate.discovered"
	CertificateStaged     = "certificate.staged"
	CertificateDismissed  = "certificate.dismissed"
	MetadataSourceSet     = "metadata_source.set"
	NotificationsChanged  = "notifications.changed"
	PasswordSet           = "account.password_set"
	PasswordAsked         = "account.password_reset_sent"
	FactorAdded           = "account.second_factor_added"
	FactorRemoved         = "account.second_factor_removed"
	FactorRenamed         = "account.second_factor_renamed"
	BackupCodesMade       = "account.backup_codes_made"
	BackupCodeUsed        = "account.backup_code_used"
	EmailConfirmed        = "membership.email_confirmed"
	EmailAsked            = "membership.email_confirmation_sent"
	DomainAdded           = "domain.added"
	DomainVerified        = "domain.verified"
	DomainLost            = "domain.lost"
	DomainRemoved         = "domain.removed"
	InvitationCreated     = "invitation.created"
	InvitationResent      = "invitation.resent"
	InvitationRevoked     = "invitation.revoked"
	InvitationAccepted    = "invitation.accepted"
	MemberRelinked        = "membership.identity_relinked"
	MemberRoleKept        = "membership.role_kept"
	ConflictDismissed     = "identity_conflict.dismissed"
	RoleRulesChanged      = "role_rules.changed"
	UpgradeInvited        = "sso_upgrade.invited"
	UpgradeReminded       = "sso_upgrade.reminded"
	UpgradeStarted        = "sso_upgrade.started"
	UpgradeLinkSent       = "sso_upgrade.link_sent"
	UpgradeDeclined       = "sso_upgrade.declined"
	UpgradeLinked         = "sso_upgrade.linked"
)

// Target is what an event is about.
type Target struct {
	Kind  models.Prefix
	ID    models.ID
	Label string
}

// Event is what a verb tells; actor, address and request id come from the context.
type Event struct {
	TeamID  models.ID // empty for the installation's own events
	Action  string
	Target  Target
	Details []models.AuditDetail
}

// Detail is one name and value of an event. Never a secret.
func Detail(name, value string) models.AuditDetail {
	return models.AuditDetail{Name: name, Value: value}
}

// Change is a detail that tells of a value that changed.
func Change(name, before, after string) models.AuditDetail {
	return models.AuditDetail{Name: name, Value: before + " -> " + after, Before: &before, After: &after}
}

// Count is a detail that holds a number.
func Count(name string, n int64) models.AuditDetail {
	return models.AuditDetail{Name: name, Value: strconv.FormatInt(n, 10)}
}

// Record writes an event in the caller's transaction.
func Record(ctx context.Context, tx *gorm.DB, at time.Time, e Event) error {
	models.HasNews(tx)
	b := models.NewBatch(tx.WithContext(ctx))
	if err := Add(ctx, b, at, e); err != nil {
		return err
	}
	return b.Run()
}

// Add is Record for an event that is written together with what it tells of.
func Add(ctx context.Context, b *models.Batch, at time.Time, e Event) error {
	row, err := rowOf(ctx, at, e)
	if err != nil {
		return err
	}
	models.HasNews(b.Tx())
	b.Insert(&row)
	return nil
}

// RecordAll writes many events in the caller's transaction, in batches.
func RecordAll(ctx context.Context, tx *gorm.DB, at time.Time, events []Event) error {
	rows := make([]models.AuditEvent, 0, len(events))
	for _, e := range events {
		row, err := rowOf(ctx, at, e)
		if err != nil {
			return err
		}
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		return nil
	}
	models.HasNews(tx)
	return tx.WithContext(ctx).CreateInBatches(&rows, 500).Error
}

func rowOf(ctx context.Context, at time.Time, e Event) (models.AuditEvent, error) {
	id, err := models.NewID()
	if err != nil {
		return models.AuditEvent{}, err
	}
	actor, request := access.From(ctx), access.RequestFrom(ctx)
	row := models.AuditEvent{
		ID: id, TeamID: optional(e.TeamID), At: models.Stamp(at), Action: e.Action,
		ActorKind: string(actor.Kind), ActorID: actorID(actor), ActorLabel: actor.Label,
		TargetKind: string(e.Target.Kind), TargetID: optional(e.Target.ID), TargetLabel: e.Target.Label,
		Details: e.Details, IP: request.IP, RequestID: request.ID,
	}
	if row.Details == nil {
		row.Details = []models.AuditDetail{}
	}
	return row, nil
}

func optional(id models.ID) *models.ID {
	if id == "" {
		return nil
	}
	return &id
}

// actorID is the person behind a session and the credential of everybody else.
func actorID(a access.Actor) *models.ID {
	if a.Kind == access.Person {
		return optional(a.UserID)
	}
	return optional(a.CredentialID)
}
