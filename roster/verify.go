package roster

import (
	"context"
	"time"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/domain"
	"rollcall/fault"
	"rollcall/models"
	"rollcall/sso"
)

const (
	noticeVerify  = "verify_email"
	noticeWelcome = "welcome_sso"

	// confirmationsAnHour is how many links one person is sent in an hour, the
	// first one among them.
	confirmationsAnHour = 3
)

// askToConfirm has a locked member whose address the team's identity provider
// asserted prove that mail for it reaches them: what was proved before counts no
// more, older links stop working and a new one goes out. A team that trusts the
// domains that it holds vouches for its own people at once.
func (s *Service) askToConfirm(ctx context.Context, tx *gorm.DB, m Member) error {
	if err := s.credentials().RevokeLinks(tx, models.LinkVerifyEmail, "user_id = ?", m.UserID); err != nil {
		return err
	}
	settings, err := sso.SettingsIn(tx, m.TeamID)
	if err != nil {
		return err
	}
	trusted := false
	if settings.TrustVerifiedDomains {
		if trusted, err = domain.HeldBy(tx, m.TeamID, m.User.Email); err != nil {
			return err
		}
	}
	if trusted {
		if err := s.confirmed(tx, m.UserID); err != nil {
			return err
		}
		return s.welcome(ctx, tx, m)
	}
	if m.User.VerifiedAt != nil {
		if err := tx.Model(&models.User{}).Where("id = ?", m.UserID).Update("verified_at", nil).Error; err != nil {
			return err
		}
	}
	link, err := s.credentials().NewLink(tx, models.OneTimeLink{
		Purpose: models.LinkVerifyEmail, UserID: &m.UserID, TeamID: &m.TeamID, MembershipID: &m.ID, Email: m.User.Email,
	})
	if err != nil {
		return err
	}
	return s.announce(ctx, tx, "", models.Notice{
		TeamID: m.TeamID, Kind: noticeVerify, Recipient: m.User.Email, UserID: &m.UserID, LinkID: &link.ID, Private: true,
		Facts: map[string]string{"email": m.User.Email, "expiresAt": link.ExpiresAt.Format(time.RFC3339)},
	})
}

// confirmed notes that the address of an account is its person's.
func (s *Service) confirmed(tx *gorm.DB, user models.ID) error {
	return tx.Model(&models.User{}).Where("id = ?", user).Update("verified_at", s.now()).Error
}

// welcome tells somebody who is in for the first time where they sign in, if the
// team wants that: nothing is sent unasked.
func (s *Service) welcome(ctx context.Context, tx *gorm.DB, m Member) error {
	if s.Announce == nil {
		return nil
	}
	wishes, err := sso.NotificationsIn(tx, m.TeamID)
	if err != nil || !wishes.WelcomeMembers {
		return err
	}
	return s.announce(ctx, tx, noticeWelcome+"/"+string(m.ID), models.Notice{
		TeamID: m.TeamID, Kind: noticeWelcome, Recipient: m.User.Email, UserID: &m.UserID,
		Facts: map[string]string{"email": m.User.Email},
	})
}

// Confirmation is what a link to confirm an address is about.
type Confirmation struct {
	Email     string // that the link was sent to
	TeamName  string
	TeamSlug  string
	Confirmed bool // the address is confirmed, by this link or another one
}

// Confirmation reads what a link is about and whether it can be used: nothing is
// consumed by looking. Faults, with what is known beside them: NOT_FOUND for one
// that was never given out or whose person is gone, LINK_USED, LINK_EXPIRED, and
// FORBIDDEN when somebody else is signed in.
func (s *Service) Confirmation(ctx context.Context, token string) (Confirmation, error) {
	link, err := s.credentials().Link(ctx, models.LinkVerifyEmail, token)
	if err != nil {
		return Confirmation{}, err
	}
	out, _, err := s.confirmable(ctx, s.DB.Read(ctx), link)
	if err == nil {
		err = s.credentials().LinkOpen(link)
	}
	return out, err
}

