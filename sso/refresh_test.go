package sso_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"rollcall/fault"
	"rollcall/internal/housetest"
	"rollcall/internal/idptest"
	"rollcall/models"
	"rollcall/roster"
	"rollcall/saml"
	"rollcall/sso"
	"rollcall/sso/fetch"
)

const metadataURL = "https://idp.acme.test/metadata.xml"

// desk is a team whose identity provider publishes its metadata, with a host
// that the test speaks for and a list of what was announced.
type desk struct {
	*testing.T
	clock  *housetest.Clock
	sso    *sso.Service
	db     *models.DB
	idp    *idptest.IDP
	team   models.Team
	mu     sync.Mutex
	asked  int
	host   func(etag string) (fetch.Document, error)
	told   []models.Notice
	during func() // while the host is being asked
}

func eachDesk(t *testing.T, fn func(t *testing.T, d *desk)) {
	t.Helper()
	housetest.EachSource(t, func(t *testing.T, src models.Source) {
		d := &desk{T: t, clock: housetest.NewClock()}
		d.db = housetest.Open(t, src, d.clock.Now)
		d.sso = &sso.Service{DB: d.db, Now: d.clock.Now, BaseURL: "https://rollcall.test", Announce: func(tx *gorm.DB, n models.Notice) error {
			if err := tx.Create(&n).Error; err != nil {
				return err
			}
			d.told = append(d.told, n)
			return nil
		}, Fetch: func(_ context.Context, address, etag, _ string) (fetch.Document, error) {
			d.mu.Lock()
			d.asked++
			d.mu.Unlock()
			if address != metadataURL {
				t.Errorf("%s was asked", address)
			}
			if d.during != nil {
				d.during()
			}
			return d.host(etag)
		}}
		ctx := housetest.AsOperator(t.Context())
		people := &roster.Service{DB: d.db, Now: d.clock.Now, TombstoneKey: []byte("0123456789abcdef0123456789abcdef")}
		var err error
		if d.team, err = people.CreateTeam(ctx, roster.NewTeam{Slug: "acme", Name: "Acme", Plan: models.PlanEnterprise}); err != nil {
			t.Fatal(err)
		}
		if d.idp, err = idptest.NewECDSA("https://idp.acme.test", "https://idp.acme.test/sso", d.clock.Now); err != nil {
			t.Fatal(err)
		}
		d.publish()
		fn(t, d)
	})
}

func (d *desk) ctx() context.Context    { return housetest.AsOperator(d.Context()) }
func (d *desk) system() context.Context { return housetest.AsSystem(d.Context()) }

// publish has the host say what the identity provider says now.
func (d *desk) publish() {
	body := d.idp.Metadata()
	tag := saml.Fingerprint(d.idp.Certificate)[:8]
	for _, c := range d.idp.Extra {
		tag += saml.Fingerprint(c)[:8]
	}
	d.host = func(etag string) (fetch.Document, error) {
		if etag == tag {
			return fetch.Document{Unchanged: true, ETag: tag}, nil
		}
		return fetch.Document{Body: body, ETag: tag}, nil
	}
}

func (d *desk) fail(reason string) {
	d.host = func(string) (fetch.Document, error) { return fetch.Document{}, &fetch.Error{Reason: reason} }
}

func (d *desk) imported() models.IdentityProvider {
	d.Helper()
	in, err := d.sso.ImportMetadataURL(d.ctx(), d.team.ID, metadataURL)
	if err != nil {
		d.Fatal(err)
	}
	d.told = nil
	return in.IdentityProvider
}

// due lets six hours pass and has the server look.
func (d *desk) due(p models.IdentityProvider) sso.Refreshed {
	d.Helper()
	d.clock.Advance(6*time.Hour + time.Second)
	got, err := d.sso.RefreshDue(d.system(), p.ID)
	if err != nil {
		d.Fatal(err)
	}
	return got
}

func (d *desk) trusted(p models.IdentityProvider) []string {
	d.Helper()
	m, err := d.sso.CertificatesByProvider(d.ctx(), []models.ID{p.ID})
	if err != nil {
		d.Fatal(err)
	}
	var out []string
	for _, c := range m[p.ID] {
		out = append(out, c.FingerprintSha256)
	}
	slices.Sort(out)
	return out
}

func (d *desk) kinds() (out []string) {
	for _, n := range d.told {
		out = append(out, n.Kind)
	}
	d.told = nil
	return out
}

func (d *desk) same(what string, got, want []string) {
	d.Helper()
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		d.Errorf("%s: %v, want %v", what, got, want)
	}
}

