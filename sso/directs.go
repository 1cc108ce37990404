package sso

import (
	"cmp"
	"slices"

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
		return lastFactor()
	}
	return err
}

// KeepingFactors runs, in the caller's transaction, a change that takes a second
// factor or password of somebody away, and refuses it when it leaves a team that
// enforces single sign-on without a direct admin who could come in. It locks the
// teams that the person is on before the change, so that of two such changes, or
// of one and an enforcement or a change of roles, the second sees what the first
// did; so it has to come before the transaction locks or changes anything. Fault:
// BREAK_GLASS.
func KeepingFactors(tx *gorm.DB, user models.ID, change func() error) error {
	teams, err := teamsOf(tx, user)
	if err != nil {
		return err
	}
	var held []models.ID         // the teams that enforce and have somebody who could come in
	for _, team := range teams { // few: those that one person is on
		if _, err := models.LockTeam(tx, team); err != nil {
			return again(err)
		}
		settings, err := SettingsIn(tx, team)
		if err != nil {
			return err
		}
		if settings.State != models.SsoEnforced {
			continue
		}
		_, factored, err := countDirect(tx, team, "")
		if err != nil {
			return err
		}
		if factored > 0 {
			held = append(held, team)
		}
	}
	if err := change(); err != nil {
		return err
	}
	// Somebody who came onto a team meanwhile may be the one that it rests on.
	if now, err := teamsOf(tx, user); err != nil || !slices.Equal(now, teams) {
		return cmp.Or(err, models.ErrAgain)
	}
	for _, team := range held {
		if _, left, err := countDirect(tx, team, ""); err != nil || left == 0 {
			return cmp.Or(err, lastFactor())
		}
	}
	return nil
}

// teamsOf are the teams that somebody is on, in the order in which they are locked.
func teamsOf(tx *gorm.DB, user models.ID) ([]models.ID, error) {
	var teams []models.ID
	err := tx.Model(&models.Membership{}).Where("user_id = ?", user).Order("team_id").Pluck("team_id", &teams).Error
	return teams, err
}

// again is for a team that went at this very moment.
func again(err error) error {
	if fault.Is(err, fault.Missing) {
		return models.ErrAgain
	}
	return err
}

func lastFactor() error {
	return fault.New(fault.BreakGlass, "It is the team's last direct admin with a second factor, and single sign-on is enforced.")
}
