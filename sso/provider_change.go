package sso

import (
	"context"
	"fmt"
	"reflect"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/credential"
	"rollcall/fault"
	"rollcall/models"
)

// ProviderChange is a partial change; what is nil stays as it is. The entity id
// is not in it: people are known by the identity provider that they came through.
type ProviderChange struct {
	SsoURL, SloURL                           *string // an empty SloURL is none
	Vendor                                   *models.Vendor
	WantResponseSigned, WantAssertionsSigned *bool
	AttributeMapping                         *models.AttributeMapping
	ProviderOptions
	Revision *int // that the caller read, or nil
}

// UpdateIdentityProvider changes an identity provider. Faults: NOT_FOUND,
// FORBIDDEN, PLAN_REQUIRED, STALE_REVISION, INVALID.
func (s *Service) UpdateIdentityProvider(ctx context.Context, id models.ID, c ProviderChange) (models.IdentityProvider, error) {
	seen, err := s.providerToChange(ctx, id)
	if err != nil {
		return seen, under(err, "identityProviderId")
	}
	key, err := s.spareKey(ctx, seen.TeamID, isTrue(c.SignAuthnRequests) || s.Keys != nil && c.SloURL != nil && *c.SloURL != "")
	if err != nil {
		return seen, err
	}
	var row models.IdentityProvider
	err = s.change(ctx, seen.TeamID, func(tx *gorm.DB, _ models.Team) error {
		if row, err = providerIn(tx, id); err != nil {
			return under(err, "identityProviderId")
		}
		if c.Revision != nil && *c.Revision != row.Revision {
			return fault.New(fault.StaleRevision, "The identity provider is at revision %d now.", row.Revision).On("revision")
		}
		before := row
		set(&row.SsoURL, c.SsoURL)
		set(&row.SloURL, c.SloURL)
		set(&row.Vendor, c.Vendor)
		set(&row.WantResponseSigned, c.WantResponseSigned)
		set(&row.WantAssertionsSigned, c.WantAssertionsSigned)
		set(&row.AttributeMapping, c.AttributeMapping)
		c.ProviderOptions.apply(&row)
		if err := s.checkProvider(row, c.AttributeMapping, c.ProviderOptions); err != nil {
			return err
		}
		if err := s.firstKey(ctx, tx, row.TeamID, key); err != nil {
			return err
		}
		details := providerChanges(before, row)
		if len(details) == 0 {
			return nil
		}
		row.Revision, row.UpdatedAt = row.Revision+1, s.now()
		if err := tx.Select("*").Omit("id", "team_id", "entity_id", "created_at").Where("id = ?", id).Updates(&row).Error; err != nil {
			return err
		}
		if err := distrustChanged(tx, row.TeamID, details); err != nil {
			return err
		}
		return audit.Record(ctx, tx, s.Now(), audit.Event{
			TeamID: row.TeamID, Action: audit.IdentityProviderMoved, Details: details,
			Target: audit.Target{Kind: models.PrefixIdentityProvider, ID: row.ID, Label: row.EntityID},
		})
	})
	return row, err
}

// providerChanges lists what differs between two states of an identity provider.
func providerChanges(a, b models.IdentityProvider) []models.AuditDetail {
	var out []models.AuditDetail
	for _, c := range append(optionChanges(a, b), []differs{
		{"ssoUrl", a.SsoURL, b.SsoURL},
		{"sloUrl", a.SloURL, b.SloURL},
		{"vendor", a.Vendor, b.Vendor},
		{"wantResponseSigned", a.WantResponseSigned, b.WantResponseSigned},
		{"wantAssertionsSigned", a.WantAssertionsSigned, b.WantAssertionsSigned},
		{"attributeMapping", a.AttributeMapping, b.AttributeMapping},
	}...) {
		if !reflect.DeepEqual(c.before, c.after) {
			out = append(out, audit.Change(c.name, fmt.Sprintf("%+v", c.before), fmt.Sprintf("%+v", c.after)))
		}
	}
	return out
}

// ProviderGone is what a deletion ended.
type ProviderGone struct {
	IdentityProvider models.IdentityProvider
	Settings         models.SsoSettings
	Sessions         int64
}

