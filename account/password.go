package account

import (
	"context"
	"errors"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/fault"
	"rollcall/models"
)

// wrong is what everybody is told whose address and password are not a pair.
func wrong() error {
	return fault.New(fault.NotSignedIn, "The e-mail address or the password is wrong.").On("password")
}

// CheckPassword proves a user by their password. Whatever is wrong - no such
// user, no password, another one - costs the same work and is the same fault,
// UNAUTHENTICATED. Too many tries are RATE_LIMITED.
func (s *Service) CheckPassword(ctx context.Context, user models.ID, password string) error {
	var u models.User
	if user != "" {
		err := s.DB.Read(ctx).Where("id = ?", user).Take(&u).Error
		if err != nil && !errors.Is(err, gorm.ErrRecordNotFound) {
			return models.Fault(err)
		}
	}
	_, err := s.judge(ctx, u.EmailKey, password)
	return err
}

// judge finds the person of an address and a password. The failures are counted
// for the address as it was typed, whether or not it is somebody's.
func (s *Service) judge(ctx context.Context, emailKey, password string) (models.User, error) {
	if len(password) > maxTyped {
		return models.User{}, wrong()
	}
	account := passwordGuess(emailKey)
	if err := s.Credentials.Guessing(ctx, account, from(ctx)); err != nil {
		return models.User{}, err
	}
	// One question for both: it takes as long for those who have no password.
	var rows []struct {
		models.User
		Hash *string
	}
	err := s.DB.Read(ctx).Table("users u").Select("u.*, p.hash").Joins("LEFT JOIN passwords p ON p.user_id = u.id").
		Where("u.email_key = ? AND u.kind = ?", emailKey, models.KindPerson).Scan(&rows).Error
	if err != nil {
		return models.User{}, models.Fault(err)
	}
	kept := ""
	if len(rows) == 1 && rows[0].Hash != nil {
		kept = *rows[0].Hash
	}
	match, weak, err := s.matches(ctx, normal(password), kept)
	if err != nil {
		return models.User{}, err
	}
	if !match {
		return models.User{}, wrong()
	}
	fresh := ""
	if weak {
		if fresh, err = s.hash(ctx, normal(password)); err != nil {
			return models.User{}, err
		}
	}
	return rows[0].User, s.DB.InTx(ctx, func(tx *gorm.DB) error {
		if err := s.Credentials.ForgetGuesses(tx, account); err != nil {
			return err
		}
		if fresh != "" {
			again := tx.Model(&models.Password{}).Where("user_id = ? AND hash = ?", rows[0].User.ID, kept).Update("hash", fresh)
			if again.Error != nil {
				return again.Error
			}
		}
		return s.Credentials.RefundGuess(tx, from(ctx))
	})
}

// HasPassword reports whether a user can come in by a password.
func HasPassword(tx *gorm.DB, user models.ID) (bool, error) {
	var n int64
	err := tx.Model(&models.Password{}).Where("user_id = ?", user).Count(&n).Error
	return n > 0, models.Fault(err)
}

// HasWayIn reports whether a user can come in by something of their own: a
// password, or a passkey, which needs none.
func (s *Service) HasWayIn(tx *gorm.DB, user models.ID) (bool, error) {
	has, err := HasPassword(tx, user)
	if err != nil || has {
		return has, err
	}
	factors, err := factorsOf(tx, user)
	return slices.ContainsFunc(factors, func(f models.SecondFactor) bool { return f.Kind == models.FactorPasskey }), err
}

// NewPassword is a password that may be chosen, hashed already: that takes too
// long for a transaction.
type NewPassword struct{ hash string }

// Prepare judges a password that somebody chooses and hashes it. about is what
// Proper takes. Faults: PASSWORD_UNUSABLE, RATE_LIMITED.
func (s *Service) Prepare(ctx context.Context, password string, about ...string) (NewPassword, error) {
	if err := Proper(password, about...); err != nil {
		return NewPassword{}, err
	}
	hash, err := s.hash(ctx, normal(password))
	return NewPassword{hash}, err
}

