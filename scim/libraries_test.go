package scim_test

import (
	"slices"
	"testing"
)

// What libraries of clients do by themselves: curl leaves quotes and letters
// beyond ASCII as they are, others semicolons. None sends a space: curl, Node and
// Python refuse to or escape it, and net/http reads no such request line.
func TestQueryStringsOfLibraries(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		id := c.create("a;b&é")
		for _, query := range []string{`filter=userName%20eq%20%22a;b%26%C3%A9%22`, `filter=userName+eq+"a;b%26é"&attributes=id`, `filter=userName%20eq%20"a%3bb%26%c3%a9"`} {
			c.do("GET", "/Users?"+query, "").want(200, "").has(1, "totalResults").has(id, "Resources", 0, "id")
		}
		c.do("GET", "/Users?startIndex=1;filter=userName%20pr", "").want(400, "invalidSyntax") // it separates nothing
		c.do("GET", "/Users?filter=userName%20eq%20%zz", "").want(400, "invalidSyntax")
	})
}

// The type that a library puts on a text when nobody told it one is tolerated
// and told to the team's admins.
func TestFilledInContentType(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.acme.with("Content-Type", "application/x-www-form-urlencoded").do("POST", "/Users", `{"userName":"ada@acme.test"}`).want(201, "")
		if calls := h.acme.calls(); len(calls) != 1 || !slices.Contains(calls[0].Quirks, "content type of the client's library") {
			t.Errorf("%+v", calls)
		}
	})
}
