package roster

import (
	"context"
	"strconv"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/fault"
	"rollcall/models"
	"rollcall/sso"
)

const (
	noticeInvitation = "sso_upgrade_invitation"
	noticeReminder   = "sso_upgrade_reminder"
	// invitePause is how long nobody is written to again.
	invitePause = 24 * time.Hour
	maxInvited  = 100
)

// InviteToSso asks members with an account of their own to put it under the
// team's identity provider: each gets a mail with the team's sign-in, and decides
// there. All or nobody. Faults: NOT_FOUND, FORBIDDEN, REQUIRED, INVALID for more
// than 100, CONFLICT for somebody who cannot be asked or was written to within
// a day.
func (s *Service) InviteToSso(ctx context.Context, memberships []models.ID) ([]models.Membership, error) {
	return s.writeToOwners(ctx, memberships, noticeInvitation)
}

// RemindToSso writes once more to members who were invited or began, and did not
// decide. Faults as of InviteToSso.
func (s *Service) RemindToSso(ctx context.Context, memberships []models.ID) ([]models.Membership, error) {
	return s.writeToOwners(ctx, memberships, noticeReminder)
}

func (s *Service) writeToOwners(ctx context.Context, ids []models.ID, kind string) ([]models.Membership, error) {
	switch {
	case len(ids) == 0:
		return nil, fault.New(fault.Required, "Name at least one member.").On("membershipIds")
	case len(ids) > maxInvited:
		return nil, fault.New(fault.InvalidValue, "%d members at a time.", maxInvited).On("membershipIds")
	}
	seen, err := s.sameTeam(ctx, ids)
	if err != nil {
		return nil, err
	}
	team := seen[ids[0]].TeamID
	out := make([]models.Membership, 0, len(ids))
	err = s.DB.InTx(ctx, func(tx *gorm.DB) error {
		out = out[:0]
		locked, err := models.LockTeam(tx, team)
		if err != nil {
			return err
		}
		settings, err := sso.SettingsIn(tx, team)
		if err != nil {
			return err
		}
		if !settings.State.On() {
			return fault.New(fault.Clash, "Single sign-on is off for the team %s.", locked.Slug)
		}
		people, upgrades, err := ownersIn(tx, team, ids)
		if err != nil {
			return err
		}
		now := s.now()
		rows, events := make([]models.SsoUpgrade, 0, len(ids)), make([]audit.Event, 0, len(ids))
		for i, id := range ids {
			m, known := people[id]
			row := upgrades[m.UserID]
			if !known {
				return fault.New(fault.Missing, "There is no such member.").On("membershipIds", strconv.Itoa(i))
			}
			if err := mayWrite(m, row, kind, now); err != nil {
				return err.On("membershipIds", strconv.Itoa(i))
			}
			if row, err = s.written(m, row, kind, now); err != nil {
				return err
			}
			rows, out = append(rows, row), append(out, m.Membership)
			events = append(events, audit.Event{TeamID: team, Action: map[string]string{noticeInvitation: audit.UpgradeInvited, noticeReminder: audit.UpgradeReminded}[kind], Target: m.target()})
		}
		err = tx.Clauses(clause.OnConflict{
			Columns:   []clause.Column{{Name: "team_id"}, {Name: "user_id"}},
			DoUpdates: clause.AssignmentColumns([]string{"state", "invited_at", "reminded_at", "updated_at"}),
		}).Create(&rows).Error
		if err != nil {
			return err
		}
		for _, m := range out {
			if err := s.tell(ctx, tx, models.Notice{TeamID: team, MembershipID: &m.ID, Kind: kind, Facts: map[string]string{"email": people[m.ID].User.Email}}); err != nil {
				return err
			}
		}
		return audit.RecordAll(ctx, tx, now, events)
	})
	return out, err
}

// sameTeam reads members of one team whom the caller manages.
func (s *Service) sameTeam(ctx context.Context, ids []models.ID) (map[models.ID]models.Membership, error) {
	var rows []models.Membership
	if err := s.DB.Read(ctx).Where("id IN ?", ids).Find(&rows).Error; err != nil {
		return nil, err
	}
	seen := byID(rows, func(m models.Membership) models.ID { return m.ID })
	named := map[models.ID]bool{}
	for i, id := range ids {
		m, ok := seen[id]
		at := strconv.Itoa(i)
		if ok {
			if err := access.Require(ctx, access.MembersWrite, m.TeamID); fault.KindOf(err) == fault.NotFound && err != nil {
				ok = false
			} else if err != nil {
				return nil, err
			}
		}
		switch {
		case !ok:
			return nil, fault.New(fault.Missing, "There is no such member.").On("membershipIds", at)
		case m.TeamID != seen[ids[0]].TeamID:
			return nil, fault.New(fault.InvalidValue, "The members are of different teams.").On("membershipIds", at)
		case named[id]:
			return nil, fault.New(fault.InvalidValue, "The member is named twice.").On("membershipIds", at)
		}
		named[id] = true
	}
	return seen, nil
}

