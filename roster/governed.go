package roster

import (
	"gorm.io/gorm"

	"rollcall/fault"
	"rollcall/models"
	"rollcall/sso"
)

// staysGoverned refuses a change that takes an active admin away when it would
// leave the team without one or, while single sign-on is on, without a direct
// one: that is the way in when the identity provider is down. The team is
// locked, so two admins who remove each other take turns and the second is
// refused.
func staysGoverned(tx *gorm.DB, m Member) error {
	if m.Role != models.RoleAdmin || m.Status != models.StatusActive {
		return nil
	}
	others, err := countAdmins(otherAdmins(tx, m))
	if err != nil {
		return err
	}
	if others == 0 {
		return fault.New(fault.LastAdmin, "The team would be left without an active admin.")
	}
	if !m.Direct(m.User) {
		return nil
	}
	return staysOpen(tx, m)
}

// staysOpen refuses a change that takes a direct admin away, or puts one under
// single sign-on, when it leaves the team without one while single sign-on is on.
func staysOpen(tx *gorm.DB, m Member) error {
	settings, err := sso.SettingsIn(tx, m.TeamID)
	if err != nil || !settings.State.On() {
		return err
	}
	direct, err := countAdmins(otherAdmins(tx, m).
		Where("memberships.source IN ? AND NOT memberships.scim_managed AND memberships.sso_linked_at IS NULL", []models.MembershipSource{models.SourceDirect, models.SourceInvitation}).
		Where("(users.managed_by_team_id IS NULL OR users.managed_by_team_id <> ?)", m.TeamID))
	if err != nil {
		return err
	}
	if direct == 0 {
		return fault.New(fault.BreakGlass, "It is the team's last direct admin, and single sign-on is on.")
	}
	return sso.FactorStays(tx, m.TeamID, m.UserID)
}

// otherAdmins are the team's active admins but for one. Robots are none.
func otherAdmins(tx *gorm.DB, m Member) *gorm.DB {
	return tx.Model(&models.Membership{}).Joins("JOIN users ON users.id = memberships.user_id").
		Where("memberships.team_id = ? AND memberships.role = ? AND memberships.status = ? AND memberships.id <> ? AND users.kind = ?",
			m.TeamID, models.RoleAdmin, models.StatusActive, m.ID, models.KindPerson)
}

func countAdmins(q *gorm.DB) (int64, error) {
	var n int64
	err := q.Count(&n).Error
	return n, err
}
