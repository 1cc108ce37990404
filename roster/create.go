package roster

import (
	"context"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/domain"
	"rollcall/fault"
	"rollcall/models"
	"rollcall/sso"
)

// Create puts a member with an account of their own on a team: a person, who is
// mailed a link to set a password unless they have a way in already, or an
// integration, which has neither mail nor password and needs no address.
//
// Operators name any address that no other team's domain is behind. Admins vouch
// for people of the domains that their team proved, and for nobody else: an
// address elsewhere could be somebody's who never asked for an account, and the
// answer would tell who has one. Those are invited. A person who is no admin has
// no use for a way in of their own where single sign-on is enforced.
//
// Faults: NOT_FOUND, FORBIDDEN, REQUIRED, INVALID, TAKEN, DOMAIN_UNVERIFIED,
// ACCOUNT_CONFLICT for an account that exists, MANAGED_BY_IDP where single sign-on
// is enforced.
func (s *Service) Create(ctx context.Context, in NewMember) (Member, error) {
	if err := access.Require(ctx, access.MembersWrite, in.TeamID); err != nil {
		return Member{}, err
	}
	if access.From(ctx).Kind == access.Scim {
		return Member{}, fault.New(fault.Forbidden, "A provisioning client makes no accounts of people's own.")
	}
	if err := in.proper(); err != nil {
		return Member{}, err
	}
	var out Member
	err := s.DB.InTx(ctx, func(tx *gorm.DB) error {
		if _, err := models.LockTeam(tx, in.TeamID); err != nil {
			return err
		}
		settings, err := sso.SettingsIn(tx, in.TeamID)
		if err != nil {
			return err
		}
		if settings.State == models.SsoEnforced && in.Kind == models.KindPerson && in.Role != models.RoleAdmin {
			return fault.New(fault.ManagedByIDP, "Single sign-on is enforced: only admins and integrations are created by hand. Others come through the identity provider, by provisioning or by an invitation.").On("role")
		}
		if in.Person.Email != "" {
			if err := s.mayName(ctx, tx, in); err != nil {
				return err
			}
		}
		if out, err = s.add(ctx, tx, in); err != nil {
			return err
		}
		return s.askForPassword(ctx, tx, out)
	})
	return out, err
}

// proper judges the description of somebody to be created.
func (in *NewMember) proper() error {
	robot := in.Kind == models.KindIntegration
	if !robot && in.Kind != models.KindPerson {
		return fault.New(fault.InvalidValue, "There is no such kind of member.").On("kind")
	}
	if robot && in.Person.Email == "" {
		nameless := Person{Email: noAddress("x"), Name: in.Person.Name}
		if err := nameless.proper(); err != nil {
			return err
		}
		if nameless.Name == "" {
			return fault.New(fault.Required, "An integration without an address needs a name.").On("name")
		}
		in.Person.Name = nameless.Name
		return nil
	}
	if in.Person.Email == "" {
		return fault.New(fault.Required, "A person needs an e-mail address.").On("email")
	}
	return in.Person.proper()
}

// mayName judges whether the caller may have an account made for an address.
func (s *Service) mayName(ctx context.Context, tx *gorm.DB, in NewMember) error {
	kind := access.From(ctx).Kind
	if kind != access.Operator && kind != access.System {
		held, err := domain.HeldBy(tx, in.TeamID, in.Person.Email)
		if err == nil && !held {
			err = fault.New(fault.DomainUnverified, "Admins create members in the domains that the team proved; invite everybody else. An integration needs no address.").On("email")
		}
		if err != nil {
			return err
		}
	}
	u, found, err := userByEmail(tx, in.Person.Email)
	if err != nil {
		return err
	}
	if !found {
		return notForeign(tx, in.TeamID, in.Person.Email)
	}
	if err := free(tx, in.TeamID, u.ID, in.Person.Email); err != nil {
		return err
	}
	if kind != access.Operator && kind != access.System {
		return fault.New(fault.AccountConflict, "There is an account with this address; invite its owner.").On("email")
	}
	return nil
}

// askForPassword mails a person who has no way in of their own the link to make
// one.
func (s *Service) askForPassword(ctx context.Context, tx *gorm.DB, m Member) error {
	if s.Accounts == nil || m.User.Kind != models.KindPerson {
		return nil
	}
	has, err := s.Accounts.HasWayIn(tx, m.UserID)
	if err != nil || has {
		return err
	}
	return s.Accounts.InviteToSetPassword(ctx, tx, m.User, m.Membership)
}
