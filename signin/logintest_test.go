package signin

import (
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"rollcall/fault"
	"rollcall/internal/housetest"
	"rollcall/internal/idptest"
	"rollcall/models"
	"rollcall/sso"
)

// start makes a test login of acme and returns it with its address' token.
func (h *house) start() (models.LoginTest, string) {
	h.Helper()
	row, err := h.sso.StartLoginTest(housetest.AsOperator(h.Context()), h.team.ID, nil)
	h.must(err)
	address, err := h.sso.LoginTestURL(row)
	h.must(err)
	u, err := url.Parse(address)
	h.must(err)
	if !strings.HasPrefix(address, base+"/test?") {
		h.Fatalf("address %s", address)
	}
	return row, u.Query().Get("t")
}

// open begins a test login in the browser and returns the id of the request.
func (b *browser) open(token string) string {
	b.h.Helper()
	if w := b.get("/test?t=" + token); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "Begin the test login") {
		b.h.Fatalf("the page: %d\n%s", w.Code, w.Body)
	}
	w := b.post("/test", url.Values{"t": {token}}, here)
	if w.Code != http.StatusSeeOther {
		b.h.Fatalf("not begun: %d\n%s", w.Code, w.Body)
	}
	var ids []string
	h := b.h
	h.must(h.db.Read(h.Context()).Model(&models.LoginRequest{}).Where("login_test_id IS NOT NULL").Order("created_at DESC, id DESC").Pluck("id", &ids).Error)
	for _, id := range ids {
		if !h.asked[id] {
			h.asked[id] = true
			return id
		}
	}
	h.Fatal("no request")
	return ""
}

func (h *house) testRow(id models.ID) models.LoginTest {
	h.Helper()
	var row models.LoginTest
	h.must(h.db.Read(h.Context()).Where("id = ?", id).Take(&row).Error)
	return row
}

// world counts what a sign-in makes.
func (h *house) world() map[string]int64 {
	h.Helper()
	out := map[string]int64{}
	for name, row := range map[string]any{
		"users": &models.User{}, "memberships": &models.Membership{}, "identities": &models.ExternalIdentity{}, "sessions": &models.Session{},
		"notices": &models.Notice{}, "mails": &models.Mail{}, "links": &models.OneTimeLink{}, "upgrades": &models.SsoUpgrade{},
	} {
		var n int64
		h.must(h.db.Read(h.Context()).Model(row).Count(&n).Error)
		out[name] = n
	}
	return out
}

func (h *house) tested() bool {
	h.Helper()
	s, err := h.sso.Settings(housetest.AsOperator(h.Context()), h.team.ID)
	h.must(err)
	return s.TestedAt != nil
}

// A test login goes the whole way, in every state, and nothing of it stays.
func TestLoginTest(t *testing.T) {
	eachHouse(t, func(h *house) {
		for _, state := range []models.SsoState{models.SsoDraft, models.SsoEnabled, models.SsoEnforced, models.SsoDisabled} {
			h.state(h.team, state)
			b := h.browser()
			row, token := h.start()
			before := h.world()
			w := b.answer(h.respond(h.about(b.open(token))))
			got := h.testRow(row.ID)
			if w.Code != http.StatusOK || b.session() != "" || got.State != models.TestPassed || got.Effect != "CREATED" || !strings.Contains(w.Body.String(), "The test login passed") {
				h.Fatalf("%s: %d, session %q, %+v\n%s", state, w.Code, b.session(), got, w.Body)
			}
			if got.Role == nil || *got.Role != models.RoleMember || got.RoleSource == nil || *got.RoleSource != models.RoleByDefault || got.Profile.Email != "ada@acme.test" || len(got.Checks) == 0 || len(got.Profile.Attributes) == 0 {
				h.Errorf("%s: %+v", state, got)
			}
			for name, n := range h.world() {
				if n != before[name] {
					h.Errorf("%s: %d %s before, %d after", state, before[name], name, n)
				}
			}
			if rows := h.attempts(); rows[len(rows)-1].Message.LoginTestID != row.ID || rows[len(rows)-1].MembershipID != nil {
				h.Errorf("%s: attempt %+v", state, rows[len(rows)-1])
			}
			var used int64
			h.must(h.db.Read(h.Context()).Model(&models.Certificate{}).Where("last_used_at IS NOT NULL").Count(&used).Error)
			if used != 0 || !h.tested() {
				h.Errorf("%s: certificate used %d, tested %v", state, used, h.tested())
			}
		}
	})
}

