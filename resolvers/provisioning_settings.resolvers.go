package resolvers

import (
	"context"
	"time"

	"rollcall/graph"
	"rollcall/graph/model"
	"rollcall/models"
	"rollcall/roster"
)

func (r *mutationResolver) UpdateProvisioningSettings(ctx context.Context, input model.UpdateProvisioningSettingsInput) (*model.UpdateProvisioningSettingsPayload, error) {
	out := &model.UpdateProvisioningSettingsPayload{ClientMutationID: input.ClientMutationID.Value()}
	var row models.ProvisioningSettings
	in := arguments{}
	team := in.id(models.PrefixTeam, input.TeamID, "teamId")
	change := roster.ProvisioningChange{
		ScimEnabled: keep(&in, input.ScimEnabled, "scimEnabled"),
		DryRun:      keep(&in, input.DryRun, "dryRun"),
		Revision:    input.Revision.Value(),
	}
	err := in.err
	if err == nil {
		row, err = r.Roster.UpdateProvisioning(ctx, team, change)
	}
	return out, settle(err, &out.UserErrors, "teamId", func() { out.ProvisioningSettings = &row })
}

func (r *provisioningSettingsResolver) Team(ctx context.Context, obj *models.ProvisioningSettings) (*models.Team, error) {
	return r.team(ctx, obj.TeamID)
}

func (r *provisioningSettingsResolver) BaseURL(ctx context.Context, obj *models.ProvisioningSettings) (string, error) {
	slug, err := r.slug(ctx, obj.TeamID)
	return r.SSO.BaseURL + "/scim/" + slug + "/v2", err
}

func (r *provisioningSettingsResolver) LastCallAt(ctx context.Context, obj *models.ProvisioningSettings) (*time.Time, error) {
	h, err := must(r.batch(ctx).health.get(ctx, obj.TeamID))
	if err != nil {
		return nil, err
	}
	return h.LastCallAt, nil
}

func (r *provisioningSettingsResolver) CallsLastDay(ctx context.Context, obj *models.ProvisioningSettings) (int, error) {
	h, err := must(r.batch(ctx).health.get(ctx, obj.TeamID))
	if err != nil {
		return 0, err
	}
	return h.Calls, nil
}

func (r *provisioningSettingsResolver) ErrorRate(ctx context.Context, obj *models.ProvisioningSettings) (float64, error) {
	h, err := must(r.batch(ctx).health.get(ctx, obj.TeamID))
	if err != nil {
		return 0, err
	}
	return h.ErrorRate(), nil
}

func (r *Resolver) ProvisioningSettings() graph.ProvisioningSettingsResolver {
	return &provisioningSettingsResolver{r}
}

type provisioningSettingsResolver struct{ *Resolver }
