package roster

import (
	"context"

	"rollcall/access"
	"rollcall/models"
)

// maxListedMembers bounds how many members the groups of one page show
// together; a page that would show more ends early.
const maxListedMembers = 100_000

// GroupWithMembers is a group and, unless they were not asked for, its members.
type GroupWithMembers struct {
	models.Group
	Members []GroupRef
}

// Group returns a group of a team whose members the caller may see.
func (s *Service) Group(ctx context.Context, id models.ID) (models.Group, error) {
	var row models.Group
	if err := s.DB.Read(ctx).Where("id = ?", id).Take(&row).Error; err != nil {
		return models.Group{}, models.Fault(err)
	}
	if err := access.Require(ctx, access.MembersRead, row.TeamID); err != nil {
		return models.Group{}, err
	}
	return row, nil
}

// ScimGroup returns a group of the team. NOT_FOUND for those of others.
func (s *Service) ScimGroup(ctx context.Context, team, id models.ID, bare bool) (GroupWithMembers, error) {
	g, err := s.Group(ctx, id)
	if err == nil && g.TeamID != team {
		err = noSuchGroup()
	}
	if err != nil || bare {
		return GroupWithMembers{Group: g}, err
	}
	rows := []GroupWithMembers{{Group: g}}
	err = s.addMembers(ctx, rows)
	return rows[0], err
}

// ScimGroups lists a team's groups for a provisioning client, with the number
// of all that match. next is what the next page begins behind, none after the last.
func (s *Service) ScimGroups(ctx context.Context, team models.ID, q ScimQuery) (rows []GroupWithMembers, total int, next ScimPlace, err error) {
	if err := access.Require(ctx, access.MembersRead, team); err != nil {
		return nil, 0, next, err
	}
	var sorted []ScimPlace
	placeOf := func(g GroupWithMembers) int { return g.Seq }
	total, more, err := s.find(ctx, team, models.ResourceGroup, models.Columns(models.Group{}, "g", ""), q, func(statement sqlText, places []ScimPlace) (int, error) {
		var found []models.Group
		err := s.DB.Read(ctx).Raw(statement.text, statement.args...).Scan(&found).Error
		for _, g := range found {
			rows = append(rows, GroupWithMembers{Group: g})
		}
		if sorted = places; places != nil {
			rows = inPlaces(rows, places, placeOf)
		}
		return len(found), err
	})
	if err != nil {
		return nil, 0, next, err
	}
	rows = first(rows, max(q.Limit, 0))
	if more {
		next = lastOf(rows, sorted, placeOf)
	}
	if q.Bare {
		return rows, total, next, nil
	}
	shown := 0
	for i, g := range rows {
		if shown += g.MemberCount; shown > maxListedMembers && i > 0 {
			rows = rows[:i]
			next = lastOf(rows, upTo(sorted, rows[i-1].Seq), placeOf)
			break
		}
	}
	return rows, total, next, s.addMembers(ctx, rows)
}

// addMembers fills in the members of groups, in the order in which they joined
// the team.
func (s *Service) addMembers(ctx context.Context, rows []GroupWithMembers) error {
	index := make(map[models.ID]int, len(rows))
	ids := make([]models.ID, len(rows))
	for i, g := range rows {
		index[g.ID], ids[i] = i, g.ID
	}
	if len(ids) == 0 {
		return nil
	}
	var found []models.GroupMember
	err := s.DB.Read(ctx).Where("group_id IN ?", ids).Order("group_id, membership_id").Find(&found).Error
	for _, x := range found {
		i := index[x.GroupID]
		rows[i].Members = append(rows[i].Members, GroupRef{ID: x.MembershipID, Display: x.Display})
	}
	return err
}

// GroupsByID is for batches: groups that the caller may not see are left out.
func (s *Service) GroupsByID(ctx context.Context, ids []models.ID) (map[models.ID]models.Group, error) {
	q, ok := s.visibleRows(ctx)
	if !ok {
		return map[models.ID]models.Group{}, nil
	}
	var rows []models.Group
	if err := q.Where("id IN ?", ids).Find(&rows).Error; err != nil {
		return nil, err
	}
	return byID(rows, func(g models.Group) models.ID { return g.ID }), nil
}

// Groups lists a team's groups in the order in which they were made.
func (s *Service) Groups(ctx context.Context, team models.ID, w models.Window) ([]models.Group, bool, error) {
	if err := access.Require(ctx, access.MembersRead, team); err != nil {
		return nil, false, err
	}
	var rows []models.Group
	if err := w.Apply(s.DB.Read(ctx).Where("team_id = ?", team), "").Find(&rows).Error; err != nil {
		return nil, false, err
	}
	rows, more := models.Cut(w, rows)
	return rows, more, nil
}

// CountGroups counts a team's groups.
func (s *Service) CountGroups(ctx context.Context, team models.ID) (int, error) {
	if err := access.Require(ctx, access.MembersRead, team); err != nil {
		return 0, err
	}
	return s.counted(ctx, team, models.ResourceGroup)
}

// GroupRoleMapping returns one of them.
func (s *Service) GroupRoleMapping(ctx context.Context, id models.ID) (models.GroupRoleMapping, error) {
	var row models.GroupRoleMapping
	if err := s.DB.Read(ctx).Where("id = ?", id).Take(&row).Error; err != nil {
		return row, models.Fault(err)
	}
	return row, access.Require(ctx, access.SsoRead, row.TeamID)
}

// GroupRoleMappings lists what follows from a team's groups, oldest first. A
// team has as many at most as it has groups that an admin chose.
func (s *Service) GroupRoleMappings(ctx context.Context, team models.ID) ([]models.GroupRoleMapping, error) {
	if err := access.Require(ctx, access.SsoRead, team); err != nil {
		return nil, err
	}
	var rows []models.GroupRoleMapping
	err := s.DB.Read(ctx).Where("team_id = ?", team).Order("id").Limit(1_000).Find(&rows).Error
	return rows, err
}
