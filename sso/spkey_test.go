package sso_test

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/fault"
	"rollcall/models"
	"rollcall/saml"
	"rollcall/sso"
)

// A team has two keys at most: the current one, and the next beside it until
// the current one is retired. Both are published.
func TestServiceProviderKeyRollover(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team, _ := h.found("acme")
		admin := as(h, team, models.RoleAdmin)
		shown := func() (fingerprints []string) {
			sp, err := h.sso.Published(h.Context(), team.Slug)
			h.must(err)
			for _, k := range sp.SigningKeys {
				fingerprints = append(fingerprints, saml.Fingerprint(k.Certificate))
			}
			return fingerprints
		}
		same(t, "at first", shown(), "[]")
		first, err := h.sso.RotateServiceProviderKey(admin, team.ID)
		h.must(err)
		next, err := h.sso.RotateServiceProviderKey(admin, team.ID)
		h.must(err)
		same(t, "states", []any{first.State, next.State}, "[CURRENT NEXT]")
		same(t, "published", shown(), []string{first.FingerprintSha256, next.FingerprintSha256})
		same(t, "secrets given out", len(first.SealedKey)+len(next.SealedKey), 0)
		if !first.NotAfter.After(h.clock.Now().AddDate(15, 0, 0)) || first.NotBefore.After(h.clock.Now()) {
			t.Errorf("valid from %s to %s", first.NotBefore, first.NotAfter)
		}
		_, err = h.sso.RotateServiceProviderKey(admin, team.ID)
		ended(t, "a third", err, fault.LimitReached)
		gone, err := h.sso.RetireServiceProviderKey(admin, first.ID)
		h.must(err)
		same(t, "retired", gone.ID, first.ID)
		rows, err := h.sso.ServiceProviderKeys(admin, team.ID)
		h.must(err)
		same(t, "left", []any{len(rows), rows[0].ID, rows[0].State, len(rows[0].SealedKey)}, []any{1, next.ID, "CURRENT", 0})
		_, err = h.sso.RetireServiceProviderKey(admin, next.ID)
		ended(t, "the only one", err, fault.Clash)
		given, err := h.sso.RotateServiceProviderKey(admin, team.ID)
		h.must(err)
		_, err = h.sso.RetireServiceProviderKey(admin, given.ID)
		h.must(err)
		same(t, "after giving a next one up", shown(), []string{next.FingerprintSha256})
		same(t, "history", strings.Count(strings.Join(h.events(team), " "), "service_provider_key."), 5)
	})
}

func TestServiceProviderKeysAreTheTeams(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team, _ := h.found("acme")
		other := h.newTeam("other", models.PlanEnterprise)
		key, err := h.sso.RotateServiceProviderKey(h.operator(), team.ID)
		h.must(err)
		for _, c := range []struct {
			who  string
			want fault.Code
			team models.Team
			role models.Role
		}{{"a member", fault.Forbidden, team, models.RoleMember}, {"another team's admin", fault.Missing, other, models.RoleAdmin}} {
			ctx := as(h, c.team, c.role)
			_, err := h.sso.RotateServiceProviderKey(ctx, team.ID)
			ended(t, c.who+" rotates", err, c.want)
			_, err = h.sso.RetireServiceProviderKey(ctx, key.ID)
			ended(t, c.who+" retires", err, c.want)
			_, err = h.sso.ServiceProviderKeys(ctx, team.ID)
			ended(t, c.who+" lists", err, c.want)
		}
		_, err = h.sso.RotateServiceProviderKey(access.With(h.Context(), access.Actor{}), team.ID)
		ended(t, "nobody", err, fault.NotSignedIn)
	})
}

// The private key is in the database sealed only, and opens in its own row of
// its own team.
func TestPrivateKeysAreSealed(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team, _ := h.found("acme")
		other := h.newTeam("other", models.PlanEnterprise)
		key, err := h.sso.RotateServiceProviderKey(h.operator(), team.ID)
		h.must(err)
		var row models.ServiceProviderKey
		h.must(h.db.Read(h.Context()).Where("id = ?", key.ID).Take(&row).Error)
		sp, err := h.sso.Published(h.Context(), team.Slug)
		h.must(err)
		if bytes.Contains(row.SealedKey, sp.SigningKeys[0].Private.D.Bytes()) || bytes.Contains(row.SealedKey, sp.SigningKeys[0].Private.Primes[0].Bytes()) {
			t.Error("the private key stands in the row")
		}
		h.must(h.db.InTx(h.Context(), func(tx *gorm.DB) error {
			return tx.Model(&models.ServiceProviderKey{}).Where("id = ?", key.ID).Update("team_id", other.ID).Error
		}))
		if _, err := h.sso.Published(h.Context(), other.Slug); err == nil {
			t.Error("a key opens for another team")
		}
		unable := *h.sso
		unable.Keys = nil
		if _, err := unable.RotateServiceProviderKey(h.operator(), team.ID); err == nil {
			t.Error("a key is made that nothing seals")
		}
	})
}

