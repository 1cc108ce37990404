package sso_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"rollcall/fault"
	"rollcall/internal/idptest"
	"rollcall/models"
	"rollcall/saml"
	"rollcall/sso"
)

// bare makes a provider without certificates.
func (h *house) bare(team models.Team) models.IdentityProvider {
	h.Helper()
	p, err := h.sso.CreateIdentityProvider(h.operator(), sso.NewIdentityProvider{TeamID: team.ID, EntityID: "https://idp.test", SsoURL: "https://idp.test/sso"})
	h.must(err)
	return p
}

func TestAddCertificate(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team := h.newTeam("acme", models.PlanTeam)
		p := h.bare(team)
		c := h.certificate(-time.Hour, day)
		row, err := h.sso.AddCertificate(as(h, team, models.RoleAdmin), p.ID, pemOf(c))
		h.must(err)
		same(t, "row", []any{row.TeamID, row.IdentityProviderID, row.FingerprintSha256, row.Subject, row.Issuer, row.Serial, row.KeyAlgorithm, row.KeyBits, row.Source, row.AddedBy},
			[]any{team.ID, p.ID, saml.Fingerprint(c), "CN=Test identity provider", "CN=Test identity provider", c.SerialNumber.Text(16), "ECDSA", 256, "UPLOAD", "someone@acme.test"})
		same(t, "dates", []time.Time{row.NotBefore, row.NotAfter}, []time.Time{c.NotBefore, c.NotAfter})
		stored, err := h.sso.Certificate(h.operator(), row.ID)
		h.must(err)
		same(t, "stored", []any{stored.FingerprintSha256, string(stored.DER) == string(c.Raw), stored.LastUsedAt == nil}, []any{row.FingerprintSha256, true, true})
		var event models.AuditEvent
		h.must(h.db.Read(h.Context()).Where("action = 'certificate.added'").Take(&event).Error)
		same(t, "event", []any{event.TargetLabel, event.Details[0], event.Details[2]}, []any{
			saml.Fingerprint(c), models.AuditDetail{Name: "subject", Value: "CN=Test identity provider"}, models.AuditDetail{Name: "source", Value: "UPLOAD"},
		})
		// Its place in time, to the second at both ends.
		for at, want := range map[time.Time]models.CertificateState{
			c.NotBefore.Add(-1): models.CertificateNotYetValid, c.NotBefore: models.CertificateActive,
			c.NotAfter: models.CertificateActive, c.NotAfter.Add(1): models.CertificateExpired,
		} {
			same(t, at.String(), stored.StateAt(at), want)
		}
		// The other forms that admins paste.
		for form, text := range map[string]string{
			"base64":          base64.StdEncoding.EncodeToString(h.certificate(-time.Hour, day).Raw),
			"metadata":        string(h.publishing(h.certificate(-time.Hour, day)).Metadata()),
			"an indented PEM": "  " + strings.ReplaceAll(h.live(), "\n", "\r\n   "),
		} {
			row, err := h.sso.AddCertificate(h.operator(), p.ID, text)
			ended(t, form, err, "")
			_, err = h.sso.RemoveCertificate(h.operator(), row.ID)
			ended(t, form+" removed", err, "")
		}
	})
}

func TestCertificateInput(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team := h.newTeam("acme", models.PlanTeam)
		p := h.bare(team)
		weak, err := rsa.GenerateKey(rand.Reader, 1024)
		h.must(err)
		small, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
		h.must(err)
		selfSigned := func(key crypto.Signer) string {
			c, err := idptest.SelfSigned(key, h.clock.Now().Add(-time.Hour), h.clock.Now().Add(day))
			h.must(err)
			return pemOf(c)
		}
		live := h.live()
		_, err = h.sso.AddCertificate(h.operator(), p.ID, live)
		h.must(err)
		for _, c := range []struct {
			name, text string
			want       fault.Code
		}{
			{"nothing", "", fault.CertificateUnusable},
			{"words", "hello", fault.CertificateUnusable},
			{"a private key", live + "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", fault.CertificateUnusable},
			{"two of different keys", live + h.newIDP("acme").CertificatePEM(), fault.CertificateUnusable},
			{"a small RSA key", selfSigned(weak), fault.CertificateWeak},
			{"a small curve", selfSigned(small), fault.CertificateWeak},
			{"one that is over", pemOf(h.certificate(-day, -time.Second)), fault.CertificateExpired},
			{"one that is there", live, fault.CertificateDuplicate},
		} {
			row, err := h.sso.AddCertificate(h.operator(), p.ID, c.text)
			ended(t, c.name, err, c.want)
			if f, ok := fault.As(err); ok {
				same(t, c.name+": field", f.Field, []string{"certificate"})
			}
			if err == nil {
				t.Errorf("%s became %s", c.name, row.ID)
			}
		}
		same(t, "certificates", h.count(&models.Certificate{}, "1 = 1"), 1)
		_, err = h.sso.AddCertificate(h.operator(), newID(t), h.live())
		ended(t, "unknown provider", err, fault.Missing)
		// Another provider may have the same one, and the same one again after it expired is still over.
		h.must(first(h.sso.AddCertificate(h.operator(), h.create(team, h.newIDP("acme")).ID, live)))
		h.clock.Advance(2 * day)
		_, err = h.sso.AddCertificate(h.operator(), p.ID, live)
		ended(t, "again after its end", err, fault.CertificateExpired)
	})
}

