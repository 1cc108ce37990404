package sso

import (
	"context"
	"crypto/x509"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/fault"
	"rollcall/models"
)

// stage keeps a discovered certificate until an admin says yes or no, and
// announces it. It reports false for one that is staged or was dismissed before.
func (s *Service) stage(ctx context.Context, tx *gorm.DB, p models.IdentityProvider, c *x509.Certificate, reason models.StagingReason) (bool, error) {
	id, err := models.NewID()
	if err != nil {
		return false, err
	}
	full := describe(c)
	row := models.StagedCertificate{
		ID: id, TeamID: p.TeamID, IdentityProviderID: p.ID, FingerprintSha256: full.FingerprintSha256, DER: full.DER, Subject: full.Subject,
		NotBefore: full.NotBefore, NotAfter: full.NotAfter, Reason: reason, DiscoveredAt: s.now(),
	}
	done := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&row)
	if done.Error != nil || done.RowsAffected == 0 {
		return false, done.Error
	}
	facts := certificateFacts(full, p)
	facts["reason"], facts["certificateId"] = string(reason), row.GlobalID()
	if err := s.tell(ctx, tx, p.TeamID, noticeDiscovered, facts); err != nil {
		return false, err
	}
	return true, s.recordStaged(ctx, tx, row, audit.CertificateStaged)
}

func (s *Service) recordStaged(ctx context.Context, tx *gorm.DB, row models.StagedCertificate, action string) error {
	return audit.Record(ctx, tx, s.Now(), audit.Event{
		TeamID: row.TeamID, Action: action,
		Target:  audit.Target{Kind: models.PrefixStagedCertificate, ID: row.ID, Label: row.FingerprintSha256},
		Details: []models.AuditDetail{audit.Detail("subject", row.Subject), audit.Detail("notAfter", row.NotAfter.Format(time.RFC3339)), audit.Detail("reason", string(row.Reason))},
	})
}

// forgetUnlisted drops staged certificates that the metadata no longer has.
func forgetUnlisted(tx *gorm.DB, provider models.ID, listed []string) error {
	return tx.Where("identity_provider_id = ? AND dismissed_at IS NULL AND fingerprint_sha256 NOT IN ?", provider, listed).
		Delete(&models.StagedCertificate{}).Error
}

// refuseForGood keeps the refresh from trusting again what an admin removed, as
// long as the metadata goes on listing it. An admin can add it by hand.
func (s *Service) refuseForGood(tx *gorm.DB, c models.Certificate) error {
	var sources int64
	err := tx.Model(&models.MetadataSource{}).Where("identity_provider_id = ?", c.IdentityProviderID).Count(&sources).Error
	if err != nil || sources == 0 {
		return err
	}
	id, err := models.NewID()
	if err != nil {
		return err
	}
	now := s.now()
	return tx.Clauses(clause.OnConflict{
		Columns:   []clause.Column{{Name: "identity_provider_id"}, {Name: "fingerprint_sha256"}},
		DoUpdates: clause.AssignmentColumns([]string{"dismissed_at"}),
	}).Create(&models.StagedCertificate{
		ID: id, TeamID: c.TeamID, IdentityProviderID: c.IdentityProviderID, FingerprintSha256: c.FingerprintSha256, DER: c.DER, Subject: c.Subject,
		NotBefore: c.NotBefore, NotAfter: c.NotAfter, Reason: models.StagedBySetting, DiscoveredAt: now, DismissedAt: &now,
	}).Error
}

// unstage drops what was staged or refused of a certificate that is trusted now.
func unstage(tx *gorm.DB, c models.Certificate) error {
	return tx.Where("identity_provider_id = ? AND fingerprint_sha256 = ?", c.IdentityProviderID, c.FingerprintSha256).
		Delete(&models.StagedCertificate{}).Error
}

// StagedCertificates lists the certificates of an identity provider that wait
// for an admin's word; there are three at most.
func (s *Service) StagedCertificates(ctx context.Context, provider models.ID) ([]models.StagedCertificate, error) {
	if _, err := s.IdentityProvider(ctx, provider); err != nil {
		return nil, err
	}
	var rows []models.StagedCertificate
	err := s.DB.Read(ctx).Where("identity_provider_id = ? AND dismissed_at IS NULL", provider).Order("id").Limit(maxShown).Find(&rows).Error
	return rows, err
}

