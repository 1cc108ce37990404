package resolvers

import (
	"context"

	"rollcall/access"
	"rollcall/graph"
	"rollcall/graph/model"
	"rollcall/models"
	"rollcall/roster"
)

func (r *mutationResolver) CreateTeam(ctx context.Context, input model.CreateTeamInput) (*model.CreateTeamPayload, error) {
	out := &model.CreateTeamPayload{ClientMutationID: input.ClientMutationID.Value()}
	team, err := r.Roster.CreateTeam(ctx, roster.NewTeam{Slug: input.Slug, Name: input.Name, Plan: input.Plan})
	return out, settle(err, &out.UserErrors, "", func() { out.Team = r.knownTeam(ctx, &team) })
}

func (r *queryResolver) Team(ctx context.Context, slug string) (*models.Team, error) {
	team, err := hidden(r.Roster.TeamBySlug(ctx, slug))
	return r.knownTeam(ctx, team), err
}

func (r *queryResolver) Teams(ctx context.Context, first *int, after *string) (*model.TeamConnection, error) {
	return r.teams(ctx, first, after)
}

func (r *teamResolver) Memberships(ctx context.Context, obj *models.Team, first *int, after *string) (*model.MembershipConnection, error) {
	return r.memberships(ctx, obj.ID, first, after)
}

func (r *teamResolver) SsoSettings(ctx context.Context, obj *models.Team) (*models.SsoSettings, error) {
	return hidden(r.SSO.Settings(ctx, obj.ID))
}

func (r *teamResolver) ScimTokens(ctx context.Context, obj *models.Team) ([]*models.ScimToken, error) {
	rows, err := hidden(r.Credentials.ScimTokens(ctx, obj.ID))
	if err != nil || rows == nil {
		return nil, err
	}
	return pointers(*rows), nil
}

func (r *teamResolver) ProvisioningSettings(ctx context.Context, obj *models.Team) (*models.ProvisioningSettings, error) {
	return hidden(r.Roster.ProvisioningSettings(ctx, obj.ID))
}

func (r *teamResolver) Groups(ctx context.Context, obj *models.Team, first *int, after *string) (*model.GroupConnection, error) {
	return r.groups(ctx, obj.ID, first, after)
}

func (r *teamResolver) GroupRoleMappings(ctx context.Context, obj *models.Team) ([]*models.GroupRoleMapping, error) {
	rows, err := hidden(r.Roster.GroupRoleMappings(ctx, obj.ID))
	if err != nil || rows == nil {
		return nil, err
	}
	for _, m := range *rows {
		r.batch(ctx).groups.want(m.GroupID)
	}
	return pointers(*rows), nil
}

func (r *teamResolver) ScimCalls(ctx context.Context, obj *models.Team, first *int, after *string) (*model.ScimCallConnection, error) {
	return r.scimCalls(ctx, obj.ID, first, after)
}

func (r *teamResolver) ViewerPermissions(ctx context.Context, obj *models.Team) (*model.TeamPermissions, error) {
	return permissions(access.From(ctx), obj.ID), nil
}

func (r *teamConnectionResolver) TotalCount(ctx context.Context, obj *model.TeamConnection) (int, error) {
	return r.Roster.CountTeams(ctx)
}

func (r *Resolver) Mutation() graph.MutationResolver { return &mutationResolver{r} }

func (r *Resolver) Team() graph.TeamResolver { return &teamResolver{r} }

func (r *Resolver) TeamConnection() graph.TeamConnectionResolver { return &teamConnectionResolver{r} }

type (
	mutationResolver       struct{ *Resolver }
	teamResolver           struct{ *Resolver }
	teamConnectionResolver struct{ *Resolver }
)
