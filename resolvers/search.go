package resolvers

import (
	"context"

	"rollcall/fault"
	"rollcall/graph"
	"rollcall/graph/model"
	"rollcall/models"
	"rollcall/roster"
)

// search is a page of the members whom a text finds. It goes by what was found,
// which is what keeps a page as cheap as any other.
func (r *Resolver) search(ctx context.Context, team models.ID, args graph.PageArgs, f roster.MemberFilter, order *model.MembershipOrder) (*model.MembershipConnection, error) {
	if order != nil {
		return nil, fault.New(fault.InvalidValue, "A search goes by what it finds; leave orderBy out.").On("orderBy")
	}
	list := listName("search", team, f.Roles, f.Sources, told(f.Status), told(f.UnderSso), told(f.NotSeenSince), f.UserNamePrefix, models.Fold(f.Search))
	w, err := graph.ReadPage(list, args)
	if err != nil {
		return nil, err
	}
	found, err := r.Roster.SearchMembers(ctx, team, f, w)
	if err != nil {
		return nil, err
	}
	members, by := make([]models.Membership, len(found.Rows)), make(map[models.ID]string, len(found.Rows))
	for i, row := range found.Rows {
		members[i], by[row.ID] = row.Membership, row.By
		r.knownUser(ctx, row.User)
	}
	p := paged(list, w, members, found.More, func(m *models.Membership) models.Mark { return models.Mark{ID: m.ID, Key: by[m.ID]} })
	if found.More {
		edge := some(graph.NewLister(list).Cursor(found.Edge))
		if w.Last {
			p.info.StartCursor = edge
		} else {
			p.info.EndCursor = edge
		}
	}
	r.batch(ctx).expect(p.nodes)
	return &model.MembershipConnection{
		Nodes: p.nodes, PageInfo: p.info, At: p.at,
		Count: func(ctx context.Context) (int, error) { return r.Roster.CountMembers(ctx, team, f) },
	}, nil
}
