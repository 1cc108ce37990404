package credential

import (
	"context"
	"time"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/fault"
	"rollcall/models"
)

// maxScimTokens is how many live SCIM tokens a team may have.
const maxScimTokens = 10

// NewScimToken describes a SCIM token to be made; a nil ExpiresAt is never.
type NewScimToken struct {
	TeamID    models.ID
	Name      string
	ExpiresAt *time.Time
}

// CreateScimToken makes a token for the team's provisioning client and returns
// it with its secret, which is not kept. Faults: NOT_FOUND, FORBIDDEN, REQUIRED,
// INVALID, PLAN_REQUIRED, LIMIT_REACHED.
func (s *Store) CreateScimToken(ctx context.Context, in NewScimToken) (models.ScimToken, string, error) {
	name, err := properName(in.Name)
	if err != nil {
		return models.ScimToken{}, "", err
	}
	in.Name = name
	now := s.now()
	if in.ExpiresAt != nil {
		if !now.Before(*in.ExpiresAt) {
			return models.ScimToken{}, "", fault.New(fault.InvalidValue, "The end lies in the past.").On("expiresAt")
		}
		at := models.Stamp(*in.ExpiresAt)
		in.ExpiresAt = &at
	}
	var row models.ScimToken
	var secret string
	err = s.DB.InTx(ctx, func(tx *gorm.DB) (err error) {
		if err := access.Require(ctx, access.TokensRW, in.TeamID); err != nil {
			return err
		}
		row, secret, err = s.newScimToken(ctx, tx, in, now)
		return err
	})
	return row, secret, err
}

// newScimToken makes a token for a caller who may.
func (s *Store) newScimToken(ctx context.Context, tx *gorm.DB, in NewScimToken, now time.Time) (models.ScimToken, string, error) {
	none := models.ScimToken{}
	team, err := models.LockTeam(tx, in.TeamID)
	if err != nil {
		return none, "", onField(err, "teamId")
	}
	if !team.SsoAllowed() {
		return none, "", fault.New(fault.PlanRequired, "Provisioning needs the plan TEAM or ENTERPRISE; the team's is %s.", team.Plan)
	}
	var n int64
	if err := liveTokens(tx, team.ID, now).Model(&models.ScimToken{}).Count(&n).Error; err != nil {
		return none, "", err
	}
	if n >= maxScimTokens {
		return none, "", fault.New(fault.LimitReached, "The team has %d live SCIM tokens; revoke one first.", maxScimTokens)
	}
	id, err := models.NewID()
	if err != nil {
		return none, "", err
	}
	secret, err := newSecret(kindScim)
	if err != nil {
		return none, "", err
	}
	row := models.ScimToken{
		ID: id, SecretHash: hash(secret), Prefix: shown(secret), Name: in.Name, TeamID: team.ID,
		CreatedBy: access.From(ctx).Label, CreatedAt: now, ExpiresAt: in.ExpiresAt,
	}
	if err := tx.Create(&row).Error; err != nil {
		return none, "", err
	}
	return row, secret, s.recordToken(ctx, tx, audit.ScimTokenCreated, row)
}

func liveTokens(tx *gorm.DB, team models.ID, now time.Time) *gorm.DB {
	return tx.Where("team_id = ? AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)", team, now)
}

func (s *Store) recordToken(ctx context.Context, tx *gorm.DB, action string, row models.ScimToken) error {
	if err := s.tellOfToken(ctx, tx, action, row); err != nil {
		return err
	}
	return audit.Record(ctx, tx, s.Now(), audit.Event{
		TeamID: row.TeamID, Action: action, Details: []models.AuditDetail{audit.Detail("prefix", row.Prefix)},
		Target: audit.Target{Kind: models.PrefixScimToken, ID: row.ID, Label: row.Name},
	})
}

// RevokeScimToken ends a token for good. Doing it twice is not an error.
func (s *Store) RevokeScimToken(ctx context.Context, id models.ID) (models.ScimToken, error) {
	var row models.ScimToken
	err := s.DB.InTx(ctx, func(tx *gorm.DB) error {
		if err := tx.Where("id = ?", id).Take(&row).Error; err != nil {
			return onField(models.Fault(err), "scimTokenId")
		}
		if err := access.Require(ctx, access.TokensRW, row.TeamID); err != nil {
			return err
		}
		now := s.now()
		done := tx.Model(&models.ScimToken{}).Where("id = ? AND revoked_at IS NULL", id).
			Updates(map[string]any{"revoked_at": now, "revoked_reason": "revoked"})
		if done.Error != nil || done.RowsAffected == 0 {
			return done.Error
		}
		row.RevokedAt, row.RevokedReason = &now, "revoked"
		return s.recordToken(ctx, tx, audit.ScimTokenRevoked, row)
	})
	return row, err
}

// ScimTokens lists a team's tokens that are not revoked, newest first. There
// are ten live ones at most; of expired ones the latest are shown.
func (s *Store) ScimTokens(ctx context.Context, team models.ID) ([]models.ScimToken, error) {
	if err := access.Require(ctx, access.SsoRead, team); err != nil {
		return nil, err
	}
	var rows []models.ScimToken
	err := s.DB.Read(ctx).Where("team_id = ? AND revoked_at IS NULL", team).Order("id DESC").Limit(5 * maxScimTokens).Find(&rows).Error
	return rows, err
}

// ScimToken returns a token of a team whose single sign-on the caller may see.
func (s *Store) ScimToken(ctx context.Context, id models.ID) (models.ScimToken, error) {
	var row models.ScimToken
	if err := s.DB.Read(ctx).Where("id = ?", id).Take(&row).Error; err != nil {
		return row, models.Fault(err)
	}
	return row, access.Require(ctx, access.SsoRead, row.TeamID)
}
