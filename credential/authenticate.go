package credential

import (
	"context"
	"encoding/json"
	"time"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/fault"
	"rollcall/models"
)

// touchEvery is how exact a last-used time is. A credential in constant use
// costs one write in this time and not one per request.
const touchEvery = time.Minute

var errNotLive = fault.New(fault.NotSignedIn, "The credential is not valid.")

// live is a credential joined with the member it stands for.
type live struct {
	ID            models.ID
	Name          string
	Operator      bool
	TeamID        *models.ID
	UserID        *models.ID
	MembershipID  *models.ID
	Scopes        string
	Networks      string // a JSON list
	ExpiresAt     *time.Time
	IdleExpiresAt *time.Time
	LastUsedAt    *time.Time
	Role          *models.Role
	Status        *models.MembershipStatus
	Email         *string
	Unverified    bool // of a session: the person has to confirm their address first

	// What may be used in the present state of single sign-on; see standing.go.
	Method      models.SessionMethod
	Source      models.MembershipSource
	ScimManaged bool
	SsoLinkedAt *time.Time
	SsoBypass   bool
	UserKind    models.UserKind
	ManagedBy   *models.ID
	State       models.SsoState
}

// Authenticate finds who an API key stands for. Whatever is wrong with the
// key - unknown, revoked, expired, its member deactivated or gone, sent from
// another network than it is bound to, while single sign-on is enforced for its
// member - the fault is the same UNAUTHENTICATED.
func (s *Store) Authenticate(ctx context.Context, key string) (access.Actor, error) {
	row, err := s.find(ctx, kindAPIKey, key, `
		SELECT k.id, k.name, k.operator, k.team_id, k.user_id, k.membership_id, k.scopes, k.allowed_networks AS networks, k.expires_at, k.last_used_at,
		       m.role, m.status, u.email, `+ways+`
		FROM api_keys k
		LEFT JOIN memberships m ON m.id = k.membership_id AND m.team_id = k.team_id
		LEFT JOIN users u ON u.id = m.user_id
		LEFT JOIN sso_settings c ON c.team_id = m.team_id
		WHERE k.secret_hash = ? AND k.revoked_at IS NULL`)
	if err != nil {
		return access.Actor{}, err
	}
	var networks []string
	if err := json.Unmarshal([]byte(row.Networks), &networks); err != nil {
		return access.Actor{}, err
	}
	if !within(access.RequestFrom(ctx).IP, networks) {
		return access.Actor{}, errNotLive
	}
	if row.Operator {
		s.touch(ctx, "api_keys", row.ID, row.LastUsedAt)
		return access.Actor{Kind: access.Operator, CredentialID: row.ID, Label: row.Name}, nil
	}
	a, err := row.member(access.Key)
	if err != nil {
		return access.Actor{}, err
	}
	if !row.keyStands() {
		return access.Actor{}, errNotLive
	}
	if err := json.Unmarshal([]byte(row.Scopes), &a.Scopes); err != nil {
		return access.Actor{}, err
	}
	s.touch(ctx, "api_keys", row.ID, row.LastUsedAt)
	a.Label = *row.Email + " (" + row.Name + ")"
	return a, nil
}

// AuthenticateScim finds which team's provisioning client a token stands for.
func (s *Store) AuthenticateScim(ctx context.Context, token string) (access.Actor, error) {
	if !wellFormed(kindScim, token) {
		return access.Actor{}, errNotLive
	}
	// Read by hand, because every request of a provisioning client begins with it.
	a := access.Actor{Kind: access.Scim}
	var expires, used *time.Time
	found, err := models.One(s.DB.Read(ctx).Raw(`SELECT id, name, team_id, expires_at, last_used_at FROM scim_tokens
		WHERE secret_hash = ? AND revoked_at IS NULL`, hash(token)), &a.CredentialID, &a.Label, &a.TeamID, &expires, &used)
	switch {
	case err != nil:
		return access.Actor{}, err
	case !found || ended(expires, s.now()):
		return access.Actor{}, errNotLive
	}
	s.touch(ctx, "scim_tokens", a.CredentialID, used)
	return a, nil
}

