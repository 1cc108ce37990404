package resolvers

import (
	"context"

	"rollcall/graph/model"
	"rollcall/sso"
)

func (r *queryResolver) IdentityProviderPresets(ctx context.Context) ([]*model.IdentityProviderPreset, error) {
	out := []*model.IdentityProviderPreset{}
	for _, p := range sso.Presets() {
		out = append(out, preset(p))
	}
	return out, nil
}
