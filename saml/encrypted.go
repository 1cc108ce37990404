package saml

import (
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
)

// Step 5, the reading half: what XML Encryption 1.1 says in public about a
// ciphertext. What is refused here depends on no secret, so it may be told.

// Algorithms of XML Encryption (section 5).
const (
	nsEncryption   = "http://www.w3.org/2001/04/xmlenc#"
	nsEncryption11 = "http://www.w3.org/2009/xmlenc11#"

	keyOAEP   = nsEncryption + "rsa-oaep-mgf1p"
	keyOAEP11 = nsEncryption11 + "rsa-oaep"
	keyRSA15  = nsEncryption + "rsa-1_5"
)

// contentCipher is an algorithm that encrypts content.
type contentCipher struct {
	name    string
	keySize int
	cbc     bool // not authenticated: by choice only
}

var contentCiphers = map[string]contentCipher{
	nsEncryption11 + "aes128-gcm": {"aes128-gcm", 16, false},
	nsEncryption11 + "aes192-gcm": {"aes192-gcm", 24, false},
	nsEncryption11 + "aes256-gcm": {"aes256-gcm", 32, false},
	nsEncryption + "aes128-cbc":   {"aes128-cbc", 16, true},
	nsEncryption + "aes192-cbc":   {"aes192-cbc", 24, true},
	nsEncryption + "aes256-cbc":   {"aes256-cbc", 32, true},
}

// oaepDigests are the digests that OAEP may name.
var oaepDigests = map[string]crypto.Hash{
	"": crypto.SHA1, sha1URI: crypto.SHA1, sha256URI: crypto.SHA256,
	"http://www.w3.org/2001/04/xmldsig-more#sha384": crypto.SHA384,
	"http://www.w3.org/2001/04/xmlenc#sha512":       crypto.SHA512,
}

// maskFunctions are the mask generation functions of xmlenc11's OAEP.
var maskFunctions = map[string]crypto.Hash{
	"":                          crypto.SHA1,
	nsEncryption11 + "mgf1sha1": crypto.SHA1, nsEncryption11 + "mgf1sha256": crypto.SHA256,
	nsEncryption11 + "mgf1sha384": crypto.SHA384, nsEncryption11 + "mgf1sha512": crypto.SHA512,
}

// ciphertext is an encrypted element with the keys that came along.
type ciphertext struct {
	el     *element // the EncryptedAssertion or EncryptedID
	cipher contentCipher
	value  []byte
	keys   []wrappedKey
}

// wrappedKey is an EncryptedKey (XML Encryption, section 3.5.1).
type wrappedKey struct {
	id, recipient string
	algorithm     string
	hash, mask    crypto.Hash
	label         []byte
	value         []byte
	shown         []*x509.Certificate // whose key it is wrapped for
}

// maxWrapped is how many EncryptedKeys are looked at.
const maxWrapped = 4

// readCiphertext reads an EncryptedAssertion or EncryptedID (SAML core,
// section 2.2.4). The error says what about it is not accepted.
func readCiphertext(el *element, allowCBC bool) (ciphertext, error) {
	c := ciphertext{el: el}
	found := children(el, nsEncryption, "EncryptedData")
	if len(found) != 1 {
		return c, fmt.Errorf("there are %d EncryptedData elements in it and not one", len(found))
	}
	data := found[0]
	algorithm := attr(child(data, nsEncryption, "EncryptionMethod"), "Algorithm")
	var known bool
	if c.cipher, known = contentCiphers[algorithm]; !known {
		return c, fmt.Errorf("the encryption method %q is not allowed; AES-GCM is", bounded(algorithm))
	}
	if c.cipher.cbc && !allowCBC {
		return c, fmt.Errorf("the encryption method %s is not allowed for this identity provider; AES-GCM is", c.cipher.name)
	}
	var err error
	if c.value, err = cipherValue(data); err != nil {
		return c, err
	}
	info := child(data, nsSignature, "KeyInfo")
	for _, key := range append(children(info, nsEncryption, "EncryptedKey"), children(el, nsEncryption, "EncryptedKey")...) {
		if len(c.keys) == maxWrapped {
			return c, fmt.Errorf("there are more than %d EncryptedKey elements", maxWrapped)
		}
		w, err := readWrapped(key)
		if err != nil {
			return c, err
		}
		c.keys = append(c.keys, w)
	}
	if len(c.keys) == 0 {
		return c, errors.New("no EncryptedKey came with it")
	}
	// A RetrievalMethod says which of the keys beside it is meant. It may say
	// so for a key in this message only: nothing is ever fetched.
	if uri := attr(child(info, nsSignature, "RetrievalMethod"), "URI"); uri != "" {
		c.keys = slices.DeleteFunc(c.keys, func(w wrappedKey) bool { return "#"+w.id != uri })
		if len(c.keys) == 0 {
			return c, errors.New("its RetrievalMethod leads to no EncryptedKey of the message")
		}
	}
	return c, nil
}

// readWrapped reads an EncryptedKey.
func readWrapped(el *element) (wrappedKey, error) {
	method := child(el, nsEncryption, "EncryptionMethod")
	w := wrappedKey{
		id: attr(el, "Id"), recipient: attr(el, "Recipient"), algorithm: attr(method, "Algorithm"),
		mask: crypto.SHA1, shown: keyInfoCertificates(child(el, nsSignature, "KeyInfo")),
	}
	digest, mask := attr(child(method, nsSignature, "DigestMethod"), "Algorithm"), attr(child(method, nsEncryption11, "MGF"), "Algorithm")
	var knownHash, knownMask bool
	w.hash, knownHash = oaepDigests[digest]
	switch w.algorithm {
	case keyOAEP: // MGF1 with SHA-1 by its definition, whatever the digest
		knownMask = mask == ""
	case keyOAEP11:
		w.mask, knownMask = maskFunctions[mask]
	case keyRSA15:
		return w, errors.New("the key transport RSA 1.5 is not allowed; RSA-OAEP is")
	default:
		return w, fmt.Errorf("the key transport %q is not allowed; RSA-OAEP is", bounded(w.algorithm))
	}
	if !knownHash || !knownMask {
		return w, errors.New("the digest or mask function of its RSA-OAEP is not allowed")
	}
	var err error
	if label := child(method, nsEncryption, "OAEPparams"); label != nil && trim(label.text) != "" {
		if w.label, err = leaf(label); err != nil {
			return w, err
		}
	}
	w.value, err = cipherValue(el)
	return w, err
}

// cipherValue reads the CipherValue inside. A CipherReference would have to be
// fetched and is refused.
func cipherValue(el *element) ([]byte, error) {
	value := child(child(el, nsEncryption, "CipherData"), nsEncryption, "CipherValue")
	if value == nil {
		return nil, fmt.Errorf("its %s has no CipherValue", el.tag())
	}
	return leaf(value)
}
