package sso_test

import (
	"crypto/x509"
	"encoding/pem"
	"testing"
	"time"

	"rollcall/internal/housetest"
	"rollcall/models"
	"rollcall/roster"
	"rollcall/sso"
)

// discover has an unknown certificate turn up in the metadata, trusted at once or
// waiting for an admin's word.
func (d *desk) discover(p models.IdentityProvider, trusted bool) {
	d.Helper()
	if _, err := d.sso.UpdateNotifications(d.ctx(), d.team.ID, sso.NotificationsChange{TrustDiscovered: &trusted}); err != nil {
		d.Fatal(err)
	}
	d.idp.Extra = []*x509.Certificate{d.next(d.year())}
	d.publish()
	if got := d.due(p); len(got.Trusted)+len(got.Staged) != 1 || len(got.Trusted) == 1 != trusted {
		d.Fatalf("%+v", got)
	}
}

// waiting is the certificate that waits for an admin's word.
func (d *desk) waiting(p models.IdentityProvider) models.ID {
	d.Helper()
	rows, err := d.sso.StagedCertificates(d.ctx(), p.ID)
	if err != nil || len(rows) != 1 {
		d.Fatalf("staged are %v, %v", rows, err)
	}
	return rows[0].ID
}

// Each change of what sign-ins rest on makes the test login worthless, and no
// other change does: not what becomes of somebody whose answer was good, and not
// how people sign out.
func TestWhatATestLoginRestsOn(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		p := d.imported()
		ctx, team := d.ctx(), d.team.ID
		people := &roster.Service{DB: d.db, Now: d.clock.Now, TombstoneKey: []byte("0123456789abcdef0123456789abcdef")}
		settings := func(c sso.SettingsChange) func() error {
			return func() error { _, err := d.sso.UpdateSettings(ctx, team, c); return err }
		}
		provider := func(c sso.ProviderChange) func() error {
			return func() error { _, err := d.sso.UpdateIdentityProvider(ctx, p.ID, c); return err }
		}
		options := func(o sso.ProviderOptions) func() error { return provider(sso.ProviderChange{ProviderOptions: o}) }
		load := func() error { _, err := d.sso.ImportMetadata(ctx, team, string(d.idp.Metadata())); return err }
		remove := func() error {
			rows, err := d.sso.CertificatesByProvider(ctx, []models.ID{p.ID})
			if err == nil {
				_, err = d.sso.RemoveCertificate(ctx, rows[p.ID][0].ID)
			}
			return err
		}
		var second models.IdentityProvider
		for _, c := range []struct {
			name    string
			prepare func()
			do      func() error
			clears  bool
		}{
			{"the same metadata", nil, load, false},
			{"metadata with another address", func() { d.idp.SSOURL += "/moved" }, load, true},
			{"metadata with another certificate", func() { d.idp.Extra = []*x509.Certificate{d.next(d.year())} }, load, true},
			{"the same metadata again", nil, load, false},
			{"a certificate discovered and staged", nil, func() error { d.discover(p, false); return nil }, false},
			{"a staged certificate accepted", nil, func() error { _, err := d.sso.AcceptCertificate(ctx, d.waiting(p)); return err }, true},
			{"a certificate removed", nil, remove, true},
			{"a staged certificate dismissed", func() { d.discover(p, false) }, func() error { return d.sso.DismissCertificate(ctx, d.waiting(p)) }, false},
			{"a certificate discovered and trusted", nil, func() error { d.discover(p, true); return nil }, true},
			{"another certificate removed", nil, remove, true},
			{"a certificate added", nil, func() error {
				text := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: d.next(d.year()).Raw}))
				_, err := d.sso.AddCertificate(ctx, p.ID, text)
				return err
			}, true},
			{"another provider", nil, func() error {
				var err error
				second, err = d.sso.CreateIdentityProvider(ctx, sso.NewIdentityProvider{TeamID: team, EntityID: "https://second.test", SsoURL: "https://second.test/sso"})
				return err
			}, true},
			{"another default provider", nil, func() error { return settings(sso.SettingsChange{DefaultIdentityProviderID: &second.ID})() }, true},
			{"the default provider of before", nil, settings(sso.SettingsChange{DefaultIdentityProviderID: &p.ID}), true},
			{"a provider deleted", nil, func() error { _, err := d.sso.DeleteIdentityProvider(ctx, second.ID); return err }, true},
			{"another address by hand", nil, provider(sso.ProviderChange{SsoURL: ptr("https://idp.acme.test/elsewhere")}), true},
			{"another mapping", nil, provider(sso.ProviderChange{AttributeMapping: &models.AttributeMapping{Email: []string{"mail"}}}), true},
			{"signed responses", nil, provider(sso.ProviderChange{WantResponseSigned: ptr(true)}), true},
			{"another vendor", nil, provider(sso.ProviderChange{Vendor: ptr(models.VendorOkta)}), true},
			{"fresh sign-ins", nil, options(sso.ProviderOptions{ForceAuthn: ptr(true)}), true},
			{"inclusive canonical XML", nil, options(sso.ProviderOptions{AllowInclusiveC14n: ptr(true)}), true},
			{"no change of the provider", nil, options(sso.ProviderOptions{ForceAuthn: ptr(true)}), false},
			{"a second factor", nil, settings(sso.SettingsChange{RequireMfa: ptr(true)}), true},
			{"clocks", nil, settings(sso.SettingsChange{ClockSkewSeconds: ptr(10)}), true},
			{"allowed domains", nil, settings(sso.SettingsChange{AllowedDomains: &[]string{"acme.test"}}), true},
			{"the same allowed domains", nil, settings(sso.SettingsChange{AllowedDomains: &[]string{"ACME.test"}}), false},

			{"a logout address", nil, provider(sso.ProviderChange{SloURL: ptr("https://idp.acme.test/slo")}), false},
			{"a login hint", nil, options(sso.ProviderOptions{LoginHintParameter: ptr("hint")}), false},
			{"the default role", nil, settings(sso.SettingsChange{DefaultRole: ptr(models.RoleViewer)}), false},
			{"just-in-time provisioning", nil, settings(sso.SettingsChange{JitEnabled: ptr(false)}), false},
			{"lifetimes", nil, settings(sso.SettingsChange{SessionHours: ptr(10), APIKeyHours: ptr(2)}), false},
			{"role rules", nil, func() error {
				_, err := people.SetRoleRules(ctx, team, []roster.NewRule{{Kind: models.RuleGroup, Attribute: "groups", Value: "staff", Role: models.RoleMember}}, nil)
				return err
			}, false},
		} {
			if c.prepare != nil {
				c.prepare()
			}
			housetest.Update(t, d.db, &models.SsoSettings{}, map[string]any{"tested_at": d.clock.Now()}, "team_id = ?", team)
			before, err := d.sso.Settings(ctx, team)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.do(); err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			after, err := d.sso.Settings(ctx, team)
			if err != nil {
				t.Fatal(err)
			}
			if cleared := after.TestedAt == nil; cleared != c.clears || cleared != (after.TrustRevision > before.TrustRevision) {
				t.Errorf("%s: cleared %v, trust revision %d, before %d", c.name, cleared, after.TrustRevision, before.TrustRevision)
			}
			d.clock.Advance(time.Minute)
		}
	})
}

// So does a key of the team's own that is retired: what was encrypted for it, and
// what it signed, is another key's now.
func TestRetiredKeyNeedsAnotherTest(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team, _ := h.found("acme")
		first, err := h.sso.RotateServiceProviderKey(h.operator(), team.ID)
		h.must(err)
		_, err = h.sso.RotateServiceProviderKey(h.operator(), team.ID)
		h.must(err)
		h.tested(team)
		_, err = h.sso.RetireServiceProviderKey(h.operator(), first.ID)
		h.must(err)
		row, err := h.sso.Settings(h.operator(), team.ID)
		h.must(err)
		if row.TestedAt != nil {
			t.Error("the test counts by another key")
		}
	})
}
