package resolvers

import (
	"context"

	"rollcall/graph/model"
	"rollcall/models"
)

func (r *mutationResolver) SetRoleRules(ctx context.Context, input model.SetRoleRulesInput) (*model.SetRoleRulesPayload, error) {
	out := &model.SetRoleRulesPayload{ClientMutationID: input.ClientMutationID.Value()}
	var row models.SsoSettings
	team, err := models.ParseGlobal(models.PrefixTeam, input.TeamID)
	if err == nil {
		row, err = r.Roster.SetRoleRules(ctx, team, newRules(input.Rules), input.Revision.Value())
	}
	return out, settle(err, &out.UserErrors, "teamId", func() { out.SsoSettings = &row })
}

func (r *mutationResolver) PreviewRoleRules(ctx context.Context, input model.PreviewRoleRulesInput) (*model.PreviewRoleRulesPayload, error) {
	out := &model.PreviewRoleRulesPayload{ClientMutationID: input.ClientMutationID.Value()}
	var preview *model.RoleRulePreview
	team, err := models.ParseGlobal(models.PrefixTeam, input.TeamID)
	if err == nil {
		preview, err = r.previewRoleRules(ctx, team, input)
	}
	return out, settle(err, &out.UserErrors, "teamId", func() { out.Preview = preview })
}