// DeleteIdentityProvider deletes an identity provider with its certificates and
// ends the sessions that it vouched for. People keep their identities, so one
// that is made again under the same entity id knows them. Faults: NOT_FOUND,
// FORBIDDEN, PLAN_REQUIRED, and CONFLICT for the one that people are sent to
// while single sign-on is on.
func (s *Service) DeleteIdentityProvider(ctx context.Context, id models.ID) (ProviderGone, error) {
	seen, err := s.providerToChange(ctx, id)
	if err != nil {
		return ProviderGone{}, under(err, "identityProviderId")
	}
	var out ProviderGone
	err = s.change(ctx, seen.TeamID, func(tx *gorm.DB, _ models.Team) error {
		row, err := providerIn(tx, id)
		if err != nil {
			return under(err, "identityProviderId")
		}
		settings, err := SettingsIn(tx, row.TeamID)
		if err != nil {
			return err
		}
		isDefault := settings.DefaultIdentityProviderID != nil && *settings.DefaultIdentityProviderID == id
		if isDefault && settings.State.On() {
			return fault.New(fault.Clash, "People are sent to this identity provider and single sign-on is on; make another one the default first.").On("identityProviderId")
		}
		out = ProviderGone{IdentityProvider: row, Settings: settings}
		if out.Sessions, err = s.dropProvider(ctx, tx, row); err != nil {
			return err
		}
		distrusted(&out.Settings) // as dropProvider did with the row
		if !isDefault {
			return nil
		}
		return s.nextDefault(tx, &out.Settings)
	})
	return out, err
}

// dropProvider deletes a provider of a locked team; its certificates and pending
// requests go with it by their foreign keys.
func (s *Service) dropProvider(ctx context.Context, tx *gorm.DB, row models.IdentityProvider) (int64, error) {
	// The deletion waits for sign-ins that are using the provider and stops later
	// ones. Only then are all the sessions there that have to end.
	if err := tx.Where("id = ?", row.ID).Delete(&models.IdentityProvider{}).Error; err != nil {
		return 0, err
	}
	sessions, err := (&credential.Store{DB: s.DB, Now: s.Now}).RevokeProvider(tx, row.TeamID, row.ID)
	if err != nil {
		return 0, err
	}
	if err := distrust(tx, row.TeamID); err != nil {
		return 0, err
	}
	return sessions, audit.Record(ctx, tx, s.Now(), audit.Event{
		TeamID: row.TeamID, Action: audit.IdentityProviderGone,
		Target:  audit.Target{Kind: models.PrefixIdentityProvider, ID: row.ID, Label: row.EntityID},
		Details: []models.AuditDetail{audit.Count("sessionsRevoked", sessions)},
	})
}

// nextDefault makes the oldest provider that is left the default.
func (s *Service) nextDefault(tx *gorm.DB, row *models.SsoSettings) error {
	left, err := providersOf(tx, row.TeamID)
	if err != nil {
		return err
	}
	row.DefaultIdentityProviderID = nil
	if len(left) > 0 {
		row.DefaultIdentityProviderID = &left[0].ID
	}
	row.Revision, row.UpdatedAt = row.Revision+1, s.now()
	return tx.Model(&models.SsoSettings{}).Where("id = ?", row.ID).
		Updates(map[string]any{"default_identity_provider_id": row.DefaultIdentityProviderID, "revision": row.Revision, "updated_at": row.UpdatedAt}).Error
}

// SettingsByTeam is for batches: teams whose single sign-on the caller may not
// see are left out.
func (s *Service) SettingsByTeam(ctx context.Context, teams []models.ID) (map[models.ID]models.SsoSettings, error) {
	var rows []models.SsoSettings
	if err := s.DB.Read(ctx).Where("team_id IN ?", s.visible(ctx, teams)).Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make(map[models.ID]models.SsoSettings, len(rows))
	for _, row := range rows {
		out[row.TeamID] = row
	}
	return out, nil
}

// ProvidersByTeam is for batches, as SettingsByTeam: of each team its identity
// providers, oldest first. A team without any has an empty list.
func (s *Service) ProvidersByTeam(ctx context.Context, teams []models.ID) (map[models.ID][]models.IdentityProvider, error) {
	visible := s.visible(ctx, teams)
	var rows []models.IdentityProvider
	if err := s.DB.Read(ctx).Where("team_id IN ?", visible).Order("id").Limit(maxProviders * len(visible)).Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make(map[models.ID][]models.IdentityProvider, len(visible))
	for _, team := range visible {
		out[team] = []models.IdentityProvider{}
	}
	for _, row := range rows {
		out[row.TeamID] = append(out[row.TeamID], row)
	}
	return out, nil
}

// visible are the teams whose single sign-on the caller may see.
func (s *Service) visible(ctx context.Context, teams []models.ID) []models.ID {
	a := access.From(ctx)
	out := make([]models.ID, 0, len(teams))
	for _, team := range teams {
		if a.Can(access.SsoRead, team) {
			out = append(out, team)
		}
	}
	return out
}