// confirmable judges a link by the person whom it is about.
func (s *Service) confirmable(ctx context.Context, tx *gorm.DB, link models.OneTimeLink) (Confirmation, Member, error) {
	var m Member
	var team models.Team
	missing := fault.New(fault.Missing, "There is no such link.")
	if link.UserID == nil || link.MembershipID == nil || link.TeamID == nil {
		return Confirmation{}, m, missing
	}
	for _, read := range []error{
		tx.Where("id = ?", *link.MembershipID).Take(&m.Membership).Error,
		tx.Where("id = ?", *link.UserID).Take(&m.User).Error,
		tx.Where("id = ?", *link.TeamID).Take(&team).Error,
	} {
		if read != nil {
			return Confirmation{}, m, models.Fault(read)
		}
	}
	out := Confirmation{Email: link.Email, TeamName: team.Name, TeamSlug: team.Slug}
	a := access.From(ctx)
	same := models.Fold(link.Email) == m.User.EmailKey
	out.Confirmed = same && m.User.VerifiedAt != nil
	switch {
	case a.Kind == access.Person && a.UserID != m.UserID:
		return out, m, fault.New(fault.Forbidden, "The link is for somebody else than the person who is signed in.")
	case !same || m.Status != models.StatusActive:
		return out, m, fault.New(fault.LinkUsed, "The link is for an address or an access that is no more.")
	}
	return out, m, nil
}

// ConfirmEmail uses a link up: the address is its person's. It opens no session,
// so a link that was passed on or stolen can confirm and nothing else. Faults as
// for Confirmation.
func (s *Service) ConfirmEmail(ctx context.Context, token string) (Confirmation, error) {
	link, err := s.credentials().Link(ctx, models.LinkVerifyEmail, token)
	if err != nil {
		return Confirmation{}, err
	}
	var out Confirmation
	err = s.DB.InTx(ctx, func(tx *gorm.DB) error {
		// 1. The room's locks, in its order, and the link's last.
		if link.MembershipID == nil {
			return fault.New(fault.Missing, "There is no such link.")
		}
		if _, err := models.LockMembership(tx, *link.MembershipID); err != nil {
			return err
		}
		if _, err := models.LockUser(tx, *link.UserID); err != nil {
			return err
		}
		// 2. Is it still about this person, as they are now?
		var m Member
		var err error
		if out, m, err = s.confirmable(ctx, tx, link); err != nil {
			return err
		}
		if _, err := s.credentials().SpendLink(tx, models.LinkVerifyEmail, token); err != nil {
			return err
		}
		// 3. The address is theirs.
		if err := s.credentials().RevokeLinks(tx, models.LinkVerifyEmail, "user_id = ?", m.UserID); err != nil {
			return err
		}
		if err := s.confirmed(tx, m.UserID); err != nil {
			return err
		}
		out.Confirmed = true
		self := access.With(ctx, access.Actor{Kind: access.Person, TeamID: m.TeamID, UserID: m.UserID, MembershipID: m.ID, Role: m.Role, Label: m.User.Email})
		if err := s.welcome(self, tx, m); err != nil {
			return err
		}
		return audit.Record(self, tx, s.Now(), audit.Event{TeamID: m.TeamID, Action: audit.EmailConfirmed, Target: m.target()})
	})
	return out, err
}

// ResendConfirmation sends the person of the caller's session another link and
// withdraws the ones of before. Doing it for an address that is confirmed changes
// nothing. Faults: UNAUTHENTICATED, RATE_LIMITED for more than three in an hour.
func (s *Service) ResendConfirmation(ctx context.Context) error {
	a := access.From(ctx)
	if a.Kind != access.Person {
		return fault.New(fault.NotSignedIn, "Sign in first.")
	}
	return s.DB.InTx(ctx, func(tx *gorm.DB) error {
		row, err := models.LockMembership(tx, a.MembershipID)
		if err != nil {
			return err
		}
		m := Member{Membership: row}
		if m.User, err = models.LockUser(tx, row.UserID); err != nil || m.User.VerifiedAt != nil {
			return err
		}
		var lately int64
		err = tx.Model(&models.OneTimeLink{}).
			Where("user_id = ? AND purpose = ? AND created_at > ?", m.UserID, models.LinkVerifyEmail, s.now().Add(-time.Hour)).Count(&lately).Error
		if err != nil {
			return err
		}
		if lately >= confirmationsAnHour {
			return fault.New(fault.RateLimited, "%d mails were sent within an hour; please wait, and look into the folder for spam.", confirmationsAnHour)
		}
		if err := s.askToConfirm(ctx, tx, m); err != nil {
			return err
		}
		return audit.Record(ctx, tx, s.Now(), audit.Event{TeamID: m.TeamID, Action: audit.EmailAsked, Target: m.target()})
	})
}

// OwnTeam is the team that the caller's session is for, whatever the session
// opens. Fault: UNAUTHENTICATED.
func (s *Service) OwnTeam(ctx context.Context) (models.Team, error) {
	a := access.From(ctx)
	if a.Kind != access.Person {
		return models.Team{}, fault.New(fault.NotSignedIn, "Sign in first.")
	}
	var row models.Team
	err := s.DB.Read(ctx).Where("id = ?", a.TeamID).Take(&row).Error
	return row, models.Fault(err)
}
