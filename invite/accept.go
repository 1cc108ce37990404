package invite

import (
	"context"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/domain"
	"rollcall/fault"
	"rollcall/models"
	"rollcall/roster"
)

// About is what a link to an invitation is about.
type About struct {
	Invitation models.Invitation
	Team       models.Team
}

// Look reads what a link is about and whether it can be accepted: nothing is
// consumed by looking. Faults, with what is known beside them: NOT_FOUND for one that
// was never given out, LINK_USED for one that was accepted, revoked or followed
// by a newer one, LINK_EXPIRED, FORBIDDEN when somebody else is signed in.
func (s *Service) Look(ctx context.Context, token string) (About, error) {
	link, err := s.Credentials.Link(ctx, models.LinkInvitation, token)
	if err != nil {
		return About{}, err
	}
	out, err := about(s.DB.Read(ctx), link)
	if err == nil {
		err = s.acceptable(ctx, s.DB.Read(ctx), out.Invitation, link)
	}
	return out, err
}

func about(tx *gorm.DB, link models.OneTimeLink) (About, error) {
	var out About
	if link.SubjectID == nil {
		return out, fault.New(fault.Missing, "There is no such invitation.")
	}
	if err := tx.Where("id = ?", *link.SubjectID).Take(&out.Invitation).Error; err != nil {
		return out, models.Fault(err)
	}
	err := tx.Where("id = ?", out.Invitation.TeamID).Take(&out.Team).Error
	return out, models.Fault(err)
}

// acceptable judges a link and its invitation, and who is there.
func (s *Service) acceptable(ctx context.Context, tx *gorm.DB, i models.Invitation, link models.OneTimeLink) error {
	if a := access.From(ctx); a.Kind == access.Person {
		var keys []string
		if err := tx.Model(&models.User{}).Where("id = ?", a.UserID).Pluck("email_key", &keys).Error; err != nil {
			return err
		}
		if len(keys) != 1 || keys[0] != i.EmailKey {
			return fault.New(fault.Forbidden, "The invitation is for somebody else than the person who is signed in.")
		}
	}
	switch {
	case i.State == models.InvitationAccepted:
		return fault.New(fault.LinkUsed, "The invitation was accepted already.")
	case i.State == models.InvitationRevoked:
		return fault.New(fault.LinkUsed, "The invitation was withdrawn.")
	}
	if err := s.Credentials.LinkOpen(link); err != nil {
		return err
	}
	if !s.now().Before(i.ExpiresAt) {
		return fault.New(fault.LinkExpired, "The invitation has expired.")
	}
	return nil
}

// Accepted is somebody who accepted.
type Accepted struct {
	About
	Member roster.Member
	// NextURL is where the person goes on: to set the password of a new account, to
	// the team's identity provider, or to sign in as ever. The first kind works once.
	NextURL string
}

// Accept puts the holder of the mailbox that an invitation went to on the team.
// It opens no session. Faults: as for Look, and what roster.Admit says.
func (s *Service) Accept(ctx context.Context, token string) (Accepted, error) {
	link, err := s.Credentials.Link(ctx, models.LinkInvitation, token)
	if err != nil {
		return Accepted{}, err
	}
	seen, err := about(s.DB.Read(ctx), link)
	if err != nil {
		return Accepted{}, err
	}
	var out Accepted
	err = s.DB.InTx(ctx, func(tx *gorm.DB) error {
		// 1. Everything that happens to a team's invitations takes turns.
		team, err := models.LockTeam(tx, seen.Team.ID)
		if err != nil {
			return err
		}
		out = Accepted{About: About{Team: team}}
		if out.Invitation, err = lock(tx, seen.Invitation.ID); err != nil {
			return err
		}
		if err := s.acceptable(ctx, tx, out.Invitation, link); err != nil {
			return err
		}
		if _, err := s.Credentials.SpendLink(tx, models.LinkInvitation, token); err != nil {
			return err
		}
		// 2. Who comes in is the roster's to say.
		i := &out.Invitation
		self := access.With(ctx, access.Actor{Kind: access.Person, TeamID: team.ID, Label: i.Email})
		in, err := s.Roster.Admit(self, tx, roster.Admission{TeamID: team.ID, Email: i.Email, Role: i.Role, InvitedAt: i.CreatedAt})
		if err != nil {
			return err
		}
		out.Member = in.Member
		if err := s.withdraw(tx, *i); err != nil {
			return err
		}
		if err := s.decide(tx, i, models.InvitationAccepted, &in.ID); err != nil {
			return err
		}
		if out.NextURL, err = s.next(tx, team, in); err != nil {
			return err
		}
		return audit.Record(self, tx, s.Now(), event(*i, audit.InvitationAccepted))
	})
	return out, err
}

// next is where somebody who was admitted goes on.
func (s *Service) next(tx *gorm.DB, team models.Team, in roster.Admitted) (string, error) {
	var settings models.SsoSettings
	if err := tx.Where("team_id = ?", team.ID).Take(&settings).Error; err != nil {
		return "", models.Fault(err)
	}
	if settings.State.On() {
		held, err := domain.HeldBy(tx, team.ID, in.User.Email)
		if err != nil {
			return "", err
		}
		if held || !in.OwnLogin(in.User, settings.State) {
			return s.BaseURL + "/saml/" + team.Slug + "/init", nil
		}
	}
	if !in.New {
		return s.BaseURL + "/signin", nil
	}
	// The mail proved the mailbox, as the mail to set a password would.
	link, err := s.Credentials.NewLink(tx, models.OneTimeLink{
		Purpose: models.LinkSetPassword, UserID: &in.UserID, TeamID: &in.TeamID, MembershipID: &in.ID, Email: in.User.Email,
	})
	if err != nil {
		return "", err
	}
	return s.Credentials.LinkURL(s.BaseURL, link)
}
