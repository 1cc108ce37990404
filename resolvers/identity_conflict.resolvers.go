package resolvers

import (
	"context"

	"rollcall/graph"
	"rollcall/graph/model"
	"rollcall/models"
	"rollcall/roster"
)

func (r *identityConflictResolver) Team(ctx context.Context, obj *models.IdentityConflict) (*models.Team, error) {
	return r.team(ctx, obj.TeamID)
}

func (r *identityConflictResolver) Membership(ctx context.Context, obj *models.IdentityConflict) (*models.Membership, error) {
	return maybe(r.batch(ctx).members.get(ctx, obj.MembershipID))
}

func (r *identityConflictResolver) IdentityProvider(ctx context.Context, obj *models.IdentityConflict) (*models.IdentityProvider, error) {
	return r.providerOf(ctx, &obj.TeamID, &obj.IdentityProviderID)
}

func (r *identityConflictResolver) ResolvedBy(ctx context.Context, obj *models.IdentityConflict) (*string, error) {
	return some(obj.ResolvedBy), nil
}

func (r *identityConflictConnectionResolver) Edges(ctx context.Context, obj *model.IdentityConflictConnection) ([]*model.IdentityConflictEdge, error) {
	return edges(obj.Nodes, obj.At, func(cursor string, node *models.IdentityConflict) *model.IdentityConflictEdge {
		return &model.IdentityConflictEdge{Cursor: cursor, Node: node}
	}), nil
}

func (r *identityConflictConnectionResolver) TotalCount(ctx context.Context, obj *model.IdentityConflictConnection) (int, error) {
	return obj.Count(ctx)
}

func (r *mutationResolver) RelinkExternalIdentity(ctx context.Context, input model.RelinkExternalIdentityInput) (*model.RelinkExternalIdentityPayload, error) {
	out := &model.RelinkExternalIdentityPayload{ClientMutationID: input.ClientMutationID.Value()}
	var done roster.Relinked
	id, err := models.ParseGlobal(models.PrefixIdentityConflict, input.IdentityConflictID)
	if err == nil {
		done, err = r.Roster.Relink(ctx, id)
	}
	return out, settle(err, &out.UserErrors, "identityConflictId", func() {
		out.IdentityConflict, out.Membership = &done.Conflict, &done.Membership
		out.EndedSessions, out.EndedAPIKeys = number(done.Receipt.Sessions), number(done.Receipt.APIKeys)
	})
}

func (r *mutationResolver) DismissIdentityConflict(ctx context.Context, input model.DismissIdentityConflictInput) (*model.DismissIdentityConflictPayload, error) {
	out := &model.DismissIdentityConflictPayload{ClientMutationID: input.ClientMutationID.Value()}
	var row models.IdentityConflict
	id, err := models.ParseGlobal(models.PrefixIdentityConflict, input.IdentityConflictID)
	if err == nil {
		row, err = r.Roster.DismissConflict(ctx, id)
	}
	return out, settle(err, &out.UserErrors, "identityConflictId", func() { out.IdentityConflict = &row })
}

func (r *Resolver) IdentityConflict() graph.IdentityConflictResolver {
	return &identityConflictResolver{r}
}

func (r *Resolver) IdentityConflictConnection() graph.IdentityConflictConnectionResolver {
	return &identityConflictConnectionResolver{r}
}

type (
	identityConflictResolver           struct{ *Resolver }
	identityConflictConnectionResolver struct{ *Resolver }
)
