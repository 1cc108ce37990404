package scim_test

import (
	"testing"

	"rollcall/models"
)

func TestVersions(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		made := c.do("POST", "/Users", `{"userName":"ada@acme.test"}`).want(201, "")
		id, first := made.id(), made.header.Get("ETag")
		made.has(first, "meta", "version")
		if first == "" || c.do("GET", "/Users/"+id, "").header.Get("ETag") != first {
			t.Fatalf("the ETag is %q", first)
		}
		if a := c.with("If-None-Match", first).do("GET", "/Users/"+id, "").want(304, ""); a.header.Get("ETag") != first {
			t.Errorf("304 with %q", a.header.Get("ETag"))
		}
		c.with("If-None-Match", `"other", `+first).do("GET", "/Users/"+id, "").want(304, "")
		c.with("If-None-Match", "*").do("GET", "/Users/"+id, "").want(304, "")
		c.with("If-None-Match", `W/"0"`).do("GET", "/Users/"+id, "").want(200, "")
		// A change that changes nothing keeps the version.
		if a := c.with("If-Match", first).do("PUT", "/Users/"+id, `{"userName":"ada@acme.test"}`).want(200, ""); a.header.Get("ETag") != first {
			t.Errorf("a new version %q for nothing", a.header.Get("ETag"))
		}
		second := c.with("If-Match", first).do("PATCH", "/Users/"+id, patchOp+`[{"op":"add","path":"title","value":"x"}]}`).want(200, "").header.Get("ETag")
		if second == first {
			t.Error("the version stays")
		}
		for _, a := range []answer{
			c.with("If-Match", first).do("PATCH", "/Users/"+id, patchOp+`[{"op":"add","path":"title","value":"y"}]}`),
			c.with("If-Match", first).do("PUT", "/Users/"+id, `{"userName":"ada@acme.test"}`),
			c.with("If-Match", first).do("DELETE", "/Users/"+id, ""),
			c.with("If-None-Match", "*").do("PUT", "/Users/"+id, `{"userName":"ada@acme.test"}`),
		} {
			a.want(412, "")
		}
		c.do("GET", "/Users/"+id, "").has("x", "title")
		// What another door does is a new version, and so is a group.
		if _, err := h.roster.Deactivate(h.operator(), models.ID(id), ""); err != nil {
			t.Fatal(err)
		}
		c.with("If-None-Match", second).do("GET", "/Users/"+id, "").want(200, "").has(false, "active")
		third := c.do("GET", "/Users/"+id, "").header.Get("ETag")
		group := c.group("Ops", id)
		c.with("If-None-Match", third).do("GET", "/Users/"+id, "").want(200, "").has("Ops", "groups", 0, "display")
		c.with("If-Match", "*").do("DELETE", "/Users/"+id, "").want(204, "")

		tag := c.do("GET", "/Groups/"+group, "").header.Get("ETag")
		c.with("If-None-Match", tag).do("GET", "/Groups/"+group, "").want(304, "")
		moved := c.with("If-Match", tag).do("PATCH", "/Groups/"+group, patchOp+`[{"op":"replace","value":{"displayName":"Dev"}}]}`).want(204, "").header.Get("ETag")
		c.with("If-Match", tag).do("PATCH", "/Groups/"+group, patchOp+`[{"op":"replace","value":{"displayName":"x"}}]}`).want(412, "")
		c.with("If-Match", tag).do("PUT", "/Groups/"+group, `{"displayName":"x"}`).want(412, "")
		c.with("If-Match", tag).do("DELETE", "/Groups/"+group, "").want(412, "")
		c.with("If-Match", moved).do("DELETE", "/Groups/"+group, "").want(204, "")
	})
}

// Of sixteen who changed the same version at once one has.
func TestVersionsAtOnce(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		made := c.do("POST", "/Users", `{"userName":"ada@acme.test"}`).want(201, "")
		bound := c.with("If-Match", made.header.Get("ETag"))
		n := 0
		titles := make(chan string, 16)
		for _, r := range "abcdefghijklmnop" {
			titles <- string(r)
			n++
		}
		counts := atOnce(n, func() answer {
			return bound.do("PATCH", "/Users/"+made.id(), patchOp+`[{"op":"add","path":"title","value":"`+<-titles+`"}]}`)
		})
		if counts[200] != 1 || counts[412] != n-1 {
			t.Errorf("%v", counts)
		}
	})
}
