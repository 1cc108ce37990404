// Package sso keeps what a team trusts and expects at sign-in: its settings,
// identity providers and certificates, the requests that wait for an answer,
// the assertions that were used, and the record of every attempt. Metadata that
// has an address is looked at again and again (source.go, refresh.go); sso/fetch
// is what goes out for it.
//
// It judges responses with package saml and says who an identity provider
// vouches for. Who that is on the team, and whether they may come in, is the
// roster's to say. It also keeps the keys that the team itself signs and
// decrypts with, and takes part in single logout with them.
package sso

import (
	"context"
	"crypto/cipher"
	"time"

	"gorm.io/gorm"

	"rollcall/credential"
	"rollcall/models"
	"rollcall/saml"
	"rollcall/sso/fetch"
)

// Service is the room's one object.
type Service struct {
	DB      *models.DB
	Now     func() time.Time
	BaseURL string // of the installation, without a slash at its end
	// AttemptsKept is for how long a sign-in's record is kept; 0 is thirty days.
	AttemptsKept time.Duration

	// Credentials makes the links of test logins and the sessions of recovery
	// codes. Without it there are neither.
	Credentials *credential.Store

	// Announce has people told of something, in the transaction of its cause: the
	// notice and the work that it makes are there if and only if the cause is. A
	// key that was announced before is announced no second time. Nil tells nobody.
	Announce func(tx *gorm.DB, n models.Notice) error
	// Fetch gets metadata from an address that an admin entered. Nil: none is fetched.
	Fetch func(ctx context.Context, address, etag, lastModified string) (fetch.Document, error)
	// Keys seals the private keys of teams. Without it no team can have one, and
	// so none signs, decrypts or asks its identity provider for a logout.
	Keys cipher.AEAD
}

func (s *Service) now() time.Time { return models.Stamp(s.Now()) }

// ServiceProvider is the team as its identity provider sees it. The addresses
// follow from the slug alone, so they are known before anything is set up.
func (s *Service) ServiceProvider(slug string) saml.ServiceProvider {
	id := s.BaseURL + "/saml/" + slug
	return saml.ServiceProvider{EntityID: id, LoginURL: id + "/init", ACSURL: id + "/finalize", MetadataURL: id + "/metadata", LogoutURL: s.LogoutURL(slug)}
}

// LogoutURL is the team's single logout service. It takes the identity provider's
// requests whether or not the provider has an address for ours.
func (s *Service) LogoutURL(slug string) string { return s.BaseURL + "/saml/" + slug + "/logout" }
