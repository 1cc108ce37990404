package sso

import (
	"context"
	"time"

	"gorm.io/gorm"

	"rollcall/audit"
	"rollcall/fault"
	"rollcall/models"
)

const noticeRollout = "sso_rollout"

// rolloutEvery is how often a team's members can be told of single sign-on.
const rolloutEvery = time.Hour

// Audience is whom an announcement is for.
type Audience string

// Audiences of an announcement.
const (
	// AudienceNotUnder are the active people who never signed in through the
	// team's identity provider.
	AudienceNotUnder Audience = "NOT_SIGNED_IN"
	// AudienceEveryone are all active people of the team.
	AudienceEveryone Audience = "EVERYONE"
)

// AnnounceSso has a team's members told, by mail, how they sign in now. It is the
// one way in which anybody but admins hears of single sign-on, and happens when
// an admin asks for it. It returns how many people it is for at this moment.
//
// Faults: NOT_FOUND, FORBIDDEN, PLAN_REQUIRED, CONFLICT while single sign-on is
// off, LIMIT_REACHED within an hour of the last announcement.
func (s *Service) AnnounceSso(ctx context.Context, team models.ID, to Audience) (int, error) {
	var people int64
	err := s.change(ctx, team, func(tx *gorm.DB, _ models.Team) error {
		row, err := SettingsIn(tx, team)
		if err != nil {
			return err
		}
		if !row.State.On() {
			return fault.New(fault.Clash, "Single sign-on is off: there is nothing to tell.").On("teamId")
		}
		var lately int64
		err = tx.Model(&models.Notice{}).Where("team_id = ? AND kind = ? AND created_at > ?", team, noticeRollout, s.now().Add(-rolloutEvery)).Count(&lately).Error
		if err != nil {
			return err
		}
		if lately > 0 {
			return fault.New(fault.LimitReached, "The members were told within the last hour.").On("teamId")
		}
		if err := AudienceIn(tx, team, to).Count(&people).Error; err != nil {
			return err
		}
		if err := s.tell(ctx, tx, team, noticeRollout, map[string]string{"audience": string(to)}); err != nil {
			return err
		}
		return audit.Record(ctx, tx, s.Now(), audit.Event{
			TeamID: team, Action: audit.SsoAnnounced, Target: audit.Target{Kind: models.PrefixSsoSettings, ID: row.ID},
			Details: []models.AuditDetail{audit.Detail("audience", string(to)), audit.Count("people", people)},
		})
	})
	return int(people), err
}

// AudienceIn are the memberships that an announcement is for; the users are
// joined as u.
func AudienceIn(tx *gorm.DB, team models.ID, to Audience) *gorm.DB {
	q := tx.Table("memberships m").Joins("JOIN users u ON u.id = m.user_id").
		Where("m.team_id = ? AND m.status = ? AND u.kind = ?", team, models.StatusActive, models.KindPerson)
	if to == AudienceEveryone {
		return q
	}
	return q.Where("NOT EXISTS (SELECT 1 FROM external_identities x WHERE x.membership_id = m.id)")
}
