package roster

import (
	"context"
	"regexp"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/fault"
	"rollcall/models"
	"rollcall/sso"
)

// maxTeamName is the longest name of a team, in characters.
const maxTeamName = 100

// slugForm is what identity providers take inside a URL: Okta refuses
// underscores, others capitals.
var slugForm = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]{1,38})[a-z0-9]$`)

// NewTeam describes a team to be made.
type NewTeam struct {
	Slug, Name string
	Plan       models.Plan
}

// CreateTeam makes a team with its single sign-on in draft. Operators only.
// Faults: FORBIDDEN, REQUIRED, INVALID, TAKEN.
func (s *Service) CreateTeam(ctx context.Context, in NewTeam) (models.Team, error) {
	if err := access.Require(ctx, access.TeamsCreate, ""); err != nil {
		return models.Team{}, err
	}
	if !slugForm.MatchString(in.Slug) {
		return models.Team{}, fault.New(fault.InvalidValue, "A slug has 3 to 40 lower-case letters, digits and hyphens, and no hyphen at either end.").On("slug")
	}
	name, err := properTeamName(in.Name)
	if err != nil {
		return models.Team{}, err
	}
	in.Name = name
	id, err := models.NewID()
	if err != nil {
		return models.Team{}, err
	}
	now := s.now()
	team := models.Team{ID: id, Slug: in.Slug, Name: in.Name, Plan: in.Plan, Revision: 1, CreatedAt: now, UpdatedAt: now}
	return team, s.DB.InTx(ctx, func(tx *gorm.DB) error {
		made := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&team)
		if made.Error != nil {
			return made.Error
		}
		if made.RowsAffected == 0 {
			return fault.New(fault.Taken, "Another team has this slug.").On("slug")
		}
		if err := sso.Prepare(tx, team.ID, now); err != nil {
			return err
		}
		if err := s.prepareProvisioning(tx, team); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, audit.Event{
			TeamID: team.ID, Action: audit.TeamCreated, Target: audit.Target{Kind: models.PrefixTeam, ID: team.ID, Label: team.Slug},
			Details: []models.AuditDetail{audit.Detail("plan", string(team.Plan))},
		})
	})
}

// Team returns a team that the caller may know of, NOT_FOUND otherwise.
func (s *Service) Team(ctx context.Context, id models.ID) (models.Team, error) {
	if err := access.Require(ctx, access.TeamRead, id); err != nil {
		return models.Team{}, err
	}
	var row models.Team
	err := s.DB.Read(ctx).Where("id = ?", id).Take(&row).Error
	return row, models.Fault(err)
}

// TeamBySlug returns a team that the caller may know of, NOT_FOUND otherwise.
func (s *Service) TeamBySlug(ctx context.Context, slug string) (models.Team, error) {
	if !slugForm.MatchString(slug) { // what PostgreSQL could not even compare is not asked
		return models.Team{}, fault.New(fault.Missing, "There is no such object.")
	}
	var row models.Team
	if err := s.DB.Read(ctx).Where("slug = ?", slug).Take(&row).Error; err != nil {
		return models.Team{}, models.Fault(err)
	}
	if err := access.Require(ctx, access.TeamRead, row.ID); err != nil {
		return models.Team{}, err
	}
	return row, nil
}

// CountTeams counts what ListTeams lists.
func (s *Service) CountTeams(ctx context.Context) (int, error) {
	q, err := s.visibleTeams(ctx)
	if err != nil {
		return 0, err
	}
	var n int64
	err = q.Model(&models.Team{}).Count(&n).Error
	return int(n), err
}

func (s *Service) visibleTeams(ctx context.Context) (*gorm.DB, error) {
	a := access.From(ctx)
	if a.Can(access.TeamsRead, "") {
		return s.DB.Read(ctx), nil
	}
	if a.Unverified { // the name of the team that their own session is for
		return s.DB.Read(ctx).Where("id = ?", a.TeamID), nil
	}
	if err := access.Require(ctx, access.TeamRead, a.TeamID); err != nil {
		return nil, err
	}
	return s.DB.Read(ctx).Where("id = ?", a.TeamID), nil
}

// TeamsByID is for batches: teams that the caller may not know of are left out.
func (s *Service) TeamsByID(ctx context.Context, ids []models.ID) (map[models.ID]models.Team, error) {
	q, err := s.visibleTeams(ctx)
	if err != nil {
		return nil, err
	}
	var rows []models.Team
	if err := q.Where("id IN ?", ids).Find(&rows).Error; err != nil {
		return nil, err
	}
	return byID(rows, func(t models.Team) models.ID { return t.ID }), nil
}

func byID[T any](rows []T, id func(T) models.ID) map[models.ID]T {
	out := make(map[models.ID]T, len(rows))
	for _, r := range rows {
		out[id(r)] = r
	}
	return out
}
