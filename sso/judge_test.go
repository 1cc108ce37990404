package sso_test

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"rollcall/fault"
	"rollcall/internal/idptest"
	"rollcall/models"
	"rollcall/saml"
	"rollcall/sso"
)

func TestGoodSignIn(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team, idp := h.found("acme")
		p, cert := h.ofTeam(team)
		id := h.begin(team)
		login := h.accepted(team, h.respond(idp, h.about(idp, team, id)))
		same(t, "who", []any{login.Assertion.NameID, login.Assertion.Email, login.Assertion.FirstName, login.Assertion.LastName}, []any{ada.NameID, ada.Email, "Ada", "Lovelace"})
		same(t, "where", []any{login.Team.ID, login.Provider.ID, login.Settings.TeamID, login.Assertion.CertificateID}, []any{team.ID, p.ID, team.ID, cert.ID})
		same(t, "which request", login.Assertion.InResponseTo, id)
		// The way back is the request's and not what came along with the message.
		same(t, "back to", login.ReturnTo, "/welcome")
		same(t, "attempts", h.count(&models.LoginAttempt{}, "1 = 1"), 0)
		// Judging spends nothing: the roster does, in its transaction.
		same(t, "seen", h.count(&models.SeenAssertion{}, "1 = 1"), 0)
		same(t, "spent", h.count(&models.LoginRequest{}, "consumed_at IS NOT NULL"), 0)
	})
}

func TestIdpInitiated(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team, idp := h.found("acme")
		_, attempt, err := h.judge(team, h.respond(idp, h.about(idp, team, "")))
		ended(t, "off", err, fault.IdpInitiatedDisabled)
		row := h.attempt(attempt)
		same(t, "attempt", []any{row.Code, row.IdpInitiated}, []any{"idp_initiated_disabled", true})
		h.must(first(h.sso.UpdateSettings(h.operator(), team.ID, sso.SettingsChange{IdpInitiatedEnabled: ptr(true)})))
		login := h.accepted(team, h.respond(idp, h.about(idp, team, "")))
		same(t, "back to, request", []string{login.ReturnTo, login.Assertion.InResponseTo}, []string{"/wanted", ""})
	})
}

// An admin whose identity provider's clock is wrong reads by how much.
func TestClockOffsetIsNoted(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team, idp := h.found("acme")
		for _, c := range []struct {
			ahead, took time.Duration
			offset, age string
		}{{0, 0, "0", "0"}, {40 * time.Minute, 20 * time.Second, "2400", "20"}, {-40 * time.Minute, 0, "-2400", "0"}, {-48 * time.Hour, 0, "-", "0"}} {
			id := h.begin(team)
			h.clock.Advance(c.took)
			r := h.about(idp, team, id)
			r.Age = -c.ahead
			login, attempt, err := h.judge(team, h.respond(idp, r))
			if err == nil {
				_, attempt, err = h.use(login)
				h.must(err)
			}
			m := h.attempt(attempt).Message
			told := func(v *int) string {
				if v == nil {
					return "-"
				}
				return strconv.Itoa(*v)
			}
			same(t, c.ahead.String(), []any{told(m.ClockOffsetSeconds), told(m.RequestAgeSeconds), m.IssueInstant.UTC()},
				[]any{c.offset, c.age, h.clock.Now().Add(c.ahead)})
		}
	})
}

// unmentionable is what no attempt may hold: the message in any form, whole
// names of people, values of attributes, the browser's secret, the RelayState.
func unmentionable(packed string) []string {
	words := []string{
		ada.NameID, idptest.Mallory, "Lovelace", `"Ada"`, "x@evil.example", "f00dfeed", browser, "/wanted", "/welcome",
		"<saml", "samlp:", "PD94", "PHNhbWxw", "MIID", "MIIC", "MIIB", "not assigned to you",
	}
	for at := 0; at+40 < len(packed) && at < 4000; at += 40 {
		words = append(words, packed[at:at+40])
	}
	return words
}

