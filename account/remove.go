package account

import (
	"context"
	"slices"

	"gorm.io/gorm"

	"rollcall/audit"
	"rollcall/fault"
	"rollcall/models"
)

// RemoveFactor takes a second factor away, ends the caller's other sessions of
// their own and tells them. The last one that works of an admin whose team
// enforces single sign-on stays: SECOND_FACTOR_REQUIRED. So does the last one of
// all that such a team has: BREAK_GLASS. Faults besides: NOT_FOUND,
// UNAUTHENTICATED, FORBIDDEN, RATE_LIMITED.
func (s *Service) RemoveFactor(ctx context.Context, p Proof, id models.ID) error {
	who, session, err := s.prove(ctx, p)
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(tx *gorm.DB) error {
		return s.keeping(tx, who.ID, func() error {
			u, ways, err := s.ownLogin(ctx, tx, who.ID)
			if err != nil {
				return err
			}
			return s.removeFactor(ctx, tx, u, ways, session, id)
		})
	})
}

func (s *Service) keeping(tx *gorm.DB, user models.ID, change func() error) error {
	if s.KeepingFactors == nil {
		return change()
	}
	return s.KeepingFactors(tx, user, change)
}

// removeFactor does it to a locked user.
func (s *Service) removeFactor(ctx context.Context, tx *gorm.DB, u models.User, ways Ways, session models.Session, id models.ID) error {
	factors, err := factorsOf(tx, u.ID)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(factors, func(f models.SecondFactor) bool { return f.ID == id })
	if i < 0 {
		return fault.New(fault.Missing, "There is no such second factor.")
	}
	f, left := factors[i], slices.Delete(slices.Clone(factors), i, i+1)
	if slices.ContainsFunc(ways.Own(), Way.NeedsFactor) {
		works, err := anyWorks(tx, u.ID, left)
		if err == nil && !works {
			err = fault.New(fault.SecondFactorRequired, "Your team needs you to have a second factor that works; add another one first.")
		}
		if err != nil {
			return err
		}
	}
	if len(left) == 0 {
		if err := tx.Where("user_id = ?", u.ID).Delete(&models.BackupCode{}).Error; err != nil {
			return err
		}
	}
	if err := tx.Where("id = ? AND user_id = ?", id, u.ID).Delete(&models.SecondFactor{}).Error; err != nil {
		return err
	}
	if err := s.withdraw(tx, u.ID, session.ID); err != nil {
		return err
	}
	if err := s.record(ctx, tx, u, audit.FactorRemoved, audit.Detail("kind", string(f.Kind)), audit.Detail("name", f.Name)); err != nil {
		return err
	}
	return s.tellPerson(ctx, tx, u, noticeFactorRemoved, map[string]string{"name": f.Name})
}

// anyWorks reports whether one of these second factors lets their owner in: a
// passkey by itself, an authenticator app beside a password.
func anyWorks(tx *gorm.DB, user models.ID, factors []models.SecondFactor) (bool, error) {
	if slices.ContainsFunc(factors, func(f models.SecondFactor) bool { return f.Kind == models.FactorPasskey }) {
		return true, nil
	}
	has, err := HasPassword(tx, user)
	return has && len(factors) > 0, err
}
