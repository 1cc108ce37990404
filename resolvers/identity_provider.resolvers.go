package resolvers

import (
	"context"

	"rollcall/graph"
	"rollcall/graph/model"
	"rollcall/models"
	"rollcall/sso"
)

func (r *identityProviderResolver) Team(ctx context.Context, obj *models.IdentityProvider) (*models.Team, error) {
	return r.team(ctx, obj.TeamID)
}

func (r *identityProviderResolver) SloURL(ctx context.Context, obj *models.IdentityProvider) (*string, error) {
	return some(obj.SloURL), nil
}

func (r *identityProviderResolver) SloResponseURL(ctx context.Context, obj *models.IdentityProvider) (*string, error) {
	return some(obj.SloResponseURL), nil
}

func (r *identityProviderResolver) RequestedAuthnContext(ctx context.Context, obj *models.IdentityProvider) (*model.RequestedAuthnContext, error) {
	if len(obj.AuthnContextClasses) == 0 {
		return nil, nil
	}
	return &model.RequestedAuthnContext{Classes: obj.AuthnContextClasses, Comparison: obj.AuthnContextComparison}, nil
}

func (r *identityProviderResolver) NameIDFormat(ctx context.Context, obj *models.IdentityProvider) (*string, error) {
	return some(obj.NameIDFormat), nil
}

func (r *identityProviderResolver) LoginHintParameter(ctx context.Context, obj *models.IdentityProvider) (*string, error) {
	return some(obj.LoginHintParameter), nil
}

func (r *identityProviderResolver) Preset(ctx context.Context, obj *models.IdentityProvider) (*model.IdentityProviderPreset, error) {
	return presetOf(obj.Vendor), nil
}

func (r *identityProviderResolver) MetadataSource(ctx context.Context, obj *models.IdentityProvider) (*models.MetadataSource, error) {
	return maybe(r.batch(ctx).sources.get(ctx, obj.ID))
}

func (r *identityProviderResolver) Certificates(ctx context.Context, obj *models.IdentityProvider) ([]*models.Certificate, error) {
	rows, _, err := r.batch(ctx).certificates.get(ctx, obj.ID)
	return pointers(rows), err
}

func (r *identityProviderResolver) ExpiredCertificates(ctx context.Context, obj *models.IdentityProvider, first *int, after *string, last *int, before *string) (*model.CertificateConnection, error) {
	return r.expiredCertificates(ctx, obj.ID, graph.PageArgs{First: first, After: after, Last: last, Before: before})
}

func (r *identityProviderResolver) StagedCertificates(ctx context.Context, obj *models.IdentityProvider) ([]*models.StagedCertificate, error) {
	rows, _, err := r.batch(ctx).staged.get(ctx, obj.ID)
	return pointers(rows), err
}

func (r *mutationResolver) CreateIdentityProvider(ctx context.Context, input model.CreateIdentityProviderInput) (*model.CreateIdentityProviderPayload, error) {
	out := &model.CreateIdentityProviderPayload{ClientMutationID: input.ClientMutationID.Value()}
	var idp models.IdentityProvider
	in := arguments{}
	team, options := in.id(models.PrefixTeam, input.TeamID, "teamId"), in.options(optionFields{
		SsoBinding: input.SsoBinding, SloBinding: input.SloBinding, SloResponseURL: input.SloResponseURL,
		SignAuthnRequests: input.SignAuthnRequests, ForceAuthn: input.ForceAuthn, RequestedAuthnContext: input.RequestedAuthnContext,
		NameIDFormat: input.NameIDFormat, LoginHintParameter: input.LoginHintParameter, AllowSha1Until: input.AllowSha1Until,
		AllowCbc: input.AllowCbc, RequireEncryption: input.RequireEncryption, AllowInclusiveC14n: input.AllowInclusiveC14n, MfaRule: input.MfaRule,
	})
	err := in.err
	if err == nil {
		idp, err = r.SSO.CreateIdentityProvider(ctx, sso.NewIdentityProvider{
			TeamID: team, EntityID: input.EntityID, SsoURL: input.SsoURL, SloURL: text(input.SloURL),
			Certificates: input.Certificates, Vendor: input.Vendor.Value(),
			WantResponseSigned: input.WantResponseSigned.Value(), WantAssertionsSigned: input.WantAssertionsSigned.Value(),
			AttributeMapping: mapping(input.AttributeMapping.Value()), ProviderOptions: options,
		})
	}
	return out, settle(err, &out.UserErrors, "teamId", func() { out.IdentityProvider = &idp })
}

