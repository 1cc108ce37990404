package resolvers

import (
	"context"

	"rollcall/fault"
	"rollcall/graph"
	"rollcall/graph/model"
	"rollcall/models"
)

func (r *loginAttemptResolver) Team(ctx context.Context, obj *models.LoginAttempt) (*models.Team, error) {
	return r.team(ctx, obj.TeamID)
}

func (r *loginAttemptResolver) Outcome(ctx context.Context, obj *models.LoginAttempt) (model.LoginOutcome, error) {
	return model.LoginOutcome(obj.Outcome), nil
}

func (r *loginAttemptResolver) Code(ctx context.Context, obj *models.LoginAttempt) (*string, error) {
	return some(obj.Code), nil
}

func (r *loginAttemptResolver) Explanation(ctx context.Context, obj *models.LoginAttempt) (*string, error) {
	return some(fault.Code(obj.Code).Meaning()), nil
}

func (r *loginAttemptResolver) Advice(ctx context.Context, obj *models.LoginAttempt) (*string, error) {
	return some(fault.Code(obj.Code).Advice()), nil
}

func (r *loginAttemptResolver) IdentityProvider(ctx context.Context, obj *models.LoginAttempt) (*models.IdentityProvider, error) {
	return r.providerOf(ctx, &obj.TeamID, obj.IdentityProviderID)
}

func (r *loginAttemptResolver) Certificate(ctx context.Context, obj *models.LoginAttempt) (*models.Certificate, error) {
	if obj.CertificateID == nil {
		return nil, nil
	}
	return maybe(r.batch(ctx).certs.get(ctx, *obj.CertificateID))
}

func (r *loginAttemptResolver) LoginTest(ctx context.Context, obj *models.LoginAttempt) (*models.LoginTest, error) {
	if obj.Message.LoginTestID == "" {
		return nil, nil
	}
	return maybe(r.batch(ctx).tests.get(ctx, obj.Message.LoginTestID))
}

func (r *loginAttemptResolver) Membership(ctx context.Context, obj *models.LoginAttempt) (*models.Membership, error) {
	if obj.MembershipID == nil {
		return nil, nil
	}
	return maybe(r.batch(ctx).members.get(ctx, *obj.MembershipID))
}

func (r *loginAttemptResolver) IdentityConflict(ctx context.Context, obj *models.LoginAttempt) (*models.IdentityConflict, error) {
	if obj.ConflictID == nil {
		return nil, nil
	}
	return maybe(r.batch(ctx).conflicts.get(ctx, *obj.ConflictID))
}

func (r *loginAttemptResolver) NameIDMasked(ctx context.Context, obj *models.LoginAttempt) (*string, error) {
	return some(obj.NameIDMasked), nil
}

func (r *loginAttemptResolver) Checks(ctx context.Context, obj *models.LoginAttempt) ([]*model.LoginCheck, error) {
	return loginChecks(obj.Checks), nil
}

func (r *loginAttemptResolver) MfaEvidence(ctx context.Context, obj *models.LoginAttempt) (*string, error) {
	return some(obj.MfaEvidence), nil
}

func (r *loginAttemptResolver) Message(ctx context.Context, obj *models.LoginAttempt) (*model.LoginMessage, error) {
	return loginMessage(obj.Message), nil
}

func (r *loginAttemptResolver) SinceLastSuccess(ctx context.Context, obj *models.LoginAttempt) ([]*model.LoginChange, error) {
	found, known, err := r.batch(ctx).changes.get(ctx, obj.ID)
	if err != nil || !known {
		return nil, err
	}
	return loginChanges(found), nil
}

func (r *loginAttemptResolver) IP(ctx context.Context, obj *models.LoginAttempt) (*string, error) {
	return some(obj.IP), nil
}

func (r *loginAttemptResolver) Browser(ctx context.Context, obj *models.LoginAttempt) (*string, error) {
	return some(obj.Message.Browser), nil
}

func (r *loginAttemptResolver) RequestID(ctx context.Context, obj *models.LoginAttempt) (*string, error) {
	return some(obj.RequestID), nil
}

func (r *loginAttemptConnectionResolver) Edges(ctx context.Context, obj *model.LoginAttemptConnection) ([]*model.LoginAttemptEdge, error) {
	return edges(obj.Nodes, obj.At, func(cursor string, node *models.LoginAttempt) *model.LoginAttemptEdge {
		return &model.LoginAttemptEdge{Cursor: cursor, Node: node}
	}), nil
}

func (r *loginAttemptConnectionResolver) TotalCount(ctx context.Context, obj *model.LoginAttemptConnection) (int, error) {
	return obj.Count(ctx)
}

func (r *Resolver) LoginAttempt() graph.LoginAttemptResolver { return &loginAttemptResolver{r} }

func (r *Resolver) LoginAttemptConnection() graph.LoginAttemptConnectionResolver {
	return &loginAttemptConnectionResolver{r}
}

type (
	loginAttemptResolver           struct{ *Resolver }
	loginAttemptConnectionResolver struct{ *Resolver }
)
