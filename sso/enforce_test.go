package sso_test

import (
	"fmt"
	"testing"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/credential"
	"rollcall/fault"
	"rollcall/models"
	"rollcall/sso"
)

// person writes a member of a team, active and with an account of their own
// unless change says otherwise.
func (h *house) person(team models.Team, role models.Role, change func(m *models.Membership, u *models.User)) (models.Membership, models.User) {
	h.Helper()
	id, now := newID(h), h.clock.Now()
	email := fmt.Sprintf("p-%s@%s.test", id, team.Slug)
	u := models.User{ID: id, Kind: models.KindPerson, Origin: models.OriginDirect, Email: email, EmailKey: email, VerifiedAt: &now, CreatedAt: now, UpdatedAt: now}
	m := models.Membership{
		ID: id, TeamID: team.ID, UserID: id, Role: role, RoleSource: models.RoleByHand, Status: models.StatusActive, Source: models.SourceDirect,
		UserName: email, UserNameKey: email, Revision: 1, CreatedAt: now, UpdatedAt: now,
	}
	if change != nil {
		change(&m, &u)
	}
	h.must(h.db.InTx(h.Context(), func(tx *gorm.DB) error {
		if err := tx.Create(&u).Error; err != nil {
			return err
		}
		return tx.Create(&m).Error
	}))
	return m, u
}

// factor gives somebody a passkey.
func (h *house) factor(u models.User, confirmed bool) {
	h.Helper()
	now := h.clock.Now()
	row := models.SecondFactor{ID: newID(h), UserID: u.ID, Kind: models.FactorPasskey, Name: "key", SealedSecret: []byte{}, CredentialID: []byte(u.ID), CreatedAt: now}
	if confirmed {
		row.ConfirmedAt = &now
	}
	h.must(h.db.InTx(h.Context(), func(tx *gorm.DB) error { return tx.Create(&row).Error }))
}

// open opens a session and returns its id and secret.
func (h *house) open(m models.Membership, method models.SessionMethod) (models.Session, string) {
	h.Helper()
	var row models.Session
	var secret string
	h.must(h.db.InTx(h.Context(), func(tx *gorm.DB) (err error) {
		row, secret, err = h.sso.Credentials.OpenSession(h.Context(), tx, credential.NewSession{Membership: m, Method: method, Lifetime: day, Idle: day})
		return err
	}))
	return row, secret
}

func (h *house) alive(secret string) bool {
	_, err := h.sso.Credentials.AuthenticateSession(h.Context(), secret)
	return err == nil
}

func (h *house) passTest(team models.Team) {
	h.Helper()
	settings, err := h.sso.Settings(h.operator(), team.ID)
	h.must(err)
	h.update(&models.SsoSettings{}, settings.ID, map[string]any{"tested_at": h.clock.Now()})
}

