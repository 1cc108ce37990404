package roster

import (
	"context"
	"slices"
	"time"
	"unicode"

	"gorm.io/gorm"

	"rollcall/fault"
	"rollcall/models"
	"rollcall/sso"
)

// announced finds the member whom the team's provisioning client calls by the
// NameID of this assertion: as externalId or as userName. Both names were given
// by the same team's identity provider to an account that the team manages, so
// nobody gains what was not theirs. The e-mail address alone never joins.
func (s *Service) announced(ctx context.Context, tx *gorm.DB, l *sso.Login, now time.Time) (Member, bool, error) {
	var rows []models.Membership
	err := announcedAs(tx, l).Select("id").Limit(2).Find(&rows).Error
	switch {
	case err != nil || len(rows) == 0:
		return Member{}, false, err
	case len(rows) > 1:
		return Member{}, false, loginConflict("Two members are called by this NameID, one by externalId and one by userName.")
	}
	g, err := s.grading(tx, l, rows[0].ID)
	if err != nil {
		return Member{}, false, err
	}
	m, err := lockMember(tx, rows[0].ID)
	if fault.Is(err, fault.Missing) {
		return Member{}, false, models.ErrAgain
	}
	if err != nil {
		return Member{}, false, err
	}
	switch {
	case m.Status != models.StatusActive:
		return Member{}, false, deactivated()
	case value(m.ExternalID) != l.Assertion.NameID && !sameButForCase(m.UserName, l.Assertion.NameID):
		return Member{}, false, loginConflict("The NameID looks like a member's userName and is written otherwise.")
	case !m.User.ManagedBy(l.Team.ID):
		return Member{}, false, loginConflict("The member's account is not managed by the team.")
	}
	if err := s.otherName(tx, l, m, now); err != nil {
		return Member{}, false, err
	}
	return m, true, s.join(ctx, tx, l, g, &m, now)
}

// otherName refuses a locked member whom the same identity provider knows by
// another NameID: it says that two people are one, which an admin has to judge.
func (s *Service) otherName(tx *gorm.DB, l *sso.Login, m Member, now time.Time) error {
	var linked []models.ExternalIdentity
	err := tx.Where("membership_id = ? AND issuer = ?", m.ID, l.Provider.EntityID).Find(&linked).Error
	if err != nil || len(linked) == 0 {
		return err
	}
	for _, x := range linked {
		if x.NameID == l.Assertion.NameID {
			// A sign-in in another tab linked it while this one waited.
			return models.ErrAgain
		}
	}
	if err := noteConflict(tx, l, m.ID, models.ConflictNameID, now); err != nil {
		return err
	}
	return fault.New(fault.NameIDChanged, "The member signed in under another NameID before.")
}

// byAddress finds the member whose account the team manages and has the
// assertion's address. The address proves something only in a domain that the
// team proved to be its own; otherwise an admin has to say whether it is the
// same person.
func (s *Service) byAddress(ctx context.Context, tx *gorm.DB, l *sso.Login, p Person, now time.Time) (Member, bool, error) {
	id, err := managedAs(tx, l.Team.ID, p.Email)
	if err != nil || id == "" {
		return Member{}, false, err
	}
	g, err := s.grading(tx, l, id)
	if err != nil {
		return Member{}, false, err
	}
	m, err := lockMember(tx, id)
	switch {
	case fault.Is(err, fault.Missing):
		return Member{}, false, models.ErrAgain
	case err != nil:
		return Member{}, false, err
	case m.Status != models.StatusActive:
		return Member{}, false, deactivated()
	case !inCare(m) || m.User.EmailKey != models.Fold(p.Email):
		return Member{}, false, models.ErrAgain // it was so a moment ago
	case calledBy(m, l):
		return Member{}, false, models.ErrAgain // provisioning announced them since announced looked
	case !sameButForCase(m.User.Email, p.Email):
		return Member{}, false, loginConflict("The address looks like a member's and is written otherwise.")
	}
	if err := s.otherName(tx, l, m, now); err != nil {
		return Member{}, false, err
	}
	held, err := holds(tx, l.Team.ID, p.Email)
	if err != nil {
		return Member{}, false, err
	}
	if !held || !m.User.ManagedBy(l.Team.ID) {
		if err := noteConflict(tx, l, m.ID, models.ConflictIdentity, now); err != nil {
			return Member{}, false, err
		}
		return Member{}, false, loginConflict("A member has this address, and nothing proves that the identity is theirs.")
	}
	return m, true, s.join(ctx, tx, l, g, &m, now)
}

