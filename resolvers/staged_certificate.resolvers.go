package resolvers

import (
	"context"

	"rollcall/graph"
	"rollcall/graph/model"
	"rollcall/models"
)

func (r *mutationResolver) AcceptCertificate(ctx context.Context, input model.AcceptCertificateInput) (*model.AcceptCertificatePayload, error) {
	out := &model.AcceptCertificatePayload{ClientMutationID: input.ClientMutationID.Value()}
	var cert models.Certificate
	id, err := models.ParseGlobal(models.PrefixStagedCertificate, input.StagedCertificateID)
	if err == nil {
		cert, err = r.SSO.AcceptCertificate(ctx, id)
	}
	return out, settle(err, &out.UserErrors, "stagedCertificateId", func() { out.Certificate = &cert })
}

func (r *mutationResolver) DismissCertificate(ctx context.Context, input model.DismissCertificateInput) (*model.DismissCertificatePayload, error) {
	out := &model.DismissCertificatePayload{ClientMutationID: input.ClientMutationID.Value()}
	id, err := models.ParseGlobal(models.PrefixStagedCertificate, input.StagedCertificateID)
	if err == nil {
		err = r.SSO.DismissCertificate(ctx, id)
	}
	return out, settle(err, &out.UserErrors, "stagedCertificateId", func() { out.DismissedCertificateID = &input.StagedCertificateID })
}

func (r *stagedCertificateResolver) IdentityProvider(ctx context.Context, obj *models.StagedCertificate) (*models.IdentityProvider, error) {
	return r.provider(ctx, obj.TeamID, obj.IdentityProviderID)
}

func (r *stagedCertificateResolver) Pem(ctx context.Context, obj *models.StagedCertificate) (string, error) {
	return pemOf(obj.DER), nil
}

func (r *Resolver) StagedCertificate() graph.StagedCertificateResolver {
	return &stagedCertificateResolver{r}
}

type stagedCertificateResolver struct{ *Resolver }
