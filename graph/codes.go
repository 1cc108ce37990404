package graph

import (
	"net/http"

	"rollcall/fault"
)

// Code is the value of extensions.code in a top-level error.
type Code string

// Codes of requests that are not well-formed GraphQL-over-HTTP requests. They
// set the status whatever the media type of the answer.
const (
	CodeBadRequest       Code = "BAD_REQUEST"
	CodeMethodNotAllowed Code = "METHOD_NOT_ALLOWED"
	CodeNotAcceptable    Code = "NOT_ACCEPTABLE"
	CodeUnsupportedType  Code = "UNSUPPORTED_MEDIA_TYPE"
	CodeRequestTooLarge  Code = "REQUEST_TOO_LARGE"
	CodePreflight        Code = "PREFLIGHT_REQUIRED"
	CodeInternal         Code = Code(fault.InternalError)
)

// Codes of well-formed requests that are refused before execution.
const (
	CodeParseFailed      Code = "GRAPHQL_PARSE_FAILED"
	CodeValidationFailed Code = "GRAPHQL_VALIDATION_FAILED"
	CodeBadUserInput     Code = "BAD_USER_INPUT"
	CodeDocumentTooLarge Code = "DOCUMENT_TOO_LARGE"
	CodeDocumentTooDeep  Code = "DOCUMENT_TOO_DEEP"
	CodeTooComplex       Code = "COMPLEXITY_LIMIT_EXCEEDED"
	CodeNoIntrospection  Code = "INTROSPECTION_DISABLED"
	CodeUnauthenticated  Code = Code(fault.NotSignedIn)
	CodeForbidden        Code = Code(fault.Forbidden)
	CodeRateLimited      Code = Code(fault.RateLimited)
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
	CodeRateLimited:     http.StatusTooManyRequests,
}

// codeOf is the code with which a fault outside of userErrors is shown.
func codeOf(f *fault.Error) Code {
	switch f.Kind {
	case fault.Invalid:
		return CodeBadUserInput
	case fault.NotFound, fault.Conflict, fault.Precondition:
		return Code(f.Code)
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
