package scim

// The schemas by which the server describes itself (RFC 7643 section 8.7.2, with
// the verified errata 5606, 7522 and 8415; RFC 9865 section 4). They are listed
// under /Schemas beside those of the resources, and describe what the other
// discovery endpoints answer.

const (
	kindInteger kind = "integer" // of what the server says of itself, never of a resource
)

// serviceSchema describes a resource that only the server writes.
type serviceSchema struct {
	urn, name, description string
	attributes             []attribute
}

var serviceSchemas = []serviceSchema{
	{urnConfig, "ServiceProviderConfig", "What the server supports", []attribute{
		told("documentationUri", kindURI, "Where the server is described for people.").to("external"),
		supported("patch", "Whether PATCH is supported."),
		supported("bulk", "Whether and how much Bulk is supported.",
			told("maxOperations", kindInteger, "How many operations one request may have.").must(),
			told("maxPayloadSize", kindInteger, "How many bytes one request may have.").must()),
		supported("filter", "Whether filters are supported.",
			told("maxResults", kindInteger, "How many resources one answer has at most.").must()),
		supported("changePassword", "Whether passwords can be changed."),
		supported("sort", "Whether lists can be sorted."),
		supported("etag", "Whether resources have versions."),
		group("pagination", "How lists are cut into pages.",
			told("cursor", kindBoolean, "Whether pages can be asked for by cursor.").must(),
			told("index", kindBoolean, "Whether pages can be asked for by startIndex.").must(),
			told("defaultPaginationMethod", kindString, "How pages are cut when the client does not say.").oneOf("cursor", "index"),
			told("defaultPageSize", kindInteger, "How many resources a page has when the client does not say."),
			told("maxPageSize", kindInteger, "How many resources a page has at most."),
			told("cursorTimeout", kindInteger, "For how many seconds a cursor is good.")),
		group("authenticationSchemes", "How clients prove who they are.",
			told("type", kindString, "The kind of scheme.").oneOf("oauth", "oauth2", "oauthbearertoken", "httpbasic", "httpdigest").must(),
			told("name", kindString, "What the scheme is called.").must(),
			told("description", kindString, "How the scheme works.").must(),
			told("specUri", kindURI, "The scheme's specification.").to("external"),
			told("documentationUri", kindURI, "How the scheme is used here.").to("external"),
			told("primary", kindBoolean, "Whether this is the preferred scheme.")).list().must(),
	}},
	{urnResourceType, "ResourceType", "A kind of resource", []attribute{
		told("id", kindString, "The same as name."),
		told("name", kindString, "What the kind is called.").must(),
		told("description", kindString, "What the kind is, for people."),
		told("endpoint", kindURI, "Where its resources are, from the base URL.").to("uri").must(),
		told("schema", kindURI, "The schema of its resources.").to("uri").must(),
		group("schemaExtensions", "Schemas that its resources may have besides.",
			told("schema", kindURI, "The extension's schema.").to("uri").must(),
			told("required", kindBoolean, "Whether every resource has the extension.").must()).list(),
	}},
	{urnSchema, "Schema", "A schema", []attribute{
		told("id", kindString, "The schema's URN.").must(),
		told("name", kindString, "What the schema is called."),
		told("description", kindString, "What the schema is, for people."),
		group("attributes", "The attributes of the schema.",
			append(characteristics(kindString, kindBoolean, "decimal", kindInteger, kindTime, kindBinary, kindURI, kindComplex),
				group("subAttributes", "The parts of a complex attribute.",
					characteristics(kindString, kindBoolean, "decimal", kindInteger, kindTime, kindBinary, kindURI)...).list())...).list().must(),
	}},
}

// characteristics describes what is said of an attribute that is of one of some types.
func characteristics(types ...kind) []attribute {
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = string(t)
	}
	return []attribute{
		told("name", kindString, "The attribute's name.").must(),
		told("type", kindString, "The type of its values.").oneOf(names...).must(),
		told("multiValued", kindBoolean, "Whether it may have several values.").must(),
		told("description", kindString, "What it is, for people."),
		told("required", kindBoolean, "Whether every resource has it.").must(),
		told("canonicalValues", kindString, "Values that are usual.").list(),
		told("caseExact", kindBoolean, "Whether capitals make a difference."),
		told("mutability", kindString, "Who may write it, and when.").oneOf("readOnly", "readWrite", "immutable", "writeOnly"),
		told("returned", kindString, "When it is part of an answer.").oneOf("always", "never", "default", "request"),
		told("uniqueness", kindString, "Among which resources a value is the only one.").oneOf("none", "server", "global"),
		told("referenceTypes", kindString, "What a reference may refer to.").list(),
	}
}

// told is an attribute that the server tells.
func told(name string, k kind, description string) attribute {
	return attribute{name: name, kind: k, readOnly: true, exact: k == kindURI, description: description}
}

func group(name, description string, sub ...attribute) attribute {
	a := told(name, kindComplex, description)
	a.sub = sub
	return a
}

// supported is an attribute that tells whether something is there.
func supported(name, description string, more ...attribute) attribute {
	return group(name, description, append([]attribute{told("supported", kindBoolean, "Whether it is.").must()}, more...)...).must()
}

func (a attribute) must() attribute { a.required = true; return a }
func (a attribute) list() attribute { a.many = true; return a }

func (a attribute) to(types ...string) attribute { a.refers = types; return a }

func (a attribute) oneOf(values ...string) attribute { a.values = values; return a }