// managedAs is the membership on the team of the account with an address, if
// the account is in the team's care; "" otherwise.
func managedAs(tx *gorm.DB, team models.ID, address string) (models.ID, error) {
	var rows []models.Membership
	err := tx.Model(&models.Membership{}).Select("memberships.id").Joins("JOIN users ON users.id = memberships.user_id").
		Where("memberships.team_id = ? AND users.email_key = ?", team, models.Fold(address)).
		Where("(users.managed_by_team_id = memberships.team_id OR memberships.sso_linked_at IS NOT NULL)").
		Limit(1).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return "", err
	}
	return rows[0].ID, nil
}

// inCare reports whether a member's account is the team's to manage, or its
// owner gave the membership into the team's care.
func inCare(m Member) bool { return m.User.ManagedBy(m.TeamID) || m.SsoLinkedAt != nil }

// calledBy says of one member what announcedAs asks of the team.
func calledBy(m Member, l *sso.Login) bool {
	return m.ScimManaged && (value(m.ExternalID) == l.Assertion.NameID || m.UserNameKey == models.Fold(l.Assertion.NameID))
}

// announcedAs narrows a query to the members that provisioning calls by the
// assertion's NameID.
func announcedAs(tx *gorm.DB, l *sso.Login) *gorm.DB {
	return tx.Where("team_id = ? AND scim_managed = ? AND (external_id = ? OR user_name_key = ?)",
		l.Team.ID, true, l.Assertion.NameID, models.Fold(l.Assertion.NameID))
}

// sameButForCase compares two names letter by letter, where a letter and its
// capital are the same. models.Fold takes more than that for the same - the sign
// of kelvin for a k, a wide a for an a, ss for ß - so that nobody is called like
// somebody else; a provider that does not may know two people by such names.
func sameButForCase(a, b string) bool {
	x, y := []rune(a), []rune(b)
	return slices.EqualFunc(x, y, func(a, b rune) bool { return a == b || capital(a, b) || capital(b, a) })
}

// capital reports whether one letter is the capital of the other, and that one
// the small letter of the first.
func capital(large, small rune) bool {
	return unicode.ToLower(large) == small && unicode.ToUpper(small) == large
}

func loginConflict(message string) *fault.Error {
	return fault.New(fault.LoginAccountConflict, "%s", message)
}

