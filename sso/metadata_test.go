package sso_test

import (
	"crypto/x509"
	"strings"
	"testing"
	"time"

	"rollcall/fault"
	"rollcall/internal/idptest"
	"rollcall/models"
	"rollcall/saml"
	"rollcall/sso"
)

// publishing is an identity provider whose metadata lists these certificates.
func (h *house) publishing(certs ...*x509.Certificate) *idptest.IDP {
	h.Helper()
	idp := h.newIDP("acme")
	idp.Certificate, idp.Extra = certs[0], certs[1:]
	return idp
}

// trusted are the fingerprints of a provider's certificates in a fixed order.
func (h *house) trusted(p models.ID) map[string]models.CertificateSource {
	h.Helper()
	rows, err := h.sso.CertificatesByProvider(h.operator(), []models.ID{p})
	h.must(err)
	out := map[string]models.CertificateSource{}
	for _, c := range rows[p] {
		out[c.FingerprintSha256] = c.Source
	}
	return out
}

func TestImport(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team := h.newTeam("acme", models.PlanTeam)
		old := h.certificate(-day, 10*day)
		idp := h.publishing(old)
		admin := as(h, team, models.RoleAdmin)
		load := func() sso.Imported {
			t.Helper()
			out, err := h.sso.ImportMetadata(admin, team.ID, string(idp.Metadata()))
			h.must(err)
			return out
		}
		made := load()
		p := made.IdentityProvider
		same(t, "created, ignored", []any{made.Created, len(made.Ignored)}, []any{true, 0})
		same(t, "addresses", []string{p.EntityID, p.SsoURL, p.SloURL}, []string{idp.EntityID, idp.SSOURL, ""})
		same(t, "certificates", h.trusted(p.ID), map[string]models.CertificateSource{saml.Fingerprint(old): models.CertificateMetadata})

		// The same text again is no news.
		h.clock.Advance(time.Hour)
		again := load()
		same(t, "again", []any{again.Created, again.IdentityProvider}, []any{false, p})
		same(t, "events", h.events(team), []string{"identity_provider.created", "certificate.added"})

		// A new address and a new key: the provider stays who it is.
		next := h.certificate(-time.Hour, 20*day)
		idp.SSOURL = "https://acme.idp.test/moved"
		idp.Certificate, idp.Extra = next, []*x509.Certificate{old}
		moved := load()
		same(t, "moved", []any{moved.Created, moved.IdentityProvider.ID, moved.IdentityProvider.SsoURL, moved.IdentityProvider.Revision}, []any{false, p.ID, idp.SSOURL, 2})
		stored, err := h.sso.IdentityProvider(admin, p.ID)
		h.must(err)
		same(t, "stored", stored, moved.IdentityProvider)
		same(t, "both certificates", len(h.trusted(p.ID)), 2)
		same(t, "events after the move", h.events(team)[2:], []string{"identity_provider.updated", "certificate.added"})

		// A certificate that the metadata no longer has stays until it is removed.
		idp.Extra = nil
		load()
		same(t, "certificates after one left the metadata", len(h.trusted(p.ID)), 2)

		// What an admin chose by hand is not overwritten.
		h.update(&models.IdentityProvider{}, p.ID, map[string]any{"vendor": models.VendorAdfs, "want_response_signed": true})
		kept := load().IdentityProvider
		same(t, "choices", []any{kept.Vendor, kept.WantResponseSigned}, []any{"ADFS", true})
		same(t, "providers", h.count(&models.IdentityProvider{}, "1 = 1"), 1)
	})
}

