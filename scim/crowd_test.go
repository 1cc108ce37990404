package scim_test

import (
	"fmt"
	"strings"
	"testing"
)

// several joins n pieces.
func several(n int, piece func(i int) string) string {
	pieces := make([]string, n)
	for i := range pieces {
		pieces[i] = piece(i)
	}
	return strings.Join(pieces, ",")
}

// Bodies of the size that is allowed, whose names or values would each be compared
// with all others, are refused before that: each took from a minute to hours.
func TestCrowdedBodies(t *testing.T) {
	key := func(i int) string { return fmt.Sprintf(`"k%d":1`, i) }
	keys := several(60_000, key)
	operations := several(900, func(i int) string { // every one with names of its own
		return `{"op":"add","value":{` + several(60, func(n int) string { return fmt.Sprintf(`"k%d_%d":1`, i, n) }) + `}}`
	})
	members := several(900, func(i int) string { return `{"op":"add","path":"name","value":{` + key(i) + `}}` })
	numbers := several(150_000, func(i int) string { return fmt.Sprint(i) })
	lists := several(100, func(i int) string {
		return `{"op":"add","path":"shoe","value":[` + several(1_000, func(n int) string { return fmt.Sprint(i*1_000 + n) }) + `]}`
	})
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		user := c.create("ada@acme.test")
		group := c.group("Ops")
		before := c.do("GET", "", "").text
		c.do("POST", "/Users", `{"userName":"eve@acme.test",`+keys+`}`).want(400, "invalidSyntax")
		c.do("POST", "/Users", `{"userName":"eve@acme.test","name":{`+keys+`}}`).want(400, "invalidSyntax")
		c.do("PUT", "/Users/"+user, `{"userName":"ada@acme.test","urn:x:y:2.0:User":{`+keys+`}}`).want(400, "invalidSyntax")
		c.do("POST", "/Groups", `{"displayName":"Dev",`+several(600_000, key)+`}`).want(400, "invalidSyntax")
		c.do("POST", "/Users", `{"userName":"eve@acme.test",`+several(600, key)+`}`).want(400, "invalidValue")
		c.do("POST", "/Users", `{"userName":"eve@acme.test","name":{`+several(600, key)+`}}`).want(400, "invalidValue")
		c.do("POST", "/Users", `{"userName":"eve@acme.test","urn:x:y:2.0:User":{`+several(600, key)+`}}`).want(400, "invalidValue")
		c.patch(user, "["+operations+"]").want(400, "invalidValue")
		c.patchGroup(group, "["+operations+"]").want(400, "invalidValue")
		c.patch(user, "["+members+"]").want(400, "invalidValue")
		c.patch(user, `[{"op":"add","path":"shoe","value":[0]},{"op":"add","path":"shoe","value":[`+numbers+`]}]`).want(400, "invalidValue")
		c.patch(user, "["+lists+"]").want(400, "invalidValue")
		if after := c.do("GET", "", "").text; after != before {
			t.Errorf("changed from %s to %s", before, after)
		}
		c.do("POST", "/Users", `{"userName":"bob@acme.test",`+several(400, key)+`}`).want(201, "").has(1.0, "k399")
	})
}