// Three that are not over, whoever adds them and however many at once.
func TestThreeCertificates(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team := h.newTeam("acme", models.PlanTeam)
		p := h.bare(team)
		text := make([]string, 16)
		for i := range text {
			text[i] = h.live()
		}
		text[0] = pemOf(h.certificate(day, 2*day)) // one of the future counts like the others
		add := func(i int) error { return first(h.sso.AddCertificate(h.operator(), p.ID, text[i])) }
		same(t, "sixteen at once", together(t, 16, add), map[fault.Code]int{"": 3, fault.LimitReached: 13})
		same(t, "certificates", h.count(&models.Certificate{}, "identity_provider_id = ?", p.ID), 3)
		// Another provider has three of its own.
		other := h.create(team, h.newIDP("acme"))
		add = func(i int) error { return first(h.sso.AddCertificate(h.operator(), other.ID, text[i])) }
		same(t, "another provider", together(t, 16, add), map[fault.Code]int{"": 2, fault.LimitReached: 14})
		// Once they are over they do not count; they stay for the record.
		h.clock.Advance(3 * day)
		fresh := []string{h.live(), h.live(), h.live(), h.live()}
		add = func(i int) error { return first(h.sso.AddCertificate(h.operator(), p.ID, fresh[i])) }
		same(t, "four beside three that are over", together(t, 4, add), map[fault.Code]int{"": 3, fault.LimitReached: 1})
		same(t, "certificates of before and now", h.count(&models.Certificate{}, "identity_provider_id = ?", p.ID), 6)
	})
}

// The last second of a certificate still counts, as it still verifies.
func TestCertificateCountsToItsEnd(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := h.bare(h.newTeam("acme", models.PlanTeam))
		for range 3 {
			h.must(first(h.sso.AddCertificate(h.operator(), p.ID, pemOf(h.certificate(-time.Hour, time.Hour)))))
		}
		h.clock.Advance(time.Hour)
		ended(t, "in their last second", first(h.sso.AddCertificate(h.operator(), p.ID, h.live())), fault.LimitReached)
		h.clock.Advance(time.Microsecond)
		ended(t, "just after", first(h.sso.AddCertificate(h.operator(), p.ID, h.live())), "")
	})
}

func TestDuplicateRace(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := h.bare(h.newTeam("acme", models.PlanTeam))
		text := h.live()
		ends := together(t, 8, func(int) error { return first(h.sso.AddCertificate(h.operator(), p.ID, text)) })
		same(t, "ends", ends, map[fault.Code]int{"": 1, fault.CertificateDuplicate: 7})
	})
}

// While people sign in by a provider, one certificate of it stays valid, also
// when two admins take away the last two at the same moment.
func TestLastCertificate(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team, _ := h.found("acme")
		p, last := h.ofTeam(team)
		remove := func(id models.ID) error { return first(h.sso.RemoveCertificate(h.operator(), id)) }
		add := func(from, until time.Duration) models.ID {
			t.Helper()
			row, err := h.sso.AddCertificate(h.operator(), p.ID, pemOf(h.certificate(from, until)))
			h.must(err)
			return row.ID
		}
		ended(t, "the only one", remove(last.ID), fault.LastCertificate)
		future, short := add(day, 2*day), add(-time.Hour, time.Minute)
		h.clock.Advance(time.Hour)
		ended(t, "the only valid one beside others", remove(last.ID), fault.LastCertificate)
		ended(t, "one that is over", remove(short), "")
		ended(t, "one of the future", remove(future), "")
		ended(t, "one that is gone", remove(short), fault.Missing)
		// Another provider of the team does not stand in for it.
		h.create(team, h.newIDP("second"))
		ended(t, "the only one of this provider", remove(last.ID), fault.LastCertificate)
		for range 5 {
			second := add(-time.Hour, 100*day)
			ids := []models.ID{last.ID, second}
			ends := together(t, 2, func(i int) error { return remove(ids[i]) })
			same(t, "both at once", ends, map[fault.Code]int{"": 1, fault.LastCertificate: 1})
			var left models.Certificate
			h.must(h.db.Read(h.Context()).Where("identity_provider_id = ?", p.ID).Take(&left).Error)
			last = left
		}
		for _, state := range []models.SsoState{models.SsoEnforced, models.SsoEnabled} {
			h.state(team, state)
			ended(t, "while it is "+string(state), remove(last.ID), fault.LastCertificate)
		}
		h.state(team, models.SsoDisabled)
		ended(t, "while it is off", remove(last.ID), "")
		same(t, "told", h.count(&models.AuditEvent{}, "action = 'certificate.removed' AND target_id = ?", last.ID), 1)
	})
}

// The list shows what lives, then the latest of what is over.
func TestCertificateList(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := h.bare(h.newTeam("acme", models.PlanTeam))
		for i := range 25 {
			h.must(first(h.sso.AddCertificate(h.operator(), p.ID, pemOf(h.certificate(-time.Hour, time.Hour)))))
			if i < 24 {
				h.clock.Advance(2 * time.Hour)
			}
		}
		rows, err := h.sso.CertificatesByProvider(h.operator(), []models.ID{p.ID})
		h.must(err)
		list := rows[p.ID]
		same(t, "shown", len(list), 20)
		same(t, "first", list[0].StateAt(h.clock.Now()), models.CertificateActive)
		for i := range list[1:] {
			if list[i].NotAfter.Before(list[i+1].NotAfter) {
				t.Errorf("the order is wrong at %d", i)
			}
		}
	})
}