// SetPassword gives a user a password in the caller's transaction, in place of
// the one they have. Whoever calls it has proved who they are: that is audited
// on every team of theirs, and they are told. The sessions that they opened
// without an identity provider end, but for the one that keep names.
func (s *Service) SetPassword(ctx context.Context, tx *gorm.DB, user models.ID, p NewPassword, keep models.ID) error {
	if p.hash == "" {
		return fault.New(fault.InternalError, "The password was not prepared.")
	}
	row := models.Password{UserID: user, Hash: p.hash, ChangedAt: s.now()}
	upsert := clause.OnConflict{Columns: []clause.Column{{Name: "user_id"}}, DoUpdates: clause.AssignmentColumns([]string{"hash", "changed_at"})}
	if err := tx.Clauses(upsert).Create(&row).Error; err != nil {
		return models.Fault(err)
	}
	var u models.User
	if err := tx.Where("id = ?", user).Take(&u).Error; err != nil {
		return models.Fault(err)
	}
	if err := s.Credentials.ForgetGuesses(tx, passwordGuess(u.EmailKey)); err != nil {
		return err
	}
	if err := s.withdraw(tx, user, keep); err != nil {
		return err
	}
	if err := s.record(ctx, tx, u, audit.PasswordSet); err != nil {
		return err
	}
	return s.tellPerson(ctx, tx, u, noticePasswordChanged, nil)
}

// withdraw ends what a person's former password opened: links to set another
// one, unfinished sign-ins, and sessions but for one.
func (s *Service) withdraw(tx *gorm.DB, user, keep models.ID) error {
	if err := s.Credentials.RevokeLinks(tx, models.LinkSetPassword, "user_id = ?", user); err != nil {
		return err
	}
	if err := tx.Where("user_id = ?", user).Delete(&models.SigninStep{}).Error; err != nil {
		return err
	}
	return s.endSessions(tx, user, keep, "password or second factor changed")
}

// ownMethods are the ways in that are a person's own.
var ownMethods = []models.SessionMethod{models.SessionPassword, models.SessionPasskey, models.SessionLink}

func (s *Service) endSessions(tx *gorm.DB, user, keep models.ID, reason string) error {
	q := tx.Model(&models.Session{}).Where("user_id = ? AND method IN ? AND revoked_at IS NULL", user, ownMethods)
	if keep != "" {
		q = q.Where("id <> ?", keep)
	}
	return q.Updates(map[string]any{"revoked_at": s.now(), "revoked_reason": reason}).Error
}

// DropPassword ends, in the caller's transaction, every way in of a user's own:
// they go under an identity provider. It says whether there was a password.
func (s *Service) DropPassword(tx *gorm.DB, user models.ID) (bool, error) {
	gone := tx.Where("user_id = ?", user).Delete(&models.Password{})
	if gone.Error != nil {
		return false, models.Fault(gone.Error)
	}
	for _, row := range []any{&models.SecondFactor{}, &models.BackupCode{}} {
		if err := tx.Where("user_id = ?", user).Delete(row).Error; err != nil {
			return false, models.Fault(err)
		}
	}
	return gone.RowsAffected > 0, s.withdraw(tx, user, "")
}

// record writes an event about a person on every team of theirs: each team's
// admins answer for who comes in to it.
func (s *Service) record(ctx context.Context, tx *gorm.DB, u models.User, action string, details ...models.AuditDetail) error {
	var members []models.Membership
	if err := tx.Where("user_id = ? AND status = ?", u.ID, models.StatusActive).Order("id").Find(&members).Error; err != nil {
		return err
	}
	events := make([]audit.Event, 0, len(members))
	for _, m := range members {
		events = append(events, audit.Event{
			TeamID: m.TeamID, Action: action, Details: details,
			Target: audit.Target{Kind: models.PrefixMembership, ID: m.ID, Label: u.Email},
		})
	}
	if access.From(ctx).Kind == access.Anonymous {
		// Proved by a link or a step, and not by a session.
		ctx = access.With(ctx, access.Actor{Kind: access.Person, UserID: u.ID, Label: u.Email})
	}
	return audit.RecordAll(ctx, tx, s.now(), events)
}

// stamp is a time as notices carry it.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
