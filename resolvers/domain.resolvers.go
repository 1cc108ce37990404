package resolvers

import (
	"context"
	"time"

	"rollcall/domain"
	"rollcall/graph"
	"rollcall/graph/model"
	"rollcall/models"
)

func (r *domainResolver) Team(ctx context.Context, obj *models.Domain) (*models.Team, error) {
	return r.team(ctx, obj.TeamID)
}

func (r *domainResolver) Challenge(ctx context.Context, obj *models.Domain) (*model.DomainChallenge, error) {
	c := domain.ChallengeOf(*obj)
	return &model.DomainChallenge{Name: c.Name, Type: c.Type, Value: c.Value}, nil
}

func (r *domainResolver) NextCheckAt(ctx context.Context, obj *models.Domain) (*time.Time, error) {
	if !obj.Held {
		return nil, nil
	}
	return &obj.NextAt, nil
}

func (r *domainResolver) LastError(ctx context.Context, obj *models.Domain) (*string, error) {
	return some(obj.LastError), nil
}

func (r *mutationResolver) AddDomain(ctx context.Context, input model.AddDomainInput) (*model.AddDomainPayload, error) {
	out := &model.AddDomainPayload{ClientMutationID: input.ClientMutationID.Value()}
	var row models.Domain
	team, err := models.ParseGlobal(models.PrefixTeam, input.TeamID)
	if err == nil {
		row, err = r.Domains.Add(ctx, team, input.Name)
	}
	return out, settle(err, &out.UserErrors, "teamId", func() { out.Domain = &row })
}

func (r *mutationResolver) VerifyDomain(ctx context.Context, input model.VerifyDomainInput) (*model.VerifyDomainPayload, error) {
	out := &model.VerifyDomainPayload{ClientMutationID: input.ClientMutationID.Value()}
	var row models.Domain
	id, err := models.ParseGlobal(models.PrefixDomain, input.DomainID)
	if err == nil {
		row, err = r.Domains.Verify(ctx, id)
	}
	return out, settle(err, &out.UserErrors, "domainId", func() { out.Domain = &row })
}

func (r *mutationResolver) RemoveDomain(ctx context.Context, input model.RemoveDomainInput) (*model.RemoveDomainPayload, error) {
	out := &model.RemoveDomainPayload{ClientMutationID: input.ClientMutationID.Value()}
	var row models.Domain
	id, err := models.ParseGlobal(models.PrefixDomain, input.DomainID)
	if err == nil {
		row, err = r.Domains.Remove(ctx, id)
	}
	return out, settle(err, &out.UserErrors, "domainId", func() { out.DeletedDomainID, out.TeamID = &input.DomainID, row.TeamID })
}

func (r *removeDomainPayloadResolver) Team(ctx context.Context, obj *model.RemoveDomainPayload) (*models.Team, error) {
	if obj.DeletedDomainID == nil {
		return nil, nil
	}
	return r.team(ctx, obj.TeamID)
}

func (r *teamResolver) Domains(ctx context.Context, obj *models.Team) ([]*models.Domain, error) {
	rows, found, err := r.batch(ctx).domains.get(ctx, obj.ID)
	if err != nil || !found {
		return nil, err
	}
	return pointers(rows), nil
}

func (r *Resolver) Domain() graph.DomainResolver { return &domainResolver{r} }

func (r *Resolver) RemoveDomainPayload() graph.RemoveDomainPayloadResolver {
	return &removeDomainPayloadResolver{r}
}

type (
	domainResolver              struct{ *Resolver }
	removeDomainPayloadResolver struct{ *Resolver }
)
