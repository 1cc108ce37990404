package resolvers

import (
	"context"

	"rollcall/access"
	"rollcall/graph"
	"rollcall/graph/model"
	"rollcall/models"
)

func (r *auditEventResolver) Team(ctx context.Context, obj *models.AuditEvent) (*models.Team, error) {
	if obj.TeamID == nil {
		return nil, nil
	}
	return visible(r.team(ctx, *obj.TeamID))
}

func (r *auditEventResolver) ActorKind(ctx context.Context, obj *models.AuditEvent) (model.ActorKind, error) {
	return model.ActorKind(obj.ActorKind), nil
}

func (r *auditEventResolver) Actor(ctx context.Context, obj *models.AuditEvent) (model.Actor, error) {
	return r.actorOf(ctx, obj)
}

func (r *auditEventResolver) Target(ctx context.Context, obj *models.AuditEvent) (model.Node, error) {
	return r.targetOf(ctx, obj)
}

func (r *auditEventResolver) TargetID(ctx context.Context, obj *models.AuditEvent) (*string, error) {
	if obj.TargetID == nil {
		return nil, nil
	}
	return some(models.Global(models.Prefix(obj.TargetKind), *obj.TargetID)), nil
}

func (r *auditEventResolver) Details(ctx context.Context, obj *models.AuditEvent) ([]*models.AuditDetail, error) {
	return factsOf(obj), nil
}

func (r *auditEventResolver) Changes(ctx context.Context, obj *models.AuditEvent) ([]*model.Change, error) {
	return changesOf(obj), nil
}

func (r *auditEventResolver) IP(ctx context.Context, obj *models.AuditEvent) (*string, error) {
	return some(obj.IP), nil
}

func (r *auditEventResolver) RequestID(ctx context.Context, obj *models.AuditEvent) (*string, error) {
	return some(obj.RequestID), nil
}

func (r *auditEventConnectionResolver) Edges(ctx context.Context, obj *model.AuditEventConnection) ([]*model.AuditEventEdge, error) {
	return edges(obj.Nodes, obj.At, func(cursor string, node *models.AuditEvent) *model.AuditEventEdge {
		return &model.AuditEventEdge{Cursor: cursor, Node: node}
	}), nil
}

func (r *auditEventConnectionResolver) TotalCount(ctx context.Context, obj *model.AuditEventConnection) (int, error) {
	return obj.Count(ctx)
}

func (r *queryResolver) AuditEvents(ctx context.Context, first *int, after *string, last *int, before *string, filter *model.AuditEventFilter, teamID *string, direction *model.OrderDirection) (*model.AuditEventConnection, error) {
	var team models.ID
	if teamID != nil {
		var err error
		if team, err = models.ParseGlobal(models.PrefixTeam, *teamID); err != nil {
			return nil, nil
		}
	}
	if !access.From(ctx).Can(access.TeamsRead, "") {
		return nil, nil
	}
	return r.events(ctx, team, graph.PageArgs{First: first, After: after, Last: last, Before: before}, filter, direction)
}

func (r *subscriptionResolver) AuditEventAdded(ctx context.Context, teamID string) (<-chan *models.AuditEvent, error) {
	id, err := models.ParseGlobal(models.PrefixTeam, teamID)
	if err != nil {
		return nil, err
	}
	return r.follow(ctx, id)
}

func (r *Resolver) AuditEvent() graph.AuditEventResolver { return &auditEventResolver{r} }

func (r *Resolver) AuditEventConnection() graph.AuditEventConnectionResolver {
	return &auditEventConnectionResolver{r}
}

func (r *Resolver) Subscription() graph.SubscriptionResolver { return &subscriptionResolver{r} }

type (
	auditEventResolver           struct{ *Resolver }
	auditEventConnectionResolver struct{ *Resolver }
	subscriptionResolver         struct{ *Resolver }
)