// Every way to forge a message is refused, each for its own reason, and leaves
// an attempt that explains it to the team's admins without giving anything away.
func TestForgeries(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team, idp := h.found("acme")
		p, _ := h.ofTeam(team)
		h.must(first(h.sso.UpdateSettings(h.operator(), team.ID, sso.SettingsChange{IdpInitiatedEnabled: ptr(true)})))
		for i, kind := range idptest.Forgeries {
			if i%20 == 0 {
				h.clock.Advance(time.Minute) // more in a minute are counted and not kept
			}
			id := h.begin(team)
			packed, err := idp.Forge(kind, h.about(idp, team, id))
			h.must(err)
			login, attempt, err := h.judge(team, packed)
			if err == nil {
				t.Errorf("%s: accepted as %s", kind.Name, login.Assertion.NameID)
				continue
			}
			ended(t, kind.Name, err, kind.Want)
			if login.Assertion != nil {
				t.Errorf("%s: refused, and yet somebody is named", kind.Name)
			}
			row := h.attempt(attempt)
			same(t, kind.Name+": attempt", []any{row.TeamID, row.Outcome, row.Code, row.MembershipID == nil, row.CertificateID == nil, row.IP, row.RequestID, row.At},
				[]any{team.ID, "REFUSED", kind.Want, true, true, "192.0.2.0/24", "req-1", h.clock.Now()})
			if row.IdentityProviderID != nil && *row.IdentityProviderID != p.ID {
				t.Errorf("%s: of another provider", kind.Name)
			}
			explained(t, kind.Name, row)
			text, err := json.Marshal(row)
			h.must(err)
			for _, word := range unmentionable(packed) {
				if strings.Contains(string(text), word) {
					t.Errorf("%s: the attempt holds %q: %s", kind.Name, word, text)
				}
			}
		}
		same(t, "attempts", h.count(&models.LoginAttempt{}, "1 = 1"), len(idptest.Forgeries))
		same(t, "spent or seen", h.count(&models.SeenAssertion{}, "1 = 1")+h.count(&models.LoginRequest{}, "consumed_at IS NOT NULL"), 0)
	})
}

// explained asks an attempt for a failed check that says more than its name.
func explained(t *testing.T, what string, row models.LoginAttempt) {
	t.Helper()
	for _, c := range row.Checks {
		if c.Status == string(saml.Fail) && c.Name != "" && c.Actual != "" {
			return
		}
	}
	t.Errorf("%s: no check tells what failed: %+v", what, row.Checks)
}

// A message answers one request, of this browser, in time.
func TestRequests(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team, idp := h.found("acme")
		other, _ := h.found("other")
		refused := func(what, id, secret string, want fault.Code) {
			t.Helper()
			_, attempt, err := h.sso.Judge(h.request(), team.Slug, h.respond(idp, h.about(idp, team, id)), "", secret)
			ended(t, what, err, want)
			row := h.attempt(attempt)
			same(t, what+": attempt", []any{row.Code, row.IdpInitiated}, []any{want, false})
			explained(t, what, row)
		}
		id := h.begin(team)
		refused("another browser", id, "another secret", fault.RequestMismatch)
		refused("a browser without its cookie", id, "", fault.RequestMismatch)
		refused("a request that nobody made", "_0123456789abcdef0123456789abcdef", browser, fault.RequestUnknown)
		refused("a request with a long name", "_"+strings.Repeat("a", 5000), browser, fault.RequestUnknown)
		refused("a request of another team", h.begin(other), browser, fault.RequestUnknown)
		h.clock.Advance(10*time.Minute - time.Microsecond)
		if _, _, err := h.judge(team, h.respond(idp, h.about(idp, team, id))); err != nil {
			t.Errorf("at the last moment: %v", err)
		}
		h.clock.Advance(time.Microsecond)
		refused("a minute late", id, browser, fault.RequestExpired)
		id = h.begin(team)
		h.must(h.db.Read(h.Context()).Model(&models.LoginRequest{}).Where("id = ?", id).Update("consumed_at", h.clock.Now()).Error)
		refused("a request that was answered", id, browser, fault.RequestUnknown)
		// The refusals are told to the team that was asked, no other one.
		same(t, "attempts of the other team", h.count(&models.LoginAttempt{}, "team_id = ?", other.ID), 0)
	})
}

