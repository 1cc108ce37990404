package roster

import (
	"context"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/fault"
	"rollcall/models"
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
	err := s.DB.InTx(ctx, func(tx *gorm.DB) error {
		if _, err := provisioning(tx, team); err != nil {
			return err
		}
		m, err := s.lockForUpdate(ctx, tx, team, id, in)
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
		out = m
		return err
	})
	return out, err
}

// lockForUpdate locks the team only where the rule about the last admin may
// count. Pushes of profiles run side by side.
func (s *Service) lockForUpdate(ctx context.Context, tx *gorm.DB, team, id models.ID, in ScimUser) (m Member, err error) {
	if err := tx.Select("id").Where("id = ? AND team_id = ?", id, team).Take(&models.Membership{}).Error; err != nil {
		return m, models.Fault(err)
	}
	if in.Active {
		m, err = lockMember(tx, id)
	} else {
		m, err = lock(tx, team, id)
	}
	if err != nil {
		return m, err
	}
	if m.User.Kind != models.KindPerson {
		return m, noSuchUser()
	}
	if !s.differs(m, in) {
		return m, nil
	}
	if in.Revision != 0 && in.Revision != m.Revision {
		return m, fault.New(fault.StaleRevision, "The membership is at revision %d now.", m.Revision)
	}
	return m, provisionable(ctx, m)
}

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
	note("externalId", text(m.ExternalID) != text(in.ExternalID))
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

func text(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

// adopt writes the profile of a locked member.
func (s *Service) adopt(ctx context.Context, tx *gorm.DB, m *Member, in ScimUser) error {
	names := s.changed(*m, in)
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
		m.ScimManaged = true
	}
	m.UserName, m.UserNameKey, m.ExternalID = in.UserName, models.Fold(in.UserName), in.ExternalID
	err := s.save(tx, m, map[string]any{
		"user_name": m.UserName, "user_name_key": m.UserNameKey, "external_id": m.ExternalID, "scim_managed": m.ScimManaged,
	})
	if err != nil {
		return err
	}
	details := make([]models.AuditDetail, 0, len(names))
	for _, n := range names {
		details = append(details, audit.Detail("changed", n))
	}
	return audit.Record(ctx, tx, s.Now(), audit.Event{TeamID: m.TeamID, Action: audit.MemberProfileChanged, Target: m.target(), Details: details})
}

// newProfile changes the account, whose new address nobody else may have.
func (s *Service) newProfile(tx *gorm.DB, u *models.User, p Person) error {
	if models.Fold(p.Email) != u.EmailKey {
		switch other, found, err := userByEmail(tx, p.Email); {
		case err != nil:
			return err
		case found && other.ID != u.ID:
			return accountConflict()
		}
	}
	return s.rename(tx, u, p)
}

// ScimMember returns a person of the team by the id that provisioning clients
// know: the membership's. NOT_FOUND for integrations and other teams' people.
func (s *Service) ScimMember(ctx context.Context, team, id models.ID) (Member, error) {
	if err := access.Require(ctx, access.MembersRead, team); err != nil {
		return Member{}, err
	}
	rows, err := s.scimRows(ctx, s.DB.Read(ctx).Where("memberships.id = ?", id), team)
	if err != nil {
		return Member{}, err
	}
	if len(rows) == 0 {
		return Member{}, noSuchUser()
	}
	return rows[0], nil
}

// ScimQuery asks for people; what is nil is not asked. UserName is compared
// folded (RFC 7643 section 4.1.1: not case-exact), ExternalID to the letter.
type ScimQuery struct {
	ID                   *models.ID
	UserName, ExternalID *string
	Offset, Limit        int
}

// ScimMembers lists a team's people for a provisioning client in the order in
// which they came, with the number of all that match.
func (s *Service) ScimMembers(ctx context.Context, team models.ID, q ScimQuery) ([]Member, int, error) {
	if err := access.Require(ctx, access.MembersRead, team); err != nil {
		return nil, 0, err
	}
	if q.UserName != nil && !models.Printable(models.Fold(*q.UserName)) || q.ExternalID != nil && !models.Printable(*q.ExternalID) {
		return nil, 0, nil // nobody is called that, and PostgreSQL could not even compare it
	}
	where := func() *gorm.DB {
		db := s.DB.Read(ctx)
		if q.ID != nil {
			db = db.Where("memberships.id = ?", *q.ID)
		}
		if q.UserName != nil {
			db = db.Where("memberships.user_name_key = ?", models.Fold(*q.UserName))
		}
		if q.ExternalID != nil {
			db = db.Where("memberships.external_id = ?", *q.ExternalID)
		}
		return db
	}
	var total int64
	if err := people(where(), team).Count(&total).Error; err != nil {
		return nil, 0, err
	}
	if q.Limit <= 0 || int64(q.Offset) >= total {
		return nil, int(total), nil
	}
	rows, err := s.scimRows(ctx, where().Order("memberships.id").Offset(q.Offset).Limit(q.Limit), team)
	return rows, int(total), err
}

// people narrows a query to the persons of a team.
func people(q *gorm.DB, team models.ID) *gorm.DB {
	return q.Model(&models.Membership{}).Joins("JOIN users ON users.id = memberships.user_id AND users.kind = ?", models.KindPerson).
		Where("memberships.team_id = ?", team)
}

// scimRows reads memberships and then their users, two statements whatever the
// number of rows.
func (s *Service) scimRows(ctx context.Context, q *gorm.DB, team models.ID) ([]Member, error) {
	var rows []models.Membership
	if err := people(q, team).Find(&rows).Error; err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, nil
	}
	ids := make([]models.ID, len(rows))
	for i, m := range rows {
		ids[i] = m.UserID
	}
	var users []models.User
	if err := s.DB.Read(ctx).Where("id IN ?", ids).Find(&users).Error; err != nil {
		return nil, err
	}
	known := byID(users, func(u models.User) models.ID { return u.ID })
	out := make([]Member, 0, len(rows))
	for _, m := range rows {
		// A user who went between the two statements went with the membership.
		if u, ok := known[m.UserID]; ok {
			out = append(out, Member{Membership: m, User: u})
		}
	}
	return out, nil
}
