package roster

import (
	"bytes"
	"encoding/json"
	"slices"
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
func introduce(b *models.Batch, m *Member, p Profile) error {
	if m.User.Kind != models.KindPerson {
		return nil
	}
	if err := insertValues(b, m.Membership, p.Values); err != nil {
		return err
	}
	m.Profile = models.ScimProfile{MembershipID: m.ID, TeamID: m.TeamID, Document: p.Document}
	placed, args := place(b, m.TeamID, models.ResourceUser, &m.Profile.Seq)
	b.Add(nil, "INSERT INTO scim_profiles (membership_id, team_id, seq, document) SELECT ?, ?, next_seq, ? FROM "+placed,
		append([]any{m.ID, m.TeamID, p.Document}, args...)...)
	return nil
}

// maxListed bounds the values of one statement, which has seven parameters for
// each; PostgreSQL takes 65,535.
const maxListed = 500

func insertValues(b *models.Batch, m models.Membership, values []models.ScimValue) error {
	for some := range slices.Chunk(values, maxListed) {
		args := make([]any, 0, 7*len(some))
		for _, v := range some {
			args = append(args, m.ID, v.Attr, v.Item, m.TeamID, v.ValueKey, v.TypeKey, v.IsPrimary)
		}
		b.Add(nil, "INSERT INTO scim_values (membership_id, attr, item, team_id, value_key, type_key, is_primary) VALUES (?, ?, ?, ?, ?, ?, ?)"+
			strings.Repeat(", (?, ?, ?, ?, ?, ?, ?)", len(some)-1), args...)
		if len(values) > maxListed { // too many for one statement with others
			if err := b.Run(); err != nil {
				return err
			}
		}
	}
	return nil
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
	b := models.NewBatch(tx)
	if err := insertValues(b, m.Membership, added); err != nil {
		return err
	}
	return b.Run()
}

// leaveLists takes a member who is about to be deleted off their groups and off
// the counts.
func (s *Service) leaveLists(b *models.Batch, m Member) {
	b.Add(nil, `UPDATE team_groups SET member_count = member_count - 1, revision = revision + 1, updated_at = ?
		WHERE id IN (SELECT group_id FROM group_members WHERE membership_id = ?)`, s.now(), m.ID)
	displacePerson(b, m.TeamID, m.ID)
}
