package roster

import (
	"context"
	"strings"

	"gorm.io/gorm"

	"rollcall/fault"
	"rollcall/models"
)

const (
	// maxSearch is the longest text to search for, in bytes.
	maxSearch = 200
	// searchSpan is how many values of each sort a page is made of at most. Where
	// nearly all of them belong to members who were found before by another of
	// their names, or whom the filter leaves out, the page is short.
	searchSpan = 1_000
)

// searchedAttrs are the attributes of a profile that a search looks at. The user
// name comes to them; it is a column of the membership.
var searchedAttrs = []string{"emails", "displayname", "name.givenname", "name.familyname"}

// Found is a member with the folded value by which a search found them: of those
// that begin with the text the first in the order of the alphabet.
type Found struct {
	Member
	By string
}

// FoundPage is a page of what a search finds. When More are beyond it the next
// page goes on behind Edge, which is not always the last row.
type FoundPage struct {
	Rows []Found
	More bool
	Edge models.Mark
}

// SearchMembers lists those of a team's members who fit the filter and of whom an
// e-mail address, the name to show, the given or family name or the user name
// begins with Search, ordered by that value. Each of the five is read along an
// index from the mark on and no further than searchSpan, so that a page costs the
// same however many are found. Marks hold Found.By. Faults: NOT_FOUND, FORBIDDEN,
// INVALID.
func (s *Service) SearchMembers(ctx context.Context, team models.ID, f MemberFilter, w models.Window) (FoundPage, error) {
	q, err := s.narrowed(ctx, team, f)
	if err != nil {
		return FoundPage{}, err
	}
	prefix, err := searchable(f.Search)
	if err != nil {
		return FoundPage{}, err
	}
	// 1. How far a page goes at most.
	edge, err := s.searchEdge(ctx, team, prefix, w)
	if err != nil {
		return FoundPage{}, err
	}
	// 2. Who is found up to there.
	parts := []*gorm.DB{s.foundByUserName(q, prefix)}
	for _, attr := range searchedAttrs {
		parts = append(parts, s.foundByProfile(q, team, attr, prefix))
	}
	for i, columns := range s.foundColumns() {
		parts[i] = within(parts[i], columns, w, edge).Order(w.Order("found", "id")).Limit(w.Limit + 1)
	}
	rows, err := s.readFound(s.united(ctx, parts), w)
	if err != nil {
		return FoundPage{}, err
	}
	out := FoundPage{}
	out.Rows, out.More = models.Cut(w, rows)
	switch {
	case out.More && w.Last:
		out.Edge = models.Mark{Key: out.Rows[0].By, ID: out.Rows[0].ID}
	case out.More:
		last := out.Rows[len(out.Rows)-1]
		out.Edge = models.Mark{Key: last.By, ID: last.ID}
	case edge != nil:
		out.More, out.Edge = true, *edge
	}
	return out, nil
}

// searchEdge is the mark up to which a page is made: that of the first of the five
// indexes of which searchSpan values have been read. It is nil when all of them
// end before.
func (s *Service) searchEdge(ctx context.Context, team models.ID, prefix string, w models.Window) (*models.Mark, error) {
	db := s.DB.Read(ctx)
	parts := []*gorm.DB{db.Table("memberships").Select("id, "+s.nameColumn()+" AS found").
		Where("team_id = ? AND "+s.nameColumn()+" >= ? AND "+s.nameColumn()+" < ?", team, prefix, behind(prefix))}
	for _, attr := range searchedAttrs {
		parts = append(parts, db.Table("scim_values AS v").Select("v.membership_id AS id, v.value_key AS found").
			Where("v.team_id = ? AND v.attr = ? AND v.value_key >= ? AND v.value_key < ?", team, attr, prefix, behind(prefix)))
	}
	for i, columns := range s.foundColumns() {
		parts[i] = within(parts[i], columns, w, nil).Order(w.Order("found", "id")).Offset(searchSpan - 1).Limit(1)
	}
	var found []struct {
		ID    models.ID
		Found string
	}
	if err := s.united(ctx, parts).Order(w.Order("found", "id")).Limit(1).Find(&found).Error; err != nil || len(found) == 0 {
		return nil, err
	}
	return &models.Mark{Key: found[0].Found, ID: found[0].ID}, nil
}

// foundColumns are the columns that the five indexes go by: of the user name
// first, and then of each attribute.
func (s *Service) foundColumns() []string {
	out := []string{s.nameColumn() + ", id"}
	for range searchedAttrs {
		out = append(out, "v.value_key, v.membership_id")
	}
	return out
}

