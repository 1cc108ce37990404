package sso_test

import (
	"testing"
	"time"

	"gorm.io/gorm"

	"rollcall/internal/housetest"
	"rollcall/models"
	"rollcall/sso"
)

// The way in without the identity provider is told to be untested after ninety
// days of enforcement without a use of it, once in ninety days however many look
// at once, and never to a team that does not want it.
func TestUntestedWayIn(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.sso.Announce = func(tx *gorm.DB, n models.Notice) error { return tx.Create(&n).Error }
		teams := map[string]models.Team{}
		for _, name := range []string{"enforced", "unwanted", "enabled", "used"} {
			team, _ := h.found(name)
			teams[name] = team
			state := models.SsoEnforced
			if name == "enabled" {
				state = models.SsoEnabled
			}
			housetest.Update(h, h.db, &models.SsoSettings{}, map[string]any{"state": state, "enforced_at": h.clock.Now()}, "team_id = ?", team.ID)
		}
		_, err := h.sso.UpdateNotifications(h.operator(), teams["unwanted"].ID, sso.NotificationsChange{BreakGlass: ptr(false)})
		h.must(err)
		look := func(after time.Duration, name string, want int64) {
			h.Helper()
			h.clock.Advance(after)
			together(t, 4, func(int) error { err := h.sso.AnnounceUntested(h.Context()); h.must(err); return err })
			var n int64
			h.must(h.db.Read(h.Context()).Model(&models.Notice{}).Where("kind = 'breakglass_untested' AND team_id = ?", teams[name].ID).Count(&n).Error)
			same(t, name+" was told", n, want)
		}
		used := func(kind string) {
			h.Helper()
			id := newID(h)
			housetest.Insert(h, h.db, &models.Notice{ID: id, TeamID: teams["used"].ID, Kind: kind, NoticeKey: kind + "/" + string(id), Facts: map[string]string{}, CreatedAt: h.clock.Now()})
		}
		look(90*day-time.Second, "enforced", 0)
		used("recovery_code_used")
		look(time.Second, "enforced", 1)
		look(0, "enforced", 1)
		look(89*day, "enforced", 1)
		used("breakglass_used")
		look(day, "enforced", 2)
		look(0, "used", 0)
		look(89*day, "used", 1)
		look(0, "enabled", 0)
		look(0, "unwanted", 0)
	})
}
