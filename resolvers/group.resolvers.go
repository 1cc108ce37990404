package resolvers

import (
	"context"

	"rollcall/graph"
	"rollcall/graph/model"
	"rollcall/models"
)

func (r *groupResolver) Team(ctx context.Context, obj *models.Group) (*models.Team, error) {
	return r.team(ctx, obj.TeamID)
}

func (r *groupConnectionResolver) Edges(ctx context.Context, obj *model.GroupConnection) ([]*model.GroupEdge, error) {
	return edges(obj.Nodes, obj.At, func(cursor string, n *models.Group) *model.GroupEdge {
		return &model.GroupEdge{Cursor: cursor, Node: n}
	}), nil
}

func (r *groupConnectionResolver) TotalCount(ctx context.Context, obj *model.GroupConnection) (int, error) {
	return obj.Count(ctx)
}

func (r *groupRoleMappingResolver) Group(ctx context.Context, obj *models.GroupRoleMapping) (*models.Group, error) {
	return must(r.batch(ctx).groups.get(ctx, obj.GroupID))
}

func (r *mutationResolver) SetGroupRoleMapping(ctx context.Context, input model.SetGroupRoleMappingInput) (*model.SetGroupRoleMappingPayload, error) {
	out := &model.SetGroupRoleMappingPayload{ClientMutationID: input.ClientMutationID.Value()}
	var row models.GroupRoleMapping
	id, err := models.ParseGlobal(models.PrefixGroup, input.GroupID)
	if err == nil {
		row, err = r.Roster.SetGroupRoleMapping(ctx, id, input.Role)
	}
	return out, settle(err, &out.UserErrors, "groupId", func() { out.GroupRoleMapping = &row })
}

func (r *mutationResolver) RemoveGroupRoleMapping(ctx context.Context, input model.RemoveGroupRoleMappingInput) (*model.RemoveGroupRoleMappingPayload, error) {
	out := &model.RemoveGroupRoleMappingPayload{ClientMutationID: input.ClientMutationID.Value()}
	var row models.Group
	id, err := models.ParseGlobal(models.PrefixGroup, input.GroupID)
	if err == nil {
		row, err = r.Roster.Group(ctx, id)
	}
	if err == nil {
		err = r.Roster.RemoveGroupRoleMapping(ctx, id)
	}
	return out, settle(err, &out.UserErrors, "groupId", func() { out.Group = &row })
}

func (r *Resolver) Group() graph.GroupResolver { return &groupResolver{r} }

func (r *Resolver) GroupConnection() graph.GroupConnectionResolver {
	return &groupConnectionResolver{r}
}

func (r *Resolver) GroupRoleMapping() graph.GroupRoleMappingResolver {
	return &groupRoleMappingResolver{r}
}

type (
	groupResolver            struct{ *Resolver }
	groupConnectionResolver  struct{ *Resolver }
	groupRoleMappingResolver struct{ *Resolver }
)
