package scim

import "net/http"

// Discovery (RFC 7644 section 4) says what this door does and nothing more.

type support struct {
	Supported bool `json:"supported"`
}

type bulkSupport struct {
	Supported      bool `json:"supported"`
	MaxOperations  int  `json:"maxOperations"`
	MaxPayloadSize int  `json:"maxPayloadSize"`
}

type filterSupport struct {
	Supported  bool `json:"supported"`
	MaxResults int  `json:"maxResults"`
}

type authenticationScheme struct {
	Type        string `json:"type"`
	Name        string `json:"name"`
	Description string `json:"description"`
	SpecURI     string `json:"specUri"`
	Primary     bool   `json:"primary"`
}

type resourceMeta struct {
	ResourceType string `json:"resourceType"`
	Location     string `json:"location"`
}

// paginationSupport is RFC 9865 section 4.
type paginationSupport struct {
	Cursor        bool   `json:"cursor"`
	Index         bool   `json:"index"`
	DefaultMethod string `json:"defaultPaginationMethod"`
	DefaultSize   int    `json:"defaultPageSize"`
	MaxSize       int    `json:"maxPageSize"`
	CursorTimeout int    `json:"cursorTimeout"`
}

type configBody struct {
	Schemas               []string               `json:"schemas"`
	Patch                 support                `json:"patch"`
	Bulk                  bulkSupport            `json:"bulk"`
	Filter                filterSupport          `json:"filter"`
	ChangePassword        support                `json:"changePassword"`
	Sort                  support                `json:"sort"`
	Etag                  support                `json:"etag"`
	Pagination            paginationSupport      `json:"pagination"`
	AuthenticationSchemes []authenticationScheme `json:"authenticationSchemes"`
	Meta                  resourceMeta           `json:"meta"`
}

// getConfig is GET /ServiceProviderConfig (RFC 7643 section 5).
func (h *handler) getConfig(c call) (reply, error) {
	if err := noFilter(c); err != nil {
		return reply{}, err
	}
	location := c.base + "/ServiceProviderConfig"
	return reply{status: http.StatusOK, location: location, body: configBody{
		Schemas: []string{urnConfig},
		Patch:   support{true},
		Bulk:    bulkSupport{Supported: true, MaxOperations: maxBulkOperations, MaxPayloadSize: maxBody},
		Filter:  filterSupport{Supported: true, MaxResults: maxCount},
		Sort:    support{true},
		Etag:    support{true},
		Pagination: paginationSupport{
			Cursor: true, Index: true, DefaultMethod: "index", DefaultSize: defaultCount, MaxSize: maxCount, CursorTimeout: int(cursorLife.Seconds()),
		},
		AuthenticationSchemes: []authenticationScheme{{
			Type: "oauthbearertoken", Name: "SCIM token", Primary: true,
			Description: "A SCIM token of the team, sent as a bearer token.",
			SpecURI:     "https://www.rfc-editor.org/rfc/rfc6750",
		}},
		Meta: resourceMeta{"ServiceProviderConfig", location},
	}}, nil
}

type extensionBody struct {
	Schema   string `json:"schema"`
	Required bool   `json:"required"`
}

type resourceTypeBody struct {
	Schemas          []string        `json:"schemas"`
	ID               string          `json:"id"`
	Name             string          `json:"name"`
	Endpoint         string          `json:"endpoint"`
	Description      string          `json:"description"`
	Schema           string          `json:"schema"`
	SchemaExtensions []extensionBody `json:"schemaExtensions,omitempty"`
	Meta             resourceMeta    `json:"meta"`
}

var resourceTypes = []*resourceType{userType, groupType}

func (c call) resourceType(t *resourceType) resourceTypeBody {
	b := resourceTypeBody{
		Schemas: []string{urnResourceType}, ID: t.name, Name: t.name, Endpoint: t.endpoint,
		Description: t.description, Schema: t.urn,
		Meta: resourceMeta{"ResourceType", c.base + "/ResourceTypes/" + t.name},
	}
	for _, e := range t.extensions {
		b.SchemaExtensions = append(b.SchemaExtensions, extensionBody{Schema: e.urn})
	}
	return b
}

