// Package model holds the parts of the GraphQL schema that are not rows: the
// inputs, payloads and connections that gqlgen generates, and the hand-written
// scalars and the Node interface that it binds to.
package model
