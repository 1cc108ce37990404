package sso

import (
	"context"

	"rollcall/access"
	"rollcall/models"
	"rollcall/saml"
)

// Preview is what importing metadata would do.
type Preview struct {
	IdentityProvider models.IdentityProvider  // as it would be made or updated
	Existing         *models.IdentityProvider // with this entity id, or nil
	Changes          []models.AuditDetail     // of the existing one
	NameIDFormats    []string
	WantsSigned      bool
	Certificates     []models.Certificate // without id: none is stored
	Trusted          map[string]bool      // by fingerprint: the existing provider has it
	Ignored          []string
}

// PreviewMetadata reads metadata as ImportMetadata does and changes nothing.
// Faults: NOT_FOUND, FORBIDDEN, PLAN_REQUIRED, METADATA_INVALID,
// METADATA_WRONG_ROLE and those of a certificate.
func (s *Service) PreviewMetadata(ctx context.Context, team models.ID, xml string) (Preview, error) {
	return s.PreviewMetadataOf(ctx, team, xml, "")
}

// PreviewMetadataOf is PreviewMetadata for the identity provider with this
// entity id among several; "" stands for the only one.
func (s *Service) PreviewMetadataOf(ctx context.Context, team models.ID, xml, entityID string) (Preview, error) {
	if err := s.mayPreview(ctx, team); err != nil {
		return Preview{}, err
	}
	return s.preview(ctx, team, xml, entityID, "xml")
}

// PreviewMetadataURLOf is PreviewMetadataOf from the address that the identity
// provider publishes its metadata under, which is asked once. Faults: those of
// PreviewMetadata, and METADATA_UNREACHABLE, all on "url".
func (s *Service) PreviewMetadataURLOf(ctx context.Context, team models.ID, address, entityID string) (Preview, error) {
	// Nobody has a foreign host called without being an admin, or without a plan.
	if err := s.mayPreview(ctx, team); err != nil {
		return Preview{}, err
	}
	doc, err := s.fetch(ctx, address, "", "")
	if err != nil {
		return Preview{}, unreachable(err)
	}
	return s.preview(ctx, team, string(doc.Body), entityID, "url")
}

func (s *Service) mayPreview(ctx context.Context, team models.ID) error {
	if err := access.Require(ctx, access.SsoWrite, team); err != nil {
		return err
	}
	var t models.Team
	if err := s.DB.Read(ctx).Where("id = ?", team).Take(&t).Error; err != nil {
		return models.Fault(err)
	}
	return planned(t)
}

func (s *Service) preview(ctx context.Context, team models.ID, xml, entityID, field string) (Preview, error) {
	md, row, err := s.readMetadata(team, xml, entityID, field)
	if err != nil {
		return Preview{}, err
	}
	out := Preview{
		IdentityProvider: row, NameIDFormats: md.NameIDFormats, WantsSigned: md.WantAuthnRequestsSigned,
		Trusted: map[string]bool{}, Ignored: md.Ignored,
	}
	for _, c := range md.Certificates {
		out.Certificates = append(out.Certificates, describe(c))
	}
	return out, s.compare(ctx, &out)
}

// compare fills in what the team has of it already.
func (s *Service) compare(ctx context.Context, p *Preview) error {
	var found []models.IdentityProvider
	err := s.DB.Read(ctx).Where("team_id = ? AND entity_id = ?", p.IdentityProvider.TeamID, p.IdentityProvider.EntityID).Find(&found).Error
	if err != nil || len(found) == 0 {
		return err
	}
	p.Existing = &found[0]
	// An import takes over the addresses and nothing else.
	next := found[0]
	moved(&next, p.IdentityProvider)
	p.Changes = providerChanges(found[0], next)
	var known []models.Certificate
	if err := s.DB.Read(ctx).Select("fingerprint_sha256").Where("identity_provider_id = ?", found[0].ID).Find(&known).Error; err != nil {
		return err
	}
	for _, c := range known {
		p.Trusted[c.FingerprintSha256] = true
	}
	return nil
}

// readMetadata reads metadata into a provider that is not stored. entityID
// chooses one of several, "" the only one; field is what of the caller's input
// the faults are about.
func (s *Service) readMetadata(team models.ID, xml, entityID, field string) (*saml.IDPMetadata, models.IdentityProvider, error) {
	md, err := saml.ParseMetadataOf([]byte(xml), entityID, s.Now())
	if err != nil {
		return nil, models.IdentityProvider{}, under(err, field)
	}
	row := models.IdentityProvider{
		TeamID: team, EntityID: md.EntityID, Vendor: detectVendor(md.EntityID, md.SSOURL),
		SignAuthnRequests: md.WantAuthnRequestsSigned,
	}
	applyPreset(&row)
	addresses(&row, md)
	return md, row, under(s.checkProvider(row, nil, ProviderOptions{}), field)
}

// addresses takes over where metadata says that a provider is: in the binding
// that the row has, if the provider still offers it, else by redirect if it can.
func addresses(row *models.IdentityProvider, md *saml.IDPMetadata) {
	var at saml.Endpoint
	at, row.SsoBinding = endpoint(md.SSO, row.SsoBinding)
	row.SsoURL = at.Location
	at, row.SloBinding = endpoint(md.SLO, row.SloBinding)
	row.SloURL, row.SloResponseURL = at.Location, at.ResponseLocation
}

func endpoint(offered saml.Endpoints, has models.Binding) (saml.Endpoint, models.Binding) {
	if offered.POST.Location != "" && (has == models.BindingPost || offered.Redirect.Location == "") {
		return offered.POST, models.BindingPost
	}
	return offered.Redirect, models.BindingRedirect
}

// moved takes over what metadata says of addresses.
func moved(row *models.IdentityProvider, md models.IdentityProvider) {
	row.SsoURL, row.SsoBinding = md.SsoURL, md.SsoBinding
	row.SloURL, row.SloBinding, row.SloResponseURL = md.SloURL, md.SloBinding, md.SloResponseURL
}
