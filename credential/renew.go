package credential

import (
	"context"

	"rollcall/access"
	"rollcall/models"
)

// Renew looks at the caller's own credential again and returns the Actor behind it
// with the role that the member has by now. It is for answers that go on for long.
// The use is not noted: nobody is using it but us. The fault is UNAUTHENTICATED
// for a credential that has ended and for a member who may not come in.
func (s *Store) Renew(ctx context.Context) (access.Actor, error) {
	a := access.From(ctx)
	switch a.Kind {
	case access.Operator:
		return a, s.alive(ctx, `SELECT expires_at FROM api_keys WHERE id = ? AND operator AND revoked_at IS NULL`, a.CredentialID)
	case access.Key:
		role, err := s.role(ctx, a, `SELECT k.expires_at, m.role, m.status FROM api_keys k
			JOIN memberships m ON m.id = k.membership_id AND m.team_id = k.team_id WHERE k.id = ? AND k.revoked_at IS NULL`)
		a.Role = role
		return a, err
	case access.Person:
		role, err := s.role(ctx, a, `SELECT x.expires_at, x.idle_expires_at, m.role, m.status FROM sessions x
			JOIN memberships m ON m.id = x.membership_id AND m.team_id = x.team_id WHERE x.id = ? AND x.revoked_at IS NULL`)
		a.Role = role
		return a, err
	default:
		return access.Actor{}, errNotLive
	}
}

func (s *Store) alive(ctx context.Context, query string, id models.ID) error {
	_, err := s.one(ctx, query, id)
	return err
}

// role is the member's now, when they may come in.
func (s *Store) role(ctx context.Context, a access.Actor, query string) (models.Role, error) {
	row, err := s.one(ctx, query, a.CredentialID)
	if err != nil {
		return "", err
	}
	if row.Role == nil || row.Status == nil || *row.Status != models.StatusActive {
		return "", errNotLive
	}
	return *row.Role, nil
}

func (s *Store) one(ctx context.Context, query string, id models.ID) (live, error) {
	var rows []live
	if err := s.DB.Read(ctx).Raw(query, id).Scan(&rows).Error; err != nil {
		return live{}, err
	}
	now := s.now()
	if len(rows) != 1 || ended(rows[0].ExpiresAt, now) || ended(rows[0].IdleExpiresAt, now) {
		return live{}, errNotLive
	}
	return rows[0], nil
}
