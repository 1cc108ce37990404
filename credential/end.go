package credential

import (
	"gorm.io/gorm"

	"rollcall/models"
)

// RevokeProvider ends, in the caller's transaction, the sessions that one of a
// team's identity providers vouched for, and says how many.
func (s *Store) RevokeProvider(tx *gorm.DB, team, provider models.ID) (int64, error) {
	done := tx.Model(&models.Session{}).Where("team_id = ? AND identity_provider_id = ? AND revoked_at IS NULL", team, provider).
		Updates(map[string]any{"revoked_at": s.now(), "revoked_reason": "identity provider deleted"})
	return done.RowsAffected, done.Error
}
