package roster

import (
	"context"

	"gorm.io/gorm"

	"rollcall/models"
)

// blockBits is the size of a block of places, as a power of two.
const blockBits = 10

// place gives a new resource the next place in its team's list and counts it.
// The counter's row stays locked until the transaction ends, so places become
// visible in their order; run the batch late. Changes that are added later find
// the place as next_seq in the source that is returned.
func place(b *models.Batch, team models.ID, kind models.ResourceKind, seq *int) (source string, args []any) {
	b.AddNamed("placed", "next_seq", seq, `INSERT INTO scim_counters (team_id, kind, total, next_seq) VALUES (?, ?, 1, 1)
		ON CONFLICT (team_id, kind) DO UPDATE SET total = scim_counters.total + 1, next_seq = scim_counters.next_seq + 1`, team, kind)
	source, args = b.From("placed", "scim_counters WHERE team_id = ? AND kind = ?", team, kind)
	b.Add(nil, "INSERT INTO scim_blocks (team_id, kind, block, live) SELECT ?, ?, next_seq >> ?, 1 FROM "+source+
		" ON CONFLICT (team_id, kind, block) DO UPDATE SET live = scim_blocks.live + 1", append([]any{team, kind, blockBits}, args...)...)
	return source, args
}

// displacePerson takes a person off the counts, if they are on the list.
func displacePerson(b *models.Batch, team, member models.ID) {
	b.Add(nil, `UPDATE scim_counters SET total = total - 1 WHERE team_id = ? AND kind = ?
		AND EXISTS (SELECT 1 FROM scim_profiles WHERE membership_id = ?)`, team, models.ResourceUser, member)
	b.Add(nil, `UPDATE scim_blocks SET live = live - 1 WHERE team_id = ? AND kind = ?
		AND block = (SELECT seq >> ? FROM scim_profiles WHERE membership_id = ?)`, team, models.ResourceUser, blockBits, member)
}

// displace takes a resource off the counts.
func displace(tx *gorm.DB, team models.ID, kind models.ResourceKind, seq int) error {
	err := tx.Exec(`UPDATE scim_counters SET total = total - 1 WHERE team_id = ? AND kind = ?`, team, kind).Error
	if err != nil {
		return err
	}
	return tx.Exec(`UPDATE scim_blocks SET live = live - 1 WHERE team_id = ? AND kind = ? AND block = ?`, team, kind, seq>>blockBits).Error
}

// counted is how many resources of a kind a team has.
func (s *Service) counted(ctx context.Context, team models.ID, kind models.ResourceKind) (int, error) {
	n := 0
	_, err := one(s.DB.Read(ctx).Raw(`SELECT total FROM scim_counters WHERE team_id = ? AND kind = ?`, team, kind), &n)
	return n, err
}

// share is a part of a list that is counted for every block: the column, and the
// status of the people in it, "" for any.
type share struct {
	column string
	status models.MembershipStatus
}

var (
	everybody = share{"live", ""}
	active    = share{"active", models.StatusActive}
	inactive  = share{"live - active", models.StatusDeactivated}
)

// shareOf is the share that a filter asks for. known is false for filters whose
// answers are not counted.
func shareOf(f ScimFilter) (of share, known bool) {
	switch f := f.(type) {
	case nil:
		return everybody, true
	case ScimTest:
		want, ok := f.Value.(bool)
		if f.Attr != "active" || !ok || f.Op != ScimEq && f.Op != ScimNe {
			return share{}, false
		}
		if want == (f.Op == ScimEq) {
			return active, true
		}
		return inactive, true
	case ScimNot:
		switch of, known := shareOf(f.Filter); of {
		case active:
			return inactive, known
		case inactive:
			return active, known
		}
	case ScimAll:
		if len(f) == 1 {
			return shareOf(f[0])
		}
	case ScimAny:
		if len(f) == 1 {
			return shareOf(f[0])
		}
	}
	return share{}, false
}

// shareIn is how many resources are in a share of a list, and how many on it.
func (s *Service) shareIn(ctx context.Context, team models.ID, kind models.ResourceKind, of share) (n, all int, err error) {
	if of == everybody {
		n, err = s.counted(ctx, team, kind)
		return n, n, err
	}
	_, err = one(s.DB.Read(ctx).Raw("SELECT CAST(COALESCE(SUM("+of.column+"), 0) AS integer), CAST(COALESCE(SUM(live), 0) AS integer) FROM scim_blocks WHERE team_id = ? AND kind = ?",
		team, kind), &n, &all)
	return n, all, err
}

// seqAt finds the place of the nth resource, counted from 1. found is false when
// there are fewer.
func (s *Service) seqAt(ctx context.Context, team models.ID, kind models.ResourceKind, n int) (seq int, found bool, err error) {
	if n <= 1 {
		return 0, true, nil
	}
	return s.shareAt(ctx, team, kind, everybody, n)
}

// shareAt is seqAt among a share, by adding up the blocks before it and walking
// inside one block only.
func (s *Service) shareAt(ctx context.Context, team models.ID, kind models.ResourceKind, of share, n int) (seq int, found bool, err error) {
	var block, before int
	found, err = one(s.DB.Read(ctx).Raw(`SELECT block, before FROM (
			SELECT block, n, CAST(SUM(n) OVER (ORDER BY block) AS integer) - n AS before
			FROM (SELECT block, `+of.column+` AS n FROM scim_blocks WHERE team_id = ? AND kind = ?) AS blocks
		) AS counted WHERE before + n >= ? ORDER BY block LIMIT 1`, team, kind, max(n, 1)), &block, &before)
	if err != nil || !found {
		return 0, false, err
	}
	tables, status := " FROM scim_profiles p", sqlText{}
	switch {
	case kind == models.ResourceGroup:
		tables = " FROM team_groups p"
	case of.status != "":
		tables = personTables
		if s.DB.Dialect() == models.SQLite {
			tables = walked
		}
		status.add(" AND m.status = ?", of.status)
	}
	var q sqlText
	q.add("SELECT p.seq"+tables+" WHERE p.team_id = ? AND p.seq >= ?", team, block<<blockBits)
	q.add(status.text, status.args...)
	q.add(" ORDER BY p.seq LIMIT 1 OFFSET ?", max(n, 1)-1-before)
	found, err = one(s.DB.Read(ctx).Raw(q.text, q.args...), &seq)
	return seq, found, err
}
