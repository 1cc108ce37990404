package roster_test

import (
	"runtime"
	"testing"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"rollcall/models"
	"rollcall/roster"
)

// untilBlocked returns when a connection waits for a lock or done has a value.
func (h *house) untilBlocked(done chan error) {
	h.Helper()
	for {
		var waiting int64
		h.must(h.db.Read(h.Context()).Raw("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'").Scan(&waiting).Error)
		if waiting > 0 || len(done) > 0 {
			return
		}
		runtime.Gosched()
	}
}

// A group is deleted while it is being given the role of an admin: nobody keeps
// a role from a group that is gone.
func TestGroupDeletedWhileItIsGivenARole(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.direct(models.RoleAdmin)
		m := h.provision(wanted("one@acme.test"))
		g, err := h.CreateGroup(h.scim(), h.team.ID, roster.NewGroup{DisplayName: "Admins", Members: []roster.GroupRef{{ID: m.ID}}})
		h.must(err)
		id, err := models.NewID()
		h.must(err)
		deleted := make(chan error, 1)
		// What SetGroupRoleMapping does, stopped between its locks and its end.
		h.must(h.db.InTx(h.Context(), func(tx *gorm.DB) error {
			if _, err := models.LockTeam(tx, h.team.ID); err != nil {
				return err
			}
			var row models.Group
			if err := tx.Clauses(clause.Locking{Strength: "NO KEY UPDATE"}).Where("id = ?", g.ID).Take(&row).Error; err != nil {
				return err
			}
			go func() { deleted <- h.DeleteGroup(h.scim(), h.team.ID, g.ID, 0) }()
			if h.db.Dialect() == models.Postgres {
				h.untilBlocked(deleted)
			}
			now := h.clock.Now()
			if err := tx.Create(&models.GroupRoleMapping{ID: id, TeamID: h.team.ID, GroupID: g.ID, Role: models.RoleAdmin, CreatedAt: now, UpdatedAt: now}).Error; err != nil {
				return err
			}
			return tx.Model(&models.Membership{}).Where("id = ?", m.ID).Updates(map[string]any{"role": models.RoleAdmin, "role_source": models.RoleByGroup}).Error
		}))
		h.must(<-deleted)
		got, _ := h.find(m.ID)
		same(t, "role", []any{got.Role, got.RoleSource}, []any{models.RoleMember, models.RoleByDefault})
	})
}
