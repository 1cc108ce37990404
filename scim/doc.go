// Package scim is the door of the identity providers: SCIM 2.0 (RFC 7643,
// RFC 7644) under /scim/{team}/v2. It reads and writes the wire and knows no
// rules about members; those are verbs of roster. It never sees the database.
//
// A request walks through these files:
//
//  1. routes.go     the table of endpoints; 404, 405 and 501
//  2. auth.go       token -> Actor of one team, before anything else is looked at
//  3. negotiate.go  content types, Accept, size of the body
//  4. decode.go     bytes -> JSON tree: bounded, no duplicate names
//  5. document.go   JSON tree -> document: the attributes of schema.go, cleaned
//  6. patch.go      operations on a document; path.go reads their targets
//  7. resource.go   document <-> roster.ScimUser, roster.Member -> document
//  8. users.go      the verbs; list.go the queries
//  9. errors.go     every error -> one SCIM error document
//
// filter.go parses the whole filter grammar into a tree. filter_compile.go
// turns the trees that can be pushed down into a roster query and refuses the
// rest; match.go evaluates the ones inside value paths of PATCH.
//
// The door is tolerant where clients in the field differ - string booleans,
// operations and names in any case, dotted and URN keys, attributes and schema
// URNs it has never heard of - and strict where a guess could let somebody in:
// an absent "active" never reactivates anybody, a filter that is not understood
// is refused instead of answered with everybody, and all operations of a PATCH
// happen or none does.
package scim

// URNs of RFC 7643 section 10.3 and RFC 7644 section 8.2.
const (
	urnUser         = "urn:ietf:params:scim:schemas:core:2.0:User"
	urnGroup        = "urn:ietf:params:scim:schemas:core:2.0:Group"
	urnEnterprise   = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	urnBulk         = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
	urnResourceType = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
	urnConfig       = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
	urnSchema       = "urn:ietf:params:scim:schemas:core:2.0:Schema"
	urnList         = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
	urnError        = "urn:ietf:params:scim:api:messages:2.0:Error"
)
