package resolvers

import (
	"context"

	"rollcall/graph"
	"rollcall/graph/model"
	"rollcall/models"
)

func (r *mutationResolver) RotateServiceProviderKey(ctx context.Context, input model.RotateServiceProviderKeyInput) (*model.RotateServiceProviderKeyPayload, error) {
	out := &model.RotateServiceProviderKeyPayload{ClientMutationID: input.ClientMutationID.Value()}
	var key models.ServiceProviderKey
	var sp *model.ServiceProvider
	team, err := models.ParseGlobal(models.PrefixTeam, input.TeamID)
	if err == nil {
		key, err = r.SSO.RotateServiceProviderKey(ctx, team)
	}
	if err == nil {
		sp, err = r.serviceProvider(ctx, team)
	}
	return out, settle(err, &out.UserErrors, "teamId", func() {
		out.ServiceProviderKey, out.ServiceProvider = &key, sp
	})
}

func (r *mutationResolver) RetireServiceProviderKey(ctx context.Context, input model.RetireServiceProviderKeyInput) (*model.RetireServiceProviderKeyPayload, error) {
	out := &model.RetireServiceProviderKeyPayload{ClientMutationID: input.ClientMutationID.Value()}
	var key models.ServiceProviderKey
	var sp *model.ServiceProvider
	id, err := models.ParseGlobal(models.PrefixSPKey, input.ServiceProviderKeyID)
	if err == nil {
		key, err = r.SSO.RetireServiceProviderKey(ctx, id)
	}
	if err == nil {
		sp, err = r.serviceProvider(ctx, key.TeamID)
	}
	return out, settle(err, &out.UserErrors, "serviceProviderKeyId", func() {
		out.DeletedServiceProviderKeyID, out.ServiceProvider = some(key.GlobalID()), sp
	})
}

func (r *serviceProviderKeyResolver) Team(ctx context.Context, obj *models.ServiceProviderKey) (*models.Team, error) {
	return r.team(ctx, obj.TeamID)
}

func (r *serviceProviderKeyResolver) Certificate(ctx context.Context, obj *models.ServiceProviderKey) (string, error) {
	return pemOf(obj.DER), nil
}

func (r *Resolver) ServiceProviderKey() graph.ServiceProviderKeyResolver {
	return &serviceProviderKeyResolver{r}
}

type serviceProviderKeyResolver struct{ *Resolver }