// Enforcement asks for everything that keeps a team from being shut out, ends
// what it has to, and is taken back by those who are in without the provider.
func TestEnforce(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team, _ := h.found("acme")
		refused := func(code fault.Code) {
			t.Helper()
			_, err := h.sso.Enforce(h.operator(), team.ID, nil)
			ended(t, "enforce", err, code)
			p, err := h.sso.EnforcementPreview(h.operator(), team.ID)
			h.must(err)
			if len(p.Blockers) == 0 || p.Blockers[0].Code != code {
				t.Errorf("preview: %v, want %s", p.Blockers, code)
			}
		}
		refused(fault.TestLoginRequired)
		h.passTest(team)
		refused(fault.BreakGlass)
		root, rootUser := h.person(team, models.RoleAdmin, nil)
		h.factor(rootUser, false)
		refused(fault.SecondFactorRequired)
		h.must(h.db.InTx(h.Context(), func(tx *gorm.DB) error {
			return tx.Model(&models.SecondFactor{}).Where("user_id = ?", rootUser.ID).Update("confirmed_at", h.clock.Now()).Error
		}))
		refused(fault.RecoveryCodesMissing)
		_, err := h.sso.RegenerateRecoveryCodes(h.operator(), team.ID)
		h.must(err)
		mel, _ := h.person(team, models.RoleMember, nil)
		kept, _ := h.person(team, models.RoleMember, func(m *models.Membership, _ *models.User) { m.SsoBypass = true })
		jit, _ := h.person(team, models.RoleMember, func(m *models.Membership, u *models.User) {
			m.Source, u.ManagedByTeamID = models.SourceJit, &team.ID
		})
		_, rootSecret := h.open(root, models.SessionPassword)
		_, melSecret := h.open(mel, models.SessionPassword)
		_, keptSecret := h.open(kept, models.SessionPassword)
		_, jitSecret := h.open(jit, models.SessionSaml)
		_, key, err := h.sso.Credentials.CreateAPIKey(h.operator(), credential.NewAPIKey{TeamID: team.ID, MembershipID: mel.ID, Name: "k", Scopes: []models.Scope{models.ScopeTeamRead}})
		h.must(err)
		p, err := h.sso.EnforcementPreview(h.operator(), team.ID)
		h.must(err)
		losing, _, err := h.sso.GroupMembers(h.operator(), team.ID, sso.GroupLosing, models.Window{Limit: 10})
		h.must(err)
		keys, err := h.sso.CountGroupKeys(h.operator(), team.ID, false)
		h.must(err)
		same(t, "preview", []any{len(p.Blockers), p.Sessions, len(losing) > 0 && losing[0].ID == mel.ID, keys}, []any{0, 1, true, 1})
		_, err = h.sso.Enforce(h.operator(), team.ID, ptr(p.Settings.Revision-1))
		ended(t, "stale", err, fault.StaleRevision)
		done, err := h.sso.Enforce(h.operator(), team.ID, ptr(p.Settings.Revision))
		h.must(err)
		same(t, "enforced", []any{done.Settings.State, done.Sessions, done.Settings.EnforcedAt != nil}, []any{models.SsoEnforced, 1, true})
		same(t, "sessions", []any{h.alive(rootSecret), h.alive(melSecret), h.alive(keptSecret), h.alive(jitSecret)}, []any{true, false, true, true})
		if _, late := h.open(mel, models.SessionPassword); h.alive(late) {
			t.Error("a session that was opened meanwhile opens something")
		}
		_, err = h.sso.Credentials.Authenticate(h.Context(), key)
		ended(t, "a resting key", err, fault.NotSignedIn)
		// Who takes it back.
		_, err = h.sso.Relax(with(h, team, models.RoleAdmin, models.ScopeSsoWrite), team.ID)
		ended(t, "relax by a key", err, fault.Forbidden)
		_, err = h.sso.Relax(as(h, team, models.RoleAdmin), team.ID)
		ended(t, "relax by a session that is none", err, fault.Forbidden)
		a, err := h.sso.Credentials.AuthenticateSession(h.Context(), rootSecret)
		h.must(err)
		row, err := h.sso.Relax(access.With(h.Context(), a), team.ID)
		h.must(err)
		same(t, "relaxed", []any{row.State, row.EnforcedAt == nil}, []any{models.SsoEnabled, true})
		_, err = h.sso.Credentials.Authenticate(h.Context(), key)
		ended(t, "the key afterwards", err, "")
		if h.alive(melSecret) {
			t.Error("an ended session came back")
		}
	})
}

