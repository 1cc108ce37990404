package roster_test

import (
	"encoding/json"
	"testing"
	"time"

	"rollcall/models"
	"rollcall/roster"
)

// What the hand-written reading of a page takes over is every column of both
// rows, the empty ones and the full ones, as gorm reads them.
func TestListReadsWholeRows(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		full := h.direct(models.RoleMember)
		at := models.Stamp(time.Date(2031, 2, 3, 4, 5, 6, 7000, time.UTC))
		text := "outside-1"
		h.must(h.DB.Read(t.Context()).Model(&models.Membership{}).Where("id = ?", full.ID).Updates(map[string]any{
			"external_id": text, "last_seen_at": at, "deactivated_at": at, "deactivated_by": "root", "deactivated_reason": "left", "status": models.StatusDeactivated,
			"scim_managed": true, "revision": 7, "sso_linked_at": at, "sso_bypass": true,
		}).Error)
		h.must(h.DB.Read(t.Context()).Model(&models.User{}).Where("id = ?", full.UserID).Updates(map[string]any{
			"given_name": "Ada", "family_name": "Lovelace", "managed_by_team_id": h.team.ID, "verified_at": at, "language": "ja",
		}).Error)
		for _, by := range []roster.MemberOrder{roster.ByJoining, roster.ByUserName} {
			for _, w := range []models.Window{{Limit: 10}, {Limit: 10, Desc: true}, {Limit: 10, Last: true}} {
				rows, more, err := h.ListMembers(h.as(h.root), h.team.ID, roster.MemberFilter{}, by, w)
				h.must(err)
				same(t, "more", more, false)
				same(t, "rows", len(rows), 2)
				for i, m := range rows {
					var membership models.Membership
					var user models.User
					h.must(h.DB.Read(t.Context()).Where("id = ?", m.ID).Take(&membership).Error)
					h.must(h.DB.Read(t.Context()).Where("id = ?", m.UserID).Take(&user).Error)
					same(t, "membership", written(t, m.Membership), written(t, membership))
					same(t, "user", written(t, m.User), written(t, user))
					if i > 0 && by == roster.ByJoining && (rows[i-1].ID < m.ID) == w.Desc {
						t.Errorf("%+v: %s stands before %s", w, rows[i-1].ID, m.ID)
					}
				}
			}
		}
	})
}

func written(t *testing.T, row any) string {
	t.Helper()
	text, err := json.Marshal(row)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
