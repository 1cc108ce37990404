package roster

import (
	"context"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/models"
)

// MemberGroup is a group as its members show it.
type MemberGroup struct {
	MembershipID models.ID
	ID           models.ID
	DisplayName  string
}

// memberRow is a member with their user and profile, read in one statement.
type memberRow struct {
	Membership models.Membership  `gorm:"embedded;embeddedPrefix:m__"`
	User       models.User        `gorm:"embedded;embeddedPrefix:u__"`
	Profile    models.ScimProfile `gorm:"embedded;embeddedPrefix:p__"`
}

func memberColumns() string {
	return columnsOf(models.Membership{}, "m", "m__") + ", " + columnsOf(models.User{}, "u", "u__") + ", " + columnsOf(models.ScimProfile{}, "p", "p__")
}

const memberTables = " FROM scim_profiles p JOIN memberships m ON m.id = p.membership_id JOIN users u ON u.id = m.user_id"

// ScimMember returns a person of the team by the id that provisioning clients
// know: the membership's. NOT_FOUND for integrations and other teams' people.
func (s *Service) ScimMember(ctx context.Context, team, id models.ID) (Member, error) {
	if err := access.Require(ctx, access.MembersRead, team); err != nil {
		return Member{}, err
	}
	rows, err := s.members(ctx, "SELECT "+memberColumns()+memberTables+" WHERE p.team_id = ? AND p.membership_id = ?", team, id)
	if err != nil {
		return Member{}, err
	}
	if len(rows) == 0 {
		return Member{}, noSuchUser()
	}
	return rows[0], nil
}

// members runs a query for members and reads their groups with a second one.
func (s *Service) members(ctx context.Context, query string, args ...any) ([]Member, error) {
	var rows []memberRow
	if err := s.DB.Read(ctx).Raw(query, args...).Scan(&rows).Error; err != nil || len(rows) == 0 {
		return nil, err
	}
	out := make([]Member, len(rows))
	for i, r := range rows {
		out[i] = Member{Membership: r.Membership, User: r.User, Profile: r.Profile}
	}
	return out, s.addGroups(s.DB.Read(ctx), out)
}

// addGroups fills in the groups of members.
func (s *Service) addGroups(db *gorm.DB, rows []Member) error {
	index := make(map[models.ID]int, len(rows))
	ids := make([]models.ID, len(rows))
	for i, m := range rows {
		index[m.ID], ids[i] = i, m.ID
		rows[i].Groups = nil
	}
	var found []MemberGroup
	err := db.Raw(`SELECT x.membership_id, g.id, g.display_name FROM group_members x JOIN team_groups g ON g.id = x.group_id
		WHERE x.membership_id IN ? ORDER BY g.seq`, ids).Scan(&found).Error
	for _, g := range found {
		i := index[g.MembershipID]
		rows[i].Groups = append(rows[i].Groups, g)
	}
	return err
}

// list builds the statements of a page: where it is and how it is ordered.
type list struct {
	compiler
	tables, seq string
	wanted      sqlText // the condition, without the place
}

func (s *Service) list(team models.ID, kind models.ResourceKind, f ScimFilter) *list {
	l := &list{compiler: compiler{dialect: s.DB.Dialect(), team: team, kind: kind}}
	if kind == models.ResourceGroup {
		l.tables, l.seq = " FROM team_groups g", "g.seq"
		l.q.add(" WHERE g.team_id = ?", team)
	} else {
		l.tables, l.seq = memberTables, "p.seq"
		l.q.add(" WHERE p.team_id = ?", team)
	}
	if f != nil {
		if kind == models.ResourceUser {
			l.q.add(" AND m.team_id = ?", team) // lets a filter use the indexes of memberships
		}
		l.q.add(" AND ")
		l.write(f)
	}
	l.wanted = l.q
	return l
}

// page writes the statement for the rows of a page and one more.
func (l *list) page(columns string, q ScimQuery, from int, sorted bool) sqlText {
	var out sqlText
	out.add("SELECT " + columns + l.tables)
	by := l.seq
	if sorted {
		var join sqlText
		join, by = l.order(q.Sort, l.seq)
		out.add(join.text, join.args...)
	}
	out.add(l.wanted.text, l.wanted.args...)
	if !sorted && from > 0 {
		out.add(" AND "+l.seq+" >= ?", from)
	}
	out.add(" ORDER BY "+by+" LIMIT ?", q.Limit+1)
	return out
}

// span finds out where a page begins: at a place, or so many rows behind the
// start of what matches. Only a page of filtered or sorted rows is found by
// walking.
func (s *Service) span(ctx context.Context, team models.ID, kind models.ResourceKind, q ScimQuery) (from, skip int, found bool, err error) {
	switch {
	case q.Cursor && q.Sort == nil:
		return q.After + 1, 0, true, nil
	case q.Cursor:
		return 0, q.After, true, nil
	case q.Filter == nil && q.Sort == nil:
		from, found, err = s.seqAt(ctx, team, kind, q.Start)
		return from, 0, found, err
	default:
		return 0, max(q.Start-1, 0), true, nil
	}
}

// find runs a query: scan reads the rows of a statement and says how many came.
func (s *Service) find(ctx context.Context, team models.ID, kind models.ResourceKind, columns string, q ScimQuery, scan func(sqlText) (int, error)) (total int, err error) {
	l := s.list(team, kind, q.Filter)
	count := func() (int, error) {
		if q.Filter == nil {
			return s.counted(ctx, team, kind)
		}
		var n int
		err := s.DB.Read(ctx).Raw("SELECT count(*)"+l.tables+l.wanted.text, l.wanted.args...).Scan(&n).Error
		return n, err
	}
	if q.Limit <= 0 {
		return count()
	}
	from, skip, found, err := s.span(ctx, team, kind, q)
	if err != nil || !found {
		if err == nil {
			total, err = count()
		}
		return total, err
	}
	statement := l.page(columns, q, from, q.Sort != nil)
	if skip > 0 {
		statement.add(" OFFSET ?", skip)
	}
	n, err := scan(statement)
	if err != nil {
		return 0, err
	}
	if q.Filter != nil && from == 0 && skip == 0 && n <= q.Limit {
		return n, nil // all of them are on this page
	}
	return count()
}

// ScimMembers lists a team's people for a provisioning client, with the number
// of all that match. more is whether there are rows behind these.
func (s *Service) ScimMembers(ctx context.Context, team models.ID, q ScimQuery) (rows []Member, total int, more bool, err error) {
	if err := access.Require(ctx, access.MembersRead, team); err != nil {
		return nil, 0, false, err
	}
	total, err = s.find(ctx, team, models.ResourceUser, memberColumns(), q, func(statement sqlText) (int, error) {
		var err error
		rows, err = s.members(ctx, statement.text, statement.args...)
		return len(rows), err
	})
	rows, more = page(rows, max(q.Limit, 0))
	return rows, total, more, err
}

// page cuts the one row too many that says that there are more.
func page[T any](rows []T, limit int) ([]T, bool) {
	if len(rows) > limit {
		return rows[:limit], true
	}
	return rows, false
}
