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

func (r *identityProviderResolver) Certificates(ctx context.Context, obj *models.IdentityProvider) ([]*models.Certificate, error) {
	rows, _, err := r.batch(ctx).certificates.get(ctx, obj.ID)
	return pointers(rows), err
}

func (r *mutationResolver) CreateIdentityProvider(ctx context.Context, input model.CreateIdentityProviderInput) (*model.CreateIdentityProviderPayload, error) {
	out := &model.CreateIdentityProviderPayload{ClientMutationID: input.ClientMutationID.Value()}
	var idp models.IdentityProvider
	team, err := models.ParseGlobal(models.PrefixTeam, input.TeamID)
	if err == nil {
		idp, err = r.SSO.CreateIdentityProvider(ctx, sso.NewIdentityProvider{
			TeamID: team, EntityID: input.EntityID, SsoURL: input.SsoURL, SloURL: text(input.SloURL),
			Certificates: input.Certificates, Vendor: input.Vendor.Value(),
			WantResponseSigned: input.WantResponseSigned.Value(), WantAssertionsSigned: input.WantAssertionsSigned.Value(),
			AttributeMapping: mapping(input.AttributeMapping.Value()),
		})
	}
	return out, settle(err, &out.UserErrors, "teamId", func() { out.IdentityProvider = &idp })
}

func (r *mutationResolver) ImportMetadata(ctx context.Context, input model.ImportMetadataInput) (*model.ImportMetadataPayload, error) {
	out := &model.ImportMetadataPayload{ClientMutationID: input.ClientMutationID.Value(), Ignored: []string{}}
	var got sso.Imported
	team, err := models.ParseGlobal(models.PrefixTeam, input.TeamID)
	if err == nil {
		got, err = r.SSO.ImportMetadata(ctx, team, input.XML)
	}
	return out, settle(err, &out.UserErrors, "teamId", func() {
		out.IdentityProvider, out.Created = &got.IdentityProvider, &got.Created
		out.Ignored = append(out.Ignored, got.Ignored...)
	})
}

func (r *Resolver) IdentityProvider() graph.IdentityProviderResolver {
	return &identityProviderResolver{r}
}

type identityProviderResolver struct{ *Resolver }