// next makes the certificate that the identity provider will use next.
func (d *desk) next(from, until time.Time) *x509.Certificate {
	d.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		d.Fatal(err)
	}
	c, err := idptest.SelfSigned(key, from, until)
	if err != nil {
		d.Fatal(err)
	}
	return c
}

func (d *desk) year() (from, until time.Time) {
	now := d.clock.Now()
	return now.Add(-time.Hour), now.AddDate(1, 0, 0)
}

func TestRefreshTrustsAndTells(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		p := d.imported()
		first := saml.Fingerprint(d.idp.Certificate)
		if got, err := d.sso.RefreshDue(d.system(), p.ID); err != nil || d.asked != 1 {
			t.Errorf("before its time: %+v, %v, asked %d times", got, err, d.asked)
		}
		if got := d.due(p); !got.Unchanged || got.Problem != "" {
			t.Errorf("%+v", got)
		}
		second := d.next(d.year())
		d.idp.Extra = append(d.idp.Extra, second)
		d.publish()
		got := d.due(p)
		d.same("trusted now", got.Trusted, []string{saml.Fingerprint(second)})
		d.same("told", d.kinds(), []string{"cert_discovered"})
		// The old one vanishes and stays trusted: it may still be in use.
		d.idp.Certificate, d.idp.Extra = second, nil
		d.publish()
		d.due(p)
		d.same("trusted", d.trusted(p), []string{first, saml.Fingerprint(second)})
		d.same("told", d.kinds(), nil)
		src, err := d.sso.MetadataSources(d.ctx(), []models.ID{p.ID})
		if err != nil || src[p.ID].URL != metadataURL || src[p.ID].Failures != 0 || !src[p.ID].FetchedAt.Equal(d.clock.Now()) {
			t.Errorf("%+v, %v", src, err)
		}
		if next := src[p.ID].NextAt.Sub(d.clock.Now()); next > 6*time.Hour || next < 5*time.Hour {
			t.Errorf("the next look is in %v", next)
		}
	})
}

// With three trusted ones, one that the metadata dropped and nobody uses makes
// room; one in use does not.
func TestRefreshMakesRoom(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		p := d.imported()
		first := saml.Fingerprint(d.idp.Certificate)
		for range 2 {
			d.idp.Extra = append(d.idp.Extra, d.next(d.year()))
		}
		d.publish()
		d.due(p)
		d.kinds()
		fourth := d.next(d.year())
		d.idp.Certificate = d.idp.Extra[0]
		d.idp.Extra = []*x509.Certificate{d.idp.Extra[1], fourth}
		d.publish()
		if err := d.db.InTx(t.Context(), func(tx *gorm.DB) error {
			return tx.Model(&models.Certificate{}).Where("fingerprint_sha256 = ?", first).Update("last_used_at", d.clock.Now().Add(6*time.Hour)).Error
		}); err != nil {
			t.Fatal(err)
		}
		got := d.due(p)
		d.same("staged", got.Staged, []string{saml.Fingerprint(fourth)})
		if staged, err := d.sso.StagedCertificates(d.ctx(), p.ID); err != nil || len(staged) != 1 || staged[0].Reason != models.StagedForRoom {
			t.Errorf("%+v, %v", staged, err)
		}
		d.same("told", d.kinds(), []string{"cert_discovered"})
		d.due(p)
		d.same("told again", d.kinds(), nil)
		d.clock.Advance(48 * time.Hour) // the old one is out of use
		got = d.due(p)                  // the host says that nothing has changed
		d.same("trusted now", got.Trusted, []string{saml.Fingerprint(fourth)})
		if staged, err := d.sso.StagedCertificates(d.ctx(), p.ID); err != nil || len(staged) != 0 {
			t.Errorf("%+v, %v", staged, err)
		}
		d.same("told", d.kinds(), []string{"cert_discovered", "cert_removed"})
		if all := d.trusted(p); len(all) != 3 || slices.Contains(all, first) {
			t.Errorf("trusted: %v", all)
		}
	})
}

