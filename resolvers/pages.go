package resolvers

import (
	"context"

	"rollcall/graph"
	"rollcall/graph/model"
	"rollcall/models"
	"rollcall/roster"
)

// memberships is a page of a team's members.
func (r *Resolver) memberships(ctx context.Context, team models.ID, first *int, after *string) (*model.MembershipConnection, error) {
	list := "memberships/" + string(team)
	p, err := graph.ReadPage(list, first, after)
	if err != nil {
		return nil, err
	}
	rows, more, err := r.Roster.Memberships(ctx, team, roster.Page{After: p.After, Limit: p.Limit})
	if err != nil {
		return nil, err
	}
	b := r.batch(ctx)
	out := &model.MembershipConnection{TeamID: team, Nodes: pointers(rows), Edges: make([]*model.MembershipEdge, len(rows))}
	for i, m := range out.Nodes {
		b.users.want(m.UserID)
		b.identities.want(m.ID)
		out.Edges[i] = &model.MembershipEdge{Cursor: graph.Cursor(list, m.ID), Node: m}
	}
	out.PageInfo = pageInfo(list, p, more, rows, func(m models.Membership) models.ID { return m.ID })
	return out, nil
}

// teams is a page of the teams that the caller may see.
func (r *Resolver) teams(ctx context.Context, first *int, after *string) (*model.TeamConnection, error) {
	const list = "teams"
	p, err := graph.ReadPage(list, first, after)
	if err != nil {
		return nil, err
	}
	rows, more, err := r.Roster.Teams(ctx, roster.Page{After: p.After, Limit: p.Limit})
	if err != nil {
		return nil, err
	}
	out := &model.TeamConnection{Nodes: pointers(rows), Edges: make([]*model.TeamEdge, len(rows))}
	for i, t := range out.Nodes {
		r.knownTeam(ctx, t)
		out.Edges[i] = &model.TeamEdge{Cursor: graph.Cursor(list, t.ID), Node: t}
	}
	out.PageInfo = pageInfo(list, p, more, rows, func(t models.Team) models.ID { return t.ID })
	return out, nil
}

// groups is a page of a team's groups.
func (r *Resolver) groups(ctx context.Context, team models.ID, first *int, after *string) (*model.GroupConnection, error) {
	list := "groups/" + string(team)
	p, err := graph.ReadPage(list, first, after)
	if err != nil {
		return nil, err
	}
	rows, more, err := r.Roster.Groups(ctx, team, roster.Page{After: p.After, Limit: p.Limit})
	if err != nil {
		return nil, err
	}
	out := &model.GroupConnection{TeamID: team, Nodes: pointers(rows), Edges: make([]*model.GroupEdge, len(rows))}
	for i, g := range out.Nodes {
		out.Edges[i] = &model.GroupEdge{Cursor: graph.Cursor(list, g.ID), Node: g}
	}
	out.PageInfo = pageInfo(list, p, more, rows, func(g models.Group) models.ID { return g.ID })
	return out, nil
}

// scimCalls is a page of what a team's provisioning clients asked, null for
// those who may not see it.
func (r *Resolver) scimCalls(ctx context.Context, team models.ID, first *int, after *string) (*model.ScimCallConnection, error) {
	list := "scimCalls/" + string(team)
	p, err := graph.ReadPage(list, first, after)
	if err != nil {
		return nil, err
	}
	rows, more, err := r.Roster.ScimCalls(ctx, team, roster.Page{After: p.After, Limit: p.Limit})
	seen, err := hidden(rows, err)
	if err != nil || seen == nil {
		return nil, err
	}
	out := &model.ScimCallConnection{TeamID: team, Nodes: pointers(rows), Edges: make([]*model.ScimCallEdge, len(rows))}
	for i, c := range out.Nodes {
		out.Edges[i] = &model.ScimCallEdge{Cursor: graph.Cursor(list, c.ID), Node: c}
	}
	out.PageInfo = pageInfo(list, p, more, rows, func(c models.ScimCall) models.ID { return c.ID })
	return out, nil
}

// pageInfo tells where a page stands. What lies before a page that did not
// start at the beginning is not looked up: its cursor came from there.
func pageInfo[T any](list string, p graph.Page, more bool, rows []T, id func(T) models.ID) *model.PageInfo {
	info := &model.PageInfo{HasNextPage: more, HasPreviousPage: p.After != ""}
	if len(rows) > 0 {
		info.StartCursor = some(graph.Cursor(list, id(rows[0])))
		info.EndCursor = some(graph.Cursor(list, id(rows[len(rows)-1])))
	}
	return info
}
