package roster

import (
	"context"

	"gorm.io/gorm"
)

// askToConfirm has somebody confirm their address.
func (s *Service) askToConfirm(_ context.Context, _ *gorm.DB, _ Member) error { return nil }