func TestRefreshStages(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		p, no := d.imported(), false
		if _, err := d.sso.UpdateNotifications(d.ctx(), d.team.ID, sso.NotificationsChange{TrustDiscovered: &no}); err != nil {
			t.Fatal(err)
		}
		before := d.trusted(p)
		second, third := d.next(d.year()), d.next(d.year())
		d.idp.Extra = []*x509.Certificate{second, third}
		d.publish()
		d.due(p)
		d.same("trusted", d.trusted(p), before)
		staged, err := d.sso.StagedCertificates(d.ctx(), p.ID)
		if err != nil || len(staged) != 2 || staged[0].Reason != models.StagedBySetting {
			t.Fatalf("%+v, %v", staged, err)
		}
		if _, err := d.sso.AcceptCertificate(housetest.AsScim(t.Context(), d.team.ID), staged[0].ID); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a provisioning client accepts: %v", err)
		}
		accepted, err := d.sso.AcceptCertificate(d.ctx(), staged[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		d.same("trusted", d.trusted(p), append(before, accepted.FingerprintSha256))
		if err := d.sso.DismissCertificate(d.ctx(), staged[1].ID); err != nil {
			t.Fatal(err)
		}
		d.kinds()
		d.host = func(string) (fetch.Document, error) { return fetch.Document{Body: d.idp.Metadata()}, nil }
		if got := d.due(p); len(got.Staged)+len(got.Trusted) != 0 {
			t.Errorf("a certificate that was dismissed is offered again: %+v", got)
		}
	})
}

// What an admin removed stays removed, whatever the metadata goes on saying,
// until an admin adds it again.
func TestRefreshAfterRemoval(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		p := d.imported()
		second := d.next(d.year())
		d.idp.Extra = []*x509.Certificate{second}
		d.publish()
		d.due(p)
		all, err := d.sso.CertificatesByProvider(d.ctx(), []models.ID{p.ID})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range all[p.ID] {
			if c.FingerprintSha256 == saml.Fingerprint(second) {
				if _, err := d.sso.RemoveCertificate(d.ctx(), c.ID); err != nil {
					t.Fatal(err)
				}
			}
		}
		d.host = func(string) (fetch.Document, error) { return fetch.Document{Body: d.idp.Metadata()}, nil }
		for range 2 {
			if got := d.due(p); len(got.Trusted)+len(got.Staged) != 0 {
				t.Errorf("it comes back: %+v", got)
			}
		}
		if waiting, err := d.sso.StagedCertificates(d.ctx(), p.ID); err != nil || len(waiting) != 0 {
			t.Errorf("%+v, %v", waiting, err)
		}
		text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: second.Raw})
		if _, err := d.sso.AddCertificate(d.ctx(), p.ID, string(text)); err != nil {
			t.Fatal(err)
		}
		d.due(p)
		d.same("trusted", d.trusted(p), []string{saml.Fingerprint(d.idp.Certificate), saml.Fingerprint(second)})
	})
}

// Whoever gets hold of the metadata's address cannot send people elsewhere nor
// bring a key of their own.
func TestRefreshOfAnotherHost(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		p := d.imported()
		before := d.trusted(p)
		d.idp.SSOURL, d.idp.Extra = "https://evil.test/sso", []*x509.Certificate{d.next(d.year())}
		d.publish()
		got := d.due(p)
		if len(got.Trusted) != 0 || len(got.Staged) != 1 {
			t.Errorf("%+v", got)
		}
		d.same("trusted", d.trusted(p), before)
		after, err := d.sso.IdentityProvider(d.ctx(), p.ID)
		if err != nil || after.SsoURL != p.SsoURL {
			t.Errorf("people are sent to %s", after.SsoURL)
		}
		// Another entity id is no metadata of this provider at all.
		d.idp.EntityID = "https://evil.test"
		d.publish()
		d.host = func(string) (fetch.Document, error) { return fetch.Document{Body: d.idp.Metadata()}, nil }
		if got := d.due(p); !strings.Contains(got.Problem, "another identity provider") || len(got.Staged)+len(got.Trusted) != 0 {
			t.Errorf("%+v", got)
		}
		// The same host may move its page.
		d.idp.EntityID, d.idp.SSOURL, d.idp.Extra = "https://idp.acme.test", "https://idp.acme.test/other", nil
		d.due(p)
		if after, err = d.sso.IdentityProvider(d.ctx(), p.ID); err != nil || after.SsoURL != "https://idp.acme.test/other" {
			t.Errorf("people are sent to %s", after.SsoURL)
		}
	})
}

