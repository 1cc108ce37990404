package credential_test

import (
	"testing"
	"time"

	"gorm.io/gorm"

	"rollcall/credential"
	"rollcall/fault"
	"rollcall/models"
)

// A team says for how many hours after a sign-in the keys of its people work.
func TestKeyHoursOfTheTeam(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.provisioned()
		now := h.clock.Now()
		h.signedIn(m, "an hour ago", now.Add(-time.Hour))
		set := func(hours int) {
			h.must(h.db.InTx(h.operator(), func(tx *gorm.DB) error {
				return tx.Model(&models.SsoSettings{}).Where("team_id = ?", h.team.ID).Update("api_key_hours", hours).Error
			}))
		}
		make := func() (models.APIKey, error) {
			key, _, err := h.store.CreateAPIKey(h.operator(), credential.NewAPIKey{TeamID: h.team.ID, MembershipID: m.ID, Name: "ci", Scopes: models.Scopes})
			return key, err
		}
		for hours, want := range map[int]time.Duration{2: time.Hour, 8: 7 * time.Hour, 24: 23 * time.Hour} {
			set(hours)
			key, err := make()
			h.must(err)
			same(t, "end", key.ExpiresAt.Sub(now), want)
		}
		set(1)
		_, err := make()
		refused(t, "an hour ago is too long ago", err, fault.SsoLoginRequired)
	})
}
