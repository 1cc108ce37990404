package credential

import (
	"context"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/fault"
	"rollcall/models"
)

// maxOverlap is how long a key may work beside the one that took its place.
const maxOverlap = 7 * 24 * time.Hour

// APIKeyChange is a partial change; what is nil stays as it is.
type APIKeyChange struct {
	Name     *string
	Scopes   []models.Scope
	Networks *[]string // an empty list is everywhere
}

// UpdateAPIKey changes a key's name, scopes or networks. Faults: NOT_FOUND, FORBIDDEN,
// REQUIRED, INVALID, CONFLICT for a key that is revoked and for scopes of an
// operator's key, which has none.
func (s *Store) UpdateAPIKey(ctx context.Context, id models.ID, c APIKeyChange) (models.APIKey, error) {
	if c.Name != nil {
		name, err := properName(*c.Name)
		if err != nil {
			return models.APIKey{}, err
		}
		c.Name = &name
	}
	if c.Scopes != nil {
		if err := properScopes(access.From(ctx), c.Scopes); err != nil {
			return models.APIKey{}, err
		}
	}
	if c.Networks != nil {
		networks, err := properNetworks(*c.Networks)
		if err != nil {
			return models.APIKey{}, err
		}
		c.Networks = &networks
	}
	var row models.APIKey
	err := s.changeKey(ctx, id, func(tx *gorm.DB, found models.APIKey) error {
		row = found
		var details []models.AuditDetail
		if c.Name != nil && *c.Name != row.Name {
			details = append(details, audit.Change("name", row.Name, *c.Name))
			row.Name = *c.Name
		}
		if c.Scopes != nil && !slices.Equal(c.Scopes, row.Scopes) {
			if row.Operator {
				return fault.New(fault.Clash, "An operator's key has no scopes.").On("scopes")
			}
			details = append(details, audit.Change("scopes", join(row.Scopes), join(c.Scopes)))
			row.Scopes = c.Scopes
		}
		if c.Networks != nil && !slices.Equal(*c.Networks, row.AllowedNetworks) {
			details = append(details, audit.Change("allowedNetworks", strings.Join(row.AllowedNetworks, " "), strings.Join(*c.Networks, " ")))
			row.AllowedNetworks = *c.Networks
		}
		if len(details) == 0 {
			return nil
		}
		if err := tx.Select("name", "scopes", "allowed_networks").Where("id = ?", id).Updates(&row).Error; err != nil {
			return err
		}
		return s.recordKeyAs(ctx, tx, audit.APIKeyChanged, row, details)
	})
	return row, err
}

// changeKey runs fn on a key that is not revoked and that the caller may deal
// with. Its member and the key itself are locked, so that it does not end
// meanwhile, with the member or alone.
func (s *Store) changeKey(ctx context.Context, id models.ID, fn func(tx *gorm.DB, row models.APIKey) error) error {
	return s.DB.InTx(ctx, func(tx *gorm.DB) error {
		var row models.APIKey
		if err := tx.Where("id = ?", id).Take(&row).Error; err != nil {
			return onField(models.Fault(err), "apiKeyId")
		}
		if err := requireKey(ctx, row); err != nil {
			return onField(err, "apiKeyId")
		}
		if row.MembershipID != nil {
			if _, err := models.LockMembership(tx, *row.MembershipID); err != nil {
				return onField(err, "apiKeyId")
			}
		}
		row = models.APIKey{}
		if err := tx.Clauses(clause.Locking{Strength: clause.LockingStrengthUpdate}).Where("id = ?", id).Take(&row).Error; err != nil {
			return onField(models.Fault(err), "apiKeyId")
		}
		if row.RevokedAt != nil || ended(row.ExpiresAt, s.now()) {
			return fault.New(fault.Clash, "The key has ended.").On("apiKeyId")
		}
		return fn(tx, row)
	})
}

// Rotation is a new key in the place of another one.
type Rotation struct {
	APIKey, Previous models.APIKey
	Secret           string // shown this once
}

// RotateAPIKey makes a key with the name and the scopes of another one, which
// ends when the overlap is over if it does not end earlier by itself. A nil
// expires asks for the longest life that is allowed. Faults: those of
// CreateAPIKey, and CONFLICT for a key that has ended.
func (s *Store) RotateAPIKey(ctx context.Context, id models.ID, overlap time.Duration, expires *time.Time) (Rotation, error) {
	if overlap < 0 || overlap > maxOverlap {
		return Rotation{}, fault.New(fault.InvalidValue, "The old key goes on for 0 to %d minutes.", int(maxOverlap.Minutes())).On("overlapMinutes")
	}
	var out Rotation
	err := s.changeKey(ctx, id, func(tx *gorm.DB, old models.APIKey) error {
		end, err := s.newEnd(ctx, tx, old, expires)
		if err != nil {
			return err
		}
		fresh := models.APIKey{
			Name: old.Name, Operator: old.Operator, TeamID: old.TeamID, UserID: old.UserID,
			MembershipID: old.MembershipID, Scopes: old.Scopes, ExpiresAt: end, AllowedNetworks: old.AllowedNetworks,
		}
		if out.APIKey, out.Secret, err = s.insertKey(ctx, tx, fresh); err != nil {
			return err
		}
		last := s.now().Add(overlap)
		if old.ExpiresAt == nil || last.Before(*old.ExpiresAt) {
			old.ExpiresAt = &last
		}
		if err := tx.Model(&models.APIKey{}).Where("id = ?", old.ID).Update("expires_at", old.ExpiresAt).Error; err != nil {
			return err
		}
		out.Previous = old
		return s.recordKeyAs(ctx, tx, audit.APIKeyRotated, out.APIKey, []models.AuditDetail{
			audit.Detail("previous", old.Prefix), audit.Detail("previousEnds", old.ExpiresAt.Format(time.RFC3339)),
		})
	})
	return out, err
}

// newEnd judges when the key that takes another one's place ends.
func (s *Store) newEnd(ctx context.Context, tx *gorm.DB, old models.APIKey, wanted *time.Time) (*time.Time, error) {
	if old.Operator {
		if wanted == nil {
			return nil, nil
		}
		if !s.now().Before(*wanted) {
			return nil, fault.New(fault.InvalidValue, "The end lies in the past.").On("expiresAt")
		}
		at := models.Stamp(*wanted)
		return &at, nil
	}
	if err := properScopes(access.From(ctx), old.Scopes); err != nil {
		return nil, err
	}
	m, err := models.LockMembership(tx, *old.MembershipID)
	if err != nil {
		return nil, err
	}
	return s.allowed(tx, m, wanted)
}

func join(scopes []models.Scope) string {
	text := ""
	for i, s := range scopes {
		if i > 0 {
			text += " "
		}
		text += string(s)
	}
	return text
}
