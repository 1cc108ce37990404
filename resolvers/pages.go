package resolvers

import (
	"rollcall/graph"
	"rollcall/graph/model"
	"rollcall/models"
)

// listing is a page of rows as connections need it.
type listing[T any] struct {
	nodes []*T
	info  *model.PageInfo
	at    model.Cursors
}

// paged wraps the rows of a window. What lies on the side that the page came
// from is not looked up: its cursor came from there.
func paged[T any](list string, w models.Window, rows []T, more bool, mark func(*T) models.Mark) listing[T] {
	lister := graph.NewLister(list)
	out := listing[T]{nodes: pointers(rows)}
	out.at = func(i int) string { return lister.Cursor(mark(out.nodes[i])) }
	out.info = &model.PageInfo{HasNextPage: more, HasPreviousPage: w.After != nil}
	if w.Last {
		out.info.HasNextPage, out.info.HasPreviousPage = w.Before != nil, more
	}
	if n := len(rows); n > 0 {
		out.info.StartCursor, out.info.EndCursor = some(out.at(0)), some(out.at(n-1))
	}
	return out
}

// edges are a connection's nodes with their cursors.
func edges[N, E any](nodes []*N, at model.Cursors, edge func(cursor string, node *N) E) []E {
	out := make([]E, len(nodes))
	for i, n := range nodes {
		out[i] = edge(at(i), n)
	}
	return out
}
