package resolvers

import (
	"context"
	"strconv"

	"rollcall/fault"
	"rollcall/graph"
	"rollcall/graph/model"
	"rollcall/models"
	"rollcall/roster"
)

// What the resolvers of joining have in common: role rules, conflicts, upgrades.

// newRules are rules as an admin wants them.
func newRules(in []*model.RoleRuleInput) []roster.NewRule {
	out := make([]roster.NewRule, 0, len(in))
	for _, r := range in {
		out = append(out, roster.NewRule{Kind: r.Kind, Attribute: r.Attribute, Value: r.Value, Role: r.Role})
	}
	return out
}

// previewRoleRules tries rules and shows one page of what they would do.
func (r *Resolver) previewRoleRules(ctx context.Context, team models.ID, input model.PreviewRoleRulesInput) (*model.RoleRulePreview, error) {
	list := listName("roleRuleEffects", team)
	w, err := graph.ReadPage(list, graph.PageArgs{First: input.First.Value(), After: input.After.Value()})
	if err != nil {
		return nil, err
	}
	found, err := r.Roster.PreviewRoleRules(ctx, team, newRules(input.Rules), w)
	if err != nil {
		return nil, err
	}
	out := &model.RoleRulePreview{UnknownCount: found.Unknown, Changes: []*model.RoleRuleChange{}, Effects: []*model.RoleRuleEffect{}}
	for _, c := range found.Changes {
		out.Changes = append(out.Changes, &model.RoleRuleChange{From: c.From, To: c.To, Count: c.Count})
	}
	p := paged(list, w, found.Effects, found.More, func(e *roster.RuleEffect) models.Mark { return models.Mark{ID: e.Membership.ID} })
	members := make([]models.Membership, 0, len(p.nodes))
	for _, e := range p.nodes {
		out.Effects = append(out.Effects, &model.RoleRuleEffect{Membership: &e.Membership, Role: e.Role, RoleSource: e.Source})
		members = append(members, e.Membership)
	}
	r.knownMembers(ctx, members)
	out.PageInfo = p.info
	return out, nil
}

// knownMembers announces that members' accounts and the like may be wanted.
func (r *Resolver) knownMembers(ctx context.Context, rows []models.Membership) []*models.Membership {
	b := r.batch(ctx)
	for _, m := range rows {
		b.users.want(m.UserID)
		b.identities.want(m.ID)
		b.upgrades.want(m.ID)
	}
	return pointers(rows)
}

// membershipIDs reads a list of ids.
func membershipIDs(in []string) ([]models.ID, error) {
	out := make([]models.ID, 0, len(in))
	for i, text := range in {
		id, err := models.ParseGlobal(models.PrefixMembership, text)
		if err != nil {
			if f, ok := fault.As(err); ok {
				return nil, f.On("membershipIds", strconv.Itoa(i))
			}
			return nil, err
		}
		out = append(out, id)
	}
	return out, nil
}

// conflicts is a page of what a team's sign-ins left to settle, null for those
// who may not see it.
func (r *Resolver) conflicts(ctx context.Context, team models.ID, args graph.PageArgs, in *model.IdentityConflictFilter) (*model.IdentityConflictConnection, error) {
	var f roster.ConflictFilter
	if in != nil {
		f = roster.ConflictFilter{Open: in.Open.Value(), Kind: in.Kind.Value()}
	}
	list := listName("identityConflicts", team, told(f.Open), told(f.Kind))
	w, err := graph.ReadPage(list, args)
	if err != nil {
		return nil, err
	}
	w.Desc = true
	rows, more, err := r.Roster.Conflicts(ctx, team, f, w)
	if err != nil {
		return visible[model.IdentityConflictConnection](nil, err)
	}
	p := paged(list, w, rows, more, func(c *models.IdentityConflict) models.Mark { return models.Mark{ID: c.ID} })
	for _, c := range p.nodes {
		r.batch(ctx).members.want(c.MembershipID)
	}
	return &model.IdentityConflictConnection{
		Nodes: p.nodes, PageInfo: p.info, At: p.at,
		Count: func(ctx context.Context) (int, error) { return r.Roster.CountConflicts(ctx, team, f) },
	}, nil
}

// conflictsByID fetches conflicts and announces that their members may be wanted.
func (r *Resolver) conflictsByID(ctx context.Context, ids []models.ID) (map[models.ID]models.IdentityConflict, error) {
	out, err := r.Roster.ConflictsByID(ctx, ids)
	for _, c := range out {
		r.batch(ctx).members.want(c.MembershipID)
	}
	return out, err
}
