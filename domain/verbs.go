package domain

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/fault"
	"rollcall/models"
)

const (
	maxDomains = 50 // of a team
	// between is how long an admin waits before the DNS is asked anew.
	between = 5 * time.Second
)

// Add notes that a team says to own a domain. Nothing follows from it before
// the domain is verified. Faults: NOT_FOUND, FORBIDDEN, PLAN_REQUIRED, INVALID,
// TAKEN when the team has the domain already, LIMIT_REACHED.
func (s *Service) Add(ctx context.Context, team models.ID, name string) (models.Domain, error) {
	if err := access.Require(ctx, access.SsoWrite, team); err != nil {
		return models.Domain{}, err
	}
	name, err := Normalise(name)
	if err == nil {
		err = holdable(name)
	}
	if f, ok := fault.As(err); ok {
		return models.Domain{}, f.On("name")
	}
	id, err := models.NewID()
	if err != nil {
		return models.Domain{}, err
	}
	now := s.now()
	row := models.Domain{
		ID: id, TeamID: team, Name: name, Challenge: strings.ToLower(rand.Text()), NextAt: now,
		AddedBy: access.From(ctx).Label, CreatedAt: now,
	}
	return row, s.DB.InTx(ctx, func(tx *gorm.DB) error {
		if err := lockPlanned(tx, team); err != nil {
			return err
		}
		var n int64
		if err := tx.Model(&models.Domain{}).Where("team_id = ?", team).Count(&n).Error; err != nil {
			return err
		}
		if n >= maxDomains {
			return fault.New(fault.LimitReached, "A team may have %d domains.", maxDomains)
		}
		made := tx.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "team_id"}, {Name: "name"}}, DoNothing: true}).Create(&row)
		if made.Error != nil {
			return made.Error
		}
		if made.RowsAffected == 0 {
			return fault.New(fault.Taken, "The team has this domain already.").On("name")
		}
		return s.record(ctx, tx, row, audit.DomainAdded)
	})
}

// lockPlanned locks a team and asks that its plan includes single sign-on.
func lockPlanned(tx *gorm.DB, team models.ID) error {
	t, err := models.LockTeam(tx, team)
	if err != nil {
		return err
	}
	if !t.SsoAllowed() {
		return fault.New(fault.PlanRequired, "Domains need the plan TEAM or ENTERPRISE; the team's is %s.", t.Plan)
	}
	return nil
}

// Verify looks for the record of a domain now. Once it is there the team holds
// the domain. Faults: NOT_FOUND, FORBIDDEN, PLAN_REQUIRED, DOMAIN_UNVERIFIED when the
// record is not found, TAKEN when another team holds the domain, RATE_LIMITED.
func (s *Service) Verify(ctx context.Context, id models.ID) (models.Domain, error) {
	seen, err := s.Domain(ctx, id)
	if err == nil {
		err = access.Require(ctx, access.SsoWrite, seen.TeamID)
	}
	if err != nil {
		return models.Domain{}, onDomain(err)
	}
	now := s.now()
	if seen.CheckedAt != nil && now.Before(seen.CheckedAt.Add(between)) {
		return seen, fault.New(fault.RateLimited, "The DNS was asked a moment ago; please wait some seconds.")
	}
	result, reason := s.look(ctx, seen)
	var row models.Domain
	var refusal error
	err = s.DB.InTx(ctx, func(tx *gorm.DB) error {
		refusal = nil
		if err := lockPlanned(tx, seen.TeamID); err != nil {
			return err
		}
		if row, err = lock(tx, id); err != nil {
			return onDomain(err)
		}
		if result != found {
			// It only notes the look: an admin who tries too early loses nothing.
			row.CheckedAt, row.LastError = &now, reason
			refusal = fault.New(fault.DomainUnverified, "%s", reason).On("domainId")
			return save(tx, row)
		}
		return s.hold(ctx, tx, &row, now)
	})
	if err == nil {
		err = refusal
	}
	return row, err
}

// hold notes that the record was found.
func (s *Service) hold(ctx context.Context, tx *gorm.DB, row *models.Domain, now time.Time) error {
	held := row.Held
	row.Held, row.LostAt, row.CheckedAt, row.Failures, row.LastError = true, nil, &now, 0, ""
	next, err := soon(now, daily)
	if err != nil {
		return err
	}
	row.NextAt = next
	if held {
		return save(tx, *row)
	}
	row.VerifiedAt = &now
	var others int64
	if err := tx.Model(&models.Domain{}).Where("name = ? AND held = ? AND id <> ?", row.Name, true, row.ID).Count(&others).Error; err != nil {
		return err
	}
	taken := fault.New(fault.Taken, "Another team holds this domain. It has to remove it first, or lose the record in the DNS.").On("domainId")
	if others > 0 {
		return taken
	}
	if err := save(tx, *row); err != nil {
		if errors.Is(err, gorm.ErrDuplicatedKey) { // at this very moment
			return taken
		}
		return err
	}
	if err := s.tell(ctx, tx, *row, noticeVerified); err != nil {
		return err
	}
	return s.record(ctx, tx, *row, audit.DomainVerified)
}

