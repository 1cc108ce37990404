package sso

import (
	"context"
	"crypto/x509"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"time"

	"gorm.io/gorm"

	"rollcall/audit"
	"rollcall/fault"
	"rollcall/models"
	"rollcall/saml"
	"rollcall/sso/fetch"
)

// Refreshed is what a look at an identity provider's metadata found.
type Refreshed struct {
	Source    models.MetadataSource
	Unchanged bool
	Trusted   []string // fingerprints of certificates that are trusted from now on
	Staged    []string // fingerprints of those that wait for an admin's word
	Problem   string   // why the document could not be had or used; the last good copy stays
}

// RefreshMetadata looks at an identity provider's metadata now, whatever the
// time, at most once a minute. Faults: NOT_FOUND, FORBIDDEN, PLAN_REQUIRED,
// RATE_LIMITED, and CONFLICT for an identity provider without an address.
func (s *Service) RefreshMetadata(ctx context.Context, provider models.ID) (Refreshed, error) {
	p, err := s.providerToChange(ctx, provider)
	if err != nil {
		return Refreshed{}, under(err, "identityProviderId")
	}
	if err := s.change(ctx, p.TeamID, func(*gorm.DB, models.Team) error { return nil }); err != nil {
		return Refreshed{}, err
	}
	src, found, err := s.source(ctx, provider)
	switch {
	case err != nil:
		return Refreshed{}, err
	case !found:
		return Refreshed{}, fault.New(fault.Clash, "The identity provider has no metadata address; import its metadata by URL first.").On("identityProviderId")
	case s.now().Before(src.CheckedAt.Add(byHandEvery)):
		return Refreshed{}, fault.New(fault.RateLimited, "The metadata was looked at less than a minute ago.")
	}
	return s.refresh(ctx, p, src)
}

// RefreshDue looks at an identity provider's metadata if it is time to and no
// other replica is at it. It is the server's own work and asks for no permission.
func (s *Service) RefreshDue(ctx context.Context, provider models.ID) (Refreshed, error) {
	src, found, err := s.source(ctx, provider)
	if err != nil || !found || s.now().Before(src.NextAt) {
		return Refreshed{}, err
	}
	p, err := providerIn(s.DB.Read(ctx), provider)
	if err != nil {
		return Refreshed{}, err
	}
	return s.refresh(ctx, p, src)
}

func (s *Service) source(ctx context.Context, provider models.ID) (models.MetadataSource, bool, error) {
	var rows []models.MetadataSource
	err := s.DB.Read(ctx).Where("identity_provider_id = ?", provider).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return models.MetadataSource{}, false, err
	}
	return rows[0], true, nil
}

// refresh claims the source, asks its host outside of any transaction, and
// writes down what became of it.
func (s *Service) refresh(ctx context.Context, p models.IdentityProvider, src models.MetadataSource) (Refreshed, error) {
	// 1. One replica at a time: whoever moves the time on has it.
	now := s.now()
	mine := false
	err := s.DB.InTx(ctx, func(tx *gorm.DB) error {
		done := tx.Model(&models.MetadataSource{}).Where("id = ? AND next_at = ? AND checked_at = ?", src.ID, src.NextAt, src.CheckedAt).
			Updates(map[string]any{"next_at": now.Add(refreshLease), "checked_at": now})
		mine = done.RowsAffected == 1
		return done.Error
	})
	if err != nil || !mine {
		return Refreshed{Source: src, Unchanged: true}, err
	}
	src.CheckedAt = now
	// 2. Ask.
	doc, err := s.fetch(ctx, src.URL, src.ETag, src.LastModified)
	var unreachable *fetch.Error
	if errors.As(err, &unreachable) {
		return s.failed(ctx, p, src, unreachable.Reason)
	}
	if err != nil {
		return Refreshed{}, err
	}
	// What has not changed is judged again: its validity may be over, and there
	// may be room now for a certificate that had to wait.
	if doc.Unchanged {
		doc = fetch.Document{Body: []byte(src.Document), ETag: src.ETag, LastModified: src.LastModified}
	}
	// 3. Judge it as if an admin had pasted it.
	md, problem := s.usableMetadata(doc.Body, p)
	if problem != "" {
		return s.failed(ctx, p, src, problem)
	}
	// 4. Take over what may be taken over.
	var out Refreshed
	out.Source, err = s.worked(ctx, p, src, doc, func(tx *gorm.DB, p models.IdentityProvider) error {
		out.Trusted, out.Staged = nil, nil
		return s.takeOver(ctx, tx, p, md, &out)
	})
	out.Unchanged = err == nil && string(doc.Body) == src.Document
	return out, err
}

