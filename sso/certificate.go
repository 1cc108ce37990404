package sso

import (
	"context"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"time"
	"unicode/utf8"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/fault"
	"rollcall/models"
	"rollcall/saml"
)

// maxLive is how many certificates that have not expired an identity provider
// may have, so that it can roll its key with one to spare.
const maxLive = 3

// AddCertificate trusts one more signing certificate. text is PEM, base64 DER,
// PKCS#7 or metadata with one signing certificate.
//
// Faults: NOT_FOUND, FORBIDDEN, PLAN_REQUIRED, CERTIFICATE_UNUSABLE,
// CERTIFICATE_WEAK, CERTIFICATE_EXPIRED, CERTIFICATE_DUPLICATE, LIMIT_REACHED.
func (s *Service) AddCertificate(ctx context.Context, provider models.ID, text string) (models.Certificate, error) {
	p, err := s.providerToChange(ctx, provider)
	if err != nil {
		return models.Certificate{}, under(err, "identityProviderId")
	}
	cert, err := saml.ParseCertificate(text)
	if err != nil {
		return models.Certificate{}, under(err, "certificate")
	}
	var row models.Certificate
	err = s.change(ctx, p.TeamID, func(tx *gorm.DB, _ models.Team) error {
		if row, err = s.trust(ctx, tx, p, cert, models.CertificateUpload); err != nil {
			return under(err, "certificate")
		}
		return nil
	})
	return row, err
}

// providerToChange reads a provider that the caller may change.
func (s *Service) providerToChange(ctx context.Context, id models.ID) (models.IdentityProvider, error) {
	p, err := providerIn(s.DB.Read(ctx), id)
	if err != nil {
		return p, err
	}
	return p, access.Require(ctx, access.SsoWrite, p.TeamID)
}

// trust writes a certificate of a locked team's provider.
func (s *Service) trust(ctx context.Context, tx *gorm.DB, p models.IdentityProvider, cert *x509.Certificate, source models.CertificateSource) (models.Certificate, error) {
	return s.trustAs(ctx, tx, p, cert, source, audit.CertificateAdded)
}

// trustAs is trust with the action that the history will have.
func (s *Service) trustAs(ctx context.Context, tx *gorm.DB, p models.IdentityProvider, cert *x509.Certificate, source models.CertificateSource, action string) (models.Certificate, error) {
	now := s.now()
	row := describe(cert)
	if onlyForTLS(cert) {
		return row, fault.New(fault.CertificateUnusable, "The certificate is for a web server (its only extended key usage is server authentication); send the one that signs sign-ins.")
	}
	if row.StateAt(now) == models.CertificateExpired {
		return row, fault.New(fault.CertificateExpired, "The certificate expired on %s.", row.NotAfter.Format(time.RFC3339))
	}
	var known []models.Certificate
	err := tx.Select("fingerprint_sha256", "not_before", "not_after").
		Where("identity_provider_id = ? AND (not_after >= ? OR fingerprint_sha256 = ?)", p.ID, now, row.FingerprintSha256).Find(&known).Error
	if err != nil {
		return row, err
	}
	live := 0
	for _, k := range known {
		if k.FingerprintSha256 == row.FingerprintSha256 {
			return row, fault.New(fault.CertificateDuplicate, "The identity provider has this certificate already.")
		}
		if k.StateAt(now) != models.CertificateExpired {
			live++
		}
	}
	if live >= maxLive {
		return row, fault.New(fault.LimitReached, "The identity provider has %d certificates that have not expired; remove one first.", maxLive)
	}
	if row.ID, err = models.NewID(); err != nil {
		return row, err
	}
	row.TeamID, row.IdentityProviderID, row.Source = p.TeamID, p.ID, source
	row.AddedBy, row.CreatedAt = access.From(ctx).Label, now
	if err := tx.Create(&row).Error; err != nil {
		return row, err
	}
	if err := unstage(tx, row); err != nil {
		return row, err
	}
	return row, s.recordCertificate(ctx, tx, row, action)
}

// onlyForTLS reports whether a certificate's holder may be a TLS server and
// nothing else (RFC 5280 section 4.2.1.12). The usual mistake is to paste the
// certificate of the identity provider's web page.
func onlyForTLS(c *x509.Certificate) bool {
	return len(c.UnknownExtKeyUsage) == 0 && len(c.ExtKeyUsage) == 1 && c.ExtKeyUsage[0] == x509.ExtKeyUsageServerAuth
}

// describe fills in what the certificate says of itself.
func describe(c *x509.Certificate) models.Certificate {
	row := models.Certificate{
		FingerprintSha256: saml.Fingerprint(c), DER: c.Raw,
		Subject: clean(c.Subject.String()), Issuer: clean(c.Issuer.String()), Serial: c.SerialNumber.Text(16),
		NotBefore: models.Stamp(c.NotBefore), NotAfter: models.Stamp(c.NotAfter),
	}
	switch key := c.PublicKey.(type) {
	case *rsa.PublicKey:
		row.KeyAlgorithm, row.KeyBits = "RSA", key.N.BitLen()
	case *ecdsa.PublicKey:
		row.KeyAlgorithm, row.KeyBits = "ECDSA", key.Params().BitSize
	}
	return row
}

// clean makes a certificate's name fit to be stored and shown.
func clean(name string) string {
	return bounded(name, 500)
}

// bounded cuts a foreign text and takes out of it what cannot be stored or shown.
func bounded(name string, most int) string {
	out := make([]rune, 0, len(name))
	for _, r := range name {
		if r == utf8.RuneError || !models.Printable(string(r)) {
			r = '·'
		}
		if out = append(out, r); len(out) == most {
			break
		}
	}
	return string(out)
}