// Remove takes a domain away from its team, and with it what followed from
// holding it. Members stay. Faults: NOT_FOUND, FORBIDDEN.
func (s *Service) Remove(ctx context.Context, id models.ID) (models.Domain, error) {
	seen, err := s.Domain(ctx, id)
	if err == nil {
		err = access.Require(ctx, access.SsoWrite, seen.TeamID)
	}
	if err != nil {
		return models.Domain{}, onDomain(err)
	}
	return seen, s.DB.InTx(ctx, func(tx *gorm.DB) error {
		if _, err := models.LockTeam(tx, seen.TeamID); err != nil {
			return err
		}
		gone := tx.Where("id = ? AND team_id = ?", id, seen.TeamID).Delete(&models.Domain{})
		if gone.Error != nil {
			return gone.Error
		}
		if gone.RowsAffected == 0 {
			return onDomain(fault.New(fault.Missing, "There is no such domain."))
		}
		return s.record(ctx, tx, seen, audit.DomainRemoved)
	})
}

// Domain returns one of a team's domains.
func (s *Service) Domain(ctx context.Context, id models.ID) (models.Domain, error) {
	var row models.Domain
	if err := s.DB.Read(ctx).Where("id = ?", id).Take(&row).Error; err != nil {
		return row, models.Fault(err)
	}
	if err := access.Require(ctx, access.SsoRead, row.TeamID); err != nil {
		return models.Domain{}, err
	}
	return row, nil
}

// Domains lists a team's domains by name.
func (s *Service) Domains(ctx context.Context, team models.ID) ([]models.Domain, error) {
	if err := access.Require(ctx, access.SsoRead, team); err != nil {
		return nil, err
	}
	var rows []models.Domain
	err := s.DB.Read(ctx).Where("team_id = ?", team).Order("name").Limit(maxDomains).Find(&rows).Error
	return rows, err
}

// DomainsByTeam is for batches: teams whose single sign-on the caller may not see
// are left out, and those without a domain have none.
func (s *Service) DomainsByTeam(ctx context.Context, teams []models.ID) (map[models.ID][]models.Domain, error) {
	a := access.From(ctx)
	out := map[models.ID][]models.Domain{}
	var seen []models.ID
	for _, t := range teams {
		if a.Can(access.SsoRead, t) {
			seen, out[t] = append(seen, t), []models.Domain{}
		}
	}
	if len(seen) == 0 {
		return out, nil
	}
	var rows []models.Domain
	if err := s.DB.Read(ctx).Where("team_id IN ?", seen).Order("team_id, name").Find(&rows).Error; err != nil {
		return nil, err
	}
	for _, d := range rows {
		out[d.TeamID] = append(out[d.TeamID], d)
	}
	return out, nil
}

// lock reads a domain and keeps others that lock it waiting.
func lock(tx *gorm.DB, id models.ID) (models.Domain, error) {
	var row models.Domain
	err := tx.Clauses(clause.Locking{Strength: clause.LockingStrengthUpdate}).Where("id = ?", id).Take(&row).Error
	return row, models.Fault(err)
}

func save(tx *gorm.DB, row models.Domain) error {
	return tx.Model(&models.Domain{}).Where("id = ?", row.ID).Updates(map[string]any{
		"held": row.Held, "verified_at": row.VerifiedAt, "lost_at": row.LostAt, "checked_at": row.CheckedAt,
		"next_at": row.NextAt, "failures": row.Failures, "last_error": row.LastError,
	}).Error
}

// onDomain points NOT_FOUND at the id that the caller gave.
func onDomain(err error) error {
	if f, ok := fault.As(err); ok && f.Kind == fault.NotFound {
		return fault.New(fault.Missing, "There is no such domain.").On("domainId")
	}
	return err
}

func (s *Service) record(ctx context.Context, tx *gorm.DB, d models.Domain, action string) error {
	return audit.Record(ctx, tx, s.Now(), audit.Event{
		TeamID: d.TeamID, Action: action, Target: audit.Target{Kind: models.PrefixDomain, ID: d.ID, Label: d.Name},
	})
}

// Kinds of notice, as package mail calls them.
const (
	noticeVerified = "domain_verified"
	noticeLost     = "domain_lost"
)

// tell has the team's admins told.
func (s *Service) tell(ctx context.Context, tx *gorm.DB, d models.Domain, kind string) error {
	if s.Announce == nil {
		return nil
	}
	id, err := models.NewID()
	if err != nil {
		return err
	}
	challenge := ChallengeOf(d)
	n := models.Notice{ID: id, TeamID: d.TeamID, NoticeKey: kind + "/" + string(id), Kind: kind, CreatedAt: s.now()}
	n.Facts = map[string]string{
		"at": n.CreatedAt.Format(time.RFC3339), "actor": access.From(ctx).Label,
		"name": d.Name, "subject": challenge.Name, "problem": challenge.Value,
	}
	return s.Announce(tx, n)
}
