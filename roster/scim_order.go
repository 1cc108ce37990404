package roster

import (
	"context"
	"slices"
	"strings"

	"rollcall/models"
)

// ordering is how a sorted list is ordered: by a key and, where keys are equal,
// by the place.
type ordering struct {
	join      sqlText // what the key needs
	key, seq  string  // key is "" when nothing but the place counts
	nullable  bool
	unique    bool // no two rows have the same key, so an index alone gives the order
	ascending bool
	backwards bool // from the end of the list to its beginning
}

// ordering of a list. What has no value comes last in ascending order and first in
// descending (RFC 7644 section 3.4.2.3); equal ones keep their places.
func (l *list) ordering(sort *ScimSort) ordering {
	o := ordering{seq: l.seq, ascending: !sort.Desc}
	col, ok := l.columns()[sort.Attr]
	switch {
	case ok && (sort.Attr == "username" || sort.Attr == "externalid" || sort.Attr == "displayname"):
		o.key, o.nullable, o.unique = l.exactly(col.name), col.nullable, sort.Attr != "externalid"
	case ok:
		o.key, o.nullable = col.name, col.nullable
	case sort.Attr == "active":
		o.key = "m.status"
	case l.kind != models.ResourceGroup:
		attr, key := sort.Attr, "o.value_key"
		if list, ok := strings.CutSuffix(attr, ".type"); ok { // stands beside the value
			attr, key = list, "o.type_key"
		}
		o.join.add(" LEFT JOIN scim_values o ON o.membership_id = m.id AND o.attr = ? AND o.item = 0", attr)
		o.key, o.nullable = "NULLIF("+key+", '')", true
	}
	return o
}

// by is what stands behind ORDER BY.
func (o ordering) by() string {
	direction, places := " ASC", " ASC"
	if o.ascending == o.backwards {
		direction = " DESC"
	}
	if o.backwards {
		places = " DESC"
	}
	switch {
	case o.key == "":
		return o.seq + direction
	case o.unique:
		return o.key + direction
	}
	by := o.key + direction + ", " + o.seq + places
	if o.nullable {
		by = "CASE WHEN " + o.key + " IS NULL THEN 1 ELSE 0 END" + direction + ", " + by
	}
	return by
}

// behind is the condition for what comes behind a row that is there, or was.
func (o ordering) behind(row ScimPlace) (out sqlText) {
	last, seq := row.Key, row.Seq
	further, from := " > ?", " >= ?"
	if !o.ascending {
		further, from = " < ?", " <= ?"
	}
	switch {
	case o.key == "":
		out.add(o.seq+further, seq)
	case o.unique:
		out.add(o.key+further, last)
	case last == nil && o.ascending:
		out.add(o.key+" IS NULL AND "+o.seq+" > ?", seq)
	case last == nil:
		out.add("("+o.key+" IS NOT NULL OR "+o.seq+" > ?)", seq)
	default:
		out.add(o.key+from+" AND ("+o.key+further+" OR "+o.seq+" > ?)", last, last, seq)
		if o.nullable && o.ascending {
			out.text = "(" + out.text + " OR " + o.key + " IS NULL)"
		}
	}
	return out
}

// places finds the places of the rows of a page that is sorted or by number, and
// one more. total is how many rows match. Where names are counted the page's
// stretch is found by adding, otherwise the rows between the page and the nearer
// end are walked over, without anything of theirs being read but what they are
// ordered by.
func (s *Service) places(ctx context.Context, l *list, q ScimQuery, total int) ([]ScimPlace, error) {
	o := ordering{seq: l.seq, ascending: true}
	if q.Sort != nil {
		o = l.ordering(q.Sort)
	}
	var st sqlText
	key := o.key
	if key == "" {
		key = "NULL"
	}
	st.add("SELECT " + l.seq + ", " + key + l.tables)
	st.add(o.join.text, o.join.args...)
	st.add(l.wanted.text, l.wanted.args...)
	if l.kind == models.ResourceUser {
		st.add(" AND m.team_id = ?", l.team) // lets the indexes of memberships give the order
	}
	limit, skip := q.Limit+1, 0
	switch {
	case q.Cursor && q.After.Seq > 0:
		behind := o.behind(q.After)
		st.add(" AND ("+behind.text+")", behind.args...)
	case q.Cursor || q.Start <= 1:
	case q.Start > total:
		return nil, nil
	case o.unique && q.Filter == nil:
		edge, before, found, err := s.stretchAt(ctx, l.team, l.kind, o.ascending, q.Start)
		if err != nil || !found {
			return nil, err
		}
		if edge != nil {
			st.add(" AND "+o.key+map[bool]string{true: " >= ?", false: " < ?"}[o.ascending], *edge)
		}
		skip = q.Start - 1 - before
	case q.Start-1 <= total/2:
		skip = q.Start - 1
	default:
		o.backwards, limit = true, min(limit, total-q.Start+1)
		skip = total - (q.Start - 1) - limit
	}
	st.add(" ORDER BY "+o.by()+" LIMIT ?", limit)
	if skip > 0 {
		st.add(" OFFSET ?", skip)
	}
	rows, err := s.DB.Read(ctx).Raw(st.text, st.args...).Rows()
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // the error of Err is the one that counts
	var out []ScimPlace
	for rows.Next() {
		var p ScimPlace
		if err := rows.Scan(&p.Seq, &p.Key); err != nil {
			return nil, err
		}
		if raw, ok := p.Key.([]byte); ok {
			p.Key = string(raw)
		}
		out = append(out, p)
	}
	if o.backwards {
		slices.Reverse(out)
	}
	return out, rows.Err()
}

// inPlaces puts rows into the order of their places.
func inPlaces[T any](rows []T, places []ScimPlace, at func(T) int) []T {
	byPlace := make(map[int]T, len(rows))
	for _, r := range rows {
		byPlace[at(r)] = r
	}
	out := rows[:0]
	for _, p := range places {
		if r, ok := byPlace[p.Seq]; ok { // else it was deleted a moment ago
			out = append(out, r)
		}
	}
	return out
}

// lastOf is where a page ends: of a sorted one where its last place is, also when
// the row there was deleted a moment ago.
func lastOf[T any](rows []T, sorted []ScimPlace, at func(T) int) ScimPlace {
	switch {
	case len(sorted) > 0:
		return sorted[len(sorted)-1]
	case len(rows) > 0:
		return ScimPlace{Seq: at(rows[len(rows)-1])}
	}
	return ScimPlace{}
}

// upTo cuts the places behind one of them.
func upTo(places []ScimPlace, seq int) []ScimPlace {
	return places[:slices.IndexFunc(places, func(p ScimPlace) bool { return p.Seq == seq })+1]
}
