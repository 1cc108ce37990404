package roster

import (
	"context"
	"strings"
	"unicode/utf8"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/fault"
	"rollcall/models"
)

// maxGroupName is the longest name of a group, in bytes.
const maxGroupName = 512

// GroupRef names a member of a group. Display is what the client calls them.
type GroupRef struct {
	ID      models.ID `json:"id"`
	Display string    `json:"display"`
}

// NewGroup describes a group to be made.
type NewGroup struct {
	DisplayName string
	ExternalID  *string
	Members     []GroupRef
	Document    string // what the client said that no RFC describes, "" for nothing
}

// DocumentChange is a new Document. From is the one that it was made from: when
// it is another one by now the answer is STALE_REVISION; nil is not compared.
type DocumentChange struct {
	From *string
	To   string
}

// GroupChange is one step of a change; what is nil or empty is left alone.
type GroupChange struct {
	DisplayName *string
	ExternalID  **string
	Members     *[]GroupRef // the whole list
	Add         []GroupRef
	Remove      []models.ID
	Call        []GroupRef // what people who are in the group are called
	Document    *DocumentChange
}

func properGroup(name string, externalID *string) error {
	switch {
	case strings.TrimSpace(name) == "":
		return fault.New(fault.Required, "displayName is required.").On("displayName")
	case len(name) > maxGroupName || !models.Legible(name) || models.Fold(name) == "":
		return fault.New(fault.InvalidValue, "displayName may have %d printable bytes.", maxGroupName).On("displayName")
	case externalID != nil && (*externalID == "" || len(*externalID) > maxExternalID || !utf8.ValidString(*externalID) || !models.Printable(*externalID)):
		return fault.New(fault.InvalidValue, "externalId may have 1 to %d printable bytes.", maxExternalID).On("externalId")
	}
	return nil
}

// CreateGroup makes a group. Faults: FORBIDDEN, PLAN_REQUIRED, REQUIRED,
// INVALID, TAKEN when the team has a group of this name.
func (s *Service) CreateGroup(ctx context.Context, team models.ID, in NewGroup) (models.Group, error) {
	var row models.Group
	if err := access.Require(ctx, access.MembersProvision, team); err != nil {
		return row, err
	}
	if err := properGroup(in.DisplayName, in.ExternalID); err != nil {
		return row, err
	}
	err := s.provisionTx(ctx, func(tx *gorm.DB) error {
		if _, err := provisioning(ctx, tx, team); err != nil {
			return err
		}
		if err := groupNameFree(tx, team, "", in.DisplayName); err != nil {
			return err
		}
		id, err := models.NewID()
		if err != nil {
			return err
		}
		now := s.now()
		row = models.Group{
			ID: id, TeamID: team, DisplayName: in.DisplayName, DisplayNameKey: models.Fold(in.DisplayName), ExternalID: in.ExternalID,
			Document: in.Document, Revision: 1, CreatedAt: now, UpdatedAt: now,
		}
		b := models.NewBatch(tx)
		place(b, team, models.ResourceGroup, &row.Seq)
		if err := b.Run(); err != nil {
			return err
		}
		made := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&row)
		if made.Error != nil {
			return made.Error
		}
		if made.RowsAffected == 0 {
			return models.ErrAgain
		}
		if err := cutStretches(tx, team, models.ResourceGroup, row.Seq); err != nil {
			return err
		}
		c := groupEdit{service: s, tx: tx, group: &row}
		if err := c.add(in.Members); err != nil {
			return err
		}
		if c.added > 0 {
			row.MemberCount = c.added
			if err := tx.Model(&models.Group{}).Where("id = ?", id).UpdateColumn("member_count", c.added).Error; err != nil {
				return err
			}
		}
		return s.recordGroup(ctx, tx, audit.GroupCreated, row, c.counts()...)
	})
	return row, err
}

func (s *Service) recordGroup(ctx context.Context, tx *gorm.DB, action string, g models.Group, details ...models.AuditDetail) error {
	return audit.Record(ctx, tx, s.Now(), audit.Event{
		TeamID: g.TeamID, Action: action, Details: details,
		Target: audit.Target{Kind: models.PrefixGroup, ID: g.ID, Label: g.DisplayName},
	})
}

// groupNameFree refuses a name that another group of the team has: clients look
// groups up by their names and would take the wrong one.
func groupNameFree(tx *gorm.DB, team, except models.ID, name string) error {
	q := tx.Select("id").Where("team_id = ? AND display_name_key = ?", team, models.Fold(name))
	if except != "" {
		q = q.Where("id <> ?", except)
	}
	var rows []models.Group
	if err := q.Limit(1).Find(&rows).Error; err != nil || len(rows) == 0 {
		return err
	}
	return fault.New(fault.Taken, "A group with this displayName exists already: %s.", rows[0].ID).On("displayName")
}

func noSuchGroup() *fault.Error { return fault.New(fault.Missing, "There is no such group.") }

