package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"rollcall/mail"
	"rollcall/models"
	"rollcall/sso"
)

// Announce writes a notice and the job that tells people of it in the caller's
// transaction. A notice whose key is there already is announced no second time.
func (s *Service) Announce(tx *gorm.DB, n models.Notice) error {
	made := tx.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "notice_key"}}, DoNothing: true}).Create(&n)
	if made.Error != nil || made.RowsAffected == 0 {
		return made.Error
	}
	return s.enqueue(tx, announceArgs{Notice: n.ID})
}

// enqueue adds jobs to the transaction below gorm's.
func (s *Service) enqueue(tx *gorm.DB, all ...river.JobArgs) error {
	inner, err := models.SQLTx(tx)
	if err != nil || len(all) == 0 {
		return err
	}
	params := make([]river.InsertManyParams, len(all))
	for i, args := range all {
		params[i] = river.InsertManyParams{Args: args}
	}
	_, err = s.client.InsertManyFastTx(tx.Statement.Context, inner, params)
	return err
}

// announceJob writes a mail and its job for everybody who is to be told. All of
// it is one transaction, and a second run finds it done. A notice for a team's
// members is done in batches, each of which leaves the next one a job.
func (s *Service) announceJob(ctx context.Context, args announceArgs) error {
	return s.DB.InTx(ctx, func(tx *gorm.DB) error {
		var n models.Notice
		err := tx.Clauses(clause.Locking{Strength: clause.LockingStrengthUpdate}).Where("id = ?", args.Notice).Take(&n).Error
		if errors.Is(err, gorm.ErrRecordNotFound) || err == nil && n.AnnouncedAt != nil {
			return nil
		}
		if err != nil {
			return err
		}
		parts, err := s.SSO.WorthTelling(tx, n)
		if err != nil {
			return err
		}
		if err := forget(tx, n, parts); err != nil || len(parts) == 0 {
			return err
		}
		people, language, err := s.recipients(tx, n, args.After)
		if err != nil {
			return err
		}
		if err := s.write(tx, n, people, language); err != nil {
			return err
		}
		if n.Facts["audience"] != "" && len(people) == audienceBatch {
			return s.enqueue(tx, announceArgs{Notice: n.ID, After: *people[len(people)-1].membership})
		}
		if len(people) == 0 && args.After == "" {
			if err := s.tellOperators(tx, n, parts); err != nil {
				return err
			}
		}
		return tx.Model(&models.Notice{}).Where("id = ?", n.ID).Update("announced_at", s.now()).Error
	})
}

// forget deletes what does not matter any more of a notice: it leaves no trace,
// and should its cause come back, so may it.
func forget(tx *gorm.DB, n models.Notice, matters []models.Notice) error {
	if len(matters) == 0 {
		return tx.Where("id = ? OR group_id = ?", n.ID, n.ID).Delete(&models.Notice{}).Error
	}
	if matters[0].ID == n.ID {
		return nil
	}
	kept := make([]models.ID, len(matters))
	for i, m := range matters {
		kept[i] = m.ID
	}
	return tx.Where("group_id = ? AND id NOT IN ?", n.ID, kept).Delete(&models.Notice{}).Error
}

// person is somebody who is to be told.
type person struct {
	address    string
	membership *models.ID // nil for an extra address of the team, and for somebody who is no member
	language   string     // "" for the team's
}

// recipients are the address or the member that a notice is for, or the people who are admins
// now and the team's extra addresses. An address is told once.
func (s *Service) recipients(tx *gorm.DB, n models.Notice, after models.ID) ([]person, string, error) {
	wishes, err := sso.NotificationsIn(tx, n.TeamID)
	if err != nil {
		return nil, "", err
	}
	if n.Kind == teamWithoutAdmin {
		var people []person
		for _, address := range s.Operators {
			people = append(people, person{address: address})
		}
		return people, string(mail.English), nil
	}
	if to := n.Facts["audience"]; to != "" {
		people, err := members(tx, n.TeamID, sso.Audience(to), after)
		return people, wishes.Language, err
	}
	if n.Recipient != "" {
		p := person{address: n.Recipient}
		if n.UserID != nil {
			err = tx.Model(&models.User{}).Where("id = ?", *n.UserID).Pluck("language", &p.language).Error
		}
		return []person{p}, wishes.Language, err
	}
	var rows []struct {
		ID              models.ID
		Email, Language string
	}
	members := tx.Table("memberships m").Select("m.id, u.email, u.language").Joins("JOIN users u ON u.id = m.user_id").
		Where("m.team_id = ? AND m.status = ?", n.TeamID, models.StatusActive).Order("m.id")
	admins := members.Session(&gorm.Session{}).Where("m.role = ? AND u.kind = ?", models.RoleAdmin, models.KindPerson)
	extra := wishes.ExtraRecipients
	if n.MembershipID != nil {
		var kinds []models.UserKind
		err := tx.Table("memberships m").Joins("JOIN users u ON u.id = m.user_id").Where("m.id = ?", *n.MembershipID).Pluck("u.kind", &kinds).Error
		if err != nil || len(kinds) == 0 {
			return nil, wishes.Language, err
		}
		// What happens to an integration is told to those who answer for it.
		if kinds[0] == models.KindPerson {
			admins, extra = members.Session(&gorm.Session{}).Where("m.id = ?", *n.MembershipID), nil
		}
	}
	if err := admins.Find(&rows).Error; err != nil {
		return nil, "", err
	}
	var out []person
	seen := map[string]bool{}
	add := func(p person) {
		if key := models.Fold(p.address); !seen[key] {
			seen[key] = true
			out = append(out, p)
		}
	}
	for _, r := range rows {
		add(person{r.Email, &r.ID, r.Language})
	}
	for _, address := range extra {
		add(person{address: address})
	}
	return out, wishes.Language, nil
}

