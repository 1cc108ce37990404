package resolvers

import (
	"context"
	"time"

	"rollcall/access"
	"rollcall/fault"
	"rollcall/graph"
	"rollcall/graph/model"
	"rollcall/models"
)

// loginTests is a page of a team's test logins.
func (r *Resolver) loginTests(ctx context.Context, team models.ID, args graph.PageArgs) (*model.LoginTestConnection, error) {
	list := listName("loginTests", team)
	w, err := graph.ReadPage(list, args)
	if err != nil {
		return nil, err
	}
	rows, more, err := r.SSO.LoginTests(ctx, team, w)
	if err != nil {
		return nil, err
	}
	p := paged(list, w, rows, more, func(t *models.LoginTest) models.Mark { return models.Mark{ID: t.ID} })
	b := r.batch(ctx)
	for _, t := range p.nodes {
		wantAny(b.attempts, t.AttemptID)
		b.settings.want(t.TeamID)
	}
	return &model.LoginTestConnection{
		Nodes: p.nodes, PageInfo: p.info, At: p.at,
		Count: func(ctx context.Context) (int, error) { return r.SSO.CountLoginTests(ctx, team) },
	}, nil
}

// testState is how far a test has come, as clients see it.
func testState(t *models.LoginTest, now time.Time) model.LoginTestState {
	if t.State == models.TestPending && !now.Before(t.ExpiresAt) {
		return model.LoginTestStateExpired
	}
	return model.LoginTestState(t.State)
}

func testProfile(t *models.LoginTest) *model.LoginTestProfile {
	p := t.Profile
	if p.NameID == "" {
		return nil
	}
	out := &model.LoginTestProfile{
		NameID: p.NameID, NameIDFormat: some(p.NameIDFormat), Email: p.Email, Name: some(p.Name), GivenName: some(p.GivenName), FamilyName: some(p.FamilyName),
		Attributes: make([]*model.LoginTestAttribute, len(p.Attributes)),
	}
	for i, a := range p.Attributes {
		out.Attributes[i] = &model.LoginTestAttribute{Name: a.Name, Values: a.Values}
	}
	return out
}

// followTest waits for the end of one test login.
func (r *Resolver) followTest(ctx context.Context, id models.ID) (<-chan *models.LoginTest, error) {
	row, err := r.SSO.LoginTest(ctx, id)
	if err != nil {
		return nil, err
	}
	out := make(chan *models.LoginTest)
	tick := r.Tick
	if tick == nil {
		tick = ticker
	}
	go r.awaitTest(ctx, row, out, tick)
	return out, nil
}

// awaitTest looks at the test until it has ended or can end no more, and each
// time at its caller's right to see it.
func (r *Resolver) awaitTest(ctx context.Context, row models.LoginTest, out chan<- *models.LoginTest, tick func() (<-chan time.Time, func())) {
	defer close(out)
	ticks, stop := tick()
	defer stop()
	for row.State == models.TestPending && testState(&row, r.Now()) == model.LoginTestStatePending {
		select {
		case <-ctx.Done():
			return
		case <-r.Stopping:
			return
		case <-ticks:
		}
		actor, err := r.Credentials.Renew(ctx)
		if err == nil {
			row, err = r.SSO.LoginTest(access.With(ctx, actor), row.ID)
		}
		if err != nil {
			if _, refused := fault.As(err); !refused && ctx.Err() == nil {
				r.Log.ErrorContext(ctx, "a stream of a test login ends", "error", err)
			}
			return
		}
	}
	if row.State == models.TestPending {
		return
	}
	select {
	case <-ctx.Done():
	case out <- &row:
	}
}
