package scim

import "strings"

// kind is the type of an attribute (RFC 7643 section 2.3).
type kind string

const (
	kindString  kind = "string"
	kindBoolean kind = "boolean"
	kindTime    kind = "dateTime"
	kindBinary  kind = "binary"
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
	writeOnly   bool // accepted, never kept and never returned
	immutable   bool
	always      bool // returned whatever "attributes" says
	exact       bool // compared to the letter
	unique      bool // no two resources may have the value
	bare        bool // a string stands for an object with this value
	values      []string
	refers      []string // referenceTypes
	description string
	sub         []attribute
	// common attributes belong to every resource and are not described in its
	// schema (RFC 7643 section 3.1).
	common bool
	// column attributes are kept by the roster itself and not in the document.
	column bool
}

// extension is a schema that a resource may have beside its own.
type extension struct {
	urn, short  string // short is what filters call it in the roster
	name        string
	description string
	attributes  []attribute
}

// resourceType describes a kind of resource (RFC 7643 section 6).
type resourceType struct {
	name, endpoint, urn string
	title, description  string
	attributes          []attribute
	extensions          []extension
}

var commonAttributes = []attribute{
	{name: "id", kind: kindString, readOnly: true, always: true, exact: true, common: true, column: true},
	{name: "externalId", kind: kindString, exact: true, common: true, column: true, description: "The client's own id of the resource, compared to the letter."},
	{name: "meta", kind: kindComplex, readOnly: true, common: true, column: true, sub: []attribute{
		{name: "resourceType", kind: kindString, readOnly: true, exact: true},
		{name: "created", kind: kindTime, readOnly: true},
		{name: "lastModified", kind: kindTime, readOnly: true},
		{name: "location", kind: kindURI, readOnly: true, exact: true},
		{name: "version", kind: kindString, readOnly: true, exact: true},
	}},
}

// multi is a multi-valued attribute with the usual sub-attributes (RFC 7643
// section 2.4).
func multi(name, description string, value kind, types ...string) attribute {
	v := attribute{name: "value", kind: value, description: "The value itself.", exact: value == kindBinary || value == kindURI}
	if value == kindURI {
		v.refers = []string{"external"}
	}
	return attribute{name: name, kind: kindComplex, many: true, description: description, sub: []attribute{
		v,
		{name: "display", kind: kindString, description: "How the value is shown to people."},
		{name: "type", kind: kindString, values: types, description: "What the value is for."},
		{name: "primary", kind: kindBoolean, description: "Whether this is the preferred one; true at most once."},
	}}
}

// userAttributes are the attributes of a User (RFC 7643 section 4.1).
var userAttributes = append(append([]attribute{}, commonAttributes...),
	attribute{name: "userName", kind: kindString, required: true, unique: true, column: true,
		description: "Identifies the person on the team for the identity provider; compared without regard to case."},
	attribute{name: "name", kind: kindComplex, description: "The parts of the person's name.", sub: []attribute{
		{name: "formatted", kind: kindString, description: "The full name as it is shown."},
		{name: "familyName", kind: kindString, description: "The family name, or last name."},
		{name: "givenName", kind: kindString, description: "The given name, or first name."},
		{name: "middleName", kind: kindString, description: "The middle names."},
		{name: "honorificPrefix", kind: kindString, description: "The title in front of the name."},
		{name: "honorificSuffix", kind: kindString, description: "The suffix behind the name."},
	}},
	attribute{name: "displayName", kind: kindString, description: "The name shown to the other members of the team."},
	attribute{name: "nickName", kind: kindString, description: "What friends call the person."},
	attribute{name: "profileUrl", kind: kindURI, exact: true, refers: []string{"external"}, description: "A page about the person."},
	attribute{name: "title", kind: kindString, description: "The job title."},
	attribute{name: "userType", kind: kindString, description: "The person's relation to the organisation."},
	attribute{name: "preferredLanguage", kind: kindString, description: "The languages that the person prefers, as in Accept-Language."},
	attribute{name: "locale", kind: kindString, description: "Where the person is, for dates and numbers."},
	attribute{name: "timezone", kind: kindString, description: "The time zone by its Olson name."},
	attribute{name: "active", kind: kindBoolean, column: true,
		description: "Whether the person may come in. False ends every session and API key on the team at once."},
	attribute{name: "password", kind: kindString, writeOnly: true, description: "Accepted from clients that must send one, and never kept."},
	multi("emails", "E-mail addresses. The primary one, else the one of type work, else the first is the account's.", kindString, "work", "home", "other"),
	multi("phoneNumbers", "Telephone numbers, kept as sent.", kindString, "work", "home", "mobile", "fax", "pager", "other"),
	multi("ims", "Addresses for instant messages.", kindString, "aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo"),
	multi("photos", "Pictures of the person.", kindURI, "photo", "thumbnail"),
	attribute{name: "addresses", kind: kindComplex, many: true, description: "Postal addresses.", sub: []attribute{
		{name: "formatted", kind: kindString, description: "The whole address as it is printed."},
		{name: "streetAddress", kind: kindString, description: "Street, house number and what belongs to them."},
		{name: "locality", kind: kindString, description: "The city."},
		{name: "region", kind: kindString, description: "The state or region."},
		{name: "postalCode", kind: kindString, description: "The postal code."},
		{name: "country", kind: kindString, description: "The country, by its two letters."},
		{name: "type", kind: kindString, values: []string{"work", "home", "other"}, description: "What the address is for."},
		{name: "primary", kind: kindBoolean, description: "Whether this is the preferred one; true at most once."},
	}},
	attribute{name: "groups", kind: kindComplex, many: true, readOnly: true, column: true, description: "The groups that the person is in.", sub: []attribute{
		{name: "value", kind: kindString, readOnly: true, exact: true, description: "The group's id."},
		{name: "$ref", kind: kindURI, readOnly: true, exact: true, refers: []string{"Group"}, description: "The group's address."},
		{name: "display", kind: kindString, readOnly: true, description: "The group's name."},
		{name: "type", kind: kindString, readOnly: true, values: []string{"direct"}, description: "Always direct: groups hold no groups."},
	}},
	multi("entitlements", "What the person is entitled to.", kindString),
	multi("roles", "The person's roles elsewhere; roles on the team follow groups.", kindString),
	multi("x509Certificates", "The person's certificates, DER in base64.", kindBinary),
)