// ownersIn reads members with their accounts, and what is known of the
// accounts' upgrades.
func ownersIn(tx *gorm.DB, team models.ID, ids []models.ID) (map[models.ID]Member, map[models.ID]models.SsoUpgrade, error) {
	var rows []models.Membership
	if err := tx.Where("team_id = ? AND id IN ?", team, ids).Find(&rows).Error; err != nil {
		return nil, nil, err
	}
	accounts := make([]models.ID, 0, len(rows))
	for _, m := range rows {
		accounts = append(accounts, m.UserID)
	}
	var users []models.User
	if err := tx.Where("id IN ?", accounts).Find(&users).Error; err != nil {
		return nil, nil, err
	}
	var upgrades []models.SsoUpgrade
	if err := tx.Where("team_id = ? AND user_id IN ?", team, accounts).Find(&upgrades).Error; err != nil {
		return nil, nil, err
	}
	byUser, people := byID(users, func(u models.User) models.ID { return u.ID }), map[models.ID]Member{}
	for _, m := range rows {
		people[m.ID] = Member{Membership: m, User: byUser[m.UserID]}
	}
	return people, byID(upgrades, func(u models.SsoUpgrade) models.ID { return u.UserID }), nil
}

// mayWrite says why a member is not to be written to, or nil.
func mayWrite(m Member, row models.SsoUpgrade, kind string, now time.Time) *fault.Error {
	recent := func(at *time.Time) bool { return at != nil && now.Before(at.Add(invitePause)) }
	switch {
	case m.User.Kind != models.KindPerson || !m.Direct(m.User):
		return fault.New(fault.Clash, "The member has no account of their own to put under single sign-on.")
	case m.Status != models.StatusActive:
		return fault.New(fault.Clash, "The member is deactivated.")
	case recent(row.InvitedAt) || recent(row.RemindedAt):
		return fault.New(fault.Clash, "The member was written to within the last day.")
	case kind == noticeReminder && row.State != models.UpgradeInvited && row.State != models.UpgradeInProgress:
		return fault.New(fault.Clash, "There is nothing to remind the member of: they were not invited, or decided.")
	}
	return nil
}

// written is the row after the mail.
func (s *Service) written(m Member, row models.SsoUpgrade, kind string, now time.Time) (models.SsoUpgrade, error) {
	if row.ID == "" {
		id, err := models.NewID()
		if err != nil {
			return row, err
		}
		row = models.SsoUpgrade{ID: id, TeamID: m.TeamID, UserID: m.UserID, CreatedAt: now}
	}
	row.UpdatedAt = now
	if kind == noticeReminder {
		row.RemindedAt = &now
		return row, nil
	}
	row.InvitedAt = &now
	if row.State != models.UpgradeInProgress {
		row.State = models.UpgradeInvited
	}
	return row, nil
}

// UpgradesByMembership is for batches: how far members' accounts are on their
// way under single sign-on. For admins; teams of others are left out.
func (s *Service) UpgradesByMembership(ctx context.Context, memberships []models.ID) (map[models.ID]models.SsoUpgrade, error) {
	var rows []struct {
		models.SsoUpgrade
		MembershipID models.ID
	}
	err := s.DB.Read(ctx).Table("sso_upgrades").Select("sso_upgrades.*, m.id AS membership_id").
		Joins("JOIN memberships m ON m.team_id = sso_upgrades.team_id AND m.user_id = sso_upgrades.user_id").Where("m.id IN ?", memberships).Scan(&rows).Error
	if err != nil {
		return nil, err
	}
	a, out := access.From(ctx), map[models.ID]models.SsoUpgrade{}
	for _, r := range rows {
		if a.Can(access.SsoRead, r.TeamID) {
			out[r.MembershipID] = r.SsoUpgrade
		}
	}
	return out, nil
}

// UpgradeByID returns one. Faults: NOT_FOUND, FORBIDDEN.
func (s *Service) UpgradeByID(ctx context.Context, id models.ID) (models.SsoUpgrade, error) {
	var row models.SsoUpgrade
	if err := s.DB.Read(ctx).Where("id = ?", id).Take(&row).Error; err != nil {
		return row, models.Fault(err)
	}
	return row, access.Require(ctx, access.SsoRead, row.TeamID)
}
