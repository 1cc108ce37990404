package resolvers

import (
	"context"

	"rollcall/graph"
	"rollcall/graph/model"
	"rollcall/models"
)

func (r *scimCallResolver) ScimType(ctx context.Context, obj *models.ScimCall) (*string, error) {
	return some(obj.ScimType), nil
}

func (r *scimCallResolver) Detail(ctx context.Context, obj *models.ScimCall) (*string, error) {
	return some(obj.Detail), nil
}

func (r *scimCallResolver) RequestBody(ctx context.Context, obj *models.ScimCall) (*string, error) {
	return some(obj.Body), nil
}

func (r *scimCallResolver) UserAgent(ctx context.Context, obj *models.ScimCall) (*string, error) {
	return some(obj.UserAgent), nil
}

func (r *scimCallConnectionResolver) Edges(ctx context.Context, obj *model.ScimCallConnection) ([]*model.ScimCallEdge, error) {
	return edges(obj.Nodes, obj.At, func(cursor string, n *models.ScimCall) *model.ScimCallEdge {
		return &model.ScimCallEdge{Cursor: cursor, Node: n}
	}), nil
}

func (r *scimCallConnectionResolver) TotalCount(ctx context.Context, obj *model.ScimCallConnection) (int, error) {
	return obj.Count(ctx)
}

func (r *Resolver) ScimCall() graph.ScimCallResolver { return &scimCallResolver{r} }

func (r *Resolver) ScimCallConnection() graph.ScimCallConnectionResolver {
	return &scimCallConnectionResolver{r}
}

type (
	scimCallResolver           struct{ *Resolver }
	scimCallConnectionResolver struct{ *Resolver }
)
