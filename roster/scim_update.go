package roster

import (
	"context"
	"sync"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/fault"
	"rollcall/models"
	"rollcall/sso"
)

// UpdateScim brings a member into the state that a provisioning client wants:
// profile first, then active, in one transaction. A member who came by single
// sign-on is taken over by provisioning with it. What changes nothing writes
// nothing. Faults: NOT_FOUND, FORBIDDEN, PLAN_REQUIRED, REQUIRED, INVALID,
// TAKEN, ACCOUNT_CONFLICT, STALE_REVISION, LAST_ADMIN, BREAK_GLASS.
func (s *Service) UpdateScim(ctx context.Context, team, id models.ID, in ScimUser) (Member, error) {
	if err := access.Require(ctx, access.MembersProvision, team); err != nil {
		return Member{}, err
	}
	if err := in.proper(); err != nil {
		return Member{}, err
	}
	var out Member
	err := s.provisionTx(ctx, func(tx *gorm.DB) error {
		in := in
		// The team is locked only where the rule about the last admin may count.
		// Pushes of profiles run side by side.
		if err := mayProvision(ctx, tx, team, !in.Active); err != nil {
			return err
		}
		m, err := s.lockForUpdate(ctx, tx, team, id, &in)
		if err != nil {
			return err
		}
		if err := s.adopt(ctx, tx, &m, in); err != nil {
			return err
		}
		if in.Active {
			err = s.reactivate(ctx, tx, &m)
		} else {
			err = s.deactivate(ctx, tx, &m, "")
		}
		if err != nil {
			return err
		}
		out = m
		return nil
	})
	return out, err
}

// RemoveScim is Remove for a provisioning client. revision is the one of the
// membership that must still hold, 0 for any.
func (s *Service) RemoveScim(ctx context.Context, team, id models.ID, revision int) error {
	if err := access.Require(ctx, access.MembersProvision, team); err != nil {
		return err
	}
	return s.provisionTx(ctx, func(tx *gorm.DB) error {
		if err := mayProvision(ctx, tx, team, true); err != nil {
			return err
		}
		m, err := lockMember(tx, id)
		switch {
		case err != nil:
			return err
		case m.TeamID != team || m.User.Kind != models.KindPerson:
			return noSuchUser()
		case revision != 0 && revision != m.Revision:
			return fault.New(fault.StaleRevision, "The membership is at revision %d now.", m.Revision)
		}
		if err := provisionable(ctx, m); err != nil {
			return err
		}
		_, err = s.remove(ctx, tx, &m)
		return err
	})
}

// lockForUpdate locks a member and judges whether the wanted state can be made
// out of the present one.
func (s *Service) lockForUpdate(ctx context.Context, tx *gorm.DB, team, id models.ID, in *ScimUser) (m Member, err error) {
	if m, err = s.lockPerson(tx, id); err != nil {
		return m, err
	}
	switch {
	case m.TeamID != team:
		return m, fault.New(fault.Missing, "There is no such object.")
	case m.User.Kind != models.KindPerson:
		return m, noSuchUser()
	}
	if in.Email, err = s.ownAddress(tx, m, in.Email); err != nil {
		return m, err
	}
	if !s.differs(m, *in) {
		return m, nil
	}
	if in.Revision != 0 && in.Revision != m.Revision {
		return m, fault.New(fault.StaleRevision, "The membership is at revision %d now.", m.Revision)
	}
	return m, provisionable(ctx, m)
}

// lockPerson locks a membership and then reads what belongs to it with one
// statement: with the lock it would see the rows of before it waited.
func (s *Service) lockPerson(tx *gorm.DB, id models.ID) (Member, error) {
	row, err := models.LockMembership(tx, id)
	if err != nil {
		return Member{}, err
	}
	m := Member{Membership: row, Profile: models.ScimProfile{MembershipID: id, TeamID: row.TeamID}}
	var groups string
	found, err := one(tx.Raw("SELECT "+userColumnList()+", COALESCE(p.seq, 0) AS seq, COALESCE(p.document, '') AS document"+groupsColumn[s.DB.Dialect()]+
		" AS groups FROM memberships m JOIN users u ON u.id = m.user_id LEFT JOIN scim_profiles p ON p.membership_id = m.id WHERE m.id = ?", id), append(models.Fields(&m.User), &m.Profile.Seq, &m.Profile.Document, &groups)...)
	if err == nil && !found {
		err = noSuchUser()
	}
	m.Groups = readGroups(id, groups)
	return m, err
}

