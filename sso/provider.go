package sso

import (
	"context"
	"crypto/x509"
	"fmt"
	"strconv"
	"strings"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/fault"
	"rollcall/models"
	"rollcall/saml"
)

const (
	// maxProviders is how many identity providers a team may have.
	maxProviders = 10
	// maxEntityID is SAML's limit in bytes (SAML core, section 8.3.6).
	maxEntityID = 1024
	// maxMapped and maxMappedName bound an attribute mapping.
	maxMapped, maxMappedName = 10, 300
)

// NewIdentityProvider describes an identity provider by hand.
type NewIdentityProvider struct {
	TeamID                                   models.ID
	EntityID, SsoURL, SloURL                 string
	Certificates                             []string       // each as addCertificate takes it
	Vendor                                   *models.Vendor // nil is a guess from the addresses
	WantResponseSigned, WantAssertionsSigned *bool          // nil is false: either signature will do
	AttributeMapping                         *models.AttributeMapping
	ProviderOptions
}

// CreateIdentityProvider adds an identity provider with its certificates. The
// team's first one becomes its default. Faults: NOT_FOUND, FORBIDDEN,
// PLAN_REQUIRED, REQUIRED, INVALID, TAKEN, LIMIT_REACHED and those of a
// certificate.
func (s *Service) CreateIdentityProvider(ctx context.Context, in NewIdentityProvider) (models.IdentityProvider, error) {
	row := models.IdentityProvider{TeamID: in.TeamID, EntityID: in.EntityID, SsoURL: in.SsoURL, SloURL: in.SloURL}
	row.Vendor = detectVendor(in.EntityID, in.SsoURL)
	set(&row.Vendor, in.Vendor)
	applyPreset(&row)
	in.ProviderOptions.apply(&row)
	if err := s.checkProvider(row, in.AttributeMapping, in.ProviderOptions); err != nil {
		return row, err
	}
	set(&row.WantResponseSigned, in.WantResponseSigned)
	set(&row.WantAssertionsSigned, in.WantAssertionsSigned)
	set(&row.AttributeMapping, in.AttributeMapping)
	certs := make([]*x509.Certificate, 0, len(in.Certificates))
	for i, text := range in.Certificates {
		if i == maxLive {
			return row, fault.New(fault.LimitReached, "An identity provider has %d certificates at most.", maxLive).On("certificates")
		}
		c, err := saml.ParseCertificate(text)
		if err != nil {
			return row, under(err, "certificates", strconv.Itoa(i))
		}
		certs = append(certs, c)
	}
	key, err := s.keyForProvider(ctx, row)
	if err != nil {
		return row, err
	}
	err = s.change(ctx, in.TeamID, func(tx *gorm.DB, team models.Team) error {
		var err error
		if row, err = s.insertProvider(ctx, tx, row); err != nil {
			return err
		}
		if err := s.firstKey(ctx, tx, team.ID, key); err != nil {
			return err
		}
		for i, c := range certs {
			if _, err := s.trust(ctx, tx, row, c, models.CertificateUpload); err != nil {
				return under(err, "certificates", strconv.Itoa(i))
			}
		}
		return nil
	})
	return row, err
}

// checkProvider judges addresses, options and mapping.
func (s *Service) checkProvider(row models.IdentityProvider, mapping *models.AttributeMapping, o ProviderOptions) error {
	switch {
	case row.EntityID == "":
		return fault.New(fault.Required, "Give the identity provider's entity id.").On("entityId")
	case len(row.EntityID) > maxEntityID || row.EntityID != strings.TrimSpace(row.EntityID) || !models.Printable(row.EntityID):
		return fault.New(fault.InvalidValue, "The entity id has %d printable characters at most and no space around it.", maxEntityID).On("entityId")
	}
	if err := saml.CheckLocation(row.SsoURL); err != nil {
		return under(err, "ssoUrl")
	}
	if row.SloURL != "" {
		if err := saml.CheckLocation(row.SloURL); err != nil {
			return under(err, "sloUrl")
		}
	}
	if err := o.check(row, s.now()); err != nil {
		return err
	}
	if mapping == nil {
		return nil
	}
	for _, m := range []struct {
		field string
		names []string
	}{{"email", mapping.Email}, {"firstName", mapping.FirstName}, {"lastName", mapping.LastName}, {"displayName", mapping.DisplayName}} {
		if len(m.names) > maxMapped {
			return fault.New(fault.InvalidValue, "Name %d attributes at most.", maxMapped).On("attributeMapping", m.field)
		}
		for _, n := range m.names {
			if n == "" || len(n) > maxMappedName || !models.Printable(n) {
				return fault.New(fault.InvalidValue, "An attribute name has 1 to %d printable characters.", maxMappedName).On("attributeMapping", m.field)
			}
		}
	}
	return nil
}

