package roster

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"gorm.io/gorm"

	"rollcall/audit"
	"rollcall/models"
)

// Watch announces what no single change is the cause of: provisioning that
// fails, and who went out on the day before. It can be run at any time, by
// several at once and after any interruption.
func (s *Service) Watch(ctx context.Context) error {
	if s.Announce == nil {
		return nil
	}
	if err := s.tellOfScimFailures(ctx); err != nil {
		return fmt.Errorf("looking at provisioning: %w", err)
	}
	if err := s.tellOfDay(ctx); err != nil {
		return fmt.Errorf("telling of a day: %w", err)
	}
	return nil
}

// Provisioning fails when at least so many calls of the last hour did, and as
// many as went well. A client that is told so once a day is told often enough.
const (
	scimFailingWithin = time.Hour
	scimFailingCount  = 5
	watchBatch        = 500
)

// tellOfScimFailures tells the admins of teams whose provisioning client is
// refused. What a client asks for and is not there, is there already or was
// changed meanwhile is an answer and no failure.
func (s *Service) tellOfScimFailures(ctx context.Context) error {
	now := s.now()
	var failing []struct {
		TeamID          models.ID
		Failures, Calls int
	}
	const failed = "CASE WHEN status >= 400 AND status NOT IN (404, 409, 412) THEN 1 ELSE 0 END"
	err := s.DB.Read(ctx).Model(&models.ScimCall{}).
		Select("team_id, SUM("+failed+") AS failures, COUNT(*) AS calls").
		Where("at > ? AND dry_run = ?", now.Add(-scimFailingWithin), false).Group("team_id").
		Having("SUM("+failed+") >= ? AND 2 * SUM("+failed+") >= COUNT(*)", scimFailingCount).Order("team_id").Limit(watchBatch).Scan(&failing).Error
	if err != nil {
		return err
	}
	for _, f := range failing {
		key := noticeScimFailing + "/" + string(f.TeamID) + "/" + now.Format(time.DateOnly)
		err := s.DB.InTx(ctx, func(tx *gorm.DB) error {
			return s.announce(ctx, tx, key, models.Notice{
				TeamID: f.TeamID, Kind: noticeScimFailing,
				Facts: map[string]string{"failures": strconv.Itoa(f.Failures), "calls": strconv.Itoa(f.Calls)},
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// named is how many people a day's mail names.
const named = 20

// tellOfDay tells the admins of teams that want it who was shut out or removed
// on the day before, in UTC.
func (s *Service) tellOfDay(ctx context.Context) error {
	today := s.now().Truncate(24 * time.Hour)
	yesterday := today.Add(-24 * time.Hour)
	out := s.DB.Read(ctx).Model(&models.AuditEvent{}).
		Where("at >= ? AND at < ? AND action IN ?", yesterday, today, []string{audit.MemberDeactivated, audit.MemberRemoved})
	var teams []models.ID
	err := out.Session(&gorm.Session{}).
		Where("team_id IN (SELECT team_id FROM notification_settings WHERE daily_digest = ?)", true).
		Distinct().Order("team_id").Limit(watchBatch).Pluck("team_id", &teams).Error
	if err != nil {
		return err
	}
	for _, team := range teams {
		if err := s.digest(ctx, out.Session(&gorm.Session{}).Where("team_id = ?", team), team, yesterday); err != nil {
			return err
		}
	}
	return nil
}

// digest announces one team's day, once.
func (s *Service) digest(ctx context.Context, events *gorm.DB, team models.ID, of time.Time) error {
	key := noticeDigest + "/" + string(team) + "/" + of.Format(time.DateOnly)
	var told, all int64
	if err := s.DB.Read(ctx).Model(&models.Notice{}).Where("notice_key = ?", key).Count(&told).Error; err != nil || told > 0 {
		return err
	}
	if err := events.Session(&gorm.Session{}).Count(&all).Error; err != nil {
		return err
	}
	var first []models.AuditEvent
	if err := events.Session(&gorm.Session{}).Order("at, id").Limit(named).Find(&first).Error; err != nil {
		return err
	}
	facts := map[string]string{"day": of.Format(time.RFC3339), "people": strconv.FormatInt(all, 10)}
	for i, e := range first {
		what := "deactivated"
		if e.Action == audit.MemberRemoved {
			what = "removed"
		}
		facts[fmt.Sprintf("line.%02d", i+1)] = e.TargetLabel + " (" + what + ", " + e.ActorLabel + ")"
	}
	return s.DB.InTx(ctx, func(tx *gorm.DB) error {
		return s.announce(ctx, tx, key, models.Notice{TeamID: team, Kind: noticeDigest, Facts: facts})
	})
}
