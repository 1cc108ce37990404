package scim_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// RFC 7643 section by section, tried from outside. In the rows {new} is a name
// that nobody has, {made} the id of a user made for the row, {crew} that of a
// group made for it with ada in it; {ada} and {bob} are there all the time.

// stage is where rows are tried.
type stage struct {
	client
	t        *testing.T
	n        int
	ada, bob string
}

func eachStage(t *testing.T, fn func(s *stage)) {
	t.Helper()
	eachHouse(t, func(t *testing.T, h *house) {
		s := &stage{client: h.acme, t: t}
		s.ada = s.do("POST", "/Users", adaInFull).want(201, "").id()
		s.bob = s.create("bob@acme.test")
		fn(s)
	})
}

// name is one that nobody has yet.
func (s *stage) name() string {
	s.n++
	return fmt.Sprintf("new%d@acme.test", s.n)
}

// fill puts names and ids in their places.
func (s *stage) fill(d demand) demand {
	all := d.path + d.body + d.want
	place := map[string]string{"{slug}": s.team.Slug, "{base}": baseURL + "/scim/" + s.team.Slug + "/v2", "{ada}": s.ada, "{bob}": s.bob, "{new}": s.name()}
	if strings.Contains(all, "{made}") {
		place["{made}"] = s.create(s.name())
	}
	if strings.Contains(all, "{crew}") {
		place["{crew}"] = s.do("POST", "/Groups", `{"displayName":"`+s.name()+`","externalId":"c","members":[{"value":"`+s.ada+`","display":"Ada"}]}`).want(201, "").id()
	}
	for name, value := range place {
		d.path, d.body, d.want = strings.ReplaceAll(d.path, name, value), strings.ReplaceAll(d.body, name, value), strings.ReplaceAll(d.want, name, value)
	}
	if path, filter, ok := strings.Cut(d.path, "?filter="); ok {
		d.path = path + "?filter=" + escape(filter)
	}
	return d
}

func (s *stage) try(rows []demand) {
	s.t.Helper()
	for _, d := range rows {
		d = s.fill(d)
		s.do(d.method, d.path, d.body).meets(s.t, d)
	}
}

// post makes a user of what is given beside a new userName.
func (s *stage) post(attributes map[string]any) answer {
	s.t.Helper()
	return s.do("POST", "/Users", s.user(attributes))
}

func (s *stage) user(attributes map[string]any) string {
	s.t.Helper()
	body := map[string]any{"schemas": []string{userURN}, "userName": s.name()}
	for name, value := range attributes {
		body[name] = value
	}
	raw, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(raw)
}

// tree is v as it comes out of JSON.
func tree(v any) any {
	raw, _ := json.Marshal(v)
	var out any
	_ = json.Unmarshal(raw, &out) // it was written just now
	return out
}

// equal fails the test unless the answer has this value at the path.
func (a answer) equal(what string, want any, path ...any) {
	a.t.Helper()
	if got := a.at(path...); !reflect.DeepEqual(got, tree(want)) {
		a.t.Errorf("%s: %d, %v is %#v, must be %#v\n%s", what, a.status, path, got, tree(want), a.text)
	}
}