var enterprise = extension{
	urn: urnEnterprise, short: "enterprise", name: "EnterpriseUser", description: "Enterprise User",
	attributes: []attribute{
		{name: "employeeNumber", kind: kindString, description: "The number that the organisation gave the person."},
		{name: "costCenter", kind: kindString, description: "The cost centre."},
		{name: "organization", kind: kindString, description: "The organisation."},
		{name: "division", kind: kindString, description: "The division."},
		{name: "department", kind: kindString, description: "The department."},
		{name: "manager", kind: kindComplex, bare: true, description: "The person's manager.", sub: []attribute{
			{name: "value", kind: kindString, exact: true, description: "The manager's id."},
			{name: "$ref", kind: kindURI, exact: true, refers: []string{"User"}, description: "The manager's address."},
			{name: "displayName", kind: kindString, readOnly: true, description: "Not kept: RFC 7643 leaves it to servers that know managers."},
		}},
	},
}

var userType = &resourceType{
	name: "User", endpoint: "/Users", urn: urnUser, title: "User", description: "User Account",
	attributes: userAttributes, extensions: []extension{enterprise},
}

// groupType is a Group (RFC 7643 section 4.2).
var groupType = &resourceType{
	name: "Group", endpoint: "/Groups", urn: urnGroup, title: "Group", description: "Group",
	attributes: append(append([]attribute{}, commonAttributes...),
		attribute{name: "displayName", kind: kindString, required: true, unique: true, column: true,
			description: "The group's name; compared without regard to case."},
		attribute{name: "members", kind: kindComplex, many: true, column: true, description: "The people in the group.", sub: []attribute{
			{name: "value", kind: kindString, immutable: true, exact: true, description: "The id of a User of this team."},
			{name: "$ref", kind: kindURI, immutable: true, exact: true, refers: []string{"User"}, description: "The User's address."},
			{name: "type", kind: kindString, immutable: true, values: []string{"User"}, description: "Always User."},
			{name: "display", kind: kindString, exact: true, description: "How the client calls the person."},
		}},
	),
}

// target is what a path names: an attribute, perhaps of an extension, perhaps
// with a sub-attribute; or an extension as a whole, without an attribute.
type target struct {
	ext       *extension
	attr, sub *attribute
	word      string // as it was asked for, in lower case; for projections
}

// found reports whether the path named anything that is kept.
func (t target) found() bool { return t.attr != nil || t.ext != nil }

// in is the name of the attribute for people.
func (t target) label() string {
	label := ""
	if t.ext != nil {
		label = t.ext.name
	}
	if t.attr != nil {
		label = t.attr.name
	}
	if t.sub != nil {
		label += "." + t.sub.name
	}
	return label
}

// resolve looks a path up among the attributes of a type.
func (r *resourceType) resolve(p attrPath) target {
	in := r.attributes
	var t target
	if p.uri != "" && lower(p.uri) != lower(r.urn) {
		for i := range r.extensions {
			switch e := &r.extensions[i]; {
			case lower(p.uri) == lower(e.urn):
				t.ext, in = e, e.attributes
			case p.sub == "" && lower(p.uri+":"+p.name) == lower(e.urn):
				return target{ext: e}
			}
		}
		if t.ext == nil {
			return target{}
		}
	}
	if t.attr = find(in, p.name); t.attr == nil {
		return target{}
	}
	if p.sub == "" {
		return t
	}
	if t.sub = find(t.attr.sub, p.sub); t.sub == nil {
		return target{}
	}
	return t
}

// qualified gives "manager" its URN, which Microsoft's documentation leaves out
// of paths and filters. Other names of extensions may be foreign attributes.
func (r *resourceType) qualified(p attrPath) attrPath {
	if p.uri != "" || find(r.attributes, p.name) != nil {
		return p
	}
	for i := range r.extensions {
		if a := find(r.extensions[i].attributes, p.name); a != nil && a.bare {
			p.uri = r.extensions[i].urn
		}
	}
	return p
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
		if len(in[i].name) == len(name) && strings.EqualFold(in[i].name, name) && lower(in[i].name) == lower(name) {
			return &in[i]
		}
	}
	return nil
}
