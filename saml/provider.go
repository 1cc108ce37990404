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

// liveAt reports whether the certificate may verify anything at now: by its
// own dates, and by the strength of its key.
func (c Certificate) liveAt(now time.Time) bool {
	return c.X509 != nil && !now.Before(c.X509.NotBefore) && !now.After(c.X509.NotAfter) && usable(c.X509) == nil
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
	WantEncrypted        bool // refuse assertions that come in the clear
	AllowInclusiveC14N   bool // Canonical XML 1.0 besides the exclusive form, for old products
	// AllowCBC lets assertions be encrypted with AES-CBC, which does not notice
	// changes by itself, besides AES-GCM.
	AllowCBC bool
	// AllowSHA1Until lets RSA-SHA1 signatures and SHA-1 digests pass before
	// that instant, so that a team can come in while its provider is being
	// mended. The zero value allows nothing.
	AllowSHA1Until time.Time
	Attributes     AttributeMapping
}

// live is the number of certificates that may verify at now.
func (p Provider) live(now time.Time) (n int) {
	for _, c := range p.Certificates {
		if c.liveAt(now) {
			n++
		}
	}
	return n
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

	// ForceAuthn says that the pending request asked for the person to be
	// authenticated anew, RequestedAt when that was.
	ForceAuthn  bool
	RequestedAt time.Time
	// Context is what the team wants the authentication to have been; nil wants
	// nothing.
	Context *AuthnContext
	// MFA is what the team takes as proof of a second factor; nil looks for none.
	MFA *MFARule
}

func (e Expectation) skew() time.Duration { return allowance(e.Skew) }

func allowance(skew time.Duration) time.Duration {
	switch {
	case skew == 0:
		return DefaultSkew
	case skew < 0:
		return 0
	}
	return skew
}

// Assertion is who an identity provider vouches for. Every value comes from
// bytes that a trusted certificate verified.
type Assertion struct {
	ID, Issuer           string
	NameID, NameIDFormat string
	// NameQualifier and SPNameQualifier belong to the NameID: a logout request
	// has to repeat them.
	NameQualifier, SPNameQualifier string
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
	// MFAEvidence is what satisfied Expectation.MFA, "" when nothing did.
	MFAEvidence string
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
	// SignedSHA1 says that a signature passed by Provider.AllowSHA1Until alone.
	SignedSHA1 bool
	// DecryptionKeyID names the key of ours that the assertion was encrypted
	// for, "" for one that came in the clear.
	DecryptionKeyID string

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
