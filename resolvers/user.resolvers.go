package resolvers

import (
	"context"

	"rollcall/graph"
	"rollcall/models"
)

func (r *userResolver) Name(ctx context.Context, obj *models.User) (*string, error) {
	return some(obj.Name), nil
}

func (r *userResolver) GivenName(ctx context.Context, obj *models.User) (*string, error) {
	return some(obj.GivenName), nil
}

func (r *userResolver) FamilyName(ctx context.Context, obj *models.User) (*string, error) {
	return some(obj.FamilyName), nil
}

func (r *Resolver) User() graph.UserResolver { return &userResolver{r} }

type userResolver struct{ *Resolver }
