//go:build realidps

package realidps

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"encoding/xml"
	"net/http"
	"os"
	"strings"
	"testing"
)

// newService is a person of their own for a team, since nobody may be managed
// by two teams.
func newService(slug string) service {
	return service{
		slug: slug, User: slug, Password: "correct horse " + slug,
		NameID: "id-" + slug, Email: "ada." + slug + "@acme.test",
	}
}

// newTrial creates the team of a row and learns from its metadata what an
// identity provider has to know of it.
func newTrial(t *testing.T, server *rollcall, r row, slug string) *trial {
	t.Helper()
	c := &trial{row: r, rollcall: server, t: t, service: newService(slug)}
	created := c.mutate(t, "createTeam", "team { id }", map[string]any{"slug": c.service.slug, "name": "Acme", "plan": "ENTERPRISE"})
	c.teamID = created.Team.ID
	if c.chosen != nil {
		c.chosen(&c.service)
	}
	c.set("updateSsoSettings", "teamId", c.teamID, built[c.needs].team)
	got := newBrowser(t).get(c.url + "/saml/" + c.service.slug + "/metadata")
	if got.status != http.StatusOK {
		t.Fatalf("the metadata of %s: %d %s", c.service.slug, got.status, got.body)
	}
	s := &c.service
	s.Metadata = got.body
	ours := readMetadata(t, got.body)
	s.entityID, s.ACS = ours.EntityID, ours.ACS.Location
	if !strings.HasPrefix(s.ACS, c.url+"/") {
		t.Fatalf("the ACS is %q", s.ACS)
	}
	switch c.row.idp {
	case samlidp256, samlidpSHA1: // it knows people by their e-mail address
		s.NameID = s.Email
	case lemonldap: // the password of its demonstration mode
		s.Password = s.User
	}
	if s.verifies {
		s.VerifyWith = ours.mustHave(t, "signing")
	}
	if r.needs == singleLogout {
		s.Logout, s.LogoutKey = ours.Logout[0].Location, ours.mustHave(t, "signing")
	}
	if s.cipher != "" {
		if isBuilt(encryption) {
			s.EncryptTo = ours.mustHave(t, "encryption")
		} else {
			_, cert := newKey(t) // there is no key of the team, so any will do
			s.EncryptTo = string(certPEM(cert))
		}
		s.EncryptToKey = publicKeyOf(t, s.EncryptTo)
	}
	checkOurSignature(t, got.body, ours)
	return c
}

// connect gives the team the identity provider's metadata and switches single
// sign-on on.
func (c *trial) connect(to idp) {
	c.t.Helper()
	c.idp = to
	input := map[string]any{"teamId": c.teamID}
	if c.service.byAddress {
		input["url"] = c.front.of(c.idp.metadata)
	} else {
		theirs := newBrowser(c.t).get(c.idp.metadata)
		if theirs.status != http.StatusOK {
			c.t.Fatalf("the metadata of %s: %d %s", c.idp.metadata, theirs.status, theirs.body)
		}
		input["xml"] = theirs.body
	}
	imported := c.mutate(c.t, "importMetadata", "identityProvider { id }", input)
	c.provider = imported.IdentityProvider.ID
	c.set("updateIdentityProvider", "identityProviderId", imported.IdentityProvider.ID, built[c.needs].provider)
	c.mutate(c.t, "enableSso", "ssoSettings { state }", map[string]any{"teamId": c.teamID, "skipLoginTest": true})
}

// set changes the values of an object that a feature needs, if there are any.
func (c *trial) set(call, idName, id string, values map[string]any) {
	c.t.Helper()
	if len(values) == 0 {
		return
	}
	input := map[string]any{idName: id}
	for name, v := range values {
		input[name] = v
	}
	c.mutate(c.t, call, "clientMutationId", input)
}

// allowUnsolicited lets sign-ins start at the identity provider.
func (c *trial) allowUnsolicited() {
	c.t.Helper()
	c.mutate(c.t, "updateSsoSettings", "ssoSettings { revision }", map[string]any{"teamId": c.teamID, "idpInitiatedEnabled": true})
}

// ourMetadata is the part of a team's metadata that these tests use.
type ourMetadata struct {
	EntityID  string    `xml:"entityID,attr"`
	ID        string    `xml:"ID,attr"`
	Signature *struct{} `xml:"http://www.w3.org/2000/09/xmldsig# Signature"`
	Keys      []struct {
		Use         string `xml:"use,attr"`
		Certificate string `xml:"KeyInfo>X509Data>X509Certificate"`
	} `xml:"SPSSODescriptor>KeyDescriptor"`
	Logout []struct {
		Location string `xml:",attr"`
	} `xml:"SPSSODescriptor>SingleLogoutService"`
	ACS struct {
		Location string `xml:",attr"`
	} `xml:"SPSSODescriptor>AssertionConsumerService"`
}

func readMetadata(t *testing.T, text string) (m ourMetadata) {
	t.Helper()
	if err := xml.Unmarshal([]byte(text), &m); err != nil {
		t.Fatalf("our metadata: %v", err)
	}
	return m
}

// mustHave is the certificate for a use, as PEM.
func (m ourMetadata) mustHave(t *testing.T, use string) string {
	t.Helper()
	for _, k := range m.Keys {
		if k.Use != use && k.Use != "" {
			continue
		}
		der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(k.Certificate), ""))
		if err != nil {
			t.Fatal(err)
		}
		return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	t.Fatalf("the metadata of %s has no certificate for %s", m.EntityID, use)
	return ""
}

func publicKeyOf(t *testing.T, certificate string) string {
	t.Helper()
	block, _ := pem.Decode([]byte(certificate))
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(cert.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// keptQuiet looks for secrets, assertions and stacks in what the server logged.
func (r *rollcall) keptQuiet(t *testing.T) {
	t.Helper()
	text, err := os.ReadFile(r.log)
	if err != nil {
		t.Fatal(err)
	}
	said := string(text)
	if strings.Count(said, r.operator) != 1 {
		t.Errorf("the operator key stands in the output %d times", strings.Count(said, r.operator))
	}
	for _, s := range []string{"rcs_", "SAMLResponse", "Assertion>", "goroutine ", "rollcall_session", "@acme.test"} {
		if strings.Contains(said, s) {
			t.Errorf("the log holds %q", s)
		}
	}
}