// A test login that passed is no sign-in that succeeded: sign-ins are not compared
// with it, no certificate counts it, and it ends no incident.
func TestLoginTestIsNoSuccess(t *testing.T) {
	eachHouse(t, func(h *house) {
		b := h.browser()
		b.signIn()
		row, token := h.start()
		r := h.about(b.open(token))
		r.Attributes = append(r.Attributes, idptest.Attribute{Name: "only-in-the-test", Values: []string{"x"}})
		b.answer(h.respond(r))
		is(h, "state of the test", h.testRow(row.ID).State, models.TestPassed)
		tested := h.attempts()
		last := tested[len(tested)-1]
		is(h, "kind", last.Kind, models.AttemptTest)
		is(h, "outcome", last.Outcome, models.AttemptSucceeded)
		h.browser().signIn()
		rows := h.attempts()
		changes, err := h.sso.ChangesByAttempt(h.operator(), []models.ID{last.ID, rows[len(rows)-1].ID})
		h.must(err)
		if got := changes[rows[len(rows)-1].ID]; got == nil || len(got) != 0 {
			h.Errorf("the sign-in was compared with the test login: %v", got)
		}
		if got := changes[last.ID]; len(got) != 1 || got[0].Fact != sso.FactAttributes {
			h.Errorf("the test login was not compared with the sign-in before: %v", got)
		}
		usage, err := h.sso.CertificateUsage(h.operator(), []models.ID{*last.CertificateID})
		h.must(err)
		is(h, "sign-ins that the certificate verified", usage[*last.CertificateID].Logins30Days, 2)

		// Refused test logins make no incident, and one that passes ends none.
		h.sso.Announce = h.told.Announce
		incidents := func() (n int) {
			for _, kind := range h.told.Kinds() {
				if kind == "sso_failing" {
					n++
				}
			}
			return n
		}
		strange := func(requestID string) string {
			r := h.about(requestID)
			r.Signing.Key, r.Signing.Shown = h.spareKeys()[0].Key, []*x509.Certificate{h.spareKeys()[0].Certificate}
			return h.respond(r)
		}
		for range 4 {
			_, token := h.start()
			b.answer(strange(b.open(token)))
		}
		is(h, "incidents after refused test logins", incidents(), 0)
		for i := range 3 {
			if i == 2 {
				_, token := h.start()
				b.answer(h.respond(h.about(b.open(token))))
			}
			other := h.browser()
			other.answer(strange(other.begin("/saml/acme/init")))
		}
		is(h, "incidents after refused sign-ins", incidents(), 1)
	})
}

// Somebody who is in already is told so, and keeps the session.
func TestLoginTestKnowsPeople(t *testing.T) {
	eachHouse(t, func(h *house) {
		b := h.browser()
		b.signIn()
		secret := b.session()
		row, token := h.start()
		if w := b.answer(h.respond(h.about(b.open(token)))); w.Code != http.StatusOK || b.session() != secret || !h.alive(secret) {
			h.Errorf("%d, session kept %v", w.Code, b.session() == secret)
		}
		if got := h.testRow(row.ID); got.State != models.TestPassed || got.Effect != "SIGNED_IN" {
			h.Errorf("%+v", got)
		}
	})
}

// No answer counts for anything but what its request was made for, and once.
func TestLoginTestAttacks(t *testing.T) {
	eachHouse(t, func(h *house) {
		b := h.browser()
		ordinary := b.begin("/saml/acme/init")
		row, token := h.start()
		request := b.open(token)
		pending := func(what string) {
			h.Helper()
			if got := h.testRow(row.ID); got.State != models.TestPending || h.tested() {
				h.Errorf("%s: %+v", what, got)
			}
		}
		refused := func(what string, w *httptest.ResponseRecorder, code fault.Code) {
			h.Helper()
			if w.Code < 400 || h.sessions() != 0 && what != "answered twice" || h.lastCode() != string(code) {
				h.Errorf("%s: %d, %s, %d sessions\n%s", what, w.Code, h.lastCode(), h.sessions(), w.Body)
			}
		}
		// The link works once.
		if w := h.browser().post("/test", url.Values{"t": {token}}, here); w.Code != http.StatusGone {
			h.Errorf("used again: %d", w.Code)
		}
		for _, bad := range []string{"", "x", token[:len(token)-1] + "A", strings.Repeat("a", 5000)} {
			if w := h.browser().get("/test?t=" + bad); w.Code != http.StatusNotFound && w.Code != http.StatusGone {
				h.Errorf("%q: %d", bad, w.Code)
			}
		}
		// Another browser, a message from the provider unasked, one for another team.
		good := h.respond(h.about(request))
		refused("another browser", h.browser().answer(good), fault.RequestMismatch)
		pending("another browser")
		refused("unasked", b.answer(h.respond(h.about(""))), fault.IdpInitiatedDisabled)
		pending("unasked")
		// An ordinary sign-in is one, and leaves the test alone.
		if w := b.answer(h.respond(h.about(ordinary))); w.Code != http.StatusSeeOther || b.session() == "" {
			h.Errorf("an ordinary answer: %d", w.Code)
		}
		pending("an ordinary answer")
		if w := b.answer(good); w.Code != http.StatusOK || h.testRow(row.ID).State != models.TestPassed {
			h.Errorf("the answer: %d", w.Code)
		}
		sessions := h.sessions()
		refused("answered twice", b.answer(good), fault.RequestUnknown)
		refused("answered twice", b.answer(h.respond(h.about(request))), fault.RequestUnknown)
		if h.sessions() != sessions {
			h.Error("a test's answer opened a session")
		}
		// Behind the door the two cannot be mistaken for one another either.
		row, token = h.start()
		login, _, err := h.sso.Judge(h.Context(), "acme", h.respond(h.about(b.open(token))), "/", b.cookies["__Host-rollcall_flow"].Value)
		h.must(err)
		if _, err := h.roster.SignIn(h.Context(), login); !fault.Is(err, fault.RequestUnknown) {
			h.Errorf("a sign-in by a test's answer: %v", err)
		}
		login, _, err = h.sso.Judge(h.Context(), "acme", h.respond(h.about(b.begin("/saml/acme/init"))), "/", b.cookies["__Host-rollcall_flow"].Value)
		h.must(err)
		if _, err := h.roster.Rehearse(h.Context(), login); err == nil {
			h.Error("a test by an ordinary answer")
		}
		// Too late.
		late, token := h.start()
		request = b.open(token)
		h.clock.Advance(11 * time.Minute)
		refused("answered twice", b.answer(h.respond(h.about(request))), fault.RequestExpired)
		if got := h.testRow(late.ID); got.State != models.TestPending {
			h.Errorf("late: %+v", got)
		}
		_, token = h.start()
		h.clock.Advance(16 * time.Minute)
		if w := b.get("/test?t=" + token); w.Code != http.StatusGone {
			h.Errorf("the link late: %d", w.Code)
		}
	})
}

