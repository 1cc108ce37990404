package sso

import (
	"context"
	"crypto/x509"
	"slices"
	"strings"
	"time"

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
	sp        saml.ServiceProvider // with its keys, where they are needed
}

// connect reads what a team's sign-in depends on. Faults: team_not_found, and
// what permitted says.
func (s *Service) connect(ctx context.Context, slug string) (connection, error) {
	team, settings, err := s.permitted(ctx, slug)
	if err != nil {
		return connection{team: team, settings: settings}, err
	}
	// Reading a private key costs more than the rest of it.
	return s.connection(ctx, team, settings, settings.EncryptAssertions)
}

// connectLogout reads what a team's single logout depends on. It goes on when
// single sign-on is switched off, as the sessions do that came of it. Faults:
// team_not_found, and what permitted says for teams without a key.
func (s *Service) connectLogout(ctx context.Context, slug string) (connection, error) {
	team, settings, err := s.permitted(ctx, slug)
	if _, ok := fault.As(err); err != nil && (!ok || settings.ID == "") {
		return connection{team: team, settings: settings}, err
	}
	c, problem := s.connection(ctx, team, settings, true)
	if problem == nil && len(c.sp.SigningKeys) == 0 {
		problem = err
	}
	return c, problem
}

func (s *Service) connection(ctx context.Context, team models.Team, settings models.SsoSettings, keys bool) (connection, error) {
	c := connection{team: team, settings: settings, certs: map[models.ID][]saml.Certificate{}, sp: s.ServiceProvider(team.Slug)}
	db := s.DB.Read(ctx)
	var err error
	if c.providers, err = providersOf(db, team.ID); err != nil {
		return c, err
	}
	if keys {
		if c.sp, err = s.keyed(db, team, settings); err != nil {
			return c, err
		}
	}
	err = s.readCertificates(ctx, &c)
	return c, err
}

// readCertificates reads what the team trusts, the newest in front, and of each
// provider the latest certificate that is over: it verifies nobody and lets a
// refusal say "expired" and not "unknown".
func (s *Service) readCertificates(ctx context.Context, c *connection) error {
	var rows []models.Certificate
	// What is valid ends later than what is over, so all of it is among these.
	err := s.DB.Read(ctx).Select("id", "identity_provider_id", "not_after", "der").Where("team_id = ?", c.team.ID).
		Order("not_after DESC, id DESC").Limit(2 * maxProviders * maxLive).Find(&rows).Error
	if err != nil {
		return err
	}
	now, over := s.now(), map[models.ID]bool{}
	for _, row := range rows {
		if row.NotAfter.Before(now) {
			if over[row.IdentityProviderID] {
				continue
			}
			over[row.IdentityProviderID] = true
		}
		cert, err := x509.ParseCertificate(row.DER)
		if err != nil {
			return err
		}
		c.certs[row.IdentityProviderID] = append(c.certs[row.IdentityProviderID], saml.Certificate{ID: string(row.ID), X509: cert})
	}
	for _, list := range c.certs {
		slices.SortStableFunc(list, func(a, b saml.Certificate) int { return b.X509.NotBefore.Compare(a.X509.NotBefore) })
	}
	return nil
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

// Published is a team as its metadata shows it. That is open to identity
// providers that fetch it, for every team whose plan includes single sign-on.
// Faults: team_not_found, sso_not_enabled.
func (s *Service) Published(ctx context.Context, slug string) (saml.ServiceProvider, error) {
	sp, _, err := s.published(ctx, slug)
	return sp, err
}

func (s *Service) published(ctx context.Context, slug string) (saml.ServiceProvider, models.SsoSettings, error) {
	var settings models.SsoSettings
	team, err := s.teamBySlug(ctx, slug)
	if err != nil {
		return saml.ServiceProvider{}, settings, err
	}
	if !team.SsoAllowed() {
		return saml.ServiceProvider{}, settings, fault.New(fault.SsoNotEnabled, "The team's plan does not include single sign-on.")
	}
	db := s.DB.Read(ctx)
	if settings, err = SettingsIn(db, team.ID); err != nil {
		return saml.ServiceProvider{}, settings, err
	}
	sp, err := s.keyed(db, team, settings)
	if err != nil || len(sp.SigningKeys) == 0 {
		return sp, settings, err
	}
	var signing int64
	err = db.Model(&models.IdentityProvider{}).Where("team_id = ? AND sign_authn_requests = ?", team.ID, true).Count(&signing).Error
	sp.SignRequests = signing > 0
	return sp, settings, err
}

// Metadata is a team's metadata document, signed if the team asked for that.
// Faults as of Published.
func (s *Service) Metadata(ctx context.Context, slug string) ([]byte, error) {
	sp, settings, err := s.published(ctx, slug)
	switch {
	case err != nil:
		return nil, err
	case settings.SignMetadata && len(sp.SigningKeys) > 0:
		return sp.SignedMetadata()
	}
	return sp.Metadata()
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
	out := saml.Provider{
		EntityID: p.EntityID, Certificates: c.certs[p.ID],
		WantResponseSigned: p.WantResponseSigned, WantAssertionsSigned: p.WantAssertionsSigned, AllowInclusiveC14N: p.AllowInclusiveC14n,
		WantEncrypted: p.RequireEncryption, AllowCBC: p.AllowCbc,
		Attributes: saml.AttributeMapping(p.AttributeMapping),
	}
	if p.AllowSha1Until != nil {
		out.AllowSHA1Until = *p.AllowSha1Until
	}
	return out
}

// skew is the team's allowance for clocks in the words of package saml, where
// zero is the default and a negative value none.
func (c connection) skew() time.Duration {
	if c.settings.ClockSkewSeconds == 0 {
		return -1
	}
	return time.Duration(c.settings.ClockSkewSeconds) * time.Second
}

// wanted is how a provider's people have to be authenticated; nil wants nothing.
func wanted(p models.IdentityProvider) *saml.AuthnContext {
	if len(p.AuthnContextClasses) == 0 {
		return nil
	}
	return &saml.AuthnContext{Classes: p.AuthnContextClasses, Comparison: saml.Comparison(strings.ToLower(string(p.AuthnContextComparison)))}
}

// fingerprint is of the certificate that verified an assertion, "" for none.
func (c connection) fingerprint(provider models.ID, assertion *saml.Assertion) string {
	if assertion == nil {
		return ""
	}
	for _, cert := range c.certs[provider] {
		if cert.ID == assertion.CertificateID {
			return saml.Fingerprint(cert.X509)
		}
	}
	return ""
}