// Three failures are an incident: one mail, and one more when it is over.
func TestRefreshFails(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		p := d.imported()
		before := d.trusted(p)
		bombs := []string{"", "not xml", "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", strings.Repeat("<a>", 5000), string(d.idp.Metadata()[:200])}
		for i, text := range append(bombs, "unreachable") {
			d.host = func(string) (fetch.Document, error) { return fetch.Document{Body: []byte(text)}, nil }
			if text == "unreachable" {
				d.fail("the host did not answer in time")
			}
			got := d.due(p)
			if got.Problem == "" || got.Source.Failures != i+1 {
				t.Errorf("%.20q: %+v", text, got.Problem)
			}
			want := []string(nil)
			if i == 2 {
				want = []string{"metadata_refresh_failing"}
			}
			d.same("told", d.kinds(), want)
			d.same("trusted", d.trusted(p), before)
		}
		d.publish()
		if got := d.due(p); got.Source.Failures != 0 || got.Source.LastError != "" {
			t.Errorf("%+v", got.Source)
		}
		d.same("told", d.kinds(), []string{"metadata_refresh_resolved"})
		d.due(p)
		d.same("told", d.kinds(), nil)
	})
}

// Two that look at the same moment: one asks, the other leaves it be.
func TestRefreshOneAtATime(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		p := d.imported()
		d.clock.Advance(7 * time.Hour)
		d.asked = 0
		started, go_on := make(chan bool), make(chan bool)
		d.during = func() { started <- true; <-go_on }
		ended := make(chan error, 1)
		go func() {
			_, err := d.sso.RefreshDue(d.system(), p.ID)
			ended <- err
		}()
		<-started
		if _, err := d.sso.RefreshDue(d.system(), p.ID); err != nil {
			t.Error(err)
		}
		if due, err := d.sso.DueSources(t.Context(), 10); err != nil || len(due) != 0 {
			t.Errorf("due are %v, %v", due, err)
		}
		close(go_on)
		if err := <-ended; err != nil || d.asked != 1 {
			t.Errorf("%v, asked %d times", err, d.asked)
		}
	})
}

func TestRefreshByHand(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		if _, err := d.sso.ImportMetadataURL(housetest.AsScim(t.Context(), d.team.ID), d.team.ID, metadataURL); !fault.Is(err, fault.Forbidden) || d.asked != 0 {
			t.Errorf("%v, asked %d times", err, d.asked)
		}
		d.fail("the host did not answer in time")
		_, err := d.sso.ImportMetadataURL(d.ctx(), d.team.ID, metadataURL)
		if f, ok := fault.As(err); !ok || f.Code != fault.MetadataUnreachable || !slices.Equal(f.Field, []string{"url"}) || !strings.Contains(f.Message, "in time") {
			t.Errorf("%v", err)
		}
		d.publish()
		p := d.imported()
		if _, err := d.sso.RefreshMetadata(d.ctx(), p.ID); !fault.Is(err, fault.RateLimited) {
			t.Errorf("at once: %v", err)
		}
		d.clock.Advance(2 * time.Minute)
		if got, err := d.sso.RefreshMetadata(d.ctx(), p.ID); err != nil || !got.Unchanged {
			t.Errorf("%+v, %v", got, err)
		}
		if err := d.sso.ForgetMetadataURL(d.ctx(), p.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := d.sso.RefreshMetadata(d.ctx(), p.ID); !fault.Is(err, fault.Clash) {
			t.Errorf("without an address: %v", err)
		}
	})
}

// The certificate of a web page is not the one that signs.
func TestCertificateForTLS(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		p := d.imported()
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			usage []x509.ExtKeyUsage
			ok    bool
		}{
			{[]x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, false},
			{[]x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}, true}, // what Windows makes for everything
			{nil, true},
		} {
			from, until := d.year()
			about := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "idp"}, NotBefore: from, NotAfter: until, ExtKeyUsage: c.usage}
			der, err := x509.CreateCertificate(rand.Reader, about, about, key.Public(), key)
			if err != nil {
				t.Fatal(err)
			}
			_, err = d.sso.AddCertificate(d.ctx(), p.ID, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
			if c.ok != (err == nil) || !c.ok && !fault.Is(err, fault.CertificateUnusable) {
				t.Errorf("%v: %v", c.usage, err)
			}
		}
	})
}

