package sso_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"rollcall/audit"
	"rollcall/fault"
	"rollcall/internal/housetest"
	"rollcall/models"
	"rollcall/sso"
)

func TestPrepared(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team := h.newTeam("acme", models.PlanTeam)
		s, err := h.sso.Settings(h.operator(), team.ID)
		h.must(err)
		same(t, "state, role, revision", []any{s.State, s.DefaultRole, s.Revision}, []any{"DRAFT", "MEMBER", 1})
		same(t, "switches", []bool{s.JitEnabled, s.IdpInitiatedEnabled}, []bool{true, false})
		same(t, "hours and minutes", []int{s.SessionHours, s.SessionIdleMinutes}, []int{24, 480})
		byID, err := h.sso.SettingsByID(h.operator(), s.ID)
		h.must(err)
		same(t, "by id", byID.TeamID, team.ID)
		sp := h.sso.ServiceProvider("acme")
		same(t, "addresses", []string{sp.EntityID, sp.LoginURL, sp.ACSURL, sp.MetadataURL}, []string{
			base + "/saml/acme", base + "/saml/acme/init", base + "/saml/acme/finalize", base + "/saml/acme/metadata",
		})
	})
}

func TestSettingsBounds(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team, other := h.newTeam("acme", models.PlanTeam), h.newTeam("other", models.PlanTeam)
		mine, theirs := h.create(team, h.newIDP("acme")), h.create(other, h.newIDP("other"))
		for _, c := range []struct {
			name   string
			change sso.SettingsChange
			want   fault.Code
			field  string
		}{
			{"no hour", sso.SettingsChange{SessionHours: ptr(0)}, fault.InvalidValue, "sessionHours"},
			{"negative hours", sso.SettingsChange{SessionHours: ptr(-1)}, fault.InvalidValue, "sessionHours"},
			{"more than thirty days", sso.SettingsChange{SessionHours: ptr(30*24 + 1)}, fault.InvalidValue, "sessionHours"},
			{"thirty days", sso.SettingsChange{SessionHours: ptr(30 * 24)}, "", ""},
			{"four idle minutes", sso.SettingsChange{SessionIdleMinutes: ptr(4)}, fault.InvalidValue, "sessionIdleMinutes"},
			{"five idle minutes", sso.SettingsChange{SessionIdleMinutes: ptr(5)}, "", ""},
			{"idle for longer than the whole", sso.SettingsChange{SessionHours: ptr(2), SessionIdleMinutes: ptr(121)}, fault.InvalidValue, "sessionIdleMinutes"},
			{"idle for the whole", sso.SettingsChange{SessionHours: ptr(2), SessionIdleMinutes: ptr(120)}, "", ""},
			{"a whole below the idle time of before", sso.SettingsChange{SessionHours: ptr(1)}, fault.InvalidValue, "sessionIdleMinutes"},
			{"another team's provider", sso.SettingsChange{DefaultIdentityProviderID: &theirs.ID}, fault.Missing, "defaultIdentityProviderId"},
			{"nobody's provider", sso.SettingsChange{DefaultIdentityProviderID: ptr(newID(t))}, fault.Missing, "defaultIdentityProviderId"},
			{"the team's provider", sso.SettingsChange{DefaultIdentityProviderID: &mine.ID}, "", ""},
			{"another role", sso.SettingsChange{DefaultRole: ptr(models.RoleViewer)}, "", ""},
			{"old revision", sso.SettingsChange{DefaultRole: ptr(models.RoleAdmin), Revision: ptr(1)}, fault.StaleRevision, "revision"},
			{"future revision", sso.SettingsChange{DefaultRole: ptr(models.RoleAdmin), Revision: ptr(99)}, fault.StaleRevision, "revision"},
		} {
			before, err := h.sso.Settings(h.operator(), team.ID)
			h.must(err)
			after, err := h.sso.UpdateSettings(h.operator(), team.ID, c.change)
			ended(t, c.name, err, c.want)
			if f, ok := fault.As(err); ok {
				same(t, c.name+": field", f.Field, []string{c.field})
			}
			stored, err := h.sso.Settings(h.operator(), team.ID)
			h.must(err)
			if c.want != "" {
				same(t, c.name+": stored", values(stored), values(before))
			} else {
				same(t, c.name+": stored", values(stored), values(after))
			}
		}
	})
}

