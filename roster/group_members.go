package roster

import (
	"cmp"
	"encoding/json"
	"slices"

	"gorm.io/gorm"

	"rollcall/audit"
	"rollcall/fault"
	"rollcall/models"
)

// groupEdit carries out steps on one group inside a transaction.
type groupEdit struct {
	service        *Service
	tx             *gorm.DB
	group          *models.Group
	mapped         bool        // whether roles follow the group
	touched        []models.ID // members to grade anew, of a mapped group
	added, removed int
	called         int // people who are called otherwise now
}

func (c *groupEdit) counts() []models.AuditDetail {
	return []models.AuditDetail{audit.Count("added", int64(c.added)), audit.Count("removed", int64(c.removed))}
}

func (c *groupEdit) step(x GroupChange) error {
	name, externalID := c.group.DisplayName, c.group.ExternalID
	if x.DisplayName != nil {
		name = *x.DisplayName
	}
	if x.ExternalID != nil {
		externalID = *x.ExternalID
	}
	if x.DisplayName != nil || x.ExternalID != nil {
		if err := properGroup(name, externalID); err != nil {
			return err
		}
		c.group.DisplayName, c.group.ExternalID = name, externalID
	}
	if d := x.Document; d != nil {
		if d.From != nil && *d.From != c.group.Document {
			return fault.New(fault.StaleRevision, "Somebody else changed the group.")
		}
		c.group.Document = d.To
	}
	if x.Members != nil {
		if err := c.replace(*x.Members); err != nil {
			return err
		}
	}
	if err := c.add(x.Add); err != nil {
		return err
	}
	if err := c.call(x.Call); err != nil {
		return err
	}
	return c.remove(x.Remove)
}

// idList is a JSON array of ids for one parameter: a statement takes only so
// many of them, and a group has more.
func idList(ids []models.ID) (string, error) {
	text, err := json.Marshal(ids)
	return string(text), err
}

// listed is a subquery over an idList.
func (c *groupEdit) listed() string { return listed(c.service.DB.Dialect()) }

func listed(d models.Dialect) string {
	if d == models.Postgres {
		return "(SELECT CAST(jsonb_array_elements_text(CAST(? AS jsonb)) AS uuid))"
	}
	return "(SELECT value FROM json_each(?))"
}

// unique drops repeats and sorts by id, so that two pushes insert in one order.
func unique(refs []GroupRef) []GroupRef {
	out := slices.Clone(refs)
	slices.SortStableFunc(out, func(a, b GroupRef) int { return cmp.Compare(a.ID, b.ID) })
	return slices.CompactFunc(out, func(a, b GroupRef) bool { return a.ID == b.ID })
}

// add puts people into the group. Those who are in it already stay, and are
// called as they are called now.
func (c *groupEdit) add(refs []GroupRef) error {
	if len(refs) == 0 {
		return nil
	}
	refs = unique(refs)
	if err := c.known(refs); err != nil {
		return err
	}
	text, err := json.Marshal(refs)
	if err != nil {
		return err
	}
	done := c.tx.Exec("INSERT INTO group_members (group_id, membership_id, team_id, display) SELECT ?, m.id, m.team_id, r.display FROM "+
		c.refs()+" CROSS JOIN memberships m WHERE m.id = r.id AND m.team_id = ? ORDER BY m.id ON CONFLICT (group_id, membership_id) DO NOTHING",
		c.group.ID, string(text), c.group.TeamID)
	if done.Error != nil {
		return done.Error
	}
	c.added += int(done.RowsAffected)
	if c.mapped {
		for _, r := range refs {
			c.touched = append(c.touched, r.ID)
		}
	}
	if done.RowsAffected == int64(len(refs)) {
		return nil
	}
	return c.call(slices.DeleteFunc(refs, func(r GroupRef) bool { return r.Display == "" }))
}

// refs is a table of GroupRefs, called r, out of one parameter with their JSON. To be
// joined by CROSS JOIN: SQLite does not change the order of one, and the other way
// round it would go through the list once for every row.
func (c *groupEdit) refs() string {
	if c.service.DB.Dialect() == models.Postgres {
		return "jsonb_to_recordset(CAST(? AS jsonb)) AS r(id uuid, display text)"
	}
	return "(SELECT json_extract(value, '$.id') AS id, json_extract(value, '$.display') AS display FROM json_each(?)) AS r"
}

