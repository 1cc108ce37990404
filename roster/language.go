package roster

import (
	"context"
	"slices"
	"strings"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/fault"
	"rollcall/models"
	"rollcall/sso"
)

// SetLanguage says in which language the caller wants mails; "" is the team's.
// Everybody decides that about themselves alone. Faults: UNAUTHENTICATED,
// CONFLICT for callers without an account, INVALID.
func (s *Service) SetLanguage(ctx context.Context, language string) (models.User, error) {
	var u models.User
	a := access.From(ctx)
	switch {
	case !a.Known():
		return u, fault.New(fault.NotSignedIn, "Sign in or send an API key.")
	case a.UserID == "":
		return u, fault.New(fault.Clash, "There is no account behind the credential.")
	case language != "" && !slices.Contains(sso.Languages, language):
		return u, fault.New(fault.InvalidValue, "Mails are written in: %s.", strings.Join(sso.Languages, ", ")).On("language")
	}
	err := s.DB.InTx(ctx, func(tx *gorm.DB) error {
		var err error
		if u, err = models.LockUser(tx, a.UserID); err != nil || u.Language == language {
			return err
		}
		u.Language, u.UpdatedAt = language, s.now()
		return tx.Model(&models.User{}).Where("id = ?", u.ID).Updates(map[string]any{"language": u.Language, "updated_at": u.UpdatedAt}).Error
	})
	return u, err
}
