package saml

import (
	"bytes"
	"crypto"
	_ "crypto/sha1" // for teams that were given time to leave it
	_ "crypto/sha256"
	_ "crypto/sha512"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
)

// XML Signature is a toolbox; SAML uses one tool of it (SAML core, section
// 5.4): one enveloped signature over one element. signatureOf accepts that
// form and no other.

const transformEnveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"

// signatureMethod is an algorithm that signs.
type signatureMethod struct {
	key  x509.PublicKeyAlgorithm
	hash crypto.Hash
	// pss is RSASSA-PSS with the parameters that its identifier fixes (RFC 9231,
	// section 2.3.10): MGF1 with the same hash, a salt as long as the hash.
	pss bool
}

// Signature and digest algorithms (RFC 9231).
const (
	rsaSHA1   = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
	rsaSHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
	sha256URI = "http://www.w3.org/2001/04/xmlenc#sha256"
	sha1URI   = "http://www.w3.org/2000/09/xmldsig#sha1"
)

// signatureMethods is the allow-list. SHA-1 is on it for RSA only and passes
// only where forbidden lets it.
var signatureMethods = map[string]signatureMethod{
	rsaSHA256: {x509.RSA, crypto.SHA256, false},
	"http://www.w3.org/2001/04/xmldsig-more#rsa-sha384":   {x509.RSA, crypto.SHA384, false},
	"http://www.w3.org/2001/04/xmldsig-more#rsa-sha512":   {x509.RSA, crypto.SHA512, false},
	"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256": {x509.ECDSA, crypto.SHA256, false},
	"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384": {x509.ECDSA, crypto.SHA384, false},
	"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512": {x509.ECDSA, crypto.SHA512, false},
	rsaSHA1: {x509.RSA, crypto.SHA1, false},
	"http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1": {x509.RSA, crypto.SHA256, true},
	"http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1": {x509.RSA, crypto.SHA384, true},
	"http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1": {x509.RSA, crypto.SHA512, true},
}

// digestMethods is the allow-list of digests, under the same condition.
var digestMethods = map[string]crypto.Hash{
	sha256URI: crypto.SHA256,
	"http://www.w3.org/2001/04/xmldsig-more#sha384": crypto.SHA384,
	"http://www.w3.org/2001/04/xmlenc#sha512":       crypto.SHA512,
	sha1URI: crypto.SHA1,
}

// signature is a Signature element of the accepted form. Nothing in it is
// verified.
type signature struct {
	el    *element
	info  signedInfo
	value []byte
	shown []*x509.Certificate // from KeyInfo; for the record only
}

// signedInfo is what a signature says about itself (XML Signature, section 4.4).
type signedInfo struct {
	method      string
	digest      string
	digestValue []byte
	own         canonicalization // of SignedInfo
	content     canonicalization // of the element that is signed
}

// weak reports whether the signature, if there is one, rests on SHA-1.
func (sig *signature) weak() bool {
	return sig != nil && (sig.info.method == rsaSHA1 || sig.info.digest == sha1URI)
}

func (i signedInfo) inclusive() bool { return i.own.inclusive || i.content.inclusive }

// signatureOf returns the signature on el, nil when el has none, or an error
// that says what about it is not accepted.
func signatureOf(el *element) (*signature, error) {
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
	var err error
	if sig.info, err = readSignedInfo(child(sig.el, nsSignature, "SignedInfo"), attr(el, "ID")); err != nil {
		return nil, err
	}
	if sig.value, err = leaf(child(sig.el, nsSignature, "SignatureValue")); err != nil {
		return nil, err
	}
	sig.shown = keyInfoCertificates(child(sig.el, nsSignature, "KeyInfo"))
	return sig, nil
}

// readSignedInfo reads a SignedInfo whose one Reference must be to id.
func readSignedInfo(el *element, id string) (signedInfo, error) {
	var info signedInfo
	if err := sequence(el, "CanonicalizationMethod", "SignatureMethod", "Reference"); err != nil {
		return info, err
	}
	method := child(el, nsSignature, "SignatureMethod")
	if method.first != nil {
		return info, errors.New("its SignatureMethod has parameters")
	}
	info.method = attr(method, "Algorithm")
	var err error
	if info.own, err = readCanonicalization(child(el, nsSignature, "CanonicalizationMethod")); err != nil {
		return info, err
	}
	ref := child(el, nsSignature, "Reference")
	if uri, ok := rawAttr(ref, "URI"); id == "" || !ok || uri != "#"+id {
		return info, errors.New("its Reference is not to the signed element")
	}
	if err := sequence(ref, "Transforms", "DigestMethod", "DigestValue"); err != nil {
		return info, err
	}
	digest := child(ref, nsSignature, "DigestMethod")
	if digest.first != nil {
		return info, errors.New("its DigestMethod has parameters")
	}
	info.digest = attr(digest, "Algorithm")
	if info.content, err = readTransforms(child(ref, nsSignature, "Transforms")); err != nil {
		return info, err
	}
	info.digestValue, err = leaf(child(ref, nsSignature, "DigestValue"))
	return info, err
}