// usableMetadata reads metadata and compares it with the provider that it has to be of.
func (s *Service) usableMetadata(body []byte, p models.IdentityProvider) (*saml.IDPMetadata, string) {
	md, err := saml.ParseMetadata(body, s.Now())
	if err != nil {
		// One of several: an import chose it by its entity id.
		if one, oneErr := saml.ParseMetadataOf(body, p.EntityID, s.Now()); oneErr == nil {
			return one, ""
		}
		if f, ok := fault.As(err); ok {
			return nil, clean(f.Message)
		}
		return nil, "the document cannot be read"
	}
	if md.EntityID != p.EntityID {
		return nil, clean("the document is of another identity provider: " + md.EntityID)
	}
	return md, ""
}

// claimedSource reports whether the source is still the one that was claimed. Asking
// its host took as long as the host liked, and meanwhile an admin may have
// forgotten the address or deleted the provider: then it brings nothing more.
func (s *Service) claimedSource(tx *gorm.DB, src models.MetadataSource) (bool, error) {
	var n int64
	err := tx.Model(&models.MetadataSource{}).Where("id = ? AND url = ? AND checked_at = ?", src.ID, src.URL, src.CheckedAt).Count(&n).Error
	return n > 0, err
}

// worked writes down a success and ends an incident. also is done in the same
// transaction, with the provider as it is by then.
func (s *Service) worked(ctx context.Context, p models.IdentityProvider, src models.MetadataSource, doc fetch.Document, also func(*gorm.DB, models.IdentityProvider) error) (models.MetadataSource, error) {
	before, now := src, s.now()
	src.ETag, src.LastModified, src.Document = doc.ETag, doc.LastModified, string(doc.Body)
	src.FetchedAt, src.NextAt = now, next(src.ID, now, refreshEvery)
	src.Failures, src.FailingSince, src.LastError, src.IncidentID = 0, nil, "", nil
	return src, s.DB.InTx(ctx, func(tx *gorm.DB) error {
		if _, err := models.LockTeam(tx, p.TeamID); err != nil {
			return err
		}
		if still, err := s.claimedSource(tx, src); err != nil || !still {
			return err
		}
		fresh, err := providerIn(tx, p.ID)
		if err != nil {
			return err
		}
		if err := also(tx, fresh); err != nil {
			return err
		}
		if before.IncidentID != nil && before.FailingSince != nil {
			facts := map[string]string{"provider": p.EntityID, "since": before.FailingSince.Format(time.RFC3339)}
			if err := s.announce(ctx, tx, models.Notice{TeamID: p.TeamID, Kind: noticeWorks, NoticeKey: noticeWorks + "/" + string(*before.IncidentID), Facts: facts}); err != nil {
				return err
			}
		}
		return saveRefreshed(tx, src)
	})
}

// failed writes down a failure; the third in a row is an incident, of which
// people are told once.
func (s *Service) failed(ctx context.Context, p models.IdentityProvider, src models.MetadataSource, problem string) (Refreshed, error) {
	now := s.now()
	src.Failures++
	src.LastError = problem
	if src.FailingSince == nil {
		src.FailingSince = &now
	}
	wait := retryAfter
	if src.Failures > retries {
		wait = refreshEvery
	}
	src.NextAt = next(src.ID, now, wait)
	incident, err := models.NewID()
	if err != nil {
		return Refreshed{}, err
	}
	tell := src.Failures >= incidentAfter && src.IncidentID == nil
	if tell {
		src.IncidentID = &incident
	}
	err = s.DB.InTx(ctx, func(tx *gorm.DB) error {
		if still, err := s.claimedSource(tx, src); err != nil || !still {
			return err
		}
		if tell {
			facts := map[string]string{
				"provider": p.EntityID, "problem": problem, "failures": strconv.Itoa(src.Failures), "since": src.FailingSince.Format(time.RFC3339),
			}
			if err := s.announce(ctx, tx, models.Notice{TeamID: p.TeamID, Kind: noticeFailing, NoticeKey: noticeFailing + "/" + string(incident), Facts: facts}); err != nil {
				return err
			}
		}
		return saveRefreshed(tx, src)
	})
	return Refreshed{Source: src, Problem: problem}, err
}

