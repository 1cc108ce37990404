package resolvers

import (
	"context"

	"rollcall/graph"
	"rollcall/graph/model"
	"rollcall/models"
)

func (r *mailResolver) Team(ctx context.Context, obj *models.Mail) (*models.Team, error) {
	return r.team(ctx, obj.TeamID)
}

func (r *mailResolver) Kind(ctx context.Context, obj *models.Mail) (*string, error) {
	return maybe(r.batch(ctx).noticeKinds.get(ctx, obj.NoticeID))
}

func (r *mailResolver) Membership(ctx context.Context, obj *models.Mail) (*models.Membership, error) {
	if obj.MembershipID == nil {
		return nil, nil
	}
	return maybe(r.batch(ctx).members.get(ctx, *obj.MembershipID))
}

func (r *mailResolver) LastError(ctx context.Context, obj *models.Mail) (*string, error) {
	return some(obj.LastError), nil
}

func (r *mailConnectionResolver) Edges(ctx context.Context, obj *model.MailConnection) ([]*model.MailEdge, error) {
	return edges(obj.Nodes, obj.At, func(cursor string, node *models.Mail) *model.MailEdge {
		return &model.MailEdge{Cursor: cursor, Node: node}
	}), nil
}

func (r *mailConnectionResolver) TotalCount(ctx context.Context, obj *model.MailConnection) (int, error) {
	return obj.Count(ctx)
}

func (r *Resolver) Mail() graph.MailResolver { return &mailResolver{r} }

func (r *Resolver) MailConnection() graph.MailConnectionResolver { return &mailConnectionResolver{r} }

type (
	mailResolver           struct{ *Resolver }
	mailConnectionResolver struct{ *Resolver }
)
