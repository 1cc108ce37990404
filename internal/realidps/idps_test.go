//go:build realidps

package realidps

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/crewjam/saml/samlidp"

	"rollcall/internal/idptest"
)

// The identity providers.
const (
	samlp         = "samlp"
	simplesamlphp = "simplesamlphp"
	pysaml2       = "pysaml2"
	samlidp256    = "samlidp"
	samlidpSHA1   = "samlidp as it comes"
	lemonldap     = "lemonldap"
)

// service is a team as its identity provider sees it, with the one person who
// uses it. The launchers in scripts/idps read it as JSON.
type service struct {
	slug, entityID string
	cipher         string // what it encrypts with, "" when it does not
	byAddress      bool   // whether the team's admin enters the metadata's address and not its text
	verifies       bool   // whether it insists on signed requests

	ACS          string `json:"acs"`
	Metadata     string `json:"metadata"`
	MetadataFile string `json:"metadataFile"`

	User     string `json:"user"`
	Password string `json:"password"`
	NameID   string `json:"nameId"`
	Email    string `json:"email"`

	SignAssertion bool   `json:"signAssertion"`
	SignResponse  bool   `json:"signResponse"`
	SHA1          bool   `json:"sha1"`
	Transient     bool   `json:"transient"`
	Audience      string `json:"audience"`      // "" for the team's entity id
	EncryptTo     string `json:"encryptTo"`     // a certificate as PEM, or ""
	EncryptToKey  string `json:"encryptToKey"`  // its public key as PEM
	Key           string `json:"key"`           // that its responses are signed with, as PEM; "" for the provider's own
	Cert          string `json:"cert"`          // the key's certificate as PEM, or ""
	Logout        string `json:"logout"`        // where logout messages go, or ""
	LogoutBinding string `json:"logoutBinding"` // how they go there
	LogoutKey     string `json:"logoutKey"`     // the certificate that ours are signed with, as PEM
	VerifyWith    string `json:"verifyWith"`    // the certificate that requests are signed with, as PEM, or ""
}

// idp is a running identity provider.
type idp struct {
	metadata    string                 // its address
	unsolicited func(s service) string // where a sign-in starts that starts there
	logout      string                 // where a logout starts that starts there, if it has that
	knows       string                 // where it says "true" to browsers that it knows; "" when it asks others for a password
	certificate string                 // a file, PEM
	services    string                 // the file of the services, where it is read anew for each sign-in
}

// starters run an identity provider that knows the services.
var starters = map[string]func(t *testing.T, services []service) idp{
	samlp:         startSamlp,
	simplesamlphp: startSimpleSAMLphp,
	pysaml2:       startPysaml2,
	lemonldap:     startLemonLDAP,
	samlidp256: func(t *testing.T, s []service) idp {
		return startSamlidp(t, s, "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256")
	},
	samlidpSHA1: func(t *testing.T, s []service) idp { return startSamlidp(t, s, "") },
}

