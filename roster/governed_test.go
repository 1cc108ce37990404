package roster_test

import (
	"testing"

	"rollcall/fault"
	"rollcall/internal/housetest"
	"rollcall/models"
	"rollcall/roster"
)

// ways to take an active admin away.
func (h *house) takeAway() map[string]func(m roster.Member) error {
	return map[string]func(m roster.Member) error{
		"demote":     func(m roster.Member) error { return first(h.ChangeRole(h.operator(), m.ID, models.RoleViewer, nil)) },
		"deactivate": func(m roster.Member) error { return first(h.Deactivate(h.operator(), m.ID, "")) },
		"remove":     func(m roster.Member) error { return first(h.Remove(h.operator(), m.ID)) },
	}
}

// A team keeps an active admin and, while single sign-on is on, a direct one,
// whoever asks.
func TestGoverned(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		for name, take := range h.takeAway() {
			for _, c := range []struct {
				name  string
				state models.SsoState
				// Besides a direct admin, who is taken away: the others on the team.
				direct, invited, brought, robots, off, members int
				want                                           fault.Code
			}{
				{"alone", models.SsoDraft, 0, 0, 0, 0, 0, 0, fault.LastAdmin},
				{"with members", models.SsoEnabled, 0, 0, 0, 0, 0, 3, fault.LastAdmin},
				{"with a robot admin", models.SsoDraft, 0, 0, 0, 1, 0, 0, fault.LastAdmin},
				{"with a deactivated admin", models.SsoDraft, 0, 0, 0, 0, 1, 0, fault.LastAdmin},
				{"with a brought admin, off", models.SsoDraft, 0, 0, 1, 0, 0, 0, ""},
				{"with a brought admin, switched off", models.SsoDisabled, 0, 0, 1, 0, 0, 0, ""},
				{"with a brought admin, on", models.SsoEnabled, 0, 0, 1, 0, 0, 0, fault.BreakGlass},
				{"with a brought admin, enforced", models.SsoEnforced, 0, 0, 2, 1, 1, 1, fault.BreakGlass},
				{"with a direct admin, on", models.SsoEnabled, 1, 0, 0, 0, 0, 0, ""},
				{"with an invited admin, on", models.SsoEnforced, 0, 1, 1, 0, 0, 0, ""},
			} {
				team := h.newTeam("t"+string(newID(t))[24:], models.PlanTeam)
				m := h.add(team, models.KindPerson, models.RoleAdmin)
				add := func(n int, columns map[string]any) {
					for range n {
						x := h.add(team, models.KindPerson, models.RoleAdmin)
						h.update(&models.Membership{}, x.ID, columns)
					}
				}
				add(c.direct, map[string]any{"revision": 1})
				add(c.invited, map[string]any{"source": models.SourceInvitation})
				add(c.brought, map[string]any{"source": models.SourceScim, "scim_managed": true})
				add(c.off, map[string]any{"status": models.StatusDeactivated})
				add(c.members, map[string]any{"role": models.RoleMember})
				for range c.robots {
					h.add(team, models.KindIntegration, models.RoleAdmin)
				}
				settings, err := h.sso.Settings(h.operator(), team.ID)
				h.must(err)
				h.update(&models.SsoSettings{}, settings.ID, map[string]any{"state": c.state})
				what := name + " " + c.name
				if c.want == "" {
					ended(t, what, take(m), "")
					continue
				}
				before := h.count(&models.AuditEvent{}, "1 = 1")
				ended(t, what, take(m), c.want)
				row, there := h.find(m.ID)
				same(t, what+": afterwards", []any{there, row.Role, row.Status, row.Revision, h.count(&models.AuditEvent{}, "1 = 1")}, []any{true, "ADMIN", "ACTIVE", 1, before})
			}
		}
	})
}

// Whoever is no active admin can go, though nobody else is there.
func TestOthersMayGo(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		for name, take := range h.takeAway() {
			for _, role := range []models.Role{models.RoleMember, models.RoleViewer} {
				ended(t, name+" "+string(role), take(h.direct(role)), "")
			}
			off := h.direct(models.RoleAdmin)
			h.must(first(h.Deactivate(h.operator(), off.ID, "")))
			ended(t, name+" a deactivated admin", take(off), "")
			ended(t, name+" a robot", take(h.add(h.team, models.KindIntegration, models.RoleMember)), "")
			// An admin whom the provider brought is no way in without it.
			brought := h.jit()
			h.must(first(h.ChangeRole(h.operator(), brought.ID, models.RoleAdmin, nil)))
			ended(t, name+" a brought admin", take(brought), "")
		}
		ended(t, "an admin to an admin", first(h.ChangeRole(h.operator(), h.root.ID, models.RoleAdmin, nil)), "")
	})
}

// Where single sign-on is enforced the last direct admin who has a second factor
// that works stays, however many there are without one. An authenticator app works
// beside a password only.
func TestFactorStays(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		accounts := housetest.Accounts{DB: h.db}
		for name, take := range h.takeAway() {
			team := h.newTeam("t"+string(newID(t))[24:], models.PlanTeam)
			last, other := h.add(team, models.KindPerson, models.RoleAdmin), h.add(team, models.KindPerson, models.RoleAdmin)
			housetest.Update(t, h.db, &models.SsoSettings{}, map[string]any{"state": models.SsoEnforced}, "team_id = ?", team.ID)
			factor := func(m roster.Member, kind models.FactorKind) {
				now := h.clock.Now()
				housetest.Insert(t, h.db, &models.SecondFactor{ID: newID(t), UserID: m.UserID, Kind: kind, Name: "x", SealedSecret: []byte{}, CredentialID: []byte(newID(t)), CreatedAt: now, ConfirmedAt: &now})
			}
			factor(last, models.FactorPasskey)
			ended(t, name+": the last with a factor", take(last), fault.BreakGlass)
			factor(other, models.FactorTotp)
			ended(t, name+": beside one with an app and no password", take(last), fault.BreakGlass)
			h.must(accounts.GivePassword(t.Context(), other.UserID))
			ended(t, name+": beside one with an app and a password", take(last), "")
			ended(t, name+": the very last", take(other), fault.LastAdmin)
		}
	})
}
