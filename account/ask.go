package account

import (
	"context"
	"errors"
	"strings"
	"time"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/models"
)

const (
	// maxAddress is the longest address that anybody can have (RFC 5321 section
	// 4.5.3.1.3).
	maxAddress = 254
	// asksKept is when a wish that nobody saw to is nobody's any more.
	asksKept   = 24 * time.Hour
	asksAtOnce = 500
)

// AskReset has a link to set a password mailed to an address, if it is of
// somebody with a way in of their own. People under an identity provider are
// written where they sign in instead, and nobody else is written anything.
//
// The answer is the same for every address and takes the same work: the wish is
// written down and nobody is looked for. What depends on the address is done after
// the answer, or, if the server ends in that moment, by AnswerAsks. Fault:
// RATE_LIMITED, for every address alike.
func (s *Service) AskReset(ctx context.Context, email string) error {
	ask := models.PasswordAsk{EmailKey: models.Fold(strings.TrimSpace(email)), AskedAt: s.now()}
	if len(ask.EmailKey) > maxAddress {
		ask.EmailKey = "" // nobody's, and too long to keep
	}
	var err error
	if ask.ID, err = models.NewID(); err != nil {
		return err
	}
	err = s.DB.InTx(ctx, func(tx *gorm.DB) error {
		if err := s.Credentials.GuessingIn(tx, resetGuess(ask.EmailKey), from(ctx)); err != nil {
			return err
		}
		return tx.Create(&ask).Error
	})
	if err != nil {
		return err
	}
	return s.later(ctx, "password reset", func(ctx context.Context) error { return s.answer(ctx, ask.ID) })
}

// AnswerAsks sees to the wishes that were left behind. The server calls it from
// time to time; several replicas may do so at once.
func (s *Service) AnswerAsks(ctx context.Context) error {
	var ids []models.ID
	err := s.DB.Read(ctx).Model(&models.PasswordAsk{}).Order("asked_at, id").Limit(asksAtOnce).Pluck("id", &ids).Error
	if err != nil {
		return err
	}
	var errs []error
	for _, id := range ids { // few: what a server that ended did not get to
		errs = append(errs, s.answer(ctx, id))
	}
	return errors.Join(errs...)
}

// answer sees to one wish, once: it goes in the transaction that mails the link.
func (s *Service) answer(ctx context.Context, id models.ID) error {
	return s.DB.InTx(ctx, func(tx *gorm.DB) error {
		var asks []models.PasswordAsk
		if err := lock(tx).Where("id = ?", id).Find(&asks).Error; err != nil || len(asks) == 0 {
			return err
		}
		if err := tx.Where("id = ?", id).Delete(&models.PasswordAsk{}).Error; err != nil {
			return err
		}
		if s.now().Sub(asks[0].AskedAt) > asksKept {
			return nil
		}
		return s.answerTo(ctx, tx, asks[0].EmailKey)
	})
}

// answerTo mails what an address is to be mailed, if it is anybody's.
func (s *Service) answerTo(ctx context.Context, tx *gorm.DB, emailKey string) error {
	var u models.User
	err := lock(tx).Where("email_key = ? AND kind = ?", emailKey, models.KindPerson).Take(&u).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	ctx = access.With(ctx, access.Actor{Kind: access.System, Label: u.Email})
	ways, err := waysOf(tx, u)
	if err != nil || len(ways) == 0 {
		return err
	}
	own := ways.Own()
	if len(own) == 0 {
		team := ways.ByProvider()[0].Team
		return s.send(ctx, tx, models.Notice{
			TeamID: team.ID, Kind: noticeElsewhere, Recipient: u.Email, UserID: &u.ID, Private: true,
		})
	}
	return s.mailLink(ctx, tx, u, own[0].Membership, noticePasswordReset, false)
}