// insertProvider writes a provider of a locked team and makes the team's first
// one its default.
func (s *Service) insertProvider(ctx context.Context, tx *gorm.DB, row models.IdentityProvider) (models.IdentityProvider, error) {
	var known []models.IdentityProvider
	if err := tx.Where("team_id = ?", row.TeamID).Find(&known).Error; err != nil {
		return row, err
	}
	if len(known) >= maxProviders {
		return row, fault.New(fault.LimitReached, "The team has %d identity providers; delete one first.", maxProviders)
	}
	for _, p := range known {
		if p.EntityID == row.EntityID {
			return row, fault.New(fault.Taken, "The team has an identity provider with this entity id.").On("entityId")
		}
	}
	id, err := models.NewID()
	if err != nil {
		return row, err
	}
	now := s.now()
	row.ID, row.Revision, row.CreatedAt, row.UpdatedAt = id, 1, now, now
	if err := tx.Create(&row).Error; err != nil {
		return row, err
	}
	if err := s.recordProvider(ctx, tx, row, audit.IdentityProviderMade); err != nil {
		return row, err
	}
	if err := distrust(tx, row.TeamID); err != nil || len(known) > 0 {
		return row, err
	}
	return row, tx.Model(&models.SsoSettings{}).Where("team_id = ?", row.TeamID).
		Updates(map[string]any{"default_identity_provider_id": row.ID, "revision": gorm.Expr("revision + 1"), "updated_at": now}).Error
}

func (s *Service) recordProvider(ctx context.Context, tx *gorm.DB, row models.IdentityProvider, action string) error {
	return audit.Record(ctx, tx, s.Now(), audit.Event{
		TeamID: row.TeamID, Action: action,
		Target:  audit.Target{Kind: models.PrefixIdentityProvider, ID: row.ID, Label: row.EntityID},
		Details: []models.AuditDetail{audit.Detail("ssoUrl", row.SsoURL), audit.Detail("vendor", string(row.Vendor))},
	})
}

// Imported is what became of a piece of metadata.
type Imported struct {
	IdentityProvider models.IdentityProvider
	Created          bool
	Ignored          []string // in English: what was left out, and why
}

// ImportMetadata makes an identity provider out of its metadata or, when the
// team has one with that entity id, takes over its addresses and adds its new
// certificates. Certificates that the metadata no longer has stay until they
// are removed: the identity provider may still sign with them.
//
// Faults: those of CreateIdentityProvider, METADATA_INVALID and
// METADATA_WRONG_ROLE; LIMIT_REACHED when not one of its certificates fits.
func (s *Service) ImportMetadata(ctx context.Context, team models.ID, xml string) (Imported, error) {
	return s.ImportMetadataOf(ctx, team, xml, "")
}

// ImportMetadataOf is ImportMetadata for the identity provider with this entity
// id among several; "" stands for the only one.
func (s *Service) ImportMetadataOf(ctx context.Context, team models.ID, xml, entityID string) (Imported, error) {
	return s.importDocument(ctx, team, xml, entityID, "xml", nil)
}

