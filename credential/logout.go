package credential

import (
	"context"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/models"
)

// Vouched names sessions as an identity provider does.
type Vouched struct {
	Team, IdentityProvider models.ID
	NameID                 string
	Indexes                []string // of its own sessions; none stands for all of the person's
}

// EndVouched ends, in the caller's transaction, exactly the sessions that the
// identity provider names, each with its own line in the history, and returns
// them.
func (s *Store) EndVouched(ctx context.Context, tx *gorm.DB, v Vouched, by string) ([]models.Session, error) {
	now := s.now()
	q := tx.Where("team_id = ? AND identity_provider_id = ? AND name_id = ? AND revoked_at IS NULL AND expires_at > ?", v.Team, v.IdentityProvider, v.NameID, now)
	if len(v.Indexes) > 0 {
		q = q.Where("session_index IN ?", v.Indexes)
	}
	var rows []models.Session
	if err := q.Order("id").Find(&rows).Error; err != nil || len(rows) == 0 {
		return nil, err
	}
	ids := make([]models.ID, 0, len(rows))
	for _, row := range rows {
		ids = append(ids, row.ID)
	}
	ended := tx.Model(&models.Session{}).Where("id IN ? AND revoked_at IS NULL", ids).
		Updates(map[string]any{"revoked_at": now, "revoked_reason": "signed out at the identity provider"})
	if ended.Error != nil {
		return nil, ended.Error
	}
	ctx = access.With(ctx, access.Actor{Kind: access.System, TeamID: v.Team, Label: by})
	for _, row := range rows {
		err := audit.Record(ctx, tx, now, audit.Event{
			TeamID: row.TeamID, Action: audit.SignedOutByProvider,
			Target: audit.Target{Kind: models.PrefixSession, ID: row.ID, Label: row.NameID},
		})
		if err != nil {
			return nil, err
		}
	}
	return rows, nil
}
