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

type configBody struct {
	Schemas               []string               `json:"schemas"`
	Patch                 support                `json:"patch"`
	Bulk                  bulkSupport            `json:"bulk"`
	Filter                filterSupport          `json:"filter"`
	ChangePassword        support                `json:"changePassword"`
	Sort                  support                `json:"sort"`
	Etag                  support                `json:"etag"`
	AuthenticationSchemes []authenticationScheme `json:"authenticationSchemes"`
	Meta                  resourceMeta           `json:"meta"`
}

// getConfig is GET /ServiceProviderConfig (RFC 7643 section 5).
func (h *handler) getConfig(c call) (reply, error) {
	if err := noFilter(c); err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusOK, body: configBody{
		Schemas: []string{urnConfig},
		Patch:   support{true},
		Filter:  filterSupport{Supported: true, MaxResults: maxCount},
		AuthenticationSchemes: []authenticationScheme{{
			Type: "oauthbearertoken", Name: "SCIM token", Primary: true,
			Description: "A SCIM token of the team, sent as a bearer token.",
			SpecURI:     "https://www.rfc-editor.org/rfc/rfc6750",
		}},
		Meta: resourceMeta{"ServiceProviderConfig", c.base + "/ServiceProviderConfig"},
	}}, nil
}

type resourceTypeBody struct {
	Schemas     []string     `json:"schemas"`
	ID          string       `json:"id"`
	Name        string       `json:"name"`
	Endpoint    string       `json:"endpoint"`
	Description string       `json:"description"`
	Schema      string       `json:"schema"`
	Meta        resourceMeta `json:"meta"`
}

func (c call) resourceType() resourceTypeBody {
	return resourceTypeBody{
		Schemas: []string{urnResourceType}, ID: "User", Name: "User", Endpoint: "/Users",
		Description: "A member of the team.", Schema: urnUser,
		Meta: resourceMeta{"ResourceType", c.base + "/ResourceTypes/User"},
	}
}

// listResourceTypes is GET /ResourceTypes (RFC 7643 section 6), which is not paged.
func (h *handler) listResourceTypes(c call) (reply, error) {
	return list(1, 1, []any{c.resourceType()}), noFilter(c)
}

func (h *handler) getResourceType(c call) (reply, error) {
	if c.id != "User" {
		return reply{}, notFound()
	}
	return reply{status: http.StatusOK, body: c.resourceType()}, noFilter(c)
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
	SubAttributes   []attributeSchema `json:"subAttributes,omitempty"`
}

func (c call) userSchema() schemaBody {
	return schemaBody{
		Schemas: []string{urnSchema}, ID: urnUser, Name: "User", Description: "A member of the team.",
		Attributes: describe(userAttributes),
		Meta:       resourceMeta{"Schema", c.base + "/Schemas/" + urnUser},
	}
}

// describe writes the table of attributes as RFC 7643 section 7 wants it.
func describe(in []attribute) []attributeSchema {
	var out []attributeSchema
	for _, a := range in {
		if a.common || a.unlisted {
			continue
		}
		s := attributeSchema{
			Name: a.name, Type: a.kind, MultiValued: a.many, Description: a.description, Required: a.required,
			CanonicalValues: a.values, Mutability: "readWrite", Returned: "default", Uniqueness: "none",
			SubAttributes: describe(a.sub),
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
	return list(1, 1, []any{c.userSchema()}), noFilter(c)
}

func (h *handler) getSchema(c call) (reply, error) {
	if lower(c.id) != lower(urnUser) {
		return reply{}, notFound()
	}
	return reply{status: http.StatusOK, body: c.userSchema()}, noFilter(c)
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
