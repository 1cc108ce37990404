package credential

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/fault"
	"rollcall/models"
)

// maxTokenOverlap is the longest time that a replaced token lives on.
const maxTokenOverlap = 30 * 24 * time.Hour

// TokenRotation is a SCIM token and its successor.
type TokenRotation struct {
	Token    models.ScimToken // the new one
	Secret   string           // of the new one, shown once
	Previous models.ScimToken // with its end
}

// RotateScimToken makes a successor with the same name and the same end, if it
// has one that is not over, and lets the old token live on for the overlap at
// most. Faults: NOT_FOUND, FORBIDDEN, INVALID, PLAN_REQUIRED, LIMIT_REACHED.
func (s *Store) RotateScimToken(ctx context.Context, id models.ID, overlap time.Duration) (TokenRotation, error) {
	if overlap < 0 || overlap > maxTokenOverlap {
		return TokenRotation{}, fault.New(fault.InvalidValue, "The old token can live on for 0 to %d hours.", int(maxTokenOverlap.Hours())).On("overlapHours")
	}
	var out TokenRotation
	err := s.DB.InTx(ctx, func(tx *gorm.DB) error {
		out = TokenRotation{}
		var old models.ScimToken
		if err := tx.Where("id = ?", id).Take(&old).Error; err != nil {
			return onField(models.Fault(err), "scimTokenId")
		}
		if err := access.Require(ctx, access.TokensRW, old.TeamID); err != nil {
			return err
		}
		// Read it again, locked: a revocation at the same moment must not leave a
		// successor behind that nobody revokes.
		old = models.ScimToken{}
		if err := tx.Clauses(clause.Locking{Strength: clause.LockingStrengthUpdate}).Where("id = ?", id).Take(&old).Error; err != nil {
			return onField(models.Fault(err), "scimTokenId")
		}
		now := s.now()
		if old.RevokedAt != nil || old.ExpiresAt != nil && !now.Before(*old.ExpiresAt) {
			return fault.New(fault.InvalidValue, "The token has ended; create a new one.").On("scimTokenId")
		}
		successor := NewScimToken{TeamID: old.TeamID, Name: old.Name, ExpiresAt: old.ExpiresAt}
		end := models.Stamp(now.Add(overlap))
		if old.ExpiresAt == nil || end.Before(*old.ExpiresAt) {
			old.ExpiresAt = &end
			if err := tx.Model(&models.ScimToken{}).Where("id = ?", id).Update("expires_at", end).Error; err != nil {
				return err
			}
		}
		// After the end of the old one, which may make room for it.
		var err error
		if out.Token, out.Secret, err = s.newScimToken(ctx, tx, successor, now); err != nil {
			return err
		}
		out.Previous = old
		return s.recordToken(ctx, tx, audit.ScimTokenRotated, old)
	})
	return out, err
}
