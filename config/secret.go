package config

import (
	"log/slog"
	"unicode/utf8"
)

// minSecretKey is the least number of characters of SECRET_KEY.
const minSecretKey = 32

// hidden stands for a secret wherever one would be printed.
const hidden = "[hidden]"

// Secret is a value that prints as [hidden]. Only Reveal gives it away.
type Secret string

// Reveal is the value itself.
func (s Secret) Reveal() string { return string(s) }

func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return hidden
}

// GoString keeps %#v from showing the value.
func (s Secret) GoString() string { return s.String() }

// LogValue keeps structured logs from showing the value.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText keeps encoders such as encoding/json from showing the value.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// secretKey checks SECRET_KEY. Without it the caller generates one, which is
// for a single machine only: replicas would each have their own.
func secretKey(value string, mayGenerate bool) (Secret, error) {
	switch {
	case value == "" && mayGenerate:
		return "", nil
	case value == "":
		return "", badSecret("is required because the base URL is not one of this machine")
	case utf8.RuneCountInString(value) < minSecretKey:
		return "", badSecret("is shorter than 32 characters")
	}
	return Secret(value), nil
}

func badSecret(why string) error {
	return &Error{"SECRET_KEY", why, "the output of: openssl rand -base64 32"}
}
