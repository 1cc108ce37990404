package saml

import (
	"crypto/x509"
	"encoding/asn1"
)

// oidSignedData marks the PKCS#7 content that carries certificates (RFC 2315,
// section 9; a ".p7b" is one with nothing signed).
var oidSignedData = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}

type pkcs7Content struct {
	Type    asn1.ObjectIdentifier
	Content asn1.RawValue `asn1:"explicit,optional,tag:0"`
}

type pkcs7SignedData struct {
	Version          int
	DigestAlgorithms asn1.RawValue
	ContentInfo      asn1.RawValue
	Certificates     asn1.RawValue `asn1:"optional,tag:0"`
	CRLs             asn1.RawValue `asn1:"optional,tag:1"`
	SignerInfos      asn1.RawValue
}

// pkcs7Certificates returns the certificates of a DER-encoded bundle. ok is
// false when it is not one.
func pkcs7Certificates(der []byte) (certs []*x509.Certificate, ok bool) {
	var outer pkcs7Content
	if rest, err := asn1.Unmarshal(der, &outer); err != nil || len(rest) > 0 || !outer.Type.Equal(oidSignedData) {
		return nil, false
	}
	var data pkcs7SignedData
	if rest, err := asn1.Unmarshal(outer.Content.Bytes, &data); err != nil || len(rest) > 0 {
		return nil, false
	}
	certs, err := x509.ParseCertificates(data.Certificates.Bytes)
	return certs, err == nil && len(certs) > 0
}
