package scim

// kind is the type of an attribute (RFC 7643 section 2.3).
type kind string

const (
	kindString  kind = "string"
	kindBoolean kind = "boolean"
	kindTime    kind = "dateTime"
	kindURI     kind = "reference"
	kindComplex kind = "complex"
)

// attribute is the definition of an attribute and its characteristics (RFC
// 7643 section 2.2). One table of them drives what is read, patched, filtered,
// returned and described under /Schemas.
type attribute struct {
	name        string
	kind        kind
	many        bool
	required    bool
	readOnly    bool
	always      bool // returned whatever "attributes" says
	unique      bool // no two members may have the value
	values      []string
	description string
	sub         []attribute
	// common attributes belong to every resource and are not described in its
	// schema (RFC 7643 section 3.1).
	common bool
	// unlisted attributes are read for want of something better, not kept.
	unlisted bool
}

// userAttributes are the attributes of a User that are kept. Whatever else a
// client sends is ignored.
var userAttributes = []attribute{
	{name: "id", kind: kindString, readOnly: true, always: true, common: true},
	{name: "externalId", kind: kindString, common: true},
	{name: "meta", kind: kindComplex, readOnly: true, common: true, sub: []attribute{
		{name: "resourceType", kind: kindString, readOnly: true},
		{name: "created", kind: kindTime, readOnly: true},
		{name: "lastModified", kind: kindTime, readOnly: true},
		{name: "location", kind: kindURI, readOnly: true},
	}},
	{name: "userName", kind: kindString, required: true, unique: true,
		description: "Identifies the person on the team for the identity provider; compared without regard to case."},
	{name: "name", kind: kindComplex, description: "The parts of the person's name.", sub: []attribute{
		{name: "formatted", kind: kindString, unlisted: true},
		{name: "familyName", kind: kindString, description: "The family name, or last name."},
		{name: "givenName", kind: kindString, description: "The given name, or first name."},
	}},
	{name: "displayName", kind: kindString, description: "The name shown to the other members of the team."},
	{name: "emails", kind: kindComplex, many: true,
		description: "E-mail addresses. One is kept - the primary one, else the one of type work, else the first - and comes back as the primary one of type work.",
		sub: []attribute{
			{name: "value", kind: kindString, unique: true, description: "The e-mail address."},
			{name: "type", kind: kindString, values: []string{"work", "home", "other"}, description: "What the address is for."},
			{name: "primary", kind: kindBoolean, description: "Whether this is the main address."},
		}},
	{name: "active", kind: kindBoolean,
		description: "Whether the person may come in. False ends every session and API key on the team at once."},
}

// lower folds the ASCII letters of an attribute's name, which is all that the
// grammar of names allows. Unicode's rules would take "uſerName" for userName.
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// find returns the attribute called name, in any case, or nil.
func find(in []attribute, name string) *attribute {
	for i := range in {
		if lower(in[i].name) == lower(name) {
			return &in[i]
		}
	}
	return nil
}

// resolve looks a path up among the attributes of a User. Both are nil when
// it names nothing that is kept; sub is nil when it names no sub-attribute.
func resolve(p attrPath) (attr, sub *attribute) {
	if p.uri != "" && lower(p.uri) != lower(urnUser) {
		return nil, nil
	}
	attr = find(userAttributes, p.name)
	if attr == nil || p.sub == "" {
		return attr, nil
	}
	if sub = find(attr.sub, p.sub); sub == nil {
		return nil, nil
	}
	return attr, sub
}