func (r *mutationResolver) ImportMetadata(ctx context.Context, input model.ImportMetadataInput) (*model.ImportMetadataPayload, error) {
	out := &model.ImportMetadataPayload{ClientMutationID: input.ClientMutationID.Value(), Ignored: []string{}}
	var got sso.Imported
	in := arguments{}
	team := in.id(models.PrefixTeam, input.TeamID, "teamId")
	xml, address := in.origin(input.XML, input.File, input.URL)
	err := in.err
	switch {
	case err != nil:
	case address != "":
		got, err = r.SSO.ImportMetadataURLOf(ctx, team, address, text(input.EntityID))
	default:
		got, err = r.SSO.ImportMetadataOf(ctx, team, xml, text(input.EntityID))
		err = aboutFile(err, input.File, "xml")
	}
	return out, settle(err, &out.UserErrors, "teamId", func() {
		out.IdentityProvider, out.Created = &got.IdentityProvider, &got.Created
		out.Ignored = append(out.Ignored, got.Ignored...)
	})
}

func (r *mutationResolver) UpdateIdentityProvider(ctx context.Context, input model.UpdateIdentityProviderInput) (*model.UpdateIdentityProviderPayload, error) {
	out := &model.UpdateIdentityProviderPayload{ClientMutationID: input.ClientMutationID.Value()}
	var idp models.IdentityProvider
	in := arguments{}
	id := in.id(models.PrefixIdentityProvider, input.IdentityProviderID, "identityProviderId")
	change := sso.ProviderChange{
		SsoURL: keep(&in, input.SsoURL, "ssoUrl"), SloURL: orNone(input.SloURL), Vendor: keep(&in, input.Vendor, "vendor"),
		WantResponseSigned:   keep(&in, input.WantResponseSigned, "wantResponseSigned"),
		WantAssertionsSigned: keep(&in, input.WantAssertionsSigned, "wantAssertionsSigned"),
		AttributeMapping:     wholeMapping(input.AttributeMapping), Revision: input.Revision.Value(),
		ProviderOptions: in.options(optionFields{
			SsoBinding: input.SsoBinding, SloBinding: input.SloBinding, SloResponseURL: input.SloResponseURL,
			SignAuthnRequests: input.SignAuthnRequests, ForceAuthn: input.ForceAuthn, RequestedAuthnContext: input.RequestedAuthnContext,
			NameIDFormat: input.NameIDFormat, LoginHintParameter: input.LoginHintParameter, AllowSha1Until: input.AllowSha1Until,
			AllowCbc: input.AllowCbc, RequireEncryption: input.RequireEncryption, AllowInclusiveC14n: input.AllowInclusiveC14n, MfaRule: input.MfaRule,
		}),
	}
	err := in.err
	if err == nil {
		idp, err = r.SSO.UpdateIdentityProvider(ctx, id, change)
	}
	return out, settle(err, &out.UserErrors, "identityProviderId", func() { out.IdentityProvider = &idp })
}

func (r *mutationResolver) DeleteIdentityProvider(ctx context.Context, input model.DeleteIdentityProviderInput) (*model.DeleteIdentityProviderPayload, error) {
	out := &model.DeleteIdentityProviderPayload{ClientMutationID: input.ClientMutationID.Value()}
	var gone sso.ProviderGone
	id, err := models.ParseGlobal(models.PrefixIdentityProvider, input.IdentityProviderID)
	if err == nil {
		gone, err = r.SSO.DeleteIdentityProvider(ctx, id)
	}
	return out, settle(err, &out.UserErrors, "identityProviderId", func() {
		out.DeletedIdentityProviderID, out.SsoSettings = some(gone.IdentityProvider.GlobalID()), &gone.Settings
		out.EndedSessions = number(gone.Sessions)
	})
}

func (r *mutationResolver) PreviewMetadata(ctx context.Context, input model.PreviewMetadataInput) (*model.PreviewMetadataPayload, error) {
	out := &model.PreviewMetadataPayload{ClientMutationID: input.ClientMutationID.Value()}
	var seen sso.Preview
	in := arguments{}
	team := in.id(models.PrefixTeam, input.TeamID, "teamId")
	xml, address := in.origin(input.XML, input.File, input.URL)
	err := in.err
	switch {
	case err != nil:
	case address != "":
		seen, err = r.SSO.PreviewMetadataURLOf(ctx, team, address, text(input.EntityID))
	default:
		seen, err = r.SSO.PreviewMetadataOf(ctx, team, xml, text(input.EntityID))
		err = aboutFile(err, input.File, "xml")
	}
	return out, settle(err, &out.UserErrors, "teamId", func() { out.Preview = preview(seen, r.Now()) })
}

func (r *Resolver) IdentityProvider() graph.IdentityProviderResolver {
	return &identityProviderResolver{r}
}

type identityProviderResolver struct{ *Resolver }