// newHome is a folder with what a launcher needs: a new key, its certificate
// and the services.
func newHome(t *testing.T, services []service) string {
	t.Helper()
	home := t.TempDir()
	if err := os.Mkdir(filepath.Join(home, "tmp"), 0o700); err != nil {
		t.Fatal(err)
	}
	key, cert := newKey(t)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	byEntity := map[string]service{}
	for _, s := range services {
		s.Metadata, s.MetadataFile = s.withEncryptionKey(), filepath.Join(home, s.slug+".xml")
		write(t, s.MetadataFile, []byte(s.Metadata))
		byEntity[s.entityID] = s
	}
	text, err := json.Marshal(byEntity)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(home, "key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
	write(t, filepath.Join(home, "cert.pem"), certPEM(cert))
	write(t, filepath.Join(home, "services.json"), text)
	return home
}

func newKey(t *testing.T) (*rsa.PrivateKey, *x509.Certificate) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := idptest.SelfSigned(key, time.Now().Add(-time.Hour), time.Now().AddDate(1, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	return key, cert
}

func certPEM(cert *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
}

func write(t *testing.T, file string, text []byte) {
	t.Helper()
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// launch runs one of the launchers in scripts/idps.
func launch(t *testing.T, services []service, metadata string, env []string, command func(address string) []string) (home, base string) {
	t.Helper()
	home = newHome(t, services)
	address := freeAddress(t)
	base = "http://" + address
	args := command(address)
	run(t, base+metadata, append(env, "IDP_HOME="+home, "IDP_URL="+base), args[0], args[1:]...)
	return home, base
}

func startSamlp(t *testing.T, services []service) idp {
	t.Helper()
	home, base := launch(t, services, "/metadata", []string{"NODE_PATH=" + setting(t, "E2E_NODE_PATH"), "NODE_NO_WARNINGS=1"}, func(string) []string {
		return []string{"node", root(t, "scripts", "idps", "samlp", "idp.js")}
	})
	return idp{
		metadata: base + "/metadata", unsolicited: bySP(base + "/sso?sp="), logout: base + "/logout", knows: base + "/knows",
		certificate: filepath.Join(home, "cert.pem"), services: filepath.Join(home, "services.json"),
	}
}

func startPysaml2(t *testing.T, services []service) idp {
	t.Helper()
	home, base := launch(t, services, "/metadata", []string{"PYTHONDONTWRITEBYTECODE=1"}, func(string) []string {
		return []string{"/usr/bin/python3", root(t, "scripts", "idps", "pysaml2", "idp.py")}
	})
	return idp{metadata: base + "/metadata", unsolicited: bySP(base + "/sso?sp="), certificate: filepath.Join(home, "cert.pem")}
}

func startSimpleSAMLphp(t *testing.T, services []service) idp {
	t.Helper()
	const place = "/saml2/idp/"
	config := root(t, "scripts", "idps", "simplesamlphp")
	www := filepath.Join(setting(t, "E2E_SIMPLESAMLPHP"), "www")
	home, base := launch(t, services, place+"metadata.php", []string{"SIMPLESAMLPHP_CONFIG_DIR=" + config}, func(address string) []string {
		return []string{"php", "-d", "date.timezone=UTC", "-d", "display_errors=0", "-S", address, "-t", www}
	})
	return idp{
		metadata:    base + place + "metadata.php",
		unsolicited: bySP(base + place + "SSOService.php?spentityid="),
		logout:      base + place + "SingleLogoutService.php?ReturnTo=" + url.QueryEscape(base+place+"metadata.php"),
		certificate: filepath.Join(home, "cert.pem"),
		services:    filepath.Join(home, "services.json"),
	}
}

func startLemonLDAP(t *testing.T, services []service) idp {
	t.Helper()
	unpacked := setting(t, "E2E_LEMONLDAP")
	env := []string{"LLNG=" + unpacked, "PERL5LIB=" + filepath.Join(unpacked, "usr", "share", "perl5")}
	home, base := launch(t, services, "/saml/metadata", env, func(address string) []string {
		host, port, _ := strings.Cut(address, ":")
		return []string{"plackup", "--env", "deployment", "--host", host, "--port", port, root(t, "scripts", "idps", "lemonldap", "idp.psgi")}
	})
	return idp{
		metadata:    base + "/saml/metadata",
		unsolicited: bySP(base + "/saml/singleSignOn?IDPInitiated=1&sp="),
		certificate: filepath.Join(home, "cert.pem"),
	}
}

func bySP(prefix string) func(service) string {
	return func(s service) string { return prefix + url.QueryEscape(s.entityID) }
}

// startSamlidp serves crewjam's identity provider from this process. It is
// configured by its own API, and learns from our metadata whom to encrypt to.
func startSamlidp(t *testing.T, services []service, method string) idp {
	t.Helper()
	key, cert := newKey(t)
	server := &samlidp.Server{}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { server.ServeHTTP(w, r) }))
	t.Cleanup(front.Close)
	address, err := url.Parse(front.URL)
	if err != nil {
		t.Fatal(err)
	}
	server, err = samlidp.New(samlidp.Options{
		URL: *address, Key: key, Certificate: cert, Store: &samlidp.MemoryStore{}, Logger: log.New(io.Discard, "", 0),
	})
	if err != nil {
		t.Fatal(err)
	}
	server.IDP.SignatureMethod = method
	b := newBrowser(t)
	put := func(path string, body any) {
		text, isText := body.(string)
		if !isText {
			encoded, err := json.Marshal(body)
			if err != nil {
				t.Fatal(err)
			}
			text = string(encoded)
		}
		if got := b.send(http.MethodPut, front.URL+path, "", text); got.status/100 != 2 {
			t.Fatalf("PUT %s: %d %s", path, got.status, got.body)
		}
	}
	for _, s := range services {
		put("/services/"+s.slug, s.withEncryptionKey())
		put("/shortcuts/"+s.slug, map[string]string{"service_provider": s.entityID})
		put("/users/"+s.User, map[string]string{
			"password": s.Password, "email": s.Email, "given_name": "Ada", "surname": "Lovelace", "common_name": "Ada Lovelace",
		})
	}
	file := filepath.Join(t.TempDir(), "cert.pem")
	write(t, file, certPEM(cert))
	return idp{
		metadata:    front.URL + "/metadata",
		unsolicited: func(s service) string { return front.URL + "/login/" + s.slug },
		certificate: file,
	}
}

// withEncryptionKey is the team's metadata with the key to encrypt to, for as
// long as it does not hold one itself.
func (s service) withEncryptionKey() string {
	if s.EncryptTo == "" || strings.Contains(s.Metadata, `use="encryption"`) {
		return s.Metadata
	}
	block, _ := pem.Decode([]byte(s.EncryptTo))
	descriptor := `<md:KeyDescriptor use="encryption"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>` +
		base64.StdEncoding.EncodeToString(block.Bytes) + `</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`
	return spStart.ReplaceAllString(s.Metadata, "${0}"+descriptor)
}

var spStart = regexp.MustCompile(`<md:SPSSODescriptor\b[^>]*>`)