// call changes what people of the group are called. Whoever is not in it is passed
// over.
func (c *groupEdit) call(refs []GroupRef) error {
	refs = slices.DeleteFunc(unique(refs), func(r GroupRef) bool {
		_, err := models.ParseID(string(r.ID))
		return err != nil
	})
	if len(refs) == 0 {
		return nil
	}
	text, err := json.Marshal(refs)
	if err != nil {
		return err
	}
	done := c.tx.Exec("INSERT INTO group_members (group_id, membership_id, team_id, display) SELECT x.group_id, x.membership_id, x.team_id, r.display FROM "+
		c.refs()+" CROSS JOIN group_members x WHERE x.group_id = ? AND x.membership_id = r.id AND x.display <> r.display "+
		"ORDER BY x.membership_id ON CONFLICT (group_id, membership_id) DO UPDATE SET display = excluded.display", string(text), c.group.ID)
	c.called += int(done.RowsAffected)
	return done.Error
}

// known refuses what is no person of the team. Groups in groups are refused as
// well: whose role would follow which of them nobody could tell.
func (c *groupEdit) known(refs []GroupRef) error {
	if len(refs) == 0 {
		return nil
	}
	ids := make([]models.ID, len(refs))
	for i, r := range refs {
		if _, err := models.ParseID(string(r.ID)); err != nil {
			return fault.New(fault.InvalidValue, "A member must be the id of a user of this team.").On("members")
		}
		ids[i] = r.ID
	}
	in, list := "?", any(ids)
	if len(ids) > fewIDs {
		text, err := idList(ids)
		if err != nil {
			return err
		}
		in, list = c.listed(), text
	}
	var n int
	_, err := one(c.tx.Raw("SELECT count(*) FROM scim_profiles WHERE team_id = ? AND membership_id IN "+in, c.group.TeamID, list), &n)
	if err != nil || n == len(refs) {
		return err
	}
	var groups int
	_, err = one(c.tx.Raw("SELECT count(*) FROM team_groups WHERE team_id = ? AND id IN "+in, c.group.TeamID, list), &groups)
	switch {
	case err != nil:
		return err
	case groups > 0:
		return fault.New(fault.InvalidValue, "A group cannot be a member of a group; assign its people.").On("members")
	}
	return fault.New(fault.InvalidValue, "%d of the members are no users of this team.", len(refs)-n).On("members")
}

// remove takes people out. Whoever is not in the group is no error.
func (c *groupEdit) remove(ids []models.ID) error {
	ids = slices.DeleteFunc(slices.Clone(ids), func(id models.ID) bool {
		_, err := models.ParseID(string(id))
		return err != nil
	})
	if len(ids) == 0 {
		return nil
	}
	if len(ids) <= fewIDs {
		return c.drop("membership_id IN ?", ids, ids)
	}
	text, err := idList(ids)
	if err != nil {
		return err
	}
	return c.drop("membership_id IN "+c.listed(), text, ids)
}

// fewIDs is up to how many ids stand in the statement itself. A database that
// cannot see how few there are walks over the whole group for them.
const fewIDs = 100

// replace makes the list the group's whole membership.
func (c *groupEdit) replace(refs []GroupRef) error {
	refs = unique(refs)
	ids := make([]models.ID, len(refs))
	for i, r := range refs {
		ids[i] = r.ID
	}
	if err := c.known(refs); err != nil {
		return err
	}
	if err := c.touchAll(); err != nil {
		return err
	}
	text, err := idList(ids)
	if err != nil {
		return err
	}
	if err := c.drop("membership_id NOT IN "+c.listed(), text, nil); err != nil {
		return err
	}
	return c.add(refs)
}

func (c *groupEdit) drop(condition string, list any, ids []models.ID) error {
	done := c.tx.Exec("DELETE FROM group_members WHERE group_id = ? AND "+condition, c.group.ID, list)
	if done.Error != nil {
		return done.Error
	}
	c.removed += int(done.RowsAffected)
	if c.mapped {
		c.touched = append(c.touched, ids...)
	}
	return nil
}

// touchAll has everybody who is in a mapped group graded anew.
func (c *groupEdit) touchAll() error {
	if !c.mapped {
		return nil
	}
	var ids []models.ID
	err := c.tx.Model(&models.GroupMember{}).Where("group_id = ?", c.group.ID).Pluck("membership_id", &ids).Error
	c.touched = append(c.touched, ids...)
	return err
}
