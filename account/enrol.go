package account

import (
	"context"

	"gorm.io/gorm"

	"rollcall/models"
)

// EnrolCode confirms the authenticator app of a sign-in that waits for a first
// second factor, and goes on. A wrong code leaves the step as it is. Faults:
// UNAUTHENTICATED, RATE_LIMITED, LINK_EXPIRED.
func (s *Service) EnrolCode(ctx context.Context, secret, code string) (Progress, error) {
	st, err := s.stepOf(s.DB.Read(ctx), secret, StageEnrol)
	if err != nil {
		return Progress{}, err
	}
	if err := s.Credentials.Guessing(ctx, factorGuess(st.UserID), from(ctx)); err != nil {
		return Progress{}, err
	}
	return s.enrol(ctx, secret, func(tx *gorm.DB, u models.User, st step) (models.SecondFactor, string, error) {
		f, err := s.confirmTotp(ctx, tx, u, st.Factor, code)
		return f, evidenceTotp, err
	})
}

// EnrolPasskey is EnrolCode with a passkey that the browser just made.
func (s *Service) EnrolPasskey(ctx context.Context, secret, answer string) (Progress, error) {
	return s.enrol(ctx, secret, func(tx *gorm.DB, u models.User, st step) (models.SecondFactor, string, error) {
		f, err := s.keepPasskey(tx, u, st.Ceremony, "", answer)
		return f, evidencePasskey, err
	})
}

func (s *Service) enrol(ctx context.Context, secret string, make func(tx *gorm.DB, u models.User, st step) (models.SecondFactor, string, error)) (Progress, error) {
	var out Progress
	err := s.DB.InTx(ctx, func(tx *gorm.DB) error {
		st, err := s.spend(tx, secret, StageEnrol)
		if err != nil {
			return err
		}
		u, err := userIn(tx, st.UserID)
		if err != nil {
			return err
		}
		f, evidence, err := make(tx, u, st)
		if err != nil {
			return err
		}
		codes, err := s.confirmed(ctx, tx, u, f)
		if err != nil {
			return err
		}
		// Whoever else holds a session of this account did not show the factor.
		if err := s.endSessions(tx, u.ID, "", "second factor added"); err != nil {
			return err
		}
		st.Evidence, st.Factor = evidence, ""
		out, err = s.advance(ctx, tx, st)
		out.Codes = codes
		return err
	})
	return out, err
}

// confirmTotp makes an authenticator app count by its first code.
func (s *Service) confirmTotp(ctx context.Context, tx *gorm.DB, u models.User, id models.ID, code string) (models.SecondFactor, error) {
	var rows []models.SecondFactor
	err := lock(tx).Where("id = ? AND user_id = ? AND kind = ? AND confirmed_at IS NULL", id, u.ID, models.FactorTotp).Find(&rows).Error
	if err != nil {
		return models.SecondFactor{}, models.Fault(err)
	}
	if len(rows) != 1 || s.now().Sub(rows[0].CreatedAt) >= stepLife {
		return models.SecondFactor{}, over()
	}
	ok, err := s.acceptTotp(tx, rows[0], digits(code), true)
	if err == nil && !ok {
		err = wrongCode()
	}
	if err != nil {
		return rows[0], err
	}
	if err := s.Credentials.ForgetGuesses(tx, factorGuess(u.ID)); err != nil {
		return rows[0], err
	}
	return rows[0], s.Credentials.RefundGuess(tx, from(ctx))
}
