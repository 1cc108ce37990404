package scim_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// claim is an attribute as /Schemas describes it.
type claim struct {
	Name          string  `json:"name"`
	Type          string  `json:"type"`
	MultiValued   bool    `json:"multiValued"`
	Required      bool    `json:"required"`
	CaseExact     bool    `json:"caseExact"`
	Mutability    string  `json:"mutability"`
	Returned      string  `json:"returned"`
	Uniqueness    string  `json:"uniqueness"`
	SubAttributes []claim `json:"subAttributes"`
}

// cell is one attribute, or a part of one, with what it stands in.
type cell struct {
	m          *matrix
	endpoint   string
	extension  string // "" for the resource's own schema
	attr       claim  // the attribute
	sub        *claim // and the part
	mutability string // the stricter one of both
}

type matrix struct {
	client
	t      *testing.T
	member string
	n      int
}

// Every characteristic that /Schemas claims (RFC 7643 sections 2.2, 2.3 and 7) is
// tried with POST, PUT and PATCH, on every attribute and every part of one.
func TestCharacteristics(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := &matrix{client: h.acme, t: t, member: h.acme.create("member@acme.test")}
		var list struct {
			Resources []struct {
				ID         string  `json:"id"`
				Attributes []claim `json:"attributes"`
			}
		}
		if err := json.Unmarshal([]byte(m.do("GET", "/Schemas", "").want(200, "").text), &list); err != nil {
			t.Fatal(err)
		}
		common := []claim{{Name: "externalId", Type: "string", CaseExact: true, Mutability: "readWrite", Returned: "default", Uniqueness: "none"}}
		cells := 0
		for _, s := range list.Resources {
			endpoint, extension := "/Users", ""
			switch {
			case strings.HasSuffix(s.ID, ":Group"):
				endpoint = "/Groups"
			case strings.Contains(s.ID, ":extension:"):
				extension = s.ID
			case !strings.HasSuffix(s.ID, ":User"):
				continue // of what the server says of itself
			}
			attributes := s.Attributes
			if extension == "" {
				attributes = append(attributes, common...)
			}
			for _, a := range attributes {
				m.try(cell{m: m, endpoint: endpoint, extension: extension, attr: a, mutability: a.Mutability})
				cells++
				for _, sub := range a.SubAttributes {
					x := cell{m: m, endpoint: endpoint, extension: extension, attr: a, sub: &sub, mutability: sub.Mutability}
					if a.Mutability == "readOnly" {
						x.mutability = "readOnly"
					}
					m.try(x)
					cells++
				}
			}
		}
		if cells < 80 {
			t.Errorf("%d attributes and parts were tried", cells)
		}
	})
}

// base is a resource that nobody has yet.
func (m *matrix) base(endpoint string) map[string]any {
	m.n++
	if endpoint == "/Groups" {
		return map[string]any{"displayName": fmt.Sprintf("Group %d", m.n)}
	}
	return map[string]any{"userName": fmt.Sprintf("user%d@acme.test", m.n)}
}

func (x cell) last() claim {
	if x.sub != nil {
		return *x.sub
	}
	return x.attr
}

func (x cell) label() string {
	if x.sub != nil {
		return x.attr.Name + "." + x.sub.Name
	}
	return x.attr.Name
}

// path is what names the cell in a PATCH: one element of a list, so that nothing
// beside it is touched.
func (x cell) path() string {
	path := x.attr.Name
	if x.extension != "" {
		path = x.extension + ":" + path
	}
	switch {
	case x.sub == nil:
		return path
	case !x.attr.MultiValued:
		return path + "." + x.sub.Name
	case x.attr.Name == "members":
		return path + `[value eq "` + x.m.member + `"].` + x.sub.Name
	}
	return path + `[type eq "work"].` + x.sub.Name
}

// holding puts a value in the cell's place.
func (x cell) holding(value any) any {
	if x.sub == nil {
		return value
	}
	o := map[string]any{x.sub.Name: value}
	if !x.attr.MultiValued {
		return o
	}
	if x.attr.Name == "members" && x.sub.Name != "value" {
		o["value"] = x.m.member
	}
	return []any{o}
}

// body is a resource with the cell's value in it.
func (x cell) body(base map[string]any, value any) string {
	out := map[string]any{}
	for k, v := range base {
		out[k] = v
	}
	if x.extension != "" {
		out[x.extension] = map[string]any{x.attr.Name: x.holding(value)}
	} else {
		out[x.attr.Name] = x.holding(value)
	}
	raw, err := json.Marshal(out)
	if err != nil {
		x.m.t.Fatal(err)
	}
	return string(raw)
}

// in reads the cell's value out of an answer.
func (x cell) in(a answer) any {
	var v any = a.body
	if x.extension != "" {
		v = a.at(x.extension)
	}
	o, _ := v.(map[string]any)
	v = o[x.attr.Name]
	if x.sub == nil {
		return v
	}
	if l, ok := v.([]any); ok && len(l) > 0 {
		v = l[0]
	}
	o, _ = v.(map[string]any)
	return o[x.sub.Name]
}

