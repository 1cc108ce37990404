package saml

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
)

// Step 5, the secret half. Whatever fails below - a key that is not ours, a
// digest, a padding, a tag, XML that is none - fails alike: with one error,
// after the same work as far as that can be had. Otherwise each answer would
// tell a stranger a little about the content of a message that they copied.

// Key is a private key of ours with the certificate that metadata shows.
type Key struct {
	ID          string
	Private     *rsa.PrivateKey
	Certificate *x509.Certificate
}

// errDecryption is every failure of decryption.
var errDecryption = errors.New("the assertion cannot be decrypted with our keys")

// maxUnwrapped bounds the attempts to unwrap a key, which are what decryption
// costs: two keys of ours during a rollover, and one more.
const maxUnwrapped = 3

// open decrypts to the element that stands in place of c.el. It must be a tag
// of the SAML assertion namespace.
func (c ciphertext) open(keys []Key, entityID, tag string, limits Limits) (root *element, key Key, err error) {
	secret, key, found := c.unwrap(keys, entityID)
	if !found {
		// Carry on with a key that fits nothing.
		secret = make([]byte, c.cipher.keySize)
		if _, err := rand.Read(secret); err != nil {
			return nil, Key{}, errDecryption
		}
	}
	plain, err := c.cipher.decrypt(secret, c.value)
	if err != nil {
		return nil, Key{}, errDecryption
	}
	root, err = parseWithin(plain, c.el, limits)
	if err != nil || !found || !is(root, nsAssertion, tag) {
		return nil, Key{}, errDecryption
	}
	return root, key, nil
}

// attempt is a wrapped key with a key of ours that may open it.
type attempt struct {
	wrapped wrappedKey
	key     Key
	mask    crypto.Hash
}

// unwrap finds the content's key.
func (c ciphertext) unwrap(keys []Key, entityID string) (secret []byte, key Key, found bool) {
	attempts := c.attempts(keys, entityID)
	for _, a := range attempts[:min(len(attempts), maxUnwrapped)] {
		secret, err := a.key.Private.Decrypt(nil, a.wrapped.value, &rsa.OAEPOptions{Hash: a.wrapped.hash, MGFHash: a.mask, Label: a.wrapped.label})
		if err == nil && len(secret) == c.cipher.keySize {
			return secret, a.key, true
		}
	}
	return nil, Key{}, false
}

// attempts orders what is to be tried: wrapped keys that name us as their
// recipient before others, and for each the key of ours whose certificate
// it shows, or all.
func (c ciphertext) attempts(keys []Key, entityID string) []attempt {
	var list, later []attempt
	for _, ours := range []bool{true, false} {
		for _, w := range c.keys {
			if (w.recipient == entityID) != ours {
				continue
			}
			for _, k := range w.meant(keys) {
				list = append(list, attempt{w, k, w.mask})
				// OpenSSL's users forget that rsa-oaep-mgf1p fixes the mask
				// function and mask with the digest (xml-encryption of Node.js).
				if w.algorithm == keyOAEP && w.hash != w.mask {
					later = append(later, attempt{w, k, w.hash})
				}
			}
		}
	}
	return append(list, later...)
}

// meant returns the key whose certificate the wrapped key shows, or all keys.
func (w wrappedKey) meant(keys []Key) []Key {
	var usable []Key
	for _, k := range keys {
		if k.Private == nil {
			continue
		}
		usable = append(usable, k)
		for _, c := range w.shown {
			if k.Certificate != nil && k.Certificate.Equal(c) {
				return []Key{k}
			}
		}
	}
	return usable
}

// decrypt undoes the content's encryption (XML Encryption, section 5.2).
func (c contentCipher) decrypt(key, value []byte) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, errDecryption
	}
	if c.cbc {
		return openCBC(block, value)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil || len(value) < gcm.NonceSize() {
		return nil, errDecryption
	}
	plain, err := gcm.Open(nil, value[:gcm.NonceSize()], value[gcm.NonceSize():], nil)
	if err != nil {
		return nil, errDecryption
	}
	return plain, nil
}

// openCBC decrypts and takes the padding off. Padding that is wrong is left
// on: the garbage is read as XML like everything else and fails there, so that
// there is one way to fail and not two that could be told apart.
func openCBC(block cipher.Block, value []byte) ([]byte, error) {
	size := block.BlockSize()
	if len(value) < 2*size || len(value)%size != 0 {
		return nil, errDecryption
	}
	plain := make([]byte, len(value)-size)
	cipher.NewCBCDecrypter(block, value[:size]).CryptBlocks(plain, value[size:])
	if pad := int(plain[len(plain)-1]); pad >= 1 && pad <= size {
		plain = plain[:len(plain)-pad]
	}
	return plain, nil
}
