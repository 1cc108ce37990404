package model

import "context"

// Counter counts the whole list that a connection is a page of. It runs only
// when the count is asked for.
type Counter func(ctx context.Context) (int, error)

// Cursors are those of a connection's nodes, by their place on the page. They
// are made only when edges are asked for.
type Cursors func(i int) string

// Actor is whoever did something: a user, an API key or a SCIM token. The rows
// of package models implement it.
type Actor interface {
	IsActor()
}
