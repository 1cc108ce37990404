package saml_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/internal/idptest"
	"rollcall/saml"
)

// signedQuery is a good logout request in an address, signed with this key and
// named as this method.
func signedQuery(t *testing.T, idp *idptest.IDP, key crypto.Signer, hash crypto.Hash, method string, der bool) string {
	t.Helper()
	l := goodLogout(idp)
	l.Unsigned = true
	query, err := idp.LogoutQuery(l)
	if err != nil {
		t.Fatal(err)
	}
	query += "&SigAlg=" + url.QueryEscape(method)
	h := hash.New()
	h.Write([]byte(query))
	value, err := key.Sign(rand.Reader, h.Sum(nil), hash)
	if ec, ok := key.(*ecdsa.PrivateKey); ok && !der && err == nil {
		r, s, problem := ecdsa.Sign(rand.Reader, ec, h.Sum(nil))
		size := (ec.Params().BitSize + 7) / 8
		value, err = append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...), problem
	}
	if err != nil {
		t.Fatal(err)
	}
	return query + "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(value))
}

// Query signatures by every kind of key that a certificate may have, and by none
// that is not allowed, misnamed or somebody else's.
func TestQuerySignatureMethods(t *testing.T) {
	const more, more2007 = "http://www.w3.org/2001/04/xmldsig-more#", "http://www.w3.org/2007/05/xmldsig-more#"
	idp := newIDP(t)
	rsaKey := idp.Key.(*rsa.PrivateKey)
	curves := map[string]*ecdsa.PrivateKey{}
	for name, curve := range map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()} {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		curves[name] = key
	}
	for name, c := range map[string]struct {
		key    crypto.Signer
		hash   crypto.Hash
		method string
		der    bool
		code   string
	}{
		"RSA, SHA-256":               {rsaKey, crypto.SHA256, more + "rsa-sha256", false, ""},
		"RSA, SHA-384":               {rsaKey, crypto.SHA384, more + "rsa-sha384", false, ""},
		"RSA, SHA-512":               {rsaKey, crypto.SHA512, more + "rsa-sha512", false, ""},
		"RSA, SHA-1":                 {rsaKey, crypto.SHA1, "http://www.w3.org/2000/09/xmldsig#rsa-sha1", false, "signature_algorithm_weak"},
		"PSS, SHA-256":               {pss{rsaKey, 32}, crypto.SHA256, more2007 + "sha256-rsa-MGF1", false, ""},
		"PSS, SHA-512":               {pss{rsaKey, 64}, crypto.SHA512, more2007 + "sha512-rsa-MGF1", false, ""},
		"PSS by OpenSSL":             {openssl{rsaKey, t}, crypto.SHA384, more2007 + "sha384-rsa-MGF1", false, ""},
		"PSS, a short salt":          {pss{rsaKey, 20}, crypto.SHA256, more2007 + "sha256-rsa-MGF1", false, "signature_invalid"},
		"PSS, called PKCS 1":         {pss{rsaKey, 32}, crypto.SHA256, more + "rsa-sha256", false, "signature_invalid"},
		"PKCS 1, called PSS":         {rsaKey, crypto.SHA256, more2007 + "sha256-rsa-MGF1", false, "signature_invalid"},
		"PSS, free parameters":       {pss{rsaKey, 32}, crypto.SHA256, more2007 + "rsa-pss", false, "signature_algorithm_weak"},
		"P-256, SHA-256":             {curves["P-256"], crypto.SHA256, more + "ecdsa-sha256", false, ""},
		"P-256, ASN.1":               {curves["P-256"], crypto.SHA256, more + "ecdsa-sha256", true, ""},
		"P-384, SHA-384":             {curves["P-384"], crypto.SHA384, more + "ecdsa-sha384", false, ""},
		"P-521, SHA-512":             {curves["P-521"], crypto.SHA512, more + "ecdsa-sha512", false, ""},
		"P-256, SHA-1":               {curves["P-256"], crypto.SHA1, more + "ecdsa-sha1", false, "signature_algorithm_weak"},
		"P-256, another hash's name": {curves["P-256"], crypto.SHA256, more + "ecdsa-sha512", false, "signature_invalid"},
		"P-256, called RSA":          {curves["P-256"], crypto.SHA256, more + "rsa-sha256", false, "signature_invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			query := signedQuery(t, idp, c.key, c.hash, c.method, c.der)
			m, refusal := saml.ReceiveLogoutQuery(query)
			if refusal != nil {
				t.Fatal(refusal)
			}
			e := leaving(idp)
			e.Provider.Certificates = slices.Clone(e.Provider.Certificates)
			if ec, ok := c.key.(*ecdsa.PrivateKey); ok {
				e.Provider.Certificates = append(e.Provider.Certificates, saml.Certificate{ID: "curve", X509: selfSigned(t, ec, instant.Add(-time.Hour), instant.AddDate(1, 0, 0))})
			}
			got, report := m.Request(e)
			switch {
			case c.code == "" && got == nil:
				t.Fatal(report.Refusal)
			case c.code != "" && (got != nil || string(report.Refusal.Code) != c.code):
				t.Fatalf("%+v, %v; must be %s", got, report.Refusal, c.code)
			case c.code != "":
				return
			}
			// Of everything that was signed, nothing may be changed.
			for _, change := range [][2]string{{"RelayState=", "RelayState=x"}, {"SAMLRequest=", "SAMLRequest=%20"}, {"&SigAlg=", "&SigAlg=%20"}} {
				changed, refusal := saml.ReceiveLogoutQuery(strings.Replace(query, change[0], change[1], 1))
				if refusal != nil {
					continue
				}
				if got, _ := changed.Request(e); got != nil {
					t.Errorf("accepted with %s", change[1])
				}
			}
			// Nor is a stranger's signature taken.
			e.Provider.Certificates = strangers(t)
			if got, _ := m.Request(e); got != nil {
				t.Error("accepted with nobody's certificate")
			}
		})
	}
}
