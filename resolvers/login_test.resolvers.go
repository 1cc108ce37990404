package resolvers

import (
	"context"

	"rollcall/access"
	"rollcall/fault"
	"rollcall/graph"
	"rollcall/graph/model"
	"rollcall/models"
)

func (r *loginTestResolver) Team(ctx context.Context, obj *models.LoginTest) (*models.Team, error) {
	return r.team(ctx, obj.TeamID)
}

func (r *loginTestResolver) IdentityProvider(ctx context.Context, obj *models.LoginTest) (*models.IdentityProvider, error) {
	return r.providerOf(ctx, &obj.TeamID, &obj.IdentityProviderID)
}

func (r *loginTestResolver) State(ctx context.Context, obj *models.LoginTest) (model.LoginTestState, error) {
	return testState(obj, r.Now()), nil
}

func (r *loginTestResolver) URL(ctx context.Context, obj *models.LoginTest) (*string, error) {
	if !access.From(ctx).Can(access.SsoWrite, obj.TeamID) {
		return nil, nil
	}
	address, err := r.SSO.LoginTestURL(*obj)
	return some(address), err
}

func (r *loginTestResolver) Code(ctx context.Context, obj *models.LoginTest) (*string, error) {
	return some(obj.Code), nil
}

func (r *loginTestResolver) Explanation(ctx context.Context, obj *models.LoginTest) (*string, error) {
	return some(fault.Code(obj.Code).Meaning()), nil
}

func (r *loginTestResolver) Advice(ctx context.Context, obj *models.LoginTest) (*string, error) {
	return some(fault.Code(obj.Code).Advice()), nil
}

func (r *loginTestResolver) Effect(ctx context.Context, obj *models.LoginTest) (*model.LoginTestEffect, error) {
	if obj.Effect == "" {
		return nil, nil
	}
	effect := model.LoginTestEffect(obj.Effect)
	return &effect, nil
}

func (r *loginTestResolver) Attempt(ctx context.Context, obj *models.LoginTest) (*models.LoginAttempt, error) {
	if obj.AttemptID == nil {
		return nil, nil
	}
	return maybe(r.batch(ctx).attempts.get(ctx, *obj.AttemptID))
}

func (r *loginTestResolver) Checks(ctx context.Context, obj *models.LoginTest) ([]*model.LoginCheck, error) {
	return loginChecks(obj.Checks), nil
}

func (r *loginTestResolver) Profile(ctx context.Context, obj *models.LoginTest) (*model.LoginTestProfile, error) {
	return testProfile(obj), nil
}

func (r *loginTestResolver) Current(ctx context.Context, obj *models.LoginTest) (bool, error) {
	settings, err := must(r.batch(ctx).settings.get(ctx, obj.TeamID))
	if err != nil {
		return false, err
	}
	return settings.TrustRevision == obj.TrustRevision, nil
}

func (r *loginTestConnectionResolver) Edges(ctx context.Context, obj *model.LoginTestConnection) ([]*model.LoginTestEdge, error) {
	return edges(obj.Nodes, obj.At, func(cursor string, node *models.LoginTest) *model.LoginTestEdge {
		return &model.LoginTestEdge{Cursor: cursor, Node: node}
	}), nil
}

func (r *loginTestConnectionResolver) TotalCount(ctx context.Context, obj *model.LoginTestConnection) (int, error) {
	return obj.Count(ctx)
}

func (r *mutationResolver) StartLoginTest(ctx context.Context, input model.StartLoginTestInput) (*model.StartLoginTestPayload, error) {
	out := &model.StartLoginTestPayload{ClientMutationID: input.ClientMutationID.Value()}
	var row models.LoginTest
	in := arguments{}
	team := in.id(models.PrefixTeam, input.TeamID, "teamId")
	var provider *models.ID
	if p := input.IdentityProviderID.Value(); p != nil {
		id := in.id(models.PrefixIdentityProvider, *p, "identityProviderId")
		provider = &id
	}
	err := in.err
	if err == nil {
		row, err = r.SSO.StartLoginTest(ctx, team, provider)
	}
	return out, settle(err, &out.UserErrors, "teamId", func() { out.LoginTest = &row })
}

func (r *subscriptionResolver) LoginTestFinished(ctx context.Context, testID string) (<-chan *models.LoginTest, error) {
	id, err := models.ParseGlobal(models.PrefixLoginTest, testID)
	if err != nil {
		return nil, err
	}
	return r.followTest(ctx, id)
}

func (r *Resolver) LoginTest() graph.LoginTestResolver { return &loginTestResolver{r} }

func (r *Resolver) LoginTestConnection() graph.LoginTestConnectionResolver {
	return &loginTestConnectionResolver{r}
}

type (
	loginTestResolver           struct{ *Resolver }
	loginTestConnectionResolver struct{ *Resolver }
)
