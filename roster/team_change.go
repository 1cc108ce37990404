package roster

import (
	"context"
	"strings"
	"unicode/utf8"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/fault"
	"rollcall/models"
)

// TeamChange is a partial change; what is nil stays as it is.
type TeamChange struct {
	Name     *string
	Plan     *models.Plan // operators only
	Revision *int         // that the caller read, or nil
}

// properTeamName trims a team's name and judges it.
func properTeamName(name string) (string, error) {
	name = strings.TrimSpace(name)
	switch {
	case name == "":
		return "", fault.New(fault.Required, "Give the team a name.").On("name")
	case utf8.RuneCountInString(name) > maxTeamName || !models.Printable(name):
		return "", fault.New(fault.InvalidValue, "The name may have %d printable characters.", maxTeamName).On("name")
	}
	return name, nil
}

// UpdateTeam changes a team. Its settings stay when a plan without single
// sign-on begins; nobody signs in by it then. Faults: NOT_FOUND, FORBIDDEN,
// REQUIRED, INVALID, STALE_REVISION.
func (s *Service) UpdateTeam(ctx context.Context, id models.ID, c TeamChange) (models.Team, error) {
	if err := access.Require(ctx, access.TeamWrite, id); err != nil {
		return models.Team{}, err
	}
	if c.Plan != nil {
		if err := access.Require(ctx, access.TeamsCreate, ""); err != nil {
			return models.Team{}, fault.New(fault.Forbidden, "Only operators may change a plan.")
		}
	}
	if c.Name != nil {
		name, err := properTeamName(*c.Name)
		if err != nil {
			return models.Team{}, err
		}
		c.Name = &name
	}
	var row models.Team
	err := s.DB.InTx(ctx, func(tx *gorm.DB) error {
		var err error
		if row, err = models.LockTeam(tx, id); err != nil {
			return err
		}
		if c.Revision != nil && *c.Revision != row.Revision {
			return fault.New(fault.StaleRevision, "The team is at revision %d now.", row.Revision).On("revision")
		}
		details := c.apply(&row)
		if len(details) == 0 {
			return nil
		}
		row.Revision, row.UpdatedAt = row.Revision+1, s.now()
		if err := tx.Model(&models.Team{}).Where("id = ?", id).
			Updates(map[string]any{"name": row.Name, "plan": row.Plan, "revision": row.Revision, "updated_at": row.UpdatedAt}).Error; err != nil {
			return err
		}
		return audit.Record(ctx, tx, s.Now(), audit.Event{
			TeamID: id, Action: audit.TeamChanged, Details: details,
			Target: audit.Target{Kind: models.PrefixTeam, ID: id, Label: row.Slug},
		})
	})
	return row, err
}

// apply changes the row and tells what that changed.
func (c TeamChange) apply(row *models.Team) (details []models.AuditDetail) {
	if c.Name != nil && *c.Name != row.Name {
		details = append(details, audit.Change("name", row.Name, *c.Name))
		row.Name = *c.Name
	}
	if c.Plan != nil && *c.Plan != row.Plan {
		details = append(details, audit.Change("plan", string(row.Plan), string(*c.Plan)))
		row.Plan = *c.Plan
	}
	return details
}

// TeamReceipt counts what ended with a team.
type TeamReceipt struct{ Memberships, Sessions, APIKeys, ScimTokens int64 }

// DeleteTeam deletes a team with everything of it, credentials included.
// Accounts that its identity provider made and that are on no other team are
// deleted; those that are lose their manager. The team's history stays. One
// event tells of all: a team may have a hundred thousand members. slug has to be
// the team's, as a confirmation. Operators only. Faults: NOT_FOUND, FORBIDDEN,
// INVALID.
func (s *Service) DeleteTeam(ctx context.Context, id models.ID, slug string) (TeamReceipt, error) {
	if err := access.Require(ctx, access.TeamRead, id); err != nil {
		return TeamReceipt{}, err
	}
	if err := access.Require(ctx, access.TeamsCreate, ""); err != nil {
		return TeamReceipt{}, err
	}
	var out TeamReceipt
	err := s.DB.InTx(ctx, func(tx *gorm.DB) error {
		team, err := models.LockTeam(tx, id)
		if err != nil {
			return err
		}
		if team.Slug != slug {
			return fault.New(fault.InvalidValue, "It is not the slug of the team.").On("confirmSlug")
		}
		if out, err = s.count(tx, id); err != nil {
			return err
		}
		// The counts go first: they would be kept with every member who goes.
		for _, counts := range []any{&models.ScimBlock{}, &models.ScimNameBlock{}} {
			if err := tx.Where("team_id = ?", id).Delete(counts).Error; err != nil {
				return err
			}
		}
		others := tx.Model(&models.Membership{}).Select("user_id").Where("team_id <> ?", id)
		if err := tx.Where("managed_by_team_id = ? AND id NOT IN (?)", id, others).Delete(&models.User{}).Error; err != nil {
			return err
		}
		// What belongs to the team goes with it by its foreign keys.
		if err := tx.Where("id = ?", id).Delete(&models.Team{}).Error; err != nil {
			return err
		}
		return audit.Record(ctx, tx, s.Now(), audit.Event{
			TeamID: id, Action: audit.TeamDeleted, Target: audit.Target{Kind: models.PrefixTeam, ID: id, Label: team.Slug},
			Details: []models.AuditDetail{
				audit.Count("memberships", out.Memberships), audit.Count("sessionsRevoked", out.Sessions),
				audit.Count("apiKeysRevoked", out.APIKeys), audit.Count("scimTokensRevoked", out.ScimTokens),
			},
		})
	})
	return out, err
}

// count counts what is about to end.
func (s *Service) count(tx *gorm.DB, team models.ID) (out TeamReceipt, err error) {
	for _, c := range []struct {
		row  any
		into *int64
		more string
	}{
		{&models.Membership{}, &out.Memberships, ""},
		{&models.Session{}, &out.Sessions, " AND revoked_at IS NULL"},
		{&models.APIKey{}, &out.APIKeys, " AND revoked_at IS NULL"},
		{&models.ScimToken{}, &out.ScimTokens, " AND revoked_at IS NULL"},
	} {
		if err = tx.Model(c.row).Where("team_id = ?"+c.more, team).Count(c.into).Error; err != nil {
			return out, err
		}
	}
	return out, nil
}
