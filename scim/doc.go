// Package scim is the door of the identity providers: SCIM 2.0 (RFC 7643,
// RFC 7644, RFC 9865) under /scim/{team}/v2. It reads and writes the wire and knows no
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
//  7. resource.go   document <-> roster.ScimUser, roster.Member -> document; index.go
//     takes a document apart for filters
//  8. users.go, groups.go and group_patch.go  the verbs; conditional.go their versions
//  9. query.go      what a list was asked for; list.go and search.go answer it
//  10. bulk.go      the verbs again, many in one request
//  11. errors.go    every error -> one SCIM error document
//  12. calls.go     what is kept of the request for the team's admins; quirks.go
//
// filter.go parses the whole filter grammar into a tree. filter_compile.go turns
// it into a filter of the roster, which asks the database; match.go evaluates the
// ones inside value paths of PATCH.
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
	urnBulkRequest  = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
	urnBulk         = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
	urnPatch        = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	urnSearch       = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
	urnResourceType = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
	urnConfig       = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
	urnSchema       = "urn:ietf:params:scim:schemas:core:2.0:Schema"
	urnList         = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
	urnError        = "urn:ietf:params:scim:api:messages:2.0:Error"
)
