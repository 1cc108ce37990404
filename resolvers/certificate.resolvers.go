package resolvers

import (
	"context"
	"time"

	"rollcall/graph"
	"rollcall/graph/model"
	"rollcall/models"
	"rollcall/sso"
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

func (r *certificateResolver) LoginsIn30Days(ctx context.Context, obj *models.Certificate) (int, error) {
	u, err := must(r.batch(ctx).usage.get(ctx, obj.ID))
	if err != nil {
		return 0, err
	}
	return int(u.Logins30Days), nil
}

func (r *certificateResolver) EffectiveDeadline(ctx context.Context, obj *models.Certificate) (*time.Time, error) {
	p, err := r.provider(ctx, obj.TeamID, obj.IdentityProviderID)
	if err != nil {
		return nil, err
	}
	deadline := obj.NotAfter.AddDate(0, 0, -sso.EarlyDays(p.Vendor))
	return &deadline, nil
}

func (r *certificateResolver) Notices(ctx context.Context, obj *models.Certificate) ([]*model.CertificateNotice, error) {
	rows, _, err := r.batch(ctx).notices.get(ctx, obj.ID)
	return certificateNotices(rows), err
}

func (r *certificateResolver) RemovalImpact(ctx context.Context, obj *models.Certificate) (*model.RemovalImpact, error) {
	found, err := must(r.batch(ctx).impacts.get(ctx, obj.ID))
	if err != nil {
		return nil, err
	}
	return &model.RemovalImpact{Level: model.RemovalImpactLevel(found.Impact), Explanation: found.Explanation}, nil
}

func (r *certificateResolver) Pem(ctx context.Context, obj *models.Certificate) (string, error) {
	return pemOf(obj.DER), nil
}

func (r *certificateConnectionResolver) Edges(ctx context.Context, obj *model.CertificateConnection) ([]*model.CertificateEdge, error) {
	return edges(obj.Nodes, obj.At, func(cursor string, node *models.Certificate) *model.CertificateEdge {
		return &model.CertificateEdge{Cursor: cursor, Node: node}
	}), nil
}

func (r *certificateConnectionResolver) TotalCount(ctx context.Context, obj *model.CertificateConnection) (int, error) {
	return obj.Count(ctx)
}

func (r *mutationResolver) AddCertificate(ctx context.Context, input model.AddCertificateInput) (*model.AddCertificatePayload, error) {
	out := &model.AddCertificatePayload{ClientMutationID: input.ClientMutationID.Value()}
	var cert models.Certificate
	in := arguments{}
	id := in.id(models.PrefixIdentityProvider, input.IdentityProviderID, "identityProviderId")
	pasted := in.certificate(input.Certificate, input.File)
	err := in.err
	if err == nil {
		cert, err = r.SSO.AddCertificate(ctx, id, pasted)
		err = aboutFile(err, input.File, "certificate")
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

func (r *Resolver) CertificateConnection() graph.CertificateConnectionResolver {
	return &certificateConnectionResolver{r}
}

func (r *Resolver) RemoveCertificatePayload() graph.RemoveCertificatePayloadResolver {
	return &removeCertificatePayloadResolver{r}
}

type (
	addCertificatePayloadResolver    struct{ *Resolver }
	certificateResolver              struct{ *Resolver }
	certificateConnectionResolver    struct{ *Resolver }
	removeCertificatePayloadResolver struct{ *Resolver }
)
