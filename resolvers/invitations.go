package resolvers

import (
	"context"

	"rollcall/graph"
	"rollcall/graph/model"
	"rollcall/invite"
	"rollcall/models"
)

// invited are the people of an input.
func invited(in []*model.InvitationInput) []invite.New {
	out := make([]invite.New, len(in))
	for i, p := range in {
		out[i] = invite.New{Email: p.Email, Role: p.Role}
	}
	return out
}

// invitations is a page of a team's invitations, null for those who may not see
// whom it invites.
func (r *Resolver) invitations(ctx context.Context, team models.ID, args graph.PageArgs, state *model.InvitationStatus) (*model.InvitationConnection, error) {
	var status invite.Status
	if state != nil {
		status = invite.Status(*state)
	}
	list := listName("invitations", team, status)
	w, err := graph.ReadPage(list, args)
	if err != nil {
		return nil, err
	}
	rows, more, err := r.Invitations.Invitations(ctx, team, status, w)
	if err != nil {
		return visible[model.InvitationConnection](nil, err)
	}
	p := paged(list, w, rows, more, func(i *models.Invitation) models.Mark { return models.Mark{ID: i.ID} })
	b := r.batch(ctx)
	for _, i := range p.nodes {
		wantAny(b.members, i.MembershipID)
	}
	return &model.InvitationConnection{
		Nodes: p.nodes, PageInfo: p.info, At: p.at,
		Count: func(ctx context.Context) (int, error) { return r.Invitations.CountInvitations(ctx, team, status) },
	}, nil
}
