package scim_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

const tenantURN = "urn:example:params:scim:schemas:extension:acme:2.0:User"

// What no RFC describes comes back as it was sent, under the same names.
func TestForeignAttributes(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		const sent = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","` + tenantURN + `"],"userName":"ada@acme.test",
			"badge":"B-7","floor":3,"ratio":1.50,"remote":true,"tags":["x","y"],"desk":{"room":"12b","seats":[{"n":1},{"n":2}]},
			"name":{"givenName":"Ada","katakana":"エイダ"},"emails":[{"value":"ada@acme.test","type":"work","verified":"yes"}],
			"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"R&D","building":"West"},
			"` + tenantURN + `":{"cohort":"2026","limits":{"cpu":4}}}`
		a := h.acme.do("POST", "/Users", sent).want(201, "")
		id := a.id()
		var want map[string]any
		if err := json.Unmarshal([]byte(sent), &want); err != nil {
			t.Fatal(err)
		}
		want["schemas"] = []any{"urn:ietf:params:scim:schemas:core:2.0:User", tenantURN, "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"}
		same := func(a answer) {
			t.Helper()
			for name, v := range want {
				got := a.body[name]
				if name == "schemas" {
					if len(got.([]any)) != 3 {
						t.Errorf("schemas: %v", got)
					}
					continue
				}
				if !reflect.DeepEqual(got, v) {
					t.Errorf("%s: %v, must be %v", name, got, v)
				}
			}
		}
		same(a)
		same(h.acme.do("GET", "/Users/"+id, ""))
		if a = h.acme.do("GET", "/Users/"+id, ""); !strings.Contains(a.text, `"ratio":1.50`) {
			t.Errorf("the number is another one: %s", a.text)
		}
		// A change of something else leaves them, and they do not count as changes.
		version := a.header.Get("ETag")
		a = h.acme.patch(id, `[{"op":"replace","value":{"title":"Countess"}}]`).want(200, "")
		same(a)
		again := h.acme.do("PUT", "/Users/"+id, a.text).want(200, "")
		same(again)
		if again.header.Get("ETag") != a.header.Get("ETag") || version == a.header.Get("ETag") {
			t.Errorf("versions: %s, %s, %s", version, a.header.Get("ETag"), again.header.Get("ETag"))
		}
		// PUT is the whole: what it leaves out is gone.
		a = h.acme.do("PUT", "/Users/"+id, `{"userName":"ada@acme.test","badge":"B-8"}`).want(200, "").has("B-8", "badge").has(nil, "floor").has(nil, tenantURN)
		if len(a.body["schemas"].([]any)) != 1 {
			t.Errorf("schemas: %v", a.body["schemas"])
		}
	})
}

func TestForeignPatch(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		id := h.acme.create("ada@acme.test")
		do := func(ops string) answer { t.Helper(); return h.acme.patch(id, ops).want(200, "") }
		do(`[{"op":"add","path":"badge","value":"B-7"}]`).has("B-7", "badge")
		do(`[{"op":"Replace","path":"BADGE","value":"B-9"}]`).has("B-9", "badge").has(nil, "BADGE")
		do(`[{"op":"add","value":{"tags":["a"],"desk.room":"12"}}]`).has("a", "tags", 0).has("12", "desk", "room")
		a := do(`[{"op":"add","path":"tags","value":["a","b"]},{"op":"add","path":"tags","value":"c"}]`)
		if !reflect.DeepEqual(a.at("tags"), []any{"a", "b", "c"}) {
			t.Errorf("tags: %v", a.at("tags"))
		}
		a = do(`[{"op":"remove","path":"tags","value":["b"]}]`)
		if !reflect.DeepEqual(a.at("tags"), []any{"a", "c"}) {
			t.Errorf("tags: %v", a.at("tags"))
		}
		do(`[{"op":"replace","path":"desk.room","value":"13"},{"op":"add","path":"desk.floor","value":2}]`).has("13", "desk", "room").has(2, "desk", "floor")
		do(`[{"op":"remove","path":"desk.room"}]`).has(nil, "desk", "room").has(2, "desk", "floor")
		do(`[{"op":"add","path":"`+tenantURN+`:cohort","value":"2026"}]`).has("2026", tenantURN, "cohort").has(tenantURN, "schemas", 1)
		do(`[{"op":"add","path":"`+tenantURN+`","value":{"limit":4}}]`).has("2026", tenantURN, "cohort").has(4, tenantURN, "limit")
		do(`[{"op":"replace","value":{"`+strings.ToUpper(tenantURN[4:5])+`x":1,"`+tenantURN+`:cohort":"2027"}}]`).has("2027", tenantURN, "cohort")
		do(`[{"op":"replace","value":{"`+tenantURN+`":{"cohort":"2028"}}}]`).has("2028", tenantURN, "cohort").has(4, tenantURN, "limit")
		do(`[{"op":"remove","path":"`+tenantURN+`:limit"}]`).has(nil, tenantURN, "limit")
		do(`[{"op":"remove","path":"`+tenantURN+`"}]`).has(nil, tenantURN).has(nil, "schemas", 1)
		do(`[{"op":"add","path":"pets","value":[{"name":"Rex","kind":"dog"},{"name":"Tom","kind":"cat"}]}]`)
		do(`[{"op":"replace","path":"pets[kind eq \"dog\"].name","value":"Max"}]`).has("Max", "pets", 0, "name").has("Tom", "pets", 1, "name")
		do(`[{"op":"remove","path":"pets[name eq \"Tom\"]"}]`).has(nil, "pets", 1)
		do(`[{"op":"add","path":"pets[kind eq \"owl\"].name","value":"Una"}]`).has("owl", "pets", 1, "kind")
		h.acme.patch(id, `[{"op":"replace","path":"pets[kind ne \"owl\" and kind ne \"dog\"].name","value":"Una"}]`).want(400, "noTarget")
		do(`[{"op":"add","path":"name.katakana","value":"x"},{"op":"add","path":"emails[type eq \"work\"].verified","value":true}]`).
			has("x", "name", "katakana").has(true, "emails", 0, "verified")
		do(`[{"op":"remove","path":"badge"}]`).has(nil, "badge")
		// What is asked for is shown, and nothing else.
		h.acme.do("GET", "/Users/"+id+"?attributes=desk.floor", "").want(200, "").has(2, "desk", "floor").has(nil, "pets").has(id, "id")
		h.acme.do("GET", "/Users/"+id+"?excludedAttributes=pets,name.katakana", "").want(200, "").has(2, "desk", "floor").has(nil, "pets").has(nil, "name")
	})
}

// Nothing of it reaches what Rollcall uses, and nothing that could be a secret stays.
func TestForeignAttacks(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		id := h.acme.create("ada@acme.test")
		h.acme.do("PUT", "/Users/"+id, `{"userName":"ada@acme.test","active":true}`).want(200, "")
		for name, ops := range map[string]string{
			"another resource's schema": `[{"op":"add","value":{"urn:ietf:params:scim:schemas:core:2.0:Group":{"displayName":"x","members":[]}}}]`,
			"a message":                 `[{"op":"add","value":{"urn:ietf:params:scim:api:messages:2.0:PatchOp":{"active":false}}}]`,
			"not a name":                `[{"op":"add","value":{"__proto__":{"active":false},"a b":1,"":2}}]`,
			"a secret":                  `[{"op":"add","value":{"userPassword":"x","clientSecret":"y","urn:x:y:2.0:User":{"passwordHash":"z"}}}]`,
			"a long s":                  `[{"op":"add","value":{"uſerName":"eve@acme.test","paſsword":"x"}}]`,
		} {
			a := h.acme.patch(id, ops).want(200, "")
			if len(a.body) != 5 && len(a.body) != 6 {
				t.Errorf("%s: %s", name, a.text)
			}
			a.has("ada@acme.test", "userName").has(true, "active").has(nil, "schemas", 1)
		}
		// Beside the known ones they are only what they are.
		h.acme.patch(id, `[{"op":"add","value":{"urn:x:y:2.0:User":{"active":false,"userName":"eve","groups":["g"]},"isAdmin":true,"role":"ADMIN"}}]`).
			want(200, "").has(true, "active").has("ada@acme.test", "userName").has(nil, "groups").has(false, "urn:x:y:2.0:User", "active")
		m, err := h.roster.MembershipsByID(h.operator(), nil)
		if err != nil || len(m) != 0 {
			t.Fatal(m, err)
		}
		deep := strings.Repeat(`{"a":`, 12) + "1" + strings.Repeat("}", 12)
		h.acme.patch(id, `[{"op":"add","path":"deep","value":`+deep+`}]`).want(400, "invalidValue")
		h.acme.patch(id, `[{"op":"add","path":"large","value":"`+strings.Repeat("x", 33<<10)+`"}]`).want(400, "invalidValue")
		half := strings.Repeat("x", 17<<10)
		h.acme.patch(id, `[{"op":"add","path":"one","value":"`+half+`"}]`).want(200, "")
		h.acme.patch(id, `[{"op":"add","path":"two","value":"`+half+`"}]`).want(400, "invalidValue")
		h.acme.do("GET", `/Users?filter=`+escape(`isAdmin eq true`), "").want(400, "invalidFilter")
	})
}
