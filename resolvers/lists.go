package resolvers

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"rollcall/audit"
	"rollcall/credential"
	"rollcall/fault"
	"rollcall/graph"
	"rollcall/graph/model"
	"rollcall/models"
	"rollcall/roster"
	"rollcall/sso"
)

// listName names a list with its parent and everything that narrows or orders
// it, so that a cursor is good for this list only.
func listName(parts ...any) string {
	var b strings.Builder
	for _, p := range parts {
		text := fmt.Sprint(p)
		fmt.Fprintf(&b, "%d:%s", len(text), text)
	}
	return b.String()
}

// told writes an optional value for listName.
func told[T any](v *T) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprint("+", *v)
}

// maxNamed is how many values a filter takes in one list.
const maxNamed = 20

// memberships is a page of a team's members.
func (r *Resolver) memberships(ctx context.Context, team models.ID, args graph.PageArgs, in *model.MembershipFilter, order *model.MembershipOrder) (*model.MembershipConnection, error) {
	f, err := memberFilter(in)
	if err != nil {
		return nil, err
	}
	if f.Search != "" {
		return r.search(ctx, team, args, f, order)
	}
	by, desc := roster.ByJoining, false
	mark := func(m *models.Membership) models.Mark { return models.Mark{ID: m.ID} }
	if order != nil {
		desc = order.Direction == model.OrderDirectionDesc
		if order.Field == model.MembershipOrderFieldUserName {
			by = roster.ByUserName
			mark = func(m *models.Membership) models.Mark { return models.Mark{ID: m.ID, Key: m.UserNameKey} }
		}
	}
	list := listName("memberships", team, f.Roles, f.Sources, told(f.Status), told(f.UnderSso), told(f.NotSeenSince), f.UserNamePrefix, by, desc)
	w, err := graph.ReadPage(list, args)
	if err != nil {
		return nil, err
	}
	w.Desc = desc
	rows, more, err := r.Roster.ListMembers(ctx, team, f, by, w)
	if err != nil {
		return nil, err
	}
	members := make([]models.Membership, len(rows))
	for i := range rows {
		members[i] = rows[i].Membership
		r.knownUser(ctx, rows[i].User)
	}
	p := paged(list, w, members, more, mark)
	r.batch(ctx).expect(p.nodes)
	return &model.MembershipConnection{
		Nodes: p.nodes, PageInfo: p.info, At: p.at,
		Count: func(ctx context.Context) (int, error) { return r.Roster.CountMembers(ctx, team, f) },
	}, nil
}

func memberFilter(in *model.MembershipFilter) (f roster.MemberFilter, err error) {
	if in == nil {
		return f, nil
	}
	f = roster.MemberFilter{
		Roles: in.Roles.Value(), Sources: in.Sources.Value(), Status: in.Status.Value(), UnderSso: in.UnderSso.Value(),
		NotSeenSince: in.NotSeenSince.Value(), UserNamePrefix: models.Fold(text(in.UserNameStartsWith)),
		Search: text(in.Search),
	}
	if in.Search.Value() != nil && f.Search == "" {
		return f, fault.New(fault.InvalidValue, "The text to search for is empty; leave it out to list everybody.").On("filter", "search")
	}
	if len(f.Roles) > maxNamed || len(f.Sources) > maxNamed {
		return f, fault.New(fault.InvalidValue, "A filter takes %d values in one list.", maxNamed).On("filter")
	}
	return f, nil
}

// teams is a page of the teams that the caller may see.
func (r *Resolver) teams(ctx context.Context, args graph.PageArgs) (*model.TeamConnection, error) {
	const list = "teams"
	w, err := graph.ReadPage(list, args)
	if err != nil {
		return nil, err
	}
	rows, more, err := r.Roster.ListTeams(ctx, w)
	if err != nil {
		return nil, err
	}
	p := paged(list, w, rows, more, func(t *models.Team) models.Mark { return models.Mark{ID: t.ID} })
	b := r.batch(ctx)
	for _, t := range p.nodes {
		r.knownTeam(ctx, t)
		b.settings.want(t.ID)
		b.tokensOfTeam.want(t.ID)
		b.notifications.want(t.ID)
	}
	return &model.TeamConnection{Nodes: p.nodes, PageInfo: p.info, At: p.at, Count: r.Roster.CountTeams}, nil
}

