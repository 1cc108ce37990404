package sso_test

import (
	"testing"
	"time"

	"rollcall/models"
	"rollcall/saml"
	"rollcall/sso"
)

// A look at metadata takes as long as its host likes. What an admin decides in
// that time holds: an address that was forgotten, or an identity provider that
// was deleted, brings nothing more.
func TestDecidedDuringARefresh(t *testing.T) {
	for name, decide := range map[string]func(d *desk, p models.IdentityProvider) error{
		"forgotten": func(d *desk, p models.IdentityProvider) error { return d.sso.ForgetMetadataURL(d.ctx(), p.ID) },
		"deleted": func(d *desk, p models.IdentityProvider) error {
			_, err := d.sso.DeleteIdentityProvider(d.ctx(), p.ID)
			return err
		},
		"deleted and made again": func(d *desk, p models.IdentityProvider) error {
			if _, err := d.sso.DeleteIdentityProvider(d.ctx(), p.ID); err != nil {
				return err
			}
			_, err := d.sso.CreateIdentityProvider(d.ctx(), sso.NewIdentityProvider{TeamID: d.team.ID, EntityID: p.EntityID, SsoURL: "https://other.acme.test/sso"})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, rolls := range []bool{true, false} {
				eachDesk(t, func(t *testing.T, d *desk) {
					p := d.imported()
					stolen := d.next(d.year())
					if rolls {
						d.idp.Extra = append(d.idp.Extra, stolen)
					}
					d.idp.SSOURL += "/elsewhere"
					d.publish()
					var want []models.IdentityProvider
					d.during = func() {
						if err := decide(d, p); err != nil {
							t.Error(err)
						}
						var err error
						if want, err = d.sso.IdentityProviders(d.ctx(), d.team.ID); err != nil {
							t.Error(err)
						}
					}
					d.clock.Advance(7 * time.Hour)
					_, err := d.sso.RefreshDue(d.system(), p.ID)
					if err != nil {
						t.Errorf("the look ends with %v", err)
					}
					got, err := d.sso.IdentityProviders(d.ctx(), d.team.ID)
					if err != nil || len(got) != len(want) || len(got) > 0 && (got[0].ID != want[0].ID || got[0].SsoURL != want[0].SsoURL) {
						t.Errorf("the team has %+v, want %+v (%v)", got, want, err)
					}
					for _, x := range d.trusted(p) {
						if x == saml.Fingerprint(stolen) {
							t.Error("the certificate from the forgotten address is trusted")
						}
					}
				})
			}
		})
	}
}
