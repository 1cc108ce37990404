package roster

import (
	"context"
	"time"

	"gorm.io/gorm"

	"rollcall/fault"
	"rollcall/models"
)

// Admission is somebody whom an invitation brings onto a team: the holder of the
// mailbox that it was sent to.
type Admission struct {
	TeamID    models.ID
	Email     string
	Role      models.Role
	InvitedAt time.Time
}

// Admitted is who came in.
type Admitted struct {
	Member
	New bool // the account was made for this
}

// Admit puts the person on the team, in the caller's transaction, which has
// locked the team. An account of their own that they have is used. An invitation
// that is older than the person's removal brings nobody back, and none brings a
// deactivated person back. Faults: TAKEN for somebody who is on the team,
// CONFLICT for those who are shut out, ACCOUNT_CONFLICT for an account that an
// identity provider manages or that is no person's.
func (s *Service) Admit(ctx context.Context, tx *gorm.DB, in Admission) (Admitted, error) {
	var out Admitted
	u, found, err := userByEmail(tx, in.Email)
	if err != nil {
		return out, err
	}
	var here []models.Membership
	q := tx.Where("team_id = ? AND user_name_key = ?", in.TeamID, models.Fold(in.Email))
	if found {
		q = tx.Where("team_id = ? AND (user_id = ? OR user_name_key = ?)", in.TeamID, u.ID, models.Fold(in.Email))
	}
	if err := q.Limit(1).Find(&here).Error; err != nil {
		return out, err
	}
	gone, err := s.buriedSince(tx, in.TeamID, in.InvitedAt, emailStone(in.Email))
	switch {
	case err != nil:
		return out, err
	case len(here) > 0 && here[0].Status == models.StatusDeactivated:
		return out, fault.New(fault.Clash, "Your access to this team is switched off, and an invitation does not switch it on again. Ask an admin of the team.")
	case len(here) > 0:
		return out, fault.New(fault.Taken, "You are on this team already.")
	case gone:
		return out, fault.New(fault.Clash, "You were removed from this team after you had been invited. Ask an admin of the team for a new invitation.")
	case found && (u.ManagedByTeamID != nil || u.Kind != models.KindPerson):
		return out, fault.New(fault.AccountConflict, "The account with this address belongs to another team's identity provider. Ask for an invitation to another address.")
	case !found:
		if u, err = s.newUser(tx, Person{Email: in.Email}, models.KindPerson, models.OriginDirect, nil); err != nil {
			return out, err
		}
		out.New = true
	case u.VerifiedAt == nil:
		if err := s.confirmed(tx, u.ID); err != nil {
			return out, err
		}
	}
	m, err := s.newMembership(tx, models.Membership{
		TeamID: in.TeamID, UserID: u.ID, Role: in.Role, RoleSource: models.RoleByInvitation,
		Status: models.StatusActive, Source: models.SourceInvitation, UserName: u.Email,
	}, nil)
	if err != nil {
		return out, err
	}
	out.Member = Member{Membership: m, User: u}
	err = s.arrive(ctx, tx, &out.Member, Profile{}, emailStone(u.Email))
	return out, err
}

// Admissible says why an invitation could not be accepted if it were mailed once
// more: TAKEN for an address that is a member's by now, active or not, CONFLICT for
// somebody who was removed after being invited.
func (s *Service) Admissible(tx *gorm.DB, team models.ID, email string, invitedAt time.Time) error {
	var members int64
	err := tx.Table("memberships m").Joins("JOIN users u ON u.id = m.user_id").
		Where("m.team_id = ? AND (u.email_key = ? OR m.user_name_key = ?)", team, models.Fold(email), models.Fold(email)).Count(&members).Error
	if err != nil {
		return err
	}
	if members > 0 {
		return fault.New(fault.Taken, "The team has this member already.")
	}
	gone, err := s.buriedSince(tx, team, invitedAt, emailStone(email))
	if err == nil && gone {
		err = fault.New(fault.Clash, "The person was removed after this invitation was made, and it does not bring them back. Revoke it and invite them anew.")
	}
	return err
}

// buriedSince reports whether the team removed, at a time or after it, somebody
// who is known by one of these.
func (s *Service) buriedSince(tx *gorm.DB, team models.ID, since time.Time, stones ...stone) (bool, error) {
	var n int64
	err := tx.Model(&models.Tombstone{}).Where("team_id = ? AND hash IN ? AND created_at >= ?", team, s.hashes(team, stones), since).Limit(1).Count(&n).Error
	return n > 0, err
}
