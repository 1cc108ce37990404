package roster

import (
	"context"
	"fmt"
	"strings"

	"rollcall/access"
	"rollcall/models"
)

// MemberGroup is a group as its members show it.
type MemberGroup struct {
	MembershipID models.ID
	ID           models.ID
	DisplayName  string
}

// personColumns is what provisioning clients see of a person, in the order in
// which scanPerson reads it. The account is not among it: what it holds stands in
// the document, as the client sent it.
const personColumns = "m.id, m.team_id, m.user_id, m.status, m.user_name, m.external_id, m.revision, m.created_at, m.updated_at, p.seq, p.document"

const personTables = " FROM scim_profiles p JOIN memberships m ON m.id = p.membership_id"

// The groups of a person come with them as one text: ids and names, each ended
// by a character that no name may have.
const (
	groupEnd       = "\x1f"
	groupsOfPerson = `, COALESCE((SELECT %s FROM (SELECT CAST(y.id AS text) AS gid, y.display_name AS gname, y.seq AS gseq
		FROM group_members x JOIN team_groups y ON y.id = x.group_id WHERE x.membership_id = m.id ORDER BY y.seq) z), '')`
)

var groupsColumn = map[models.Dialect]string{
	models.Postgres: fmt.Sprintf(groupsOfPerson, "string_agg(z.gid || chr(31) || z.gname || chr(31), '' ORDER BY z.gseq)"),
	models.SQLite:   fmt.Sprintf(groupsOfPerson, "group_concat(z.gid || char(31) || z.gname || char(31), '')"),
}

// ScimMember returns a person of the team by the id that provisioning clients
// know: the membership's. NOT_FOUND for integrations and other teams' people.
func (s *Service) ScimMember(ctx context.Context, team, id models.ID) (Member, error) {
	if err := access.Require(ctx, access.MembersRead, team); err != nil {
		return Member{}, err
	}
	rows, err := s.people(ctx, "SELECT "+personColumns+groupsColumn[s.DB.Dialect()]+personTables+" WHERE p.team_id = ? AND p.membership_id = ?", team, id)
	if err != nil {
		return Member{}, err
	}
	if len(rows) == 0 {
		return Member{}, noSuchUser()
	}
	return rows[0], nil
}

// people runs a query for personColumns and the groups. The rows are read by
// hand: a page has a hundred of them.
func (s *Service) people(ctx context.Context, query string, args ...any) ([]Member, error) {
	rows, err := s.DB.Read(ctx).Raw(query, args...).Rows()
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // the error of Err is the one that counts
	var out []Member
	for rows.Next() {
		var m Member
		var groups string
		err := rows.Scan(&m.ID, &m.TeamID, &m.UserID, &m.Status, &m.UserName, &m.ExternalID, &m.Revision, &m.CreatedAt, &m.UpdatedAt,
			&m.Profile.Seq, &m.Profile.Document, &groups)
		if err != nil {
			return nil, err
		}
		m.Profile.MembershipID, m.Profile.TeamID = m.ID, m.TeamID
		m.Groups = readGroups(m.ID, groups)
		out = append(out, m)
	}
	return out, rows.Err()
}

func readGroups(member models.ID, text string) []MemberGroup {
	if text == "" {
		return nil
	}
	parts := strings.Split(strings.TrimSuffix(text, groupEnd), groupEnd)
	out := make([]MemberGroup, 0, len(parts)/2)
	for i := 0; i+1 < len(parts); i += 2 {
		out = append(out, MemberGroup{MembershipID: member, ID: models.ID(parts[i]), DisplayName: parts[i+1]})
	}
	return out
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
		l.tables, l.seq = personTables, "p.seq"
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
	groups := groupsColumn[s.DB.Dialect()]
	columns := personColumns
	if q.Sort == nil {
		columns += groups
	}
	total, err = s.find(ctx, team, models.ResourceUser, columns, q, func(statement sqlText) (int, error) {
		if q.Sort != nil { // groups of the rows of the page alone: SQLite would read those of all that it sorts
			statement.text = "SELECT m.*" + groups + " FROM (" + statement.text + ") m"
		}
		var err error
		rows, err = s.people(ctx, statement.text, statement.args...)
		return len(rows), err
	})
	if err == nil && total == 0 && q.NameID != "" {
		rows, total, err = s.signedInAs(ctx, team, q)
	}
	rows, more = page(rows, max(q.Limit, 0))
	return rows, total, more, err
}

// signedInAs answers a look-up by a name that no client gave to anybody: the
// member who signed in under it, so that the client takes them over instead of
// making them twice. The account is the team's own, and names at two providers
// for two people are nobody's.
func (s *Service) signedInAs(ctx context.Context, team models.ID, q ScimQuery) ([]Member, int, error) {
	rows, err := s.people(ctx, "SELECT "+personColumns+groupsColumn[s.DB.Dialect()]+personTables+
		" WHERE p.team_id = ? AND p.membership_id IN ("+undescribed+") ORDER BY p.seq LIMIT 2", team, team, q.NameID, models.Fold(q.NameID))
	switch {
	case err != nil || len(rows) != 1:
		return nil, 0, err
	case q.Start > 1 || q.After > 0:
		return nil, 1, nil
	}
	return rows, 1, nil
}

// undescribed are the members whom the team's identity provider knows by one of
// two names, and whom provisioning does not manage yet.
const undescribed = `SELECT n.id FROM external_identities x JOIN memberships n ON n.id = x.membership_id JOIN users o ON o.id = n.user_id
	WHERE x.team_id = ? AND x.name_id IN (?, ?) AND NOT n.scim_managed AND o.managed_by_team_id = n.team_id`

// page cuts the one row too many that says that there are more.
func page[T any](rows []T, limit int) ([]T, bool) {
	if len(rows) > limit {
		return rows[:limit], true
	}
	return rows, false
}
