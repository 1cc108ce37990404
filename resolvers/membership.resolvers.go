package resolvers

import (
	"context"

	"rollcall/credential"
	"rollcall/graph"
	"rollcall/graph/model"
	"rollcall/models"
	"rollcall/roster"
)

func (r *allowReturnPayloadResolver) Team(ctx context.Context, obj *model.AllowReturnPayload) (*models.Team, error) {
	if obj.TeamID == "" {
		return nil, nil
	}
	return visible(r.team(ctx, obj.TeamID))
}

func (r *membershipResolver) Team(ctx context.Context, obj *models.Membership) (*models.Team, error) {
	return r.team(ctx, obj.TeamID)
}

func (r *membershipResolver) User(ctx context.Context, obj *models.Membership) (*models.User, error) {
	return r.user(ctx, obj.UserID)
}

func (r *membershipResolver) ExternalIdentity(ctx context.Context, obj *models.Membership) (*models.ExternalIdentity, error) {
	return maybe(r.batch(ctx).identities.get(ctx, obj.ID))
}

func (r *membershipResolver) UnderSso(ctx context.Context, obj *models.Membership) (bool, error) {
	u, err := r.user(ctx, obj.UserID)
	if err != nil {
		return false, err
	}
	return !obj.Direct(*u), nil
}

func (r *membershipResolver) Emails(ctx context.Context, obj *models.Membership) ([]*model.UserEmail, error) {
	rows, found, err := r.batch(ctx).emails.get(ctx, obj.ID)
	if err != nil || !found {
		return nil, err
	}
	u, err := r.user(ctx, obj.UserID)
	if err != nil {
		return nil, err
	}
	return userEmails(rows, u.EmailKey), nil
}

func (r *membershipResolver) ExternalAttributes(ctx context.Context, obj *models.Membership) ([]*model.ExternalAttribute, error) {
	rows, found, err := r.batch(ctx).attributes.get(ctx, obj.ID)
	if err != nil || !found {
		return nil, err
	}
	return externalAttributes(rows), nil
}

func (r *membershipResolver) Upgrade(ctx context.Context, obj *models.Membership) (*models.SsoUpgrade, error) {
	return maybe(r.batch(ctx).upgrades.get(ctx, obj.ID))
}

func (r *membershipResolver) Sessions(ctx context.Context, obj *models.Membership, first *int, after *string, last *int, before *string) (*model.SessionConnection, error) {
	return r.sessions(ctx, credential.HolderOf(*obj), graph.PageArgs{First: first, After: after, Last: last, Before: before})
}

func (r *membershipResolver) APIKeys(ctx context.Context, obj *models.Membership, first *int, after *string, last *int, before *string) (*model.APIKeyConnection, error) {
	return r.apiKeys(ctx, credential.HolderOf(*obj), graph.PageArgs{First: first, After: after, Last: last, Before: before})
}

func (r *membershipConnectionResolver) Edges(ctx context.Context, obj *model.MembershipConnection) ([]*model.MembershipEdge, error) {
	return edges(obj.Nodes, obj.At, func(cursor string, node *models.Membership) *model.MembershipEdge {
		return &model.MembershipEdge{Cursor: cursor, Node: node}
	}), nil
}

func (r *membershipConnectionResolver) TotalCount(ctx context.Context, obj *model.MembershipConnection) (int, error) {
	return obj.Count(ctx)
}

func (r *mutationResolver) CreateMembership(ctx context.Context, input model.CreateMembershipInput) (*model.CreateMembershipPayload, error) {
	out := &model.CreateMembershipPayload{ClientMutationID: input.ClientMutationID.Value()}
	var m roster.Member
	team, err := models.ParseGlobal(models.PrefixTeam, input.TeamID)
	if err == nil {
		m, err = r.Roster.Create(ctx, roster.NewMember{
			TeamID: team, Kind: input.Kind, Role: input.Role, Person: roster.Person{Email: text(input.Email), Name: text(input.Name)},
		})
	}
	return out, settle(err, &out.UserErrors, "teamId", func() { out.Membership = &m.Membership })
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
		out.DeletedMembershipID, out.TeamID = some(gone.Membership.GlobalID()), gone.Membership.TeamID
		out.EndedSessions, out.EndedAPIKeys = number(gone.Receipt.Sessions), number(gone.Receipt.APIKeys)
	})
}

func (r *mutationResolver) AllowReturn(ctx context.Context, input model.AllowReturnInput) (*model.AllowReturnPayload, error) {
	out := &model.AllowReturnPayload{ClientMutationID: input.ClientMutationID.Value()}
	team, err := models.ParseGlobal(models.PrefixTeam, input.TeamID)
	if err == nil {
		err = r.Roster.AllowReturn(ctx, team, input.Email)
	}
	return out, settle(err, &out.UserErrors, "teamId", func() { out.TeamID = team })
}

func (r *mutationResolver) UnlinkExternalIdentity(ctx context.Context, input model.UnlinkExternalIdentityInput) (*model.UnlinkExternalIdentityPayload, error) {
	out := &model.UnlinkExternalIdentityPayload{ClientMutationID: input.ClientMutationID.Value()}
	var gone roster.Unlinked
	id, err := models.ParseGlobal(models.PrefixExternalIdentity, input.ExternalIdentityID)
	if err == nil {
		gone, err = r.Roster.Unlink(ctx, id)
	}
	return out, settle(err, &out.UserErrors, "externalIdentityId", func() {
		out.DeletedExternalIdentityID, out.Membership = &input.ExternalIdentityID, &gone.Membership
		out.EndedSessions, out.EndedAPIKeys = number(gone.Receipt.Sessions), number(gone.Receipt.APIKeys)
	})
}

func (r *mutationResolver) RevokeMemberSessions(ctx context.Context, input model.RevokeMemberSessionsInput) (*model.RevokeMemberSessionsPayload, error) {
	out := &model.RevokeMemberSessionsPayload{ClientMutationID: input.ClientMutationID.Value()}
	var m models.Membership
	var receipt credential.Receipt
	id, err := models.ParseGlobal(models.PrefixMembership, input.MembershipID)
	if err == nil {
		m, receipt, err = r.Credentials.RevokeSessions(ctx, id)
	}
	return out, settle(err, &out.UserErrors, "membershipId", func() {
		out.Membership, out.EndedSessions = &m, number(receipt.Sessions)
	})
}

func (r *removeMembershipPayloadResolver) Team(ctx context.Context, obj *model.RemoveMembershipPayload) (*models.Team, error) {
	if obj.TeamID == "" {
		return nil, nil
	}
	return visible(r.team(ctx, obj.TeamID))
}

func (r *Resolver) AllowReturnPayload() graph.AllowReturnPayloadResolver {
	return &allowReturnPayloadResolver{r}
}

func (r *Resolver) Membership() graph.MembershipResolver { return &membershipResolver{r} }

func (r *Resolver) MembershipConnection() graph.MembershipConnectionResolver {
	return &membershipConnectionResolver{r}
}

func (r *Resolver) RemoveMembershipPayload() graph.RemoveMembershipPayloadResolver {
	return &removeMembershipPayloadResolver{r}
}

type (
	allowReturnPayloadResolver      struct{ *Resolver }
	membershipResolver              struct{ *Resolver }
	membershipConnectionResolver    struct{ *Resolver }
	removeMembershipPayloadResolver struct{ *Resolver }
)