// The conditions in SQL say what models.Membership says.
func TestGroupsAgree(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team, _ := h.found("acme")
		now := h.clock.Now()
		var all []models.Membership
		users := map[models.ID]models.User{}
		for _, role := range []models.Role{models.RoleAdmin, models.RoleMember} {
			for bits := range 32 {
				m, u := h.person(team, role, func(m *models.Membership, u *models.User) {
					if bits&1 != 0 {
						m.Source = models.SourceJit
					}
					if bits&2 != 0 {
						m.ScimManaged = true
					}
					if bits&4 != 0 {
						m.SsoLinkedAt = &now
					}
					if bits&8 != 0 {
						m.SsoBypass = true
					}
					if bits&16 != 0 {
						u.Kind = models.KindIntegration
					}
				})
				all, users[m.ID] = append(all, m), u
			}
		}
		losing, _, err := h.sso.GroupMembers(h.operator(), team.ID, sso.GroupLosing, models.Window{Limit: 100})
		h.must(err)
		admins, _, err := h.sso.GroupMembers(h.operator(), team.ID, sso.GroupUnfactored, models.Window{Limit: 100})
		h.must(err)
		in := func(rows []models.Membership, id models.ID) bool {
			for _, r := range rows {
				if r.ID == id {
					return true
				}
			}
			return false
		}
		for _, m := range all {
			u := users[m.ID]
			if got, want := in(losing, m.ID), !m.OwnLogin(u, models.SsoEnforced); got != want {
				t.Errorf("%+v %s: losing %v, want %v", m, u.Kind, got, want)
			}
			if got, want := in(admins, m.ID), m.Role == models.RoleAdmin && m.Direct(u) && u.Kind == models.KindPerson; got != want {
				t.Errorf("%+v %s: direct admin %v, want %v", m, u.Kind, got, want)
			}
		}
	})
}

// A test login counts for the settings that it was made under, whichever of two
// who act at the same moment comes first; a code works once.
func TestRaces(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team, idp := h.newTeam("acme", models.PlanEnterprise), h.newIDP("acme")
		p := h.create(team, idp)
		for range 4 {
			h.passTest(team)
			together(t, 2, func(i int) error {
				var err error
				if i == 0 {
					_, err = h.sso.Enable(h.operator(), team.ID, false)
				} else {
					_, err = h.sso.AddCertificate(h.operator(), p.ID, h.live())
				}
				if fault.Is(err, fault.LimitReached) {
					return nil
				}
				return err
			})
			row, err := h.sso.Settings(h.operator(), team.ID)
			h.must(err)
			// Enabled first and changed then, or changed first and refused.
			if row.State.On() {
				_, err = h.sso.Disable(h.operator(), team.ID, "")
				h.must(err)
			} else if row.TestedAt != nil {
				t.Error("neither enabled nor distrusted")
			}
		}
		codes, err := h.sso.RegenerateRecoveryCodes(h.operator(), team.ID)
		h.must(err)
		_, u := h.person(team, models.RoleAdmin, nil)
		same(t, "one code, four times", together(t, 4, func(int) error {
			_, err := h.sso.Recover(h.request(), team.Slug, u.Email, codes[0])
			return err
		}), map[fault.Code]int{"": 1, fault.NotSignedIn: 3})
	})
}

