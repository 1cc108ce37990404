package jobs

import (
	"context"
	"testing"
	"time"

	"rollcall/internal/housetest"
	"rollcall/internal/idptest"
	"rollcall/models"
	"rollcall/sso/fetch"
)

// Two replicas find out at the same time what is due: the host is asked once,
// and the admins are told of what it said.
func TestRefreshWork(t *testing.T) {
	housetest.EachSource(t, func(t *testing.T, src models.Source) {
		clock, box := housetest.NewClock(), &post{}
		idp, err := idptest.NewECDSA("https://idp.acme.test/metadata", "https://idp.acme.test/sso", clock.Now)
		if err != nil {
			t.Fatal(err)
		}
		asked := make(chan bool, 100)
		var both []*replica
		for range 2 {
			r := newReplica(t, src, clock.Now, box)
			r.SSO.Fetch = func(context.Context, string, string, string) (fetch.Document, error) {
				asked <- true
				return fetch.Document{Body: idp.Metadata()}, nil
			}
			both = append(both, r)
		}
		r, ctx := both[0], housetest.AsOperator(t.Context())
		team, _ := r.team("acme", "ada@acme.test")
		in, err := r.SSO.ImportMetadataURL(ctx, team.ID, "https://idp.acme.test/metadata")
		r.must(err)
		for _, r := range both {
			r.work()
		}
		r.drained()
		clock.Advance(7 * time.Hour)
		other, err := idptest.NewECDSA("x", "https://x.test", clock.Now)
		r.must(err)
		idp.Extra = append(idp.Extra, other.Certificate)
		for _, r := range both {
			r.must(r.FindDue(ctx))
		}
		r.drained()
		if n := len(asked); n != 2 { // for the import, and now
			t.Errorf("the host was asked %d times", n)
		}
		found, err := r.SSO.CertificatesByProvider(ctx, []models.ID{in.IdentityProvider.ID})
		r.must(err)
		if n := len(found[in.IdentityProvider.ID]); n != 2 {
			t.Errorf("%d certificates are trusted", n)
		}
		told := 0
		for _, m := range box.all() {
			if m.Subject == "acme: the identity provider published a new certificate" {
				told++
			}
		}
		if told != 1 {
			t.Errorf("told %d times", told)
		}
	})
}
