package resolvers

import (
	"context"

	"rollcall/credential"
	"rollcall/graph"
	"rollcall/graph/model"
	"rollcall/models"
)

func (r *apiKeyResolver) Team(ctx context.Context, obj *models.APIKey) (*models.Team, error) {
	if obj.TeamID == nil {
		return nil, nil
	}
	return visible(r.team(ctx, *obj.TeamID))
}

func (r *apiKeyResolver) User(ctx context.Context, obj *models.APIKey) (*models.User, error) {
	if obj.UserID == nil {
		return nil, nil
	}
	return visible(r.user(ctx, *obj.UserID))
}

func (r *apiKeyConnectionResolver) Edges(ctx context.Context, obj *model.APIKeyConnection) ([]*model.APIKeyEdge, error) {
	return edges(obj.Nodes, obj.At, func(cursor string, node *models.APIKey) *model.APIKeyEdge {
		return &model.APIKeyEdge{Cursor: cursor, Node: node}
	}), nil
}

func (r *apiKeyConnectionResolver) TotalCount(ctx context.Context, obj *model.APIKeyConnection) (int, error) {
	return obj.Count(ctx)
}

func (r *mutationResolver) CreateAPIKey(ctx context.Context, input model.CreateAPIKeyInput) (*model.CreateAPIKeyPayload, error) {
	out := &model.CreateAPIKeyPayload{ClientMutationID: input.ClientMutationID.Value()}
	var key models.APIKey
	var secret string
	in := arguments{}
	team := in.id(models.PrefixTeam, input.TeamID, "teamId")
	member := in.id(models.PrefixMembership, input.MembershipID, "membershipId")
	err := in.err
	if err == nil {
		key, secret, err = r.Credentials.CreateAPIKey(ctx, credential.NewAPIKey{
			TeamID: team, MembershipID: member, Name: input.Name, Scopes: input.Scopes, ExpiresAt: input.ExpiresAt.Value(),
			Networks: input.AllowedNetworks.Value(),
		})
	}
	return out, settle(err, &out.UserErrors, "membershipId", func() { out.APIKey, out.Secret = &key, &secret })
}

func (r *mutationResolver) RevokeAPIKey(ctx context.Context, input model.RevokeAPIKeyInput) (*model.RevokeAPIKeyPayload, error) {
	out := &model.RevokeAPIKeyPayload{ClientMutationID: input.ClientMutationID.Value()}
	var key models.APIKey
	id, err := models.ParseGlobal(models.PrefixAPIKey, input.APIKeyID)
	if err == nil {
		key, err = r.Credentials.RevokeAPIKey(ctx, id)
	}
	return out, settle(err, &out.UserErrors, "apiKeyId", func() { out.APIKey = &key })
}

func (r *mutationResolver) UpdateAPIKey(ctx context.Context, input model.UpdateAPIKeyInput) (*model.UpdateAPIKeyPayload, error) {
	out := &model.UpdateAPIKeyPayload{ClientMutationID: input.ClientMutationID.Value()}
	var key models.APIKey
	in := arguments{}
	id := in.id(models.PrefixAPIKey, input.APIKeyID, "apiKeyId")
	change := credential.APIKeyChange{Name: keep(&in, input.Name, "name"), Scopes: keepList(&in, input.Scopes, "scopes")}
	if networks := input.AllowedNetworks; networks.IsSet() {
		list := networks.Value()
		change.Networks = &list
	}
	err := in.err
	if err == nil {
		key, err = r.Credentials.UpdateAPIKey(ctx, id, change)
	}
	return out, settle(err, &out.UserErrors, "apiKeyId", func() { out.APIKey = &key })
}

func (r *mutationResolver) RotateAPIKey(ctx context.Context, input model.RotateAPIKeyInput) (*model.RotateAPIKeyPayload, error) {
	out := &model.RotateAPIKeyPayload{ClientMutationID: input.ClientMutationID.Value()}
	var made credential.Rotation
	id, err := models.ParseGlobal(models.PrefixAPIKey, input.APIKeyID)
	if err == nil {
		made, err = r.Credentials.RotateAPIKey(ctx, id, minutes(input.OverlapMinutes.Value()), input.ExpiresAt.Value())
	}
	return out, settle(err, &out.UserErrors, "apiKeyId", func() {
		out.APIKey, out.Secret, out.PreviousAPIKey = &made.APIKey, &made.Secret, &made.Previous
	})
}

func (r *Resolver) ApiKey() graph.ApiKeyResolver { return &apiKeyResolver{r} }

func (r *Resolver) ApiKeyConnection() graph.ApiKeyConnectionResolver {
	return &apiKeyConnectionResolver{r}
}

type (
	apiKeyResolver           struct{ *Resolver }
	apiKeyConnectionResolver struct{ *Resolver }
)
