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

// Add puts somebody on a team by hand: a direct admin, an integration. An
// account of their own that they already have is used. Operators only. Faults:
// NOT_FOUND, FORBIDDEN, INVALID, TAKEN, ACCOUNT_CONFLICT for an account that a
// team's identity provider manages.
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
		u, found, err := userByEmail(tx, in.Person.Email)
		switch {
		case err != nil:
			return err
		case !found:
			if u, err = s.newUser(tx, in.Person, in.Kind, models.OriginDirect, nil); err != nil {
				return err
			}
		case u.ManagedByTeamID != nil:
			return fault.New(fault.AccountConflict, "An identity provider manages the account with this address.").On("email")
		}
		if err := free(tx, in.TeamID, u.ID, in.Person.Email); err != nil {
			return err
		}
		m, err := s.newMembership(tx, models.Membership{
			TeamID: in.TeamID, UserID: u.ID, Role: in.Role, RoleSource: models.RoleByHand,
			Status: models.StatusActive, Source: models.SourceDirect, UserName: in.Person.Email,
		})
		if err != nil {
			return err
		}
		out = Member{Membership: m, User: u}
		if err := introduceOwn(tx, &out); err != nil {
			return err
		}
		if err := s.unbury(tx, in.TeamID, emailStone(u.Email)); err != nil {
			return err
		}
		return s.recordIn(ctx, tx, out)
	})
	return out, err
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

// recordIn tells that somebody became a member.
func (s *Service) recordIn(ctx context.Context, tx *gorm.DB, m Member) error {
	return audit.Record(ctx, tx, s.Now(), audit.Event{
		TeamID: m.TeamID, Action: audit.MemberProvisioned, Target: m.target(),
		Details: []models.AuditDetail{
			audit.Detail("source", string(m.Source)), audit.Detail("role", string(m.Role)), audit.Detail("status", string(m.Status)),
		},
	})
}
