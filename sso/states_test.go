package sso_test

import (
	"context"
	"sync"
	"testing"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/credential"
	"rollcall/fault"
	"rollcall/internal/housetest"
	"rollcall/models"
	"rollcall/sso"
)

// person puts somebody with an account of their own on a team, past the domain,
// with a passkey if they are an admin.
func (h *house) person(team models.Team, role models.Role, source models.MembershipSource) models.Membership {
	h.Helper()
	id, now := newID(h), h.clock.Now()
	email := string(id) + "@acme.test"
	housetest.Insert(h, h.db, &models.User{ID: id, Kind: models.KindPerson, Origin: models.OriginDirect, Email: email, EmailKey: email, VerifiedAt: &now, CreatedAt: now, UpdatedAt: now})
	m := models.Membership{ID: newID(h), TeamID: team.ID, UserID: id, UserName: email, UserNameKey: email, Role: role, RoleSource: models.RoleByHand,
		Status: models.StatusActive, Source: source, Revision: 1, CreatedAt: now, UpdatedAt: now}
	housetest.Insert(h, h.db, &m)
	if role == models.RoleAdmin {
		housetest.Insert(h, h.db, &models.SecondFactor{ID: newID(h), UserID: id, Kind: models.FactorPasskey, Name: "key", SealedSecret: []byte{}, CredentialID: []byte(id), CreatedAt: now, ConfirmedAt: &now})
	}
	return m
}

// session opens a session of a member and returns its secret.
func (h *house) session(m models.Membership, method models.SessionMethod) (secret string) {
	h.Helper()
	h.must(h.db.InTx(h.Context(), func(tx *gorm.DB) error {
		var err error
		_, secret, err = h.sso.Credentials.OpenSession(h.Context(), tx, credential.NewSession{Membership: m, Method: method, Lifetime: day, Idle: day})
		return err
	}))
	return secret
}

func (h *house) alive(secret string) bool {
	_, err := h.sso.Credentials.AuthenticateSession(h.Context(), secret)
	return err == nil
}

// tested has a test login passed for the present settings, past the domain.
func (h *house) tested(team models.Team) {
	h.Helper()
	housetest.Update(h, h.db, &models.SsoSettings{}, map[string]any{"tested_at": h.clock.Now()}, "team_id = ?", team.ID)
}

// Every step from every state: what it leads to, or why it is refused, and what
// the history and the admins are told. A step that changes nothing is not told.
func TestStates(t *testing.T) {
	const unchanged = ""
	want := map[models.SsoState]map[string]any{
		models.SsoDraft: {
			"enable": models.SsoEnabled, "enforce": fault.Clash, "relax": fault.Clash, "disable": fault.Clash, "delete": models.SsoDraft,
		},
		models.SsoEnabled: {
			"enable": unchanged, "enforce": models.SsoEnforced, "relax": unchanged, "disable": models.SsoDisabled, "delete": fault.Clash,
		},
		models.SsoEnforced: {
			"enable": unchanged, "enforce": unchanged, "relax": models.SsoEnabled, "disable": models.SsoDisabled, "delete": fault.Clash,
		},
		models.SsoDisabled: {
			"enable": models.SsoEnabled, "enforce": fault.Clash, "relax": fault.Clash, "disable": unchanged, "delete": models.SsoDraft,
		},
	}
	told := map[string]string{"enable": "sso_enabled", "enforce": "sso_enforced", "relax": "sso_relaxed", "disable": "sso_disabled", "delete": "sso_config_changed"}
	eachHouse(t, func(t *testing.T, h *house) {
		var mu sync.Mutex
		var notices []models.Notice
		h.sso.Announce = func(tx *gorm.DB, n models.Notice) error {
			mu.Lock()
			defer mu.Unlock()
			return housetest.Collect(&notices)(tx, n)
		}
		steps := map[string]func(ctx context.Context, team models.ID) (models.SsoSettings, error){
			"enable": func(ctx context.Context, team models.ID) (models.SsoSettings, error) {
				return h.sso.Enable(ctx, team, false)
			},
			"enforce": func(ctx context.Context, team models.ID) (models.SsoSettings, error) {
				done, err := h.sso.Enforce(ctx, team, nil)
				return done.Settings, err
			},
			"relax": h.sso.Relax,
			"disable": func(ctx context.Context, team models.ID) (models.SsoSettings, error) {
				return h.sso.Disable(ctx, team, "because")
			},
			"delete": func(ctx context.Context, team models.ID) (models.SsoSettings, error) {
				gone, err := h.sso.DeleteSettings(ctx, team)
				return gone.Settings, err
			},
		}
		for from, ends := range want {
			for name, end := range ends {
				team := h.newTeam("t"+string(newID(t))[24:], models.PlanTeam)
				h.create(team, h.newIDP("acme"))
				admin := h.person(team, models.RoleAdmin, models.SourceDirect)
				_, err := h.sso.RegenerateRecoveryCodes(h.operator(), team.ID)
				h.must(err)
				h.tested(team)
				h.state(team, from)
				before, err := h.sso.Settings(h.operator(), team.ID)
				h.must(err)
				events := len(h.events(team))
				notices = nil

				what := string(from) + " " + name
				actor, err := h.sso.Credentials.AuthenticateSession(h.Context(), h.session(admin, models.SessionPasskey))
				h.must(err)
				got, err := steps[name](access.With(h.Context(), actor), team.ID)
				after, failed := h.sso.Settings(h.operator(), team.ID)
				h.must(failed)
				switch end := end.(type) {
				case fault.Code:
					ended(t, what, err, end)
					same(t, what+": afterwards", []any{values(after), len(h.events(team)), len(notices)}, []any{values(before), events, 0})
				case string:
					ended(t, what, err, "")
					same(t, what+": afterwards", []any{values(after), len(h.events(team)), len(notices)}, []any{values(before), events, 0})
				case models.SsoState:
					ended(t, what, err, "")
					same(t, what+": the answer and what is stored", []any{got.State, after.State, after.Revision > before.Revision}, []any{end, end, true})
					if len(h.events(team)) <= events || len(notices) == 0 || notices[len(notices)-1].Kind != told[name] {
						t.Errorf("%s: events %v, notices %v", what, h.events(team)[events:], notices)
					}
				}
				if after.State == models.SsoEnforced != (after.EnforcedAt != nil) && from != after.State {
					t.Errorf("%s: enforced at %v in %s", what, after.EnforcedAt, after.State)
				}
			}
		}
	})
}

