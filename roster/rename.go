package roster

import (
	"context"
	"strings"
	"time"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/fault"
	"rollcall/models"
	"rollcall/sso"
)

// noticeEmailChanged is a kind of notice, as package mail calls it.
const noticeEmailChanged = "email_changed"

// followProfile brings the profile of a locked member who signs in up to date.
// Provisioning is the better source: whom it manages, it describes. An account
// that the team does not manage keeps its own names and address.
func (s *Service) followProfile(ctx context.Context, tx *gorm.DB, l *sso.Login, m *Member, now time.Time) error {
	if m.ScimManaged {
		return nil
	}
	said := asserted(l)
	if (&Person{Email: said.Email}).proper() != nil {
		return nil // what cannot be used changes nothing
	}
	said.Email = strings.TrimSpace(said.Email)
	want := Person{Email: m.User.Email, Name: m.User.Name, GivenName: m.User.GivenName, FamilyName: m.User.FamilyName}
	moved := models.Fold(said.Email) != m.User.EmailKey
	switch kind, err := s.mayMove(tx, l, *m, said.Email, moved); {
	case err != nil:
		return err
	case kind != "":
		if err := noteConflict(tx, l, m.ID, kind, now); err != nil {
			return err
		}
		moved = false
	default:
		if err := settledEmail(tx, m.ID, now); err != nil {
			return err
		}
	}
	if moved {
		want.Email = said.Email
	}
	if m.User.ManagedBy(m.TeamID) && (&Person{Email: said.Email, Name: said.Name, GivenName: said.GivenName, FamilyName: said.FamilyName}).proper() == nil {
		// An attribute that is absent says nothing.
		want.Name, want.GivenName, want.FamilyName = either(said.Name, want.Name), either(said.GivenName, want.GivenName), either(said.FamilyName, want.FamilyName)
	}
	return s.redescribe(ctx, tx, l, m, want, now)
}

// either is the first of two texts that says something.
func either(said, kept string) string {
	if said = strings.TrimSpace(said); said != "" {
		return said
	}
	return kept
}

// mayMove says why a member's account cannot take another address, "" when it
// can or need not. An account on other teams stays: there its address may be
// the key to a password, and this identity provider speaks for one team only.
func (s *Service) mayMove(tx *gorm.DB, l *sso.Login, m Member, address string, moved bool) (models.ConflictKind, error) {
	switch {
	case !moved:
		return "", nil
	case !m.User.ManagedBy(m.TeamID):
		return models.ConflictEmailNotManaged, nil
	}
	// It is a conflict and no failed check: the sign-in itself goes on.
	if err := mayBring(tx, l.Settings, address, unnoted); fault.Is(err, fault.DomainNotAllowed) {
		return models.ConflictEmailNotAllowed, nil
	} else if err != nil {
		return "", err
	}
	if shared, err := elsewhere(tx, m); err != nil {
		return "", err
	} else if shared {
		return models.ConflictEmailOtherTeams, nil
	}
	_, found, err := userByEmail(tx, address)
	if err == nil && !found {
		var named int64
		err = tx.Model(&models.Membership{}).Where("team_id = ? AND user_name_key = ? AND id <> ?", m.TeamID, models.Fold(address), m.ID).Count(&named).Error
		found = named > 0
	}
	if err != nil || !found {
		return "", err
	}
	return models.ConflictEmailInUse, nil
}

// elsewhere reports whether a member's account is on other teams too.
func elsewhere(tx *gorm.DB, m Member) (bool, error) {
	var n int64
	err := tx.Model(&models.Membership{}).Where("user_id = ? AND team_id <> ?", m.UserID, m.TeamID).Limit(1).Count(&n).Error
	return n > 0, err
}

// redescribe writes what differs of a locked member's account. A new address
// has to be confirmed anew, unless the team vouches for its domain.
func (s *Service) redescribe(ctx context.Context, tx *gorm.DB, l *sso.Login, m *Member, want Person, now time.Time) error {
	old := m.User
	var changed []models.AuditDetail
	for _, c := range []struct{ name, before, after string }{
		{"email", old.Email, want.Email}, {"name", old.Name, want.Name}, {"givenName", old.GivenName, want.GivenName}, {"familyName", old.FamilyName, want.FamilyName},
	} {
		if c.before != c.after {
			changed = append(changed, audit.Change(c.name, c.before, c.after))
		}
	}
	if len(changed) == 0 {
		return nil
	}
	if err := s.rename(tx, &m.User, want); err != nil {
		return err
	}
	if m.UserNameKey == old.EmailKey {
		m.UserName, m.UserNameKey = want.Email, models.Fold(want.Email)
	}
	if err := s.save(tx, m, map[string]any{"user_name": m.UserName, "user_name_key": m.UserNameKey}); err != nil {
		return err
	}
	if err := tx.Where("membership_id = ?", m.ID).Take(&m.Profile).Error; err != nil {
		return models.Fault(err)
	}
	profile, err := ownProfile(want)
	if err != nil {
		return err
	}
	if err := describe(tx, m, profile); err != nil {
		return err
	}
	if old.Email != want.Email {
		if err := s.moved(ctx, tx, l.Settings, m, old.Email, now); err != nil {
			return err
		}
	}
	return audit.Record(ctx, tx, now, audit.Event{TeamID: m.TeamID, Action: audit.MemberProfileChanged, Target: m.target(), Details: changed})
}

// moved does what a new address brings with it: links that went to the old one
// end, it is not confirmed yet, and both addresses are told.
func (s *Service) moved(ctx context.Context, tx *gorm.DB, settings models.SsoSettings, m *Member, old string, now time.Time) error {
	for _, purpose := range []models.LinkPurpose{models.LinkVerifyEmail, models.LinkSetPassword, models.LinkUpgrade} {
		if err := s.credentials().RevokeLinks(tx, purpose, "user_id = ?", m.UserID); err != nil {
			return err
		}
	}
	vouched, err := holds(tx, m.TeamID, m.User.Email)
	if err != nil {
		return err
	}
	m.User.VerifiedAt = nil
	if vouched && settings.TrustVerifiedDomains {
		m.User.VerifiedAt = &now
	}
	if err := tx.Model(&models.User{}).Where("id = ?", m.UserID).Update("verified_at", m.User.VerifiedAt).Error; err != nil {
		return err
	}
	for _, address := range []string{old, m.User.Email} {
		if reachesNobody(address) {
			continue
		}
		err := s.tell(ctx, tx, models.Notice{TeamID: m.TeamID, Kind: noticeEmailChanged, Recipient: address, UserID: &m.UserID, Facts: map[string]string{
			"email": m.User.Email, "change.email": old + " -> " + m.User.Email,
		}})
		if err != nil {
			return err
		}
	}
	if m.User.VerifiedAt != nil || reachesNobody(m.User.Email) {
		return nil
	}
	return s.askToConfirm(ctx, tx, *m)
}

// tell announces something that happened once, now, by the context's actor.
func (s *Service) tell(ctx context.Context, tx *gorm.DB, n models.Notice) error {
	if s.Announce == nil {
		return nil
	}
	var err error
	if n.ID, err = models.NewID(); err != nil {
		return err
	}
	n.NoticeKey, n.CreatedAt = n.Kind+"/"+string(n.ID), s.now()
	n.Facts["at"], n.Facts["actor"] = n.CreatedAt.Format(time.RFC3339), access.From(ctx).Label
	return s.Announce(tx, n)
}