// A draft lets nobody in while a test of it is under way.
func TestDraftStaysShut(t *testing.T) {
	eachHouse(t, func(h *house) {
		b := h.browser()
		ordinary := b.begin("/saml/acme/init")
		h.state(h.team, models.SsoDraft)
		_, token := h.start()
		b.open(token)
		for _, id := range []string{"", ordinary, "unknown"} {
			if w := b.answer(h.respond(h.about(id))); w.Code != http.StatusNotFound || h.lastCode() != string(fault.ConnectionDraft) {
				h.Errorf("%q: %d %s", id, w.Code, h.lastCode())
			}
		}
		if h.sessions() != 0 {
			h.Error("somebody came in")
		}
	})
}

// What a test says when the answer is bad, and when the settings change meanwhile.
func TestLoginTestFails(t *testing.T) {
	eachHouse(t, func(h *house) {
		b := h.browser()
		row, token := h.start()
		bad := h.about(b.open(token))
		bad.Audience = "urn:other"
		w := b.answer(h.respond(bad))
		if got := h.testRow(row.ID); w.Code != http.StatusOK || got.State != models.TestFailed || got.Code != string(fault.AudienceMismatch) || !strings.Contains(w.Body.String(), "The test login failed") || !strings.Contains(w.Body.String(), "urn:other") {
			h.Errorf("%d %+v\n%s", w.Code, got, w.Body)
		}
		row, token = h.start()
		request := b.open(token)
		h.must(h.db.Read(h.Context()).Model(&models.SsoSettings{}).Where("team_id = ?", h.team.ID).Update("trust_revision", 99).Error)
		b.answer(h.respond(h.about(request)))
		if got := h.testRow(row.ID); got.State != models.TestFailed || got.Code != string(fault.TestOutdated) || h.tested() {
			h.Errorf("%+v", got)
		}
	})
}

// A recovery code lets an admin in, once; whatever is wrong, the page is the same.
func TestRecovery(t *testing.T) {
	eachHouse(t, func(h *house) {
		b := h.browser()
		b.signIn()
		h.must(h.db.Read(h.Context()).Model(&models.Membership{}).Where("team_id = ?", h.team.ID).Update("role", models.RoleAdmin).Error)
		codes, err := h.sso.RegenerateRecoveryCodes(housetest.AsOperator(h.Context()), h.team.ID)
		h.must(err)
		h.state(h.team, models.SsoEnforced)
		form := func(team, email, code string) url.Values {
			return url.Values{"team": {team}, "email": {email}, "code": {code}}
		}
		pages := map[string]bool{}
		for _, f := range []url.Values{form("acme", "ada@acme.test", "0000-0000-0000-0000"), form("acme", "eve@acme.test", codes[0]), form("zzzz", "ada@acme.test", codes[0])} {
			w := h.browser().post("/recovery", f, here)
			if w.Code != http.StatusForbidden {
				h.Errorf("%v: %d", f, w.Code)
			}
			pages[strings.ReplaceAll(w.Body.String(), "zzzz", "acme")] = true
		}
		if len(pages) != 1 {
			h.Errorf("%d different pages", len(pages))
		}
		c := h.browser()
		if w := c.post("/recovery", form(" Acme", "ADA@acme.test", strings.ToUpper(strings.ReplaceAll(codes[0], "-", " "))), here); w.Code != http.StatusSeeOther || !h.alive(c.session()) {
			h.Fatalf("%d\n%s", w.Code, w.Body)
		}
		if w := h.browser().post("/recovery", form("acme", "ada@acme.test", codes[0]), here); w.Code != http.StatusForbidden {
			h.Errorf("twice: %d", w.Code)
		}
		h.clock.Advance(time.Hour)
		if h.alive(c.session()) {
			h.Error("the session outlives its hour")
		}
		h.log.MustNotHold(h.TB, codes...)
	})
}
