package resolvers

import (
	"context"

	"rollcall/graph"
	"rollcall/graph/model"
	"rollcall/models"
)

// groups is a page of a team's groups.
func (r *Resolver) groups(ctx context.Context, team models.ID, args graph.PageArgs) (*model.GroupConnection, error) {
	list := listName("groups", team)
	w, err := graph.ReadPage(list, args)
	if err != nil {
		return nil, err
	}
	rows, more, err := r.Roster.Groups(ctx, team, w)
	if err != nil {
		return nil, err
	}
	p := paged(list, w, rows, more, func(g *models.Group) models.Mark { return models.Mark{ID: g.ID} })
	return &model.GroupConnection{
		Nodes: p.nodes, PageInfo: p.info, At: p.at,
		Count: func(ctx context.Context) (int, error) { return r.Roster.CountGroups(ctx, team) },
	}, nil
}

// scimCalls is a page of what a team's provisioning clients asked, null for
// those who may not see it.
func (r *Resolver) scimCalls(ctx context.Context, team models.ID, args graph.PageArgs) (*model.ScimCallConnection, error) {
	list := listName("scimCalls", team)
	w, err := graph.ReadPage(list, args)
	if err != nil {
		return nil, err
	}
	w.Desc = true
	rows, more, err := r.Roster.ScimCalls(ctx, team, w)
	if err != nil {
		return visible[model.ScimCallConnection](nil, err)
	}
	p := paged(list, w, rows, more, func(c *models.ScimCall) models.Mark { return models.Mark{ID: c.ID} })
	return &model.ScimCallConnection{
		Nodes: p.nodes, PageInfo: p.info, At: p.at,
		Count: func(ctx context.Context) (int, error) { return r.Roster.CountScimCalls(ctx, team) },
	}, nil
}
