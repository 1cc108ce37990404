package sso

import (
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"rollcall/models"
)

// floodLimit is how many attempts of one team and minute are kept one by one
// when no trusted certificate had signed them. Anybody can post such messages;
// what comes on top is counted in one row.
const floodLimit = 30

// flooding reports whether an attempt is one too many. Two replicas may let one
// or two more through, which does no harm.
func flooding(tx *gorm.DB, row models.LoginAttempt) (bool, error) {
	if row.Verified {
		return false, nil
	}
	minute := row.At.Truncate(time.Minute)
	var n int64
	recent := tx.Model(&models.LoginAttempt{}).Select("id").
		Where("team_id = ? AND at >= ? AND at < ? AND verified = ?", row.TeamID, minute, minute.Add(time.Minute), false).Limit(floodLimit)
	err := tx.Table("(?) AS recent", recent).Count(&n).Error
	return n >= floodLimit, err
}

// count adds an attempt to the row that counts those of its team and minute,
// and returns that row's id.
func count(tx *gorm.DB, row models.LoginAttempt) (models.ID, error) {
	minute := row.At.Truncate(time.Minute)
	row.FloodMinute, row.IdentityProviderID, row.NameIDMasked, row.Message = &minute, nil, "", models.AttemptMessage{}
	row.IP, row.RequestID = "", ""
	row.Checks = []models.AttemptCheck{{Name: "flood", Status: "skipped", Actual: "messages that nobody trusted had signed came too fast to be kept one by one; this row counts them", Trusted: true}}
	err := tx.Clauses(clause.OnConflict{
		Columns:   []clause.Column{{Name: "team_id"}, {Name: "flood_minute"}},
		DoUpdates: clause.Assignments(map[string]any{"repeated": gorm.Expr("login_attempts.repeated + 1")}),
	}).Create(&row).Error
	if err != nil {
		return "", err
	}
	var kept models.LoginAttempt
	err = tx.Select("id").Where("team_id = ? AND flood_minute = ?", row.TeamID, minute).Take(&kept).Error
	return kept.ID, err
}