// An identity provider speaks for its own team and for nobody else.
func TestForeignProvider(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team, idp := h.found("acme")
		other, evil := h.found("other")
		for _, tm := range []models.Team{team, other} {
			h.must(first(h.sso.UpdateSettings(h.operator(), tm.ID, sso.SettingsChange{IdpInitiatedEnabled: ptr(true)})))
		}
		inTheirName, withTheirCert := h.about(evil, team, h.begin(team)), h.about(evil, team, "")
		inTheirName.Issuer, withTheirCert.Issuer = idp.EntityID, idp.EntityID
		withTheirCert.Signing.Shown = []*x509.Certificate{idp.Certificate}
		for _, c := range []struct {
			name     string
			response idptest.Response
			want     fault.Code
		}{
			{"its own message, sent elsewhere", h.about(evil, other, h.begin(other)), fault.SignatureUnknownCert},
			{"a message for the victim team", h.about(evil, team, h.begin(team)), fault.SignatureUnknownCert},
			{"the same, unasked", h.about(evil, team, ""), fault.SignatureUnknownCert},
			{"the same, answering its own request", h.about(evil, team, h.begin(other)), fault.SignatureUnknownCert},
			{"in the name of the victim's provider", inTheirName, fault.SignatureUnknownCert},
			{"showing the victim's provider's certificate", withTheirCert, fault.SignatureInvalid},
		} {
			_, attempt, err := h.judge(team, h.respond(evil, c.response))
			ended(t, c.name, err, c.want)
			same(t, c.name+": told to", h.attempt(attempt).TeamID, team.ID)
		}
		// The two teams may share one provider; a message is for one of them.
		shared := h.create(other, idp)
		_, attempt, err := h.judge(other, h.respond(idp, h.about(idp, team, "")))
		ended(t, "a message for the sister team", err, fault.DestinationMismatch)
		same(t, "provider", *h.attempt(attempt).IdentityProviderID, shared.ID)
		r := h.about(idp, team, "")
		r.ACSURL = h.sso.ServiceProvider(other.Slug).ACSURL
		_, _, err = h.judge(other, h.respond(idp, r))
		ended(t, "the same with the right address", err, fault.AudienceMismatch)
		h.accepted(other, h.respond(idp, h.about(idp, other, "")))
	})
}

// A team may move from one provider to another. Each signs for itself, with
// its own certificates.
func TestTwoProviders(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team, old := h.found("acme")
		next := h.newIDP("next")
		p := h.create(team, next)
		h.must(first(h.sso.UpdateSettings(h.operator(), team.ID, sso.SettingsChange{IdpInitiatedEnabled: ptr(true)})))
		same(t, "chosen by the message", h.accepted(team, h.respond(next, h.about(next, team, ""))).Provider.ID, p.ID)
		h.accepted(team, h.respond(old, h.about(old, team, "")))
		// The request went to the old one; the new one cannot answer it.
		_, _, err := h.judge(team, h.respond(next, h.about(next, team, h.begin(team))))
		ended(t, "an answer of the other provider", err, fault.SignatureUnknownCert)
		r := h.about(next, team, "")
		r.Issuer = old.EntityID
		_, _, err = h.judge(team, h.respond(next, r))
		ended(t, "one in the name of the other", err, fault.SignatureUnknownCert)
		// A stranger among the team's providers is compared with the default one.
		r = h.about(old, team, "")
		r.Issuer = "https://stranger.test"
		_, attempt, err := h.judge(team, h.respond(old, r))
		ended(t, "an unknown issuer", err, fault.IssuerMismatch)
		first, _ := h.ofTeam(team)
		same(t, "provider", *h.attempt(attempt).IdentityProviderID, first.ID)
	})
}

// Teams where nobody signs in refuse whatever is posted, and tell their admins.
func TestClosedTeams(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team, idp := h.found("acme")
		packed := h.respond(idp, h.about(idp, team, h.begin(team)))
		for _, c := range []struct {
			name  string
			close func()
			want  fault.Code
		}{
			{"draft", func() { h.state(team, models.SsoDraft) }, fault.ConnectionDraft},
			{"disabled", func() { h.state(team, models.SsoDisabled) }, fault.SsoNotEnabled},
			{"free", func() {
				h.state(team, models.SsoEnabled)
				h.update(&models.Team{}, team.ID, map[string]any{"plan": models.PlanFree})
			}, fault.SsoNotEnabled},
		} {
			c.close()
			for _, message := range []string{packed, "junk", ""} {
				login, attempt, err := h.judge(team, message)
				ended(t, c.name, err, c.want)
				row := h.attempt(attempt)
				same(t, c.name+": attempt", []any{row.Code, row.TeamID, login.Assertion == nil}, []any{c.want, team.ID, true})
				explained(t, c.name, row)
			}
		}
		h.update(&models.Team{}, team.ID, map[string]any{"plan": models.PlanTeam})
		h.accepted(team, packed)
	})
}

// What a door refuses before there is a message is recorded as well.
func TestRefuse(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team, _ := h.found("acme")
		for _, code := range []fault.Code{fault.ResponseWrongBinding, fault.ResponseTooLarge} {
			id, err := h.sso.Refuse(h.request(), team.Slug, code)
			h.must(err)
			row := h.attempt(id)
			same(t, "attempt", []any{row.Code, row.Outcome, row.TeamID, row.IP}, []any{code, "REFUSED", team.ID, "192.0.2.0/24"})
			explained(t, string(code), row)
		}
	})
}

