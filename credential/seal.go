package credential

import (
	"crypto/aes"
	"crypto/cipher"
)

// AEAD is a cipher that seals what is kept in the database under the key of a
// purpose: AES-256-GCM with a random nonce in front of each text (RFC 5116).
// Whoever has the database alone cannot read it, and whoever writes to it
// cannot move a sealed value to another row, which the caller names in the
// associated data.
func (k Keyring) AEAD(purpose string) (cipher.AEAD, error) {
	key, err := k.For(purpose)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}
