package resolvers

import (
	"context"

	"rollcall/graph"
	"rollcall/graph/model"
	"rollcall/invite"
	"rollcall/models"
)

func (r *invitationResolver) Team(ctx context.Context, obj *models.Invitation) (*models.Team, error) {
	return r.team(ctx, obj.TeamID)
}

func (r *invitationResolver) State(ctx context.Context, obj *models.Invitation) (model.InvitationStatus, error) {
	return model.InvitationStatus(invite.StatusAt(*obj, r.Now())), nil
}

func (r *invitationResolver) Membership(ctx context.Context, obj *models.Invitation) (*models.Membership, error) {
	if obj.MembershipID == nil {
		return nil, nil
	}
	return maybe(r.batch(ctx).members.get(ctx, *obj.MembershipID))
}

func (r *invitationConnectionResolver) Edges(ctx context.Context, obj *model.InvitationConnection) ([]*model.InvitationEdge, error) {
	return edges(obj.Nodes, obj.At, func(cursor string, node *models.Invitation) *model.InvitationEdge {
		return &model.InvitationEdge{Cursor: cursor, Node: node}
	}), nil
}

func (r *invitationConnectionResolver) TotalCount(ctx context.Context, obj *model.InvitationConnection) (int, error) {
	return obj.Count(ctx)
}

func (r *mutationResolver) CreateInvitations(ctx context.Context, input model.CreateInvitationsInput) (*model.CreateInvitationsPayload, error) {
	out := &model.CreateInvitationsPayload{ClientMutationID: input.ClientMutationID.Value()}
	var rows []models.Invitation
	team, err := models.ParseGlobal(models.PrefixTeam, input.TeamID)
	if err == nil {
		rows, err = r.Invitations.Create(ctx, team, invited(input.Invitations))
	}
	return out, settle(err, &out.UserErrors, "teamId", func() { out.Invitations = pointers(rows) })
}

func (r *mutationResolver) ResendInvitation(ctx context.Context, input model.ResendInvitationInput) (*model.ResendInvitationPayload, error) {
	out := &model.ResendInvitationPayload{ClientMutationID: input.ClientMutationID.Value()}
	var row models.Invitation
	id, err := models.ParseGlobal(models.PrefixInvitation, input.InvitationID)
	if err == nil {
		row, err = r.Invitations.Resend(ctx, id)
	}
	return out, settle(err, &out.UserErrors, "invitationId", func() { out.Invitation = &row })
}

func (r *mutationResolver) RevokeInvitation(ctx context.Context, input model.RevokeInvitationInput) (*model.RevokeInvitationPayload, error) {
	out := &model.RevokeInvitationPayload{ClientMutationID: input.ClientMutationID.Value()}
	var row models.Invitation
	id, err := models.ParseGlobal(models.PrefixInvitation, input.InvitationID)
	if err == nil {
		row, err = r.Invitations.Revoke(ctx, id)
	}
	return out, settle(err, &out.UserErrors, "invitationId", func() { out.Invitation = &row })
}

func (r *mutationResolver) AcceptInvitation(ctx context.Context, input model.AcceptInvitationInput) (*model.AcceptInvitationPayload, error) {
	out := &model.AcceptInvitationPayload{ClientMutationID: input.ClientMutationID.Value()}
	in, err := r.Invitations.Accept(ctx, input.Token)
	return out, settle(err, &out.UserErrors, "token", func() { out.TeamSlug, out.NextURL = &in.Team.Slug, &in.NextURL })
}

func (r *teamResolver) Invitations(ctx context.Context, obj *models.Team, first *int, after *string, last *int, before *string, state *model.InvitationStatus) (*model.InvitationConnection, error) {
	return r.invitations(ctx, obj.ID, graph.PageArgs{First: first, After: after, Last: last, Before: before}, state)
}

func (r *Resolver) Invitation() graph.InvitationResolver { return &invitationResolver{r} }

func (r *Resolver) InvitationConnection() graph.InvitationConnectionResolver {
	return &invitationConnectionResolver{r}
}

type (
	invitationResolver           struct{ *Resolver }
	invitationConnectionResolver struct{ *Resolver }
)
