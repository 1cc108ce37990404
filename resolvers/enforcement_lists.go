package resolvers

import (
	"context"

	"rollcall/graph"
	"rollcall/graph/model"
	"rollcall/models"
	"rollcall/sso"
)

// groupMembers is a page of the members that an enforcement is about.
func (r *Resolver) groupMembers(ctx context.Context, team models.ID, g sso.Group, args graph.PageArgs) (*model.MembershipConnection, error) {
	list := listName("enforcement", team, g)
	w, err := graph.ReadPage(list, args)
	if err != nil {
		return nil, err
	}
	rows, more, err := r.SSO.GroupMembers(ctx, team, g, w)
	if err != nil {
		return nil, err
	}
	p := paged(list, w, rows, more, func(m *models.Membership) models.Mark { return models.Mark{ID: m.ID} })
	r.batch(ctx).expect(p.nodes)
	return &model.MembershipConnection{
		Nodes: p.nodes, PageInfo: p.info, At: p.at,
		Count: func(ctx context.Context) (int, error) { return r.SSO.CountGroup(ctx, team, g) },
	}, nil
}

// groupKeys is a page of the API keys that an enforcement is about.
func (r *Resolver) groupKeys(ctx context.Context, team models.ID, integrations bool, args graph.PageArgs) (*model.APIKeyConnection, error) {
	list := listName("enforcement keys", team, integrations)
	w, err := graph.ReadPage(list, args)
	if err != nil {
		return nil, err
	}
	w.Desc = true
	rows, more, err := r.SSO.GroupKeys(ctx, team, integrations, w)
	if err != nil {
		return nil, err
	}
	p := paged(list, w, rows, more, func(k *models.APIKey) models.Mark { return models.Mark{ID: k.ID} })
	b := r.batch(ctx)
	for _, k := range p.nodes {
		wantAny(b.users, k.UserID)
		wantAny(b.members, k.MembershipID)
	}
	return &model.APIKeyConnection{
		Nodes: p.nodes, PageInfo: p.info, At: p.at,
		Count: func(ctx context.Context) (int, error) { return r.SSO.CountGroupKeys(ctx, team, integrations) },
	}, nil
}

// enforcing is what enforcing would do, in the words of the schema.
func enforcing(p sso.Enforcement) *model.EnforcementPreview {
	out := &model.EnforcementPreview{
		TeamID: p.Team, CanEnforce: len(p.Blockers) == 0, Revision: p.Settings.Revision, EndingSessions: p.Sessions, Blockers: []*model.EnforcementBlocker{},
	}
	for _, b := range p.Blockers {
		out.Blockers = append(out.Blockers, &model.EnforcementBlocker{Code: userCode(b), Message: b.Message})
	}
	return out
}