var userColumnList = sync.OnceValue(func() string { return models.Columns(models.User{}, "u", "u__") })

func noSuchUser() *fault.Error { return fault.New(fault.Missing, "There is no such user.") }

// differs reports whether the wanted state is another one than the present.
func (s *Service) differs(m Member, in ScimUser) bool {
	return in.Active != (m.Status == models.StatusActive) || len(s.changed(m, in)) > 0
}

// changed names the attributes that differ. Of an account that the team does
// not manage only the names that provisioning itself gave can change, and its
// address in other letters is the same address.
func (s *Service) changed(m Member, in ScimUser) []string {
	var out []string
	note := func(name string, differs bool) {
		if differs {
			out = append(out, name)
		}
	}
	note("userName", m.UserName != in.UserName)
	note("externalId", value(m.ExternalID) != value(in.ExternalID))
	note("profile", in.Profile.differs(m))
	if !m.User.ManagedBy(m.TeamID) {
		note("email", m.User.EmailKey != models.Fold(in.Email))
	} else {
		note("email", m.User.Email != in.Email)
		note("name", m.User.Name != in.Name)
		note("givenName", m.User.GivenName != in.GivenName)
		note("familyName", m.User.FamilyName != in.FamilyName)
	}
	return out
}

// adopt writes the profile of a locked member.
func (s *Service) adopt(ctx context.Context, tx *gorm.DB, m *Member, in ScimUser) error {
	names, before := s.changed(*m, in), m.User.Email
	if len(names) == 0 {
		return nil
	}
	if !m.User.ManagedBy(m.TeamID) && m.User.EmailKey != models.Fold(in.Email) {
		return accountConflict()
	}
	if err := nameFree(tx, m.TeamID, m.ID, in.UserName); err != nil {
		return err
	}
	if m.User.ManagedBy(m.TeamID) {
		if err := s.newProfile(tx, &m.User, in.person()); err != nil {
			return err
		}
		if !sameButForCase(before, m.User.Email) {
			if err := s.movedByScim(ctx, tx, m, before); err != nil {
				return err
			}
		}
		m.ScimManaged = true
	}
	m.UserName, m.UserNameKey, m.ExternalID = in.UserName, models.Fold(in.UserName), in.ExternalID
	if err := describe(tx, m, in.Profile); err != nil {
		return err
	}
	err := s.save(tx, m, map[string]any{
		"user_name": m.UserName, "user_name_key": m.UserNameKey, "external_id": m.ExternalID, "scim_managed": m.ScimManaged,
	})
	if err != nil {
		return err
	}
	details := make([]models.AuditDetail, 0, len(names)+1)
	for _, n := range names {
		details = append(details, audit.Detail("changed", n))
	}
	if before != m.User.Email {
		details = append(details, audit.Change("email", before, m.User.Email))
	}
	return audit.Record(ctx, tx, s.Now(), audit.Event{TeamID: m.TeamID, Action: audit.MemberProfileChanged, Target: m.target(), Details: details})
}

// movedByScim does what a new address brings with it, as at a sign-in.
func (s *Service) movedByScim(ctx context.Context, tx *gorm.DB, m *Member, old string) error {
	settings, err := sso.SettingsIn(tx, m.TeamID)
	if err != nil {
		return err
	}
	return s.moved(ctx, tx, settings, m, old, s.now())
}

// newProfile changes the account, whose new address nobody else may have.
func (s *Service) newProfile(tx *gorm.DB, u *models.User, p Person) error {
	if models.Fold(p.Email) != u.EmailKey {
		switch other, found, err := userByEmail(tx, p.Email); {
		case err != nil:
			return err
		case found && other.ID != u.ID:
			// It was free when ownAddress looked; now the member keeps their own.
			return models.ErrAgain
		}
	}
	return s.rename(tx, u, p)
}