// teamSessions is a page of a holder's sessions.
func (r *Resolver) sessions(ctx context.Context, h credential.Holder, args graph.PageArgs) (*model.SessionConnection, error) {
	list := listName("sessions", h.Team, h.Membership)
	w, err := graph.ReadPage(list, args)
	w.Desc = true
	if err == nil {
		err = credential.MaySeeSessions(ctx, h)
	}
	if err != nil {
		return visible[model.SessionConnection](nil, err)
	}
	rows, more, err := firstOf(ctx, r.batch(ctx).sessionsOf(w.Limit), h, w, r.Credentials.Sessions)
	if err != nil {
		return nil, err
	}
	p := paged(list, w, rows, more, func(x *models.Session) models.Mark { return models.Mark{ID: x.ID} })
	b := r.batch(ctx)
	for _, x := range p.nodes {
		b.users.want(x.UserID)
	}
	return &model.SessionConnection{
		Nodes: p.nodes, PageInfo: p.info, At: p.at,
		Count: func(ctx context.Context) (int, error) { return r.Credentials.CountSessions(ctx, h) },
	}, nil
}

// apiKeys is a page of a holder's API keys.
func (r *Resolver) apiKeys(ctx context.Context, h credential.Holder, args graph.PageArgs) (*model.APIKeyConnection, error) {
	list := listName("apiKeys", h.Team, h.Membership)
	w, err := graph.ReadPage(list, args)
	w.Desc = true
	if err == nil {
		err = credential.MaySeeAPIKeys(ctx, h)
	}
	if err != nil {
		return visible[model.APIKeyConnection](nil, err)
	}
	rows, more, err := firstOf(ctx, r.batch(ctx).keysOf(w.Limit), h, w, r.Credentials.APIKeys)
	if err != nil {
		return nil, err
	}
	p := paged(list, w, rows, more, func(k *models.APIKey) models.Mark { return models.Mark{ID: k.ID} })
	b := r.batch(ctx)
	for _, k := range p.nodes {
		if k.UserID != nil {
			b.users.want(*k.UserID)
		}
	}
	return &model.APIKeyConnection{
		Nodes: p.nodes, PageInfo: p.info, At: p.at,
		Count: func(ctx context.Context) (int, error) { return r.Credentials.CountAPIKeys(ctx, h) },
	}, nil
}

// firstOf reads a page of a holder's list. The first pages of many members come
// from one statement; every other page is one of its own.
func firstOf[T any](ctx context.Context, b *batch[[]T], h credential.Holder, w models.Window, one func(context.Context, credential.Holder, models.Window) ([]T, bool, error)) ([]T, bool, error) {
	if h.Membership == "" || w.After != nil || w.Before != nil || w.Last {
		return one(ctx, h, w)
	}
	rows, _, err := b.get(ctx, h.Membership)
	if err != nil {
		return nil, false, err
	}
	rows, more := models.Cut(w, rows)
	return rows, more, nil
}

