package invite

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/credential"
	"rollcall/fault"
	"rollcall/models"
)

// maxMails is how often an invitation is mailed in a day, the first mail among
// them.
const maxMails = 4

// Resend mails an open invitation once more, with a new link and a new end; the
// link of before stops working. Faults: NOT_FOUND, FORBIDDEN, CONFLICT for one that was
// accepted or revoked, LIMIT_REACHED.
func (s *Service) Resend(ctx context.Context, id models.ID) (models.Invitation, error) {
	return s.change(ctx, id, func(tx *gorm.DB, i *models.Invitation) error {
		if i.State != models.InvitationPending {
			return fault.New(fault.Clash, "The invitation was %s already.", verb(i.State)).On("invitationId")
		}
		// A link that cannot be used is not mailed.
		if err := s.Roster.Admissible(tx, i.TeamID, i.Email, i.CreatedAt); err != nil {
			if f, ok := fault.As(err); ok {
				return f.On("invitationId")
			}
			return err
		}
		now := s.now()
		var lately int64
		err := tx.Model(&models.OneTimeLink{}).Where("subject_id = ? AND purpose = ? AND created_at > ?", i.ID, models.LinkInvitation, now.Add(-24*time.Hour)).Count(&lately).Error
		if err != nil {
			return err
		}
		if lately >= maxMails {
			return fault.New(fault.LimitReached, "An invitation is mailed %d times a day at most.", maxMails).On("invitationId")
		}
		if err := s.withdraw(tx, *i); err != nil {
			return err
		}
		i.SentCount++
		i.SentAt, i.ExpiresAt = now, now.Add(credential.InvitationLife)
		err = tx.Model(&models.Invitation{}).Where("id = ?", i.ID).
			Updates(map[string]any{"sent_count": i.SentCount, "sent_at": i.SentAt, "expires_at": i.ExpiresAt}).Error
		if err != nil {
			return err
		}
		if err := s.send(tx, *i); err != nil {
			return err
		}
		return audit.Record(ctx, tx, s.Now(), event(*i, audit.InvitationResent))
	})
}

// Revoke ends an open invitation. Doing it twice is not an error. Faults:
// NOT_FOUND, FORBIDDEN, CONFLICT for one that was accepted.
func (s *Service) Revoke(ctx context.Context, id models.ID) (models.Invitation, error) {
	return s.change(ctx, id, func(tx *gorm.DB, i *models.Invitation) error {
		switch i.State {
		case models.InvitationRevoked:
			return nil
		case models.InvitationAccepted:
			return fault.New(fault.Clash, "The invitation was accepted already; remove the member instead.").On("invitationId")
		case models.InvitationPending:
		}
		if err := s.withdraw(tx, *i); err != nil {
			return err
		}
		if err := s.decide(tx, i, models.InvitationRevoked, nil); err != nil {
			return err
		}
		return audit.Record(ctx, tx, s.Now(), event(*i, audit.InvitationRevoked))
	})
}

func verb(state models.InvitationState) string {
	if state == models.InvitationAccepted {
		return "accepted"
	}
	return "revoked"
}

// change runs fn on an invitation with team and invitation locked.
func (s *Service) change(ctx context.Context, id models.ID, fn func(tx *gorm.DB, i *models.Invitation) error) (models.Invitation, error) {
	var i models.Invitation
	err := s.DB.Read(ctx).Where("id = ?", id).Take(&i).Error
	if err != nil {
		return i, onInvitation(models.Fault(err))
	}
	if err := access.Require(ctx, access.MembersInvite, i.TeamID); err != nil {
		return models.Invitation{}, onInvitation(err)
	}
	team := i.TeamID
	err = s.DB.InTx(ctx, func(tx *gorm.DB) (err error) {
		if _, err := models.LockTeam(tx, team); err != nil {
			return err
		}
		if i, err = lock(tx, id); err != nil {
			return onInvitation(err)
		}
		return fn(tx, &i)
	})
	return i, err
}

func lock(tx *gorm.DB, id models.ID) (models.Invitation, error) {
	var i models.Invitation
	err := tx.Clauses(clause.Locking{Strength: clause.LockingStrengthUpdate}).Where("id = ?", id).Take(&i).Error
	return i, models.Fault(err)
}

// withdraw ends the links of an invitation.
func (s *Service) withdraw(tx *gorm.DB, i models.Invitation) error {
	return s.Credentials.RevokeLinks(tx, models.LinkInvitation, "subject_id = ?", i.ID)
}

// decide writes how an invitation ended.
func (s *Service) decide(tx *gorm.DB, i *models.Invitation, state models.InvitationState, membership *models.ID) error {
	now := s.now()
	i.State, i.DecidedAt, i.MembershipID = state, &now, membership
	return tx.Model(&models.Invitation{}).Where("id = ?", i.ID).
		Updates(map[string]any{"state": state, "decided_at": now, "membership_id": membership}).Error
}

// onInvitation points NOT_FOUND at the id that the caller gave.
func onInvitation(err error) error {
	if f, ok := fault.As(err); ok && f.Kind == fault.NotFound {
		return fault.New(fault.Missing, "There is no such invitation.").On("invitationId")
	}
	return err
}
