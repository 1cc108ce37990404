package roster

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/credential"
	"rollcall/fault"
	"rollcall/models"
)

// maxReason is the longest reason for a deactivation, in characters.
const maxReason = 200

// Member is a membership with its user.
type Member struct {
	models.Membership
	User models.User
	// For provisioning clients only: what they said, and the groups.
	Profile models.ScimProfile
	Groups  []MemberGroup
}

// target is the event target of every change to the member.
func (m Member) target() audit.Target {
	return audit.Target{Kind: models.PrefixMembership, ID: m.ID, Label: m.User.Email}
}

// change runs fn on a member with team, membership and user locked and the
// caller's right to change members checked.
func (s *Service) change(ctx context.Context, id models.ID, fn func(tx *gorm.DB, m *Member) error) error {
	var seen models.Membership
	if err := s.DB.Read(ctx).Where("id = ?", id).Take(&seen).Error; err != nil {
		return onMembership(models.Fault(err))
	}
	if err := access.Require(ctx, access.MembersWrite, seen.TeamID); err != nil {
		return onMembership(err)
	}
	return s.DB.InTx(ctx, func(tx *gorm.DB) error {
		m, err := lock(tx, seen.TeamID, id)
		if err != nil {
			return onMembership(err)
		}
		if err := provisionable(ctx, m); err != nil {
			return err
		}
		return fn(tx, &m)
	})
}

// onMembership points NOT_FOUND at the id that the caller gave.
func onMembership(err error) error {
	if f, ok := fault.As(err); ok && f.Kind == fault.NotFound {
		return fault.New(fault.Missing, "There is no such member.").On("membershipId")
	}
	return err
}

// lock takes a member's locks in the room's order.
func lock(tx *gorm.DB, team, membership models.ID) (Member, error) {
	if _, err := models.LockTeam(tx, team); err != nil {
		return Member{}, err
	}
	return lockMember(tx, membership)
}

// lockMember locks a membership alone and reads its user.
func lockMember(tx *gorm.DB, membership models.ID) (Member, error) {
	row, err := models.LockMembership(tx, membership)
	if err != nil {
		return Member{}, err
	}
	m := Member{Membership: row}
	found, err := one(tx.Raw("SELECT "+userColumnList()+" FROM users u WHERE u.id = ?", row.UserID), models.Fields(&m.User)...)
	if err == nil && !found {
		err = gorm.ErrRecordNotFound
	}
	return m, models.Fault(err)
}

// provisionable refuses a provisioning client that reaches for the people who
// are the team's way in when its identity provider is down.
func provisionable(ctx context.Context, m Member) error {
	if access.From(ctx).Kind != access.Scim {
		return nil
	}
	if m.User.Kind == models.KindIntegration || m.Role == models.RoleAdmin && m.Direct(m.User) {
		return fault.New(fault.BreakGlass, "The member is not the identity provider's to change: a direct admin or an integration.")
	}
	return nil
}

// save writes columns of a membership and moves its revision on.
func (s *Service) save(tx *gorm.DB, m *Member, columns map[string]any) error {
	b := models.NewBatch(tx)
	s.saveIn(b, m, columns)
	return b.Run()
}

// saveIn is save together with other changes.
func (s *Service) saveIn(b *models.Batch, m *Member, columns map[string]any) {
	m.Revision++
	m.UpdatedAt = s.now()
	text, args := "UPDATE memberships SET revision = ?, updated_at = ?", []any{m.Revision, m.UpdatedAt}
	for _, column := range slices.Sorted(maps.Keys(columns)) { // always the same text
		text += ", " + column + " = ?"
		args = append(args, columns[column])
	}
	b.Add(nil, text+" WHERE id = ?", append(args, m.ID)...)
}

// ChangeRole gives a member another role by hand. revision is the one that the
// caller read, or nil. Faults: NOT_FOUND, FORBIDDEN, STALE_REVISION,
// LAST_ADMIN, BREAK_GLASS.
func (s *Service) ChangeRole(ctx context.Context, id models.ID, role models.Role, revision *int) (models.Membership, error) {
	var out models.Membership
	err := s.change(ctx, id, func(tx *gorm.DB, m *Member) error {
		out = m.Membership
		if access.From(ctx).Kind == access.Scim {
			return fault.New(fault.Forbidden, "A provisioning client gives no roles.")
		}
		if revision != nil && *revision != m.Revision {
			return fault.New(fault.StaleRevision, "The membership is at revision %d now.", m.Revision).On("revision")
		}
		if m.Role == role && m.RoleSource == models.RoleByHand {
			return nil
		}
		if role != models.RoleAdmin {
			if err := staysGoverned(tx, *m); err != nil {
				return err
			}
		}
		err := s.giveRole(ctx, tx, m, role)
		out = m.Membership
		return err
	})
	return out, err
}

// Deactivate shuts a member out until somebody reactivates them: every session
// and API key that they held on the team ends in the same transaction. Doing it
// twice is not an error. Faults: NOT_FOUND, FORBIDDEN, INVALID, LAST_ADMIN,
// BREAK_GLASS.
func (s *Service) Deactivate(ctx context.Context, id models.ID, reason string) (models.Membership, error) {
	reason = strings.TrimSpace(reason)
	if utf8.RuneCountInString(reason) > maxReason || !models.Printable(reason) {
		return models.Membership{}, fault.New(fault.InvalidValue, "The reason may have %d printable characters.", maxReason).On("reason")
	}
	var out models.Membership
	err := s.change(ctx, id, func(tx *gorm.DB, m *Member) error {
		err := s.deactivate(ctx, tx, m, reason)
		out = m.Membership
		return err
	})
	return out, err
}