// united are the rows of all the queries, as the table m.
func (s *Service) united(ctx context.Context, parts []*gorm.DB) *gorm.DB {
	text, args := make([]string, len(parts)), make([]any, len(parts))
	for i, p := range parts {
		text[i], args[i] = "SELECT * FROM (?) AS p", p
	}
	return s.DB.Read(ctx).Table("("+strings.Join(text, " UNION ALL ")+") AS m", args...)
}

func (s *Service) readFound(found *gorm.DB, w models.Window) ([]Found, error) {
	rows, err := found.Joins("JOIN users u ON u.id = m.user_id").Select(s.memberColumns() + ", m.found").
		Order(w.Order("m.found", "m.id")).Limit(w.Limit + 1).Rows()
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	out := make([]Found, 0, w.Limit+1)
	for rows.Next() {
		out = append(out, Found{})
		last := &out[len(out)-1]
		if err := scanMember(rows, &last.Member, &last.By); err != nil {
			return nil, err
		}
	}
	return out, rows.Err()
}

// foundByProfile are the members of whom one attribute begins with a text, and
// nothing that comes before it does: otherwise they are found by that. SQLite
// keeps to the order of a CROSS JOIN, which is that of the index.
func (s *Service) foundByProfile(q *gorm.DB, team models.ID, attr, prefix string) *gorm.DB {
	return q.Table("scim_values AS v").Joins("CROSS JOIN memberships").Select("memberships.*, v.value_key AS found").
		Where("memberships.id = v.membership_id AND v.team_id = ? AND v.attr = ?", team, attr).
		Where("v.value_key >= ? AND v.value_key < ?", prefix, behind(prefix)).
		Where(`NOT EXISTS (SELECT 1 FROM scim_values e WHERE e.membership_id = v.membership_id AND e.attr IN ? AND e.value_key >= ?
			AND (e.value_key, e.attr, e.item) < (v.value_key, v.attr, v.item))`, searchedAttrs, prefix).
		Where("NOT ("+s.nameColumn()+" >= ? AND "+s.nameColumn()+" < v.value_key)", prefix)
}

// foundByUserName are the members whose user name begins with a text, and of
// whose profile nothing does that comes before it.
func (s *Service) foundByUserName(q *gorm.DB, prefix string) *gorm.DB {
	return q.Table("memberships").Select("memberships.*, "+s.nameColumn()+" AS found").
		Where(s.nameColumn()+" >= ? AND "+s.nameColumn()+" < ?", prefix, behind(prefix)).
		Where(`NOT EXISTS (SELECT 1 FROM scim_values e WHERE e.membership_id = memberships.id AND e.attr IN ? AND e.value_key >= ?
			AND e.value_key <= `+s.nameColumn()+`)`, searchedAttrs, prefix)
}

// within narrows a query to what lies between the marks of a window, whose list
// goes upwards, and no further than an edge.
func within(q *gorm.DB, columns string, w models.Window, edge *models.Mark) *gorm.DB {
	if w.After != nil {
		q = q.Where("("+columns+") > (?, ?)", w.After.Key, w.After.ID)
	}
	if w.Before != nil {
		q = q.Where("("+columns+") < (?, ?)", w.Before.Key, w.Before.ID)
	}
	switch {
	case edge == nil:
	case w.Last:
		q = q.Where("("+columns+") >= (?, ?)", edge.Key, edge.ID)
	default:
		q = q.Where("("+columns+") <= (?, ?)", edge.Key, edge.ID)
	}
	return q
}

// searchable is a text to search for, folded.
func searchable(text string) (string, error) {
	prefix := models.Fold(text)
	if prefix == "" || len(prefix) > maxSearch || !models.Printable(prefix) {
		return "", fault.New(fault.InvalidValue, "A search takes 1 to %d printable bytes.", maxSearch).On("filter", "search")
	}
	return prefix, nil
}

// behind is a text that comes after every one that begins with prefix.
func behind(prefix string) string { return prefix + "\U0010FFFF" }

// found narrows a query to the members whom a search finds.
func (s *Service) found(q *gorm.DB, team models.ID, text string) (*gorm.DB, error) {
	prefix, err := searchable(text)
	if err != nil {
		return nil, err
	}
	return q.Where(`memberships.id IN (SELECT membership_id FROM scim_values WHERE team_id = ? AND attr IN ? AND value_key >= ? AND value_key < ?
		UNION SELECT id FROM memberships WHERE team_id = ? AND `+s.nameColumn()+` >= ? AND `+s.nameColumn()+` < ?)`,
		team, searchedAttrs, prefix, behind(prefix), team, prefix, behind(prefix)), nil
}
