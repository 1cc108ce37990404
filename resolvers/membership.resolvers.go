package resolvers

import (
	"context"

	"rollcall/graph"
	"rollcall/graph/model"
	"rollcall/models"
	"rollcall/roster"
)

func (r *membershipResolver) Team(ctx context.Context, obj *models.Membership) (*models.Team, error) {
	return r.team(ctx, obj.TeamID)
}

func (r *membershipResolver) User(ctx context.Context, obj *models.Membership) (*models.User, error) {
	return r.user(ctx, obj.UserID)
}

func (r *membershipResolver) ExternalIdentity(ctx context.Context, obj *models.Membership) (*models.ExternalIdentity, error) {
	return maybe(r.batch(ctx).identities.get(ctx, obj.ID))
}

func (r *membershipResolver) DeactivatedReason(ctx context.Context, obj *models.Membership) (*string, error) {
	return some(obj.DeactivatedReason), nil
}

func (r *membershipConnectionResolver) TotalCount(ctx context.Context, obj *model.MembershipConnection) (int, error) {
	return r.Roster.CountMemberships(ctx, obj.TeamID)
}

func (r *mutationResolver) UpdateMembership(ctx context.Context, input model.UpdateMembershipInput) (*model.UpdateMembershipPayload, error) {
	out := &model.UpdateMembershipPayload{ClientMutationID: input.ClientMutationID.Value()}
	var m models.Membership
	id, err := models.ParseGlobal(models.PrefixMembership, input.MembershipID)
	if err == nil {
		m, err = r.Roster.ChangeRole(ctx, id, input.Role, input.Revision.Value())
	}
	return out, settle(err, &out.UserErrors, "membershipId", func() { out.Membership = &m })
}

func (r *mutationResolver) DeactivateMembership(ctx context.Context, input model.DeactivateMembershipInput) (*model.DeactivateMembershipPayload, error) {
	out := &model.DeactivateMembershipPayload{ClientMutationID: input.ClientMutationID.Value()}
	var m models.Membership
	id, err := models.ParseGlobal(models.PrefixMembership, input.MembershipID)
	if err == nil {
		m, err = r.Roster.Deactivate(ctx, id, text(input.Reason))
	}
	return out, settle(err, &out.UserErrors, "membershipId", func() { out.Membership = &m })
}

func (r *mutationResolver) ReactivateMembership(ctx context.Context, input model.ReactivateMembershipInput) (*model.ReactivateMembershipPayload, error) {
	out := &model.ReactivateMembershipPayload{ClientMutationID: input.ClientMutationID.Value()}
	var m models.Membership
	id, err := models.ParseGlobal(models.PrefixMembership, input.MembershipID)
	if err == nil {
		m, err = r.Roster.Reactivate(ctx, id)
	}
	return out, settle(err, &out.UserErrors, "membershipId", func() { out.Membership = &m })
}

func (r *mutationResolver) RemoveMembership(ctx context.Context, input model.RemoveMembershipInput) (*model.RemoveMembershipPayload, error) {
	out := &model.RemoveMembershipPayload{ClientMutationID: input.ClientMutationID.Value()}
	var gone roster.Removal
	id, err := models.ParseGlobal(models.PrefixMembership, input.MembershipID)
	if err == nil {
		gone, err = r.Roster.Remove(ctx, id)
	}
	return out, settle(err, &out.UserErrors, "membershipId", func() {
		sessions, keys := int(gone.Receipt.Sessions), int(gone.Receipt.APIKeys)
		out.DeletedMembershipID, out.TeamID = some(gone.Membership.GlobalID()), gone.Membership.TeamID
		out.EndedSessions, out.EndedAPIKeys = &sessions, &keys
	})
}

func (r *removeMembershipPayloadResolver) Team(ctx context.Context, obj *model.RemoveMembershipPayload) (*models.Team, error) {
	if obj.TeamID == "" {
		return nil, nil
	}
	return visible(r.team(ctx, obj.TeamID))
}

func (r *Resolver) Membership() graph.MembershipResolver { return &membershipResolver{r} }

func (r *Resolver) MembershipConnection() graph.MembershipConnectionResolver {
	return &membershipConnectionResolver{r}
}

func (r *Resolver) RemoveMembershipPayload() graph.RemoveMembershipPayloadResolver {
	return &removeMembershipPayloadResolver{r}
}

type (
	membershipResolver              struct{ *Resolver }
	membershipConnectionResolver    struct{ *Resolver }
	removeMembershipPayloadResolver struct{ *Resolver }
)