// Through the life of a provider's keys: several at once, one that is not valid
// yet, one that is over, none left.
func TestCertificatesInTime(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team, idp := h.found("acme")
		p, _ := h.ofTeam(team)
		h.must(first(h.sso.UpdateSettings(h.operator(), team.ID, sso.SettingsChange{IdpInitiatedEnabled: ptr(true)})))
		sign := func(by *idptest.IDP, keyInfo idptest.KeyInfo) (sso.Login, error) {
			r := h.about(idp, team, "")
			r.Signing = idptest.Signing{Key: by.Key, Shown: []*x509.Certificate{by.Certificate}, KeyInfo: keyInfo}
			login, _, err := h.judge(team, h.respond(idp, r))
			return login, err
		}
		next, later := h.newIDP("next"), h.newIDP("later")
		c, err := idptest.SelfSigned(next.Key, h.clock.Now().Add(-time.Hour), h.clock.Now().Add(10*day))
		h.must(err)
		next.Certificate = c
		nextRow, err := h.sso.AddCertificate(h.operator(), p.ID, pemOf(c))
		h.must(err)
		if later.Certificate, err = idptest.SelfSigned(later.Key, h.clock.Now().Add(day), h.clock.Now().Add(20*day)); err != nil {
			t.Fatal(err)
		}
		h.must(first(h.sso.AddCertificate(h.operator(), p.ID, pemOf(later.Certificate))))
		// The new key signs without any switch, with and without a word about which it is.
		for _, k := range []idptest.KeyInfo{idptest.KeyInfoCertificates, idptest.KeyInfoNone, idptest.KeyInfoKeyName, idptest.KeyInfoKeyValue} {
			for _, by := range []*idptest.IDP{idp, next} {
				if _, err := sign(by, k); err != nil {
					t.Errorf("KeyInfo %d: %v", k, err)
				}
			}
		}
		login, err := sign(next, idptest.KeyInfoNone)
		h.must(err)
		same(t, "verified by", login.Assertion.CertificateID, nextRow.ID)
		_, err = sign(later, idptest.KeyInfoCertificates)
		ended(t, "a key of tomorrow", err, fault.CertNotYetValid)
		h.clock.Advance(2 * day)
		_, err = sign(later, idptest.KeyInfoCertificates)
		ended(t, "the same key tomorrow", err, "")
		h.clock.Advance(9 * day)
		_, err = sign(next, idptest.KeyInfoCertificates)
		ended(t, "a key that is over", err, fault.CertExpired)
		_, err = sign(idp, idptest.KeyInfoNone)
		ended(t, "the one that is not", err, "")
		h.clock.Advance(400 * day)
		_, err = sign(idp, idptest.KeyInfoNone)
		ended(t, "when all are over", err, fault.CertificateMissing)
	})
}

// Each of a team's providers is told that its certificate is over, not only the
// one whose certificate ended last.
func TestExpiredOfEachProvider(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team, _ := h.found("acme")
		h.must(first(h.sso.UpdateSettings(h.operator(), team.ID, sso.SettingsChange{IdpInitiatedEnabled: ptr(true)})))
		var idps []*idptest.IDP
		for _, name := range []string{"one", "two", "three"} {
			idp := h.newIDP(name)
			p := h.create(team, idp)
			over, err := idptest.SelfSigned(h.newIDP("over").Key, h.clock.Now().Add(-day), h.clock.Now().Add(time.Hour))
			h.must(err)
			h.must(first(h.sso.AddCertificate(h.operator(), p.ID, pemOf(over))))
			idp.Key, idp.Certificate = h.newIDP("over").Key, over
			idps = append(idps, idp)
			h.clock.Advance(time.Minute)
		}
		h.clock.Advance(2 * time.Hour)
		for i, idp := range idps {
			_, _, err := h.judge(team, h.respond(idp, h.about(idp, team, "")))
			ended(t, "provider "+strconv.Itoa(i), err, fault.CertExpired)
		}
	})
}

// The attempt of a good sign-in tells no more of the message than that of a
// refused one.
func TestAttemptOfSuccessIsRedacted(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team, idp := h.found("acme")
		packed := h.respond(idp, h.about(idp, team, h.begin(team)))
		_, attempt, err := h.use(h.accepted(team, packed))
		h.must(err)
		row := h.attempt(attempt)
		same(t, "outcome, masked", []any{row.Outcome, row.Code, row.NameIDMasked}, []any{"SUCCEEDED", "", "a***@acme.test"})
		text, err := json.Marshal(row)
		h.must(err)
		for _, word := range unmentionable(packed) {
			if strings.Contains(string(text), word) {
				t.Errorf("the attempt holds %q: %s", word, text)
			}
		}
		raw, err := base64.StdEncoding.DecodeString(packed)
		h.must(err)
		if !strings.Contains(string(raw), "Lovelace") {
			t.Error("the message held no attribute: nothing was looked for")
		}
	})
}
