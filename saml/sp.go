package saml

import (
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
}

// The elements of our metadata (SAML metadata, section 2.4.4). Their order is
// the schema's; some consumers insist on it.
type (
	entityDescriptor struct {
		XMLName  xml.Name `xml:"md:EntityDescriptor"`
		XMLNS    string   `xml:"xmlns:md,attr"`
		EntityID string   `xml:"entityID,attr"`
		SP       spDescriptor
	}
	spDescriptor struct {
		XMLName              xml.Name `xml:"md:SPSSODescriptor"`
		AuthnRequestsSigned  bool     `xml:"AuthnRequestsSigned,attr"`
		WantAssertionsSigned bool     `xml:"WantAssertionsSigned,attr"`
		Protocols            string   `xml:"protocolSupportEnumeration,attr"`
		NameIDFormats        []string `xml:"md:NameIDFormat"`
		ACS                  []acs    `xml:"md:AssertionConsumerService"`
	}
	acs struct {
		Binding   string `xml:"Binding,attr"`
		Location  string `xml:"Location,attr"`
		Index     int    `xml:"index,attr"`
		IsDefault bool   `xml:"isDefault,attr"`
	}
)

// Metadata returns the team's EntityDescriptor. It has no validUntil, because
// an identity provider that honours one forgets the team when it passes, and
// no key: AD FS starts to encrypt as soon as it sees one.
func (sp ServiceProvider) Metadata() ([]byte, error) {
	if sp.EntityID == "" || sp.ACSURL == "" {
		return nil, errors.New("saml: service provider without entity id or ACS URL")
	}
	out, err := xml.MarshalIndent(entityDescriptor{
		XMLNS:    nsMetadata,
		EntityID: sp.EntityID,
		SP: spDescriptor{
			WantAssertionsSigned: true,
			Protocols:            nsProtocol,
			NameIDFormats:        []string{FormatPersistent, FormatEmailAddress, FormatUnspecified},
			ACS:                  []acs{{Binding: bindingPOST, Location: sp.ACSURL, Index: 0, IsDefault: true}},
		},
	}, "", "  ")
	if err != nil {
		return nil, err
	}
	return append([]byte(xml.Header), append(out, '\n')...), nil
}
