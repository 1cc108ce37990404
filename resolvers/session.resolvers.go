package resolvers

import (
	"context"

	"rollcall/access"
	"rollcall/graph"
	"rollcall/graph/model"
	"rollcall/models"
)

func (r *mutationResolver) RevokeSession(ctx context.Context, input model.RevokeSessionInput) (*model.RevokeSessionPayload, error) {
	out := &model.RevokeSessionPayload{ClientMutationID: input.ClientMutationID.Value()}
	var row models.Session
	id, err := models.ParseGlobal(models.PrefixSession, input.SessionID)
	if err == nil {
		row, err = r.Credentials.RevokeSession(ctx, id)
	}
	return out, settle(err, &out.UserErrors, "sessionId", func() { out.Session = &row })
}

func (r *sessionResolver) Team(ctx context.Context, obj *models.Session) (*models.Team, error) {
	return r.team(ctx, obj.TeamID)
}

func (r *sessionResolver) User(ctx context.Context, obj *models.Session) (*models.User, error) {
	return r.user(ctx, obj.UserID)
}

func (r *sessionResolver) MfaEvidence(ctx context.Context, obj *models.Session) (*string, error) {
	return some(obj.MfaEvidence), nil
}

func (r *sessionResolver) IsCurrent(ctx context.Context, obj *models.Session) (bool, error) {
	a := access.From(ctx)
	return a.Kind == access.Person && a.CredentialID == obj.ID, nil
}

func (r *sessionConnectionResolver) Edges(ctx context.Context, obj *model.SessionConnection) ([]*model.SessionEdge, error) {
	return edges(obj.Nodes, obj.At, func(cursor string, node *models.Session) *model.SessionEdge {
		return &model.SessionEdge{Cursor: cursor, Node: node}
	}), nil
}

func (r *sessionConnectionResolver) TotalCount(ctx context.Context, obj *model.SessionConnection) (int, error) {
	return obj.Count(ctx)
}

func (r *Resolver) Session() graph.SessionResolver { return &sessionResolver{r} }

func (r *Resolver) SessionConnection() graph.SessionConnectionResolver {
	return &sessionConnectionResolver{r}
}

type (
	sessionResolver           struct{ *Resolver }
	sessionConnectionResolver struct{ *Resolver }
)