// values are settings without their pointers.
func values(s models.SsoSettings) []any {
	provider := models.ID("")
	if s.DefaultIdentityProviderID != nil {
		provider = *s.DefaultIdentityProviderID
	}
	return []any{s.ID, s.State, s.DefaultRole, s.IdpInitiatedEnabled, s.JitEnabled, s.SessionHours, s.SessionIdleMinutes, provider, s.Revision, s.UpdatedAt.UTC()}
}

// A change tells what it changed; what changes nothing is not told and moves
// no revision.
func TestSettingsHistory(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team := h.newTeam("acme", models.PlanTeam)
		h.clock.Advance(time.Hour)
		change := sso.SettingsChange{DefaultRole: ptr(models.RoleViewer), IdpInitiatedEnabled: ptr(true), JitEnabled: ptr(false), SessionHours: ptr(10), SessionIdleMinutes: ptr(30), Revision: ptr(1)}
		s, err := h.sso.UpdateSettings(as(h, team, models.RoleAdmin), team.ID, change)
		h.must(err)
		same(t, "revision and time", []any{s.Revision, s.UpdatedAt}, []any{2, h.clock.Now()})
		var event models.AuditEvent
		h.must(h.db.Read(h.Context()).Where("team_id = ?", team.ID).Take(&event).Error)
		same(t, "event", []any{event.Action, event.ActorKind, event.ActorLabel, *event.TargetID}, []any{"sso.settings_changed", "PERSON", "someone@acme.test", s.ID})
		same(t, "told", written(t, event.Details), written(t, []models.AuditDetail{
			audit.Change("defaultRole", "MEMBER", "VIEWER"), audit.Change("idpInitiatedEnabled", "false", "true"), audit.Change("jitEnabled", "true", "false"),
			audit.Change("sessionHours", "24", "10"), audit.Change("sessionIdleMinutes", "480", "30"),
		}))
		h.clock.Advance(time.Hour)
		change.Revision = ptr(2)
		for name, c := range map[string]sso.SettingsChange{"the same": change, "nothing": {}} {
			again, err := h.sso.UpdateSettings(h.operator(), team.ID, c)
			h.must(err)
			same(t, name, values(again), values(s))
		}
		same(t, "events", h.events(team), []string{"sso.settings_changed"})
	})
}

// Of admins who saw the same revision one changes it.
func TestSettingsRace(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team := h.newTeam("acme", models.PlanTeam)
		ends := together(t, 8, func(i int) error {
			_, err := h.sso.UpdateSettings(h.operator(), team.ID, sso.SettingsChange{SessionHours: ptr(100 + i), Revision: ptr(1)})
			return err
		})
		same(t, "ends", ends, map[fault.Code]int{"": 1, fault.StaleRevision: 7})
		// Without a revision every change counts and none is lost.
		ends = together(t, 8, func(i int) error {
			_, err := h.sso.UpdateSettings(h.operator(), team.ID, sso.SettingsChange{SessionHours: ptr(200 + i)})
			return err
		})
		same(t, "ends without a revision", ends, map[fault.Code]int{"": 8})
		s, err := h.sso.Settings(h.operator(), team.ID)
		h.must(err)
		same(t, "revision", s.Revision, 10)
	})
}

