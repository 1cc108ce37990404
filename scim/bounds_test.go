package scim_test

import (
	"fmt"
	"strings"
	"testing"
)

// keys writes n members of an object.
func keys(n int, name string) string {
	var out strings.Builder
	for i := range n {
		if i > 0 {
			out.WriteByte(',')
		}
		fmt.Fprintf(&out, `"`+name+`":1`, i)
	}
	return out.String()
}

// What a body makes the server do is bounded by more than its length: names are
// compared in pairs, and a megabyte of them would keep a processor for minutes.
func TestBodiesOfManyNames(t *testing.T) {
	eachStage(t, func(s *stage) {
		s.do("POST", "/Users", `{"userName":"`+s.name()+`","`+otherURN+`":{`+keys(500, "k%d")+`}}`).want(201, "").has(1, otherURN, "k499")
		// What it answers can be put back.
		made := s.do("POST", "/Users", `{"userName":"`+s.name()+`",`+keys(500, "k%d")+`}`).want(201, "")
		s.do("PUT", "/Users/"+made.id(), made.text).want(200, "").equal("put back", made.body)
		for _, n := range []int{501, 1001, 80_000} {
			s.do("POST", "/Users", `{"userName":"x@acme.test",`+keys(n, "k%d")+`}`).want(400, "invalidValue")
			s.do("POST", "/Users", `{"userName":"x@acme.test","`+otherURN+`":{`+keys(n, "k%d")+`}}`).want(400, "invalidValue")
			s.do("POST", "/Users", `{"userName":"x@acme.test","name":{`+keys(n, "k%d")+`}}`).want(400, "invalidValue")
			s.do("POST", "/Groups", `{"displayName":"x",`+keys(n, "k%d")+`}`).want(400, "invalidValue")
		}
		s.do("POST", "/Users", `{"userName":"x@acme.test","name":{`+keys(61, "k%d")+`}}`).want(400, "invalidValue")
		s.do("POST", "/Users", `{"userName":"x@acme.test","emails":[{`+keys(61, "k%d")+`}]}`).want(400, "invalidValue")
	})
}

// Nor does it grow by operations that are each within the bounds.
func TestPatchesOfManyNames(t *testing.T) {
	many := func(n int, op string) string {
		ops := make([]string, n)
		for i := range ops {
			ops[i] = strings.ReplaceAll(op, "{i}", fmt.Sprint(i))
		}
		return "[" + strings.Join(ops, ",") + "]"
	}
	list := func(n int) string { return "[" + strings.TrimSuffix(strings.Repeat("1,", n), ",") + "]" }
	eachStage(t, func(s *stage) {
		id := s.post(map[string]any{"emails": []any{map[string]any{"value": "a@x.test"}}, "list": []int{1, 2}, "bag": map[string]any{"a": 1}}).want(201, "").id()
		for what, ops := range map[string]string{
			"names, one by one":         many(600, `{"op":"add","path":"k{i}","value":1}`),
			"names, in bundles":         many(3, `{"op":"add","value":{`+keys(300, "k{i}x%d")+`}}`),
			"more than are counted":     many(5, `{"op":"add","value":{`+keys(450, "title%d")+`}}`),
			"names of an extension":     many(600, `{"op":"add","path":"`+otherURN+`:k{i}","value":1}`),
			"extensions":                many(600, `{"op":"add","path":"urn:example:e{i}:2.0:User:k","value":1}`),
			"parts of a name":           many(70, `{"op":"add","path":"name.k{i}","value":1}`),
			"parts of an address":       many(70, `{"op":"add","path":"emails.k{i}","value":1}`),
			"parts of a chosen address": many(70, `{"op":"add","path":"emails[value eq \"a@x.test\"].k{i}","value":1}`),
			"parts of an added address": many(3, `{"op":"add","path":"emails","value":[{"value":"a@x.test",`+keys(30, "k{i}x%d")+`}]}`),
			"members of a bag":          many(1000, `{"op":"add","path":"bag.k{i}","value":1}`),
			"bags":                      many(4, `{"op":"add","path":"bag","value":{`+keys(300, "k{i}x%d")+`}}`),
			"a long list":               `[{"op":"add","path":"list","value":` + list(1001) + `}]`,
			"a list that grows":         many(1000, `{"op":"add","path":"list","value":[{"n":{i}}]}`),
			"elements that are chosen":  strings.TrimSuffix(many(999, `{"op":"add","path":"list2[a eq \"{i}\"].b","value":1}`), "]") + `,{"op":"add","path":"list2","value":[1,2]}]`,
		} {
			if a := s.patch(id, ops); a.status != 400 || a.at("scimType") != "invalidValue" {
				s.t.Errorf("%s: %d %.300s", what, a.status, a.text)
			}
			s.do("GET", "/Users/"+id, "").want(200, "").has(2, "list", 1).has(nil, "list", 2).has(nil, "name").has(nil, "emails", 0, "k0")
		}
		// What is there already is not counted twice, nor is it added twice.
		s.patch(id, many(1000, `{"op":"add","path":"list","value":[1,{"a":1,"b":2}]}`)).want(200, "").equal("a list", []any{1, 2, map[string]any{"b": 2, "a": 1}}, "list")
		s.patch(id, `[{"op":"remove","path":"list","value":[{"b":2,"a":1},2]}]`).want(200, "").equal("a list", []any{1}, "list")
		s.patch(id, many(1000, `{"op":"replace","path":"bag.a","value":{i}}`)).want(200, "").has(999, "bag", "a")
	})
}
