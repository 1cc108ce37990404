package sso

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm"

	"rollcall/fault"
	"rollcall/models"
)

const noticeFailingLogins = "sso_failing"

// An incident is some refused sign-ins within a while and none in between that
// went through. Strangers can bring that about by posting forged messages, so
// nobody is told more often than once a day.
const (
	failingWithin = 15 * time.Minute
	failingCount  = 3
	failingQuiet  = 24 * time.Hour
)

// failingCodes are the refusals that an admin's certificates can mend.
var failingCodes = []string{string(fault.SignatureUnknownCert), string(fault.CertExpired), string(fault.CertificateMissing)}

// tellOfFailures announces that nobody gets in any more because of certificates,
// once for each time that sign-ins stop working. It runs in the transaction
// that stores a refused attempt. Test logins are an admin's own trials and count
// neither way; neither do logout messages.
func (s *Service) tellOfFailures(ctx context.Context, tx *gorm.DB, row models.LoginAttempt) error {
	if s.Announce == nil || row.Kind != models.AttemptSignIn || !slices.Contains(failingCodes, row.Code) {
		return nil
	}
	var recent []models.LoginAttempt
	err := tx.Select("outcome", "code").Where("team_id = ? AND at > ? AND kind = ?", row.TeamID, row.At.Add(-failingWithin), models.AttemptSignIn).
		Order("id DESC").Limit(1_000).Find(&recent).Error
	if err != nil {
		return err
	}
	refused := 0
	for _, a := range recent {
		if a.Outcome == models.AttemptSucceeded {
			break
		}
		if slices.Contains(failingCodes, a.Code) {
			refused++
		}
	}
	if refused < failingCount {
		return nil
	}
	var told int64
	err = tx.Model(&models.Notice{}).Where("team_id = ? AND kind = ? AND created_at > ?", row.TeamID, noticeFailingLogins, row.At.Add(-failingQuiet)).Count(&told).Error
	if err != nil || told > 0 {
		return err
	}
	var last []models.ID
	err = tx.Model(&models.LoginAttempt{}).Where("team_id = ? AND outcome = ? AND kind = ?", row.TeamID, models.AttemptSucceeded, models.AttemptSignIn).Order("id DESC").Limit(1).Pluck("id", &last).Error
	if err != nil {
		return err
	}
	since := models.ID("never")
	if len(last) > 0 {
		since = last[0]
	}
	facts := map[string]string{"failures": strconv.Itoa(refused), "problem": lowered(fault.Code(row.Code).Meaning())}
	if row.IdentityProviderID != nil {
		p, err := providerIn(tx, *row.IdentityProviderID)
		if err != nil {
			return err
		}
		facts["provider"], facts["providerId"] = p.EntityID, p.GlobalID()
	}
	return s.announce(ctx, tx, models.Notice{
		TeamID: row.TeamID, Kind: noticeFailingLogins, NoticeKey: noticeFailingLogins + "/" + string(row.TeamID) + "/" + string(since), Facts: facts,
	})
}

// lowered makes a sentence of the table of codes the end of another one.
func lowered(sentence string) string {
	sentence = strings.TrimSuffix(sentence, ".")
	if sentence == "" {
		return sentence
	}
	return strings.ToLower(sentence[:1]) + sentence[1:]
}
