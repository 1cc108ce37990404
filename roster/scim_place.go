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

// seqAt finds the place of the nth resource, counted from 1, by adding up the
// blocks before it and walking inside one block only. found is false when there
// are fewer.
func (s *Service) seqAt(ctx context.Context, team models.ID, kind models.ResourceKind, n int) (seq int, found bool, err error) {
	if n <= 1 {
		return 0, true, nil
	}
	var block, before int
	found, err = one(s.DB.Read(ctx).Raw(`SELECT block, before FROM (
			SELECT block, live, CAST(SUM(live) OVER (ORDER BY block) AS integer) - live AS before FROM scim_blocks WHERE team_id = ? AND kind = ?
		) AS counted WHERE before + live >= ? ORDER BY block LIMIT 1`, team, kind, n), &block, &before)
	if err != nil || !found {
		return 0, false, err
	}
	table := "scim_profiles"
	if kind == models.ResourceGroup {
		table = "team_groups"
	}
	found, err = one(s.DB.Read(ctx).Raw("SELECT seq FROM "+table+" WHERE team_id = ? AND seq >= ? ORDER BY seq LIMIT 1 OFFSET ?",
		team, block<<blockBits, n-1-before), &seq)
	return seq, found, err
}
