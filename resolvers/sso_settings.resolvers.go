package resolvers

import (
	"context"

	"rollcall/graph"
	"rollcall/graph/model"
	"rollcall/models"
	"rollcall/sso"
)

func (r *mutationResolver) UpdateSsoSettings(ctx context.Context, input model.UpdateSsoSettingsInput) (*model.UpdateSsoSettingsPayload, error) {
	out := &model.UpdateSsoSettingsPayload{ClientMutationID: input.ClientMutationID.Value()}
	var row models.SsoSettings
	in := arguments{}
	team := in.id(models.PrefixTeam, input.TeamID, "teamId")
	change := sso.SettingsChange{
		DefaultRole:         keep(&in, input.DefaultRole, "defaultRole"),
		IdpInitiatedEnabled: keep(&in, input.IdpInitiatedEnabled, "idpInitiatedEnabled"),
		JitEnabled:          keep(&in, input.JitEnabled, "jitEnabled"),
		SessionHours:        keep(&in, input.SessionHours, "sessionHours"),
		SessionIdleMinutes:  keep(&in, input.SessionIdleMinutes, "sessionIdleMinutes"),
		ClockSkewSeconds:    keep(&in, input.ClockSkewSeconds, "clockSkewSeconds"),
		RequireMfa:          keep(&in, input.RequireMfa, "requireMfa"),
		HonourSessionEnd:    keep(&in, input.HonourSessionEnd, "honourSessionEnd"),
		SignMetadata:        keep(&in, input.SignMetadata, "signMetadata"),
		EncryptAssertions:   keep(&in, input.EncryptAssertions, "encryptAssertions"),
		ConfirmEmail:        keep(&in, input.ConfirmEmail, "confirmEmail"),

		TrustVerifiedDomains: keep(&in, input.TrustVerifiedDomains, "trustVerifiedDomains"),
		APIKeyHours:          keep(&in, input.APIKeyHours, "apiKeyHours"),
		Contact:              orNone(input.Contact),

		Revision: input.Revision.Value(),
	}
	if names := keepList(&in, input.AllowedDomains, "allowedDomains"); names != nil {
		change.AllowedDomains = &names
	}
	if p := keep(&in, input.DefaultIdentityProviderID, "defaultIdentityProviderId"); p != nil {
		id := in.id(models.PrefixIdentityProvider, *p, "defaultIdentityProviderId")
		change.DefaultIdentityProviderID = &id
	}
	err := in.err
	if err == nil {
		row, err = r.SSO.UpdateSettings(ctx, team, change)
	}
	return out, settle(err, &out.UserErrors, "teamId", func() { out.SsoSettings = &row })
}

func (r *mutationResolver) EnableSso(ctx context.Context, input model.EnableSsoInput) (*model.EnableSsoPayload, error) {
	out := &model.EnableSsoPayload{ClientMutationID: input.ClientMutationID.Value()}
	var row models.SsoSettings
	team, err := models.ParseGlobal(models.PrefixTeam, input.TeamID)
	if err == nil {
		skip := input.SkipLoginTest.Value()
		row, err = r.SSO.Enable(ctx, team, skip != nil && *skip)
	}
	return out, settle(err, &out.UserErrors, "teamId", func() { out.SsoSettings = &row })
}

func (r *mutationResolver) DisableSso(ctx context.Context, input model.DisableSsoInput) (*model.DisableSsoPayload, error) {
	out := &model.DisableSsoPayload{ClientMutationID: input.ClientMutationID.Value()}
	var row models.SsoSettings
	team, err := models.ParseGlobal(models.PrefixTeam, input.TeamID)
	if err == nil {
		row, err = r.SSO.Disable(ctx, team, text(input.Reason))
	}
	return out, settle(err, &out.UserErrors, "teamId", func() { out.SsoSettings = &row })
}

func (r *mutationResolver) DeleteSsoSettings(ctx context.Context, input model.DeleteSsoSettingsInput) (*model.DeleteSsoSettingsPayload, error) {
	out := &model.DeleteSsoSettingsPayload{ClientMutationID: input.ClientMutationID.Value()}
	var gone sso.SettingsGone
	team, err := models.ParseGlobal(models.PrefixTeam, input.TeamID)
	if err == nil {
		gone, err = r.SSO.DeleteSettings(ctx, team)
	}
	return out, settle(err, &out.UserErrors, "teamId", func() {
		out.SsoSettings, out.DeletedIdentityProviderIds = &gone.Settings, []string{}
		for _, p := range gone.Providers {
			out.DeletedIdentityProviderIds = append(out.DeletedIdentityProviderIds, p.GlobalID())
		}
	})
}

