package fault

// Codes of requests to the GraphQL door that are refused before a verb is asked:
// they are not well formed, not valid or too much.
const (
	BadRequest           Code = "BAD_REQUEST"
	MethodNotAllowed     Code = "METHOD_NOT_ALLOWED"
	NotAcceptable        Code = "NOT_ACCEPTABLE"
	UnsupportedMediaType Code = "UNSUPPORTED_MEDIA_TYPE"
	RequestTooLarge      Code = "REQUEST_TOO_LARGE"
	PreflightRequired    Code = "PREFLIGHT_REQUIRED"
	ParseFailed          Code = "GRAPHQL_PARSE_FAILED"
	ValidationFailed     Code = "GRAPHQL_VALIDATION_FAILED"
	BadUserInput         Code = "BAD_USER_INPUT"
	DocumentTooLarge     Code = "DOCUMENT_TOO_LARGE"
	DocumentTooDeep      Code = "DOCUMENT_TOO_DEEP"
	TooComplex           Code = "COMPLEXITY_LIMIT_EXCEEDED"
	NoIntrospection      Code = "INTROSPECTION_DISABLED"
	PersistedNotFound    Code = "PERSISTED_QUERY_NOT_FOUND"
)

// Edge is the table's second half: the codes of the GraphQL door alone. They
// stand in extensions.code and never in userErrors.
var Edge = []Entry{
	{BadRequest, Invalid, "The request is not a GraphQL-over-HTTP request.", "See the message; a request is one JSON object with the parameter query."},
	{MethodNotAllowed, Invalid, "The method does not fit.", "Use POST; GET is for queries."},
	{NotAcceptable, Invalid, "No answer can be given in a media type that the client takes.", "Accept application/graphql-response+json or application/json; for subscriptions text/event-stream."},
	{UnsupportedMediaType, Invalid, "The body is not of a type that is read here.", "Send JSON in UTF-8, not compressed, as application/json."},
	{RequestTooLarge, Limited, "The request is larger than 256 KiB, or than 600 KiB with a file.", "Send less; values belong into variables."},
	{PreflightRequired, Denied, "The request could have been forged by a page of another site.", "Send the header X-Rollcall-Request with any value, or an API key."},
	{ParseFailed, Invalid, "The document is not GraphQL.", "See the place that the error names."},
	{ValidationFailed, Invalid, "The document does not fit the schema.", "See the message; the schema is at /schema.graphql."},
	{BadUserInput, Invalid, "A value does not fit its type or is out of range.", "See the message for what the value may be."},
	{DocumentTooLarge, Limited, "The document has more of something than the limit.", "See the message; split the document."},
	{DocumentTooDeep, Limited, "The document is nested deeper than the limit.", "Ask for less at once."},
	{TooComplex, Limited, "The operation costs more than the limit.", "Ask for smaller pages or fewer fields."},
	{NoIntrospection, Denied, "The schema is not read here without a credential.", "Sign in or send an API key, or read /schema.graphql."},
	{PersistedNotFound, NotFound, "No document with this hash is known to this replica.", "Send the document beside its hash."},
}
