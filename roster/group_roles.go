package roster

import (
	"context"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/fault"
	"rollcall/models"
)

// Roles that follow groups. A person in one or more mapped groups has the
// strongest of their roles. Whoever leaves the last of them goes back to the
// team's default role. A role that an admin gave by hand, or an invitation, is
// not touched: a decision about one person is stronger than one about a group.
// A group that a request does not mention changes nothing. A role that a rule gave
// at a sign-in gives way to a group's.

// lockIfMapped reports whether roles follow a group, and then locks the team:
// the rule about the last admin counts.
func lockIfMapped(tx *gorm.DB, team, group models.ID) (bool, error) {
	mapped, err := isMapped(tx, team, group)
	if err != nil || !mapped {
		return false, err
	}
	_, err = models.LockTeam(tx, team)
	return true, err
}

func isMapped(tx *gorm.DB, team, group models.ID) (bool, error) {
	var n int64
	err := tx.Model(&models.GroupRoleMapping{}).Where("group_id = ? AND team_id = ?", group, team).Count(&n).Error
	return n > 0, err
}

// graded is a member whose role may follow groups.
type graded struct {
	ID         models.ID
	Email      string
	Role       models.Role
	RoleSource models.RoleSource
	Rank       *int
}

var ranks = map[int]models.Role{1: models.RoleAdmin, 2: models.RoleMember, 3: models.RoleViewer}

// wants is the role that a member should have, and where it comes from.
func (g graded) wants(standard models.Role) (models.Role, models.RoleSource) {
	switch {
	case g.Rank != nil:
		return ranks[*g.Rank], models.RoleByGroup
	case g.RoleSource == models.RoleByGroup:
		return standard, models.RoleByDefault
	default:
		return g.Role, g.RoleSource
	}
}

// regrade gives the members with these ids the roles that their groups say. The
// team is locked. Faults: LAST_ADMIN.
func (s *Service) regrade(ctx context.Context, tx *gorm.DB, settings models.SsoSettings, ids []models.ID) error {
	if len(ids) == 0 {
		return nil
	}
	text, err := idList(ids)
	if err != nil {
		return err
	}
	var rows []graded
	err = tx.Raw(`SELECT m.id, u.email, m.role, m.role_source,
			MIN(CASE x.role WHEN 'ADMIN' THEN 1 WHEN 'MEMBER' THEN 2 WHEN 'VIEWER' THEN 3 END) AS rank
		FROM memberships m JOIN users u ON u.id = m.user_id
		LEFT JOIN group_members g ON g.membership_id = m.id LEFT JOIN group_role_mappings x ON x.group_id = g.group_id
		WHERE m.team_id = ? AND m.role_source IN ('DEFAULT', 'GROUP', 'ATTRIBUTE') AND m.id IN `+listed(s.DB.Dialect())+`
		GROUP BY m.id, u.email, m.role, m.role_source ORDER BY m.id`, settings.TeamID, text).Scan(&rows).Error
	if err != nil {
		return err
	}
	type target struct {
		role   models.Role
		source models.RoleSource
	}
	moves := map[target][]models.ID{}
	var events []audit.Event
	var promoted []raised
	demoted := false
	for _, g := range rows {
		role, source := g.wants(settings.DefaultRole)
		if role == g.Role && source == g.RoleSource {
			continue
		}
		moves[target{role, source}] = append(moves[target{role, source}], g.ID)
		demoted = demoted || g.Role == models.RoleAdmin && role != models.RoleAdmin
		if role == models.RoleAdmin && g.Role != models.RoleAdmin {
			promoted = append(promoted, raised{g.Email, g.Role})
		}
		events = append(events, audit.Event{
			TeamID: settings.TeamID, Action: audit.MemberRoleChanged,
			Target:  audit.Target{Kind: models.PrefixMembership, ID: g.ID, Label: g.Email},
			Details: []models.AuditDetail{audit.Detail("from", string(g.Role)), audit.Detail("to", string(role)), audit.Detail("source", string(source))},
		})
	}
	for t, ids := range moves {
		text, err := idList(ids)
		if err != nil {
			return err
		}
		err = tx.Exec("UPDATE memberships SET role = ?, role_source = ?, revision = revision + 1, updated_at = ? WHERE id IN "+listed(s.DB.Dialect()),
			t.role, t.source, s.now(), text).Error
		if err != nil {
			return err
		}
	}
	if demoted {
		left, err := countAdmins(otherAdmins(tx, Member{Membership: models.Membership{TeamID: settings.TeamID, ID: nobody}}))
		if err != nil {
			return err
		}
		if left == 0 {
			return fault.New(fault.LastAdmin, "The team would be left without an active admin.")
		}
	}
	if err := s.tellRaised(ctx, tx, settings.TeamID, promoted); err != nil {
		return err
	}
	return audit.RecordAll(ctx, tx, s.Now(), events)
}

