package resolvers

import (
	"context"
	"sync"

	"rollcall/account"
	"rollcall/models"
	"rollcall/roster"
	"rollcall/sso"
)

// batch looks up rows of one kind for the length of one operation. Whoever
// lists rows tells it which others their fields may need (want); the first
// field that does need one (get) fetches all that are wanted in one statement.
// So a page costs the same number of statements however long it is, without
// waiting for a moment in case more questions come.
type batch[V any] struct {
	fetch  func(context.Context, []models.ID) (map[models.ID]V, error)
	listed func() []models.ID // wanted besides, asked when something has to be fetched; may be nil
	mu     sync.Mutex
	wanted map[models.ID]bool
	known  map[models.ID]result[V]
}

type result[V any] struct {
	row   V
	found bool
	err   error
}

func newBatch[V any](fetch func(context.Context, []models.ID) (map[models.ID]V, error)) *batch[V] {
	return &batch[V]{fetch: fetch, wanted: map[models.ID]bool{}, known: map[models.ID]result[V]{}}
}

// want announces rows that may be asked for.
func (b *batch[V]) want(ids ...models.ID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, id := range ids {
		if _, done := b.known[id]; !done {
			b.wanted[id] = true
		}
	}
}

// put makes a row known that was read already.
func (b *batch[V]) put(id models.ID, row V) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.known[id] = result[V]{row: row, found: true}
	delete(b.wanted, id)
}

// get returns a row; found is false for one that does not exist or is not the
// caller's to see. Whoever comes while others fetch waits for them.
func (b *batch[V]) get(ctx context.Context, id models.ID) (row V, found bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if r, done := b.known[id]; done {
		return r.row, r.found, r.err
	}
	b.wanted[id] = true
	if b.listed != nil {
		for _, also := range b.listed() {
			if _, done := b.known[also]; !done {
				b.wanted[also] = true
			}
		}
	}
	ids := make([]models.ID, 0, len(b.wanted))
	for w := range b.wanted {
		ids = append(ids, w)
	}
	rows, err := b.fetch(ctx, ids)
	for _, w := range ids {
		row, found := rows[w]
		b.known[w] = result[V]{row, found, err}
	}
	clear(b.wanted)
	r := b.known[id]
	return r.row, r.found, r.err
}

// batches are those of one operation.
type batches struct {
	users         *batch[models.User]
	identities    *batch[models.ExternalIdentity] // by membership
	ownLogins     *batch[account.Facts]           // likewise
	teams         *batch[models.Team]
	settings      *batch[models.SsoSettings]         // by team
	providers     *batch[[]models.IdentityProvider]  // by team
	certificates  *batch[[]models.Certificate]       // by identity provider
	sources       *batch[models.MetadataSource]      // by identity provider
	staged        *batch[[]models.StagedCertificate] // by identity provider
	stagedByID    *batch[models.StagedCertificate]
	usage         *batch[sso.Usage]                   // by certificate
	impacts       *batch[sso.Removal]                 // by certificate
	notifications *batch[models.NotificationSettings] // by team
	noticeKinds   *batch[string]                      // by notice
	teamKeys      *batch[[]models.ServiceProviderKey] // by team
	tokensOfTeam  *batch[[]models.ScimToken]          // by team
	domains       *batch[[]models.Domain]             // by team
	members       *batch[models.Membership]
	certs         *batch[models.Certificate]
	changes       *batch[[]sso.Change] // by login attempt
	attempts      *batch[models.LoginAttempt]
	tests         *batch[models.LoginTest]
	sessionsByID  *batch[models.Session]
	keysByID      *batch[models.APIKey]
	tokens        *batch[models.ScimToken]
	conflicts     *batch[models.IdentityConflict]
	upgrades      *batch[models.SsoUpgrade]       // by membership
	emails        *batch[[]roster.Email]          // by membership
	attributes    *batch[[]roster.Attribute]      // by membership
	notices       *batch[[]sso.CertificateNotice] // by certificate
	roleRules     *batch[[]models.RoleRule]       // by team

	// The newest credentials of members, by membership, for each page size.
	mu            sync.Mutex
	listed        []models.ID
	sessions      map[int]*batch[[]models.Session]
	keys          map[int]*batch[[]models.APIKey]
	fetchSessions func(limit int) *batch[[]models.Session]
	fetchKeys     func(limit int) *batch[[]models.APIKey]
	groups        *batch[models.Group]
	health        *batch[roster.ScimHealth] // by team
}

