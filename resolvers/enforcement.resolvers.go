package resolvers

import (
	"context"

	"rollcall/graph"
	"rollcall/graph/model"
	"rollcall/models"
	"rollcall/sso"
)

func (r *enforcementPreviewResolver) LosingAccess(ctx context.Context, obj *model.EnforcementPreview, first *int, after *string, last *int, before *string) (*model.MembershipConnection, error) {
	return r.groupMembers(ctx, obj.TeamID, sso.GroupLosing, graph.PageArgs{First: first, After: after, Last: last, Before: before})
}

func (r *enforcementPreviewResolver) UselessPasswords(ctx context.Context, obj *model.EnforcementPreview, first *int, after *string, last *int, before *string) (*model.MembershipConnection, error) {
	return r.groupMembers(ctx, obj.TeamID, sso.GroupPassword, graph.PageArgs{First: first, After: after, Last: last, Before: before})
}

func (r *enforcementPreviewResolver) DirectAdminsWithSecondFactor(ctx context.Context, obj *model.EnforcementPreview, first *int, after *string, last *int, before *string) (*model.MembershipConnection, error) {
	return r.groupMembers(ctx, obj.TeamID, sso.GroupFactored, graph.PageArgs{First: first, After: after, Last: last, Before: before})
}

func (r *enforcementPreviewResolver) DirectAdminsWithoutSecondFactor(ctx context.Context, obj *model.EnforcementPreview, first *int, after *string, last *int, before *string) (*model.MembershipConnection, error) {
	return r.groupMembers(ctx, obj.TeamID, sso.GroupUnfactored, graph.PageArgs{First: first, After: after, Last: last, Before: before})
}

func (r *enforcementPreviewResolver) StoppingAPIKeys(ctx context.Context, obj *model.EnforcementPreview, first *int, after *string, last *int, before *string) (*model.APIKeyConnection, error) {
	return r.groupKeys(ctx, obj.TeamID, false, graph.PageArgs{First: first, After: after, Last: last, Before: before})
}

func (r *enforcementPreviewResolver) IntegrationAPIKeys(ctx context.Context, obj *model.EnforcementPreview, first *int, after *string, last *int, before *string) (*model.APIKeyConnection, error) {
	return r.groupKeys(ctx, obj.TeamID, true, graph.PageArgs{First: first, After: after, Last: last, Before: before})
}

func (r *enforcementPreviewResolver) RecoveryCodesLeft(ctx context.Context, obj *model.EnforcementPreview) (int, error) {
	return r.SSO.RecoveryCodesLeft(ctx, obj.TeamID)
}

func (r *mutationResolver) EnforceSso(ctx context.Context, input model.EnforceSsoInput) (*model.EnforceSsoPayload, error) {
	out := &model.EnforceSsoPayload{ClientMutationID: input.ClientMutationID.Value()}
	var done sso.Enforced
	team, err := models.ParseGlobal(models.PrefixTeam, input.TeamID)
	if err == nil {
		done, err = r.SSO.Enforce(ctx, team, input.Revision.Value())
	}
	return out, settle(err, &out.UserErrors, "teamId", func() { out.SsoSettings, out.EndedSessions = &done.Settings, number(done.Sessions) })
}

func (r *mutationResolver) RelaxSso(ctx context.Context, input model.RelaxSsoInput) (*model.RelaxSsoPayload, error) {
	out := &model.RelaxSsoPayload{ClientMutationID: input.ClientMutationID.Value()}
	var row models.SsoSettings
	team, err := models.ParseGlobal(models.PrefixTeam, input.TeamID)
	if err == nil {
		row, err = r.SSO.Relax(ctx, team)
	}
	return out, settle(err, &out.UserErrors, "teamId", func() { out.SsoSettings = &row })
}

func (r *mutationResolver) AllowSsoBypass(ctx context.Context, input model.AllowSsoBypassInput) (*model.AllowSsoBypassPayload, error) {
	out := &model.AllowSsoBypassPayload{ClientMutationID: input.ClientMutationID.Value()}
	var row models.Membership
	id, err := models.ParseGlobal(models.PrefixMembership, input.MembershipID)
	if err == nil {
		row, err = r.SSO.SetBypass(ctx, id, true)
	}
	return out, settle(err, &out.UserErrors, "membershipId", func() { out.Membership = &row })
}

func (r *mutationResolver) DisallowSsoBypass(ctx context.Context, input model.DisallowSsoBypassInput) (*model.DisallowSsoBypassPayload, error) {
	out := &model.DisallowSsoBypassPayload{ClientMutationID: input.ClientMutationID.Value()}
	var row models.Membership
	id, err := models.ParseGlobal(models.PrefixMembership, input.MembershipID)
	if err == nil {
		row, err = r.SSO.SetBypass(ctx, id, false)
	}
	return out, settle(err, &out.UserErrors, "membershipId", func() { out.Membership = &row })
}

func (r *queryResolver) EnforcementPreview(ctx context.Context, teamID string) (*model.EnforcementPreview, error) {
	team, err := models.ParseGlobal(models.PrefixTeam, teamID)
	if err != nil {
		return nil, nil
	}
	p, err := hidden(r.SSO.EnforcementPreview(ctx, team))
	if err != nil || p == nil {
		return nil, err
	}
	return enforcing(*p), nil
}

func (r *Resolver) EnforcementPreview() graph.EnforcementPreviewResolver {
	return &enforcementPreviewResolver{r}
}

type enforcementPreviewResolver struct{ *Resolver }
