package saml

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/beevik/etree"

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
var metadataLimits = Limits{Bytes: maxMetadata, Depth: 40, Elements: 20_000, Attributes: 40, Namespaces: 40, NamespaceWork: 400_000, Kinds: 10_000}

// IDPMetadata is what an identity provider's metadata says about signing in.
type IDPMetadata struct {
	EntityID           string
	SSOURL, SSOBinding string // the redirect binding when there is one, else POST
	SLOURL, SLOBinding string // "" when there is none
	NameIDFormats      []string
	// Certificates are the usable signing certificates that have not expired,
	// the latest end first, at most three. One may not be valid yet.
	Certificates            []*x509.Certificate
	WantAuthnRequestsSigned bool
	// Ignored says in English what was left out and why, one entry each.
	Ignored []string
}

// ParseMetadata reads an EntityDescriptor, or an EntitiesDescriptor with one
// identity provider in it (SAML metadata, section 2.3). Its own signature is
// not verified: an admin vouches for what they paste.
//
// The errors are faults: MetadataWrongRole for a service provider's metadata,
// MetadataInvalid for everything else.
func ParseMetadata(xml []byte, now time.Time) (*IDPMetadata, error) {
	entity, role, err := chooseIDP(xml)
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
	for el := role; el != nil; el = el.Parent() {
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
	var refused []string
	if md.SSOURL, md.SSOBinding, refused = md.endpoint(role, "SingleSignOnService"); md.SSOURL == "" {
		if len(refused) > 0 {
			return nil, fault.New(fault.MetadataInvalid, "no SingleSignOnService can be used: %s", strings.Join(refused, "; "))
		}
		return nil, fault.New(fault.MetadataInvalid, "there is no SingleSignOnService with the redirect or POST binding")
	}
	md.SLOURL, md.SLOBinding, _ = md.endpoint(role, "SingleLogoutService")
	if err := md.keep(signingCertificates(role), now); err != nil {
		return nil, err
	}
	return md, nil
}

func (md *IDPMetadata) ignore(format string, args ...any) {
	md.Ignored = append(md.Ignored, fmt.Sprintf(format, args...))
}

// metadataRoot parses the document within its limits.
func metadataRoot(xml []byte) (*etree.Element, error) {
	xml = bytes.TrimPrefix(bytes.TrimSpace(xml), []byte("\xef\xbb\xbf"))
	if len(xml) == 0 {
		return nil, fault.New(fault.MetadataInvalid, "the text is empty")
	}
	if xml[0] != '<' {
		return nil, fault.New(fault.MetadataInvalid, "the text is not XML; paste the metadata file itself, not its address")
	}
	root, err := parse(xml, metadataLimits)
	var bad *scanError
	if errors.As(err, &bad) {
		return nil, fault.New(fault.MetadataInvalid, "%v", bad)
	}
	if err != nil {
		return nil, fault.New(fault.MetadataInvalid, "the text is not well-formed XML").Because(err)
	}
	return root, nil
}

// chooseIDP finds the one entity that is an identity provider, and its role.
func chooseIDP(xml []byte) (entity, role *etree.Element, err error) {
	root, err := metadataRoot(xml)
	if err != nil {
		return nil, nil, err
	}
	var entities []*etree.Element
	switch {
	case is(root, nsMetadata, "EntityDescriptor"):
		entities = []*etree.Element{root}
	case is(root, nsMetadata, "EntitiesDescriptor"):
		entities = nestedEntities(root)
	default:
		return nil, nil, fault.New(fault.MetadataInvalid, "the document is a %s, not SAML 2.0 metadata", bounded(root.Tag))
	}
	idps, sps := 0, 0
	for _, e := range entities {
		if r := idpRole(e); r != nil {
			idps++
			entity, role = e, r
		}
		sps += len(children(e, nsMetadata, "SPSSODescriptor"))
	}
	switch {
	case idps > 1:
		return nil, nil, fault.New(fault.MetadataInvalid, "the document describes %d identity providers; send the metadata of one", idps)
	case idps == 0 && sps > 0:
		return nil, nil, fault.New(fault.MetadataWrongRole, "the metadata describes a service provider; take the identity provider's own")
	case idps == 0:
		return nil, nil, fault.New(fault.MetadataInvalid, "the document describes no SAML 2.0 identity provider")
	}
	return entity, role, nil
}

func nestedEntities(el *etree.Element) []*etree.Element {
	found := children(el, nsMetadata, "EntityDescriptor")
	for _, group := range children(el, nsMetadata, "EntitiesDescriptor") {
		found = append(found, nestedEntities(group)...)
	}
	return found
}

// idpRole returns the first role of the entity that speaks SAML 2.0.
func idpRole(entity *etree.Element) *etree.Element {
	for _, r := range children(entity, nsMetadata, "IDPSSODescriptor") {
		if slices.Contains(strings.Fields(attr(r, "protocolSupportEnumeration")), nsProtocol) {
			return r
		}
	}
	return nil
}

// current enforces validUntil. A time without a zone is taken as UTC.
func (md *IDPMetadata) current(el *etree.Element, now time.Time) error {
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

// endpoint chooses the address of a service: the redirect binding first, then
// POST. refused says why addresses with these bindings cannot be used.
func (md *IDPMetadata) endpoint(role *etree.Element, tag string) (address, binding string, refused []string) {
	for _, want := range []string{bindingRedirect, bindingPOST} {
		for _, s := range children(role, nsMetadata, tag) {
			if attr(s, "Binding") != want {
				continue
			}
			location := attr(s, "Location")
			if err := CheckLocation(location); err != nil {
				f, _ := fault.As(err)
				refused = append(refused, f.Message)
				md.ignore("a %s: %s", tag, f.Message)
				continue
			}
			if address == "" {
				address, binding = location, want
			}
		}
	}
	return address, binding, refused
}

// signingCertificates returns the text of every certificate that the role may
// sign with: those marked for signing and those not marked at all.
func signingCertificates(role *etree.Element) []string {
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
	slices.SortStableFunc(md.Certificates, func(a, b *x509.Certificate) int { return b.NotAfter.Compare(a.NotAfter) })
	for len(md.Certificates) > maxLive {
		last := md.Certificates[len(md.Certificates)-1]
		md.ignore("signing certificate %s, valid until %s: %d are kept, the ones that last longest", Fingerprint(last), stamp(last.NotAfter), maxLive)
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
	_, role, err := chooseIDP([]byte(xml))
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
