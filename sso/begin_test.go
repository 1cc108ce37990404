package sso_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"rollcall/fault"
	"rollcall/internal/housetest"
	"rollcall/models"
	"rollcall/sso"
)

// slugs that no team has, and that no database must choke on: they come out of
// an address that anybody can type.
var noSlugs = []string{"", "nobody", "ACME", "acme ", "acme\x00", "\x00", "\xff\xfe", "acme'--", "%00", "a\u0301cme", strings.Repeat("a", 1<<16), "../acme"}

func TestBegin(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team, idp := h.found("acme")
		start, err := h.sso.Begin(h.request(), "acme", browser, "/welcome?a=b", "")
		h.must(err)
		at, err := url.Parse(start.RedirectURL)
		h.must(err)
		same(t, "where to", at.Scheme+"://"+at.Host+at.Path, idp.SSOURL)
		if !at.Query().Has("SAMLRequest") {
			t.Errorf("no request in %s", start.RedirectURL)
		}
		var row models.LoginRequest
		h.must(h.db.Read(h.Context()).Take(&row).Error)
		p, _ := h.ofTeam(team)
		same(t, "stored", []any{row.ID, row.TeamID, row.IdentityProviderID, row.ReturnTo, row.ConsumedAt == nil, row.ExpiresAt.Sub(row.CreatedAt)},
			[]any{start.RequestID, team.ID, p.ID, "/welcome?a=b", true, 10 * time.Minute})
		if strings.Contains(string(row.BrowserHash), browser) || len(row.BrowserHash) != 32 {
			t.Error("the cookie's secret is stored")
		}
		// No two are alike, and the default provider may change.
		next := h.newIDP("next")
		h.must(first(h.sso.UpdateSettings(h.operator(), team.ID, sso.SettingsChange{DefaultIdentityProviderID: ptr(h.create(team, next).ID)})))
		again, err := h.sso.Begin(h.request(), "acme", browser, "/", "")
		h.must(err)
		if again.RequestID == start.RequestID || !strings.HasPrefix(again.RedirectURL, next.SSOURL+"?") {
			t.Errorf("the second request is %s at %s", again.RequestID, again.RedirectURL)
		}
	})
}

// What people at the door learn about teams that do not take them.
func TestClosedDoors(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team, _ := h.found("acme")
		h.newTeam("draft", models.PlanTeam)
		h.newTeam("free", models.PlanFree)
		for _, state := range []models.SsoState{models.SsoEnabled, models.SsoEnforced, models.SsoDisabled} {
			h.state(team, state)
			want := fault.Code("")
			if state == models.SsoDisabled {
				want = fault.SsoNotEnabled
			}
			ended(t, "landing, "+string(state), first(h.sso.Landing(h.Context(), "acme")), want)
			ended(t, "begin, "+string(state), first(h.sso.Begin(h.Context(), "acme", browser, "/", "")), want)
			ended(t, "metadata, "+string(state), first(h.sso.Published(h.Context(), "acme")), "")
		}
		ended(t, "draft", first(h.sso.Landing(h.Context(), "draft")), fault.ConnectionDraft)
		ended(t, "begin in draft", first(h.sso.Begin(h.Context(), "draft", browser, "/", "")), fault.ConnectionDraft)
		ended(t, "metadata of a draft", first(h.sso.Published(h.Context(), "draft")), "")
		for what, err := range map[string]error{
			"landing": first(h.sso.Landing(h.Context(), "free")), "begin": first(h.sso.Begin(h.Context(), "free", browser, "/", "")), "metadata": first(h.sso.Published(h.Context(), "free")),
		} {
			ended(t, what+", free", err, fault.SsoNotEnabled)
		}
		for _, slug := range noSlugs {
			ended(t, "landing", first(h.sso.Landing(h.Context(), slug)), fault.TeamNotFound)
			ended(t, "begin", first(h.sso.Begin(h.Context(), slug, browser, "/", "")), fault.TeamNotFound)
			ended(t, "metadata", first(h.sso.Published(h.Context(), slug)), fault.TeamNotFound)
			login, id, err := h.sso.Judge(h.Context(), slug, "x", "", browser)
			ended(t, "judge", err, fault.TeamNotFound)
			same(t, "attempt and login", []any{id, login.Assertion == nil}, []any{"", true})
			id, err = h.sso.Refuse(h.Context(), slug, fault.ResponseTooLarge)
			if err != nil || id != "" {
				t.Errorf("refuse at %q: %q, %v", slug, id, err)
			}
		}
		same(t, "requests of closed doors", h.count(&models.LoginRequest{}, "1 = 1"), 2)
	})
}

// A provider that the team does not have any more is not where people are sent.
func TestBeginWithoutProvider(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team, _ := h.found("acme")
		h.must(h.db.Read(h.Context()).Where("team_id = ?", team.ID).Delete(&models.IdentityProvider{}).Error)
		ended(t, "begin", first(h.sso.Begin(h.Context(), "acme", browser, "/", "")), fault.SsoNotEnabled)
		_, id, err := h.judge(team, "x")
		ended(t, "judge", err, fault.CertificateMissing)
		same(t, "attempt", h.attempt(id).Code, "certificate_missing")
	})
}

// Old requests, assertions and attempts go, in batches; what may still matter
// stays.
func TestPrune(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team, _ := h.found("acme")
		p, _ := h.ofTeam(team)
		now := h.clock.Now()
		var requests []models.LoginRequest
		var seen []models.SeenAssertion
		var attempts []models.LoginAttempt
		add := func(age time.Duration) {
			at := now.Add(-age)
			requests = append(requests, models.LoginRequest{ID: string(newID(t)), TeamID: team.ID, IdentityProviderID: p.ID, BrowserHash: []byte{1}, CreatedAt: at, ExpiresAt: at.Add(10 * time.Minute)})
			seen = append(seen, models.SeenAssertion{ID: newID(t), TeamID: team.ID, AssertionHash: []byte(newID(t)), ExpiresAt: at})
			attempts = append(attempts, models.LoginAttempt{ID: newID(t), TeamID: team.ID, At: at, Outcome: models.AttemptRefused, Checks: []models.AttemptCheck{}})
		}
		for i := range 2100 {
			add(31*day + time.Duration(i)*time.Second)
		}
		for _, age := range []time.Duration{0, 59 * time.Minute, time.Hour, time.Hour + time.Second, 30 * day, 30*day + time.Second, -time.Minute} {
			add(age)
		}
		for _, rows := range []any{requests, seen, attempts} {
			h.must(h.db.Read(h.Context()).CreateInBatches(rows, 300).Error)
		}
		h.must(h.sso.Prune(housetest.AsSystem(h.Context())))
		same(t, "requests of the last hour", h.count(&models.LoginRequest{}, "1 = 1"), 4)
		same(t, "attempts of thirty days", h.count(&models.LoginAttempt{}, "1 = 1"), 6)
		// An assertion is remembered for an hour longer than it can be used, so that
		// a replica whose clock is ahead takes nothing from one that is behind.
		same(t, "assertions that could be used an hour ago", h.count(&models.SeenAssertion{}, "1 = 1"), 4)
		same(t, "the oldest of them", h.count(&models.SeenAssertion{}, "expires_at < ?", now.Add(-time.Hour)), 0)
		h.must(h.sso.Prune(housetest.AsSystem(h.Context())))
		same(t, "attempts after a second run", h.count(&models.LoginAttempt{}, "1 = 1"), 6)
		ctx, statements := models.CountStatements(h.Context())
		h.must(h.sso.Prune(ctx))
		same(t, "statements with nothing to do", statements.Load(), 7)
	})
}
