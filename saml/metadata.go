package saml

import (
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"

	"rollcall/fault"
)

const (
	// maxMetadata is the size limit of metadata, in bytes. One entity's is
	// rarely above 100 kB; a whole federation's does not fit and is not meant to.
	maxMetadata = 512 << 10
	// maxLive is how many unexpired certificates are kept.
	maxLive = 3
	// maxEntityID is SAML's limit (SAML core, section 8.3.6).
	maxEntityID = 1024
)

// metadataLimits are wider than a message's: AD FS describes hundreds of claims.
var metadataLimits = Limits{Bytes: maxMetadata, Nodes: 60_000}.orDefault()

// IDPMetadata is what an identity provider's metadata says about signing in
// and out.
type IDPMetadata struct {
	EntityID           string
	SSOURL, SSOBinding string // the redirect binding when there is one, else POST
	SLOURL, SLOBinding string // "" when there is none
	SSO, SLO           Endpoints
	NameIDFormats      []string
	// Certificates are the usable signing certificates that have not expired,
	// at most three: those that are valid now before those that are not yet,
	// and of each the latest end first.
	Certificates            []*x509.Certificate
	WantAuthnRequestsSigned bool
	// Ignored says in English what was left out and why, one entry each.
	Ignored []string
}

// Endpoints are the addresses of a service in the two bindings that a browser
// carries.
type Endpoints struct{ Redirect, POST Endpoint }

// Endpoint is an address, "" when there is none.
type Endpoint struct {
	Location string
	// ResponseLocation takes responses instead, when it is not "".
	ResponseLocation string
}

// ParseMetadata reads an EntityDescriptor, or an EntitiesDescriptor with one
// identity provider in it (SAML metadata, section 2.3). Its own signature is
// not verified: an admin vouches for what they paste.
//
// The errors are faults: MetadataWrongRole for a service provider's metadata,
// MetadataInvalid for everything else.
func ParseMetadata(xml []byte, now time.Time) (*IDPMetadata, error) {
	return ParseMetadataOf(xml, "", now)
}

// ParseMetadataOf is ParseMetadata for the identity provider with this entity
// id among several; "" stands for the only one.
func ParseMetadataOf(xml []byte, entityID string, now time.Time) (*IDPMetadata, error) {
	entity, role, err := chooseIDP(xml, entityID)
	if err != nil {
		return nil, err
	}
	md := &IDPMetadata{
		EntityID:                attr(entity, "entityID"),
		WantAuthnRequestsSigned: attr(role, "WantAuthnRequestsSigned") == "true" || attr(role, "WantAuthnRequestsSigned") == "1",
	}
	if md.EntityID == "" || len(md.EntityID) > maxEntityID {
		return nil, fault.New(fault.MetadataInvalid, "the entityID is missing or longer than %d bytes", maxEntityID)
	}
	for el := role; el != nil; el = el.parent {
		if err := md.current(el, now); err != nil {
			return nil, err
		}
	}
	for _, other := range children(entity, nsMetadata, "IDPSSODescriptor") {
		if other != role {
			md.ignore("another IDPSSODescriptor of the same entity")
		}
	}
	for _, f := range children(role, nsMetadata, "NameIDFormat") {
		md.NameIDFormats = append(md.NameIDFormats, bounded(text(f)))
	}
	refused := md.endpoints(role, "SingleSignOnService", &md.SSO)
	if md.SSOURL, md.SSOBinding = md.SSO.preferred(); md.SSOURL == "" {
		if len(refused) > 0 {
			return nil, fault.New(fault.MetadataInvalid, "no SingleSignOnService can be used: %s", strings.Join(refused, "; "))
		}
		return nil, fault.New(fault.MetadataInvalid, "there is no SingleSignOnService with the redirect or POST binding")
	}
	md.endpoints(role, "SingleLogoutService", &md.SLO)
	md.SLOURL, md.SLOBinding = md.SLO.preferred()
	if err := md.keep(signingCertificates(role), now); err != nil {
		return nil, err
	}
	return md, nil
}

func (md *IDPMetadata) ignore(format string, args ...any) {
	md.Ignored = append(md.Ignored, fmt.Sprintf(format, args...))
}

// current enforces validUntil. A time without a zone is taken as UTC.
func (md *IDPMetadata) current(el *element, now time.Time) error {
	value := attr(el, "validUntil")
	if value == "" {
		return nil
	}
	until, problem := instant(value)
	if problem != "" {
		if until, problem = instant(value + "Z"); problem != "" {
			return fault.New(fault.MetadataInvalid, "validUntil: %s", problem)
		}
		md.ignore("validUntil %s has no time zone and was taken as UTC", bounded(value))
	}
	if !now.Before(until) {
		return fault.New(fault.MetadataInvalid, "the metadata was valid until %s; download it again", stamp(until))
	}
	return nil
}

