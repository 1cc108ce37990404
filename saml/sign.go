package saml

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// Signatures of our own: RSA with SHA-256 and exclusive canonicalization, which
// every product understands.

// errNoKey is a message that is to be signed by a team without a signing key.
var errNoKey = errors.New("saml: there is no signing key")

// signingKey is the key that signs.
func (sp ServiceProvider) signingKey() (Key, error) {
	if len(sp.SigningKeys) == 0 || sp.SigningKeys[0].Private == nil || sp.SigningKeys[0].Certificate == nil {
		return Key{}, errNoKey
	}
	return sp.SigningKeys[0], nil
}

// sign returns the key's signature over raw.
func (k Key) sign(raw []byte) (string, error) {
	sum := sha256.Sum256(raw)
	value, err := rsa.SignPKCS1v15(rand.Reader, k.Private, crypto.SHA256, sum[:])
	return base64.StdEncoding.EncodeToString(value), err
}

// ourSignedInfo is a SignedInfo in its canonical form, save for the namespace
// that its start tag inherits from the Signature.
const ourSignedInfo = `<ds:SignedInfo>` +
	`<ds:CanonicalizationMethod Algorithm="` + c14nExclusive + `"></ds:CanonicalizationMethod>` +
	`<ds:SignatureMethod Algorithm="` + rsaSHA256 + `"></ds:SignatureMethod>` +
	`<ds:Reference URI="#%s"><ds:Transforms><ds:Transform Algorithm="` + transformEnveloped + `"></ds:Transform>` +
	`<ds:Transform Algorithm="` + c14nExclusive + `"></ds:Transform></ds:Transforms>` +
	`<ds:DigestMethod Algorithm="` + sha256URI + `"></ds:DigestMethod><ds:DigestValue>%s</ds:DigestValue></ds:Reference></ds:SignedInfo>`

// enveloped signs a document of ours as a whole. The Signature stands after
// the one occurrence of after, or first in the root element.
func (sp ServiceProvider) enveloped(doc []byte, after string) ([]byte, error) {
	key, err := sp.signingKey()
	if err != nil {
		return nil, err
	}
	limits := Limits{Bytes: maxMetadata}.orDefault()
	root, err := parse(doc, limits)
	if err != nil {
		return nil, fmt.Errorf("saml: reading our own document: %w", err)
	}
	raw, err := canonicalization{}.of(root, nil, limits.canonical())
	if err != nil {
		return nil, fmt.Errorf("saml: our own document: %w", err)
	}
	id := attr(root, "ID")
	if n, _ := nameLength(id); n == 0 || n != len(id) {
		return nil, errors.New("saml: our own document has no proper ID")
	}
	sum := sha256.Sum256(raw)
	info := fmt.Sprintf(ourSignedInfo, id, base64.StdEncoding.EncodeToString(sum[:]))
	const namespace = ` xmlns:ds="` + nsSignature + `">`
	value, err := key.sign([]byte(strings.Replace(info, ">", namespace, 1)))
	if err != nil {
		return nil, err
	}
	sig := "<ds:Signature" + namespace + info + "<ds:SignatureValue>" + value + "</ds:SignatureValue><ds:KeyInfo><ds:X509Data><ds:X509Certificate>" +
		base64.StdEncoding.EncodeToString(key.Certificate.Raw) + "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>"
	at := bytes.Index(doc, []byte(after)) + len(after)
	if after == "" {
		start := bytes.Index(doc, []byte("<"+root.name))
		at = start + bytes.IndexByte(doc[start:], '>') + 1
	}
	return bytes.Join([][]byte{doc[:at], []byte(sig), doc[at:]}, nil), nil
}
