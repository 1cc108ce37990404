package server_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"rollcall/internal/idptest"
	"rollcall/models"
	"rollcall/roster"
	"rollcall/server"
	"rollcall/sso/fetch"
)

// The identity provider switches keys in the middle of a stream of sign-ins:
// with the next certificate uploaded beforehand or found in the refreshed
// metadata nobody notices; with neither, everybody is refused, each refusal
// says why, and the admins get one mail.
func TestRollover(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		ctx := server.AsSystem(t.Context())
		for i, way := range []string{"uploaded", "refreshed", "neither"} {
			slug := fmt.Sprintf("acme-%d", i)
			idp := newForeign(t)
			idp.IDP.SignatureMethod = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
			team, _, _ := setUp(h, slug, newBrowser(t).get(idp.url+"/metadata").body)
			idp.meet(t, h, slug, "ada", "ada@"+slug+".test")
			teamID, err := models.ParseGlobal(models.PrefixTeam, team)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := h.rooms.Roster.Add(ctx, roster.NewMember{
				TeamID: teamID, Kind: models.KindPerson, Role: models.RoleAdmin, Person: roster.Person{Email: "root@" + slug + ".test", Name: "Root"},
			}); err != nil {
				t.Fatal(err)
			}
			stream := func(want int) {
				t.Helper()
				for range 4 {
					if done := idp.signIn(h, newBrowser(t), slug, "ada"); done.StatusCode != want {
						t.Errorf("%s: a sign-in was answered %d, want %d: %s", way, done.StatusCode, want, done.body)
					}
				}
			}
			stream(http.StatusSeeOther)
			key, err := rsa.GenerateKey(rand.Reader, 2048)
			if err != nil {
				t.Fatal(err)
			}
			next, err := idptest.SelfSigned(key, time.Now().Add(-time.Hour), time.Now().AddDate(2, 0, 0))
			if err != nil {
				t.Fatal(err)
			}
			prepare(ctx, t, h, idp, teamID, way, next)
			change := func() {
				idp.keys.Lock()
				defer idp.keys.Unlock()
				idp.IDP.Key, idp.IDP.Certificate = key, next
			}
			if way != "neither" {
				idp.underway(t, h, slug, change)
				continue
			}
			change()
			stream(http.StatusBadRequest)
			var refused []models.LoginAttempt
			if err := h.rooms.DB.Read(t.Context()).Where("team_id = ? AND outcome = 'REFUSED'", teamID).Find(&refused).Error; err != nil {
				t.Fatal(err)
			}
			for _, a := range refused {
				if a.Code != "signature_unknown_certificate" {
					t.Errorf("an attempt says %q", a.Code)
				}
			}
			var told []models.Notice
			if err := h.rooms.DB.Read(t.Context()).Where("kind = 'sso_failing'").Find(&told).Error; err != nil {
				t.Fatal(err)
			}
			if len(refused) != 4 || len(told) != 1 || told[0].TeamID != teamID {
				t.Errorf("%d attempts and %d notices", len(refused), len(told))
			}
		}
	})
}

// underway has four people at a time sign in, one after the other, while the
// identity provider changes its key: nobody may notice.
func (f *foreign) underway(t *testing.T, h *house, slug string, change func()) {
	t.Helper()
	ended, enough := make(chan answer), make(chan struct{})
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for {
				select {
				case ended <- f.signIn(h, newBrowser(t), slug, "ada"):
				case <-enough:
					return
				}
			}
		})
	}
	go func() {
		all.Wait()
		close(ended)
	}()
	for n := range 24 {
		if n == 8 {
			change()
		}
		done, going := <-ended
		if !going {
			t.Fatal("nobody signs in any more")
		}
		if done.StatusCode != http.StatusSeeOther {
			t.Errorf("sign-in %d was answered %d: %s", n, done.StatusCode, done.body)
		}
	}
	close(enough)
	all.Wait()
}

// prepare makes the next certificate known in one of the ways.
func prepare(ctx context.Context, t *testing.T, h *house, idp *foreign, team models.ID, way string, next *x509.Certificate) {
	t.Helper()
	described := &idptest.IDP{EntityID: idp.url + "/metadata", SSOURL: idp.url + "/sso", Certificate: idp.IDP.Certificate}
	published := described.Metadata()
	h.rooms.SSO.Fetch = func(context.Context, string, string, string) (fetch.Document, error) {
		return fetch.Document{Body: published}, nil
	}
	providers, err := h.rooms.SSO.IdentityProviders(ctx, team)
	if err != nil || len(providers) != 1 {
		t.Fatalf("%v, %v", providers, err)
	}
	switch way {
	case "uploaded":
		h.mutate(`mutation($idp: ID!, $pem: String!) { addCertificate(input: {identityProviderId: $idp, certificate: $pem}) { certificate { id } userErrors { code field message } } }`,
			map[string]any{"idp": providers[0].GlobalID(), "pem": (&idptest.IDP{Certificate: next}).CertificatePEM()})
	case "refreshed":
		if _, err := h.rooms.SSO.ImportMetadataURL(ctx, team, "https://idp.acme.test/metadata"); err != nil {
			t.Fatal(err)
		}
		described.Extra = []*x509.Certificate{next}
		published = described.Metadata()
		later := h.rooms.SSO.Now
		h.rooms.SSO.Now = func() time.Time { return later().Add(2 * time.Minute) }
		got, err := h.rooms.SSO.RefreshMetadata(ctx, providers[0].ID)
		h.rooms.SSO.Now = later
		if err != nil || len(got.Trusted) != 1 || strings.TrimSpace(got.Problem) != "" {
			t.Fatalf("%+v, %v", got, err)
		}
	}
}