func TestUsageAndImpact(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		p := d.imported()
		first, err := d.sso.CertificatesByProvider(d.ctx(), []models.ID{p.ID})
		if err != nil {
			t.Fatal(err)
		}
		id := first[p.ID][0].ID
		impact := func(want sso.Impact, part string) {
			t.Helper()
			got, err := d.sso.RemovalImpact(d.ctx(), id)
			if err != nil || got.Impact != want || !strings.Contains(got.Explanation, part) {
				t.Errorf("%+v, %v; want %s", got, err, want)
			}
		}
		impact(sso.ImpactNone, "never")
		if _, err := d.sso.Enable(d.ctx(), d.team.ID, true); err != nil {
			t.Fatal(err)
		}
		impact(sso.ImpactBlocked, "cannot be removed")
		d.idp.Extra = append(d.idp.Extra, d.next(d.year()))
		d.publish()
		d.due(p)
		used := d.clock.Now().Add(-4 * time.Minute)
		if err := d.db.InTx(t.Context(), func(tx *gorm.DB) error {
			for i, at := range []time.Time{used, used.AddDate(0, 0, -29), used.AddDate(0, 0, -31)} {
				row := models.LoginAttempt{ID: models.ID("01900000-0000-7000-8000-00000000000" + string(rune('1'+i))), TeamID: d.team.ID, At: at, Outcome: models.AttemptSucceeded, CertificateID: &id, Checks: []models.AttemptCheck{}}
				if err := tx.Create(&row).Error; err != nil {
					return err
				}
			}
			return tx.Model(&models.Certificate{}).Where("id = ?", id).Update("last_used_at", used).Error
		}); err != nil {
			t.Fatal(err)
		}
		impact(sso.ImpactBreaks, "Used 4 minutes ago")
		usage, err := d.sso.CertificateUsage(d.ctx(), []models.ID{id})
		if err != nil || usage[id].Logins30Days != 2 || !usage[id].LastUsedAt.Equal(used) {
			t.Errorf("%+v, %v", usage, err)
		}
		if other, err := d.sso.CertificateUsage(housetest.AsScim(t.Context(), d.team.ID), []models.ID{id}); err != nil || len(other) != 0 {
			t.Errorf("a provisioning client sees %v, %v", other, err)
		}
		d.clock.Advance(72 * time.Hour)
		impact(sso.ImpactUnused, "3 days ago")
		d.clock.Advance(366 * 24 * time.Hour)
		impact(sso.ImpactNone, "no sign-in")
		history, more, err := d.sso.ExpiredCertificates(d.ctx(), p.ID, models.Window{Limit: 1})
		if err != nil || len(history) != 1 || !more {
			t.Fatalf("%v, %v, %v", history, more, err)
		}
		rest, more, err := d.sso.ExpiredCertificates(d.ctx(), p.ID, models.Window{Limit: 5, After: &models.Mark{Key: history[0].NotAfter, ID: history[0].ID}})
		if err != nil || len(rest) != 1 || more || rest[0].ID == history[0].ID {
			t.Errorf("%v, %v, %v", rest, more, err)
		}
	})
}

func TestNotificationSettings(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		got, err := d.sso.Notifications(d.ctx(), d.team.ID)
		if err != nil || got.Language != "en" || !got.TrustDiscovered || got.Days60 || len(got.ExtraRecipients) != 0 {
			t.Errorf("%+v, %v", got, err)
		}
		six := []string{"a@x.test", "b@x.test", "c@x.test", "d@x.test", "e@x.test", "f@x.test"}
		xx, ja := "xx", "ja"
		stale := 7
		for _, c := range []struct {
			change sso.NotificationsChange
			want   fault.Code
		}{
			{sso.NotificationsChange{ExtraRecipients: &six}, fault.LimitReached},
			{sso.NotificationsChange{ExtraRecipients: &[]string{"Ada <ada@x.test>"}}, fault.InvalidValue},
			{sso.NotificationsChange{ExtraRecipients: &[]string{"ada@x.test\nBcc: eve@x.test"}}, fault.InvalidValue},
			{sso.NotificationsChange{Language: &xx}, fault.InvalidValue},
			{sso.NotificationsChange{Revision: &stale}, fault.StaleRevision},
		} {
			if _, err := d.sso.UpdateNotifications(d.ctx(), d.team.ID, c.change); !fault.Is(err, c.want) {
				t.Errorf("%+v: %v, want %s", c.change, err, c.want)
			}
		}
		five := []string{"a@x.test", "A@x.test", "b@x.test", "c@x.test", "d@x.test", " e@x.test "}
		for range 2 {
			if got, err = d.sso.UpdateNotifications(d.ctx(), d.team.ID, sso.NotificationsChange{ExtraRecipients: &five, Language: &ja}); err != nil || len(got.ExtraRecipients) != 5 || got.Language != "ja" {
				t.Errorf("%+v, %v", got, err)
			}
		}
		if got.Revision != 2 {
			t.Errorf("revision %d", got.Revision)
		}
		if _, err := d.sso.Notifications(housetest.AsScim(t.Context(), d.team.ID), d.team.ID); !fault.Is(err, fault.Forbidden) {
			t.Errorf("%v", err)
		}
	})
}
