package resolvers

import (
	"context"

	"rollcall/access"
	"rollcall/graph"
	"rollcall/graph/model"
)

func (r *queryResolver) System(ctx context.Context) (*model.SystemInfo, error) {
	out := &model.SystemInfo{Version: r.Version, BaseURL: r.SSO.BaseURL, Now: r.Now()}
	if access.From(ctx).Can(access.TeamsRead, "") {
		out.Database = some(r.Database)
	}
	return out, nil
}

func (r *queryResolver) RateLimit(ctx context.Context) (*model.RateLimit, error) {
	b, limited := graph.BudgetFrom(ctx)
	if !limited {
		return nil, nil
	}
	return &model.RateLimit{Limit: b.Limit, Cost: b.Cost, Remaining: b.Remaining, ResetAt: b.ResetAt}, nil
}

func (r *systemInfoResolver) Jobs(ctx context.Context, obj *model.SystemInfo) (*model.JobsInfo, error) {
	if r.Resolver.Jobs == nil {
		return nil, nil
	}
	status, err := hidden(r.Resolver.Jobs.Status(ctx))
	if err != nil || status == nil {
		return nil, err
	}
	return jobsInfo(*status), nil
}

func (r *Resolver) SystemInfo() graph.SystemInfoResolver { return &systemInfoResolver{r} }

type systemInfoResolver struct{ *Resolver }
