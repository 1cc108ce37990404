package roster

import (
	"context"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/fault"
	"rollcall/models"
)

// NewMember describes a member with an account of their own.
type NewMember struct {
	TeamID models.ID
	Person Person
	Kind   models.UserKind
	Role   models.Role
}

// Add puts somebody on a team by hand and writes to nobody. An account of their
// own that they already have is used. Operators only. Faults: NOT_FOUND,
// FORBIDDEN, INVALID, TAKEN, ACCOUNT_CONFLICT for an account that a team's
// identity provider manages or that is of another kind.
func (s *Service) Add(ctx context.Context, in NewMember) (Member, error) {
	if err := access.Require(ctx, access.TeamsCreate, ""); err != nil {
		return Member{}, err
	}
	if err := in.Person.proper(); err != nil {
		return Member{}, err
	}
	var out Member
	err := s.DB.InTx(ctx, func(tx *gorm.DB) error {
		if _, err := models.LockTeam(tx, in.TeamID); err != nil {
			return err
		}
		var err error
		out, err = s.add(ctx, tx, in)
		return err
	})
	return out, err
}

// add does it on a locked team, for somebody who may.
func (s *Service) add(ctx context.Context, tx *gorm.DB, in NewMember) (Member, error) {
	u, found, err := models.User{}, false, error(nil)
	if in.Person.Email != "" {
		u, found, err = userByEmail(tx, in.Person.Email)
	}
	switch {
	case err != nil:
		return Member{}, err
	case !found:
		if u, err = s.newUser(tx, in.Person, in.Kind, models.OriginDirect, nil); err != nil {
			return Member{}, err
		}
	case u.ManagedByTeamID != nil:
		return Member{}, fault.New(fault.AccountConflict, "An identity provider manages the account with this address.").On("email")
	case u.Kind != in.Kind:
		return Member{}, fault.New(fault.AccountConflict, "The account with this address is of another kind.").On("email")
	}
	if err := free(tx, in.TeamID, u.ID, u.Email); err != nil {
		return Member{}, err
	}
	m, err := s.newMembership(tx, models.Membership{
		TeamID: in.TeamID, UserID: u.ID, Role: in.Role, RoleSource: models.RoleByHand,
		Status: models.StatusActive, Source: models.SourceDirect, UserName: u.Email,
	}, nil)
	if err != nil {
		return Member{}, err
	}
	out := Member{Membership: m, User: u}
	err = s.arrive(ctx, tx, &out, Profile{}, emailStone(u.Email))
	return out, err
}

// arrive does what comes with every new member: a place on the list that
// provisioning clients see, with their own words or, where there are none, with the
// profile that none described; the event; and that the tombstones are lifted that
// they could be under.
func (s *Service) arrive(ctx context.Context, tx *gorm.DB, m *Member, p Profile, under ...stone) (err error) {
	if p.Document == "" {
		if p, err = ownProfile(Person{Email: m.User.Email, Name: m.User.Name, GivenName: m.User.GivenName, FamilyName: m.User.FamilyName}); err != nil {
			return err
		}
	}
	b := models.NewBatch(tx)
	if len(under) > 0 {
		s.unbury(b, m.TeamID, under...)
	}
	if err := audit.Add(ctx, b, s.Now(), m.arrival()); err != nil {
		return err
	}
	if err := introduce(b, m, p); err != nil {
		return err
	}
	if err := b.Run(); err != nil {
		return err
	}
	return cutStretches(tx, m.TeamID, models.ResourceUser, m.Profile.Seq)
}

// free refuses a second membership of a user or with a userName.
func free(tx *gorm.DB, team, user models.ID, userName string) error {
	var rows []models.Membership
	err := tx.Select("id", "user_id").Where("team_id = ? AND (user_id = ? OR user_name_key = ?)", team, user, models.Fold(userName)).Limit(1).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return err
	}
	return fault.New(fault.Taken, "The team has this member already.").On("email")
}

// arrival tells that somebody became a member.
func (m Member) arrival() audit.Event {
	return audit.Event{
		TeamID: m.TeamID, Action: audit.MemberProvisioned, Target: m.target(),
		Details: []models.AuditDetail{
			audit.Detail("source", string(m.Source)), audit.Detail("role", string(m.Role)), audit.Detail("status", string(m.Status)),
		},
	}
}
