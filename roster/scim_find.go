package roster

import (
	"context"
	"slices"

	"rollcall/models"
)

// find runs a query. scan reads the rows of a statement, puts them into the order
// of the places if there are any, and says how many came. more is whether there are
// rows behind the page.
func (s *Service) find(ctx context.Context, team models.ID, kind models.ResourceKind, columns string, q ScimQuery, scan scanner) (total int, more bool, err error) {
	l := s.list(team, kind, q.Filter)
	of, counted := shareOf(q.Filter)
	l.counted, l.of = counted, of
	place, found := 0, true
	switch {
	case q.Limit <= 0:
		found = false
	case q.Sort != nil || !counted && looksUp(q.Filter) && !q.Cursor && q.Start > 1:
		if total, _, err = s.countOf(ctx, l); err != nil {
			return 0, false, err
		}
		more, err = s.findSorted(ctx, l, columns, q, total, scan)
		return total, more, err
	case of.status != "" || !counted && !looksUp(q.Filter):
		return s.findPart(ctx, l, columns, q, scan)
	case q.Cursor:
		place = q.After.Seq + 1
	default:
		place, found, err = s.seqAt(ctx, team, kind, q.Start)
	}
	if err == nil && found {
		if q.Filter != nil && l.dialect == models.SQLite { // a look-up; PostgreSQL knows how few that is
			l.fetch()
		}
		n, err := scan(l.from(columns, place, q.Limit+1), nil)
		if err != nil {
			return 0, false, err
		}
		if q.Filter != nil && place <= 1 && n <= q.Limit {
			return n, false, nil // all of them are on this page
		}
		more = n > q.Limit
	}
	if err == nil {
		total, _, err = s.countOf(ctx, l)
	}
	return total, more, err
}

// scanner reads the rows of a statement, in the order of places if there are any.
type scanner func(statement sqlText, places []ScimPlace) (int, error)

// countOf is how many resources pass the filter, and how many there are.
func (s *Service) countOf(ctx context.Context, l *list) (n, all int, err error) {
	if l.counted {
		return s.shareIn(ctx, l.team, l.kind, l.of)
	}
	args := append([]any{l.team, l.kind}, l.wanted.args...)
	_, err = one(s.DB.Read(ctx).Raw("SELECT count(*), COALESCE((SELECT total FROM scim_counters WHERE team_id = ? AND kind = ?), 0)"+l.tables+l.wanted.text, args...), &n, &all)
	return n, all, err
}

// fetch has the rows put into order after they are found, so that the database does
// not walk along the places for them.
func (l *list) fetch() { l.order = l.seq + " + 0" }

// looksUp reports whether a filter asks for something by its value, so that few
// pass it.
func looksUp(f ScimFilter) bool {
	switch f := f.(type) {
	case ScimTest:
		_, text := f.Value.(string)
		return f.Op == ScimEq && text
	case ScimElement:
		return f.Attr != "groups" && f.Attr != "members" && looksUp(f.Filter)
	case ScimAll:
		return slices.ContainsFunc(f, looksUp)
	case ScimAny:
		return len(f) > 0 && !slices.ContainsFunc(f, func(part ScimFilter) bool { return !looksUp(part) })
	}
	return false
}

// findPart is find for a filter that many may pass, in the order of places. How
// many do tells how they are read: few are fetched and put into order, among many
// the walk goes from place to place. Left to itself a database walks past
// everybody for the few, or sorts everybody for the first page of the many.
func (s *Service) findPart(ctx context.Context, l *list, columns string, q ScimQuery, scan scanner) (total int, more bool, err error) {
	total, all, err := s.countOf(ctx, l)
	if err != nil || total == 0 {
		return 0, false, err
	}
	few := total <= all*(q.Limit+1)/total
	switch {
	case few:
		l.fetch()
	case l.kind == models.ResourceUser && l.dialect == models.SQLite:
		l.tables = walked
	}
	place, found, skip := q.After.Seq+1, true, 0
	switch {
	case q.Cursor:
	case l.of.status != "":
		place, found, err = s.shareAt(ctx, l.team, l.kind, l.of, q.Start)
	case q.Start <= 1 || few:
		place, skip = 0, max(q.Start-1, 0)
	default:
		more, err = s.findSorted(ctx, l, columns, q, total, scan)
		return total, more, err
	}
	if err != nil || !found {
		return total, false, err
	}
	statement := l.from(columns, place, q.Limit+1)
	if skip > 0 {
		statement.add(" OFFSET ?", skip)
	}
	n, err := scan(statement, nil)
	return total, n > q.Limit, err
}

// findSorted finds a page that is not found by its place: a sorted one, or one by
// number of what passes a filter. total is how many pass.
func (s *Service) findSorted(ctx context.Context, l *list, columns string, q ScimQuery, total int, scan scanner) (more bool, err error) {
	places, err := s.places(ctx, l, q, total)
	if err != nil || len(places) == 0 {
		return false, err
	}
	if more = len(places) > q.Limit; more {
		places = places[:q.Limit]
	}
	_, err = scan(l.at(columns, places), places)
	return more, err
}