// ChangeGroup carries out the steps of a change on a group, all or none.
// Members are put in and taken out one by one, never by writing a list that was
// read before, so that pushes that meet lose nothing. revision is the one that
// must still hold, 0 for any. People whose roles follow the group get them in
// the same transaction. Faults: NOT_FOUND, FORBIDDEN, PLAN_REQUIRED, REQUIRED,
// INVALID, TAKEN, STALE_REVISION, LAST_ADMIN.
func (s *Service) ChangeGroup(ctx context.Context, team, id models.ID, steps []GroupChange, revision int) (models.Group, error) {
	var row models.Group
	if err := access.Require(ctx, access.MembersProvision, team); err != nil {
		return row, err
	}
	err := s.provisionTx(ctx, func(tx *gorm.DB) error {
		row = models.Group{}
		settings, err := provisioning(ctx, tx, team)
		if err != nil {
			return err
		}
		mapped, err := lockIfMapped(tx, team, id)
		if err != nil {
			return err
		}
		if row, err = readGroup(tx, team, id, revision != 0 || rewrites(steps)); err != nil {
			return err
		}
		if revision != 0 && revision != row.Revision {
			return fault.New(fault.StaleRevision, "The group is at revision %d now.", row.Revision)
		}
		before := row
		c := groupEdit{service: s, tx: tx, group: &row, mapped: mapped}
		for _, step := range steps {
			if err := c.step(step); err != nil {
				return err
			}
		}
		if mapped {
			if err := s.regrade(ctx, tx, settings, c.touched); err != nil {
				return err
			}
		}
		return s.finishGroup(ctx, tx, before, &c)
	})
	return row, err
}

// rewrites reports whether a step depends on what the group holds, so that the
// group must stand still from here on.
func rewrites(steps []GroupChange) bool {
	for _, x := range steps {
		if x.Members != nil || x.DisplayName != nil || x.ExternalID != nil || x.Document != nil {
			return true
		}
	}
	return false
}

func readGroup(tx *gorm.DB, team, id models.ID, lock bool) (models.Group, error) {
	if lock {
		tx = tx.Clauses(clause.Locking{Strength: "NO KEY UPDATE"})
	}
	var rows []models.Group
	err := tx.Where("id = ? AND team_id = ?", id, team).Find(&rows).Error
	if err == nil && len(rows) == 0 {
		err = noSuchGroup()
	}
	if err != nil {
		return models.Group{}, err
	}
	return rows[0], nil
}

// finishGroup writes the group's own row, last, so that pushes that meet wait
// for each other as briefly as can be.
func (s *Service) finishGroup(ctx context.Context, tx *gorm.DB, before models.Group, c *groupEdit) error {
	g := c.group
	renamed := g.DisplayName != before.DisplayName || value(g.ExternalID) != value(before.ExternalID)
	described := g.Document != before.Document
	if !renamed && !described && c.added == 0 && c.removed == 0 && c.called == 0 {
		return nil
	}
	columns := map[string]any{
		"revision": gorm.Expr("revision + 1"), "member_count": gorm.Expr("member_count + ?", c.added-c.removed), "updated_at": s.now(),
	}
	if renamed {
		if err := groupNameFree(tx, g.TeamID, g.ID, g.DisplayName); err != nil {
			return err
		}
		columns["display_name"], columns["display_name_key"], columns["external_id"] = g.DisplayName, models.Fold(g.DisplayName), g.ExternalID
	}
	if described {
		columns["document"] = g.Document
	}
	var rows []models.Group
	done := tx.Model(&rows).Clauses(clause.Returning{}).Where("id = ?", g.ID).Updates(columns)
	if done.Error != nil {
		return done.Error
	}
	if len(rows) == 0 {
		return noSuchGroup() // deleted by another push
	}
	*g = rows[0]
	if err := c.stillUnmapped(); err != nil {
		return err
	}
	details := c.counts()
	if g.DisplayName != before.DisplayName {
		details = append(details, audit.Detail("from", before.DisplayName), audit.Detail("to", g.DisplayName))
	}
	return s.recordGroup(ctx, tx, audit.GroupChanged, *g, details...)
}

// stillUnmapped is ErrAgain when somebody has given the group a role since this
// push began. The group's row is locked: either they see what the push did or it
// begins anew.
func (c *groupEdit) stillUnmapped() error {
	if c.mapped {
		return nil
	}
	mapped, err := isMapped(c.tx, c.group.TeamID, c.group.ID)
	if err == nil && mapped {
		err = models.ErrAgain
	}
	return err
}

func value(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

// DeleteGroup ends a group. Its people stay; those whose role came from it
// alone go back to the team's default role. revision is the one that must still
// hold, 0 for any.
func (s *Service) DeleteGroup(ctx context.Context, team, id models.ID, revision int) error {
	if err := access.Require(ctx, access.MembersProvision, team); err != nil {
		return err
	}
	return s.provisionTx(ctx, func(tx *gorm.DB) error {
		settings, err := provisioning(ctx, tx, team)
		if err != nil {
			return err
		}
		mapped, err := lockIfMapped(tx, team, id)
		if err != nil {
			return err
		}
		row, err := readGroup(tx, team, id, true)
		if err != nil {
			return err
		}
		if revision != 0 && revision != row.Revision {
			return fault.New(fault.StaleRevision, "The group is at revision %d now.", row.Revision)
		}
		c := groupEdit{service: s, tx: tx, group: &row, mapped: mapped}
		if err := c.stillUnmapped(); err != nil {
			return err
		}
		if err := c.touchAll(); err != nil {
			return err
		}
		gone := tx.Where("id = ?", id).Delete(&models.Group{})
		switch {
		case gone.Error != nil:
			return gone.Error
		case gone.RowsAffected == 0:
			return noSuchGroup()
		}
		if mapped {
			if err := s.regrade(ctx, tx, settings, c.touched); err != nil {
				return err
			}
		}
		if err := s.recordGroup(ctx, tx, audit.GroupDeleted, row, audit.Count("members", int64(row.MemberCount))); err != nil {
			return err
		}
		return displace(tx, team, models.ResourceGroup, row.Seq)
	})
}