// A key comes by itself with the first setting that needs one, once.
func TestFirstKeyComesByItself(t *testing.T) {
	for name, need := range map[string]func(h *house, team models.Team, p models.IdentityProvider) error{
		"signed requests": func(h *house, _ models.Team, p models.IdentityProvider) error {
			_, err := h.sso.UpdateIdentityProvider(h.operator(), p.ID, sso.ProviderChange{ProviderOptions: sso.ProviderOptions{SignAuthnRequests: ptr(true)}})
			return err
		},
		"single logout": func(h *house, _ models.Team, p models.IdentityProvider) error {
			_, err := h.sso.UpdateIdentityProvider(h.operator(), p.ID, sso.ProviderChange{SloURL: ptr("https://acme.idp.test/slo")})
			return err
		},
		"encryption": func(h *house, team models.Team, _ models.IdentityProvider) error {
			_, err := h.sso.UpdateSettings(h.operator(), team.ID, sso.SettingsChange{EncryptAssertions: ptr(true)})
			return err
		},
		"signed metadata": func(h *house, team models.Team, _ models.IdentityProvider) error {
			_, err := h.sso.UpdateSettings(h.operator(), team.ID, sso.SettingsChange{SignMetadata: ptr(true)})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachHouse(t, func(t *testing.T, h *house) {
				team, _ := h.found("acme")
				p, _ := h.ofTeam(team)
				before, err := h.sso.Metadata(h.Context(), team.Slug)
				h.must(err)
				h.must(need(h, team, p))
				h.must(need(h, team, p))
				rows, err := h.sso.ServiceProviderKeys(h.operator(), team.ID)
				h.must(err)
				after, err := h.sso.Metadata(h.Context(), team.Slug)
				h.must(err)
				text := string(after)
				same(t, "keys", len(rows), 1)
				same(t, "in the metadata before", strings.Contains(string(before), "KeyDescriptor"), false)
				same(t, "logout before", strings.Contains(string(before), "SingleLogoutService"), true)
				same(t, "signing key, logout, encryption key, signature", []bool{
					strings.Contains(text, `use="signing"`), strings.Contains(text, "/saml/acme/logout"), strings.Contains(text, `use="encryption"`), strings.Contains(text, "<ds:Signature "),
				}, []bool{true, true, name == "encryption", name == "signed metadata"})
				same(t, "AuthnRequestsSigned", strings.Contains(text, `AuthnRequestsSigned="true"`), name == "signed requests")
				if strings.Contains(text, "validUntil") {
					t.Error("the metadata ends")
				}
				if !strings.Contains(text, base64.StdEncoding.EncodeToString(derOf(h, rows[0]))) {
					t.Error("the certificate in the metadata is another one")
				}
			})
		})
	}
}

func derOf(h *house, k models.ServiceProviderKey) []byte {
	h.Helper()
	var row models.ServiceProviderKey
	h.must(h.db.Read(h.Context()).Where("id = ?", k.ID).Take(&row).Error)
	return row.DER
}

func TestOptionsAreJudged(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team, _ := h.found("acme")
		p, _ := h.ofTeam(team)
		long := make([]string, 21)
		for i := range long {
			long[i] = "x"
		}
		for name, o := range map[string]sso.ProviderOptions{
			"a logout address by script": {SloResponseURL: ptr("javascript:alert(1)")},
			"a transient NameID":         {NameIDFormat: ptr(saml.FormatTransient)},
			"a format that prints badly": {NameIDFormat: ptr("a\nb")},
			"a parameter of SAML's":      {LoginHintParameter: ptr("RelayState")},
			"a parameter with =":         {LoginHintParameter: ptr("a=b&c")},
			"SHA-1 for a year":           {AllowSha1Until: ptr(h.clock.Now().AddDate(1, 0, 0))},
			"SHA-1 until yesterday":      {AllowSha1Until: ptr(h.clock.Now().Add(-day))},
			"too many classes":           {AuthnContextClasses: &long},
			"an empty class":             {AuthnContextClasses: &[]string{""}},
			"attributes without values":  {MfaRule: &models.MfaRule{Attributes: []string{"amr"}}},
			"values without attributes":  {MfaRule: &models.MfaRule{Values: []string{"mfa"}}},
		} {
			_, err := h.sso.UpdateIdentityProvider(h.operator(), p.ID, sso.ProviderChange{ProviderOptions: o})
			ended(t, name, err, fault.InvalidValue)
		}
		for name, c := range map[string]sso.SettingsChange{"skew": {ClockSkewSeconds: ptr(181)}, "negative": {ClockSkewSeconds: ptr(-1)}} {
			_, err := h.sso.UpdateSettings(h.operator(), team.ID, c)
			ended(t, name, err, fault.InvalidValue)
		}
		got, err := h.sso.UpdateIdentityProvider(h.operator(), p.ID, sso.ProviderChange{ProviderOptions: sso.ProviderOptions{AllowSha1Until: ptr(h.clock.Now().Add(89 * day))}})
		h.must(err)
		same(t, "revision", got.Revision, 2)
		var event models.AuditEvent
		h.must(h.db.Read(h.Context()).Where("team_id = ? AND action = ?", team.ID, "identity_provider.updated").Take(&event).Error)
		same(t, "the exception is in the history", event.Details[0].Value, "never -> "+h.clock.Now().Add(89*day).Format(time.RFC3339))
		got, err = h.sso.UpdateIdentityProvider(h.operator(), p.ID, sso.ProviderChange{ProviderOptions: sso.ProviderOptions{EndSha1: true}})
		h.must(err)
		same(t, "ended", got.AllowSha1Until == nil, true)
	})
}