func saveRefreshed(tx *gorm.DB, src models.MetadataSource) error {
	return tx.Select("*").Omit("id", "team_id", "identity_provider_id", "url").
		Where("id = ? AND url = ?", src.ID, src.URL).Updates(&src).Error
}

// takeOver brings new certificates and addresses of a locked team's provider.
// Nothing of it is done of its own accord when the sign-in address moved to
// another host: that is how a stolen metadata address would look.
func (s *Service) takeOver(ctx context.Context, tx *gorm.DB, p models.IdentityProvider, md *saml.IDPMetadata, out *Refreshed) error {
	wishes, err := NotificationsIn(tx, p.TeamID)
	if err != nil {
		return err
	}
	moved := hostOf(md.SSOURL) != hostOf(p.SsoURL) || p.SloURL != "" && md.SLOURL != "" && hostOf(md.SLOURL) != hostOf(p.SloURL)
	if !moved {
		row := p
		addresses(&row, md)
		if _, _, err := s.upsertProvider(ctx, tx, row); err != nil {
			return err
		}
	}
	known, err := decided(tx, p.ID)
	if err != nil {
		return err
	}
	listed := make([]string, 0, len(md.Certificates))
	for _, c := range md.Certificates {
		listed = append(listed, saml.Fingerprint(c))
	}
	if err := forgetUnlisted(tx, p.ID, listed); err != nil {
		return err
	}
	for i, c := range md.Certificates {
		if slices.Contains(known, listed[i]) || onlyForTLS(c) {
			continue
		}
		reason := models.StagingReason("")
		switch {
		case moved:
			reason = models.StagedHostChanged
		case !wishes.TrustDiscovered:
			reason = models.StagedBySetting
		default:
			if reason, err = s.trustDiscovered(ctx, tx, p, c, listed); err != nil {
				return err
			}
		}
		if reason == "" {
			out.Trusted = append(out.Trusted, listed[i])
			continue
		}
		staged, err := s.stage(ctx, tx, p, c, reason)
		if err != nil {
			return err
		}
		if staged {
			out.Staged = append(out.Staged, listed[i])
		}
	}
	return nil
}

// trustDiscovered trusts a certificate at once, if need be in the place of one
// that metadata brought, that it no longer lists and that is not in use.
func (s *Service) trustDiscovered(ctx context.Context, tx *gorm.DB, p models.IdentityProvider, c *x509.Certificate, listed []string) (models.StagingReason, error) {
	var live []models.Certificate
	if err := tx.Omit("der").Where("identity_provider_id = ? AND not_after >= ?", p.ID, s.now()).Order("not_after").Find(&live).Error; err != nil {
		return "", err
	}
	if len(live) >= maxLive {
		gone := -1
		for i, old := range live {
			unused := old.LastUsedAt == nil || old.LastUsedAt.Before(s.now().Add(-recent))
			if old.Source == models.CertificateMetadata && !slices.Contains(listed, old.FingerprintSha256) && unused {
				gone = i
				break
			}
		}
		if gone < 0 {
			return models.StagedForRoom, nil
		}
		if err := tx.Where("id = ?", live[gone].ID).Delete(&models.Certificate{}).Error; err != nil {
			return "", err
		}
		if err := s.recordCertificate(ctx, tx, live[gone], audit.CertificateRemoved); err != nil {
			return "", err
		}
	}
	_, err := s.trustAs(ctx, tx, p, c, models.CertificateMetadata, audit.CertificateDiscovered)
	return "", err
}

// decided are the fingerprints of certificates about which nothing is left to
// decide: those that are trusted, and those that an admin removed or dismissed.
func decided(tx *gorm.DB, provider models.ID) ([]string, error) {
	var trusted, refused []string
	err := tx.Model(&models.Certificate{}).Where("identity_provider_id = ?", provider).Pluck("fingerprint_sha256", &trusted).Error
	if err != nil {
		return nil, err
	}
	err = tx.Model(&models.StagedCertificate{}).Where("identity_provider_id = ? AND dismissed_at IS NOT NULL", provider).Pluck("fingerprint_sha256", &refused).Error
	return append(trusted, refused...), err
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}