// More certificates than three are not lost silently.
func TestImportOfManyCertificates(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team := h.newTeam("acme", models.PlanTeam)
		// In one file: the three that live longest are taken, the rest is told.
		certs := make([]*x509.Certificate, 5)
		for i := range certs {
			certs[i] = h.certificate(-time.Hour, time.Duration(i+1)*day)
		}
		idp := h.publishing(append(certs, h.certificate(-2*day, -day))...)
		out, err := h.sso.ImportMetadata(h.operator(), team.ID, string(idp.Metadata()))
		h.must(err)
		same(t, "trusted", h.trusted(out.IdentityProvider.ID), map[string]models.CertificateSource{
			saml.Fingerprint(certs[4]): models.CertificateMetadata, saml.Fingerprint(certs[3]): models.CertificateMetadata, saml.Fingerprint(certs[2]): models.CertificateMetadata,
		})
		told := strings.Join(out.Ignored, "\n")
		for _, c := range append(certs[:2:2], idp.Extra[4]) {
			if !strings.Contains(told, saml.Fingerprint(c)) {
				t.Errorf("a certificate was left out without a word: %s", told)
			}
		}

		// Beside those that are trusted already: one of two fits after one was removed.
		p := out.IdentityProvider.ID
		h.removeCertificate(p, certs[2])
		fresh := []*x509.Certificate{h.certificate(-time.Hour, 30*day), h.certificate(-time.Hour, 40*day)}
		idp.Certificate, idp.Extra = fresh[0], fresh[1:]
		out, err = h.sso.ImportMetadata(h.operator(), team.ID, string(idp.Metadata()))
		h.must(err)
		same(t, "trusted after the second import", len(h.trusted(p)), 3)
		if len(out.Ignored) != 1 || !strings.Contains(out.Ignored[0], saml.Fingerprint(fresh[0])) || !strings.Contains(out.Ignored[0], "3 unexpired") {
			t.Errorf("told: %v", out.Ignored)
		}

		// When none fits it is a refusal, and the address is not taken over either.
		idp.Certificate, idp.Extra, idp.SSOURL = h.certificate(-time.Hour, 50*day), nil, "https://acme.idp.test/moved"
		_, err = h.sso.ImportMetadata(h.operator(), team.ID, string(idp.Metadata()))
		ended(t, "none fits", err, fault.LimitReached)
		stored, err := h.sso.IdentityProvider(h.operator(), p)
		h.must(err)
		same(t, "address", stored.SsoURL, "https://acme.idp.test/sso")
	})
}

func (h *house) removeCertificate(p models.ID, c *x509.Certificate) {
	h.Helper()
	var row models.Certificate
	h.must(h.db.Read(h.Context()).Where("identity_provider_id = ? AND fingerprint_sha256 = ?", p, saml.Fingerprint(c)).Take(&row).Error)
	_, err := h.sso.RemoveCertificate(h.operator(), row.ID)
	h.must(err)
}

func TestImportIsRefused(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team := h.newTeam("acme", models.PlanTeam)
		good := string(h.newIDP("acme").Metadata())
		sp, err := h.sso.ServiceProvider("acme").Metadata()
		h.must(err)
		for _, c := range []struct {
			name, xml string
			want      fault.Code
		}{
			{"nothing", "", fault.MetadataInvalid},
			{"its address", "https://idp.test/metadata", fault.MetadataInvalid},
			{"cut off", good[:len(good)/2], fault.MetadataInvalid},
			{"entities", `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>` + good, fault.MetadataInvalid},
			{"a service provider's", string(sp), fault.MetadataWrongRole},
			{"sign-in by script", strings.ReplaceAll(good, "https://acme.idp.test/sso", "javascript:alert(1)"), fault.MetadataInvalid},
			{"no certificate", strings.ReplaceAll(good, "X509Certificate", "X509Data2"), fault.MetadataInvalid},
			{"an expired certificate only", string(h.publishing(h.certificate(-2*day, -day)).Metadata()), fault.MetadataInvalid},
			{"another page", "<html><body>Sign in</body></html>", fault.MetadataInvalid},
		} {
			out, err := h.sso.ImportMetadata(h.operator(), team.ID, c.xml)
			ended(t, c.name, err, c.want)
			if f, ok := fault.As(err); ok {
				same(t, c.name+": field", f.Field, []string{"xml"})
			}
			same(t, c.name+": provider", out.IdentityProvider.ID, "")
			same(t, c.name+": rows", h.count(&models.IdentityProvider{}, "1 = 1"), 0)
		}
		same(t, "events", len(h.events(team)), 0)
	})
}

// Two admins who paste the same metadata at once make one provider.
func TestImportRace(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team := h.newTeam("acme", models.PlanTeam)
		text := string(h.newIDP("acme").Metadata())
		var made [6]bool
		ends := together(t, len(made), func(i int) error {
			out, err := h.sso.ImportMetadata(h.operator(), team.ID, text)
			made[i] = out.Created
			return err
		})
		same(t, "ends", ends, map[fault.Code]int{"": len(made)})
		n := 0
		for _, m := range made {
			if m {
				n++
			}
		}
		same(t, "made, providers, certificates", []int64{int64(n), h.count(&models.IdentityProvider{}, "1 = 1"), h.count(&models.Certificate{}, "1 = 1")}, []int64{1, 1, 1})
	})
}
