package scim_test

import (
	"encoding/json"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

const shopURN = "urn:example:params:scim:schemas:extension:shop:2.0:Group"

// Of a group, too, what no RFC describes comes back as it was sent.
func TestForeignAttributesOfGroups(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		ada := c.create("ada@acme.test")
		const own = `"owner":{"id":"x","name":"Eve"},"cost":1.50,"tags":["a","b"],"` + shopURN + `":{"till":3,"open":true}`
		a := c.do("POST", "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group","http://schemas.example/Group"],"displayName":"Shop",`+own+`,"members":[{"value":"`+ada+`"}]}`).want(201, "")
		id := a.id()
		var want map[string]any
		if err := json.Unmarshal([]byte(`{`+own+`}`), &want); err != nil {
			t.Fatal(err)
		}
		same := func(a answer) answer {
			t.Helper()
			for name, v := range want {
				if !reflect.DeepEqual(a.body[name], v) {
					t.Errorf("%s: %v, must be %v", name, a.body[name], v)
				}
			}
			if got := a.at("schemas"); !reflect.DeepEqual(got, []any{"urn:ietf:params:scim:schemas:core:2.0:Group", shopURN}) {
				t.Errorf("schemas: %v", got)
			}
			return a
		}
		same(a)
		a = same(c.do("GET", "/Groups/"+id, "").want(200, ""))
		same(c.do("PUT", "/Groups/"+id, a.text).want(200, ""))
		if again := c.do("GET", "/Groups/"+id, ""); again.header.Get("ETag") != a.header.Get("ETag") {
			t.Errorf("a new version for nothing: %s", again.header.Get("ETag"))
		}
		c.patchGroup(id, `[{"op":"replace","value":{"displayName":"Till"}},{"op":"remove","path":"members[value eq \"`+ada+`\"]"}]`).want(204, "")
		same(c.do("GET", "/Groups/"+id, "").want(200, ""))

		version := c.do("GET", "/Groups/"+id, "").header.Get("ETag")
		c.patchGroup(id, `[{"op":"replace","path":"owner.name","value":"Bob"},{"op":"add","path":"tags","value":["c"]},{"op":"remove","path":"cost"},
			{"op":"replace","value":{"`+shopURN+`:till":4,"floor":"2"}}]`).want(204, "")
		a = c.do("GET", "/Groups/"+id, "").want(200, "").has("Bob", "owner", "name").has("c", "tags", 2).has(nil, "cost").has(4, shopURN, "till").has(true, shopURN, "open").has("2", "floor")
		if a.header.Get("ETag") == version {
			t.Error("the version stays")
		}
		c.with("If-Match", version).do("PATCH", "/Groups/"+id, patchOp+`[{"op":"add","path":"floor","value":"3"}]}`).want(412, "")
		c.do("GET", "/Groups/"+id+"?attributes=floor,"+shopURN+":till", "").want(200, "").has("2", "floor").has(4, shopURN, "till").has(nil, shopURN, "open").has(nil, "displayName")
		c.do("GET", "/Groups/"+id+"?excludedAttributes="+shopURN, "").want(200, "").has(nil, shopURN).has("2", "floor")
		c.do("GET", "/Groups?filter="+url.QueryEscape(`floor eq "2"`), "").want(400, "invalidFilter")

		// PUT is the whole, and secrets and what is too large are never kept.
		c.do("PUT", "/Groups/"+id, `{"displayName":"Till","clientSecret":"s3cret","meta":{"x":1},"id":"y","floor":null}`).want(200, "").has(nil, "owner").has(nil, "floor").has(nil, shopURN).has(nil, "clientSecret").has(id, "id")
		c.do("POST", "/Groups", `{"displayName":"Large","large":"`+strings.Repeat("x", 33<<10)+`"}`).want(400, "invalidValue")
		c.patchGroup(id, `[{"op":"add","path":"large","value":"`+strings.Repeat("x", 33<<10)+`"}]`).want(400, "invalidValue")
		// Nothing of the roster is called by them.
		c.do("GET", "/Groups", "").want(200, "").has(1, "totalResults").has(nil, "Resources", 0, "large")
	})
}

// Sixteen who add to what no RFC describes, while sixteen push members: nothing is lost.
func TestForeignAttributesOfGroupsAtOnce(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		people := make([]string, 8)
		for i := range people {
			people[i] = c.create("p" + strconv.Itoa(i) + "@acme.test")
		}
		id := c.group("Ops")
		jobs := make(chan string, 16)
		for i, p := range people {
			jobs <- `[{"op":"add","path":"members","value":[{"value":"` + p + `"}]}]`
			jobs <- `[{"op":"add","path":"note` + strconv.Itoa(i) + `","value":"x"}]`
		}
		if counts := atOnce(16, func() answer { return c.patchGroup(id, <-jobs) }); counts[204] != 16 {
			t.Errorf("%v", counts)
		}
		a := c.do("GET", "/Groups/"+id, "").want(200, "")
		for i := range people {
			a.has("x", "note"+strconv.Itoa(i))
		}
		if got, _ := a.at("members").([]any); len(got) != len(people) {
			t.Errorf("%d members", len(got))
		}
	})
}

// What the client calls a member follows the client.
func TestNamesOfMembers(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		ada, bob := c.create("ada@acme.test"), c.create("bob@acme.test")
		id := c.do("POST", "/Groups", `{"displayName":"Ops","members":[{"value":"`+ada+`","display":"Ada"},{"value":"`+bob+`"}]}`).want(201, "").id()
		called := func(a, b any) {
			t.Helper()
			got := map[any]any{}
			list, _ := c.do("GET", "/Groups/"+id, "").want(200, "").at("members").([]any)
			for _, m := range list {
				got[m.(map[string]any)["value"]] = m.(map[string]any)["display"]
			}
			if len(got) != 2 || got[ada] != a || got[bob] != b {
				t.Errorf("called %v", got)
			}
		}
		called("Ada", nil)
		version := c.do("GET", "/Groups/"+id, "").header.Get("ETag")
		c.do("PUT", "/Groups/"+id, `{"displayName":"Ops","members":[{"value":"`+ada+`","display":"Ada L."},{"value":"`+bob+`","display":"Bob"}]}`).want(200, "").has("Ada L.", "members", 0, "display")
		called("Ada L.", "Bob")
		if c.do("GET", "/Groups/"+id, "").header.Get("ETag") == version {
			t.Error("the version stays")
		}
		c.patchGroup(id, `[{"op":"add","path":"members","value":[{"value":"`+ada+`"},{"value":"`+bob+`","display":"B."}]}]`).want(204, "")
		called("Ada L.", "B.")
		c.patchGroup(id, `[{"op":"replace","path":"members[value eq \"`+ada+`\"].display","value":"Countess"},{"op":"remove","path":"members[value eq \"`+bob+`\"].display"}]`).want(204, "")
		called("Countess", nil)
		// That puts nobody into the group.
		eve := c.create("eve@acme.test")
		c.patchGroup(id, `[{"op":"replace","path":"members[value eq \"`+eve+`\"].display","value":"Eve"}]`).want(204, "")
		called("Countess", nil)
		c.patchGroup(id, `[{"op":"replace","path":"members[display eq \"nobody\"].display","value":"Eve"}]`).want(400, "noTarget")
		c.patchGroup(id, `[{"op":"replace","path":"members[value eq \"`+ada+`\"].display","value":7}]`).want(400, "invalidValue")
	})
}