// Switching on while what the test login tried changes: whichever comes second
// sees the first. It is never on by a test of other settings.
func TestEnableWhileSettingsChange(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		for n := range 6 {
			team := h.newTeam("t"+string(newID(t))[24:], models.PlanTeam)
			p := h.create(team, h.newIDP("acme"))
			h.tested(team)
			var mu sync.Mutex
			var order []string // inside of the transactions, which take turns
			h.sso.Announce = func(_ *gorm.DB, notice models.Notice) error {
				mu.Lock()
				defer mu.Unlock()
				order = append(order, notice.Kind)
				return nil
			}
			changes := []func() error{
				func() error {
					_, err := h.sso.UpdateSettings(h.operator(), team.ID, sso.SettingsChange{RequireMfa: ptr(true)})
					return err
				},
				func() error { _, err := h.sso.AddCertificate(h.operator(), p.ID, h.live()); return err },
			}
			ends := together(t, 2, func(i int) error {
				if i == 0 {
					return changes[n%len(changes)]()
				}
				_, err := h.sso.Enable(as(h, team, models.RoleAdmin), team.ID, false)
				return err
			})
			row, err := h.sso.Settings(h.operator(), team.ID)
			h.must(err)
			on := row.State == models.SsoEnabled
			if row.TestedAt != nil || on != (ends[""] == 2) || !on && ends[fault.TestLoginRequired] != 1 || on && order[0] != "sso_enabled" {
				t.Errorf("%s, tested %v, ends %v, order %v", row.State, row.TestedAt, ends, order)
			}
		}
	})
}

// Leave to come in without the identity provider ends with the sessions that it
// had kept, and with no others.
func TestBypassTaken(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team, _ := h.found("acme")
		let, other := h.person(team, models.RoleMember, models.SourceDirect), h.person(team, models.RoleMember, models.SourceInvitation)
		admin := h.person(team, models.RoleAdmin, models.SourceDirect)
		for _, m := range []models.Membership{let, other} {
			_, err := h.sso.SetBypass(h.operator(), m.ID, true)
			h.must(err)
		}
		h.state(team, models.SsoEnforced)
		own := h.session(let, models.SessionPassword)
		kept := []string{h.session(let, models.SessionSaml), h.session(other, models.SessionPassword), h.session(admin, models.SessionPasskey)}
		changed, err := h.sso.SetBypass(h.operator(), let.ID, false)
		h.must(err)
		same(t, "the leave and the revision", []any{changed.SsoBypass, changed.Revision}, []any{false, 3})
		if h.alive(own) {
			t.Error("the session that the leave had kept lives on")
		}
		for i, secret := range kept {
			if !h.alive(secret) {
				t.Errorf("session %d ended", i)
			}
		}
		var event models.AuditEvent
		h.must(h.db.Read(t.Context()).Where("team_id = ? AND action = ?", team.ID, "membership.sso_bypass_disallowed").Take(&event).Error)
		same(t, "the receipt", written(t, event.Details), `[{"name":"sessionsRevoked","value":"1"}]`)
		again, err := h.sso.SetBypass(h.operator(), let.ID, false)
		h.must(err)
		same(t, "twice", again.Revision, 3)

		// While nothing is enforced the sessions of one's own go on.
		h.state(team, models.SsoEnabled)
		own = h.session(other, models.SessionPassword)
		_, err = h.sso.SetBypass(h.operator(), other.ID, false)
		h.must(err)
		if !h.alive(own) {
			t.Error("a session ended without enforcement")
		}
		brought := h.person(team, models.RoleMember, models.SourceJit)
		_, err = h.sso.SetBypass(h.operator(), brought.ID, true)
		ended(t, "somebody under single sign-on", err, fault.ManagedByIDP)
	})
}
