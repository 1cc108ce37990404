package sso

import (
	"context"
	"time"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/models"
)

// Kinds of notice, as package mail calls them. This room only says what
// happened; who is told, how and in which language is no matter of its own.
const (
	noticeExpiring   = "cert_expiring"
	noticeExpired    = "cert_expired"
	noticeEnds       = "certs_expiring" // stands for several of the two
	noticeAdded      = "cert_added"
	noticeRemoved    = "cert_removed"
	noticeDiscovered = "cert_discovered"
	noticeFailing    = "metadata_refresh_failing"
	noticeWorks      = "metadata_refresh_resolved"
	noticeEnabled    = "sso_enabled"
	noticeChanged    = "sso_config_changed"
)

// tell announces something that happened once, now, by the context's actor.
func (s *Service) tell(ctx context.Context, tx *gorm.DB, team models.ID, kind string, facts map[string]string) error {
	id, err := models.NewID()
	if err != nil {
		return err
	}
	return s.announce(ctx, tx, models.Notice{TeamID: team, NoticeKey: kind + "/" + string(id), Kind: kind, Facts: facts})
}

// announce hands a notice over.
func (s *Service) announce(ctx context.Context, tx *gorm.DB, n models.Notice) error {
	if s.Announce == nil {
		return nil
	}
	n, err := s.complete(ctx, n)
	if err != nil {
		return err
	}
	return s.Announce(tx, n)
}

// complete fills in what every notice has.
func (s *Service) complete(ctx context.Context, n models.Notice) (models.Notice, error) {
	if n.ID == "" {
		var err error
		if n.ID, err = models.NewID(); err != nil {
			return n, err
		}
	}
	n.CreatedAt = s.now()
	if n.Facts == nil {
		n.Facts = map[string]string{}
	}
	n.Facts["at"], n.Facts["actor"] = n.CreatedAt.Format(time.RFC3339), access.From(ctx).Label
	return n, nil
}

// certificateFacts are what a mail says of a certificate. They are taken down
// at once: the certificate may be gone when the mail is written.
func certificateFacts(c models.Certificate, p models.IdentityProvider) map[string]string {
	return map[string]string{
		"subject": c.Subject, "fingerprint": c.FingerprintSha256,
		"notBefore": c.NotBefore.Format(time.RFC3339), "notAfter": c.NotAfter.Format(time.RFC3339),
		"certificateId": c.GlobalID(), "providerId": p.GlobalID(), "provider": p.EntityID,
	}
}

// tellOfCertificate announces that a certificate came or went.
func (s *Service) tellOfCertificate(ctx context.Context, tx *gorm.DB, row models.Certificate, action string) error {
	if s.Announce == nil {
		return nil
	}
	kind := noticeAdded
	switch action {
	case audit.CertificateRemoved:
		kind = noticeRemoved
	case audit.CertificateDiscovered:
		kind = noticeDiscovered
	}
	p, err := providerIn(tx, row.IdentityProviderID)
	if err != nil {
		return err
	}
	facts := certificateFacts(row, p)
	if kind == noticeDiscovered {
		facts["trusted"] = "yes"
	}
	return s.tell(ctx, tx, row.TeamID, kind, facts)
}

// stateNotices are the kinds for changes of the state.
var stateNotices = map[string]string{
	audit.SsoEnabled: noticeEnabled, audit.SsoDisabled: noticeDisabled, audit.SsoEnforced: noticeEnforced, audit.SsoRelaxed: noticeRelaxed,
}

// tellOfSettings announces a change of the sign-in rules.
func (s *Service) tellOfSettings(ctx context.Context, tx *gorm.DB, team models.ID, action string, details []models.AuditDetail) error {
	kind, ok := stateNotices[action]
	if !ok {
		kind = noticeChanged
	}
	facts := map[string]string{}
	for _, d := range details {
		facts["change."+d.Name] = d.Value
	}
	return s.tell(ctx, tx, team, kind, facts)
}

// tellOfAddresses announces that people are sent to another address than before.
func (s *Service) tellOfAddresses(ctx context.Context, tx *gorm.DB, before, after models.IdentityProvider) error {
	facts := map[string]string{}
	if before.SsoURL != after.SsoURL {
		facts["change.ssoUrl"] = before.SsoURL + " -> " + after.SsoURL
	}
	if before.SloURL != after.SloURL {
		facts["change.sloUrl"] = before.SloURL + " -> " + after.SloURL
	}
	return s.tell(ctx, tx, after.TeamID, noticeChanged, facts)
}
