package resolvers

import (
	"context"

	"rollcall/graph/model"
	"rollcall/models"
)

func (r *membershipResolver) OwnLogin(ctx context.Context, obj *models.Membership) (*model.OwnLogin, error) {
	facts, found, err := r.batch(ctx).ownLogins.get(ctx, obj.ID)
	if err != nil || !found {
		return nil, err
	}
	return ownLogin(facts), nil
}

func (r *mutationResolver) SendPasswordReset(ctx context.Context, input model.SendPasswordResetInput) (*model.SendPasswordResetPayload, error) {
	out := &model.SendPasswordResetPayload{ClientMutationID: input.ClientMutationID.Value()}
	var m models.Membership
	id, err := models.ParseGlobal(models.PrefixMembership, input.MembershipID)
	if err == nil {
		m, _, err = r.Account.SendReset(ctx, id)
	}
	return out, settle(err, &out.UserErrors, "membershipId", func() { out.Membership = &m })
}
