package signin

import (
	"compress/flate"
	"context"
	"crypto/x509"
	"encoding/base64"
	"html"
	"io"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"rollcall/internal/housetest"
	"rollcall/internal/idptest"
	"rollcall/models"
	"rollcall/roster"
	"rollcall/saml"
	"rollcall/sso"
)

func (h *house) operator() context.Context { return housetest.AsOperator(h.Context()) }

// connect makes a team with an identity provider that was made elsewhere.
func (h *house) connect(slug string, idp *idptest.IDP, o sso.ProviderOptions) (models.Team, models.IdentityProvider) {
	h.Helper()
	team := h.newTeam(slug, slug, models.PlanEnterprise)
	p, err := h.sso.CreateIdentityProvider(h.operator(), sso.NewIdentityProvider{
		TeamID: team.ID, EntityID: idp.EntityID, SsoURL: idp.SSOURL, Certificates: []string{idp.CertificatePEM()}, ProviderOptions: o,
	})
	h.must(err)
	_, err = h.sso.Enable(h.operator(), team.ID, true)
	h.must(err)
	return team, p
}

// configure changes acme's identity provider.
func (h *house) configure(c sso.ProviderChange) models.IdentityProvider {
	h.Helper()
	all, err := h.sso.IdentityProviders(h.operator(), h.team.ID)
	h.must(err)
	p, err := h.sso.UpdateIdentityProvider(h.operator(), all[0].ID, c)
	h.must(err)
	return p
}

func (h *house) settings(team models.Team, c sso.SettingsChange) {
	h.Helper()
	_, err := h.sso.UpdateSettings(h.operator(), team.ID, c)
	h.must(err)
}

// ask begins a sign-in at a team in either binding and returns the request's id.
func (b *browser) ask(slug string, query ...string) (string, *httptest.ResponseRecorder) {
	b.h.Helper()
	address := "/saml/" + slug + "/init"
	if len(query) > 0 {
		address += "?" + query[0]
	}
	w := b.get(address)
	var rows []models.LoginRequest
	b.h.must(b.h.db.Read(b.h.Context()).Order("created_at DESC").Find(&rows).Error)
	newest := ""
	for _, row := range rows {
		if !b.h.asked[row.ID] {
			newest = row.ID
		}
	}
	if newest == "" {
		b.h.Fatalf("no request was stored: %d %s", w.Code, w.Body)
	}
	b.h.asked[newest] = true
	return newest, w
}

// bring posts a response to a team.
func (b *browser) bring(slug, response string) *httptest.ResponseRecorder {
	b.h.Helper()
	return b.post("/saml/"+slug+"/finalize", url.Values{"SAMLResponse": {response}}, elsewhere)
}

// attemptsOf are a team's attempts, oldest first.
func (h *house) attemptsOf(team models.Team) []models.LoginAttempt {
	h.Helper()
	var rows []models.LoginAttempt
	h.must(h.db.Read(h.Context()).Where("team_id = ?", team.ID).Order("id").Find(&rows).Error)
	return rows
}

func (h *house) lastOf(team models.Team) models.LoginAttempt {
	h.Helper()
	rows := h.attemptsOf(team)
	if len(rows) == 0 {
		h.Fatal("there is no attempt")
	}
	return rows[len(rows)-1]
}

// published is acme's service provider as its metadata shows it.
func (h *house) published(slug string) saml.ServiceProvider {
	h.Helper()
	sp, err := h.sso.Published(h.Context(), slug)
	h.must(err)
	return sp
}

// spare are identity providers whose keys were made once, because that is slow.
var spare = sync.OnceValues(func() ([]*idptest.IDP, error) {
	var out []*idptest.IDP
	for range 3 {
		idp, err := idptest.New("https://spare.idp.test/entity", "https://spare.idp.test/sso", housetest.NewClock().Now)
		if err != nil {
			return nil, err
		}
		out = append(out, idp)
	}
	return out, nil
})

// spareKeys are three providers with keys of their own, on the house's clock.
func (h *house) spareKeys() []*idptest.IDP {
	h.Helper()
	made, err := spare()
	h.must(err)
	out := make([]*idptest.IDP, len(made))
	for i, idp := range made {
		dup := *idp
		dup.Now = h.clock.Now
		out[i] = &dup
	}
	return out
}

// trust adds a certificate to acme's provider.
func (h *house) trust(p models.IdentityProvider, c *x509.Certificate) models.Certificate {
	h.Helper()
	row, err := h.sso.AddCertificate(h.operator(), p.ID, base64.StdEncoding.EncodeToString(c.Raw))
	h.must(err)
	return row
}

var hiddenField = regexp.MustCompile(`name="([A-Za-z]+)" value="([^"]*)"`)

func (h *house) direct(team models.Team, email string) {
	h.Helper()
	_, err := h.roster.Add(h.operator(), roster.NewMember{TeamID: team.ID, Kind: models.KindPerson, Role: models.RoleMember, Person: roster.Person{Email: email, Name: "Direct"}})
	h.must(err)
}

func is[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func later(h *house, d time.Duration) *time.Time {
	at := h.clock.Now().Add(d)
	return &at
}

func ptr[T any](v T) *T { return &v }

func decode64(h *house, text string) string {
	h.Helper()
	raw, err := base64.StdEncoding.DecodeString(html.UnescapeString(text))
	h.must(err)
	return string(raw)
}

func inflate(h *house, text string) string {
	h.Helper()
	raw, err := io.ReadAll(flate.NewReader(strings.NewReader(decode64(h, text))))
	h.must(err)
	return string(raw)
}
