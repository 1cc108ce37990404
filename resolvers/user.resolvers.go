package resolvers

import (
	"context"

	"rollcall/graph"
	"rollcall/models"
)

func (r *userResolver) ManagedBy(ctx context.Context, obj *models.User) (*models.Team, error) {
	if obj.ManagedByTeamID == nil {
		return nil, nil
	}
	return maybe(r.batch(ctx).teams.get(ctx, *obj.ManagedByTeamID))
}

func (r *Resolver) User() graph.UserResolver { return &userResolver{r} }

type userResolver struct{ *Resolver }
