package signin

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"rollcall/access"
	"rollcall/account"
	"rollcall/credential"
	"rollcall/internal/housetest"
	"rollcall/internal/idptest"
	"rollcall/invite"
	"rollcall/models"
	"rollcall/roster"
	"rollcall/saml"
	"rollcall/sso"
)

const base = "https://rollcall.test"

// The person of nearly every test.
var ada = idptest.Person{NameID: "ada@acme.test", NameIDFormat: saml.FormatEmailAddress, Email: "ada@acme.test", FirstName: "Ada", LastName: "Lovelace"}

// house is the door on a real database, with a team whose single sign-on is on
// and its identity provider.
type house struct {
	testing.TB
	db          *models.DB
	clock       *housetest.Clock
	sso         *sso.Service
	roster      *roster.Service
	credentials *credential.Store
	account     *account.Service
	told        housetest.Notices
	invitations *invite.Service
	log         *housetest.Log
	door        http.Handler
	base        string
	idp         *idptest.IDP
	team        models.Team
	asked       map[string]bool // requests whose id a test took
}

// eachHouse runs fn in a new house on each database.
func eachHouse(t *testing.T, fn func(h *house)) {
	t.Helper()
	housetest.EachDatabase(t, func(t *testing.T, db *models.DB) { fn(newHouse(t, db, base)) })
}

func newHouse(t testing.TB, db *models.DB, base string) *house {
	t.Helper()
	h := &house{TB: t, db: db, base: base, clock: housetest.NewClock(), asked: map[string]bool{}}
	log, text := housetest.NewLog()
	h.log = text
	h.sso = &sso.Service{DB: db, Now: h.clock.Now, BaseURL: base}
	h.roster = &roster.Service{DB: db, Now: h.clock.Now, TombstoneKey: []byte("0123456789abcdef0123456789abcdef")}
	h.credentials = &credential.Store{DB: db, Now: h.clock.Now, LinkKey: []byte("0123456789abcdef0123456789abcdef")}
	h.roster.Credentials = h.credentials
	h.invitations = &invite.Service{DB: db, Now: h.clock.Now, BaseURL: base, Roster: h.roster, Credentials: h.credentials}
	h.sso.Credentials = h.credentials
	ring, err := h.credentials.Unlock(t.Context(), "the secret key of this installation", "")
	h.must(err)
	h.sso.Keys, err = ring.AEAD("service provider keys")
	h.must(err)
	h.credentials.LinkKey = []byte("0123456789abcdef0123456789abcdef")
	factors, err := ring.AEAD("second factors")
	h.must(err)
	h.account = &account.Service{
		DB: db, Now: h.clock.Now, Sealing: factors, Credentials: h.credentials, BaseURL: base,
		Params:   account.Params{MemoryKiB: 64, Passes: 1},
		Announce: h.told.Announce,
	}
	h.door = h.middleware(NewHandler(Options{SSO: h.sso, Roster: h.roster, Credentials: h.credentials, Account: h.account, Invitations: h.invitations, BaseURL: base, Log: log}))
	h.team, h.idp = h.found("acme", "Acme")
	return h
}

// middleware does what the server does before this room sees a request.
func (h *house) middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := access.WithRequest(r.Context(), access.Request{ID: "req-1", IP: "192.0.2.7", UserAgent: "test"})
		if secret := SessionSecret(r, strings.HasPrefix(h.base, "https://")); secret != "" {
			if a, err := h.credentials.AuthenticateSession(ctx, secret); err == nil {
				ctx = access.With(ctx, a)
			}
		}
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// found makes a team with single sign-on and its own identity provider.
func (h *house) found(slug, name string) (models.Team, *idptest.IDP) {
	h.Helper()
	team := h.newTeam(slug, name, models.PlanEnterprise)
	idp, err := idptest.New("https://"+slug+".idp.test/entity", "https://"+slug+".idp.test/sso", h.clock.Now)
	h.must(err)
	op := housetest.AsOperator(h.Context())
	_, err = h.sso.CreateIdentityProvider(op, sso.NewIdentityProvider{
		TeamID: team.ID, EntityID: idp.EntityID, SsoURL: idp.SSOURL, Certificates: []string{idp.CertificatePEM()},
	})
	h.must(err)
	_, err = h.sso.Enable(op, team.ID, true)
	h.must(err)
	return team, idp
}

func (h *house) newTeam(slug, name string, plan models.Plan) models.Team {
	h.Helper()
	team, err := h.roster.CreateTeam(housetest.AsOperator(h.Context()), roster.NewTeam{Slug: slug, Name: name, Plan: plan})
	h.must(err)
	h.confirming(team, false)
	return team
}

// confirming says whether new people of a team confirm their address first.
func (h *house) confirming(team models.Team, on bool) {
	h.Helper()
	h.must(h.db.Read(h.Context()).Model(&models.SsoSettings{}).Where("team_id = ?", team.ID).Update("confirm_email", on).Error)
}

