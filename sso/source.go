package sso

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"rollcall/audit"
	"rollcall/fault"
	"rollcall/models"
	"rollcall/sso/fetch"
)

const (
	// refreshEvery is how often metadata is looked at, and retryAfter how soon
	// again when that failed, for the first day.
	refreshEvery = 6 * time.Hour
	retryAfter   = time.Hour
	retries      = 24
	// refreshLease is how long a replica has a source for itself.
	refreshLease = 5 * time.Minute
	// byHandEvery is how often an admin may ask for a refresh.
	byHandEvery = time.Minute
	// incidentAfter is how many failures in a row are worth a mail.
	incidentAfter = 3
)

// ImportMetadataURL is ImportMetadata from the address that the identity
// provider publishes its metadata under. The address is kept and looked at
// again every six hours. Faults: those of ImportMetadata, and METADATA_UNREACHABLE,
// all on "url".
func (s *Service) ImportMetadataURL(ctx context.Context, team models.ID, address string) (Imported, error) {
	return s.ImportMetadataURLOf(ctx, team, address, "")
}

// ImportMetadataURLOf is ImportMetadataURL for the identity provider with this
// entity id among several; "" stands for the only one.
func (s *Service) ImportMetadataURLOf(ctx context.Context, team models.ID, address, entityID string) (Imported, error) {
	// Nobody has a foreign host called without being an admin, or without a plan.
	if err := s.change(ctx, team, func(*gorm.DB, models.Team) error { return nil }); err != nil {
		return Imported{}, err
	}
	doc, err := s.fetch(ctx, address, "", "")
	if err != nil {
		return Imported{}, unreachable(err)
	}
	return s.importDocument(ctx, team, string(doc.Body), entityID, "url", func(tx *gorm.DB, p models.IdentityProvider) error {
		return s.saveSource(ctx, tx, p, address, doc)
	})
}

func (s *Service) fetch(ctx context.Context, address, etag, modified string) (fetch.Document, error) {
	if s.Fetch == nil {
		return fetch.Document{}, &fetch.Error{Reason: "this installation fetches no metadata; paste the document instead"}
	}
	return s.Fetch(ctx, address, etag, modified)
}

// unreachable is why there is no document, for the admin who gave the address.
func unreachable(err error) error {
	var e *fetch.Error
	if !errors.As(err, &e) {
		return err
	}
	return fault.New(fault.MetadataUnreachable, "The metadata cannot be fetched: %s.", e.Reason).On("url").Because(err)
}

// saveSource keeps the address and what it answered.
func (s *Service) saveSource(ctx context.Context, tx *gorm.DB, p models.IdentityProvider, address string, doc fetch.Document) error {
	id, err := models.NewID()
	if err != nil {
		return err
	}
	now := s.now()
	row := models.MetadataSource{
		ID: id, TeamID: p.TeamID, IdentityProviderID: p.ID, URL: address, ETag: doc.ETag, LastModified: doc.LastModified,
		Document: string(doc.Body), FetchedAt: now, CheckedAt: now, NextAt: next(id, now, refreshEvery),
	}
	kept := []string{"url", "etag", "last_modified", "document", "fetched_at", "checked_at", "next_at", "failures", "failing_since", "last_error", "incident_id"}
	err = tx.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "identity_provider_id"}}, DoUpdates: clause.AssignmentColumns(kept)}).Create(&row).Error
	if err != nil {
		return err
	}
	return audit.Record(ctx, tx, s.Now(), audit.Event{
		TeamID: p.TeamID, Action: audit.MetadataSourceSet,
		Target:  audit.Target{Kind: models.PrefixIdentityProvider, ID: p.ID, Label: p.EntityID},
		Details: []models.AuditDetail{audit.Detail("url", address)},
	})
}

// next is when to look again: the interval, less up to a tenth of it, so that
// thousands of sources do not come due together. What is taken off follows from
// the source and the day.
func next(id models.ID, now time.Time, every time.Duration) time.Time {
	sum := sha256.Sum256([]byte(string(id) + now.Format(time.RFC3339)))
	part := time.Duration(binary.BigEndian.Uint32(sum[:4])) % (every / 10 / time.Millisecond) * time.Millisecond
	return models.Stamp(now.Add(every - part))
}

// ForgetMetadataURL stops the refresh of an identity provider. What was
// learned from it stays. Faults: NOT_FOUND, FORBIDDEN, PLAN_REQUIRED.
func (s *Service) ForgetMetadataURL(ctx context.Context, provider models.ID) error {
	p, err := s.providerToChange(ctx, provider)
	if err != nil {
		return err
	}
	return s.change(ctx, p.TeamID, func(tx *gorm.DB, _ models.Team) error {
		done := tx.Where("identity_provider_id = ?", p.ID).Delete(&models.MetadataSource{})
		if done.Error != nil || done.RowsAffected == 0 {
			return done.Error
		}
		return audit.Record(ctx, tx, s.Now(), audit.Event{
			TeamID: p.TeamID, Action: audit.MetadataSourceSet,
			Target:  audit.Target{Kind: models.PrefixIdentityProvider, ID: p.ID, Label: p.EntityID},
			Details: []models.AuditDetail{audit.Detail("url", "")},
		})
	})
}

// MetadataSources returns how the refresh of identity providers is doing, for
// those that have an address and that the caller may see.
func (s *Service) MetadataSources(ctx context.Context, providers []models.ID) (map[models.ID]models.MetadataSource, error) {
	out := map[models.ID]models.MetadataSource{}
	q, ok := s.ofVisibleTeams(ctx)
	if !ok {
		return out, nil
	}
	var rows []models.MetadataSource
	err := q.Omit("document").Where("identity_provider_id IN ?", providers).Find(&rows).Error
	for _, r := range rows {
		out[r.IdentityProviderID] = r
	}
	return out, err
}

// DueSources returns the identity providers whose metadata is to be looked at.
func (s *Service) DueSources(ctx context.Context, limit int) ([]models.ID, error) {
	var ids []models.ID
	err := s.DB.Read(ctx).Model(&models.MetadataSource{}).Where("next_at <= ?", s.now()).Order("next_at").Limit(limit).Pluck("identity_provider_id", &ids).Error
	return ids, err
}
