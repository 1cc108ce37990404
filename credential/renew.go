package credential

import (
	"context"
	"time"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/fault"
	"rollcall/models"
)

// Renew looks at the caller's own credential again and returns the Actor behind it
// with the role that the member has by now. It is for answers that go on for long.
// The use is not noted: nobody is using it but us. The fault is UNAUTHENTICATED
// for a credential that has ended and for a member who may not come in.
func (s *Store) Renew(ctx context.Context) (access.Actor, error) {
	return s.renewed(access.From(ctx), s.DB.Read(ctx))
}

// StillGood is a models.Guard: it refuses the transaction of a caller whose
// credential has ended since the request was let in, and of one whose role has
// changed meanwhile or who has to confirm their address by now. Callers without a credential are for the verbs to judge.
// Faults: UNAUTHENTICATED, FORBIDDEN, EMAIL_UNVERIFIED.
func (s *Store) StillGood(ctx context.Context, tx *gorm.DB) error {
	a := access.From(ctx)
	if a.Kind == access.Anonymous || a.Kind == access.System {
		return nil
	}
	now, err := s.renewed(a, tx)
	if err == nil && now.Unverified && !a.Unverified {
		err = access.Unconfirmed()
	}
	if err == nil && now.Role != a.Role {
		err = fault.New(fault.Forbidden, "Your role was changed while the request was under way.")
	}
	return err
}

func (s *Store) renewed(a access.Actor, db *gorm.DB) (access.Actor, error) {
	switch a.Kind {
	case access.Operator:
		return a, s.unexpired(db.Raw(`SELECT expires_at FROM api_keys WHERE id = ? AND operator AND revoked_at IS NULL`, a.CredentialID))
	case access.Scim:
		return a, s.unexpired(db.Raw(`SELECT expires_at FROM scim_tokens WHERE id = ? AND revoked_at IS NULL`, a.CredentialID))
	case access.Key:
		row, err := s.member(db, a, `SELECT k.expires_at, m.team_id, m.role, m.status, `+ways+` FROM api_keys k
			JOIN memberships m ON m.id = k.membership_id AND m.team_id = k.team_id
			JOIN users u ON u.id = m.user_id JOIN sso_settings c ON c.team_id = m.team_id WHERE k.id = ? AND k.revoked_at IS NULL`)
		if err == nil && !row.keyStands() {
			err = errNotLive
		}
		if err == nil {
			a.Role = *row.Role
		}
		return a, err
	case access.Person:
		row, err := s.member(db, a, `SELECT x.expires_at, x.idle_expires_at, x.team_id, x.method, m.role, m.status, `+ways+`, `+unverified+` FROM sessions x
			JOIN memberships m ON m.id = x.membership_id AND m.team_id = x.team_id
			JOIN users u ON u.id = m.user_id JOIN sso_settings c ON c.team_id = x.team_id WHERE x.id = ? AND x.revoked_at IS NULL`)
		if err == nil && !row.sessionStands() {
			err = errNotLive
		}
		if err == nil {
			a.Role, a.Unverified = *row.Role, row.Unverified
		}
		return a, err
	default:
		return access.Actor{}, errNotLive
	}
}

// member is what the credential's member is now, when they may come in.
func (s *Store) member(db *gorm.DB, a access.Actor, query string) (live, error) {
	row, err := s.one(db, query, a.CredentialID)
	if err != nil {
		return live{}, err
	}
	if row.Role == nil || row.Status == nil || *row.Status != models.StatusActive {
		return live{}, errNotLive
	}
	return row, nil
}

// unexpired judges a credential by the one column that the query finds.
func (s *Store) unexpired(query *gorm.DB) error {
	var expires *time.Time
	found, err := models.One(query, &expires)
	if err == nil && (!found || ended(expires, s.now())) {
		err = errNotLive
	}
	return err
}

func (s *Store) one(db *gorm.DB, query string, id models.ID) (live, error) {
	var rows []live
	if err := db.Raw(query, id).Scan(&rows).Error; err != nil {
		return live{}, err
	}
	now := s.now()
	if len(rows) != 1 || ended(rows[0].ExpiresAt, now) || ended(rows[0].IdleExpiresAt, now) {
		return live{}, errNotLive
	}
	return rows[0], nil
}
