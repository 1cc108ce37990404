package resolvers

import (
	"context"

	"rollcall/access"
	"rollcall/graph"
	"rollcall/models"
)

func (r *sessionResolver) Team(ctx context.Context, obj *models.Session) (*models.Team, error) {
	return r.team(ctx, obj.TeamID)
}

func (r *sessionResolver) User(ctx context.Context, obj *models.Session) (*models.User, error) {
	return r.user(ctx, obj.UserID)
}

func (r *sessionResolver) IsCurrent(ctx context.Context, obj *models.Session) (bool, error) {
	a := access.From(ctx)
	return a.Kind == access.Person && a.CredentialID == obj.ID, nil
}

func (r *Resolver) Session() graph.SessionResolver { return &sessionResolver{r} }

type sessionResolver struct{ *Resolver }
