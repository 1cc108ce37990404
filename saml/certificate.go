package saml

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"strings"

	"rollcall/fault"
)

const (
	// maxCertificateText is the longest text that is looked at, in bytes.
	maxCertificateText = maxMetadata
	// minRSABits is the smallest RSA key that verifies anything.
	minRSABits = 2048
)

// Fingerprint is the SHA-256 of the certificate in lower-case hexadecimal.
func Fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return hex.EncodeToString(sum[:])
}

// ParseCertificate reads the one signing certificate in what an admin pasted:
// PEM, base64 of the DER with any white space, PKCS#7 in PEM or base64, or
// identity provider metadata with one signing certificate.
//
// The errors are faults: CertificateUnusable for a private key, for no or
// several certificates and for one that may only sign certificates;
// CertificateWeak for a key that is too small or of another kind. Dates are
// the caller's to judge.
func ParseCertificate(text string) (*x509.Certificate, error) {
	text = strings.TrimSpace(strings.TrimPrefix(text, "\ufeff"))
	switch {
	case text == "":
		return nil, fault.New(fault.CertificateUnusable, "the text is empty")
	case len(text) > maxCertificateText:
		return nil, fault.New(fault.CertificateUnusable, "the text is longer than %d bytes", maxCertificateText)
	case strings.Contains(text, "PRIVATE KEY"):
		return nil, fault.New(fault.CertificateUnusable, "the text holds a private key, which must never leave the identity provider: replace that key there and send only its certificate")
	}
	found, err := certificatesIn(text)
	if err != nil {
		return nil, err
	}
	cert, err := onlyOne(found)
	if err != nil {
		return nil, err
	}
	if err := usable(cert); err != nil {
		return nil, err
	}
	return cert, nil
}

// certificatesIn returns every certificate in text, whatever its form.
func certificatesIn(text string) ([]*x509.Certificate, error) {
	if strings.HasPrefix(text, "<") {
		return metadataCertificates(text)
	}
	if !strings.Contains(text, "-----BEGIN") {
		der, err := unspaced(text)
		if err != nil {
			return nil, fault.New(fault.CertificateUnusable, "the text is neither PEM nor base64 nor metadata")
		}
		return fromDER(der)
	}
	var found []*x509.Certificate
	rest := []byte(unindented(text))
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		switch block.Type {
		case "CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE", "PKCS7", "CMS":
			certs, err := fromDER(block.Bytes)
			if err != nil {
				return nil, err
			}
			found = append(found, certs...)
		default:
			return nil, fault.New(fault.CertificateUnusable, "the text holds a %s and not a certificate", bounded(block.Type))
		}
	}
	if len(found) == 0 {
		return nil, fault.New(fault.CertificateUnusable, "the PEM block cannot be read; paste all of it with its first and last line")
	}
	return found, nil
}

// unindented takes the white space off both ends of each line, which PEM does
// not allow and pasting from a console adds.
func unindented(text string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		lines[i] = strings.TrimSpace(l)
	}
	return strings.Join(lines, "\n")
}

// fromDER reads a certificate or a PKCS#7 bundle.
func fromDER(der []byte) ([]*x509.Certificate, error) {
	if cert, err := x509.ParseCertificate(der); err == nil {
		return []*x509.Certificate{cert}, nil
	}
	if bundle, ok := pkcs7Certificates(der); ok {
		return bundle, nil
	}
	if isPrivateKey(der) {
		return nil, fault.New(fault.CertificateUnusable, "the text is a private key, which must never leave the identity provider: replace that key there and send only its certificate")
	}
	return nil, fault.New(fault.CertificateUnusable, "the text decodes to something that is not a certificate")
}

func isPrivateKey(der []byte) bool {
	if _, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		return true
	}
	if _, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return true
	}
	_, err := x509.ParseECPrivateKey(der)
	return err == nil
}

// onlyOne picks the newest certificate of the one key that all of them hold.
func onlyOne(found []*x509.Certificate) (*x509.Certificate, error) {
	if len(found) == 0 {
		return nil, fault.New(fault.CertificateUnusable, "there is no signing certificate in it")
	}
	newest := found[0]
	for _, c := range found[1:] {
		if string(c.RawSubjectPublicKeyInfo) != string(newest.RawSubjectPublicKeyInfo) {
			return nil, fault.New(fault.CertificateUnusable, "there are %d certificates of different keys in it; send the one that signs sign-ins", len(found))
		}
		if c.NotAfter.After(newest.NotAfter) {
			newest = c
		}
	}
	return newest, nil
}

// usable refuses certificates that cannot or should not verify sign-ins. One
// that calls itself a CA passes unless its key usage rules signatures out:
// self-signed ones made with OpenSSL's defaults do call themselves that.
func usable(c *x509.Certificate) error {
	if c.IsCA && c.KeyUsage != 0 && c.KeyUsage&(x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment) == 0 {
		return fault.New(fault.CertificateUnusable, "the certificate belongs to a certification authority and may only sign certificates")
	}
	switch key := c.PublicKey.(type) {
	case *rsa.PublicKey:
		if bits := key.N.BitLen(); bits < minRSABits {
			return fault.New(fault.CertificateWeak, "the certificate's RSA key has %d bits; %d are needed", bits, minRSABits)
		}
	case *ecdsa.PublicKey:
		switch key.Curve {
		case elliptic.P256(), elliptic.P384(), elliptic.P521():
		default:
			return fault.New(fault.CertificateWeak, "the certificate's elliptic curve is weaker than P-256")
		}
	default:
		return fault.New(fault.CertificateWeak, "the certificate's key is of the kind %s; RSA and ECDSA can verify sign-ins", c.PublicKeyAlgorithm)
	}
	return nil
}
