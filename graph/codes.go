package graph

import (
	"net/http"

	"rollcall/fault"
)

// Code is the value of extensions.code in a top-level error. Its table is
// fault's.
type Code = fault.Code

// Codes of requests that are not well-formed GraphQL-over-HTTP requests. They
// set the status whatever the media type of the answer.
const (
	CodeBadRequest       = fault.BadRequest
	CodeMethodNotAllowed = fault.MethodNotAllowed
	CodeNotAcceptable    = fault.NotAcceptable
	CodeUnsupportedType  = fault.UnsupportedMediaType
	CodeRequestTooLarge  = fault.RequestTooLarge
	CodePreflight        = fault.PreflightRequired
	CodeInternal         = fault.InternalError
)

// Codes of well-formed requests that are refused before execution.
const (
	CodeParseFailed       = fault.ParseFailed
	CodeValidationFailed  = fault.ValidationFailed
	CodeBadUserInput      = fault.BadUserInput
	CodeDocumentTooLarge  = fault.DocumentTooLarge
	CodeDocumentTooDeep   = fault.DocumentTooDeep
	CodeTooComplex        = fault.TooComplex
	CodeNoIntrospection   = fault.NoIntrospection
	CodePersistedNotFound = fault.PersistedNotFound
	CodeUnauthenticated   = fault.NotSignedIn
	CodeForbidden         = fault.Forbidden
	CodeRateLimited       = fault.RateLimited
	CodeUnverified        = fault.EmailUnverified
)

// malformed are the codes that set the status of any media type.
var malformed = map[Code]int{
	CodeBadRequest:       http.StatusBadRequest,
	CodeMethodNotAllowed: http.StatusMethodNotAllowed,
	CodeNotAcceptable:    http.StatusNotAcceptable,
	CodeUnsupportedType:  http.StatusUnsupportedMediaType,
	CodeRequestTooLarge:  http.StatusRequestEntityTooLarge,
	CodePreflight:        http.StatusForbidden,
	CodeInternal:         http.StatusInternalServerError,
}

// refused are the statuses of application/graphql-response+json for requests
// that were understood and not executed. What is not named here is 400.
var refused = map[Code]int{
	CodeNoIntrospection: http.StatusForbidden,
	CodeUnauthenticated: http.StatusUnauthorized,
	CodeForbidden:       http.StatusForbidden,
	CodeUnverified:      http.StatusForbidden,
	CodeRateLimited:     http.StatusTooManyRequests,
}

// codeOf is the code with which a fault outside of userErrors is shown.
func codeOf(f *fault.Error) Code {
	switch f.Kind {
	case fault.Invalid:
		return CodeBadUserInput
	case fault.NotFound, fault.Conflict, fault.Precondition:
		return f.Code
	case fault.Denied:
		return CodeForbidden
	case fault.Unauthenticated:
		return CodeUnauthenticated
	case fault.Limited:
		return CodeRateLimited
	case fault.Internal:
		return CodeInternal
	default:
		return CodeInternal
	}
}