// importDocument does the work of ImportMetadata. field is what of the caller's
// input the faults are about; with, if not nil, is done in the same transaction.
func (s *Service) importDocument(ctx context.Context, team models.ID, xml, entityID, field string, with func(tx *gorm.DB, p models.IdentityProvider) error) (Imported, error) {
	var out Imported
	md, row, err := s.readMetadata(team, xml, entityID, field)
	if err != nil {
		return out, err
	}
	if err := access.Require(ctx, access.SsoWrite, team); err != nil {
		return out, err
	}
	key, err := s.keyForProvider(ctx, row)
	if err != nil {
		return out, err
	}
	err = s.change(ctx, team, func(tx *gorm.DB, _ models.Team) error {
		out = Imported{Ignored: append([]string(nil), md.Ignored...)}
		if out.IdentityProvider, out.Created, err = s.upsertProvider(ctx, tx, row); err != nil {
			return err
		}
		if err := s.firstKey(ctx, tx, team, key); err != nil {
			return err
		}
		kept := 0
		for _, c := range md.Certificates {
			switch _, err := s.trust(ctx, tx, out.IdentityProvider, c, models.CertificateMetadata); {
			case err == nil, fault.Is(err, fault.CertificateDuplicate):
				kept++
			case fault.Is(err, fault.CertificateUnusable):
				out.Ignored = append(out.Ignored, fmt.Sprintf("signing certificate %s: it is for a web server only", saml.Fingerprint(c)))
			case fault.Is(err, fault.LimitReached):
				out.Ignored = append(out.Ignored, fmt.Sprintf("signing certificate %s: %d unexpired ones are trusted already; remove one and import again", saml.Fingerprint(c), maxLive))
			default:
				return under(err, field)
			}
		}
		if kept == 0 {
			return fault.New(fault.LimitReached, "The identity provider has %d unexpired certificates and none of them is in the metadata; remove one first.", maxLive).On(field)
		}
		if with != nil {
			return with(tx, out.IdentityProvider)
		}
		return nil
	})
	return out, err
}

// upsertProvider finds the team's provider by entity id and brings it up to
// date, or makes it.
func (s *Service) upsertProvider(ctx context.Context, tx *gorm.DB, row models.IdentityProvider) (models.IdentityProvider, bool, error) {
	var found []models.IdentityProvider
	if err := tx.Where("team_id = ? AND entity_id = ?", row.TeamID, row.EntityID).Find(&found).Error; err != nil {
		return row, false, err
	}
	if len(found) == 0 {
		made, err := s.insertProvider(ctx, tx, row)
		return made, true, err
	}
	known := found[0]
	moved(&known, row)
	details := providerChanges(found[0], known)
	if len(details) == 0 {
		return known, false, nil
	}
	if err := distrustChanged(tx, known.TeamID, details); err != nil {
		return known, false, err
	}
	known.Revision, known.UpdatedAt = known.Revision+1, s.now()
	err := tx.Select("*").Omit("id", "team_id", "entity_id", "created_at").Where("id = ?", known.ID).Updates(&known).Error
	if err != nil {
		return known, false, err
	}
	if err := s.tellOfAddresses(ctx, tx, found[0], known); err != nil {
		return known, false, err
	}
	return known, false, s.recordProvider(ctx, tx, known, audit.IdentityProviderMoved)
}

// IdentityProviders lists a team's identity providers, oldest first; there are
// ten at most.
func (s *Service) IdentityProviders(ctx context.Context, team models.ID) ([]models.IdentityProvider, error) {
	if err := access.Require(ctx, access.SsoRead, team); err != nil {
		return nil, err
	}
	return providersOf(s.DB.Read(ctx), team)
}

func providersOf(db *gorm.DB, team models.ID) ([]models.IdentityProvider, error) {
	var rows []models.IdentityProvider
	err := db.Where("team_id = ?", team).Order("id").Limit(maxProviders).Find(&rows).Error
	return rows, err
}

// IdentityProvider returns one identity provider.
func (s *Service) IdentityProvider(ctx context.Context, id models.ID) (models.IdentityProvider, error) {
	row, err := providerIn(s.DB.Read(ctx), id)
	if err != nil {
		return row, err
	}
	return row, access.Require(ctx, access.SsoRead, row.TeamID)
}

func providerIn(db *gorm.DB, id models.ID) (models.IdentityProvider, error) {
	var row models.IdentityProvider
	err := db.Where("id = ?", id).Take(&row).Error
	return row, models.Fault(err)
}

// under puts a fault's field under a longer path of the caller's input.
func under(err error, path ...string) error {
	if f, ok := fault.As(err); ok {
		return f.On(append(path, f.Field...)...)
	}
	return err
}