// Single sign-on goes on for teams with a provider whose key is valid now, and
// without a test login only when an operator says so.
func TestEnable(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team := h.newTeam("acme", models.PlanTeam)
		admin, key := as(h, team, models.RoleAdmin), with(h, team, models.RoleAdmin, models.ScopeSsoWrite)
		try := func(what string, ctx context.Context, skip bool, want fault.Code) {
			t.Helper()
			s, err := h.sso.Enable(ctx, team.ID, skip)
			ended(t, what, err, want)
			if want != "" && h.count(&models.SsoSettings{}, "team_id = ? AND state <> 'DRAFT'", team.ID) > 0 {
				t.Fatalf("%s: it is on", what)
			}
			if want == "" && s.State != models.SsoEnabled {
				t.Errorf("%s: the answer says %s", what, s.State)
			}
		}
		try("without a provider", h.operator(), true, fault.SsoIncomplete)
		p, err := h.sso.CreateIdentityProvider(h.operator(), sso.NewIdentityProvider{TeamID: team.ID, EntityID: "https://idp.test", SsoURL: "https://idp.test/sso"})
		h.must(err)
		try("without a certificate", h.operator(), true, fault.SsoIncomplete)
		_, err = h.sso.AddCertificate(h.operator(), p.ID, pemOf(h.certificate(time.Hour, day)))
		h.must(err)
		try("with a certificate of the future", h.operator(), true, fault.SsoIncomplete)
		_, err = h.sso.AddCertificate(h.operator(), p.ID, pemOf(h.certificate(-time.Hour, time.Minute)))
		h.must(err)
		h.clock.Advance(time.Minute + time.Second)
		try("with an expired certificate beside it", h.operator(), true, fault.SsoIncomplete)
		// Another provider's certificate does not help the one that people are sent to.
		h.create(team, h.newIDP("acme"))
		try("with a certificate of another provider", h.operator(), true, fault.SsoIncomplete)
		h.clock.Advance(time.Hour)
		try("without a test login", h.operator(), false, fault.TestLoginRequired)
		try("an admin without a test login", admin, false, fault.TestLoginRequired)
		try("an admin who skips it", admin, true, fault.Forbidden)
		try("an admin's key that skips it", key, true, fault.Forbidden)
		try("a member", as(h, team, models.RoleMember), true, fault.Forbidden)
		try("a client", housetest.AsScim(h.Context(), team.ID), true, fault.Forbidden)
		try("an operator who skips it", h.operator(), true, "")
		s, err := h.sso.Settings(h.operator(), team.ID)
		h.must(err)
		same(t, "who and when", []any{s.EnabledBy, *s.EnabledAt}, []any{"operator key", h.clock.Now()})
		// Once it is on, saying it again changes nothing, whoever says it.
		h.clock.Advance(time.Hour)
		try("an operator again", h.operator(), false, "")
		try("an admin again", admin, true, "")
		again, err := h.sso.Settings(h.operator(), team.ID)
		h.must(err)
		same(t, "settings", values(again), values(s))
		same(t, "events", h.count(&models.AuditEvent{}, "action = 'sso.enabled'"), 1)
	})
}

// On a plan without single sign-on nothing can be set up.
func TestPlan(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team, _ := h.found("acme")
		h.update(&models.Team{}, team.ID, map[string]any{"plan": models.PlanFree})
		for name, err := range h.writes(h.operator(), team) {
			ended(t, name, err, fault.PlanRequired)
		}
		if _, err := h.sso.Settings(as(h, team, models.RoleAdmin), team.ID); err != nil {
			t.Errorf("what was set up can be seen: %v", err)
		}
		_, err := h.sso.Landing(h.Context(), team.Slug)
		ended(t, "landing", err, fault.SsoNotEnabled)
		_, err = h.sso.Published(h.Context(), team.Slug)
		ended(t, "metadata", err, fault.SsoNotEnabled)
		_, err = h.sso.Begin(h.Context(), team.Slug, browser, "/", "")
		ended(t, "begin", err, fault.SsoNotEnabled)
	})
}

// written is an event's details as they are stored.
func written(t testing.TB, details []models.AuditDetail) string {
	t.Helper()
	text, err := json.Marshal(details)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
