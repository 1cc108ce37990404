package sso

import (
	"gorm.io/gorm"

	"rollcall/fault"
	"rollcall/models"
)

// The conditions below say in SQL, over memberships m with their users u, what
// models.Membership's Direct and OwnLogin say of one; a test compares them.
const (
	isActive = `m.status = 'ACTIVE'`
	isDirect = `(m.source IN ('DIRECT', 'INVITATION') AND NOT m.scim_managed AND m.sso_linked_at IS NULL
		AND (u.managed_by_team_id IS NULL OR u.managed_by_team_id <> m.team_id))`
	// ownLogin is OwnLogin while single sign-on is enforced.
	ownLogin = `(u.kind = 'INTEGRATION' OR (` + isDirect + ` AND (m.role = 'ADMIN' OR m.sso_bypass)))`
	// directAdmins are the team's way in when the identity provider is down.
	directAdmins = isActive + ` AND m.role = 'ADMIN' AND u.kind = 'PERSON' AND ` + isDirect
	// hasFactor is a second factor that works: a passkey by itself, a time-based
	// code for those who have a password to go with it.
	hasFactor = `EXISTS (SELECT 1 FROM second_factors f WHERE f.user_id = u.id AND f.confirmed_at IS NOT NULL
		AND (f.kind = 'PASSKEY' OR EXISTS (SELECT 1 FROM passwords w WHERE w.user_id = u.id)))`
	hasPassword = `EXISTS (SELECT 1 FROM passwords w WHERE w.user_id = u.id)`
	// hasIdentity is of members who came in through the identity provider before.
	hasIdentity = `EXISTS (SELECT 1 FROM external_identities x WHERE x.membership_id = m.id)`
)

// peopleOf are a team's memberships as m with their users as u.
func peopleOf(db *gorm.DB, team models.ID) *gorm.DB {
	return db.Table("memberships m").Joins("JOIN users u ON u.id = m.user_id").Where("m.team_id = ?", team)
}

// countDirect counts the direct admins of a team, but for one user, and those of
// them who have a second factor.
func countDirect(db *gorm.DB, team, except models.ID) (all, factored int64, err error) {
	q := peopleOf(db, team).Where(directAdmins)
	if except != "" {
		q = q.Where("u.id <> ?", except)
	}
	q = q.Session(&gorm.Session{})
	if err := q.Count(&all).Error; err != nil {
		return 0, 0, err
	}
	return all, factored, q.Where(hasFactor).Count(&factored).Error
}

// FactorStays refuses to take a direct admin of an enforced, locked team away,
// by role, by status, by putting them under single sign-on, when nobody else of
// the kind with a second factor is left. Faults: BREAK_GLASS.
func FactorStays(tx *gorm.DB, team, user models.ID) error {
	settings, err := SettingsIn(tx, team)
	if err != nil || settings.State != models.SsoEnforced {
		return err
	}
	_, factored, err := countDirect(tx, team, "")
	if err != nil {
		return err
	}
	_, left, err := countDirect(tx, team, user)
	if err == nil && factored > 0 && left == 0 {
		return fault.New(fault.BreakGlass, "It is the team's last direct admin with a second factor, and single sign-on is enforced.")
	}
	return err
}

// FactorNeeded refuses, in a transaction that is about to take somebody's second
// factor or password away, to leave an enforced team without a direct admin who
// has one. It locks the teams where that could be, so that of two such changes, or
// of one and an enforcement, the second sees what the first did; call it before
// the transaction locks or changes anything. Faults: BREAK_GLASS.
func FactorNeeded(tx *gorm.DB, user models.ID) error {
	var teams []models.ID
	err := tx.Table("memberships m").Joins("JOIN users u ON u.id = m.user_id").Where("m.user_id = ?", user).Where(directAdmins).
		Order("m.team_id").Limit(1_000).Pluck("m.team_id", &teams).Error
	if err != nil {
		return err
	}
	for _, team := range teams { // few: those that one person is a direct admin of
		if _, err := models.LockTeam(tx, team); err != nil {
			return err
		}
		if err := FactorStays(tx, team, user); err != nil {
			return err
		}
	}
	return nil
}