// valid is a value of the cell's type.
func (x cell) valid() any {
	d := x.last()
	switch {
	case x.label() == "members" || x.label() == "members.value":
		if x.sub != nil {
			return x.m.member
		}
		return []any{map[string]any{"value": x.m.member}}
	case x.label() == "members.type":
		return "User"
	case x.label() == "members.$ref":
		return baseURL + "/scim/" + x.m.team.Slug + "/v2/Users/" + x.m.member
	case d.Type == "boolean":
		return true
	case d.Type == "binary":
		return "MIIDQzCCAqygAwIBAgICEAAwDQYJKoZIhvcNAQEFBQAw"
	case d.Type == "reference":
		return "https://example.test/" + x.attr.Name
	case d.Type == "complex":
		o := map[string]any{}
		for _, s := range d.SubAttributes {
			if s.Mutability != "readOnly" {
				sub := s
				o[s.Name] = cell{m: x.m, attr: x.attr, sub: &sub}.valid()
			}
		}
		if d.MultiValued {
			return []any{o}
		}
		return o
	case x.label() == "userName", x.label() == "emails.value":
		x.m.n++
		return fmt.Sprintf("Valid%d@acme.test", x.m.n)
	case x.attr.Name == "displayName" && x.endpoint == "/Groups":
		x.m.n++
		return fmt.Sprintf("Valid %d", x.m.n)
	}
	return "Valid Text"
}

// wrong is a value of another type, and one that tolerance does not cover.
func (x cell) wrong() any {
	switch d := x.last(); {
	case d.Type == "boolean":
		return "neither"
	case d.Type == "binary":
		return "no base64 at all: !"
	case d.Type == "complex" && d.MultiValued:
		return []any{"text"}
	default:
		return 7
	}
}

func (x cell) patch(id string, op map[string]any) answer {
	raw, err := json.Marshal(op)
	if err != nil {
		x.m.t.Fatal(err)
	}
	suffix := ""
	if x.endpoint == "/Groups" {
		suffix = "?excludedAttributes=none"
	}
	return x.m.do("PATCH", x.endpoint+"/"+id+suffix, patchOp+"["+string(raw)+"]}")
}

// refused checks that an answer is the refusal that the RFCs want.
func (x cell) refused(what string, a answer, status int, scimType string) {
	x.m.t.Helper()
	if a.status != status || a.at("scimType") != scimType {
		x.m.t.Errorf("%s %s: %s: %d %s", x.endpoint, x.path(), what, a.status, a.text)
	}
}

func (x cell) same(what string, a answer, status int, want any) {
	x.m.t.Helper()
	raw, _ := json.Marshal(want)
	var tree any
	_ = json.Unmarshal(raw, &tree) // it was written just now
	got := x.in(a)
	if x.attr.Name == "members" && x.sub == nil {
		got, tree = a.at("members", 0, "value"), x.m.member
	}
	if a.status != status || !reflect.DeepEqual(got, tree) {
		x.m.t.Errorf("%s %s: %s: %d, %v, must be %v\n%s", x.endpoint, x.path(), what, a.status, got, tree, a.text)
	}
}

