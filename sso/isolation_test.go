package sso_test

import (
	"context"
	"testing"

	"rollcall/fault"
	"rollcall/internal/housetest"
	"rollcall/models"
	"rollcall/sso"
)

// writes tries every verb that changes a team's single sign-on.
func (h *house) writes(ctx context.Context, team models.Team) map[string]error {
	h.Helper()
	p, c := h.ofTeam(team)
	out := map[string]error{}
	_, out["settings"] = h.sso.UpdateSettings(ctx, team.ID, sso.SettingsChange{SessionHours: ptr(20)})
	_, out["provider"] = h.sso.CreateIdentityProvider(ctx, sso.NewIdentityProvider{TeamID: team.ID, EntityID: "https://new.test/" + string(newID(h)), SsoURL: "https://new.test/sso"})
	_, out["metadata"] = h.sso.ImportMetadata(ctx, team.ID, string(h.newIDP("imported").Metadata()))
	_, out["certificate"] = h.sso.AddCertificate(ctx, p.ID, h.live())
	_, out["removal"] = h.sso.RemoveCertificate(ctx, c.ID)
	_, out["enable"] = h.sso.Enable(ctx, team.ID, false)
	return out
}

// reads tries every verb that shows a team's single sign-on.
func (h *house) reads(ctx context.Context, team models.Team) map[string]error {
	h.Helper()
	p, c := h.ofTeam(team)
	settings, err := h.sso.Settings(h.operator(), team.ID)
	h.must(err)
	out := map[string]error{}
	_, out["settings"] = h.sso.Settings(ctx, team.ID)
	_, out["settings by id"] = h.sso.SettingsByID(ctx, settings.ID)
	_, out["providers"] = h.sso.IdentityProviders(ctx, team.ID)
	_, out["provider"] = h.sso.IdentityProvider(ctx, p.ID)
	_, out["certificate"] = h.sso.Certificate(ctx, c.ID)
	return out
}

// ofTeam is the first provider of a team and a certificate of its own that
// nothing depends on.
func (h *house) ofTeam(team models.Team) (models.IdentityProvider, models.Certificate) {
	h.Helper()
	rows, err := h.sso.IdentityProviders(h.operator(), team.ID)
	h.must(err)
	certs, err := h.sso.CertificatesByProvider(h.operator(), []models.ID{rows[0].ID})
	h.must(err)
	return rows[0], certs[rows[0].ID][0]
}

// Every verb against every kind of caller.
func TestWho(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team, _ := h.found("acme")
		other, _ := h.found("other")
		p, _ := h.ofTeam(team)
		for _, c := range []struct {
			name        string
			ctx         context.Context
			write, read fault.Code
		}{
			{"nobody", h.Context(), fault.NotSignedIn, fault.NotSignedIn},
			{"a viewer", as(h, team, models.RoleViewer), fault.Forbidden, fault.Forbidden},
			{"a member", as(h, team, models.RoleMember), fault.Forbidden, fault.Forbidden},
			{"the provisioning client", housetest.AsScim(h.Context(), team.ID), fault.Forbidden, fault.Forbidden},
			{"an admin's key for other things", with(h, team, models.RoleAdmin, models.ScopeTeamWrite, models.ScopeMembershipWrite, models.ScopeKeyWrite), fault.Forbidden, fault.Forbidden},
			{"an admin's key for reading", with(h, team, models.RoleAdmin, models.ScopeSsoRead), fault.Forbidden, ""},
			{"a member's key for everything", with(h, team, models.RoleMember, models.Scopes...), fault.Forbidden, fault.Forbidden},
			{"an admin of another team", as(h, other, models.RoleAdmin), fault.Missing, fault.Missing},
			{"an admin's key of another team", with(h, other, models.RoleAdmin, models.Scopes...), fault.Missing, fault.Missing},
			{"another team's client", housetest.AsScim(h.Context(), other.ID), fault.Missing, fault.Missing},
			{"an admin's key", with(h, team, models.RoleAdmin, models.ScopeSsoWrite), "", ""},
			{"an admin", as(h, team, models.RoleAdmin), "", ""},
			{"an operator", h.operator(), "", ""},
			{"the system", housetest.AsSystem(h.Context()), "", ""},
		} {
			events := len(h.events(team))
			for name, err := range h.reads(c.ctx, team) {
				ended(t, c.name+" reads "+name, err, c.read)
			}
			seen, err := h.sso.CertificatesByProvider(c.ctx, []models.ID{p.ID})
			h.must(err)
			if got := len(seen[p.ID]) > 0; got != (c.read == "") {
				t.Errorf("%s sees certificates: %v", c.name, got)
			}
			if c.write == "" {
				// The one verb that no role decides has a test of its own.
				writes := h.writes(c.ctx, team)
				delete(writes, "removal")
				for name, err := range writes {
					if fault.Is(err, fault.Forbidden) || fault.Is(err, fault.Missing) || fault.KindOf(err) == fault.Internal && err != nil {
						t.Errorf("%s changes %s: %v", c.name, name, err)
					}
				}
				continue
			}
			for name, err := range h.writes(c.ctx, team) {
				ended(t, c.name+" changes "+name, err, c.write)
			}
			same(t, c.name+": events", len(h.events(team)), events)
		}
	})
}

// What one team's admin may see is never in an answer about another one's, not
// even when ids are mixed.
func TestBatchIsOfOneTeam(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team, _ := h.found("acme")
		other, _ := h.found("other")
		mine, _ := h.ofTeam(team)
		theirs, _ := h.ofTeam(other)
		ids := []models.ID{theirs.ID, mine.ID, newID(t)}
		seen, err := h.sso.CertificatesByProvider(as(h, team, models.RoleAdmin), ids)
		h.must(err)
		same(t, "seen by an admin", []int{len(seen), len(seen[mine.ID]), len(seen[theirs.ID])}, []int{1, 1, 0})
		seen, err = h.sso.CertificatesByProvider(h.operator(), ids)
		h.must(err)
		same(t, "seen by an operator", []int{len(seen[mine.ID]), len(seen[theirs.ID])}, []int{1, 1})
		empty, err := h.sso.CertificatesByProvider(h.operator(), nil)
		h.must(err)
		same(t, "nothing asked", len(empty), 0)
		// A page of providers costs one statement.
		ctx, statements := models.CountStatements(h.operator())
		_, err = h.sso.CertificatesByProvider(ctx, ids)
		h.must(err)
		same(t, "statements", statements.Load(), 1)
		// An id that does not exist and one that is not theirs are answered alike.
		admin := as(h, team, models.RoleAdmin)
		for what, answers := range map[string][2]error{
			"add":    {first(h.sso.AddCertificate(admin, theirs.ID, h.live())), first(h.sso.AddCertificate(admin, newID(t), h.live()))},
			"remove": {first(h.sso.RemoveCertificate(admin, certOf(h, other).ID)), first(h.sso.RemoveCertificate(admin, newID(t)))},
			"read":   {first(h.sso.IdentityProvider(admin, theirs.ID)), first(h.sso.IdentityProvider(admin, newID(t)))},
		} {
			foreign, _ := fault.As(answers[0])
			unknown, _ := fault.As(answers[1])
			if foreign == nil || unknown == nil {
				t.Fatalf("%s: %v", what, answers)
			}
			same(t, what, []any{foreign.Code, foreign.Message, foreign.Field}, []any{unknown.Code, unknown.Message, unknown.Field})
		}
	})
}

func certOf(h *house, team models.Team) models.Certificate {
	_, c := h.ofTeam(team)
	return c
}

func first[A any](_ A, err error) error { return err }
