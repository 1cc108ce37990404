package account

import (
	"cmp"
	"context"
	"time"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/credential"
	"rollcall/fault"
	"rollcall/models"
)

// mailLink mails a link by which a person sets a password; older ones do not
// work any more.
func (s *Service) mailLink(ctx context.Context, tx *gorm.DB, u models.User, m models.Membership, kind string, invited bool) error {
	life := time.Duration(0)
	if invited {
		life = credential.InvitationLife
	}
	link, err := s.newLink(ctx, tx, u, m, life)
	if err != nil {
		return err
	}
	return s.send(ctx, tx, models.Notice{
		TeamID: m.TeamID, Kind: kind, Recipient: u.Email, UserID: &u.ID, LinkID: &link.ID, Private: true,
		Facts: map[string]string{"expiresAt": stamp(link.ExpiresAt)},
	})
}

// newLink makes the link and withdraws those from before. A life of 0 is the
// usual one.
func (s *Service) newLink(ctx context.Context, tx *gorm.DB, u models.User, m models.Membership, life time.Duration) (models.OneTimeLink, error) {
	if err := s.Credentials.RevokeLinks(tx, models.LinkSetPassword, "user_id = ?", u.ID); err != nil {
		return models.OneTimeLink{}, err
	}
	row := models.OneTimeLink{Purpose: models.LinkSetPassword, UserID: &u.ID, TeamID: &m.TeamID, MembershipID: &m.ID, Email: u.Email}
	if life > 0 {
		row.ExpiresAt = s.now().Add(life)
	}
	link, err := s.Credentials.NewLink(tx, row)
	if err != nil {
		return link, err
	}
	return link, audit.Record(ctx, tx, s.now(), audit.Event{
		TeamID: m.TeamID, Action: audit.PasswordAsked,
		Target: audit.Target{Kind: models.PrefixMembership, ID: m.ID, Label: u.Email},
	})
}

// PasswordLink makes, in the caller's transaction, the address at which somebody
// sets a password of their own, once within an hour, and mails nothing: it is for
// the command line of whoever runs the installation.
func (s *Service) PasswordLink(ctx context.Context, tx *gorm.DB, u models.User, m models.Membership) (string, error) {
	link, err := s.newLink(ctx, tx, u, m, 0)
	if err != nil {
		return "", err
	}
	return s.Credentials.LinkURL(s.BaseURL, link)
}

// InviteToSetPassword mails, in the caller's transaction, the link by which
// somebody with a new account of their own on a team sets their first password.
// It works for seven days.
func (s *Service) InviteToSetPassword(ctx context.Context, tx *gorm.DB, u models.User, m models.Membership) error {
	return s.mailLink(ctx, tx, u, m, noticeSetPassword, true)
}

// SendReset has an admin mail the link to a member who comes in without the
// identity provider: one with an account of their own, and anybody while single
// sign-on is off. Faults: NOT_FOUND, FORBIDDEN, MANAGED_BY_IDP, RATE_LIMITED.
func (s *Service) SendReset(ctx context.Context, membership models.ID) (models.Membership, models.User, error) {
	var m models.Membership
	var u models.User
	db := s.DB.Read(ctx)
	if err := db.Where("id = ?", membership).Take(&m).Error; err != nil {
		return m, u, models.Fault(err)
	}
	if err := access.Require(ctx, access.MembersWrite, m.TeamID); err != nil {
		return m, u, err
	}
	if err := db.Where("id = ?", m.UserID).Take(&u).Error; err != nil {
		return m, u, models.Fault(err)
	}
	own, err := s.ownLoginOf(db, m, u)
	if err != nil {
		return m, u, err
	}
	if u.Kind == models.KindIntegration || !own {
		return m, u, fault.New(fault.ManagedByIDP, "The member signs in at the identity provider.")
	}
	if m.Status != models.StatusActive {
		return m, u, fault.New(fault.Forbidden, "The member is deactivated.")
	}
	if err := s.Credentials.Guessing(ctx, resetGuess(u.EmailKey)); err != nil {
		return m, u, err
	}
	return m, u, s.DB.InTx(ctx, func(tx *gorm.DB) error {
		locked, err := models.LockMembership(tx, m.ID)
		if err != nil {
			return err
		}
		if own, err := s.ownLoginOf(tx, locked, u); err != nil || locked.Status != models.StatusActive || !own {
			return cmp.Or(err, models.ErrAgain)
		}
		has, err := HasPassword(tx, u.ID)
		if err != nil {
			return err
		}
		if !has {
			return s.InviteToSetPassword(ctx, tx, u, locked)
		}
		return s.mailLink(ctx, tx, u, locked, noticePasswordReset, false)
	})
}