func (m *matrix) try(x cell) {
	made := func(base map[string]any) string {
		if x.endpoint == "/Groups" {
			base["members"] = []any{map[string]any{"value": m.member}}
		} else if x.attr.MultiValued && x.attr.Mutability != "readOnly" {
			base[x.attr.Name] = []any{map[string]any{"type": "work", "display": "before"}}
		}
		raw, _ := json.Marshal(base)
		return m.do("POST", x.endpoint, string(raw)).want(201, "").id()
	}
	base := m.base(x.endpoint)
	id := made(base)
	base = map[string]any{"userName": base["userName"], "displayName": base["displayName"]}
	if x.endpoint == "/Users" {
		delete(base, "displayName")
	} else {
		delete(base, "userName")
	}
	switch {
	case x.mutability == "readOnly":
		forged := x.valid()
		for what, a := range map[string]answer{
			"POST": m.do("POST", x.endpoint, x.body(m.base(x.endpoint), forged)),
			"PUT":  m.do("PUT", x.endpoint+"/"+id, x.body(base, forged)),
		} {
			if a.status >= 300 || x.in(a) != nil {
				m.t.Errorf("%s %s: forged by %s: %d %v", x.endpoint, x.path(), what, a.status, x.in(a))
			}
		}
		x.refused("PATCH of what is read-only", x.patch(id, map[string]any{"op": "replace", "path": x.path(), "value": forged}), 400, "mutability")
		return
	case x.mutability == "writeOnly":
		for what, a := range map[string]answer{
			"POST":  m.do("POST", x.endpoint, x.body(m.base(x.endpoint), x.valid())).want(201, ""),
			"PUT":   m.do("PUT", x.endpoint+"/"+id, x.body(base, x.valid())).want(200, ""),
			"PATCH": x.patch(id, map[string]any{"op": "replace", "path": x.path(), "value": x.valid()}).want(200, ""),
			"GET":   m.do("GET", x.endpoint+"/"+id+"?attributes="+x.attr.Name, "").want(200, ""),
		} {
			if x.in(a) != nil {
				m.t.Errorf("%s returns %s", what, x.path())
			}
		}
		x.refused("a filter", m.do("GET", x.endpoint+"?filter="+escape(x.attr.Name+` eq "x"`), ""), 400, "invalidFilter")
	case x.mutability == "immutable":
		x.refused("PATCH of what is immutable", x.patch(id, map[string]any{"op": "replace", "path": x.path(), "value": "00000000-0000-7000-8000-000000000000"}), 400, "mutability")
	default:
		want := x.valid()
		x.same("POST", m.do("POST", x.endpoint, x.body(m.base(x.endpoint), want)), 201, want)
		want = x.valid()
		put := base
		if x.last().Required || x.endpoint == "/Groups" && x.attr.Name == "displayName" {
			put = map[string]any{}
		}
		x.same("PUT", m.do("PUT", x.endpoint+"/"+id, x.body(put, want)), 200, want)
		other := made(m.base(x.endpoint))
		want = x.valid()
		x.same("PATCH", x.patch(other, map[string]any{"op": "replace", "path": x.path(), "value": want}), 200, want)
		x.shown(other)
		x.compared(other, want)
	}
	x.refused("POST of a wrong type", m.do("POST", x.endpoint, x.body(m.base(x.endpoint), x.wrong())), 400, "invalidValue")
	x.refused("PUT of a wrong type", m.do("PUT", x.endpoint+"/"+id, x.body(base, x.wrong())), 400, "invalidValue")
	if x.mutability != "immutable" {
		x.refused("PATCH of a wrong type", x.patch(id, map[string]any{"op": "replace", "path": x.path(), "value": x.wrong()}), 400, "invalidValue")
	}
	if x.last().Required {
		x.refused("POST without", m.do("POST", x.endpoint, `{"nickName":"x"}`), 400, "invalidValue")
		x.refused("PUT without", m.do("PUT", x.endpoint+"/"+id, `{"nickName":"x"}`), 400, "invalidValue")
		x.refused("PATCH that removes", x.patch(id, map[string]any{"op": "remove", "path": x.path()}), 400, "mutability")
	}
	if x.last().Uniqueness == "server" {
		first := m.base(x.endpoint)
		made(first)
		value := strings.ToUpper(first[x.attr.Name].(string))
		x.refused("POST of what is taken", m.do("POST", x.endpoint, x.body(m.base(x.endpoint), value)), 409, "uniqueness")
		x.refused("PUT of what is taken", m.do("PUT", x.endpoint+"/"+id, x.body(base, value)), 409, "uniqueness")
		x.refused("PATCH of what is taken", x.patch(id, map[string]any{"op": "replace", "path": x.path(), "value": value}), 409, "uniqueness")
	}
}

// shown tries the projections (RFC 7644 section 3.9).
func (x cell) shown(id string) {
	name := x.label()
	if x.extension != "" {
		name = x.extension + ":" + name
	}
	for list, there := range map[string]bool{"attributes=" + name: true, "excludedAttributes=" + name: false, "attributes=meta.created": false} {
		a := x.m.do("GET", x.endpoint+"/"+id+"?"+list, "")
		if a.status != 200 || x.in(a) != nil != there || a.at("id") == nil {
			x.m.t.Errorf("%s %s: %s shows %v\n%s", x.endpoint, x.path(), list, x.in(a), a.text)
		}
	}
}

// compared tries the filter eq, and that it looks at capitals where caseExact says so.
func (x cell) compared(id string, value any) {
	text, ok := value.(string)
	if !ok {
		return
	}
	name := x.label()
	if x.extension != "" {
		name = x.extension + ":" + name
	}
	found := func(text string) bool {
		a := x.m.do("GET", x.endpoint+"?attributes=id&count=200&filter="+escape(name+` eq "`+text+`"`), "")
		if a.status != 200 {
			x.m.t.Errorf("%s %s: a filter: %s", x.endpoint, name, a.text)
			return false
		}
		return strings.Contains(a.text, id)
	}
	if !found(text) {
		x.m.t.Errorf("%s %s is not found by eq", x.endpoint, name)
	}
	swapped := strings.ToLower(text)
	if swapped == text {
		swapped = strings.ToUpper(text)
	}
	if found(swapped) == x.last().CaseExact {
		x.m.t.Errorf("%s %s: caseExact is %v, and %q is found by %q: %v", x.endpoint, name, x.last().CaseExact, text, swapped, !x.last().CaseExact)
	}
}