// nobody is the id that no row has.
const nobody models.ID = "00000000-0000-0000-0000-000000000000"

// SetGroupRoleMapping gives the people of a group a role, now and as they come
// and go. Faults: NOT_FOUND, FORBIDDEN, PLAN_REQUIRED, LAST_ADMIN.
func (s *Service) SetGroupRoleMapping(ctx context.Context, group models.ID, role models.Role) (models.GroupRoleMapping, error) {
	var row models.GroupRoleMapping
	err := s.mapping(ctx, group, func(tx *gorm.DB, g models.Group) error {
		id, err := models.NewID()
		if err != nil {
			return err
		}
		now := s.now()
		row = models.GroupRoleMapping{
			ID: id, TeamID: g.TeamID, GroupID: g.ID, Role: role, CreatedBy: access.From(ctx).Label, CreatedAt: now, UpdatedAt: now,
		}
		err = tx.Clauses(clause.OnConflict{
			Columns: []clause.Column{{Name: "group_id"}}, DoUpdates: clause.AssignmentColumns([]string{"role", "updated_at"}),
		}, clause.Returning{}).Create(&row).Error
		if err != nil {
			return err
		}
		return s.recordGroup(ctx, tx, audit.GroupRoleSet, g, audit.Detail("role", string(role)))
	})
	return row, err
}

// RemoveGroupRoleMapping ends it; those whose role came from the group alone go
// back to the team's default role.
func (s *Service) RemoveGroupRoleMapping(ctx context.Context, group models.ID) error {
	return s.mapping(ctx, group, func(tx *gorm.DB, g models.Group) error {
		gone := tx.Where("group_id = ?", g.ID).Delete(&models.GroupRoleMapping{})
		if gone.Error != nil || gone.RowsAffected == 0 {
			return gone.Error
		}
		return s.recordGroup(ctx, tx, audit.GroupRoleRemoved, g)
	})
}

// mapping changes what follows from a group and grades its people anew.
func (s *Service) mapping(ctx context.Context, id models.ID, change func(tx *gorm.DB, g models.Group) error) error {
	g, err := s.Group(ctx, id)
	if err == nil {
		err = access.Require(ctx, access.SsoWrite, g.TeamID)
	}
	if err != nil {
		if fault.KindOf(err) == fault.NotFound {
			return noSuchGroup().On("groupId")
		}
		return err
	}
	return s.DB.InTx(ctx, func(tx *gorm.DB) error {
		if _, err := models.LockTeam(tx, g.TeamID); err != nil {
			return err
		}
		settings, err := provisioning(ctx, tx, g.TeamID)
		if err != nil {
			return err
		}
		// Nobody comes or goes meanwhile: their push would not know of the mapping.
		if g, err = readGroup(tx, g.TeamID, id, true); err != nil {
			return err
		}
		c := groupEdit{service: s, tx: tx, group: &g, mapped: true}
		if err := c.touchAll(); err != nil {
			return err
		}
		if err := change(tx, g); err != nil {
			return err
		}
		return s.regrade(ctx, tx, settings, c.touched)
	})
}
