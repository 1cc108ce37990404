package credential

import (
	"context"

	"gorm.io/gorm"

	"rollcall/audit"
	"rollcall/models"
)

// RevokeSession ends a session: one's own, or as an admin anybody's. Doing it
// twice is not an error. Faults: NOT_FOUND, FORBIDDEN.
func (s *Store) RevokeSession(ctx context.Context, id models.ID) (models.Session, error) {
	var row models.Session
	err := s.DB.InTx(ctx, func(tx *gorm.DB) error {
		if err := tx.Where("id = ?", id).Take(&row).Error; err != nil {
			return onField(models.Fault(err), "sessionId")
		}
		if err := MaySeeSessions(ctx, Holder{Team: row.TeamID, Membership: row.MembershipID}); err != nil {
			return err
		}
		now := s.now()
		done := tx.Model(&models.Session{}).Where("id = ? AND revoked_at IS NULL", id).
			Updates(map[string]any{"revoked_at": now, "revoked_reason": "revoked"})
		if done.Error != nil || done.RowsAffected == 0 {
			return done.Error
		}
		row.RevokedAt, row.RevokedReason = &now, "revoked"
		return audit.Record(ctx, tx, now, audit.Event{
			TeamID: row.TeamID, Action: audit.SessionRevoked,
			Target: audit.Target{Kind: models.PrefixSession, ID: row.ID, Label: row.NameID},
		})
	})
	return row, err
}

// RevokeSessions ends every session of a member: one's own, or as an admin
// anybody's. Faults: NOT_FOUND, FORBIDDEN.
func (s *Store) RevokeSessions(ctx context.Context, membership models.ID) (models.Membership, Receipt, error) {
	var m models.Membership
	var receipt Receipt
	err := s.DB.InTx(ctx, func(tx *gorm.DB) error {
		var err error
		if m, err = models.LockMembership(tx, membership); err != nil {
			return onField(err, "membershipId")
		}
		if err := MaySeeSessions(ctx, HolderOf(m)); err != nil {
			return err
		}
		now := s.now()
		done := tx.Model(&models.Session{}).Where("membership_id = ? AND revoked_at IS NULL", m.ID).
			Updates(map[string]any{"revoked_at": now, "revoked_reason": "revoked"})
		receipt = Receipt{Sessions: done.RowsAffected}
		if done.Error != nil || done.RowsAffected == 0 {
			return done.Error
		}
		return audit.Record(ctx, tx, now, audit.Event{
			TeamID: m.TeamID, Action: audit.SessionsRevoked,
			Target:  audit.Target{Kind: models.PrefixMembership, ID: m.ID, Label: m.UserName},
			Details: []models.AuditDetail{audit.Count("sessionsRevoked", receipt.Sessions)},
		})
	})
	return m, receipt, err
}

// RevokeProvider ends, in the caller's transaction, the sessions that one of a
// team's identity providers vouched for, and says how many.
func (s *Store) RevokeProvider(tx *gorm.DB, team, provider models.ID) (int64, error) {
	done := tx.Model(&models.Session{}).Where("team_id = ? AND identity_provider_id = ? AND revoked_at IS NULL", team, provider).
		Updates(map[string]any{"revoked_at": s.now(), "revoked_reason": "identity provider deleted"})
	return done.RowsAffected, done.Error
}
