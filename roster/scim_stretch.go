package roster

import (
	"context"

	"gorm.io/gorm"

	"rollcall/models"
)

// People in the order of userName and groups in that of displayName are counted
// in stretches of the list, so that a page by number is found by adding up. The
// database counts by triggers whatever changes a list; here stretches are cut.

const (
	// stretchLength is how many there are in a stretch that was cut, at least.
	stretchLength = 512
	// cutEvery is after how many new ones stretches are looked through, which so
	// grow a little beyond twice the length.
	cutEvery = 256
)

// stretchAt finds the stretch of a list in the order of its names that the nth
// resource is in, counted from 1 in the list's direction: the name that it begins
// at or, in descending order, ends before, nil when it has no end, and how many
// are in front of it. found is false when there are fewer.
func (s *Service) stretchAt(ctx context.Context, team models.ID, kind models.ResourceKind, ascending bool, n int) (edge *string, before int, found bool, err error) {
	way, side := "first_name", "first_name"
	if !ascending {
		way, side = "first_name DESC", "LAG(first_name) OVER (ORDER BY first_name DESC)"
	}
	found, err = one(s.DB.Read(ctx).Raw(`SELECT edge, before FROM (
			SELECT first_name, `+side+` AS edge, live, CAST(SUM(live) OVER (ORDER BY `+way+`) AS integer) - live AS before
			FROM scim_name_blocks WHERE team_id = ? AND kind = ?
		) AS counted WHERE before + live >= ? ORDER BY `+way+" LIMIT 1", team, kind, n), &edge, &before)
	return edge, before, found, err
}

// cutStretches cuts the stretches that have grown too long, and drops those that
// are empty, when the resource that was just put on the list calls for it by its
// place. What is counted stands still: its transaction has the row of the counter.
func cutStretches(tx *gorm.DB, team models.ID, kind models.ResourceKind, place int) error {
	if place == 0 || place%cutEvery != 0 { // 0 is the place of an integration: none
		return nil
	}
	err := tx.Exec("DELETE FROM scim_name_blocks WHERE team_id = ? AND kind = ? AND live = 0 AND first_name <> ''", team, kind).Error
	if err != nil {
		return err
	}
	var long []struct {
		FirstName string
		Following *string
		Live      int
	}
	err = tx.Raw(`SELECT first_name, following, live FROM (
			SELECT first_name, live, LEAD(first_name) OVER (ORDER BY first_name) AS following FROM scim_name_blocks WHERE team_id = ? AND kind = ?
		) AS stretches WHERE live > ?`, team, kind, 2*stretchLength).Scan(&long).Error
	for _, s := range long { // mostly none, at times one
		if err == nil {
			err = cut(tx, team, kind, s.FirstName, s.Following, s.Live/stretchLength)
		}
	}
	return err
}

// cut counts a stretch anew in so many pieces.
func cut(tx *gorm.DB, team models.ID, kind models.ResourceKind, first string, following *string, pieces int) error {
	c := compiler{dialect: models.Dialect(tx.Name())}
	tables, owner, name := personTables, "p.team_id", c.exactly(userColumns["username"].name)
	if kind == models.ResourceGroup {
		tables, owner, name = " FROM team_groups g", "g.team_id", c.exactly(groupColumns["displayname"].name)
	}
	c.q.add("SELECT "+owner+" AS team_id, "+name+" AS name"+tables+" WHERE "+owner+" = ? AND "+name+" >= ?", team, first)
	if following != nil {
		c.q.add(" AND "+name+" < ?", *following)
	}
	args := append([]any{kind, first, pieces}, c.q.args...)
	return tx.Exec(`INSERT INTO scim_name_blocks (team_id, kind, first_name, live)
		SELECT team_id, ?, CASE WHEN piece = 0 THEN ? ELSE MIN(name) END, count(*)
		FROM (SELECT team_id, name, (row_number() OVER (ORDER BY name) - 1) * ? / count(*) OVER () AS piece FROM (`+c.q.text+`) AS named) AS numbered
		GROUP BY team_id, piece ON CONFLICT (team_id, kind, first_name) DO UPDATE SET live = excluded.live`, args...).Error
}
