package resolvers

import (
	"context"

	"rollcall/graph/model"
	"rollcall/models"
)

func (r *mutationResolver) RegenerateRecoveryCodes(ctx context.Context, input model.RegenerateRecoveryCodesInput) (*model.RegenerateRecoveryCodesPayload, error) {
	out := &model.RegenerateRecoveryCodesPayload{ClientMutationID: input.ClientMutationID.Value()}
	var codes []string
	team, err := models.ParseGlobal(models.PrefixTeam, input.TeamID)
	if err == nil {
		codes, err = r.SSO.RegenerateRecoveryCodes(ctx, team)
	}
	return out, settle(err, &out.UserErrors, "teamId", func() { out.Codes = codes })
}
