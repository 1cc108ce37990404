package invite

import (
	"context"
	"strconv"
	"time"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/credential"
	"rollcall/fault"
	"rollcall/models"
	"rollcall/roster"
)

const (
	maxAtOnce = 100
	// maxDaily is how many people a team invites in a day.
	maxDaily = 500
)

// New is one to be invited.
type New struct {
	Email string
	Role  models.Role
}

// Create invites people, all of them or none. Faults point at the place in the
// list: NOT_FOUND, FORBIDDEN, REQUIRED, INVALID, TAKEN for an address that is on
// the team or invited already or named twice, LIMIT_REACHED.
func (s *Service) Create(ctx context.Context, team models.ID, people []New) ([]models.Invitation, error) {
	if err := access.Require(ctx, access.MembersInvite, team); err != nil {
		return nil, err
	}
	rows, err := s.rows(ctx, team, people)
	if err != nil {
		return nil, err
	}
	return rows, s.DB.InTx(ctx, func(tx *gorm.DB) error {
		if _, err := models.LockTeam(tx, team); err != nil {
			return err
		}
		if err := s.roomFor(tx, team, len(rows)); err != nil {
			return err
		}
		if err := s.strangers(tx, team, rows); err != nil {
			return err
		}
		if err := tx.CreateInBatches(&rows, maxAtOnce).Error; err != nil {
			return err
		}
		events := make([]audit.Event, 0, len(rows))
		for _, i := range rows {
			if err := s.send(tx, i); err != nil {
				return err
			}
			events = append(events, event(i, audit.InvitationCreated))
		}
		return audit.RecordAll(ctx, tx, s.Now(), events)
	})
}

// rows judges the list by itself.
func (s *Service) rows(ctx context.Context, team models.ID, people []New) ([]models.Invitation, error) {
	if len(people) == 0 || len(people) > maxAtOnce {
		return nil, fault.New(fault.InvalidValue, "Invite 1 to %d people at once.", maxAtOnce).On("invitations")
	}
	now := s.now()
	out := make([]models.Invitation, 0, len(people))
	seen := map[string]bool{}
	for n, p := range people {
		email, err := roster.ProperAddress(p.Email)
		if f, ok := fault.As(err); ok {
			return nil, f.On(at(n, "email")...)
		}
		switch p.Role {
		case models.RoleAdmin, models.RoleMember, models.RoleViewer:
		default:
			return nil, fault.New(fault.InvalidValue, "There is no such role.").On(at(n, "role")...)
		}
		key := models.Fold(email)
		if seen[key] {
			return nil, fault.New(fault.Taken, "The address stands in the list twice.").On(at(n, "email")...)
		}
		seen[key] = true
		id, err := models.NewID()
		if err != nil {
			return nil, err
		}
		out = append(out, models.Invitation{
			ID: id, TeamID: team, Email: email, EmailKey: key, Role: p.Role, State: models.InvitationPending, InvitedBy: access.From(ctx).Label,
			SentCount: 1, SentAt: now, CreatedAt: now, ExpiresAt: now.Add(credential.InvitationLife),
		})
	}
	return out, nil
}

// at is the path of a value in the list.
func at(n int, field string) []string { return []string{"invitations", strconv.Itoa(n), field} }

// roomFor holds a team to its day's number.
func (s *Service) roomFor(tx *gorm.DB, team models.ID, n int) error {
	var lately int64
	err := tx.Model(&models.Invitation{}).Where("team_id = ? AND created_at > ?", team, s.now().Add(-24*time.Hour)).Count(&lately).Error
	if err == nil && int(lately)+n > maxDaily {
		return fault.New(fault.LimitReached, "A team invites %d people a day; %d were invited within the last one.", maxDaily, lately).On("invitations")
	}
	return err
}

// strangers refuses addresses that are on the team or invited already, and
// closes invitations to them whose time is over. What accounts there are on other
// teams is not told: it would be a way to ask for anybody.
func (s *Service) strangers(tx *gorm.DB, team models.ID, rows []models.Invitation) error {
	place, keys := map[string]int{}, make([]string, 0, len(rows))
	for n, i := range rows {
		place[i.EmailKey] = n
		keys = append(keys, i.EmailKey)
	}
	var members []struct{ EmailKey, UserNameKey string }
	err := tx.Table("memberships m").Select("u.email_key, m.user_name_key").Joins("JOIN users u ON u.id = m.user_id").
		Where("m.team_id = ? AND (u.email_key IN ? OR m.user_name_key IN ?)", team, keys, keys).Order("m.id").Limit(1).Find(&members).Error
	if err != nil {
		return err
	}
	if len(members) > 0 {
		n, ok := place[members[0].EmailKey]
		if !ok {
			n = place[members[0].UserNameKey]
		}
		return fault.New(fault.Taken, "The team has this member already.").On(at(n, "email")...)
	}
	var open []models.Invitation
	err = tx.Where("team_id = ? AND state = ? AND email_key IN ?", team, models.InvitationPending, keys).Order("id").Find(&open).Error
	if err != nil {
		return err
	}
	var over []models.ID
	for _, i := range open {
		if s.now().Before(i.ExpiresAt) {
			return fault.New(fault.Taken, "The address is invited already; send that invitation again or revoke it.").On(at(place[i.EmailKey], "email")...)
		}
		over = append(over, i.ID)
	}
	if len(over) == 0 {
		return nil
	}
	return tx.Model(&models.Invitation{}).Where("id IN ?", over).
		Updates(map[string]any{"state": models.InvitationRevoked, "decided_at": s.now()}).Error
}
