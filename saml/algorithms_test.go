package saml_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/beevik/etree"

	"rollcall/internal/idptest"
	"rollcall/saml"
)

// pss signs with RSASSA-PSS by a salt of this length.
type pss struct {
	*rsa.PrivateKey
	salt int
}

func (p pss) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	return rsa.SignPSS(random, p.PrivateKey, opts.HashFunc(), digest, &rsa.PSSOptions{SaltLength: p.salt})
}

// openssl signs with the program of that name.
type openssl struct {
	*rsa.PrivateKey
	t testing.TB
}

func (o openssl) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(o.PrivateKey)
	if err != nil {
		return nil, err
	}
	key, sum := filepath.Join(o.t.TempDir(), "key.pem"), filepath.Join(o.t.TempDir(), "sum")
	if err := os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		return nil, err
	}
	if err := os.WriteFile(sum, digest, 0o600); err != nil {
		return nil, err
	}
	hash := strings.ToLower(strings.ReplaceAll(opts.HashFunc().String(), "-", ""))
	return exec.Command("openssl", "pkeyutl", "-sign", "-inkey", key, "-in", sum,
		"-pkeyopt", "digest:"+hash, "-pkeyopt", "rsa_padding_mode:pss", "-pkeyopt", "rsa_pss_saltlen:digest", "-pkeyopt", "rsa_mgf1_md:"+hash).Output()
}

// method names another signature method than the one that idptest would.
func method(uri string) func(*etree.Element) {
	return func(info *etree.Element) { info.FindElement("ds:SignatureMethod").CreateAttr("Algorithm", uri) }
}

func TestPSS(t *testing.T) {
	idp := newIDP(t)
	key := idp.Key.(*rsa.PrivateKey)
	const family = "http://www.w3.org/2007/05/xmldsig-more#"
	for hash, uri := range map[crypto.Hash]string{crypto.SHA256: family + "sha256-rsa-MGF1", crypto.SHA384: family + "sha384-rsa-MGF1", crypto.SHA512: family + "sha512-rsa-MGF1"} {
		by := func(k crypto.Signer, uri string) idptest.Response {
			r := good()
			r.SignResponse = true
			r.Signing = idptest.Signing{Key: k, Hash: hash, ChangeInfo: method(uri)}
			return r
		}
		e := expecting(idp)
		accept(t, respond(t, idp, by(pss{key, rsa.PSSSaltLengthEqualsHash}, uri)), e)
		accept(t, respond(t, idp, by(openssl{key, t}, uri)), e)

		refuse(t, respond(t, idp, by(pss{key, rsa.PSSSaltLengthEqualsHash}, uri)), withCertificates(e, strangers(t)[:1]), "signature_unknown_certificate")
		for name, k := range map[string]crypto.Signer{"no salt": pss{key, 0}, "a short salt": pss{key, hash.Size() - 1}, "a long salt": pss{key, rsa.PSSSaltLengthAuto}, "not PSS": key} {
			t.Run(name, func(t *testing.T) { refuse(t, respond(t, idp, by(k, uri)), e, "signature_invalid") })
		}
		// A value of one padding under the name of the other.
		refuse(t, respond(t, idp, by(pss{key, rsa.PSSSaltLengthEqualsHash}, "http://www.w3.org/2001/04/xmldsig-more#rsa-"+strings.ToLower(strings.ReplaceAll(hash.String(), "-", "")))), e, "signature_invalid")
		refuse(t, respond(t, idp, by(pss{key, rsa.PSSSaltLengthEqualsHash}, family+"rsa-pss")), e, "signature_algorithm_weak")
		refuse(t, respond(t, idp, by(pss{key, rsa.PSSSaltLengthEqualsHash}, family+"sha1-rsa-MGF1")), e, "signature_algorithm_weak")
	}
}

func withCertificates(e saml.Expectation, list []saml.Certificate) saml.Expectation {
	e.Provider.Certificates = list
	return e
}

// The skew must not hide that an assertion is valid at no time at all.
func TestWindowThatIsInverted(t *testing.T) {
	idp := newIDP(t)
	for _, place := range []string{"saml:Conditions", "saml:SubjectConfirmationData"} {
		r := good()
		r.Before = func(doc *etree.Element) {
			el := doc.FindElement("//" + place)
			el.CreateAttr("NotBefore", "2026-03-14T15:10:00Z")
			el.CreateAttr("NotOnOrAfter", "2026-03-14T15:09:00Z")
		}
		refuse(t, respond(t, idp, r), expecting(idp), "assertion_invalid")
	}
}