// ownLoginOf reports whether a member may come in without the identity provider:
// everybody may while single sign-on is off.
func (s *Service) ownLoginOf(db *gorm.DB, m models.Membership, u models.User) (bool, error) {
	states, err := statesOf(db, []models.ID{m.TeamID})
	return m.Direct(u) || m.OwnLogin(u, states[m.TeamID]), err
}

// statesOf are the states of single sign-on of teams.
func statesOf(db *gorm.DB, teams []models.ID) (map[models.ID]models.SsoState, error) {
	var rows []models.SsoSettings
	err := db.Select("team_id", "state").Where("team_id IN ?", teams).Find(&rows).Error
	out := make(map[models.ID]models.SsoState, len(rows))
	for _, c := range rows {
		out[c.TeamID] = c.State
	}
	return out, models.Fault(err)
}

// ResetLink says whose password a link sets, and uses nothing up. Faults:
// NOT_FOUND, LINK_USED, LINK_EXPIRED.
func (s *Service) ResetLink(ctx context.Context, token string) (email string, err error) {
	link, err := s.openLink(ctx, token)
	return link.Email, err
}

// openLink reads a link and whether it can be used.
func (s *Service) openLink(ctx context.Context, token string) (models.OneTimeLink, error) {
	link, err := s.Credentials.Link(ctx, models.LinkSetPassword, token)
	if err == nil && link.UserID == nil {
		err = fault.New(fault.Missing, "There is no such link.")
	}
	if err != nil {
		return models.OneTimeLink{}, err
	}
	return link, s.Credentials.LinkOpen(link)
}

// Reset sets a password by a link, once, and ends the person's sessions that no
// identity provider vouched for. The next sign-in asks for the second factor as
// ever. Having had the mail proves the address. Faults: NOT_FOUND, LINK_USED,
// LINK_EXPIRED, PASSWORD_UNUSABLE, FORBIDDEN for people under an identity
// provider, RATE_LIMITED.
func (s *Service) Reset(ctx context.Context, token, password string) error {
	link, err := s.openLink(ctx, token)
	if err != nil {
		return err
	}
	about, err := aboutUser(s.DB.Read(ctx), *link.UserID, link.Email)
	if err != nil {
		return err
	}
	fresh, err := s.Prepare(ctx, password, about...)
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(tx *gorm.DB) error {
		link, err := s.Credentials.SpendLink(tx, models.LinkSetPassword, token)
		if err != nil {
			return err
		}
		u, _, err := s.ownLogin(ctx, tx, *link.UserID)
		if err != nil {
			return err
		}
		if models.Fold(link.Email) != u.EmailKey {
			return fault.New(fault.LinkUsed, "The account has another address by now.")
		}
		if u.VerifiedAt == nil {
			if err := tx.Model(&models.User{}).Where("id = ?", u.ID).Update("verified_at", s.now()).Error; err != nil {
				return err
			}
		}
		if err := s.Credentials.ForgetGuesses(tx, resetGuess(u.EmailKey)); err != nil {
			return err
		}
		return s.SetPassword(ctx, tx, u.ID, fresh, "")
	})
}

// LinkTrouble reports whether a fault says that a link cannot be used: whatever
// the reason, the way on is another one.
func LinkTrouble(err error) bool {
	return fault.Is(err, fault.Missing) || fault.Is(err, fault.LinkUsed) || fault.Is(err, fault.LinkExpired)
}
