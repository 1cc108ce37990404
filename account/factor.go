package account

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"gorm.io/gorm"

	"rollcall/audit"
	"rollcall/fault"
	"rollcall/models"
)

// Evidence of a second factor, as sessions show it.
const (
	evidenceTotp    = "totp"
	evidencePasskey = "passkey"
	evidenceBackup  = "backup code"
)

const (
	maxFactors   = 10
	maxName      = 60 // of a factor, in characters
	enrolledName = "Authenticator app"
)

// factorsOf are a person's second factors that count.
func factorsOf(tx *gorm.DB, user models.ID) ([]models.SecondFactor, error) {
	var rows []models.SecondFactor
	err := tx.Where("user_id = ? AND confirmed_at IS NOT NULL", user).Order("id").Find(&rows).Error
	return rows, models.Fault(err)
}

// HasFactor reports whether a user has a second factor that works.
func HasFactor(tx *gorm.DB, user models.ID) (bool, error) {
	rows, err := factorsOf(tx, user)
	return len(rows) > 0, err
}

// wrongCode is for every code that does not count, whatever the reason.
func wrongCode() error {
	return fault.New(fault.NotSignedIn, "The code is wrong, was used already or is too old.").On("code")
}

// Code goes on with a sign-in by a code: of an authenticator app, or a backup
// code. A wrong one leaves the step as it is. Faults: UNAUTHENTICATED,
// RATE_LIMITED, LINK_EXPIRED.
func (s *Service) Code(ctx context.Context, secret, code string) (Progress, error) {
	st, err := s.stepOf(s.DB.Read(ctx), secret, StageFactor)
	if err != nil {
		return Progress{}, err
	}
	if err := s.Credentials.Guessing(ctx, factorGuess(st.UserID), from(ctx)); err != nil {
		return Progress{}, err
	}
	var out Progress
	err = s.DB.InTx(ctx, func(tx *gorm.DB) error {
		st, err := s.spend(tx, secret, StageFactor)
		if err != nil {
			return err
		}
		u, err := userIn(tx, st.UserID)
		if err != nil {
			return err
		}
		if st.Evidence, err = s.judgeCode(ctx, tx, u, code); err != nil {
			return err
		}
		out, err = s.advance(ctx, tx, st)
		return err
	})
	return out, err
}

// CheckCode proves a user by a code of a second factor, which it uses up. Faults:
// UNAUTHENTICATED for a wrong code, RATE_LIMITED.
func (s *Service) CheckCode(ctx context.Context, user models.ID, code string) error {
	if err := s.Credentials.Guessing(ctx, factorGuess(user), from(ctx)); err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(tx *gorm.DB) error {
		u, err := userIn(tx, user)
		if err != nil {
			return err
		}
		_, err = s.judgeCode(ctx, tx, u, code)
		return err
	})
}

// judgeCode uses a code of a locked user up and says what it proved. The caller
// has counted the guess.
func (s *Service) judgeCode(ctx context.Context, tx *gorm.DB, u models.User, code string) (string, error) {
	code = digits(code)
	evidence := evidenceTotp
	ok, err := false, error(nil)
	switch len(code) {
	case totpDigits:
		ok, err = s.useTotp(tx, u, code)
	case backupLength:
		evidence = evidenceBackup
		ok, err = s.useBackup(ctx, tx, u, code)
	}
	if err != nil {
		return "", err
	}
	if !ok {
		return "", wrongCode()
	}
	if err := s.Credentials.ForgetGuesses(tx, factorGuess(u.ID)); err != nil {
		return "", err
	}
	return evidence, s.Credentials.RefundGuess(tx, from(ctx))
}

// digits is a code without what people put between its groups.
func digits(code string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '\t' {
			return -1
		}
		return r
	}, strings.ToLower(code))
}

// confirmed tells of a factor that counts from now on.
func (s *Service) confirmed(ctx context.Context, tx *gorm.DB, u models.User, f models.SecondFactor) ([]string, error) {
	kind := audit.Detail("kind", string(f.Kind))
	if err := s.record(ctx, tx, u, audit.FactorAdded, kind, audit.Detail("name", f.Name)); err != nil {
		return nil, err
	}
	if err := s.tellPerson(ctx, tx, u, noticeFactorAdded, map[string]string{"name": f.Name}); err != nil {
		return nil, err
	}
	left, err := backupLeft(tx, u.ID)
	if err != nil || left > 0 {
		return nil, err
	}
	return s.newBackup(ctx, tx, u)
}

// named is a factor's name as it is kept.
func named(name, otherwise string) string {
	name = strings.TrimSpace(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == utf8.RuneError {
			return -1
		}
		return r
	}, name))
	if name == "" {
		return otherwise
	}
	return strings.TrimSpace(first(name, maxName))
}

// room refuses one factor too many.
func room(tx *gorm.DB, user models.ID) error {
	rows, err := factorsOf(tx, user)
	if err == nil && len(rows) >= maxFactors {
		err = fault.New(fault.LimitReached, "You have ten second factors already; remove one first.")
	}
	return err
}
