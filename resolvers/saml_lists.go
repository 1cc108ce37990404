package resolvers

import (
	"context"
	"slices"

	"rollcall/fault"
	"rollcall/graph"
	"rollcall/graph/model"
	"rollcall/models"
)

// expiredCertificates is a page of what was trusted once.
func (r *Resolver) expiredCertificates(ctx context.Context, provider models.ID, args graph.PageArgs) (*model.CertificateConnection, error) {
	list := listName("expiredCertificates", provider)
	w, err := graph.ReadPage(list, args)
	if err != nil {
		return nil, err
	}
	rows, more, err := r.SSO.ExpiredCertificates(ctx, provider, w)
	if err != nil {
		return nil, err
	}
	r.batch(ctx).expectCertificates(rows)
	p := paged(list, w, rows, more, func(c *models.Certificate) models.Mark { return models.Mark{ID: c.ID, Key: c.NotAfter} })
	return &model.CertificateConnection{
		Nodes: p.nodes, PageInfo: p.info, At: p.at,
		Count: func(ctx context.Context) (int, error) { return r.SSO.CountExpiredCertificates(ctx, provider) },
	}, nil
}

// mails is a page of a team's mails, null for those who may not see them.
func (r *Resolver) mails(ctx context.Context, team models.ID, args graph.PageArgs, states []models.MailState) (*model.MailConnection, error) {
	if len(states) > maxNamed {
		return nil, fault.New(fault.InvalidValue, "A filter takes %d values in one list.", maxNamed).On("states")
	}
	states = slices.Compact(slices.Sorted(slices.Values(states)))
	list := listName("mails", team, states)
	w, err := graph.ReadPage(list, args)
	if err != nil {
		return nil, err
	}
	rows, more, err := r.SSO.Mails(ctx, team, states, w)
	if err != nil {
		return visible[model.MailConnection](nil, err)
	}
	p := paged(list, w, rows, more, func(m *models.Mail) models.Mark { return models.Mark{ID: m.ID} })
	b := r.batch(ctx)
	for _, m := range p.nodes {
		wantAny(b.members, m.MembershipID)
		b.noticeKinds.want(m.NoticeID)
	}
	return &model.MailConnection{
		Nodes: p.nodes, PageInfo: p.info, At: p.at,
		Count: func(ctx context.Context) (int, error) { return r.SSO.CountMails(ctx, team, states) },
	}, nil
}
