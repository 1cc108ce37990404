package sso

import (
	"context"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/fault"
	"rollcall/models"
)

// SetBypass lets a member with an account of their own in without the identity
// provider where single sign-on is enforced, or no longer. When it is taken back
// while it is enforced, the sessions end that this had kept. Doing it twice is not
// an error. Faults: NOT_FOUND, FORBIDDEN, PLAN_REQUIRED, MANAGED_BY_IDP for
// members under single sign-on, CONFLICT for integrations, which need no leave.
func (s *Service) SetBypass(ctx context.Context, membership models.ID, allowed bool) (models.Membership, error) {
	var m models.Membership
	if err := s.DB.Read(ctx).Where("id = ?", membership).Take(&m).Error; err != nil {
		return m, under(models.Fault(err), "membershipId")
	}
	if err := access.Require(ctx, access.SsoWrite, m.TeamID); err != nil {
		return m, under(err, "membershipId")
	}
	err := s.change(ctx, m.TeamID, func(tx *gorm.DB, _ models.Team) error {
		var err error
		if m, err = models.LockMembership(tx, membership); err != nil {
			return under(err, "membershipId")
		}
		var u models.User
		if err := tx.Where("id = ?", m.UserID).Take(&u).Error; err != nil {
			return models.Fault(err)
		}
		switch {
		case m.SsoBypass == allowed:
			return nil
		case allowed && u.Kind == models.KindIntegration:
			return fault.New(fault.Clash, "An integration signs in without the identity provider anyway.").On("membershipId")
		case allowed && !m.Direct(u):
			return fault.New(fault.ManagedByIDP, "The member is under single sign-on.").On("membershipId")
		}
		m.SsoBypass, m.Revision, m.UpdatedAt = allowed, m.Revision+1, s.now()
		err = tx.Model(&models.Membership{}).Where("id = ?", m.ID).
			Updates(map[string]any{"sso_bypass": allowed, "revision": m.Revision, "updated_at": m.UpdatedAt}).Error
		if err != nil {
			return err
		}
		settings, err := SettingsIn(tx, m.TeamID)
		if err != nil {
			return err
		}
		var ended int64
		action, word := audit.BypassAllowed, "allowed"
		if !allowed {
			action, word = audit.BypassDisallowed, "not allowed"
			if settings.State == models.SsoEnforced {
				if ended, err = s.endOwnSessions(tx, m.TeamID); err != nil {
					return err
				}
			}
		}
		if err := s.tell(ctx, tx, m.TeamID, noticeChanged, map[string]string{"change.signInWithoutIdentityProvider": u.Email + ": " + word}); err != nil {
			return err
		}
		return audit.Record(ctx, tx, s.Now(), audit.Event{
			TeamID: m.TeamID, Action: action, Target: audit.Target{Kind: models.PrefixMembership, ID: m.ID, Label: u.Email},
			Details: []models.AuditDetail{audit.Count("sessionsRevoked", ended)},
		})
	})
	return m, err
}
