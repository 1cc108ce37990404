package jobs

import (
	"slices"
	"time"

	"gorm.io/gorm"

	"rollcall/mail"
	"rollcall/models"
)

// teamWithoutAdmin is what operators are told in a team's place.
const teamWithoutAdmin = string(mail.TeamWithoutAdmin)

// urgent are the notices that nobody's own action is the cause of, so that
// somebody has to be told. Of the others at least the one who acted knows.
var urgent = []mail.Kind{
	mail.CertExpiring, mail.CertExpired, mail.CertsExpiring, mail.CertDiscovered, mail.MetadataFailing, mail.SsoFailing,
	mail.ScimFailing, mail.TokenExpiring, mail.KeyExpiring, mail.DomainLost, mail.RecoveryUsed, mail.BreakGlassUsed,
}

// tellOperators notes that there was nobody to tell: the team has no admin and
// no address besides. If it matters, those who run the installation
// are told instead, once a day for a team.
func (s *Service) tellOperators(tx *gorm.DB, n models.Notice, parts []models.Notice) error {
	if n.Recipient != "" || n.Facts["audience"] != "" || !slices.Contains(urgent, mail.Kind(n.Kind)) {
		return nil
	}
	// A person's own notice finds nobody when that person is out, which is no alarm.
	var admins int64
	err := tx.Table("memberships m").Joins("JOIN users u ON u.id = m.user_id").
		Where("m.team_id = ? AND m.status = ? AND m.role = ? AND u.kind = ?", n.TeamID, models.StatusActive, models.RoleAdmin, models.KindPerson).
		Count(&admins).Error
	if err != nil || admins > 0 {
		return err
	}
	now := s.now()
	if err := tx.Model(&models.Notice{}).Where("id = ?", n.ID).Update("untold_at", now).Error; err != nil {
		return err
	}
	var team models.Team
	if err := tx.Where("id = ?", n.TeamID).Take(&team).Error; err != nil {
		return err
	}
	s.Log.ErrorContext(tx.Statement.Context, "a team has no admin to be told", "team", team.Slug, "kind", n.Kind)
	if len(s.Operators) == 0 {
		return nil
	}
	kind, facts := s.message(n, parts, team)
	content, err := mail.Render(kind, mail.English, facts)
	if err != nil {
		return err
	}
	id, err := models.NewID()
	if err != nil {
		return err
	}
	return s.Announce(tx, models.Notice{
		ID: id, TeamID: team.ID, Kind: teamWithoutAdmin, NoticeKey: teamWithoutAdmin + "/" + string(team.ID) + "/" + now.Format(time.DateOnly),
		Private: true, CreatedAt: now, Facts: map[string]string{"name": team.Slug, "problem": content.Subject, "at": now.Format(time.RFC3339)},
	})
}

// untoldFor is for how long operators see a notice that nobody could be told.
const untoldFor = 7 * 24 * time.Hour

// untoldTeams is how many teams the status names.
const untoldTeams = 20

// untold counts the notices of the last days that nobody could be told, and names
// the teams that they are of, the latest first.
func (s *Service) untold(db *gorm.DB, out *Status) error {
	since := s.now().Add(-untoldFor)
	if err := db.Model(&models.Notice{}).Where("untold_at > ?", since).Count(&out.Untold).Error; err != nil || out.Untold == 0 {
		return err
	}
	return db.Table("notices n").Joins("JOIN teams t ON t.id = n.team_id").Where("n.untold_at > ?", since).
		Group("t.slug").Order("max(n.untold_at) DESC, t.slug").Limit(untoldTeams).Pluck("t.slug", &out.UntoldTeams).Error
}