// audienceBatch is how many members are written to in one transaction.
const audienceBatch = 500

// members are the next ones that an announcement is for.
func members(tx *gorm.DB, team models.ID, to sso.Audience, after models.ID) ([]person, error) {
	q := sso.AudienceIn(tx, team, to).Select("m.id, u.email, u.language").Order("m.id").Limit(audienceBatch)
	if after != "" {
		q = q.Where("m.id > ?", after)
	}
	var rows []struct {
		ID              models.ID
		Email, Language string
	}
	if err := q.Scan(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]person, len(rows))
	for i, r := range rows {
		out[i] = person{r.Email, &r.ID, r.Language}
	}
	return out, nil
}

// write adds the mails for people and their jobs. Whoever was written to before
// is left out.
func (s *Service) write(tx *gorm.DB, n models.Notice, people []person, language string) error {
	if len(people) == 0 {
		return nil
	}
	rows, ids := make([]models.Mail, len(people)), make([]models.ID, len(people))
	for i, p := range people {
		id, err := models.NewID()
		if err != nil {
			return err
		}
		spoken := language
		if p.language != "" {
			spoken = p.language
		}
		ids[i] = id
		rows[i] = models.Mail{
			ID: id, TeamID: n.TeamID, NoticeID: n.ID, Recipient: p.address, RecipientKey: models.Fold(p.address), MembershipID: p.membership,
			Language: string(mail.LanguageOf(spoken)), State: models.MailQueued, CreatedAt: s.now(), Private: n.Private,
		}
	}
	made := tx.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "notice_id"}, {Name: "recipient_key"}}, DoNothing: true}).Create(&rows)
	if made.Error != nil {
		return made.Error
	}
	if int(made.RowsAffected) < len(rows) {
		if err := tx.Model(&models.Mail{}).Where("id IN ?", ids).Pluck("id", &ids).Error; err != nil {
			return err
		}
	}
	work := make([]river.JobArgs, len(ids))
	for i, id := range ids {
		work[i] = deliverArgs{Mail: id}
	}
	return s.enqueue(tx, work...)
}

// lostAfter is when work that is not done is taken for work whose job gave up:
// a job's own tries end after two days.
const (
	lostAfter = 72 * time.Hour
	lostBatch = 100
)

// findLost gives notices without mails, and mails that were neither sent nor
// given up, a job once more. Nothing is lost because a database was away for days.
func (s *Service) findLost(ctx context.Context) error {
	var notices, mails []models.ID
	before, db := s.now().Add(-lostAfter), s.DB.Read(ctx)
	err := db.Model(&models.Notice{}).Where("announced_at IS NULL AND created_at < ?", before).Order("created_at").Limit(lostBatch).Pluck("id", &notices).Error
	if err != nil {
		return err
	}
	err = db.Model(&models.Mail{}).Where("state = ? AND created_at < ?", models.MailQueued, before).Order("id").Limit(lostBatch).Pluck("id", &mails).Error
	if err != nil {
		return err
	}
	var params []river.InsertManyParams
	for _, id := range notices {
		params = append(params, onlyOnce(announceArgs{Notice: id}))
	}
	for _, id := range mails {
		params = append(params, onlyOnce(deliverArgs{Mail: id}))
	}
	if len(params) == 0 {
		return nil
	}
	if _, err := s.client.InsertMany(ctx, params); err != nil {
		return fmt.Errorf("finding lost work: %w", err)
	}
	return nil
}

// onlyOnce is a job that is not added while one like it is still to be done.
func onlyOnce(args river.JobArgs) river.InsertManyParams {
	return river.InsertManyParams{Args: args, InsertOpts: &river.InsertOpts{UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: unfinished}}}
}
