package models_test

import (
	"testing"
	"time"

	"rollcall/models"
)

// Who may come in without the identity provider, for every kind of member in
// every state.
func TestOwnLogin(t *testing.T) {
	team, other := models.ID("team"), models.ID("other")
	linked := time.Unix(1, 0)
	person, robot := models.User{Kind: models.KindPerson}, models.User{Kind: models.KindIntegration}
	admin := models.Membership{TeamID: team, Source: models.SourceDirect, Role: models.RoleAdmin}
	member := models.Membership{TeamID: team, Source: models.SourceInvitation, Role: models.RoleMember}
	with := func(m models.Membership, change func(*models.Membership)) models.Membership { change(&m); return m }
	for _, c := range []struct {
		name   string
		member models.Membership
		user   models.User
		want   string // D, E, F and O: draft, enabled, enforced, switched off
	}{
		{"direct admin", admin, person, "DEFO"},
		{"direct member", member, person, "DEO"},
		{"direct member with leave", with(member, func(m *models.Membership) { m.SsoBypass = true }), person, "DEFO"},
		{"integration", member, robot, "DEFO"},
		{"admin under single sign-on", with(admin, func(m *models.Membership) { m.SsoLinkedAt = &linked }), person, "DO"},
		{"linked member with leave", with(member, func(m *models.Membership) { m.SsoLinkedAt, m.SsoBypass = &linked, true }), person, "DO"},
		{"provisioned admin", with(admin, func(m *models.Membership) { m.ScimManaged = true }), person, "DO"},
		{"just in time", with(member, func(m *models.Membership) { m.Source = models.SourceJit }), person, "DO"},
		{"managed by the team", member, models.User{Kind: models.KindPerson, ManagedByTeamID: &team}, "DO"},
		{"managed by another team", member, models.User{Kind: models.KindPerson, ManagedByTeamID: &other}, "DEO"},
	} {
		got := ""
		for _, s := range []struct {
			letter string
			state  models.SsoState
		}{{"D", models.SsoDraft}, {"E", models.SsoEnabled}, {"F", models.SsoEnforced}, {"O", models.SsoDisabled}} {
			if c.member.OwnLogin(c.user, s.state) {
				got += s.letter
			}
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