// listResourceTypes is GET /ResourceTypes (RFC 7643 section 6), which is not paged.
func (h *handler) listResourceTypes(c call) (reply, error) {
	var all []any
	for _, t := range resourceTypes {
		all = append(all, c.resourceType(t))
	}
	return list(1, len(all), all), noFilter(c)
}

func (h *handler) getResourceType(c call) (reply, error) {
	for _, t := range resourceTypes {
		if lower(c.id) == lower(t.name) {
			body := c.resourceType(t)
			return reply{status: http.StatusOK, location: body.Meta.Location, body: body}, noFilter(c)
		}
	}
	return reply{}, notFound()
}

type schemaBody struct {
	Schemas     []string          `json:"schemas"`
	ID          string            `json:"id"`
	Name        string            `json:"name"`
	Description string            `json:"description"`
	Attributes  []attributeSchema `json:"attributes"`
	Meta        resourceMeta      `json:"meta"`
}

type attributeSchema struct {
	Name            string            `json:"name"`
	Type            kind              `json:"type"`
	MultiValued     bool              `json:"multiValued"`
	Description     string            `json:"description"`
	Required        bool              `json:"required"`
	CanonicalValues []string          `json:"canonicalValues,omitempty"`
	CaseExact       bool              `json:"caseExact"`
	Mutability      string            `json:"mutability"`
	Returned        string            `json:"returned"`
	Uniqueness      string            `json:"uniqueness"`
	ReferenceTypes  []string          `json:"referenceTypes,omitempty"`
	SubAttributes   []attributeSchema `json:"subAttributes,omitempty"`
}

func (c call) schemas() []schemaBody {
	var all []schemaBody
	add := func(urn, name, description string, attributes []attribute) {
		all = append(all, schemaBody{
			Schemas: []string{urnSchema}, ID: urn, Name: name, Description: description, Attributes: describe(attributes),
			Meta: resourceMeta{"Schema", c.base + "/Schemas/" + urn},
		})
	}
	// Of the common attributes externalId is described as well: Microsoft's checks
	// miss what clients can set and /Schemas does not list.
	externalID := *find(commonAttributes, "externalId")
	externalID.common = false
	for _, t := range resourceTypes {
		add(t.urn, t.title, t.description, append(append([]attribute{}, t.attributes...), externalID))
		for _, e := range t.extensions {
			add(e.urn, e.name, e.description, e.attributes)
		}
	}
	for _, s := range serviceSchemas {
		add(s.urn, s.name, s.description, s.attributes)
	}
	return all
}

// describe writes the table of attributes as RFC 7643 section 7 wants it.
func describe(in []attribute) []attributeSchema {
	var out []attributeSchema
	for _, a := range in {
		if a.common {
			continue
		}
		s := attributeSchema{
			Name: a.name, Type: a.kind, MultiValued: a.many, Description: a.description, Required: a.required,
			CanonicalValues: a.values, CaseExact: a.exact, Mutability: "readWrite", Returned: "default", Uniqueness: "none",
			ReferenceTypes: a.refers, SubAttributes: describe(a.sub),
		}
		switch {
		case a.readOnly:
			s.Mutability = "readOnly"
		case a.immutable:
			s.Mutability = "immutable"
		case a.writeOnly:
			s.Mutability, s.Returned = "writeOnly", "never"
		}
		if a.unique {
			s.Uniqueness = "server"
		}
		out = append(out, s)
	}
	return out
}

// listSchemas is GET /Schemas (RFC 7643 section 7), which is not paged.
func (h *handler) listSchemas(c call) (reply, error) {
	var all []any
	for _, s := range c.schemas() {
		all = append(all, s)
	}
	return list(1, len(all), all), noFilter(c)
}

func (h *handler) getSchema(c call) (reply, error) {
	for _, s := range c.schemas() {
		if lower(c.id) == lower(s.ID) {
			return reply{status: http.StatusOK, location: s.Meta.Location, body: s}, noFilter(c)
		}
	}
	return reply{}, notFound()
}

// noFilter refuses a filter on discovery, as RFC 7644 section 4 asks.
func noFilter(c call) error {
	values, err := parameters(c.r.URL)
	if err != nil {
		return err
	}
	if values.Has("filter") {
		return &problem{status: http.StatusForbidden, detail: "Discovery endpoints take no filter."}
	}
	return nil
}
