package resolvers

import (
	"context"

	"rollcall/access"
	"rollcall/credential"
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

func (r *mutationResolver) UpdateTeam(ctx context.Context, input model.UpdateTeamInput) (*model.UpdateTeamPayload, error) {
	out := &model.UpdateTeamPayload{ClientMutationID: input.ClientMutationID.Value()}
	var team models.Team
	in := arguments{}
	id := in.id(models.PrefixTeam, input.TeamID, "teamId")
	change := roster.TeamChange{Name: keep(&in, input.Name, "name"), Plan: keep(&in, input.Plan, "plan"), Revision: input.Revision.Value()}
	err := in.err
	if err == nil {
		team, err = r.Roster.UpdateTeam(ctx, id, change)
	}
	return out, settle(err, &out.UserErrors, "teamId", func() { out.Team = r.knownTeam(ctx, &team) })
}

func (r *mutationResolver) DeleteTeam(ctx context.Context, input model.DeleteTeamInput) (*model.DeleteTeamPayload, error) {
	out := &model.DeleteTeamPayload{ClientMutationID: input.ClientMutationID.Value()}
	var gone roster.TeamReceipt
	id, err := models.ParseGlobal(models.PrefixTeam, input.TeamID)
	if err == nil {
		gone, err = r.Roster.DeleteTeam(ctx, id, input.ConfirmSlug)
	}
	return out, settle(err, &out.UserErrors, "teamId", func() {
		out.DeletedTeamID, out.EndedMemberships, out.EndedSessions = &input.TeamID, number(gone.Memberships), number(gone.Sessions)
		out.EndedAPIKeys, out.EndedScimTokens = number(gone.APIKeys), number(gone.ScimTokens)
	})
}

func (r *queryResolver) Team(ctx context.Context, slug string) (*models.Team, error) {
	team, err := hidden(r.Roster.TeamBySlug(ctx, slug))
	return r.knownTeam(ctx, team), err
}

func (r *queryResolver) Teams(ctx context.Context, first *int, after *string, last *int, before *string) (*model.TeamConnection, error) {
	return r.teams(ctx, graph.PageArgs{First: first, After: after, Last: last, Before: before})
}

func (r *teamResolver) Memberships(ctx context.Context, obj *models.Team, first *int, after *string, last *int, before *string, filter *model.MembershipFilter, orderBy *model.MembershipOrder) (*model.MembershipConnection, error) {
	return r.memberships(ctx, obj.ID, graph.PageArgs{First: first, After: after, Last: last, Before: before}, filter, orderBy)
}

func (r *teamResolver) SsoSettings(ctx context.Context, obj *models.Team) (*models.SsoSettings, error) {
	return maybe(r.batch(ctx).settings.get(ctx, obj.ID))
}

func (r *teamResolver) ScimTokens(ctx context.Context, obj *models.Team) ([]*models.ScimToken, error) {
	rows, found, err := r.batch(ctx).tokensOfTeam.get(ctx, obj.ID)
	if err != nil || !found {
		return nil, err
	}
	return pointers(rows), nil
}

func (r *teamResolver) ProvisioningSettings(ctx context.Context, obj *models.Team) (*models.ProvisioningSettings, error) {
	return hidden(r.Roster.ProvisioningSettings(ctx, obj.ID))
}

func (r *teamResolver) NotificationSettings(ctx context.Context, obj *models.Team) (*models.NotificationSettings, error) {
	return maybe(r.batch(ctx).notifications.get(ctx, obj.ID))
}

func (r *teamResolver) Mails(ctx context.Context, obj *models.Team, first *int, after *string, last *int, before *string, states []models.MailState) (*model.MailConnection, error) {
	return r.mails(ctx, obj.ID, graph.PageArgs{First: first, After: after, Last: last, Before: before}, states)
}

func (r *teamResolver) Groups(ctx context.Context, obj *models.Team, first *int, after *string, last *int, before *string) (*model.GroupConnection, error) {
	return r.groups(ctx, obj.ID, graph.PageArgs{First: first, After: after, Last: last, Before: before})
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

func (r *teamResolver) ScimCalls(ctx context.Context, obj *models.Team, first *int, after *string, last *int, before *string) (*model.ScimCallConnection, error) {
	return r.scimCalls(ctx, obj.ID, graph.PageArgs{First: first, After: after, Last: last, Before: before})
}

func (r *teamResolver) ViewerPermissions(ctx context.Context, obj *models.Team) (*model.TeamPermissions, error) {
	return permissions(access.From(ctx), obj.ID), nil
}

func (r *teamResolver) Sessions(ctx context.Context, obj *models.Team, first *int, after *string, last *int, before *string) (*model.SessionConnection, error) {
	return r.sessions(ctx, credential.Holder{Team: obj.ID}, graph.PageArgs{First: first, After: after, Last: last, Before: before})
}

func (r *teamResolver) APIKeys(ctx context.Context, obj *models.Team, first *int, after *string, last *int, before *string) (*model.APIKeyConnection, error) {
	return r.apiKeys(ctx, credential.Holder{Team: obj.ID}, graph.PageArgs{First: first, After: after, Last: last, Before: before})
}

func (r *teamResolver) AuditEvents(ctx context.Context, obj *models.Team, first *int, after *string, last *int, before *string, filter *model.AuditEventFilter, direction *model.OrderDirection) (*model.AuditEventConnection, error) {
	return r.events(ctx, obj.ID, graph.PageArgs{First: first, After: after, Last: last, Before: before}, filter, direction)
}

func (r *teamResolver) LoginAttempts(ctx context.Context, obj *models.Team, first *int, after *string, last *int, before *string, filter *model.LoginAttemptFilter) (*model.LoginAttemptConnection, error) {
	return r.attempts(ctx, obj.ID, graph.PageArgs{First: first, After: after, Last: last, Before: before}, filter)
}

func (r *teamResolver) IdentityConflicts(ctx context.Context, obj *models.Team, first *int, after *string, last *int, before *string, filter *model.IdentityConflictFilter) (*model.IdentityConflictConnection, error) {
	return r.conflicts(ctx, obj.ID, graph.PageArgs{First: first, After: after, Last: last, Before: before}, filter)
}

func (r *teamConnectionResolver) Edges(ctx context.Context, obj *model.TeamConnection) ([]*model.TeamEdge, error) {
	return edges(obj.Nodes, obj.At, func(cursor string, node *models.Team) *model.TeamEdge {
		return &model.TeamEdge{Cursor: cursor, Node: node}
	}), nil
}

func (r *teamConnectionResolver) TotalCount(ctx context.Context, obj *model.TeamConnection) (int, error) {
	return obj.Count(ctx)
}

func (r *teamPermissionsResolver) Checks(ctx context.Context, obj *model.TeamPermissions) ([]*model.PermissionCheck, error) {
	return permissionChecks(ctx, obj.TeamID), nil
}

func (r *Resolver) Mutation() graph.MutationResolver { return &mutationResolver{r} }

func (r *Resolver) Team() graph.TeamResolver { return &teamResolver{r} }

func (r *Resolver) TeamConnection() graph.TeamConnectionResolver { return &teamConnectionResolver{r} }

func (r *Resolver) TeamPermissions() graph.TeamPermissionsResolver {
	return &teamPermissionsResolver{r}
}

type (
	mutationResolver        struct{ *Resolver }
	teamResolver            struct{ *Resolver }
	teamConnectionResolver  struct{ *Resolver }
	teamPermissionsResolver struct{ *Resolver }
)
