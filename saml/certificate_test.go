package saml_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"rollcall/fault"
	"rollcall/internal/idptest"
	"rollcall/saml"
)

// pkcs7 wraps certificates as OpenSSL's crl2pkcs7 -nocrl does.
func pkcs7(t testing.TB, certs ...*x509.Certificate) []byte {
	t.Helper()
	var all []byte
	for _, c := range certs {
		all = append(all, c.Raw...)
	}
	raw := func(class, tag int, compound bool, b []byte) asn1.RawValue {
		return asn1.RawValue{Class: class, Tag: tag, IsCompound: compound, Bytes: b}
	}
	data, err := asn1.Marshal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1})
	if err != nil {
		t.Fatal(err)
	}
	inner, err := asn1.Marshal(struct {
		Version                       int
		Digests, Content, Certs, Sign asn1.RawValue
	}{1, raw(0, asn1.TagSet, true, nil), raw(0, asn1.TagSequence, true, data), raw(2, 0, true, all), raw(0, asn1.TagSet, true, nil)})
	if err != nil {
		t.Fatal(err)
	}
	out, err := asn1.Marshal(struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue
	}{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}, raw(2, 0, true, inner)})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func pemText(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func TestParseCertificate(t *testing.T) {
	idp := newIDP(t)
	cert := idp.Certificate
	der64 := base64.StdEncoding.EncodeToString(cert.Raw)
	folded := strings.Join(func() (lines []string) {
		for s := der64; len(s) > 0; {
			n := min(64, len(s))
			lines, s = append(lines, "   "+s[:n]), s[n:]
		}
		return lines
	}(), "\r\n")
	for name, text := range map[string]string{
		"PEM":                      idp.CertificatePEM(),
		"PEM, indented, CRLF":      strings.ReplaceAll("  "+idp.CertificatePEM(), "\n", "\r\n\t "),
		"PEM with words around":    "Bag Attributes\n  friendlyName: x\n" + idp.CertificatePEM() + "\nthe end",
		"PEM twice":                idp.CertificatePEM() + idp.CertificatePEM(),
		"PEM with byte order mark": "\ufeff" + idp.CertificatePEM(),
		"base64":                   der64,
		"base64, folded":           folded,
		"PKCS#7 PEM":               pemText("PKCS7", pkcs7(t, cert)),
		"PKCS#7 base64":            base64.StdEncoding.EncodeToString(pkcs7(t, cert)),
		"metadata":                 string(idp.Metadata()),
	} {
		got, err := saml.ParseCertificate(text)
		if err != nil || !got.Equal(cert) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if print := saml.Fingerprint(cert); len(print) != 64 || print != strings.ToLower(print) {
		t.Errorf("fingerprint %s", print)
	}
}

func TestParseCertificateRefuses(t *testing.T) {
	idp := newIDP(t)
	other := strangers(t)[0].X509
	secret, err := x509.MarshalPKCS8PrivateKey(idp.Key)
	if err != nil {
		t.Fatal(err)
	}
	two := *idp
	two.Extra = []*x509.Certificate{other}
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, idp.Key)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"nothing":                       " \n ",
		"words":                         "please find it attached",
		"an address":                    "https://idp.example/metadata",
		"private key":                   pemText("PRIVATE KEY", secret),
		"RSA private key":               pemText("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(idp.Key.(*rsa.PrivateKey))),
		"private key after certificate": idp.CertificatePEM() + pemText("ENCRYPTED PRIVATE KEY", []byte("x")),
		"private key as base64":         base64.StdEncoding.EncodeToString(secret),
		"public key":                    pemText("PUBLIC KEY", []byte("x")),
		"request":                       pemText("CERTIFICATE REQUEST", csr),
		"half a PEM":                    idp.CertificatePEM()[:200],
		"base64 of nothing sensible":    base64.StdEncoding.EncodeToString([]byte("hello")),
		"two certificates":              idp.CertificatePEM() + pemText("CERTIFICATE", other.Raw),
		"two in PKCS#7":                 pemText("PKCS7", pkcs7(t, idp.Certificate, other)),
		"none in PKCS#7":                pemText("PKCS7", pkcs7(t)),
		"two in metadata":               string(two.Metadata()),
		"broken metadata":               "<md:EntityDescriptor",
		"too long":                      strings.Repeat("A", 513<<10),
	} {
		_, err := saml.ParseCertificate(text)
		if !fault.Is(err, fault.CertificateUnusable) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if strings.Contains(name, "private") && (!strings.Contains(err.Error(), "private key") || strings.Contains(err.Error(), base64.StdEncoding.EncodeToString(secret)[:20])) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParseCertificateKeys(t *testing.T) {
	rsa1024 := mustRSA(t, 1024)
	rsa2048 := mustRSA(t, 2048)
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p521, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	const sign = x509.KeyUsageDigitalSignature
	for _, c := range []struct {
		name  string
		key   crypto.Signer
		ca    bool
		usage x509.KeyUsage
		want  fault.Code
	}{
		{"RSA 1024", rsa1024, false, sign, fault.CertificateWeak},
		{"P-224", p224, false, sign, fault.CertificateWeak},
		{"Ed25519", ed, false, sign, fault.CertificateWeak},
		{"P-521", p521, false, sign, ""},
		{"RSA 2048", rsa2048, false, sign, ""},
		{"OpenSSL's default: CA without key usage", rsa2048, true, 0, ""},
		{"a CA that may sign messages too", rsa2048, true, sign | x509.KeyUsageCertSign, ""},
		{"a CA and nothing else", rsa2048, true, x509.KeyUsageCertSign | x509.KeyUsageCRLSign, fault.CertificateUnusable},
	} {
		template := &x509.Certificate{
			SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "x"}, NotBefore: instant, NotAfter: instant.AddDate(1, 0, 0),
			IsCA: c.ca, BasicConstraintsValid: true, KeyUsage: c.usage,
		}
		der, err := x509.CreateCertificate(rand.Reader, template, template, c.key.Public(), c.key)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		_, err = saml.ParseCertificate(pemText("CERTIFICATE", der))
		if c.want == "" && err != nil || c.want != "" && !fault.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// The newest certificate of one key is taken, whatever its place.
func TestParseCertificateRenewed(t *testing.T) {
	key := mustRSA(t, 2048)
	old := selfSigned(t, key, instant, instant.AddDate(1, 0, 0))
	renewed := selfSigned(t, key, instant, instant.AddDate(2, 0, 0))
	for _, text := range []string{
		pemText("CERTIFICATE", old.Raw) + pemText("CERTIFICATE", renewed.Raw), pemText("CERTIFICATE", renewed.Raw) + pemText("CERTIFICATE", old.Raw),
	} {
		if got, err := saml.ParseCertificate(text); err != nil || !got.Equal(renewed) {
			t.Errorf("%v", err)
		}
	}
}

func mustRSA(t testing.TB, bits int) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// certificates makes n live ones that end in 1, 2, ... years.
func certificates(t testing.TB, n int) []*x509.Certificate {
	t.Helper()
	var out []*x509.Certificate
	for i := range n {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		c, err := idptest.SelfSigned(key, instant.Add(-time.Hour), instant.AddDate(i+1, 0, 0))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, c)
	}
	return out
}