// Every change of what a sign-in rests on makes the last test worthless; no other
// change does.
func TestTrustRevision(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team, idp := h.newTeam("acme", models.PlanEnterprise), h.newIDP("acme")
		p := h.create(team, idp)
		second := h.newIDP("other")
		var spare models.IdentityProvider
		var cert models.Certificate
		settings := func(c sso.SettingsChange) func() error {
			return func() error { _, err := h.sso.UpdateSettings(h.operator(), team.ID, c); return err }
		}
		provider := func(c sso.ProviderChange) func() error {
			return func() error { _, err := h.sso.UpdateIdentityProvider(h.operator(), p.ID, c); return err }
		}
		for _, c := range []struct {
			name string
			do   func() error
			want bool
		}{
			{"defaultRole", settings(sso.SettingsChange{DefaultRole: ptr(models.RoleViewer)}), false},
			{"jitEnabled", settings(sso.SettingsChange{JitEnabled: ptr(false)}), false},
			{"idpInitiatedEnabled", settings(sso.SettingsChange{IdpInitiatedEnabled: ptr(true)}), false},
			{"sessionHours", settings(sso.SettingsChange{SessionHours: ptr(12)}), false},
			{"confirmEmail", settings(sso.SettingsChange{ConfirmEmail: ptr(false)}), false},
			{"apiKeyHours", settings(sso.SettingsChange{APIKeyHours: ptr(4)}), false},
			{"contact", settings(sso.SettingsChange{Contact: ptr("help@acme.test")}), false},
			{"signMetadata", settings(sso.SettingsChange{SignMetadata: ptr(true)}), false},
			{"requireMfa", settings(sso.SettingsChange{RequireMfa: ptr(true)}), true},
			{"the same again", settings(sso.SettingsChange{RequireMfa: ptr(true)}), false},
			{"clockSkewSeconds", settings(sso.SettingsChange{ClockSkewSeconds: ptr(60)}), true},
			{"encryptAssertions", settings(sso.SettingsChange{EncryptAssertions: ptr(true)}), true},
			{"allowedDomains", settings(sso.SettingsChange{AllowedDomains: &[]string{"acme.test"}}), true},
			{"ssoUrl", provider(sso.ProviderChange{SsoURL: ptr("https://acme.idp.test/other")}), true},
			{"sloUrl", provider(sso.ProviderChange{SloURL: ptr("https://acme.idp.test/slo")}), false},
			{"wantResponseSigned", provider(sso.ProviderChange{WantResponseSigned: ptr(true)}), true},
			{"attributeMapping", provider(sso.ProviderChange{AttributeMapping: &models.AttributeMapping{Email: []string{"mail"}}}), true},
			{"vendor", provider(sso.ProviderChange{Vendor: ptr(models.VendorOkta)}), true},
			{"nameIdFormat", provider(sso.ProviderChange{ProviderOptions: sso.ProviderOptions{NameIDFormat: ptr("urn:x")}}), true},
			{"loginHintParameter", provider(sso.ProviderChange{ProviderOptions: sso.ProviderOptions{LoginHintParameter: ptr("hint")}}), false},
			{"certificate added", func() (err error) { cert, err = h.sso.AddCertificate(h.operator(), p.ID, h.live()); return err }, true},
			{"certificate removed", func() error { _, err := h.sso.RemoveCertificate(h.operator(), cert.ID); return err }, true},
			{"provider added", func() error { spare = h.create(team, second); return nil }, true},
			{"default provider", func() error {
				return settings(sso.SettingsChange{DefaultIdentityProviderID: &spare.ID})()
			}, true},
			{"provider deleted", func() error { _, err := h.sso.DeleteIdentityProvider(h.operator(), p.ID); return err }, true},
			{"next key", func() error { _, err := h.sso.RotateServiceProviderKey(h.operator(), team.ID); return err }, false},
			{"test started", func() error { _, err := h.sso.StartLoginTest(h.operator(), team.ID, nil); return err }, false},
			{"enabled", func() error { _, err := h.sso.Enable(h.operator(), team.ID, false); return err }, false},
			{"disabled", func() error { _, err := h.sso.Disable(h.operator(), team.ID, ""); return err }, false},
			{"deleted", func() error { _, err := h.sso.DeleteSettings(h.operator(), team.ID); return err }, true},
		} {
			h.passTest(team)
			before, err := h.sso.Settings(h.operator(), team.ID)
			h.must(err)
			ended(t, c.name, c.do(), "")
			after, err := h.sso.Settings(h.operator(), team.ID)
			h.must(err)
			if got := after.TrustRevision > before.TrustRevision; got != c.want || (after.TestedAt == nil) != c.want {
				t.Errorf("%s: revision %d -> %d, tested %v; want a change: %v", c.name, before.TrustRevision, after.TrustRevision, after.TestedAt, c.want)
			}
		}
	})
}