// provisionJit makes an account and a membership for somebody whom nobody
// knew. Tombstones are looked for after the account: somebody whose removal was
// running when the look for the account had to wait has left theirs by then.
func (s *Service) provisionJit(ctx context.Context, tx *gorm.DB, l *sso.Login, p Person, out *SignIn, now time.Time) (Member, error) {
	taken := s.unknown(tx, l.Team.ID, p.Email)
	if taken != nil && !fault.Is(taken, fault.LoginAccountConflict) {
		return Member{}, taken
	}
	gone, err := s.buried(tx, l.Team.ID, signInStones(l.Provider.EntityID, l.Assertion.NameID, p.Email)...)
	switch {
	case err != nil:
		return Member{}, err
	case gone:
		return Member{}, fault.New(fault.UserRemoved, "The person was removed from this team.")
	case taken != nil:
		if err := s.appeared(tx, l, p, taken); !fault.Is(err, fault.LoginAccountConflict) {
			return Member{}, err
		}
		return Member{}, s.startUpgrade(ctx, tx, l, p, taken, out, now)
	}
	if !l.Settings.JitEnabled {
		return Member{}, fault.New(fault.JitDisabled, "The team takes only people who were provisioned before.")
	}
	if err := mayAssert(tx, l, p.Email); err != nil {
		return Member{}, err
	}
	g, err := s.grading(tx, l, "")
	if err != nil {
		return Member{}, err
	}
	if err := stillUnannounced(tx, l); err != nil {
		return Member{}, err
	}
	role, source := g.newcomer()
	u, err := s.account(p, models.KindPerson, models.OriginSso, &l.Team.ID)
	if err != nil {
		return Member{}, err
	}
	row, err := s.newMembership(tx, models.Membership{
		TeamID: l.Team.ID, UserID: u.ID, Role: role, RoleSource: source,
		Status: models.StatusActive, Source: models.SourceJit, UserName: p.Email, LastSeenAt: &now,
	}, &u)
	if err != nil {
		return Member{}, err
	}
	m := Member{Membership: row, User: u}
	if err := s.link(tx, l, m, now); err != nil {
		return Member{}, err
	}
	if err := keepClaims(tx, m.Membership, g.claims, now); err != nil {
		return Member{}, err
	}
	if m.Role == models.RoleAdmin {
		if err := s.tellRaised(ctx, tx, m.TeamID, []raised{{m.User.Email, ""}}); err != nil {
			return Member{}, err
		}
	}
	if err := s.arrive(ctx, tx, &m, Profile{}); err != nil {
		return Member{}, err
	}
	return m, s.askToConfirm(ctx, tx, m)
}

// stillUnannounced is ErrAgain when provisioning made the person after this
// sign-in had looked for them. With the team locked, none is doing so now: there
// would be two of one person, and a removal would end the access of one.
func stillUnannounced(tx *gorm.DB, l *sso.Login) error {
	if _, err := models.LockTeam(tx, l.Team.ID); err != nil {
		return err
	}
	var n int64
	err := announcedAs(tx, l).Model(&models.Membership{}).Limit(1).Count(&n).Error
	if err == nil && n > 0 {
		err = models.ErrAgain
	}
	return err
}

// appeared is ErrAgain when the account that is in the way belongs to this very
// person: another tab signed them in, or provisioning announced them, after
// this sign-in had looked for them. Otherwise it is the refusal.
func (s *Service) appeared(tx *gorm.DB, l *sso.Login, p Person, refusal error) error {
	var identities, members int64
	if err := identityOf(tx, l).Model(&models.ExternalIdentity{}).Count(&identities).Error; err != nil {
		return err
	}
	if err := announcedAs(tx, l).Model(&models.Membership{}).Count(&members).Error; err != nil {
		return err
	}
	managed, err := managedAs(tx, l.Team.ID, p.Email)
	switch {
	case err != nil:
		return err
	case identities+members > 0 || managed != "":
		return models.ErrAgain
	}
	return refusal
}

// unknown refuses an address that belongs to somebody: an account on whatever
// team, or a member whom provisioning calls by it.
func (s *Service) unknown(tx *gorm.DB, team models.ID, address string) error {
	u, found, err := userByEmail(tx, address)
	if err != nil {
		return err
	}
	q := tx.Where("team_id = ? AND user_name_key = ?", team, models.Fold(address))
	if found {
		q = tx.Where("team_id = ? AND (user_id = ? OR user_name_key = ?)", team, u.ID, models.Fold(address))
	}
	var rows []models.Membership
	if err := q.Limit(1).Find(&rows).Error; err != nil {
		return err
	}
	switch {
	case len(rows) > 0 && rows[0].Status == models.StatusDeactivated:
		return deactivated()
	case found || len(rows) > 0:
		return loginConflict("An account with this e-mail address exists that this team does not manage or that has another identity.")
	}
	return nil
}