func (s *Service) recordCertificate(ctx context.Context, tx *gorm.DB, row models.Certificate, action string) error {
	if err := s.tellOfCertificate(ctx, tx, row, action); err != nil {
		return err
	}
	// Whatever the history of certificates tells of changes what is trusted.
	if err := distrust(tx, row.TeamID); err != nil {
		return err
	}
	return audit.Record(ctx, tx, s.Now(), audit.Event{
		TeamID: row.TeamID, Action: action,
		Target: audit.Target{Kind: models.PrefixCertificate, ID: row.ID, Label: row.FingerprintSha256},
		Details: []models.AuditDetail{
			audit.Detail("subject", row.Subject), audit.Detail("notAfter", row.NotAfter.Format(time.RFC3339)), audit.Detail("source", string(row.Source)),
		},
	})
}

// RemoveCertificate stops trusting a certificate. Faults: NOT_FOUND, FORBIDDEN,
// PLAN_REQUIRED and LAST_CERTIFICATE for the last one of its identity provider
// that is valid now while single sign-on is on.
func (s *Service) RemoveCertificate(ctx context.Context, id models.ID) (models.Certificate, error) {
	row, err := certificateIn(s.DB.Read(ctx), id)
	if err == nil {
		err = access.Require(ctx, access.SsoWrite, row.TeamID)
	}
	if err != nil {
		return row, under(err, "certificateId")
	}
	err = s.change(ctx, row.TeamID, func(tx *gorm.DB, _ models.Team) error {
		settings, err := SettingsIn(tx, row.TeamID)
		if err != nil {
			return err
		}
		if settings.State.On() && row.StateAt(s.now()) == models.CertificateActive {
			others, err := countActive(tx, row.IdentityProviderID, row.ID, s.now())
			if err != nil {
				return err
			}
			if others == 0 {
				return fault.New(fault.LastCertificate, "It is the identity provider's last certificate that is valid now, and single sign-on is on.").On("certificateId")
			}
		}
		done := tx.Where("id = ?", id).Delete(&models.Certificate{})
		if done.Error != nil {
			return done.Error
		}
		if done.RowsAffected == 0 {
			return fault.New(fault.Missing, "There is no such certificate.").On("certificateId")
		}
		if err := s.refuseForGood(tx, row); err != nil {
			return err
		}
		return s.recordCertificate(ctx, tx, row, audit.CertificateRemoved)
	})
	return row, err
}

// countActive counts a provider's certificates that verify at now, but for one.
func countActive(tx *gorm.DB, provider, except models.ID, now time.Time) (int64, error) {
	q := tx.Model(&models.Certificate{}).Where("identity_provider_id = ? AND not_before <= ? AND not_after >= ?", provider, now, now)
	if except != "" {
		q = q.Where("id <> ?", except)
	}
	var n int64
	err := q.Count(&n).Error
	return n, err
}

// Certificate returns one certificate.
func (s *Service) Certificate(ctx context.Context, id models.ID) (models.Certificate, error) {
	row, err := certificateIn(s.DB.Read(ctx), id)
	if err != nil {
		return row, err
	}
	return row, access.Require(ctx, access.SsoRead, row.TeamID)
}

func certificateIn(db *gorm.DB, id models.ID) (models.Certificate, error) {
	var row models.Certificate
	err := db.Where("id = ?", id).Take(&row).Error
	return row, models.Fault(err)
}

// maxShown is how many certificates are listed for one identity provider: the
// live ones and the latest of those that have expired.
const maxShown = 20

// CertificatesByProvider lists the certificates of identity providers that the
// caller may see, the latest end first. Providers of other teams are left out.
func (s *Service) CertificatesByProvider(ctx context.Context, ids []models.ID) (map[models.ID][]models.Certificate, error) {
	q, ok := s.ofVisibleTeams(ctx)
	if !ok {
		return map[models.ID][]models.Certificate{}, nil
	}
	q = q.Where("identity_provider_id IN ?", ids)
	var rows []models.Certificate
	if err := q.Order("not_after DESC, id DESC").Limit(maxShown * len(ids)).Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make(map[models.ID][]models.Certificate, len(ids))
	for _, c := range rows {
		if len(out[c.IdentityProviderID]) < maxShown {
			out[c.IdentityProviderID] = append(out[c.IdentityProviderID], c)
		}
	}
	return out, nil
}

// CertificatesByID is for batches: certificates that the caller may not see are
// left out.
func (s *Service) CertificatesByID(ctx context.Context, ids []models.ID) (map[models.ID]models.Certificate, error) {
	q, ok := s.ofVisibleTeams(ctx)
	if !ok {
		return nil, nil
	}
	var rows []models.Certificate
	if err := q.Where("id IN ?", ids).Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make(map[models.ID]models.Certificate, len(rows))
	for _, c := range rows {
		out[c.ID] = c
	}
	return out, nil
}

// ofVisibleTeams is a query over rows of the teams whose single sign-on the
// caller may see; false when there are none.
func (s *Service) ofVisibleTeams(ctx context.Context) (*gorm.DB, bool) {
	switch a := access.From(ctx); {
	case a.Can(access.SsoRead, ""):
		return s.DB.Read(ctx), true
	case a.Can(access.SsoRead, a.TeamID):
		return s.DB.Read(ctx).Where("team_id = ?", a.TeamID), true
	default:
		return nil, false
	}
}
