package saml

import (
	"bytes"
	"errors"
	"slices"
	"strings"

	"rollcall/fault"
)

// MetadataEntity is an identity provider that a metadata document describes.
type MetadataEntity struct {
	EntityID string
	Name     string // of its organization, "" when it does not say
}

// maxCandidates is how many identity providers a list of them has.
const maxCandidates = 200

// MetadataEntities lists the identity providers of a document, at most 200, so
// that an admin can choose one of a federation. The errors are as of
// ParseMetadata.
func MetadataEntities(xml []byte) ([]MetadataEntity, error) {
	entities, err := metadataEntities(xml)
	if err != nil {
		return nil, err
	}
	out := []MetadataEntity{}
	for _, e := range entities {
		if idpRole(e) != nil && len(out) < maxCandidates {
			organization := child(e, nsMetadata, "Organization")
			out = append(out, MetadataEntity{attr(e, "entityID"), bounded(text(child(organization, nsMetadata, "OrganizationDisplayName")))})
		}
	}
	return out, nil
}

// metadataRoot parses the document within its limits.
func metadataRoot(xml []byte) (*element, error) {
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
	return root, err
}

// metadataEntities returns the entities of a document.
func metadataEntities(xml []byte) ([]*element, error) {
	root, err := metadataRoot(xml)
	if err != nil {
		return nil, err
	}
	switch {
	case is(root, nsMetadata, "EntityDescriptor"):
		return []*element{root}, nil
	case is(root, nsMetadata, "EntitiesDescriptor"):
		return nestedEntities(root), nil
	}
	return nil, fault.New(fault.MetadataInvalid, "the document is a %s, not SAML 2.0 metadata", bounded(root.tag()))
}

// chooseIDP finds the one entity that is an identity provider, or the one of
// them with this entity id, and its role.
func chooseIDP(xml []byte, entityID string) (entity, role *element, err error) {
	entities, err := metadataEntities(xml)
	if err != nil {
		return nil, nil, err
	}
	var names []string
	sps := 0
	for _, e := range entities {
		sps += len(children(e, nsMetadata, "SPSSODescriptor"))
		r := idpRole(e)
		if r == nil {
			continue
		}
		id := attr(e, "entityID")
		names = append(names, bounded(id))
		if entityID == "" || id == entityID {
			if entity != nil && entityID != "" {
				return nil, nil, fault.New(fault.MetadataInvalid, "the document describes %s twice", bounded(entityID))
			}
			entity, role = e, r
		}
	}
	switch {
	case len(names) == 0 && sps > 0:
		return nil, nil, fault.New(fault.MetadataWrongRole, "the metadata describes a service provider, such as this one; take the identity provider's own")
	case len(names) == 0:
		return nil, nil, fault.New(fault.MetadataInvalid, "the document describes no SAML 2.0 identity provider")
	case entity == nil:
		return nil, nil, fault.New(fault.MetadataInvalid, "the document does not describe %s; it has %s", bounded(entityID), listed(names))
	case entityID == "" && len(names) > 1:
		return nil, nil, fault.New(fault.MetadataInvalid, "the document describes %d identity providers; choose one of %s", len(names), listed(names))
	}
	return entity, role, nil
}

// listed writes some names out.
func listed(names []string) string {
	if len(names) > 20 {
		names = append(slices.Clone(names[:20]), "…")
	}
	return strings.Join(names, ", ")
}

// nestedEntities returns the entities of a group in the order of the document.
func nestedEntities(el *element) (found []*element) {
	for c := range el.all() {
		switch {
		case is(c, nsMetadata, "EntityDescriptor"):
			found = append(found, c)
		case is(c, nsMetadata, "EntitiesDescriptor"):
			found = append(found, nestedEntities(c)...)
		}
	}
	return found
}

// idpRole returns the first role of the entity that speaks SAML 2.0.
func idpRole(entity *element) *element {
	for _, r := range children(entity, nsMetadata, "IDPSSODescriptor") {
		if slices.Contains(strings.Fields(attr(r, "protocolSupportEnumeration")), nsProtocol) {
			return r
		}
	}
	return nil
}
