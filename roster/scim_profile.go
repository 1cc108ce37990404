package roster

import (
	"bytes"
	"encoding/json"
	"strings"

	"gorm.io/gorm"

	"rollcall/models"
)

// Profile is what is kept of a person beside the membership: the document as
// the client sent it, and the same taken apart for filters.
type Profile struct {
	Document string
	Values   []models.ScimValue // without the ids, which the roster fills in
}

// differs reports whether the profile is another one than the member's. An empty
// one says nothing.
func (p Profile) differs(m Member) bool { return p.Document != "" && p.Document != m.Profile.Document }

// ownProfile is the profile of somebody who did not come by provisioning.
func ownProfile(p Person) (Profile, error) {
	p = p.named()
	doc := map[string]any{"emails": []any{map[string]any{"value": p.Email, "type": "work", "primary": true}}}
	values := []models.ScimValue{{Attr: "emails", ValueKey: models.Fold(p.Email), TypeKey: "work", IsPrimary: true}}
	name := map[string]any{}
	for _, t := range []struct {
		into             map[string]any
		name, attr, text string
	}{
		{doc, "displayName", "displayname", p.Name},
		{name, "givenName", "name.givenname", p.GivenName},
		{name, "familyName", "name.familyname", p.FamilyName},
	} {
		if t.text != "" {
			t.into[t.name] = t.text
			values = append(values, models.ScimValue{Attr: t.attr, ValueKey: models.Fold(t.text)})
		}
	}
	if len(name) > 0 {
		doc["name"] = name
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	err := enc.Encode(doc)
	return Profile{Document: strings.TrimSuffix(text.String(), "\n"), Values: values}, err
}

// introduce puts a new member on the list that provisioning clients see.
// Integrations are not on it.
func introduce(tx *gorm.DB, m *Member, p Profile) error {
	if m.User.Kind != models.KindPerson {
		return nil
	}
	if tx.Name() == "postgres" && len(p.Values) <= maxListed {
		if err := introduceAtOnce(tx, m, p); err != nil {
			return err
		}
		return cutStretches(tx, m.TeamID, models.ResourceUser, m.Profile.Seq)
	}
	if err := insertValues(tx, m.Membership, p.Values); err != nil {
		return err
	}
	seq, err := place(tx, m.TeamID, models.ResourceUser)
	if err != nil {
		return err
	}
	m.Profile = models.ScimProfile{MembershipID: m.ID, TeamID: m.TeamID, Seq: seq, Document: p.Document}
	if err := tx.Create(&m.Profile).Error; err != nil {
		return err
	}
	return cutStretches(tx, m.TeamID, models.ResourceUser, seq)
}

// maxListed bounds the values of one statement, which has six parameters for each.
const maxListed = 500

// introduceAtOnce is introduce as one statement of PostgreSQL: the counters, the profile
// and its values. Only the row of the counter can be fought for, as before.
func introduceAtOnce(tx *gorm.DB, m *Member, p Profile) error {
	var q sqlText
	q.add(`WITH c AS (INSERT INTO scim_counters (team_id, kind, total, next_seq) VALUES (?, ?, 1, 1)
		ON CONFLICT (team_id, kind) DO UPDATE SET total = scim_counters.total + 1, next_seq = scim_counters.next_seq + 1 RETURNING next_seq),
		b AS (INSERT INTO scim_blocks (team_id, kind, block, live) SELECT ?, ?, next_seq >> ?, 1 FROM c
		ON CONFLICT (team_id, kind, block) DO UPDATE SET live = scim_blocks.live + 1)`,
		m.TeamID, models.ResourceUser, m.TeamID, models.ResourceUser, blockBits)
	if len(p.Values) > 0 {
		var rows strings.Builder
		args := make([]any, 0, 7*len(p.Values))
		for i, v := range p.Values {
			if i > 0 {
				rows.WriteByte(',')
			}
			rows.WriteString("(?, ?, ?, ?, ?, ?, ?)")
			args = append(args, m.ID, v.Attr, v.Item, m.TeamID, v.ValueKey, v.TypeKey, v.IsPrimary)
		}
		q.add(`, v AS (INSERT INTO scim_values (membership_id, attr, item, team_id, value_key, type_key, is_primary) VALUES `+rows.String()+`)`, args...)
	}
	q.add(` INSERT INTO scim_profiles (membership_id, team_id, seq, document) SELECT ?, ?, next_seq, ? FROM c RETURNING seq`, m.ID, m.TeamID, p.Document)
	m.Profile = models.ScimProfile{MembershipID: m.ID, TeamID: m.TeamID, Document: p.Document}
	_, err := one(tx.Raw(q.text, q.args...), &m.Profile.Seq)
	return err
}

// introduceOwn is introduce for members whom no client described.
func introduceOwn(tx *gorm.DB, m *Member) error {
	p, err := ownProfile(Person{Email: m.User.Email, Name: m.User.Name, GivenName: m.User.GivenName, FamilyName: m.User.FamilyName})
	if err != nil {
		return err
	}
	return introduce(tx, m, p)
}

func insertValues(tx *gorm.DB, m models.Membership, values []models.ScimValue) error {
	if len(values) == 0 {
		return nil
	}
	rows := make([]models.ScimValue, len(values))
	for i, v := range values {
		v.MembershipID, v.TeamID = m.ID, m.TeamID
		rows[i] = v
	}
	return tx.CreateInBatches(&rows, 500).Error
}

// describe writes a member's new profile. Of the values only those that differ
// are touched.
func describe(tx *gorm.DB, m *Member, p Profile) error {
	if !p.differs(*m) {
		return nil
	}
	m.Profile.Document = p.Document
	err := tx.Model(&models.ScimProfile{}).Where("membership_id = ?", m.ID).Update("document", p.Document).Error
	if err != nil {
		return err
	}
	var old []models.ScimValue
	if err := tx.Where("membership_id = ?", m.ID).Find(&old).Error; err != nil {
		return err
	}
	type key struct {
		attr string
		item int
	}
	kept := make(map[key]models.ScimValue, len(old))
	for _, v := range old {
		v.MembershipID, v.TeamID = "", ""
		kept[key{v.Attr, v.Item}] = v
	}
	var added []models.ScimValue
	for _, v := range p.Values {
		k := key{v.Attr, v.Item}
		if kept[k] == v {
			delete(kept, k)
			continue
		}
		added = append(added, v)
	}
	gone := make([][]any, 0, len(kept))
	for k := range kept {
		gone = append(gone, []any{k.attr, k.item})
	}
	if len(gone) > 0 {
		if err := tx.Where("membership_id = ? AND (attr, item) IN ?", m.ID, gone).Delete(&models.ScimValue{}).Error; err != nil {
			return err
		}
	}
	return insertValues(tx, m.Membership, added)
}

// leaveLists takes a member who is about to be deleted off their groups and off
// the counts.
func (s *Service) leaveLists(tx *gorm.DB, m Member) error {
	err := tx.Exec(`UPDATE team_groups SET member_count = member_count - 1, revision = revision + 1, updated_at = ?
		WHERE id IN (SELECT group_id FROM group_members WHERE membership_id = ?)`, s.now(), m.ID).Error
	if err != nil {
		return err
	}
	return displacePerson(tx, m.TeamID, m.ID)
}
