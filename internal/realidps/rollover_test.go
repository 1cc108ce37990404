//go:build realidps

package realidps

import (
	"encoding/json"
	"os"

	"crypto/x509"
	"encoding/pem"
	"testing"

	"rollcall/fault"
)

// newKeyThere is an identity provider's change to a new key while people sign in:
// it goes without a break when both certificates are trusted meanwhile, and with
// one when not.
func newKeyThere(c *trial) {
	in := func(what string) {
		c.t.Helper()
		b := newBrowser(c.t)
		c.mustBeIn(what, b, c.post(b, b.walk(c.initURL(), c.service)))
	}
	out := func(what string) {
		c.t.Helper()
		b := newBrowser(c.t)
		c.mustRefuse(what, c.post(b, b.walk(c.initURL(), c.service)), fault.SignatureUnknownCert)
		c.mustBeOut(what, b)
	}
	before := c.certificates()
	in("with the first key")
	private, cert := newKey(c.t)
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		c.t.Fatal(err)
	}
	next := service{Key: string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), Cert: string(certPEM(cert))}
	c.signsWith(next)
	out("with a key that nobody trusts yet")

	c.mutate(c.t, "addCertificate", "certificate { id }", map[string]any{"identityProviderId": c.provider, "certificate": next.Cert})
	in("with the new key")
	c.signsWith(service{})
	in("with the first key while both are trusted")
	c.signsWith(next)
	for _, id := range before {
		c.mutate(c.t, "removeCertificate", "deletedCertificateId", map[string]any{"certificateId": id})
	}
	in("with the new key alone")
	c.signsWith(service{})
	out("with the key that is trusted no more")
}

// signsWith has the identity provider sign the team's responses with the key of s,
// or with its own.
func (c *trial) signsWith(s service) {
	c.t.Helper()
	text, err := os.ReadFile(c.idp.services)
	if err != nil {
		c.t.Fatal(err)
	}
	all := map[string]map[string]any{}
	if err := json.Unmarshal(text, &all); err != nil {
		c.t.Fatal(err)
	}
	all[c.service.entityID]["key"], all[c.service.entityID]["cert"] = s.Key, s.Cert
	if text, err = json.Marshal(all); err != nil {
		c.t.Fatal(err)
	}
	replace(c.t, c.idp.services, text)
}

// replace writes a file that somebody may be reading.
func replace(t *testing.T, file string, text []byte) {
	t.Helper()
	write(t, file+".new", text)
	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
}

// certificates are the ids of those that the team trusts.
func (c *trial) certificates() (ids []string) {
	c.t.Helper()
	var got struct {
		Team struct {
			SsoSettings struct{ Certificates []struct{ ID string } }
		}
	}
	if codes := c.ask(newBrowser(c.t), c.operator, "query($slug: String!) { team(slug: $slug) { ssoSettings { certificates { id } } } }", map[string]any{"slug": c.service.slug}, &got); len(codes) > 0 {
		c.t.Fatalf("certificates: %v", codes)
	}
	for _, cert := range got.Team.SsoSettings.Certificates {
		ids = append(ids, cert.ID)
	}
	return ids
}

// askedAgain signs in twice in one browser: the identity provider, which knows it
// the second time, has to ask for the password all the same.
func askedAgain(c *trial) {
	ada := newBrowser(c.t)
	for _, what := range []string{"the first sign-in", "the second sign-in"} {
		if page := ada.follow(c.initURL()); !asks(page) {
			c.t.Fatalf("%s: not asked for the password: %d %.500s", what, page.status, page.body)
		}
		c.mustBeIn(what, ada, c.post(ada, ada.walk(c.initURL(), c.service)))
	}
}

func asks(p page) bool {
	_, found := p.form("password")
	return found
}
