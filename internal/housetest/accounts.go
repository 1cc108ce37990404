package housetest

import (
	"context"

	"gorm.io/gorm"

	"rollcall/fault"
	"rollcall/models"
)

// What proves an account to Accounts.
const (
	OwnPassword = "a few words in a row"
	OwnCode     = "123456"
)

// Accounts stands in for the room that knows people's own passwords: whoever has
// a row of one has OwnPassword, and every second factor says OwnCode.
type Accounts struct{ DB *models.DB }

// GivePassword gives an account a password.
func (a Accounts) GivePassword(ctx context.Context, user models.ID) error {
	return a.DB.InTx(ctx, func(tx *gorm.DB) error {
		return tx.Create(&models.Password{UserID: user, Hash: "x", ChangedAt: Start}).Error
	})
}

// CheckPassword judges a password.
func (a Accounts) CheckPassword(ctx context.Context, user models.ID, password string) error {
	var n int64
	if err := a.DB.Read(ctx).Model(&models.Password{}).Where("user_id = ?", user).Count(&n).Error; err != nil {
		return err
	}
	if n == 0 || password != OwnPassword {
		return fault.New(fault.NotSignedIn, "Wrong.")
	}
	return nil
}

// CheckCode judges a code.
func (Accounts) CheckCode(_ context.Context, _ models.ID, code string) error {
	if code != OwnCode {
		return fault.New(fault.NotSignedIn, "Wrong.")
	}
	return nil
}

// DropPassword ends a password.
func (Accounts) DropPassword(tx *gorm.DB, user models.ID) (bool, error) {
	gone := tx.Where("user_id = ?", user).Delete(&models.Password{})
	return gone.RowsAffected > 0, gone.Error
}

// HasWayIn reports whether there is a password.
func (Accounts) HasWayIn(tx *gorm.DB, user models.ID) (bool, error) {
	var n int64
	err := tx.Model(&models.Password{}).Where("user_id = ?", user).Count(&n).Error
	return n > 0, err
}

// InviteToSetPassword mails nothing.
func (Accounts) InviteToSetPassword(context.Context, *gorm.DB, models.User, models.Membership) error {
	return nil
}

// PasswordLink is an address that leads nowhere.
func (Accounts) PasswordLink(context.Context, *gorm.DB, models.User, models.Membership) (string, error) {
	return "https://rollcall.test/password?t=x", nil
}

// Collect keeps the notices that a room announces in a list.
func Collect(list *[]models.Notice) func(*gorm.DB, models.Notice) error {
	return func(_ *gorm.DB, n models.Notice) error { *list = append(*list, n); return nil }
}