func (r *serviceProviderResolver) LogoutURL(ctx context.Context, obj *model.ServiceProvider) (*string, error) {
	slug, err := r.slug(ctx, obj.TeamID)
	return some(r.SSO.LogoutURL(slug)), err
}

func (r *serviceProviderResolver) Keys(ctx context.Context, obj *model.ServiceProvider) ([]*models.ServiceProviderKey, error) {
	rows, err := must(r.batch(ctx).teamKeys.get(ctx, obj.TeamID))
	if err != nil {
		return nil, err
	}
	return pointers(*rows), nil
}

func (r *ssoSettingsResolver) Team(ctx context.Context, obj *models.SsoSettings) (*models.Team, error) {
	return r.team(ctx, obj.TeamID)
}

func (r *ssoSettingsResolver) EnabledBy(ctx context.Context, obj *models.SsoSettings) (*string, error) {
	return some(obj.EnabledBy), nil
}

func (r *ssoSettingsResolver) LoginURL(ctx context.Context, obj *models.SsoSettings) (string, error) {
	slug, err := r.slug(ctx, obj.TeamID)
	if err != nil {
		return "", err
	}
	return r.SSO.ServiceProvider(slug).LoginURL, nil
}

func (r *ssoSettingsResolver) ServiceProvider(ctx context.Context, obj *models.SsoSettings) (*model.ServiceProvider, error) {
	return r.serviceProvider(ctx, obj.TeamID)
}

func (r *ssoSettingsResolver) IdentityProviders(ctx context.Context, obj *models.SsoSettings) ([]*models.IdentityProvider, error) {
	return r.providers(ctx, obj.TeamID)
}

func (r *ssoSettingsResolver) DefaultIdentityProvider(ctx context.Context, obj *models.SsoSettings) (*models.IdentityProvider, error) {
	if obj.DefaultIdentityProviderID == nil {
		return nil, nil
	}
	return visible(r.provider(ctx, obj.TeamID, *obj.DefaultIdentityProviderID))
}

func (r *ssoSettingsResolver) RoleRules(ctx context.Context, obj *models.SsoSettings) ([]*models.RoleRule, error) {
	rows, err := must(r.batch(ctx).roleRules.get(ctx, obj.TeamID))
	if err != nil {
		return nil, err
	}
	return pointers(*rows), nil
}

func (r *ssoSettingsResolver) Certificates(ctx context.Context, obj *models.SsoSettings) ([]*models.Certificate, error) {
	return r.certificatesOf(ctx, obj.TeamID)
}

func (r *ssoSettingsResolver) DisabledReason(ctx context.Context, obj *models.SsoSettings) (*string, error) {
	return some(obj.DisabledReason), nil
}

func (r *ssoSettingsResolver) EnforcedBy(ctx context.Context, obj *models.SsoSettings) (*string, error) {
	return some(obj.EnforcedBy), nil
}

func (r *ssoSettingsResolver) TestRequired(ctx context.Context, obj *models.SsoSettings) (bool, error) {
	return obj.TestedAt == nil, nil
}

func (r *ssoSettingsResolver) Domains(ctx context.Context, obj *models.SsoSettings) ([]*models.Domain, error) {
	rows, err := must(r.batch(ctx).domains.get(ctx, obj.TeamID))
	if err != nil {
		return nil, err
	}
	return pointers(*rows), nil
}

func (r *ssoSettingsResolver) LoginTests(ctx context.Context, obj *models.SsoSettings, first *int, after *string, last *int, before *string) (*model.LoginTestConnection, error) {
	return r.loginTests(ctx, obj.TeamID, graph.PageArgs{First: first, After: after, Last: last, Before: before})
}

func (r *ssoSettingsResolver) RecoveryCodesLeft(ctx context.Context, obj *models.SsoSettings) (int, error) {
	return r.SSO.RecoveryCodesLeft(ctx, obj.TeamID)
}

func (r *ssoSettingsResolver) BypassMembers(ctx context.Context, obj *models.SsoSettings, first *int, after *string, last *int, before *string) (*model.MembershipConnection, error) {
	return r.groupMembers(ctx, obj.TeamID, sso.GroupBypass, graph.PageArgs{First: first, After: after, Last: last, Before: before})
}

func (r *ssoSettingsResolver) Contact(ctx context.Context, obj *models.SsoSettings) (*string, error) {
	return some(obj.Contact), nil
}

func (r *Resolver) ServiceProvider() graph.ServiceProviderResolver {
	return &serviceProviderResolver{r}
}

func (r *Resolver) SsoSettings() graph.SsoSettingsResolver { return &ssoSettingsResolver{r} }

type (
	serviceProviderResolver struct{ *Resolver }
	ssoSettingsResolver     struct{ *Resolver }
)
