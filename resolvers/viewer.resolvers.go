package resolvers

import (
	"context"

	"rollcall/access"
	"rollcall/graph"
	"rollcall/graph/model"
	"rollcall/models"
)

func (r *mutationResolver) UpdateViewer(ctx context.Context, input model.UpdateViewerInput) (*model.UpdateViewerPayload, error) {
	out := &model.UpdateViewerPayload{ClientMutationID: input.ClientMutationID.Value()}
	var user models.User
	var err error
	if input.Language.IsSet() {
		user, err = r.Roster.SetLanguage(ctx, text(input.Language))
	} else {
		user, err = r.Roster.User(ctx, access.From(ctx).UserID)
	}
	return out, settle(err, &out.UserErrors, "language", func() { out.User = &user })
}

func (r *queryResolver) Viewer(ctx context.Context) (*model.Viewer, error) {
	return viewer(access.From(ctx)), nil
}

func (r *viewerResolver) User(ctx context.Context, obj *model.Viewer) (*models.User, error) {
	if id := access.From(ctx).UserID; id != "" {
		return visible(r.user(ctx, id))
	}
	return nil, nil
}

func (r *viewerResolver) Membership(ctx context.Context, obj *model.Viewer) (*models.Membership, error) {
	if id := access.From(ctx).MembershipID; id != "" {
		return hidden(r.Roster.Membership(ctx, id))
	}
	return nil, nil
}

func (r *viewerResolver) MailLanguage(ctx context.Context, obj *model.Viewer) (*string, error) {
	if id := access.From(ctx).UserID; id != "" {
		u, err := r.user(ctx, id)
		if err != nil || u == nil {
			return nil, err
		}
		return some(u.Language), nil
	}
	return nil, nil
}

func (r *viewerResolver) Session(ctx context.Context, obj *model.Viewer) (*models.Session, error) {
	if a := access.From(ctx); a.Kind == access.Person {
		return hidden(r.Credentials.Session(ctx, a.CredentialID))
	}
	return nil, nil
}

func (r *viewerResolver) APIKey(ctx context.Context, obj *model.Viewer) (*models.APIKey, error) {
	if a := access.From(ctx); a.Kind == access.Key || a.Kind == access.Operator {
		return hidden(r.Credentials.APIKey(ctx, a.CredentialID))
	}
	return nil, nil
}

func (r *Resolver) Query() graph.QueryResolver { return &queryResolver{r} }

func (r *Resolver) Viewer() graph.ViewerResolver { return &viewerResolver{r} }

type (
	queryResolver  struct{ *Resolver }
	viewerResolver struct{ *Resolver }
)
