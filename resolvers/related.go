package resolvers

import (
	"context"
	"maps"
	"slices"

	"rollcall/fault"
	"rollcall/graph/model"
	"rollcall/models"
	"rollcall/roster"
)

// The relations that several types have. Each is one look-up in a batch.

var errGone = fault.New(fault.Missing, "There is no such object.")

// must turns a look-up of something that a type cannot be without into a fault
// when it found nothing: the row went away, or the key lacks the scope for it.
func must[V any](row V, found bool, err error) (*V, error) {
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, errGone
	default:
		return &row, nil
	}
}

// maybe turns a look-up that found nothing into null.
func maybe[V any](row V, found bool, err error) (*V, error) {
	if err != nil || !found {
		return nil, err
	}
	return &row, nil
}

func (r *Resolver) team(ctx context.Context, id models.ID) (*models.Team, error) {
	return must(r.batch(ctx).teams.get(ctx, id))
}

func (r *Resolver) user(ctx context.Context, id models.ID) (*models.User, error) {
	return must(r.batch(ctx).users.get(ctx, id))
}

// provider is one of a team's identity providers. It is looked for in the list
// of all of them, which is short and which other fields want as well.
func (r *Resolver) provider(ctx context.Context, team, id models.ID) (*models.IdentityProvider, error) {
	rows, err := r.providers(ctx, team)
	if err != nil {
		return nil, err
	}
	for _, p := range rows {
		if p.ID == id {
			return p, nil
		}
	}
	return nil, errGone
}

// knownTeam makes a team that was read known to the batch and returns it.
func (r *Resolver) knownTeam(ctx context.Context, t *models.Team) *models.Team {
	if t != nil {
		r.batch(ctx).teams.put(t.ID, *t)
	}
	return t
}

// knownUser makes a user that was read known to the batch, and announces the
// team that manages them.
func (r *Resolver) knownUser(ctx context.Context, u models.User) {
	b := r.batch(ctx)
	b.users.put(u.ID, u)
	wantAny(b.teams, u.ManagedByTeamID)
}

// usersByID fetches users and announces the teams that manage them.
func (r *Resolver) usersByID(ctx context.Context, ids []models.ID) (map[models.ID]models.User, error) {
	out, err := r.Roster.UsersByID(ctx, ids)
	for _, u := range out {
		wantAny(r.batch(ctx).teams, u.ManagedByTeamID)
	}
	return out, err
}

// providers are a team's identity providers.
func (r *Resolver) providers(ctx context.Context, team models.ID) ([]*models.IdentityProvider, error) {
	rows, err := must(r.batch(ctx).providers.get(ctx, team))
	if err != nil {
		return nil, err
	}
	return pointers(*rows), nil
}

// serviceProvider are the values of a team that its identity provider is told.
func (r *Resolver) serviceProvider(ctx context.Context, team models.ID) (*model.ServiceProvider, error) {
	slug, err := r.slug(ctx, team)
	if err != nil {
		return nil, err
	}
	sp := r.SSO.ServiceProvider(slug)
	return &model.ServiceProvider{EntityID: sp.EntityID, AcsURL: sp.ACSURL, LoginURL: sp.LoginURL, MetadataURL: sp.MetadataURL, TeamID: team}, nil
}

// settingsByTeam fetches and announces that the teams' identity providers may
// be wanted.
func (r *Resolver) settingsByTeam(ctx context.Context, teams []models.ID) (map[models.ID]models.SsoSettings, error) {
	rows, err := r.SSO.SettingsByTeam(ctx, teams)
	for team := range rows {
		r.batch(ctx).providers.want(team)
		r.batch(ctx).teamKeys.want(team)
		r.batch(ctx).roleRules.want(team)
	}
	return rows, err
}

// providersByTeam fetches the lists and announces that their certificates may
// be wanted. Teams whose single sign-on the caller may not see are left out.
func (r *Resolver) providersByTeam(ctx context.Context, teams []models.ID) (map[models.ID][]models.IdentityProvider, error) {
	out, err := r.SSO.ProvidersByTeam(ctx, teams)
	for _, rows := range out {
		for _, p := range rows {
			r.batch(ctx).certificates.want(p.ID)
			r.batch(ctx).sources.want(p.ID)
			r.batch(ctx).staged.want(p.ID)
		}
	}
	return out, err
}

// certificatesByProvider fetches the lists and announces that it may be asked
// how much hangs on each certificate.
func (r *Resolver) certificatesByProvider(ctx context.Context, providers []models.ID) (map[models.ID][]models.Certificate, error) {
	out, err := r.SSO.CertificatesByProvider(ctx, providers)
	for _, rows := range out {
		r.batch(ctx).expectCertificates(rows)
	}
	return out, err
}

// certificatesByID does the same for single ones.
func (r *Resolver) certificatesByID(ctx context.Context, ids []models.ID) (map[models.ID]models.Certificate, error) {
	out, err := r.SSO.CertificatesByID(ctx, ids)
	r.batch(ctx).expectCertificates(slices.Collect(maps.Values(out)))
	return out, err
}

// membershipsByID fetches members and announces that their accounts and
// identities may be wanted.
func (r *Resolver) membershipsByID(ctx context.Context, ids []models.ID) (map[models.ID]models.Membership, error) {
	out, err := r.Roster.MembershipsByID(ctx, ids)
	for _, m := range out {
		r.batch(ctx).users.want(m.UserID)
		r.batch(ctx).identities.want(m.ID)
		r.batch(ctx).upgrades.want(m.ID)
		r.batch(ctx).emails.want(m.ID)
		r.batch(ctx).attributes.want(m.ID)
	}
	return out, err
}

// healthByTeam sums up how the provisioning clients of teams are doing.
func (r *Resolver) healthByTeam(ctx context.Context, teams []models.ID) (map[models.ID]roster.ScimHealth, error) {
	out := make(map[models.ID]roster.ScimHealth, len(teams))
	for _, team := range teams {
		h, err := r.Roster.ScimHealth(ctx, team)
		if err != nil {
			return nil, err
		}
		out[team] = h
	}
	return out, nil
}

// slug is the name of a team in its URLs.
func (r *Resolver) slug(ctx context.Context, team models.ID) (string, error) {
	t, err := r.team(ctx, team)
	if err != nil {
		return "", err
	}
	return t.Slug, nil
}

func pointers[T any](rows []T) []*T {
	out := make([]*T, len(rows))
	for i := range rows {
		out[i] = &rows[i]
	}
	return out
}

// certificatesOf are those of all of a team's identity providers, the latest end
// first.
func (r *Resolver) certificatesOf(ctx context.Context, team models.ID) ([]*models.Certificate, error) {
	providers, err := r.providers(ctx, team)
	if err != nil {
		return nil, err
	}
	out := []*models.Certificate{}
	for _, p := range providers {
		rows, _, err := r.batch(ctx).certificates.get(ctx, p.ID)
		if err != nil {
			return nil, err
		}
		out = append(out, pointers(rows)...)
	}
	slices.SortStableFunc(out, func(a, b *models.Certificate) int { return b.NotAfter.Compare(a.NotAfter) })
	return out, nil
}