// readTransforms wants the enveloped transform and then a canonicalization;
// without the latter, XML Signature (section 4.4.3.2) means the inclusive one.
func readTransforms(el *element) (canonicalization, error) {
	if err := sequence(el, "Transform", "Transform?"); err != nil {
		return canonicalization{}, errors.New("it does not have the transforms enveloped-signature and exclusive canonicalization, and no others")
	}
	first, second := el.first, el.first.next
	if attr(first, "Algorithm") != transformEnveloped || first.first != nil {
		return canonicalization{}, errors.New("its first transform is not enveloped-signature")
	}
	if second == nil {
		return canonicalization{inclusive: true}, nil
	}
	return readCanonicalization(second)
}

// readCanonicalization reads a Transform or CanonicalizationMethod.
func readCanonicalization(el *element) (canonicalization, error) {
	c := canonicalization{}
	algorithm := attr(el, "Algorithm")
	switch algorithm {
	case c14nExclusive + withComments, c14nInclusive + withCommentsHash, c14nInclusive11 + withCommentsHash:
		c.comments = true
	}
	switch algorithm {
	case c14nExclusive, c14nExclusive + withComments:
	case c14nInclusive, c14nInclusive + withCommentsHash:
		c.inclusive = true
	case c14nInclusive11, c14nInclusive11 + withCommentsHash:
		c.inclusive, c.second = true, true
	default:
		return c, fmt.Errorf("the transform or canonicalization %q is not allowed", bounded(algorithm))
	}
	param := el.first
	switch {
	case param == nil:
		return c, nil
	case c.inclusive, param.next != nil, !is(param, nsExclusive, "InclusiveNamespaces"), param.first != nil:
		return c, errors.New("a canonicalization has unknown parameters")
	}
	c.prefixes = strings.Fields(attr(param, "PrefixList"))
	if len(c.prefixes) > maxPrefixes {
		return c, errors.New("a PrefixList is too long")
	}
	for i, p := range c.prefixes {
		if p == "#default" {
			c.prefixes[i] = ""
		}
	}
	return c, nil
}

// maxPrefixes is how many namespaces a PrefixList may name.
const maxPrefixes = 40

// sequence asks that el's child elements are exactly these XML Signature
// elements in this order; a name that ends in ? may be missing.
func sequence(el *element, names ...string) error {
	rest := el.first
	for _, name := range names {
		name, optional := strings.CutSuffix(name, "?")
		switch {
		case is(rest, nsSignature, name):
			rest = rest.next
		case !optional:
			return fmt.Errorf("its %s lacks a %s", el.tag(), name)
		}
	}
	if rest != nil {
		return fmt.Errorf("its %s has the unexpected element %s", el.tag(), bounded(rest.tag()))
	}
	return nil
}

// leaf decodes the base64 in an element that holds nothing else.
func leaf(el *element) ([]byte, error) {
	value, err := unspaced(el.text)
	if err != nil || len(value) == 0 || el.first != nil {
		return nil, fmt.Errorf("its %s is not base64", el.tag())
	}
	return value, nil
}

// rawAttr returns an attribute's value as it is.
func rawAttr(el *element, name string) (value string, ok bool) {
	for _, a := range el.attrs {
		if a.name == name {
			return a.value, true
		}
	}
	return "", false
}

const (
	// maxShown is how many certificates of a KeyInfo are looked at.
	maxShown = 5
	// maxShownText is the longest text of one that is, in bytes.
	maxShownText = 8 << 10
)

// keyInfoCertificates returns the readable certificates among the first few
// that KeyInfo brings along.
func keyInfoCertificates(info *element) []*x509.Certificate {
	var out []*x509.Certificate
	looked := 0
	for _, data := range children(info, nsSignature, "X509Data") {
		for c := range data.all() {
			if looked == maxShown || !is(c, nsSignature, "X509Certificate") || len(c.text) > maxShownText {
				continue
			}
			looked++
			der, err := unspaced(c.text)
			if err != nil {
				continue
			}
			if cert, err := x509.ParseCertificate(der); err == nil {
				out = append(out, cert)
			}
		}
	}
	return out
}

// same reports whether two readings of a SignedInfo agree.
func (i signedInfo) same(other signedInfo) bool {
	return i.method == other.method && i.digest == other.digest && bytes.Equal(i.digestValue, other.digestValue) &&
		i.own.same(other.own) && i.content.same(other.content)
}

func (c canonicalization) same(other canonicalization) bool {
	return c.inclusive == other.inclusive && c.second == other.second && c.comments == other.comments && strings.Join(c.prefixes, " ") == strings.Join(other.prefixes, " ")
}
