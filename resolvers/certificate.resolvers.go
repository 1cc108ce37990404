package resolvers

import (
	"context"

	"rollcall/graph"
	"rollcall/graph/model"
	"rollcall/models"
)

func (r *addCertificatePayloadResolver) IdentityProvider(ctx context.Context, obj *model.AddCertificatePayload) (*models.IdentityProvider, error) {
	if obj.Certificate == nil {
		return nil, nil
	}
	return r.provider(ctx, obj.Certificate.TeamID, obj.Certificate.IdentityProviderID)
}

func (r *certificateResolver) IdentityProvider(ctx context.Context, obj *models.Certificate) (*models.IdentityProvider, error) {
	return r.provider(ctx, obj.TeamID, obj.IdentityProviderID)
}

func (r *certificateResolver) DaysLeft(ctx context.Context, obj *models.Certificate) (int, error) {
	return daysBetween(r.Now(), obj.NotAfter), nil
}

func (r *certificateResolver) State(ctx context.Context, obj *models.Certificate) (models.CertificateState, error) {
	return obj.StateAt(r.Now()), nil
}

func (r *certificateResolver) Pem(ctx context.Context, obj *models.Certificate) (string, error) {
	return pemOf(obj.DER), nil
}

func (r *mutationResolver) AddCertificate(ctx context.Context, input model.AddCertificateInput) (*model.AddCertificatePayload, error) {
	out := &model.AddCertificatePayload{ClientMutationID: input.ClientMutationID.Value()}
	var cert models.Certificate
	id, err := models.ParseGlobal(models.PrefixIdentityProvider, input.IdentityProviderID)
	if err == nil {
		cert, err = r.SSO.AddCertificate(ctx, id, input.Certificate)
	}
	return out, settle(err, &out.UserErrors, "identityProviderId", func() { out.Certificate = &cert })
}

func (r *mutationResolver) RemoveCertificate(ctx context.Context, input model.RemoveCertificateInput) (*model.RemoveCertificatePayload, error) {
	out := &model.RemoveCertificatePayload{ClientMutationID: input.ClientMutationID.Value()}
	var cert models.Certificate
	id, err := models.ParseGlobal(models.PrefixCertificate, input.CertificateID)
	if err == nil {
		cert, err = r.SSO.RemoveCertificate(ctx, id)
	}
	return out, settle(err, &out.UserErrors, "certificateId", func() {
		out.DeletedCertificateID, out.Removed = some(cert.GlobalID()), &cert
	})
}

func (r *removeCertificatePayloadResolver) IdentityProvider(ctx context.Context, obj *model.RemoveCertificatePayload) (*models.IdentityProvider, error) {
	if obj.Removed == nil {
		return nil, nil
	}
	return r.provider(ctx, obj.Removed.TeamID, obj.Removed.IdentityProviderID)
}

func (r *Resolver) AddCertificatePayload() graph.AddCertificatePayloadResolver {
	return &addCertificatePayloadResolver{r}
}

func (r *Resolver) Certificate() graph.CertificateResolver { return &certificateResolver{r} }

func (r *Resolver) RemoveCertificatePayload() graph.RemoveCertificatePayloadResolver {
	return &removeCertificatePayloadResolver{r}
}

type (
	addCertificatePayloadResolver    struct{ *Resolver }
	certificateResolver              struct{ *Resolver }
	removeCertificatePayloadResolver struct{ *Resolver }
)
