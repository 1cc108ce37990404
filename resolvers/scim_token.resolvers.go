package resolvers

import (
	"context"
	"time"

	"rollcall/credential"
	"rollcall/fault"
	"rollcall/graph"
	"rollcall/graph/model"
	"rollcall/models"
)

func (r *createScimTokenPayloadResolver) BaseURL(ctx context.Context, obj *model.CreateScimTokenPayload) (*string, error) {
	if obj.ScimToken == nil {
		return nil, nil
	}
	slug, err := r.slug(ctx, obj.ScimToken.TeamID)
	if err != nil {
		return nil, err
	}
	return some(r.SSO.BaseURL + "/scim/" + slug + "/v2"), nil
}

func (r *mutationResolver) CreateScimToken(ctx context.Context, input model.CreateScimTokenInput) (*model.CreateScimTokenPayload, error) {
	out := &model.CreateScimTokenPayload{ClientMutationID: input.ClientMutationID.Value()}
	var token models.ScimToken
	var secret string
	team, err := models.ParseGlobal(models.PrefixTeam, input.TeamID)
	if err == nil {
		token, secret, err = r.Credentials.CreateScimToken(ctx, credential.NewScimToken{
			TeamID: team, Name: input.Name, ExpiresAt: input.ExpiresAt.Value(),
		})
	}
	return out, settle(err, &out.UserErrors, "teamId", func() { out.ScimToken, out.Secret = &token, &secret })
}

func (r *mutationResolver) RotateScimToken(ctx context.Context, input model.RotateScimTokenInput) (*model.RotateScimTokenPayload, error) {
	out := &model.RotateScimTokenPayload{ClientMutationID: input.ClientMutationID.Value()}
	var done credential.TokenRotation
	in := arguments{}
	id := in.id(models.PrefixScimToken, input.ScimTokenID, "scimTokenId")
	hours := keep(&in, input.OverlapHours, "overlapHours")
	err := in.err
	if err == nil && (*hours < 0 || *hours > 720) {
		err = fault.New(fault.InvalidValue, "The old token can live on for 0 to 720 hours.").On("overlapHours")
	}
	if err == nil {
		done, err = r.Credentials.RotateScimToken(ctx, id, time.Duration(*hours)*time.Hour)
	}
	return out, settle(err, &out.UserErrors, "scimTokenId", func() {
		out.ScimToken, out.Secret, out.Previous = &done.Token, &done.Secret, &done.Previous
	})
}

func (r *mutationResolver) RevokeScimToken(ctx context.Context, input model.RevokeScimTokenInput) (*model.RevokeScimTokenPayload, error) {
	out := &model.RevokeScimTokenPayload{ClientMutationID: input.ClientMutationID.Value()}
	var token models.ScimToken
	id, err := models.ParseGlobal(models.PrefixScimToken, input.ScimTokenID)
	if err == nil {
		token, err = r.Credentials.RevokeScimToken(ctx, id)
	}
	return out, settle(err, &out.UserErrors, "scimTokenId", func() { out.ScimToken = &token })
}

func (r *scimTokenResolver) Team(ctx context.Context, obj *models.ScimToken) (*models.Team, error) {
	return r.team(ctx, obj.TeamID)
}

func (r *Resolver) CreateScimTokenPayload() graph.CreateScimTokenPayloadResolver {
	return &createScimTokenPayloadResolver{r}
}

func (r *Resolver) ScimToken() graph.ScimTokenResolver { return &scimTokenResolver{r} }

type (
	createScimTokenPayloadResolver struct{ *Resolver }
	scimTokenResolver              struct{ *Resolver }
)
