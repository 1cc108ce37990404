package roster

import (
	"context"
	"database/sql"
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
const personColumns = "m.id, m.user_id, m.status, m.user_name, m.external_id, m.revision, m.created_at, m.updated_at, p.seq, p.document"

const personTables = " FROM scim_profiles p JOIN memberships m ON m.id = p.membership_id"

// walked is personTables for SQLite, which keeps this order.
const walked = " FROM scim_profiles p CROSS JOIN memberships m ON m.id = p.membership_id"

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
	rows, err := s.people(ctx, "SELECT "+personColumns+groupsColumn[s.DB.Dialect()]+personTables+" WHERE p.team_id = ? AND p.membership_id = ?", 1, team, team, id)
	if err != nil {
		return Member{}, err
	}
	if len(rows) == 0 {
		return Member{}, noSuchUser()
	}
	return rows[0], nil
}

// people runs a query for personColumns and the groups of up to so many people of
// a team. The rows are read by hand: a page has a hundred of them.
func (s *Service) people(ctx context.Context, query string, most int, team models.ID, args ...any) ([]Member, error) {
	rows, err := s.DB.Read(ctx).Raw(query, args...).Rows()
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // the error of Err is the one that counts
	out := make([]Member, 0, min(most, 256))
	var m Member
	var externalID sql.NullString
	var groups string
	// Pointers to strings, where they stand for other types, are filled without a
	// look at the type.
	into := []any{(*string)(&m.ID), (*string)(&m.UserID), (*string)(&m.Status), &m.UserName, &externalID, &m.Revision, &m.CreatedAt, &m.UpdatedAt,
		&m.Profile.Seq, &m.Profile.Document, &groups}
	m.TeamID, m.Profile.TeamID = team, team
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		m.ExternalID, m.Profile.MembershipID = nil, m.ID
		if externalID.Valid {
			id := externalID.String
			m.ExternalID = &id
		}
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

// list builds the statements of a page.
type list struct {
	compiler
	tables, seq, owner string
	order              string  // what rows are put into order by: seq, or an expression of it that no index gives
	wanted             sqlText // the condition, without the place
	counted            bool    // whether of says how many pass it
	of                 share
}

func (s *Service) list(team models.ID, kind models.ResourceKind, f ScimFilter) *list {
	l := &list{compiler: compiler{dialect: s.DB.Dialect(), team: team, kind: kind}}
	l.tables, l.seq, l.owner = personTables, "p.seq", "p.team_id"
	if kind == models.ResourceGroup {
		l.tables, l.seq, l.owner = " FROM team_groups g", "g.seq", "g.team_id"
	}
	l.order = l.seq
	l.q.add(" WHERE "+l.owner+" = ?", team)
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

// from writes the statement for the rows that begin at a place.
func (l *list) from(columns string, place, limit int) (out sqlText) {
	out.add("SELECT " + columns + l.tables)
	out.add(l.wanted.text, l.wanted.args...)
	if place > 0 {
		out.add(" AND "+l.seq+" >= ?", place)
	}
	out.add(" ORDER BY "+l.order+" LIMIT ?", limit)
	return out
}

// at writes the statement for the rows at places.
func (l *list) at(columns string, places []ScimPlace) (out sqlText) {
	seqs := make([]int, len(places))
	for i, p := range places {
		seqs[i] = p.Seq
	}
	out.add("SELECT "+columns+l.tables+" WHERE "+l.owner+" = ? AND "+l.seq+" IN ?", l.team, seqs)
	return out
}

// ScimMembers lists a team's people for a provisioning client, with the number
// of all that match. next is what the next page begins behind, none after the last.
func (s *Service) ScimMembers(ctx context.Context, team models.ID, q ScimQuery) (rows []Member, total int, next ScimPlace, err error) {
	if err := access.Require(ctx, access.MembersRead, team); err != nil {
		return nil, 0, next, err
	}
	var sorted []ScimPlace
	placeOf := func(m Member) int { return m.Profile.Seq }
	columns := personColumns + groupsColumn[s.DB.Dialect()]
	total, more, err := s.find(ctx, team, models.ResourceUser, columns, q, func(statement sqlText, places []ScimPlace) (int, error) {
		var err error
		sorted = places
		most := 1 // of a filter, which mostly finds somebody or nobody
		if q.Filter == nil {
			most = q.Limit + 1
		}
		rows, err = s.people(ctx, statement.text, most, team, statement.args...)
		if places != nil {
			rows = inPlaces(rows, places, placeOf)
		}
		return len(rows), err
	})
	if err == nil && total == 0 && q.NameID != "" {
		rows, total, err = s.signedInAs(ctx, team, q)
	}
	rows = first(rows, max(q.Limit, 0))
	if more {
		next = lastOf(rows, sorted, placeOf)
	}
	return rows, total, next, err
}

// signedInAs answers a look-up by a name that no client gave to anybody: the
// member who signed in under it, so that the client takes them over instead of
// making them twice. The account is the team's own, and names at two providers
// for two people are nobody's.
func (s *Service) signedInAs(ctx context.Context, team models.ID, q ScimQuery) ([]Member, int, error) {
	rows, err := s.people(ctx, "SELECT "+personColumns+groupsColumn[s.DB.Dialect()]+personTables+
		" WHERE p.membership_id IN ("+undescribed+") AND m.team_id = ? ORDER BY p.seq + 0 LIMIT 2", 2, team, team, q.NameID, models.Fold(q.NameID), team)
	switch {
	case err != nil || len(rows) != 1:
		return nil, 0, err
	case q.Start > 1 || q.After.Seq > 0:
		return nil, 1, nil
	}
	return rows, 1, nil
}

// undescribed are the members whom the team's identity provider knows by one of
// two names, and whom provisioning does not manage yet.
const undescribed = `SELECT n.id FROM external_identities x JOIN memberships n ON n.id = x.membership_id JOIN users o ON o.id = n.user_id
	WHERE x.team_id = ? AND x.name_id IN (?, ?) AND NOT n.scim_managed AND o.managed_by_team_id = n.team_id`

// first cuts the one row too many that says that there are more.
func first[T any](rows []T, limit int) []T { return rows[:min(len(rows), limit)] }