// attempts is a page of a team's sign-in attempts.
func (r *Resolver) attempts(ctx context.Context, team models.ID, args graph.PageArgs, in *model.LoginAttemptFilter) (*model.LoginAttemptConnection, error) {
	var f sso.AttemptFilter
	if in != nil {
		f = sso.AttemptFilter{Code: text(in.Code), Since: in.Since.Value(), Until: in.Until.Value()}
		if o := in.Outcome.Value(); o != nil {
			f.Outcome = models.AttemptOutcome(*o)
		}
		if k := in.Kind.Value(); k != nil {
			f.Kind = *k
		}
		if id := in.IdentityProviderID.Value(); id != nil {
			provider, err := models.ParseGlobal(models.PrefixIdentityProvider, *id)
			if err != nil {
				return nil, err
			}
			f.Provider = provider
		}
	}
	list := listName("loginAttempts", team, f.Outcome, f.Kind, f.Provider, f.Code, told(f.Since), told(f.Until))
	w, err := graph.ReadPage(list, args)
	if err != nil {
		return nil, err
	}
	rows, more, err := r.SSO.Attempts(ctx, team, f, w)
	if err != nil {
		return visible[model.LoginAttemptConnection](nil, err)
	}
	p := paged(list, w, rows, more, func(a *models.LoginAttempt) models.Mark { return models.Mark{ID: a.ID} })
	b := r.batch(ctx)
	for _, a := range p.nodes {
		b.changes.want(a.ID)
		wantAny(b.members, a.MembershipID)
		wantAny(b.certs, a.CertificateID)
		if id := a.Message.LoginTestID; id != "" {
			b.tests.want(id)
		}
		wantAny(b.conflicts, a.ConflictID)
	}
	return &model.LoginAttemptConnection{
		Nodes: p.nodes, PageInfo: p.info, At: p.at,
		Count: func(ctx context.Context) (int, error) { return r.SSO.CountAttempts(ctx, team, f) },
	}, nil
}

// events is a page of a team's history or, without a team, of the installation's.
func (r *Resolver) events(ctx context.Context, team models.ID, args graph.PageArgs, in *model.AuditEventFilter, direction *model.OrderDirection) (*model.AuditEventConnection, error) {
	f, err := eventFilter(in)
	if err != nil {
		return nil, err
	}
	desc := direction == nil || *direction == model.OrderDirectionDesc
	list := listName("auditEvents", team, f.Actions, f.ActorID, f.TargetID, told(f.Since), told(f.Until), desc)
	w, err := graph.ReadPage(list, args)
	if err != nil {
		return nil, err
	}
	w.Desc = desc
	rows, more, err := r.Audit.Events(ctx, team, f, w)
	if err != nil {
		return visible[model.AuditEventConnection](nil, err)
	}
	p := paged(list, w, rows, more, func(e *models.AuditEvent) models.Mark { return models.Mark{ID: e.ID, Key: e.At} })
	b := r.batch(ctx)
	for _, e := range p.nodes {
		b.expectEvent(e)
	}
	return &model.AuditEventConnection{
		Nodes: p.nodes, PageInfo: p.info, At: p.at,
		Count: func(ctx context.Context) (int, error) { return r.Audit.Count(ctx, team, f) },
	}, nil
}

func eventFilter(in *model.AuditEventFilter) (f audit.Filter, err error) {
	if in == nil {
		return f, nil
	}
	f = audit.Filter{Actions: in.Actions.Value(), Since: in.Since.Value(), Until: in.Until.Value()}
	if len(f.Actions) > maxNamed {
		return f, fault.New(fault.InvalidValue, "A filter takes %d values in one list.", maxNamed).On("filter", "actions")
	}
	if f.ActorID, err = anyID(in.ActorID, "actorId"); err != nil {
		return f, err
	}
	f.TargetID, err = anyID(in.TargetID, "targetId")
	return f, err
}

// anyID reads an optional id of whatever type.
func anyID(o graphql.Omittable[*string], field string) (models.ID, error) {
	v := o.Value()
	if v == nil {
		return "", nil
	}
	_, id, err := models.SplitGlobal(*v)
	if err != nil {
		return "", fault.New(fault.InvalidValue, "It is not an id.").On("filter", field)
	}
	return id, nil
}

// minutes is a number of minutes of the input as a duration.
func minutes(n *int) time.Duration {
	if n == nil {
		return 0
	}
	// What is out of range is refused by the verb; it must not overflow before.
	return time.Duration(max(min(*n, 1<<30), -1)) * time.Minute
}