// Metadata of a provider that takes requests by POST only is taken, one entity
// is chosen out of several, and a preview changes nothing.
func TestMetadataChoicesAndPreview(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team := h.newTeam("acme", models.PlanTeam)
		a, b := h.newIDP("acme"), h.newIDP("beta")
		posts := strings.ReplaceAll(string(a.Metadata()), saml.BindingRedirect, saml.BindingPOST)
		preview, err := h.sso.PreviewMetadata(h.operator(), team.ID, posts)
		h.must(err)
		same(t, "preview", []any{preview.IdentityProvider.SsoBinding, preview.Existing == nil, len(preview.Certificates)}, []any{"POST", true, 1})
		same(t, "after a preview", h.count(&models.IdentityProvider{}, "1 = 1"), 0)
		made, err := h.sso.ImportMetadata(h.operator(), team.ID, posts)
		h.must(err)
		same(t, "binding", made.IdentityProvider.SsoBinding, "POST")
		again, err := h.sso.PreviewMetadata(h.operator(), team.ID, string(a.Metadata()))
		h.must(err)
		same(t, "what would change", []any{again.Existing.ID, len(again.Changes), again.Changes[0].Name}, []any{made.IdentityProvider.ID, 1, "ssoBinding"})
		bare := func(xml string) string { _, rest, _ := strings.Cut(xml, "?>"); return rest }
		both := `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">` + bare(string(a.Metadata())) + bare(string(b.Metadata())) + `</md:EntitiesDescriptor>`
		_, err = h.sso.ImportMetadata(h.operator(), team.ID, both)
		ended(t, "two to choose from", err, fault.MetadataInvalid)
		chosen, err := h.sso.ImportMetadataOf(h.operator(), team.ID, both, b.EntityID)
		h.must(err)
		same(t, "chosen", []any{chosen.IdentityProvider.EntityID, chosen.Created}, []any{b.EntityID, true})
	})
}

// Of what ended alike at one provider two hundred attempts stay, the newest.
func TestAttemptsAreThinned(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team, _ := h.found("acme")
		p, _ := h.ofTeam(team)
		var rows []models.LoginAttempt
		for range 230 {
			for _, outcome := range []models.AttemptOutcome{models.AttemptSucceeded, models.AttemptRefused} {
				rows = append(rows, models.LoginAttempt{ID: newID(t), TeamID: team.ID, IdentityProviderID: &p.ID, At: h.clock.Now(), Outcome: outcome, Checks: []models.AttemptCheck{}})
			}
		}
		h.must(h.db.Read(h.Context()).CreateInBatches(rows, 100).Error)
		h.must(h.sso.Prune(h.Context()))
		same(t, "left", []int64{h.count(&models.LoginAttempt{}, "outcome = ?", "SUCCEEDED"), h.count(&models.LoginAttempt{}, "outcome = ?", "REFUSED")}, "[200 200]")
		same(t, "the oldest", h.count(&models.LoginAttempt{}, "id = ?", rows[0].ID)+h.count(&models.LoginAttempt{}, "id = ?", rows[len(rows)-1].ID), 1)
	})
}

// Two admins who rotate at the same moment make one next key, not two.
func TestRotationsAtOnce(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team, _ := h.found("acme")
		h.must(first(h.sso.RotateServiceProviderKey(h.operator(), team.ID)))
		ends := together(t, 4, func(int) error {
			_, err := h.sso.RotateServiceProviderKey(h.operator(), team.ID)
			return err
		})
		same(t, "ends", []int{ends[""], ends[fault.LimitReached]}, "[1 3]")
		same(t, "keys", h.count(&models.ServiceProviderKey{}, "team_id = ?", team.ID), 2)
	})
}