func (h *house) allowIdpInitiated(on bool) {
	h.Helper()
	_, err := h.sso.UpdateSettings(housetest.AsOperator(h.Context()), h.team.ID, sso.SettingsChange{IdpInitiatedEnabled: &on})
	h.must(err)
}

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// attempts are the codes of the team's recorded attempts, oldest first; "" is
// a success.
func (h *house) attempts() []models.LoginAttempt {
	h.Helper()
	var rows []models.LoginAttempt
	h.must(h.db.Read(h.Context()).Where("team_id = ?", h.team.ID).Order("id").Find(&rows).Error)
	return rows
}

// lastCode is the code of the newest attempt.
func (h *house) lastCode() string {
	h.Helper()
	rows := h.attempts()
	if len(rows) == 0 {
		return "no attempt"
	}
	return rows[len(rows)-1].Code
}

// sessions counts the sessions that are not revoked.
func (h *house) sessions() int64 {
	h.Helper()
	var n int64
	h.must(h.db.Read(h.Context()).Model(&models.Session{}).Where("revoked_at IS NULL").Count(&n).Error)
	return n
}

// browser keeps cookies as browsers do: by name, and with SameSite obeyed.
type browser struct {
	h       *house
	cookies map[string]*http.Cookie
}

func (h *house) browser() *browser { return &browser{h, map[string]*http.Cookie{}} }

// from says which site a request comes from.
type from bool

const (
	here      from = false
	elsewhere from = true // a post of another site's page
)

func (b *browser) do(r *http.Request, site from) *httptest.ResponseRecorder {
	b.h.Helper()
	for _, c := range b.cookies {
		if site == elsewhere && c.SameSite != http.SameSiteNoneMode && (c.SameSite != 0 || c.Secure) {
			continue
		}
		r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	}
	w := httptest.NewRecorder()
	b.h.door.ServeHTTP(w, r.WithContext(b.h.Context()))
	for _, c := range w.Result().Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
			continue
		}
		b.cookies[c.Name] = c
	}
	return w
}

func (b *browser) get(path string) *httptest.ResponseRecorder {
	b.h.Helper()
	return b.do(httptest.NewRequest(http.MethodGet, path, nil), here)
}

func (b *browser) post(path string, form url.Values, site from) *httptest.ResponseRecorder {
	b.h.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(r, site)
}

// begin starts a sign-in and returns the id of the request.
func (b *browser) begin(path string) string {
	b.h.Helper()
	return b.h.sentAway(b.get(path))
}

// sentAway is the id of the request that a browser is sent away with.
func (h *house) sentAway(w *httptest.ResponseRecorder) string {
	h.Helper()
	location := w.Header().Get("Location")
	if w.Code != http.StatusSeeOther || !strings.HasPrefix(location, h.idp.SSOURL+"?SAMLRequest=") {
		h.Fatalf("%d to %q\n%s", w.Code, location, w.Body)
	}
	u, err := url.Parse(location)
	h.must(err)
	packed, err := base64.StdEncoding.DecodeString(u.Query().Get("SAMLRequest"))
	h.must(err)
	doc, err := io.ReadAll(flate.NewReader(bytes.NewReader(packed)))
	h.must(err)
	var request struct {
		ID string `xml:"ID,attr"`
	}
	h.must(xml.Unmarshal(doc, &request))
	return request.ID
}

// about is the usual good Response about ada for acme.
func (h *house) about(requestID string) idptest.Response {
	return h.idp.About(ada, h.sso.ServiceProvider("acme"), requestID)
}

func (h *house) respond(r idptest.Response) string {
	h.Helper()
	out, err := h.idp.Respond(r)
	h.must(err)
	return out
}

// answer posts a response to acme as the identity provider's page does.
func (b *browser) answer(response string, relayState ...string) *httptest.ResponseRecorder {
	b.h.Helper()
	return b.post("/saml/acme/finalize", url.Values{"SAMLResponse": {response}, "RelayState": relayState}, elsewhere)
}

// signIn walks ada in.
func (b *browser) signIn() {
	b.h.Helper()
	w := b.answer(b.h.respond(b.h.about(b.begin("/saml/acme/init"))))
	if w.Code != http.StatusSeeOther || b.session() == "" {
		b.h.Fatalf("not signed in: %d\n%s", w.Code, w.Body)
	}
}

// session is the secret of the browser's session, "" without one.
func (b *browser) session() string {
	for name, c := range b.cookies {
		if strings.HasSuffix(name, sessionName) {
			return c.Value
		}
	}
	return ""
}

// alive reports whether a session's secret still opens anything.
func (h *house) alive(secret string) bool {
	_, err := h.credentials.AuthenticateSession(h.Context(), secret)
	return err == nil
}

var timeText = regexp.MustCompile(`<time .*</time>`)

var attemptText = regexp.MustCompile(`try_[0-9a-v]{26}`)

// uniform is a page with the one thing in it that may differ taken out.
func uniform(w *httptest.ResponseRecorder) string {
	return timeText.ReplaceAllString(attemptText.ReplaceAllString(w.Body.String(), "try_"), "<time>")
}

// signedInAs checks what the sign-in page says.
func (b *browser) signedInAs(who string) {
	b.h.Helper()
	w := b.get("/signin")
	if says := strings.Contains(w.Body.String(), "You are signed in as"); w.Code != http.StatusOK || says != (who != "") || !strings.Contains(w.Body.String(), who) {
		b.h.Errorf("not signed in as %q: %d\n%s", who, w.Code, w.Body)
	}
}
