package signin

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"rollcall/access"
	"rollcall/fault"
	"rollcall/invite"
	"rollcall/models"
	"rollcall/sso"
)

// The whole way of one person through the doors: invited by mail, with an account
// of their own and its password, then through the team's identity provider, asked
// whether the account is theirs, and from then on by the provider alone. At no stage
// does another team's provider, or whoever has an old link or the old password, get in.
func TestFromInvitationToTheIdentityProvider(t *testing.T) {
	eachHouse(t, func(h *house) {
		h.roster.Accounts, h.roster.Credentials = h.account, h.credentials
		evil, foreign := h.found("evil", "Evil")
		const address = "ada@acme.test"
		ctx := access.With(h.Context(), access.Actor{Kind: access.Operator, Label: "ops"})
		_, err := h.invitations.Create(ctx, h.team.ID, []invite.New{{Email: address, Role: models.RoleViewer}})
		h.must(err)
		invitation := h.mailed(models.LinkInvitation)
		yes := true
		_, err = h.sso.UpdateSettings(ctx, evil.ID, sso.SettingsChange{IdpInitiatedEnabled: &yes})
		h.must(err)
		steal := func(stage string) {
			h.Helper()
			thief, before := h.browser(), h.sessions()
			packed, err := foreign.Respond(foreign.About(ada, h.published("evil"), ""))
			h.must(err)
			thief.post("/saml/evil/finalize", url.Values{"SAMLResponse": {packed}}, elsewhere)
			if thief.session() != "" || h.sessions() != before {
				h.Errorf("%s: another team's provider opened a session", stage)
			}
		}

		// 1. The invitation leads to a password, and a password to a session.
		b := h.browser()
		w := b.post("/invitation", token(invitation), here)
		next := strings.TrimPrefix(w.Header().Get("Location"), base)
		if !strings.HasPrefix(next, "/password?t=") || b.session() != "" {
			h.Fatalf("accepted: %d to %q", w.Code, next)
		}
		steal("invited")
		link := strings.TrimPrefix(next, "/password?t=")
		if w := b.post("/password", url.Values{"t": {link}, "password": {goodPassword}}, here); w.Code != http.StatusOK {
			h.Fatalf("%d\n%s", w.Code, w.Body)
		}
		b.enter(address)
		b.signedInAs(address)
		own := b.session()

		// 2. The identity provider asks; its word alone gives nothing.
		p := h.browser()
		p.meet()
		steal("asked")
		h.says("a wrong proof", p.post("/upgrade", p.form("yes", "password", "wrong wrong wrong"), here), http.StatusForbidden, "did not prove")
		if w := p.post("/upgrade", p.form("yes", "password", goodPassword), here); w.Code != http.StatusSeeOther {
			h.Fatalf("the right proof: %d\n%s", w.Code, w.Body)
		}
		if w := p.answer(h.respond(h.about(p.begin("/saml/acme/init?return_to=/graphql")))); w.Code != http.StatusSeeOther || p.session() == "" {
			h.Fatalf("after it: %d\n%s", w.Code, w.Body)
		}
		p.signedInAs(address)

		// 3. What opened the account before opens it no more.
		if h.alive(own) {
			h.Error("the session of the password lives on")
		}
		if w := h.browser().post("/signin/password", credentials(address), here); w.Code == http.StatusSeeOther {
			h.Errorf("the password works: to %s", w.Header().Get("Location"))
		}
		h.says("the invitation again", h.browser().post("/invitation", token(invitation), here), http.StatusGone, "already")
		h.says("its link to a password", h.browser().get("/password?t="+link), http.StatusGone, "does not work")
		steal("linked")
		var m models.Membership
		h.must(h.db.Read(h.Context()).Where("team_id = ?", h.team.ID).Where("user_name_key = ?", address).Take(&m).Error)
		if m.Role != models.RoleViewer || m.RoleSource != models.RoleByInvitation || m.SsoLinkedAt == nil {
			h.Errorf("the member is %+v", m)
		}

		// 4. Out is out, by whichever of the ways.
		_, err = h.roster.Deactivate(ctx, m.ID, "left")
		h.must(err)
		if h.alive(p.session()) {
			h.Error("a session outlived its member")
		}
		w = p.answer(h.respond(h.about(p.begin("/saml/acme/init"))))
		if w.Code != http.StatusForbidden || h.lastCode() != string(fault.UserDeactivated) {
			h.Errorf("the provider after it: %d, %s", w.Code, h.lastCode())
		}
		steal("deactivated")
	})
}
