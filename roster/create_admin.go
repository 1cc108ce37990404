package roster

import (
	"context"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/fault"
	"rollcall/models"
)

// NewAdmin is somebody whom the command line makes a direct admin.
type NewAdmin struct {
	TeamID models.ID
	Person Person
	// Mailed has the link to set a password mailed; else it is returned.
	Mailed bool
}

// CreateAdmin makes somebody a direct admin of a team, as the last resort of
// whoever runs the installation: a new member, or one with an account of their
// own who is raised. It returns the address by which they set a password, once
// within an hour, unless that is to be mailed. It takes nobody out of an identity
// provider's care and lets nobody in who was deactivated: such an admin would not
// get in, or would be back unseen.
//
// Faults: NOT_FOUND, FORBIDDEN for all but operators and the system, INVALID,
// ACCOUNT_CONFLICT for an account that an identity provider manages or that is no
// person's, MANAGED_BY_IDP for a member under single sign-on, CONFLICT for a
// deactivated one.
func (s *Service) CreateAdmin(ctx context.Context, in NewAdmin) (m Member, link string, err error) {
	if err := access.Require(ctx, access.TeamsCreate, ""); err != nil {
		return Member{}, "", err
	}
	if err := in.Person.proper(); err != nil {
		return Member{}, "", err
	}
	if s.Accounts == nil {
		return Member{}, "", fault.New(fault.InternalError, "The roster knows no accounts of people's own.")
	}
	err = s.DB.InTx(ctx, func(tx *gorm.DB) error {
		m, link = Member{}, ""
		if _, err := models.LockTeam(tx, in.TeamID); err != nil {
			return err
		}
		known, err := s.memberByEmail(tx, in.TeamID, in.Person.Email)
		if err != nil {
			return err
		}
		if known == nil {
			m, err = s.newAdmin(ctx, tx, in)
		} else {
			m, err = s.raise(ctx, tx, *known)
		}
		if err != nil {
			return err
		}
		if in.Mailed {
			return s.Accounts.InviteToSetPassword(ctx, tx, m.User, m.Membership)
		}
		link, err = s.Accounts.PasswordLink(ctx, tx, m.User, m.Membership)
		return err
	})
	return m, link, err
}

// newAdmin adds an admin who is not on the team yet.
func (s *Service) newAdmin(ctx context.Context, tx *gorm.DB, in NewAdmin) (Member, error) {
	_, found, err := userByEmail(tx, in.Person.Email)
	if err == nil && !found {
		err = notForeign(tx, in.TeamID, in.Person.Email)
	}
	if err != nil {
		return Member{}, err
	}
	return s.add(ctx, tx, NewMember{TeamID: in.TeamID, Person: in.Person, Kind: models.KindPerson, Role: models.RoleAdmin})
}

// memberByEmail finds a member of a locked team by the account's address, nil for
// none.
func (s *Service) memberByEmail(tx *gorm.DB, team models.ID, address string) (*Member, error) {
	u, found, err := userByEmail(tx, address)
	if err != nil || !found {
		return nil, err
	}
	var ids []models.ID
	if err := tx.Model(&models.Membership{}).Where("team_id = ? AND user_id = ?", team, u.ID).Pluck("id", &ids).Error; err != nil || len(ids) == 0 {
		return nil, err
	}
	m, err := lockMember(tx, ids[0])
	return &m, err
}

// raise makes a member with an account of their own an admin.
func (s *Service) raise(ctx context.Context, tx *gorm.DB, m Member) (Member, error) {
	switch {
	case m.User.Kind != models.KindPerson:
		return m, fault.New(fault.AccountConflict, "The account with this address is an integration.").On("email")
	case !m.Direct(m.User):
		return m, fault.New(fault.ManagedByIDP, "The member signs in at the identity provider; name an address that is not under single sign-on.").On("email")
	case m.Status != models.StatusActive:
		return m, fault.New(fault.Clash, "The member is deactivated; reactivate them first.").On("email")
	case m.Role == models.RoleAdmin:
		return m, nil
	}
	return m, s.giveRole(ctx, tx, &m, models.RoleAdmin)
}

// giveRole gives a locked member a role by hand.
func (s *Service) giveRole(ctx context.Context, tx *gorm.DB, m *Member, role models.Role) error {
	old := m.Role
	m.Role, m.RoleSource = role, models.RoleByHand
	if err := s.save(tx, m, map[string]any{"role": m.Role, "role_source": m.RoleSource}); err != nil {
		return err
	}
	return audit.Record(ctx, tx, s.Now(), audit.Event{
		TeamID: m.TeamID, Action: audit.MemberRoleChanged, Target: m.target(),
		Details: []models.AuditDetail{audit.Detail("from", string(old)), audit.Detail("to", string(role))},
	})
}
