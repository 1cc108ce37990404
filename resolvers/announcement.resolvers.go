package resolvers

import (
	"context"

	"rollcall/graph/model"
	"rollcall/models"
	"rollcall/sso"
)

func (r *mutationResolver) AnnounceSso(ctx context.Context, input model.AnnounceSsoInput) (*model.AnnounceSsoPayload, error) {
	out := &model.AnnounceSsoPayload{ClientMutationID: input.ClientMutationID.Value()}
	people := 0
	team, err := models.ParseGlobal(models.PrefixTeam, input.TeamID)
	if err == nil {
		people, err = r.SSO.AnnounceSso(ctx, team, sso.Audience(input.Audience))
	}
	return out, settle(err, &out.UserErrors, "teamId", func() { out.People = &people })
}