// AuthenticateSession finds whose session a cookie's value stands for.
func (s *Store) AuthenticateSession(ctx context.Context, secret string) (access.Actor, error) {
	row, err := s.find(ctx, kindSession, secret, `
		SELECT x.id, x.team_id, x.user_id, x.membership_id, x.expires_at, x.idle_expires_at, x.last_seen_at AS last_used_at,
		       m.role, m.status, u.email, x.method, `+ways+`, `+unverified+`
		FROM sessions x
		JOIN memberships m ON m.id = x.membership_id AND m.team_id = x.team_id
		JOIN users u ON u.id = m.user_id
		JOIN sso_settings c ON c.team_id = x.team_id
		WHERE x.secret_hash = ? AND x.revoked_at IS NULL`)
	if err != nil {
		return access.Actor{}, err
	}
	a, err := row.member(access.Person)
	if err != nil {
		return access.Actor{}, err
	}
	if !row.sessionStands() {
		return access.Actor{}, errNotLive
	}
	s.extend(ctx, row)
	a.Label, a.Unverified = *row.Email, row.Unverified
	return a, nil
}

// unverified is the column that says, of a user u and their team's settings c,
// whether they have to confirm their address before a session opens anything.
const unverified = "(u.verified_at IS NULL AND c.confirm_email) AS unverified"

// find runs the one look-up of a door and judges the times of what it finds.
func (s *Store) find(ctx context.Context, k Kind, secret, query string) (live, error) {
	if !wellFormed(k, secret) {
		return live{}, errNotLive
	}
	var rows []live
	if err := s.DB.Read(ctx).Raw(query, hash(secret)).Scan(&rows).Error; err != nil {
		return live{}, err
	}
	now := s.now()
	if len(rows) != 1 || ended(rows[0].ExpiresAt, now) || ended(rows[0].IdleExpiresAt, now) {
		return live{}, errNotLive
	}
	return rows[0], nil
}

func ended(at *time.Time, now time.Time) bool { return at != nil && !now.Before(*at) }

// member makes the Actor of a row whose membership must be active.
func (r live) member(k access.Kind) (access.Actor, error) {
	if r.Status == nil || *r.Status != models.StatusActive || r.Role == nil || r.Email == nil || r.TeamID == nil {
		return access.Actor{}, errNotLive
	}
	return access.Actor{
		Kind: k, TeamID: *r.TeamID, UserID: *r.UserID, MembershipID: *r.MembershipID, Role: *r.Role, CredentialID: r.ID,
	}, nil
}

// touch notes the use, once for requests that arrive together. It is an
// observation: that it failed is in the log of statements and is no reason to
// refuse the caller.
func (s *Store) touch(ctx context.Context, table string, id models.ID, last *time.Time) {
	now := s.now()
	if last != nil && now.Before(last.Add(touchEvery)) {
		return
	}
	_ = s.DB.InTx(ctx, func(tx *gorm.DB) error {
		return tx.Table(table).Where("id = ? AND (last_used_at IS NULL OR last_used_at <= ?)", id, now.Add(-touchEvery)).Update("last_used_at", now).Error
	})
}

// extend notes the use of a session and moves its idle end by the length that
// it was opened with.
func (s *Store) extend(ctx context.Context, row live) {
	now := s.now()
	if row.LastUsedAt == nil || row.IdleExpiresAt == nil || now.Before(row.LastUsedAt.Add(touchEvery)) {
		return
	}
	idle := now.Add(row.IdleExpiresAt.Sub(*row.LastUsedAt))
	_ = s.DB.InTx(ctx, func(tx *gorm.DB) error {
		return tx.Model(&models.Session{}).Where("id = ? AND last_seen_at <= ? AND revoked_at IS NULL", row.ID, now.Add(-touchEvery)).
			Updates(map[string]any{"last_seen_at": now, "idle_expires_at": idle}).Error
	})
}
