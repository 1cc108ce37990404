package resolvers

import (
	"rollcall/models"
)

// What a page that was read announces to the batches.

// expect announces the members of a page.
func (b *batches) expect(members []*models.Membership) {
	ids := make([]models.ID, 0, len(members))
	b.mu.Lock()
	for _, m := range members {
		ids = append(ids, m.ID)
	}
	b.listed = append(b.listed, ids...)
	b.mu.Unlock()
	for i, m := range members {
		ids[i] = m.UserID
	}
	b.users.want(ids...)
}

// listedMembers are the members of all pages so far. What few pages ask about them
// is not announced to a batch of its own for every page.
func (b *batches) listedMembers() []models.ID {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.listed[:len(b.listed):len(b.listed)]
}

// sessionsOf is the batch of the newest sessions of every member listed so far.
func (b *batches) sessionsOf(limit int) *batch[[]models.Session] {
	b.mu.Lock()
	defer b.mu.Unlock()
	return ofListed(b.sessions, b.listed, limit, b.fetchSessions)
}

// keysOf is the batch of the newest API keys of every member listed so far.
func (b *batches) keysOf(limit int) *batch[[]models.APIKey] {
	b.mu.Lock()
	defer b.mu.Unlock()
	return ofListed(b.keys, b.listed, limit, b.fetchKeys)
}

func ofListed[T any](known map[int]*batch[T], listed []models.ID, limit int, fetch func(limit int) *batch[T]) *batch[T] {
	one, ok := known[limit]
	if !ok {
		one = fetch(limit)
		known[limit] = one
	}
	one.want(listed...)
	return one
}

// expectCertificates announces certificates of which it may be asked how much
// hangs on them. It is called while a batch of certificates is locked, and the
// batch of providers locks those: it must not be announced to from here.
func (b *batches) expectCertificates(rows []models.Certificate) {
	for _, c := range rows {
		b.usage.want(c.ID)
		b.impacts.want(c.ID)
		b.notices.want(c.ID)
	}
}

// expectEvent announces who did something and what it was done to.
func (b *batches) expectEvent(e *models.AuditEvent) {
	wantAny(b.teams, e.TeamID)
	switch e.ActorKind {
	case actorPerson:
		wantAny(b.users, e.ActorID)
	case actorKey, actorOperator:
		wantAny(b.keysByID, e.ActorID)
	case actorScim:
		wantAny(b.tokens, e.ActorID)
	}
	switch models.Prefix(e.TargetKind) {
	case models.PrefixTeam:
		wantAny(b.teams, e.TargetID)
	case models.PrefixUser:
		wantAny(b.users, e.TargetID)
	case models.PrefixMembership:
		wantAny(b.members, e.TargetID)
	case models.PrefixSession:
		wantAny(b.sessionsByID, e.TargetID)
	case models.PrefixAPIKey:
		wantAny(b.keysByID, e.TargetID)
	case models.PrefixScimToken:
		wantAny(b.tokens, e.TargetID)
	case models.PrefixSsoSettings:
		wantAny(b.settings, e.TeamID)
	case models.PrefixSPKey:
		wantAny(b.teamKeys, e.TeamID)
	case models.PrefixStagedCertificate:
		wantAny(b.stagedByID, e.TargetID)
	case models.PrefixIdentityProvider:
		wantAny(b.providers, e.TeamID)
	case models.PrefixCertificate:
		wantAny(b.certs, e.TargetID)
	}
}

func wantAny[V any](b *batch[V], id *models.ID) {
	if id != nil {
		b.want(*id)
	}
}
