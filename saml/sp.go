package saml

import (
	"encoding/base64"
	"encoding/xml"
	"errors"
)

// ServiceProvider is one team as its identity provider sees it. The caller
// derives the addresses from the installation's base URL and the team's slug.
type ServiceProvider struct {
	EntityID    string
	LoginURL    string
	ACSURL      string // takes responses by HTTP-POST
	MetadataURL string
	// LogoutURL takes logout messages by HTTP-Redirect and HTTP-POST; "" is
	// for a team without single logout.
	LogoutURL string

	// SigningKeys sign requests and metadata with the first of them; metadata
	// publishes all, so that the next one is known before it is used.
	SigningKeys []Key
	// SignRequests says in the metadata that AuthnRequests are signed.
	SignRequests bool
	// DecryptionKeys open encrypted assertions, all of them, so that the last
	// one still works while the identity provider learns the next.
	DecryptionKeys []Key
	// PublishEncryption shows the decryption keys in the metadata. AD FS starts
	// to encrypt as soon as it sees one there.
	PublishEncryption bool
}

// The elements of our metadata (SAML metadata, section 2.4.4). Their order is
// the schema's; some consumers insist on it.
type (
	entityDescriptor struct {
		XMLName  xml.Name `xml:"md:EntityDescriptor"`
		XMLNS    string   `xml:"xmlns:md,attr"`
		ID       string   `xml:"ID,attr,omitempty"`
		EntityID string   `xml:"entityID,attr"`
		SP       spDescriptor
	}
	spDescriptor struct {
		XMLName              xml.Name        `xml:"md:SPSSODescriptor"`
		AuthnRequestsSigned  bool            `xml:"AuthnRequestsSigned,attr"`
		WantAssertionsSigned bool            `xml:"WantAssertionsSigned,attr"`
		Protocols            string          `xml:"protocolSupportEnumeration,attr"`
		Keys                 []keyDescriptor `xml:"md:KeyDescriptor"`
		Logout               []endpoint      `xml:"md:SingleLogoutService"`
		NameIDFormats        []string        `xml:"md:NameIDFormat"`
		ACS                  []acs           `xml:"md:AssertionConsumerService"`
	}
	keyDescriptor struct {
		Use         string             `xml:"use,attr"`
		XMLNS       string             `xml:"xmlns:ds,attr"`
		Certificate string             `xml:"ds:KeyInfo>ds:X509Data>ds:X509Certificate"`
		Methods     []encryptionMethod `xml:"md:EncryptionMethod"`
	}
	encryptionMethod struct {
		Algorithm string `xml:"Algorithm,attr"`
	}
	endpoint struct {
		Binding  string `xml:"Binding,attr"`
		Location string `xml:"Location,attr"`
	}
	acs struct {
		Binding   string `xml:"Binding,attr"`
		Location  string `xml:"Location,attr"`
		Index     int    `xml:"index,attr"`
		IsDefault bool   `xml:"isDefault,attr"`
	}
)

// Metadata returns the team's EntityDescriptor, not signed. It has no
// validUntil, because an identity provider that honours one forgets the team
// when it passes.
func (sp ServiceProvider) Metadata() ([]byte, error) { return sp.metadata("") }

// SignedMetadata returns the EntityDescriptor with a signature by the first
// signing key.
func (sp ServiceProvider) SignedMetadata() ([]byte, error) {
	id, err := NewRequestID()
	if err != nil {
		return nil, err
	}
	doc, err := sp.metadata(id)
	if err != nil {
		return nil, err
	}
	return sp.enveloped(doc, "")
}

func (sp ServiceProvider) metadata(id string) ([]byte, error) {
	if sp.EntityID == "" || sp.ACSURL == "" {
		return nil, errors.New("saml: service provider without entity id or ACS URL")
	}
	d := spDescriptor{
		AuthnRequestsSigned:  sp.SignRequests,
		WantAssertionsSigned: true,
		Protocols:            nsProtocol,
		NameIDFormats:        []string{FormatPersistent, FormatEmailAddress, FormatUnspecified},
		ACS:                  []acs{{Binding: bindingPOST, Location: sp.ACSURL, Index: 0, IsDefault: true}},
	}
	for _, k := range sp.SigningKeys {
		d.Keys = append(d.Keys, k.descriptor("signing"))
	}
	if sp.PublishEncryption {
		for _, k := range sp.DecryptionKeys {
			d.Keys = append(d.Keys, k.descriptor("encryption", nsEncryption11+"aes256-gcm", nsEncryption11+"aes128-gcm", keyOAEP))
		}
	}
	if sp.LogoutURL != "" {
		d.Logout = []endpoint{{bindingRedirect, sp.LogoutURL}, {bindingPOST, sp.LogoutURL}}
	}
	out, err := xml.MarshalIndent(entityDescriptor{XMLNS: nsMetadata, ID: id, EntityID: sp.EntityID, SP: d}, "", "  ")
	if err != nil {
		return nil, err
	}
	return append([]byte(xml.Header), append(out, '\n')...), nil
}

// descriptor shows the key's certificate and, for encryption, what to encrypt
// with.
func (k Key) descriptor(use string, methods ...string) keyDescriptor {
	d := keyDescriptor{Use: use, XMLNS: nsSignature}
	if k.Certificate != nil {
		d.Certificate = base64.StdEncoding.EncodeToString(k.Certificate.Raw)
	}
	for _, m := range methods {
		d.Methods = append(d.Methods, encryptionMethod{m})
	}
	return d
}