type batchesKey struct{}

// withBatches gives the context fresh batches.
func (r *Resolver) withBatches(ctx context.Context) context.Context {
	b := &batches{
		users:         newBatch(r.usersByID),
		identities:    newBatch(r.Roster.IdentitiesByMembership),
		ownLogins:     newBatch(r.Account.FactsByMembership),
		teams:         newBatch(r.Roster.TeamsByID),
		settings:      newBatch(r.settingsByTeam),
		providers:     newBatch(r.providersByTeam),
		certificates:  newBatch(r.certificatesByProvider),
		sources:       newBatch(r.SSO.MetadataSources),
		staged:        newBatch(r.SSO.StagedByProvider),
		stagedByID:    newBatch(r.SSO.StagedByID),
		usage:         newBatch(r.SSO.CertificateUsage),
		impacts:       newBatch(r.SSO.RemovalImpacts),
		notifications: newBatch(r.SSO.NotificationsByTeam),
		noticeKinds:   newBatch(r.SSO.NoticeKinds),
		teamKeys:      newBatch(r.SSO.ServiceProviderKeysByTeam),
		tokensOfTeam:  newBatch(r.Credentials.ScimTokensByTeam),
		domains:       newBatch(r.Domains.DomainsByTeam),
		members:       newBatch(r.membershipsByID),
		certs:         newBatch(r.certificatesByID),
		changes:       newBatch(r.SSO.ChangesByAttempt),
		attempts:      newBatch(r.SSO.AttemptsByID),
		tests:         newBatch(r.SSO.LoginTestsByID),
		sessionsByID:  newBatch(r.Credentials.SessionsByID),
		keysByID:      newBatch(r.Credentials.APIKeysByID),
		tokens:        newBatch(r.Credentials.ScimTokensByID),
		conflicts:     newBatch(r.conflictsByID),
		upgrades:      newBatch(r.Roster.UpgradesByMembership),
		emails:        newBatch(r.Roster.EmailsByMembership),
		attributes:    newBatch(r.Roster.AttributesByMembership),
		notices:       newBatch(r.SSO.NoticesByCertificate),
		roleRules:     newBatch(r.Roster.RoleRulesByTeam),
		sessions:      map[int]*batch[[]models.Session]{},
		keys:          map[int]*batch[[]models.APIKey]{},
		fetchSessions: func(limit int) *batch[[]models.Session] {
			return newBatch(func(ctx context.Context, ids []models.ID) (map[models.ID][]models.Session, error) {
				return r.Credentials.SessionsByMembership(ctx, ids, limit)
			})
		},
		fetchKeys: func(limit int) *batch[[]models.APIKey] {
			return newBatch(func(ctx context.Context, ids []models.ID) (map[models.ID][]models.APIKey, error) {
				return r.Credentials.APIKeysByMembership(ctx, ids, limit)
			})
		},
		groups: newBatch(r.Roster.GroupsByID),
		health: newBatch(r.healthByTeam),
	}
	b.identities.listed, b.ownLogins.listed, b.emails.listed, b.attributes.listed = b.listedMembers, b.listedMembers, b.listedMembers, b.listedMembers
	return context.WithValue(ctx, batchesKey{}, b)
}

// batch returns the context's batches, or fresh ones that nobody else uses.
func (r *Resolver) batch(ctx context.Context) *batches {
	if b, ok := ctx.Value(batchesKey{}).(*batches); ok {
		return b
	}
	return r.batch(r.withBatches(ctx))
}