// endpoints fills in the addresses of a service. refused says why addresses
// with these bindings cannot be used.
func (md *IDPMetadata) endpoints(role *element, tag string, out *Endpoints) (refused []string) {
	for _, s := range children(role, nsMetadata, tag) {
		place := &out.Redirect
		switch attr(s, "Binding") {
		case bindingRedirect:
		case bindingPOST:
			place = &out.POST
		default:
			continue
		}
		found := Endpoint{attr(s, "Location"), attr(s, "ResponseLocation")}
		err := CheckLocation(found.Location)
		if err == nil && found.ResponseLocation != "" {
			err = CheckLocation(found.ResponseLocation)
		}
		if f, bad := fault.As(err); bad {
			refused = append(refused, f.Message)
			md.ignore("a %s: %s", tag, f.Message)
			continue
		}
		if place.Location == "" {
			*place = found
		}
	}
	return refused
}

// preferred is the redirect address or, without one, the POST address.
func (e Endpoints) preferred() (address, binding string) {
	switch {
	case e.Redirect.Location != "":
		return e.Redirect.Location, bindingRedirect
	case e.POST.Location != "":
		return e.POST.Location, bindingPOST
	}
	return "", ""
}

// signingCertificates returns the text of every certificate that the role may
// sign with: those marked for signing and those not marked at all.
func signingCertificates(role *element) []string {
	var found []string
	for _, key := range children(role, nsMetadata, "KeyDescriptor") {
		if use := attr(key, "use"); use != "" && use != "signing" {
			continue
		}
		for _, info := range children(key, nsSignature, "KeyInfo") {
			for _, data := range children(info, nsSignature, "X509Data") {
				for _, c := range children(data, nsSignature, "X509Certificate") {
					found = append(found, text(c))
				}
			}
		}
	}
	return found
}

// keep fills in the certificates and says which were left out.
func (md *IDPMetadata) keep(encoded []string, now time.Time) error {
	seen := map[string]bool{}
	for i, text := range encoded {
		der, err := unspaced(text)
		if err != nil {
			md.ignore("signing certificate %d is not base64", i+1)
			continue
		}
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			md.ignore("signing certificate %d cannot be read", i+1)
			continue
		}
		print := Fingerprint(cert)
		if seen[print] {
			continue
		}
		seen[print] = true
		if now.After(cert.NotAfter) {
			md.ignore("signing certificate %s expired on %s", print, stamp(cert.NotAfter))
		} else if f, bad := fault.As(usable(cert)); bad {
			md.ignore("signing certificate %s: %s", print, f.Message)
		} else {
			md.Certificates = append(md.Certificates, cert)
		}
	}
	slices.SortStableFunc(md.Certificates, func(a, b *x509.Certificate) int {
		if early, late := now.Before(a.NotBefore), now.Before(b.NotBefore); early != late {
			return map[bool]int{true: 1, false: -1}[early]
		}
		return b.NotAfter.Compare(a.NotAfter)
	})
	for len(md.Certificates) > maxLive {
		last := md.Certificates[len(md.Certificates)-1]
		md.ignore("signing certificate %s, valid from %s until %s: %d are kept, those that are valid now and last longest", Fingerprint(last), stamp(last.NotBefore), stamp(last.NotAfter), maxLive)
		md.Certificates = md.Certificates[:len(md.Certificates)-1]
	}
	if len(md.Certificates) == 0 {
		if len(md.Ignored) > 0 {
			return fault.New(fault.MetadataInvalid, "no signing certificate can be used: %s", strings.Join(md.Ignored, "; "))
		}
		return fault.New(fault.MetadataInvalid, "there is no signing certificate")
	}
	return nil
}

// metadataCertificates returns the signing certificates of metadata that was
// pasted where a certificate is asked for.
func metadataCertificates(xml string) ([]*x509.Certificate, error) {
	_, role, err := chooseIDP([]byte(xml), "")
	if err != nil {
		f, _ := fault.As(err)
		return nil, fault.New(fault.CertificateUnusable, "the metadata cannot be used: %s", f.Message)
	}
	var found []*x509.Certificate
	for _, text := range signingCertificates(role) {
		der, err := unspaced(text)
		if err != nil {
			return nil, fault.New(fault.CertificateUnusable, "a certificate in the metadata is not base64")
		}
		certs, err := fromDER(der)
		if err != nil {
			return nil, err
		}
		found = append(found, certs...)
	}
	return found, nil
}
