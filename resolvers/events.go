package resolvers

import (
	"context"
	"slices"

	"rollcall/access"
	"rollcall/graph/model"
	"rollcall/models"
)

// The kinds of actor, as events have them.
const (
	actorOperator = string(access.Operator)
	actorPerson   = string(access.Person)
	actorKey      = string(access.Key)
	actorScim     = string(access.Scim)
)

// actorOf is who did something, nil when they are gone or not to be seen.
func (r *Resolver) actorOf(ctx context.Context, e *models.AuditEvent) (model.Actor, error) {
	if e.ActorID == nil {
		return nil, nil
	}
	b := r.batch(ctx)
	switch e.ActorKind {
	case actorPerson:
		return asActor(b.users.get(ctx, *e.ActorID))
	case actorKey, actorOperator:
		return asActor(b.keysByID.get(ctx, *e.ActorID))
	case actorScim:
		return asActor(b.tokens.get(ctx, *e.ActorID))
	default:
		return nil, nil
	}
}

func asActor[T model.Actor](row T, found bool, err error) (model.Actor, error) {
	if err != nil || !found {
		return nil, err
	}
	return row, nil
}

// targetOf is what something was done to, nil when it is gone or not to be seen.
func (r *Resolver) targetOf(ctx context.Context, e *models.AuditEvent) (model.Node, error) {
	if e.TargetID == nil {
		return nil, nil
	}
	b, id := r.batch(ctx), *e.TargetID
	switch models.Prefix(e.TargetKind) {
	case models.PrefixTeam:
		return foundNode(b.teams.get(ctx, id))
	case models.PrefixUser:
		return foundNode(b.users.get(ctx, id))
	case models.PrefixMembership:
		return foundNode(b.members.get(ctx, id))
	case models.PrefixSession:
		return foundNode(b.sessionsByID.get(ctx, id))
	case models.PrefixAPIKey:
		return foundNode(b.keysByID.get(ctx, id))
	case models.PrefixScimToken:
		return foundNode(b.tokens.get(ctx, id))
	case models.PrefixCertificate:
		return foundNode(b.certs.get(ctx, id))
	case models.PrefixSsoSettings:
		if e.TeamID == nil {
			return nil, nil
		}
		return foundNode(b.settings.get(ctx, *e.TeamID))
	case models.PrefixStagedCertificate:
		return foundNode(b.stagedByID.get(ctx, id))
	case models.PrefixSPKey:
		if e.TeamID == nil {
			return nil, nil
		}
		keys, _, err := b.teamKeys.get(ctx, *e.TeamID)
		i := slices.IndexFunc(keys, func(k models.ServiceProviderKey) bool { return k.ID == id })
		if err != nil || i < 0 {
			return nil, err
		}
		return keys[i], nil
	case models.PrefixIdentityProvider:
		p, err := r.providerOf(ctx, e.TeamID, e.TargetID)
		if err != nil || p == nil {
			return nil, err
		}
		return *p, nil
	default:
		return r.node(ctx, models.Global(models.Prefix(e.TargetKind), id))
	}
}

func foundNode[T model.Node](row T, found bool, err error) (model.Node, error) {
	if err != nil || !found {
		return nil, err
	}
	return row, nil
}

// providerOf is an identity provider that may be gone.
func (r *Resolver) providerOf(ctx context.Context, team, id *models.ID) (*models.IdentityProvider, error) {
	if team == nil || id == nil {
		return nil, nil
	}
	return visible(r.provider(ctx, *team, *id))
}

// changesOf are the values that an event recorded before and after. What tells
// of a role's change does so as two facts.
func changesOf(e *models.AuditEvent) []*model.Change {
	out := []*model.Change{}
	var from, to string
	for _, d := range e.Details {
		switch {
		case d.Before != nil && d.After != nil:
			out = append(out, &model.Change{Field: d.Name, Before: *d.Before, After: *d.After})
		case d.Name == "from":
			from = d.Value
		case d.Name == "to":
			to = d.Value
		}
	}
	if from != "" && to != "" {
		out = append(out, &model.Change{Field: "role", Before: from, After: to})
	}
	return out
}

// factsOf are the details of an event that are no changes.
func factsOf(e *models.AuditEvent) []*models.AuditDetail {
	out := []*models.AuditDetail{}
	for i, d := range e.Details {
		if d.Before == nil {
			out = append(out, &e.Details[i])
		}
	}
	return out
}
