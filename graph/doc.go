// Package graph is the edge of the GraphQL door. The *.generated.go files are
// gqlgen's executor over the contract in schema/; the rest is written by hand
// and decides what reaches that executor:
//
//	handler.go     one request from its method to its answer
//	request.go     GET and POST into parameters; media types, sizes, the CSRF rule
//	multipart.go   POST with a file
//	negotiate.go   which of the two response media types the client wants
//	persisted.go   documents that a client names by their hash
//	document.go    parse, judge, validate, remember (cache.go)
//	limits.go      what a document may look like, judged before validation
//	rules.go       validation with and without suggestions
//	authorize.go   deny by default over the root fields of every operation
//	cost.go        what fields cost and how much an operation may
//	budget.go      how much a caller may spend within an hour
//	errors.go      every error into what the client may see (codes.go)
//	answer.go      status codes and bodies (GraphQL over HTTP, September 2026)
//	stream.go      subscriptions as server-sent events
//	refuse.go      what the server around it turned away
//	publish.go     the contract itself, for everybody
//	cursor.go      pages and their cursors
//
// The resolvers know none of this; they call domain rooms and return faults.
package graph
