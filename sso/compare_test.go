package sso_test

import (
	"crypto/x509"
	"fmt"
	"testing"

	"rollcall/fault"
	"rollcall/internal/idptest"
	"rollcall/models"
	"rollcall/saml"
	"rollcall/sso"
)

// since are the changes of one attempt, as text; "nothing" when there is
// nothing to compare it with.
func (h *house) since(id models.ID) string {
	h.Helper()
	found, err := h.sso.ChangesByAttempt(h.operator(), []models.ID{id})
	h.must(err)
	if list, known := found[id]; known {
		return fmt.Sprint(list)
	}
	return "nothing"
}

func TestChangesSinceLastSuccess(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team, idp := h.found("acme")
		in := func(r idptest.Response) models.ID {
			t.Helper()
			_, attempt, err := h.use(h.accepted(team, h.respond(idp, r)))
			h.must(err)
			return attempt
		}
		out := func(r idptest.Response, code fault.Code) models.ID {
			t.Helper()
			_, attempt, err := h.judge(team, h.respond(idp, r))
			ended(t, "refused", err, code)
			return attempt
		}
		usual := func() idptest.Response { return h.about(idp, team, h.begin(team)) }

		// The first sign-in, and a failure before it, have nothing to be compared with.
		r := usual()
		r.Audience = "https://elsewhere.test"
		same(t, "before any", h.since(out(r, fault.AudienceMismatch)), "nothing")
		same(t, "first", h.since(in(usual())), "nothing")
		same(t, "the same again", h.since(in(usual())), "[]")

		r = usual()
		r.Audience = "https://elsewhere.test"
		same(t, "audience", h.since(out(r, fault.AudienceMismatch)), "[{AUDIENCE [https://rollcall.test/saml/acme] [https://elsewhere.test]}]")
		r = usual()
		r.Issuer = "https://acme.idp.test/renamed"
		same(t, "issuer", h.since(out(r, fault.IssuerMismatch)), "[{ISSUER [https://acme.idp.test/entity] [https://acme.idp.test/renamed]}]")

		stranger := h.newIDP("stranger")
		r = usual()
		r.Signing.Key, r.Signing.Shown = stranger.Key, []*x509.Certificate{stranger.Certificate}
		same(t, "certificate", h.since(out(r, fault.SignatureUnknownCert)),
			fmt.Sprintf("[{CERTIFICATE [%s] [%s]}]", saml.Fingerprint(idp.Certificate), saml.Fingerprint(stranger.Certificate)))

		r = usual()
		r.NameIDFormat, r.Attributes = saml.FormatPersistent, r.Attributes[:1]
		r.Attributes[0].Name, r.SignResponse, r.Classes = "mail", false, []string{saml.ClassUnspecified}
		same(t, "much", h.since(in(r)), "[{NAME_ID_FORMAT [urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress] [urn:oasis:names:tc:SAML:2.0:nameid-format:persistent]} "+
			"{ATTRIBUTES [email firstName lastName] [mail]} {SIGNED [response] []} "+
			"{CONTEXT_CLASSES [urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport] [urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified]}]")

		// What could not be read tells nothing.
		_, attempt, err := h.judge(team, "no base64!")
		ended(t, "unread", err, fault.ResponseMalformed)
		same(t, "unread", h.since(attempt), "nothing")
	})
}

// Another team's sign-ins are neither compared with nor shown, and neither are
// those of the team's other identity provider.
func TestChangesStayInTheTeam(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team, idp := h.found("acme")
		globex, other := h.found("globex")
		second := h.newIDP("second")
		h.create(team, second)
		for _, x := range []models.Team{team, globex} {
			h.must(first(h.sso.UpdateSettings(h.operator(), x.ID, sso.SettingsChange{IdpInitiatedEnabled: ptr(true)})))
		}
		for range 2 {
			for _, x := range []struct {
				team models.Team
				idp  *idptest.IDP
			}{{team, idp}, {globex, other}, {team, second}} {
				_, attempt, err := h.use(h.accepted(x.team, h.respond(x.idp, h.about(x.idp, x.team, ""))))
				h.must(err)
				if got := h.since(attempt); got != "nothing" && got != "[]" {
					t.Errorf("%s by %s: %s", x.team.Slug, x.idp.EntityID, got)
				}
			}
		}
		var rows []models.LoginAttempt
		h.must(h.db.Read(h.Context()).Order("id").Find(&rows).Error)
		ids := make([]models.ID, len(rows))
		for i, r := range rows {
			ids[i] = r.ID
		}
		for who, want := range map[string]int{"operator": 3, "acme": 2, "globex": 1, "member": 0} {
			ctx := h.operator()
			switch who {
			case "acme":
				ctx = as(h, team, models.RoleAdmin)
			case "globex":
				ctx = as(h, globex, models.RoleAdmin)
			case "member":
				ctx = as(h, team, models.RoleMember)
			}
			ctx, n := models.CountStatements(ctx)
			found, err := h.sso.ChangesByAttempt(ctx, ids)
			h.must(err)
			if len(found) != want || n.Load() > 2 {
				t.Errorf("%s sees changes of %d attempts in %d statements", who, len(found), n.Load())
			}
		}
	})
}

func TestAttemptsOfAKindAndProvider(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		team, idp := h.found("acme")
		p, err := h.sso.IdentityProviders(h.operator(), team.ID)
		h.must(err)
		h.respondBadly(team, idp)
		_, err = h.sso.RefuseLogout(h.request(), team.Slug, fault.LogoutInvalid)
		h.must(err)
		for _, c := range []struct {
			filter sso.AttemptFilter
			n      int
		}{
			{sso.AttemptFilter{}, 2}, {sso.AttemptFilter{Kind: models.AttemptSignIn}, 1}, {sso.AttemptFilter{Kind: models.AttemptLogout}, 1},
			{sso.AttemptFilter{Provider: p[0].ID}, 1}, {sso.AttemptFilter{Provider: p[0].ID, Kind: models.AttemptLogout}, 0}, {sso.AttemptFilter{Provider: newID(t)}, 0},
		} {
			rows, _, err := h.sso.Attempts(h.operator(), team.ID, c.filter, models.Window{Limit: 10})
			h.must(err)
			n, err := h.sso.CountAttempts(h.operator(), team.ID, c.filter)
			h.must(err)
			if len(rows) != c.n || n != c.n {
				t.Errorf("%+v: %d rows, counted %d", c.filter, len(rows), n)
			}
		}
	})
}

// respondBadly has a response refused whose audience is somebody else.
func (h *house) respondBadly(team models.Team, idp *idptest.IDP) {
	h.Helper()
	r := h.about(idp, team, h.begin(team))
	r.Audience = "https://elsewhere.test"
	_, _, err := h.judge(team, h.respond(idp, r))
	ended(h, "refused", err, fault.AudienceMismatch)
}