// deactivate does it to a locked member.
func (s *Service) deactivate(ctx context.Context, tx *gorm.DB, m *Member, reason string) error {
	if m.Status == models.StatusDeactivated {
		return nil
	}
	if err := staysGoverned(tx, *m); err != nil {
		return err
	}
	now := s.now()
	m.Status, m.DeactivatedAt, m.DeactivatedBy, m.DeactivatedReason = models.StatusDeactivated, &now, access.From(ctx).Label, reason
	b := models.NewBatch(tx)
	s.saveIn(b, m, map[string]any{"status": m.Status, "deactivated_at": now, "deactivated_by": m.DeactivatedBy, "deactivated_reason": reason})
	receipt := s.credentials().Revoke(b, m.ID, "deactivated", now)
	if err := b.Run(); err != nil {
		return err
	}
	if err := s.addOut(ctx, b, *m, audit.MemberDeactivated, *receipt, now); err != nil {
		return err
	}
	return b.Run()
}

// addOut adds the receipt: who asked, what ended and how many.
func (s *Service) addOut(ctx context.Context, b *models.Batch, m Member, action string, receipt credential.Receipt, at time.Time) error {
	if err := s.tellOut(ctx, b.Tx(), m, action); err != nil {
		return err
	}
	details := append([]models.AuditDetail{audit.Detail("role", string(m.Role))}, receipt.Details()...)
	return audit.Add(ctx, b, at, audit.Event{TeamID: m.TeamID, Action: action, Target: m.target(), Details: details})
}

// Reactivate lets a deactivated member in again, with the role of before and
// without the credentials of before. Doing it twice is not an error. Faults:
// NOT_FOUND, FORBIDDEN.
func (s *Service) Reactivate(ctx context.Context, id models.ID) (models.Membership, error) {
	var out models.Membership
	err := s.change(ctx, id, func(tx *gorm.DB, m *Member) error {
		err := s.reactivate(ctx, tx, m)
		out = m.Membership
		return err
	})
	return out, err
}

// reactivate does it to a locked member.
func (s *Service) reactivate(ctx context.Context, tx *gorm.DB, m *Member) error {
	if m.Status == models.StatusActive {
		return nil
	}
	m.Status, m.DeactivatedAt, m.DeactivatedBy, m.DeactivatedReason = models.StatusActive, nil, "", ""
	b := models.NewBatch(tx)
	s.saveIn(b, m, map[string]any{"status": m.Status, "deactivated_at": nil, "deactivated_by": "", "deactivated_reason": ""})
	err := audit.Add(ctx, b, s.Now(), audit.Event{
		TeamID: m.TeamID, Action: audit.MemberReactivated, Target: m.target(),
		Details: []models.AuditDetail{audit.Detail("role", string(m.Role))},
	})
	if err != nil {
		return err
	}
	return b.Run()
}

// Removal is what a Remove ended.
type Removal struct {
	Membership models.Membership
	Receipt    credential.Receipt
}

// Remove ends a membership for good: the membership and its identities are
// deleted, every session and API key that the member held on the team ends, and
// tombstones keep single sign-on and old invitations from bringing the person
// back. An account that the team's identity provider made and that is on no
// other team is deleted as well. All of it is one transaction. Faults:
// NOT_FOUND, FORBIDDEN, LAST_ADMIN, BREAK_GLASS.
func (s *Service) Remove(ctx context.Context, id models.ID) (Removal, error) {
	var out Removal
	err := s.change(ctx, id, func(tx *gorm.DB, m *Member) (err error) {
		out, err = s.remove(ctx, tx, m)
		return err
	})
	return out, err
}

// remove does it to a locked member.
func (s *Service) remove(ctx context.Context, tx *gorm.DB, m *Member) (Removal, error) {
	if err := staysGoverned(tx, *m); err != nil {
		return Removal{}, err
	}
	now := s.now()
	user, err := models.LockUser(tx, m.UserID)
	if err != nil {
		return Removal{}, err
	}
	// What refers to the membership ends or changes first, for the membership takes
	// the rest with it.
	b := models.NewBatch(tx)
	receipt := s.credentials().Revoke(b, m.ID, "removed", now)
	s.leaveLists(b, *m)
	if err := b.Run(); err != nil {
		return Removal{}, err
	}
	if err := s.bury(b, *m, now); err != nil {
		return Removal{}, err
	}
	b.Add(nil, "DELETE FROM memberships WHERE id = ?", m.ID)
	if user.ManagedBy(m.TeamID) {
		release(b, *m, now)
	}
	if err := s.addOut(ctx, b, *m, audit.MemberRemoved, *receipt, now); err != nil {
		return Removal{}, err
	}
	return Removal{Membership: m.Membership, Receipt: *receipt}, b.Run()
}

// release lets go of the account of somebody who is removed, which the team's
// identity provider had made: it is deleted when nothing else holds it, and only
// loses its manager when another team has it too. The account is locked.
func release(b *models.Batch, m Member, now time.Time) {
	const elsewhere = "EXISTS (SELECT 1 FROM memberships WHERE user_id = ? AND id <> ?)"
	b.Add(nil, "DELETE FROM users WHERE id = ? AND NOT "+elsewhere, m.UserID, m.UserID, m.ID)
	b.Add(nil, "UPDATE users SET managed_by_team_id = NULL, updated_at = ? WHERE id = ? AND "+elsewhere, now, m.UserID, m.UserID, m.ID)
}
