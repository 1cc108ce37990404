package resolvers

import (
	"context"

	"rollcall/graph"
	"rollcall/graph/model"
	"rollcall/models"
	"rollcall/sso"
)

func (r *metadataSourceResolver) LastError(ctx context.Context, obj *models.MetadataSource) (*string, error) {
	return some(obj.LastError), nil
}

func (r *mutationResolver) RefreshMetadata(ctx context.Context, input model.RefreshMetadataInput) (*model.RefreshMetadataPayload, error) {
	out := &model.RefreshMetadataPayload{ClientMutationID: input.ClientMutationID.Value(), TrustedFingerprints: []string{}, StagedFingerprints: []string{}}
	var got sso.Refreshed
	var idp models.IdentityProvider
	id, err := models.ParseGlobal(models.PrefixIdentityProvider, input.IdentityProviderID)
	if err == nil {
		got, err = r.SSO.RefreshMetadata(ctx, id)
	}
	if err == nil {
		idp, err = r.SSO.IdentityProvider(ctx, id)
	}
	return out, settle(err, &out.UserErrors, "identityProviderId", func() {
		out.IdentityProvider, out.Unchanged, out.Problem = &idp, &got.Unchanged, some(got.Problem)
		out.TrustedFingerprints, out.StagedFingerprints = list(got.Trusted), list(got.Staged)
	})
}

func (r *mutationResolver) ForgetMetadataURL(ctx context.Context, input model.ForgetMetadataURLInput) (*model.ForgetMetadataURLPayload, error) {
	out := &model.ForgetMetadataURLPayload{ClientMutationID: input.ClientMutationID.Value()}
	var idp models.IdentityProvider
	id, err := models.ParseGlobal(models.PrefixIdentityProvider, input.IdentityProviderID)
	if err == nil {
		err = r.SSO.ForgetMetadataURL(ctx, id)
	}
	if err == nil {
		idp, err = r.SSO.IdentityProvider(ctx, id)
	}
	return out, settle(err, &out.UserErrors, "identityProviderId", func() {
		out.IdentityProvider = &idp
	})
}

func (r *Resolver) MetadataSource() graph.MetadataSourceResolver { return &metadataSourceResolver{r} }

type metadataSourceResolver struct{ *Resolver }
