package resolvers

import (
	"context"

	"rollcall/graph"
	"rollcall/models"
)

func (r *externalIdentityResolver) NameIDFormat(ctx context.Context, obj *models.ExternalIdentity) (*string, error) {
	return some(obj.NameIDFormat), nil
}

func (r *Resolver) ExternalIdentity() graph.ExternalIdentityResolver {
	return &externalIdentityResolver{r}
}

type externalIdentityResolver struct{ *Resolver }