// StagedByProvider is for batches: of each identity provider what StagedCertificates
// lists. Providers that the caller may not see are left out.
func (s *Service) StagedByProvider(ctx context.Context, providers []models.ID) (map[models.ID][]models.StagedCertificate, error) {
	out := make(map[models.ID][]models.StagedCertificate, len(providers))
	q, ok := s.ofVisibleTeams(ctx)
	if !ok {
		return out, nil
	}
	var rows []models.StagedCertificate
	err := q.Where("identity_provider_id IN ? AND dismissed_at IS NULL", providers).Order("id").Limit(maxShown * len(providers)).Find(&rows).Error
	for _, c := range rows {
		out[c.IdentityProviderID] = append(out[c.IdentityProviderID], c)
	}
	return out, err
}

// StagedByID is for batches: certificates that the caller may not see are left out.
func (s *Service) StagedByID(ctx context.Context, ids []models.ID) (map[models.ID]models.StagedCertificate, error) {
	out := make(map[models.ID]models.StagedCertificate, len(ids))
	q, ok := s.ofVisibleTeams(ctx)
	if !ok {
		return out, nil
	}
	var rows []models.StagedCertificate
	err := q.Where("id IN ? AND dismissed_at IS NULL", ids).Find(&rows).Error
	for _, c := range rows {
		out[c.ID] = c
	}
	return out, err
}

// StagedCertificate returns one certificate that waits for an admin's word.
func (s *Service) StagedCertificate(ctx context.Context, id models.ID) (models.StagedCertificate, error) {
	var row models.StagedCertificate
	if err := s.DB.Read(ctx).Where("id = ? AND dismissed_at IS NULL", id).Take(&row).Error; err != nil {
		return row, models.Fault(err)
	}
	return row, access.Require(ctx, access.SsoRead, row.TeamID)
}

// AcceptCertificate trusts a staged certificate. Faults: NOT_FOUND, FORBIDDEN,
// PLAN_REQUIRED and those of AddCertificate.
func (s *Service) AcceptCertificate(ctx context.Context, staged models.ID) (models.Certificate, error) {
	var out models.Certificate
	err := s.changeStaged(ctx, staged, func(tx *gorm.DB, row models.StagedCertificate) error {
		p, err := providerIn(tx, row.IdentityProviderID)
		if err != nil {
			return err
		}
		cert, err := x509.ParseCertificate(row.DER)
		if err != nil {
			return err
		}
		out, err = s.trust(ctx, tx, p, cert, models.CertificateMetadata)
		return err
	})
	return out, err
}

// DismissCertificate says no to a staged certificate; it is not offered again.
func (s *Service) DismissCertificate(ctx context.Context, staged models.ID) error {
	return s.changeStaged(ctx, staged, func(tx *gorm.DB, row models.StagedCertificate) error {
		if err := tx.Model(&models.StagedCertificate{}).Where("id = ?", row.ID).Update("dismissed_at", s.now()).Error; err != nil {
			return err
		}
		return s.recordStaged(ctx, tx, row, audit.CertificateDismissed)
	})
}

// changeStaged runs fn with the team locked and the staged certificate read anew.
func (s *Service) changeStaged(ctx context.Context, id models.ID, fn func(tx *gorm.DB, row models.StagedCertificate) error) error {
	read := func(db *gorm.DB) (models.StagedCertificate, error) {
		var row models.StagedCertificate
		err := models.Fault(db.Where("id = ? AND dismissed_at IS NULL", id).Take(&row).Error)
		return row, under(err, "stagedCertificateId")
	}
	row, err := read(s.DB.Read(ctx))
	if err != nil {
		return err
	}
	if err := access.Require(ctx, access.SsoWrite, row.TeamID); err != nil {
		if fault.Is(err, fault.Missing) {
			return under(err, "stagedCertificateId")
		}
		return err
	}
	return s.change(ctx, row.TeamID, func(tx *gorm.DB, _ models.Team) error {
		row, err := read(tx)
		if err != nil {
			return err
		}
		return fn(tx, row)
	})
}
