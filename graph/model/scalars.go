package model

import (
	"io"
	"net/url"
	"strconv"
	"time"

	"github.com/99designs/gqlgen/graphql"
)

// BadInput is a value of the request that cannot be read. Its text is for the
// caller and does not repeat the value.
type BadInput string

func (e BadInput) Error() string { return string(e) }

// MarshalDateTime writes a moment as RFC 3339 in UTC.
func MarshalDateTime(t time.Time) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) {
		_, _ = io.WriteString(w, strconv.Quote(t.UTC().Format(time.RFC3339Nano)))
	})
}

// UnmarshalDateTime reads a moment in RFC 3339, of any zone.
func UnmarshalDateTime(v any) (time.Time, error) {
	s, ok := v.(string)
	if !ok {
		return time.Time{}, BadInput("a DateTime is a string like 2026-03-01T12:30:00Z")
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}, BadInput("a DateTime is a string like 2026-03-01T12:30:00Z")
	}
	return t.UTC(), nil
}

// MarshalURL writes a URL.
func MarshalURL(s string) graphql.Marshaler { return graphql.MarshalString(s) }

// UnmarshalURL reads an absolute URL. Which schemes and hosts are good is for
// the domain to say.
func UnmarshalURL(v any) (string, error) {
	s, ok := v.(string)
	if !ok {
		return "", BadInput("a URL is a string")
	}
	u, err := url.Parse(s)
	if err != nil || !u.IsAbs() || u.Host == "" {
		return "", BadInput("a URL is absolute, like https://idp.example.com/sso")
	}
	return s, nil
}

// MarshalX509Certificate writes a certificate in PEM.
func MarshalX509Certificate(s string) graphql.Marshaler { return graphql.MarshalString(s) }

// UnmarshalX509Certificate is there for gqlgen: no input has this type, since
// inputs take more forms than PEM.
func UnmarshalX509Certificate(v any) (string, error) {
	s, ok := v.(string)
	if !ok {
		return "", BadInput("an X509Certificate is a string")
	}
	return s, nil
}
