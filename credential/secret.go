package credential

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"hash/crc32"
	"strings"
)

// Kind is the prefix that tells secrets apart, for readers and for scanners
// that look for leaked ones.
type Kind string

// Kinds of secret.
const (
	kindAPIKey  Kind = "rck_"
	kindScim    Kind = "rcs_"
	kindSession Kind = "rcb_"
)

const (
	secretBytes = 32 // of randomness
	bodyLength  = 52 // its base32
	sumLength   = 7  // the CRC-32's base32
	shownLength = 8  // of the body, beside the prefix
)

var secretText = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// newSecret makes a secret: prefix, 256 random bits and a CRC-32 over both,
// which lets a scanner or a typo be judged without asking the database.
func newSecret(k Kind) (string, error) {
	var b [secretBytes]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", err
	}
	text := string(k) + secretText.EncodeToString(b[:])
	return text + checksum(text), nil
}

func checksum(text string) string {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], crc32.ChecksumIEEE([]byte(text)))
	return secretText.EncodeToString(b[:])
}

// wellFormed reports whether text could be a secret of the kind.
func wellFormed(k Kind, text string) bool {
	rest, ok := strings.CutPrefix(text, string(k))
	if !ok || len(rest) != bodyLength+sumLength {
		return false
	}
	cut := len(text) - sumLength
	return checksum(text[:cut]) == text[cut:]
}

// shown is the part of a secret that may be displayed to tell it from others.
func shown(secret string) string { return secret[:len(kindAPIKey)+shownLength] }

func hash(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

// stepBytes is the randomness of a secret that lives for minutes.
const stepBytes = 32

// NewStepSecret makes the secret of an unfinished sign-in.
func NewStepSecret() (string, error) {
	var b [stepBytes]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", err
	}
	return secretText.EncodeToString(b[:]), nil
}
