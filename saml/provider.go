package saml

import (
	"crypto/x509"
	"time"
)

// DefaultSkew is how far two clocks may be apart when Expectation.Skew is 0.
const DefaultSkew = 90 * time.Second

// Certificate is an identity provider's signing certificate under the id that
// its owner knows it by.
type Certificate struct {
	ID   string
	X509 *x509.Certificate
}

// liveAt reports whether the certificate's own dates allow its use at now.
func (c Certificate) liveAt(now time.Time) bool {
	return c.X509 != nil && !now.Before(c.X509.NotBefore) && !now.After(c.X509.NotAfter)
}

// Provider is what a team trusts about one identity provider.
//
// Whatever the Want flags say, an assertion is read only when a signature
// covers it: its own or the Response's. The flags demand more than that.
type Provider struct {
	EntityID             string
	Certificates         []Certificate // expired ones may be among them; they never verify
	WantResponseSigned   bool
	WantAssertionsSigned bool
	AllowInclusiveC14N   bool // Canonical XML 1.0 besides the exclusive form, for old products
	Attributes           AttributeMapping
}

// AttributeMapping names the attributes that carry a profile value, best
// first. An empty list means the built-in names of attributes.go. Names match
// an attribute's Name or FriendlyName without regard to case.
type AttributeMapping struct {
	Email, FirstName, LastName, DisplayName []string
}

// Expectation is what the receiving team knows when a response arrives.
type Expectation struct {
	SP       ServiceProvider
	Provider Provider
	Now      time.Time
	// Skew is the allowance for clocks in both directions; 0 means DefaultSkew
	// and a negative value means none.
	Skew time.Duration
	// RequestID is the id of the pending request that this browser made with
	// this provider, or "" when there is none.
	RequestID string
	// AllowUnsolicited accepts sign-ins that start at the identity provider.
	AllowUnsolicited bool
}

func (e Expectation) skew() time.Duration {
	switch {
	case e.Skew == 0:
		return DefaultSkew
	case e.Skew < 0:
		return 0
	}
	return e.Skew
}

// Assertion is who an identity provider vouches for. Every value comes from
// bytes that a trusted certificate verified.
type Assertion struct {
	ID, Issuer           string
	NameID, NameIDFormat string
	// SessionIndex is the identity provider's name for its session, for logout.
	SessionIndex string
	// InResponseTo is the request that the satisfied confirmation answers, ""
	// for a sign-in that started at the identity provider.
	InResponseTo string

	Email, FirstName, LastName, DisplayName string
	// Attributes holds every value of every attribute by Name, in the order of
	// the message; an attribute that comes twice has the values of both.
	Attributes map[string][]string

	AuthnInstant        time.Time
	AuthnContextClasses []string
	// SessionNotOnOrAfter is the end the identity provider wishes for our
	// session; zero when it has no wish.
	SessionNotOnOrAfter time.Time
	// NotOnOrAfter is the instant from which this assertion would be refused
	// as expired whatever else it says, skew included: a store of used ids can
	// forget the id then and not before.
	NotOnOrAfter time.Time

	// CertificateID names the certificate that verified the assertion's own
	// signature or, when only the Response is signed, the Response's.
	CertificateID                   string
	SignedResponse, SignedAssertion bool

	friendly map[string][]string
}

// Values returns the values of the attribute with this Name or, failing that,
// with this FriendlyName. It is nil when the attribute is absent, which must
// be read as unknown and never as none.
func (a *Assertion) Values(name string) []string {
	if v, ok := a.Attributes[name]; ok {
		return v
	}
	return a.friendly[name]
}
