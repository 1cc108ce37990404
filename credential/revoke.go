package credential

import (
	"context"
	"time"

	"gorm.io/gorm"

	"rollcall/audit"
	"rollcall/models"
)

// Receipt counts the credentials that a revocation ended.
type Receipt struct{ Sessions, APIKeys int64 }

// Details are the receipt as an audit event shows it.
func (r Receipt) Details() []models.AuditDetail {
	return []models.AuditDetail{audit.Count("sessionsRevoked", r.Sessions), audit.Count("apiKeysRevoked", r.APIKeys)}
}

// UnderSso puts a membership's credentials under single sign-on in the caller's
// transaction, which has locked it: sessions that no identity provider stands
// behind end, and API keys live until a moment at most. The receipt counts both.
func (s *Store) UnderSso(tx *gorm.DB, membership models.ID, keysUntil time.Time) (Receipt, error) {
	sessions := tx.Model(&models.Session{}).Where("membership_id = ? AND revoked_at IS NULL AND method <> ?", membership, models.SessionSaml).
		Updates(map[string]any{"revoked_at": s.now(), "revoked_reason": "put under single sign-on"})
	if sessions.Error != nil {
		return Receipt{}, sessions.Error
	}
	keys := tx.Model(&models.APIKey{}).Where("membership_id = ? AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)", membership, keysUntil).
		Update("expires_at", models.Stamp(keysUntil))
	return Receipt{Sessions: sessions.RowsAffected, APIKeys: keys.RowsAffected}, keys.Error
}

// RevokeMember ends every session and API key of a membership in the caller's
// transaction, which has locked the membership. The rows stay as the receipt.
func (s *Store) RevokeMember(_ context.Context, tx *gorm.DB, membership models.ID, reason string, at time.Time) (Receipt, error) {
	b := models.NewBatch(tx)
	receipt := s.Revoke(b, membership, reason, at)
	err := b.Run()
	return *receipt, err
}

// Revoke is RevokeMember together with other changes. The receipt is filled in
// when they are made.
func (s *Store) Revoke(b *models.Batch, membership models.ID, reason string, at time.Time) *Receipt {
	r, end := new(Receipt), " SET revoked_at = ?, revoked_reason = ? WHERE membership_id = ? AND revoked_at IS NULL"
	b.Add(&r.Sessions, "UPDATE sessions"+end, models.Stamp(at), reason, membership)
	b.Add(&r.APIKeys, "UPDATE api_keys"+end, models.Stamp(at), reason, membership)
	return r
}
