package resolvers

import (
	"context"

	"rollcall/graph/model"
	"rollcall/models"
)

func (r *mutationResolver) InviteToSso(ctx context.Context, input model.InviteToSsoInput) (*model.InviteToSsoPayload, error) {
	out := &model.InviteToSsoPayload{ClientMutationID: input.ClientMutationID.Value()}
	var rows []models.Membership
	ids, err := membershipIDs(input.MembershipIds)
	if err == nil {
		rows, err = r.Roster.InviteToSso(ctx, ids)
	}
	return out, settle(err, &out.UserErrors, "membershipIds", func() { out.Memberships = r.knownMembers(ctx, rows) })
}

func (r *mutationResolver) RemindToSso(ctx context.Context, input model.RemindToSsoInput) (*model.RemindToSsoPayload, error) {
	out := &model.RemindToSsoPayload{ClientMutationID: input.ClientMutationID.Value()}
	var rows []models.Membership
	ids, err := membershipIDs(input.MembershipIds)
	if err == nil {
		rows, err = r.Roster.RemindToSso(ctx, ids)
	}
	return out, settle(err, &out.UserErrors, "membershipIds", func() { out.Memberships = r.knownMembers(ctx, rows) })
}
