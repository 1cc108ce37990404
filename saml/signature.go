package saml

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"strings"

	"github.com/beevik/etree"
)

// XML Signature is a toolbox; SAML uses one tool of it (SAML core, section
// 5.4): one enveloped signature over one element. signatureOf accepts that
// form and no other, whatever a library could do with the rest.

// Transforms and canonicalizations (XML Signature, section 6).
const (
	transformEnveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
	c14nExclusive      = "http://www.w3.org/2001/10/xml-exc-c14n#"
	c14nInclusive      = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
)

// signatureMethods is the allow-list, with the kind of key that each needs.
var signatureMethods = map[string]x509.PublicKeyAlgorithm{
	"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256":   x509.RSA,
	"http://www.w3.org/2001/04/xmldsig-more#rsa-sha384":   x509.RSA,
	"http://www.w3.org/2001/04/xmldsig-more#rsa-sha512":   x509.RSA,
	"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256": x509.ECDSA,
	"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384": x509.ECDSA,
	"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512": x509.ECDSA,
}

// digestMethods is the allow-list of digests.
var digestMethods = map[string]bool{
	"http://www.w3.org/2001/04/xmlenc#sha256":       true,
	"http://www.w3.org/2001/04/xmldsig-more#sha384": true,
	"http://www.w3.org/2001/04/xmlenc#sha512":       true,
}

// signature is a Signature element of the accepted form. Nothing in it is
// verified.
type signature struct {
	el            *etree.Element
	method        string
	digest        string
	inclusive     bool // some canonicalization is Canonical XML 1.0
	signedInfoC14 string
	value         []byte
	certificates  []*x509.Certificate // from KeyInfo; for the record only
}

// signatureOf returns the signature on el, nil when el has none, or an error
// that says what about it is not accepted.
func signatureOf(el *etree.Element) (*signature, error) {
	found := children(el, nsSignature, "Signature")
	switch len(found) {
	case 0:
		return nil, nil
	case 1:
	default:
		return nil, errors.New("there is more than one")
	}
	sig := &signature{el: found[0]}
	if err := sequence(sig.el, "SignedInfo", "SignatureValue", "KeyInfo?"); err != nil {
		return nil, err
	}
	info := child(sig.el, nsSignature, "SignedInfo")
	if err := sequence(info, "CanonicalizationMethod", "SignatureMethod", "Reference"); err != nil {
		return nil, err
	}
	sig.method = attr(child(info, nsSignature, "SignatureMethod"), "Algorithm")
	sig.signedInfoC14 = attr(child(info, nsSignature, "CanonicalizationMethod"), "Algorithm")
	if err := sig.canonicalization(sig.signedInfoC14); err != nil {
		return nil, err
	}
	if err := sig.reference(child(info, nsSignature, "Reference"), attr(el, "ID")); err != nil {
		return nil, err
	}
	value, err := unspaced(text(child(sig.el, nsSignature, "SignatureValue")))
	if err != nil || len(value) == 0 {
		return nil, errors.New("its SignatureValue is not base64")
	}
	sig.value = value
	sig.certificates = keyInfoCertificates(child(sig.el, nsSignature, "KeyInfo"))
	return sig, nil
}

// reference reads the one Reference, which must be to id.
func (sig *signature) reference(ref *etree.Element, id string) error {
	if uri := ref.SelectAttrValue("URI", ""); id == "" || uri != "#"+id {
		return errors.New("its Reference is not to the signed element")
	}
	if err := sequence(ref, "Transforms", "DigestMethod", "DigestValue"); err != nil {
		return err
	}
	sig.digest = attr(child(ref, nsSignature, "DigestMethod"), "Algorithm")
	transforms := child(ref, nsSignature, "Transforms")
	if err := sequence(transforms, "Transform", "Transform"); err != nil {
		return errors.New("it does not have the two transforms enveloped-signature and exclusive canonicalization")
	}
	list := children(transforms, nsSignature, "Transform")
	if attr(list[0], "Algorithm") != transformEnveloped || len(list[0].ChildElements()) > 0 {
		return errors.New("its first transform is not enveloped-signature")
	}
	for _, p := range list[1].ChildElements() {
		if !is(p, nsExclusive, "InclusiveNamespaces") || len(list[1].ChildElements()) > 1 {
			return errors.New("its second transform has unknown parameters")
		}
	}
	return sig.canonicalization(attr(list[1], "Algorithm"))
}

func (sig *signature) canonicalization(algorithm string) error {
	switch algorithm {
	case c14nExclusive:
	case c14nInclusive:
		sig.inclusive = true
	default:
		return fmt.Errorf("the transform or canonicalization %q is not allowed", bounded(algorithm))
	}
	return nil
}

// sequence asks that el's child elements are exactly these XML Signature
// elements in this order; a name that ends in ? may be missing.
func sequence(el *etree.Element, names ...string) error {
	rest := el.ChildElements()
	for _, name := range names {
		name, optional := strings.CutSuffix(name, "?")
		switch {
		case len(rest) > 0 && is(rest[0], nsSignature, name):
			rest = rest[1:]
		case !optional:
			return fmt.Errorf("its %s lacks a %s", el.Tag, name)
		}
	}
	if len(rest) > 0 {
		return fmt.Errorf("its %s has the unexpected element %s", el.Tag, bounded(rest[0].Tag))
	}
	return nil
}

// keyInfoCertificates returns the readable certificates among the first few
// that KeyInfo brings along.
func keyInfoCertificates(info *etree.Element) []*x509.Certificate {
	var out []*x509.Certificate
	for _, data := range children(info, nsSignature, "X509Data") {
		for _, c := range children(data, nsSignature, "X509Certificate") {
			der, err := unspaced(text(c))
			if err != nil || len(out) == 5 {
				continue
			}
			if cert, err := x509.ParseCertificate(der); err == nil {
				out = append(out, cert)
			}
		}
	}
	return out
}

// unspaced decodes base64 that may be folded and indented.
func unspaced(s string) ([]byte, error) {
	return base64.StdEncoding.DecodeString(strings.Join(strings.Fields(s), ""))
}

// valueFor returns the signature's value in the form crypto/x509 wants. XML
// Signature writes an ECDSA signature as r and s side by side (RFC 4050,
// section 3.3), x509 as an ASN.1 sequence; products built on x509 wrongly send
// the latter, which is told apart by its length.
func (sig *signature) valueFor(cert *x509.Certificate) []byte {
	key, ok := cert.PublicKey.(*ecdsa.PublicKey)
	if !ok {
		return sig.value
	}
	size := (key.Curve.Params().BitSize + 7) / 8
	if len(sig.value) != 2*size {
		return sig.value
	}
	der, err := asn1.Marshal(struct{ R, S *big.Int }{
		new(big.Int).SetBytes(sig.value[:size]), new(big.Int).SetBytes(sig.value[size:]),
	})
	if err != nil {
		return sig.value
	}
	return der
}
