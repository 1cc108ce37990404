package sso

import (
	"context"
	"crypto/x509"
	"slices"

	"rollcall/fault"
	"rollcall/models"
	"rollcall/saml"
)

// connection is a team with everything that its sign-in depends on. People at
// the door are nobody yet, so it is read without asking who they are.
type connection struct {
	team      models.Team
	settings  models.SsoSettings
	providers []models.IdentityProvider
	certs     map[models.ID][]saml.Certificate
}

// connect reads a team's connection. Faults: team_not_found, and what
// permitted says.
func (s *Service) connect(ctx context.Context, slug string) (connection, error) {
	c := connection{certs: map[models.ID][]saml.Certificate{}}
	db := s.DB.Read(ctx)
	var err error
	if c.team, c.settings, err = s.permitted(ctx, slug); err != nil {
		return c, err
	}
	if c.providers, err = providersOf(db, c.team.ID); err != nil {
		return c, err
	}
	var rows []models.Certificate
	err = db.Select("id", "identity_provider_id", "der").Where("team_id = ? AND not_after >= ?", c.team.ID, s.now()).
		Order("not_before DESC, id DESC").Limit(maxProviders * maxLive).Find(&rows).Error
	if err != nil {
		return c, err
	}
	expired, err := s.expired(ctx, c.team.ID)
	if err != nil {
		return c, err
	}
	for _, row := range append(rows, expired...) {
		cert, err := x509.ParseCertificate(row.DER)
		if err != nil {
			return c, err
		}
		c.certs[row.IdentityProviderID] = append(c.certs[row.IdentityProviderID], saml.Certificate{ID: string(row.ID), X509: cert})
	}
	return c, nil
}

// expired returns the latest certificate of each of the team's providers that
// is over. It verifies nobody; it lets a refusal say "expired" and not "unknown".
func (s *Service) expired(ctx context.Context, team models.ID) ([]models.Certificate, error) {
	var rows []models.Certificate
	err := s.DB.Read(ctx).Select("id", "identity_provider_id", "der").Where("team_id = ? AND not_after < ?", team, s.now()).
		Order("not_after DESC").Limit(maxProviders * maxLive).Find(&rows).Error
	latest := make([]models.Certificate, 0, 1)
	for _, row := range rows {
		if !slices.ContainsFunc(latest, func(c models.Certificate) bool { return c.IdentityProviderID == row.IdentityProviderID }) {
			latest = append(latest, row)
		}
	}
	return latest, err
}

// permitted reads a team and its settings and says whether people may come in
// this way. Faults: team_not_found, sso_not_enabled, connection_draft; with the
// latter two the team is returned.
func (s *Service) permitted(ctx context.Context, slug string) (models.Team, models.SsoSettings, error) {
	var settings models.SsoSettings
	team, err := s.teamBySlug(ctx, slug)
	if err != nil {
		return team, settings, err
	}
	if settings, err = SettingsIn(s.DB.Read(ctx), team.ID); err != nil {
		return team, settings, err
	}
	switch {
	case !team.SsoAllowed():
		return team, settings, fault.New(fault.SsoNotEnabled, "The team's plan does not include single sign-on.")
	case settings.State == models.SsoDraft:
		return team, settings, fault.New(fault.ConnectionDraft, "The set-up of single sign-on is not finished.")
	case !settings.State.On():
		return team, settings, fault.New(fault.SsoNotEnabled, "Single sign-on is off for the team.")
	}
	return team, settings, nil
}

// teamBySlug finds the team that an address names. Anybody can type anything
// there; what PostgreSQL could not even compare is not asked.
func (s *Service) teamBySlug(ctx context.Context, slug string) (models.Team, error) {
	var team models.Team
	unknown := fault.New(fault.TeamNotFound, "No team has this address.")
	if !models.Printable(slug) {
		return team, unknown
	}
	err := models.Fault(s.DB.Read(ctx).Where("slug = ?", slug).Take(&team).Error)
	if fault.Is(err, fault.Missing) {
		err = unknown
	}
	return team, err
}

// Landing returns a team whose people sign in by single sign-on. Faults as of
// permitted.
func (s *Service) Landing(ctx context.Context, slug string) (models.Team, error) {
	team, _, err := s.permitted(ctx, slug)
	return team, err
}

// Published is what a team's metadata says. It follows from the slug alone and
// is open to identity providers that fetch it, for every team whose plan
// includes single sign-on. Faults: team_not_found, sso_not_enabled.
func (s *Service) Published(ctx context.Context, slug string) (saml.ServiceProvider, error) {
	team, err := s.teamBySlug(ctx, slug)
	if err != nil {
		return saml.ServiceProvider{}, err
	}
	if !team.SsoAllowed() {
		return saml.ServiceProvider{}, fault.New(fault.SsoNotEnabled, "The team's plan does not include single sign-on.")
	}
	return s.ServiceProvider(team.Slug), nil
}

// provider returns the provider with the id, if the connection has it.
func (c connection) provider(id models.ID) (models.IdentityProvider, bool) {
	for _, p := range c.providers {
		if p.ID == id {
			return p, true
		}
	}
	return models.IdentityProvider{}, false
}

// fallback is the team's default provider or, without one, its first.
func (c connection) fallback() (models.IdentityProvider, bool) {
	if id := c.settings.DefaultIdentityProviderID; id != nil {
		if p, ok := c.provider(*id); ok {
			return p, true
		}
	}
	if len(c.providers) == 0 {
		return models.IdentityProvider{}, false
	}
	return c.providers[0], true
}

// trusted is a provider in the words of package saml.
func (c connection) trusted(p models.IdentityProvider) saml.Provider {
	return saml.Provider{
		EntityID: p.EntityID, Certificates: c.certs[p.ID],
		WantResponseSigned: p.WantResponseSigned, WantAssertionsSigned: p.WantAssertionsSigned, AllowInclusiveC14N: p.AllowInclusiveC14n,
		Attributes: saml.AttributeMapping(p.AttributeMapping),
	}
}
